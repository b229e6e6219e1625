"""The native DICOM model of PS3.19 annex A: a data set as XML."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator
from typing import TYPE_CHECKING

from dimsetools.dataset.attributes import BINARY
from dimsetools.dataset.dictionary import is_creator, keyword_of
from dimsetools.escape import UNSAFE, visible

if TYPE_CHECKING:
    from dimsetools.dataset.attributes import Attributes

_GROUPS = ("Alphabetic", "Ideographic", "Phonetic")
_COMPONENTS = ("FamilyName", "GivenName", "MiddleName", "NamePrefix", "NameSuffix")
_MARKUP = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_ALLOWED = re.compile("[\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""The characters that XML 1.0 can hold."""


def content(text: str) -> str:
    """Return `text` as the content of an element.

    What a terminal would act on becomes a character reference, which is the same to a program; the
    characters that XML has no way to write are spelled out.
    """
    marked = text.translate(_MARKUP)
    return marked if marked.isascii() and marked.isprintable() else _UNFIT.sub(_referred, marked)


_UNFIT = re.compile(f"{UNSAFE.pattern}|[\ufffe\uffff]")


def _referred(match: re.Match[str]) -> str:
    character = match.group()
    if _ALLOWED.fullmatch(character):
        return f"&#x{ord(character):x};"
    return visible(character) if UNSAFE.fullmatch(character) else "\ufffd"


def model(attributes: Attributes, indent: str = "") -> Iterator[str]:
    """Return the lines of a `NativeDicomModel`."""
    yield f'{indent}<NativeDicomModel xml:space="preserve">'
    yield from _elements(attributes, indent + "  ")
    yield f"{indent}</NativeDicomModel>"


def _elements(attributes: Attributes, indent: str) -> Iterator[str]:
    for tag, (vr, values) in attributes.items():
        keyword = keyword_of(tag)
        named = f' keyword="{keyword}"' if keyword else ""
        number, owner = f"{tag:08X}", _creator(attributes, tag)
        if owner:  # the block that it lies in is that of this data set alone (PS3.19 A.1.6)
            number = f"{tag & 0xFFFF00FF:08X}"
            named = ' privateCreator="{}"'.format(content(owner).replace('"', "&quot;"))
        head = f'{indent}<DicomAttribute tag="{number}" vr="{vr}"{named}'
        if not values:
            yield f"{head}/>"
            continue
        yield f"{head}>"
        if vr in BINARY:
            yield f"{indent}  <InlineBinary>{b64encode(values[0]).decode()}</InlineBinary>"
        for place, value in enumerate(values if vr not in BINARY else (), 1):
            yield from _value(vr, value, place, indent + "  ")
        yield f"{indent}</DicomAttribute>"


def _value(vr: str, value: object, place: int, indent: str) -> Iterator[str]:
    if vr == "SQ":
        yield f'{indent}<Item number="{place}">'
        yield from _elements(value, indent + "  ")  # type: ignore[arg-type]  # items of a sequence
        yield f"{indent}</Item>"
    elif vr == "PN":
        yield f'{indent}<PersonName number="{place}">'
        for name, group in zip(_GROUPS, str(value).split("="), strict=False):
            if group:
                parts = [
                    f"<{part}>{content(text)}</{part}>"
                    for part, text in zip(_COMPONENTS, group.split("^"), strict=False)
                    if text
                ]
                yield f"{indent}  <{name}>{''.join(parts)}</{name}>"
        yield f"{indent}</PersonName>"
    else:
        text = f"{value:08X}" if vr == "AT" else content(str(value))
        yield f'{indent}<Value number="{place}">{text}</Value>'


def _creator(attributes: Attributes, tag: int) -> str:
    """Return who owns a private element, "" if that is not known or it is no private element."""
    if not tag & 0x10000 or is_creator(tag) or tag & 0xFFFF < 0x1000:
        return ""
    owner = attributes.get((tag & 0xFFFF0000) | (tag >> 8 & 0xFF))
    return str(owner.values[0]) if owner is not None and owner.values else ""
