"""The index of an archive: what is in its objects, so that queries need not look into files (PS3.4 C.4).

A SQLite database in a hidden file of the archive's folder. Objects are added by any number of threads
(`commits`); a query has a connection and a snapshot of its own, and its answers come as SQLite finds them.
What rows an object makes, `rows` says; what a query means, `query` and `matching`; when an index is not to
be used, `guard`.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Generator
from contextlib import closing, suppress
from types import TracebackType
from typing import Any, NamedTuple, Self

from dimsetools.archive import guard, query, reindex, sql
from dimsetools.archive.commits import Commits, failure
from dimsetools.archive.extract import SEQUENCES, WANTED, Indexed, entities
from dimsetools.archive.guard import NAME, Guard, IndexUnusable
from dimsetools.archive.objects import Durability, IndexFailed
from dimsetools.archive.query import WrongKeys
from dimsetools.archive.readers import Readers
from dimsetools.archive.reindex import Reconciled
from dimsetools.archive.rows import Rows, as_text
from dimsetools.archive.tree import open_root
from dimsetools.dataset.attributes import Attributes
from dimsetools.dataset.elements import Glimpse

__all__ = ["Index", "IndexFailed", "IndexUnusable", "Instance", "Reconciled", "WrongKeys"]


class Instance(NamedTuple):
    """A file that holds an instance: `path` below the root, `size` of the file in bytes."""

    path: str
    sop_class: str
    sop_instance: str
    transfer_syntax: str
    size: int


class Index:
    """The index of the archive in the folder `root`, made if that has no objects yet. For many threads.

    With `durability` full each commit is synced. With file it is not, and no need: a power loss may take the
    last rows, and because nobody closed the index then, the next start adds them again for the files that
    are there. With none it may take everything.

    `report` tells what had to be repaired because the last process did not close it, or objects were stored
    without it; None if all was in order. IndexUnusable when the index is lost, damaged, older than the files,
    or in use by another process; other OutputErrors as `Tree`.
    """

    wanted, whole = WANTED, SEQUENCES
    """Tags of what `describe` looks for, and of those whose header belongs to it, as for `scan`."""

    def __init__(self, root: str, *, durability: Durability = Durability.FULL) -> None:
        self.report: Reconciled | None = None
        self._path = os.path.join(root, NAME)
        self._readers = Readers(self._path)
        self._root = open_root(root)
        try:
            self._guard = Guard(self._root, root, durable=durability is not Durability.NONE)
            try:
                self._open(root, durability)
            except BaseException:
                self._guard.close()
                raise
        except BaseException:
            os.close(self._root)
            raise

    def _open(self, root: str, durability: Durability) -> None:
        is_new = guard.make_file(self._root, root, reindex.has_objects)
        with guard.damage(root):
            self._connection = guard.connect(self._path, synced=durability is not Durability.NONE)
        try:
            with guard.damage(root):
                clean = guard.check(self._connection, self._guard, root, is_new=is_new)
                self._token = guard.take(self._connection, self._guard)
                self._connection.execute(sql.SYNCHRONOUS[durability])
                rows = Rows(self._connection, self._root)
                self._commits = Commits(rows.apply)
                # The mark goes first: if this fails, the index counts as not closed.
                if guard.clear_mark(self._root) or not clean:
                    self.report = reindex.reconcile(self._connection, rows, self._root)
                if durability is Durability.FULL:  # only there does anybody wait for the log
                    guard.extend_log(self._connection, self._root)
        except BaseException:
            self._connection.close()
            raise

    def close(self) -> None:
        """Let go of it; no query may be under way."""
        with suppress(sqlite3.Error):
            if not self._commits.broken:
                self._connection.execute(sql.SET_STATE, (self._token, 1))
        self._readers.close()
        with suppress(sqlite3.Error):
            self._connection.close()
        self._guard.close()
        os.close(self._root)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # -- objects --------------------------------------------------------------------------------------

    def describe(self, found: Glimpse, identity: tuple[str, str, str]) -> Indexed:
        """Return what to add for a data set in which `wanted` and `whole` were found, before it has a name.

        `identity` are its SOP class, SOP instance and transfer syntax.
        """
        sop_class, sop_instance, syntax = identity
        return Indexed("", 0, 0, sop_class, sop_instance, syntax, entities(found, (sop_class, sop_instance)))

    def add(self, described: Indexed, path: str, inode: int) -> None:
        """Add an object whose file, of number `inode`, has just got the name `path`; return when committed.

        Size and time of the file are looked up. IndexFailed if it cannot be added.
        """
        found = described._replace(path=path)
        self._commits.make(lambda rows: rows.stored(found, inode))

    def keep(self, path: str, sop_instance: str) -> None:
        """See to it that an object which was in the archive before is in the index, too. IndexFailed."""
        self._commits.make(lambda rows: rows.kept(path, sop_instance))

    # -- queries --------------------------------------------------------------------------------------

    def find(
        self,
        model: str,
        level: str,
        keys: Attributes,
        *,
        relational: bool = False,
        fuzzy: bool = False,
        datetime: bool = False,
        given_up: Callable[[], bool] | None = None,
    ) -> Generator[Attributes, None, None]:
        """Yield what matches the keys at a level of the model `patient`, `study` or `patient-study`.

        An answer has the attributes that the keys name, empty if unknown, and the level; those that are
        `unsupported` are neither matched nor answered. Attributes of the levels above may be asked for,
        too; without `relational` their unique keys have to be given. Raises WrongKeys at once, IndexFailed
        on the way. Close the iterator to end early; where that has to wait for a next match, `given_up` is
        asked meanwhile, and ends it with IndexFailed.
        """
        query.check_hierarchy(model, level, keys, relational=relational)
        wanted = query.Query(level, keys, fuzzy=fuzzy, datetime=datetime)
        return self._answers(wanted, given_up)

    def unsupported(self, level: str, keys: Attributes) -> tuple[int, ...]:
        """Return the keys that are neither matched nor answered at a level."""
        return query.unsupported(level, keys)

    def instances(self, level: str, keys: Attributes) -> Generator[Instance, None, None]:
        """Yield the files of all instances that the unique keys name, down to that of `level`.

        Series after series, in the order of arrival. Raises WrongKeys if the key of the level is missing.
        """
        return self._instances(query.instances(level, keys))

    def _answers(
        self, wanted: query.Query, given_up: Callable[[], bool] | None
    ) -> Generator[Attributes, None, None]:
        with closing(self._rows(wanted.statement, given_up)) as rows:
            yield from wanted.answers(rows)

    def _instances(self, statement: sql.Statement) -> Generator[Instance, None, None]:
        with closing(self._rows(statement)) as rows:
            for path, *others in rows:
                yield Instance(as_text(path), *others)

    def _rows(
        self, statement: sql.Statement, given_up: Callable[[], bool] | None = None
    ) -> Generator[tuple[Any, ...], None, None]:
        """Yield the rows of a query out of its cursor, all of one snapshot."""
        text, values = statement
        try:
            yield from self._readers.rows(text, values, given_up)
        except sqlite3.Error as error:
            raise failure(error) from error
