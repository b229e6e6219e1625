"""Open associations: call a node, or answer a call (PS3.8 section 7.1)."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from time import monotonic, perf_counter
from typing import TYPE_CHECKING

from dimsetools.association import associate
from dimsetools.association.association import Association
from dimsetools.association.connect import connect
from dimsetools.association.negotiation import agreed_contexts, refused_error, rejected_error
from dimsetools.association.states import Action, Event
from dimsetools.association.stop import Stop
from dimsetools.association.trace import Tracer, describe
from dimsetools.association.transport import Transport, limit_reached
from dimsetools.association.values import (
    Acceptance,
    AcceptedContext,
    AsyncWindow,
    CommonExtended,
    Extended,
    Proposal,
    ProposedContext,
    Rejection,
    Role,
    Target,
    Timeouts,
    Timings,
)
from dimsetools.errors import ConnectionLost, ConnectTimeout, NoAnswer, NoContext, ProtocolError
from dimsetools.uids import IMPLEMENTATION_UID, IMPLEMENTATION_VERSION

if TYPE_CHECKING:
    import ssl

_NAMES = {Proposal: "A-ASSOCIATE-RQ", Acceptance: "A-ASSOCIATE-AC", Rejection: "A-ASSOCIATE-RJ"}


def open_association(
    target: Target,
    contexts: Sequence[ProposedContext],
    *,
    roles: Sequence[Role] = (),
    extended: Sequence[Extended] = (),
    common_extended: Sequence[CommonExtended] = (),
    tracer: Tracer | None = None,
    stop: Stop | None = None,
) -> Association:
    """Connect to `target` and negotiate; the association is open when this returns.

    Raises Unreachable and its kin, TlsError, Rejected, Aborted, NoAnswer, ConnectionLost, ProtocolError.
    That no context was accepted is no error here: see `require_context`.
    """
    started = perf_counter()
    timeouts = target.timeouts
    transport = _connect(target, stop)
    connected = secured = perf_counter()
    association = Association(
        transport, requestor=True, timeouts=timeouts, max_pdu=target.max_pdu, tracer=tracer
    )
    try:
        if target.tls is not None:
            from dimsetools.association.tls import client_context

            transport.start_tls(
                client_context(target.tls), target.tls.server_name or target.host, timeouts.acse
            )
            secured = perf_counter()
        proposal = Proposal(
            called_aet=target.called_aet,
            calling_aet=target.calling_aet,
            contexts=tuple(contexts),
            max_pdu=target.max_pdu,
            implementation_uid=IMPLEMENTATION_UID,
            implementation_version=IMPLEMENTATION_VERSION,
            roles=tuple(roles),
            extended=tuple(extended),
            common_extended=tuple(common_extended),
            identity=target.identity,
            async_window=None if target.async_window == 1 else AsyncWindow(target.async_window, 1),
        )
        _request(association, proposal, str(target))
    except BaseException:
        association.abort()
        raise
    association.timings = Timings(
        tcp=connected - started,
        tls=secured - connected if target.tls is not None else None,
        association=perf_counter() - secured,
    )
    return association


def _connect(target: Target, stop: Stop | None) -> Transport:
    """Return the connected stream; connecting has its own time-out within the total one."""
    wait, total = target.timeouts.connect, target.timeouts.total
    end = None if total is None else monotonic() + total
    if total is not None and (wait is None or total < wait):
        wait = total
    try:
        sock = connect(target.host, target.port, name=str(target), wait=wait, bind=target.bind, stop=stop)
    except ConnectTimeout:
        if wait == total:
            raise limit_reached() from None
        raise
    try:
        return Transport(sock, name=str(target), total=end, stop=stop)
    except OSError as error:  # the peer is gone again
        sock.close()
        raise ConnectionLost(f"{target} closed the connection at once: {error.strerror}") from error


def _request(association: Association, proposal: Proposal, who: str) -> None:
    """Send the A-ASSOCIATE-RQ and act on the answer (PS3.8 actions AE-2 to AE-4)."""
    acse = association.timeouts.acse
    association.send_pdu(
        Event.TRANSPORT_CONFIRMED, associate.encode_request(proposal), **_traced(association, proposal)
    )
    try:
        action, body = association.receive_pdu(acse)
    except NoAnswer as error:
        raise NoAnswer(
            f"{who} accepted the connection, but did not answer the association request within {acse:g} s",
            hint="it may expect TLS (--tls), or is no DICOM node",
        ) from error
    except ConnectionLost as error:
        raise ConnectionLost(
            f"{who} closed the connection instead of answering the association request",
            hint="it may expect TLS (--tls), or not know our address; its log says why",
        ) from error
    if action is Action.AE_4:
        association.close()
        rejection = associate.decode_rejection(body)
        _trace_values(association, rejection)
        raise rejected_error(rejection, who)
    try:
        acceptance = associate.decode_acceptance(body)
        contexts = agreed_contexts(proposal, acceptance)
    except ProtocolError:
        association.abort()
        raise
    association.establish(proposal, acceptance, contexts)
    _trace_values(association, acceptance)


def accept_association(
    sock: socket.socket,
    *,
    decide: Callable[[Proposal], Acceptance | Rejection],
    timeouts: Timeouts,
    max_pdu: int,
    tls_context: ssl.SSLContext | None = None,
    tracer: Tracer | None = None,
    stop: Stop | None = None,
) -> Association:
    """Answer a call on a fresh connection, which is ours from here on: it is closed if this raises.

    Meant to run in the association's own thread: TLS hand-shake and request are waited for here. Raises
    Rejected if `decide` rejects, else as `open_association`.
    """
    started = perf_counter()
    try:
        transport = Transport(sock, name="the caller", stop=stop)
    except OSError as error:  # the caller is gone again
        sock.close()
        raise ConnectionLost(f"the connection was closed at once: {error.strerror}") from error
    association = Association(transport, requestor=False, timeouts=timeouts, max_pdu=max_pdu, tracer=tracer)
    try:
        if tls_context is not None:
            transport.start_tls(tls_context, None, timeouts.acse)
        secured = perf_counter()
        _answer(association, decide)
    except BaseException:
        association.abort()
        raise
    association.timings = Timings(0.0, secured - started if tls_context else None, perf_counter() - secured)
    return association


def _answer(association: Association, decide: Callable[[Proposal], Acceptance | Rejection]) -> None:
    """Read the A-ASSOCIATE-RQ and answer as decided (PS3.8 actions AE-6 to AE-8)."""
    _, body = association.receive_pdu(association.timeouts.acse)
    try:
        proposal = associate.decode_request(body)
    except ProtocolError:
        association.abort(source=2, reason=6)
        raise
    _trace_values(association, proposal)
    answer = decide(proposal)
    if isinstance(answer, Rejection):
        association.send_pdu(Event.REJECT, associate.encode_rejection(answer), **_traced(association, answer))
        association.finish()
        raise refused_error(answer)
    association.send_pdu(
        Event.ACCEPT, associate.encode_acceptance(answer, proposal), **_traced(association, answer)
    )
    association.establish(proposal, answer, agreed_contexts(proposal, answer, requestor=False))


def require_context(association: Association, abstract_syntax: str, name: str) -> AcceptedContext:
    """Return the agreed context for a class, or release the association and raise NoContext saying why."""
    context = association.context_for(abstract_syntax)
    if context is not None:
        return context
    association.release()
    raise no_context(association, abstract_syntax, name)


def no_context(association: Association, abstract_syntax: str, name: str) -> NoContext:
    """Return the exception that tells how the peer answered the contexts of `abstract_syntax`."""
    from dimsetools.association.negotiation import CONTEXT_RESULTS

    proposed = [one.id for one in association.proposal.contexts if one.abstract_syntax == abstract_syntax]
    if not proposed:
        error = NoContext(f"{name} was not proposed to {association.peer_name}")
        error.unproposed = abstract_syntax
        return error
    results = [association.results[number].result for number in proposed if number in association.results]
    answers = sorted({CONTEXT_RESULTS.get(result, "rejected") for result in results})
    return NoContext(
        f"{association.peer_name} accepts no presentation context for {name}: "
        + (", ".join(answers) or "no answer"),
        hint="the peer must be configured to take this SOP class and transfer syntax",
    )


def _traced(association: Association, values: Proposal | Acceptance | Rejection) -> dict[str, object]:
    return describe(values) if association.tracer is not None else {}


def _trace_values(association: Association, values: Proposal | Acceptance | Rejection) -> None:
    if association.tracer is not None:
        name = _NAMES[type(values)]
        association.tracer.event("negotiation", association.peer_address, pdu=name, **describe(values))
