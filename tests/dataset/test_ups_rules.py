"""The attribute table of unified procedure steps: what is demanded and refused when."""

from __future__ import annotations

from typing import Any

import pytest

from dimsetools.dataset.dictionary import keyword_of
from dimsetools.dataset.flat import from_flat
from dimsetools.dataset.requirements import fault
from dimsetools.dataset.ups_rules import (
    CANCEL,
    COMPLETE,
    CREATE,
    SUBSCRIBE,
    fault_of_change,
    fault_of_creation,
)
from tests.scp.workitems import CODE, PERFORMED, scheduled

MISSING, EMPTY, INVALID, TOO_MUCH = 0x0120, 0x0121, 0x0106, 0x0105


def test_the_least_that_may_be_created() -> None:
    assert fault_of_creation(scheduled()) is None


@pytest.mark.parametrize("keyword", [keyword_of(row.tag) for row in CREATE if row.usage in ("1", "2")])
def test_what_has_to_be_there_at_the_creation(keyword: str) -> None:
    found = fault_of_creation(scheduled(**{keyword: None}))
    assert found is not None
    assert (found.status, [keyword_of(tag) for tag in found.tags]) == (MISSING, [keyword])


@pytest.mark.parametrize(
    ("given", "status", "blamed"),
    [
        ({"ProcedureStepLabel": ""}, EMPTY, "ProcedureStepLabel"),
        ({"ScheduledProcedureStepStartDateTime": ""}, EMPTY, "ScheduledProcedureStepStartDateTime"),
        ({"ScheduledProcedureStepStartDateTime": "20261301"}, INVALID, "ScheduledProcedureStepStartDateTime"),
        ({"ScheduledProcedureStepPriority": "STAT"}, INVALID, "ScheduledProcedureStepPriority"),
        ({"InputReadinessState": "MAYBE"}, INVALID, "InputReadinessState"),
        ({"TransactionUID": "1.2.3"}, INVALID, "TransactionUID"),
        (
            {"UnifiedProcedureStepPerformedProcedureSequence": [PERFORMED]},
            INVALID,
            "UnifiedProcedureStepPerformedProcedureSequence",
        ),
        (
            {"ProcedureStepProgressInformationSequence": [{}]},
            INVALID,
            "ProcedureStepProgressInformationSequence",
        ),
        ({"ScheduledWorkitemCodeSequence": [{"CodeValue": "1"}]}, MISSING, "CodeMeaning"),
        ({"ScheduledStationNameCodeSequence": [CODE | {"CodeMeaning": ""}]}, EMPTY, "CodeMeaning"),
        ({"ScheduledHumanPerformersSequence": []}, None, ""),
        (
            {"ScheduledHumanPerformersSequence": [{"HumanPerformerName": "A"}]},
            MISSING,
            "HumanPerformerCodeSequence",
        ),
        ({"InputInformationSequence": [{"TypeOfInstances": "DICOM"}]}, MISSING, "ReferencedSOPSequence"),
        ({"ReferencedRequestSequence": [{"AccessionNumber": "1"}]}, MISSING, "StudyInstanceUID"),
        ({"ExpectedCompletionDateTime": "tomorrow"}, INVALID, "ExpectedCompletionDateTime"),
        ({"PatientWeight": "70", "SpecialNeeds": ""}, None, ""),
    ],
)
def test_what_may_be_in_a_creation(given: dict[str, Any], status: int | None, blamed: str) -> None:
    found = fault_of_creation(scheduled(**given))
    if status is None:
        assert found is None
    else:
        assert found is not None
        assert found.status == status
        assert blamed in map(keyword_of, found.tags)
        assert blamed in found.comment


@pytest.mark.parametrize(
    ("given", "status", "blamed"),
    [
        ({"ProcedureStepLabel": "Read it soon", "TransactionUID": "1.2"}, None, ""),
        ({"UnifiedProcedureStepPerformedProcedureSequence": [PERFORMED]}, None, ""),
        ({"ProcedureStepProgressInformationSequence": [{"ProcedureStepProgress": "50"}]}, None, ""),
        ({"CommentsOnTheScheduledProcedureStep": ""}, None, ""),
        ({"ProcedureStepState": "COMPLETED"}, TOO_MUCH, "ProcedureStepState"),
        ({"PatientName": "Roe^Rob"}, TOO_MUCH, "PatientName"),
        ({"PatientID": ""}, TOO_MUCH, "PatientID"),
        ({"ReferencedRequestSequence": []}, TOO_MUCH, "ReferencedRequestSequence"),
        ({"InputReadinessState": ""}, EMPTY, "InputReadinessState"),
        ({"ScheduledProcedureStepPriority": "STAT"}, INVALID, "ScheduledProcedureStepPriority"),
        (
            {
                "UnifiedProcedureStepPerformedProcedureSequence": [
                    {"PerformedProcedureStepStartDateTime": "8"}
                ]
            },
            MISSING,
            "OutputInformationSequence",
        ),
        (
            {
                "ProcedureStepProgressInformationSequence": [
                    {"ProcedureStepCommunicationsURISequence": [{"ContactDisplayName": "A"}]}
                ]
            },
            MISSING,
            "ContactURI",
        ),
    ],
)
def test_what_may_be_changed(given: dict[str, Any], status: int | None, blamed: str) -> None:
    found = fault_of_change(from_flat(given))
    if status is None:
        assert found is None
    else:
        assert found is not None
        assert (found.status, [keyword_of(tag) for tag in found.tags]) == (status, [blamed])


ENDED = {
    "SOPClassUID": "1.2",
    "SOPInstanceUID": "1.3",
    "ScheduledProcedureStepModificationDateTime": "2026",
    "UnifiedProcedureStepPerformedProcedureSequence": [PERFORMED],
    "ProcedureStepProgressInformationSequence": [
        {
            "ProcedureStepCancellationDateTime": "20260301",
            "ProcedureStepDiscontinuationReasonCodeSequence": [CODE],
        }
    ],
}
FINAL = (
    "SOPClassUID", "SOPInstanceUID", "ProcedureStepState", "InputReadinessState",
    "ScheduledProcedureStepPriority", "ScheduledProcedureStepModificationDateTime",
    "ScheduledProcedureStepStartDateTime",
)  # fmt: skip


@pytest.mark.parametrize("keyword", FINAL)
def test_what_both_final_states_need(keyword: str) -> None:
    for rules in (COMPLETE, CANCEL):
        assert fault(scheduled(**ENDED), rules) is None
        found = fault(scheduled(**(ENDED | {keyword: ""})), rules)
        assert found is not None
        assert [keyword_of(tag) for tag in found.tags] == [keyword]


@pytest.mark.parametrize("keyword", PERFORMED)
def test_what_only_completion_needs(keyword: str) -> None:
    left = {name: value for name, value in PERFORMED.items() if name != keyword}
    short = scheduled(**(ENDED | {"UnifiedProcedureStepPerformedProcedureSequence": [left]}))
    found = fault(short, COMPLETE)
    assert found is not None
    assert [keyword_of(tag) for tag in found.tags] == [keyword]
    assert fault(short, CANCEL) is None


def test_what_only_cancellation_needs() -> None:
    short = scheduled(**(ENDED | {"ProcedureStepProgressInformationSequence": [{}]}))
    found = fault(short, CANCEL)
    assert found is not None
    assert [keyword_of(tag) for tag in found.tags] == [
        "ProcedureStepCancellationDateTime",
        "ProcedureStepDiscontinuationReasonCodeSequence",
    ]
    assert fault(short, COMPLETE) is None


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"ReceivingAE": "WATCHER", "DeletionLock": "TRUE"}, None),
        ({"DeletionLock": "TRUE"}, "ReceivingAE missing"),
        ({"ReceivingAE": "", "DeletionLock": "TRUE"}, "ReceivingAE without a value"),
        ({"ReceivingAE": "WATCHER"}, "DeletionLock missing"),
        ({"ReceivingAE": "WATCHER", "DeletionLock": "YES"}, "DeletionLock has an invalid value"),
    ],
)
def test_what_a_subscription_needs(given: dict[str, Any], said: str | None) -> None:
    found = fault(from_flat(given), SUBSCRIBE)
    assert (found and found.comment) == said
