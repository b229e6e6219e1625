from __future__ import annotations

from datetime import datetime

from dimsetools.dataset.codes import REASON, coded
from dimsetools.dataset.flat import flat, from_flat
from dimsetools.dataset.requirements import fault
from dimsetools.dataset.ups_rules import COMPLETE, fault_of_change, fault_of_creation
from dimsetools.dataset.workitem import (
    begun,
    cancelled,
    of_objects,
    performed,
    progress,
    pushed,
    references,
    request_to_cancel,
    state,
    subscription,
)

NOW = datetime(2026, 3, 1, 14, 5, 6)  # noqa: DTZ001  # moments of steps are local
HEADERS = [
    from_flat(
        {
            "SOPClassUID": "1.2",
            "SOPInstanceUID": f"1.2.{number}",
            "PatientName": "Doe",
            "StudyInstanceUID": "1.3",
            "SeriesInstanceUID": f"1.4.{number % 2}",
        }
    )
    for number in range(3)
]


def test_of_nothing_comes_what_the_table_of_creation_wants() -> None:
    step = pushed({}, NOW)
    assert fault_of_creation(step) is None
    assert flat(step)["ScheduledProcedureStepStartDateTime"] == "20260301140506"


def test_objects_say_whose_they_are_and_where_they_can_be_fetched() -> None:
    step = pushed(of_objects(HEADERS, "PACS"), NOW)
    assert fault_of_creation(step) is None
    assert flat(step)["PatientName"] == "Doe"
    inputs = flat(step)["InputInformationSequence"]
    assert isinstance(inputs, list)
    assert [len(one["ReferencedSOPSequence"]) for one in inputs] == [2, 1]
    assert fault_of_creation(pushed(of_objects(HEADERS, ""), NOW)) is None
    assert of_objects([], "PACS") == {}


def test_a_step_is_called_after_its_work_unless_it_has_a_name() -> None:
    work = {"ScheduledWorkitemCodeSequence": [{"CodeValue": "1", "CodeMeaning": "Segment"}]}
    assert flat(pushed(from_flat(work), NOW))["ProcedureStepLabel"] == "Segment"
    assert flat(pushed(from_flat(work | {"ProcedureStepLabel": "x"}), NOW))["ProcedureStepLabel"] == "x"


def test_what_only_the_scp_gives_is_not_sent() -> None:
    found = from_flat({"SOPInstanceUID": "1.2", "ScheduledProcedureStepModificationDateTime": "2026"})
    assert not pushed(found, NOW).keys() & found.keys()


def test_changes_keep_to_the_table_and_the_performed_procedure_is_enough_to_complete() -> None:
    done = performed("1.2.3", {}, "ME", references(HEADERS, "PACS"), NOW)
    for change in (
        begun("1.2.3", NOW),
        done,
        progress("1.2.3", {}, 50, "half"),
        cancelled("1.2.3", {}, "why", coded(REASON), NOW),
    ):
        assert fault_of_change(change) is None
        assert flat(change)["TransactionUID"] == "1.2.3"
    kept = [rule for rule in COMPLETE if rule.items]
    assert fault(done, kept) is None


def test_what_the_step_says_of_the_performed_procedure_stays() -> None:
    known = from_flat(
        {
            "UnifiedProcedureStepPerformedProcedureSequence": [
                {"PerformedProcedureStepStartDateTime": "2025", "PerformedProcedureStepEndDateTime": "2025"}
            ]
        }
    )
    made = flat(performed("1.2.3", known, "ME", (), NOW))
    items = made["UnifiedProcedureStepPerformedProcedureSequence"]
    assert isinstance(items, list)
    item = items[0]
    assert item["PerformedProcedureStepStartDateTime"] == "2025"
    assert item["PerformedProcedureStepEndDateTime"] == "20260301140506"
    assert item["OutputInformationSequence"] == []


def test_information_of_actions() -> None:
    assert flat(state("COMPLETED", "1.2")) == {"TransactionUID": "1.2", "ProcedureStepState": "COMPLETED"}
    assert flat(subscription("ME", lock=True)) == {"DeletionLock": "TRUE", "ReceivingAE": "ME"}
    assert flat(subscription("ME")) == {"ReceivingAE": "ME"}
    assert request_to_cancel(None, None) == {}
    assert flat(request_to_cancel("why", None)) == {"ReasonForCancellation": "why"}
