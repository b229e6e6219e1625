"""`dimse store`: send files and folders to a node."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from time import monotonic
from typing import IO, TYPE_CHECKING, NamedTuple

import click

from dimsetools.errors import InputError, InputMissing, InputUnreadable, UsageError
from dimsetools.options import COUNT, FILE, NetworkCommand, PeerArgument, Session

if TYPE_CHECKING:
    from dimsetools.association.values import Target
    from dimsetools.render import Output
    from dimsetools.render.store import Telling
    from dimsetools.services.examine import Item
    from dimsetools.services.plan import Rules
    from dimsetools.services.store import Manner


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
    from dimsetools.render.store import COLUMNS, PLAN_COLUMNS, Telling
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
        rows = stack.enter_context(create(report, f"dimse store {target}", COLUMNS)) if report else None
        printing = session.output
        # A person at a terminal wants to see what is odd; programs, and whoever asks for more, see all.
        brief = output.format == "table" and not printing.verbosity and printing.fields is None
        telling = Telling(output, rows, brief=brief)
        output.columns(PLAN_COLUMNS if session.operation.dry_run else COLUMNS)
        items = _examined(session, wanted, telling, fail_fast=fail_fast)
        if session.operation.dry_run:
            return _rehearse(output, items, manner.rules, telling, target)
        return _send(session, output, items, manner, target, telling)


def _examined(session: Session, inputs: Inputs, telling: Telling, *, fail_fast: bool) -> list[Item]:
    """Find and check the files; tell of those that cannot be sent. The first of them raises if it shall."""
    from dimsetools.services.examine import Item, Leniency, Remark, examine
    from dimsetools.services.selection import Patterns, select

    items: list[Item] = []
    with _paths(inputs) as paths:
        found = select(paths, Patterns(inputs.include, inputs.exclude))
        for result in examine(found, Leniency(inputs.allow_truncated, inputs.trim), stop=session.stop):
            if isinstance(result, Item):
                items.append(result)
            elif isinstance(result, Remark):
                telling.remark(result)
            else:
                telling.skipped(result)
                if fail_fast and not result.expected:
                    kind = InputUnreadable if isinstance(result.error, InputUnreadable) else InputError
                    raise kind(f"{result.path}: {result.error.message}", hint=result.error.hint)
    if not items and not telling.tally.skipped and not session.stop.requested:
        raise InputMissing("nothing to send was found", hint="check the paths, --include and --exclude")
    return items


def _rehearse(output: Output, items: list[Item], rules: Rules, telling: Telling, target: Target) -> int:
    """Show what would be proposed and sent."""
    from dimsetools.render import store as shown
    from dimsetools.services.plan import batches, pair_of
    from dimsetools.services.store import Stored, nothing_to_offer

    offered = [item for item in items if rules.own(pair_of(item))]
    for item in items:
        if not rules.own(pair_of(item)):
            telling.event(Stored(item, None, 0.0, "", nothing_to_offer()))
    planned, tally = batches(offered, rules.own), telling.tally
    for record, line in shown.proposals(planned):
        output.record(record, line)
    output.summary(
        shown.rehearsal_record(offered, planned, tally, target),
        shown.rehearsal_line(offered, planned, tally, target),
    )
    return tally.exit_status(strict=False)


def _send(
    session: Session, output: Output, items: list[Item], manner: Manner, target: Target, telling: Telling
) -> int:
    """Send the files, as often as asked for, and tell what became of them."""
    from dimsetools.services.store import Sender

    operation, stop = session.operation, session.stop
    times = operation.repeat or 1
    size = sum(item.meta.length for item in items)
    tracer = session.tracer(output.note)
    interval = operation.interval or 0.0
    seconds, began = 0.0, monotonic()
    with output.progress(len(items) * times, size * times) as progress:
        for number in range(times):
            if number and stop.wait(max(began + number * interval - monotonic(), 0.0)):
                break
            sender = Sender(target, manner, stop=stop, tracer=tracer, advance=progress.advance)
            with closing(sender.send(items)) as events:  # whatever happens here, its threads end
                for event in events:
                    outcome = telling.event(event)
                    if outcome:
                        progress.finish_object(outcome)
            seconds += sender.seconds
    code = stop.exit_code if stop.requested else telling.tally.exit_status(strict=operation.strict)
    telling.end(target, seconds, code)
    return code


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
            ["paths"],
            metavar="PATH...",
            nargs=-1,
            type=click.Path(),
            help="Files, and folders that are searched to the bottom.",
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
