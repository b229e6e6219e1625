"""One switch that ends everything in flight: set by a signal, a limit or the embedding program.

A first request lets the operation in flight finish for a short grace; after that, or upon a second
request, every registered connection is closed, which wakes whatever thread blocks on it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from dimsetools.errors import ExitCode, Interrupted, Terminated

GRACE = 1.5
"""Seconds an operation in flight may go on after the first request."""


class Stop:
    """`requested` is set at the first request, `expired` once the grace is over."""

    def __init__(self, grace: float = GRACE) -> None:
        self.requested = False
        self.expired = False
        self.exit_code = ExitCode.INTERRUPTED
        self._grace = grace
        self._event = threading.Event()
        self._closers: set[Callable[[], None]] = set()
        self._timer: threading.Timer | None = None

    def request(self, exit_code: ExitCode = ExitCode.INTERRUPTED) -> None:
        """Ask for the end; a second call ends the grace at once. Safe inside a signal handler."""
        if self.requested:
            self.expire()
            return
        self.exit_code = exit_code
        self.requested = True
        self._event.set()
        self._timer = threading.Timer(self._grace, self.expire)
        self._timer.daemon = True
        self._timer.start()

    def expire(self) -> None:
        """Close every registered connection now."""
        self.requested = self.expired = True
        self._event.set()
        for close in tuple(self._closers):
            close()

    def wait(self, seconds: float) -> bool:
        """Block for `seconds`, or until the end is requested; True if it was."""
        return self._event.wait(seconds)

    def register(self, close: Callable[[], None]) -> None:
        """Have `close` called, from any thread, when the grace is over."""
        self._closers.add(close)
        if self.expired:
            close()

    def unregister(self, close: Callable[[], None]) -> None:
        """Forget `close`."""
        self._closers.discard(close)

    def error(self) -> Interrupted:
        """Return the exception which tells that work ended here because of this switch."""
        if self.exit_code is ExitCode.TERMINATED:
            return Terminated("terminated")
        return Interrupted("interrupted")
