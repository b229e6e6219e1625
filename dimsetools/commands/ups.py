"""`dimse ups`: unified procedure steps from either side: schedule work, claim it, perform it, watch it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import click

from dimsetools.commands import ups_verbs
from dimsetools.options import FILE, REQUESTOR, TITLE, NetworkCommand, PeerArgument, Verbs
from dimsetools.options.normalized import ATTRIBUTES, DATA_SETS, NO_CHECK
from dimsetools.options.steps import (
    KEY,
    PERCENT,
    RETRIEVE_AET,
    UID,
    UID_TYPE,
    code_option,
    words,
)
from dimsetools.options.types import Named

_WATCHED = ("global", "filter")


def _instance(text: str) -> str:
    from dimsetools.uids import is_valid_uid

    if text not in _WATCHED and not is_valid_uid(text):
        raise ValueError("is no UID: write one, or global, or filter")
    return text


_WITHOUT = ("repeat", "interval", "stats", "priority")
_KEYS = words("KEY=VALUE...", "Attributes to be sent, as PatientName=DOE or Sequence.Attribute=value.")
_TRANSACTION_HELP = "The Transaction UID that the step was claimed with."
_TRANSACTION = click.Option(
    ["--transaction"], type=UID_TYPE, required=True, metavar="UID", help=_TRANSACTION_HELP
)
_RECEIVER = click.Option(
    ["--receiver"], type=TITLE, metavar="TITLE", help="AE title that gets the reports (default our own)."
)
_WATCHED_INSTANCE = click.Argument(
    ["instance"],
    metavar="UID|global|filter",
    type=Named("step", _instance, choices=lambda: _WATCHED),
    help="A step; or global for all, now and later; or filter for those that match keys.",
)


def _verb(
    name: str,
    callback: Callable[..., int],
    text: str,
    params: Sequence[click.Parameter],
    examples: Sequence[tuple[str, str]],
) -> NetworkCommand:
    return NetworkCommand(
        name,
        callback=callback,
        help=text,
        params=[PeerArgument(), *params],
        groups=(DATA_SETS, *REQUESTOR) if name == "get" else REQUESTOR,
        without=_WITHOUT,
        examples=examples,
    )


command = Verbs(
    "ups",
    help=(
        "Schedule work, perform it, and watch it (unified procedure steps).\n\n"
        "A step is pushed by whoever wants something done, claimed by whoever does it, and completed or "
        "canceled by the same. Who has claimed it knows its Transaction UID, and nobody else can change it."
    ),
    verbs=[
        _verb(
            "push",
            ups_verbs.push,
            "Schedule a step, and print its UID.\n\n"
            "What it must say and nobody has said is filled in: priority MEDIUM, ready, to be begun now.",
            [
                _KEYS,
                click.Option(
                    ["-f", "--file", "file"],
                    type=FILE,
                    metavar="FILE",
                    help="A file with the step, as DICOM, JSON, dump lines or XML; - is stdin.",
                ),
                click.Option(
                    ["--input", "inputs"],
                    type=click.Path(),
                    multiple=True,
                    metavar="PATH",
                    help="Objects to work on, whose patient it is about. Files and folders, repeatable.",
                ),
                RETRIEVE_AET,
                click.Option(
                    ["--uid"],
                    type=UID_TYPE,
                    metavar="UID",
                    help="UID of the step (default a new one).",
                ),
                KEY,
                NO_CHECK,
            ],
            (
                (
                    "dimse ups push tasks ProcedureStepLabel=Segment --input study/ --retrieve-aet PACS",
                    "have something done with a study",
                ),
                (
                    "dimse ups push tasks -f step.json ScheduledProcedureStepPriority=HIGH",
                    "from a file, and urgent",
                ),
            ),
        ),
        _verb(
            "claim",
            ups_verbs.claim,
            "Claim a step, note when it was begun, and print the Transaction UID.\n\n"
            "That is the key to the step: keep it, or nobody can complete or cancel the step any more.",
            [
                UID,
                click.Option(
                    ["--transaction"],
                    type=UID_TYPE,
                    metavar="UID",
                    help="The Transaction UID (default a new one).",
                ),
            ],
            (("dimse ups claim tasks 1.2.3", "begin to work on a step"),),
        ),
        _verb(
            "progress",
            ups_verbs.progress,
            "Tell how far a step is.",
            [
                UID,
                _KEYS,
                _TRANSACTION,
                click.Option(["--percent"], type=PERCENT, metavar="N", help="How much is done, 0 to 100."),
                click.Option(["--description"], metavar="TEXT", help="What is being done."),
                KEY,
            ],
            (
                (
                    "dimse ups progress tasks 1.2.3 --transaction 1.2.4 --percent 40",
                    "tell of it",
                ),
            ),
        ),
        _verb(
            "complete",
            ups_verbs.complete,
            "Complete a step.\n\n"
            "Says who has done what and when, and what came of it, then changes the state.",
            [
                UID,
                words(
                    "PATH|KEY...",
                    "Objects that came of the step, files and folders; or attributes to be sent.",
                ),
                _TRANSACTION,
                RETRIEVE_AET,
                KEY,
            ],
            (
                (
                    "dimse ups complete tasks 1.2.3 result/ --transaction 1.2.4 --retrieve-aet PACS",
                    "end it well",
                ),
            ),
        ),
        _verb(
            "cancel",
            ups_verbs.cancel,
            "Cancel a step.\n\n"
            "Without a Transaction UID its performer is asked to; with one, who has claimed it gives it up.",
            [
                UID,
                _KEYS,
                click.Option(["--transaction"], type=UID_TYPE, metavar="UID", help=_TRANSACTION_HELP),
                click.Option(["--reason"], metavar="TEXT", help="Why, in words."),
                code_option("--code", "Why, as VALUE\\SCHEME\\MEANING."),
                KEY,
            ],
            (
                ("dimse ups cancel tasks 1.2.3 --reason 'wrong patient'", "ask for it"),
                (
                    r"dimse ups cancel tasks 1.2.3 --transaction 1.2.4 --code '110501\DCM\Equipment failure'",
                    "give up a step",
                ),
            ),
        ),
        _verb(
            "subscribe",
            ups_verbs.subscribe,
            "Have changes of a step, or of all, reported.\n\n"
            "The reports go to whoever has our AE title: dimse listen takes them.",
            [
                _WATCHED_INSTANCE,
                _KEYS,
                click.Option(["--lock"], is_flag=True, help="Have steps kept after their end."),
                _RECEIVER,
                KEY,
            ],
            (
                ("dimse ups subscribe tasks 1.2.3 --lock", "of one step"),
                ("dimse ups subscribe tasks filter WorklistLabel=Liver", "of those that match"),
            ),
        ),
        _verb(
            "unsubscribe",
            ups_verbs.unsubscribe,
            "End a subscription.",
            [
                _WATCHED_INSTANCE,
                click.Option(
                    ["--suspend"], is_flag=True, help="Of global: keep what is subscribed, take nothing new."
                ),
                _RECEIVER,
            ],
            (("dimse ups unsubscribe tasks global", "hear nothing more"),),
        ),
        _verb(
            "get",
            ups_verbs.get,
            "Read a step.",
            [UID, ATTRIBUTES],
            (("dimse ups get tasks 1.2.3 ProcedureStepState", "see its state"),),
        ),
    ],
    notes=(
        (
            "Steps are found by dimse find -M ups-query, or -M ups-pull for those that can be claimed. Keys "
            "are laid over what is made, and checked before a connection is made."
        ),
        (
            "Where standard output is no terminal and no format is asked for, push and claim print the UID "
            "and nothing else: lock=$(dimse ups claim tasks 1.2.3)."
        ),
    ),
)
