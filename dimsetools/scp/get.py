"""Retrieval by C-GET (PS3.4 C.4.3): objects go out on the association on which they were asked for."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from functools import partial
from typing import TYPE_CHECKING

from dimsetools.errors import DimseError, NoContext
from dimsetools.message.composite import CGetRq, CStoreRq
from dimsetools.message.exchange import Incoming
from dimsetools.scp.kept import open_kept
from dimsetools.scp.retrieval import Retrieval, Retrieving
from dimsetools.scp.roles import Caller, Conversation, Reply, Stored, SubOperation
from dimsetools.services.plan import Pair, Rules
from dimsetools.services.sending import source_of
from dimsetools.status import describe
from dimsetools.uids import name_of

if TYPE_CHECKING:
    from dimsetools.archive.index import Instance
    from dimsetools.association.values import AcceptedContext
    from dimsetools.dataset.models import Model

_RULES = Rules()


class Get(Retrieval):
    """Answers C-GET requests."""

    def task(self, incoming: Incoming, model: Model, caller: Caller) -> Retrieving:
        """Return the task of one C-GET."""
        request = incoming.command
        assert isinstance(request, CGetRq)
        return _Getting(self, model, incoming.context, caller, request)


class _Getting(Retrieving):
    """One C-GET."""

    def __init__(
        self, role: Get, model: Model, context: AcceptedContext, caller: Caller, request: CGetRq
    ) -> None:
        super().__init__(role.archive, model, context, caller, log_objects=role.log_objects)
        self._priority = request.priority

    def send(self, instances: list[Instance], conversation: Conversation) -> Generator[Reply, None, None]:
        """Make the sub-operations."""
        told: list[Reply] = []
        operations = self._operations(instances, conversation, told)
        for outcome in conversation.store(operations):
            yield from told
            told.clear()
            reply = self._judged(outcome) if outcome is not None else None
            reply = reply or self.tally.pending()
            if reply is not None:
                yield reply
        yield from told

    def _judged(self, outcome: Stored) -> Reply | None:
        """Count a sub-operation."""
        operation, answer = outcome
        uid = operation.request.affected_sop_instance_uid
        if answer is None:
            return self.failed(uid, "not answered before the C-CANCEL took effect")
        if isinstance(answer, DimseError):
            return self.failed(uid, answer)
        if self.tally.done(answer.status):
            return None
        return self.failed(uid, describe(answer.status, "C-STORE").meaning, answer.status)

    def _operations(
        self, instances: list[Instance], conversation: Conversation, told: list[Reply]
    ) -> Iterator[SubOperation]:
        """Return the sub-operations that can be made; those that cannot are counted on the way."""
        accepted = [context for context in conversation.contexts if context.as_scu]
        known: dict[Pair, AcceptedContext | None] = {}
        for instance in instances:
            try:
                yield self._operation(instance, accepted, known)
            except DimseError as error:
                reply = self.failed(instance.sop_instance, error)
                if reply is not None:
                    told.append(reply)

    def _operation(
        self, instance: Instance, accepted: list[AcceptedContext], known: dict[Pair, AcceptedContext | None]
    ) -> SubOperation:
        fd, meta, _, _ = open_kept(self.archive, instance)
        try:
            pair = (meta.sop_class_uid, meta.transfer_syntax)
            if pair not in known:
                known[pair] = _RULES.match(pair, accepted)
            context = known[pair]
            if context is None:
                raise NoContext(f"no presentation context for {name_of(pair[0])}, {name_of(pair[1])}")
            request = CStoreRq(
                affected_sop_class_uid=meta.sop_class_uid,
                affected_sop_instance_uid=meta.sop_instance_uid,
                priority=self._priority,
            )
            source = source_of(fd, meta, context.transfer_syntax)
        except BaseException:
            os.close(fd)
            raise
        return SubOperation(context, request, source, partial(os.close, fd))
