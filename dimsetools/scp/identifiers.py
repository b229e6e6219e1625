"""What the identifier of a request asks for, or why it cannot be answered (PS3.4 C.4.1.1.4, C.4.2.1.5). Pure.

As strict as PS3.4: a level of the model has to be named, and without relational queries or retrieval a
single value of each unique key above it. What lies beyond that is left out of account or answered as far
as it can be.
"""

from __future__ import annotations

from typing import NamedTuple

from dimsetools.dataset.attributes import SPECIFIC_CHARACTER_SET, STRINGS, Attributes, text, texts
from dimsetools.dataset.decode import decode
from dimsetools.dataset.dictionary import keyword_of
from dimsetools.dataset.levels import LEVEL, unique_key
from dimsetools.dataset.models import Model
from dimsetools.errors import InputError
from dimsetools.scp.faults import CANNOT_UNDERSTAND, DATA_SET_DOES_NOT_MATCH, OUT_OF_RESOURCES
from dimsetools.scp.roles import IDENTIFIER_MOST

RELATIONAL, COMBINED_DATE_TIME, FUZZY = range(3)
"""Bytes of the extended negotiation of a query (PS3.4 C.5.1.1.1); retrieval has the first only."""

_ABOUT_THE_QUERY = frozenset((LEVEL, SPECIFIC_CHARACTER_SET))  # and group lengths, which old peers send
_WILD = frozenset("*?")
_MOST_VALUES = 1000
"""Alternatives in a key that are no UIDs."""


class Unfit(Exception):
    """An identifier that cannot be answered: the failure status and what explains it."""

    def __init__(self, status: int, comment: str, *offending: int) -> None:
        super().__init__(comment)
        self.status = status
        self.comment = comment
        self.offending = offending


class Asked(NamedTuple):
    """A request understood: the level ("" where the model has none) and keys in ascending order.

    `charsets` are what the requestor writes text in.
    """

    level: str
    keys: Attributes
    charsets: tuple[str, ...]


def decoded(data: bytes | None, syntax: str) -> Attributes:
    """Return the attributes of an identifier; None is one that was too long to be kept."""
    if data is None:
        raise Unfit(OUT_OF_RESOURCES, f"the identifier has more than {IDENTIFIER_MOST} bytes")
    try:
        return decode(data, syntax)
    except InputError as error:
        raise Unfit(CANNOT_UNDERSTAND, error.message) from None


def asked_of_query(model: Model, identifier: Attributes, *, relational: bool) -> Asked:
    """Return what a C-FIND asks for; a model without levels takes whatever keys there are."""
    charsets = texts(identifier, SPECIFIC_CHARACTER_SET)
    level = _level(model, identifier) if model.levels else ""
    if level and not relational:
        _need_above(model, level, identifier, "queries")
    keys = {tag: key for tag, key in identifier.items() if tag & 0xFFFF and tag not in _ABOUT_THE_QUERY}
    _limit_values(keys)
    return Asked(level, keys, charsets)


def asked_of_retrieval(model: Model, identifier: Attributes, *, relational: bool) -> Asked:
    """Return what a C-GET or C-MOVE asks for: unique keys; others are no part of it and are left out."""
    level = _level(model, identifier)
    if not relational:
        _need_above(model, level, identifier, "retrieval")
    own = unique_key(level)
    values = texts(identifier, own)
    name = keyword_of(own)
    if not all(values) or not values:
        raise Unfit(DATA_SET_DOES_NOT_MATCH, f"{level} level retrieval needs {name}", own)
    if (level == "PATIENT" and len(values) > 1) or any(_WILD & set(value) for value in values):
        raise Unfit(DATA_SET_DOES_NOT_MATCH, f"{name} is no single value", own)
    wanted = [unique_key(one) for one in model.levels[: model.levels.index(level) + 1]]
    return Asked(level, {tag: identifier[tag] for tag in sorted(wanted) if texts(identifier, tag)}, ())


def _level(model: Model, identifier: Attributes) -> str:
    level = text(identifier, LEVEL)
    if not level:
        raise Unfit(DATA_SET_DOES_NOT_MATCH, "no Query/Retrieve Level", LEVEL)
    if level not in model.levels:
        raise Unfit(DATA_SET_DOES_NOT_MATCH, f"{model.title} has no level {level}"[:60], LEVEL)
    return level


def _limit_values(keys: Attributes) -> None:
    """Refuse keys with so many alternatives that trying them on everything there is would take for ever."""
    for tag, key in keys.items():
        if key.vr == "SQ":
            for item in key.values:
                _limit_values(item)
        elif key.vr in STRINGS and key.vr != "UI" and len(key.values) > _MOST_VALUES:
            raise Unfit(OUT_OF_RESOURCES, f"{keyword_of(tag)} has more than {_MOST_VALUES} values", tag)


def _need_above(model: Model, level: str, identifier: Attributes, what: str) -> None:
    """Refuse what is not hierarchical: one value, and no pattern, for each level above (PS3.4 C.4.1.2.1)."""
    for above in model.levels[: model.levels.index(level)]:
        key = unique_key(above)
        values = texts(identifier, key)
        if len(values) != 1 or not values[0] or _WILD & set(values[0]):
            raise Unfit(
                DATA_SET_DOES_NOT_MATCH, f"relational {what} not negotiated: give {keyword_of(key)}", key
            )
