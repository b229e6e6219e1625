"""From the bytes of a data set to plain values, within bounds (PS3.5 section 7).

Safe to use on what comes over the network: depth, lengths and the number of elements are checked on the
way, and nothing is taken from outside a value's own bytes. Made for many small data sets: one of a dozen
attributes takes some 10 us, because most elements are short text, which has a way of its own.
"""

from __future__ import annotations

import struct
from typing import Any, Literal, NamedTuple

from dimsetools.dataset.attributes import (
    LOCALIZED,
    NUMBERS,
    SPECIFIC_CHARACTER_SET,
    STRINGS,
    UNSPLIT,
    Attribute,
    Attributes,
)
from dimsetools.dataset.charset import CharacterSets, decode_text
from dimsetools.dataset.dictionary import vr_of
from dimsetools.dataset.elements import Malformed, inflate
from dimsetools.dataset.layout import LONG_VRS, SHORT_VRS, Bad, Fault
from dimsetools.dataset.walk import MAX_DEPTH, UNDEFINED
from dimsetools.uids import EXPLICIT_BE, IMPLICIT_LE, TRANSFER_SYNTAXES

MAX_ELEMENTS = 200_000
"""Elements and items of a data set, all levels counted: in memory each is many times its bytes."""
MAX_INFLATE = 32 * 1024 * 1024

_NEVER = 1 << 32
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_SIZES = {"H": 2, "h": 2, "I": 4, "i": 4, "Q": 8, "q": 8, "f": 4, "d": 8}
_SPLIT = STRINGS - UNSPLIT
_VRS = {vr: vr.decode() for vr in (*SHORT_VRS, *LONG_VRS, b"SQ", b"UN")}


def decode(
    data: bytes | bytearray | memoryview,
    syntax: str,
    *,
    assume_charset: CharacterSets = (),
    limit_value: int | None = None,
    stop_at: int | None = None,
) -> Attributes:
    """Return the data set in `data`, encoded in the transfer syntax `syntax`.

    `assume_charset` counts where the data set names no character set. Values of more than `limit_value`
    bytes, and fragments, come out empty; elements from the tag `stop_at` on are not looked at. In implicit
    VR, and for UN in explicit, the data dictionary tells the VR. Raises Malformed where it breaks off.
    """
    if syntax in TRANSFER_SYNTAXES and TRANSFER_SYNTAXES[syntax].deflated:
        data = inflate(data, limit=MAX_INFLATE)
    decoder = Decoder(bytes(data), limit_value, stop_at)
    try:
        way = _Way(syntax != IMPLICIT_LE, syntax == EXPLICIT_BE, assume_charset)
        attributes, _ = decoder.elements(0, len(data), way)
    except Bad as bad:
        raise Malformed(bad.fault, bad.at, decoder.top, bad.what) from None
    return attributes


class _Way(NamedTuple):
    """How elements are encoded, and the character sets of their text."""

    explicit: bool
    big: bool
    charsets: CharacterSets


class Decoder:
    """Reads elements and items of `data`; `top` is where the top-level element that is read begins."""

    def __init__(self, data: bytes, limit_value: int | None, stop_at: int | None) -> None:
        self.top = 0
        self._data = data
        self._limit = _NEVER if limit_value is None else limit_value
        self._stop = _NEVER if stop_at is None else stop_at
        self._left = MAX_ELEMENTS
        self._depth = 0

    def elements(self, pos: int, end: int, way: _Way, *, delimited: bool = False) -> tuple[Attributes, int]:
        """Return the elements from `pos` to `end`, or to an item delimiter, and where they end."""
        limit, outermost = self._limit, not self._depth
        read = self._explicit if way.explicit else self._implicit
        found: Attributes = {}
        while (pos := self._short_texts(found, pos, end, way)) < end:
            if outermost:
                self.top = pos
            tag, vr, body, length = read(pos, end, way.big)
            if tag >= self._stop and outermost:
                break
            if tag == _ITEM_END and delimited:
                return found, body
            self._left -= 1
            if self._left < 0 or tag >> 16 == 0xFFFE:
                raise self._misplaced(tag, pos, "is no data element")
            known = vr_of(tag) if vr == "UN" else vr
            if length == UNDEFINED or known == "SQ":
                found[tag], pos = self._compound(vr, body, length, end, way)
                continue
            if vr in _SPLIT and not way.big:
                _remember(self._data[pos : pos + (6 if way.explicit else 4)], tag, vr)
            pos = body + length
            if pos > end:
                raise Bad(Fault.TRUNCATED, body - 8, "a value is longer than what is left")
            if not length or length > limit:
                found[tag] = Attribute(known)
                continue
            values = self._values(self._data[body:pos], known, way, body)
            found[tag] = Attribute(known, values)
            if tag == SPECIFIC_CHARACTER_SET:
                way = _Way(way.explicit, way.big, values)
        return found, pos

    def _short_texts(self, found: Attributes, pos: int, end: int, way: _Way) -> int:
        """Add the elements from `pos` on to `found` while they are text of a kind seen before.

        Returns where another one begins: it may be anything, the first of its kind too.
        """
        if way.big:
            return pos
        data, charsets = self._data, way.charsets
        kinds, unpack = (_EXPLICIT_TEXTS, _HEAD) if way.explicit else (_IMPLICIT_TEXTS, _IMPLICIT_HEAD)
        limit, left = self._limit, self._left
        stop = _NEVER if self._depth else self._stop
        while end - pos >= 8:
            head, length = unpack(data, pos)
            kind = kinds.get(head)
            body = pos + 8
            after = body + length
            if kind is None or after > end or length > limit:
                break
            tag, vr, empty = kind
            if tag >= stop or left <= 0:
                break
            left -= 1
            pos = after
            if not length:
                found[tag] = empty
                continue
            raw = data[body:after]
            if raw.isascii():
                value = raw.decode().strip(" \0")
                if "\\" not in value and "\x1b" not in value:
                    # As Attribute(vr, ...), without the call of a function in Python.
                    found[tag] = _new(Attribute, (vr, (value,))) if value else empty
                    continue
            found[tag] = _new(Attribute, (vr, _strings(raw, vr, charsets)))
        self._left = left
        return pos

    def _implicit(self, pos: int, end: int, big: bool) -> tuple[int, str, int, int]:
        """Return tag, VR by the dictionary, start and length of the value of the element at `pos`."""
        if end - pos < 8:
            raise Bad(Fault.TRUNCATED, pos, "it ends inside an element header")
        group, number, length = (_BIG if big else _LITTLE).unpack_from(self._data, pos)
        tag = group << 16 | number
        return tag, vr_of(tag), pos + 8, length

    def _explicit(self, pos: int, end: int, big: bool) -> tuple[int, str, int, int]:
        """Do the same in explicit VR (PS3.5 7.1.2)."""
        if end - pos < 8:
            raise Bad(Fault.TRUNCATED, pos, "it ends inside an element header")
        group, number, raw, length = (_BIG_VR if big else _LITTLE_VR).unpack_from(self._data, pos)
        tag = group << 16 | number
        if raw in SHORT_VRS:
            return tag, _VRS[raw], pos + 8, length
        if group == 0xFFFE:
            return tag, "", pos + 8, 0
        if not (raw.isalpha() and raw.isupper()):
            raise Bad(Fault.BAD_STRUCTURE if pos else Fault.WRONG_SYNTAX, pos, "there is no VR")
        if end - pos < 12:
            raise Bad(Fault.TRUNCATED, pos, "it ends inside an element header")
        # A VR that is not known yet has the long form, and its value is bytes to us.
        return tag, _VRS.get(raw, "UN"), pos + 12, int.from_bytes(self._data[pos + 8 : pos + 12], _order(big))

    def _compound(self, vr: str, body: int, length: int, end: int, way: _Way) -> tuple[Attribute, int]:
        """Return a sequence, or the empty value that stands for fragments, and where it ends."""
        delimited = length == UNDEFINED
        if delimited and vr not in ("SQ", "UN"):
            return Attribute(vr), self._fragments(body, end, way.big)
        if not delimited:
            end = self._inside(body, length, end, "a sequence")
        # The items inside a UN are in implicit VR little endian (PS3.5 6.2.2 note 4).
        inner = way if vr == "SQ" else _Way(False, False, way.charsets)
        items, pos = self._items(body, end, inner, delimited=delimited)
        return Attribute("SQ", items), pos

    @staticmethod
    def _inside(body: int, length: int, end: int, what: str) -> int:
        """Return where a value ends, if that is inside what is around it."""
        if body + length > end:
            raise Bad(Fault.BAD_LENGTH, body - 8, f"{what} is longer than what is around it")
        return body + length

    def _misplaced(self, tag: int, at: int, what: str) -> Bad:
        if self._left < 0:
            return Bad(Fault.TOO_LARGE, at, f"more than {MAX_ELEMENTS} elements")
        return Bad(Fault.BAD_STRUCTURE, at, f"({tag >> 16:04X},{tag & 0xFFFF:04X}) {what}")

    def _items(self, pos: int, end: int, way: _Way, *, delimited: bool) -> tuple[tuple[Attributes, ...], int]:
        """Return the items of a sequence from `pos` to `end`, or to its delimiter, and where they end."""
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise Bad(Fault.TOO_DEEP, pos, f"sequences nested deeper than {MAX_DEPTH}")
        items: list[Attributes] = []
        while pos < end:
            tag, length = self._item_header(pos, end, way.big)
            body = pos + 8
            if tag == _SEQUENCE_END and delimited:
                self._depth -= 1
                return tuple(items), body
            self._left -= 1
            if tag != _ITEM or self._left < 0:
                raise self._misplaced(tag, pos, "where an item should be")
            if length == UNDEFINED:
                item, pos = self.elements(body, end, way, delimited=True)
            else:
                item, pos = self.elements(body, self._inside(body, length, end, "an item"), way)
            items.append(item)
        if delimited:
            raise Bad(Fault.TRUNCATED, pos, "the delimiter of a sequence is missing")
        self._depth -= 1
        return tuple(items), pos

    def _item_header(self, pos: int, end: int, big: bool) -> tuple[int, int]:
        if end - pos < 8:
            raise Bad(Fault.TRUNCATED, pos, "it ends inside an item header")
        group, number, length = (_BIG if big else _LITTLE).unpack_from(self._data, pos)
        return group << 16 | number, length

    def _fragments(self, pos: int, end: int, big: bool) -> int:
        """Step over encapsulated pixel data (PS3.5 A.4); return where they end."""
        while True:
            tag, length = self._item_header(pos, end, big)
            pos += 8
            if tag == _SEQUENCE_END:
                return pos
            if tag != _ITEM or pos + length > end:
                raise Bad(Fault.BAD_STRUCTURE, pos - 8, "no fragment where one should be")
            pos += length

    def _values(self, raw: bytes, vr: str, way: _Way, at: int) -> tuple[Any, ...]:
        """Return the values in the value field `raw`, which begins at offset `at`."""
        if vr in STRINGS:
            return _strings(raw, vr, way.charsets)
        code = NUMBERS.get(vr)
        order = ">" if way.big else "<"
        try:
            if code is not None:
                return struct.unpack(f"{order}{len(raw) // _SIZES[code]}{code}", raw)
            if vr == "AT":
                pairs = struct.unpack(f"{order}{len(raw) // 4 * 2}H", raw)
                return tuple(high << 16 | low for high, low in zip(pairs[::2], pairs[1::2], strict=True))
        except struct.error:
            raise Bad(Fault.BAD_LENGTH, at, f"{len(raw)} bytes are no values of VR {vr}") from None
        return (raw,)


# Kinds of short text that were seen: the bytes of tag and VR, or tag alone in implicit VR -> what they mean.
_Kind = tuple[int, str, Attribute]
_EXPLICIT_TEXTS: dict[bytes, _Kind] = {}
_IMPLICIT_TEXTS: dict[bytes, _Kind] = {}
_KINDS = 4096  # more would be a peer who makes up tags
_HEAD = struct.Struct("<6sH").unpack_from
_IMPLICIT_HEAD = struct.Struct("<4sI").unpack_from
_new = tuple.__new__


def _remember(head: bytes, tag: int, vr: str) -> None:
    """Let the next element that begins with `head` be read as short text."""
    kinds = _EXPLICIT_TEXTS if len(head) == 6 else _IMPLICIT_TEXTS
    if tag == SPECIFIC_CHARACTER_SET or len(kinds) >= _KINDS:
        return
    if len(head) == 4 or head[4:] in SHORT_VRS:
        kinds[head] = (tag, vr, Attribute(vr))


_LITTLE = struct.Struct("<HHI")
_BIG = struct.Struct(">HHI")
_LITTLE_VR = struct.Struct("<HH2sH")
_BIG_VR = struct.Struct(">HH2sH")


def _order(big: bool) -> Literal["big", "little"]:
    return "big" if big else "little"


def _strings(raw: bytes, vr: str, charsets: CharacterSets) -> tuple[str, ...]:
    """Return text values without their padding; none if all there is, is padding."""
    text = raw.decode("latin_1")
    if vr in LOCALIZED and not (text.isascii() and "\x1b" not in text):
        text = decode_text(raw, charsets, vr)
    if vr in UNSPLIT:
        text = text.rstrip(" \0")
        return (text,) if text else ()
    if "\\" in text:
        return tuple([part.strip(" \0") for part in text.split("\\")])
    text = text.strip(" \0")
    return (text,) if text else ()
