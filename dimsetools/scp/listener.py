"""A node that takes events and nothing else: it listens under our title for what peers report on their own.

The peer opens the association, though it is the SCP of the class: it should say so by role selection
(PS3.7 D.3.3.4), and many do not. Both are taken. When it is started for one peer, nobody else is let in.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dimsetools.association.values import Role
from dimsetools.dataset.decode import decode
from dimsetools.dataset.normalized import CLASSES
from dimsetools.errors import InputError
from dimsetools.message.composite import CEchoRq
from dimsetools.message.exchange import IDENTIFIER_CAP, Incoming
from dimsetools.message.normalized import NEventReportRq
from dimsetools.message.sinks import Sink
from dimsetools.scp.faults import NO_SUCH_SOP_CLASS, RESOURCE_LIMITATION, SOP_CLASS_NOT_SUPPORTED, SUCCESS
from dimsetools.scp.hooks import Hooks
from dimsetools.scp.listening import is_loopback
from dimsetools.scp.policy import AcceptPolicy, Allowed
from dimsetools.scp.receiver import callers
from dimsetools.scp.roles import Caller, IdentifierSink, Record, Reply, Task
from dimsetools.scp.roles import Role as RoleOf
from dimsetools.scp.served import Manner
from dimsetools.scp.server import Limits, Server
from dimsetools.scp.verification import Verification
from dimsetools.services.normalized import Event
from dimsetools.status import describe
from dimsetools.uids import EXPLICIT_BE, EXPLICIT_LE, IMPLICIT_LE, VERIFICATION, known_storage_classes

if TYPE_CHECKING:
    import ssl

    from dimsetools.association.trace import Tracer
    from dimsetools.association.values import Timeouts
    from dimsetools.message.command import Request

MOST = IDENTIFIER_CAP
"""Longest data set that is taken, bytes: as on associations of our own."""
_SYNTAXES = (EXPLICIT_LE, IMPLICIT_LE, EXPLICIT_BE)
_GRACE = 1.5
"""Seconds that events under way have to be answered, and peers to ask for release, at the end."""


class Listener:
    """Listens from `start` to `close`. `heard` takes each event, in any thread, and returns what to answer.

    It is for `title`, by default for whatever title is called, and for the SOP classes in `classes`, by
    default for all that are no storage classes. `peer` is a host name or address from which alone calls are
    taken, beside those of `others`; without both everybody may call. `bind` is a local address, by default
    every one, or the loopback ones for a peer on this machine. Port 0 picks a free one.
    """

    def __init__(
        self,
        heard: Callable[[Event], int],
        *,
        title: str | None,
        port: int,
        log: Callable[[Record], None],
        timeouts: Timeouts,
        max_pdu: int,
        classes: Collection[str] = (),
        peer: str | None = None,
        others: Sequence[Allowed] = (),
        bind: str | None = None,
        tls_context: ssl.SSLContext | None = None,
        tracer: Tracer | None = None,
    ) -> None:
        self._closed = False
        policy = _EventPolicy(
            storage=(),
            allowed=(*(callers(peer) if peer is not None else ()), *others),
            called_aet=title,
            max_pdu=max_pdu,
            classes=frozenset(classes),
        )
        roles: dict[type[Request], RoleOf] = {
            CEchoRq: Verification(),
            NEventReportRq: _Events(heard, policy.classes),
        }
        manner = Manner(policy, roles, timeouts, log, tls_context, tracer)
        if bind is None and peer is not None and not others and is_loopback(peer):
            bind = "localhost"
        self._server = Server(bind, port, manner, Hooks(log), Limits(grace=_GRACE))
        self._thread = threading.Thread(target=self._server.serve, name="listener")

    def start(self) -> list[tuple[str, int]]:
        """Listen and serve; return the addresses. Raises CannotListen."""
        addresses = self._server.start()
        self._thread.start()
        return addresses

    def close(self) -> None:
        """Let what is under way finish in order, and listen no more; harmless when it is done already."""
        if self._closed:
            return
        self._closed = True
        self._server.conclude()
        if self._thread.ident is not None:
            self._thread.join()


@dataclass(frozen=True)
class _EventPolicy(AcceptPolicy):
    """Takes contexts in which events may come, of `classes` or of any: the requestor may be SCP of them."""

    classes: frozenset[str] = frozenset()

    def _roles(self, asked: Role) -> Role:
        return asked

    def _syntaxes(self, abstract_syntax: str) -> Sequence[str] | None:
        if abstract_syntax == VERIFICATION:
            return ()
        if self.classes:
            fits = any(abstract_syntax in _contexts(sop_class) for sop_class in self.classes)
        else:
            fits = abstract_syntax not in known_storage_classes()
        return _SYNTAXES if fits else None


class _Events:
    """The role that takes events."""

    def __init__(self, heard: Callable[[Event], int], classes: frozenset[str]) -> None:
        self._heard = heard
        self._classes = classes

    def begin(self, incoming: Incoming, caller: Caller) -> Task:
        """Take an event whose data set is still to come."""
        request = incoming.command
        assert isinstance(request, NEventReportRq)
        return _Hearing(self._heard, incoming, request, caller, self._refusal(request, incoming))

    def _refusal(self, request: NEventReportRq, incoming: Incoming) -> int:
        sop_class = request.affected_sop_class_uid
        if self._classes and sop_class not in self._classes:
            return NO_SUCH_SOP_CLASS
        if incoming.context.abstract_syntax not in _contexts(sop_class):
            return SOP_CLASS_NOT_SUPPORTED
        return SUCCESS


class _Hearing:
    """One event on its way; `status` is a failure if it is refused already."""

    def __init__(
        self,
        heard: Callable[[Event], int],
        incoming: Incoming,
        request: NEventReportRq,
        caller: Caller,
        status: int,
    ) -> None:
        self._data = IdentifierSink(MOST)
        self.sink: Sink = self._data
        self._heard = heard
        self._incoming = incoming
        self._request = request
        self._caller = caller
        self._status = status

    def finish(self) -> Reply:
        """Hand the event on."""
        request, status = self._request, self._status
        attributes, error = None, None
        if self._incoming.data_set and self._data.data is None:
            status, error = status or RESOURCE_LIMITATION, InputError("the data set is too long")
        elif self._incoming.data_set:
            try:
                attributes = decode(self._data.data or b"", self._incoming.context.transfer_syntax)
            except InputError as malformed:
                error = malformed
        event = Event(
            request.affected_sop_class_uid,
            request.affected_sop_instance_uid,
            request.event_type_id,
            attributes,
            error,
            status,
            new_association=True,
            calling_aet=self._caller.calling_aet,
        )
        status = self._heard(event)
        return Reply(status, describe(status, "N-EVENT-REPORT").meaning if status else "")

    def discard(self) -> None:
        """Forget about it."""


def _contexts(sop_class: str) -> frozenset[str]:
    """Return the abstract syntaxes in which events of a class may come."""
    rows = [row for row in CLASSES.values() if row.uid == sop_class]
    names = (name for row in rows for name in (*row.contexts, *row.contexts_for("N-EVENT-REPORT")))
    return frozenset((sop_class, *names))
