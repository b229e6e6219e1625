"""The rows of the index: which of them an object makes, changes and removes.

The rules, which give the same rows in whatever order objects come, so that a rebuild gives equal answers:

- There is one row for each SOP Instance UID. Of several files of one instance it describes the one under
  its plain name rather than a numbered copy; then the one that was written last, while clocks go forwards.
- A row describes the file that is there: where another writer took the name meanwhile, its file is read.
- An instance that comes again in another series or study moves there.
- What series, studies and patients have, `hierarchy` says.

Not for several threads at once.
"""

from __future__ import annotations

import errno
import os
import re
import sqlite3
import stat
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import NamedTuple

from dimsetools.archive import sql
from dimsetools.archive.columns import IMAGE
from dimsetools.archive.extract import Entities, Indexed, described
from dimsetools.archive.hierarchy import Hierarchy
from dimsetools.archive.tree import open_below
from dimsetools.errors import InputError

_FOR_NOW = frozenset((errno.EMFILE, errno.ENFILE, errno.ENOMEM))  # says nothing about a file
_NUMBERED = re.compile(r"~[0-9]{1,6}(?:\.[^./]*)?")  # as `objects` names copies; hashes are longer


class _Image(NamedTuple):
    """The row of an instance."""

    number: int
    path: str
    size: int
    mtime: int
    series: int


class Rows:
    """Writes rows by one connection; `root` is the open folder that paths start from."""

    def __init__(self, connection: sqlite3.Connection, root: int) -> None:
        self._execute = connection.execute
        self._root = root
        self._hierarchy = Hierarchy(connection, self._entities)

    def apply(self, changes: Iterable[Callable[[Rows], None]]) -> None:
        """Make changes in one transaction: all of them or, with what went wrong raised, none."""
        self._execute(sql.BEGIN)
        try:
            for change in changes:
                change(self)
            self._hierarchy.flush()
            self._execute(sql.COMMIT)
        except BaseException:
            self._hierarchy.forget()
            with suppress(sqlite3.Error):  # after some errors there is no transaction any more
                self._execute(sql.ROLLBACK)
            raise

    # -- changes --------------------------------------------------------------------------------------

    def stored(self, found: Indexed, inode: int) -> None:
        """Add an object whose file has just got its name; `inode` tells whether it has it still."""
        status = self._status(found.path)
        if status is None:
            return
        if status.st_ino == inode:
            self.add(found._replace(size=status.st_size, mtime=status.st_mtime_ns))
        else:
            self.add_file(found.path)

    def kept(self, path: str, sop_instance: str) -> None:
        """See to it that an object which was there before has its row."""
        old, status = self._image(sop_instance), self._status(path)
        if status is None or (old is not None and old.path != path):
            return
        if old is None or (old.size, old.mtime) != (status.st_size, status.st_mtime_ns):
            self.add_file(path)

    def add(self, new: Indexed) -> None:
        """Add the row of an object, or change the one it has."""
        old = self._image(new.sop_instance)
        if old is None:
            self._insert(new)
        elif self._takes_over(new, old):
            self._replace(old, new)

    def add_file(self, path: str) -> bool:
        """Add the row of a file; False if it is no object."""
        found = self._described(path)
        if found is not None:
            self.add(found)
        return found is not None

    def remove(self, sop_instance: str) -> None:
        """Remove the row of an instance."""
        old = self._image(sop_instance)
        if old is None:
            return
        before = self._hierarchy.above(old.series)
        self._execute(sql.DELETE[IMAGE], (old.number,))
        self._hierarchy.count(old.series, -1)
        self._hierarchy.settle(before, "", None)

    # -- steps ----------------------------------------------------------------------------------------

    def _insert(self, new: Indexed) -> None:
        hierarchy, key = self._hierarchy, (new.mtime, new.sop_instance)
        series, study = hierarchy.place(new.entities, key)
        self._execute(sql.INSERT[IMAGE], _row(new, series.number))
        hierarchy.count(series.number, 1)
        hierarchy.note_class(series.number, new.sop_class)
        hierarchy.added(new.entities, key, series, study)

    def _replace(self, old: _Image, new: Indexed) -> None:
        hierarchy = self._hierarchy
        before = hierarchy.above(old.series)
        series, _ = hierarchy.place(new.entities, (new.mtime, new.sop_instance))
        after = hierarchy.above(series.number)
        self._execute(sql.UPDATE[IMAGE], (*_row(new, series.number), old.number))
        hierarchy.count(old.series, -1)
        hierarchy.count(series.number, 1)
        hierarchy.settle([*before, *after], new.sop_instance, new.entities)

    def _takes_over(self, new: Indexed, old: _Image) -> bool:
        """Whether a file is the one that the row of its instance is to describe."""
        if new.path == old.path or _rank(new.path, new.mtime) > _rank(old.path, old.mtime):
            return True
        return self._status(old.path) is None

    def _image(self, sop_instance: str) -> _Image | None:
        row = self._execute(sql.FIND_IMAGE, (sop_instance,)).fetchone()
        return None if row is None else _Image(row[0], as_text(row[1]), *row[2:])

    # -- files ----------------------------------------------------------------------------------------

    def _status(self, path: str) -> os.stat_result | None:
        """Return the status of a regular file, None if there is none at `path`."""
        try:
            status = os.stat(path, dir_fd=self._root, follow_symlinks=False)
        except OSError:
            return None
        return status if stat.S_ISREG(status.st_mode) else None

    def _described(self, path: str) -> Indexed | None:
        try:
            descriptor = open_below(self._root, path)
        except OSError as error:
            if error.errno in _FOR_NOW:
                raise
            return None
        try:
            return described(descriptor, path)
        except InputError:
            return None
        finally:
            os.close(descriptor)

    def _entities(self, path: str | bytes) -> Entities | None:
        found = self._described(as_text(path))
        return None if found is None else found.entities


def _row(new: Indexed, series: int) -> tuple[object, ...]:
    return (series, as_stored(new.path), new.syntax, new.size, new.mtime, *new.entities.image)


def _rank(path: str, mtime: int) -> tuple[bool, int, str]:
    name = path.rpartition("/")[2]
    at = name.find("~")
    numbered = at > 0 and _NUMBERED.fullmatch(name, at) is not None
    return not numbered, mtime, path


def as_stored(path: str) -> str | bytes:
    """Return a path as the index keeps it: one that is no UTF-8 as the bytes that it is."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return os.fsencode(path)
    return path


def as_text(path: str | bytes) -> str:
    """Return a path out of the index."""
    return path if isinstance(path, str) else os.fsdecode(path)
