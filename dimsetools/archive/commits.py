"""Changes of several threads in one transaction: they share its fsync.

Whoever comes while nobody commits is the leader, and commits what has gathered; the others wait for a
transaction that began after they came. After an error of the medium nothing is written any more: what a
disk has forgotten, a second try would only seem to have kept.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Sequence

from dimsetools.archive.objects import IndexFailed
from dimsetools.archive.rows import Rows

Change = Callable[[Rows], None]

_MEDIA = ("SQLITE_IOERR", "SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_READONLY", "SQLITE_CANTOPEN")
_SPACE = ("SQLITE_FULL", "SQLITE_NOMEM", "SQLITE_BUSY", "SQLITE_LOCKED")


class _Waiting:
    """A change and what has come of it."""

    __slots__ = ("change", "done", "error")

    def __init__(self, change: Change) -> None:
        self.change = change
        self.done = False
        self.error: IndexFailed | None = None


class Commits:
    """Makes changes by `apply`, which makes all of a list or none."""

    def __init__(self, apply: Callable[[Sequence[Change]], None]) -> None:
        self.broken = False
        self._apply = apply
        self._turn = threading.Condition()
        self._gathered: list[_Waiting] = []
        self._leading = False

    def make(self, change: Change) -> None:
        """Make a change; return when it is committed, raise IndexFailed when it cannot be."""
        waiting = _Waiting(change)
        with self._turn:
            self._gathered.append(waiting)
            while not waiting.done:
                if self._leading:
                    self._turn.wait()
                else:
                    self._lead()
        if waiting.error is not None:
            raise waiting.error

    def _lead(self) -> None:
        batch, self._gathered = self._gathered, []
        self._leading = True
        self._turn.release()
        try:
            self._commit(batch)
        finally:
            self._turn.acquire()
            self._leading = False
            for waiting in batch:
                waiting.done = True
            self._turn.notify_all()

    def _commit(self, batch: list[_Waiting]) -> None:
        """Commit a batch; where one change is to blame, the others are made without it."""
        try:
            if self.broken:
                raise IndexFailed("the index failed, nothing is written until a restart", media=True)
            self._apply([waiting.change for waiting in batch])
        except IndexFailed as error:
            _blame(batch, error)
        except Exception as error:  # noqa: BLE001 - whatever it was, nobody must be told of a success
            failed = failure(error)
            self.broken = failed.media
            if len(batch) == 1 or failed.media or _names(error).startswith(_SPACE):
                _blame(batch, failed)
                return
            for waiting in batch:
                self._commit([waiting])


def failure(error: Exception) -> IndexFailed:
    """Return what an error of the database means."""
    return IndexFailed(f"the index failed: {error}", media=of_medium(error))


def of_medium(error: Exception) -> bool:
    """Tell whether an error of a database means that nothing more can be kept on its medium."""
    return _names(error).startswith(_MEDIA)


def _names(error: Exception) -> str:
    return getattr(error, "sqlite_errorname", "") if isinstance(error, sqlite3.Error) else ""


def _blame(batch: list[_Waiting], error: IndexFailed) -> None:
    for waiting in batch:
        waiting.error = error
