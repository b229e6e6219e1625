"""What is in a file or buffer: whether it is a whole data set, the announced object, one we have already."""

from __future__ import annotations

import os
import stat
from collections.abc import Collection

from dimsetools.dataset.elements import Fault, Glimpse, Malformed, Source, glimpse, scan
from dimsetools.dataset.part10 import read_meta
from dimsetools.errors import InputError

UIDS = (0x00080016, 0x00080018)
"""Tags of SOP class and instance, which have to be among what `examine` is to look for."""

UIDS_ONLY = frozenset(UIDS)

MAX_INFLATE = 8 * 1024 * 1024
"""Bytes of a deflated data set that are checked: it is kept as it came."""

_BLOCK = 1024 * 1024
_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class Mismatch(InputError):
    """The data set is whole, but not the object that was announced."""


def examine(
    source: Source,
    offset: int,
    length: int,
    announced: tuple[str, str, str],
    wanted: frozenset[int] = UIDS_ONLY,
    whole: Collection[int] = (),
) -> Glimpse:
    """Check the `length` bytes at `offset`, and take along what `wanted` and `whole` name, as `scan` does.

    `announced` are SOP class, SOP instance and transfer syntax. InputError if it is not a whole data set,
    Mismatch if its UIDs are others; a data set without these UIDs passes, and the announced ones count.
    """
    sop_class, sop_instance, syntax = announced
    if not length:
        raise InputError("the data set is empty")
    try:
        structure = scan(
            source, syntax, offset=offset, length=length, max_inflate=MAX_INFLATE, wanted=wanted, whole=whole
        )
        found = Glimpse(structure.values, structure.encoding)
    except Malformed as error:
        if error.fault is not Fault.TOO_LARGE:
            raise
        found = glimpse(source, syntax, wanted, whole, offset=offset, length=length, max_inflate=MAX_INFLATE)
    for tag, said in zip(UIDS, (sop_class, sop_instance), strict=True):
        if text(found.values.get(tag, b"")) not in ("", said):
            raise Mismatch(f"({tag >> 16:04X},{tag & 0xFFFF:04X}) of data set and command differ")
    return found


def same_object(folder: int, name: str, other_folder: int, other_name: str) -> bool:
    """Whether two files hold the same data set in the same transfer syntax; headers may differ."""
    one = _open(folder, name)
    try:
        other = _open(other_folder, other_name)
    except OSError:
        os.close(one)
        return False
    try:
        return _same(one, other)
    except (InputError, OSError):
        return False
    finally:
        os.close(one)
        os.close(other)


def _open(folder: int, name: str) -> int:
    descriptor = os.open(name, _OPEN, dir_fd=folder)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError("not a regular file")
    return descriptor


def _same(one: int, other: int) -> bool:
    first, second = (read_meta(descriptor, os.fstat(descriptor).st_size) for descriptor in (one, other))
    if (first.transfer_syntax, first.length) != (second.transfer_syntax, second.length):
        return False
    for start in range(0, first.length, _BLOCK):
        count = min(_BLOCK, first.length - start)
        if os.pread(one, count, first.offset + start) != os.pread(other, count, second.offset + start):
            return False
    return True


def text(raw: bytes) -> str:
    """Return text of any character repertoire: names only need it to be the same every time."""
    try:
        decoded = raw.decode()
    except UnicodeDecodeError:
        decoded = raw.decode("latin-1")
    return decoded.strip("\0 ")
