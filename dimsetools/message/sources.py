"""Where a data set to be sent comes from. A source is read once, front to back."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import Protocol

from dimsetools.errors import InputUnreadable


class Source(Protocol):
    """Bytes of one data set. `exhausted` is true as soon as all of them were read."""

    exhausted: bool

    def read_into(self, view: memoryview) -> int:
        """Fill `view` as far as there is data; return the number of bytes, InputError if that fails."""


class BytesSource:
    """A data set in memory."""

    def __init__(self, data: bytes | memoryview) -> None:
        self._rest = memoryview(data)
        self.exhausted = not data

    def read_into(self, view: memoryview) -> int:
        """Copy the next bytes."""
        count = min(len(view), len(self._rest))
        view[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        self.exhausted = not self._rest
        return count


class FileSource:
    """`length` bytes of an open file from `offset` on; the descriptor stays the caller's."""

    __slots__ = ("_end", "_fd", "_offset", "exhausted")

    def __init__(self, fd: int, offset: int, length: int) -> None:
        self._fd = fd
        self._offset = offset
        self._end = offset + length
        self.exhausted = length == 0

    def read_into(self, view: memoryview) -> int:
        """Read the next bytes; a file that became shorter meanwhile is InputUnreadable."""
        wanted = min(len(view), self._end - self._offset)
        filled = 0
        while filled < wanted:
            try:
                count = os.preadv(self._fd, (view[filled:wanted],), self._offset)
            except OSError as error:
                raise InputUnreadable(f"cannot be read any more: {error.strerror}") from error
            if not count:
                raise InputUnreadable("became shorter while it was sent")
            filled += count
            self._offset += count
        self.exhausted = self._offset == self._end
        return filled


class IterableSource:
    """A data set made piece by piece, of unknown length."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks: Iterator[bytes] = iter(chunks)
        self._rest = memoryview(b"")
        self.exhausted = False
        self._advance()

    def read_into(self, view: memoryview) -> int:
        """Copy the next bytes, from as many pieces as it takes."""
        filled = 0
        while filled < len(view) and not self.exhausted:
            count = min(len(view) - filled, len(self._rest))
            view[filled : filled + count] = self._rest[:count]
            self._rest = self._rest[count:]
            filled += count
            self._advance()
        return filled

    def _advance(self) -> None:
        """Look ahead to the next piece that is not empty, so that `exhausted` is never late."""
        while not self._rest:
            piece = next(self._chunks, None)
            if piece is None:
                self.exhausted = True
                return
            self._rest = memoryview(piece)
