from __future__ import annotations

import json

import pytest

from dimsetools.dataset.models import MODELS, Model
from dimsetools.errors import InputError
from dimsetools.services.retrieve import INSTANCE_UID, Wanted
from dimsetools.services.wanted import each_once, read_manifest, wanted_of
from tests.services.retrieving import keys

STUDY_ROOT = MODELS["study"]
MATCH: dict[str, object] = {
    "QueryRetrieveLevel": "STUDY",
    "StudyInstanceUID": "1.1",
    "PatientID": "P",
    "PatientName": "Doe^Jane",
    "NumberOfStudyRelatedInstances": 4,
}


def lines(*records: object) -> list[bytes]:
    return [json.dumps(record).encode() + b"\n" for record in records]


def read(*records: object, level: str | None = None, model: Model = STUDY_ROOT) -> list[Wanted]:
    return read_lines(lines(*records), level, model)[0]


def read_lines(
    manifest: list[bytes], level: str | None = None, model: Model = STUDY_ROOT
) -> tuple[list[Wanted], list[InputError]]:
    bad: list[InputError] = []
    return list(read_manifest(manifest, "list", model, level, bad.append)), bad


def test_of_a_match_only_the_unique_keys_are_asked_for() -> None:
    (wanted,) = read(MATCH)
    assert wanted == Wanted("STUDY", keys(QueryRetrieveLevel="STUDY", StudyInstanceUID="1.1"))
    assert list(wanted.identifier) == sorted(wanted.identifier)


def test_patient_root_wants_the_patient_too() -> None:
    (wanted,) = read(MATCH, model=MODELS["patient"])
    assert wanted.identifier == keys(QueryRetrieveLevel="STUDY", StudyInstanceUID="1.1", PatientID="P")


def test_a_record_without_a_level_is_about_the_lowest_entity_that_it_names() -> None:
    record = {"StudyInstanceUID": "1.1", "SeriesInstanceUID": "1.1.1", "SOPInstanceUID": None}
    assert read(record)[0].level == "SERIES"


def test_the_level_can_be_said() -> None:
    record = {"StudyInstanceUID": "1.1", "SeriesInstanceUID": "1.1.1", "QueryRetrieveLevel": "SERIES"}
    assert read(record, level="STUDY") == read({"StudyInstanceUID": "1.1"})


def test_events_and_blank_lines_are_passed_over() -> None:
    manifest = [b"\n", *lines({"_event": "summary", "_matches": 1}, {**MATCH, "_number": 1})]
    found, bad = read_lines(manifest)
    assert (len(found), bad) == (1, [])


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"{", "is no JSON"),
        (b"7", "is no JSON object"),
        (b'{"PatientName": "X"}', "needs StudyInstanceUID"),
        (b'{"SOPInstanceUID": "1.2"}', "needs StudyInstanceUID"),
        (b'{"StudyInstanceUID": "1.*"}', "without wildcards"),
        (b'{"StudyInstanceUID": {"x": 1}}', "cannot have the value"),
        (b"\xff\xfe", "is no JSON"),
    ],
)
def test_a_line_that_makes_no_sense_is_named_and_the_others_go_on(line: bytes, reason: str) -> None:
    found, (error,) = read_lines([*lines(MATCH), line, *lines({**MATCH, "StudyInstanceUID": "1.2"})])
    assert len(found) == 2
    assert error.message.startswith("list line 2: ")
    assert reason in error.message


def test_frames_are_wanted_by_their_numbers() -> None:
    record = {"SOPInstanceUID": "1.2", "SimpleFrameList": [1, 3]}
    (wanted,) = read(record, model=MODELS["composite"])
    assert wanted == Wanted("FRAME", keys(QueryRetrieveLevel="FRAME", **record))


def test_objects_of_a_model_without_levels_are_asked_for_together() -> None:
    model = MODELS["hanging-protocol"]
    (wanted,) = each_once(read({"SOPInstanceUID": "1"}, {"SOPInstanceUID": "2"}, model=model))
    assert wanted == Wanted("", keys(SOPInstanceUID=["1", "2"]))


def test_the_same_thing_is_wanted_once() -> None:
    study = wanted_of(keys(**MATCH), STUDY_ROOT, "STUDY")
    other = wanted_of(keys(StudyInstanceUID="1.2"), STUDY_ROOT, "STUDY")
    assert list(each_once([study, other, study])) == [study, other]


def image(series: str, instance: int) -> Wanted:
    found = keys(StudyInstanceUID="1", SeriesInstanceUID=series, SOPInstanceUID=f"{series}.{instance}")
    return wanted_of(found, STUDY_ROOT, "IMAGE")


def test_instances_of_a_series_are_asked_for_together() -> None:
    found = list(each_once([image("1.1", 1), image("1.1", 2), image("1.2", 1), image("1.1", 1)]))
    assert [wanted.identifier[INSTANCE_UID].values for wanted in found] == [("1.1.1", "1.1.2"), ("1.2.1",)]


def test_a_list_of_instances_stays_within_an_element() -> None:
    found = list(each_once(image("1.1", number) for number in range(1200)))
    assert [len(wanted.identifier[INSTANCE_UID].values) for wanted in found] == [500, 500, 200]
