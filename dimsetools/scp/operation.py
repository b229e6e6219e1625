"""One operation with many responses (PS3.7 sections 9.1.2 to 9.1.4): what a role sees of the peer meanwhile.

Hears C-CANCEL between the responses, and carries the sub-operations of a C-GET over the same association.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from time import monotonic
from typing import TYPE_CHECKING

from dimsetools.errors import InputError, NoAnswer
from dimsetools.message.composite import CCancelRq, CStoreRsp
from dimsetools.message.exchange import Answer, Exchange, Incoming, Prepared
from dimsetools.scp.roles import Stored, SubOperation

if TYPE_CHECKING:
    from dimsetools.association.values import AcceptedContext

_LOOK_EVERY = 0.02
"""Seconds between looks for a C-CANCEL: one costs as much as a small response."""
_TICK = 0.5
"""Seconds after which whoever waits for an answer to a sub-operation hears that there is none yet."""
_LAST_ANSWER = 0.5
"""Seconds that a peer has to answer a sub-operation that was under way when it sent its C-CANCEL."""


_Ready = tuple[SubOperation, Prepared]


class PeerLeft(Exception):
    """The peer has asked for release in the middle of its operation: nobody waits for the rest."""


class Operation:
    """The `Conversation` of one request. `early` is a request that has come before this one was answered.

    `aside` hears of answers to what was sent before, and has nothing to do with it.
    """

    def __init__(
        self,
        exchange: Exchange,
        incoming: Incoming,
        extended: bytes = b"",
        aside: Callable[[Answer], None] = lambda _: None,
    ) -> None:
        self.extended = extended
        self.early: Incoming | None = None
        self._exchange = exchange
        self._aside = aside
        self._number = getattr(incoming.command, "message_id", 0)
        self._cancelled = False
        self._awaited = 0
        self._answer: CStoreRsp | None = None
        self._look_at = 0.0

    @property
    def contexts(self) -> Iterable[AcceptedContext]:
        """The presentation contexts of the association."""
        return self._exchange.association.contexts.values()

    def cancelled(self) -> bool:
        """Tell whether the peer has sent a C-CANCEL for this operation.

        Raises PeerLeft when it asked for release, and what ends the association when that has ended.
        """
        now = monotonic()
        if now >= self._look_at:
            self._look_at = now + _LOOK_EVERY
            # What comes behind an early request has to wait for it.
            while not self._cancelled and self.early is None and self._exchange.readable:
                self._hear()
        return self._cancelled

    def store(self, operations: Iterator[SubOperation]) -> Iterator[Stored | None]:
        """Make sub-operations; the next one is read and cut into PDUs while the peer works on the last."""
        ready: _Ready | None = None
        try:
            ready, failed = self._prepare(operations)
            while ready is not None or failed is not None:
                if ready is None:
                    yield failed
                    ready, failed = self._prepare(operations)
                    continue
                if self.cancelled():
                    return
                if self.early is not None:
                    self._exchange.violate(
                        f"sent a {self.early.command.type_name()} in the middle of a C-GET"
                    )
                (current, prepared), ready = ready, None
                self._answer, self._awaited = None, prepared.request.message_id
                try:
                    self._exchange.dispatch(prepared)
                finally:
                    current.close()
                ready, failed = self._prepare(operations)
                yield from self._await_answer()
                yield current, self._answer
        finally:
            if ready is not None:
                ready[0].close()

    def _prepare(self, operations: Iterator[SubOperation]) -> tuple[_Ready | None, Stored | None]:
        """Make the next sub-operation ready to go, or tell why it cannot."""
        operation = next(operations, None)
        if operation is None:
            return None, None
        context, request, source, close = operation
        try:
            return (operation, self._exchange.prepare(context, request, source)), None
        except InputError as error:
            close()
            return None, (operation, error)

    def _await_answer(self) -> Iterator[None]:
        """Return when the answer is there, or when the peer cancelled and gave none any more."""
        association = self._exchange.association
        limit = association.timeouts.dimse
        now = monotonic()
        until = None if limit is None else now + limit
        last: float | None = None
        while self._answer is None:
            if self._cancelled and last is None:
                last = now + _LAST_ANSWER
            wait = _TICK if last is None else min(_TICK, last - now)
            if wait <= 0:
                return
            if association.readable(wait):
                self._hear()
            elif until is not None and now >= until:
                association.abort()
                raise NoAnswer(f"{association.peer_name} did not answer a sub-operation for {limit:g} s")
            elif last is None:
                yield None
            now = monotonic()

    def _hear(self) -> None:
        """Take what the peer has sent."""
        taken = self._exchange.take()
        if taken is None:
            raise PeerLeft
        if isinstance(taken, Answer) and not isinstance(taken.command, CStoreRsp):
            self._aside(taken)
        elif isinstance(taken, Answer):
            assert isinstance(taken.command, CStoreRsp)
            if taken.request.message_id == self._awaited:  # else it is of an operation before, cancelled
                self._answer = taken.command
        elif isinstance(taken.command, CCancelRq):
            self._cancelled = self._cancelled or taken.command.message_id_being_responded_to == self._number
        elif self._awaited and self._answer is None:
            self._exchange.violate(f"sent a {taken.command.type_name()} in the middle of a sub-operation")
        else:
            self.early = taken
