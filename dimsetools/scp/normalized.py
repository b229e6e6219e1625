"""The roles of the N- services: one answers all six kinds of requests, by the service of each class.

Here is what they share (PS3.7 chapter 10): which class and instance is meant, the data set's way in and out,
statuses and attribute lists. What a class does is a `Service`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from time import monotonic
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from dimsetools.archive.ledger import LedgerFailed
from dimsetools.dataset.attributes import SPECIFIC_CHARACTER_SET, Attributes, texts
from dimsetools.dataset.decode import decode
from dimsetools.dataset.encode import encode, with_charset
from dimsetools.dataset.normalized import event_name, normalized_class
from dimsetools.errors import InputError
from dimsetools.escape import visible
from dimsetools.message.command import Request
from dimsetools.message.exchange import Incoming
from dimsetools.message.normalized import (
    NActionRq,
    NCreateRq,
    NDeleteRq,
    NEventReportRq,
    NGetRq,
    NSetRq,
)
from dimsetools.message.sinks import Sink
from dimsetools.scp.faults import (
    ATTRIBUTE_LIST_ERROR,
    INVALID_OBJECT_INSTANCE,
    NO_SUCH_EVENT_TYPE,
    NO_SUCH_SOP_CLASS,
    PROCESSING_FAILURE,
    RESOURCE_LIMITATION,
    SOP_CLASS_NOT_SUPPORTED,
    SUCCESS,
    UNRECOGNIZED_OPERATION,
)
from dimsetools.scp.roles import IDENTIFIER_MOST, Caller, IdentifierSink, Record, Reply, Settled, Task
from dimsetools.uids import is_dotted

if TYPE_CHECKING:
    from dimsetools.association.values import AcceptedContext
    from dimsetools.dataset.requirements import Fault

_UID_SHOWN = 64


class Asked(NamedTuple):
    """One request, its data set decoded: empty where there was none.

    `sop_instance` is None only where an N-CREATE leaves it to us; `number` is the action or event type;
    `tags` are the attributes that an N-GET names, none for all.
    """

    request: Request
    sop_class: str
    sop_instance: str | None
    number: int | None
    attributes: Attributes
    tags: tuple[int, ...]
    caller: Caller
    context: AcceptedContext

    @property
    def uid(self) -> str:
        """The instance, where the request has to name one."""
        assert self.sop_instance is not None
        return self.sop_instance


class Done(NamedTuple):
    """What a request came to: success, or a warning in `status`.

    `attributes` answer it, `sop_instance` is the one that was created, `identifiers` go into the attribute
    identifier list. `record` is added to the log's; `then` is done when the answer is out, as in Reply.
    """

    attributes: Attributes | None = None
    sop_instance: str | None = None
    status: int = SUCCESS
    comment: str = ""
    identifiers: tuple[int, ...] = ()
    record: Record | None = None
    then: Callable[[], None] | None = None


class Refusal(Exception):
    """A request is answered with a failure."""

    def __init__(
        self, status: int, comment: str = "", identifiers: tuple[int, ...] = (), error_id: int | None = None
    ) -> None:
        super().__init__(comment)
        self.status = status
        self.comment = comment
        self.identifiers = identifiers
        self.error_id = error_id

    @classmethod
    def of(cls, fault: Fault) -> Refusal:
        """Return the refusal of a data set that breaks the table of its class."""
        return cls(fault.status, fault.comment, fault.tags)


class Service:
    """The SCP of some SOP classes; what it does not override, it does not offer.

    `sop_classes` are those of its instances; `contexts` the abstract syntaxes under which they are
    negotiated, each with what can be granted of its extended negotiation. Called by many threads at once.
    """

    sop_classes: ClassVar[tuple[str, ...]] = ()
    contexts: ClassVar[Mapping[str, bytes]] = MappingProxyType({})
    most: ClassVar[int] = IDENTIFIER_MOST
    """Longest data set that is taken, bytes."""
    unsupported: ClassVar[int] = ATTRIBUTE_LIST_ERROR
    """The status of an N-GET that names attributes which the instance does not have."""

    def create(self, asked: Asked) -> Done:
        """Create an instance (N-CREATE)."""
        raise _not_offered(asked)

    def get(self, asked: Asked) -> Done:
        """Return all attributes of an instance (N-GET); those that were not asked for are left out later."""
        raise _not_offered(asked)

    def set(self, asked: Asked) -> Done:
        """Change an instance (N-SET)."""
        raise _not_offered(asked)

    def action(self, asked: Asked) -> Done:
        """Carry out an action (N-ACTION)."""
        raise _not_offered(asked)

    def delete(self, asked: Asked) -> Done:
        """Delete an instance (N-DELETE)."""
        raise _not_offered(asked)

    def event(self, asked: Asked) -> Done:
        """Take note of an event (N-EVENT-REPORT), if the class has events of that type at all."""
        raise (
            _not_offered(asked)
            if _is_event(asked)
            else Refusal(NO_SUCH_EVENT_TYPE, f"this SOP class has no event type {asked.number}")
        )

    def left(self, number: int) -> None:
        """Forget what ends with the association of that number."""

    def start(self) -> None:
        """Begin with what is done without being asked: the node listens now."""

    def close(self) -> None:
        """End that, and wait until it has ended."""


_CALLED: dict[type[Request], Callable[[Service, Asked], Done]] = {
    NCreateRq: lambda service, asked: service.create(asked),
    NGetRq: lambda service, asked: service.get(asked),
    NSetRq: lambda service, asked: service.set(asked),
    NActionRq: lambda service, asked: service.action(asked),
    NDeleteRq: lambda service, asked: service.delete(asked),
    NEventReportRq: lambda service, asked: service.event(asked),
}
REQUESTS = tuple(_CALLED)
"""The requests that `Normalized` is the role for."""


class Normalized:
    """Answers the requests about instances of the classes of `services`."""

    def __init__(self, services: Iterable[Service]) -> None:
        self.services = tuple(services)
        self._by_class = {name: service for service in self.services for name in service.sop_classes}

    @property
    def contexts(self) -> dict[str, bytes]:
        """The abstract syntaxes that are offered, with what can be granted of extended negotiation."""
        return {name: granted for service in self.services for name, granted in service.contexts.items()}

    def left(self, number: int) -> None:
        """Forget what ends with the association of that number."""
        for service in self.services:
            service.left(number)

    def begin(self, incoming: Incoming, caller: Caller) -> Task:
        """Take a request of the class that it names."""
        request = incoming.command
        assert isinstance(request, REQUESTS)
        sop_class, sop_instance = _meant(request)
        service = self._by_class.get(sop_class)
        refused = _refused(service, incoming.context.abstract_syntax, sop_instance)
        if service is None or refused is not None:
            status, comment = refused or (NO_SUCH_SOP_CLASS, "")
            record = _record(request, caller) | {"_status": f"{status:04X}", "_reason": comment, "_ms": 0.0}
            return Settled(status, comment, record)
        return _Performing(service, request, incoming, caller)


class _Performing:
    """One request on its way."""

    def __init__(self, service: Service, request: Request, incoming: Incoming, caller: Caller) -> None:
        self._data = IdentifierSink(service.most)
        self.sink: Sink = self._data
        self._service = service
        self._request = request
        self._incoming = incoming
        self._caller = caller
        self._started = monotonic()

    def finish(self) -> Reply:
        """Do what was asked."""
        record = _record(self._request, self._caller)
        charsets: tuple[str, ...] = ()
        try:
            asked = self._asked()
            charsets = texts(asked.attributes, SPECIFIC_CHARACTER_SET)
            done = _CALLED[type(self._request)](self._service, asked)
            if isinstance(self._request, NGetRq):
                done = _selected(done, asked.tags, self._service.unsupported)
        except (Refusal, LedgerFailed) as error:
            refusal = error if isinstance(error, Refusal) else _unkept(error)
            record |= {"_status": f"{refusal.status:04X}", "_reason": visible(refusal.comment, 200)}
            more: dict[str, object] = {"attribute_identifier_list": refusal.identifiers}
            if refusal.error_id is not None:
                more["error_id"] = refusal.error_id
            return Reply(refusal.status, refusal.comment, self._timed(record), more=more)
        record["_status"] = f"{done.status:04X}"
        record |= done.record or {}
        more = {"attribute_identifier_list": done.identifiers}
        if done.sop_instance is not None:
            more["affected_sop_instance_uid"] = record["SOPInstanceUID"] = done.sop_instance
        data = None
        if done.attributes is not None:
            syntax = self._incoming.context.transfer_syntax
            data = encode(with_charset(done.attributes, charsets), syntax) or None
        return Reply(done.status, done.comment, self._timed(record), done.then, data=data, more=more)

    def discard(self) -> None:
        """Forget about it."""

    def _asked(self) -> Asked:
        request, context = self._request, self._incoming.context
        attributes: Attributes = {}
        if self._incoming.data_set:
            data = self._data.data
            if data is None:
                raise Refusal(RESOURCE_LIMITATION, f"the data set has more than {self._service.most} bytes")
            try:
                attributes = decode(data, context.transfer_syntax)
            except InputError as error:
                raise Refusal(PROCESSING_FAILURE, f"the data set does not decode: {error.message}") from error
        number = getattr(request, "action_type_id", getattr(request, "event_type_id", None))
        tags = request.attribute_identifier_list if isinstance(request, NGetRq) else ()
        return Asked(request, *_meant(request), number, attributes, tags, self._caller, context)

    def _timed(self, record: Record) -> Record:
        return record | {"_ms": round((monotonic() - self._started) * 1000, 1)}


def _meant(request: Request) -> tuple[str, str | None]:
    """Return the class and the instance that a request is about."""
    if isinstance(request, (NCreateRq, NEventReportRq)):
        return request.affected_sop_class_uid, request.affected_sop_instance_uid or None
    assert isinstance(request, (NGetRq, NSetRq, NActionRq, NDeleteRq))
    return request.requested_sop_class_uid, request.requested_sop_instance_uid


def _refused(service: Service | None, context: str, sop_instance: str | None) -> tuple[int, str] | None:
    """Return why a request cannot even be looked at: a status and a comment."""
    if service is None:
        return NO_SUCH_SOP_CLASS, "this SOP class is not offered here"
    if context not in service.contexts:
        return SOP_CLASS_NOT_SUPPORTED, "the presentation context is for another SOP class"
    if sop_instance is not None and not is_dotted(sop_instance):
        return INVALID_OBJECT_INSTANCE, "the SOP instance UID is no UID"
    return None


def _selected(done: Done, tags: tuple[int, ...], unsupported: int) -> Done:
    """Leave out what an N-GET has not named; what it has and cannot get is listed (PS3.7 10.1.2.1.9)."""
    if not tags or done.attributes is None:
        return done
    lacking = tuple(tag for tag in dict.fromkeys(tags) if tag not in done.attributes)
    wanted = {*tags, SPECIFIC_CHARACTER_SET}  # which is what text is answered in, if that needs one
    found = {tag: attribute for tag, attribute in done.attributes.items() if tag in wanted}
    if not lacking or done.status:
        return done._replace(attributes=found)
    return done._replace(attributes=found, status=unsupported, identifiers=lacking)


def _unkept(error: LedgerFailed) -> Refusal:
    """Return what it means for a requestor that nothing was remembered of its request."""
    return Refusal(PROCESSING_FAILURE if error.media else RESOURCE_LIMITATION, error.message)


def _record(request: Request, caller: Caller) -> Record:
    sop_class, sop_instance = _meant(request)
    record: Record = {
        "_event": "normalized",
        "_association": caller.number,
        "_calling": caller.calling_aet,
        "_service": request.service,
        "SOPClassUID": visible(sop_class, _UID_SHOWN),
        "SOPInstanceUID": visible(sop_instance or "", _UID_SHOWN),
    }
    if isinstance(request, NActionRq):
        record["ActionTypeID"] = request.action_type_id
    if isinstance(request, NEventReportRq):
        record["EventTypeID"] = request.event_type_id
    return record


def _is_event(asked: Asked) -> bool:
    return bool(event_name(normalized_class(asked.sop_class), asked.number or 0))


def _not_offered(asked: Asked) -> Refusal:
    return Refusal(UNRECOGNIZED_OPERATION, f"{asked.request.service} is not offered for this SOP class")
