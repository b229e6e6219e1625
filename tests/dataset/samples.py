"""Whole and broken data sets in each encoding, for the tests of this folder."""

from __future__ import annotations

import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from dimsetools import uids
from dimsetools.dataset.elements import Fault, Malformed, Source, scan
from tests.dataset.encoding import BIG_ENDIAN, EXPLICIT, IMPLICIT, UNDEFINED, Build, Encoding

SYNTAXES = {
    IMPLICIT: uids.IMPLICIT_LE,
    EXPLICIT: uids.EXPLICIT_LE,
    BIG_ENDIAN: uids.EXPLICIT_BE,
}
ENCODINGS = pytest.mark.parametrize("encoding", SYNTAXES, ids=("implicit", "explicit", "big endian"))
JPEG = uids.transfer_syntax("jpeg")


@contextmanager
def opened(data: bytes) -> Iterator[int]:
    """Lend a descriptor whose file holds `data`."""
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.flush()
        yield file.fileno()


def verdict(source: Source, syntax: str, offset: int = 0) -> object:
    """Return the structure, or the whole fault, of a data set."""
    try:
        return scan(source, syntax, offset=offset)
    except Malformed as bad:
        return bad.fault, bad.offset, bad.end


def head(e: Encoding) -> bytes:
    return e.element(0x00080016, "UI", b"1.2.3.4\0") + e.element(0x00080018, "UI", b"1.2.3.4.5\0")


def tail(e: Encoding) -> bytes:
    return e.element(0x00100020, "LO", b"ID") + e.element(0x00280010, "US", b"\1\0")


WHOLE: dict[str, tuple[Build, int]] = {
    "empty": (lambda e: b"", 0),
    "flat": (lambda e: head(e) + tail(e), 0),
    "empty values": (lambda e: e.element(0x00080005, "CS") + e.element(0x7FE00010, "OW"), 0),
    "odd length": (lambda e: head(e) + e.element(0x00100020, "LO", b"ODD"), 0),
    "every long VR": (
        lambda e: head(e) + b"".join(e.element(0x00090010 + n, vr, b"ab") for n, vr in enumerate(sorted(
            ("OB", "OD", "OF", "OL", "OV", "OW", "SV", "UC", "UN", "UR", "UT", "UV")))),
        0,
    ),
    "trailing padding element": (lambda e: head(e) + e.element(0xFFFCFFFC, "OB", b"\0" * 6), 0),
    "empty sequence": (lambda e: head(e) + e.sequence(0x00081140) + tail(e), 0),
    "undefined empty sequence": (lambda e: head(e) + e.sequence(0x00081140, defined=False) + tail(e), 1),
    "items": (lambda e: head(e) + e.sequence(0x00081140, e.item(head(e)), e.item(head(e))) + tail(e), 1),
    "empty item": (lambda e: e.sequence(0x00081140, e.item(), e.item(head(e))), 1),
    "undefined items": (
        lambda e: head(e) + e.sequence(0x00081140, e.item(head(e), defined=False)) + tail(e), 1),
    "undefined sequence": (
        lambda e: head(e) + e.sequence(0x00081140, e.item(head(e)), defined=False) + tail(e), 1),
    "all undefined": (
        lambda e: head(e)
        + e.sequence(0x00081140, e.item(head(e), defined=False), e.item(defined=False), defined=False)
        + tail(e),
        1,
    ),
    "delimiters although defined": (
        lambda e: e.element(0x00081140, "SQ", e.mark(0xE000, 8 + len(head(e))) + head(e) + e.mark(0xE00D)
                            + e.mark(0xE0DD)) + tail(e),
        1,
    ),
    "three deep": (
        lambda e: e.sequence(0x00081140, e.item(e.sequence(0x00081150, e.item(
            e.sequence(0x00081155, e.item(head(e)), defined=False)), defined=False))) + tail(e),
        3,
    ),
    "64 deep": (lambda e: e.nested(64, defined=True), 64),
    "64 deep undefined": (lambda e: e.nested(64, defined=False), 64),
    "fragments": (
        lambda e: head(e) + e.element(
            0x7FE00010, "OB", e.item() + e.item(b"\xfe\xff\x0d\xe0" * 3) + e.mark(0xE0DD), UNDEFINED), 0),
    "hidden in UN": (
        lambda e: head(e) + e.element(0x00091001, "UN", Encoding(e.order, False).item(
            head(Encoding(e.order, False)))) + tail(e),
        1,
    ),
    "undefined UN": (
        lambda e: head(e) + e.element(0x00091001, "UN", Encoding(e.order, False).item(
            head(Encoding(e.order, False))) + e.mark(0xE0DD), UNDEFINED) + tail(e),
        1,
    ),
    "like a sequence only": (
        lambda e: head(e) + e.element(0x00091001, "UN", e.mark(0xE000, 99)) + tail(e), 1),
    "like a sequence, too short": (
        lambda e: head(e) + e.element(0x00091001, "UN", e.mark(0xE000, 99)[:4]) + tail(e), 0),
    "a real one behind a false one": (
        lambda e: e.element(0x00091001, "UN", e.mark(0xE000, 4) + b"junk!") + e.sequence(
            0x00091140, e.item(head(e)), defined=False),
        1,
    ),
}  # fmt: skip


def cut_at(count: int, build: Build) -> Build:
    return lambda e: build(e)[: count if count > 0 else len(build(e)) + count]


# What is broken, how, and behind which part of it: (build, fault, data before the broken element).
BROKEN: dict[str, tuple[Build, Fault, Build]] = {
    "value cut off": (
        lambda e: head(e) + e.element(0x00100020, "LO", b"ID", 9), Fault.TRUNCATED, head),
    "header cut off": (cut_at(-3, lambda e: head(e) + e.element(0x00100020, "LO")), Fault.TRUNCATED, head),
    "long header cut off": (
        cut_at(-1, lambda e: head(e) + e.element(0x7FE00010, "OB")), Fault.TRUNCATED, head),
    "pixel data cut off": (
        lambda e: head(e) + e.element(0x7FE00010, "OW", b"x" * 10, 100), Fault.TRUNCATED, head),
    "length 2^32-2": (
        lambda e: head(e) + e.element(0x7FE00010, "OW", b"x" * 10, 0xFFFFFFFE), Fault.TRUNCATED, head),
    "sequence cut off": (
        cut_at(-4, lambda e: head(e) + e.sequence(0x00081140, e.item(head(e)))), Fault.TRUNCATED, head),
    "no sequence delimiter": (
        cut_at(-8, lambda e: head(e) + e.sequence(0x00081140, e.item(head(e)), defined=False)),
        Fault.TRUNCATED, head,
    ),
    "no item delimiter": (
        cut_at(-16, lambda e: head(e) + e.sequence(
            0x00081140, e.item(head(e), defined=False), defined=False)),
        Fault.TRUNCATED, head,
    ),
    "delimiter cut off": (
        cut_at(-2, lambda e: head(e) + e.sequence(0x00081140, e.item(head(e)), defined=False)),
        Fault.TRUNCATED, head,
    ),
    "fragment cut off": (
        lambda e: head(e) + e.element(0x7FE00010, "OB", e.item() + e.mark(0xE000, 100) + b"x", UNDEFINED),
        Fault.TRUNCATED, head,
    ),
    "no delimiter behind the fragments": (
        lambda e: head(e) + e.element(0x7FE00010, "OB", e.item() + e.item(b"abcd"), UNDEFINED),
        Fault.TRUNCATED, head,
    ),
    "zeros behind": (lambda e: head(e) + b"\0" * 100, Fault.TRAILING, head),
    "few zeros behind": (lambda e: head(e) + b"\0" * 5, Fault.TRAILING, head),
    "0xFF behind": (lambda e: head(e) + b"\xff" * 100, Fault.TRAILING, head),
    "another data set behind": (
        lambda e: head(e) + e.element(0x00080001, "UL", b"1234", 60000), Fault.TRAILING, head),
    "damaged before the pixel data": (
        lambda e: head(e) + bytes(8) + tail(e) + e.element(0x7FE00010, "OW", bytes(10)),
        Fault.BAD_STRUCTURE, head,
    ),
    "garbage behind the pixel data": (
        lambda e: head(e) + e.element(0x7FE00010, "OW", bytes(10)) + bytes(8) + e.element(0x7FE00010, "OW"),
        Fault.TRAILING, lambda e: head(e) + e.element(0x7FE00010, "OW", bytes(10)),
    ),
    "item behind": (lambda e: head(e) + e.item(b"abcd"), Fault.TRAILING, head),
    "delimiter behind": (lambda e: head(e) + e.mark(0xE0DD), Fault.TRAILING, head),
    "item delimiter behind": (lambda e: head(e) + e.mark(0xE00D), Fault.TRAILING, head),
    "value beyond its item": (
        lambda e: head(e) + e.sequence(0x00081140, e.item(e.element(0x00080018, "UI", b"12", 4)), e.item())
        + tail(e), Fault.BAD_LENGTH, head,
    ),
    "item beyond its sequence": (
        lambda e: head(e) + e.element(0x00081140, "SQ", e.mark(0xE000, 100) + head(e)) + tail(e),
        Fault.BAD_LENGTH, head,
    ),
    "sequence beyond its item": (
        lambda e: head(e) + e.sequence(0x00081140, e.item(e.element(0x00081150, "SQ", e.item(), 200)))
        + tail(e) * 20, Fault.BAD_LENGTH, head,
    ),
    "undefined in defined, without delimiter": (
        lambda e: head(e) + e.sequence(
            0x00081140, e.item(e.element(0x00081150, "SQ", e.item(head(e)), UNDEFINED))) + tail(e),
        Fault.BAD_LENGTH, head,
    ),
    "header beyond its item": (
        lambda e: head(e) + e.sequence(0x00081140, e.item(b"\x08\0\x18")) + tail(e), Fault.BAD_LENGTH, head),
    "element where an item should be": (
        lambda e: head(e) + e.sequence(0x00081140, head(e)) + tail(e), Fault.BAD_STRUCTURE, head),
    "item where an element should be": (
        lambda e: head(e) + e.sequence(0x00081140, e.item(e.item(head(e)))) + tail(e),
        Fault.BAD_STRUCTURE, head,
    ),
    "item delimiter where an item should be": (
        lambda e: head(e) + e.sequence(0x00081140, e.mark(0xE00D), defined=False), Fault.BAD_STRUCTURE, head),
    "item delimiter with a length": (
        lambda e: head(e) + e.sequence(0x00081140, e.mark(0xE000, UNDEFINED) + e.mark(0xE00D, 4) + b"abcd",
                                       defined=False),
        Fault.BAD_STRUCTURE, head,
    ),
    "undefined fragment": (
        lambda e: head(e) + e.element(0x7FE00010, "OB", e.item(defined=False) + e.mark(0xE0DD), UNDEFINED),
        Fault.BAD_STRUCTURE, head,
    ),
    "65 deep": (lambda e: head(e) + e.nested(65, defined=True), Fault.TOO_DEEP, head),
    "65 deep undefined": (lambda e: head(e) + e.nested(65, defined=False), Fault.TOO_DEEP, head),
}  # fmt: skip
# In implicit VR a defined sequence is a guess: if it does not parse, it is plain bytes.
ONLY_WHERE_VRS_ARE = {
    "value beyond its item", "item beyond its sequence", "sequence beyond its item", "header beyond its item",
    "undefined in defined, without delimiter", "element where an item should be",
    "item where an element should be",
}  # fmt: skip


ALL_KINDS = {
    encoding: head(encoding) + b"".join(WHOLE[name][0](encoding) for name in (
        "all undefined", "three deep", "hidden in UN", "undefined UN", "fragments"))
    for encoding in SYNTAXES
}  # fmt: skip


def deflated(data: bytes) -> bytes:
    deflater = zlib.compressobj(wbits=-15)
    stream = deflater.compress(data) + deflater.flush()
    return stream + b"\0" * (len(stream) % 2)
