"""Data elements written by hand, right and wrong, for the tests of this folder."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import NamedTuple

UNDEFINED = 0xFFFFFFFF
LONG = {"OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV"}


class Encoding(NamedTuple):
    """A way to lay out elements: `<` or `>`, and whether VRs are written."""

    order: str
    explicit: bool

    def element(self, tag: int, vr: str, value: bytes = b"", length: int | None = None) -> bytes:
        """Return one element; `length` overrides the true one."""
        size = len(value) if length is None else length
        head = struct.pack(self.order + "HH", tag >> 16, tag & 0xFFFF)
        if not self.explicit:
            return head + struct.pack(self.order + "I", size) + value
        if vr in LONG:
            return head + vr.encode() + b"\0\0" + struct.pack(self.order + "I", size) + value
        return head + vr.encode() + struct.pack(self.order + "H", size) + value

    def mark(self, element: int, length: int = 0) -> bytes:
        """Return an item tag (E000) or a delimiter (E00D, E0DD)."""
        return struct.pack(self.order + "HHI", 0xFFFE, element, length)

    def item(self, content: bytes = b"", *, defined: bool = True) -> bytes:
        """Return one item."""
        if defined:
            return self.mark(0xE000, len(content)) + content
        return self.mark(0xE000, UNDEFINED) + content + self.mark(0xE00D)

    def sequence(self, tag: int, *items: bytes, defined: bool = True, vr: str = "SQ") -> bytes:
        """Return a sequence of items that are encoded already."""
        content = b"".join(items)
        if defined:
            return self.element(tag, vr, content)
        return self.element(tag, vr, content + self.mark(0xE0DD), UNDEFINED)

    def nested(self, depth: int, *, defined: bool, vr: str = "SQ") -> bytes:
        """Return `depth` sequences inside one another, in linear time."""
        if not defined:
            opening = self.element(0x00081140, vr, b"", UNDEFINED) + self.mark(0xE000, UNDEFINED)
            return opening * depth + (self.mark(0xE00D) + self.mark(0xE0DD)) * depth
        inner = Encoding(self.order, False) if vr == "UN" else self
        first = len(self.element(0x00081140, vr)) + 8
        step = len(inner.element(0x00081140, vr)) + 8
        left = [step * (depth - 1 - level) for level in range(depth)]
        parts = [self.element(0x00081140, vr, b"", left[0] + 8) + self.mark(0xE000, left[0])]
        assert len(parts[0]) == first
        parts += [inner.element(0x00081140, vr, b"", n + 8) + inner.mark(0xE000, n) for n in left[1:]]
        return b"".join(parts)


IMPLICIT = Encoding("<", False)
EXPLICIT = Encoding("<", True)
BIG_ENDIAN = Encoding(">", True)

Build = Callable[[Encoding], bytes]
