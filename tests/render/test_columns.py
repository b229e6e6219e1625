from __future__ import annotations

import pytest

from dimsetools.dataset.attributes import Attribute
from dimsetools.errors import UsageError
from dimsetools.render.columns import in_utf8, leaves, path, picked, reach
from tests.render.matches import STEP, STUDY, patient


@pytest.mark.parametrize(
    ("name", "tags"),
    [
        ("PatientName", (0x00100010,)),
        ("patientname", (0x00100010,)),
        ("00100010", (0x00100010,)),
        ("(0009,1010)", (0x00091010,)),
        ("ScheduledProcedureStepSequence.Modality", (0x00400100, 0x00080060)),
        ("_path", ()),
    ],
)
def test_a_name_leads_somewhere(name: str, tags: tuple[int, ...]) -> None:
    assert path(name) == tags


def test_a_name_that_leads_nowhere_is_a_usage_error_with_a_proposal() -> None:
    with pytest.raises(UsageError) as caught:
        path("PatientNam")
    assert "PatientName" in caught.value.hint


def test_what_lies_in_a_sequence_is_reached() -> None:
    found = reach(STEP, path("ScheduledProcedureStepSequence.ScheduledProtocolCodeSequence.CodeValue"))
    assert found == Attribute("SH", ("X1",))
    assert reach(STEP, path("ReferencedStudySequence.Modality")) is None
    assert reach(STUDY, path("PatientName.Modality")) is None


def test_the_values_of_several_items_follow_each_other() -> None:
    items = tuple({0x00080060: Attribute("CS", (word,))} for word in ("CT", "MR"))
    assert reach({0x00400100: Attribute("SQ", items)}, (0x00400100, 0x00080060)) == ("CS", ("CT", "MR"))


def test_a_query_has_a_column_for_each_attribute_but_those_about_itself() -> None:
    assert leaves(STEP) == (
        "PatientName",
        "ScheduledProcedureStepSequence.Modality",
        "ScheduledProcedureStepSequence.ScheduledProcedureStepStartDate",
        "ScheduledProcedureStepSequence.ScheduledProtocolCodeSequence.CodeValue",
    )
    assert "QueryRetrieveLevel" not in leaves(STUDY)
    assert "SpecificCharacterSet" not in leaves(STUDY)
    assert "00091010" in leaves(STUDY)


def test_what_is_picked_stays_in_its_place_and_what_is_not_there_is_empty() -> None:
    found = picked(STEP, [path("ScheduledProcedureStepSequence.Modality"), path("PatientID"), ()])
    assert found == {
        0x00100020: Attribute("LO", ()),
        0x00400100: Attribute("SQ", ({0x00080060: Attribute("CS", ("CT",))},)),
    }


def test_a_data_set_that_we_write_says_that_it_is_in_utf_8() -> None:
    assert in_utf8(STUDY)[0x00080005].values == ("ISO_IR 192",)
    assert list(in_utf8(patient("é"))) == [0x00080005, 0x00100010, 0x00100020]
    assert in_utf8(patient("e")) == patient("e")
