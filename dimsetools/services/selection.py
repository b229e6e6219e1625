"""Which files are meant: names, folders, lists and patterns become the paths of regular files.

Looks at names and kinds only, never into a file. Nothing here opens what could block or act when it is
opened: a FIFO or a device is refused by its kind.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from typing import IO, NamedTuple

from dimsetools.dataset.part10 import irregular
from dimsetools.errors import InputError, InputUnreadable


class Skipped(NamedTuple):
    """An input that is not sent, and why; `expected` is what nobody would want to be sent."""

    path: str
    error: InputError
    expected: bool = False


class Patterns(NamedTuple):
    """Globs for what is found in folders; one with a slash is held against the path inside the folder.

    A file is taken if no `exclude` matches and, where there are any, one `include` does. An excluded
    folder is not entered.
    """

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    def takes_file(self, inside: str) -> bool:
        """Tell whether the file at the path `inside` the searched folder is wanted."""
        return (not self.include or _matches(inside, self.include)) and not _matches(inside, self.exclude)

    def enters(self, inside: str) -> bool:
        """Tell whether the folder at the path `inside` the searched folder is looked into."""
        return not _matches(inside, self.exclude)


EVERYTHING = Patterns()


def select(paths: Iterable[str], patterns: Patterns = EVERYTHING) -> Iterator[str | Skipped]:
    """Return the files that `paths` name, the contents of folders in the order of their names.

    Links are followed; a folder is searched once however many links lead to it, so that loops end. What
    cannot be taken is returned as Skipped, in its place.
    """
    searched: set[tuple[int, int]] = set()
    for path in paths:
        try:
            status = os.stat(path)
        except (OSError, ValueError) as error:
            yield Skipped(path, _unreadable(error))
            continue
        if stat.S_ISDIR(status.st_mode):
            yield from _search(path, patterns, searched)
        elif stat.S_ISREG(status.st_mode):
            yield path
        else:
            yield Skipped(path, irregular(status.st_mode))


def listed(stream: IO[bytes], *, zero: bool) -> Iterator[str]:
    """Return the paths in a list: one a line, or each ended by a NUL byte (`zero`), as `find -print0` has it.

    Bytes that are no UTF-8 stand for themselves, as in every file name.
    """
    separator = b"\0" if zero else b"\n"
    rest = b""
    while chunk := stream.read(65536):
        *whole, rest = (rest + chunk).split(separator)
        yield from (os.fsdecode(name) for name in whole if name)
    if rest:
        yield os.fsdecode(rest)


def _search(folder: str, patterns: Patterns, searched: set[tuple[int, int]]) -> Iterator[str | Skipped]:
    """Go through `folder` to the bottom, with a stack: depth is the file system's business, not Python's."""
    entries, error = _entries(folder, searched)
    if error is not None:
        yield Skipped(folder, error)
    stack = [iter(entries)]
    inside = [""]
    while stack:
        entry = next(stack[-1], None)
        if entry is None:
            stack.pop()
            inside.pop()
            continue
        name = inside[-1] + entry.name
        try:
            if entry.is_file():
                if patterns.takes_file(name):
                    yield _directory_file(entry.path) if entry.name == "DICOMDIR" else entry.path
                continue
            is_folder = entry.is_dir()
            status = None if is_folder else entry.stat()
        except OSError as fault:
            if patterns.takes_file(name):
                yield Skipped(entry.path, _unreadable(fault))
            continue
        if is_folder:
            if patterns.enters(name):
                entries, error = _entries(entry.path, searched)
                if error is not None:
                    yield Skipped(entry.path, error)
                stack.append(iter(entries))
                inside.append(name + "/")
        elif status is not None and patterns.takes_file(name):
            yield Skipped(entry.path, irregular(status.st_mode))


def _entries(
    folder: str, searched: set[tuple[int, int]]
) -> tuple[list[os.DirEntry[str]], InputUnreadable | None]:
    """Return what is in one folder, sorted, or why it cannot be read; nothing if it was searched before."""
    try:
        status = os.stat(folder)
        key = status.st_dev, status.st_ino
        if key in searched:
            return [], None
        searched.add(key)
        with os.scandir(folder) as entries:
            return sorted(entries, key=_name), None
    except OSError as error:
        return [], _unreadable(error)


def _name(entry: os.DirEntry[str]) -> str:
    return entry.name


def _matches(inside: str, patterns: Sequence[str]) -> bool:
    name = inside.rpartition("/")[2]
    return any(fnmatchcase(inside if "/" in pattern else name, pattern) for pattern in patterns)


def _directory_file(path: str) -> Skipped:
    """Pass over what every DICOM medium has beside its objects, always under this name (PS3.10 8.6)."""
    error = InputError("lists the files of a medium and is not sent itself")
    return Skipped(path, error, expected=True)


def _unreadable(error: OSError | ValueError) -> InputUnreadable:
    if isinstance(error, FileNotFoundError):
        return InputUnreadable("there is no such file")
    why = error.strerror if isinstance(error, OSError) else "a file name has no NUL"
    return InputUnreadable(f"cannot be opened: {why}")
