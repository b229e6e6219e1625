"""What an attribute table of PS3.4 demands of a data set: which attributes there are, and of what form.

The tables themselves are modules of their own (`mpps_rules`, `ups_rules` ...); here is what a row means
(PS3.4 section 5.4, PS3.5 section 7.4), and which status tells that it is broken (PS3.7 annex C.5).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from dimsetools.dataset.attributes import Attribute, Attributes
from dimsetools.dataset.dictionary import keyword_of, tag_of
from dimsetools.uids import is_dotted

MISSING_ATTRIBUTE = 0x0120
MISSING_VALUE = 0x0121
INVALID_VALUE = 0x0106
NO_SUCH_ATTRIBUTE = 0x0105

_WORDS = {
    MISSING_ATTRIBUTE: "missing",
    MISSING_VALUE: "without a value",
    INVALID_VALUE: "has an invalid value",
    NO_SUCH_ATTRIBUTE: "may not be sent",
}
_NAMED = 2
"""Names in a comment, which has 64 characters; the others are in the list of tags."""
_ABSENT_NEVER = ("1", "2")
_EMPTY_NEVER = ("1", "1C")
_CHARSET = 0x00080005

# PS3.5 table 6.2-1. A data set has no ranges; a component of a date-time may be left out from the right.
_FORMS = {
    "AE": re.compile(r"[ -\[\]-~]{1,16}", re.ASCII),
    "AS": re.compile(r"[0-9]{3}[DWMY]", re.ASCII),
    "CS": re.compile(r"[A-Z0-9 _]{1,16}", re.ASCII),
    "DA": re.compile(r"[0-9]{4}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])", re.ASCII),
    "DS": re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?", re.ASCII),
    "DT": re.compile(
        r"[0-9]{4}(?:(?:0[1-9]|1[0-2])(?:(?:0[1-9]|[12][0-9]|3[01])(?:(?:[01][0-9]|2[0-3])"
        r"(?:[0-5][0-9](?:(?:[0-5][0-9]|60)(?:\.[0-9]{1,6})?)?)?)?)?)?(?:[+-][01][0-9][0-5][0-9])?",
        re.ASCII,
    ),
    "IS": re.compile(r"[+-]?[0-9]{1,11}", re.ASCII),
    "TM": re.compile(r"(?:[01][0-9]|2[0-3])(?:[0-5][0-9](?:(?:[0-5][0-9]|60)(?:\.[0-9]{1,6})?)?)?", re.ASCII),
}


class Rule(NamedTuple):
    """One row of a table.

    `usage`: "1" must be there with a value, "2" may be empty, "3" optional, "-" must not be sent; of "1C" and
    "2C" the condition is not looked at, but what is sent as 1C has a value. `items` are the rules of each
    item of a sequence, `values` the only ones allowed, empty for any.
    """

    tag: int
    usage: str
    items: tuple[Rule, ...] = ()
    values: frozenset[str] = frozenset()


class Fault(NamedTuple):
    """How a data set breaks its table: a status of PS3.7 annex C, the tags to blame, a comment."""

    status: int
    tags: tuple[int, ...]
    comment: str


def rule(keyword: str, usage: str, *items: Rule, values: Iterable[str] = ()) -> Rule:
    """Return the row for the attribute of a keyword."""
    tag = tag_of(keyword)
    assert tag is not None, keyword
    return Rule(tag, usage, items, frozenset(values))


def fault(attributes: Attributes, rules: Iterable[Rule], *, only: bool = False) -> Fault | None:
    """Return the gravest kind of fault of a data set, None if there is none.

    That is the first of: missing attribute, missing value, invalid value, no such attribute. With `only`,
    attributes that no rule names are such, too. Within items, the tag is that of the nested attribute.
    """
    found = list(_faults(attributes, tuple(rules), only=only))
    for status, words in _WORDS.items():
        tags = tuple(dict.fromkeys(tag for kind, tag in found if kind == status))
        if tags:
            names = [keyword_of(tag) or f"({tag >> 16:04X},{tag & 0xFFFF:04X})" for tag in tags]
            told = ", ".join(names) if len(names) <= _NAMED else f"{names[0]} and {len(names) - 1} more"
            return Fault(status, tags, f"{told} {words}")
    return None


def is_well_formed(attribute: Attribute) -> bool:
    """Tell whether every value has the form of its value representation, as far as that is strict."""
    values = [str(value) for value in attribute.values if value != ""]
    if attribute.vr == "UI":
        return all(map(is_dotted, values))
    form = _FORMS.get(attribute.vr)
    return form is None or all(form.fullmatch(value.strip()) for value in values)


def _faults(attributes: Attributes, rules: tuple[Rule, ...], *, only: bool) -> Iterator[tuple[int, int]]:
    """Yield every fault as a status and a tag."""
    named = {one.tag: one for one in rules}
    for one in rules:
        yield from _of_rule(attributes.get(one.tag), one, only=only)
    for tag, attribute in attributes.items():
        if tag in named or tag == _CHARSET:
            continue
        if only:
            yield NO_SUCH_ATTRIBUTE, tag
        elif attribute.vr != "SQ" and not is_well_formed(attribute):
            yield INVALID_VALUE, tag


def _of_rule(attribute: Attribute | None, one: Rule, *, only: bool) -> Iterator[tuple[int, int]]:
    """Yield what is wrong with the attribute of one rule."""
    if attribute is None:
        if one.usage in _ABSENT_NEVER:
            yield MISSING_ATTRIBUTE, one.tag
        return
    if one.usage == "-":
        yield NO_SUCH_ATTRIBUTE, one.tag
        return
    if attribute.values in ((), ("",)):
        if one.usage in _EMPTY_NEVER:
            yield MISSING_VALUE, one.tag
        return
    if attribute.vr == "SQ":
        if one.items:
            for item in attribute.values:
                yield from _faults(item, one.items, only=only)
        return
    unknown = bool(one.values) and any(str(value) not in one.values for value in attribute.values)
    if unknown or not is_well_formed(attribute):
        yield INVALID_VALUE, one.tag
