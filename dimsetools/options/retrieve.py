"""What is retrieved, and what becomes of it: the options that C-GET and C-MOVE share.

What is wanted comes as keys, out of query files, or as a manifest of records. Keys that say by themselves
what to retrieve are sent as they are; others are searched with first.
"""

from __future__ import annotations

import os
import select
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

import click

from dimsetools.errors import InputError, InputUnreadable, UsageError
from dimsetools.options.group import Group
from dimsetools.options.node import KEEPING
from dimsetools.options.query import QUERY, Query
from dimsetools.options.types import COUNT

if TYPE_CHECKING:
    from dimsetools.association.stop import Stop
    from dimsetools.dataset.attributes import Attributes
    from dimsetools.options.query import Asked
    from dimsetools.services.retrieve import Wanted

_STDIN = "-"
_BLOCK = 65536
Search = Callable[[str, "Attributes"], "list[Attributes]"]
"""Runs a query at a level; its matches."""


@dataclass(frozen=True)
class Retrieval:
    """`manifest` is a file name, or - for stdin."""

    output: str | None = None
    manifest: str | None = None
    jobs: int = 1
    verify: bool = False
    error_on_empty: bool = False


def wanted(
    query: Query,
    retrieval: Retrieval,
    words: Sequence[str],
    *,
    search: Search,
    bad: Callable[[InputError], None],
    stop: Stop,
) -> Iterator[Wanted]:
    """Return what is to be retrieved; the keys of the command line are read and checked before this returns.

    `search` is used for keys that are not unique keys, when their turn has come; `bad` hears of lines and
    matches that name nothing to retrieve. UsageError and InputError say what is wrong.
    """
    from dimsetools.services.wanted import each_once, read_manifest

    if retrieval.manifest is None:
        if not words and not query.keys and not query.files:
            raise UsageError("nothing to retrieve is named", hint="give keys, a file or --manifest FILE")
        asked = query.asked(words, stop=stop)
        if isinstance(asked, Sequence):
            for one in asked:
                _checked(query, one)
        return each_once(found for one in asked for found in _found(query, one, search, bad))
    if words or query.keys or query.files:
        raise UsageError("--manifest says what to retrieve, and so do the keys", hint="give one of them")
    if not query.model.levels and query.level is not None:
        raise UsageError(f"{query.model.title} has no levels", hint="leave out -L")
    name = "stdin" if retrieval.manifest == _STDIN else retrieval.manifest
    lines = _lines(retrieval.manifest, stop)
    return each_once(read_manifest(lines, name, query.model, query.level, bad))


def _checked(query: Query, asked: Asked) -> Attributes | None:
    """Return the identifier to send, None if it has to be searched for; UsageError if neither will do."""
    from dimsetools.dataset.models import check_find, has_only_unique_keys

    model, level, attributes = query.model, asked.level, asked.attributes
    if has_only_unique_keys(model, level, attributes):
        return attributes
    if _names_level(asked) and (query.relational or not query.check):
        return attributes
    if not model.find or not model.levels:
        from dimsetools.dataset.models import check_retrieve

        check_retrieve(model, level, attributes)
    if query.check:
        check_find(model, level, _search_keys(query, asked), relational=query.relational)
    return None


def _names_level(asked: Asked) -> bool:
    """Tell whether the entities of the level are named, though perhaps not those above."""
    from dimsetools.dataset.attributes import texts
    from dimsetools.dataset.models import unique_key

    named = "".join(texts(asked.attributes, unique_key(asked.level)))
    return bool(named) and not set("*?") & set(named)


def _search_keys(query: Query, asked: Asked) -> Attributes:
    """Return the keys of the search: those asked for, and the unique keys to be returned."""
    from dimsetools.dataset.attributes import Attribute, sorted_attributes
    from dimsetools.dataset.dictionary import vr_of
    from dimsetools.dataset.models import unique_key

    levels = query.model.levels
    above = levels[: levels.index(asked.level) + 1] if asked.level in levels else (asked.level,)
    returned = {unique_key(level): Attribute(vr_of(unique_key(level))) for level in above}
    return sorted_attributes(returned | asked.attributes)


def _found(query: Query, asked: Asked, search: Search, bad: Callable[[InputError], None]) -> Iterator[Wanted]:
    from dimsetools.services.retrieve import Wanted
    from dimsetools.services.wanted import wanted_of

    identifier = _checked(query, asked)
    if identifier is not None:
        valued = {tag: value for tag, value in identifier.items() if value.values not in ((), ("",))}
        yield Wanted(asked.level, valued)
        return
    for match in search(asked.level, _search_keys(query, asked)):
        try:
            yield wanted_of(match, query.model, asked.level)
        except UsageError as error:
            bad(InputError(f"a match cannot be retrieved: {error.message}", hint=error.hint))


# -- manifests --------------------------------------------------------------------------------------


def _lines(path: str, stop: Stop) -> Iterator[bytes]:
    if path == _STDIN:
        return _Arriving(sys.stdin.fileno(), stop).lines()
    try:
        return iter(open(path, "rb"))
    except OSError as error:
        raise InputUnreadable(f"cannot read the manifest {path}: {error.strerror}") from None


class _Arriving:
    """Lines of a pipe, read as they come: whoever writes them shall not wait for what is done about them."""

    def __init__(self, descriptor: int, stop: Stop) -> None:
        self._descriptor = descriptor
        self._stop = stop
        self._arrived: SimpleQueue[bytes | None] = SimpleQueue()
        threading.Thread(target=self._read, name="manifest", daemon=True).start()

    def lines(self) -> Iterator[bytes]:
        """Return each line; no more once the stop is requested."""
        while (line := self._arrived.get()) is not None:
            yield line

    def _read(self) -> None:
        rest = b""
        poll = select.poll()
        poll.register(self._descriptor, select.POLLIN)
        poll.register(self._stop, select.POLLIN)
        while True:
            ready = {number for number, _ in poll.poll()}
            if self._descriptor not in ready:  # the stop
                break
            try:
                block = os.read(self._descriptor, _BLOCK)
            except OSError:
                block = b""
            if not block:
                if rest:
                    self._arrived.put(rest)
                break
            *whole, rest = (rest + block).split(b"\n")
            for line in whole:
                self._arrived.put(line)
        self._arrived.put(None)


# -- options ----------------------------------------------------------------------------------------


def _option(names: Sequence[str], text: str, **settings: Any) -> click.Option:
    return click.Option(list(names), help=text, **settings)


_OUTPUT = _option(
    ("-o", "--output"), "Folder to keep the objects in.", type=click.Path(file_okay=False), metavar="DIR"
)
RETRIEVAL = Group(
    "Retrieval",
    Retrieval,
    (
        _OUTPUT,
        _option(
            ("--manifest",),
            "Retrieve what the records in FILE name, as dimse find --json prints them; - is stdin.",
            type=click.Path(dir_okay=False, allow_dash=True),
            metavar="FILE",
        ),
        _option(("-j", "--jobs"), "Associations at a time (default 1).", type=COUNT, default=1, metavar="N"),
        _option(
            ("--verify",),
            "Ask afterwards which instances there are, and list those that are missing.",
            is_flag=True,
        ),
        _option(("--error-on-empty",), "Exit with 4 if there was nothing to retrieve.", is_flag=True),
    ),
)
SEARCH = QUERY.without("returns", "worklist", "timezone")
"""The keys: there is nothing to be returned but what a retrieve needs."""


def _for_retrieving(option: click.Option) -> click.Option:
    """Return an option of a node as it is for who fetches: the peer has what the power loss would take."""
    if option.name == "durability":
        text = (
            "What is on the disk before an object counts as kept: the file and its name, the file, nothing "
            "(default none: the peer has it still)."
        )
        return _option(("--durability",), text, type=option.type, default="none")
    if option.name == "ignore":
        return _option(("--ignore",), "Take the objects and keep nothing.", is_flag=True)
    return option


KEPT = KEEPING.without("on_object", "on_study", "study_timeout")
KEPT = KEPT._replace(options=tuple(map(_for_retrieving, KEPT.options)))
"""What becomes of the objects."""
