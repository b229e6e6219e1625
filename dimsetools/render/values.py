"""How one value of a record reads as text, the same in every format that has no types of its own."""

from __future__ import annotations

import sys

from dimsetools.escape import visible


def text(value: object) -> str:
    r"""Return `value` as text without control characters: None is empty, a list is joined by `\`."""
    if value is None:
        return ""
    if type(value) is str:  # nearly all of them, and a record of a fast store has ten
        return value if value.isascii() and value.isprintable() else visible(value, sys.maxsize)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple)):
        return "\\".join(map(text, value))
    return visible(str(value), sys.maxsize)
