"""The two ends that these tests need of our own side: a call, and an acceptor in a thread."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Generic, TypeVar

from dimsetools.association.association import Association
from dimsetools.association.negotiation import Policy, decide
from dimsetools.association.opening import accept_association, open_association
from dimsetools.association.stop import Stop
from dimsetools.association.trace import Tracer
from dimsetools.association.values import (
    Acceptance,
    ClientTls,
    Proposal,
    ProposedContext,
    Rejection,
    Target,
    Timeouts,
)
from dimsetools.uids import EXPLICIT_LE, IMPLICIT_LE, VERIFICATION
from tests.scripted import wire
from tests.scripted.peers import HOST

T = TypeVar("T")

AMPLE = Timeouts(connect=8.0, acse=8.0, dimse=8.0, idle=8.0)
"""For tests in which no deadline passes."""
BRIEF = Timeouts(connect=0.2, acse=0.2, dimse=0.2, idle=0.2)
"""For tests in which one does."""

ECHO = ProposedContext(1, VERIFICATION, (IMPLICIT_LE, EXPLICIT_LE))
CT = ProposedContext(3, wire.CT_IMAGE, (EXPLICIT_LE,))
ANYTHING = Policy(syntaxes=lambda _abstract: (), max_pdu=16384)


def call(
    port: int,
    *,
    contexts: Sequence[ProposedContext] = (ECHO, CT),
    host: str = HOST,
    timeouts: Timeouts = AMPLE,
    max_pdu: int = 16384,
    async_window: int = 1,
    tls: ClientTls | None = None,
    tracer: Tracer | None = None,
    stop: Stop | None = None,
) -> Association:
    """An association of ours with whoever listens on `port`."""
    target = Target(host, port, timeouts=timeouts, max_pdu=max_pdu, async_window=async_window, tls=tls)
    return open_association(target, contexts, tracer=tracer, stop=stop)


class Acceptor(Generic[T]):
    """What became of the one association that `accepting` takes."""

    def __init__(self, port: int, future: Future[T]) -> None:
        self.port = port
        self._future = future

    def result(self) -> T:
        """What `serve` returned; raises what it or the opening raised."""
        return self._future.result(10)

    def error(self) -> BaseException:
        """The exception that ended it."""
        found = self._future.exception(10)
        assert found is not None, f"no error, but {self._future.result()!r}"
        return found


@contextmanager
def accepting(
    serve: Callable[[Association], T],
    *,
    policy: Policy = ANYTHING,
    choose: Callable[[Proposal], Acceptance | Rejection] | None = None,
    timeouts: Timeouts = AMPLE,
    tls: ssl.SSLContext | None = None,
    tracer: Tracer | None = None,
    stop: Stop | None = None,
) -> Iterator[Acceptor[T]]:
    """Accept one association in a thread and hand it to `serve`; its socket is closed with the block."""
    listener = socket.create_server((HOST, 0))

    def run() -> T:
        connection, _ = listener.accept()
        association = accept_association(
            connection,
            decide=choose or (lambda proposal: decide(proposal, policy)),
            timeouts=timeouts,
            max_pdu=policy.max_pdu,
            tls_context=tls,
            tracer=tracer,
            stop=stop,
        )
        try:
            return serve(association)
        finally:
            association.close()

    with listener, ThreadPoolExecutor(1) as pool:
        yield Acceptor(listener.getsockname()[1], pool.submit(run))
