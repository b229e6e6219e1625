from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from dimsetools.scp.pump import Pump

LIMIT = 20.0


def drained(pump: Pump[int]) -> list[int]:
    found: list[int] = []
    while not pump.ended:
        found += pump.take(LIMIT)
    return found


def test_everything_comes_in_order() -> None:
    with Pump(iter(range(1000)), "test") as pump:
        assert drained(pump) == list(range(1000))


def test_nothing_yet_is_told_in_time() -> None:
    go_on = threading.Event()

    def slow() -> Iterator[int]:
        assert go_on.wait(LIMIT)
        yield 7

    with Pump(slow(), "test") as pump:
        assert pump.take(0.01) == []
        assert not pump.ended
        go_on.set()
        assert drained(pump) == [7]


def test_a_mistake_is_raised_behind_what_came_before_it() -> None:
    def broken() -> Iterator[int]:
        yield 1
        raise KeyError("two")

    with Pump(broken(), "test") as pump:
        assert pump.take(LIMIT) == [1]
        with pytest.raises(KeyError):
            drained(pump)
        assert pump.ended


def test_work_does_not_run_far_ahead_and_ends_when_nobody_wants_more() -> None:
    made: list[int] = []
    ended = threading.Event()

    def endless() -> Iterator[int]:
        try:
            while True:
                made.append(1)
                yield len(made)
        finally:
            ended.set()

    with Pump(endless(), "test") as pump:
        taken = 0
        while taken < 2000:
            taken += len(pump.take(LIMIT))
        assert len(made) <= taken + 257
    assert ended.wait(LIMIT)


def test_closing_does_not_wait_for_what_hangs() -> None:
    hang = threading.Event()

    def hanging() -> Iterator[int]:
        hang.wait(LIMIT)
        yield 1

    with Pump(hanging(), "test") as pump:
        assert pump.take(0.0) == []
    assert not hang.is_set()
    hang.set()
