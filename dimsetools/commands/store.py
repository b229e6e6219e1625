"""`dimse store`: send files and folders to a node."""

from __future__ import annotations

from contextlib import ExitStack, closing
from time import monotonic
from typing import TYPE_CHECKING

import click

from dimsetools.commands.committing import NOTES as COMMITTING_NOTES
from dimsetools.commands.committing import committing
from dimsetools.commands.inputs import FILES, Inputs, examined
from dimsetools.errors import ExitCode, UsageError
from dimsetools.options import COUNT, FILE, REQUESTOR, NetworkCommand, PeerArgument, Session
from dimsetools.options.waiting import CHUNK, COMMITMENT, Waiting

if TYPE_CHECKING:
    from dimsetools.association.values import Target
    from dimsetools.commands.committing import Committing
    from dimsetools.render import Output
    from dimsetools.render.commitment import Asked
    from dimsetools.render.store import Telling
    from dimsetools.services.examine import Item
    from dimsetools.services.plan import Rules
    from dimsetools.services.store import Manner


def _store(
    session: Session,
    peer: str,
    jobs: int,
    retry: int,
    never_transcode: bool,
    fail_fast: bool,
    report: str | None,
    commit: bool,
    chunk: int | None,
    allow_truncated: bool,
    trim: bool,
    **inputs: object,
) -> int:
    from dimsetools.render import Output
    from dimsetools.render.report import create
    from dimsetools.render.store import COLUMNS, COMMITMENT_COLUMNS, PLAN_COLUMNS, Telling
    from dimsetools.services.examine import Leniency
    from dimsetools.services.transactions import CHUNK as CHUNK_SIZE

    wanted = Inputs(**inputs)  # type: ignore[arg-type]  # the parameters' types are click's to check
    if not wanted.named:
        raise UsageError("nothing to send is named", hint="dimse store PEER PATH..., or --files-from FILE")
    if not commit and (chunk is not None or session.values(Waiting) != Waiting()):
        raise UsageError("--wait, --port, --allow and --chunk are for --commit", hint="add --commit")
    target = session.target(peer)
    manner = _manner(session, peer, jobs, retry, never_transcode=never_transcode, fail_fast=fail_fast)
    columns = (*COLUMNS, *COMMITMENT_COLUMNS) if commit else COLUMNS
    with ExitStack() as stack:
        output = stack.enter_context(Output(**session.output.printing()))
        rows = stack.enter_context(create(report, f"dimse store {target}", columns)) if report else None
        printing = session.output
        # A person at a terminal wants to see what is odd; programs, and whoever asks for more, see all.
        brief = output.format == "table" and not printing.verbosity and printing.fields is None
        telling = Telling(output, rows, brief=brief)
        output.columns(PLAN_COLUMNS if session.operation.dry_run else columns)
        leniency = Leniency(allow_truncated, trim)
        items = examined(session, wanted, leniency, telling, fail_fast=fail_fast)
        if session.operation.dry_run:
            asked = (chunk or CHUNK_SIZE) if commit else 0
            return _rehearse(output, items, manner.rules, telling, target, chunk=asked)
        if not commit:
            seconds = _send(session, output, items, manner, target, telling)
            return _end(session, target, telling, seconds, None)
        telling.acknowledged = {}
        run = stack.enter_context(committing(session, output, target, chunk))
        seconds = _send(session, output, items, manner, target, telling)
        return _end(session, target, telling, seconds, _asked(session, output, run, target, telling, seconds))


def _manner(
    session: Session, peer: str, jobs: int, retry: int, *, never_transcode: bool, fail_fast: bool
) -> Manner:
    from dimsetools.services.plan import Rules
    from dimsetools.services.store import Manner

    node, negotiation = session.node(peer), session.negotiation
    most = node.max_associations
    return Manner(
        rules=Rules(negotiation.transfer_syntaxes, node.transcode and not never_transcode),
        jobs=jobs if most is None else min(jobs, most),
        retries=retry,
        priority=negotiation.priority,
        fail_fast=fail_fast,
        abort=session.operation.abort,
        roles=negotiation.roles,
        extended=negotiation.extended,
    )


def _rehearse(
    output: Output, items: list[Item], rules: Rules, telling: Telling, target: Target, *, chunk: int
) -> int:
    """Show what would be proposed and sent, and asked for in transactions of `chunk` objects, if not 0."""
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
    if chunk:
        from dimsetools.render.commitment import rehearsal

        references = {item.meta.sop_instance_uid for item in offered}
        output.record(*rehearsal(target, len(references), -(-len(references) // chunk)))
    output.summary(
        shown.rehearsal_record(offered, planned, tally, target),
        shown.rehearsal_line(offered, planned, tally, target),
    )
    return tally.exit_status(strict=False)


def _send(
    session: Session, output: Output, items: list[Item], manner: Manner, target: Target, telling: Telling
) -> float:
    """Send the files, as often as asked for, and tell what becomes of them; return the seconds it took."""
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
    return seconds


def _asked(
    session: Session, output: Output, run: Committing, target: Target, telling: Telling, seconds: float
) -> Asked | None:
    """Ask for commitment to what was acknowledged; return what that came to, None if there was nothing."""
    from dimsetools.render import commitment as shown
    from dimsetools.render.units import counted

    if not telling.acknowledged:
        return None
    if session.stop.requested:
        objects = counted(len(telling.acknowledged), "object")
        output.warning(f"commitment to {objects} that the node has acknowledged was not asked for")
        return None
    telling.sent(target, seconds)
    paths = {reference.sop_instance: path for reference, path in telling.acknowledged.items()}
    outcome = shown.Telling(output, telling.report, paths, brief=telling.brief)
    run.ask([*telling.acknowledged], outcome)
    return shown.Asked(outcome.tally, run.seconds)


def _end(session: Session, target: Target, telling: Telling, seconds: float, asked: Asked | None) -> ExitCode:
    """Tell what it came to; return the exit status."""
    from dimsetools.render.commitment import combined

    stop = session.stop
    code = telling.tally.exit_status(strict=session.operation.strict)
    if asked is not None:
        code = combined(code, asked.tally.exit_status())
    if stop.requested:
        code = stop.exit_code
    telling.end(target, seconds, code, asked)
    return code


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
    (
        "With --commit each object that the node has acknowledged has a second row in the report, of the "
        "event committed or not-committed. The exit status is then 0 only if the node commits to every "
        "object, 3 if to some, 62 if it does not report in time; an object that failed counts as well."
    ),
    *COMMITTING_NOTES,
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
        *FILES,
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
            ["--commit"],
            is_flag=True,
            help="Then have the node promise to keep what it has acknowledged (storage commitment).",
        ),
        CHUNK,
        click.Option(
            ["--report"],
            type=FILE,
            metavar="FILE",
            help="Write a row for each file: .ndjson, .csv, or .xml for JUnit.",
        ),
    ],
    groups=(COMMITMENT, *REQUESTOR),
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
        ("dimse store pacs --commit --port 11113 study/", "and have the node promise to keep it"),
        ("dimse store pacs --dry-run study/", "see what would be proposed"),
    ],
    notes=_NOTES,
)
