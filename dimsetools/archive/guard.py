"""Whether an index may be trusted: whose it is, and whether it belongs to the files beside it.

A second small file lies beside the index. It is locked by the process whose index it is, and both hold a
random token that is renewed whenever the index is opened. An index that was copied back from a backup has
an old one. What else makes an index unusable: it is missing while there are objects, it is damaged, or
another version of the program made it. Only a rebuild helps then.
"""

from __future__ import annotations

import os
import secrets
import shlex
import sqlite3
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from urllib.parse import quote

from dimsetools.archive import lock, sql
from dimsetools.archive.objects import INDEX_PASSED_BY, INDEX_TOKEN
from dimsetools.errors import OutputError

NAME = ".dimse-index.sqlite3"
NEW_NAME = ".dimse-index.new"
COMPANIONS = ("", "-wal", "-shm", "-journal")
"""Suffixes of the files that SQLite keeps an index in."""

_TOKEN = 32
_FRAME = 24  # bytes of the log beside each page (SQLite's file format, section 4)
_PLENTY = 64  # times the log: free space in which it does not matter
_LOG_SPARE = 64  # pages of the transaction with which the log becomes long enough


class IndexUnusable(OutputError):
    """There is no index that could be used."""

    name = "index-unusable"


class Guard:
    """The lock on an index, and the tokens of its second file. IndexUnusable if another process has it."""

    def __init__(self, root: int, shown: str, *, durable: bool) -> None:
        self._durable = durable
        self._shown = shown
        try:
            self._descriptor = lock.hold(root, INDEX_TOKEN)
        except BlockingIOError:
            raise IndexUnusable(
                f"the index of {shown!r} is in use by another process", hint="end that one first"
            ) from None
        except OSError as error:
            raise IndexUnusable(f"cannot keep an index in {shown!r}: {error.strerror}") from error

    def close(self) -> None:
        """Let go of the index."""
        os.close(self._descriptor)

    def tokens(self) -> list[str]:
        """Return the tokens that the index may have."""
        return os.pread(self._descriptor, 1024, 0).decode("ascii", "replace").split()

    def note(self, *tokens: str) -> None:
        """Write down which tokens the index may have: one write, so that there are always some."""
        os.pwrite(self._descriptor, "\n".join([*tokens, ""]).ljust(2 * _TOKEN + 2).encode(), 0)
        if self._durable:
            os.fsync(self._descriptor)


def rebuild_hint(shown: str) -> str:
    """Return how to get a new index of a folder."""
    return f"rebuild it from the files: dimse scp {shlex.quote(shown)} --reindex"


def new_token() -> str:
    """Return a token that was never there before."""
    return secrets.token_hex(_TOKEN // 2)


def connect(path: str, *, synced: bool) -> sqlite3.Connection:
    """Open an index to write to it."""
    return _prepared(path, sql.WRITE_AHEAD, sql.SYNCED if synced else sql.NOT_SYNCED, *sql.TUNING)


def connect_to_read(path: str) -> sqlite3.Connection:
    """Open an index for queries."""
    return _prepared(path, sql.READ_ONLY)


def connect_to_build(path: str) -> sqlite3.Connection:
    """Open an index that nobody needs before it is complete."""
    return _prepared(path, *sql.BULK)


def connect_to_check(path: str) -> sqlite3.Connection:
    """Open an index that may be in use, to read it; temporary tables can be made."""
    try:
        return _readable(path)
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorname", "") != "SQLITE_CANTOPEN" or os.path.exists(f"{path}-wal"):
            raise
    # Where nothing can be written, as in a snapshot, nobody else can write either.
    return _readable(path, "&immutable=1")


def _readable(path: str, more: str = "") -> sqlite3.Connection:
    connection = sqlite3.connect(f"file:{quote(path)}?mode=ro{more}", uri=True, isolation_level=None)
    try:
        connection.execute(sql.GET_VERSION).close()
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _prepared(path: str, *statements: str) -> sqlite3.Connection:
    """Open a database with these settings; one that is damaged may refuse even them."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=30.0)
    try:
        for statement in statements:
            connection.execute(statement).close()
    except sqlite3.Error:
        connection.close()
        raise
    return connection


@contextmanager
def damage(shown: str) -> Iterator[None]:
    """Take an error of the database for a damaged index."""
    try:
        yield
    except sqlite3.Error as error:
        raise IndexUnusable(
            f"the index of {shown!r} cannot be used: {error}", hint=rebuild_hint(shown)
        ) from error


def make_file(root: int, shown: str, has_objects: Callable[[int], bool]) -> bool:
    """Make the file of an index that is not there yet, empty and ours alone; True if it was made.

    Raises IndexUnusable if there are objects already, that is, their index was lost.
    """
    try:
        status = os.stat(NAME, dir_fd=root, follow_symlinks=False)
    except FileNotFoundError:
        if has_objects(root):
            raise IndexUnusable(
                f"there are objects in {shown!r} but no index of them", hint=rebuild_hint(shown)
            ) from None
        create(root, NAME)
        return True
    if not stat.S_ISREG(status.st_mode):
        raise IndexUnusable(f"the index of {shown!r} is no regular file", hint=rebuild_hint(shown))
    return status.st_size == 0 and not has_objects(root)


def create(root: int, name: str) -> None:
    """Make an empty file for an index, without what may be left of another."""
    remove(root, name)
    os.close(os.open(name, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600, dir_fd=root))


def make_tables(connection: sqlite3.Connection) -> None:
    """Make the tables of an empty index."""
    connection.execute(sql.BEGIN)
    for statement in (*sql.SCHEMA, *sql.INDEXES, sql.SET_VERSION):
        connection.execute(statement)
    connection.execute(sql.COMMIT)


def check(connection: sqlite3.Connection, guard: Guard, shown: str, *, is_new: bool) -> bool:
    """Raise IndexUnusable or sqlite3.Error unless an index can be trusted; make the tables of a new one.

    Returns whether it was closed in an orderly way.
    """
    if is_new:
        make_tables(connection)
        return True
    (version,) = connection.execute(sql.GET_VERSION).fetchone()
    if not version:
        raise IndexUnusable(f"the index of {shown!r} is empty", hint=rebuild_hint(shown))
    if version != sql.VERSION:
        raise IndexUnusable(f"the index of {shown!r} is of another version", hint=rebuild_hint(shown))
    token, clean = connection.execute(sql.GET_STATE).fetchone()
    if token not in guard.tokens():
        raise IndexUnusable(f"the index of {shown!r} is older than its files", hint=rebuild_hint(shown))
    (found,) = connection.execute(sql.CHECK).fetchone()  # takes a second for a million instances
    if found != "ok":
        raise IndexUnusable(f"the index of {shown!r} is damaged: {found}", hint=rebuild_hint(shown))
    return bool(clean)


def take(connection: sqlite3.Connection, guard: Guard) -> str:
    """Give an index a new token and mark it as open; a crash on the way leaves it trusted."""
    token = new_token()
    (before, _) = connection.execute(sql.GET_STATE).fetchone()
    guard.note(before, token) if before else guard.note(token)
    connection.execute(sql.SET_STATE, (token, 0))
    guard.note(token)
    return token


def extend_log(connection: sqlite3.Connection, root: int) -> None:
    """Give the log of an open index the blocks that it is going to need, before anybody waits for it.

    A sync of a log that grows has to wait for the file system's own journal, too: it costs up to four times
    as much as one of a log that is overwritten. SQLite takes zeros behind the last frame for the end of the
    log, as it takes frames of an earlier round. Where room is scarce, objects have it, and the log grows.
    """
    (page,) = connection.execute(sql.GET_PAGE_SIZE).fetchone()
    size = (sql.LOG_PAGES + _LOG_SPARE) * (page + _FRAME)
    with suppress(OSError):
        descriptor = os.open(f"{NAME}-wal", os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=root)
        try:
            end, space = os.fstat(descriptor).st_size, os.fstatvfs(descriptor)
            if end < size and space.f_bavail * space.f_frsize > _PLENTY * size:
                os.pwrite(descriptor, bytes(size - end), end)
                os.fsync(descriptor)
        finally:
            os.close(descriptor)


def clear_mark(root: int) -> bool:
    """Take away the mark that objects were stored without the index; False if there was none."""
    try:
        os.unlink(INDEX_PASSED_BY, dir_fd=root)
    except FileNotFoundError:
        return False
    return True


def remove(root: int, name: str) -> None:
    """Remove an index with all its files."""
    for suffix in reversed(COMPANIONS):
        with suppress(FileNotFoundError):
            os.unlink(name + suffix, dir_fd=root)
