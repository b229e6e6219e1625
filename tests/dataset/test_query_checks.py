"""What cannot work is said before anybody connects, with the key and the way out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dimsetools.dataset.attributes import STRINGS, Attribute, Attributes
from dimsetools.dataset.dictionary import entry, tag_of
from dimsetools.dataset.models import LEVEL, MODELS, model
from dimsetools.dataset.query_checks import check_find, check_retrieve, has_only_unique_keys, unique_keys
from dimsetools.errors import UsageError


def keys(**values: object) -> Attributes:
    """Keys by keyword; a string is split, a dict is one item."""
    found: Attributes = {}
    for keyword, value in values.items():
        row = entry(tag_of(keyword) or 0)
        assert row is not None, keyword
        if isinstance(value, str):
            value = tuple(value.split("\\")) if value else ()
        if isinstance(value, dict):
            value = (value,)
        assert isinstance(value, tuple)
        found[row.tag] = Attribute(row.vr, value)
    return found


STUDY = {"StudyInstanceUID": "1.2"}
FINE = [
    ("study", "STUDY", keys()),
    ("study", "STUDY", keys(PatientName="DOE*", StudyDate="20260101-", ModalitiesInStudy="CT\\MR")),
    ("study", "STUDY", keys(StudyInstanceUID="1.2\\1.3", Modality="", SeriesDescription="")),
    ("study", "STUDY", keys(AccessionNumber='""', StudyDate='""', PatientID="A?1")),
    ("study", "SERIES", keys(**STUDY, Modality="CT", SeriesNumber="1")),
    ("study", "IMAGE", keys(**STUDY, SeriesInstanceUID="1.3", Rows=(512,))),
    ("patient", "PATIENT", keys(PatientID="A*")),
    ("patient", "STUDY", keys(PatientID="A", StudyTime="0800-")),
    ("worklist", "", keys(ScheduledProcedureStepSequence=keys(Modality="CT", ScheduledStationAETitle=""))),
    ("worklist", "", keys(ScheduledProcedureStepSequence=())),
    ("relevant-patient", "", keys(PatientID="A")),
    ("ups-pull", "", keys(ScheduledProcedureStepStartDateTime="20260101000000-")),
    ("study", "STUDY", keys(SpecificCharacterSet="ISO_IR 100", QueryRetrieveLevel="STUDY")),
    ("study", "STUDY", {0x00090010: Attribute("LO", ("acme",)), 0x00091001: Attribute("UN", (b"*",))}),
]

WRONG = [
    ("composite", "IMAGE", keys(), "not searched", "-M study"),
    ("study", "PATIENT", keys(), "no PATIENT level", "study, series, image; Patient Root (-P)"),
    ("study", "FRAME", keys(), "no FRAME level", "-M composite"),
    ("study", "", keys(), "no empty level", "study"),
    ("worklist", "STUDY", keys(), "no levels", "leave out -L"),
    ("study", "SERIES", keys(Modality="CT"), "SERIES level needs StudyInstanceUID", "--relational"),
    ("study", "SERIES", keys(StudyInstanceUID=""), "needs StudyInstanceUID", "--relational"),
    ("study", "SERIES", keys(StudyInstanceUID="1.2\\1.3"), "one StudyInstanceUID, not 2", "once"),
    ("study", "SERIES", keys(StudyInstanceUID="1.*"), "without wildcards", "give StudyInstanceUID=UID"),
    ("study", "IMAGE", keys(**STUDY), "needs SeriesInstanceUID", "--relational"),
    ("patient", "STUDY", keys(), "needs PatientID", "PatientID=ID"),
    ("patient", "STUDY", keys(PatientID="A?"), "PatientID without wildcards", "PatientID=ID"),
    ("patient", "STUDY", keys(PatientID="A", PatientName="B"), "belongs to the PATIENT", "-L patient"),
    ("study", "STUDY", keys(Modality="CT"), "belongs to the SERIES level", "ModalitiesInStudy"),
    ("study", "STUDY", keys(Rows=(512,)), "belongs to the IMAGE level", "-L image"),
    ("study", "SERIES", keys(**STUDY, PatientName="A"), "belongs to the STUDY level", "--relational"),
    ("patient-study", "STUDY", keys(PatientID="A", Modality="CT"), "SERIES level", "ModalitiesInStudy"),
    ("relevant-patient", "", keys(PatientName="A"), "needs PatientID", "PatientID=ID"),
    ("study", "STUDY", keys(StudyInstanceUID="1.*"), "takes no wildcards", "empty"),
    ("study", "STUDY", keys(StudyInstanceUID="one"), "no UID", "digits and dots"),
    ("study", "STUDY", keys(StudyInstanceUID="1.2\\"), "no UID", "digits and dots"),
    ("study", "STUDY", keys(StudyDate="2026-13"), "no date", "-7d"),
    ("study", "STUDY", keys(StudyDate="*"), "no date", "leave the value empty"),
    ("study", "STUDY", keys(StudyDate="20260301-20260101"), "begins after", "write"),
    ("study", "STUDY", keys(StudyDate="20260101\\20260102"), "one value or range", "write"),
    ("study", "STUDY", keys(StudyTime="8 o'clock"), "no time", "0800"),
    ("study", "STUDY", keys(PatientAge="42"), "no age", "042Y"),
    ("study", "STUDY", keys(PatientAge="*"), "takes no wildcards", "empty"),
    ("study", "STUDY", keys(NumberOfStudyRelatedSeries="1-5"), "no integer", "without a range"),
    ("study", "STUDY", keys(PatientWeight="heavy"), "no number", "write a number"),
    ("study", "STUDY", keys(ModalitiesInStudy="ct"), "no small letters", "capitals"),
    ("study", "STUDY", keys(StudyDescription="a\nb"), "control characters", "leave them out"),
    ("worklist", "", keys(ScheduledProcedureStepSequence=({}, {})), "has 2 items", "once for each"),
    ("worklist", "", keys(Modality="CT"), "a scheduled step", "ScheduledProcedureStepSequence.Modality"),
    (
        "worklist", "", keys(ScheduledProcedureStepSequence=keys(Modality="ct")),
        "ScheduledProcedureStepSequence.Modality", "capitals",
    ),
    ("study", "STUDY", {0x00000110: Attribute("US", (1,))}, "belongs to a command", "leave it out"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "level", "attributes"), FINE)
def test_a_good_query_passes(name: str, level: str, attributes: Attributes) -> None:
    check_find(model(name), level, attributes)


@pytest.mark.parametrize(("name", "level", "attributes", "message", "hint"), WRONG)
def test_a_bad_query_is_explained(
    name: str, level: str, attributes: Attributes, message: str, hint: str
) -> None:
    with pytest.raises(UsageError) as caught:
        check_find(model(name), level, attributes)
    assert message in caught.value.message
    assert hint in caught.value.hint


def test_relational_queries_use_the_levels_above_and_not_those_below() -> None:
    check_find(model("patient"), "SERIES", keys(PatientName="A*", Modality="CT"), relational=True)
    with pytest.raises(UsageError, match="belongs to the SERIES") as caught:
        check_find(model("study"), "STUDY", keys(Modality="CT"), relational=True)
    assert "--relational" not in caught.value.hint


RETRIEVED = [
    ("study", "STUDY", keys(StudyInstanceUID="1.2\\1.3")),
    ("study", "SERIES", keys(**STUDY, SeriesInstanceUID="1.3\\1.4")),
    ("study", "IMAGE", keys(**STUDY, SeriesInstanceUID="1.3", SOPInstanceUID="1.4\\1.5", Rows=())),
    ("patient", "PATIENT", keys(PatientID="A")),
    ("patient", "STUDY", keys(PatientID="A", **STUDY, QueryRetrieveLevel="STUDY")),
    ("composite", "IMAGE", keys(SOPInstanceUID="1.2\\1.3")),
    ("composite", "FRAME", keys(SOPInstanceUID="1.2", SimpleFrameList=(1, 2))),
    ("composite-no-bulk", "IMAGE", keys(SOPInstanceUID="1.2")),
    ("hanging-protocol", "", keys(SOPInstanceUID="1.2\\1.3")),
]  # fmt: skip

NOT_RETRIEVED = [
    ("worklist", "", keys(), "searched, not retrieved"),
    ("study", "PATIENT", keys(PatientID="A"), "no PATIENT level"),
    ("study", "STUDY", keys(), "STUDY level needs StudyInstanceUID"),
    ("study", "STUDY", keys(StudyInstanceUID="1.*"), "without wildcards"),
    ("study", "STUDY", keys(StudyInstanceUID="x"), "no UID"),
    ("study", "STUDY", keys(**STUDY, PatientName="A"), "unique keys only"),
    ("study", "SERIES", keys(SeriesInstanceUID="1.3"), "needs StudyInstanceUID"),
    ("study", "SERIES", keys(StudyInstanceUID="1\\2", SeriesInstanceUID="1.3"), "one StudyInstanceUID"),
    ("patient", "PATIENT", keys(PatientID="A\\B"), "one PatientID, not 2"),
    ("composite", "FRAME", keys(SOPInstanceUID="1.2"), "not none"),
    ("composite", "FRAME", keys(SOPInstanceUID="1.2\\1.3", SimpleFrameList=(1,)), "one SOPInstanceUID"),
    ("composite", "FRAME", keys(SOPInstanceUID="1", SimpleFrameList=(1,), TimeRange=(0.0, 1.0)), "not 2"),
    ("hanging-protocol", "", keys(), "Hanging Protocol needs SOPInstanceUID"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "level", "attributes"), RETRIEVED)
def test_unique_keys_retrieve(name: str, level: str, attributes: Attributes) -> None:
    check_retrieve(model(name), level, attributes)
    assert has_only_unique_keys(model(name), level, attributes)


@pytest.mark.parametrize(("name", "level", "attributes", "message"), NOT_RETRIEVED)
def test_other_keys_do_not_retrieve(name: str, level: str, attributes: Attributes, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        check_retrieve(model(name), level, attributes)
    assert message in caught.value.message
    assert not has_only_unique_keys(model(name), level, attributes)


def test_a_match_is_retrieved_by_its_unique_keys() -> None:
    match = keys(**STUDY, SeriesInstanceUID="1.3", PatientName="A", Modality="CT")
    assert unique_keys(model("study"), "SERIES", match) == keys(**STUDY, SeriesInstanceUID="1.3")
    assert unique_keys(model("study"), "STUDY", match) == keys(**STUDY)


@given(
    st.sampled_from(sorted(MODELS)),
    st.dictionaries(
        st.integers(0x00080000, 0x00410000) | st.sampled_from([0x00080020, 0x00080030, 0x0020000D, LEVEL]),
        st.builds(Attribute, st.sampled_from(sorted(STRINGS)), st.lists(st.text(max_size=20)).map(tuple)),
    ),
    st.booleans(),
)
def test_a_check_says_yes_or_no(name: str, attributes: Attributes, relational: bool) -> None:
    row = model(name)
    for level in row.levels or ("",):
        try:
            check_find(row, level, attributes, relational=relational)
        except UsageError as error:
            assert error.hint  # noqa: PT017  # either outcome is fine, a bare no is not
        try:
            check_retrieve(row, level, attributes)
        except UsageError as error:
            assert error.hint  # noqa: PT017
