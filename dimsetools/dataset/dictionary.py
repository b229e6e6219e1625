"""The data dictionary (PS3.6 section 6): tags, keywords, value representations and multiplicities.

The table is pydicom's, read without importing pydicom: a few milliseconds, where the package takes 160.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cache
from typing import NamedTuple

from dimsetools.uids import load_table

_Row = tuple[str, str, str, str, str]


class Entry(NamedTuple):
    """A data element as PS3.6 lists it; of several value representations the usual one."""

    tag: int
    vr: str
    vm: str
    name: str
    keyword: str
    retired: bool


def entry(tag: int) -> Entry | None:
    """Return what PS3.6 says of `tag`, repeating groups included; None if it says nothing."""
    row = _table().get(tag) or _repeating(tag)
    if row is None:
        return None
    vr, vm, name, retired, keyword = row
    return Entry(tag, _usual(vr), vm, name, keyword, bool(retired))


def tag_of(keyword: str) -> int | None:
    """Return the tag of a keyword, in whatever case it is written; None if there is none."""
    return _tags().get(keyword.lower())


def keyword_of(tag: int) -> str:
    """Return the keyword of `tag`, "" if it has none."""
    row = _table().get(tag) or _repeating(tag)
    return row[4] if row is not None else ""


@cache
def vr_of(tag: int) -> str:
    """Return the value representation of `tag`: that of a private creator is known, of others it is UN."""
    row = _table().get(tag) or _repeating(tag)
    if row is not None:
        return _usual(row[0])
    if is_creator(tag):
        return "LO"
    return "UL" if tag & 0xFFFF == 0 else "UN"


def is_creator(tag: int) -> bool:
    """Tell whether `tag` names the owner of a block of private elements (PS3.5 7.8.1)."""
    return bool(tag & 0x10000) and 0x10 <= tag & 0xFFFF <= 0xFF


@cache
def keywords() -> Collection[str]:
    """Return every keyword that is not retired."""
    return tuple(row[4] for tag, row in _table().items() if row[4] and not row[3] and tag > 0x2FFFF)


@cache
def sequence_tags() -> frozenset[int]:
    """Return the tags of all sequences."""
    return frozenset(tag for tag, row in _table().items() if row[0] == "SQ")


def _usual(vr: str) -> str:
    """Return the one of several VRs that a reader without context takes: words of pixels, else the first."""
    if len(vr) == 2:
        return vr
    return "OW" if vr == "OB or OW" else "UN" if vr == "NONE" else vr[:2]


@cache
def _table() -> Mapping[int, _Row]:
    table: Mapping[int, _Row] = load_table("_dicom_dict").DicomDictionary
    return table


@cache
def _tags() -> Mapping[str, int]:
    tags = {row[4].lower(): tag for tag, row in _table().items() if row[4]}
    for mask, row in load_table("_dicom_dict").RepeatersDictionary.items():
        if row[4]:
            tags.setdefault(row[4].lower(), int(mask.replace("x", "0"), 16))
    return tags


@cache
def _masks() -> Mapping[int, Mapping[int, _Row]]:
    """Return mask -> (masked tag -> row) of the elements with variable digits (PS3.5 7.6)."""
    masks: dict[int, dict[int, _Row]] = {}
    for written, row in load_table("_dicom_dict").RepeatersDictionary.items():
        mask = int("".join("0" if digit == "x" else "f" for digit in written), 16)
        masks.setdefault(mask, {})[int(written.replace("x", "0"), 16)] = row
    return masks


def _repeating(tag: int) -> _Row | None:
    if tag & 0x10000:
        return None
    for mask, rows in _masks().items():
        row = rows.get(tag & mask)
        if row is not None:
            return row
    return None
