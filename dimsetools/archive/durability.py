"""Making names survive a power loss: folder fsyncs, shared by everyone who waits for the same folder.

An fsync of a folder covers every rename that came before it. So however many associations store into one
folder, one of them syncs (the leader), and the others wait for the first sync that starts after their own
rename. An fsync that failed is never tried again: the kernel forgets what it could not write, and a second
call would report a success that means nothing.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable

_REMEMBERED = 4096  # folders known to be durable; forgetting one costs an fsync too many, nothing else


class GroupSync:
    """One folder's fsyncs: each call returns once a sync that started after the call has ended."""

    def __init__(self, sync: Callable[[int], None] = os.fsync) -> None:
        self._sync = sync
        self._turn = threading.Condition()
        self._started = 0
        self._ended = 0
        self._error: OSError | None = None

    def __call__(self, descriptor: int) -> None:
        """Make what happened in the folder so far durable; a sync that failed raises its OSError for ever."""
        with self._turn:
            needed = self._started + 1
            while self._ended < needed and self._error is None:
                if self._started == self._ended:
                    self._lead(descriptor)
                else:
                    self._turn.wait()
            if self._error is not None:
                raise self._error

    def _lead(self, descriptor: int) -> None:
        self._started += 1
        self._turn.release()
        error = None
        try:
            self._sync(descriptor)
        except OSError as failure:
            error = failure
        finally:
            self._turn.acquire()
            self._ended = self._started
            self._error = self._error or error
            self._turn.notify_all()


class FolderSyncs:
    """The folders of one tree by their components below its root; () is the root itself."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._active: dict[tuple[str, ...], tuple[GroupSync, int]] = {}
        self._durable: dict[tuple[str, ...], None] = {}
        self._root = GroupSync()

    def sync(self, folder: tuple[str, ...], descriptor: int) -> None:
        """Make the entries of an open folder durable."""
        if not folder:
            self._root(descriptor)
            return
        with self._lock:
            group, users = self._active.get(folder, (None, 0))
            group = group or GroupSync()
            self._active[folder] = (group, users + 1)
        try:
            group(descriptor)
        finally:
            with self._lock:
                _, users = self._active[folder]
                if users > 1:
                    self._active[folder] = (group, users - 1)
                else:
                    del self._active[folder]

    def is_durable(self, folder: tuple[str, ...]) -> bool:
        """Whether the folder's own entry in its parent is known to be durable."""
        return folder in self._durable

    def remember(self, folder: tuple[str, ...]) -> None:
        """Note that the folder's entry in its parent has been synced."""
        with self._lock:
            if len(self._durable) >= _REMEMBERED:
                del self._durable[next(iter(self._durable))]
            self._durable[folder] = None

    def forget(self, folder: tuple[str, ...]) -> None:
        """Note that the folder has just been made anew."""
        with self._lock:
            self._durable.pop(folder, None)
