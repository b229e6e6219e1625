"""Query (PS3.4 C.4.1, K.4.1 and kin): ask a node what it has, one match after the other.

Nothing is kept: a match is handed on before the next one is waited for, however many there are. One that
does not decode is told with its fault and the others go on. How a query is ended early is the business of
`cancelling`.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from time import monotonic, perf_counter
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple, Self

from dimsetools.association.negotiation import plan
from dimsetools.association.opening import open_association, require_context
from dimsetools.dataset.attributes import Attributes
from dimsetools.dataset.decode import decode
from dimsetools.dataset.encode import encode, with_its_charset
from dimsetools.errors import (
    Aborted,
    ConnectionLost,
    DimseError,
    InputError,
    Interrupted,
    LimitReached,
    ProtocolError,
)
from dimsetools.message.composite import CFindRq, CFindRsp
from dimsetools.message.exchange import Exchange
from dimsetools.message.sources import BytesSource
from dimsetools.services.cancelling import Cause, Operation
from dimsetools.services.extended import Abilities, find_extended, granted_find
from dimsetools.services.failures import status_failure
from dimsetools.status import Category, describe, is_cancel, is_pending
from dimsetools.uids import EXPLICIT_LE, IMPLICIT_LE, name_of

if TYPE_CHECKING:
    from dimsetools.association.association import Association
    from dimsetools.association.stop import Stop
    from dimsetools.association.trace import Tracer
    from dimsetools.association.values import Extended, Peer, ProposedContext, Role, Target

_KEYS_UNSUPPORTED = 0xFF01
_DROPPING = (Cause.LIMIT, Cause.STOP)
"""Who cancels for these wants no more; when time is over, what still comes is as good as what came."""


class Manner(NamedTuple):
    """How to ask. `model` is the SOP class, `limit` the most matches that are wanted of one query.

    `abilities` are asked for by extended negotiation; `extended` is sent as it is, and replaces that.
    `assume_charset` is taken for matches that name no Specific Character Set.
    """

    model: str
    transfer_syntaxes: tuple[str, ...] = ()
    limit: int | None = None
    abilities: Abilities = Abilities()
    assume_charset: tuple[str, ...] = ()
    priority: int = 0
    abort: bool = False
    roles: tuple[Role, ...] = ()
    extended: tuple[Extended, ...] = ()


def proposed(manner: Manner) -> tuple[tuple[ProposedContext, ...], tuple[Extended, ...]]:
    """Return the presentation context and the extended negotiation that are put to the peer."""
    syntaxes = manner.transfer_syntaxes or (EXPLICIT_LE, IMPLICIT_LE)
    extended = manner.extended or find_extended(manner.model, manner.abilities)
    return plan([(manner.model, syntaxes)])[0], extended


class Opened(NamedTuple):
    """An association is open; `refused` names the abilities that were asked for and not granted."""

    peer: Peer
    transfer_syntax: str
    granted: Abilities
    refused: tuple[str, ...]


class Match(NamedTuple):
    """One match, counted from 1 within its query, which is counted from 1 within the run.

    `raw` is the identifier as it came, in `transfer_syntax`. If it does not decode, `attributes` is None and
    `error` tells why: Malformed, with the offset of the fault, or another InputError.
    """

    query: int
    number: int
    attributes: Attributes | None
    error: InputError | None
    raw: bytes
    transfer_syntax: str


class Finished(NamedTuple):
    """A query is over: the last event of each.

    `status` is that of the final response, None if there was none; `matches` counts those handed on, of
    which `malformed` did not decode. `unsupported_keys`: the peer has not used some optional keys.
    `cancelled` tells why the query was ended early, `dropped` how many matches came after that and were not
    handed on. `error`: StatusFailure; ProtocolError if the peer says
    that it was cancelled and was not; LimitReached if time was over, or a C-CANCEL was not answered;
    Interrupted; InputError for a query that cannot be encoded.
    """

    query: int
    status: int | None
    comment: str
    matches: int
    malformed: int
    unsupported_keys: bool
    cancelled: Cause | None
    seconds: float
    error: DimseError | None
    dropped: int = 0

    @property
    def complete(self) -> bool:
        """Whether all that matches was handed on."""
        ended = self.status is not None and describe(self.status, "C-FIND").category is Category.SUCCESS
        return ended and not self.dropped

    @property
    def ends_all(self) -> bool:
        """Whether no further query is asked, because of a signal or the total time-out."""
        return self.cancelled is not Cause.LIMIT and isinstance(self.error, (Interrupted, LimitReached))


class Remark(NamedTuple):
    """Something to know that changes no result; `routine` if it is no surprise either."""

    text: str
    routine: bool = False


Event = Opened | Match | Finished | Remark


class Finder:
    """Asks `target`, over one association as long as that lasts; the end of a `with` block ends it."""

    def __init__(
        self, target: Target, manner: Manner, *, stop: Stop | None = None, tracer: Tracer | None = None
    ) -> None:
        self.manner = manner
        self._target = target
        self._stop = stop
        self._tracer = tracer
        total = target.timeouts.total
        self._deadline = None if total is None else monotonic() + total
        self._exchange: Exchange | None = None
        self._queries = 0

    def find(self, queries: Iterable[Attributes]) -> Iterator[Event]:
        """Ask each of `queries`, which are taken one by one, and end the association.

        Every query that is taken has exactly one Finished. Raises what ends an association: Unreachable and
        its kin, Rejected, NoContext, Aborted, ConnectionLost, NoAnswer, ProtocolError.
        """
        with self:
            for query in queries:
                finished = yield from self.ask(query, limit=self.manner.limit)
                if finished.ends_all:
                    break
            yield from self._ended()

    def ask(
        self,
        query: Attributes,
        *,
        limit: int | None = None,
        wanted: Callable[[Match], bool] | None = None,
    ) -> Generator[Event, None, Finished]:
        """Ask one query; its Finished is the last event, and returned as well.

        A match that is not `wanted` is passed over and not counted. Raises as `find`; then, or if what this
        returns is not used up, the association is aborted.
        """
        self._queries += 1
        error = self._over()
        if error is not None:
            finished = _not_asked(self._queries, error)
        else:
            exchange = self._line()
            if exchange is None:
                exchange = self._open()
                yield self._opened(exchange.association)
            try:
                finished = yield from self._converse(exchange, query, limit, wanted)
            except BaseException:
                exchange.association.abort()
                raise
        yield finished
        return finished

    def readable(self, wait: float = 0.0) -> bool:
        """Tell whether more comes in within `wait` seconds: the next event is at hand, or begins to be."""
        if self._exchange is None or not self._exchange.association.is_open:
            return False
        return self._exchange.association.readable(wait, or_stop=True)

    def _over(self) -> DimseError | None:
        """Return why no further query may be asked."""
        if self._stop is not None and self._stop.requested:
            return self._stop.error()
        if self._deadline is not None and monotonic() >= self._deadline:
            return LimitReached("the total time-out is over, work is left", hint="raise --total-timeout")
        return None

    # -- one query ----------------------------------------------------------------------------------

    def _converse(
        self,
        exchange: Exchange,
        query: Attributes,
        limit: int | None,
        wanted: Callable[[Match], bool] | None,
    ) -> Generator[Event, None, Finished]:
        model, charset, number = self.manner.model, self.manner.assume_charset, self._queries
        context = require_context(exchange.association, model, name_of(model))
        syntax = context.transfer_syntax
        request = CFindRq(affected_sop_class_uid=model, priority=self.manner.priority)
        try:
            source = BytesSource(encode(with_its_charset(query), syntax))
        except InputError as fault:
            return _not_asked(number, fault)
        operation = Operation(exchange, context, request, source, stop=self._stop, deadline=self._deadline)
        tally = _Tally(number, perf_counter())
        try:
            for _, response, raw, _, _ in operation.answers():
                if not is_pending(response.status):
                    continue
                if operation.cancelled in _DROPPING:  # it crossed our C-CANCEL
                    tally.dropped += 1
                    continue
                if raw is None:
                    exchange.violate("sent a match without its identifier")
                attributes, error = None, None
                try:
                    attributes = decode(raw, syntax, assume_charset=charset)
                except InputError as fault:
                    error = fault
                match = Match(number, tally.matches + 1, attributes, error, raw, syntax)
                if wanted is not None and not wanted(match):
                    continue
                if response.status == _KEYS_UNSUPPORTED and not tally.unsupported_keys:
                    tally.unsupported_keys = True
                    yield Remark("the peer did not use some optional keys: not all it sends may match")
                tally.matches += 1
                tally.malformed += error is not None
                if tally.matches == limit:
                    operation.cancel()
                yield match
        except ProtocolError as violation:
            final = operation.final
            if final is None or not is_cancel(final.command.status):
                raise
            return tally.finished(operation, violation)
        return tally.finished(operation, operation.error)

    # -- associations -------------------------------------------------------------------------------

    def _line(self) -> Exchange | None:
        """Return the open association's exchange, None if the peer has ended it since the last query."""
        exchange = self._exchange
        if exchange is None or not exchange.association.is_open:
            return None
        if not exchange.readable:
            return exchange
        try:
            if exchange.take() is not None:
                exchange.violate("sent a message that nobody asked for")
            exchange.association.release()
        except (Aborted, ConnectionLost):
            pass
        return None

    def _open(self) -> Exchange:
        manner, target = self.manner, self._target
        if self._deadline is not None:
            left = max(self._deadline - monotonic(), 0.001)
            target = target._replace(timeouts=target.timeouts._replace(total=left))
        contexts, extended = proposed(manner)
        association = open_association(
            target,
            contexts,
            roles=manner.roles,
            extended=extended,
            tracer=self._tracer,
            stop=self._stop,
        )
        self._exchange = Exchange(association)
        return self._exchange

    def _opened(self, association: Association) -> Opened:
        model = self.manner.model
        context = require_context(association, model, name_of(model))
        granted = granted_find(model, association.extended)
        return Opened(
            association.peer,
            context.transfer_syntax,
            granted,
            self.manner.abilities.without(granted),
        )

    def _ended(self) -> Iterator[Remark]:
        """End the association, if there is one."""
        exchange = self._exchange
        if exchange is None or not exchange.association.is_open:
            return
        association = exchange.association
        if self.manner.abort:
            association.abort()
            return
        association.release()
        if not association.released_in_order:
            yield Remark(f"{association.peer_name} did not answer the request for release")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            for _ in self._ended():
                pass
        elif self._exchange is not None:
            self._exchange.association.abort()


@dataclass(slots=True)
class _Tally:
    """What has come of the query so far."""

    query: int
    started: float
    matches: int = 0
    malformed: int = 0
    dropped: int = 0
    unsupported_keys: bool = False

    def finished(self, operation: Operation, error: DimseError | None) -> Finished:
        """Return what there is to say of `operation`, which is over."""
        status, comment = None, ""
        if operation.final is not None:
            response = operation.final.command
            assert isinstance(response, CFindRsp)
            status, comment = response.status, response.error_comment or ""
            if error is None and operation.cancelled is None:
                error = status_failure(status, "C-FIND", comment, response.offending_element)
        return Finished(
            self.query,
            status,
            comment,
            self.matches,
            self.malformed,
            self.unsupported_keys,
            operation.cancelled,
            perf_counter() - self.started,
            error,
            self.dropped,
        )


def _not_asked(query: int, error: DimseError) -> Finished:
    """Return the end of a query that was not even sent."""
    return Finished(query, None, "", 0, 0, False, None, 0.0, error)
