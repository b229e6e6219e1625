"""Dump text is read as dump2dcm reads it, and a little more kindly."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dimsetools.dataset.attributes import Attribute, Attributes
from dimsetools.dataset.dump_text import dump_queries
from dimsetools.dataset.dump_values import dump_values
from dimsetools.dataset.files import queries
from dimsetools.errors import InputError
from tests.dataset.query_samples import CT, STEP, converted, dicom, dump2dcm

HAND_WRITTEN = rb"""
# a worklist query, written by hand
(0008,0005) CS [ISO_IR 192]             # UTF-8
(0008,0016) UI =CTImageStorage
(0008,0020) DA 20260101-                # from this day on
(0008,0050) SH (no value available)     #   0, 0 AccessionNumber
(0008,0090) PN
(0010,0010) PN [M\xc3\xbcller*]         #  10, 1 PatientName
(0010,0020) [A#1]
(0010,0030) DA []
(0028,0009) AT (0018,1063)\(0018,1065)
(0028,0010) US 5
(0028,1201) OW 0100\0302
(0040,0100) SQ (Sequence with explicit length #=1)
(fffe,e000) na (Item with explicit length #=2)
(0040,0001) AE [STATION]
(0040,0008) SQ
(fffe,e000)
(0008,0100) SH [CODE]
(fffe,e00d)
(fffe,e000)
(fffe,e00d)
(fffe,e0dd)
(fffe,e00d) na
(fffe,e0dd) na (SequenceDelimitationItem)
(0072,0065) OB 00\01\ff\02
""".replace(rb"\xc3\xbc", "ü".encode())

MEANT: Attributes = {
    0x00080005: Attribute("CS", ("ISO_IR 192",)),
    0x00080016: Attribute("UI", (CT,)),
    0x00080020: Attribute("DA", ("20260101-",)),
    0x00080050: Attribute("SH"),
    0x00080090: Attribute("PN"),
    0x00100010: Attribute("PN", ("Müller*",)),
    0x00100020: Attribute("LO", ("A#1",)),
    0x00100030: Attribute("DA"),
    0x00280009: Attribute("AT", (0x00181063, 0x00181065)),
    0x00280010: Attribute("US", (5,)),
    0x00281201: Attribute("OW", (b"\0\1\2\3",)),
    STEP: Attribute(
        "SQ",
        (
            {
                0x00400001: Attribute("AE", ("STATION",)),
                0x00400008: Attribute("SQ", ({0x00080100: Attribute("SH", ("CODE",))}, {})),
            },
        ),
    ),
    0x00720065: Attribute("OB", (b"\0\1\xff\2",)),
}


def only(data: bytes) -> Attributes:
    (found,) = dump_queries(data, "q")
    return found


def test_a_dump_written_by_hand_is_what_dump2dcm_makes_of_it(tmp_path: Path) -> None:
    assert only(HAND_WRITTEN) == MEANT
    (made,) = queries(dump2dcm(tmp_path, HAND_WRITTEN), "made")
    assert made == MEANT


def test_what_dump2dcm_makes_comes_back(tmp_path: Path) -> None:
    dump = converted("dcmdump", tmp_path, dump2dcm(tmp_path, HAND_WRITTEN))
    assert next(queries(dump, "q")) == MEANT


def test_carriage_returns_do_not_matter() -> None:
    assert only(HAND_WRITTEN.replace(b"\n", b"\r\n")) == MEANT


@pytest.mark.parametrize(
    ("line", "value"),
    [
        (b"(0010,4000) LT [a # 12, 1 b]", ("a # 12, 1 b",)),
        (b"(0010,4000) LT [a]b]    #   4, 1 PatientComments", ("a]b",)),
        (b"(0010,4000) LT [one\ntwo]\nthree]   #  14, 1 PatientComments", ("one\ntwo]\nthree",)),
        (b"(0010,4000) LT [one\ntwo]", ("one\ntwo",)),
        (b"(0010,4000) LT [one]  # a comment [x]", ("one",)),
        (b"(0010,4000) [ a ]", (" a",)),
        (b"(0010,4000) LT plain text # a comment", ("plain text",)),
        (b"(0010,4000) ST [other VR]", ("other VR",)),
        (b"  (0010,4000) LT (no value available) # 0, 0 X", ()),
        (b"(0010,4000) LT", ()),
    ],
)
def test_a_text_ends_where_it_should(line: bytes, value: tuple[str, ...]) -> None:
    found = only(line + b"\n(0010,0020) LO [next]\n")
    assert found[0x00104000].values == value
    assert found[0x00100020].values == ("next",)


def test_text_is_in_the_character_set_of_the_dump_or_item() -> None:
    greek = "Διονυσιος".encode("iso8859_7")
    found = only(
        b"(0008,0005) CS [ISO_IR 126]\n(0010,0010) PN [" + greek + b"]\n(0040,0100) SQ\n(fffe,e000)\n"
        b"(0008,0005) CS [ISO_IR 100]\n(0040,0006) PN [M\xfcller]\n(fffe,e00d)\n(fffe,e0dd)\n"
    )
    assert found[0x00100010].values == ("Διονυσιος",)
    assert found[STEP].values[0][0x00400006].values == ("Müller",)


def test_an_empty_sequence_needs_no_end_and_fragments_are_passed_over() -> None:
    assert only(b"(0040,0100) SQ\n(0040,1001) SH [x]\n") == {
        STEP: Attribute("SQ"), 0x00401001: Attribute("SH", ("x",)),
    }  # fmt: skip
    pixels = (
        b"(7fe0,0010) OB (PixelSequence #=2)\n  (fffe,e000) pi (no value available)\n"
        b"  (fffe,e000) pi ff\\d8\n(fffe,e0dd) na (SequenceDelimitationItem)\n(0028,0010) US 1\n"
    )
    assert only(pixels) == {0x00280010: Attribute("US", (1,)), 0x7FE00010: Attribute("OB")}


def test_each_data_set_of_a_dump_is_a_query() -> None:
    dump = b"# Dicom-File-Format\n(0002,0010) UI =Unknown\n# Dicom-Data-Set\n(0010,0020) LO [A]\n"
    assert [query[0x00100020].values for query in dump_queries(dump * 2, "q")] == [("A",), ("A",)]
    assert (
        len(list(dump_queries(b"# match 1\n(0010,0020) LO [A]\n\n# match 2\n(0010,0020) LO [B]\n", "q"))) == 2
    )


def test_a_long_value_that_dcmdump_cut_is_refused(tmp_path: Path) -> None:
    for attribute in (Attribute("CS", ("A" * 16,) * 16), Attribute("OB", (bytes(1000),))):
        query: Attributes = {0x00080008: attribute}
        with pytest.raises(InputError, match="not complete") as caught:
            list(queries(converted("dcmdump", tmp_path, dicom(query)), "q"))
        assert "+L" in caught.value.hint
        assert next(queries(converted("dcmdump", tmp_path, dicom(query), "+L"), "q")) == query


WRONG = [
    (b"\nPatientName", 2, "a tag was expected"),
    (b"(0010,00) LO [A]", 1, "a tag was expected"),
    (b"(0010,0020) LO [A", 1, "without its ']'"),
    (b"(0028,0010) US five", 1, "Rows: 'five' is no integer"),
    (b"(0028,0010) US =file", 1, "another file"),
    (b"(7fe0,0010) OW =file", 1, "another file"),
    (b"(7fe0,0010) OW 12345", 1, "no values of VR OW"),
    (b"(7fe0,0010) OB (not loaded)", 1, "not in the dump"),
    (b"(0008,0016) UI =NoSuchClass", 1, "no known name"),
    (b"(fffe,e000)", 1, "an item outside"),
    (b"(fffe,e00d)", 1, "none is open"),
    (b"(fffe,e0dd)", 1, "none is open"),
    (b"(fffe,0000)", 1, "no data element"),
    (b"\n(0040,0100) SQ\n(fffe,e000)\n(0008,0060) CS [CT]", 2, "ScheduledProcedureStepSequence has no end"),
    (b"(0040,0100) SQ\n(fffe,e000)\n(fffe,e00d)\n(0008,0060) CS [CT]", 4, "an item or the end"),
    (b"(0040,0100) SQ\n(fffe,e000)\n" * 65, 129, "deeper than 64"),
]


@pytest.mark.parametrize(("data", "line", "message"), WRONG)
def test_what_is_wrong_is_said_with_its_line(data: bytes, line: int, message: str) -> None:
    with pytest.raises(InputError) as caught:
        list(dump_queries(data, "q"))
    assert caught.value.message.startswith(f"q, line {line}: ")
    assert message in caught.value.message


def test_many_lines_cost_linear_time() -> None:
    data = b"(0010,4000) LT [\n" + b"x]y\n" * 200_000
    with pytest.raises(InputError, match="without its"):
        list(dump_queries(data, "q"))
    data = b"(0010,4000) LT [x] # " + b"] # 1, 1 x" * 20_000 + b"\n"
    assert only(data)


@given(st.lists(st.sampled_from([*HAND_WRITTEN.split(b"\n"), b"[", b"]", b"(no", b"# Dicom-Data-Set"])))
def test_lines_in_any_order_are_read_or_refused(lines: list[bytes]) -> None:
    try:
        for query in dump_queries(b"\n".join(lines), "q"):
            assert list(query) == sorted(query)
    except InputError as error:
        assert error.message.startswith("q, line ")  # noqa: PT017  # either outcome is fine


@given(st.sampled_from(["AT", "US", "FD", "OB", "OW", "OL", "OV", "OF", "OD", "UI", "PN"]), st.binary())
def test_values_are_read_or_refused(vr: str, text: bytes) -> None:
    try:
        assert isinstance(dump_values(text, vr, ()), tuple)
    except ValueError as error:
        assert str(error)  # noqa: PT017
