"""Records of keywords: the types that scripts rely on, and the way back."""

from __future__ import annotations

import json

import pytest
from hypothesis import given

from dimsetools.dataset.attributes import Attribute, Attributes
from dimsetools.dataset.flat import flat, from_flat
from dimsetools.errors import UsageError
from tests.dataset.test_encode import attributes

DATA_SET: Attributes = {
    0x00080060: Attribute("CS", ("CT",)),
    0x00080061: Attribute("CS", ("CT",)),
    0x00081140: Attribute("SQ"),
    0x00090010: Attribute("LO", ("ACME",)),
    0x00091001: Attribute("UN", (b"\x01\x02",)),
    0x00100010: Attribute("PN", ("Doe^Jane",)),
    0x00100030: Attribute("DA"),
    0x00101020: Attribute("DS", ("1.75",)),
    0x00200013: Attribute("IS", ("5",)),
    0x00200032: Attribute("DS", ("1", "-2.5", "1e3")),
    0x00280009: Attribute("AT", (0x00181063,)),
    0x00400275: Attribute("SQ", ({0x00400009: Attribute("SH", ("step",))},)),
}
RECORD = {
    "Modality": "CT",
    "ModalitiesInStudy": ["CT"],
    "ReferencedImageSequence": [],
    "00090010": ["ACME"],
    "00091001": {"InlineBinary": "AQI="},
    "PatientName": "Doe^Jane",
    "PatientBirthDate": None,
    "PatientSize": 1.75,
    "InstanceNumber": 5,
    "ImagePositionPatient": [1, -2.5, 1000.0],
    "FrameIncrementPointer": ["00181063"],
    "RequestAttributesSequence": [{"ScheduledProcedureStepID": "step"}],
}


def test_the_type_of_a_value_follows_from_its_multiplicity() -> None:
    assert flat(DATA_SET) == RECORD


def test_more_values_than_there_may_be_are_shown() -> None:
    assert flat({0x00080060: Attribute("CS", ("CT", "MR"))}) == {"Modality": ["CT", "MR"]}


def test_a_number_that_is_none_stays_text() -> None:
    found = flat({0x00200013: Attribute("IS", ("five",)), 0x00101020: Attribute("DS", ("NaN",))})
    assert found == {"InstanceNumber": "five", "PatientSize": "NaN"}
    json.dumps(flat({0x00189073: Attribute("FD", (float("inf"),))}), allow_nan=False)


@given(data_set=attributes())
def test_a_record_becomes_the_data_set_again(data_set: Attributes) -> None:
    assert flat(from_flat(json.loads(json.dumps(flat(data_set))))) == flat(data_set)


def test_our_own_names_are_passed_over() -> None:
    assert from_flat({"_event": "match", "patientid": "P"}) == {0x00100020: Attribute("LO", ("P",))}


def test_person_names_may_be_groups() -> None:
    name = {"Alphabetic": "Yamada^Tarou", "Ideographic": "山田^太郎"}
    assert from_flat({"PatientName": name})[0x00100010].values == ("Yamada^Tarou=山田^太郎",)


@pytest.mark.parametrize(
    ("record", "says"),
    [
        ({"PatientNam": "X"}, "no DICOM keyword"),
        ({"PatientID": {"a": 1}}, "PatientID"),
        ({"PatientID": True}, "PatientID"),
        ({"Rows": "many"}, "Rows"),
        ({"PixelData": "x"}, "PixelData"),
        ({"ReferencedImageSequence": ["x"]}, "ReferencedImageSequence"),
    ],
)
def test_what_is_not_understood_is_named(record: dict[str, object], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        from_flat(record)


def test_a_wrong_keyword_gets_a_hint() -> None:
    with pytest.raises(UsageError) as caught:
        from_flat({"PatientNam": "X"})
    assert "PatientName" in caught.value.hint
