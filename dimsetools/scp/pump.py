"""Work in a thread of its own, whose results are taken as they come: so the taker can also hear the peer.

A query may look through a million rows before it finds one, and a destination may take a minute for an
object; a C-CANCEL is heard within a second all the same.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from time import monotonic
from types import TracebackType
from typing import Generic, Self, TypeVar

from dimsetools.errors import DimseError

T = TypeVar("T")

_AHEAD = 256
"""Results that wait to be taken, before the work is held up."""
_MOST = 800
"""Threads at work, those included that nobody waits for any more: cancelled, and not at a result yet."""

_working: set[threading.Thread] = set()


def settled(wait: float) -> bool:
    """Wait `wait` seconds for the work that nobody takes any more; whether none is left."""
    deadline = monotonic() + wait
    for thread in tuple(_working):
        thread.join(max(deadline - monotonic(), 0.0))
    return not _working


class Busy(DimseError):
    """Too much is under way."""

    name = "busy"
    retryable = True


class Pump(Generic[T]):
    """Takes from `items` in a thread until they end, or until the pump is closed.

    `items` is made use of in that thread alone. What it raises is raised by `take`. Raises Busy when too many
    are at work.
    """

    def __init__(self, items: Iterator[T], name: str) -> None:
        self.ended = False
        """Whether everything has been taken."""
        self._items = items
        self._ready: deque[T] = deque()
        self._changed = threading.Condition()
        self._done = False
        self._held = False
        self._closed = False
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        if len(_working) >= _MOST:
            raise Busy("too many operations are under way")
        _working.add(self._thread)
        try:
            self._thread.start()
        except RuntimeError as error:
            _working.discard(self._thread)
            raise Busy("there is no thread to be had") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def take(self, wait: float) -> list[T]:
        """Return what is there, at least one result unless there is none within `wait` seconds."""
        with self._changed:
            if not self._ready and not self._done:
                self._changed.wait(wait)
            taken = list(self._ready)
            self._ready.clear()
            if self._held:
                self._changed.notify_all()
            if not taken and self._done:
                self.ended = True
                if self._error is not None:
                    raise self._error
            return taken

    def close(self) -> None:
        """Let go: the thread ends with the result that it works on, and is not waited for."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _work(self) -> None:
        most = 1  # the first result is taken at once, not when this thread is made to pause
        try:
            for item in self._items:
                with self._changed:
                    self._ready.append(item)
                    if len(self._ready) == 1:
                        self._changed.notify_all()
                    while len(self._ready) >= most and not self._closed:
                        self._held = True
                        self._changed.wait()
                    self._held = False
                    if self._closed:
                        break
                most = _AHEAD
        except BaseException as error:  # noqa: BLE001  # raised where the results are taken
            self._error = error
        finally:
            close = getattr(self._items, "close", None)
            if close is not None:
                with suppress(Exception):
                    close()
            _working.discard(self._thread)
            with self._changed:
                self._done = True
                self._changed.notify_all()
