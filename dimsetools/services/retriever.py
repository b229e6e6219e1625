"""Retrieves over associations that are opened when they are needed: what C-GET and C-MOVE do alike.

One that fails keeps no other from being made, unless it says that no other can succeed either. A retrieve is
judged by its final response alone; what has come before an association was lost stays, and counts.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple

from dimsetools.association.negotiation import plan
from dimsetools.association.opening import no_context, open_association
from dimsetools.association.stop import Stop
from dimsetools.dataset.encode import encode, with_charset
from dimsetools.errors import (
    Aborted,
    ConnectionLost,
    DimseError,
    InputError,
    Interrupted,
    LimitReached,
    NoAnswer,
    NoContext,
    ProtocolError,
    Rejected,
    StatusFailure,
    Unreachable,
)
from dimsetools.message.composite import CGetRsp
from dimsetools.message.exchange import Exchange, Incoming
from dimsetools.message.sources import BytesSource
from dimsetools.services import asking, lanes
from dimsetools.services.cancelling import Operation
from dimsetools.services.extended import Abilities, find_extended, lacking, retrieve_extended
from dimsetools.services.retrieve import (
    Account,
    Counts,
    Event,
    Going,
    Landed,
    Noted,
    Opened,
    Retrieved,
    Wanted,
    failed_instances,
    verdict,
)
from dimsetools.status import is_pending
from dimsetools.uids import EXPLICIT_LE, IMPLICIT_LE, name_of

if TYPE_CHECKING:
    from dimsetools.association.association import Association
    from dimsetools.association.trace import Tracer
    from dimsetools.association.values import AcceptedContext, Extended, ProposedContext, Role, Target
    from dimsetools.dataset.attributes import Attributes
    from dimsetools.message.command import Request
    from dimsetools.services.classes import Pair

PLAIN = (EXPLICIT_LE, IMPLICIT_LE)
_PASSING = (Aborted, ConnectionLost, NoAnswer, ProtocolError, StatusFailure)
"""Failures of one retrieve; the next one may do better."""
_CROWDED = (Rejected, Unreachable)
"""A peer may take fewer associations at a time than we would open."""
_PAUSES = (0.05, 0.1, 0.2, 0.4, 0.8)
"""Seconds: dcmqrscp 3.6.7 counts an association until its process has ended, some time after the release."""


class Manner(NamedTuple):
    """How to retrieve. `model` is the SOP class of C-GET or C-MOVE, `find` that of the query beside it.

    `find` is "" where the model has none. `charset` is preferred for its keys, `assume_charset` taken for
    matches that name no Specific Character Set. `alone`: the peer takes no more associations than `jobs`, so
    that one of them has to end before it is searched.
    """

    model: str
    find: str
    jobs: int = 1
    priority: int = 0
    abort: bool = False
    abilities: Abilities = Abilities()
    roles: tuple[Role, ...] = ()
    extended: tuple[Extended, ...] = ()
    charset: tuple[str, ...] = ()
    assume_charset: tuple[str, ...] = ()
    alone: bool = False


class Line:
    """The association of one lane: there may be none. `classes` are the storage classes it was opened for."""

    def __init__(self) -> None:
        self.exchange: Exchange | None = None
        self.classes: frozenset[str] = frozenset()
        self.fresh = True

    def abort(self) -> None:
        """End the association at once, if there is one."""
        exchange, self.exchange = self.exchange, None
        if exchange is not None:
            exchange.association.abort()


Taker = Callable[[Exchange, Incoming, Account], Landed | None]


class Retriever:
    """Makes retrieves from `target`; the events of a run come from `run`, once."""

    service = ""
    refused_hint = ""
    """What to try where the peer does not offer the service for query models."""

    def __init__(
        self,
        target: Target,
        manner: Manner,
        *,
        stop: Stop | None = None,
        tracer: Tracer | None = None,
    ) -> None:
        self.manner = manner
        self.target = target
        self.stop = stop or Stop()
        self.end: DimseError | None = None
        self.heard: Callable[[Opened], object] = lambda _: None
        """Is told of each association that is opened for queries alone: those are no events of a run."""
        self.unreadable: Callable[[InputError], object] = lambda _: None
        """Is told of each match of these queries that does not decode."""
        self._tracer = tracer
        self._has_released = False
        total = target.timeouts.total
        self.deadline = None if total is None else monotonic() + total
        self._queue = lanes.Queue(iter(()), lambda: True)
        self._lanes = 0
        self._lock = threading.Lock()

    @property
    def halted(self) -> bool:
        """Tell whether no further retrieve shall be made."""
        return self.end is not None or self.stop.requested

    def run(self, wanted: Iterator[Wanted]) -> Generator[Event, None, None]:
        """Make each retrieve; each that was begun comes back as exactly one Retrieved.

        An exception of `wanted` is raised when the retrieves under way have ended.
        """
        queue = self._queue = lanes.Queue(wanted, lambda: self.halted)
        jobs = self.manner.jobs
        while True:
            self._lanes = jobs
            yield from lanes.run(queue, self._lane, jobs)
            if not queue.pending:
                return
            jobs = 1  # the others had gone already when a lane gave back what it had

    def query(self, level: str, keys: Attributes) -> list[Attributes]:
        """Ask the peer over an association of its own. Raises DimseError."""
        with self.asking() as ask:
            return ask(level, keys)

    @contextmanager
    def asking(self) -> Iterator[Callable[[str, Attributes], list[Attributes]]]:
        """Give a function that asks the peer, over an association of its own as long as that lasts."""
        line = Line()

        def ask(level: str, keys: Attributes) -> list[Attributes]:
            if not self.usable(line):
                extended = find_extended(self.manner.find, self.manner.abilities)
                for opened in self.open(line, [(self.manner.find, PLAIN)], extended=extended):
                    self.heard(opened)
            return self.ask(line, level, keys, bad=self.unreadable)

        try:
            yield ask
        except BaseException:
            line.abort()
            raise
        for _ in self.release(line):
            pass

    def ask(
        self, line: Line, level: str, keys: Attributes, bad: Callable[[InputError], object] | None = None
    ) -> list[Attributes]:
        """Ask the peer over an association that is open; `bad` hears of matches that do not decode."""
        assert line.exchange is not None
        manner = self.manner
        return asking.matches(
            line.exchange,
            manner.find,
            level,
            keys,
            charset=manner.charset,
            assume_charset=manner.assume_charset,
            stop=self.stop,
            deadline=self.deadline,
            bad=bad,
        )

    # -- for those who know the service ---------------------------------------------------------------

    def retrieve(self, line: Line, account: Account) -> Generator[Event, None, Retrieved]:
        """Make one retrieve; raises what ends the association."""
        raise NotImplementedError

    def operate(
        self, line: Line, request: Request, account: Account, take: Taker | None = None
    ) -> Generator[Event, None, Retrieved]:
        """Send `request` over the open association, and follow it to its final response."""
        exchange = line.exchange
        assert exchange is not None
        context = self._context(exchange)
        wanted, before = account.wanted, account.counts
        account.counts = Counts()
        syntax = context.transfer_syntax
        source = BytesSource(encode(with_charset(wanted.identifier, self.manner.charset), syntax))
        operation = Operation(exchange, context, request, source, stop=self.stop, deadline=self.deadline)
        for event in operation.events():
            if isinstance(event, Incoming):
                if take is None:
                    exchange.violate(f"sent a {event.command.type_name()} where a response belongs")
                landed = take(exchange, event, account)
                if landed is not None:
                    yield landed
                continue
            account.answered = True
            response = event.command
            assert isinstance(response, CGetRsp)
            pending = is_pending(response.status)
            account.counts = account.counts.after(response, final=not pending)
            if pending:
                yield Going(wanted, account.counts)
        if account.counts == Counts():
            account.counts = before
        final = operation.final
        if final is None:
            line.exchange = None
            return account.ended(operation.error)
        response = final.command
        assert isinstance(response, CGetRsp)
        error = operation.error or verdict(response, self.service, account.counts)
        failed = failed_instances(final.data, syntax) or failed_instances(final.detail, IMPLICIT_LE)
        return account.ended(error, response.status)._replace(
            comment=response.error_comment or "", failed=failed
        )

    def _context(self, exchange: Exchange) -> AcceptedContext:
        context = exchange.association.context_for(self.manner.model)
        if context is None:
            error = no_context(exchange.association, self.manner.model, name_of(self.manner.model))
            error.hint = (self.manner.find and self.refused_hint) or error.hint
            raise error
        return context

    # -- associations -------------------------------------------------------------------------------

    def open(
        self,
        line: Line,
        pairs: Sequence[Pair],
        roles: Sequence[Role] = (),
        *,
        extended: tuple[Extended, ...] | None = None,
    ) -> Iterator[Opened]:
        """Open the association of `line` for `pairs`; `extended` is by default that of a retrieve."""
        searching = extended is not None
        if extended is None:
            extended = retrieve_extended(self.manner.model, self.manner.abilities)
        target, manner = self.target, self.manner
        if self.deadline is not None:
            left = self.deadline - monotonic()
            if left <= 0:
                raise LimitReached("the total time-out is over, work is left", hint="raise --total-timeout")
            target = target._replace(timeouts=target.timeouts._replace(total=left))
        association = self._associated(
            target, plan(pairs)[0], (*roles, *manner.roles), manner.extended or extended
        )
        line.exchange = Exchange(association)
        line.fresh = True
        line.classes = frozenset(role.abstract_syntax for role in roles)
        peer, model = association.peer, manner.find if searching else manner.model
        yield Opened(
            peer.implementation_version or peer.implementation_uid,
            peer.max_pdu,
            len(association.proposal.contexts),
            len(association.contexts),
            peer.confirmed is False,
            lacking(model, manner.abilities, association.extended, searching),
        )

    def _associated(
        self,
        target: Target,
        contexts: tuple[ProposedContext, ...],
        roles: tuple[Role, ...],
        extended: tuple[Extended, ...],
    ) -> Association:
        """Open an association; again if the peer may only still be busy with the end of our last one."""
        for pause in (*_PAUSES, None):
            try:
                return open_association(
                    target, contexts, roles=roles, extended=extended, tracer=self._tracer, stop=self.stop
                )
            except Rejected as error:
                passing = error.retryable and self._has_released
                if pause is None or not passing or self.stop.wait(pause):
                    raise
        raise AssertionError("the last attempt returns or raises")

    def usable(self, line: Line) -> bool:
        """Tell whether the association of `line` is still there; one that the peer has ended is let go."""
        exchange = line.exchange
        if exchange is None:
            return False
        if exchange.association.is_open and not exchange.readable:
            return True
        line.exchange = None
        try:
            if exchange.association.is_open and exchange.take() is None:
                exchange.association.release()
            else:
                exchange.association.abort()
        except (Aborted, ConnectionLost, NoAnswer, ProtocolError):
            pass
        return False

    def release(self, line: Line) -> Iterator[Noted]:
        """End the association of `line`, if there is one."""
        exchange, line.exchange = line.exchange, None
        if exchange is None or not exchange.association.is_open:
            return
        association = exchange.association
        if self.manner.abort:
            association.abort()
            return
        association.release()
        self._has_released = True
        if not association.released_in_order:
            yield Noted(f"{association.peer_name} did not answer the request for release")

    # -- lanes --------------------------------------------------------------------------------------

    def _lane(self, following: lanes.Next) -> Iterator[Event]:
        line = Line()
        lost = 0
        try:
            while (wanted := following()) is not None:
                account = Account(wanted)
                retrieved = yield from self._made(line, account)
                if self._leave(line, account, retrieved.error):
                    yield Noted(f"goes on over fewer associations: {retrieved.error}")
                    return
                lost = lost + 1 if line.exchange is None and not account.landed else 0
                if lost > 1:
                    self.end = self.end or retrieved.error
                yield retrieved
                if self.manner.alone:
                    yield from self.release(line)
        except BaseException:
            line.abort()
            raise
        yield from self.release(line)

    def _made(self, line: Line, account: Account) -> Generator[Event, None, Retrieved]:
        """Make one retrieve, whatever comes of it; twice if an old association ended before it began."""
        while True:
            fresh = not self.usable(line)
            line.fresh = fresh
            try:
                return (yield from self.retrieve(line, account))
            except DimseError as error:
                line.abort()
                if not line.fresh and not account.answered and isinstance(error, (Aborted, ConnectionLost)):
                    continue
                return account.ended(self._blamed(error))

    def _leave(self, line: Line, account: Account, error: DimseError | None) -> bool:
        """Tell whether this lane ends and leaves its work to others; the last one ends the run instead."""
        if error is None or isinstance(error, _PASSING):
            return False
        with self._lock:
            leaves = isinstance(error, _CROWDED) and not account.answered and self._lanes > 1
            self._lanes -= leaves
        if leaves:
            self._queue.give_back(account.wanted)
        elif line.exchange is None or isinstance(error, (Interrupted, LimitReached)):
            self.end = self.end or error
        return leaves

    def _blamed(self, error: DimseError) -> DimseError:
        """Return why a retrieve ended: our own wish to stop, if there was one."""
        if isinstance(error, NoAnswer) and not error.hint:
            error.hint = "some peers are silent until everything is sent: raise --dimse-timeout"
        stopped = self.stop.requested and not isinstance(error, (Interrupted, NoContext, StatusFailure))
        return self.stop.error() if stopped else error
