"""The N- services (PS3.7 chapter 10): requests about SOP instances, one after the other over one association.

A peer may report events at any time, also between a request and its answer: they are taken, answered and
handed on. Nothing is sent twice: whoever lost a connection does not know whether an instance was created.
"""

from __future__ import annotations

import select
from collections.abc import Callable, Sequence
from time import monotonic, perf_counter
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple, Self

from dimsetools.association.negotiation import plan
from dimsetools.association.opening import no_context, open_association
from dimsetools.dataset.attributes import Attributes
from dimsetools.dataset.decode import decode
from dimsetools.dataset.encode import encode, with_its_charset
from dimsetools.errors import Aborted, ConnectionLost, DimseError, InputError
from dimsetools.message.exchange import IDENTIFIER_CAP, UNRECOGNIZED_OPERATION, Answer, Exchange, Incoming
from dimsetools.message.normalized import NCreateRq, NEventReportRq
from dimsetools.message.sinks import MemorySink, NullSink
from dimsetools.message.sources import BytesSource
from dimsetools.services.failures import status_failure
from dimsetools.uids import EXPLICIT_LE, IMPLICIT_LE, name_of

if TYPE_CHECKING:
    from dimsetools.association.association import Association
    from dimsetools.association.stop import Stop
    from dimsetools.association.trace import Tracer
    from dimsetools.association.values import AcceptedContext, Extended, Role, Target
    from dimsetools.message.command import Request
    from dimsetools.message.sources import Source


class Wanted(NamedTuple):
    """A request of `message.normalized` with its data set, None for none.

    `contexts` are the abstract syntaxes in which it may go, the preferred first (Meta SOP classes of print,
    the SOP classes of unified procedure steps), by default the class that it names.
    """

    request: Request
    contexts: tuple[str, ...] = ()
    attributes: Attributes | None = None


class Event(NamedTuple):
    """An N-EVENT-REPORT of a peer that calls itself `calling_aet`, and the `status` that answered it.

    `attributes` is None where it had no data set, or one that does not decode: then `error` says why.
    """

    sop_class: str
    sop_instance: str
    number: int
    attributes: Attributes | None
    error: InputError | None = None
    status: int = 0
    new_association: bool = False
    calling_aet: str = ""


class Reply(NamedTuple):
    """What a request was answered.

    `sop_class` and `sop_instance` are the affected ones as the peer names them, else those of the request.
    `identifiers` is the attribute identifier list, `number` the action or event type. `remarks` tell what is
    odd and was tolerated. `error`: StatusFailure, or Malformed where the data set does not decode.
    """

    request: Request
    status: int
    comment: str
    error_id: int | None
    offending: tuple[int, ...]
    identifiers: tuple[int, ...]
    sop_class: str
    sop_instance: str
    number: int | None
    attributes: Attributes | None
    seconds: float
    remarks: tuple[str, ...]
    error: DimseError | None


class Manner(NamedTuple):
    """How to ask. `assume_charset` is taken for data sets that name no Specific Character Set."""

    transfer_syntaxes: tuple[str, ...] = ()
    roles: tuple[Role, ...] = ()
    extended: tuple[Extended, ...] = ()
    abort: bool = False
    assume_charset: tuple[str, ...] = ()


Heard = Callable[[Event], int]
"""Takes an event and returns the status to answer."""


class Line:
    """One association with `target`, opened when it is needed; the end of a `with` block ends it.

    `contexts` are the abstract syntaxes to propose. `heard` is told of events; without it each is answered
    with success.
    """

    def __init__(
        self,
        target: Target,
        manner: Manner,
        contexts: Sequence[str],
        *,
        heard: Heard | None = None,
        stop: Stop | None = None,
        tracer: Tracer | None = None,
    ) -> None:
        self.manner = manner
        self.target = target
        self._contexts = tuple(dict.fromkeys(contexts))
        self._heard = heard
        self._stop = stop
        self._tracer = tracer
        self._exchange: Exchange | None = None

    @property
    def is_open(self) -> bool:
        """Whether there is an association now."""
        return self._exchange is not None and self._exchange.association.is_open

    def open(self) -> Association:
        """Return the association, a new one if there is none. Raises as `open_association`.

        What the peer has sent since the last request is taken first, so that one which it has ended is not
        used again.
        """
        if self._exchange is not None and self._stands(self._exchange):
            return self._exchange.association
        manner = self.manner
        syntaxes = manner.transfer_syntaxes or (EXPLICIT_LE, IMPLICIT_LE)
        association = open_association(
            self.target,
            plan([(name, syntaxes) for name in self._contexts])[0],
            roles=manner.roles,
            extended=manner.extended,
            tracer=self._tracer,
            stop=self._stop,
        )
        self._exchange = Exchange(association)
        return association

    def _stands(self, exchange: Exchange) -> bool:
        """Tell whether the association is still there; events are heard, a release is granted."""
        association = exchange.association
        try:
            while association.is_open and not exchange.outstanding and exchange.readable:
                taken = exchange.take()
                if taken is None:
                    association.release()
                elif isinstance(taken, Incoming):
                    self._hear(exchange, taken)
        except (Aborted, ConnectionLost):
            return False
        return association.is_open

    @property
    def readable(self) -> bool:
        """Whether the peer has said something on the association that was not taken yet."""
        return self.is_open and self._exchange is not None and self._exchange.readable

    @property
    def exchange(self) -> Exchange:
        """The messages of the association, for other services over it; it is opened if there is none."""
        self.open()
        assert self._exchange is not None
        return self._exchange

    # -- asking -------------------------------------------------------------------------------------

    def ask(self, wanted: Wanted) -> Reply:
        """Send a request and return its reply.

        Raises NoContext if the peer took none of its contexts: the association stays; InputError for a data
        set that cannot be encoded; and what ends an association, as `exchange`.
        """
        exchange = self.exchange
        context = self.context(wanted)
        source = None
        if wanted.attributes is not None:
            data = encode(with_its_charset(wanted.attributes), context.transfer_syntax)
            source = BytesSource(data) if data else None
            exchange.longest = IDENTIFIER_CAP + len(data)  # some answer with all that they were sent
        started = perf_counter()
        answer = self.call(context, wanted.request, source)
        return _reply(answer, perf_counter() - started, self.manner.assume_charset)

    def call(self, context: AcceptedContext, request: Request, source: Source | None = None) -> Answer:
        """Send a request of any service, and return its one response; the association must be open."""
        exchange = self._exchange
        assert exchange is not None
        try:
            exchange.submit(context, request, source)
            return self._answer(exchange)
        except BaseException:
            exchange.association.abort()
            raise

    def context(self, wanted: Wanted) -> AcceptedContext:
        """Return the context in which a request will go; NoContext if there is none."""
        association = self.open()
        names = wanted.contexts or (_named(wanted.request)[0],)
        for name in names:
            found = association.context_for(name)
            if found is not None:
                return found
        raise no_context(association, names[0], name_of(names[0]))

    def _answer(self, exchange: Exchange) -> Answer:
        while True:
            taken = exchange.take()
            if taken is None:
                exchange.leave()
            if isinstance(taken, Answer):
                return taken
            self._hear(exchange, taken)

    def hear(self, incoming: Incoming) -> None:
        """Take what the peer has asked while another service waited for its response."""
        assert self._exchange is not None
        self._hear(self._exchange, incoming)

    # -- events -------------------------------------------------------------------------------------

    def wait(self, until: float | None, done: Callable[[], bool], bell: int | None = None) -> bool:
        """Take events until `done`, or the moment `until` of the monotonic clock; return whether it is done.

        `bell` is a descriptor that can be read when `done` should be asked again: whoever rings it from
        another thread empties it in `done`. Without one, ConnectionLost if the peer ends the association.
        Raises Interrupted when the Stop is requested, and what ends an association.
        """
        while not done():
            if self._stop is not None and self._stop.requested:
                raise self._stop.error()
            left = None if until is None else until - monotonic()
            if left is not None and left <= 0:
                return False
            exchange = self._exchange if self.is_open else None
            if exchange is None:
                self._poll(left, bell)
            elif exchange.association.readable(left, or_stop=True, bell=bell):
                self._take(exchange, needed=bell is None)
        return True

    def _take(self, exchange: Exchange, *, needed: bool) -> None:
        """Take the next event; the end of the association is a failure where that is `needed`."""
        try:
            taken = exchange.take()
            if taken is None:
                exchange.leave()
            if isinstance(taken, Incoming):
                self._hear(exchange, taken)
        except ConnectionLost:
            if needed:
                raise

    def _poll(self, left: float | None, bell: int | None) -> None:
        """Wait where no association is open."""
        if bell is None:
            raise ConnectionLost(f"no association with {self.target} is open any more")
        poll = select.poll()
        poll.register(bell, select.POLLIN)
        if self._stop is not None:
            poll.register(self._stop, select.POLLIN)
        poll.poll(None if left is None else left * 1000)

    def _hear(self, exchange: Exchange, incoming: Incoming) -> None:
        """Take an event and answer it; another request is refused."""
        command = incoming.command
        if not isinstance(command, NEventReportRq):
            if incoming.data_set:
                exchange.read_data(incoming, NullSink())
            if hasattr(command, "answer"):  # a C-CANCEL has no answer
                exchange.respond(incoming, command.answer(UNRECOGNIZED_OPERATION))
            return
        sink = MemorySink(IDENTIFIER_CAP)
        data = None
        if incoming.data_set:
            exchange.read_data(incoming, sink)
            data = sink.value()
        attributes, error = _decoded(data, incoming.context.transfer_syntax, self.manner.assume_charset)
        event = Event(
            command.affected_sop_class_uid,
            command.affected_sop_instance_uid,
            command.event_type_id,
            attributes,
            error,
            calling_aet=self.target.called_aet,
        )
        status = 0 if self._heard is None else self._heard(event)
        exchange.respond(incoming, command.answer(status))

    # -- the end ------------------------------------------------------------------------------------

    def close(self) -> tuple[str, ...]:
        """End the association, if there is one; return what was odd about that."""
        if not self.is_open or self._exchange is None:
            return ()
        association = self._exchange.association
        if self.manner.abort:
            association.abort()
            return ()
        association.release()
        if association.released_in_order:
            return ()
        return (f"{association.peer_name} did not answer the request for release",)

    def abort(self) -> None:
        """End the association at once, if there is one."""
        if self._exchange is not None:
            self._exchange.association.abort()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.abort()


def _named(request: Request) -> tuple[str, str]:
    """Return the class and the instance that a request names, "" if none."""
    words = ("affected", "requested")
    classes = (getattr(request, f"{word}_sop_class_uid", None) for word in words)
    instances = (getattr(request, f"{word}_sop_instance_uid", None) for word in words)
    return next(filter(None, classes), ""), next(filter(None, instances), "")


def _reply(answer: Answer, seconds: float, assume_charset: tuple[str, ...]) -> Reply:
    """Return what an answer says, and what is odd about it."""
    request, response = answer.request, answer.command
    comment = getattr(response, "error_comment", None) or ""
    offending: tuple[int, ...] = getattr(response, "offending_element", ())
    identifiers: tuple[int, ...] = getattr(response, "attribute_identifier_list", ())
    sop_class, sop_instance = _named(request)
    affected_class = getattr(response, "affected_sop_class_uid", None) or sop_class
    affected = getattr(response, "affected_sop_instance_uid", None) or sop_instance
    attributes, malformed = _decoded(answer.data, answer.context.transfer_syntax, assume_charset)
    number = getattr(request, "action_type_id", getattr(request, "event_type_id", None))
    failure: DimseError | None = status_failure(
        response.status, request.service, comment, offending or identifiers, sop_class
    )
    remarks = []
    if affected_class != sop_class:
        remarks.append(f"the answer is about SOP class {affected_class}, which was not asked about")
    if sop_instance and affected != sop_instance:
        remarks.append(f"the answer is about instance {affected}, not {sop_instance}")
    if failure is None and not affected and isinstance(request, NCreateRq):
        remarks.append("the answer does not say which UID the new instance has")
    return Reply(
        request,
        response.status,
        comment,
        getattr(response, "error_id", None),
        offending,
        identifiers,
        affected_class,
        affected,
        number,
        attributes,
        seconds,
        tuple(remarks),
        failure or malformed,
    )


def _decoded(
    data: bytes | None, syntax: str, assume_charset: tuple[str, ...]
) -> tuple[Attributes | None, InputError | None]:
    if data is None:
        return None, None
    try:
        return decode(data, syntax, assume_charset=assume_charset), None
    except InputError as fault:
        return None, fault
