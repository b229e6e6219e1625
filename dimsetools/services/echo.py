"""Verification (PS3.4 annex A): does a node answer, and how long does each step take.

Every attempt opens an association of its own, because that is what the next client will have to go
through; an association that has been open for a while says little about it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import inf
from time import monotonic, perf_counter
from typing import TYPE_CHECKING, NamedTuple

from dimsetools.association.negotiation import plan
from dimsetools.association.opening import open_association, require_context
from dimsetools.errors import DimseError, Interrupted, LimitReached, StatusFailure
from dimsetools.message.composite import CEchoRq, CEchoRsp
from dimsetools.message.exchange import Exchange
from dimsetools.status import describe, is_success
from dimsetools.uids import EXPLICIT_LE, IMPLICIT_LE, VERIFICATION

if TYPE_CHECKING:
    from dimsetools.association.association import Association
    from dimsetools.association.stop import Stop
    from dimsetools.association.trace import Tracer
    from dimsetools.association.values import Extended, Peer, ProposedContext, Role, Target, Timings


class Request(NamedTuple):
    """What is asked of each node: the contexts put to it, and how the association ends."""

    contexts: tuple[ProposedContext, ...]
    roles: tuple[Role, ...] = ()
    extended: tuple[Extended, ...] = ()
    abort: bool = False


class Echoed(NamedTuple):
    """A node that answered. Times in seconds; `echo` is from the request to its response."""

    peer: Peer
    transfer_syntax: str
    timings: Timings
    echo: float
    released_in_order: bool

    @property
    def total(self) -> float:
        """Seconds from the connection request to the response."""
        timings = self.timings
        return timings.tcp + (timings.tls or 0.0) + timings.association + self.echo


class Attempt(NamedTuple):
    """One of a series, counted from 1: `error` tells why there is no answer."""

    number: int
    echoed: Echoed | None
    error: DimseError | None


def contexts(transfer_syntaxes: Sequence[str] = ()) -> tuple[ProposedContext, ...]:
    """Return the one context of verification; without `transfer_syntaxes` both plain little endian ones."""
    syntaxes = tuple(transfer_syntaxes) or (EXPLICIT_LE, IMPLICIT_LE)
    return plan([(VERIFICATION, syntaxes)])[0]


def verify(association: Association) -> float:
    """Send one C-ECHO and return the seconds until its response.

    Raises NoContext (and releases) if the peer takes no verification, StatusFailure for any status but
    success: there are no warnings in this service (PS3.7 section 9.3.5).
    """
    context = require_context(association, VERIFICATION, "Verification")
    started = perf_counter()
    response = Exchange(association).call(context, CEchoRq()).command
    seconds = perf_counter() - started
    if not is_success(response.status):
        assert isinstance(response, CEchoRsp)
        raise StatusFailure(
            f"{association.peer_name} answered: {describe(response.status, 'C-ECHO').meaning}",
            status=response.status,
            service="C-ECHO",
            comment=response.error_comment or "",
        )
    return seconds


def echo(
    target: Target, request: Request, *, tracer: Tracer | None = None, stop: Stop | None = None
) -> Echoed:
    """Open an association with `target`, verify, and end the association. Raises DimseError."""
    association = open_association(
        target,
        request.contexts,
        roles=request.roles,
        extended=request.extended,
        tracer=tracer,
        stop=stop,
    )
    try:
        seconds = verify(association)
    except StatusFailure:
        association.release()
        raise
    except BaseException:
        association.abort()
        raise
    if request.abort:
        association.abort()
    else:
        association.release()
    return Echoed(
        association.peer,
        association.contexts[request.contexts[0].id].transfer_syntax,
        association.timings,
        seconds,
        association.released_in_order,
    )


def series(
    target: Target,
    request: Request,
    *,
    stop: Stop,
    count: int = 1,
    interval: float = 1.0,
    tracer: Tracer | None = None,
) -> Iterator[Attempt]:
    """Echo `count` times, one every `interval` seconds or as soon as the one before is over.

    A failed attempt does not end the series; `stop` does, and the attempt that it broke off is not
    counted. The target's total time limit is that of the whole series: the attempts that it leaves no
    time for are one that failed with LimitReached.
    """
    limit = target.timeouts.total
    began = monotonic()
    end = began + limit if limit is not None else inf
    for number in range(1, count + 1):
        due = began + (number - 1) * interval
        if number > 1 and stop.wait(max(min(due, end) - monotonic(), 0.0)):
            return
        if limit is not None:
            left = end - monotonic()
            if left <= 0:
                reached = LimitReached(f"{number - 1} of {count} echoes were made within {limit:g} s")
                yield Attempt(number, None, reached)
                return
            target = target._replace(timeouts=target.timeouts._replace(total=left))
        try:
            attempt = Attempt(number, echo(target, request, tracer=tracer, stop=stop), None)
        except Interrupted:
            return
        except DimseError as error:
            attempt = Attempt(number, None, error)
        yield attempt
