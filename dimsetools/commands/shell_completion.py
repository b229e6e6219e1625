"""What a shell offers for a word that somebody is typing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from itertools import pairwise

import click

from dimsetools.commands.shell_lines import Kept, named
from dimsetools.commands.shell_words import WORDS_OF_SHELL, Word
from dimsetools.commands.verbs import NEW, VERBS
from dimsetools.dataset.dictionary import keyword_of
from dimsetools.errors import UsageError
from dimsetools.options.types import Named


def offers(before: Sequence[str], text: str, kept: Mapping[str, Kept]) -> list[str]:
    """Return what the word that begins with `text` can become, behind the words `before`."""
    before = named(" ".join(before))[1].split()
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
    taking = _option(found, before[-1])
    if taking is not None:
        return _values(taking, text)
    words = _positional(found, before[1:])
    arguments = [param for param in found.params if isinstance(param, click.Argument)]
    if not arguments or (len(words) >= len(arguments) and arguments[-1].nargs == 1):
        return []
    if found.name in VERBS and len(words) in (1, 2):
        offered = _of_class(found.name, words, text)
        if offered is not None:
            return offered
    return _values(arguments[min(len(words), len(arguments) - 1)], text)


def _option(found: Word, word: str) -> click.Option | None:
    """Return the option that takes a value if `word` is it."""
    for param in found.params:
        if isinstance(param, click.Option) and word in param.opts and not param.is_flag:
            return param
    return None


def _positional(found: Word, words: Sequence[str]) -> list[str]:
    """Return the words that are no options, nor what these take."""
    return [
        text
        for before, text in pairwise(("", *words))
        if (text == "-" or not text.startswith("-")) and _option(found, before) is None
    ]


def _of_class(verb: str, words: Sequence[str], text: str) -> list[str] | None:
    """Return the instances, actions or events of the class that is named first; None where keys may be."""
    from dimsetools.dataset.normalized import instance_names, normalized_class

    try:
        of = normalized_class(words[0])
    except UsageError:
        return []
    known: Iterable[str]
    if verb == "ncreate":
        known = (NEW, *instance_names(of)) if text and len(words) == 1 else ()
    elif len(words) == 1:
        known = instance_names(of)
    elif verb in ("naction", "nevent"):
        known = of.actions if verb == "naction" else of.events
    else:
        return None
    found = [f"{one} " for one in known if one.startswith(text)]
    return found if found or verb != "ncreate" else None


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


def _values(param: click.Parameter, text: str) -> list[str]:
    kind = param.type
    if isinstance(kind, click.Choice):
        return [f"{one} " for one in kind.choices if one.startswith(text)]
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
    """Return files and folders; what has blanks in its name is quoted."""
    import os
    from glob import escape, iglob

    begun = text[:1] if text[:1] in ("'", '"') else ""
    found = []
    for path in sorted(iglob(escape(text.removeprefix(begun)) + "*")):
        quote = begun or ("'" if " " in path else "")
        found.append(f"{quote}{path}/" if os.path.isdir(path) else f"{quote}{path}{quote} ")
    return found


@cache
def _keywords() -> tuple[str, ...]:
    from dimsetools.dataset.dictionary import keywords

    return tuple(keywords())
