"""The two streams, and the bar at the bottom of a terminal that both of them share."""

from __future__ import annotations

import os
from threading import RLock
from typing import IO

from dimsetools.errors import OutputError

_ERASE = "\r\x1b[2K"


def can_erase(stream: IO[str]) -> bool:
    """Tell whether a line on `stream` can be taken back: it is a terminal, and no dumb one."""
    return stream.isatty() and os.environ.get("TERM") != "dumb"


class Screen:
    """Writes whole lines, flushed at once (a microsecond each), and keeps a painted bar below them.

    Raises BrokenPipeError when the reader of a stream has gone, OutputError when stdout cannot be written
    for another reason. What cannot be written to stderr is lost: there is nobody left to tell.
    """

    def __init__(self, stdout: IO[str], stderr: IO[str]) -> None:
        self._stdout = stdout
        self._stderr = stderr
        self._both = stdout.isatty()  # a bar is only ever painted when stderr is a terminal
        self._bar = ""
        self._lock = RLock()

    def out(self, text: str) -> None:
        """Write lines to stdout."""
        with self._lock:
            bar = self._bar if self._both else ""
            if bar:
                self._stderr.write(_ERASE)
                self._stderr.flush()
            try:
                self._stdout.write(text)
                self._stdout.flush()
            except BrokenPipeError:
                raise
            except OSError as error:
                raise OutputError(f"cannot write the results: {error.strerror}") from error
            if bar:
                self._err(bar)

    def err(self, text: str) -> None:
        """Write lines to stderr."""
        with self._lock:
            self._err(f"{_ERASE}{text}{self._bar}" if self._bar else text)

    def paint(self, bar: str) -> None:
        """Paint one line without a line feed as the bar; an empty one takes it away."""
        with self._lock:
            if bar or self._bar:
                self._err(_ERASE + bar)
            self._bar = bar

    def _err(self, text: str) -> None:
        try:
            self._stderr.write(text)
            self._stderr.flush()
        except BrokenPipeError:
            raise
        except OSError:
            return
