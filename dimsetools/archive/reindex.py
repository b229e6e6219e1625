"""An index and its files: make one out of the files, bring it into line with them, or tell where they differ.

Files are found by a walk through the folders that follows no link. What counts are regular files that hold an
object; hidden and unfinished ones do not.
"""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from enum import StrEnum
from functools import partial
from itertools import islice
from typing import NamedTuple, TypeVar

from dimsetools.archive import guard, sql
from dimsetools.archive.guard import NAME, NEW_NAME, Guard
from dimsetools.archive.rows import Rows, as_stored, as_text
from dimsetools.archive.tree import open_below, open_folder_below, open_root
from dimsetools.dataset.part10 import read_meta
from dimsetools.errors import InputError, OutputError

_BATCH = 1000  # files a transaction
_LOOKED_AT = 2000  # files, before no objects are taken for none

_Item = TypeVar("_Item")


class Reconciled(NamedTuple):
    """What was repaired: rows added for files, rows changed, rows removed."""

    added: int
    changed: int
    removed: int


class Rebuilt(NamedTuple):
    """How many files an index was made of, and how many were passed over because they are no objects."""

    indexed: int
    passed_over: int


class Kind(StrEnum):
    """How an index and its files may differ."""

    NO_ROW = "file-without-row"
    NO_FILE = "row-without-file"
    CHANGED = "row-out-of-date"


class Difference(NamedTuple):
    """One place where they do: `path` below the root."""

    kind: Kind
    path: str


class File(NamedTuple):
    """A file that may be an object."""

    path: str
    size: int
    mtime: int


def files(root: int) -> Iterator[File]:
    """Yield the regular files below an open folder, hidden and unfinished ones left out."""
    pending = [""]
    while pending:
        path = pending.pop()
        try:
            folder = open_folder_below(root, path)
        except OSError:
            continue  # gone meanwhile, or not ours to read
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    inner = f"{path}/{entry.name}" if path else entry.name
                    if entry.name.startswith("."):
                        continue
                    if entry.is_dir(follow_symlinks=False):
                        pending.append(inner)
                        continue
                    with suppress(FileNotFoundError):
                        status = entry.stat(follow_symlinks=False)
                        if stat.S_ISREG(status.st_mode) and not entry.name.endswith(".part"):
                            yield File(inner, status.st_size, status.st_mtime_ns)
        finally:
            os.close(folder)


def has_objects(root: int) -> bool:
    """Tell whether there are objects below an open folder, as far as a short look shows."""
    return any(_sop_instance(root, file.path) for file in islice(files(root), _LOOKED_AT))


def _sop_instance(root: int, path: str) -> str | None:
    try:
        descriptor = open_below(root, path)
    except OSError:
        return None
    try:
        return read_meta(descriptor, os.fstat(descriptor).st_size).sop_instance_uid
    except InputError:
        return None
    finally:
        os.close(descriptor)


# -- rebuild ------------------------------------------------------------------------------------------


def rebuild(root: str, *, durable: bool = True, progress: Callable[[int], None] | None = None) -> Rebuilt:
    """Make a new index of the files in the folder `root` and put it in the place of the old one.

    `progress` hears now and then how many files were read. The old index stays what it was until the new one
    is complete. IndexUnusable if a process has it in use, OutputError if the new one cannot be written.
    """
    descriptor = open_root(root, "index")
    try:
        with closing(Guard(descriptor, root, durable=durable)) as lock:
            try:
                guard.create(descriptor, NEW_NAME)
                token = guard.new_token()
                guard.clear_mark(descriptor)  # before the walk: who stores from now on makes it anew
                rebuilt = _make(os.path.join(root, NEW_NAME), descriptor, token, progress)
                _exchange(descriptor, lock, token, durable=durable)
            finally:
                guard.remove(descriptor, NEW_NAME)
    except (sqlite3.Error, OSError) as error:
        raise OutputError(f"cannot write the index of {root!r}: {error}") from error
    finally:
        os.close(descriptor)
    return rebuilt


def _make(path: str, root: int, token: str, progress: Callable[[int], None] | None) -> Rebuilt:
    count = passed_over = 0
    with closing(guard.connect_to_build(path)) as connection:
        guard.make_tables(connection)
        rows = Rows(connection, root)
        for batch in _batches(files(root)):
            added: list[bool] = []
            rows.apply([partial(_add_file, path=file.path, added=added) for file in batch])
            count += len(added)
            passed_over += added.count(False)
            if progress is not None:
                progress(count)
        connection.execute(sql.SET_STATE, (token, 1))
    return Rebuilt(count - passed_over, passed_over)


def _exchange(root: int, lock: Guard, token: str, *, durable: bool) -> None:
    """Put the new index in the place of the old: a crash on the way leaves one that is not trusted."""
    if durable:
        _sync(NEW_NAME, root)
    lock.note()
    guard.remove(root, NAME)  # with its log, which would be taken for the new one's
    os.rename(NEW_NAME, NAME, src_dir_fd=root, dst_dir_fd=root)
    if durable:
        os.fsync(root)
    lock.note(token)


def _sync(name: str, root: int) -> None:
    descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=root)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _add_file(rows: Rows, *, path: str, added: list[bool]) -> None:
    added.append(rows.add_file(path))


# -- compare ------------------------------------------------------------------------------------------


def reconcile(connection: sqlite3.Connection, rows: Rows, root: int) -> Reconciled:
    """Bring an index into line with the files below the open folder `root`; raises sqlite3.Error."""
    _compare(connection, root)
    changed = removed = 0
    for batch in _batches(connection.execute(sql.OUTDATED_ROWS)):
        rows.apply(
            [partial(_renew, uid=uid, path=as_text(path), is_there=there) for uid, path, there in batch]
        )
        changed += sum(bool(there) for _, _, there in batch)
        removed += sum(not there for _, _, there in batch)
    (before,) = connection.execute(sql.COUNT_IMAGES).fetchone()
    for batch in _batches(connection.execute(sql.FILES_WITHOUT_ROW)):
        rows.apply([partial(_add_file, path=as_text(path), added=[]) for (path,) in batch])
    (after,) = connection.execute(sql.COUNT_IMAGES).fetchone()
    for statement in sql.FORGET_DIFFERENCES:
        connection.execute(statement)
    return Reconciled(after - before, changed, removed)


def check(root: str) -> Iterator[Difference]:
    """Yield where the index of the folder `root` and its files differ; IndexUnusable if there is none.

    A file that holds an instance which has its row with another file is a copy, and no difference. A file of
    another size than was stored is one. What a node is storing at the moment may show up.
    """
    descriptor = open_root(root, "check")
    try:
        if not os.path.lexists(os.path.join(root, NAME)):
            raise guard.IndexUnusable(f"there is no index in {root!r}", hint=guard.rebuild_hint(root))
        with guard.damage(root), closing(guard.connect_to_check(os.path.join(root, NAME))) as connection:
            _compare(connection, descriptor)
            for uid, path, is_there in connection.execute(sql.OUTDATED_ROWS):
                if not is_there or _sop_instance(descriptor, as_text(path)) != uid:
                    yield Difference(Kind.NO_FILE, as_text(path))
                elif is_there > 1:
                    yield Difference(Kind.CHANGED, as_text(path))
            for (path,) in connection.execute(sql.FILES_WITHOUT_ROW):
                uid = _sop_instance(descriptor, as_text(path))
                if uid is not None and not _has_file(connection, descriptor, uid):
                    yield Difference(Kind.NO_ROW, as_text(path))
    finally:
        os.close(descriptor)


def _compare(connection: sqlite3.Connection, root: int) -> None:
    """Put into temporary tables where rows and files differ."""
    connection.execute(sql.SEEN)
    connection.execute(sql.BEGIN_TEMPORARY)
    seen = ((as_stored(path), size, mtime) for path, size, mtime in files(root))
    connection.executemany(sql.ADD_SEEN, seen)
    connection.execute(sql.COMMIT)
    connection.execute(sql.FIND_OUTDATED)
    connection.execute(sql.FIND_UNKNOWN)


def _has_file(connection: sqlite3.Connection, root: int, sop_instance: str) -> bool:
    """Tell whether an instance has a row, and that a file."""
    row = connection.execute(sql.FIND_IMAGE, (sop_instance,)).fetchone()
    return row is not None and _sop_instance(root, as_text(row[1])) == sop_instance


def _renew(rows: Rows, *, uid: str, path: str, is_there: int) -> None:
    rows.remove(uid)
    if is_there:
        rows.add_file(path)


def _batches(items: Iterator[_Item]) -> Iterator[list[_Item]]:
    while batch := list(islice(items, _BATCH)):
        yield batch
