"""Sources give every byte once, in order, and know when that was all."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dimsetools.errors import InputUnreadable
from dimsetools.message.sources import BytesSource, FileSource, IterableSource, Source

DATA = bytes(range(256)) * 5 + b"end"


def drain(source: Source, size: int) -> bytes:
    """All that is in `source`, read `size` bytes at a time."""
    whole = b""
    buffer = memoryview(bytearray(size))
    while not source.exhausted:
        count = source.read_into(buffer)
        assert count == size or source.exhausted  # as far as there is data
        whole += buffer[:count]
    return whole


@pytest.fixture
def of_file(tmp_path: Path) -> Iterator[Callable[[bytes], Source]]:
    opened = []

    def make(data: bytes) -> Source:
        path = tmp_path / "file"
        path.write_bytes(b"preamble" + data + b"behind")
        opened.append(os.open(path, os.O_RDONLY))
        return FileSource(opened[-1], 8, len(data))

    yield make
    for descriptor in opened:
        os.close(descriptor)


MAKERS: dict[str, Callable[[bytes], Source]] = {
    "bytes": BytesSource,
    "memoryview": lambda data: BytesSource(memoryview(data)),
    "one piece": lambda data: IterableSource([data]),
    "a generator of bytes": lambda data: IterableSource(data[at : at + 1] for at in range(len(data))),
    "pieces with empty ones": lambda data: IterableSource([b"", data[:7], b"", b"", data[7:], b""]),
}


@pytest.mark.parametrize("size", [1, 2, 7, 256, 1282, 1283, 1284, 5000])
@pytest.mark.parametrize("data", [b"", b"x", DATA], ids=["empty", "one byte", "many"])
def test_everything_comes_out_once(size: int, data: bytes, of_file: Callable[[bytes], Source]) -> None:
    for make in (*MAKERS.values(), of_file):
        source = make(data)
        assert source.exhausted == (not data)  # known before anything was read
        assert drain(source, size) == data


def test_a_file_that_became_shorter(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(bytes(100))
    with path.open("rb") as file, pytest.raises(InputUnreadable, match="became shorter") as caught:
        FileSource(file.fileno(), 0, 101).read_into(memoryview(bytearray(200)))
    assert caught.value.exit_code == 20


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    descriptor = os.open(tmp_path, os.O_RDONLY)
    try:
        with pytest.raises(InputUnreadable, match="cannot be read any more: Is a directory"):
            FileSource(descriptor, 0, 10).read_into(memoryview(bytearray(10)))
    finally:
        os.close(descriptor)


def test_the_position_of_the_file_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(DATA)
    with path.open("rb", buffering=0) as file:
        drain(FileSource(file.fileno(), 0, len(DATA)), 100)
        assert file.tell() == 0
