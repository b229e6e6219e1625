"""Storage (PS3.4 annex B): send files to a node, over as few associations as it takes.

An object counts as sent when the peer has acknowledged it with a status that says so, and not before.
One that fails never keeps the others from being sent. This module decides what happens to each object
and what is tried again; `sending` moves them over one association.
"""

from __future__ import annotations

import random
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from queue import SimpleQueue
from time import monotonic, perf_counter
from typing import TYPE_CHECKING, NamedTuple

from dimsetools.association.opening import no_context, open_association
from dimsetools.association.stop import Stop
from dimsetools.errors import DimseError, InputError, Interrupted, LimitReached, NoContext
from dimsetools.services.examine import Item, Remark
from dimsetools.services.failures import status_failure
from dimsetools.services.plan import Batch, Pair, Rules, batches, pair_of
from dimsetools.services.sending import Acknowledged, Originator, Outcome, Sending, Unmatched

if TYPE_CHECKING:
    from dimsetools.association.association import Association
    from dimsetools.association.trace import Tracer
    from dimsetools.association.values import Extended, Peer, ProposedContext, Role, Target

FIRST_PAUSE = 0.5
"""Seconds to wait at most before the first retry; twice as long before each further one."""
LONGEST_PAUSE = 30.0


class Manner(NamedTuple):
    """How to send. `retries` is how often an object is tried again after a failure that may pass.

    `originator`: on whose behalf, if these are the sub-operations of a C-MOVE.
    """

    rules: Rules = Rules()
    jobs: int = 1
    retries: int = 0
    priority: int = 0
    fail_fast: bool = False
    abort: bool = False
    roles: tuple[Role, ...] = ()
    extended: tuple[Extended, ...] = ()
    originator: Originator | None = None


class Stored(NamedTuple):
    """What became of an object.

    It was sent if `error` is None; `status` is then success or a warning. Without an answer `status` is
    None, and `tries` is 0 if it never was its turn. `seconds` from the request to the response;
    `transfer_syntax` is what it was sent in.
    """

    item: Item
    status: int | None
    seconds: float
    transfer_syntax: str
    error: DimseError | None = None
    comment: str = ""
    tries: int = 1


class Opened(NamedTuple):
    """An association is open; `refused` are those of the `proposed` contexts that the peer did not take."""

    peer: Peer
    proposed: int
    refused: tuple[Pair, ...]


class Retry(NamedTuple):
    """`objects` are tried again in `pause` seconds because of `error`."""

    error: DimseError
    pause: float
    objects: int


Event = Stored | Opened | Retry | Remark


class Sender:
    """Sends objects to `target`; the events of a run come from `send`, once.

    `advance` is told of bytes that went out, from any thread, pieces of long objects included.
    """

    def __init__(
        self,
        target: Target,
        manner: Manner,
        *,
        stop: Stop | None = None,
        tracer: Tracer | None = None,
        advance: Callable[[int], None] | None = None,
    ) -> None:
        self.manner = manner
        self._target = target
        self._stop = stop or Stop()
        self._tracer = tracer
        self._advance = advance
        self._deadline = None if target.timeouts.total is None else monotonic() + target.timeouts.total
        self._end: DimseError | None = None
        self._tries: dict[Item, int] = {}
        self._again: list[tuple[Item, DimseError]] = []
        self._set_aside: list[Item] = []
        self._widened: set[Pair] = set()
        self._refused: dict[Pair, NoContext] = {}
        self._lanes = 0
        self._lock = threading.Lock()
        self._opened = self._answered = 0.0

    @property
    def seconds(self) -> float:
        """Time from the first open association to the last answer."""
        return max(self._answered - self._opened, 0.0)

    @property
    def halted(self) -> bool:
        """Tell whether no further object shall be sent."""
        return self._end is not None or self._stop.requested

    def send(self, items: Sequence[Item]) -> Generator[Event, None, None]:
        """Send `items`; each comes back as exactly one Stored.

        In rounds: the first takes all, a further one what the peer took in no syntax offered so far, and
        what it could not take just then.
        """
        pending, retry = list(items), 0
        while pending:
            offered = []
            for item in pending:
                if self._offer(pair_of(item)):
                    offered.append(item)
                else:
                    yield self._failed(item, nothing_to_offer())
            for batch in batches(offered, self._offer):
                yield from self._carry(batch)
            again, self._again = self._again, []
            if self.halted:
                for item, error in again:
                    yield self._failed(item, error)
                again = []
            elif again:
                retry += 1
                yield from self._pause(again[-1][1], retry, len(again))
            self._widened.update(map(pair_of, self._set_aside))
            pending = self._set_aside + [item for item, _ in again]
            self._set_aside = []

    def _offer(self, pair: Pair) -> tuple[Pair, ...]:
        """Return what to propose for objects that are `pair`."""
        rules = self.manner.rules
        return rules.others(pair) if pair in self._widened else rules.own(pair)

    # -- associations -------------------------------------------------------------------------------

    def _carry(self, batch: Batch) -> Iterator[Event]:
        """Send a batch over one association, or over several at once."""
        queue = deque(batch.items)
        # More than one turn only if a lane gave its objects back when the others had just gone.
        while queue and not self.halted:
            self._lanes = lanes = min(self.manner.jobs, len(queue))
            if lanes == 1:
                yield from self._lane(queue, batch.contexts)
            else:
                yield from self._parallel(queue, batch.contexts, lanes)
        for item in queue:
            error = self._end or self._stop.error()
            yield Stored(item, None, 0.0, "", error, "", self._tries.get(item, 0))

    def _parallel(
        self, queue: deque[Item], contexts: tuple[ProposedContext, ...], lanes: int
    ) -> Iterator[Event]:
        events: SimpleQueue[Event | BaseException | None] = SimpleQueue()

        def work() -> None:
            try:
                for event in self._lane(queue, contexts):
                    events.put(event)
            except BaseException as error:  # noqa: BLE001  # raised again where the events are read
                events.put(error)
            events.put(None)

        threads = [threading.Thread(target=work) for _ in range(lanes)]
        for thread in threads:
            thread.start()
        try:
            while lanes:
                event = events.get()
                if event is None:
                    lanes -= 1
                elif isinstance(event, BaseException):
                    raise event
                else:
                    yield event
        except BaseException as error:
            # Nobody reads the events any more: the threads finish the object in flight, and no other.
            self._end = self._end or Interrupted(f"given up: {type(error).__name__}")
            raise
        finally:
            for thread in threads:
                thread.join()

    def _lane(self, queue: deque[Item], contexts: tuple[ProposedContext, ...]) -> Iterator[Event]:
        """Send from `queue` over one association after the other, until it is empty or hope is gone."""
        failures = 0
        while queue and not self.halted:
            sending: Sending | None = None
            try:
                association = self._open(contexts)
                sending = self._sending(association)
                yield _opened(association)
                yield from self._converse(association, sending, queue)
            except InputError as error:  # in the middle of a message: the association had to be aborted
                assert sending is not None
                assert sending.broken is not None
                yield self._failed(sending.broken, error)
                queue.extend(sending.unacknowledged())
            except DimseError as error:
                failures = 1 if sending is not None and sending.acknowledged else failures + 1
                if sending is not None:
                    queue.extendleft(sending.close())
                    yield from self._lost(sending.unacknowledged(), error, queue)
                if not _may_pass(error) or failures > self.manner.retries:
                    yield from self._give_up(error)
                    return
                yield from self._pause(error, failures, len(queue))
            finally:
                if sending is not None:
                    queue.extendleft(sending.close())
        with self._lock:
            self._lanes -= 1

    def _sending(self, association: Association) -> Sending:
        accepted = association.contexts.values()
        return Sending(
            association,
            lambda pair: self.manner.rules.match(pair, accepted),
            priority=self.manner.priority,
            halted=lambda: self._end is not None or self._stop.requested,
            eager=not self.manner.fail_fast,
            advance=self._advance,
            originator=self.manner.originator,
        )

    def _converse(self, association: Association, sending: Sending, queue: deque[Item]) -> Iterator[Event]:
        """Send from `queue` over an open association, and end it."""
        try:
            for outcome in sending.run(queue):
                event = self._judged(outcome, association)
                if event is not None:
                    yield event
        except BaseException:
            association.abort()
            raise
        if self.manner.abort:
            association.abort()
            return
        association.release()
        if not association.released_in_order:
            yield Remark("", f"{association.peer_name} did not answer the request for release")

    def _lost(self, items: list[Item], error: DimseError, queue: deque[Item]) -> Iterator[Stored]:
        """Put objects whose answer never came back into `queue`, or return that they failed."""
        for item in items:
            if self._may_retry(item, error):
                queue.append(item)  # behind the others, should it be what breaks the connection
            else:
                yield self._failed(item, error)

    def _open(self, contexts: tuple[ProposedContext, ...]) -> Association:
        target = self._target
        if self._deadline is not None:
            left = self._deadline - monotonic()
            if left <= 0:
                raise LimitReached("the total time-out is over, work is left", hint="raise --total-timeout")
            target = target._replace(timeouts=target.timeouts._replace(total=left))
        manner = self.manner
        association = open_association(
            target,
            contexts,
            roles=manner.roles,
            extended=manner.extended,
            tracer=self._tracer,
            stop=self._stop,
        )
        with self._lock:
            self._opened = self._opened or perf_counter()
        return association

    def _give_up(self, error: DimseError) -> Iterator[Remark]:
        """End a lane; the last one to go ends the run, the others leave the objects to those that work."""
        with self._lock:
            self._lanes -= 1
            left = self._lanes
            if not left:
                self._end = self._end or error
        if left:
            yield Remark("", f"goes on over {left} association{'s' if left > 1 else ''}: {error.message}")

    # -- trying again -------------------------------------------------------------------------------

    def _may_retry(self, item: Item, error: DimseError) -> bool:
        """Count a failed try of `item`; tell whether it gets another."""
        self._tries[item] = self._tries.get(item, 0) + 1
        return _may_pass(error) and self._tries[item] <= self.manner.retries and not self.halted

    def _pause(self, error: DimseError, number: int, objects: int) -> Iterator[Retry]:
        """Wait before retry `number`, for a random part of a time that doubles (full jitter)."""
        pause = random.uniform(0.0, min(FIRST_PAUSE * 2 ** (number - 1), LONGEST_PAUSE))
        yield Retry(error, pause, objects)
        self._stop.wait(pause)

    # -- verdicts -----------------------------------------------------------------------------------

    def _judged(self, outcome: Outcome, association: Association) -> Stored | None:
        """Return the verdict on an object, None if it is to be sent again."""
        if isinstance(outcome, Acknowledged):
            self._answered = perf_counter()
            again = self._tries and outcome.item in self._tries
            if outcome.response.status or outcome.changed or again:
                return self._weighed(outcome)
            return Stored(outcome.item, 0, outcome.seconds, outcome.transfer_syntax)
        if isinstance(outcome, Unmatched):
            return self._unmatched(outcome.item, association)
        return self._failed(outcome.item, outcome.error)

    def _weighed(self, outcome: Acknowledged) -> Stored | None:
        """Judge an answer that is not simply success at the first try."""
        item, response, seconds, syntax, changed = outcome
        code = response.status
        comment = response.error_comment or ""
        error: DimseError | None = changed
        if error is None:
            error = status_failure(code, "C-STORE", comment, response.offending_element)
        if error is not None and self._may_retry(item, error):
            self._again.append((item, error))
            return None
        if error is not None:
            return self._failed(item, error)._replace(
                status=code, seconds=seconds, transfer_syntax=syntax, comment=comment
            )
        return Stored(item, code, seconds, syntax, None, comment, self._tries.get(item, 0) + 1)

    def _unmatched(self, item: Item, association: Association) -> Stored | None:
        """Set `item` aside for an association with other contexts; fail it if there is nothing to propose."""
        pair = pair_of(item)
        if pair not in self._widened and self.manner.rules.others(pair):
            self._set_aside.append(item)
            return None
        if pair not in self._refused:
            from dimsetools.uids import name_of

            self._refused[pair] = no_context(association, pair[0], f"{name_of(pair[0])}, {name_of(pair[1])}")
        return self._failed(item, self._refused[pair])

    def _failed(self, item: Item, error: DimseError) -> Stored:
        """Return the verdict on an object that was not sent; it ends the run if that shall fail fast."""
        if self.manner.fail_fast:
            self._end = self._end or error
        return Stored(item, None, 0.0, "", error, "", self._tries.get(item, 1))


def _opened(association: Association) -> Opened:
    refused = tuple(
        (context.abstract_syntax, context.transfer_syntaxes[0])
        for context in association.proposal.contexts
        if context.id not in association.contexts
    )
    return Opened(association.peer, len(association.proposal.contexts), refused)


def nothing_to_offer() -> NoContext:
    """Return why an object is not even proposed."""
    return NoContext(
        "is in none of the transfer syntaxes to send in, and must or can not be converted to one",
        hint="name its own with --ts as well",
    )


def _may_pass(error: DimseError) -> bool:
    """Tell whether what failed may work on another try in this run."""
    return error.retryable and not isinstance(error, (Interrupted, LimitReached))
