r"""The lines of a shell: words, names for what is kept, and what stands for it in later lines.

    session = ncreate film-session NumberOfCopies=1
    naction film-session {session.AffectedSOPInstanceUID} print   # prints all films

Words are separated by blanks; quotes of either kind hold blanks together. A backslash is what it is in
DICOM, a separator of values; at the end of a line it continues the line. `{{` is a brace.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from dimsetools.dataset.attributes import Attributes
from dimsetools.dataset.dictionary import keyword_of
from dimsetools.dataset.key_paths import Step, parse_key
from dimsetools.errors import DimseError, UsageError, did_you_mean

_ASSIGNMENT = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_]*)\s*=\s*", re.ASCII)
_WORD = re.compile(r"""(?:[^\s'"]|'[^']*'|"[^"]*")+""")
_QUOTED = re.compile(r"""'([^']*)'|"([^"]*)\"""")
_BRACES = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_REFERENCE = re.compile(r"([A-Za-z_][A-Za-z0-9_]*|[0-9]+)(?:\[([0-9]{1,5})\])?(?:\.(.+))?", re.ASCII)
_OF_COMMAND = ("AffectedSOPClassUID", "AffectedSOPInstanceUID", "Status", "ErrorComment", "EventTypeID")
_BOM = "\ufeff"
"""What editors of Windows begin a file with."""
_UNKNOWN = "\0"
_CONTINUED = re.compile(r"(?:^|\s)\\$")


class Statement(NamedTuple):
    """One command: `number` is that of its first line, `name` what its reply is kept as, "" if it is not."""

    number: int
    name: str
    words: tuple[str, ...]


Kept = tuple[Attributes, ...]
"""The data sets that a command has brought: one reply, or many matches."""


def statements(lines: Iterable[str], place: str = "") -> Iterator[Statement]:
    """Return the commands of some lines; UsageError, with place and line, for one that is none."""
    begun, first = "", 0
    for number, line in enumerate(lines, 1):
        first = first or number
        text = begun + line.rstrip("\r\n").removeprefix("" if number > 1 else _BOM)
        if goes_on(text):
            begun = text[:-1]
            continue
        found = _placed(text, first, place)
        begun, first = "", 0
        if found is not None:
            yield found
    if begun and (found := _placed(begun, first, place)) is not None:
        yield found


def goes_on(text: str) -> bool:
    """Tell whether a line is continued by the next, in the place of the backslash at its end."""
    return _CONTINUED.search(text) is not None


def _placed(text: str, number: int, place: str) -> Statement | None:
    try:
        return statement(text, number)
    except UsageError as error:
        raise placed(error, f"{place}:{number}") if place else error from None


def placed(error: DimseError, place: str) -> DimseError:
    """Return an error whose message says where it is from."""
    error.message = f"{place}: {error.message}"
    error.args = (error.message,)
    return error


def statement(text: str, number: int = 1) -> Statement | None:
    """Return the command of a line, None if there is none."""
    name, text = named(text)
    words = _words(text)
    if name and not words:
        raise UsageError(f"nothing follows {name} =", hint="write a command whose reply is to be kept")
    return Statement(number, name, words) if words else None


def named(text: str) -> tuple[str, str]:
    """Return the name that a line begins with, "" for none, and the command."""
    match = _ASSIGNMENT.match(text)
    return ("", text) if match is None else (match[1], text[match.end() :])


def _words(text: str) -> tuple[str, ...]:
    words: list[str] = []
    at = 0
    while True:
        at += len(text[at:]) - len(text[at:].lstrip())
        if at == len(text) or text[at] == "#":
            return tuple(words)
        match = _WORD.match(text, at)
        end = match.end() if match is not None else at
        if match is None or (end < len(text) and not text[end].isspace()):
            raise UsageError(
                f"a quote is not closed: {text[end:]!r:.40}", hint="close it, or quote it by the other kind"
            )
        words.append(_QUOTED.sub(lambda quoted: quoted[1] or quoted[2] or "", match[0]))
        at = end


# -- what is kept -----------------------------------------------------------------------------------


def references(words: Iterable[str]) -> Iterator[str]:
    """Return the names that some words use; UsageError for a brace that is none, or no attribute."""
    for word in words:
        for match in _BRACES.finditer(word):
            if match[0] not in ("{{", "}}"):
                name, _, path = _reference(match)
                if path:
                    _path(match[0], path)
                elif not name.isdigit():
                    raise UsageError(
                        f"{match[0]}: which attribute of {name}?", hint=f"write {{{name}.Attribute}}"
                    )
                yield name


def resolved(words: Iterable[str], kept: Mapping[str, Kept], arguments: Sequence[str] = ()) -> list[str]:
    """Return the words with what the references in them stand for; UsageError names what there is."""
    return [
        _substituted(
            word, arguments, lambda shown, name, item, path: _kept_value(shown, name, item, path, kept)
        )
        for word in words
    ]


def filled(words: Iterable[str], arguments: Sequence[str], stand_in: str = "") -> list[str]:
    """Return the words with the arguments in them, and `stand_in` for every other reference.

    An attribute whose value depends on what is kept gets none: `Keyword=`.
    """
    found = [_substituted(word, arguments, lambda *_: _UNKNOWN) for word in words]
    return [
        f"{key}="
        if _UNKNOWN in value and _UNKNOWN not in key
        else f"{key}{equals}{value}".replace(_UNKNOWN, stand_in)
        for key, equals, value in (word.partition("=") for word in found)
    ]


def _substituted(word: str, arguments: Sequence[str], kept_value: Callable[[str, str, int, str], str]) -> str:
    """Return a word with what stands for its braces."""

    def value(match: re.Match[str]) -> str:
        if match[0] in ("{{", "}}"):
            return match[0][0]
        name, item, path = _reference(match)
        if name.isdigit():
            check_argument(int(name), arguments)
            return arguments[int(name) - 1]
        return kept_value(match[0], name, item, path)

    return _BRACES.sub(value, word)


def _reference(match: re.Match[str]) -> tuple[str, int, str]:
    """Return name, number and path of what is written in braces."""
    found = _REFERENCE.fullmatch(match[1].strip()) if match[1] is not None else None
    if found is None or (found[1].isdigit() and (found[2] or found[3])):
        raise UsageError(
            f"{match[0]!r:.80} stands for nothing",
            hint="write {name.Attribute}, {1} for an argument, or {{ for a brace",
        )
    return found[1], int(found[2] or 0), found[3] or ""


def check_argument(number: int, arguments: Sequence[str]) -> None:
    """Raise UsageError if there is no argument of that number."""
    if not 1 <= number <= len(arguments):
        have = f"{len(arguments)} given" if arguments else "none is given"
        raise UsageError(f"there is no argument {number}: {have}", hint="dimse shell PEER FILE ARGUMENT...")


def _kept_value(shown: str, name: str, item: int, path: str, kept: Mapping[str, Kept]) -> str:
    """Return the values of one attribute of what is kept, with backslashes between."""
    if name not in kept:
        known = ", ".join(kept) or "nothing yet"
        raise UsageError(
            f"{shown}: nothing is kept as {name}", hint=did_you_mean(name, kept) or f"kept: {known}"
        )
    if item >= len(kept[name]):
        raise UsageError(f"{shown}: {name} has {len(kept[name])}, the first is [0]")
    attributes = kept[name][item]
    if not path:
        raise UsageError(f"{shown}: which attribute of {name}?", hint=_there(attributes))
    *outer, last = _path(shown, path, attributes)
    for step in outer:
        attributes = _item(shown, attributes, step)
    found = attributes.get(last.tag)
    if found is None:
        raise UsageError(f"{shown}: {name} has no such attribute", hint=_there(attributes))
    if found.vr == "SQ" or any(isinstance(value, bytes) for value in found.values):
        raise UsageError(
            f"{shown} is no text", hint=f"name an attribute in it: {{{name}.{path}[0].Attribute}}"
        )
    if found.vr == "UI" and not found.values:
        raise UsageError(f"{shown} has no value", hint="the peer did not say it: write the UID yourself")
    return "\\".join(map(str, found.values))


def _path(shown: str, path: str, attributes: Attributes | None = None) -> tuple[Step, ...]:
    """Return the steps to an attribute."""
    try:
        key = parse_key(path)
    except UsageError as error:
        there = _there(attributes) if attributes is not None else error.hint
        near = did_you_mean(path, _OF_COMMAND)
        hint = near or (error.hint if error.hint.startswith("did you mean") else there)
        raise UsageError(f"{shown}: {error.message}", hint=hint) from None
    if key.value is not None or key.file is not None:
        raise UsageError(f"{shown} has a value", hint="write {name.Attribute}")
    return key.steps


def _item(shown: str, attributes: Attributes, step: Step) -> Attributes:
    found = attributes.get(step.tag)
    if found is None or found.vr != "SQ":
        raise UsageError(f"{shown}: there is no sequence {keyword_of(step.tag)}", hint=_there(attributes))
    number = step.item or 0
    if number >= len(found.values):
        raise UsageError(f"{shown}: {keyword_of(step.tag)} has {len(found.values)} items, the first is [0]")
    item: Attributes = found.values[number]
    return item


def _there(attributes: Attributes) -> str:
    names = [keyword_of(tag) or f"{tag:08X}" for tag in attributes]
    return f"there is {', '.join(names)}" if names else "it is empty"
