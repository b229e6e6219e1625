"""The commands of a shell that nobody types: from a file, all looked at before the first, or from stdin."""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from dimsetools.commands.shell_lines import (
    Statement,
    check_argument,
    filled,
    placed,
    references,
    statements,
)
from dimsetools.commands.shell_words import Word, query_keys, word
from dimsetools.commands.verbs import VERBS
from dimsetools.errors import InputError, InputUnreadable, LibraryMissing, UsageError, did_you_mean

if TYPE_CHECKING:
    from dimsetools.association.stop import Stop

STDIN = "-"
_NAMELESS = "-"
"""An instance that the peer is to name."""
_STAND_INS = ("1.2", "1")
"""What a reference may stand for, as far as one can know: a UID, or a number."""


class Script:
    """Commands, in order. What comes from stdin is taken line by line, and ends when `stop` is requested.

    UsageError for a file with a line that cannot be carried out, InputUnreadable for one that cannot be read.
    """

    def __init__(self, name: str, arguments: Sequence[str], stop: Stop) -> None:
        self.from_stdin = name == STDIN
        self.name = "stdin" if self.from_stdin else name
        self.arguments = tuple(arguments)
        self._statements: Iterable[Statement]
        if self.from_stdin:
            self._statements = statements(_arriving(stop), self.name)
            return
        try:
            with open(name, encoding="utf-8") as lines:
                found = list(statements(lines, self.name))
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "no UTF-8 text"
            raise InputUnreadable(f"{name}: cannot be read: {why}") from None
        self._check(found)
        self._statements = found

    def place(self, statement: Statement) -> str:
        """Return from where a command comes."""
        return f"{self.name}:{statement.number}"

    def __iter__(self) -> Iterator[Statement]:
        return iter(self._statements)

    def _check(self, found: Iterable[Statement]) -> None:
        """Raise UsageError for a command that cannot be carried out, and an argument that no command uses."""
        kept: dict[str, None] = {}
        used = 0
        for statement in found:
            try:
                names = tuple(references(statement.words[1:]))
                for name in names:
                    if name.isdigit():
                        check_argument(int(name), self.arguments)
                        used = max(used, int(name))
                    elif name not in kept:
                        raise _not_kept(name, kept)
                _check_command(statement, self.arguments, kept)
            except (UsageError, InputError, LibraryMissing) as error:
                raise placed(error, self.place(statement)) from None
            if statement.name:
                kept[statement.name] = None
        if used < len(self.arguments):
            raise UsageError(
                f"{self.name} has no use for {self.arguments[used]!r:.80}",
                hint=f"write {{{used + 1}}} where it is to stand, or leave it out",
            )


def _check_command(statement: Statement, arguments: Sequence[str], kept: Iterable[str]) -> None:
    """Raise UsageError or InputError for a command that fails whatever the references in it stand for."""
    found = word(statement.words[0])
    found.check_name(statement.name)
    words = statement.words[1:]
    if all(name.isdigit() for name in references(words)):
        params = found.parse(filled(words, arguments))
        if found.name == "show" and params["name"] not in kept:
            raise _not_kept(params["name"], kept)
        _check_params(found, params)
    elif not any(
        _is_option(before, text) and any(references((text,))) for before, text in pairwise(("", *words))
    ):
        _check_guessed(found, words, arguments)


def _is_option(before: str, text: str) -> bool:
    return text.startswith("-") or (before.startswith("-") and before != _NAMELESS)


def _check_guessed(found: Word, words: Sequence[str], arguments: Sequence[str]) -> None:
    """Do the same where it is not known what stands in the words, but in none that an option takes."""
    fault: UsageError | None = None
    for stand_in in _STAND_INS:
        try:
            _check_params(found, found.parse(filled(words, arguments, stand_in)), guessed=True)
        except UsageError as error:
            fault = fault or error
        else:
            return
    assert fault is not None
    raise fault


def _check_params(found: Word, params: dict[str, Any], *, guessed: bool = False) -> None:
    """Do as much of a command as can be done without the peer, and without what is `guessed`."""
    unknown = guessed or found.reads_stdin(params)
    if found.name in VERBS:
        if unknown and params.get("file") is not None:
            params |= {"file": None, "check": False}
        VERBS[found.name].wanted(**params)
    elif found.name == "find" and not unknown:
        from dimsetools.options.query import Query

        words = params.pop("words")
        query = Query(**params)
        for asked in query.asked(words):
            query_keys(query, asked)
    elif found.name == "image":
        from dimsetools.film.frames import need_libraries

        need_libraries()
        _check_paths(() if guessed else (params["path"],))
    elif found.name == "store" and not guessed:
        _check_paths(params["paths"])


def _check_paths(paths: Iterable[str]) -> None:
    for path in paths:
        if not os.path.exists(path):
            raise InputUnreadable(f"{path}: there is no such file")


def _not_kept(name: str, kept: Iterable[str]) -> UsageError:
    known = f"kept by then: {', '.join(kept) or 'nothing'}"
    return UsageError(f"nothing is kept as {name}", hint=did_you_mean(name, kept) or known)


def _arriving(stop: Stop) -> Iterable[str]:
    """Return the lines of stdin as they come."""
    from dimsetools.options.query import Stdin

    return io.TextIOWrapper(io.BufferedReader(Stdin(stop)), encoding="utf-8", errors="surrogateescape")
