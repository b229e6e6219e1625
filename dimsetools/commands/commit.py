"""`dimse commit`: have a node promise to keep what it has been sent."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING

import click

from dimsetools.commands.committing import NOTES, committing
from dimsetools.commands.inputs import FILES, Inputs, examined
from dimsetools.errors import ExitCode, InputError, InputMissing, InputUnreadable, UsageError
from dimsetools.options import FILE, REQUESTOR, NetworkCommand, PeerArgument, Session
from dimsetools.options.waiting import CHUNK, COMMITMENT

if TYPE_CHECKING:
    from dimsetools.dataset.commitments import Reference
    from dimsetools.render.commitment import Named

_STDIN = "-"


def _commit(
    session: Session,
    peer: str,
    report: str | None,
    sent: str | None,
    chunk: int | None,
    **inputs: object,
) -> int:
    from dimsetools.render import Output
    from dimsetools.render import commitment as shown
    from dimsetools.render.report import create
    from dimsetools.services.transactions import CHUNK as CHUNK_SIZE
    from dimsetools.services.transactions import chunks

    files = Inputs(**inputs)  # type: ignore[arg-type]  # the parameters' types are click's to check
    if files.named == (sent is not None):
        what = "name files or --from FILE, not both" if sent is not None else "nothing is named to ask for"
        raise UsageError(what, hint="dimse commit PEER PATH..., or dimse commit PEER --from sent.ndjson")
    target = session.target(peer)
    with ExitStack() as stack:
        output = stack.enter_context(Output(**session.output.printing()))
        output.columns(shown.PLAN_COLUMNS if session.operation.dry_run else shown.COLUMNS)
        named = shown.Named(output)
        wanted = _of_report(sent, named) if sent is not None else _of_files(session, files, named)
        if session.operation.dry_run:
            made = [*chunks((reference for reference, _ in wanted), chunk or CHUNK_SIZE)]
            output.record(*shown.rehearsal(target, sum(map(len, made)), len(made)))
            return named.exit_status(ExitCode.OK)
        rows = create(report, f"dimse commit {target}", shown.COLUMNS) if report else None
        if rows is not None:
            stack.enter_context(rows)
        printing = session.output
        brief = output.format == "table" and not printing.verbosity and printing.fields is None
        paths = {reference.sop_instance: path for reference, path in wanted}
        telling = shown.Telling(output, rows, paths, brief=brief)
        run = stack.enter_context(committing(session, output, target, chunk))
        run.ask([reference for reference, _ in wanted], telling)
        code = session.stop.exit_code if session.stop.requested else telling.tally.exit_status()
        code = named.exit_status(code)
        shown.Asked(telling.tally, run.seconds).end(output, target, {}, code)
        return code


def _of_files(session: Session, files: Inputs, named: Named) -> list[tuple[Reference, str]]:
    """Return the instances that files hold; how a file would be sent does not matter."""
    from dimsetools.dataset.commitments import Reference
    from dimsetools.services.examine import Leniency

    items = examined(session, files, Leniency(truncated=True, trim=True), named)
    return [(Reference(item.meta.sop_class_uid, item.meta.sop_instance_uid), item.path) for item in items]


def _of_report(path: str, named: Named) -> list[tuple[Reference, str]]:
    """Return the instances that a report says were stored."""
    from dimsetools.services.acknowledged import acknowledged

    bad: list[InputError] = []
    try:
        with open(sys.stdin.fileno() if path == _STDIN else path, "rb", closefd=path != _STDIN) as lines:
            found = acknowledged(lines, "stdin" if path == _STDIN else path, bad.append)
    except OSError as error:
        raise InputUnreadable(f"cannot read the report {path}: {error.strerror}") from None
    named.bad_lines(bad)
    if not found:
        raise InputMissing(
            f"{'stdin' if path == _STDIN else path} names no object that was stored",
            hint="dimse store --report FILE.ndjson writes such a report, dimse store --json prints it",
        )
    return found


command = NetworkCommand(
    "commit",
    callback=_commit,
    help=(
        "Have a node promise to keep objects that it was sent (storage commitment).\n\n"
        "Asks for the objects in files, or with --from for exactly those that a node has acknowledged. The "
        "node answers with a report, now or later, that says of each whether it is kept for good."
    ),
    params=[
        PeerArgument(),
        click.Argument(
            ["paths"],
            metavar="[PATH...]",
            nargs=-1,
            type=click.Path(),
            help="Files, and folders that are searched to the bottom.",
        ),
        click.Option(
            ["--from", "sent"],
            type=click.Path(dir_okay=False, allow_dash=True),
            metavar="FILE",
            help="Ask for what was stored by a report (.ndjson, .csv) or output of dimse store; - is stdin.",
        ),
        *FILES,
        CHUNK,
        click.Option(
            ["--report"],
            type=FILE,
            metavar="FILE",
            help="Write a row for each object: .ndjson, .csv, or .xml for JUnit.",
        ),
    ],
    groups=(COMMITMENT, *REQUESTOR),
    without=("priority", "repeat", "interval", "strict", "transfer_syntaxes"),
    examples=[
        ("dimse commit pacs study/", "ask for the objects in a folder, wait for the report"),
        ("dimse commit pacs --from sent.ndjson --wait 10m --port 11113", "for what was sent, patiently"),
        ("dimse store pacs study/ --json | dimse commit pacs --from -", "send, and ask for what arrived"),
    ],
    notes=(
        *NOTES,
        (
            "Exit status: 0 if the node commits to every object, 3 if to some, 1 if to none, 62 if it does "
            "not report in time."
        ),
        "At a terminal only what a report does not commit to is shown; -v shows each object.",
    ),
)
