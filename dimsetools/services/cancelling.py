"""Operations that are answered "pending" until their final response: C-FIND, C-GET and C-MOVE (PS3.7 9.1).

They may go on for ever, so each can be ended early: a C-CANCEL asks the peer for its final response
(PS3.7 section 9.3.2.3), what comes until then is still taken for a while, and a peer that goes on all the
same gets an A-ABORT. The caller's limit, the total time-out and the switch of a signal all end one so.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from time import monotonic
from typing import TYPE_CHECKING

from dimsetools.errors import Aborted, ConnectionLost, DimseError, LimitReached, NoAnswer
from dimsetools.message.exchange import Answer, Exchange, Incoming
from dimsetools.status import is_cancel, is_pending, is_success

if TYPE_CHECKING:
    from dimsetools.association.stop import Stop
    from dimsetools.association.values import AcceptedContext
    from dimsetools.message.command import Request
    from dimsetools.message.sources import Source

DRAIN = 5.0
"""Seconds a peer has to answer a C-CANCEL with its final response."""
DRAIN_AT_STOP = 1.0
"""The same after a signal: an A-ABORT must still go out before the Stop expires (see stop.GRACE)."""


class Cause(StrEnum):
    """Why an operation was cancelled."""

    LIMIT = "limit"
    TIME = "time"
    STOP = "stop"


class Operation:
    """One `request` in `context`, from its sending to its final response.

    `deadline` is the moment of the monotonic clock at which it is cancelled (the total time-out), `stop` the
    switch that cancels it. Afterwards `final` is the final response, None if there was none after a C-CANCEL
    (the association is closed then), `cancelled` why it was ended early, and `error` what to make of that.
    """

    def __init__(
        self,
        exchange: Exchange,
        context: AcceptedContext,
        request: Request,
        source: Source,
        *,
        stop: Stop | None = None,
        deadline: float | None = None,
    ) -> None:
        self.cancelled: Cause | None = None
        self.final: Answer | None = None
        self._exchange = exchange
        self._context = context
        self._request = request
        self._source = source
        self._stop = stop
        self._end = deadline

    def events(self) -> Iterator[Answer | Incoming]:
        """Send the request and yield what comes: responses, the last one final, and requests of the peer.

        The data set of an Incoming must have been read when the next event is asked for. After a C-CANCEL
        that the peer does not answer in time this ends without a final response. Raises what ends the
        association; ProtocolError also for a response that says "cancelled" where nothing was.
        """
        exchange = self._exchange
        association = exchange.association
        if self._end is not None:
            association.end_within(self._end - monotonic() + DRAIN)
        try:
            exchange.submit(self._context, self._request, self._source)
            while self.final is None and self._await():
                event = exchange.take()
                if event is None:
                    exchange.leave()
                if isinstance(event, Answer) and not is_pending(event.command.status):
                    self.final = event
                    if is_cancel(event.command.status) and self.cancelled is None:
                        exchange.violate("says that an operation was cancelled, which nobody asked for")
                yield event
        except LimitReached:  # within a message: even the time to drain is over
            self.cancelled = self.cancelled or Cause.TIME
        except (Aborted, ConnectionLost, NoAnswer):
            if self.cancelled is None:
                raise

    def answers(self) -> Iterator[Answer]:
        """Yield the responses alone, as `events`; a request of the peer is a ProtocolError."""
        for event in self.events():
            if isinstance(event, Incoming):
                self._exchange.violate(f"sent a {event.command.type_name()} where a response belongs")
            yield event

    def cancel(self, cause: Cause = Cause.LIMIT) -> None:
        """Ask the peer to end the operation; what it sends until its final response is still yielded."""
        if self.final is not None:
            return
        asked = self.cancelled is not None
        self.cancelled = cause
        self._end = monotonic() + (DRAIN_AT_STOP if cause is Cause.STOP else DRAIN)
        if not asked:
            self._exchange.cancel(self._context, self._request.message_id)

    @property
    def error(self) -> DimseError | None:
        """Return what a C-CANCEL left undone, None if that was nothing, or what the caller wanted."""
        final = self.final
        if self.cancelled is None:
            return None
        if self.cancelled is Cause.STOP:
            assert self._stop is not None
            return self._stop.error()
        if self.cancelled is Cause.TIME and not (final is not None and is_success(final.command.status)):
            return LimitReached("the total time-out is over, work is left", hint="raise --total-timeout")
        if final is None:
            return LimitReached(
                f"{self._exchange.association.peer_name} did not end the operation when it was asked to",
                hint="it may not know C-CANCEL; the association was aborted",
            )
        return None

    def _await(self) -> bool:
        """Wait for the next event, and cancel when it is time to; False once there is no more to wait for."""
        association = self._exchange.association
        dimse = association.timeouts.dimse
        while True:
            if self._stop is not None and self._stop.requested and self.cancelled is not Cause.STOP:
                self.cancel(Cause.STOP)
            wait = dimse
            if self._end is not None:
                left = self._end - monotonic()
                if left <= 0 and self.cancelled is None:
                    self.cancel(Cause.TIME)
                    continue
                if left <= 0:
                    association.abort()
                    return False
                wait = left if dimse is None else min(left, dimse)
            if association.readable(wait, or_stop=self.cancelled is not Cause.STOP):
                return True
            if wait == dimse and not (self._stop is not None and self._stop.requested):
                association.abort()
                raise NoAnswer(f"{association.peer_name} sent nothing for {dimse or 0:g} s")
