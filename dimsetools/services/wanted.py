"""From what somebody has found to what can be retrieved: unique keys and nothing else (PS3.4 C.4.2.1.4.1).

Matches of a query and the lines of a manifest are alike: they name objects by the unique keys of a level and
of those above it, among much else. Instances of one series are asked for together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cache

from dimsetools.dataset.attributes import Attribute, Attributes, texts
from dimsetools.dataset.dictionary import keyword_of
from dimsetools.dataset.flat import from_flat
from dimsetools.dataset.levels import FRAME_KEYS, LEVEL, LEVELS, unique_key
from dimsetools.dataset.models import Model, check_retrieve, level_of_keys, unique_keys
from dimsetools.errors import InputError, UsageError
from dimsetools.services.retrieve import INSTANCE_UID, Wanted

_TOGETHER = 500
"""Instances in a request: in explicit VR a list of UIDs has 64 KB."""


def wanted_of(found: Attributes, model: Model, level: str) -> Wanted:
    """Return the retrieve of what was `found`; UsageError if a unique key is missing or wrong."""
    identifier = unique_keys(model, level, found)
    check_retrieve(model, level, identifier)
    if level:
        identifier[LEVEL] = Attribute("CS", (level,))
    return Wanted(level, dict(sorted(identifier.items())))


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
        if one.level in ("IMAGE", ""):
            held = one
        else:
            yield one
    if held is not None:
        yield held


def _joined(first: Wanted, second: Wanted) -> Wanted | None:
    """Return one retrieve for both, None if they are not instances of one series, or too many."""
    if second.level != first.level or first.key[:-1] != second.key[:-1]:
        return None
    instances = texts(first.identifier, INSTANCE_UID) + texts(second.identifier, INSTANCE_UID)
    if len(instances) > _TOGETHER:
        return None
    return first._replace(identifier={**first.identifier, INSTANCE_UID: Attribute("UI", instances)})


def read_manifest(
    lines: Iterable[bytes],
    name: str,
    model: Model,
    level: str | None,
    bad: Callable[[InputError], None],
) -> Iterator[Wanted]:
    """Return the retrieve of each line: a JSON object with keywords, as `find --json` prints them.

    At `level`, by default at that of the record. Blank lines, and records of events such as a summary, are
    passed over. `bad` hears of each line that is not understood; the others go on.
    """
    for number, line in enumerate(lines, 1):
        try:
            wanted = _read(line, model, level)
        except (ValueError, UsageError, InputError) as error:
            known = isinstance(error, (UsageError, InputError))
            reason = error.message if known else f"is no JSON: {error}"  # type: ignore[union-attr]
            bad(
                InputError(
                    f"{name} line {number}: {reason}",
                    hint="a line is an object as dimse find --json prints it",
                )
            )
            continue
        if wanted is not None:
            yield wanted


def _read(line: bytes, model: Model, level: str | None) -> Wanted | None:
    import json  # 4 ms, for manifests alone

    if not line.strip():
        return None
    record = json.loads(line)
    if not isinstance(record, dict):
        raise InputError("is no JSON object")
    if record.get("_event", "match") != "match":
        return None
    names = _names()
    found = from_flat({name: value for name, value in record.items() if name in names})
    return wanted_of(found, model, level or level_of_keys(found, model))


@cache
def _names() -> frozenset[str]:
    """Return how the attributes are called in a record that say what to retrieve."""
    tags = {LEVEL, *FRAME_KEYS, *map(unique_key, LEVELS)}
    return frozenset(name for tag in tags for name in (keyword_of(tag), f"{tag:08X}", f"{tag:08x}"))
