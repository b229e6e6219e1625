"""What C-GET and C-MOVE have in common (PS3.4 C.4.2, C.4.3): which instances, and what came of each.

Knows neither how they are sent nor whereto.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from time import monotonic
from typing import TYPE_CHECKING

from dimsetools.dataset.attributes import Attribute
from dimsetools.dataset.encode import encode
from dimsetools.errors import DimseError
from dimsetools.escape import visible
from dimsetools.message.composite import CGetRq, CMoveRq
from dimsetools.message.exchange import Incoming
from dimsetools.scp.faults import (
    CANCELLED,
    CANNOT_PERFORM,
    OUT_OF_RESOURCES,
    PENDING,
    SOP_CLASS_NOT_SUPPORTED,
    SUBOPERATIONS_FAILED,
    SUCCESS,
    UNABLE_TO_PROCESS,
)
from dimsetools.scp.identifiers import RELATIONAL, Asked, Unfit, asked_of_retrieval, decoded
from dimsetools.scp.kept import Archive
from dimsetools.scp.pump import Busy, Pump
from dimsetools.scp.roles import (
    Caller,
    Conversation,
    Counts,
    IdentifierSink,
    Lasting,
    Record,
    Reply,
    Settled,
    Task,
)
from dimsetools.status import Category, describe
from dimsetools.uids import IMPLICIT_LE

if TYPE_CHECKING:
    from dimsetools.archive.index import Instance
    from dimsetools.association.values import AcceptedContext
    from dimsetools.dataset.models import Model

FAILED_INSTANCES = 0x00080058
WAIT = 0.2
"""Seconds without news after which the peer is listened to."""
_EACH = 10
"""Sub-operations after which a pending response goes out, at the latest."""
_EVERY = 0.5
"""Seconds after which one goes out whatever has happened."""
_LONGEST_LIST = 65534
"""Bytes of a UI in explicit VR (PS3.5 7.1.2)."""
_SHOWN = 64


class Tally:
    """Counts sub-operations and remembers those that failed."""

    def __init__(self, total: int) -> None:
        self.completed = self.warning = 0
        self.failed: list[str] = []
        self.first = ""
        self._remaining = total
        self._told = 0
        self._told_at = 0.0

    def done(self, status: int) -> bool:
        """Count a sub-operation that was answered with `status`; whether it has sent its object."""
        category = describe(status, "C-STORE").category
        if category is Category.SUCCESS:
            self.completed += 1
        elif category is Category.WARNING:
            self.warning += 1
        else:
            return False
        self._remaining -= 1
        return True

    def fail(self, sop_instance: str, reason: str) -> None:
        """Count a sub-operation that has not sent its object."""
        self.failed.append(sop_instance)
        self.first = self.first or reason
        self._remaining -= 1

    def pending(self) -> Reply | None:
        """Return how things stand, if it is time to tell."""
        now = monotonic()
        if self._told - self._remaining < _EACH and now - self._told_at < _EVERY:
            return None
        self._told, self._told_at = self._remaining, now
        return Reply(PENDING, counts=self.counts())

    def final(self, *, cancelled: bool) -> tuple[int, Counts]:
        """Return the final status and counts (PS3.4 C.4.2.1.5, C.4.3.1.4)."""
        if cancelled:
            return CANCELLED, self.counts()
        if not self.failed and not self.warning:
            status = SUCCESS
        elif self.completed or self.warning:
            status = SUBOPERATIONS_FAILED
        else:
            status = CANNOT_PERFORM
        return status, self.counts()._replace(remaining=None)

    def counts(self) -> Counts:
        """Return how many are done and how many are not."""
        return Counts(self._remaining, self.completed, len(self.failed), self.warning)


class Retrieval:
    """Answers C-GET or C-MOVE requests in `models`, by SOP class; a subclass makes the task of one.

    `log_objects` asks for a record of each object that was not sent.
    """

    def __init__(self, archive: Archive, models: Mapping[str, Model], *, log_objects: bool = False) -> None:
        self.archive = archive
        self.models = models
        self.log_objects = log_objects

    def begin(self, incoming: Incoming, caller: Caller) -> Task | Lasting:
        """Take a retrieve in the model that the presentation context is for."""
        request = incoming.command
        assert isinstance(request, (CGetRq, CMoveRq))
        model = self.models.get(request.affected_sop_class_uid)
        if model is None or request.affected_sop_class_uid != incoming.context.abstract_syntax:
            return Settled(SOP_CLASS_NOT_SUPPORTED, "the presentation context is for another SOP class")
        return self.task(incoming, model, caller)

    def task(self, incoming: Incoming, model: Model, caller: Caller) -> Retrieving:
        """Return the task of one request."""
        raise NotImplementedError


class Retrieving(Lasting):
    """One retrieve; a subclass sends the instances."""

    event = "retrieve"

    def __init__(
        self,
        archive: Archive,
        model: Model,
        context: AcceptedContext,
        caller: Caller,
        *,
        log_objects: bool,
    ) -> None:
        super().__init__()
        self.caller = caller
        self.tally = Tally(0)
        self.archive = archive
        self._model = model
        self._context = context
        self._log_objects = log_objects
        self._started = monotonic()
        self._asked: Asked | None = None
        self._total = 0

    def replies(self, conversation: Conversation) -> Generator[Reply, None, None]:
        """Yield pending replies with counts, and the final one."""
        assert isinstance(self.sink, IdentifierSink)
        extended = conversation.extended
        relational = len(extended) > RELATIONAL and extended[RELATIONAL] == 1
        try:
            identifier = decoded(self.sink.data, self._context.transfer_syntax)
            asked = self._asked = asked_of_retrieval(self._model, identifier, relational=relational)
            self.check()
            instances = self._found(asked, conversation)
            if instances:
                self._total = len(instances)
                self.tally = Tally(self._total)
                yield from self.send(instances, conversation)
        except Unfit as unfit:
            yield self._explained(unfit.status, unfit.comment, unfit.offending)
        except Busy as busy:
            yield self._explained(OUT_OF_RESOURCES, busy.message, ())
        else:
            yield self._final(cancelled=conversation.cancelled())

    def check(self) -> None:
        """Raise Unfit if there is more to find fault with than the identifier."""

    def send(self, instances: list[Instance], conversation: Conversation) -> Generator[Reply, None, None]:
        """Send the instances, until the peer cancels; count them in the tally and yield pending replies."""
        raise NotImplementedError

    def record(self) -> Record:
        """Return what else is to be told of it."""
        return {}

    def abandoned(self) -> Record:
        """Return how far it got."""
        return self._record("", "")

    def failed(self, sop_instance: str, error: DimseError | str, status: int | None = None) -> Reply | None:
        """Count a sub-operation that failed; return what to tell the log by."""
        reason = error if isinstance(error, str) else error.message
        self.tally.fail(sop_instance, reason)
        record: Record = {
            "_event": "not-sent",
            "_association": self.caller.number,
            "_calling": self.caller.calling_aet,
            "SOPInstanceUID": visible(sop_instance, _SHOWN),
            "_status": "" if status is None else f"{status:04X}",
            "_reason": reason,
        }
        if not self._log_objects:
            return self.tally.pending()
        return Reply(PENDING, record=record, counts=self.tally.counts())

    def _found(self, asked: Asked, conversation: Conversation) -> list[Instance] | None:
        """Return all instances that were asked for, None if the peer cancelled before."""
        found: list[Instance] = []
        with Pump(self.archive.kept.instances(asked.level, asked.keys), f"find-{self.caller.number}") as pump:
            while not pump.ended:
                try:
                    taken = pump.take(WAIT)
                except DimseError as error:  # the index is broken, or gone
                    raise Unfit(UNABLE_TO_PROCESS, error.message) from error
                found += taken
                if conversation.cancelled():
                    return None
        return found

    def _final(self, *, cancelled: bool) -> Reply:
        tally = self.tally
        status, counts = tally.final(cancelled=cancelled)
        data = None
        if tally.failed:
            syntax = self._context.transfer_syntax
            data = encode({FAILED_INSTANCES: _list_of(tally.failed, syntax)}, syntax)
        comment = tally.first if status == CANNOT_PERFORM else ""
        record = self._record(f"{status:04X}", "" if cancelled else tally.first)
        return Reply(status, comment, record, data=data, counts=counts)

    def _explained(self, status: int, comment: str, offending: tuple[int, ...]) -> Reply:
        return Reply(status, comment, self._record(f"{status:04X}", comment), offending=offending)

    def _record(self, status: str, reason: str) -> Record:
        tally = self.tally
        record: Record = {
            "_event": self.event,
            "_association": self.caller.number,
            "_calling": self.caller.calling_aet,
            "_model": self._model.name,
            "QueryRetrieveLevel": self._asked.level if self._asked else "",
            **self.record(),
            "_matches": self._total,
            "_completed": tally.completed,
            "_failed": len(tally.failed),
            "_warning": tally.warning,
            "_status": status,
        }
        if reason:
            record["_reason"] = reason
        record["_ms"] = round((monotonic() - self._started) * 1000, 1)
        return record


def _list_of(failed: list[str], syntax: str) -> Attribute:
    """Return the list as a value; one too long for a UI in explicit VR goes as UN (PS3.5 6.2.2, note 3)."""
    raw = "\\".join(failed).encode()
    if syntax == IMPLICIT_LE or len(raw) <= _LONGEST_LIST:
        return Attribute("UI", tuple(failed))
    return Attribute("UN", (raw,))
