"""Workitems as pynetdicom creates, changes and reads them (PS3.4 CC.2.5 to CC.2.7)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from dimsetools.archive.ledger import Ledger
from dimsetools.dataset.normalized import UPS_EVENT, UPS_GLOBAL, UPS_PULL, UPS_PUSH, UPS_QUERY, UPS_WATCH
from tests.scp.node import Node
from tests.scp.performing import LOCK, OTHER_LOCK, UID, Desk, desk, keeping
from tests.scp.workitems import PERFORMED

STATE, TRANSACTION, LABEL, WORKLIST = 0x00741000, 0x00081195, 0x00741204, 0x00741202


@pytest.fixture
def node() -> Iterator[Node]:
    with Ledger(None) as ledger, keeping(ledger) as node:
        yield node


@pytest.fixture
def at(node: Node) -> Iterator[Desk]:
    with desk(node) as at:
        yield at


# -- N-CREATE -----------------------------------------------------------------------------------------


def test_a_workitem_is_created_and_read(at: Desk, node: Node) -> None:
    assert at.create(PatientName="Müller^Ä", SpecificCharacterSet="ISO_IR 100") == 0
    status, data = at.get()
    assert status == 0
    assert (data.SOPClassUID, data.SOPInstanceUID) == (UPS_PUSH, UID)
    assert data.ProcedureStepState == "SCHEDULED"
    assert str(data.PatientName) == "Müller^Ä"
    assert data.ScheduledWorkitemCodeSequence[0].CodeMeaning == "Interpretation"
    assert data.ScheduledProcedureStepModificationDateTime
    assert data.AdmissionID == ""
    assert "TransactionUID" not in data
    record = node.log.wait("normalized")[0]
    assert (record["_service"], record["_status"]) == ("N-CREATE", "0000")
    assert record["ProcedureStepState"] == "SCHEDULED"


def test_a_workitem_without_a_uid_is_given_one(at: Desk) -> None:
    assert at.create(None) == 0
    (found,) = at.find(SOPInstanceUID="", ProcedureStepState="SCHEDULED")
    assert str(found.SOPInstanceUID).startswith("2.25.")


def test_a_worklist_without_a_label_is_that_of_the_node(at: Desk) -> None:
    assert at.create(WorklistLabel="") == 0
    assert at.get(WORKLIST)[1].WorklistLabel == "ANY-SCP"


def test_what_the_data_set_says_of_its_instance_may_be_said(at: Desk) -> None:
    assert at.create(SOPClassUID=UPS_PUSH, SOPInstanceUID=UID) == 0
    assert at.create("1.2.3", SOPInstanceUID=UID) == 0x0106


@pytest.mark.parametrize(
    ("given", "status", "said"),
    [
        ({"ProcedureStepState": "IN PROGRESS"}, 0xC309, "SCHEDULED"),
        ({"ProcedureStepState": ""}, 0x0121, "ProcedureStepState"),
        ({"ProcedureStepState": None}, 0x0120, "ProcedureStepState"),
        (
            {"PatientBirthDate": None, "ProcedureStepLabel": None},
            0x0120,
            "ProcedureStepLabel, PatientBirthDate",
        ),
        ({"TransactionUID": LOCK}, 0x0106, "TransactionUID"),
        ({"UnifiedProcedureStepPerformedProcedureSequence": [PERFORMED]}, 0x0106, "must be empty"),
    ],
)
def test_what_is_not_created(at: Desk, given: dict[str, Any], status: int, said: str) -> None:
    assert at.create(**given) == status
    assert said in at.comment
    assert at.get()[0] == 0xC307


def test_a_uid_is_taken_once(at: Desk) -> None:
    assert at.create() == 0
    assert at.create(ProcedureStepLabel="Another") == 0x0111
    assert at.create(UPS_GLOBAL) == 0x0111
    assert at.get(LABEL)[1].ProcedureStepLabel == "Read it"


# -- N-SET --------------------------------------------------------------------------------------------


def test_before_its_claim_anybody_may_change_a_workitem(at: Desk) -> None:
    at.create()
    assert at.set(ProcedureStepLabel="Read it soon", ScheduledProcedureStepPriority="HIGH") == 0
    data = at.get()[1]
    assert (data.ProcedureStepLabel, data.ScheduledProcedureStepPriority) == ("Read it soon", "HIGH")
    assert at.set(ProcedureStepLabel="Mine", TransactionUID=LOCK) == 0xC310


def test_after_its_claim_only_its_performer_may(at: Desk) -> None:
    at.create()
    at.change("IN PROGRESS")
    assert at.set(ProcedureStepLabel="Not mine") == 0xC301
    assert at.set(ProcedureStepLabel="Not mine", TransactionUID=OTHER_LOCK) == 0xC301
    assert at.comment == "not the Transaction UID of its performer"
    assert at.set(ProcedureStepLabel="Mine", TransactionUID=LOCK) == 0
    data = at.get()[1]
    assert data.ProcedureStepLabel == "Mine"
    assert "TransactionUID" not in data


def test_a_change_is_made_as_a_whole_or_not(at: Desk) -> None:
    at.create()
    assert at.set(ProcedureStepLabel="Half", PatientName="Roe^Rob") == 0x0105
    assert at.comment == "PatientName may not be sent"
    assert at.set(ProcedureStepLabel="Half", ProcedureStepState="COMPLETED") == 0x0105
    data = at.get()[1]
    assert (data.ProcedureStepLabel, str(data.PatientName)) == ("Read it", "Doe^Jane")
    assert data.ProcedureStepState == "SCHEDULED"


@pytest.mark.parametrize("end", ["COMPLETED", "CANCELED"])
def test_after_its_end_nobody_may_change_a_workitem(at: Desk, end: str) -> None:
    at.create()
    at.change("IN PROGRESS")
    at.set(UnifiedProcedureStepPerformedProcedureSequence=[PERFORMED], TransactionUID=LOCK)
    assert at.change(end) == 0
    assert at.set(ProcedureStepLabel="Late", TransactionUID=LOCK) == 0xC300
    assert at.comment == f"it is {end}"


def test_a_workitem_that_does_not_exist_is_not_changed(at: Desk) -> None:
    assert at.set(ProcedureStepLabel="What") == 0xC307
    assert at.change("IN PROGRESS") == 0xC307


# -- N-GET --------------------------------------------------------------------------------------------


def test_only_what_was_named_is_read(at: Desk) -> None:
    at.create()
    status, data = at.get(STATE, LABEL, 0x00080005)
    assert status == 0
    assert set(data.keys()) == {STATE, LABEL}


def test_the_lock_is_never_told(at: Desk) -> None:
    at.create()
    at.change("IN PROGRESS")
    status, data = at.get(TRANSACTION, STATE)
    assert status == 0x0001
    assert set(data.keys()) == {STATE}
    assert not any(TRANSACTION in found for found in at.find(TransactionUID="", ProcedureStepState=""))


# -- what goes where ----------------------------------------------------------------------------------


@pytest.mark.parametrize("context", [UPS_PULL, UPS_WATCH, UPS_QUERY])
def test_workitems_are_created_under_push_only(at: Desk, context: str) -> None:
    assert at.create(context=context) == 0x0211
    assert at.comment == "N-CREATE of a workitem goes under UPS Push"


def test_other_requests_have_their_sop_classes_too(node: Node, at: Desk) -> None:
    at.create()
    assert at.set(context=UPS_WATCH, ProcedureStepLabel="A") == 0x0211
    assert at.comment == "N-SET of a workitem goes under UPS Pull"
    assert at.act(1, context=UPS_PUSH, ProcedureStepState="IN PROGRESS", TransactionUID=LOCK) == 0x0211
    assert at.act(2, context=UPS_PULL) == 0x0211
    assert at.comment == "N-ACTION 2 of a workitem goes under UPS Push or Watch"
    assert at.act(2, context=UPS_WATCH) == 0
    assert [record["_status"] for record in node.log.wait("normalized", 5)][1:4] == ["0211"] * 3


def test_there_are_five_actions(at: Desk) -> None:
    at.create()
    assert at.act(6) == 0x0123
    assert at.act(0) == 0x0123
    assert UPS_EVENT not in {context.abstract_syntax for context in at.association.accepted_contexts}
