"""One data set for people: a line for each attribute with its value, items indented behind a dash."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from dimsetools.render.columns import name_of
from dimsetools.render.grid import cell, columns_of, cut_to

if TYPE_CHECKING:
    from dimsetools.dataset.attributes import Attributes

_STEP = "  "
_LEAST = 16
"""Columns that a value always has, however narrow the terminal."""


def listing(attributes: Attributes, *, width: int = 0, ascii_only: bool = False) -> Iterator[str]:
    """Return the lines of a data set; in a terminal of `width` columns, what is too long is cut."""
    for line in _lines(attributes, _STEP):
        yield cut_to(line, max(width, len(_STEP) + _LEAST), ascii_only) if width else line


def _lines(attributes: Attributes, indent: str) -> Iterator[str]:
    names = [name_of(tag) for tag in attributes]
    longest = max(map(columns_of, names), default=0)
    for name, attribute in zip(names, attributes.values(), strict=True):
        yield f"{indent}{name:<{longest}}  {cell(attribute)}".rstrip()
        if attribute.vr == "SQ":
            for item in attribute.values:
                yield from _item(item, indent + _STEP)


def _item(item: Attributes, indent: str) -> Iterator[str]:
    """Return the lines of an item, a dash before the first."""
    lines = list(_lines(item, indent + _STEP)) or [indent]
    yield f"{indent}- {lines[0].removeprefix(indent + _STEP)}".rstrip()
    yield from lines[1:]
