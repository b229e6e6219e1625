"""The five actions on workitems as pynetdicom asks for them (PS3.4 CC.2.1 to CC.2.3)."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from dimsetools.archive.ledger import Ledger
from dimsetools.dataset.normalized import UPS_FILTERED, UPS_GLOBAL
from tests.scp.node import Node
from tests.scp.performing import (
    CANCEL,
    CHANGE,
    LOCK,
    OTHER_LOCK,
    SUBSCRIBE,
    SUSPEND,
    UNSUBSCRIBE,
    Desk,
    Heard,
    desk,
    keeping,
)
from tests.scp.workitems import CODE, PERFORMED


@pytest.fixture
def node() -> Iterator[Node]:
    with Ledger(None) as ledger, keeping(ledger, "FAR@127.0.0.1:1") as node:
        yield node


@pytest.fixture
def at(node: Node) -> Iterator[Desk]:
    with desk(node) as at:
        yield at


# -- change of state ----------------------------------------------------------------------------------


def test_a_workitem_is_claimed_performed_and_completed(at: Desk) -> None:
    at.create()
    assert at.change("COMPLETED") == 0xC310
    assert at.change("IN PROGRESS") == 0
    assert at.state() == "IN PROGRESS"
    assert at.change("IN PROGRESS") == 0xC302
    assert at.change("IN PROGRESS", OTHER_LOCK) == 0xC301
    assert at.change("COMPLETED", OTHER_LOCK) == 0xC301
    assert at.change("COMPLETED") == 0xC304
    assert at.comment == "UnifiedProcedureStepPerformedProcedureSequence without a value"
    assert at.set(UnifiedProcedureStepPerformedProcedureSequence=[PERFORMED], TransactionUID=LOCK) == 0
    assert at.state() == "IN PROGRESS"
    assert at.change("COMPLETED") == 0
    assert at.state() == "COMPLETED"
    assert at.change("COMPLETED") == 0xB306
    assert at.change("COMPLETED", OTHER_LOCK) == 0xC301
    assert at.change("CANCELED") == 0xC300
    assert at.change("IN PROGRESS") == 0xC300


@pytest.mark.parametrize("missing", PERFORMED)
def test_what_a_workitem_lacks_keeps_it_from_being_completed(at: Desk, missing: str) -> None:
    at.create()
    at.change("IN PROGRESS")
    made = {name: value for name, value in PERFORMED.items() if name != missing}
    status = at.set(UnifiedProcedureStepPerformedProcedureSequence=[made], TransactionUID=LOCK)
    assert status == (0x0120 if missing == "OutputInformationSequence" else 0)
    assert at.change("COMPLETED") == 0xC304
    assert at.state() == "IN PROGRESS"


def test_a_performer_may_cancel_without_a_word(at: Desk) -> None:
    at.create()
    assert at.change("CANCELED") == 0xC310
    at.change("IN PROGRESS")
    assert at.change("CANCELED", OTHER_LOCK) == 0xC301
    assert at.change("CANCELED") == 0
    (told,) = at.get()[1].ProcedureStepProgressInformationSequence
    assert told.ProcedureStepCancellationDateTime
    assert told.ProcedureStepDiscontinuationReasonCodeSequence[0].CodeValue == "110513"
    assert at.change("CANCELED") == 0xB304
    assert at.change("COMPLETED") == 0xC300


def test_what_a_performer_says_of_the_reason_stands(at: Desk) -> None:
    at.create()
    at.change("IN PROGRESS")
    said = {"ReasonForCancellation": "Scanner down", "ProcedureStepProgress": "40"}
    at.set(ProcedureStepProgressInformationSequence=[said], TransactionUID=LOCK)
    assert at.change("CANCELED") == 0
    (told,) = at.get()[1].ProcedureStepProgressInformationSequence
    assert (told.ReasonForCancellation, told.ProcedureStepProgress) == ("Scanner down", 40)
    assert told.ProcedureStepDiscontinuationReasonCodeSequence[0].CodeValue == "110513"


@pytest.mark.parametrize(
    ("state", "lock", "status"),
    [
        ("SCHEDULED", LOCK, 0xC303),
        ("DONE", LOCK, 0x0115),
        ("", LOCK, 0x0115),
        ("IN PROGRESS", "", 0xC301),
    ],
)
def test_what_no_change_of_state_is(at: Desk, state: str, lock: str, status: int) -> None:
    at.create()
    assert at.change(state, lock) == status
    assert at.state() == "SCHEDULED"


def test_of_two_that_claim_a_workitem_at_once_one_wins(node: Node, at: Desk) -> None:
    at.create()
    start = threading.Barrier(2)
    outcomes: dict[str, int] = {}

    def claim(lock: str) -> None:
        with desk(node, lock.replace(".", "")) as performer:
            start.wait(10)
            outcomes[lock] = performer.change("IN PROGRESS", lock)

    threads = [threading.Thread(target=claim, args=(lock,)) for lock in (LOCK, OTHER_LOCK)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(outcomes.values()) == [0, 0xC301]
    (winner,) = (lock for lock, status in outcomes.items() if status == 0)
    assert at.set(ProcedureStepLabel="Mine", TransactionUID=winner) == 0


# -- request for cancellation -------------------------------------------------------------------------


def test_a_workitem_that_nobody_has_claimed_is_canceled(at: Desk) -> None:
    at.create()
    told: dict[str, Any] = {
        "ReasonForCancellation": "Patient left",
        "ProcedureStepDiscontinuationReasonCodeSequence": [CODE],
        "ContactURI": "tel:+49301234",
        "ContactDisplayName": "Desk",
    }
    assert at.act(CANCEL, **told) == 0
    data = at.get()[1]
    assert data.ProcedureStepState == "CANCELED"
    (item,) = data.ProcedureStepProgressInformationSequence
    assert item.ReasonForCancellation == "Patient left"
    assert item.ProcedureStepDiscontinuationReasonCodeSequence[0].CodeValue == CODE["CodeValue"]
    assert item.ProcedureStepCommunicationsURISequence[0].ContactURI == "tel:+49301234"
    assert item.ProcedureStepCancellationDateTime
    assert at.act(CANCEL) == 0xB304
    assert at.change("IN PROGRESS") == 0xC301


def test_a_request_that_nobody_would_hear_of_is_refused(at: Desk) -> None:
    at.create()
    at.change("IN PROGRESS")
    assert at.act(CANCEL) == 0xC312
    assert at.state() == "IN PROGRESS"
    at.subscribe("FAR")
    assert at.act(CANCEL) == 0
    assert at.state() == "IN PROGRESS"


def test_what_is_completed_is_not_canceled(at: Desk) -> None:
    at.create()
    at.change("IN PROGRESS")
    at.set(UnifiedProcedureStepPerformedProcedureSequence=[PERFORMED], TransactionUID=LOCK)
    at.change("COMPLETED")
    assert at.act(CANCEL) == 0xC311
    assert at.act(CANCEL, "1.2.3") == 0xC307
    wrong: dict[str, Any] = {"ProcedureStepDiscontinuationReasonCodeSequence": [{"CodeValue": "1"}]}
    assert at.act(CANCEL, **wrong) == 0x0115


# -- subscriptions ------------------------------------------------------------------------------------


def test_only_who_can_be_told_is_subscribed(node: Node, at: Desk) -> None:
    at.create()
    assert at.subscribe("NOBODY") == 0xC308
    assert at.subscribe("NOBODY", UPS_GLOBAL) == 0xC308
    assert at.subscribe("FAR") == 0
    heard = Heard()
    with desk(node, "NEAR", heard) as near:
        assert at.subscribe("NEAR") == 0
        assert near.subscribe("FAR", UPS_GLOBAL) == 0
        assert heard.next().number == 1


@pytest.mark.parametrize("number", [SUBSCRIBE, UNSUBSCRIBE, SUSPEND])
@pytest.mark.parametrize(
    "given", [{}, {"ReceivingAE": "", "DeletionLock": "TRUE"}, {"ReceivingAE": "FAR", "DeletionLock": "YES"}]
)
def test_what_is_missing_in_the_information_of_an_action(
    at: Desk, number: int, given: dict[str, Any]
) -> None:
    told = given.get("ReceivingAE") and number != SUBSCRIBE  # the lock is of no concern to the others
    assert at.act(number, UPS_GLOBAL, **given) == (0 if told else 0x0115)


def test_what_instances_the_actions_are_for(at: Desk) -> None:
    at.create()
    assert at.subscribe("FAR", "1.2.3") == 0xC307
    assert at.act(UNSUBSCRIBE, "1.2.3", ReceivingAE="FAR") == 0xC307
    assert at.act(UNSUBSCRIBE, ReceivingAE="NEVER-WAS") == 0
    assert at.act(SUSPEND, ReceivingAE="FAR") == 0xC314
    assert at.act(SUSPEND, "1.2.3", ReceivingAE="FAR") == 0xC307
    assert at.act(SUSPEND, UPS_GLOBAL, ReceivingAE="FAR") == 0
    assert at.act(CHANGE, UPS_GLOBAL, ProcedureStepState="IN PROGRESS", TransactionUID=LOCK) == 0xC307
    assert at.subscribe("FAR", UPS_FILTERED) == 0x0115
    assert at.subscribe("FAR", UPS_FILTERED, WorklistLabel="Reading") == 0
