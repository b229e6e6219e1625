from __future__ import annotations

import time
from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dimsetools.archive import matching
from dimsetools.archive.matching import Matcher, answer, matches
from dimsetools.dataset.attributes import Attribute, Attributes
from dimsetools.dataset.dictionary import tag_of, vr_of


def data(**values: object) -> Attributes:
    """Attributes by keyword: a scalar, a tuple of values, or a list of items."""
    made: Attributes = {}
    for keyword, value in values.items():
        tag = tag_of(keyword)
        assert tag is not None
        if value is None or value == "":
            made[tag] = Attribute(vr_of(tag))
        else:
            made[tag] = Attribute(vr_of(tag), tuple(value) if isinstance(value, (tuple, list)) else (value,))
    return dict(sorted(made.items()))


@pytest.mark.parametrize(
    ("keyword", "key", "value", "expected"),
    [
        # single value
        ("PatientID", "P1", "P1", True),
        ("PatientID", "P1", "p1", False),
        ("PatientID", " P1 ", "P1", True),
        ("PatientID", "P1", "P12", False),
        ("PatientID", "P1", None, False),
        ("PatientSex", "F", "F", True),
        ("PatientComments", " indented", " indented", True),
        ("PatientComments", " indented", "indented", False),
        ("PatientID", "[P1]", "[P1]", True),
        ("PatientID", "P.1", "PX1", False),
        # list of UID
        ("StudyInstanceUID", ("1.2", "1.3"), "1.3", True),
        ("StudyInstanceUID", ("1.2", "1.3"), "1.4", False),
        ("StudyInstanceUID", "1.2", "1.2\0", True),
        ("StudyInstanceUID", "1.*", "1.2", False),  # no wild cards in UIDs
        ("ModalitiesInStudy", ("CT", "PT"), ("MR", "PT"), True),
        # universal
        ("PatientID", "", None, True),
        ("PatientID", "*", None, True),
        ("PatientID", "*", "P1", True),
        ("StudyInstanceUID", "*", "1.2", True),
        ("StudyDate", "*", "20260102", True),
        ("Rows", None, 512, True),
        # wild cards
        ("PatientID", "P*", "P1", True),
        ("PatientID", "P*", "P", True),
        ("PatientID", "P*", "XP", False),
        ("PatientID", "*1*", "P12", True),
        ("PatientID", "P?", "P1", True),
        ("PatientID", "P?", "P", False),
        ("PatientID", "?*?", "P", False),
        ("PatientID", "**", None, False),
        ("StudyDescription", "*\n*", "two\nlines", True),
        ("StudyDescription", "*müll*", "Herz und müll", True),
        # empty values
        ("PatientID", '""', None, True),
        ("PatientID", '""', "P1", False),
        ("StudyDate", '""', None, True),
        ("AcquisitionDateTime", '""', None, True),
        ("AcquisitionDateTime", '""', "2026", False),
        ("PatientName", '""', None, True),
        # several values of the entity
        ("ImageType", "PRIMARY", ("ORIGINAL", "PRIMARY"), True),
        ("ImageType", "AXI*", ("ORIGINAL", "PRIMARY", "AXIAL"), True),
        ("OtherPatientIDs", "X", ("A", "", "B"), False),
        # numbers
        ("InstanceNumber", "7", "007", True),
        ("InstanceNumber", "7", "+7 ", True),
        ("SliceThickness", "1.50", "1.5", True),
        ("SliceThickness", "1.5", "1.6", False),
        ("SliceThickness", "thick", "thick", True),
        ("SliceThickness", "thick", "1", False),
        ("SliceThickness", "1", "thin", False),
        ("Rows", 512, 512, True),
        ("Rows", 512, 256, False),
        ("ExposureTimeInms", 1.5, 1.5, True),
        ("FrameIncrementPointer", 0x00181063, 0x00181063, True),
        ("EncapsulatedDocument", b"ab", b"ab", True),
        # dates and times
        ("StudyDate", "20260102", "2026.01.02", True),
        ("StudyDate", "20260101-20260131", "20260131", True),
        ("StudyDate", "20260101-", "20251231", False),
        ("StudyDate", "20260101-", None, False),
        ("StudyDate", "-20260101", "junk", False),
        ("StudyDate", "junk", "junk", True),
        ("StudyTime", "2230", "223000", True),
        ("StudyTime", "223000", "22:30:00", True),
        ("StudyTime", "2230", "223015", False),
        ("StudyTime", "2200-2230", "223015.25", True),
        ("StudyTime", "2200-223000", "223015", False),
        ("AcquisitionDateTime", "20260102-", "20260103101500.5", True),
        ("AcquisitionDateTime", "20260102100000+0100", "20260102090000+0000", True),
        ("AcquisitionDateTime", "junk", "junk", True),
        ("AcquisitionDateTime", "2026", "junk", False),
        ("AcquisitionDateTime", "2026", None, False),
    ],
)  # fmt: skip
def test_one_attribute(keyword: str, key: object, value: object, expected: bool) -> None:
    assert matches(data(**{keyword: key}), data(**{keyword: value})) is expected


def test_an_attribute_that_is_not_there_is_an_empty_one() -> None:
    assert matches(data(PatientID=""), {})
    assert matches(data(PatientID='""'), {})
    assert not matches(data(PatientID="P"), {})
    assert not matches(data(AcquisitionDateTime="2026"), {})


NAME = "Yamada^Tarou=山田^太郎=やまだ^たろう"


@pytest.mark.parametrize(
    ("key", "name", "expected"),
    [
        ("DOE^JOHN", "Doe^John^^^", True),
        ("doe^john^^", "DOE^JOHN", True),
        ("DOE", "DOE^JOHN", False),
        ("doe*", "DOE^JOHN", True),
        ("*JOHN", "Doe^John", True),
        ("DOE^JOHN^*", "DOE^JOHN", True),
        ("DOE^*^*^DR", "DOE^JOHN", False),
        ("D?E^JOHN", "DOE^JOHN", True),
        ("MÜLLER^*", "Müller^Jörg", True),
        ("MULLER^*", "Müller^Jörg", False),
        ("yamada^tarou", NAME, True),
        ("山田^太郎", NAME, True),
        ("やまだ*", NAME, True),
        ("山田*=", NAME, False),  # as the first group, it is none
        ("=山田^太郎", NAME, True),
        ("*=山田*=*", NAME, True),
        ("Yamada*=山本*", NAME, False),
        ("ヤマダ^タロウ", "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎", True),
        ("DOE", "", False),
        (("ROE*", "DOE*"), "DOE^JOHN", True),
    ],
)
def test_person_names(key: object, name: str, expected: bool) -> None:
    assert matches(data(PatientName=key), data(PatientName=name)) is expected


@pytest.mark.parametrize(
    ("key", "name", "expected"),
    [
        ("john doe", "Doe^John", True),
        ("jo do", "Doe^John^Q", True),
        ("doe jane", "Doe^John", False),
        ("muller", "Müller^Jörg", True),
        ("MÜLLER", "Muller^Jorg", True),
        ("smith-jones", "Jones Smith^Ann", True),
        ("oneil", "O'Neil^Ann", True),
        ("*hn doe", "Doe^John", True),
        ("太郎 山田", NAME, True),
        ("DOE^JOHN", "Doe^John", True),
        ("^", "Doe^John", False),
        ("doe", "", False),
    ],
)
def test_fuzzy_person_names(key: str, name: str, expected: bool) -> None:
    keys = data(PatientName=key)
    assert matches(keys, data(PatientName=name), fuzzy=True) is expected
    if expected and key != "DOE^JOHN":
        assert not matches(keys, data(PatientName=name))


@pytest.mark.parametrize(
    ("day", "time", "apart", "together"),
    [
        ("20260105", "0900", True, True),
        ("20260105", "1100", False, True),
        ("20260105", "0800", False, False),
        ("20260104", "0900", False, False),
        ("20260106", "2300", False, True),
        ("20260107", "1100", False, False),
        ("20260107", "0930", True, True),
        ("20260106", None, False, False),
        (None, "0900", False, False),
    ],
)
def test_a_date_and_a_time_are_one_range_if_negotiated(
    day: str | None, time: str | None, apart: bool, together: bool
) -> None:
    keys = data(StudyDate="20260105-20260107", StudyTime="0830-1000")
    entity = data(StudyDate=day, StudyTime=time)
    assert matches(keys, entity) is apart
    assert matches(keys, entity, datetime=True) is together


@pytest.mark.parametrize(
    ("day", "time", "entity", "expected"),
    [
        ("20260105-", "1000-", ("20260105", "0900"), False),
        ("20260105-", "1000-", ("20260106", "0900"), True),
        ("-20260105", "-1000", ("20260105", "1100"), False),
        ("20260105-20260107", "1000", ("20260106", "1000"), True),
        ("20260105-20260107", "1000", ("20260106", "1001"), False),
        ("20260105", "1000-1100", ("20260105", "1059"), True),
        ("20260105", "1000", ("20260105", "1000"), True),
        ("20260105-", "x-1000", ("20260106", "0900"), False),
    ],
)
def test_open_ends_of_a_combined_range(day: str, time: str, entity: tuple[str, str], expected: bool) -> None:
    found = data(StudyDate=entity[0], StudyTime=entity[1])
    assert matches(data(StudyDate=day, StudyTime=time), found, datetime=True) is expected


def test_the_zone_of_a_query_and_of_an_entity() -> None:
    keys = data(AcquisitionDateTime="20260102100000", TimezoneOffsetFromUTC="+0100")
    entity = data(AcquisitionDateTime="20260102090000", TimezoneOffsetFromUTC="+0000")
    assert matches(keys, entity)
    assert not matches(keys, data(AcquisitionDateTime="20260102090000"))


STEP = "ScheduledProcedureStepSequence"


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        ([], True),
        ([{}], True),
        ([data(Modality="")], True),
        ([data(Modality="MR")], True),
        ([data(Modality="CT", ScheduledProcedureStepStartDate="20260102")], True),
        ([data(Modality="MR", ScheduledProcedureStepStartDate="20260102")], False),  # not in one item
        ([data(Modality="US")], False),
        ([data(Modality="US"), data(Modality="MR")], True),
    ],
)
def test_one_item_of_a_sequence_has_to_match(items: list[Attributes], expected: bool) -> None:
    entity = data(
        **{
            STEP: [
                data(Modality="CT", ScheduledProcedureStepStartDate="20260102"),
                data(Modality="MR", ScheduledProcedureStepStartDate="20260103"),
            ]
        }
    )
    assert matches(data(**{STEP: items}), entity) is expected
    assert matches(data(**{STEP: items}), {}) is (not items or not any(matching_keys(item) for item in items))


def matching_keys(item: Attributes) -> bool:
    return any(not matching.is_universal(key) for key in item.values())


def test_what_says_something_about_the_query_is_never_matched() -> None:
    keys = data(
        SpecificCharacterSet="ISO_IR 100", QueryRetrieveLevel="STUDY", RetrieveAETitle="X", PatientID="P"
    )
    assert matches(keys, data(PatientID="P", SpecificCharacterSet="ISO_IR 192"))


# -- answers ------------------------------------------------------------------------------------------


def test_an_answer_has_what_was_asked_for() -> None:
    keys = data(SpecificCharacterSet="ISO_IR 100", PatientID="P*", PatientName="", StudyDate="", Rows=None)
    entity = data(PatientID="P1", PatientName="Doe", AccessionNumber="A", SpecificCharacterSet="ISO_IR 192")
    found = answer(keys, entity)
    assert found == data(PatientID="P1", PatientName="Doe", StudyDate="", Rows=None)
    assert list(found) == sorted(found)
    assert Matcher(keys).answer(entity) == found


def test_the_items_of_an_answer_have_what_the_item_of_the_key_names() -> None:
    items = [data(Modality="CT", ScheduledStationAETitle="A"), data(Modality="MR", Rows=5)]
    entity = data(**{STEP: items})
    assert answer(data(**{STEP: []}), entity) == entity
    assert answer(data(**{STEP: [{}]}), entity) == entity
    asked = data(**{STEP: [data(Modality="CT", ScheduledStationAETitle="")]})
    expected = [
        data(Modality="CT", ScheduledStationAETitle="A"),
        data(Modality="MR", ScheduledStationAETitle=""),
    ]
    assert answer(asked, entity) == data(**{STEP: expected})
    assert answer(asked, {}) == data(**{STEP: []})


# -- wild cards ---------------------------------------------------------------------------------------


@given(st.text(alphabet="ab*?.[", max_size=8), st.text(alphabet="ab.[", max_size=10))
def test_wild_cards_are_those_of_file_names(pattern: str, text: str) -> None:
    expected = fnmatchcase(text, pattern.replace("[", "[[]"))
    assert (matching.wildcard(pattern).fullmatch(text) is not None) is expected


def test_a_hostile_pattern_is_fast() -> None:
    started = time.perf_counter()
    assert not matches(data(PatientID="*a" * 500 + "b"), data(PatientID="a" * 10_000))
    assert not matches(data(PatientName="*a?" * 200 + "b"), data(PatientName="a" * 5_000))
    assert time.perf_counter() - started < 2


VRS = ["AE", "AS", "CS", "DA", "DS", "DT", "IS", "LO", "LT", "PN", "SH", "TM", "UI", "UR", "UT"]


@given(
    st.sampled_from(VRS),
    st.lists(st.text(max_size=20), max_size=3),
    st.lists(st.text(max_size=20), max_size=3),
)
def test_no_value_makes_it_fail(vr: str, keys: list[str], values: list[str]) -> None:
    key, value = {0x00100020: Attribute(vr, tuple(keys))}, {0x00100020: Attribute(vr, tuple(values))}
    assert matches(key, value) in (True, False)
    assert answer(key, value) == value


@given(st.sampled_from(["LO", "PN", "SH", "CS"]), st.text(alphabet="aÄß^ =b", min_size=1, max_size=20))
def test_a_value_matches_itself(vr: str, value: str) -> None:
    if value.strip(" ^="):
        entity = {0x00100020: Attribute(vr, (value,))}
        assert matches(entity, entity)
        assert matches(entity, entity, fuzzy=True)
