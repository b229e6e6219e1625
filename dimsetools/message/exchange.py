"""Requests and responses over one association (PS3.7 sections 6 to 8, PS3.8 annex E).

Numbers the requests, puts messages together from presentation data values (`outgoing` cuts them), and
holds every answer against what was asked: a wrong message ID, type, context or data set flag is an
A-ABORT and a ProtocolError, never a result. Up to `window` requests may be outstanding.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, NoReturn, TypeGuard

from dimsetools.association.association import Association, Fragment
from dimsetools.association.pdu import COMMAND, LAST
from dimsetools.association.values import AcceptedContext
from dimsetools.errors import ConnectionLost, ProtocolError
from dimsetools.message.command import (
    MAX_COMMAND_SET,
    RESPONSE_BIT,
    Decoded,
    Message,
    Request,
    Response,
    decode,
    elements_of,
    encode,
    encode_refusal,
    looks_successful,
)
from dimsetools.message.composite import CCancelRq
from dimsetools.message.outgoing import Buffers, Outgoing
from dimsetools.message.sinks import MemorySink, NullSink, Sink
from dimsetools.message.sources import Source
from dimsetools.status import is_pending

UNLIMITED_WINDOW = 64
"""Requests outstanding where the peer sets no limit: enough to hide any latency, little enough to hold."""
UNRECOGNIZED_OPERATION = 0x0211
"""PS3.7 annex C.5.23."""
_PIECES = 64
"""Pieces of a data set that a sink gets at once, where so many lie in the buffer."""
IDENTIFIER_CAP = 16 * 1024 * 1024
"""Longest data set, bytes, that is taken into memory with a response."""


class Answer(NamedTuple):
    """A response, with its data set if it has one; `request` is what it answers, `detail` as in Decoded."""

    request: Request
    command: Response
    data: bytes | None
    context: AcceptedContext
    detail: bytes = b""


class Prepared(NamedTuple):
    """A request ready to go: its command set and first data are cut into PDUs already."""

    context_id: int
    request: Request
    source: Source | None
    buffers: Buffers


class Incoming(NamedTuple):
    """A received command; if `data_set` is true its data set must be read next."""

    context: AcceptedContext
    command: Message
    data_set: bool
    detail: bytes = b""


class Exchange:
    """Messages over `association`; one thread at a time."""

    def __init__(self, association: Association) -> None:
        self.association = association
        self.longest = IDENTIFIER_CAP
        """Bytes of the data set of a response that are taken."""
        self.window = association.async_window or UNLIMITED_WINDOW
        self._outstanding: dict[int, tuple[int, Request]] = {}
        self._last_id = 0
        self._outgoing = Outgoing(association)
        # All matches of a query have the same command set: the last one that said "pending".
        self._repeated: tuple[bytes | None, Decoded] = (None, Decoded(None, False, 0, 0))

    # -- asking -------------------------------------------------------------------------------------

    @property
    def outstanding(self) -> int:
        """Return how many requests wait for their final response."""
        return len(self._outstanding)

    def call(self, context: AcceptedContext, request: Request, source: Source | None = None) -> Answer:
        """Send `request` and return its response, for services that give one."""
        self.submit(context, request, source)
        return self.collect()

    def submit(self, context: AcceptedContext, request: Request, source: Source | None = None) -> None:
        """Send `request` under a new message ID, with the data set from `source` behind it.

        A source that fails before anything was sent leaves the association as it is; later, the message
        cannot be completed any more and the association is aborted.
        """
        self.dispatch(self.prepare(context, request, source))

    def prepare(self, context: AcceptedContext, request: Request, source: Source | None = None) -> Prepared:
        """Do what can be done of a request before its turn, while the peer works on the one before.

        One request at a time: the next `prepare` needs the `dispatch` of this one done.
        """
        request.message_id = self._next_id()
        command = encode(request, data_set=source is not None)
        return Prepared(context.id, request, source, self._outgoing.first(context.id, command, source))

    def dispatch(self, prepared: Prepared) -> None:
        """Send a prepared request."""
        context_id, request, source, buffers = prepared
        self._trace("sent", context_id, request)
        self._outgoing.send(context_id, source, buffers)
        self._outstanding[request.message_id] = (context_id, request)

    def collect(self, arrived: Callable[[], None] | None = None) -> Answer:
        """Return the next response; the request stays outstanding while the status is pending.

        `arrived` is called as soon as a response is there that looks like success, and before it is looked
        at closely, so that the peer need not wait for that; it must not raise.
        """
        incoming = self.receive(self.association.timeouts.dimse, arrived)
        if incoming is None:
            self.leave()
        if not isinstance(incoming.command, Response):
            self.violate(f"sent a {incoming.command.type_name()} where a response belongs")
        return self._answered(incoming, incoming.command)

    def take(self, wait: float | None = None) -> Answer | Incoming | None:
        """Return what comes next: a response to a request of ours, or a request of the peer, or a C-CANCEL.

        None when the peer asks for release. `wait` is as for `receive`, by default the DIMSE time-out. The
        data set of a response is read; that of a request is the caller's to read next, by `read_data`.
        """
        incoming = self.receive(self.association.timeouts.dimse if wait is None else wait)
        if incoming is None or not isinstance(incoming.command, Response):
            return incoming
        return self._answered(incoming, incoming.command)

    @property
    def readable(self) -> bool:
        """Tell whether something of the peer waits to be taken, without blocking: a C-CANCEL, or the end."""
        return self.association.readable()

    def _answered(self, incoming: Incoming, command: Response) -> Answer:
        request = self._match(incoming.context.id, command, incoming.data_set)
        data = self._identifier(incoming.context.id) if incoming.data_set else None
        return Answer(request, command, data, incoming.context, incoming.detail)

    def _identifier(self, context_id: int) -> bytes:
        """Return the data set of a response; nearly always it is one fragment."""
        first = self.association.receive(self.association.timeouts.dimse)
        if self._is_whole(first, context_id):
            return bytes(first.data)
        sink = MemorySink(self.longest)
        self._read_fragments(first, context_id, sink)
        return sink.value()

    def _is_whole(self, fragment: Fragment | None, context_id: int) -> TypeGuard[Fragment]:
        """Tell whether `fragment` is all of a data set, and nothing else is to be done with it."""
        return (
            fragment is not None
            and fragment.ends
            and fragment.control == LAST
            and fragment.context_id == context_id
            and len(fragment.data) <= self.longest
            and self.association.tracer is None
        )

    def leave(self) -> NoReturn:
        """Grant the release that the peer asks for before it has answered what is outstanding."""
        self.association.release()
        raise ConnectionLost(
            f"{self.association.peer_name} released the association without answering",
            hint="the peer's log may say why",
        )

    def cancel(self, context: AcceptedContext, message_id: int) -> None:
        """Ask the peer to end the operation `message_id` (PS3.7 section 9.3.2.3)."""
        self._send(context.id, CCancelRq(message_id))

    def _next_id(self) -> int:
        """Return a message ID that is not in use: 1 to 65535, around and around."""
        number = self._last_id
        while True:
            number = number % 0xFFFF + 1
            if number not in self._outstanding:
                self._last_id = number
                return number

    def _match(self, context_id: int, response: Response, data_set: bool) -> Request:
        number = response.message_id_being_responded_to
        asked_in, request = self._outstanding.get(number, (0, None))
        if request is None:
            self.violate(f"answered a message {number} that was not asked")
        if type(response) is not request.response:
            self.violate(f"answered a {request.type_name()} with a {response.type_name()}")
        if context_id != asked_in:
            self.violate(f"answered in presentation context {context_id} what was asked in {asked_in}")
        if data_set and not response.data_set_allowed:
            self.violate(f"announced a data set after a {response.type_name()}, which has none")
        if not is_pending(response.status):
            del self._outstanding[number]
        return request

    # -- answering ----------------------------------------------------------------------------------

    def next_request(self) -> Incoming | None:
        """Return the peer's next request or C-CANCEL, or None when it asked for release.

        Commands that PS3.7 does not know are answered here, with 0x0211.
        """
        incoming = self.receive(self.association.timeouts.idle)
        if incoming is not None and isinstance(incoming.command, Response):
            self.violate(f"sent a {incoming.command.type_name()} to a request that was not made")
        return incoming

    def respond(self, incoming: Incoming, response: Response, source: Source | None = None) -> None:
        """Answer a request in the context it came in."""
        self._send(incoming.context.id, response, source)

    def _send(self, context_id: int, message: Message, source: Source | None = None) -> None:
        buffers = self._outgoing.first(context_id, encode(message, data_set=source is not None), source)
        self._trace("sent", context_id, message)
        self._outgoing.send(context_id, source, buffers)

    # -- receiving ----------------------------------------------------------------------------------

    def receive(self, wait: float | None, arrived: Callable[[], None] | None = None) -> Incoming | None:
        """Return the next command whatever it is, or None when the peer asked for release."""
        while True:
            fragment = self.association.receive(wait)
            if fragment is None:
                return None
            context_id = fragment.context_id
            raw = self._command_set(fragment)
            if arrived is not None and self._looks_successful(context_id, raw):
                arrived()
            decoded = self._repeated[1] if raw == self._repeated[0] else self._decode(raw)
            if decoded.message is not None:
                self._trace("received", context_id, decoded.message)
                self._check_data_set(decoded)
                context = self.association.contexts[context_id]
                return Incoming(context, decoded.message, decoded.data_set, decoded.detail)
            self._answer_unknown(context_id, decoded)

    def read_data(self, incoming: Incoming, sink: Sink) -> int:
        """Give the data set that follows `incoming` to `sink`; return its length in bytes.

        An exception of the sink aborts the association: nothing of the message can be skipped by then.
        """
        association = self.association
        first = association.receive(association.timeouts.dimse)
        return self._read_fragments(first, incoming.context.id, sink)

    def _read_fragments(self, fragment: Fragment | None, context_id: int, sink: Sink) -> int:
        """Read a data set that begins with `fragment`."""
        association = self.association
        wait = association.timeouts.dimse
        length = 0
        pieces: list[memoryview] = []
        while True:
            if fragment is None or fragment.control & COMMAND or fragment.context_id != context_id:
                self.violate("broke off a data set")
            data = fragment.data
            length += len(data)
            if association.tracer is not None:
                association.tracer.data_set("received", association.peer_address, data)
            pieces.append(data)
            over = fragment.ends and fragment.control & LAST
            if over or len(pieces) == _PIECES or not association.holds_more:
                self._give(sink, pieces)
                pieces.clear()
            if over:
                return length
            fragment = association.receive(wait)

    def _give(self, sink: Sink, pieces: list[memoryview]) -> None:
        try:
            sink.write_all(pieces)
        except BaseException:
            self.association.abort()
            raise

    def _command_set(self, fragment: Fragment) -> bytes:
        """Return the whole command set that begins with `fragment`; nearly always that is all of it."""
        context_id = fragment.context_id
        raw = b""
        while True:
            if not fragment.control & COMMAND or fragment.context_id != context_id:
                self.violate("sent data where a command set belongs")
            raw += fragment.data
            if len(raw) > MAX_COMMAND_SET:
                self.violate(f"sent a command set of more than {MAX_COMMAND_SET} bytes")
            if fragment.ends and fragment.control & LAST:
                return raw
            following = self.association.receive(self.association.timeouts.dimse)
            if following is None:
                self.violate("asked for release inside a command set")
            fragment = following

    def _decode(self, raw: bytes) -> Decoded:
        try:
            decoded = decode(raw)
        except ProtocolError as error:
            self.violate(f"sent {error.message}")
        if isinstance(decoded.message, Response) and is_pending(decoded.message.status):
            self._repeated = raw, decoded
        return decoded

    def _check_data_set(self, decoded: Decoded) -> None:
        message = decoded.message
        if isinstance(message, Request) and message.data_set_required is not None:
            if decoded.data_set != message.data_set_required:
                missing = "without its data set" if message.data_set_required else "with a data set"
                self.violate(f"sent a {message.type_name()} {missing}")
        elif isinstance(message, CCancelRq) and decoded.data_set:
            self.violate("sent a C-CANCEL-RQ with a data set")

    def _answer_unknown(self, context_id: int, decoded: Decoded) -> None:
        """Answer "unrecognized operation" to a Command Field that PS3.7 does not define."""
        if decoded.command_field & RESPONSE_BIT:
            self.violate(f"sent a response with the unknown Command Field {decoded.command_field:04X}H")
        if decoded.data_set:
            first = self.association.receive(self.association.timeouts.dimse)
            self._read_fragments(first, context_id, NullSink())
        refusal = encode_refusal(decoded, UNRECOGNIZED_OPERATION)
        self._outgoing.send(context_id, None, self._outgoing.first(context_id, refusal, None))

    def _looks_successful(self, context_id: int, raw: bytes) -> bool:
        """Tell whether `raw` seems to answer the only request that is outstanding."""
        if len(self._outstanding) != 1:
            return False
        ((number, (asked_in, request)),) = self._outstanding.items()
        return context_id == asked_in and looks_successful(raw, request.response, number)

    def violate(self, what: str) -> NoReturn:
        """Abort, and say what the peer did."""
        self.association.abort()
        raise ProtocolError(
            f"{self.association.peer_name} {what}", hint="the association was aborted; -d shows the messages"
        )

    def _trace(self, direction: str, context_id: int, message: Message) -> None:
        tracer = self.association.tracer
        if tracer is not None:
            peer = self.association.peer_address
            tracer.message(direction, peer, message.type_name(), context_id, elements_of(message))
