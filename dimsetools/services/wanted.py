"""From what somebody has found to what can be retrieved: unique keys and nothing else (PS3.4 C.4.2.1.4.1).

Matches of a query and the lines of a manifest are alike: they name objects by the unique keys of a level and
of those above it, among much else. Instances of one series are asked for together.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence

from dimsetools.dataset.attributes import Attribute, Attributes, text, texts
from dimsetools.dataset.dictionary import keyword_of
from dimsetools.dataset.flat import from_flat
from dimsetools.errors import InputError, UsageError
from dimsetools.services.retrieve import INSTANCE_UID, LEVEL, PATIENT_ID, SERIES_UID, STUDY_UID, Wanted

LEVELS = ("PATIENT", "STUDY", "SERIES", "IMAGE")
UNIQUE = {"PATIENT": PATIENT_ID, "STUDY": STUDY_UID, "SERIES": SERIES_UID, "IMAGE": INSTANCE_UID}
_TOGETHER = 500
"""Instances in a request: in explicit VR a list of UIDs has 64 KB."""


def unique_keys(level: str, levels: Sequence[str]) -> tuple[int, ...]:
    """Return the unique keys that a retrieve at `level` needs, in a model that has `levels`."""
    return tuple(UNIQUE[name] for name in levels[: levels.index(level) + 1])


def wanted_of(found: Attributes, level: str, levels: Sequence[str]) -> Wanted:
    """Return the retrieve of what was `found`; InputError if it lacks a unique key."""
    identifier = {}
    for tag in unique_keys(level, levels):
        values = tuple(filter(None, texts(found, tag)))
        if not values:
            raise InputError(f"has no {keyword_of(tag)}, which a retrieve at {level} level needs")
        identifier[tag] = Attribute("LO" if tag == PATIENT_ID else "UI", values)
    identifier[LEVEL] = Attribute("CS", (level,))
    return Wanted(level, dict(sorted(identifier.items())))


def level_of(found: Attributes, levels: Sequence[str]) -> str:
    """Return the level that a record is about: it says so itself, or has the unique keys of it."""
    said = text(found, LEVEL).strip().upper()
    if said in levels:
        return said
    for level in reversed(levels):
        if any(texts(found, UNIQUE[level])):
            return level
    raise InputError("has none of the unique keys " + ", ".join(keyword_of(UNIQUE[name]) for name in levels))


def each_once(wanted: Iterable[Wanted]) -> Iterator[Wanted]:
    """Leave out what was wanted before; put instances of one series that follow each other together."""
    seen: set[tuple[object, ...]] = set()
    held: Wanted | None = None
    for one in wanted:
        if one.key in seen:
            continue
        seen.add(one.key)
        if held is not None:
            joined = _joined(held, one)
            if joined is not None:
                held = joined
                continue
            yield held
            held = None
        if one.level == "IMAGE":
            held = one
        else:
            yield one
    if held is not None:
        yield held


def _joined(first: Wanted, second: Wanted) -> Wanted | None:
    """Return one retrieve for both, None if they are not instances of one series, or too many."""
    if second.level != "IMAGE" or first.key[:-1] != second.key[:-1]:
        return None
    instances = texts(first.identifier, INSTANCE_UID) + texts(second.identifier, INSTANCE_UID)
    if len(instances) > _TOGETHER:
        return None
    return first._replace(identifier={**first.identifier, INSTANCE_UID: Attribute("UI", instances)})


def read_manifest(
    lines: Iterable[bytes], name: str, levels: Sequence[str], level: str | None = None
) -> Iterator[Wanted]:
    """Return the retrieve of each line: a JSON object with keywords, as `find --json` prints them.

    At `level`, by default at that of the record. Blank lines, and records of events such as a summary, are
    passed over. InputError names the line that is not understood.
    """
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
            if not isinstance(record, dict):
                raise InputError("is no JSON object")
            if "_event" in record:
                continue
            named = {key: record[key] for key in record if key in _NAMES}
            found = from_flat(named)
            yield wanted_of(found, level or level_of(found, levels), levels)
        except (ValueError, UsageError, InputError) as error:
            reason = error.message if isinstance(error, (UsageError, InputError)) else f"is no JSON: {error}"
            raise InputError(
                f"{name} line {number} {reason}", hint="a line is an object as dimse find --json prints it"
            ) from None


_NAMES = frozenset(
    name for tag in (LEVEL, *UNIQUE.values()) for name in (keyword_of(tag), f"{tag:08X}", f"{tag:08x}")
)
