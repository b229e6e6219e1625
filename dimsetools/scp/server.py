"""Listen, give every association a thread of its own, and close in an orderly way.

The accepting thread does nothing that could make it wait for a peer: no TLS, no negotiation. It sleeps in
one selector which also hears of signals, time limits and associations that have ended.
"""

from __future__ import annotations

import selectors
import socket
import threading
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic

from dimsetools.scp.hooks import Hooks
from dimsetools.scp.listening import Accepter, listen
from dimsetools.scp.served import Gate, Manner, Served

_MORE_CONNECTIONS = 1024
"""Connections beyond the open associations: callers that have not said yet what they want."""
_ABORT_WAIT = 2.0
"""Seconds that interrupted associations have to say A-ABORT before their connections are cut."""


@dataclass(frozen=True)
class Limits:
    """When the node takes no more: associations at a time, objects and seconds in all.

    `grace`: seconds that objects under way have to finish when the node closes.
    """

    associations: int = 400
    objects: int | None = None
    seconds: float | None = None
    grace: float = 10.0


@dataclass
class Totals:
    """What a node has done in its life."""

    associations: int = 0
    rejected: int = 0
    objects: int = 0
    failed: int = 0
    size: int = 0

    def add(self, served: Served) -> None:
        """Count one association that has ended."""
        self.associations += not served.rejected
        self.rejected += served.rejected
        self.objects += served.objects
        self.failed += served.failed
        self.size += served.size


class Server:
    """A node: `start` listens, `serve` works until `drain` is called or a limit is reached.

    `bind` is a host name or address, None for every address of the machine; port 0 picks a free one.
    """

    def __init__(
        self, bind: str | None, port: int, manner: Manner, hooks: Hooks, limits: Limits | None = None
    ) -> None:
        self.totals = Totals()
        self._bind = bind
        self._port = port
        self._manner = manner
        self._hooks = hooks
        self._limits = limits or Limits()
        self._gate = Gate(self._limits.associations, self._limits.objects, self.conclude)
        self._listeners: list[socket.socket] = []
        self._served: set[Served] = set()
        self._lock = threading.Lock()
        self._number = 0
        self._hurry = False
        self._heard, self._bell = socket.socketpair()
        self._heard.setblocking(False)
        self._bell.setblocking(False)

    @property
    def enough(self) -> bool:
        """Whether all the objects that were wanted have come."""
        return self._gate.enough

    def start(self) -> list[tuple[str, int]]:
        """Listen; from here on callers are queued. Returns the addresses; raises CannotListen."""
        try:
            self._listeners = listen(self._bind, self._port)
        except BaseException:
            self._silence()
            raise
        return [listener.getsockname()[:2] for listener in self._listeners]

    def serve(self) -> Totals:
        """Serve until told to stop, let what is under way finish, and return what was done."""
        deadline = None if self._limits.seconds is None else monotonic() + self._limits.seconds
        with selectors.DefaultSelector() as selector:
            selector.register(self._heard, selectors.EVENT_READ)
            try:
                self._accept_until(deadline, selector)
            finally:
                for listener in self._listeners:
                    selector.unregister(listener)
                    listener.close()
            until = monotonic() + self._limits.grace
            self._finish(until, selector)
        self._hooks.close(max(until - monotonic(), 0.0) if not self._hurry else 0.0)
        self._silence()
        return self.totals

    def drain(self) -> None:
        """Take no more: idle associations end now, objects under way get the grace, unless called twice.

        May be called from a signal handler and from any thread.
        """
        if self._gate.closing and not self._gate.patient:
            self._hurry = True
        self._gate.patient = False
        self._gate.closing = True
        self._ring()

    def conclude(self) -> None:
        """Take no more, but let the peers ask for release in the grace: they have what they wanted, too."""
        if not self._gate.closing:
            self._gate.patient = True
            self._gate.closing = True
        self._ring()

    def _silence(self) -> None:
        self._heard.close()
        self._bell.close()

    def _ring(self) -> None:
        with suppress(OSError):  # full: it is about to wake up anyway; closed: it has ended
            self._bell.send(b"\0")

    # -- accepting ------------------------------------------------------------------------------------

    def _accept_until(self, deadline: float | None, selector: selectors.BaseSelector) -> None:
        accepter = Accepter()
        for listener in self._listeners:
            selector.register(listener, selectors.EVENT_READ, listener)
        try:
            while not self._gate.closing:
                left = None if deadline is None else deadline - monotonic()
                if left is not None and left <= 0:
                    self.drain()
                    return
                for key, _ in selector.select(left):
                    if key.data is None:
                        self._listen_to_bell()
                        continue
                    for connection in accepter.accept(key.data):
                        self._take(connection)
        finally:
            accepter.close()

    def _take(self, connection: socket.socket) -> None:
        if len(self._served) >= self._limits.associations + _MORE_CONNECTIONS:
            connection.close()
            return
        self._number += 1
        served = Served(self._manner, self._gate, self._number, connection)
        with self._lock:
            self._served.add(served)
        thread = threading.Thread(
            target=self._run, args=(served,), name=f"association-{self._number}", daemon=True
        )
        try:
            thread.start()
        except RuntimeError:  # no thread to be had
            connection.close()
            with self._lock:
                self._served.discard(served)

    def _run(self, served: Served) -> None:
        try:
            served.run()
        finally:
            with self._lock:
                self._served.discard(served)
                self.totals.add(served)
            if self._gate.closing:
                self._ring()

    def _listen_to_bell(self) -> None:
        with suppress(BlockingIOError):
            self._heard.recv(4096)

    # -- closing --------------------------------------------------------------------------------------

    def _finish(self, until: float, selector: selectors.BaseSelector) -> None:
        """Wait for the associations; then interrupt them, and at last cut their connections."""
        self._wait(until, selector, in_grace=True)
        for end in (Served.interrupt, Served.cut):
            for served in self._open():
                end(served)
            self._wait(monotonic() + _ABORT_WAIT, selector, in_grace=False)

    def _wait(self, until: float, selector: selectors.BaseSelector, *, in_grace: bool) -> None:
        """Return when no association is open, or at `until`; in the grace, idle ones are sent away."""
        while open_ones := self._open():
            if in_grace and not self._gate.patient:
                for served in open_ones:
                    if served.waiting:
                        served.interrupt()
            left = until - monotonic()
            if left <= 0 or (in_grace and self._hurry):
                return
            selector.select(left)
            self._listen_to_bell()

    def _open(self) -> list[Served]:
        with self._lock:
            return list(self._served)
