from __future__ import annotations

import os
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dimsetools.archive import persons
from dimsetools.archive.columns import COLUMNS, IMAGE, LEVELS
from dimsetools.archive.content import MAX_INFLATE
from dimsetools.archive.extract import Entities, Indexed, described, extract
from dimsetools.dataset.encode import encode
from dimsetools.errors import InputError
from tests.archive.indexing import Archive, rebuilt
from tests.archive.indexing import described as small
from tests.archive.test_matching import data
from tests.corpus import (
    CT_IMAGE,
    DEFLATED_LE,
    EXPLICIT_BE,
    EXPLICIT_LE,
    IMPLICIT_LE,
    JPEG_BASELINE,
    Shipped,
    element,
    make_dataset,
    make_file,
    shipped_objects,
)

WHO = (CT_IMAGE, "1.2.3")
SYNTAXES = [EXPLICIT_LE, IMPLICIT_LE, EXPLICIT_BE, DEFLATED_LE, JPEG_BASELINE]


def values(found: Entities) -> dict[str, object]:
    """What is there, by keyword."""
    return {
        column.keyword: value
        for level, row in zip(LEVELS, found[:4], strict=True)
        for column, value in zip(COLUMNS[level], row, strict=True)
        if value not in (None, "")
    }


def of(content: bytes, syntax: str = EXPLICIT_LE) -> dict[str, object]:
    return values(extract(content, 0, len(content), WHO, syntax))


@contextmanager
def opened(path: Path) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@pytest.mark.parametrize("syntax", SYNTAXES)
@pytest.mark.parametrize("size", [2048, 300_000])
def test_from_a_buffer_and_from_a_file(tmp_path: Path, syntax: str, size: int) -> None:
    made = make_file(tmp_path / "a.dcm", 3, size=size, syntax=syntax)
    with opened(made.path) as descriptor:
        found = described(descriptor, "a.dcm")
        status = os.fstat(descriptor)
    assert found[:6] == (
        "a.dcm", status.st_size, status.st_mtime_ns, CT_IMAGE, made.sop_instance, syntax,
    )  # fmt: skip
    buffer = extract(made.dataset, 0, len(made.dataset), (CT_IMAGE, made.sop_instance), syntax)
    assert buffer == found.entities
    assert values(buffer) | {"Rows": 1, "StudyInstanceUID": 1} == {
        "PatientID": "PAT000000", "PatientName": "Bench^Patient 0", "PatientBirthDate": "19700101",
        "PatientSex": "O", "StudyInstanceUID": 1, "StudyDate": "20260102", "StudyTime": "030405",
        "StudyID": "0",
        "SeriesInstanceUID": "1.2.826.0.1.3680043.10.43.7.2.0", "Modality": "CT", "SeriesNumber": "0",
        "SeriesDescription": "Series 0", "SOPInstanceUID": made.sop_instance, "SOPClassUID": CT_IMAGE,
        "InstanceNumber": "4", "ImageType": "ORIGINAL\\PRIMARY", "Rows": 1, "Columns": 64, "BitsAllocated": 8,
        "PhotometricInterpretation": "MONOCHROME2",
    }  # fmt: skip
    assert (buffer.identity, buffer.name_keys) == ("PAT000000\\", persons.groups("Bench^Patient 0"))


@pytest.mark.parametrize("syntax", SYNTAXES[:3])
@pytest.mark.parametrize("in_file", [False, True])
def test_large_elements_are_stepped_over(tmp_path: Path, syntax: str, in_file: bool) -> None:
    head = element(8, 0x60, b"CS", b"MR", syntax)
    tail = element(0x10, 0x20, b"LO", b"P1", syntax) + element(0x20, 0xD, b"UI", b"1.2", syntax)
    for size in (65_000, 65_536, 200_000):
        content = head + element(9, 0x1001, b"OB", bytes(size), syntax) + tail
        if in_file:
            (tmp_path / "a").write_bytes(content)
            with opened(tmp_path / "a") as descriptor:
                found = values(extract(descriptor, 0, len(content), WHO, syntax))
        else:
            found = of(content, syntax)
        assert (found["Modality"], found["PatientID"], found["StudyInstanceUID"]) == ("MR", "P1", "1.2")


def test_a_value_at_the_end_of_a_window(tmp_path: Path) -> None:
    for size in range(65_536 - 80, 65_536, 2):
        content = element(8, 0x60, b"CS", b"MR") + element(9, 0x1001, b"OB", bytes(size - 30))
        content += element(0x10, 0x10, b"PN", b"Doe^John") + element(0x10, 0x20, b"LO", b"P1")
        (tmp_path / "a").write_bytes(content)
        with opened(tmp_path / "a") as descriptor:
            found = values(extract(descriptor, 0, len(content), WHO, EXPLICIT_LE))
        assert (found["PatientName"], found["PatientID"]) == ("Doe^John", "P1")


@pytest.mark.parametrize("syntax", [EXPLICIT_LE, IMPLICIT_LE, EXPLICIT_BE])
def test_sequences(syntax: str) -> None:
    code = data(CodeValue="C", CodeMeaning="Schädel")
    step = data(ScheduledProcedureStepID="S1", RequestedProcedureID="R1")
    attributes = small(
        "1",
        SpecificCharacterSet="ISO_IR 100",
        ProcedureCodeSequence=[code],
        RequestAttributesSequence=[step, step],
    )
    found = of(encode(attributes, syntax), syntax)
    assert found["ProcedureCodeSequence"] == (
        '[{"00080100": {"vr": "SH", "Value": ["C"]}, "00080104": {"vr": "LO", "Value": ["Schädel"]}}]'
    )
    assert str(found["RequestAttributesSequence"]).count("S1") == 2


def test_sequences_of_undefined_length() -> None:
    item = struct.pack("<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF) + element(0x40, 9, b"SH", b"S1")
    end = struct.pack("<HHI", 0xFFFE, 0xE00D, 0) + struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)
    references = element(8, 0x1140, b"SQ", b"", length=0xFFFFFFFF) + item + end
    content = (
        references
        + element(0x10, 0x20, b"LO", b"P1")
        + element(0x40, 0x275, b"SQ", b"", length=0xFFFFFFFF) + item + end
        + element(0x42, 0x10, b"ST", b"Title")
    )  # fmt: skip
    found = of(content)
    assert found["PatientID"] == "P1"
    assert found["RequestAttributesSequence"] == '[{"00400009": {"vr": "SH", "Value": ["S1"]}}]'
    assert found["DocumentTitle"] == "Title"


def test_a_sequence_can_be_asked_for(tmp_path: Path) -> None:
    with Archive(tmp_path) as archive:
        step = data(ScheduledProcedureStepID="S1", RequestedProcedureID="R1")
        archive.put("1", RequestAttributesSequence=[step])
        archive.put("2", SeriesInstanceUID="1.1.2")
        asked = data(SeriesInstanceUID="", RequestAttributesSequence=[data(RequestedProcedureID="R*")])
        (found,) = archive.index.find("study", "SERIES", asked, relational=True)
        expected = data(
            QueryRetrieveLevel="SERIES", SeriesInstanceUID="1.1.1",
            RequestAttributesSequence=[data(RequestedProcedureID="R1")],
        )  # fmt: skip
        assert found == expected
        asked = data(SeriesInstanceUID="", RequestAttributesSequence=[])
        assert len(list(archive.index.find("study", "SERIES", asked, relational=True))) == 2


@pytest.mark.parametrize(
    ("vr", "raw", "keyword", "expected"),
    [
        (b"LO", b" P1 ", "PatientID", "P1"),
        (b"LO", b"  ", "PatientID", None),
        (b"LT", b" two words  ", "PatientComments", " two words"),
        (b"LT", b"a\\b", "PatientComments", "a\\b"),
        (b"LO", b"A \\ B\\", "OtherPatientIDs", "A\\B\\"),
        (b"LO", b"\\ \\", "OtherPatientIDs", None),
        (b"DA", b"2026.01.02", "PatientBirthDate", "20260102"),
        (b"DA", b"2026.1.2", "PatientBirthDate", None),
        (b"CS", b"\xe4", "PatientSex", "ä"),
        (b"LT", b"x" * 20_000, "PatientComments", "x" * 10_240),
    ],
)
def test_values_without_what_is_not_significant(
    vr: bytes, raw: bytes, keyword: str, expected: str | None
) -> None:
    tag = next(column.tag for column in COLUMNS["PATIENT"] if column.keyword == keyword)
    assert of(element(tag >> 16, tag & 0xFFFF, vr, raw)).get(keyword) == expected


def test_who_an_object_is_was_said_before() -> None:
    found = of(element(8, 0x18, b"UI", b"9.9") + element(0x28, 0x10, b"US", b"\1\0\2\0"))
    assert (found["SOPInstanceUID"], found["SOPClassUID"]) == ("1.2.3", CT_IMAGE)
    assert "Rows" not in found  # two values where there is one


def test_a_private_syntax_is_found_out() -> None:
    for syntax in (EXPLICIT_LE, IMPLICIT_LE, EXPLICIT_BE):
        content = make_dataset(3, syntax=syntax)
        assert of(content, "1.2.3.4.5")["PatientName"] == "Bench^Patient 0"


def test_a_deflated_object_is_the_same_after_a_rebuild(tmp_path: Path) -> None:
    """However far behind its beginning an attribute lies: also where only the beginning is looked at."""
    for size in (300_000, MAX_INFLATE + 1000):
        plain = element(8, 0x60, b"CS", b"MR") + element(9, 0x1001, b"OB", bytes(size))
        deflate = zlib.compressobj(wbits=-15)
        plain += element(0x10, 0x20, b"LO", b"P1")
        plain += element(0x20, 0xD, b"UI", b"1.2") + element(0x20, 0xE, b"UI", b"1.3")
        content = deflate.compress(plain) + deflate.flush()
        folder = tmp_path / str(size)
        folder.mkdir()
        with Archive(folder) as archive:
            archive.put_bytes("1", content, syntax=DEFLATED_LE)
            kept = archive.everything()
        (again,) = (archive.everything() for archive in rebuilt(folder))
        assert again == kept
        assert [found["PatientID"] for found in kept["SERIES"]] == ["P1"] * (size < MAX_INFLATE)


def test_a_broken_deflated_stream_has_nothing() -> None:
    assert set(of(b"no deflated data set", DEFLATED_LE)) == {"SOPInstanceUID", "SOPClassUID"}


@pytest.mark.parametrize("shipped", shipped_objects(), ids=lambda shipped: shipped.path.name)
def test_pydicom_reads_the_same(shipped: Shipped) -> None:
    import pydicom

    with opened(shipped.path) as descriptor:
        try:
            found: Indexed = described(descriptor, "x")
        except InputError:
            return  # files that contradict themselves
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = pydicom.dcmread(shipped.path)
        for level, row in zip(LEVELS, found.entities[:4], strict=True):
            for column, ours in zip(COLUMNS[level], row, strict=True):
                if column.vr == "SQ" or (level == IMAGE and column.keyword.startswith("SOP")):
                    continue
                value = theirs[column.tag].value if column.tag in theirs else None
                if isinstance(value, pydicom.multival.MultiValue):
                    value = "\\".join(str(part).strip() for part in value)
                expected = "" if value is None else str(value).strip()
                if column.vr == "DA":  # the old form becomes the new one
                    expected = expected.replace(".", "")
                assert str("" if ours is None else ours).strip() == expected, column.keyword


@given(st.binary(max_size=300), st.sampled_from(SYNTAXES))
def test_no_bytes_make_it_fail(content: bytes, syntax: str) -> None:
    extract(content, 0, len(content), WHO, syntax)
    whole = make_dataset(1)
    content = whole[: len(content)] + content
    extract(content, 0, len(content), WHO, EXPLICIT_LE)


def test_every_cut_is_survived() -> None:
    whole = make_dataset(1)
    for end in range(len(whole)):
        extract(whole, 0, end, WHO, EXPLICIT_LE)
