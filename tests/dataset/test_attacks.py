"""Nobody can make the walk over a data set work hard, whatever they send."""

from __future__ import annotations

import tempfile
import time
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dimsetools import uids
from dimsetools.dataset.elements import Fault, Malformed, Source, Structure, pick, scan, sniff
from tests.dataset.encoding import EXPLICIT, IMPLICIT, UNDEFINED, Encoding
from tests.dataset.samples import (
    ENCODINGS,
    JPEG,
    SYNTAXES,
    deflated,
    head,
    opened,
    verdict,
)


def cost(data: Source, syntax: str) -> tuple[object, float, int]:
    """Return the verdict on `data`, the seconds it took and the bytes it allocated at most."""
    started = time.perf_counter()
    verdict(data, syntax)
    seconds = time.perf_counter() - started
    tracemalloc.start()
    found = verdict(data, syntax)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return found, seconds, peak


@pytest.mark.parametrize("defined", [True, False], ids=("defined", "undefined"))
@pytest.mark.parametrize("vr", ["SQ", "UN"])
@pytest.mark.parametrize("depth", [65, 1000, 100_000])
@ENCODINGS
def test_deep_nesting_is_refused_at_once(encoding: Encoding, depth: int, vr: str, defined: bool) -> None:
    data = head(encoding) + encoding.nested(depth, defined=defined, vr=vr)
    if vr == "UN" and not defined and encoding.explicit:
        inner = Encoding(encoding.order, False)
        data = head(encoding) + encoding.element(0x00081140, "UN", b"", UNDEFINED)
        data += inner.mark(0xE000, UNDEFINED) + inner.nested(depth, defined=False)
    found, seconds, peak = cost(data, SYNTAXES[encoding])
    assert found == (Fault.TOO_DEEP, found[1], len(head(encoding)))  # type: ignore[index]
    assert seconds < 0.1
    assert peak < 1 << 20


def test_many_false_sequences_cost_linear_time() -> None:
    false = EXPLICIT.element(0x00091001, "UN", EXPLICIT.mark(0xE000, 9) + b"12345678")
    data = head(EXPLICIT) + false * 5_000
    found, seconds, peak = cost(data, uids.EXPLICIT_LE)
    assert found == Structure(len(data), 1)
    assert seconds < 2
    assert peak < 1 << 20


def test_false_sequences_inside_false_sequences_cost_linear_time() -> None:
    """Each level fails at its very end, so a walk that went back would take exponential time."""
    value = b"12345678"
    for _ in range(60):
        value = IMPLICIT.item(IMPLICIT.element(0x00091001, "UN", value)) + b"junk"
    data = head(IMPLICIT) + IMPLICIT.element(0x00091001, "UN", value)
    found, seconds, _ = cost(data, uids.IMPLICIT_LE)
    assert isinstance(found, Structure)
    assert seconds < 0.5


@pytest.mark.parametrize("size", [1 << 20, 5 << 30])
def test_a_huge_file_is_walked_by_its_headers(size: int) -> None:
    front = head(EXPLICIT) + EXPLICIT.element(0x00091001, "OB", b"", size & 0xFFFFFFFE)
    size = len(front) + (size & 0xFFFFFFFE)
    with tempfile.TemporaryFile() as file:
        file.write(front)
        file.truncate(size)
        found, seconds, peak = cost(file.fileno(), uids.EXPLICIT_LE)
    assert found == Structure(size, 0)
    assert seconds < 0.5
    assert peak < 1 << 20


def test_many_elements_of_a_file_are_read_in_constant_memory() -> None:
    data = EXPLICIT.element(0x00091001, "LO", b"x" * 20) * 50_000
    with opened(data) as fd:
        found, seconds, peak = cost(fd, uids.EXPLICIT_LE)
    assert found == Structure(len(data), 0)
    assert seconds < 1
    assert peak < 1 << 20


@settings(max_examples=300)
@given(st.binary(max_size=400), st.sampled_from([*SYNTAXES.values(), uids.DEFLATED_LE, JPEG]))
def test_noise_raises_nothing_but_malformed(data: bytes, syntax: str) -> None:
    verdict(data, syntax)
    pick(data, syntax, (0x00080016, 0x00080018, 0x00100020))
    sniff(data[:12], len(data))


def test_a_bomb_is_not_inflated() -> None:
    bomb = deflated(bytes(50 << 20))
    tracemalloc.start()
    started = time.perf_counter()
    with pytest.raises(Malformed) as caught:
        scan(bomb, uids.DEFLATED_LE, max_inflate=1 << 20)
    seconds, peak = time.perf_counter() - started, tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert caught.value.fault is Fault.TOO_LARGE
    assert str(1 << 20) in caught.value.message
    assert seconds < 1
    assert peak < 8 << 20
