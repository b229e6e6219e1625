"""One association, from either side: PDUs in and out, ruled by the state table (PS3.8 sections 7 and 9).

Knows presentation data values but nothing of DIMSE. Blocking; one thread uses an association, any
thread may end it through its Stop. Every received PDU is checked for type, length and turn before its
body is touched, and P-DATA streams through the transport's buffer whatever its length.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from types import TracebackType
from typing import NamedTuple, Self

from dimsetools.association import pdu
from dimsetools.association.agreement import Agreement
from dimsetools.association.states import TABLE, Action, Event, State, transition
from dimsetools.association.trace import Tracer
from dimsetools.association.transport import Transport
from dimsetools.association.values import Timeouts, Timings
from dimsetools.errors import (
    Aborted,
    ConnectionLost,
    DimseError,
    LimitReached,
    NoAnswer,
    ProtocolError,
    TlsError,
)

ARTIM = 0.4
"""Seconds for our last PDU and for the peer to close after it (PS3.8 section 9.1.4)."""
RELEASE_WAIT = 1.5
"""Seconds that a release may take, before an abort: the work is done by then, nobody should wait for long."""
LAST_WORDS_WAIT = 0.2
"""Seconds to look for an A-ABORT behind a connection that broke while we were sending."""

_RECEIVED = {
    pdu.ASSOCIATE_RQ: Event.RQ_RECEIVED,
    pdu.ASSOCIATE_AC: Event.AC_RECEIVED,
    pdu.ASSOCIATE_RJ: Event.RJ_RECEIVED,
    pdu.P_DATA_TF: Event.DATA_RECEIVED,
    pdu.RELEASE_RQ: Event.RELEASE_RQ_RECEIVED,
    pdu.RELEASE_RP: Event.RELEASE_RP_RECEIVED,
    pdu.ABORT: Event.ABORT_RECEIVED,
}
_ABORTS = frozenset((Action.AA_1, Action.AA_7, Action.AA_8))


class Fragment(NamedTuple):
    """A piece of a presentation data value; `data` is valid until the next receive (see `holds_more`).

    `ends` tells whether this piece completes its PDV, which `control` (PS3.8 annex E.2) belongs to.
    """

    context_id: int
    control: int
    data: memoryview
    ends: bool


class Association(Agreement):
    """An open association; `opening.open_association` and `opening.accept_association` make it."""

    timings: Timings

    def __init__(
        self,
        transport: Transport,
        *,
        requestor: bool,
        timeouts: Timeouts,
        max_pdu: int,
        tracer: Tracer | None = None,
    ) -> None:
        super().__init__((transport.peer_host, transport.peer_port), requestor=requestor)
        self.timeouts = timeouts
        self.released_in_order = True
        self.tracer = tracer
        self._transport = transport
        self.peer_name, self.peer_address = transport.name, transport.address  # for people, for traces
        self._state = State.AWAITING_TRANSPORT if requestor else State.AWAITING_RQ
        self._max_pdu = max_pdu
        self._pdu_left = 0
        self._pdv_left = 0
        self._pdv = (0, 0)
        self._in_pdv = False
        self._interrupted = False

    @property
    def is_open(self) -> bool:
        """Return whether data can be sent."""
        return self._state is State.ESTABLISHED

    # -- data ---------------------------------------------------------------------------------------

    def send_data(self, buffers: Sequence[bytes | memoryview]) -> None:
        """Send complete P-DATA-TF PDUs, given as buffers in order."""
        self._advance(Event.DATA_REQUEST)
        try:
            self._transport.send(buffers, self.timeouts.idle)
        except (ConnectionLost, TlsError) as error:
            raise self._last_words(error) from error
        except LimitReached:
            self.abort()
            raise
        except DimseError:
            self.close()
            raise

    def readable(self, wait: float | None = 0.0, *, or_stop: bool = False, bell: int | None = None) -> bool:
        """Tell whether something of the peer is there that was not taken, were it only the end.

        Looks for it for `wait` seconds (None: without end), `or_stop` and `bell` as `Transport.readable`.
        Fragments that were received before are not valid any more.
        """
        return self._transport.readable(wait, or_stop=or_stop, bell=bell)

    def end_within(self, seconds: float) -> None:
        """Replace the total time-out: what is still to come has `seconds` from now."""
        self._transport.end_within(seconds)

    def receive(self, wait: float | None) -> Fragment | None:
        """Return the next piece of data, or None when the peer asked for release.

        `wait` seconds are given to the next PDU to begin; each PDU has the DIMSE time-out to arrive.
        Aborted, ConnectionLost, NoAnswer, LimitReached and ProtocolError end the association.
        """
        try:
            if not self._in_pdv and not self._whole_pdu():
                if not self._pdu_left and not self._next_data_pdu(wait):
                    return None
                self._next_pdv()
            context_id, control = self._pdv
            data = self._transport.take(self._pdv_left) if self._pdv_left else memoryview(b"")
        except (NoAnswer, LimitReached):
            self.abort()
            raise
        except DimseError:
            if self._interrupted:
                self.abort()
            self.close()
            raise
        self._pdv_left -= len(data)
        self._in_pdv = self._pdv_left > 0
        return Fragment(context_id, control, data, not self._in_pdv)

    @property
    def holds_more(self) -> bool:
        """Tell whether more data is in memory: to receive that leaves what was received before valid."""
        return len(self._transport.buffered) > (0 if self._in_pdv else pdu.DATA_HEADER.size)

    def _whole_pdu(self) -> bool:
        """Begin a P-DATA-TF that has come whole and is in order, as most of many small ones; else do nothing.

        What needs no waiting needs no deadline; whatever looks strange is left to the long way.
        """
        if self._pdu_left or self.tracer is not None or self._state is not State.ESTABLISHED:
            return False
        header = pdu.whole_data_header(self._transport.buffered, self._max_pdu)
        if header is None or header[2] not in self.contexts:
            return False
        length, size, context_id, control = header
        self._transport.skip(pdu.DATA_HEADER.size)
        self._pdv = (context_id, control)
        self._pdv_left = size - 2
        self._pdu_left = length - size - 4
        self._in_pdv = True
        return True

    def _next_data_pdu(self, wait: float | None) -> bool:
        """Read on to the next P-DATA-TF; False if the peer wants to release the association."""
        pdu_type, length = self._read_header(wait)
        if self._on_received(pdu_type, length) is Action.AR_2:
            self._transport.discard(length)
            return False
        if length < pdu.PDV_OVERHEAD:
            raise self._violation(f"sent a P-DATA-TF of {length} bytes", reason=6)
        self._pdu_left = length
        return True

    def _next_pdv(self) -> None:
        if self._pdu_left < pdu.PDV_OVERHEAD:
            raise self._violation("sent a P-DATA-TF that ends inside a PDV header", reason=6)
        transport = self._transport
        transport.need(pdu.PDV_OVERHEAD)
        length, context_id, control = pdu.PDV_HEADER.unpack(transport.peek(pdu.PDV_OVERHEAD))
        if length < 2 or length + 4 > self._pdu_left:
            raise self._violation(f"sent a PDV length of {length} bytes inside a PDU of fewer", reason=6)
        if context_id not in self.contexts:
            raise self._violation(
                f"sent data in the presentation context {context_id}, which is not agreed", reason=6
            )
        transport.skip(pdu.PDV_OVERHEAD)
        self._pdv = (context_id, control)
        self._pdv_left = length - 2
        self._in_pdv = True
        self._pdu_left -= length + 4
        if self.tracer is not None:
            self.tracer.fragment("received", self.peer_address, context_id, control, length - 2)

    # -- opening ------------------------------------------------------------------------------------

    def send_pdu(self, event: Event, data: bytes, **trace: object) -> None:
        """Send an A-ASSOCIATE or A-RELEASE PDU of ours, which is `event` in the state table."""
        self._advance(event)
        if self.tracer is not None:
            self.tracer.pdu("sent", data[0], self.peer_address, len(data) - pdu.HEADER.size, **trace)
        try:
            self._transport.send([data], self.timeouts.acse)
        except (ConnectionLost, TlsError) as error:
            raise self._last_words(error) from error

    def receive_pdu(self, wait: float | None) -> tuple[Action, bytes]:
        """Return the next PDU while opening or releasing: what the state table says, and its body.

        Data that crosses our release request is dropped: whoever releases wants no more of it.
        """
        try:
            pdu_type, length = self._read_header(wait)
            action = self._on_received(pdu_type, length)
            if pdu_type == pdu.P_DATA_TF:
                self._transport.discard(length)
                return action, b""
            return action, self._transport.take_exactly(length)
        except (NoAnswer, LimitReached):
            self.abort()
            raise
        except DimseError:
            self.close()
            raise

    # -- ending -------------------------------------------------------------------------------------

    def release(self) -> None:
        """Release the association (PS3.8 section 7.2), whichever side asked first.

        What was done stands: a peer that does not answer in RELEASE_WAIT seconds, or answers by closing,
        is noted in `released_in_order` and is no error.
        """
        self._transport.end_within(RELEASE_WAIT)
        try:
            if self._state is State.AWAITING_LOCAL_RELEASE:
                self._answer_release()
            elif self._state is State.ESTABLISHED:
                self.send_pdu(Event.RELEASE_REQUEST, pdu.RELEASE_RQ_PDU)
                self._await_release()
        except DimseError:
            self.released_in_order = False
        finally:
            self.close()

    def _await_release(self) -> None:
        self._skip_pdu()
        while True:
            action, _ = self.receive_pdu(RELEASE_WAIT)
            if action is Action.AR_3:
                return
            if action is Action.AR_10:
                self._answer_release()
                return
            if action is Action.AR_8 and self.requestor:
                self.send_pdu(Event.RELEASE_RESPONSE, pdu.RELEASE_RP_PDU)

    def _answer_release(self) -> None:
        self.send_pdu(Event.RELEASE_RESPONSE, pdu.RELEASE_RP_PDU)
        self._transport.finish(ARTIM)

    def _skip_pdu(self) -> None:
        """Drop what is left of a P-DATA-TF that was received in part."""
        self._transport.begin_receive(RELEASE_WAIT)
        self._transport.discard(self._pdv_left + self._pdu_left)
        self._pdv_left = self._pdu_left = 0
        self._in_pdv = False

    def abort(self, *, source: int = 0, reason: int = 0) -> None:
        """Send A-ABORT as far as the connection still takes it, and close (PS3.8 section 7.3)."""
        if (self._state, Event.ABORT_REQUEST) in TABLE and self._advance(Event.ABORT_REQUEST) is Action.AA_1:
            self._send_abort(source, reason)
        self.close()

    def interrupt(self) -> None:
        """End the wait for the peer, from any thread; who waits sends A-ABORT and gets ConnectionLost."""
        self._interrupted = True
        self._transport.stop_receiving()

    def close(self) -> None:
        """Close the connection without a word."""
        self._state = State.IDLE
        self._transport.close()

    def finish(self) -> None:
        """Wait a moment for the peer to close after our rejection, then close."""
        self._transport.finish(ARTIM)
        self._state = State.IDLE

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Release; abort instead if an exception passes."""
        if kind is None:
            self.release()
        else:
            self.abort()

    # -- PDUs in ------------------------------------------------------------------------------------

    def _read_header(self, wait: float | None) -> tuple[int, int]:
        """Return type and length of the next PDU, whose time has begun; a silent end is an event too."""
        transport = self._transport
        transport.begin_receive(wait)
        if not transport.need(1, may_end=True):
            if not self._interrupted:
                self._advance(Event.TRANSPORT_CLOSED)
            raise ConnectionLost(f"{self.peer_name} closed the connection", hint="see the peer's log for why")
        self._limit_pdu(wait)
        transport.need(pdu.HEADER.size)
        pdu_type, length = pdu.HEADER.unpack(transport.peek(pdu.HEADER.size))
        if not pdu.is_acceptable(pdu_type, length, self._max_pdu):
            self._refuse(pdu_type, length)
        transport.skip(pdu.HEADER.size)
        return pdu_type, length

    def _limit_pdu(self, wait: float | None) -> None:
        """Once a PDU has begun it gets the DIMSE time-out, however long we would wait for its start."""
        if wait != self.timeouts.dimse and self._state is State.ESTABLISHED:
            self._transport.begin_receive(self.timeouts.dimse)

    def _on_received(self, pdu_type: int, length: int) -> Action:
        """Advance the state for a received PDU; raise what the user of the service has to know."""
        action = self._advance(_RECEIVED[pdu_type])
        if pdu_type == pdu.ABORT:
            raise self._aborted(self._transport.take_exactly(length))
        if self.tracer is not None and pdu_type != pdu.P_DATA_TF:
            self.tracer.pdu("received", pdu_type, self.peer_address, length)
        if action in _ABORTS:
            raise self._violation(f"sent {pdu.NAMES[pdu_type]} out of turn", reason=2)
        return action

    def _aborted(self, body: bytes) -> Aborted:
        source, reason = body[2], body[3]
        if self.tracer is not None:
            self.tracer.pdu("received", pdu.ABORT, self.peer_address, len(body), source=source, reason=reason)
        return pdu.aborted_error(self.peer_name, source, reason)

    def _refuse(self, pdu_type: int, length: int) -> None:
        """Answer a PDU that is unknown, or longer than it may be, without reading it."""
        head = bytes(self._transport.peek(pdu.HEADER.size))
        if pdu_type in pdu.NAMES:
            raise self._violation(f"announced {pdu.NAMES[pdu_type]} of {length} bytes", reason=6)
        violation = self._violation(pdu.foreign_protocol(head), reason=1)
        if self.requestor and head.startswith(pdu.TLS_ALERT):
            raise TlsError(violation.message, hint="it expects TLS: try --tls")
        raise violation

    def _violation(self, what: str, *, reason: int) -> ProtocolError:
        """Abort as the provider (PS3.8 AA-8) and return the exception that says why."""
        if self._state is not State.AWAITING_CLOSE:
            self._advance(Event.INVALID_PDU)
        self._send_abort(2, reason)
        return ProtocolError(
            f"{self.peer_name} {what}", hint="the association was aborted; -d shows the PDUs"
        )

    def _send_abort(self, source: int, reason: int) -> None:
        if self.tracer is not None:
            self.tracer.pdu("sent", pdu.ABORT, self.peer_address, 4, source=source, reason=reason)
        # A connection that is gone already is what an abort is for.
        with suppress(DimseError):
            self._transport.end_within(ARTIM)
            self._transport.send([pdu.abort_pdu(source, reason)], ARTIM)
            self._transport.finish(ARTIM)
        self.close()

    def _advance(self, event: Event) -> Action:
        action, self._state = transition(self._state, event, requestor=self.requestor)
        return action

    def _last_words(self, error: DimseError) -> DimseError:
        """Return why the peer broke off while we were sending: its A-ABORT or TLS alert, if one came."""
        transport = self._transport
        try:
            transport.end_within(LAST_WORDS_WAIT)
            self._skip_pdu()
            while transport.need(pdu.HEADER.size, may_end=True):
                pdu_type, length = pdu.HEADER.unpack(transport.peek(pdu.HEADER.size))
                transport.skip(pdu.HEADER.size)
                if pdu_type == pdu.ABORT and length == pdu.FIXED_LENGTHS[pdu.ABORT]:
                    error = self._aborted(transport.take_exactly(length))
                    break
                transport.discard(length)
        except TlsError as alert:
            error = alert
        except DimseError:
            pass  # what broke the sending is all there is to say
        self.close()
        return error
