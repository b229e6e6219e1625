"""Storage commitment as its SCU (PS3.4 J.3): ask a peer to keep instances, and wait for what it says.

The peer reports when it likes and how: on our association, or on one that it opens to us, even before it has
answered. `transactions` judges what reports mean; here they are asked for, waited for and answered.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable, Iterator
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple

from dimsetools.association.transport import limit_reached
from dimsetools.dataset.commitments import (
    COMPLETE,
    INSTANCE,
    PUSH_MODEL,
    REQUEST,
    Reference,
    read_report,
    request,
)
from dimsetools.dataset.normalized import CLASSES, new_uid
from dimsetools.errors import Aborted, ConnectionLost, DimseError, Interrupted, NoAnswer
from dimsetools.escape import visible
from dimsetools.services.examine import Remark
from dimsetools.services.normalized import Line
from dimsetools.services.normalized import Manner as LineManner
from dimsetools.services.requests import action
from dimsetools.services.transactions import CHUNK, Transaction, Verdict, chunks
from dimsetools.services.waiting import NO_SUCH_EVENT_TYPE, Waiting, advice
from dimsetools.uids import name_of

if TYPE_CHECKING:
    from dimsetools.association.stop import Stop
    from dimsetools.association.trace import Tracer
    from dimsetools.association.values import Peer, Target
    from dimsetools.services.normalized import Event as Heard

WAIT = 60.0
"""Seconds that a peer has to report, if nobody says otherwise."""
_INVALID_ARGUMENT_VALUE = 0x0115
_NO_SUCH_INSTANCE = 0x0112
_RESOURCE_LIMITATION = 0x0213
_TICK = 0.25
"""Seconds after which whoever waits is told how it stands, whatever has come."""
_LINGER = 0.05
"""Seconds for what has begun to come when everything was reported."""


class Manner(NamedTuple):
    """How to ask: `wait` seconds for the reports, `chunk` instances in a transaction.

    `port` is where we listen for associations of the peer, None if we do not.
    """

    wait: float = WAIT
    chunk: int = CHUNK
    port: int | None = None
    line: LineManner = LineManner()


class Opened(NamedTuple):
    """The association is open."""

    peer: Peer


class Taken(NamedTuple):
    """The peer has taken a request for so many `instances`, in `seconds`."""

    transaction: str
    instances: int
    seconds: float


class Standing(NamedTuple):
    """How many instances the peer has reported on so far, and as what."""

    committed: int
    failed: int


Event = Verdict | Taken | Opened | Standing | Remark


class Committer:
    """Asks `target`; the events of a run come from `commit`, once. `heard` takes events from any thread."""

    def __init__(
        self, target: Target, manner: Manner, *, stop: Stop | None = None, tracer: Tracer | None = None
    ) -> None:
        self._target = target
        self._manner = manner
        self._stop = stop
        self._tracer = tracer
        self._transactions: dict[str, Transaction] = {}
        self._odd: deque[str] = deque()
        self._deadline: float | None = None
        self._next_standing = 0.0
        self._waiting = Waiting(self._judge, listening=manner.port is not None)
        self.heard = self._waiting.heard

    def commit(self, references: Iterable[Reference]) -> Generator[Event, None, None]:
        """Ask for commitment to `references`; each comes back in exactly one Verdict, at the end."""
        total = self._target.timeouts.total
        self._deadline = None if total is None else monotonic() + total
        waiting = [Transaction(new_uid(), chunk) for chunk in chunks(references, self._manner.chunk)]
        line = Line(
            self._target,
            self._manner.line,
            (PUSH_MODEL,),
            heard=self.heard,
            stop=self._stop,
            tracer=self._tracer,
        )
        late: DimseError = self._late()
        try:
            yield from self._ask_all(line, waiting)
            yield from self._await(line)
            yield from (Remark("", text) for text in line.close())
        except Interrupted as error:  # nothing is outstanding: the peer may still report elsewhere
            line.close()
            late = error
        except DimseError as error:
            line.abort()
            late = self._ended(error)
        except BaseException:
            line.abort()
            raise
        for transaction in waiting:
            yield from transaction.verdicts(late)

    def close(self) -> None:
        """Free what waiting needs; nobody may call `heard` any more."""
        self._waiting.close()

    # -- asking -------------------------------------------------------------------------------------

    def _ask_all(self, line: Line, transactions: list[Transaction]) -> Iterator[Event]:
        """Send the requests one after the other; where the association ends, the rest is not sent."""
        for number, transaction in enumerate(transactions):
            try:
                if not number:
                    yield Opened(line.open().peer)
                yield from self._ask(line, transaction)
                yield from self._standing()
            except DimseError as error:
                line.abort()
                for unsent in transactions[number:]:
                    unsent.refuse(error)
                if not number or isinstance(error, Interrupted):
                    return
                yield Remark("", f"no more was asked for: {error.message}")
                return

    def _ask(self, line: Line, transaction: Transaction) -> Iterator[Event]:
        transaction.began = monotonic()
        self._transactions[transaction.uid] = transaction
        references = transaction.references
        wanted = action(CLASSES["commit"], INSTANCE, REQUEST, request(transaction.uid, references))
        reply = line.ask(wanted)
        yield from self._remarks()
        yield from (Remark("", text) for text in reply.remarks)
        if reply.error is not None:
            if reply.status == _RESOURCE_LIMITATION:
                reply.error.hint = "try --chunk with fewer objects in a transaction, or again later"
            transaction.refuse(reply.error)
        else:
            yield Taken(transaction.uid, len(references), reply.seconds)

    # -- waiting ------------------------------------------------------------------------------------

    def _await(self, line: Line) -> Iterator[Event]:
        """Wait until everything was reported, or the time is over."""
        until = monotonic() + self._manner.wait
        limited = self._deadline is not None and self._deadline < until
        end = self._deadline if self._deadline is not None and limited else until
        while not self._complete:
            yield from self._standing()
            event = next(self._waiting.events(line, min(end, monotonic() + _TICK), self._stop), None)
            if event is not None:
                yield from self._told(event)
            elif monotonic() >= end:
                break
        if limited and not self._complete:
            raise limit_reached()
        until = monotonic() + (_LINGER if line.readable else 0.0)  # beyond what was waited for
        for event in self._waiting.events(line if line.is_open else None, until):
            yield from self._told(event)

    @property
    def _complete(self) -> bool:
        return all(transaction.complete for transaction in self._transactions.values())

    def _standing(self) -> Iterator[Standing]:
        """Tell how it stands, if that was not done just now."""
        now = monotonic()
        if now < self._next_standing:
            return
        self._next_standing = now + _TICK
        each = [transaction.standing for transaction in self._transactions.values()]
        yield Standing(sum(committed for committed, _ in each), sum(failed for _, failed in each))

    def _told(self, event: Heard) -> Iterator[Event]:
        """Tell what was odd about an event."""
        if event.error is not None:
            yield Remark("", f"{self._who(event)} sent a report that does not decode: {event.error.message}")
        elif event.status == NO_SUCH_EVENT_TYPE:
            yield Remark(
                "", f"{self._who(event)} reported an event of type {event.number}, which there is not"
            )
        yield from self._remarks()

    def _remarks(self) -> Iterator[Remark]:
        while self._odd:
            yield Remark("", self._odd.popleft())

    def _judge(self, event: Heard) -> int:
        """Take a report, in whatever thread it comes, one at a time; return what to answer."""
        who = self._who(event)
        if event.sop_class != PUSH_MODEL:
            name = name_of(event.sop_class)
            self._odd.append(f"{who} reported an event of {visible(name, 64)}, which nobody waits for")
            return 0
        if event.sop_instance != INSTANCE:
            self._odd.append(f"{who} reported about instance {event.sop_instance}, not the well-known one")
            return _NO_SUCH_INSTANCE
        told = read_report(event.attributes or {})
        transaction = self._transactions.get(told.transaction)
        if transaction is None:
            which = visible(told.transaction, 64) or "none"
            self._odd.append(f"{who} reported on a transaction that is not ours: {which}")
            return _INVALID_ARGUMENT_VALUE
        if told.failed and event.number == COMPLETE:
            self._odd.append(f"{who} reported success (event type 1) with instances that failed")
        self._odd.extend(f"{who}: {odd}" for odd in transaction.take(told, monotonic()))
        return 0

    def _who(self, event: Heard) -> str:
        return visible(event.calling_aet, 16) if event.new_association else str(self._target)

    # -- what went wrong ------------------------------------------------------------------------------

    def _late(self) -> NoAnswer:
        return NoAnswer(
            f"{self._target} did not report on storage commitment within {self._manner.wait:g} s",
            hint=advice(self._target, self._manner.port, late=True),
        )

    def _ended(self, error: DimseError) -> DimseError:
        """Return why there is no report when the association has ended before it."""
        if isinstance(error, (Aborted, ConnectionLost)):
            return ConnectionLost(
                f"{self._target} ended the association before it had reported on storage commitment",
                hint=advice(self._target, self._manner.port, late=False),
            )
        return error
