from __future__ import annotations

import re

import pytest

from dimsetools.render import progress as module
from dimsetools.render.painter import Painter, drawn
from dimsetools.render.progress import Progress, State


class Clock:
    """A clock that the test moves."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(module, "monotonic", clock)
    return clock


def make(shown: list[State], objects: int = 0, size: int = 0) -> Progress:
    return Progress(objects, size, shown.append, lambda: None, first=1.0, every=5.0)


def test_nothing_is_shown_before_it_is_due_and_then_only_now_and_then(clock: Clock) -> None:
    shown: list[State] = []
    progress = make(shown)
    for _ in range(1000):
        progress.advance(10)
    assert shown == []
    clock.now += 1.0
    for _ in range(1000):
        progress.advance(10)
    assert [state.bytes for state in shown] == [10_010]
    clock.now += 4.9
    progress.advance(10)
    assert len(shown) == 1
    clock.now += 0.2
    progress.advance(10)
    assert len(shown) == 2


def test_state_has_counts_rate_and_time_left(clock: Clock) -> None:
    shown: list[State] = []
    progress = make(shown, objects=10, size=1000)
    for kind in ("ok", "ok", "warning", "failed"):
        progress.advance(50)
        progress.finish_object(kind)
    clock.now += 2.0
    progress.advance(50)
    state = shown[0]
    assert (state.objects, state.ok, state.warnings, state.failed) == (4, 2, 1, 1)
    assert state.bytes == 250
    assert state.rate == 125.0
    assert state.left == 6.0
    assert state.fraction == 0.25
    assert state.words() == ["4/10", "250 B of 1.0 kB", "125 B/s", "ETA 0:06", "2 ok", "1 warn", "1 failed"]
    assert state.numbers()["_left_seconds"] == 6


def test_without_a_total_there_is_no_time_left(clock: Clock) -> None:
    shown: list[State] = []
    progress = make(shown)
    clock.now += 2.0
    progress.advance(50)
    assert shown[0].left is None
    assert shown[0].fraction is None
    assert shown[0].words()[:4] == ["0", "50 B", "25 B/s", "ETA -:--"]


def test_time_left_follows_objects_where_bytes_are_unknown(clock: Clock) -> None:
    shown: list[State] = []
    progress = make(shown, objects=4)
    progress.finish_object()
    clock.now += 2.0
    progress.finish_object()
    assert shown[0].left == 2.0
    assert shown[0].fraction == 0.5


def test_the_rate_looks_back_ten_seconds_only(clock: Clock) -> None:
    shown: list[State] = []
    progress = make(shown, size=10_000)
    for count in (1000, 0, 0, 0, 0):
        clock.now += 5.0
        progress.advance(count)
    assert shown[-1].rate == 0.0
    assert shown[-1].left is None


def test_nothing_is_shown_after_close_and_what_was_shown_is_taken_away(clock: Clock) -> None:
    shown: list[State] = []
    hidden: list[bool] = []
    with Progress(0, 0, shown.append, lambda: hidden.append(True), first=1.0, every=1.0) as progress:
        pass
    clock.now += 10
    progress.advance(1)
    assert shown == []
    assert hidden == [True]


STATE = State(120, 6 * 10**7, 3000, 15 * 10**8, 118, 1, 1, 2.0, 3.01e7, 47.8)


def plain(state: State, width: int) -> str:
    return re.sub("\x1b\\[[0-9;]*m", "", drawn(state, width, color=False))


def test_a_bar_has_everything_on_one_line() -> None:
    line = plain(STATE, 119)
    assert "\n" not in line
    assert len(line) <= 119
    assert "━" in line
    for word in STATE.words():
        assert word in line


@pytest.mark.parametrize("width", [1, 20, 40, 79])
def test_a_narrow_terminal_gets_a_cut_line_and_never_two(width: int) -> None:
    line = plain(STATE, width)
    assert "\n" not in line
    assert len(line) <= max(width, 20)


def test_an_unknown_total_still_moves() -> None:
    state = STATE._replace(total_objects=0, total_bytes=0, left=None)
    assert plain(state, 100) != ""
    assert "120  " in plain(state, 100)


def test_what_has_no_bytes_tells_of_none() -> None:
    state = STATE._replace(bytes=0, total_bytes=0, rate=0.0)
    shown = plain(state, 80)
    assert shown.endswith("  120/3000  ETA 0:48  118 ok  1 warn  1 failed")


def test_the_painter_hands_over_one_line() -> None:
    painted: list[str] = []
    Painter(painted.append, color=True).show(STATE)
    assert len(painted) == 1
    assert "\x1b[" in painted[0]
