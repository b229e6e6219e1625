"""The switch that ends everything: what it tells, whom it wakes."""

from __future__ import annotations

import os
import select
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from dimsetools.association.stop import Stop
from dimsetools.errors import ExitCode, Interrupted, Terminated


@pytest.fixture
def stop() -> Iterator[Stop]:
    switch = Stop()
    yield switch
    switch.close()


def test_the_first_request_leaves_connections_alone(stop: Stop) -> None:
    closed: list[str] = []
    stop.register(lambda: closed.append("a"))
    stop.request()
    assert (stop.requested, stop.expired, closed) == (True, False, [])


def test_the_second_request_closes_them(stop: Stop) -> None:
    closed: list[str] = []
    stop.register(lambda: closed.append("a"))
    stop.request()
    stop.request()
    assert (stop.expired, closed) == (True, ["a"])


def test_who_has_unregistered_is_left_alone(stop: Stop) -> None:
    closed: list[str] = []

    def close() -> None:
        closed.append("a")

    stop.register(close)
    stop.unregister(close)
    stop.unregister(close)
    stop.expire()
    assert closed == []


def test_who_registers_too_late_is_closed_at_once(stop: Stop) -> None:
    stop.expire()
    closed: list[str] = []
    stop.register(lambda: closed.append("a"))
    assert stop.requested
    assert closed == ["a"]


def test_a_closer_may_unregister_itself(stop: Stop) -> None:
    def close() -> None:
        stop.unregister(close)

    stop.register(close)
    stop.register(lambda: None)
    stop.expire()


def test_a_wait_runs_out(stop: Stop) -> None:
    assert not stop.wait(0.01)


def test_a_wait_ends_with_the_request(stop: Stop) -> None:
    with ThreadPoolExecutor(2) as pool:
        waiting = pool.submit(stop.wait, 30)
        pool.submit(stop.request)
        assert waiting.result(5)
    assert stop.wait(30)  # and every later one at once


def test_the_descriptor_stays_readable(stop: Stop) -> None:
    stop.request()
    for _ in range(2):
        assert select.select([stop.fileno()], [], [], 0)[0]


def test_what_was_asked_for_can_be_done_with(stop: Stop) -> None:
    closed: list[int] = []
    stop.register(lambda: closed.append(1))
    for count in (1, 2):
        stop.request()
        stop.request()
        assert select.select([stop.fileno()], [], [], 0)[0]
        stop.clear()
        assert (stop.requested, stop.expired) == (False, False)
        assert not select.select([stop.fileno()], [], [], 0)[0]
        assert len(closed) == count


def test_close_frees_the_descriptors(stop: Stop) -> None:
    descriptor = stop.fileno()
    stop.close()
    with pytest.raises(OSError, match="Bad file"):
        os.fstat(descriptor)


@pytest.mark.parametrize(
    ("code", "kind", "words"),
    [(ExitCode.INTERRUPTED, Interrupted, "interrupted"), (ExitCode.TERMINATED, Terminated, "terminated")],
)
def test_the_error_tells_which_signal_it_was(
    stop: Stop, code: ExitCode, kind: type[Interrupted], words: str
) -> None:
    stop.request(code)
    stop.request(ExitCode.INTERRUPTED)  # the first one counts
    error = stop.error()
    assert (type(error), error.exit_code, error.message) == (kind, code, words)
