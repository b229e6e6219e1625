"""From any keys to what can be retrieved: which searches lead there, level by level. Pure but for those.

A retrieve takes unique keys alone (PS3.4 C.4.2.1.4.1), and a query without relational matching the keys of
one level and the unique keys of those above (C.4.1.2.1). So keys of several levels are searched with one
after the other: studies first, then the series of each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from dimsetools.dataset.attributes import Attribute, Attributes, sorted_attributes
from dimsetools.dataset.dictionary import vr_of
from dimsetools.dataset.levels import LEVEL, key_origin, unique_key
from dimsetools.dataset.models import Model, check_find, check_retrieve, has_only_unique_keys, unique_keys
from dimsetools.errors import InputError, UsageError
from dimsetools.services.retrieve import Wanted
from dimsetools.services.wanted import wanted_of

Search = Callable[[str, Attributes], list[Attributes]]
"""Runs a query at a level; its matches."""
Bad = Callable[[InputError], None]
"""Hears of what names nothing to retrieve."""


class Step(NamedTuple):
    """A search on the way down to what is wanted; without `search`, `keys` are what is known of `level`."""

    level: str
    keys: Attributes
    search: bool = True


class Plan(NamedTuple):
    """How to get from keys to what can be retrieved at `level`; without `steps` it is `valued` as it is."""

    level: str
    valued: Attributes
    steps: tuple[Step, ...] = ()


def plan(model: Model, level: str, keys: Attributes, *, relational: bool = False, check: bool = True) -> Plan:
    """Return how to find what the keys name; UsageError if that cannot be found.

    With `relational`, or without `check`, the keys go out together, whatever level they belong to.
    """
    valued = {tag: value for tag, value in keys.items() if value.values not in ((), ("",))}
    if has_only_unique_keys(model, level, valued):
        return Plan(level, valued)
    free = relational or not check
    key = unique_key(level)
    if free and key in valued and _plain({key: valued[key]}):
        return Plan(level, valued)
    if not model.find or (model.levels and level not in model.levels):
        check_retrieve(model, level, valued)
    if check and not valued.keys() - {LEVEL}:
        raise UsageError(
            "no key has a value: the whole archive would be retrieved",
            hint="say what is wanted, or use --no-check if that is it",
        )
    if free:
        return Plan(level, valued, (Step(level, valued),))
    steps = _steps(model, level, valued) if level else (Step(level, valued),)
    above: Attributes = {}
    for step in steps:
        if step.search:
            check_find(model, step.level, search_keys(model, step.level, above | step.keys))
        above |= {unique_key(step.level): Attribute("UI", ("1",))}
    return Plan(level, valued, steps)


def _steps(model: Model, level: str, valued: Attributes) -> tuple[Step, ...]:
    """Share out the keys among the levels that they belong to."""
    levels = model.levels[: model.levels.index(level) + 1]
    keys: dict[str, Attributes] = {name: {} for name in levels}
    for tag, attribute in valued.items():
        if tag == LEVEL:
            continue
        origin = key_origin(tag)
        if origin == "PATIENT" and origin not in model.levels:
            origin = model.levels[0]
        keys[origin if origin in keys else level][tag] = attribute
    if not keys[levels[0]]:  # nothing to begin with: to go through the whole archive is not what is meant
        return (Step(level, {tag: value for tag, value in valued.items() if tag != LEVEL}),)
    return tuple(
        Step(name, keys[name], search=not (set(keys[name]) == {unique_key(name)} and _plain(keys[name])))
        for name in levels
    )


def _plain(keys: Attributes) -> bool:
    """Tell whether all keys have values without wildcards."""
    values = ["".join(map(str, attribute.values)) for attribute in keys.values()]
    return all(value and not set("*?") & set(value) for value in values)


def search_keys(model: Model, level: str, keys: Attributes) -> Attributes:
    """Return the keys of a search: those given, and the unique keys to be returned."""
    above = model.levels[: model.levels.index(level) + 1] if level else ("",)
    returned = {unique_key(name): Attribute(vr_of(unique_key(name))) for name in above}
    said = {LEVEL: Attribute("CS", (level,))} if level else {}
    return sorted_attributes({**returned, **keys, **said})


def found(model: Model, planned: Plan, search: Search, bad: Bad) -> Iterator[Wanted]:
    """Return what is to be retrieved, searching as planned; `bad` hears of matches without unique keys."""
    if not planned.steps:
        yield Wanted(planned.level, planned.valued)
        return
    for match in _descend(model, planned.steps, {}, search):
        try:
            yield wanted_of(match, model, planned.level)
        except UsageError as error:
            bad(InputError(f"a match cannot be retrieved: {error.message}", hint=error.hint))


def _descend(model: Model, steps: Sequence[Step], above: Attributes, search: Search) -> Iterator[Attributes]:
    """Return the unique keys of each match of the last of `steps`, searching below those of the others."""
    step, *rest = steps
    keys = sorted_attributes(above | step.keys)
    matches = search(step.level, search_keys(model, step.level, keys)) if step.search else [keys]
    for match in matches:
        known = sorted_attributes(above | unique_keys(model, step.level, match))
        if rest:
            yield from _descend(model, rest, known, search)
        else:
            yield known
