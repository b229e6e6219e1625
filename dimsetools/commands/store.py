"""`dimse store`: send files and folders to a node."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import IO, TYPE_CHECKING, NamedTuple

import click

from dimsetools.errors import ExitCode, InputMissing, InputUnreadable, UsageError
from dimsetools.options import COUNT, FILE, NetworkCommand, PeerArgument, Session

if TYPE_CHECKING:
    from dimsetools.association.values import Target
    from dimsetools.render import Output
    from dimsetools.render.report import Report
    from dimsetools.services.examine import Item
    from dimsetools.services.plan import Rules
    from dimsetools.services.selection import Skipped
    from dimsetools.services.store import Event, Manner


class Inputs(NamedTuple):
    """The command's own words for what to send."""

    paths: tuple[str, ...]
    files_from: str | None
    null: bool
    include: tuple[str, ...]
    exclude: tuple[str, ...]
    allow_truncated: bool
    trim: bool


def _store(
    session: Session,
    peer: str,
    jobs: int,
    retry: int,
    never_transcode: bool,
    fail_fast: bool,
    report: str | None,
    **inputs: object,
) -> int:
    from dimsetools.render import Output
    from dimsetools.render.report import create
    from dimsetools.render.store import COLUMNS
    from dimsetools.services.plan import Rules
    from dimsetools.services.store import Manner

    wanted = Inputs(**inputs)  # type: ignore[arg-type]  # the parameters' types are click's to check
    if not wanted.paths and wanted.files_from is None:
        raise UsageError("nothing to send is named", hint="dimse store PEER PATH..., or --files-from FILE")
    target = session.target(peer)
    node = session.node(peer)
    negotiation = session.negotiation
    most = node.max_associations
    manner = Manner(
        rules=Rules(negotiation.transfer_syntaxes, node.transcode and not never_transcode),
        jobs=jobs if most is None else min(jobs, most),
        retries=retry,
        priority=negotiation.priority,
        fail_fast=fail_fast,
        abort=session.operation.abort,
        roles=negotiation.roles,
        extended=negotiation.extended,
    )
    with ExitStack() as stack:
        output = stack.enter_context(Output(**session.output.printing()))
        output.columns(COLUMNS)
        rows = stack.enter_context(create(report, f"dimse store {target}", COLUMNS)) if report else None
        run = _Run(session, output, rows, target)
        items = run.examine(wanted)
        if session.operation.dry_run:
            return run.rehearse(items, manner.rules)
        return run.send(items, manner)


class _Run:
    """One run: where its results go, and what has come of it so far."""

    def __init__(self, session: Session, output: Output, report: Report | None, target: Target) -> None:
        from dimsetools.render.store import Tally

        self._session = session
        self._output = output
        self._report = report
        self._target = target
        self._tally = Tally()
        printing = session.output
        self._lines = output.format in ("table", "dump")
        # A person at a terminal wants to see what is odd; programs, and whoever asks for more, see all.
        self._brief = output.format == "table" and not printing.verbosity and printing.fields is None

    def examine(self, inputs: Inputs) -> list[Item]:
        """Find and check the files; tell of those that cannot be sent."""
        from dimsetools.services.examine import Item, Leniency, Remark, examine
        from dimsetools.services.selection import Patterns, select

        with _paths(inputs) as paths:
            found = select(paths, Patterns(inputs.include, inputs.exclude))
            items: list[Item] = []
            for result in examine(
                found, Leniency(inputs.allow_truncated, inputs.trim), stop=self._session.stop
            ):
                if isinstance(result, Item):
                    items.append(result)
                elif isinstance(result, Remark):
                    self._output.warning(f"{result.path}: {result.text}")
                else:
                    self._skip(result)
        if not items and not self._tally.skipped and not self._session.stop.requested:
            raise InputMissing("nothing to send was found", hint="check the paths, --include and --exclude")
        return items

    def _skip(self, skipped: Skipped) -> None:
        from dimsetools.render import store as shown

        self._tally.skip(skipped)
        if not (self._brief and skipped.expected):
            self._output.record(shown.skipped_record(skipped), shown.skipped_line(skipped))
        if self._report is not None:
            self._report.row(shown.skipped_row(skipped))

    def rehearse(self, items: list[Item], rules: Rules) -> int:
        """Show what would be proposed and sent."""
        from dimsetools.render import store as shown
        from dimsetools.services.plan import batches

        planned = batches(items, rules.own)
        self._output.columns(("_event", "_association", "_context", "SOPClassUID", "TransferSyntaxUID"))
        for record, line in shown.proposals(planned):
            self._output.record(record, line)
        self._output.summary(
            shown.rehearsal_record(items, planned, self._tally, self._target),
            shown.rehearsal_line(items, planned, self._tally, self._target),
        )
        return self._tally.exit_status(strict=False)

    def send(self, items: list[Item], manner: Manner) -> int:
        """Send the files, as often as asked for, and tell what became of them."""
        from dimsetools.render import store as shown
        from dimsetools.services.store import Sender

        session, output = self._session, self._output
        operation = session.operation
        times = operation.repeat or 1
        tracer = session.tracer(output.note)
        seconds = 0.0
        total = sum(item.meta.length for item in items)
        with output.progress(len(items) * times, total * times) as progress:
            for number in range(times):
                if number and session.stop.wait(operation.interval or 0.0):
                    break
                sender = Sender(
                    self._target, manner, stop=session.stop, tracer=tracer, advance=progress.advance
                )
                for event in sender.send(items):
                    outcome = self._take(event)
                    if outcome:
                        progress.finish_object(outcome)
                seconds += sender.seconds
        code = self._tally.exit_status(strict=operation.strict)
        if session.stop.requested:
            code = session.stop.exit_code
        self._explain(code)
        output.summary(
            shown.summary_record(self._tally, self._target, seconds, code),
            shown.summary_line(self._tally, self._target, seconds),
        )
        return code

    def _take(self, event: Event) -> str:
        """Show an event and count it; return the outcome if an object is done with."""
        from dimsetools.render import store as shown
        from dimsetools.services.store import Opened, Retry, Stored

        output = self._output
        if isinstance(event, Stored):
            outcome = self._tally.add(event)
            if not self._brief or (outcome != "ok" and event.tries):
                line = shown.line(event) if self._lines else None
                output.record(shown.record(event), line)
            if self._report is not None:
                self._report.row(shown.row(event, outcome))
            return outcome
        if isinstance(event, Opened):
            output.note(shown.opened_line(event), 1)
        elif isinstance(event, Retry):
            output.note(shown.retry_line(event))
        else:
            output.warning(event.text)
        return ""

    def _explain(self, code: ExitCode) -> None:
        """Explain each kind of failure once, however many objects met it."""
        from dimsetools.render import store as shown

        for error, where in shown.explanations(self._tally, str(self._target), code):
            self._output.failure(error, where)


@contextmanager
def _paths(inputs: Inputs) -> Iterator[Iterator[str]]:
    """Give the paths of the command line, then those of the list."""
    with ExitStack() as stack:

        def paths() -> Iterator[str]:
            yield from inputs.paths
            if inputs.files_from is not None:
                from dimsetools.services.selection import listed

                yield from listed(_opened(stack, inputs.files_from), zero=inputs.null)

        yield paths()


def _opened(stack: ExitStack, path: str) -> IO[bytes]:
    if path == "-":
        return sys.stdin.buffer
    try:
        return stack.enter_context(open(path, "rb"))
    except OSError as error:
        raise InputUnreadable(f"cannot read the list {path}: {error.strerror}") from None


_NOTES = (
    (
        "Globs hold for files found in folders; files that are named are always taken. A glob without a "
        "slash is held against the name, one with a slash against the path inside the folder."
    ),
    (
        "What may pass is a lost connection, a transient rejection, a node that cannot be reached, and a "
        "status that says that it is out of resources. Pauses between tries are random and grow up to 30 s."
    ),
    (
        "Each object is proposed in the transfer syntax that it has. With --ts, objects are sent in those "
        "alone: in their own if it is one of them, else converted to the first that the node takes."
    ),
    "At a terminal a file is shown only if there is something to say about it; -v shows each.",
)

command = NetworkCommand(
    "store",
    callback=_store,
    help=(
        "Send files and folders to a node.\n\n"
        "Each file goes out as it is where the node takes its transfer syntax, else converted without loss. "
        "A file that cannot be sent keeps no other from being sent."
    ),
    params=[
        PeerArgument(),
        click.Argument(
            ["paths"], metavar="PATH...", nargs=-1, help="Files, and folders that are searched to the bottom."
        ),
        click.Option(
            ["--files-from"],
            type=click.Path(dir_okay=False, allow_dash=True),
            metavar="FILE",
            help="Send what FILE lists, a path a line; - is stdin.",
        ),
        click.Option(["-0", "--null"], is_flag=True, help="Paths in that list end in NUL (find -print0)."),
        click.Option(
            ["--include"], multiple=True, metavar="GLOB", help="Take only such files of folders. Repeatable."
        ),
        click.Option(
            ["--exclude"], multiple=True, metavar="GLOB", help="Pass over such files and folders. Repeatable."
        ),
        click.Option(
            ["-j", "--jobs"], type=COUNT, default=1, metavar="N", help="Associations at a time (default 1)."
        ),
        click.Option(
            ["--retry"],
            type=click.IntRange(0),
            default=0,
            metavar="N",
            help="Try again up to N times what failed for a reason that may pass.",
        ),
        click.Option(["--never-transcode"], is_flag=True, help="Send files as they are, or not at all."),
        click.Option(
            ["--allow-truncated"], is_flag=True, help="Send files that end too early too, as they are."
        ),
        click.Option(["--trim"], is_flag=True, help="Leave out surplus bytes at the end of files."),
        click.Option(["--fail-fast"], is_flag=True, help="Send nothing more after the first failure."),
        click.Option(
            ["--report"],
            type=FILE,
            metavar="FILE",
            help="Write a row for each file: .ndjson, .csv, or .xml for JUnit.",
        ),
    ],
    examples=[
        ("dimse store PACS@10.0.0.5:104 study/", "send all of a folder"),
        (
            "dimse store pacs --jobs 4 --retry 3 --report sent.csv /archive",
            "four at a time, and keep a record",
        ),
        (
            "find . -name '*.dcm' -print0 | dimse store pacs --files-from - -0",
            "send what another program found",
        ),
        ("dimse store pacs --dry-run study/", "see what would be proposed"),
    ],
    notes=_NOTES,
)
