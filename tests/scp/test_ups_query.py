"""Workitems as queries find them (PS3.4 CC.2.8)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from dimsetools.archive.ledger import Ledger
from dimsetools.dataset.flat import from_flat
from dimsetools.dataset.normalized import UPS_PULL, UPS_PUSH, UPS_QUERY, UPS_WATCH
from dimsetools.scp.identifiers import Asked
from dimsetools.scp.query import Negotiated
from dimsetools.scp.ups_query import UpsAnswers
from tests.scp.performing import Desk, desk, keeping
from tests.scp.workitems import CODE, STATION

OTHER = {"CodeValue": "WS2", "CodingSchemeDesignator": "99LOCAL", "CodeMeaning": "Workstation 2"}


@pytest.fixture(scope="module")
def at() -> Iterator[Desk]:
    with Ledger(None) as ledger, keeping(ledger) as node, desk(node) as at:
        at.create("1.1", ScheduledStationNameCodeSequence=[STATION])
        at.create(
            "1.2",
            PatientName="Roe^Rob",
            ScheduledProcedureStepPriority="HIGH",
            ScheduledProcedureStepStartDateTime="20260305120000",
            ScheduledStationNameCodeSequence=[STATION, OTHER],
        )
        at.create("1.3", WorklistLabel="Planning", ScheduledProcedureStepStartDateTime="20260401")
        at.change("IN PROGRESS", uid="1.2")
        yield at


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({}, ["1.1", "1.2", "1.3"]),
        ({"ProcedureStepState": "SCHEDULED"}, ["1.1", "1.3"]),
        ({"ProcedureStepState": ["SCHEDULED", "IN PROGRESS"]}, ["1.1", "1.2", "1.3"]),
        ({"ProcedureStepState": "COMPLETED"}, []),
        ({"PatientName": "roe*"}, ["1.2"]),
        ({"WorklistLabel": "Reading", "ScheduledProcedureStepPriority": "HIGH"}, ["1.2"]),
        ({"ScheduledProcedureStepStartDateTime": "20260301-20260331"}, ["1.1", "1.2"]),
        ({"ScheduledProcedureStepStartDateTime": "20260302-"}, ["1.2", "1.3"]),
        ({"ScheduledStationNameCodeSequence": [{"CodeValue": "WS2"}]}, ["1.2"]),
        ({"ScheduledStationNameCodeSequence": [{"CodeValue": "WS1"}]}, ["1.1", "1.2"]),
        ({"SOPInstanceUID": ["1.1", "1.3"]}, ["1.1", "1.3"]),
        ({"SOPInstanceUID": ["1.3", "1.9", "1.3"], "ProcedureStepState": "SCHEDULED"}, ["1.3"]),
        ({"SOPInstanceUID": "1.2", "ProcedureStepState": "SCHEDULED"}, []),
        ({"SOPClassUID": UPS_PUSH, "TransactionUID": "1.2.3"}, ["1.1", "1.2", "1.3"]),
    ],
)
@pytest.mark.parametrize("model", [UPS_PULL, UPS_WATCH, UPS_QUERY])
def test_workitems_are_found(at: Desk, model: str, keys: dict[str, Any], expected: list[str]) -> None:
    found = at.find(model, **{"SOPInstanceUID": "", **keys})
    assert [str(one.SOPInstanceUID) for one in found] == expected


def test_what_was_asked_for_is_answered(at: Desk) -> None:
    (found,) = at.find(
        SOPInstanceUID="1.1",
        SOPClassUID="",
        TransactionUID="",
        AdmissionID="",
        ExpectedCompletionDateTime="",
        ScheduledWorkitemCodeSequence=[{"CodeValue": "", "CodeMeaning": ""}],
    )
    assert found.SOPClassUID == UPS_PUSH
    assert [found.AdmissionID, found.ExpectedCompletionDateTime] == ["", ""]
    (code,) = found.ScheduledWorkitemCodeSequence
    assert [code.CodeValue, code.CodeMeaning] == [CODE["CodeValue"], CODE["CodeMeaning"]]
    assert "TransactionUID" not in found
    assert "CodingSchemeDesignator" not in code


def test_a_workitem_that_is_named_is_found_without_a_look_at_the_others(
    at: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Ledger, "entries", None)
    (found,) = at.find(SOPInstanceUID="1.2", PatientName="")
    assert found.PatientName == "Roe^Rob"


def test_without_a_key_nothing_is_found_and_who_has_given_up_gets_no_more() -> None:
    with Ledger(None) as ledger, keeping(ledger) as node, desk(node) as at:
        at.create("1.1")
        at.create("1.2")
        answers = UpsAnswers(ledger)

        def found(given_up: bool, **keys: object) -> int:
            asked = Asked("", from_flat(keys), ())
            return len(list(answers.find(asked, Negotiated(), lambda: given_up)))

        assert found(False, SOPInstanceUID="") == 2
        assert found(True, SOPInstanceUID="") == 0
        assert found(False) == found(False, TransactionUID="") == 0
