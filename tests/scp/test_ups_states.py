"""The state table of unified procedure steps, row by row (PS3.4 table CC.1.1-2)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dimsetools.scp.ups_states import (
    CANCELED,
    COMPLETED,
    FINAL,
    IN_PROGRESS,
    SCHEDULED,
    STATES,
    cancellation,
    change,
    update,
)

LOCK, OTHER = "1.2.3", "1.2.4"


@pytest.mark.parametrize(
    ("wanted", "outcomes"),
    [
        (IN_PROGRESS, ([IN_PROGRESS], 0xC302, 0xC300, 0xC300)),
        (SCHEDULED, (0xC303, 0xC303, 0xC303, 0xC303)),
        (COMPLETED, (0xC310, [COMPLETED], 0xB306, 0xC300)),
        (CANCELED, (0xC310, [CANCELED], 0xC300, 0xB304)),
        ("DONE", (0x0115, 0x0115, 0x0115, 0x0115)),
        ("", (0x0115, 0x0115, 0x0115, 0x0115)),
    ],
)
def test_a_change_by_who_has_the_lock(wanted: str, outcomes: tuple[int | list[str], ...]) -> None:
    for state, outcome in zip(STATES, outcomes, strict=True):
        lock = "" if state == SCHEDULED else LOCK
        status, through = change(state, wanted, lock=lock, given=LOCK)
        assert (status or list(through)) == outcome


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("wanted", [IN_PROGRESS, COMPLETED, CANCELED])
@pytest.mark.parametrize("tried", ["", OTHER])
def test_a_change_by_others(state: str, wanted: str, tried: str) -> None:
    if state == SCHEDULED and tried:
        return_to = {IN_PROGRESS: 0, COMPLETED: 0xC310, CANCELED: 0xC310}[wanted]
        assert change(state, wanted, lock="", given=tried).status == return_to
    else:
        lock = "" if state == SCHEDULED else LOCK
        assert change(state, wanted, lock=lock, given=tried) == (0xC301, ())


@pytest.mark.parametrize(
    ("state", "outcome"),
    [
        (SCHEDULED, (0, (IN_PROGRESS, CANCELED))),
        (IN_PROGRESS, (0, ())),
        (COMPLETED, (0xC311, ())),
        (CANCELED, (0xB304, ())),
    ],
)
def test_a_request_for_cancellation(state: str, outcome: tuple[int, tuple[str, ...]]) -> None:
    assert cancellation(state) == outcome


@pytest.mark.parametrize(
    ("state", "tried", "status"),
    [
        (SCHEDULED, "", 0),
        (SCHEDULED, LOCK, 0xC310),
        (IN_PROGRESS, LOCK, 0),
        (IN_PROGRESS, "", 0xC301),
        (IN_PROGRESS, OTHER, 0xC301),
        (COMPLETED, LOCK, 0xC300),
        (CANCELED, "", 0xC300),
    ],
)
def test_who_may_change_attributes(state: str, tried: str, status: int) -> None:
    assert update(state, lock="" if state == SCHEDULED else LOCK, given=tried) == status


@given(st.lists(st.tuples(st.sampled_from(STATES), st.sampled_from([LOCK, OTHER, ""]))))
def test_no_way_leads_out_of_a_final_state_or_past_the_claim(tries: list[tuple[str, str]]) -> None:
    state, lock, passed = SCHEDULED, "", [SCHEDULED]
    for wanted, tried in tries:
        verdict = change(state, wanted, lock=lock, given=tried)
        if IN_PROGRESS in verdict.through:
            lock = tried
        for state in verdict.through:
            passed.append(state)
            assert lock
            assert tried == lock
    assert passed in (
        [SCHEDULED],
        [SCHEDULED, IN_PROGRESS],
        *([SCHEDULED, IN_PROGRESS, end] for end in FINAL),
    )
