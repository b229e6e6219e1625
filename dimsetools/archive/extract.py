"""What the index keeps of an object, read out of its data set: once for each object that is stored.

Made for speed: one pass over the headers before the pixel data, and only what is kept is decoded. Values
come out as people read them, decoded by the object's own character sets, and the same from a buffer as
from the file that it becomes.
"""

from __future__ import annotations

import json
import os
import struct
import zlib
from contextlib import suppress
from typing import NamedTuple

from dimsetools.archive import moments, persons
from dimsetools.archive.columns import COLUMNS, IMAGE, LEVELS, PATIENT, SERIES, STUDY, Row, Value
from dimsetools.dataset import layout
from dimsetools.dataset.attributes import LOCALIZED, STRINGS, UNSPLIT
from dimsetools.dataset.charset import CharacterSets, decode_text
from dimsetools.dataset.decode import decode
from dimsetools.dataset.dicom_json import to_model
from dimsetools.dataset.elements import Malformed, Source, sniff
from dimsetools.dataset.layout import Bad, Codec
from dimsetools.dataset.part10 import read_meta
from dimsetools.dataset.walk import UNDEFINED, Walk
from dimsetools.errors import InputError
from dimsetools.uids import EXPLICIT_BE, EXPLICIT_LE, IMPLICIT_LE, TRANSFER_SYNTAXES

_CHARSET = 0x00080005
_WINDOW = 65536
_INFLATED = 4 * _WINDOW
_LONGEST = 10240  # characters of one attribute: that of LT, the longest of those that are kept
_CODECS = {IMPLICIT_LE: layout.IMPLICIT, EXPLICIT_LE: layout.EXPLICIT, EXPLICIT_BE: layout.BIG_ENDIAN}

_PLACES = {column.tag: (level, at) for level in LEVELS for at, column in enumerate(COLUMNS[level])}
_VRS = {column.tag: column.vr for columns in COLUMNS.values() for column in columns}
_WANTED = frozenset((*_VRS, _CHARSET))
_LAST = max(_WANTED)


class Entities(NamedTuple):
    """The attributes of an object, by level in the order of `columns`.

    `identity` tells patients apart: by Patient ID and its issuer. A study without Patient ID is a patient of
    its own, so that nobody's name gets into somebody else's study. `name_keys` are the component groups of
    the patient's name as they are compared.
    """

    patient: Row
    study: Row
    series: Row
    image: Row
    identity: str
    name_keys: tuple[str, ...]

    @property
    def study_uid(self) -> str:
        """The Study Instance UID, "" where there is none."""
        return str(self.study[0])

    @property
    def series_uid(self) -> str:
        """The Series Instance UID, "" where there is none."""
        return str(self.series[0])


class Indexed(NamedTuple):
    """An object as the index has it: its file, who it is, and its attributes.

    `path` below the root, `size` of the file in bytes, `mtime` of the file in nanoseconds.
    """

    path: str
    size: int
    mtime: int
    sop_class: str
    sop_instance: str
    syntax: str
    entities: Entities


def described(descriptor: int, path: str) -> Indexed:
    """Return what an open file at `path` holds; raises InputError if it is no object."""
    status = os.fstat(descriptor)
    meta = read_meta(descriptor, status.st_size)
    found = extract(
        descriptor,
        meta.offset,
        meta.length,
        (meta.sop_class_uid, meta.sop_instance_uid),
        meta.transfer_syntax,
    )
    return Indexed(
        path, status.st_size, status.st_mtime_ns, meta.sop_class_uid, meta.sop_instance_uid,
        meta.transfer_syntax, found,
    )  # fmt: skip


def extract(source: Source, offset: int, length: int, identity: tuple[str, str], syntax: str) -> Entities:
    """Return the attributes of the data set of `length` bytes at `offset`.

    `identity` are the SOP class and instance that count, whatever the data set says. What cannot be read is
    empty: whether the data set is whole was somebody else's question.
    """
    raw = _Reader(source, offset, length, syntax).read()
    charsets: CharacterSets = ()
    if _CHARSET in raw:
        charsets = tuple(part.strip("\0 ") for part in raw.pop(_CHARSET)[2].decode("latin-1").split("\\"))
    rows: dict[str, list[Value]] = {level: [None] * len(COLUMNS[level]) for level in LEVELS}
    for tag, (codec, head, value) in raw.items():
        level, at = _PLACES[tag]
        vr = _VRS[tag]
        if vr in STRINGS:
            rows[level][at] = _text(value, vr, charsets)
        elif vr == "SQ":
            rows[level][at] = _sequence(head + value, codec, tag, charsets)
        elif len(value) == 2:
            rows[level][at] = int.from_bytes(value, "little" if codec is not layout.BIG_ENDIAN else "big")
    rows[IMAGE][:2] = identity[1], identity[0]
    return _entities(rows)


def _entities(rows: dict[str, list[Value]]) -> Entities:
    for level in (STUDY, SERIES):
        rows[level][0] = rows[level][0] or ""
    patient, study, series, image = (tuple(rows[level]) for level in LEVELS)
    number, issuer, name = patient[:3]
    who = f"{number}\\{issuer or ''}" if number else f"\\\\{study[0]}"
    return Entities(patient, study, series, image, who, persons.groups(str(name)) if name else ("", "", ""))


_Raw = tuple[Codec, bytes, bytes]  # how an element is encoded, its header (of a sequence only), its value


class _Reader:
    """One pass over the top-level elements of a data set, up to the last one that is wanted."""

    def __init__(self, source: Source, offset: int, length: int, syntax: str) -> None:
        known = TRANSFER_SYNTAXES.get(syntax)
        if known is not None and known.deflated:
            source, offset, length = _inflated(source, offset, length)
        self._source = source
        self._end = offset + length
        self._at = offset  # where the window starts in the source
        self._window = b""
        self._load(offset)
        said = syntax if syntax in _CODECS else EXPLICIT_LE
        if known is None:
            said = sniff(self._window[:12], length) or said
        self._codec = _CODECS[said]

    def read(self) -> dict[int, _Raw]:
        """Return the wanted elements that are there."""
        found: dict[int, _Raw] = {}
        with suppress(Bad, InputError, struct.error):
            self._read(found)
        return found

    def _read(self, found: dict[int, _Raw]) -> None:
        codec, window, pos = self._codec, self._window, 0
        explicit, short, sequence = codec.explicit, codec.short, codec.sq
        while True:
            if pos + 12 > len(window):
                window = self._load(self._at + pos)
                pos = 0
                if len(window) < 8:
                    return
            group, number, vr, length = codec.header(window, pos)
            tag = group << 16 | number
            if tag > _LAST:
                return
            body = pos + 8
            if not explicit:
                (length,) = codec.length(window, pos + 4)
            elif vr not in short:
                (length,) = codec.length(window, pos + 8)
                body = pos + 12
            if length == UNDEFINED or vr == sequence or (not explicit and _VRS.get(tag) == "SQ"):
                behind = self._behind(tag, self._at + pos)
                length = behind - self._at - body
            if tag in _WANTED and 0 < length <= _WINDOW - 12:
                if body + length > len(window):
                    start = self._at + pos
                    window = self._load(start)
                    body -= pos
                    pos = 0
                if body + length <= len(window):
                    found[tag] = codec, window[pos:body], window[body : body + length]
            pos = body + length

    def _behind(self, tag: int, start: int) -> int:
        """Return where the element at `start`, a sequence or fragments, ends."""
        way = Walk(self._source, self._codec, start, self._end)
        way.seek(tag + 1)
        return way.pos

    def _load(self, start: int) -> bytes:
        """Move the window to `start`; a buffer is a window already, but for the part before it."""
        self._at = start
        count = max(min(_WINDOW, self._end - start), 0)
        if isinstance(self._source, int):
            self._window = layout.read_at(self._source, count, start)
        else:
            self._window = bytes(self._source[start : start + count])
        return self._window


def _inflated(source: Source, offset: int, length: int) -> tuple[bytes, int, int]:
    """Return the beginning of a deflated data set."""
    count = min(length, _INFLATED)
    raw = (
        layout.read_at(source, count, offset) if isinstance(source, int) else source[offset : offset + count]
    )
    data = b""
    with suppress(zlib.error):
        data = zlib.decompressobj(-zlib.MAX_WBITS).decompress(raw, _INFLATED)
    return data, 0, len(data)


# -- values -------------------------------------------------------------------------------------------


def _text(raw: bytes, vr: str, charsets: CharacterSets) -> Value:
    """Return the values of an attribute as one text, without what is not significant."""
    if vr not in LOCALIZED:
        text = raw.decode("ascii", "replace") if raw.isascii() else raw.decode("latin-1")
    elif raw.isascii() and b"\x1b" not in raw:
        text = raw.decode("ascii")
    else:
        text = decode_text(raw, charsets, vr)
    if len(text) > _LONGEST:
        text = text[:_LONGEST]
    if vr in UNSPLIT:
        return text.rstrip("\0 ") or None
    if "\\" in text:
        text = "\\".join(part.strip("\0 ") for part in text.split("\\"))
        return text if text.strip("\\") else None
    text = text.strip("\0 ")
    # The old form of a date is not for answers any more.
    return (moments.day(text) if vr == "DA" and "." in text else text) or None


def _sequence(element: bytes, codec: Codec, tag: int, charsets: CharacterSets) -> Value:
    syntax = next(uid for uid, known in _CODECS.items() if known is codec)
    with suppress(Malformed):
        found = decode(element, syntax, assume_charset=charsets).get(tag)
        if found is not None and found.vr == "SQ" and found.values:
            return json.dumps([to_model(item) for item in found.values], ensure_ascii=False)
    return None


assert (PATIENT, STUDY, SERIES, IMAGE) == LEVELS  # the order in Entities
