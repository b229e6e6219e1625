"""The fields of a data set by the names that users pick and that head columns.

A name is a keyword or a tag in hexadecimal, inside of a sequence behind its name and a point:
`PatientName`, `00091010`, `ScheduledProcedureStepSequence.Modality`. Names that begin with an underscore are
our own and are no part of the data set.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from dimsetools.dataset.attributes import SPECIFIC_CHARACTER_SET, Attribute, sorted_attributes
from dimsetools.dataset.dictionary import keyword_of, keywords, tag_of, vr_of
from dimsetools.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from dimsetools.dataset.attributes import Attributes

Path = tuple[int, ...]
"""Tags from the outermost sequence to the attribute."""

_HEX = re.compile(r"\(?([0-9A-Fa-f]{4}),?([0-9A-Fa-f]{4})\)?")
_UNSHOWN = frozenset((SPECIFIC_CHARACTER_SET, 0x00080052))
"""Of a query: how it is written and its level, which tell nothing of a match."""


def path(name: str) -> Path:
    """Return where a picked name leads, () for one of our own; UsageError if it names no attribute."""
    return () if name.startswith("_") else tuple(map(_tag, name.split(".")))


def _tag(name: str) -> int:
    found = tag_of(name)
    if found is not None:
        return found
    match = _HEX.fullmatch(name)
    if match is None:
        hint = did_you_mean(name, keywords()) or "write a keyword, or a tag as 00100010"
        raise UsageError(f"there is no attribute {name!r} to show", hint=hint)
    return int(match[1] + match[2], 16)


def name_of(tag: int) -> str:
    """Return the keyword of `tag`, or its eight digits."""
    return keyword_of(tag) or f"{tag:08X}"


def reach(attributes: Attributes, path: Path) -> Attribute | None:
    """Return the attribute at `path`, None if there is none; values of several items follow each other."""
    if len(path) == 1:
        return attributes.get(path[0])
    sequence = attributes.get(path[0])
    if sequence is None or sequence.vr != "SQ":
        return None
    found = [one for item in sequence.values if (one := reach(item, path[1:])) is not None]
    if len(found) < 2:
        return found[0] if found else None
    return Attribute(found[0].vr, tuple(value for one in found for value in one.values))


def leaves(attributes: Attributes) -> tuple[str, ...]:
    """Return the columns for the answers to a query: its attributes, those of its items by themselves."""
    return tuple(dict.fromkeys(_leaves(attributes, "")))


def _leaves(attributes: Attributes, before: str) -> Iterator[str]:
    for tag, attribute in attributes.items():
        if tag in _UNSHOWN or tag & 0xFFFF == 0:
            continue
        name = before + name_of(tag)
        items: Iterable[Attributes] = attribute.values if attribute.vr == "SQ" else ()
        inner = [leaf for item in items for leaf in _leaves(item, f"{name}.")]
        yield from inner or (name,)


def picked(attributes: Attributes, paths: Iterable[Path]) -> Attributes:
    """Return what of a data set lies at the paths, in place; what is not there comes out empty."""
    inside: dict[int, list[Path]] = {}
    for one in paths:
        if one:
            inside.setdefault(one[0], []).append(one[1:])
    found: Attributes = {}
    for tag, rest in sorted(inside.items()):
        attribute = attributes.get(tag, Attribute(vr_of(tag)))
        if attribute.vr == "SQ" and all(rest):
            items = tuple(picked(item, rest) for item in attribute.values)
            attribute = Attribute("SQ", items)
        found[tag] = attribute
    return found


def in_utf8(attributes: Attributes) -> Attributes:
    """Return a data set that says of itself that it is in UTF-8, as it is when we have written it.

    Where there is nothing but ASCII in it and it says nothing, it still says nothing.
    """
    named = attributes.get(SPECIFIC_CHARACTER_SET)
    if named is None and _ascii(attributes):
        return attributes
    told = {SPECIFIC_CHARACTER_SET: Attribute("CS", ("ISO_IR 192",))}
    if named is not None:
        return attributes | told
    return sorted_attributes(attributes | told)


def _ascii(attributes: Attributes) -> bool:
    return all(
        _ascii(value) if vr == "SQ" else not isinstance(value, str) or value.isascii()
        for vr, values in attributes.values()
        for value in values
    )
