"""Queries in JSON: both of its forms, and the errors with their lines."""

from __future__ import annotations

import json
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dimsetools.dataset.attributes import Attribute, Attributes
from dimsetools.dataset.dicom_json import to_model
from dimsetools.dataset.encode import encode
from dimsetools.dataset.flat import flat
from dimsetools.dataset.query_json import json_queries
from dimsetools.errors import InputError
from dimsetools.uids import EXPLICIT_LE
from tests.dataset.query_samples import STEP, WHOLE

NOON = datetime(2026, 3, 31, 12)  # noqa: DTZ001  # local time


def read(text: str) -> list[Attributes]:
    return list(json_queries(text, "q", today=NOON))


def test_both_forms_hold_the_same() -> None:
    for form in (flat(WHOLE), to_model(WHOLE), {"_event": "got", "_ms": 1.5} | to_model(WHOLE)):
        for indent in (None, 2):
            assert read(json.dumps(form, indent=indent)) == [WHOLE]


def test_records_of_keywords_take_the_dates_of_people() -> None:
    row = {
        "StudyDate": "-7d",
        "ScheduledProcedureStepSequence": [{"ScheduledProcedureStepStartTime": "08:00.."}],
    }
    assert read(json.dumps(row)) == [
        {
            0x00080020: Attribute("DA", ("20260324-20260331",)),
            STEP: Attribute("SQ", ({0x00400003: Attribute("TM", ("0800-",))},)),
        }
    ]
    assert read('{"00080020": {"vr": "DA", "Value": ["-7d"]}}')[0][0x00080020].values == ("-7d",)


def test_queries_stand_in_lists_lines_or_one_behind_the_other() -> None:
    for text in (
        '[{"PatientID":"A"},{"PatientID":"B"}]',
        '{"PatientID":"A"}\n{"PatientID":"B"}\n',
        '{"PatientID":"A"}{"PatientID":"B"}',
        '[{"PatientID":"A"}]\n[{"PatientID":"B"}]',
    ):
        assert [query[0x00100020].values for query in read(text)] == [("A",), ("B",)]


def test_records_that_are_no_matches_are_passed_over() -> None:
    text = '{"_event":"match","PatientID":"A"}\n{"_event":"summary","_matches":1}\n{"_event":"error"}\n{}'
    assert read(text) == [{0x00100020: Attribute("LO", ("A",))}, {}]


WRONG = [
    ("{", "line 1: no JSON"), ("\n\n{]", "line 3: no JSON"), ('{"PatientID":\n\n}', "line 3: no JSON"),
    ("{}\n{}\n[1]", "line 3, element 1: an object"), ("1", "line 1: an object was expected, not 1"),
    ("null", "an object was expected, not null"), ('{"PatientID":NaN}', "NaN is no value"),
    ('{}\n{"PatientNam":"A"}', "line 2: 'PatientNam' is no DICOM keyword"),
    ('{"Rows":"x"}', "line 1: Rows"), ('{"Rows":true}', "Rows"), ('{"PixelData":{"x":1}}', "PixelData"),
    ('{"PatientID":{"x":1}}', "PatientID"), ('{"00100020":{"vr":"XX","Value":[1]}}', "VR 'XX'"),
    ('{"00100020":{"vr":"LO","Value":[{}]}}', "00100020"), ('{"00100020":{"vr":"LO"},"x":1}', "00100020"),
    ('{"00400100":{"vr":"SQ","Value":[{"-1":{"vr":"LO"}}]}}', "no tag"),
    ('{"00400100":{"vr":"SQ","Value":[1]}}', "00400100"),
    ('{"7FE00010":{"vr":"OW","BulkDataURI":"x"}}', "7FE00010"), ("[" * 100_000, "nested too deep"),
    ('{"x":' * 900 + "1" + "}" * 900, "nested too deep"), ("1" * 5000, "no JSON"),
    ('{"ReferencedStudySequence":[' * 70 + "{}" + "]}" * 70, "nested too deep"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "message"), WRONG, ids=lambda text: text[:30])
def test_what_is_wrong_is_said_with_its_line(text: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        read(text)
    assert caught.value.message.startswith("q, line ")
    assert message in caught.value.message
    assert len(caught.value.message) < 500


def test_lines_are_counted_from_where_the_text_begins() -> None:
    with pytest.raises(InputError, match="line 42: no JSON"):
        list(json_queries("{}\n{", "q", line=41))


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "PatientID",
                    "StudyDate",
                    "Rows",
                    "00400100",
                    "00091001",
                    "vr",
                    "Value",
                    "InlineBinary",
                    "Alphabetic",
                ]
            ),
            inner | st.sampled_from(["SQ", "PN", "US", "FL", "OB", "AT", "ZZ"]),
            max_size=3,
        )
    ),
    max_leaves=8,
)


@given(VALUES)
def test_any_json_is_a_query_that_can_be_sent_or_is_refused(value: object) -> None:
    try:
        for query in read(json.dumps(value)):
            encode(query, EXPLICIT_LE)
    except InputError as error:
        assert error.message  # noqa: PT017  # either outcome is fine
