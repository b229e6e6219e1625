"""Private attributes: the blocks that creators hold in a group (PS3.5 7.8), and the VRs known of them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from dimsetools.dataset.attributes import Attribute, Attributes, text
from dimsetools.dataset.dictionary import is_creator, vr_of
from dimsetools.errors import UsageError
from dimsetools.uids import load_table


def private_tag(attributes: Attributes, group: int, creator: str, element: int) -> int:
    """Return the tag of `element` (00 to FF) in the creator's block of `group`.

    Where the creator holds none, the first free block is reserved, which adds an element to `attributes`.
    """
    base = group << 16
    for block in range(0x10, 0x100):
        if text(attributes, base | block) == creator:
            return base | block << 8 | element
    used = {tag >> 8 & 0xFF for tag in attributes if tag >> 16 == group}
    for block in range(0x10, 0x100):
        if base | block not in attributes and block not in used:
            attributes[base | block] = Attribute("LO", (creator,))
            return base | block << 8 | element
    raise UsageError(f"group {group:04X} has no free block for {creator!r}")


def vr_in(attributes: Attributes, tag: int) -> str:
    """Return the VR of `tag` in a data set, by the dictionary, its private creator or what it has there."""
    vr = vr_of(tag)
    if vr != "UN":
        return vr
    if tag & 0x10000 and not is_creator(tag):
        creator = text(attributes, tag & 0xFFFF0000 | (tag >> 8 & 0xFF))
        vr = _known(creator, tag >> 16, tag & 0xFF) if creator else vr
    if vr == "UN" and tag in attributes:
        return attributes[tag].vr
    return vr


def _known(creator: str, group: int, element: int) -> str:
    """Return the VR that is published for a private element, "UN" if none is."""
    elements = _creators().get(creator, {})
    row = elements.get(f"{group:04x}xx{element:02x}") or elements.get(f"{group:04X}xx{element:02X}")
    vr = row[0] if row else "UN"
    return "OW" if vr == "OB or OW" else vr[:2]


@cache
def _creators() -> Mapping[str, Mapping[str, tuple[str, str, str, str]]]:
    table: Mapping[str, Mapping[str, tuple[str, str, str, str]]]
    table = load_table("_private_dict").private_dictionaries
    return table
