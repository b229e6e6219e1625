"""One switch that ends everything in flight: thrown by a signal, a limit or the embedding program.

After `request` the operation in flight may finish; `expire` closes every registered connection, which
wakes whatever thread blocks on it. Both are called from signal handlers, so neither takes a lock nor
starts a thread: flags, and a byte in a pipe for those who wait (who may be several threads).
"""

from __future__ import annotations

import os
import select
import threading
from collections.abc import Callable

from dimsetools.errors import ExitCode, Interrupted, Terminated

GRACE = 1.5
"""Seconds that whoever throws the switch should leave between `request` and `expire`."""


class Stop:
    """`requested` is set by the first request, `expired` once nothing may go on."""

    def __init__(self) -> None:
        self.requested = False
        self.expired = False
        self.exit_code = ExitCode.INTERRUPTED
        self._closers: set[Callable[[], None]] = set()
        self._pipe: tuple[int, int] | None = None
        self._lock = threading.Lock()

    def request(self, exit_code: ExitCode = ExitCode.INTERRUPTED) -> None:
        """Ask for the end; asked a second time, `expire`."""
        if self.requested:
            self.expire()
            return
        self.exit_code = exit_code
        self.requested = True
        self._wake()

    def expire(self) -> None:
        """Close every registered connection now."""
        self.requested = self.expired = True
        self._wake()
        for close in tuple(self._closers):
            close()

    def clear(self) -> None:
        """Go on as if nothing had been asked for: what was in flight has ended, and other things begin."""
        if self.requested and self._pipe is not None:
            os.read(self._pipe[0], 64)
        self.requested = self.expired = False

    def fileno(self) -> int:
        """Return a descriptor that becomes readable when the end is requested, and stays so."""
        with self._lock:
            pipe = self._pipe
            if pipe is None:
                pipe = self._pipe = os.pipe()
                if self.requested:
                    self._wake()
        return pipe[0]

    def wait(self, seconds: float) -> bool:
        """Block for `seconds`, or until the end is requested; True if it was."""
        poll = select.poll()
        poll.register(self, select.POLLIN)
        poll.poll(seconds * 1000)
        return self.requested

    def close(self) -> None:
        """Free what `wait` and `fileno` needed."""
        pipe, self._pipe = self._pipe, None
        for end in pipe or ():
            os.close(end)

    __del__ = close

    def register(self, close: Callable[[], None]) -> None:
        """Have `close` called, from any thread, when the switch expires."""
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

    def _wake(self) -> None:
        """Wake all waiters; until `clear` the byte is not read, so that none can miss it."""
        if self._pipe is not None:
            os.write(self._pipe[1], b"\0")
