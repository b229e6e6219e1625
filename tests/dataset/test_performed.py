from __future__ import annotations

from datetime import datetime

import pytest

from dimsetools.dataset.attributes import Attributes
from dimsetools.dataset.flat import flat, from_flat
from dimsetools.dataset.mpps_rules import CREATE, FINAL, SET
from dimsetools.dataset.performed import begun, empty_series, ended, overlaid, performed_series
from dimsetools.dataset.requirements import fault
from dimsetools.errors import UsageError

NOW = datetime(2026, 3, 1, 14, 5, 6)  # noqa: DTZ001  # dates of studies are local
ITEM = from_flat(
    {
        "PatientName": "Doe^Jane",
        "PatientID": "P1",
        "IssuerOfPatientID": "HIS",
        "StudyInstanceUID": "1.2.3",
        "AccessionNumber": "A1",
        "RequestedProcedureID": "R1",
        "RequestedProcedureCodeSequence": [{"CodeValue": "C1", "CodeMeaning": "x"}],
        "ScheduledProcedureStepSequence": [
            {"Modality": "CT", "ScheduledProcedureStepID": "S1", "ScheduledProcedureStepLocation": "Room 1"},
            {"Modality": "CT", "ScheduledProcedureStepID": "S2"},
        ],
    }
)


def _begun(source: Attributes) -> dict[str, object]:
    return flat(begun(source, "ME", NOW, "1.2.9"))


def _first(items: object) -> dict[str, object]:
    assert isinstance(items, list)
    item = items[0]
    assert isinstance(item, dict)
    return item


def test_a_worklist_item_is_found_again_in_the_step() -> None:
    step = _begun(ITEM)
    assert (step["PatientName"], step["IssuerOfPatientID"]) == ("Doe^Jane", "HIS")
    assert (step["Modality"], step["StudyID"], step["PerformedLocation"]) == ("CT", "R1", "Room 1")
    assert step["ProcedureCodeSequence"] == [{"CodeValue": "C1", "CodeMeaning": "x"}]
    assert (step["PerformedProcedureStepStartDate"], step["PerformedProcedureStepStartTime"]) == (
        "20260301",
        "140506",
    )
    scheduled = step["ScheduledStepAttributesSequence"]
    assert isinstance(scheduled, list)
    assert [item["ScheduledProcedureStepID"] for item in scheduled] == ["S1", "S2"]
    assert {(item["StudyInstanceUID"], item["AccessionNumber"]) for item in scheduled} == {("1.2.3", "A1")}


def test_the_header_of_an_image_knows_the_request_and_when_the_step_began() -> None:
    header = from_flat(
        {
            "Modality": "MR",
            "StudyInstanceUID": "1.2.3",
            "StudyID": "7",
            "SeriesDate": "20260102",
            "SeriesTime": "0304",
            "RequestAttributesSequence": [{"RequestedProcedureID": "R1", "ScheduledProcedureStepID": "S1"}],
        }
    )
    step = _begun(header)
    assert (step["StudyID"], step["PerformedProcedureStepStartTime"]) == ("7", "0304")
    scheduled = _first(step["ScheduledStepAttributesSequence"])
    assert scheduled["RequestedProcedureID"] == "R1"


def test_of_nothing_comes_a_step_of_a_new_study() -> None:
    step = _begun({})
    assert step["PerformedStationAETitle"] == "ME"
    assert step["PerformedProcedureStepStatus"] == "IN PROGRESS"
    assert len(str(step["PerformedProcedureStepID"])) <= 16
    scheduled = _first(step["ScheduledStepAttributesSequence"])
    assert scheduled["StudyInstanceUID"] == "1.2.9"


def test_keys_are_laid_where_they_belong() -> None:
    step = flat(overlaid(begun(ITEM, "ME", NOW, "1.2.9"), ["AccessionNumber=B", "StudyID=x"], NOW))
    scheduled = step["ScheduledStepAttributesSequence"]
    assert isinstance(scheduled, list)
    assert [item["AccessionNumber"] for item in scheduled] == ["B", "A1"]
    assert (step["StudyID"], "AccessionNumber" in step) == ("x", False)
    with pytest.raises(UsageError):
        overlaid({}, ["Nothing=1"], NOW)


def test_series_are_told_apart_and_what_has_no_rows_is_no_image() -> None:
    more: list[dict[str, object]] = [{"Rows": 8, "ProtocolName": "Head"}, {"Rows": 8}, {"Modality": "SR"}]
    headers = [
        from_flat(
            {"SOPClassUID": "1.2", "SOPInstanceUID": f"1.2.{n}", "SeriesInstanceUID": f"1.3.{n % 2}", **one}
        )
        for n, one in enumerate(more)
    ]
    first, second = map(flat, performed_series(headers, ""))
    assert (first["SeriesInstanceUID"], first["ProtocolName"], first["RetrieveAETitle"]) == (
        "1.3.0",
        "Head",
        None,
    )
    assert first["ReferencedImageSequence"] == [
        {"ReferencedSOPClassUID": "1.2", "ReferencedSOPInstanceUID": "1.2.0"}
    ]
    assert first["ReferencedNonImageCompositeSOPInstanceSequence"] == [
        {"ReferencedSOPClassUID": "1.2", "ReferencedSOPInstanceUID": "1.2.2"}
    ]
    assert second["ProtocolName"] == "UNKNOWN"


def test_the_end_has_a_series_even_if_nothing_came_of_the_step() -> None:
    made = ended("DISCONTINUED", NOW, [empty_series("1.2.9")], from_flat({"CodeValue": "1"}))
    series = _first(flat(made)["PerformedSeriesSequence"])
    assert (series["SeriesInstanceUID"], series["ReferencedImageSequence"]) == ("1.2.9", [])
    assert fault(made, FINAL) is None
    assert fault(ended("COMPLETED", NOW, [empty_series("1.2.9")], None), SET) is None


@pytest.mark.parametrize("source", [ITEM, from_flat({"Modality": "CT"})], ids=["worklist", "keys"])
def test_the_beginning_is_what_the_table_wants(source: Attributes) -> None:
    assert fault(begun(source, "ME", NOW, "1.2.9"), CREATE) is None
