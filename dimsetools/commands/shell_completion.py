"""What a shell offers for a word that somebody is typing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache

import click

from dimsetools.commands.shell_lines import Kept
from dimsetools.commands.shell_words import WORDS_OF_SHELL
from dimsetools.dataset.dictionary import keyword_of
from dimsetools.options.types import Named


def offers(before: Sequence[str], text: str, kept: Mapping[str, Kept]) -> list[str]:
    """Return what the word that begins with `text` can become, behind the words `before`."""
    before = list(before)
    if before[1:2] == ["="]:
        before = before[2:]
    brace = text.rfind("{")
    if brace >= 0 and "}" not in text[brace:]:
        return [text[:brace] + one for one in _references(text[brace:], kept)]
    if not before:
        return [f"{name} " for name in WORDS_OF_SHELL if name.startswith(text)]
    found = WORDS_OF_SHELL.get(before[0])
    if found is None:
        return []
    if found.name == "help":
        return [f"{name} " for name in WORDS_OF_SHELL if name.startswith(text)]
    if found.name == "show":
        return [f"{name} " for name in kept if name.startswith(text)]
    if text.startswith("-"):
        spellings = [one for param in found.params if isinstance(param, click.Option) for one in param.opts]
        return [f"{one} " for one in spellings if one.startswith(text)]
    arguments = [param for param in found.params if isinstance(param, click.Argument)]
    place = min(len(before) - 1, len(arguments) - 1)
    fresh = (
        ["new "] if found.name == "ncreate" and len(before) == 2 and text and "new".startswith(text) else []
    )
    return fresh or (_values(arguments[place], text) if arguments else [])


def _references(text: str, kept: Mapping[str, Kept]) -> Iterable[str]:
    """Return how a reference in braces can go on."""
    name, dot, path = text[1:].partition(".")
    if not dot:
        return [f"{{{one}." for one in kept if one.startswith(name)]
    attributes = kept.get(name.partition("[")[0], ({},))[0]
    outer, _, last = path.rpartition(".")
    for step in filter(None, outer.split(".")):
        tags = [tag for tag in attributes if keyword_of(tag).lower() == step.partition("[")[0].lower()]
        items = attributes[tags[0]].values if tags and attributes[tags[0]].vr == "SQ" else ()
        attributes = items[0] if items else {}
    begin = f"{{{name}.{outer}." if outer else f"{{{name}."
    return [
        f"{begin}{keyword}{'[0].' if attributes[tag].vr == 'SQ' else '}'}"
        for tag in attributes
        if (keyword := keyword_of(tag)).lower().startswith(last.lower())
    ]


def _values(argument: click.Argument, text: str) -> list[str]:
    kind = argument.type
    if isinstance(kind, click.Path):
        return _files(text)
    if not isinstance(kind, Named):
        return []
    if kind.fill in ("key", "attribute"):
        if "=" in text:
            return []
        begin, dot, last = text.rpartition(".")
        end = "=" if kind.fill == "key" else " "
        return [f"{begin}{dot}{one}{end}" for one in _keywords() if one.lower().startswith(last.lower())]
    return [f"{one} " for one in kind.choices if one.startswith(text)]


def _files(text: str) -> list[str]:
    import os
    from glob import escape, iglob

    found = iglob(escape(text) + "*")
    return sorted(f"{path}/" if os.path.isdir(path) else f"{path} " for path in found)


@cache
def _keywords() -> tuple[str, ...]:
    from dimsetools.dataset.dictionary import keywords

    return tuple(keywords())
