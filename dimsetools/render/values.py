"""How one value reads as text, the same in every format that has no types of its own."""

from __future__ import annotations

import sys
from base64 import b64encode
from typing import TYPE_CHECKING

from dimsetools.escape import visible

if TYPE_CHECKING:
    from dimsetools.dataset.attributes import Attribute


def text(value: object) -> str:
    r"""Return `value` as text without control characters: None is empty, a list is joined by `\`."""
    if value is None:
        return ""
    if type(value) is str:  # nearly all of them, and a record of a fast store has ten
        return value if value.isascii() and value.isprintable() else visible(value, sys.maxsize)
    if type(value) is int or type(value) is float:
        return str(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple)):
        return "\\".join(map(text, value))
    return visible(str(value), sys.maxsize)


def attribute(attribute: Attribute | None) -> str:
    """Return all values of an attribute as text: bytes in base64, items as JSON."""
    if attribute is None or not attribute.values:
        return ""
    vr, values = attribute
    if len(values) == 1 and type(values[0]) is str:
        return text(values[0])
    if vr == "SQ":
        from dimsetools.dataset.flat import flat
        from dimsetools.render.json import encoder

        return encoder()([flat(item) for item in values])
    if vr == "AT":
        return "\\".join(f"{tag:08X}" for tag in values)
    return "\\".join(b64encode(value).decode() if type(value) is bytes else text(value) for value in values)
