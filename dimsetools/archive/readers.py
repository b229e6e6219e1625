"""Connections that read a database while others write to it: one for each query, kept for the next."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Generator, Sequence
from contextlib import suppress
from typing import Any

from dimsetools.archive import guard

_STEPS = 100_000  # of SQLite's machine, a few milliseconds, between looks whether a query was given up
_IDLE = 16  # connections kept for the next queries


class Readers:
    """The connections to the database at `path`, for any number of threads."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._idle: list[sqlite3.Connection] = []

    def close(self) -> None:
        """Close the connections; no query may be under way."""
        for connection in self._idle:
            with suppress(sqlite3.Error):
                connection.close()

    def rows(
        self, text: str, values: Sequence[object], given_up: Callable[[], bool] | None = None
    ) -> Generator[tuple[Any, ...], None, None]:
        """Yield the rows of a query out of its cursor, all of one snapshot; raises sqlite3.Error.

        Where a next row takes long, `given_up` is asked meanwhile, and ends it with an error.
        """
        reader = self._reader()
        try:
            reader.set_progress_handler(given_up, _STEPS)
            cursor = reader.execute(text, values)
            try:
                yield from cursor
            finally:
                cursor.close()
        finally:
            if len(self._idle) < _IDLE:
                self._idle.append(reader)
            else:
                reader.close()

    def _reader(self) -> sqlite3.Connection:
        """Return a connection that nobody else uses."""
        try:
            return self._idle.pop()
        except IndexError:  # another thread may have taken the last one just now
            return guard.connect_to_read(self._path)
