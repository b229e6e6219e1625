"""C-GET (PS3.4 C.4.3): have a node send objects back over the association on which they were asked for.

While the answer to the C-GET is waited for, the peer's C-STORE requests come in between: each data set
streams to whoever keeps it, and is answered before the peer goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from time import perf_counter
from typing import TYPE_CHECKING, Protocol

from dimsetools.association.values import Role
from dimsetools.errors import (
    Aborted,
    ConnectionLost,
    Interrupted,
    LimitReached,
    NoAnswer,
    NoContext,
    ProtocolError,
    StatusFailure,
)
from dimsetools.message.command import Request
from dimsetools.message.composite import CGetRq, CStoreRq
from dimsetools.message.exchange import Incoming
from dimsetools.message.sinks import NullSink, Sink
from dimsetools.services import classes
from dimsetools.services.classes import Known, Pair, share_out
from dimsetools.services.retrieve import Account, Landed, Noted, judged
from dimsetools.services.retriever import PLAIN, Line, Manner, Retriever
from dimsetools.status import is_failure

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dimsetools.association.stop import Stop
    from dimsetools.association.trace import Tracer
    from dimsetools.association.values import Target
    from dimsetools.dataset.attributes import Attributes
    from dimsetools.message.exchange import Exchange
    from dimsetools.services.retrieve import Event, Retrieved

_UNRECOGNIZED_OPERATION = 0x0211
_FEW = 30
"""Classes that one association can offer in several transfer syntaxes each."""


class Answer(Protocol):
    """What became of an object: the status to answer with, why, and what to tell of it."""

    @property
    def status(self) -> int:
        """The status of the C-STORE response."""

    @property
    def comment(self) -> str:
        """The error comment, fit to be sent."""

    @property
    def record(self) -> Mapping[str, object] | None:
        """What there is to tell."""

    @property
    def then(self) -> Callable[[], None] | None:
        """What to do when the answer is out."""


class Task(Protocol):
    """One object on its way."""

    @property
    def sink(self) -> Sink:
        """Where its data set is to go."""

    def finish(self) -> Answer:
        """Keep it."""

    def discard(self) -> None:
        """Forget it."""


Keep = Callable[[Incoming], Task]


class Getter(Retriever):
    """Makes retrieves whose objects go to `keep`.

    `chosen` are the storage classes to propose; without them the peer is asked which it has. `syntaxes` are
    the transfer syntaxes to propose for each, by default all.
    """

    service = "C-GET"
    refused_hint = "many nodes offer C-MOVE alone: dimse move --receive fetches from them"

    def __init__(
        self,
        target: Target,
        manner: Manner,
        keep: Keep,
        *,
        chosen: Sequence[str] | None = None,
        syntaxes: Sequence[str] = (),
        stop: Stop | None = None,
        tracer: Tracer | None = None,
    ) -> None:
        super().__init__(target, manner, stop=stop, tracer=tracer)
        self._keep = keep
        self._chosen = chosen
        self._syntaxes = tuple(syntaxes)
        self._models: list[Pair] = [(manner.model, PLAIN)]
        self._asks = chosen is None and manner.find != ""
        if self._asks:
            self._models.append((manner.find, PLAIN))

    def retrieve(self, line: Line, account: Account) -> Generator[Event, None, Retrieved]:
        """Make one retrieve, and again with further classes as long as those may bring what is missing."""
        known = yield from self._known(line, account)
        failed: set[str] | None = None
        retrieved = account.ended(None)
        for number, pairs in enumerate(self._groups(known)):
            yield from self._ready(line, pairs)
            none = self._nothing_accepted(line)
            if none is not None:
                retrieved = retrieved if number else account.ended(none)
                continue
            refused = account.refused
            request = CGetRq(affected_sop_class_uid=self.manner.model, priority=self.manner.priority)
            retrieved = yield from self.operate(line, request, account, self._take)
            yield from self._late(line, account)
            failed = set(retrieved.failed) if failed is None else failed & set(retrieved.failed)
            if number:
                retrieved = _over_all(retrieved, account, failed)
            if not _may_be_missing(retrieved, account.refused - refused):
                break
        return retrieved

    # -- classes ------------------------------------------------------------------------------------

    def _known(self, line: Line, account: Account) -> Generator[Event, None, Known]:
        """Find out which classes to propose, over the open association if it takes queries."""
        if self._chosen is not None:
            return Known(tuple(self._chosen), certain=True)
        if not self._asks:
            return Known((), certain=False)
        asked, own = line, line.exchange is None
        if own:
            asked = Line()
            yield from self.open(asked, self._models[1:])
        level, identifier = account.wanted.level, account.wanted.identifier
        known, trouble = Known((), certain=False), ""
        try:
            known = classes.ask(identifier, level, lambda level, keys: self._matches(asked, level, keys))
        except NoContext as error:
            self._asks, trouble = False, error.message
        except (Aborted, ConnectionLost, NoAnswer, ProtocolError) as error:
            asked.abort()
            trouble = error.message
        except BaseException:
            asked.abort()
            raise
        if own:
            yield from self.release(asked)
        if trouble:
            yield Noted(f"proposes the usual storage classes, the peer was not asked: {trouble}")
        return known

    def _matches(self, line: Line, level: str, keys: Attributes) -> list[Attributes]:
        try:
            return self.ask(line, level, keys)
        except StatusFailure:  # it may not know such keys
            return []

    def _groups(self, known: Known) -> Iterator[tuple[Pair, ...]]:
        """Return what to propose, one association after the other."""
        taken = len(self._models)
        if known.classes:
            yield from share_out(known.classes, self._syntaxes, taken=taken)
        if not known.certain:
            rest = [uid for uid in classes.frequent() if uid not in known.classes]
            yield from share_out(rest, self._syntaxes, taken=taken)

    def _ready(self, line: Line, pairs: Sequence[Pair]) -> Generator[Event, None, None]:
        """Have an association that was opened for these classes, and for those of before if they are few."""
        needed = frozenset(uid for uid, _ in pairs)
        if line.exchange is not None and needed <= line.classes:
            return
        both = dict.fromkeys((*(uid for uid, _ in pairs), *sorted(line.classes)))
        if len(both) > len(needed) and len(both) <= _FEW:
            (pairs,) = share_out(tuple(both), self._syntaxes, taken=len(self._models))
        yield from self.release(line)
        roles = [Role(uid, scu=False, scp=True) for uid in dict.fromkeys(uid for uid, _ in pairs)]
        yield from self.open(line, [*self._models, *pairs], roles)

    def _nothing_accepted(self, line: Line) -> NoContext | None:
        """Return what to say if the peer takes the C-GET, but none of the classes to send objects in."""
        assert line.exchange is not None
        association = line.exchange.association
        models = {uid for uid, _ in self._models}
        agreed = {context.abstract_syntax for context in association.contexts.values()}
        if self.manner.model not in agreed or agreed - models:
            return None
        return NoContext(
            f"{association.peer_name} would send objects of none of the storage classes proposed",
            hint="name others with --classes, or other transfer syntaxes with --ts",
        )

    # -- objects ------------------------------------------------------------------------------------

    def _take(self, exchange: Exchange, incoming: Incoming, account: Account) -> Landed | None:
        """Carry out one request of the peer; None if it was not about an object."""
        request = incoming.command
        if not isinstance(request, CStoreRq):
            if isinstance(request, Request):
                if incoming.data_set:
                    exchange.read_data(incoming, NullSink())
                exchange.respond(incoming, request.answer(_UNRECOGNIZED_OPERATION))
            return None
        started = perf_counter()
        task = self._keep(incoming)
        try:
            size = exchange.read_data(incoming, task.sink)
        except BaseException:
            task.discard()
            raise
        answer = task.finish()
        explained = {"error_comment": answer.comment} if answer.comment else {}
        exchange.respond(incoming, request.answer(answer.status, **explained))
        landed = Landed(
            request.affected_sop_class_uid,
            request.affected_sop_instance_uid,
            incoming.context.transfer_syntax,
            answer.status,
            size,
            perf_counter() - started,
            answer.record or {},
        )
        if answer.then is not None:
            answer.then()
        account.add(landed, kept=not is_failure(answer.status))
        return landed

    def _late(self, line: Line, account: Account) -> Generator[Event, None, None]:
        """Take what still comes behind the final response; whatever goes wrong there changes no result."""
        exchange = line.exchange
        try:
            while exchange is not None and exchange.association.is_open and exchange.readable:
                event = exchange.take()
                if event is None:
                    line.exchange = None
                    exchange.association.release()
                    return
                landed = None
                if isinstance(event, Incoming):
                    landed = self._take(exchange, event, account)
                if landed is not None:
                    yield landed._replace(late=True)
        except (Aborted, ConnectionLost, NoAnswer, ProtocolError) as error:
            line.abort()
            yield Noted(f"after the end of the retrieve: {error.message}")


def _may_be_missing(retrieved: Retrieved, refused: int) -> bool:
    """Tell whether other classes could bring what was not sent; `refused` of it was our doing."""
    if retrieved.status is None or isinstance(retrieved.error, (Interrupted, LimitReached)):
        return False
    return retrieved.counts.failed > refused


def _over_all(retrieved: Retrieved, account: Account, failed: set[str]) -> Retrieved:
    """Return the result of several C-GETs for the same objects: each failed for what another one brought."""
    counts = retrieved.counts
    missing = max(counts.total - len(account.landed), 0)
    counts = counts._replace(completed=len(account.landed) - counts.warning, failed=missing)
    error = retrieved.error
    if isinstance(error, StatusFailure):
        error = judged(error.status, error.service, counts, error.comment, error.offending)
    return retrieved._replace(counts=counts, failed=tuple(sorted(failed - account.landed)), error=error)
