"""From the keys of a query to a statement, and from its rows to answers (PS3.4 C.4.1).

The statement narrows down what there is by what an index of the tables is good for; `matching` has the last
word on every row. So a condition here may let through too much, never too little.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from typing import Any, NamedTuple

from dimsetools.archive import columns as kept
from dimsetools.archive import moments, persons, sql
from dimsetools.archive.columns import COLUMNS, COMPUTED, LEVELS, PATIENT, STUDY, Column
from dimsetools.archive.matching import (
    EMPTY,
    NEVER_MATCHED,
    QUERY_RETRIEVE_LEVEL,
    WILD,
    Matcher,
    is_universal,
    is_wild,
    stripped,
)
from dimsetools.dataset.attributes import STRINGS, UNSPLIT, Attribute, Attributes
from dimsetools.dataset.dicom_json import from_model
from dimsetools.dataset.dictionary import vr_of
from dimsetools.errors import InputError

MODELS = {"patient": LEVELS, "study": LEVELS[1:], "patient-study": LEVELS[:2]}
"""Information model -> its levels (PS3.4 C.6.1.1, C.6.2.1, C.6.3.1)."""

_PATIENT_NAME = 0x00100010
_MOST_PARTS = 100
"""Conditions in one expression, of which SQLite takes only so many; what has more is left to `matching`."""
_SETS = frozenset((kept.MODALITIES_IN_STUDY, kept.SOP_CLASSES_IN_STUDY))


class WrongKeys(InputError):
    """The keys do not fit the level or the information model."""

    name = "wrong-keys"


class _Place(NamedTuple):
    """Where an attribute comes from; `column` is None for one that is computed."""

    level: str
    tag: int
    vr: str
    column: Column | None


@cache
def _places(level: str) -> dict[int, _Place]:
    """Return the attributes that can be asked for at a level: its own and those of the levels above."""
    found = {}
    for above in LEVELS[: LEVELS.index(level) + 1]:
        for column in COLUMNS[above]:
            found[column.tag] = _Place(above, column.tag, column.vr, column)
        for tag in COMPUTED[above]:
            found[tag] = _Place(above, tag, vr_of(tag), None)
    found[kept.INSTANCE_AVAILABILITY] = _Place(level, kept.INSTANCE_AVAILABILITY, "CS", None)
    return found


def unsupported(level: str, keys: Attributes) -> tuple[int, ...]:
    """Return the keys that are neither matched nor answered at a level."""
    places = _places(level)
    return tuple(tag for tag in keys if tag not in places and tag not in NEVER_MATCHED and tag & 0xFFFF)


def check_hierarchy(model: str, level: str, keys: Attributes, *, relational: bool) -> None:
    """Raise WrongKeys if the model lacks the level, or the keys say not where in it (PS3.4 C.4.1.3.1.1)."""
    levels = MODELS[model]
    if level not in levels:
        raise WrongKeys(f"the {model} model has no level {level!r}")
    for above in () if relational else levels[: levels.index(level)]:
        key = keys.get(kept.UNIQUE[above])
        if key is None or is_universal(key):
            raise WrongKeys(
                f"a query at level {level} needs {COLUMNS[above][0].keyword}",
                hint="relational queries do without",
            )


class Query:
    """One query, put together; `answers` makes answers of the rows of its `statement`."""

    def __init__(self, level: str, keys: Attributes, *, fuzzy: bool = False, datetime: bool = False) -> None:
        places = _places(level)
        asked = {tag: places[tag] for tag in sorted(keys) if tag in places}
        supported = {tag: keys[tag] for tag in asked}
        self._matcher = Matcher(supported, fuzzy=fuzzy, datetime=datetime)
        self._level = Attribute("CS", (level,))
        self._outputs = [(tag, place.vr, _reader(place)) for tag, place in asked.items()]
        self._has_items = any(place.vr == "SQ" for place in asked.values())
        conditions = [
            condition
            for tag, place in asked.items()
            if (condition := _condition(place, keys[tag], fuzzy=fuzzy)) is not None
        ]
        used = [LEVELS.index(place.level) for place in asked.values()]
        # Whether a study is one is for the study to say, so its table is always there below it.
        highest = LEVELS[min([*used, LEVELS.index(level), LEVELS.index(STUDY) if level != PATIENT else 0])]
        expressions = [sql.attribute(place.level, tag) for tag, place in asked.items()]
        self.statement = sql.select(level, highest, expressions, conditions)

    def answers(self, rows: Iterable[Sequence[Any]]) -> Iterator[Attributes]:
        """Yield an answer for each row that matches."""
        matcher, outputs, level = self._matcher, self._outputs, self._level
        for row in rows:
            found: Attributes = {QUERY_RETRIEVE_LEVEL: level}
            for (tag, vr, read), value in zip(outputs, row, strict=False):
                found[tag] = Attribute(vr, read(value)) if value is not None else Attribute(vr)
            if not matcher.matches(found):
                continue
            if self._has_items:
                found = {QUERY_RETRIEVE_LEVEL: level, **matcher.answer(found)}
            yield dict(sorted(found.items())) if outputs and outputs[0][0] < QUERY_RETRIEVE_LEVEL else found


def instances(level: str, keys: Attributes) -> sql.Statement:
    """Return the statement for the files of the entities that unique keys name."""
    conditions = []
    for name in LEVELS[: LEVELS.index(level) + 1]:
        key = keys.get(kept.UNIQUE[name])
        if key is not None and not is_universal(key):
            values = _alternatives(key)
            conditions.append(sql.one_of(sql.attribute(name, kept.UNIQUE[name]), values))
        elif name == level:
            raise WrongKeys(f"a retrieval at level {level} needs {COLUMNS[name][0].keyword}")
    return sql.select_instances(conditions)


# -- rows to values -----------------------------------------------------------------------------------

_Read = Callable[[Any], tuple[Any, ...]]


def _reader(place: _Place) -> _Read:
    if place.tag in _SETS:
        return _set
    if place.column is None:
        return _computed
    if place.vr == "SQ":
        return _items
    return _split if place.vr in STRINGS and place.vr not in UNSPLIT else _whole


def _whole(value: Any) -> tuple[Any, ...]:
    return (value,)


def _split(value: str) -> tuple[str, ...]:
    return tuple(value.split("\\")) if "\\" in value else (value,)


def _computed(value: object) -> tuple[str, ...]:
    return (str(value),)


def _set(joined: str) -> tuple[str, ...]:
    return tuple(sorted({value for value in joined.split("\\") if value}))


def _items(text: str) -> tuple[Attributes, ...]:
    return tuple(map(from_model, json.loads(text)))


# -- keys to conditions -------------------------------------------------------------------------------


def _alternatives(key: Attribute) -> list[str]:
    return [value for value in (stripped(value, key.vr) for value in key.values) if value]


def _condition(place: _Place, key: Attribute, *, fuzzy: bool) -> sql.Condition | None:
    """Return what a key says to the tables, None if that is nothing."""
    if is_universal(key) or key.vr not in STRINGS or place.tag in NEVER_MATCHED:
        return None
    values = _alternatives(key)
    if EMPTY in values or "*" in values:
        return None
    if place.tag == kept.MODALITIES_IN_STUDY:
        return None if any(map(is_wild, values)) else sql.with_modality(values)
    if place.column is None or not place.column.single:
        return None
    expression = sql.attribute(place.level, place.tag)
    if place.vr == "DA":
        return _dates(expression, values)
    if place.vr == "PN":
        return _names(values) if place.tag == _PATIENT_NAME and not fuzzy else None
    if place.vr == "UI":
        return sql.one_of(expression, values)
    return _texts(expression, values) if place.vr in WILD and place.vr not in UNSPLIT else None


def _texts(expression: str, values: list[str]) -> sql.Condition | None:
    exact = [value for value in values if not is_wild(value)]
    parts = [_wild(expression, value) for value in values if is_wild(value)]
    found = [part for part in parts if part is not None]
    if len(found) < len(parts) or len(parts) > _MOST_PARTS:
        return None
    return sql.either([*found, sql.one_of(expression, exact)] if exact else found)


def _wild(expression: str, pattern: str) -> sql.Condition | None:
    """Return what a pattern wants at least: its beginning, or else its longest piece."""
    pieces = pattern.replace("?", "*").split("*")
    if pieces[0]:
        return sql.begins_with(expression, pieces[0])
    longest = max(pieces, key=len)
    return sql.contains(expression, longest) if longest else None


def _dates(expression: str, values: list[str]) -> sql.Condition | None:
    spans = [moments.date_span(value) for value in values[: _MOST_PARTS + 1]]
    found = [sql.between(expression, *span) for span in spans if span is not None]
    return sql.either(found) if len(found) == len(spans) <= _MOST_PARTS else None


def _names(values: list[str]) -> sql.Condition | None:
    """Return the condition on the name of a patient: on any of its groups, or on the one that a key names."""
    parts: list[sql.Condition | None] = []
    for value in values:
        groups = value.split("=")
        places: Sequence[int] = range(persons.GROUPS)
        if len(groups) > 1:
            places = [at for at, text in enumerate(groups[: persons.GROUPS]) if text.strip("^ *")][:1]
            value = groups[places[0]] if places else ""
        # A name need not have the empty components that a pattern has at its end.
        wanted = persons.normalised(value).replace("^", "*") if is_wild(value) else persons.group(value)
        if not wanted or not places:
            return None
        columns = map(sql.name_key, places)
        parts += [_wild(name, wanted) if is_wild(value) else sql.one_of(name, [wanted]) for name in columns]
    found = [part for part in parts if part is not None]
    return sql.either(found) if len(found) == len(parts) <= _MOST_PARTS else None
