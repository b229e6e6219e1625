"""The layout of data elements (`Codec`), where their bytes come from (`Window`), what can be wrong (`Bad`).

The ground that `walk` stands on; it interprets nothing.
"""

from __future__ import annotations

import os
import struct
from enum import StrEnum
from typing import NamedTuple

from dimsetools.errors import InputUnreadable

_WINDOW = 4096

# The VRs with a 16-bit length, and those with a 32-bit length whose values are never sequences.
SHORT_VRS = frozenset(b"AE AS AT CS DA DS DT FD FL IS LO LT PN SH SL SS ST TM UI UL US".split())
LONG_VRS = frozenset(b"OB OD OF OL OV OW SV UC UR UT UV".split())

Source = int | bytes | bytearray | memoryview


class Fault(StrEnum):
    """How a data set can be broken."""

    TRUNCATED = "truncated"
    TRAILING = "trailing"
    TOO_DEEP = "too deep"
    BAD_LENGTH = "bad length"
    BAD_STRUCTURE = "bad structure"
    WRONG_SYNTAX = "wrong syntax"
    TOO_LARGE = "too large"


class Bad(Exception):
    """The element at offset `at` breaks the rules."""

    def __init__(self, fault: Fault, at: int, what: str) -> None:
        super().__init__(what)
        self.fault = fault
        self.at = at
        self.what = what


class Codec:
    """How headers are laid out: tag and length, and in explicit VR a VR between them (PS3.5 7.1.2, 7.1.3).

    VRs are compared as the 16-bit numbers that `header` finds in their place. `inner` is the layout
    inside a UN value that holds a sequence: implicit VR (PS3.5 6.2.2 note 4).
    """

    def __init__(self, *, explicit: bool, little_endian: bool) -> None:
        order = "<" if little_endian else ">"
        self.explicit = explicit
        self.header = struct.Struct(order + "HHHH").unpack_from
        self.item = struct.Struct(order + "HHI").unpack_from
        self.length = struct.Struct(order + "I").unpack_from
        self.item_tag = struct.pack(order + "HH", 0xFFFE, 0xE000)
        self.pixel_data_tag = struct.pack(order + "HH", 0x7FE0, 0x0010)
        self.sq, self.un = struct.unpack(order + "HH", b"SQUN")
        self.short = frozenset(struct.unpack(order + "21H", b"".join(SHORT_VRS)))
        self.plain = frozenset(struct.unpack(order + "11H", b"".join(LONG_VRS)))
        self.inner = Codec(explicit=False, little_endian=little_endian) if explicit else self


IMPLICIT = Codec(explicit=False, little_endian=True)
EXPLICIT = Codec(explicit=True, little_endian=True)
BIG_ENDIAN = Codec(explicit=True, little_endian=False)


class Window:
    """The bytes of a source that are in memory: all of a buffer, a few KiB of a file."""

    def __init__(self, source: Source) -> None:
        self.fd = source if isinstance(source, int) else -1
        self.bytes: bytes | bytearray | memoryview = b"" if isinstance(source, int) else source
        self.start = 0

    def load(self, offset: int) -> bool:
        """Move to `offset`; return False if nothing can be gained, for the window starts there already."""
        if self.fd < 0 or (offset == self.start and self.bytes):
            return False
        self.bytes = read_at(self.fd, _WINDOW, offset)
        self.start = offset
        return bool(self.bytes)

    def at(self, offset: int, count: int) -> bytes:
        """Return `count` bytes at `offset`, or the fewer that the source has."""
        if count > _WINDOW and self.fd >= 0:
            return read_at(self.fd, count, offset)
        begin = offset - self.start
        if (begin < 0 or begin + count > len(self.bytes)) and self.load(offset):
            begin = 0
        return bytes(self.bytes[begin : begin + count])


def read_at(fd: int, count: int, offset: int) -> bytes:
    """Return up to `count` bytes of `fd` at `offset`; raise InputUnreadable if they cannot be read."""
    try:
        return os.pread(fd, count, offset)
    except OSError as error:
        raise InputUnreadable(f"cannot be read: {error.strerror}") from error


class Header(NamedTuple):
    """An element header: the value begins at `body`; `length` may be UNDEFINED; `vr` is 0 if implicit."""

    tag: int
    vr: int
    body: int
    length: int
