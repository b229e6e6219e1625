"""`dimse listen`: take the events that nodes report on their own."""

from __future__ import annotations

from contextlib import ExitStack
from time import monotonic
from typing import TYPE_CHECKING

import click

from dimsetools.commands.hearing import logging
from dimsetools.errors import ExitCode, Interrupted, LimitReached, UsageError
from dimsetools.options import ACCEPTOR, COUNT, NetworkCommand, Session
from dimsetools.options.node import ADMISSION, RUNNING, Admission, Running
from dimsetools.options.normalized import CLASS

if TYPE_CHECKING:
    from dimsetools.dataset.normalized import NormalizedClass
    from dimsetools.render import Output
    from dimsetools.scp.listener import Listener
    from dimsetools.services.waiting import Waiting


def _listen(
    session: Session, classes: tuple[NormalizedClass, ...], peer: str | None, count: int | None
) -> int:
    from dimsetools.render import Output, atomic
    from dimsetools.render import events as shown
    from dimsetools.render.scp import listening_line
    from dimsetools.services.waiting import Waiting

    running = session.values(Running)
    with ExitStack() as stack:
        output = stack.enter_context(Output(**session.output.printing()))
        waiting = stack.enter_context(Waiting(listening=True))
        listener = _listener(session, output, waiting, classes, peer)
        stack.callback(listener.close)
        addresses = listener.start()
        names = ", ".join(one.name for one in classes) or "any class"
        output.note(listening_line(addresses, f"taking events of {names}"))
        if running.ready_file:
            atomic.write(running.ready_file, f"{addresses[0][1]}\n")
        telling, began = shown.Telling(output), monotonic()
        until = None if running.timeout is None else began + running.timeout
        try:
            for event in waiting.events(None, until, session.stop):
                telling.event(event)
                if count is not None and telling.events >= count:
                    break
        except Interrupted:
            pass
        listener.close()
        for event in waiting.events(None, monotonic()):  # what was answered meanwhile
            telling.event(event)
        telling.end(monotonic() - began)
        if session.stop.requested:
            return session.stop.exit_code
        if count is not None and telling.events < count:
            raise LimitReached(f"{telling.events} of {count} events came in {running.timeout or 0.0:g} s")
        return ExitCode.OK


def _listener(
    session: Session,
    output: Output,
    waiting: Waiting,
    classes: tuple[NormalizedClass, ...],
    peer: str | None,
) -> Listener:
    from dimsetools.commands.admitting import door, tls_context
    from dimsetools.scp.listener import Listener
    from dimsetools.scp.policy import Allowed

    admission, serving = session.values(Admission), session.serving()
    if peer is not None and admission.allow_any:
        raise UsageError("--allow-any lets everybody in, --from only one", hint="give one of them")
    return Listener(
        waiting.heard,
        title=None if admission.any_called else admission.aet,
        port=admission.port,
        log=logging(session, output),
        timeouts=serving.timeouts,
        max_pdu=serving.max_pdu,
        classes={uid for one in classes for uid in (one.uid, one.serving("N-EVENT-REPORT").uid)},
        peer=None if peer is None else session.config.node(peer).host,
        others=tuple(map(Allowed.parse, admission.allow)),
        bind=door(admission) if peer is None else admission.bind,
        tls_context=tls_context(serving),
        tracer=session.tracer(output.note),
    )


command = NetworkCommand(
    "listen",
    callback=_listen,
    help=(
        "Take the events that nodes report on their own (N-EVENT-REPORT), answer them, and show each.\n\n"
        "Listens on this machine's loopback address only, until --from, --allow or --allow-any says who may "
        "report from elsewhere. Without CLASS it takes events of any class, unknown ones too."
    ),
    params=[
        click.Argument(
            ["classes"],
            metavar="[CLASS...]",
            nargs=-1,
            type=CLASS.type,
            help="Take events of these classes alone.",
        ),
        click.Option(
            ["--from", "peer"],
            metavar="PEER",
            help="Take them from this node's addresses: a node of the configuration, or AET@host:port.",
        ),
        click.Option(["--count"], type=COUNT, metavar="N", help="End when N events have come."),
    ],
    groups=(ADMISSION, RUNNING, *ACCEPTOR),
    without=(
        "any_class",
        "require_user",
        "allow_cleartext_auth",
        "max_associations",
        "exit_after",
        "grace",
        "log_phi",
        "transfer_syntaxes",
        "async_ops",
        "stats",
    ),
    examples=[
        ("dimse listen --from pacs", "whatever a node reports, until it is interrupted"),
        (
            "dimse listen commit --from pacs --count 1 --timeout 10m",
            "wait for a report on storage commitment",
        ),
        ("dimse listen ups mpps --port 11113 --aet ME --json", "procedure steps, for a script"),
    ],
    notes=(
        (
            "The node that reports is the SCP of the class and should ask for that by role selection; one "
            "that sends no such item is served all the same."
        ),
        (
            "An event is answered with success; with 0113H if the class has no such event, 0117H if the "
            "instance is no UID, 0110H if the data set does not decode, 0118H or 0122H if the class is not "
            "taken here. Those are shown as refused and not counted."
        ),
        (
            "Exit status: 0 when N events have come, or without --count when --timeout is over; 75 if events "
            "are missing then; 130 and 143 after a signal."
        ),
    ),
)
