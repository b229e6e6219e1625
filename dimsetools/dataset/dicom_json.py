"""A data set in the DICOM JSON Model (PS3.18 annex F): attributes by tag, each with its VR and values."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from typing import Any

from dimsetools.dataset.attributes import BINARY, STRINGS, Attribute, Attributes, sorted_attributes
from dimsetools.dataset.flat import decimal, from_json, integer
from dimsetools.errors import UsageError

_GROUPS = ("Alphabetic", "Ideographic", "Phonetic")


def to_model(attributes: Attributes) -> dict[str, object]:
    """Return the JSON object of a data set."""
    return {f"{tag:08X}": _member(vr, values) for tag, (vr, values) in attributes.items()}


def from_model(model: Mapping[str, object]) -> Attributes:
    """Return the data set of a JSON object; UsageError names the attribute that is not understood.

    Bulk data that is only referenced cannot be had here and is an error, too.
    """
    attributes: Attributes = {}
    for name, member in model.items():
        try:
            attributes[int(name, 16)] = _attribute(member)
        except (AttributeError, KeyError, TypeError, ValueError):
            raise UsageError(f"{name!r} is no attribute of the DICOM JSON model") from None
    return sorted_attributes(attributes)


def _member(vr: str, values: tuple[Any, ...]) -> dict[str, object]:
    if not values:
        return {"vr": vr}
    if vr in BINARY:
        return {"vr": vr, "InlineBinary": b64encode(values[0]).decode("ascii")}
    convert = _CONVERTERS.get(vr)
    # An empty value between others is null (PS3.18 F.2.5).
    return {
        "vr": vr,
        "Value": [None if value == "" else value if convert is None else convert(value) for value in values],
    }


def _person_name(value: str) -> dict[str, str]:
    return {name: group for name, group in zip(_GROUPS, value.split("="), strict=False) if group}


_CONVERTERS: dict[str, Callable[[Any], object]] = {
    "IS": integer,
    "DS": decimal,
    "AT": lambda tag: f"{tag:08X}",
    "PN": _person_name,
    "SQ": to_model,
}


def _attribute(member: object) -> Attribute:
    if not isinstance(member, Mapping):
        raise TypeError
    vr = str(member["vr"])
    if "InlineBinary" in member:
        return Attribute(vr, (b64decode(member["InlineBinary"], validate=True),))
    if "BulkDataURI" in member:
        raise ValueError
    values = member.get("Value", [])
    if not isinstance(values, list) or (vr in BINARY and values):
        raise TypeError
    if vr == "SQ":
        return Attribute(vr, tuple(from_model(item or {}) for item in values))
    if vr not in STRINGS and any(value is None for value in values):
        raise TypeError
    return Attribute(vr, tuple(from_json(value, vr) for value in values))
