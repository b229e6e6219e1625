"""The query role (PS3.4 annexes C and K): C-FIND requests are answered out of the archive or a worklist.

Answers stream: they are found and encoded in a thread of their own, and each goes out when it is there.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from threading import Event
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple, Protocol

from dimsetools.dataset.attributes import Attribute, Attributes
from dimsetools.dataset.dictionary import keyword_of
from dimsetools.dataset.encode import encode, with_charset
from dimsetools.dataset.levels import LEVEL
from dimsetools.dataset.models import Model
from dimsetools.errors import DimseError, InputError, InputUnreadable
from dimsetools.escape import visible
from dimsetools.message.composite import CFindRq
from dimsetools.message.exchange import Incoming
from dimsetools.scp.faults import (
    CANCELLED,
    DATA_SET_DOES_NOT_MATCH,
    OUT_OF_RESOURCES,
    PENDING,
    PENDING_WITHOUT,
    SOP_CLASS_NOT_SUPPORTED,
    SUCCESS,
    UNABLE_TO_PROCESS,
)
from dimsetools.scp.identifiers import (
    COMBINED_DATE_TIME,
    FUZZY,
    RELATIONAL,
    Asked,
    Unfit,
    asked_of_query,
    decoded,
)
from dimsetools.scp.pump import Busy, Pump
from dimsetools.scp.roles import Caller, Conversation, IdentifierSink, Lasting, Record, Reply, Settled, Task

if TYPE_CHECKING:
    from dimsetools.archive.index import Index
    from dimsetools.archive.worklist import Worklist
    from dimsetools.association.values import AcceptedContext
    from dimsetools.scp.steps import Steps

RETRIEVE_AET, AVAILABILITY = 0x00080054, 0x00080056
_WAIT = 0.2
"""Seconds without an answer after which the peer is listened to."""
_SHOWN = 200


class Negotiated(NamedTuple):
    """What of a query was agreed on by extended negotiation (PS3.4 C.5.1.1.1)."""

    relational: bool = False
    datetime: bool = False
    fuzzy: bool = False

    @classmethod
    def of(cls, granted: bytes) -> Negotiated:
        """Read the service class application information that was granted."""
        flags = [position < len(granted) and granted[position] == 1 for position in range(3)]
        return cls(flags[RELATIONAL], flags[COMBINED_DATE_TIME], flags[FUZZY])


class Answers(Protocol):
    """What a model's queries are answered from."""

    def find(
        self, asked: Asked, negotiated: Negotiated, given_up: Callable[[], bool]
    ) -> Iterator[Attributes]:
        """Return what matches; once `given_up`, nobody wants it any more."""

    def supports(self, asked: Asked) -> bool:
        """Tell whether every key can be matched."""


class ArchiveAnswers:
    """Answers the queries of a query/retrieve model out of the index of an archive."""

    def __init__(self, index: Index, model: Model) -> None:
        self._index = index
        self._model = model.name

    def find(
        self, asked: Asked, negotiated: Negotiated, given_up: Callable[[], bool]
    ) -> Iterator[Attributes]:
        """Return the entities that match."""
        relational, datetime, fuzzy = negotiated
        return self._index.find(
            self._model,
            asked.level,
            asked.keys,
            relational=relational,
            fuzzy=fuzzy,
            datetime=datetime,
            given_up=given_up,
        )

    def supports(self, asked: Asked) -> bool:
        """Tell whether the index has every key."""
        return not self._index.unsupported(asked.level, asked.keys)


class WorklistAnswers:
    """Answers the queries of the modality worklist model; `steps` know what is performed already."""

    def __init__(self, worklist: Worklist, steps: Steps | None = None) -> None:
        self._worklist = worklist
        self._current = None if steps is None else steps.current

    def find(
        self,
        asked: Asked,
        negotiated: Negotiated,
        given_up: Callable[[], bool],  # noqa: ARG002  # it does not take long
    ) -> Iterator[Attributes]:
        """Return the items that match: date and time of a step are always one range (PS3.4 table K.6-1)."""
        return self._worklist.find(asked.keys, fuzzy=negotiated.fuzzy, datetime=True, current=self._current)

    def supports(self, asked: Asked) -> bool:  # noqa: ARG002  # items have whatever they have
        """Tell whether every key can be matched."""
        return True


class Queried(NamedTuple):
    """A model that is answered, and what from."""

    model: Model
    source: Answers


class Query:
    """Answers C-FIND requests in the models of `offered`, by SOP class.

    `log_values` puts the keys with their values into the log, where patients' names may be among them.
    """

    def __init__(self, offered: Mapping[str, Queried], *, log_values: bool = False) -> None:
        self.offered = offered
        self.log_values = log_values

    def begin(self, incoming: Incoming, caller: Caller) -> Task | Lasting:
        """Take a query in the model that the presentation context is for."""
        request = incoming.command
        assert isinstance(request, CFindRq)
        sop_class = request.affected_sop_class_uid
        queried = self.offered.get(sop_class)
        if queried is None or sop_class != incoming.context.abstract_syntax:
            return Settled(SOP_CLASS_NOT_SUPPORTED, "the presentation context is for another SOP class")
        return _Querying(self, queried, incoming.context, caller)


class _Querying(Lasting):
    """One query."""

    def __init__(self, role: Query, queried: Queried, context: AcceptedContext, caller: Caller) -> None:
        super().__init__()
        self._role = role
        self._queried = queried
        self._context = context
        self._caller = caller
        self._matches = self._unsent = 0
        self._started = monotonic()
        self._asked: Asked | None = None

    def replies(self, conversation: Conversation) -> Generator[Reply, None, None]:
        """Yield the matches as they are found."""
        assert isinstance(self.sink, IdentifierSink)
        negotiated = Negotiated.of(conversation.extended)
        try:
            identifier = decoded(self.sink.data, self._context.transfer_syntax)
            asked = asked_of_query(self._queried.model, identifier, relational=negotiated.relational)
        except Unfit as unfit:
            yield self._final(unfit.status, unfit.comment, unfit.offending)
            return
        self._asked = asked
        source = self._queried.source
        over = Event()
        try:
            matches = source.find(asked, negotiated, over.is_set)
        except InputError as error:  # the index is stricter than we are
            yield self._final(DATA_SET_DOES_NOT_MATCH, error.message)
            return
        pending = PENDING if source.supports(asked) else PENDING_WITHOUT
        try:
            found = Pump(self._encoded(asked, matches), f"query-{self._caller.number}")
        except Busy as busy:
            yield self._final(OUT_OF_RESOURCES, busy.message)
            return
        with found, _setting(over):
            while not found.ended:
                try:
                    taken = found.take(_WAIT)
                except DimseError as error:  # the index or the worklist is broken, or gone
                    # Where they lie is for the log only.
                    told = "cannot be read" if isinstance(error, InputUnreadable) else error.message
                    yield self._final(UNABLE_TO_PROCESS, told, reason=error.message)
                    return
                for data in taken:
                    if conversation.cancelled():
                        break
                    self._matches += 1
                    yield Reply(pending, data=data)
                if conversation.cancelled():
                    yield self._final(CANCELLED)
                    return
        yield self._final(SUCCESS)

    def _encoded(self, asked: Asked, found: Iterator[Attributes]) -> Iterator[bytes]:
        """Return answers as they go out; one that cannot be encoded is counted and passed over."""
        complete = partial(_complete, asked, self._caller.called_aet)
        for match in found:
            try:
                yield encode(with_charset(complete(match), asked.charsets), self._context.transfer_syntax)
            except InputError:
                self._unsent += 1

    def abandoned(self) -> Record:
        """Return how far it got."""
        return self._record("", "")

    def _final(
        self, status: int, comment: str = "", offending: tuple[int, ...] = (), *, reason: str = ""
    ) -> Reply:
        record = self._record(f"{status:04X}", reason or comment)
        return Reply(status, comment, record, offending=offending)

    def _record(self, status: str, reason: str) -> Record:
        record: Record = {
            "_event": "query",
            "_association": self._caller.number,
            "_calling": self._caller.calling_aet,
            "_model": self._queried.model.name,
            "QueryRetrieveLevel": self._asked.level if self._asked else "",
            "_keys": list(self._keys()),
            "_matches": self._matches,
            "_status": status,
        }
        if self._unsent:
            record["_failed"] = self._unsent
        if reason:
            record["_reason"] = reason
        record["_ms"] = round((monotonic() - self._started) * 1000, 1)
        return record

    def _keys(self) -> Iterator[str]:
        """Return what was matched on; values may tell who a patient is."""
        for tag, key in self._asked.keys.items() if self._asked else ():
            if key.values:
                name = keyword_of(tag) or f"{tag:08X}"
                shown = visible("\\".join(map(str, key.values)), _SHOWN) if key.vr != "SQ" else "..."
                yield f"{name}={shown}" if self._role.log_values else name


@contextmanager
def _setting(event: Event) -> Iterator[None]:
    """Set `event` at the end, come what may."""
    try:
        yield
    finally:
        event.set()


def _complete(asked: Asked, aet: str, match: Attributes) -> Attributes:
    """Add to a match of the archive what every answer has (PS3.4 C.4.1.1.3.2)."""
    if not asked.level:
        return match
    return {
        AVAILABILITY: Attribute("CS", ("ONLINE",)),
        **match,
        LEVEL: Attribute("CS", (asked.level,)),
        RETRIEVE_AET: Attribute("AE", (aet,)),
    }
