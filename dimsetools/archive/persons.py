"""Person names as they are compared (PS3.5 6.2.1, PS3.4 C.2.2.2.1): whatever their case and width.

A name has up to three component groups (alphabetic, ideographic, phonetic) of up to five components. Pure.
"""

from __future__ import annotations

import re
from unicodedata import category, normalize

GROUPS = 3

_BETWEEN_WORDS = re.compile(r"[\s^=,.\-_/]+")
_SILENT = str.maketrans("", "", "'`\u2018\u2019\u02bc")
# Letters that Unicode does not take apart into a plain one and a mark.
_PLAIN = str.maketrans(
    {"ø": "o", "đ": "d", "ð": "d", "ł": "l", "ħ": "h", "\u0131": "i", "æ": "ae", "œ": "oe"}
)


def normalised(text: str) -> str:
    """Return text in the form in which names are compared: one case, one width, one composition."""
    if text.isascii():
        return text.lower()
    return normalize("NFKC", normalize("NFKC", text).casefold())


def group(text: str) -> str:
    """Return one component group as it is compared: empty components at its end do not count."""
    return normalised(text).rstrip("^ ").lstrip(" ")


def groups(name: str) -> tuple[str, ...]:
    """Return the component groups of a name as they are compared, three of them."""
    parts = [group(part) for part in name.split("=")[:GROUPS]]
    return (*parts, *("",) * (GROUPS - len(parts)))


def loose(text: str) -> str:
    """Return text without case and accents, for fuzzy matching."""
    text = text.translate(_SILENT)
    if text.isascii():
        return text.lower()
    apart = normalize("NFKD", normalize("NFKC", text).casefold())
    return normalize("NFC", "".join(letter for letter in apart if category(letter) != "Mn")).translate(_PLAIN)


def words(name: str) -> list[str]:
    """Return the words of a name, whatever component or group they are in, for fuzzy matching."""
    return [word for word in _BETWEEN_WORDS.split(loose(name)) if word]
