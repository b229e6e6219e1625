"""Did everything come? What was retrieved is held against the peer's own list of instances.

A retrieve that ends with success says that the peer is content; that nothing is missing is known only
after asking, series by series, which instances there are (PS3.4 C.4.1).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

from dimsetools.dataset.attributes import Attribute, Attributes, text
from dimsetools.errors import DimseError
from dimsetools.services.classes import Ask
from dimsetools.services.retrieve import INSTANCE_UID, LEVEL, PATIENT_ID, SERIES_UID, STUDY_UID, Wanted


class Verified(NamedTuple):
    """What of a retrieve the peer has and we have not; `error` if the peer could not be asked.

    `missing_count` is larger than the length of `missing` where only the number of what came is known.
    """

    wanted: Wanted
    expected: int
    missing: tuple[str, ...]
    missing_count: int
    error: DimseError | None = None


def verify(wanted: Wanted, query: Ask, landed: Collection[str]) -> Verified:
    """Compare the instances that the peer names for `wanted` with those that have `landed`."""
    try:
        names = dict.fromkeys(instances(wanted, query))
    except DimseError as error:
        return Verified(wanted, 0, (), 0, error)
    missing = tuple(uid for uid in names if uid not in landed)
    return Verified(wanted, len(names), missing, len(missing))


def verify_count(wanted: Wanted, query: Ask, stored: int) -> Verified:
    """Compare numbers alone, for objects that went somewhere else."""
    try:
        expected = len(dict.fromkeys(instances(wanted, query)))
    except DimseError as error:
        return Verified(wanted, 0, (), 0, error)
    return Verified(wanted, expected, (), max(expected - stored, 0))


def instances(wanted: Wanted, query: Ask) -> Iterator[str]:
    """Return the instances that the peer has of `wanted`, asking level by level."""
    keys = {tag: attribute for tag, attribute in wanted.identifier.items() if tag != LEVEL}
    if wanted.level == "IMAGE":
        yield from _named(query("IMAGE", _with(keys, INSTANCE_UID)), INSTANCE_UID)
        return
    for study in _below(keys, STUDY_UID, "STUDY", query):
        for series in _below(study, SERIES_UID, "SERIES", query):
            yield from _named(query("IMAGE", _with(series, INSTANCE_UID)), INSTANCE_UID)


def _below(keys: Attributes, unique: int, level: str, query: Ask) -> Iterator[Attributes]:
    """Return the keys of each entity of a level: those given, or those that the peer names."""
    if unique in keys:
        yield keys
        return
    for uid in dict.fromkeys(_named(query(level, _with(keys, unique)), unique)):
        yield _with(keys, unique, uid)


def _with(keys: Attributes, tag: int, value: str = "") -> Attributes:
    given = keys.get(tag)
    if given is None or value:
        given = Attribute("LO" if tag == PATIENT_ID else "UI", (value,) if value else ())
    return dict(sorted({**keys, tag: given}.items()))


def _named(matches: Iterable[Attributes], tag: int) -> Iterator[str]:
    for match in matches:
        uid = text(match, tag)
        if uid:
            yield uid
