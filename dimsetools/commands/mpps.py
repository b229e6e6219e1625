"""`dimse mpps`: tell a node that a procedure step has begun, is completed, or was given up."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from dimsetools.commands.scheduled import scheduled_item
from dimsetools.commands.stepping import Steps, check, objects, present
from dimsetools.errors import InputError, UsageError
from dimsetools.options import FILE, REQUESTOR, NetworkCommand, PeerArgument, Session, Verbs
from dimsetools.options.normalized import NO_CHECK
from dimsetools.options.steps import KEY, RETRIEVE_AET, UID, UID_TYPE, code_option, words
from dimsetools.options.types import Named

if TYPE_CHECKING:
    from dimsetools.dataset.attributes import Attributes
    from dimsetools.render import Output


# -- start ------------------------------------------------------------------------------------------


def _start(
    session: Session,
    peer: str,
    words: tuple[str, ...],
    worklist: str | None,
    where: tuple[str, ...],
    uid: str | None,
    keys: tuple[str, ...],
    check: bool,
) -> int:
    from dimsetools.dataset.keys import keyed
    from dimsetools.dataset.normalized import CLASSES, new_uid
    from dimsetools.dataset.performed import begun, overlaid
    from dimsetools.options.query import sorted_out
    from dimsetools.services import requests

    mpps = CLASSES["mpps"]
    files, given = sorted_out(words)
    if where and worklist is None:
        raise UsageError("--where searches a worklist", hint="name its node: --worklist PEER")
    if worklist is not None and files:
        raise UsageError("a step begins from files or from --worklist, not from both")
    now = present()
    keyed((*given, *keys), today=now)  # mistakes are said before a worklist is asked
    with Steps(session, peer, mpps.contexts_for("N-CREATE"), yields=True) as steps:
        if worklist is not None:
            source = scheduled_item(session, steps.output, worklist, where)
        else:
            source = _from_files(session, steps.output, files)
        made = begun(source, session.target(peer).calling_aet, now, new_uid())
        made = overlaid(made, (*given, *keys), now)
        if check:
            _check_begun(made)
        steps.ask(requests.create(mpps, uid or new_uid(), made))
        return steps.code()


def _check_begun(made: Attributes) -> None:
    from dimsetools.dataset.mpps_rules import CREATE
    from dimsetools.dataset.requirements import fault

    check(fault(made, CREATE), "the step is not as it has to be")


def _from_files(session: Session, output: Output, files: Sequence[str]) -> Attributes:
    """Return the worklist item, or the header of the first image, that the files hold."""
    from dimsetools.dataset.attributes import text
    from dimsetools.dataset.performed import HEADER
    from dimsetools.options.normalized import data_set

    if not files:
        return {}
    if len(files) == 1 and not os.path.isdir(files[0]) and not _is_object(files[0]):
        found = data_set(files[0], (), check=False, stop=session.stop)
        assert found is not None
        return found
    headers = [header.attributes for header in objects(session, files, HEADER, output)]
    studies = {text(header, 0x0020000D) for header in headers}
    if len(studies) > 1:
        raise InputError(
            f"the objects belong to {len(studies)} studies, a step begins in one",
            hint="name those of one study",
        )
    return headers[0]


def _is_object(path: str) -> bool:
    """Tell whether a file is an object of a storage class, and no worklist item."""
    from dimsetools.dataset.part10 import open_regular, read_meta
    from dimsetools.uids import storage_classes

    if path == "-":
        return False
    try:
        descriptor, status = open_regular(path)
    except InputError as error:
        raise type(error)(f"{path}: {error.message}") from None
    try:
        return read_meta(descriptor, status.st_size).sop_class_uid in storage_classes()
    except InputError:
        return False
    finally:
        os.close(descriptor)


# -- the end ----------------------------------------------------------------------------------------


class Ending(NamedTuple):
    """The own options of the verbs that end a step."""

    report: str | None
    retrieve_aet: str
    keys: tuple[str, ...]
    check: bool
    reason: str | None = None
    empty: bool = False


def _complete(session: Session, peer: str, uid: str, words: tuple[str, ...], **own: Any) -> int:
    from dimsetools.dataset.mpps_rules import COMPLETED

    return _end(session, peer, uid, COMPLETED, words, Ending(**own))


def _discontinue(session: Session, peer: str, uid: str, words: tuple[str, ...], **own: Any) -> int:
    from dimsetools.dataset.codes import REASON
    from dimsetools.dataset.mpps_rules import DISCONTINUED

    return _end(session, peer, uid, DISCONTINUED, words, Ending(**own | {"reason": own["reason"] or REASON}))


def _end(session: Session, peer: str, uid: str, state: str, words: Sequence[str], own: Ending) -> int:
    """Tell of the end of a step, and of what came of it."""
    from dimsetools.dataset.codes import coded
    from dimsetools.dataset.keys import keyed
    from dimsetools.dataset.normalized import CLASSES, new_uid
    from dimsetools.dataset.performed import HEADER, empty_series, ended, performed_series
    from dimsetools.options.query import sorted_out
    from dimsetools.services import requests

    mpps, now = CLASSES["mpps"], present()
    files, given = sorted_out(words)
    with Steps(session, peer, mpps.contexts_for("N-SET")) as steps:
        if own.report is not None:
            files += _stored(own.report, steps.output)
        headers = objects(session, files, HEADER, steps.output)
        series = performed_series((header.attributes for header in headers), own.retrieve_aet)
        if not series and (own.reason is not None or own.empty):
            series = [empty_series(new_uid())]
        made = ended(state, now, series, coded(own.reason) if own.reason is not None else None)
        made = keyed((*given, *own.keys), base=made, today=now, ranged=False)
        if own.check:
            _check_ended(made)
        steps.ask(requests.set_(mpps, uid, made))
        return steps.code()


def _check_ended(made: Attributes) -> None:
    from dimsetools.dataset.mpps_rules import FINAL, SET
    from dimsetools.dataset.requirements import fault

    if not made[_SERIES].values:
        raise UsageError(
            "a step that is completed has performed series",
            hint="name the folder of its images, --from the report of dimse store, or --empty if nothing "
            "came of it",
        )
    check(fault(made, FINAL) or fault(made, SET), "the end is not as it has to be")


_SERIES = 0x00400340


def _stored(report: str, output: Output) -> list[str]:
    """Return the files that a report of `dimse store` says were acknowledged."""
    from dimsetools.dataset.part10 import open_regular
    from dimsetools.services.acknowledged import acknowledged

    try:
        descriptor, _ = open_regular(report)
    except InputError as error:
        raise type(error)(f"{report}: {error.message}") from None
    with os.fdopen(descriptor, "rb") as lines:
        found = acknowledged(lines, report, lambda error: output.warning(error.message))
    paths = [path for _, path in found if path]
    if not paths:
        raise InputError(
            f"{report}: it names no object that was stored", hint="it is made by dimse store --report"
        )
    return paths


# -- the command ------------------------------------------------------------------------------------

_FROM = click.Option(
    ["--from", "report"],
    type=FILE,
    metavar="REPORT",
    help="What a report of dimse store (.ndjson) says was stored, read from the files that it names.",
)
_OBJECTS = words(
    "PATH|KEY...",
    "Objects that came of the step, files and folders; or attributes to be sent, as "
    "PerformedProcedureStepDescription=Chest.",
)
_WITHOUT = ("repeat", "interval", "stats", "priority")

command = Verbs(
    "mpps",
    help=(
        "Tell a node how a procedure step goes (modality performed procedure step).\n\n"
        "A step is started once, by an N-CREATE, and ended once, by an N-SET: it is then COMPLETED or "
        "DISCONTINUED and cannot be changed any more."
    ),
    verbs=[
        NetworkCommand(
            "start",
            callback=_start,
            help=(
                "Start a step, and print its UID.\n\n"
                "What is known of it is taken from a worklist item, from the images that came of it, or from "
                "keys. What must be there and nobody knows is sent without a value."
            ),
            params=[
                PeerArgument(),
                words(
                    "FILE|KEY...",
                    "A worklist item (as dimse find -W prints it, in any form; - is stdin) or the images of "
                    "one study, files and folders; or attributes to be sent, as Modality=CT.",
                ),
                click.Option(
                    ["--worklist"],
                    metavar="NODE",
                    help="Take the worklist item from a node: NAME, AET@HOST:PORT or HOST:PORT.",
                ),
                click.Option(
                    ["--where"],
                    multiple=True,
                    metavar="KEY",
                    type=Named("key", str, fill="key"),
                    help="With --worklist, a key that the item must match. Repeatable.",
                ),
                click.Option(
                    ["--uid"],
                    type=UID_TYPE,
                    metavar="UID",
                    help="SOP Instance UID of the step (default a new one).",
                ),
                KEY,
                NO_CHECK,
            ],
            groups=REQUESTOR,
            without=_WITHOUT,
            examples=(
                (
                    "dimse mpps start ris --worklist ris --where AccessionNumber=A100",
                    "start what is scheduled, and print the step's UID",
                ),
                ("dimse find ris -W PatientID=1CT1 --json | dimse mpps start ris -", "the same in two steps"),
                (
                    "dimse mpps start ris study/ PerformedStationName=CT2",
                    "start a step whose images are there",
                ),
                (
                    "dimse mpps start ris PatientID=1CT1 PatientName=DOE^JANE Modality=CT",
                    "an unscheduled one",
                ),
            ),
        ),
        NetworkCommand(
            "complete",
            callback=_complete,
            help=(
                "Complete a step.\n\n"
                "The series are made from the objects that came of it: protocol, operator, performing "
                "physician and the instances."
            ),
            params=[
                PeerArgument(),
                UID,
                _OBJECTS,
                _FROM,
                RETRIEVE_AET,
                click.Option(["--empty"], is_flag=True, help="Say that no object came of the step."),
                KEY,
                NO_CHECK,
            ],
            groups=REQUESTOR,
            without=_WITHOUT,
            examples=(
                ("dimse mpps complete ris 1.2.3 study/ --retrieve-aet PACS", "complete a step"),
                ("dimse mpps complete ris 1.2.3 --from sent.ndjson", "with what dimse store has sent"),
            ),
        ),
        NetworkCommand(
            "discontinue",
            callback=_discontinue,
            help="Discontinue a step, with what came of it until then, if anything did.",
            params=[
                PeerArgument(),
                UID,
                _OBJECTS,
                code_option(
                    "--reason",
                    "Why: VALUE\\SCHEME\\MEANING (default 110513\\DCM\\Discontinued for unspecified reason).",
                ),
                _FROM,
                RETRIEVE_AET,
                KEY,
                NO_CHECK,
            ],
            groups=REQUESTOR,
            without=_WITHOUT,
            examples=(
                (
                    r"dimse mpps discontinue ris 1.2.3 --reason '110501\DCM\Equipment failure'",
                    "give up a step, and say why",
                ),
            ),
        ),
    ],
    notes=(
        (
            "A key of the scheduled step, such as AccessionNumber or StudyInstanceUID, is put into the item "
            "of the Scheduled Step Attributes Sequence. All keys are checked before a connection is made, "
            "and what the standard demands of a step, too; --no-check sends it as it is."
        ),
        (
            "Where standard output is no terminal and no format is asked for, start prints the UID and "
            "nothing else: uid=$(dimse mpps start ris item.json)."
        ),
    ),
)
