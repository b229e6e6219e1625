"""The command line word by word, before click parses it: foreign spellings and two-word peers become ours.

A word is touched only where click would read it as an option or as a positional: never as the value of
an option, and nothing is translated behind `--`.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from enum import Enum
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import click

from dimsetools.errors import UsageError

if TYPE_CHECKING:
    from dimsetools.options.dcmtk import Refused, Use


class PeerWords(Enum):
    """Which positional words are peers."""

    NONE = 0
    FIRST = 1
    ALL = 2


class Kind(Enum):
    """What a word is to click; LITERAL is a positional behind `--`."""

    OPTION = 0
    VALUE = 1
    POSITIONAL = 2
    LITERAL = 3


class Word(NamedTuple):
    """One word of the command line."""

    text: str
    kind: Kind


def respelled(
    args: Sequence[str], command: str, params: Sequence[click.Parameter], peers: PeerWords
) -> list[str]:
    """Return the words as our own options spell them; UsageError for a spelling without translation."""
    takes = {
        spelling: 0 if param.is_flag or param.count else param.nargs
        for param in params
        if isinstance(param, click.Option)
        for spelling in (*param.opts, *param.secondary_opts)
    }
    optional = {
        spelling: str(param.flag_value)
        for param in params
        if isinstance(param, click.Option) and not param.is_flag and isinstance(param.flag_value, int)
        for spelling in param.opts
    }
    takes.update(dict.fromkeys(optional, 0))
    words = _with_values(_Reader(args, takes, command, optional).words(), optional)
    if peers is PeerWords.NONE:
        words = _with_port(words) if "--port" in takes else words
    else:
        words = _with_joined_peers(words, several=peers is PeerWords.ALL)
    return [word.text for word in words]


def _with_values(words: Iterable[Word], optional: Mapping[str, str]) -> list[Word]:
    """Give each option of `optional` that has no value its default: it shall take no other word for one."""
    found = list(words)
    for place, (word, following) in enumerate(itertools.pairwise((*found, Word("", Kind.LITERAL)))):
        if word.kind is Kind.OPTION and word.text in optional and following.kind is not Kind.VALUE:
            found[place] = word._replace(text=f"{word.text}={optional[word.text]}")
    return found


class _Reader:
    """Walks over the words; `takes` says how many values follow each of the command's own options.

    Those of `optional` may have a number behind them.
    """

    def __init__(
        self, args: Sequence[str], takes: Mapping[str, int], command: str, optional: Collection[str] = ()
    ) -> None:
        self._optional = optional
        self._rest = list(reversed(args))
        self._takes = takes
        self._command = command

    def words(self) -> Iterator[Word]:
        while self._rest:
            text = self._rest.pop()
            if text == "--":
                yield Word(text, Kind.OPTION)
                yield from (Word(literal, Kind.LITERAL) for literal in reversed(self._rest))
                return
            if text in self._takes:
                yield from self._own(text, self._takes[text])
            elif len(text) > 1 and text[0] in "-+":
                yield from self._dashed(text)
            else:
                yield Word(text, Kind.POSITIONAL)

    @cached_property
    def _foreign(self) -> Mapping[str, Use | Refused]:
        """The table, loaded when the first word comes that is none of ours."""
        from dimsetools.options.dcmtk import spellings

        return spellings(self._command)

    def _own(self, text: str, count: int) -> Iterator[Word]:
        if text in self._optional and self._rest and self._rest[-1].isdigit():
            count = 1
        yield Word(text, Kind.OPTION)
        yield from (Word(value, Kind.VALUE) for value in self._pop(count))

    def _dashed(self, text: str) -> Iterator[Word]:
        name, equals, value = text.partition("=")
        if equals and name in self._takes:
            if name == "--json":
                yield Word(name, Kind.OPTION)
                text = f"--fields={value}"
            yield Word(text, Kind.OPTION)
            return
        foreign = self._foreign
        found = foreign.get(text)
        if found is None and name in foreign:
            text, found = name, foreign[name]
            if not found.takes:
                raise UsageError(f"{name} takes no value")
            self._rest.append(value)
        if found is not None:
            yield from self._foreign_words(text, found)
        elif text[0] == "+":
            yield Word(text, Kind.POSITIONAL)
        else:
            yield from self._own(text, self._values_behind(text))

    def _values_behind(self, cluster: str) -> int:
        """Return how many of the next words belong to a cluster of short options such as -vk."""
        if cluster.startswith("--"):
            return 0
        for place, letter in enumerate(cluster[1:], 2):
            count = self._takes.get(f"-{letter}", 0)
            if count:
                return count - (place < len(cluster))
        return 0

    def _foreign_words(self, text: str, found: Use | Refused) -> Iterator[Word]:
        from dimsetools.options.dcmtk import Use

        if not isinstance(found, Use):
            raise UsageError(f"dimse {self._command} has no option {text} ({found.name})", hint=found.instead)
        values = self._pop(found.takes)
        if len(values) < found.takes:
            raise UsageError(f"{text} needs {found.takes} value{'s' if found.takes > 1 else ''}")
        own = found.words
        if found.choices is not None:
            if values[0] not in found.choices:
                raise UsageError(f"{text} {values[0]}: must be one of {', '.join(found.choices)}")
            own = found.choices[values[0]]
        for word in own:
            if word.startswith("--") and word not in self._takes:
                raise UsageError(f"{text} means {word}, which dimse {self._command} does not have")
            # What follows an option in a translation is its value.
            other = Kind.VALUE if own[0].startswith("-") else Kind.POSITIONAL
            kind = Kind.OPTION if word.startswith("-") else other
            yield Word(values[int(word[1])] if word.startswith("{") else word, kind)

    def _pop(self, count: int) -> list[str]:
        return [self._rest.pop() for _ in range(min(count, len(self._rest)))]


def _with_joined_peers(words: list[Word], *, several: bool) -> list[Word]:
    """Make one word of `host PORT` where a peer may stand."""
    places = [place for place, word in enumerate(words) if word.kind in (Kind.POSITIONAL, Kind.LITERAL)]
    if not several:
        places = places[:2]
    gone: set[int] = set()
    for place, following in itertools.pairwise(places):
        first, second = words[place].text, words[following].text
        if place in gone or not second.isdigit():
            continue
        from dimsetools.config import load
        from dimsetools.config.peers import joined

        peer = joined(first, second)
        if peer is not None and not load(_profile(words)).has_node(first):
            words[place] = words[place]._replace(text=peer)
            gone.add(following)
    return [word for place, word in enumerate(words) if place not in gone]


def _profile(words: Sequence[Word]) -> str | None:
    for word, following in itertools.pairwise((*words, Word("", Kind.LITERAL))):
        name, _, value = word.text.partition("=")
        if word.kind is Kind.OPTION and name == "--profile":
            return value or following.text
    return None


def _with_port(words: list[Word]) -> list[Word]:
    """Read a positional number as the port, as storescp does; a folder of that name is written ./104."""
    read: list[Word] = []
    for word in words:
        if word.kind is Kind.POSITIONAL and word.text.isdigit():
            read += [Word("--port", Kind.OPTION), Word(word.text, Kind.VALUE)]
        else:
            read.append(word)
    return read
