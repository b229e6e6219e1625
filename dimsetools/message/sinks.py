"""Where a received data set goes, piece by piece. Files are the business of the archive."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from dimsetools.errors import ProtocolError


class Sink(Protocol):
    """Takes the pieces of one data set in order; a piece is valid during the call only."""

    def write(self, data: memoryview) -> None:
        """Take the next piece."""

    def write_all(self, pieces: Sequence[memoryview]) -> None:
        """Take the next pieces, a few."""
        for piece in pieces:
            self.write(piece)


class MemorySink(Sink):
    """Keeps a data set in memory, up to `cap` bytes; more is a ProtocolError."""

    def __init__(self, cap: int) -> None:
        self._data = bytearray()
        self._cap = cap

    def write(self, data: memoryview) -> None:
        """Take a copy of the next piece."""
        if len(self._data) + len(data) > self._cap:
            raise ProtocolError(f"a data set is longer than the {self._cap} bytes that are taken")
        self._data += data

    def value(self) -> bytes:
        """Return the whole data set."""
        return bytes(self._data)


class NullSink(Sink):
    """Forgets what it is given."""

    def write(self, data: memoryview) -> None:
        """Do nothing."""
