from __future__ import annotations

import json

import pytest

from dimsetools.errors import InputError
from dimsetools.services.retrieve import INSTANCE_UID, Wanted
from dimsetools.services.wanted import LEVELS, each_once, level_of, read_manifest, wanted_of
from tests.services.retrieving import keys

STUDY_ROOT = LEVELS[1:]
MATCH: dict[str, object] = {
    "QueryRetrieveLevel": "STUDY",
    "StudyInstanceUID": "1.1",
    "PatientID": "P",
    "PatientName": "Doe^Jane",
    "NumberOfStudyRelatedInstances": 4,
}


def lines(*records: object) -> list[bytes]:
    return [json.dumps(record).encode() + b"\n" for record in records]


def read(*records: object, level: str | None = None, levels: tuple[str, ...] = STUDY_ROOT) -> list[Wanted]:
    return list(read_manifest(lines(*records), "list", levels, level))


def test_of_a_match_only_the_unique_keys_are_asked_for() -> None:
    (wanted,) = read(MATCH)
    assert wanted == Wanted("STUDY", keys(QueryRetrieveLevel="STUDY", StudyInstanceUID="1.1"))
    assert list(wanted.identifier) == sorted(wanted.identifier)


def test_patient_root_wants_the_patient_too() -> None:
    (wanted,) = read(MATCH, levels=LEVELS)
    assert wanted.identifier == keys(QueryRetrieveLevel="STUDY", StudyInstanceUID="1.1", PatientID="P")


def test_a_record_without_a_level_is_about_the_lowest_entity_that_it_names() -> None:
    record = {"StudyInstanceUID": "1.1", "SeriesInstanceUID": "1.1.1", "SOPInstanceUID": None}
    assert level_of(keys(**record), STUDY_ROOT) == "SERIES"
    assert read(record)[0].level == "SERIES"


def test_the_level_can_be_said() -> None:
    record = {"StudyInstanceUID": "1.1", "SeriesInstanceUID": "1.1.1", "QueryRetrieveLevel": "SERIES"}
    assert read(record, level="STUDY") == read({"StudyInstanceUID": "1.1"})


def test_events_and_blank_lines_are_passed_over() -> None:
    manifest = [b"\n", *lines({"_event": "summary", "_matches": 1}, {**MATCH, "_number": 1})]
    assert len(list(read_manifest(manifest, "list", STUDY_ROOT))) == 1


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"{", "is no JSON"),
        (b"7", "is no JSON object"),
        (b'{"PatientName": "X"}', "none of the unique keys"),
        (b'{"SOPInstanceUID": "1.2"}', "has no StudyInstanceUID"),
        (b'{"StudyInstanceUID": {"x": 1}}', "cannot have the value"),
        (b"\xff\xfe", "is no JSON"),
    ],
)
def test_a_line_that_makes_no_sense_is_named(line: bytes, reason: str) -> None:
    with pytest.raises(InputError, match=reason) as caught:
        list(read_manifest([*lines(MATCH), line], "list", STUDY_ROOT))
    assert "list line 2" in caught.value.message


def test_the_same_thing_is_wanted_once() -> None:
    study = wanted_of(keys(**MATCH), "STUDY", STUDY_ROOT)
    other = wanted_of(keys(StudyInstanceUID="1.2"), "STUDY", STUDY_ROOT)
    assert list(each_once([study, other, study])) == [study, other]


def image(series: str, instance: int) -> Wanted:
    found = keys(StudyInstanceUID="1", SeriesInstanceUID=series, SOPInstanceUID=f"{series}.{instance}")
    return wanted_of(found, "IMAGE", STUDY_ROOT)


def test_instances_of_a_series_are_asked_for_together() -> None:
    found = list(each_once([image("1.1", 1), image("1.1", 2), image("1.2", 1), image("1.1", 1)]))
    assert [wanted.identifier[INSTANCE_UID].values for wanted in found] == [("1.1.1", "1.1.2"), ("1.2.1",)]


def test_a_list_of_instances_stays_within_an_element() -> None:
    found = list(each_once(image("1.1", number) for number in range(1200)))
    assert [len(wanted.identifier[INSTANCE_UID].values) for wanted in found] == [500, 500, 200]
