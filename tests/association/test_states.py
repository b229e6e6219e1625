"""The state machine is table 9-10 of PS3.8, cell by cell, and no peer can lead it out of the table."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dimsetools.association.states import TABLE, Action, Event, State, transition

# PS3.8 table 9-10: one row an event, one column a state from Sta1 to Sta13; "." is an empty cell.
PRINTED = """
ASSOCIATE_REQUEST     AE-1  .     .     .     .     .     .     .     .     .     .     .     .
TRANSPORT_CONFIRMED   .     .     .     AE-2  .     .     .     .     .     .     .     .     .
AC_RECEIVED           .     AA-1  AA-8  .     AE-3  AA-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-6
RJ_RECEIVED           .     AA-1  AA-8  .     AE-4  AA-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-6
TRANSPORT_INDICATED   AE-5  .     .     .     .     .     .     .     .     .     .     .     .
RQ_RECEIVED           .     AE-6  AA-8  .     AA-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-7
ACCEPT                .     .     AE-7  .     .     .     .     .     .     .     .     .     .
REJECT                .     .     AE-8  .     .     .     .     .     .     .     .     .     .
DATA_REQUEST          .     .     .     .     .     DT-1  .     AR-7  .     .     .     .     .
DATA_RECEIVED         .     AA-1  AA-8  .     AA-8  DT-2  AR-6  AA-8  AA-8  AA-8  AA-8  AA-8  AA-6
RELEASE_REQUEST       .     .     .     .     .     AR-1  .     .     .     .     .     .     .
RELEASE_RQ_RECEIVED   .     AA-1  AA-8  .     AA-8  AR-2  AR-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-6
RELEASE_RP_RECEIVED   .     AA-1  AA-8  .     AA-8  AA-8  AR-3  AA-8  AA-8  AR-10 AR-3  AA-8  AA-6
RELEASE_RESPONSE      .     .     .     .     .     .     .     AR-4  AR-9  .     .     AR-4  .
ABORT_REQUEST         .     .     AA-1  AA-2  AA-1  AA-1  AA-1  AA-1  AA-1  AA-1  AA-1  AA-1  .
ABORT_RECEIVED        .     AA-2  AA-3  .     AA-3  AA-3  AA-3  AA-3  AA-3  AA-3  AA-3  AA-3  AA-2
TRANSPORT_CLOSED      .     AA-5  AA-4  AA-4  AA-4  AA-4  AA-4  AA-4  AA-4  AA-4  AA-4  AA-4  AR-5
ARTIM_EXPIRED         .     AA-2  .     .     .     .     .     .     .     .     .     .     AA-2
INVALID_PDU           .     AA-1  AA-8  .     AA-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-7
"""

# PS3.8 tables 9-6 to 9-9: the state that each action leads to; AR-8 depends on who opened the association.
LEADS_TO = {
    "AE-1": 4, "AE-2": 5, "AE-3": 6, "AE-4": 1, "AE-5": 2, "AE-6": 3, "AE-7": 6, "AE-8": 13,
    "DT-1": 6, "DT-2": 6,
    "AR-1": 7, "AR-2": 8, "AR-3": 1, "AR-4": 13, "AR-5": 1, "AR-6": 7, "AR-7": 8, "AR-9": 11, "AR-10": 12,
    "AA-1": 13, "AA-2": 1, "AA-3": 1, "AA-4": 1, "AA-5": 1, "AA-6": 13, "AA-7": 13, "AA-8": 13,
}  # fmt: skip


def printed_cells() -> dict[tuple[State, Event], Action]:
    cells = {}
    for line in PRINTED.strip().splitlines():
        event, *actions = line.split()
        assert len(actions) == len(State)
        for state, action in zip(State, actions, strict=True):
            if action != ".":
                cells[state, Event[event]] = Action[action.replace("-", "_")]
    return cells


def test_the_table_is_the_standards() -> None:
    assert printed_cells() == TABLE


def test_the_table_is_also_pynetdicoms() -> None:
    from pynetdicom.fsm import TRANSITION_TABLE

    theirs = {}
    for (event, state), action in TRANSITION_TABLE.items():
        numbers = (int(re.sub(r"\D", "", word)) for word in (state, event))
        theirs[State(next(numbers)), Event(next(numbers))] = Action[action.replace("-", "_")]
    assert theirs == TABLE


@pytest.mark.parametrize(("cell", "action"), TABLE.items(), ids=lambda value: getattr(value, "name", None))
@pytest.mark.parametrize("requestor", [True, False])
def test_every_action_leads_where_the_standard_says(
    cell: tuple[State, Event], action: Action, requestor: bool
) -> None:
    expected = LEADS_TO.get(action.name.replace("_", "-"), 9 if requestor else 10)
    assert transition(*cell, requestor=requestor) == (action, State(expected))


def test_our_own_mistakes_are_loud() -> None:
    with pytest.raises(KeyError):
        transition(State.IDLE, Event.DATA_REQUEST, requestor=True)


# What the other side and the network can do; the rest is up to us.
FROM_OUTSIDE = [event for event in Event if event.name.endswith("_RECEIVED")] + [
    Event.INVALID_PDU,
    Event.TRANSPORT_CLOSED,
]


@given(requestor=st.booleans(), data=st.data())
def test_no_peer_leads_out_of_the_table(requestor: bool, data: st.DataObject) -> None:
    state, event = State.IDLE, Event.ASSOCIATE_REQUEST if requestor else Event.TRANSPORT_INDICATED
    for _ in range(30):
        _, state = transition(state, event, requestor=requestor)
        if state is State.IDLE:
            return
        ours = [event for cell, event in TABLE if cell is state and event not in FROM_OUTSIDE]
        theirs = [Event.TRANSPORT_CLOSED] if state is State.AWAITING_TRANSPORT else FROM_OUTSIDE
        event = data.draw(st.sampled_from(ours + theirs))
