"""How a key is written, `[Sequence[n].]*Attribute[=value]`: taken apart, nothing looked at but the text."""

from __future__ import annotations

import re
from typing import NamedTuple

from dimsetools.dataset.dictionary import keywords, tag_of
from dimsetools.dataset.walk import MAX_DEPTH
from dimsetools.errors import UsageError

MOST_ITEMS = 1000

_FORMS = (
    re.compile(r'\(\s*([0-9A-Fa-f]{4})\s*,\s*"([^"\\]{1,64})"\s*,\s*([0-9A-Fa-f]{2})\s*\)', re.ASCII),
    re.compile(r"\(\s*([0-9A-Fa-f]{4})\s*,\s*([0-9A-Fa-f]{4})\s*\)", re.ASCII),
    re.compile(r"([0-9A-Fa-f]{4}),([0-9A-Fa-f]{4})(?![0-9A-Za-z])", re.ASCII),
    re.compile(r"([0-9A-Fa-f]{4})([0-9A-Fa-f]{4})(?![0-9A-Za-z])", re.ASCII),
)
_KEYWORD = re.compile(r"[A-Za-z][A-Za-z0-9]*", re.ASCII)
_ITEM = re.compile(r"\[([0-9]{1,5})\]", re.ASCII)
_HINT = 'write a keyword, (gggg,eeee), ggggeeee or (gggg,"CREATOR",ee), as StudyDate or (0008,0020)'


class Step(NamedTuple):
    """One attribute of a path: `item` is the number in brackets, if any.

    Where there is a private `creator`, the tag says group and last byte only: the block is still to be found.
    """

    tag: int
    creator: str = ""
    item: int | None = None


class Key(NamedTuple):
    """A key taken apart: `value` is what is behind the `=`, `file` what is behind the `@`; None without."""

    steps: tuple[Step, ...]
    value: str | None = None
    file: str | None = None


def parse_key(text: str) -> Key:
    """Return the parts of a key; UsageError says what is no attribute."""
    steps: list[Step] = []
    at = 0
    while True:
        step, at = _step(text, at)
        steps.append(step)
        if len(steps) > MAX_DEPTH + 1:
            raise UsageError(f"{text!r:.80} goes deeper than {MAX_DEPTH} sequences")
        mark, rest = text[at : at + 1], text[at + 1 :]
        if not mark:
            return Key(tuple(steps))
        if mark == "=":
            return Key(tuple(steps), value=rest)
        if mark == "@":
            return Key(tuple(steps), file=rest)
        if mark != ".":
            raise UsageError(
                f"{text!r:.80}: {mark!r} cannot follow an attribute", hint="write Attribute=value"
            )
        at += 1


def parse_tag(text: str) -> int:
    """Return the tag that `text` names by keyword or number; UsageError if it names none."""
    (tag, creator, _), end = _step(text, 0)
    if end != len(text) or creator:
        raise UsageError(f"{text!r:.80} is no tag", hint=_HINT)
    return tag


def _step(text: str, at: int) -> tuple[Step, int]:
    """Return the attribute that begins at `at`, and where it ends."""
    tag, creator, at = _attribute(text, at)
    bracket = _ITEM.match(text, at)
    if bracket is None:
        return Step(tag, creator), at
    item = int(bracket[1])
    if item >= MOST_ITEMS:
        raise UsageError(f"{text!r:.80}: there is no item {item}", hint="the first item is [0]")
    return Step(tag, creator, item), bracket.end()


def _attribute(text: str, at: int) -> tuple[int, str, int]:
    for form in _FORMS:
        match = form.match(text, at)
        if match is None:
            continue
        group = int(match[1], 16)
        if match.lastindex == 3:
            if not group & 1 or group < 9 or group == 0xFFFF:
                raise UsageError(f"{text!r:.80}: group {group:04X} cannot be private", hint="it must be odd")
            return group << 16 | int(match[3], 16), match[2].strip(), match.end()
        return group << 16 | int(match[2], 16), "", match.end()
    match = _KEYWORD.match(text, at)
    if match is None:
        raise UsageError(f"{text!r:.80}: no attribute at {text[at : at + 20]!r}", hint=_HINT)
    tag = tag_of(match[0])
    if tag is None:
        raise UsageError(f"{match[0]!r:.80} is no DICOM keyword", hint=_meant(match[0]) or _HINT)
    return tag, "", match.end()


def _meant(word: str) -> str:
    """Return a hint that names the keywords close to `word`, whatever its case."""
    from difflib import get_close_matches  # rarely needed, and 7 ms

    known = {keyword.lower(): keyword for keyword in keywords()}
    close = get_close_matches(word[:64].lower(), known)
    return f"did you mean {' or '.join(known[name] for name in close)}?" if close else ""
