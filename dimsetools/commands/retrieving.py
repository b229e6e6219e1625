"""What `dimse get` and `dimse move` do alike: make the retrieves, tell of them, and verify them."""

from __future__ import annotations

import os
from contextlib import closing
from time import monotonic, perf_counter
from typing import TYPE_CHECKING

from dimsetools.errors import DimseError, ExitCode, OutputFolderError, UsageError
from dimsetools.options.node import Keeping
from dimsetools.options.query import Query
from dimsetools.options.retrieve import Retrieval, wanted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dimsetools.archive.objects import ObjectStore
    from dimsetools.dataset.attributes import Attributes
    from dimsetools.options import Session
    from dimsetools.options.output import Printing
    from dimsetools.render import Output
    from dimsetools.render.retrieve import Telling
    from dimsetools.services.retrieve import Retrieved, Wanted
    from dimsetools.services.retriever import Manner, Retriever

HERE = "."


def manner(session: Session, peer: str, model: str) -> Manner:
    """Return how to retrieve from `peer` with the SOP class `model`, "" if it has none."""
    from dimsetools.services.retriever import Manner

    query, negotiation = session.values(Query), session.negotiation
    if not model:
        raise UsageError(f"{query.model.title} has no such retrieval", hint="use another model: -M study")
    node = session.node(peer)
    most = node.max_associations
    retrieval = session.values(Retrieval)
    jobs = retrieval.jobs if most is None else min(retrieval.jobs, most)
    return Manner(
        model,
        query.model.find,
        jobs=jobs,
        priority=negotiation.priority,
        abort=session.operation.abort,
        abilities=query.abilities,
        roles=negotiation.roles,
        extended=negotiation.extended,
        charset=node.charset,
        assume_charset=query.assume_charset or node.charset,
        alone=jobs == most and retrieval.manifest is None,
    )


def opened_store(session: Session) -> ObjectStore | None:
    """Open the folder to keep objects in, made if it is not there; None if nothing is kept."""
    from dimsetools.archive.layout import DEFAULT, Layout
    from dimsetools.archive.objects import Durability, ObjectStore, OnDuplicate

    folder, keeping = session.values(Retrieval).output, session.values(Keeping)
    if keeping.ignore:
        if folder is not None:
            raise UsageError("--ignore keeps nothing, --output says where to")
        return None
    layout = Layout(keeping.layout or DEFAULT)
    try:
        os.makedirs(folder or HERE, mode=0o700, exist_ok=True)
    except OSError as error:
        raise OutputFolderError(f"cannot make the folder {folder!r}: {error.strerror}") from None
    return ObjectStore(
        folder or HERE,
        layout=layout,
        durability=Durability(keeping.durability),
        on_duplicate=OnDuplicate(keeping.on_duplicate),
        file_mode=keeping.file_mode,
        min_free=keeping.min_free,
    )


def printing(session: Session) -> Printing:
    """Return how to print: what would be retrieved is shown as a dump where there are no columns for it."""
    how = session.output.printing()
    if session.operation.dry_run and how["format"] in (None, "table", "tsv", "csv"):
        how["format"] = "dump"
    return how


def rehearse(session: Session, output: Output, words: Sequence[str], intent: str) -> int:
    """Show what would be searched for and retrieved, as data sets; `intent` says where it would come from."""

    def search(_level: str, keys: Attributes) -> list[Attributes]:
        output.note(f"{intent} what a search for this finds")
        output.result(keys)
        return []

    output.naming("keys")
    query, retrieval = session.values(Query), session.values(Retrieval)
    found = wanted(query, retrieval, words, search=search, bad=output.failure, stop=session.stop)
    for one in found:
        output.note(f"{intent} this")
        output.result(one.identifier)
    return ExitCode.OK


class Run:
    """The retrieves of one command: `carry_out`, then `verify` once everything has come, then `end`.

    What is named by `words` is read and checked first, before there is a connection or a folder.
    """

    def __init__(self, session: Session, output: Output, words: Sequence[str]) -> None:
        self._session = session
        self._output = output
        self._retrieval = session.values(Retrieval)
        self._telling: Telling
        self._retriever: Retriever
        found = wanted(
            session.values(Query),
            self._retrieval,
            words,
            search=self._search,
            bad=lambda error: self._telling.unreadable(error),
            stop=session.stop,
        )
        self._found = _repeated(found, session)
        self._done: list[Retrieved] = []
        self._seconds = 0.0
        self.stored = 0

    def _search(self, level: str, keys: Attributes) -> list[Attributes]:
        from dimsetools.render.find import query_line

        self._output.note(query_line(self._session.values(Query).model, keys), 1)
        return self._retriever.query(level, keys)

    def carry_out(self, telling: Telling, retriever: Retriever) -> None:
        """Make every retrieve that is wanted, and tell of it."""
        self._telling, self._retriever = telling, retriever
        retriever.heard, retriever.unreadable = telling.event, telling.unreadable
        began = perf_counter()
        with self._output.progress() as progress, closing(retriever.run(self._found)) as events:
            telling.watch(progress)
            try:
                for event in events:
                    retrieved = telling.event(event)
                    if retrieved is not None:
                        self.stored += retrieved.counts.stored
                        if self._retrieval.verify:
                            self._done.append(retrieved)
            except DimseError as error:
                telling.tally.ended_by(error)
        self._seconds = perf_counter() - began

    def verify(self) -> None:
        """Hold what has come against the peer's own lists; by numbers alone if it went elsewhere."""
        landed = self._telling.landed_uids
        if not self._done or self._retriever.halted:
            return
        from dimsetools.services.verify import verify, verify_count

        with self._retriever.asking() as ask:
            for retrieved in self._done:
                if landed is None:
                    found = verify_count(retrieved.wanted, ask, retrieved.counts.stored)
                else:
                    found = verify(retrieved.wanted, ask, landed)
                self._telling.verified(found)

    @property
    def deadline(self) -> float | None:
        """The moment of the monotonic clock at which the total time-out is over."""
        return self._retriever.deadline

    def lack(self, objects: int) -> None:
        """Note that `objects` fewer have come than the peer has counted."""
        if objects > 0 and not self._session.stop.requested:
            self._output.warning(
                f"{objects} of the {self.stored} objects that the peer has counted did not come"
            )
            self._telling.tally.missing += objects

    def end(self, address: str) -> ExitCode:
        """Tell the totals; return the exit status."""
        stop, strict = self._session.stop, self._session.operation.strict
        code = self._telling.tally.exit_status(strict=strict, error_on_empty=self._retrieval.error_on_empty)
        code = stop.exit_code if stop.requested else code
        self._telling.end(address, self._seconds, code)
        return code


def _repeated(found: Iterator[Wanted], session: Session) -> Iterator[Wanted]:
    """Return what was found, as often as that is asked for; it is searched for once."""
    times, interval = session.operation.repeat or 1, session.operation.interval or 0.0
    began, kept = monotonic(), []
    for one in found:
        if times > 1:
            kept.append(one)
        yield one
    for number in range(1, times):
        if session.stop.wait(max(began + number * interval - monotonic(), 0.0)):
            return
        yield from kept
