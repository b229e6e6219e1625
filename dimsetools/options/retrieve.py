"""What is retrieved, and what becomes of it: the options that C-GET and C-MOVE share.

What is wanted comes as keys, out of query files, or as a manifest of records. Keys that say by themselves
what to retrieve are sent as they are; others are searched with first.
"""

from __future__ import annotations

import os
import select
import sys
import threading
from collections.abc import Iterator, Sequence
from queue import SimpleQueue
from typing import IO, TYPE_CHECKING, Any, NamedTuple

import click

from dimsetools.errors import InputUnreadable, UsageError
from dimsetools.options.group import Group
from dimsetools.options.node import KEEPING
from dimsetools.options.query import QUERY, WORDS, Query
from dimsetools.options.types import COUNT, FOLDER

if TYPE_CHECKING:
    from dimsetools.association.stop import Stop
    from dimsetools.options.query import Asked
    from dimsetools.services.retrieve import Wanted
    from dimsetools.services.searching import Bad, Plan, Search

_STDIN = "-"
_BLOCK = 65536


class Retrieval(NamedTuple):
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
    bad: Bad,
    stop: Stop,
) -> Iterator[Wanted]:
    """Return what is to be retrieved; the keys of the command line are read and checked before this returns.

    `search` is used for keys that are not unique keys, when their turn has come; `bad` hears of lines and
    matches that name nothing to retrieve. UsageError and InputError say what is wrong.
    """
    from dimsetools.services.searching import found, plan
    from dimsetools.services.wanted import each_once, read_manifest

    model = query.model
    if retrieval.manifest is None:
        if not words and not query.keys and not query.files:
            raise UsageError("nothing to retrieve is named", hint="give keys, a file or --manifest FILE")

        def planned(asked: Asked) -> Plan:
            level, keys = asked
            return plan(model, level, keys, relational=query.relational, check=query.check)

        asked = query.asked(words, stop=stop)
        plans = list(map(planned, asked)) if isinstance(asked, Sequence) else map(planned, asked)
        return each_once(one for each in plans for one in found(model, each, search, bad))
    if words or query.keys or query.files:
        raise UsageError("--manifest says what to retrieve, and so do the keys", hint="give one of them")
    if not query.model.levels and query.level is not None:
        raise UsageError(f"{query.model.title} has no levels", hint="leave out -L")
    name = "stdin" if retrieval.manifest == _STDIN else retrieval.manifest
    lines = _lines(retrieval.manifest, stop)
    return each_once(read_manifest(lines, name, query.model, query.level, bad))


# -- manifests --------------------------------------------------------------------------------------


def _lines(path: str, stop: Stop) -> Iterator[bytes]:
    if path == _STDIN:
        return _Arriving(sys.stdin.fileno(), stop).lines()
    try:
        return _of_file(open(path, "rb"))  # closed when it is read
    except OSError as error:
        raise InputUnreadable(f"cannot read the manifest {path}: {error.strerror}") from None


def _of_file(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        yield from file


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
    ("-o", "--output"),
    "Folder to keep the objects in (default the current one).",
    type=FOLDER,
    metavar="DIR",
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
WANTED = click.Argument(
    WORDS.opts,
    metavar=WORDS.metavar,
    nargs=-1,
    type=WORDS.type,
    help="A key, as StudyInstanceUID=1.2.3, PatientName='DOE*' or StudyDate=-7d; or a file of them: DICOM, "
    "DICOM JSON, JSON by keywords (one query a line), dump lines or XML; - is stdin.",
)
"""The positional words of a command that retrieves."""


def _for_searching(option: click.Option) -> click.Option:
    """Return an option of a query as it is where the models are those that can be retrieved from."""
    if option.name != "model_name":
        return option
    text = "Information model: study (the default), patient, patient-study, composite, ..."
    return _option(("-M", "--model", "model_name"), text, metavar="MODEL", type=option.type)


SEARCH = QUERY.without("returns", "worklist", "timezone")
SEARCH = SEARCH._replace(options=tuple(map(_for_searching, SEARCH.options)))
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
