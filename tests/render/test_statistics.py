from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dimsetools.render.statistics import Statistics, summarize


def test_a_series_is_summed_up() -> None:
    assert summarize([3.0, 1.0, 2.0], 4) == Statistics(4, 3, 0.25, 1.0, 2.0, 3.0, 3.0)


def test_nothing_answered() -> None:
    assert summarize([], 3) == Statistics(3, 0, 1.0, None, None, None, None)


def test_nothing_sent() -> None:
    assert summarize([], 0) == Statistics(0, 0, 0.0, None, None, None, None)


def test_p95_is_the_nearest_rank() -> None:
    assert summarize([float(n) for n in range(1, 101)], 100).p95 == 95.0
    assert summarize([float(n) for n in range(1, 21)], 20).p95 == 19.0
    assert summarize([7.0], 1).p95 == 7.0


@given(st.lists(st.floats(0, 1e6), min_size=1))
def test_p95_was_measured_and_lies_between(times: list[float]) -> None:
    found = summarize(times, len(times))
    assert found.p95 in times
    assert found.minimum is not None
    assert found.p95 is not None
    assert found.maximum is not None
    assert found.minimum <= found.p95 <= found.maximum
    assert sum(time <= found.p95 for time in times) >= 0.95 * len(times)
