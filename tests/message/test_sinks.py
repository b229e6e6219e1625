"""Sinks take what comes, up to their cap."""

from __future__ import annotations

import tracemalloc

import pytest

from dimsetools.errors import ProtocolError
from dimsetools.message.sinks import MemorySink, NullSink


def test_memory_keeps_copies_of_all_pieces() -> None:
    sink = MemorySink(10)
    buffer = bytearray(b"abc")
    sink.write(memoryview(buffer))
    buffer[:] = b"xyz"  # the next receive overwrites it
    sink.write(memoryview(b""))
    sink.write(memoryview(buffer))
    assert sink.value() == b"abcxyz"


def test_memory_has_a_cap() -> None:
    sink = MemorySink(4)
    sink.write(memoryview(b"1234"))
    with pytest.raises(ProtocolError, match="longer than the 4 bytes"):
        sink.write(memoryview(b"5"))
    assert sink.value() == b"1234"


def test_many_small_pieces_take_no_more_memory_than_their_bytes() -> None:
    sink = MemorySink(1 << 20)
    piece = memoryview(b"ab")
    tracemalloc.start()
    try:
        for _ in range(100_000):
            sink.write(piece)
        assert tracemalloc.get_traced_memory()[1] < 500_000
    finally:
        tracemalloc.stop()


def test_null_forgets() -> None:
    NullSink().write(memoryview(bytes(1000)))
