"""`dimse find`: ask a node what it has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple

import click

from dimsetools.errors import DimseError, ExitCode
from dimsetools.options import COUNT, FOLDER, REQUESTOR, NetworkCommand, PeerArgument, Session
from dimsetools.options.query import QUERY, WORDS, Query

if TYPE_CHECKING:
    from dimsetools.association.stop import Stop
    from dimsetools.association.values import Target
    from dimsetools.dataset.attributes import Attributes
    from dimsetools.options.query import Asked
    from dimsetools.render import Output
    from dimsetools.render.find import Telling
    from dimsetools.render.order import Order
    from dimsetools.services.find import Event, Finder, Manner, Match


_FEW_KEYS = 3
_FIRST_ROWS = 0.1
"""Seconds."""


class Wish(NamedTuple):
    """The command's own options."""

    limit: int | None
    counting: bool
    sort: str | None
    split_by: str | None
    extract: tuple[str, ...]
    error_on_empty: bool


def _find(session: Session, peer: str, words: tuple[str, ...], **own: object) -> int:
    from dimsetools.render import Output

    wish = Wish(**own)  # type: ignore[arg-type]  # the parameters' types are click's to check
    target = session.target(peer)
    printing = session.output.printing()
    if wish.counting:
        printing["fields"] = None
        printing["format"] = printing["format"] or "table"
    if session.operation.dry_run and printing["format"] in (None, "table", "tsv", "csv"):
        printing["format"] = "dump"
    run = _Run(session, target, wish, peer)
    queries = run.queries(words)
    with Output(**printing) as output:
        if session.operation.dry_run:
            return run.rehearse(output, queries)
        return run.ask(output, queries)


class _Run:
    """What is asked of whom, and what becomes of the matches."""

    def __init__(self, session: Session, target: Target, wish: Wish, peer: str) -> None:
        from dimsetools.render.columns import path
        from dimsetools.render.order import Order

        self._session = session
        self._target = target
        self._wish = wish
        self._query = session.values(Query)
        self._charset = session.node(peer).charset
        self._sort = Order(wish.sort) if wish.sort is not None else None
        fields = session.output.fields or ()
        self._picked = [name for name in fields if path(name)]

    # -- what is asked ------------------------------------------------------------------------------

    def queries(self, words: Sequence[str]) -> Sequence[Attributes] | Iterator[Attributes]:
        """Return the keys of each query, checked; as an iterator if they come one by one from stdin."""
        asked = self._query.asked(words, more=self._picked, stop=self._session.stop)
        if not isinstance(asked, Sequence):
            return map(self._completed, asked)
        from dimsetools.dataset.encode import check_encodable, with_its_charset

        queries = tuple(map(self._completed, asked))
        for query in queries:
            check_encodable(with_its_charset(query))
        return queries

    def _completed(self, asked: Asked) -> Attributes:
        from dimsetools.dataset.encode import with_charset
        from dimsetools.dataset.keys import keyed

        attributes = self._query.complete(asked, bare=self._wish.counting)
        if self._sort is not None:
            attributes = keyed((), returns=self._sort.names, base=attributes)
        if self._charset:
            attributes = with_charset(attributes, self._charset)
        return attributes

    def _manner(self) -> Manner:
        from dimsetools.services.find import Manner

        negotiation, query = self._session.negotiation, self._query
        return Manner(
            query.model.find,
            negotiation.transfer_syntaxes,
            abilities=query.abilities,
            assume_charset=query.assume_charset or self._charset,
            priority=negotiation.priority,
            abort=self._session.operation.abort,
            roles=negotiation.roles,
            extended=negotiation.extended,
        )

    def rehearse(self, output: Output, queries: Iterable[Attributes]) -> int:
        """Show what would be proposed and asked."""
        from dimsetools.render.find import proposal
        from dimsetools.services.find import proposed

        output.naming("query")
        output.record(*proposal(self._query.model, self._target, *proposed(self._manner())))
        for query in queries:
            output.result(query)
        return ExitCode.OK

    # -- what comes ---------------------------------------------------------------------------------

    def ask(self, output: Output, queries: Sequence[Attributes] | Iterator[Attributes]) -> int:
        """Ask, and show what comes; return the exit status."""
        from dimsetools.render.find import Telling
        from dimsetools.services.find import Finder, Match

        session, wish = self._session, self._wish
        matches = _Matches(output, wish, self._query.model.find, self._sort)
        telling = Telling(output, str(self._target), matches.show)
        if isinstance(queries, Sequence):
            matches.columns(queries)
        stop, times = session.stop, session.operation.repeat or 1
        interval, began = session.operation.interval or 0.0, monotonic()
        finder = Finder(self._target, self._manner(), stop=stop, tracer=session.tracer(output.note))
        if times > 1 and not isinstance(queries, Sequence):
            queries = tuple(queries)
        with finder:
            for number in range(times):
                if number and stop.wait(max(began + number * interval - monotonic(), 0.0)):
                    break
                for event in self._events(output, finder, queries, telling, matches):
                    more = isinstance(event, Match) and finder.readable(matches.patience())
                    telling.event(event, more=more)
        matches.end(telling)
        if telling.queries:
            output.note(telling.summary_line(), 1 if wish.counting else 0)
        if stop.requested:
            return stop.exit_code
        return telling.code(strict=session.operation.strict, error_on_empty=wish.error_on_empty)

    def _events(
        self,
        output: Output,
        finder: Finder,
        queries: Iterable[Attributes],
        telling: Telling,
        matches: _Matches,
    ) -> Iterator[Event]:
        """Ask each query, until there are as many matches as are wanted."""
        from dimsetools.render.find import query_line

        limit = None if self._sort is not None else self._wish.limit
        begun = telling.matches
        for query in _taken(queries, telling, self._session.stop):
            left = None if limit is None else limit - (telling.matches - begun)
            if left == 0:
                telling.cut()
                return
            matches.columns((query,))
            output.note(query_line(self._query.model, query), 1)
            ended = False
            for event in self._asked(finder, query, left):
                yield event
                ended = getattr(event, "ends_all", False)
            if ended:
                return

    def _asked(self, finder: Finder, query: Attributes, limit: int | None) -> Iterator[Event]:
        if self._wish.split_by is None:
            return finder.ask(query, limit=limit)
        from datetime import date

        from dimsetools.services.splitting import Splitter

        today = date.today()  # noqa: DTZ011  # dates of studies are local
        return Splitter(query, self._wish.split_by, today).ask(finder, limit=limit)


def _unknown(query: Attributes) -> Attributes:
    """Return a query without the UIDs that it gives: a table has no place for what all its rows have."""
    return {
        tag: attribute
        for tag, attribute in query.items()
        if attribute.vr != "UI" or len(attribute.values) != 1 or len(query) < _FEW_KEYS
    }


def _taken(queries: Iterable[Attributes], telling: Telling, stop: Stop) -> Iterator[Attributes]:
    """Return the queries; one that comes in and is wrong keeps no other from being asked."""
    coming = iter(queries)
    while True:
        try:
            query = next(coming)
        except StopIteration:
            return
        except DimseError as error:
            if stop.requested:  # which ends what comes in, maybe in the middle
                return
            telling.failed(error)
        else:
            yield query


class _Matches:
    """What becomes of the matches: shown as they come, counted, kept to be sorted, written to files."""

    def __init__(self, output: Output, wish: Wish, sop_class: str, order: Order | None) -> None:
        self._output = output
        self._wish = wish
        self._order = order
        self._kept: list[Attributes] = []
        self._named = False
        self._settled: float | None = None
        self._extraction = None
        if wish.extract:
            from dimsetools.render.extract import Extraction

            # findscu's -X is `--extract .` here, and its -od may stand before or behind it.
            folder = next((name for name in reversed(wish.extract) if name != "."), ".")
            self._extraction = Extraction(folder, sop_class)

    def columns(self, queries: Sequence[Attributes]) -> None:
        """Name the columns after the queries, the first time."""
        from dimsetools.render.columns import leaves

        if not self._named and not self._wish.counting:
            self._named = True
            if self._output.format == "table":
                queries = [_unknown(query) for query in queries]
            names = dict.fromkeys(name for query in queries for name in leaves(query))
            self._output.columns((*names, "_path") if self._extraction is not None else tuple(names))

    def patience(self) -> float:
        """Return how long a match may wait for the next: the first ones at a terminal make up the table."""
        if self._settled is None:
            self._settled = monotonic() + (_FIRST_ROWS if self._output.format == "table" else 0.0)
        return max(self._settled - monotonic(), 0.0)

    def show(self, match: Match, more: bool) -> None:
        """Take one match."""
        assert match.attributes is not None
        if self._order is not None:
            self._kept.append(match.attributes)
        elif not self._wish.counting:
            self._result(match.attributes, more)

    def _result(self, attributes: Attributes, more: bool) -> None:
        if self._extraction is None:
            self._output.result(attributes, more=more)
        else:
            path = self._extraction.write(attributes)
            self._output.result(attributes, {"_path": path}, more=more)

    def end(self, telling: Telling) -> None:
        """Show what waited for the last match."""
        if self._order is not None and not self._wish.counting:
            for attributes in self._order.sorted(self._kept)[: self._wish.limit]:
                self._result(attributes, True)
            self._output.flush()
        if self._wish.counting:
            self._output.record({"_matches": telling.matches}, str(telling.matches))


_NOTES = (
    (
        "A key is written [Sequence[n].]*Attribute[=value]. Attribute is a keyword, (gggg,eeee), gggg,eeee, "
        'ggggeeee or, of a private one, (gggg,"CREATOR",ee). Sequence.Attribute is in the first item, '
        "Sequence[0] is one empty item. The first = ends the attribute; a backslash separates values; "
        "Attribute@FILE reads the value from a file. Dates are written as in DICOM, or as 2026-01-31, "
        "2026-01..2026-03, 2025, -7d, today or yesterday."
    ),
    (
        "Without return keys the usual ones of the level or model are asked for; -v shows them. All keys are "
        "checked before a connection is made. Matches are shown as they come, in UTF-8, with control "
        "characters made visible. -v also shows what is asked and what was negotiated."
    ),
    (
        "--split-by asks for each day or month of a range of dates by itself. Where the peer says that it "
        "has more than it gives, or gives a suspiciously round number, the range is halved, down to "
        "minutes; no match is shown twice."
    ),
    (
        "Models: study, patient, patient-study, worklist, ups-pull, ups-watch, ups-query, relevant-patient "
        "(-breast, -cardiac), product, substance, hanging-protocol, color-palette, implant, "
        "implant-assembly, implant-group, defined-procedure, protocol-approval, inventory, repository."
    ),
    "Ctrl-C sends a C-CANCEL and takes the final response, a second one aborts the association.",
)

command = NetworkCommand(
    "find",
    callback=_find,
    help=(
        "Ask a node what it has (C-FIND).\n\n"
        "Prints each match as it comes. KEYs say what to look for and, where they have no value, what to "
        "return: dimse find pacs PatientName='DOE*' StudyDate=-7d."
    ),
    params=[
        PeerArgument(),
        WORDS,
        click.Option(
            ["--limit"],
            type=COUNT,
            metavar="N",
            help="Show N matches and cancel the query (C-CANCEL); exit with 75 if there are more.",
        ),
        click.Option(["--count", "counting"], is_flag=True, help="Print the number of matches only."),
        click.Option(
            ["--sort"],
            metavar="ATTRIBUTE,...",
            help="Collect the matches and sort them; -ATTRIBUTE descends. --limit counts after that.",
        ),
        click.Option(
            ["--split-by"],
            type=click.Choice(("day", "month")),
            help="Ask for the range of dates piece by piece, for peers that limit their answers.",
        ),
        click.Option(
            ["--extract"],
            multiple=True,
            type=FOLDER,
            metavar="FOLDER",
            help="Also write each match to FOLDER as a DICOM file, rsp0001.dcm and on.",
        ),
        click.Option(["--error-on-empty"], is_flag=True, help="Exit with 4 if nothing matches."),
    ],
    groups=(QUERY, *REQUESTOR),
    without=("stats",),
    examples=(
        ("dimse find pacs PatientName='DOE*' StudyDate=-7d", "studies of the last seven days"),
        ("dimse find pacs -L series StudyInstanceUID=1.2.3", "the series of a study"),
        (
            "dimse find pacs StudyDate=2025 --split-by month --json=StudyInstanceUID,PatientID",
            "a whole year, by a peer that gives only some at a time",
        ),
        (
            "dimse find ris -W ScheduledProcedureStepSequence.ScheduledProcedureStepStartDate=today",
            "the worklist of today",
        ),
        ("dimse find pacs queries.ndjson --format csv > found.csv", "many queries over one association"),
    ),
    notes=_NOTES,
)
