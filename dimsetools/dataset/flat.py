"""A data set as a record of keywords, for JSON that people and scripts read and write.

An attribute of multiplicity 1 is a scalar, any other one always a list, an empty one None, a sequence a
list of records; unknown and private attributes go by their tag and are lists. Binary values are
`{"InlineBinary": base64}`. Names that begin with an underscore are not attributes.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from functools import cache
from math import isfinite
from typing import Any

from dimsetools.dataset.attributes import BINARY, STRINGS, Attribute, Attributes, sorted_attributes
from dimsetools.dataset.dictionary import entry, keywords, tag_of, vr_of
from dimsetools.errors import UsageError, did_you_mean


def flat(attributes: Attributes) -> dict[str, object]:
    """Return the record of a data set."""
    record: dict[str, object] = {}
    for tag, (vr, values) in attributes.items():
        name, scalar = _naming(tag)
        if not values:
            record[name] = [] if vr == "SQ" else None
            continue
        convert = _CONVERTERS.get(vr)
        if scalar and len(values) == 1:
            record[name] = values[0] if convert is None else convert(values[0])
        elif vr in BINARY:
            record[name] = _binary(values[0])
        else:
            record[name] = list(values) if convert is None else [convert(value) for value in values]
    return record


@cache
def _naming(tag: int) -> tuple[str, bool]:
    """Return the name of an attribute in a record, and whether it is a scalar."""
    found = entry(tag)
    if found is None or not found.keyword:
        return f"{tag:08X}", False
    return found.keyword, found.vm == "1" and found.vr != "SQ"


def integer(text: str) -> int | str:
    """Return an IS as a number, or as it is if it is none."""
    try:
        return int(text)
    except ValueError:
        return text


def decimal(text: str) -> float | int | str:
    """Return a DS as a number, or as it is if it is none."""
    try:
        number = float(text)
    except ValueError:
        return text
    if not isfinite(number):
        return text
    return int(number) if number.is_integer() and "e" not in text.lower() else number


def _finite(number: float) -> float | str:
    return number if isfinite(number) else str(number)


def _binary(value: bytes) -> dict[str, str]:
    return {"InlineBinary": b64encode(value).decode("ascii")}


_CONVERTERS: dict[str, Callable[[Any], object]] = {
    "IS": integer,
    "DS": decimal,
    "FL": _finite,
    "FD": _finite,
    "AT": lambda tag: f"{tag:08X}",
    "SQ": flat,
    **dict.fromkeys(BINARY, _binary),
}


# -- and back ---------------------------------------------------------------------------------------


def from_flat(record: Mapping[str, object]) -> Attributes:
    """Return the data set of a record; UsageError names what is not understood."""
    attributes: Attributes = {}
    for name, value in record.items():
        if name.startswith("_"):
            continue
        tag = _tag(name)
        values = [] if value is None else list(value) if isinstance(value, list) else [value]
        vr = vr_of(tag)
        if vr == "UN" and not (values and isinstance(values[0], Mapping) and "InlineBinary" in values[0]):
            vr = "SQ" if values and isinstance(values[0], Mapping) else "LO"
        try:
            attributes[tag] = Attribute(vr, tuple(from_json(item, vr) for item in values))
        except (KeyError, TypeError, ValueError):
            raise UsageError(f"{name} ({vr}) cannot have the value that it has") from None
    return sorted_attributes(attributes)


def _tag(name: str) -> int:
    tag = tag_of(name)
    if tag is not None:
        return tag
    try:
        if len(name) == 8:
            return int(name, 16)
    except ValueError:
        pass
    raise UsageError(f"{name!r} is no DICOM keyword", hint=did_you_mean(name, keywords()))


def from_json(value: object, vr: str) -> object:
    """Return one JSON value as a value of `vr`; TypeError or ValueError if it cannot be one."""
    if vr == "SQ":
        if not isinstance(value, Mapping):
            raise TypeError
        return from_flat(value)
    if vr in BINARY:
        if not isinstance(value, Mapping):
            raise TypeError
        return b64decode(value["InlineBinary"], validate=True)
    if vr == "PN" and isinstance(value, Mapping):
        return person_name(value)
    if isinstance(value, (Mapping, list, bool)):
        raise TypeError
    if vr in STRINGS:
        return "" if value is None else str(value)
    if vr == "AT":
        return int(str(value), 16)
    if vr in ("FL", "FD"):
        return float(str(value))
    return int(str(value))


def person_name(groups: Mapping[str, object]) -> str:
    """Return a person name from its component groups (PS3.5 6.2.1.1)."""
    parts = [str(groups.get(name) or "") for name in ("Alphabetic", "Ideographic", "Phonetic")]
    return "=".join(parts).rstrip("=")
