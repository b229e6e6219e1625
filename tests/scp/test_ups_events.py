"""What subscribers hear of workitems, on associations of theirs and of the node's (PS3.4 CC.2.3, CC.2.4)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from dimsetools.archive.ledger import Ledger
from dimsetools.dataset.attributes import Attributes
from dimsetools.dataset.flat import flat
from dimsetools.dataset.normalized import UPS_FILTERED, UPS_GLOBAL
from dimsetools.scp import posts
from tests.scp.node import LIMIT, Node
from tests.scp.performing import (
    CANCEL,
    LOCK,
    SUSPEND,
    UID,
    UNSUBSCRIBE,
    Desk,
    Event,
    Heard,
    desk,
    keeping,
    watcher,
)
from tests.scp.workitems import CODE, PERFORMED, STATION

STATE, REQUESTED, PROGRESS, STATUS, ASSIGNED = range(1, 6)
READY = {"InputReadinessState": "READY"}


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    with Ledger(None) as ledger:
        yield ledger


@pytest.fixture
def node(ledger: Ledger) -> Iterator[Node]:
    with keeping(ledger) as node:
        yield node


@pytest.fixture
def at(node: Node) -> Iterator[Desk]:
    with desk(node) as at:
        yield at


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def near(node: Node, heard: Heard) -> Iterator[Desk]:
    """A watcher that takes reports on its own association."""
    with desk(node, "NEAR", heard) as near:
        yield near


def told(event: Event) -> tuple[int, str, dict[str, object]]:
    return event.number, event.uid, plain(event.data)


def plain(data: Attributes) -> dict[str, object]:
    return {name: value for name, value in flat(data).items() if name != "SpecificCharacterSet"}


def states(heard: Heard, count: int) -> list[tuple[str, str]]:
    """The workitems and states of the next reports, all of which are state reports."""
    events = [heard.next() for _ in range(count)]
    assert {event.number for event in events} <= {STATE}
    return [(event.uid, str(flat(event.data)["ProcedureStepState"])) for event in events]


# -- one workitem -------------------------------------------------------------------------------------


def test_a_workitem_is_watched_from_its_subscription_to_its_end(near: Desk, at: Desk, heard: Heard) -> None:
    at.create()
    assert near.subscribe("NEAR") == 0
    assert told(heard.next()) == (STATE, UID, {"ProcedureStepState": "SCHEDULED", **READY})
    at.change("IN PROGRESS")
    assert told(heard.next()) == (STATE, UID, {"ProcedureStepState": "IN PROGRESS", **READY})
    item = {"ProcedureStepProgress": "50", "ProcedureStepProgressDescription": "half"}
    at.set(ProcedureStepProgressInformationSequence=[item], TransactionUID=LOCK)
    assert told(heard.next()) == (
        PROGRESS,
        UID,
        {
            "ProcedureStepProgressInformationSequence": [
                {"ProcedureStepProgress": 50, "ProcedureStepProgressDescription": "half"}
            ]
        },
    )
    at.set(ProcedureStepProgressInformationSequence=[item], TransactionUID=LOCK)  # nothing new
    at.set(UnifiedProcedureStepPerformedProcedureSequence=[PERFORMED], TransactionUID=LOCK)
    at.change("COMPLETED")
    assert told(heard.next()) == (STATE, UID, {"ProcedureStepState": "COMPLETED", **READY})
    assert heard.nothing


def test_inputs_that_become_ready_and_assignments_are_told(near: Desk, at: Desk, heard: Heard) -> None:
    at.create(InputReadinessState="INCOMPLETE")
    near.subscribe("NEAR")
    assert heard.next().number == STATE
    people = [
        {"HumanPerformerCodeSequence": [CODE], "HumanPerformerName": name, "HumanPerformerOrganization": name}
        for name in ("A", "B")
    ]
    at.set(InputReadinessState="READY", ScheduledStationNameCodeSequence=[STATION])
    assert told(heard.next()) == (STATE, UID, {"ProcedureStepState": "SCHEDULED", **READY})
    assert told(heard.next()) == (ASSIGNED, UID, {"ScheduledStationNameCodeSequence": [STATION]})
    at.set(ScheduledHumanPerformersSequence=people)
    for name in ("A", "B"):
        assert told(heard.next()) == (
            ASSIGNED,
            UID,
            {
                "ScheduledStationNameCodeSequence": [STATION],
                "HumanPerformerCodeSequence": [CODE],
                "HumanPerformerOrganization": name,
            },
        )


def test_a_request_for_cancellation_reaches_the_performer(near: Desk, at: Desk, heard: Heard) -> None:
    at.create()
    near.change("IN PROGRESS")
    near.subscribe("NEAR")
    heard.next()
    given: dict[str, Any] = {
        "ReasonForCancellation": "Patient left",
        "ProcedureStepDiscontinuationReasonCodeSequence": [CODE],
        "ContactURI": "tel:1",
        "ContactDisplayName": "Desk",
    }
    assert at.act(CANCEL, **given) == 0
    assert told(heard.next()) == (REQUESTED, UID, {"RequestingAE": "PERFORMER", **given})
    assert at.act(CANCEL) == 0
    assert told(heard.next()) == (REQUESTED, UID, {"RequestingAE": "PERFORMER"})
    assert near.change("CANCELED") == 0
    number, _, data = told(heard.next())
    assert (number, data["ProcedureStepState"]) == (STATE, "CANCELED")


def test_a_cancellation_before_the_claim_is_told_as_two_changes(near: Desk, at: Desk, heard: Heard) -> None:
    at.create()
    near.subscribe("NEAR")
    heard.next()
    at.act(CANCEL, ReasonForCancellation="Patient left")
    assert told(heard.next()) == (STATE, UID, {"ProcedureStepState": "IN PROGRESS", **READY})
    number, _, data = told(heard.next())
    assert (number, data["ProcedureStepState"]) == (STATE, "CANCELED")
    assert data["ReasonForCancellation"] == "Patient left"
    assert "ProcedureStepDiscontinuationReasonCodeSequence" in data


def test_a_subscription_ends(near: Desk, at: Desk, heard: Heard) -> None:
    at.create()
    near.subscribe("NEAR")
    assert heard.next().number == STATE
    assert near.act(UNSUBSCRIBE, ReceivingAE="NEAR") == 0
    at.change("IN PROGRESS")
    near.subscribe("NEAR")
    assert states(heard, 1) == [(UID, "IN PROGRESS")]


# -- all workitems ------------------------------------------------------------------------------------


def test_a_global_subscription_with_a_lock_tells_what_there_is(near: Desk, at: Desk, heard: Heard) -> None:
    for uid in ("1.1", "1.2", "1.3"):
        at.create(uid)
    at.change("IN PROGRESS", uid="1.2")
    near.subscribe("NEAR", "1.1")
    assert states(heard, 1) == [("1.1", "SCHEDULED")]
    assert near.subscribe("NEAR", UPS_GLOBAL, lock=True) == 0
    assert states(heard, 2) == [("1.2", "IN PROGRESS"), ("1.3", "SCHEDULED")]


def test_a_global_subscription_tells_what_comes(near: Desk, at: Desk, heard: Heard) -> None:
    at.create("1.1")
    assert near.subscribe("NEAR", UPS_GLOBAL) == 0
    at.create("1.2", ScheduledStationNameCodeSequence=[STATION])
    assert told(heard.next()) == (STATE, "1.2", {"ProcedureStepState": "SCHEDULED", **READY})
    assert told(heard.next()) == (ASSIGNED, "1.2", {"ScheduledStationNameCodeSequence": [STATION]})
    at.change("IN PROGRESS", uid="1.1")
    assert states(heard, 1) == [("1.1", "IN PROGRESS")]
    assert near.act(SUSPEND, UPS_GLOBAL, ReceivingAE="NEAR") == 0
    at.create("1.3")
    at.change("IN PROGRESS", uid="1.2")
    assert states(heard, 1) == [("1.2", "IN PROGRESS")]
    assert near.act(UNSUBSCRIBE, UPS_GLOBAL, ReceivingAE="NEAR") == 0
    at.change("CANCELED", uid="1.2")
    near.subscribe("NEAR", "1.3")
    assert states(heard, 1) == [("1.3", "SCHEDULED")]


@pytest.mark.parametrize(
    ("keys", "fits", "not_"),
    [
        ({"WorklistLabel": "Read*"}, {}, {"WorklistLabel": "Planning"}),
        (
            {"ScheduledStationNameCodeSequence": [{"CodeValue": "WS1", "CodingSchemeDesignator": "99LOCAL"}]},
            {"ScheduledStationNameCodeSequence": [STATION]},
            {},
        ),
        (
            {"ScheduledProcedureStepStartDateTime": "20260301-20260302"},
            {},
            {"ScheduledProcedureStepStartDateTime": "20260401"},
        ),
    ],
)
def test_a_filtered_subscription_tells_what_matches(
    near: Desk, at: Desk, heard: Heard, keys: dict[str, Any], fits: dict[str, Any], not_: dict[str, Any]
) -> None:
    at.create("1.1", **fits)
    at.create("1.2", **not_)
    assert near.subscribe("NEAR", UPS_FILTERED, lock=True, **keys) == 0
    assert states(heard, 1) == [("1.1", "SCHEDULED")]
    at.create("1.3", **not_)
    at.create("1.4", **fits)
    assert states(heard, 1) == [("1.4", "SCHEDULED")]


# -- on associations of the node ----------------------------------------------------------------------


def test_a_watcher_is_called(ledger: Ledger, heard: Heard) -> None:
    with watcher("FAR", heard) as address, keeping(ledger, address) as node, desk(node) as at:
        at.create()
        assert at.subscribe("FAR") == 0
        assert at.change("IN PROGRESS") == 0
        assert at.act(CANCEL) == 0
        assert states(heard, 2) == [(UID, "SCHEDULED"), (UID, "IN PROGRESS")]
        assert told(heard.next()) == (REQUESTED, UID, {"RequestingAE": "PERFORMER"})
        assert node.log.wait("report-delivered", 3)[0]["_destination"] == "FAR"


def test_a_watcher_hears_later_what_it_could_not_hear(
    ledger: Ledger, heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(posts, "_FIRST_WORD", LIMIT)  # pynetdicom may be slow to work on our acceptance
    with keeping(ledger, "FAR@127.0.0.1:1") as node, desk(node) as at:
        at.create()
        assert at.subscribe("FAR") == 0
        node.log.wait("report-failed")
    assert [due.event for due in ledger.due()] == [STATE]
    with keeping(ledger) as node, desk(node, "FAR", heard) as far:
        assert far.state() == "SCHEDULED"
        assert told(heard.next()) == (STATE, UID, {"ProcedureStepState": "SCHEDULED", **READY})
        assert told(heard.next()) == (
            STATUS,
            UID,
            {
                "SCPStatus": "RESTARTED",
                "SubscriptionListStatus": "WARM START",
                "UnifiedProcedureStepListStatus": "WARM START",
            },
        )
        node.log.wait("report-delivered", 2)  # pynetdicom cannot answer once it asks for release


def test_who_watches_everything_is_told_once_of_a_restart(ledger: Ledger, heard: Heard) -> None:
    with keeping(ledger) as node, desk(node, "NEAR", heard) as near:
        near.create("1.1")
        near.create("1.2")
        near.subscribe("NEAR", UPS_GLOBAL)
    with keeping(ledger):
        assert [(due.event, due.sop_instance) for due in ledger.due()] == [(STATUS, UPS_GLOBAL)]
