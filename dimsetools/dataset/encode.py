"""From plain values to the bytes of a data set, in the uncompressed transfer syntaxes (PS3.5 section 7)."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from dimsetools.dataset.attributes import (
    BINARY,
    LOCALIZED,
    NUMBERS,
    SPECIFIC_CHARACTER_SET,
    STRINGS,
    Attribute,
    Attributes,
    sorted_attributes,
    texts,
)
from dimsetools.dataset.charset import CharacterSets, charset_for, encode_text
from dimsetools.dataset.layout import SHORT_VRS
from dimsetools.errors import InputError
from dimsetools.uids import EXPLICIT_BE, IMPLICIT_LE

_SHORT = frozenset(vr.decode() for vr in SHORT_VRS)
_ITEM = 0xFFFEE000


def encode(attributes: Attributes, syntax: str) -> bytes:
    """Return `attributes` in the transfer syntax `syntax`: implicit, else explicit VR.

    Text is written in the character sets that (0008,0005) names, which items inherit. Raises InputError
    for a value that its VR or character set cannot hold.
    """
    return _Encoder(syntax).elements(attributes, ())


def with_charset(attributes: Attributes, preferred: CharacterSets = ()) -> Attributes:
    """Return `attributes` with the (0008,0005) that their text needs.

    That is none, `preferred`, the one that they name themselves, or else UTF-8: the first that has all.
    """
    own = texts(attributes, SPECIFIC_CHARACTER_SET)
    rest = {tag: value for tag, value in attributes.items() if tag != SPECIFIC_CHARACTER_SET}
    words = tuple(_localized(rest))
    charsets = charset_for(words, preferred or own)
    if preferred and charsets != preferred:
        charsets = charset_for(words, own)
    if charsets:
        rest[SPECIFIC_CHARACTER_SET] = Attribute("CS", charsets)
    return sorted_attributes(rest)


def with_its_charset(attributes: Attributes) -> Attributes:
    """Return `attributes` with the character set that they name themselves, else with one that they need."""
    return attributes if SPECIFIC_CHARACTER_SET in attributes else with_charset(attributes)


def check_encodable(attributes: Attributes) -> None:
    """Raise InputError for a value that its VR or character set cannot hold; bytes can be anything."""
    encode(_without_binary(attributes), IMPLICIT_LE)


def _without_binary(attributes: Attributes) -> Attributes:
    return {
        tag: attribute._replace(values=tuple(map(_without_binary, attribute.values)))
        if attribute.vr == "SQ"
        else attribute
        for tag, attribute in attributes.items()
        if attribute.vr not in BINARY
    }


def _localized(attributes: Attributes) -> Iterator[str]:
    for attribute in attributes.values():
        if attribute.vr == "SQ":
            for item in attribute.values:
                yield from _localized(item)
        elif attribute.vr in LOCALIZED:
            yield from attribute.values


class _Encoder:
    def __init__(self, syntax: str) -> None:
        self._explicit = syntax != IMPLICIT_LE
        order = ">" if syntax == EXPLICIT_BE else "<"
        self._order = order
        self._header = struct.Struct(order + "HHI").pack
        self._short = struct.Struct(order + "HH2sH").pack
        self._long = struct.Struct(order + "HH2sHI").pack

    def elements(self, attributes: Attributes, charsets: CharacterSets) -> bytes:
        charsets = texts(attributes, SPECIFIC_CHARACTER_SET) or charsets
        parts: list[bytes] = []
        for tag, (vr, values) in attributes.items():
            try:
                raw = self._value(vr, values, charsets)
            except (struct.error, TypeError, ValueError, AttributeError):
                raise InputError(f"({tag >> 16:04X},{tag & 0xFFFF:04X}) cannot hold {values!r}") from None
            parts.append(self._start(tag, vr, len(raw)))
            parts.append(raw)
        return b"".join(parts)

    def _start(self, tag: int, vr: str, length: int) -> bytes:
        group, number = tag >> 16, tag & 0xFFFF
        if not self._explicit:
            return self._header(group, number, length)
        if vr not in _SHORT:
            return self._long(group, number, vr.encode(), 0, length)
        if length > 0xFFFF:
            raise InputError(f"({group:04X},{number:04X}) has {length} bytes, more than its VR {vr} can")
        return self._short(group, number, vr.encode(), length)

    def _value(self, vr: str, values: tuple[object, ...], charsets: CharacterSets) -> bytes:
        if vr == "SQ":
            return b"".join(map(self._item, values, [charsets] * len(values)))
        if vr in STRINGS:
            text = "\\".join(map(str, values))
            raw = encode_text(text, charsets, vr) if vr in LOCALIZED else text.encode("latin_1")
            return raw + (b"\0" if vr == "UI" else b" ") if len(raw) % 2 else raw
        if vr in NUMBERS:
            return struct.pack(f"{self._order}{len(values)}{NUMBERS[vr]}", *values)
        if vr == "AT":
            return b"".join(
                struct.pack(self._order + "HH", tag >> 16, tag & 0xFFFF)
                for tag in values
                if isinstance(tag, int)
            )
        assert vr in BINARY, vr
        raw = b"".join(value for value in values if isinstance(value, bytes))
        return raw + b"\0" if len(raw) % 2 else raw

    def _item(self, item: object, charsets: CharacterSets) -> bytes:
        assert isinstance(item, dict)
        body = self.elements(item, charsets)
        return self._header(_ITEM >> 16, _ITEM & 0xFFFF, len(body)) + body
