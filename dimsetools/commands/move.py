"""`dimse move`: have a node send objects to another node, or to us."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import click

from dimsetools.commands.hearing import server_tls
from dimsetools.commands.retrieving import HERE, Run, manner, opened_store, printing, rehearse
from dimsetools.errors import DimseError, UsageError
from dimsetools.options import REQUESTOR, TITLE, NetworkCommand, PeerArgument, Session
from dimsetools.options.node import PORT, Keeping
from dimsetools.options.query import Query
from dimsetools.options.retrieve import KEPT, RETRIEVAL, SEARCH, WANTED, Retrieval
from dimsetools.options.waiting import admitting

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dimsetools.archive.objects import ObjectStore
    from dimsetools.association.values import ServerTls, Target
    from dimsetools.render import Output
    from dimsetools.render.retrieve import Telling
    from dimsetools.scp.receiver import Receiver
    from dimsetools.scp.roles import Record
    from dimsetools.services.move import Mover


def _move(
    session: Session,
    peer: str,
    words: tuple[str, ...],
    dest: str | None,
    receive: int | None,
    receive_tls: bool,
    allow: tuple[str, ...],
) -> int:
    from dimsetools.render import Output

    if receive is None:
        if dest is None:
            raise UsageError(
                "where shall the objects go?", hint="--dest AET for a node that the peer knows, or --receive"
            )
        if session.values(Retrieval).output is not None or session.values(Keeping).ignore:
            raise UsageError("objects come here only with --receive", hint="add --receive [PORT]")
        if allow or receive_tls:
            raise UsageError("--allow and --receive-tls are for those who send to --receive")
    target = session.target(peer)
    tls = server_tls(target, "--receive-tls") if receive_tls else None
    with Output(**printing(session)) as output:
        if session.operation.dry_run:
            to = dest or target.calling_aet
            return rehearse(session, output, words, f"would have {target} send to {to}:")
        mission = _Mission(session, output, peer, target, dest or target.calling_aet)
        return mission.send(words) if receive is None else mission.receive(words, receive, allow, tls)


class _Mission:
    """One run of the command."""

    def __init__(self, session: Session, output: Output, peer: str, target: Target, dest: str) -> None:
        self._session = session
        self._output = output
        self._target = target
        self._dest = dest
        self._manner = manner(session, peer, session.values(Query).model.move)
        self._trouble: Exception | None = None

    def send(self, words: Sequence[str]) -> int:
        """Have the objects sent to a third party."""
        run = Run(self._session, self._output, words)
        run.carry_out(self._telling(None, elsewhere=True), self._mover())
        run.verify()
        return run.end(f"{self._target} to {self._dest}")

    def receive(self, words: Sequence[str], port: int, allow: tuple[str, ...], tls: ServerTls | None) -> int:
        """Have the objects sent to us, and keep them."""
        session = self._session
        run = Run(session, self._output, words)
        with ExitStack() as stack:
            store = opened_store(session)
            if store is not None:
                stack.callback(store.close)
            root = None if store is None else session.values(Retrieval).output or HERE
            telling = self._telling(root, elsewhere=False)
            receiver = self._receiver(store, telling, port, allow, tls)
            stack.callback(receiver.close)
            port = receiver.start()
            self._output.note(f"receiving as {self._dest} on port {port}", 1)
            run.carry_out(telling, self._mover())
            receiver.wait(run.stored, session.stop, until=run.deadline)
            receiver.close()
            run.lack(run.stored - receiver.landed)
            if self._trouble is not None:
                raise self._trouble
            run.verify()
            return run.end(str(self._target))

    def _mover(self) -> Mover:
        from dimsetools.services.move import Mover

        session = self._session
        return Mover(
            self._target,
            self._manner,
            self._dest,
            stop=session.stop,
            tracer=session.tracer(self._output.note),
        )

    def _telling(self, root: str | None, *, elsewhere: bool) -> Telling:
        from dimsetools.render.retrieve import COLUMNS, Telling

        output, shown = self._output, self._session.output
        output.columns(COLUMNS)
        brief = output.format == "table" and not shown.verbosity and shown.fields is None
        verb = "moved" if elsewhere else "got"
        telling = Telling(output, root=root, verb=verb, brief=brief, elsewhere=elsewhere)
        verifies = self._session.values(Retrieval).verify
        telling.landed_uids = set() if verifies and not elsewhere else None
        return telling

    # -- receiving ----------------------------------------------------------------------------------

    def _receiver(
        self,
        store: ObjectStore | None,
        telling: Telling,
        port: int,
        allow: tuple[str, ...],
        tls: ServerTls | None,
    ) -> Receiver:
        from dimsetools.scp.policy import Allowed
        from dimsetools.scp.receiver import Receiver

        session, target = self._session, self._target
        context = None
        if tls is not None:
            from dimsetools.association.tls import server_context

            context = server_context(tls)
        return Receiver(
            store,
            title=self._dest,
            peer=target.host,
            port=port,
            log=self._log(telling),
            timeouts=target.timeouts._replace(total=None),
            max_pdu=target.max_pdu,
            bind=session.addressing.bind,
            others=tuple(map(Allowed.parse, allow)),
            syntaxes=session.negotiation.transfer_syntaxes,
            tls_context=context,
            tracer=session.tracer(self._output.note),
        )

    def _log(self, telling: Telling) -> Callable[[Record], None]:
        """Return what tells of that which happens while receiving; nobody to tell any more ends the run."""
        from dimsetools.render import scp as shown

        def log(record: Record) -> None:
            event = record["_event"]
            try:
                if event in ("stored", "refused"):
                    telling.landed(record, int(str(record["_status"]), 16))
                elif event == "association-rejected":
                    self._output.warning(shown.line(record))
                else:
                    self._output.log(record, shown.line(record), max(shown.level(record), 1))
            except (OSError, DimseError) as error:
                self._trouble = self._trouble or error
                self._session.stop.request()

        return log


command = NetworkCommand(
    "move",
    callback=_move,
    help=(
        "Have a node send objects to another node, or to us (C-MOVE).\n\n"
        "The node sends them over associations of its own, to an AE title whose address it must know. With "
        "--receive we are that node for as long as it takes: the peer must have our title (--aet) and this "
        "machine's address and port in its configuration."
    ),
    params=[
        PeerArgument(),
        WANTED,
        click.Option(
            ["--dest"], type=TITLE, metavar="TITLE", help="AE title to send to (with --receive, our own)."
        ),
        click.Option(
            ["--receive"],
            type=click.IntRange(0, 65535),
            is_flag=False,
            flag_value=PORT,
            metavar="[PORT]",
            help=f"Take the objects here, on this port (default {PORT}).",
        ),
        *admitting("--receive-tls", "send to us"),
    ],
    groups=(RETRIEVAL, SEARCH, KEPT, *REQUESTOR),
    examples=[
        ("dimse move pacs --dest WORKSTATION StudyInstanceUID=1.2.3", "send a study to somebody else"),
        ("dimse move pacs --receive -o in StudyInstanceUID=1.2.3", "fetch it, from a node without C-GET"),
        ("dimse move pacs --receive 4242 -o in PatientID=P1 StudyDate=2025 --verify", "search and fetch"),
        (
            "dimse find pacs StudyDate=today --json | dimse move pacs --dest ARCHIVE --manifest -",
            "send what another command finds",
        ),
    ],
    notes=(
        (
            "--receive listens on every address of this machine, or on the loopback ones if the peer is "
            "there, and takes associations only from the peer's addresses and for the title moved to; "
            "--allow adds others. It ends when as many objects have landed as the peer has counted, or "
            "when no association has been open for some seconds."
        ),
        (
            "Exit status: 3 if some objects could not be sent, 69 if none could, 40 if they could not be "
            "written, 1 if the node refused (A801H: it does not know the destination), 75 if "
            "--total-timeout was over."
        ),
        "At a terminal an object is shown only if there is something to say about it; -v shows each.",
    ),
)
