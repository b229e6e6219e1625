"""Which attribute belongs to which level."""

from __future__ import annotations

import pytest

from dimsetools.dataset.dictionary import tag_of
from dimsetools.dataset.levels import LEVELS, key_origin, name_of_key, named_level, tags_of, unique_key
from dimsetools.errors import UsageError


@pytest.mark.parametrize(
    ("keyword", "level"),
    [
        ("PatientName", "PATIENT"), ("PatientID", "PATIENT"), ("NumberOfPatientRelatedStudies", "PATIENT"),
        ("StudyDate", "STUDY"), ("ModalitiesInStudy", "STUDY"), ("PatientAge", "STUDY"),
        ("Modality", "SERIES"), ("SeriesDescription", "SERIES"), ("StationName", "SERIES"),
        ("SOPClassUID", "IMAGE"), ("InstanceNumber", "IMAGE"), ("Rows", "IMAGE"),
        ("SpecificCharacterSet", ""), ("RetrieveAETitle", ""), ("InstanceAvailability", ""),
    ],
)  # fmt: skip
def test_an_attribute_has_its_level(keyword: str, level: str) -> None:
    tag = tag_of(keyword)
    assert tag is not None
    assert key_origin(tag) == level


def test_unique_keys_belong_to_their_own_level() -> None:
    for level in LEVELS[:4]:
        assert key_origin(unique_key(level)) == level
    assert unique_key("FRAME") == unique_key("IMAGE") == unique_key("")


def test_unknown_and_private_attributes_belong_to_none() -> None:
    assert key_origin(0x00091001) == key_origin(0x00100099) == ""


@pytest.mark.parametrize(("text", "level"), [("study", "STUDY"), (" Image ", "IMAGE"), ("instance", "IMAGE")])
def test_levels_are_named_as_people_do(text: str, level: str) -> None:
    assert named_level(text) == level


@pytest.mark.parametrize(("text", "hint"), [("serie", "series"), ("x", "levels: patient, study")])
def test_another_level_is_refused(text: str, hint: str) -> None:
    with pytest.raises(UsageError, match="is no level") as caught:
        named_level(text)
    assert hint in caught.value.hint


def test_keys_are_called_by_keyword_or_tag() -> None:
    assert [name_of_key(tag) for tag in tags_of("Rows Columns")] == ["Rows", "Columns"]
    assert name_of_key(0x00091001) == "(0009,1001)"
