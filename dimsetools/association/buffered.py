"""What was received of a stream and not taken yet."""

from __future__ import annotations

RECEIVE_BUFFER = 256 * 1024


class Buffered:
    """Bytes from `_start` to `_end` of a buffer, behind which there is room for more."""

    def __init__(self) -> None:
        self._buffer = bytearray(RECEIVE_BUFFER)
        self._view = memoryview(self._buffer)
        self._start = self._end = 0

    @property
    def buffered(self) -> memoryview:
        """Return all that was received and not taken, without taking it."""
        return self._view[self._start : self._end]

    def peek(self, count: int) -> memoryview:
        """Return the next `count` bytes, which are there, without taking them."""
        return self._view[self._start : self._start + count]

    def skip(self, count: int) -> None:
        """Take `count` buffered bytes."""
        self._start += count

    def _room(self) -> memoryview:
        """Return where more goes behind what is there, in a larger buffer if need be.

        What was taken before stays as it is.
        """
        if self._end == len(self._buffer):
            kept = self.buffered
            self._buffer = bytearray(2 * len(self._buffer))
            self._view = memoryview(self._buffer)
            self._view[: len(kept)] = kept
            self._start, self._end = 0, len(kept)
        return self._view[self._end :]

    def _drop(self) -> None:
        """Forget all of it, and the buffer."""
        self._start = self._end = 0
        self._buffer = bytearray()
        self._view = memoryview(self._buffer)
