"""A line for people: spans of text, some of them coloured.

Colour is carried beside the text, never inside it, so that every span can be made safe to show and
the only escape sequences that reach a terminal are ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from dimsetools.escape import visible

_SGR = {"good": "32", "warn": "33", "bad": "1;31", "dim": "2", "strong": "1"}


class Span(NamedTuple):
    """Text in a style: good, warn, bad, dim or strong."""

    text: str
    style: str


Line = str | Sequence[str | Span]


def good(text: str) -> Span:
    """Return `text` as something that went well."""
    return Span(text, "good")


def warn(text: str) -> Span:
    """Return `text` as something to look at."""
    return Span(text, "warn")


def bad(text: str) -> Span:
    """Return `text` as something that failed."""
    return Span(text, "bad")


def dim(text: str) -> Span:
    """Return `text` as something that matters less."""
    return Span(text, "dim")


def rendered(line: Line, color: bool) -> str:
    """Return the line as one printable string without its line feed; trailing blanks go."""
    if isinstance(line, str):
        return visible(line).rstrip()
    parts = []
    for span in line:
        if isinstance(span, str):
            parts.append(visible(span))
        elif color and span.text:
            parts.append(f"\x1b[{_SGR[span.style]}m{visible(span.text)}\x1b[0m")
        else:
            parts.append(visible(span.text))
    return "".join(parts).rstrip()
