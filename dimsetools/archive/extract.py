"""What the index keeps of an object, read out of its data set: once for each object that is stored.

Made for speed: the walk that checks a data set notes where the values lie on its way, and only what is kept
is decoded; texts that one object has in common with the next are remembered. Values come out as people read
them, decoded by the object's own character sets, and the same from a buffer as from the file that it becomes.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from functools import lru_cache
from itertools import accumulate
from typing import NamedTuple

from dimsetools.archive import moments, persons
from dimsetools.archive.columns import COLUMNS, IMAGE, LEVELS, PATIENT, SERIES, STUDY, Row, Value
from dimsetools.archive.content import MAX_INFLATE, UIDS
from dimsetools.dataset.attributes import LOCALIZED, UNSPLIT
from dimsetools.dataset.charset import CharacterSets, decode_text
from dimsetools.dataset.decode import decode
from dimsetools.dataset.dicom_json import to_model
from dimsetools.dataset.elements import Glimpse, Malformed, Source, glimpse
from dimsetools.dataset.part10 import read_meta
from dimsetools.errors import InputError
from dimsetools.uids import EXPLICIT_BE, EXPLICIT_LE

_CHARSET = 0x00080005
_LONGEST = 10240  # characters of one attribute: that of LT, the longest of those that are kept
_SHORT = 64  # bytes of a value that may be remembered with its text
_REMEMBERED = 4096  # of them: the objects of a series have most values in common

_COLUMNS = [column for level in LEVELS for column in COLUMNS[level]]
_WIDTH = len(_COLUMNS)
_ENDS = [*accumulate(len(COLUMNS[level]) for level in LEVELS)]
_PARTS = [*zip([0, *_ENDS], _ENDS, strict=False)]
_PLACES = {
    column.tag: (at, column.vr, column.is_text)
    for at, column in enumerate(_COLUMNS)
    if column.tag not in UIDS
}

WANTED = frozenset((*_PLACES, _CHARSET))
"""Tags of what is read out of a data set."""

SEQUENCES = frozenset(column.tag for column in _COLUMNS if column.vr == "SQ")
"""Those of them that are read with their header."""


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
    """Return the attributes of the data set of `length` bytes at `offset`, as `entities` does."""
    try:
        found = glimpse(
            source, syntax, WANTED, SEQUENCES, offset=offset, length=length, max_inflate=MAX_INFLATE
        )
    except InputError:
        found = Glimpse({}, EXPLICIT_LE)
    return entities(found, identity)


def entities(found: Glimpse, identity: tuple[str, str]) -> Entities:
    """Return the attributes of an object in which WANTED and SEQUENCES were found.

    `identity` are the SOP class and instance that count, whatever the data set says. What cannot be read is
    empty: whether the data set is whole was somebody else's question.
    """
    charsets: CharacterSets = ()
    if stated := found.values.get(_CHARSET):
        charsets = tuple(part.strip("\0 ") for part in stated.decode("latin-1").split("\\"))
    row: list[Value] = [None] * _WIDTH
    for tag, raw in found.values.items():
        if not raw or tag not in _PLACES:
            continue
        at, vr, is_text = _PLACES[tag]
        if is_text:
            row[at] = _short_text(raw, vr, charsets) if len(raw) <= _SHORT else _text(raw, vr, charsets)
        elif vr == "SQ":
            row[at] = _sequence(raw, found.encoding, tag, charsets)
        elif len(raw) == 2:
            row[at] = int.from_bytes(raw, "big" if found.encoding == EXPLICIT_BE else "little")
    patient, study, series, image = (row[begin:end] for begin, end in _PARTS)
    study[0] = study[0] or ""
    series[0] = series[0] or ""
    image[:2] = identity[1], identity[0]
    number, issuer, name = patient[:3]
    who = f"{number}\\{issuer or ''}" if number else f"\\\\{study[0]}"
    keys = _name_keys(str(name)) if name else ("", "", "")
    return Entities(tuple(patient), tuple(study), tuple(series), tuple(image), who, keys)


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


_short_text = lru_cache(_REMEMBERED)(_text)
_name_keys = lru_cache(_REMEMBERED // 4)(persons.groups)


def _sequence(element: bytes, encoding: str, tag: int, charsets: CharacterSets) -> Value:
    with suppress(Malformed):
        found = decode(element, encoding, assume_charset=charsets).get(tag)
        if found is not None and found.vr == "SQ" and found.values:
            return json.dumps([to_model(item) for item in found.values], ensure_ascii=False)
    return None


assert (PATIENT, STUDY, SERIES, IMAGE) == LEVELS  # the order in Entities
