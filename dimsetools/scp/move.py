"""Retrieval by C-MOVE (PS3.4 C.4.2): objects go out over associations of our own, to whoever may have them.

A destination is one that the configuration or the command line knows; nobody can make us call elsewhere.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator, Mapping
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple

from dimsetools.association.stop import Stop
from dimsetools.errors import DimseError, InputError
from dimsetools.escape import visible
from dimsetools.message.composite import CMoveRq
from dimsetools.message.exchange import Incoming
from dimsetools.scp.destinations import Destination, Destinations
from dimsetools.scp.faults import CANNOT_PERFORM, DESTINATION_UNKNOWN
from dimsetools.scp.identifiers import Unfit
from dimsetools.scp.kept import Archive, open_kept
from dimsetools.scp.pump import Pump
from dimsetools.scp.retrieval import WAIT, Retrieval, Retrieving
from dimsetools.scp.roles import Caller, Conversation, Record, Reply
from dimsetools.services.examine import Item
from dimsetools.services.plan import Rules
from dimsetools.services.sending import Originator
from dimsetools.services.store import Manner, Sender, Stored

if TYPE_CHECKING:
    from dimsetools.archive.index import Instance
    from dimsetools.association.trace import Tracer
    from dimsetools.association.values import AcceptedContext
    from dimsetools.dataset.models import Model

_LAST_OBJECT = 0.5
"""Seconds that the object under way has to arrive after a C-CANCEL."""
_SHOWN = 64


class _Unread(NamedTuple):
    """An instance whose file is not what it should be."""

    sop_instance: str
    error: DimseError


class Move(Retrieval):
    """Answers C-MOVE requests; objects go to `destinations` alone."""

    def __init__(
        self,
        archive: Archive,
        models: Mapping[str, Model],
        destinations: Destinations,
        *,
        log_objects: bool = False,
        tracer: Tracer | None = None,
    ) -> None:
        super().__init__(archive, models, log_objects=log_objects)
        self.destinations = destinations
        self.tracer = tracer

    def task(self, incoming: Incoming, model: Model, caller: Caller) -> Retrieving:
        """Return the task of one C-MOVE."""
        request = incoming.command
        assert isinstance(request, CMoveRq)
        return _Moving(self, model, incoming.context, caller, request)


class _Moving(Retrieving):
    """One C-MOVE."""

    event = "move"

    def __init__(
        self, role: Move, model: Model, context: AcceptedContext, caller: Caller, request: CMoveRq
    ) -> None:
        super().__init__(role.archive, model, context, caller, log_objects=role.log_objects)
        self._role = role
        self._request = request
        self._destination: Destination | None = None

    def check(self) -> None:
        """Raise Unfit if the destination cannot be called."""
        aet = self._request.move_destination
        try:
            self._destination = self._role.destinations.find(aet, self.caller.called_aet)
        except DimseError as error:  # its secrets cannot be read, for example
            raise Unfit(CANNOT_PERFORM, f"destination {visible(aet, 16)}: {error.message}") from None
        if self._destination is None:
            raise Unfit(DESTINATION_UNKNOWN, f"no destination {visible(aet, 16)} is known")

    def record(self) -> Record:
        """Return where to."""
        return {"_destination": visible(self._request.move_destination, _SHOWN)}

    def send(self, instances: list[Instance], conversation: Conversation) -> Generator[Reply, None, None]:
        """Have the objects sent in a thread of their own, and tell how it goes on."""
        stop = Stop()
        until: float | None = None
        with Pump(self._sent(instances, stop), f"move-{self.caller.number}") as pump:
            try:
                while not pump.ended and (until is None or monotonic() < until):
                    for outcome in pump.take(WAIT):
                        reply = self._judged(outcome, stop)
                        if reply is not None and until is None:
                            yield reply
                    if until is None and conversation.cancelled():
                        stop.request()
                        until = monotonic() + _LAST_OBJECT
                    reply = self.tally.pending() if until is None else None
                    if reply is not None:
                        yield reply
            finally:
                stop.expire()

    def _judged(self, outcome: Stored | _Unread, stop: Stop) -> Reply | None:
        """Count a sub-operation; those that a C-CANCEL left out were none."""
        if isinstance(outcome, _Unread):
            return self.failed(outcome.sop_instance, outcome.error)
        uid = outcome.item.meta.sop_instance_uid
        if outcome.error is None:
            self.tally.done(outcome.status or 0)
        elif not (stop.requested and outcome.status is None and not outcome.tries):
            return self.failed(uid, outcome.error, outcome.status)
        return None

    def _sent(self, instances: list[Instance], stop: Stop) -> Iterator[Stored | _Unread]:
        """Return what became of each instance, as it is known.

        Those that were replaced before it was their turn are tried once more, as they are now.
        """
        replaced: list[Instance] = []
        by_uid = {instance.sop_instance: instance for instance in instances}
        for outcome in self._round(instances, stop):
            if (
                isinstance(outcome, Stored)
                and outcome.status is None
                and isinstance(outcome.error, InputError)
            ):
                replaced.append(by_uid[outcome.item.meta.sop_instance_uid])
            else:
                yield outcome
        yield from self._round(replaced, stop)

    def _round(self, instances: list[Instance], stop: Stop) -> Iterator[Stored | _Unread]:
        items: list[Item] = []
        for instance in instances:
            if stop.requested:
                return
            try:
                items.append(_item(self.archive, instance))
            except DimseError as error:
                yield _Unread(instance.sop_instance, error)
        destination = self._destination
        assert destination is not None
        manner = Manner(
            rules=Rules(convert=destination.convert),
            priority=self._request.priority,
            originator=Originator(self.caller.calling_aet, self._request.message_id),
        )
        sender = Sender(destination.target, manner, stop=stop, tracer=self._role.tracer)
        for event in sender.send(items):
            if isinstance(event, Stored):
                yield event


def _item(archive: Archive, instance: Instance) -> Item:
    fd, meta, status, path = open_kept(archive, instance)
    os.close(fd)
    return Item(os.path.join(archive.store.root, path), meta, status.st_size, status.st_mtime_ns)
