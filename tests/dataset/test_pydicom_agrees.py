"""What pydicom encodes is whole to us, whatever it is; and a verdict on every file that pydicom ships."""

from __future__ import annotations

import os
from io import BytesIO
from pathlib import Path

import pydicom.data
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filereader import read_dataset
from pydicom.filewriter import write_dataset
from pydicom.sequence import Sequence

from dimsetools import uids
from dimsetools.dataset.elements import Malformed, pick, scan
from dimsetools.dataset.part10 import open_regular, read_meta
from dimsetools.errors import InputError
from tests.dataset.samples import opened

FOLDER = Path(pydicom.data.__file__).parent
UNCOMPRESSED = (uids.IMPLICIT_LE, uids.EXPLICIT_LE, uids.EXPLICIT_BE)

VALUES = {
    "LO": st.text("ABC ^", max_size=20),
    "OB": st.binary(max_size=20).map(lambda value: value + bytes(len(value) % 2)),
    "UN": st.binary(max_size=20).map(lambda value: value + bytes(len(value) % 2)),
    "UT": st.text("ABC", max_size=100),
    "US": st.integers(0, 65535),
    "FD": st.floats(allow_nan=False),
    "AT": st.just(0x00100010),
}


@st.composite
def data_sets(draw: st.DrawFn, depth: int = 3) -> Dataset:
    """A data set of public and private elements, with sequences of either length inside one another."""
    dataset = Dataset()
    for number in range(draw(st.integers(0, 4))):
        vr = draw(st.sampled_from(list(VALUES)))
        dataset.add_new((0x0009 + 2 * number, 0x1001), vr, draw(VALUES[vr]))
    dataset.PatientID = draw(st.sampled_from(["", "ID", "OTHER"]))
    dataset.SOPInstanceUID = "1.2.3"
    for tag in ((0x0008, 0x1140), (0x0040, 0xA730))[: draw(st.integers(0, 2)) if depth else 0]:
        items = draw(st.lists(data_sets(depth=depth - 1), max_size=2))
        for item in items:
            item.is_undefined_length_sequence_item = draw(st.booleans())
        dataset.add_new(tag, "SQ", Sequence(items))
        dataset[tag].is_undefined_length = draw(st.booleans())
    return dataset


def encoded(dataset: Dataset, syntax: str) -> bytes:
    buffer = DicomBytesIO()
    buffer.is_implicit_VR = syntax == uids.IMPLICIT_LE
    buffer.is_little_endian = syntax != uids.EXPLICIT_BE
    write_dataset(buffer, dataset)
    return bytes(buffer.getvalue())


def nesting(dataset: Dataset) -> int:
    return max(
        (1 + max(map(nesting, element.value)) for element in dataset if element.VR == "SQ" and element.value),
        default=0,
    )


@settings(max_examples=60)
@given(data_sets(), st.sampled_from(UNCOMPRESSED))
def test_what_pydicom_encodes_is_whole(dataset: Dataset, syntax: str) -> None:
    data = encoded(dataset, syntax)
    found = scan(data, syntax)
    assert found.end == len(data)
    assert found.depth >= nesting(dataset)
    with opened(data) as fd:
        assert scan(fd, syntax) == found


@settings(max_examples=60)
@given(data_sets(), st.sampled_from(UNCOMPRESSED))
def test_pick_reads_what_pydicom_reads(dataset: Dataset, syntax: str) -> None:
    data = encoded(dataset, syntax)
    wanted = {0x00080018, 0x00100020, 0x00091001}
    seen = read_dataset(BytesIO(data), syntax == uids.IMPLICIT_LE, syntax != uids.EXPLICIT_BE)
    expected = {}
    for tag in wanted & set(map(int, seen.keys())):
        raw = seen.get_item(tag)
        assert raw is not None
        expected[tag] = raw.value or b""
    assert pick(data, syntax, wanted) == expected


# -- the files ------------------------------------------------------------------------------------------

TEST_FILES = sorted(path for path in (FOLDER / "test_files").rglob("*") if path.is_file())
CHARSET_FILES = sorted((FOLDER / "charset_files").glob("*.dcm"))
PALETTES = sorted((FOLDER / "palettes").glob("*.dcm"))

# Files that cannot be sent, and a word of the reason.
REFUSED = {
    "README.txt": "text file",
    "README": "text file",
    "rtplan.dump": "text file",
    "rtstruct.dump": "text file",
    "test1.json": "text file",
    "test_PN.json": "text file",
    "zipMR.gz": "gzip",
    "crayons.icc": "not DICOM",
    "no_meta.dcm": "not DICOM",  # begins with a stray byte
    "empty_charset_LEI.dcm": "no SOP class UID",
    "meta_missing_tsyntax.dcm": "no SOP class UID",
    "nested_priv_SQ.dcm": "no SOP class UID",
    "SC_rgb_jpeg.dcm": "encoded as Implicit VR Little Endian",
    "badVR.dcm": "its data set has the SOP instance UID",
    "rtdose.dcm": "its data set has the SOP instance UID",
    "rtdose_1frame.dcm": "its data set has the SOP instance UID",
    "rtdose_expb.dcm": "its data set has the SOP instance UID",
    "rtdose_expb_1frame.dcm": "its data set has the SOP instance UID",
    "rtplan.dcm": "its data set has the SOP instance UID",
    "rtplan_truncated.dcm": "its data set has the SOP instance UID",
    "chrJapMulti.dcm": "its data set has the SOP instance UID",
    "chrJapMultiExplicitIR6.dcm": "its data set has the SOP instance UID",
}
GUESSED = {"ExplVR_BigEndNoMeta.dcm", "ExplVR_LitEndNoMeta.dcm", "rtstruct.dcm"}
BROKEN = {"MR_truncated.dcm": "truncated"}


@pytest.mark.parametrize("path", [*TEST_FILES, *CHARSET_FILES, *PALETTES], ids=lambda path: path.name)
def test_every_file_gets_the_verdict_it_deserves(path: Path) -> None:
    reason = "a DICOMDIR" if path.name.startswith("DICOMDIR") else REFUSED.get(path.name)
    fd, status = open_regular(path)
    try:
        if reason is not None:
            with pytest.raises(InputError, match=reason):
                read_meta(fd, status.st_size)
            return
        meta = read_meta(fd, status.st_size)
        assert meta.guessed is (path.name in GUESSED)
        dataset = pydicom.dcmread(path, force=True, stop_before_pixels=True)
        said = dataset.file_meta  # some have their UIDs in the File Meta Information alone
        assert meta.sop_class_uid == dataset.get("SOPClassUID", said.get("MediaStorageSOPClassUID"))
        assert meta.sop_instance_uid == dataset.get("SOPInstanceUID", said.get("MediaStorageSOPInstanceUID"))
        if not meta.guessed:
            assert meta.transfer_syntax == dataset.file_meta.TransferSyntaxUID
        if path.name in BROKEN:
            with pytest.raises(Malformed, match=BROKEN[path.name]):
                scan(fd, meta.transfer_syntax, offset=meta.offset, length=meta.length)
            return
        found = scan(fd, meta.transfer_syntax, offset=meta.offset, length=meta.length)
        if meta.transfer_syntax != uids.DEFLATED_LE:
            assert found.end == status.st_size
    finally:
        os.close(fd)


def test_the_lists_name_files_that_exist() -> None:
    names = {path.name for path in (*TEST_FILES, *CHARSET_FILES)}
    assert {*REFUSED, *GUESSED, *BROKEN} <= names


@pytest.mark.parametrize("name", ["rtplan_truncated.dcm", "MR_truncated.dcm"])
def test_truncated_files_say_where_the_last_whole_element_ends(name: str) -> None:
    data = (FOLDER / "test_files" / name).read_bytes()
    syntax = pydicom.dcmread(FOLDER / "test_files" / name, force=True).file_meta.TransferSyntaxUID
    offset = data.index(b"DICM") + 4 + 12 + int.from_bytes(data[140:144], "little")
    with pytest.raises(Malformed) as caught:
        scan(data, syntax, offset=offset)
    whole = data[: caught.value.end]
    assert scan(whole, syntax, offset=offset).end == len(whole)
