"""A data set as plain values: what keys, queries, answers, matching and output have in common.

A value is what a person would type: text is decoded and without padding, numbers are numbers. How it lies
on the wire is the business of `decode` and `encode`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

SPECIFIC_CHARACTER_SET = 0x00080005

STRINGS = frozenset(
    ["AE", "AS", "CS", "DA", "DS", "DT", "IS", "LO", "LT", "PN", "SH", "ST", "TM", "UC", "UI", "UR", "UT"]
)
"""The VRs whose values are text."""
UNSPLIT = frozenset(("LT", "ST", "UR", "UT"))
"""Those of them that have one value, in which a backslash is a character (PS3.5 6.4)."""
LOCALIZED = frozenset(["LO", "LT", "PN", "SH", "ST", "UC", "UT"])
"""Those of them that the Specific Character Set applies to (PS3.5 6.1.2.2)."""
RANGED = frozenset(["DA", "DT", "TM"])
"""Those of them whose keys may be ranges (PS3.4 C.2.2.2.5)."""
NUMBERS = {
    "US": "H", "SS": "h", "UL": "I", "SL": "i", "UV": "Q", "SV": "q", "FL": "f", "FD": "d",
}  # fmt: skip
"""The VRs whose values are binary numbers, each with its code in the module `struct`."""
NUMERIC = frozenset((*NUMBERS, "DS", "IS"))
"""The VRs whose values are numbers, be they written in digits."""
BINARY = frozenset(["OB", "OD", "OF", "OL", "OV", "OW", "UN"])
"""The VRs whose value is kept as bytes."""


class Attribute(NamedTuple):
    """One attribute: its value representation and its values, () where it is empty.

    `values` hold str for STRINGS, int for US SS UL SL UV SV and AT (a tag), float for FL FD, one bytes for
    BINARY, and Attributes, one an item, for SQ.
    """

    vr: str
    values: tuple[Any, ...] = ()


Attributes = dict[int, Attribute]
"""A data set or item: tag -> attribute, in ascending order of tags."""


def text(attributes: Attributes, tag: int) -> str:
    """Return the first value of `tag` as text, "" if it is absent or empty."""
    found = attributes.get(tag)
    return str(found.values[0]) if found is not None and found.values else ""


def texts(attributes: Attributes, tag: int) -> tuple[str, ...]:
    """Return the values of `tag` as text."""
    found = attributes.get(tag)
    return tuple(map(str, found.values)) if found is not None else ()


def sorted_attributes(attributes: Attributes) -> Attributes:
    """Return a data set in the order in which it is sent, items included."""
    return {
        tag: attribute._replace(values=tuple(map(sorted_attributes, attribute.values)))
        if attribute.vr == "SQ"
        else attribute
        for tag, attribute in sorted(attributes.items())
    }
