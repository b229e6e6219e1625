from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dimsetools.archive.layout import Layout, safe_name, text_name, uid_name
from dimsetools.errors import UsageError

ATTACKS = [
    "../x",
    "/abs",
    "..",
    ".",
    "",
    "a/../../b",
    "..\\x",
    "a\0b",
    "\0",
    "1" * 65,
    "x" * 65,
    "x" * 5000,
    "CON",
    "con.txt",
    "LPT1",
    "-rf",
    "Müller^Jörg",
    "山田^太郎",
    "trailing ",
    " leading",
    "dots...",
    "\x1b[2J",
    "line\nfeed",
    "\u202egpj",
    "\udcff",
    "~root",
    "$(reboot)",
    "`id`",
    ";|&<>*?'\"",
    ".hidden",
]


def is_one_harmless_component(name: str) -> bool:
    return (
        name not in ("", ".", "..")
        and not set(name) & set("/\\\0\n\r\x1b$`;|&<>*?'\"")
        and name[0] not in "-.~ "
        and name[-1] not in ". "
        and name.isascii()
        and name.isprintable()
        and len(name) <= 73
    )


@pytest.mark.parametrize("value", ATTACKS)
@pytest.mark.parametrize("keyword", ["SOPInstanceUID", "PatientID", "CallingAET"])
def test_a_hostile_value_becomes_one_harmless_component(keyword: str, value: str) -> None:
    name = safe_name(keyword, value)
    assert is_one_harmless_component(name)
    assert name.upper().partition(".")[0] not in {"CON", "LPT1"}


@given(st.text(max_size=80))
def test_any_text_becomes_one_harmless_component(value: str) -> None:
    assert is_one_harmless_component(text_name(value))
    assert is_one_harmless_component(uid_name(value))


@given(st.text(max_size=80), st.text(max_size=80))
def test_values_that_differ_get_names_that_differ(one: str, other: str) -> None:
    if one.strip(" \0") != other.strip(" \0"):
        assert text_name(one) != text_name(other)
    if one != other:
        assert uid_name(one) != uid_name(other)


@pytest.mark.parametrize("uid", ["1", "1.2.840.10008.1.1", "2.25." + "9" * 59, "1.02.3"])
def test_a_uid_is_its_own_name(uid: str) -> None:
    assert uid_name(uid) == uid


@pytest.mark.parametrize("uid", ["1..2", ".1", "1.", "1.2\n", "1.2 ", "१.२", "1.2.840/../1", "1" * 65])
def test_what_is_no_uid_is_hashed(uid: str) -> None:
    assert uid_name(uid).startswith("uid-")
    assert len(uid_name(uid)) == 36


@pytest.mark.parametrize("text", ["12345", "PAT_1", "A^B=C", "two words", "v1.2-3"])
def test_plain_text_stays_readable(text: str) -> None:
    assert text_name(text) == text


def test_the_default_layout_is_the_instance() -> None:
    layout = Layout()
    assert not layout.personal
    assert layout.tags == {}
    assert layout.path({"SOPInstanceUID": "1.2.3"}) == ("1.2.3.dcm",)


def test_a_layout_of_folders_reads_what_it_needs() -> None:
    layout = Layout("{PatientID}/{CallingAET}-{StudyInstanceUID}/")
    assert layout.personal
    assert layout.tags == {"PatientID": 0x00100020, "StudyInstanceUID": 0x0020000D}
    values = {"PatientID": "P/1", "CallingAET": "CT", "StudyInstanceUID": "1.2", "SOPInstanceUID": "1.2.3"}
    patient, study, instance = layout.path(values)
    assert (study, instance) == ("CT-1.2", "1.2.3.dcm")
    assert patient.startswith("P_1~")


def test_a_missing_value_keeps_its_component() -> None:
    assert Layout("{PatientID}/{SOPInstanceUID}").path({"SOPInstanceUID": "1"}) == ("_", "1")


def test_a_long_component_fits_the_file_system() -> None:
    layout = Layout("é" * 60 + "{PatientID}{PatientName}{AccessionNumber}{SOPInstanceUID}.dcm")
    values = dict.fromkeys(("PatientID", "PatientName", "AccessionNumber"), "x" * 64)
    (name,) = layout.path({**values, "SOPInstanceUID": "1.2.3"})
    (other,) = layout.path({**values, "SOPInstanceUID": "1.2.4"})
    assert len(os.fsencode(name)) <= 250
    assert name != other


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        "/abs/{SOPInstanceUID}",
        "../{SOPInstanceUID}",
        "a/../{SOPInstanceUID}",
        "a//{SOPInstanceUID}",
        "./{SOPInstanceUID}",
        "a\\{SOPInstanceUID}",
        "a\0{SOPInstanceUID}",
        "{SOPInstanceUID",
        "{SOPInstanceUID!r}",
        "{SOPInstanceUID:>9}",
        "{}",
        "{PatientID}/x.dcm",
        "{SOPInstanceUID}.part",
        "{PatientID.__class__}/{SOPInstanceUID}",
    ],
)
def test_a_layout_that_cannot_work_is_refused(pattern: str) -> None:
    with pytest.raises(UsageError):
        Layout(pattern)


def test_a_misspelt_field_gets_a_suggestion() -> None:
    with pytest.raises(UsageError) as caught:
        Layout("{PatientIDD}/{SOPInstanceUID}")
    assert "{PatientID}" in caught.value.hint
