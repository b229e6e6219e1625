"""`dimse get`: fetch objects from a node."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dimsetools.commands.retrieving import HERE, Run, manner, opened_store, printing, rehearse
from dimsetools.errors import UsageError
from dimsetools.options import REQUESTOR, NetworkCommand, PeerArgument, Session
from dimsetools.options.query import Query
from dimsetools.options.retrieve import KEPT, RETRIEVAL, SEARCH, WANTED, Retrieval

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dimsetools.association.values import Target
    from dimsetools.render import Output


def _get(session: Session, peer: str, words: tuple[str, ...], classes: str) -> int:
    from dimsetools.render import Output

    target = session.target(peer)
    with Output(**printing(session)) as output:
        if session.node(peer).text("retrieve") == "move":
            output.warning(
                f'the configuration says retrieve = "move" of {peer}: try dimse move {peer} --receive'
            )
        if session.operation.dry_run:
            return rehearse(session, output, words, f"would fetch from {target}:")
        return _fetch(session, output, peer, target, words, _classes(classes))


def _fetch(
    session: Session,
    output: Output,
    peer: str,
    target: Target,
    words: Sequence[str],
    classes: Sequence[str] | None,
) -> int:
    """Fetch what is wanted and keep it."""
    from dimsetools.render.retrieve import COLUMNS, Telling
    from dimsetools.scp.keeper import Keeper
    from dimsetools.scp.roles import Caller
    from dimsetools.scp.storage import Storage
    from dimsetools.services.classes import of_model
    from dimsetools.services.get import Getter

    model, retrieval, shown = session.values(Query).model, session.values(Retrieval), session.output
    how = manner(session, peer, model.get)
    run = Run(session, output, words)
    output.columns(COLUMNS)
    store = opened_store(session)
    try:
        root = None if store is None else retrieval.output or HERE
        brief = output.format == "table" and not shown.verbosity and shown.fields is None
        telling = Telling(output, root=root, verb="got", brief=brief)
        telling.landed_uids = set() if retrieval.verify else None
        storage = Storage(store, None, log_objects=True, log_paths=True)
        getter = Getter(
            target,
            how,
            Keeper(storage, Caller(0, target.called_aet, target.calling_aet)).begin,
            chosen=classes or of_model(model.name) or None,
            syntaxes=session.negotiation.transfer_syntaxes,
            stop=session.stop,
            tracer=session.tracer(output.note),
        )
        run.carry_out(telling, getter)
        run.verify()
        return run.end(str(target))
    finally:
        if store is not None:
            store.close()


def _classes(text: str) -> tuple[str, ...] | None:
    """Return the storage classes that are named, None where the peer is to be asked."""
    if text == "auto":
        return None
    from dimsetools.services.classes import every
    from dimsetools.uids import sop_class

    if text == "all":
        return every()
    found = tuple(dict.fromkeys(sop_class(name) for name in text.split(",") if name.strip()))
    if not found:
        raise UsageError("--classes names no storage class", hint="auto, all, or names with commas between")
    return found


command = NetworkCommand(
    "get",
    callback=_get,
    help=(
        "Fetch objects from a node over the association on which they are asked for (C-GET).\n\n"
        "What is wanted is named by keys, by query files or by a manifest. Where the keys are not unique "
        "keys of the level, the node is searched first and each match is fetched."
    ),
    params=[
        PeerArgument(),
        WANTED,
        click.Option(
            ["--classes"],
            default="auto",
            metavar="auto|all|CLASS,...",
            help="Storage classes to propose (default auto: those that the node says it has).",
        ),
    ],
    groups=(RETRIEVAL, SEARCH, KEPT, *REQUESTOR),
    examples=[
        ("dimse get pacs StudyInstanceUID=1.2.3 -o study", "fetch a study"),
        ("dimse get pacs PatientName='DOE*' StudyDate=-7d -o in", "search, and fetch what is found"),
        ("dimse get pacs -L series StudyInstanceUID=1.2.3 Modality=SR -o in", "of a study, its reports"),
        (
            "dimse find pacs -L study StudyDate=2025 --json | dimse get pacs --manifest - -o in --json",
            "fetch what another command finds, while it still searches",
        ),
        ("dimse get pacs StudyInstanceUID=1.2.3 -o study --verify", "and see that nothing is missing"),
    ],
    notes=(
        (
            "Each storage class is proposed in as many presentation contexts as there is room for, one for "
            "each transfer syntax, so that the node can send objects as it has them; --ts names the only "
            "ones wanted. With --classes auto the node is asked for SOP Classes in Study, else for the "
            "modalities of the series; if some objects could not be sent, the usual classes are tried too."
        ),
        (
            "An object that cannot be written is answered with a failure, A700H if the disk is full, and "
            "the others go on. What has come before a connection is lost stays; the same command with "
            "--on-duplicate keep fetches the rest."
        ),
        (
            "Exit status: 3 if some objects could not be sent, 69 if none could, 40 if they could not be "
            "written, 1 if the node refused, 62 if the connection was lost, 75 if --total-timeout was over."
        ),
        "At a terminal an object is shown only if there is something to say about it; -v shows each.",
    ),
)
