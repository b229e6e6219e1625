"""What a node must not forget beside its objects: procedure steps, transactions, subscriptions, reports.

A SQLite database of its own, in a hidden file of the node's folder: it cannot be made anew from the objects
as the index can, so nothing ever rebuilds it, and whatever was changed is on the disk before anybody hears
of it. What the entries mean is the business of the services that make them.
"""

from __future__ import annotations

import json
import os
import sqlite3
import stat
import tempfile
import threading
import time
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from types import TracebackType
from typing import Any, NamedTuple, Self

from dimsetools.archive import guard, ledger_sql, lock, sql
from dimsetools.archive.commits import of_medium
from dimsetools.archive.objects import Durability
from dimsetools.archive.readers import Readers
from dimsetools.archive.tree import open_root
from dimsetools.dataset.attributes import Attributes
from dimsetools.dataset.decode import decode
from dimsetools.dataset.encode import encode, with_charset
from dimsetools.errors import InputError, OutputError
from dimsetools.uids import EXPLICIT_LE

NAME, LOCK = ".dimse-ledger.sqlite3", ".dimse-ledger.lock"

_NOTHING: Mapping[str, object] = {}


class LedgerUnusable(OutputError):
    """There is a ledger that cannot be used."""

    name = "ledger-unusable"


class LedgerFailed(OutputError):
    """A ledger could not be written or read; `media`: nothing can be written any more until a restart."""

    name = "ledger-failed"

    def __init__(self, message: str, *, media: bool = False) -> None:
        super().__init__(message)
        self.media = media


class Entry(NamedTuple):
    """One thing that is remembered, unique by `kind` and `uid`.

    `attributes` is its data set, `more` has facts of our own that JSON can hold. `created` and `changed` are
    seconds since the epoch; the ledger sets them when an entry is put.
    """

    kind: str
    uid: str
    state: str
    attributes: Attributes
    more: Mapping[str, Any] = _NOTHING
    created: float = 0.0
    changed: float = 0.0


class Due(NamedTuple):
    """An N-EVENT-REPORT to deliver to `aet`, after `attempts` that failed.

    `due` is when to try again, `posted` since when it waits, both in seconds since the epoch.
    """

    number: int
    aet: str
    sop_class: str
    sop_instance: str
    event: int
    attributes: Attributes | None
    attempts: int = 0
    due: float = 0.0
    posted: float = 0.0


class Pages:
    """The ledger within a change: what is read here stays as it is until the end of the change."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._execute = connection.execute

    def get(self, kind: str, uid: str) -> Entry | None:
        """Return an entry, None if there is none."""
        row = self._execute(ledger_sql.GET, (kind, uid)).fetchone()
        return None if row is None else _entry(row)

    def entries(self, kind: str, state: str | None = None) -> Iterator[Entry]:
        """Return the entries of a kind, of one state if that is given, the oldest first."""
        statement, values = _selection(kind, state)
        return map(_entry, self._execute(statement, values).fetchall())

    def put(self, entry: Entry) -> None:
        """Add an entry, or change the one that there is. LedgerFailed if its values cannot be kept."""
        kind, uid, state, attributes, more, _, _ = entry
        now = time.time()
        values = (kind, uid, state, _encoded(attributes), json.dumps(dict(more)), now, now)
        self._execute(ledger_sql.PUT, values)

    def remove(self, kind: str, uid: str) -> None:
        """Remove an entry, if there is one."""
        self._execute(ledger_sql.REMOVE, (kind, uid))

    def remove_old(self, kind: str, before: float) -> None:
        """Remove the entries of a kind that were created before a moment, in seconds since the epoch."""
        self._execute(ledger_sql.REMOVE_OLD, (kind, before))

    def post(
        self,
        aet: str,
        sop_class: str,
        sop_instance: str,
        event: int,
        attributes: Attributes | None,
        *,
        due: float = 0.0,
    ) -> None:
        """Add an N-EVENT-REPORT to deliver, not before `due`, in the order in which they are posted."""
        data = None if attributes is None else _encoded(attributes)
        self._execute(ledger_sql.POST, (aet, sop_class, sop_instance, event, data, due, time.time()))


class Ledger:
    """The ledger in the folder `root`, made if there is none; without a folder, one that is not kept.

    For any number of threads. LedgerUnusable when it is damaged, of another version, or in use by another
    process; other OutputErrors as `Tree`. Whatever is read or written raises LedgerFailed when that fails.
    """

    def __init__(self, root: str | None, *, durability: Durability = Durability.FULL) -> None:
        self._turn = threading.RLock()
        self._changing = self._broken = False
        self._passing = tempfile.TemporaryDirectory(prefix="dimse-ledger-") if root is None else None
        if self._passing is not None:
            root, durability = self._passing.name, Durability.NONE
        assert root is not None
        self._root = open_root(root)
        try:
            self._lock = _hold(self._root, root)
            try:
                self._open(root, durability)
            except BaseException:
                os.close(self._lock)
                raise
        except BaseException:
            os.close(self._root)
            raise

    def _open(self, root: str, durability: Durability) -> None:
        path = os.path.join(root, NAME)
        is_new = _make_file(self._root, root)
        with _damage(root):
            self._connection = guard.connect(path, synced=durability is not Durability.NONE)
        try:
            with _damage(root):
                self._connection.execute(sql.SYNCHRONOUS[durability])
                _check(self._connection, root)
        except BaseException:
            self._connection.close()
            raise
        if is_new and durability is Durability.FULL:
            os.fsync(self._root)
        self._readers = Readers(path)

    def close(self) -> None:
        """Let go of it; a change that is under way is finished before."""
        with self._turn:
            self._broken = True
            self._readers.close()
            with suppress(sqlite3.Error):
                self._connection.close()
        os.close(self._lock)
        os.close(self._root)
        if self._passing is not None:
            self._passing.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # -- writing --------------------------------------------------------------------------------------

    @contextmanager
    def change(self) -> Iterator[Pages]:
        """Read and write in one step: nobody else writes meanwhile, and it is all made or none of it.

        What was put is on the disk at the end of the block; an exception takes all of it back.
        """
        with self._turn:
            if self._broken:
                raise LedgerFailed("the ledger failed, nothing is written until a restart", media=True)
            assert not self._changing, "a change within a change"
            self._changing = True
            try:
                with self._failing():
                    self._connection.execute(sql.BEGIN)
                    yield Pages(self._connection)
                    self._connection.execute(sql.COMMIT)
            finally:
                self._changing = False

    @contextmanager
    def _failing(self) -> Iterator[None]:
        """Take back what was begun when it fails."""
        try:
            yield
        except BaseException as error:
            with suppress(sqlite3.Error):  # after some errors there is no transaction any more
                self._connection.execute(sql.ROLLBACK)
            if isinstance(error, sqlite3.Error):
                self._broken = of_medium(error)
                raise _failure(error) from error
            raise

    def delivered(self, number: int) -> None:
        """Forget a report: it has reached its recipient, or never will."""
        with self.change():
            self._connection.execute(ledger_sql.FORGET, (number,))

    def postpone(self, number: int, until: float, attempts: int) -> None:
        """Note that a report, after so many attempts, is to be tried again at a moment since the epoch."""
        with self.change():
            self._connection.execute(ledger_sql.POSTPONE, (until, attempts, number))

    # -- reading --------------------------------------------------------------------------------------

    def get(self, kind: str, uid: str) -> Entry | None:
        """Return an entry as it is at the moment, None if there is none."""
        with closing(self._rows(ledger_sql.GET, (kind, uid))) as rows:
            return next(map(_entry, rows), None)

    def entries(self, kind: str, *, state: str | None = None) -> Generator[Entry, None, None]:
        """Yield the entries of a kind as they are now, of one state if that is given, the oldest first."""
        with closing(self._rows(*_selection(kind, state))) as rows:
            yield from map(_entry, rows)

    def due(self) -> list[Due]:
        """Return all reports that wait to be delivered, also those to be tried later, the oldest first."""
        with closing(self._rows(ledger_sql.DUE)) as rows:
            return [*map(_due, rows)]

    def first_due(self) -> list[Due]:
        """Return of these the first one for each recipient and SOP class: the others go after it."""
        with closing(self._rows(ledger_sql.FIRST)) as rows:
            return [*map(_due, rows)]

    def _rows(self, text: str, values: tuple[object, ...] = ()) -> Generator[tuple[Any, ...], None, None]:
        try:
            yield from self._readers.rows(text, values)
        except sqlite3.Error as error:
            raise _failure(error) from error


def _hold(root: int, shown: str) -> int:
    try:
        return lock.hold(root, LOCK)
    except BlockingIOError:
        raise LedgerUnusable(
            f"the ledger of {shown!r} is in use by another process", hint="end that one first"
        ) from None
    except OSError as error:
        raise LedgerUnusable(f"cannot keep a ledger in {shown!r}: {error.strerror}") from error


def _make_file(root: int, shown: str) -> bool:
    """Make the file of a ledger that is not there yet, empty and ours alone; True if it was made."""
    try:
        status = os.stat(NAME, dir_fd=root, follow_symlinks=False)
    except FileNotFoundError:
        try:
            guard.create(root, NAME)
        except OSError as error:
            raise LedgerUnusable(f"cannot keep a ledger in {shown!r}: {error.strerror}") from error
        return True
    if not stat.S_ISREG(status.st_mode):
        raise _unusable(shown, "is no regular file")
    return False


def _check(connection: sqlite3.Connection, shown: str) -> None:
    """Raise LedgerUnusable or sqlite3.Error unless a ledger can be used; make the tables of an empty one."""
    (version,) = connection.execute(sql.GET_VERSION).fetchone()
    (tables,) = connection.execute(sql.COUNT_TABLES).fetchone()
    if not version and not tables:  # new, or a crash came before it had its tables
        connection.execute(sql.BEGIN)
        for statement in ledger_sql.SCHEMA:
            connection.execute(statement)
        connection.execute(sql.COMMIT)
        return
    if version != ledger_sql.VERSION:
        raise _unusable(shown, "is of another version of this program")
    (found,) = connection.execute(sql.CHECK).fetchone()
    if found != "ok":
        raise _unusable(shown, f"is damaged: {found}")


def _unusable(shown: str, what: str) -> LedgerUnusable:
    return LedgerUnusable(
        f"the ledger of {shown!r} {what}",
        hint=f"put {NAME}* back from a backup, or move it away to begin a new one; without it the node knows "
        "no procedure steps, workitems, subscriptions, or commitments under way",
    )


@contextmanager
def _damage(shown: str) -> Iterator[None]:
    """Take an error of the database for a damaged ledger."""
    try:
        yield
    except sqlite3.Error as error:
        raise _unusable(shown, f"cannot be used: {error}") from error


def _failure(error: sqlite3.Error) -> LedgerFailed:
    return LedgerFailed(f"the ledger failed: {error}", media=of_medium(error))


def _selection(kind: str, state: str | None) -> tuple[str, tuple[str, ...]]:
    if state is None:
        return ledger_sql.ENTRIES, (kind,)
    return ledger_sql.ENTRIES_IN, (kind, state)


def _encoded(attributes: Attributes) -> bytes:
    try:
        return encode(with_charset(attributes), EXPLICIT_LE)
    except InputError as error:  # text too long for its VR, as implicit VR can carry it
        raise LedgerFailed(f"the data set cannot be kept: {error.message}") from error


def _entry(row: tuple[Any, ...]) -> Entry:
    kind, uid, state, attributes, more, created, changed = row
    return Entry(kind, uid, state, decode(attributes, EXPLICIT_LE), json.loads(more), created, changed)


def _due(row: tuple[Any, ...]) -> Due:
    number, aet, sop_class, sop_instance, event, attributes, *times = row
    data = None if attributes is None else decode(attributes, EXPLICIT_LE)
    return Due(number, aet, sop_class, sop_instance, event, data, *times)
