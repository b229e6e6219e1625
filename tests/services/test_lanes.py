from __future__ import annotations

from collections.abc import Iterator
from threading import Barrier

import pytest

from dimsetools.errors import InputError
from dimsetools.services.lanes import Next, Queue, run
from dimsetools.services.retrieve import Event, Noted, Wanted

WANTED = [Wanted(str(number), {}) for number in range(20)]


def lane(following: Next) -> Iterator[Event]:
    while (wanted := following()) is not None:
        yield Noted(wanted.level)


@pytest.mark.parametrize("jobs", [1, 3])
def test_everything_is_taken_once(jobs: int) -> None:
    events = list(run(Queue(iter(WANTED), lambda: False), lane, jobs))
    assert sorted(events, key=str) == sorted((Noted(wanted.level) for wanted in WANTED), key=str)


def test_lanes_work_side_by_side() -> None:
    together = Barrier(3, timeout=10)

    def waiting(following: Next) -> Iterator[Event]:
        assert following() is not None
        together.wait()
        yield Noted("there")

    assert len(list(run(Queue(iter(WANTED), lambda: False), waiting, 3))) == 3


def test_nothing_is_handed_out_once_halted() -> None:
    done: list[Event] = []
    queue = Queue(iter(WANTED), lambda: len(done) == 2)
    for event in run(queue, lane, 1):
        done.append(event)  # noqa: PERF402  # what is done decides what comes
    assert done == [Noted("0"), Noted("1")]
    assert queue.next() is None


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_source_that_fails_ends_the_lanes_and_is_told(jobs: int) -> None:
    def source() -> Iterator[Wanted]:
        yield WANTED[0]
        raise InputError("line 2")

    events = run(Queue(source(), lambda: False), lane, jobs)
    assert next(events) == Noted("0")
    with pytest.raises(InputError, match="line 2"):
        next(events)


def test_who_stops_listening_stops_the_lanes() -> None:
    taken = []

    def noting(following: Next) -> Iterator[Event]:
        while (wanted := following()) is not None:
            taken.append(wanted)
            yield Noted(wanted.level)

    def endless() -> Iterator[Wanted]:
        while True:
            yield WANTED[0]

    events = run(Queue(endless(), lambda: False), noting, 2)
    next(events)
    events.close()
    assert taken
