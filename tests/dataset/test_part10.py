"""What a file is: sent, guessed, or refused with the reason; and the headers that we write."""

from __future__ import annotations

import os
import socket
import struct
import tempfile
from contextlib import suppress
from io import BytesIO
from pathlib import Path

import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dimsetools import uids
from dimsetools.dataset.part10 import FileMeta, header, open_regular, read_meta
from dimsetools.errors import ExitCode, InputError, InputUnreadable
from tests.dataset.encoding import BIG_ENDIAN, EXPLICIT, IMPLICIT
from tests.dataset.samples import SYNTAXES, deflated, head, opened, tail

CLASS, INSTANCE = "1.2.3.4", "1.2.3.4.5"  # those of samples.head
RLE = uids.transfer_syntax("rle")


def meta_of(data: bytes) -> FileMeta:
    with opened(data) as fd:
        return read_meta(fd, len(data))


def group_2(*elements: bytes, length: int | None = None) -> bytes:
    content = b"".join(elements)
    size = len(content) if length is None else length
    return bytes(128) + b"DICM" + EXPLICIT.element(0x00020000, "UL", struct.pack("<I", size)) + content


def ui(element: int, value: str) -> bytes:
    raw = value.encode() + b"\0" * (len(value) % 2)
    return EXPLICIT.element(0x00020000 | element, "UI", raw)


MEDIA = (ui(0x0002, CLASS), ui(0x0003, INSTANCE))


@pytest.mark.parametrize("encoding", SYNTAXES, ids=("implicit", "explicit", "big endian"))
def test_files_of_each_encoding(encoding: object) -> None:
    syntax = SYNTAXES[encoding]  # type: ignore[index]
    start = header(CLASS, INSTANCE, syntax)
    data = head(encoding) + tail(encoding)  # type: ignore[arg-type]
    assert meta_of(start + data) == FileMeta(CLASS, INSTANCE, syntax, len(start), len(data), False)


def test_deflated_files() -> None:
    start, data = header(CLASS, INSTANCE, uids.DEFLATED_LE), deflated(head(EXPLICIT))
    assert meta_of(start + data) == FileMeta(CLASS, INSTANCE, uids.DEFLATED_LE, len(start), len(data), False)


@pytest.mark.parametrize("syntax", [RLE, "1.2.840.10008.1.2.999", "1.2.826.0.1.3680043.9.1"])
def test_compressed_unknown_and_private_syntaxes_are_taken_as_they_are(syntax: str) -> None:
    assert meta_of(header(CLASS, INSTANCE, syntax) + head(EXPLICIT)).transfer_syntax == syntax


@pytest.mark.parametrize("encoding", SYNTAXES, ids=("implicit", "explicit", "big endian"))
def test_a_private_syntax_may_have_any_layout(encoding: object) -> None:
    private = "1.2.840.113619.5.2"
    meta = meta_of(group_2(ui(0x0010, private)) + head(encoding))  # type: ignore[arg-type]
    assert meta[:3] == (CLASS, INSTANCE, private)
    assert not meta.guessed


@pytest.mark.parametrize("length", [0, 2, 20, 10_000, 0xFFFFFFFF])
def test_a_wrong_group_length_does_no_harm(length: int) -> None:
    data = group_2(*MEDIA, ui(0x0010, uids.EXPLICIT_LE), length=length) + head(EXPLICIT)
    assert meta_of(data)[:3] == (CLASS, INSTANCE, uids.EXPLICIT_LE)
    assert meta_of(data).length == len(head(EXPLICIT))


def test_a_missing_group_length_does_no_harm() -> None:
    data = bytes(128) + b"DICM" + b"".join(MEDIA) + ui(0x0010, uids.IMPLICIT_LE) + head(IMPLICIT)
    assert meta_of(data) == FileMeta(
        CLASS, INSTANCE, uids.IMPLICIT_LE, len(data) - len(head(IMPLICIT)), len(head(IMPLICIT)), False
    )


def test_a_deflated_data_set_may_begin_like_group_2() -> None:
    """The group length tells where the File Meta Information ends when the elements cannot."""
    start = header(CLASS, INSTANCE, uids.DEFLATED_LE)
    assert meta_of(start + b"\x02\0\x10\0\xff\xff\xff\xff" + bytes(20)).offset == len(start)


def test_uids_with_any_padding() -> None:
    data = group_2(
        EXPLICIT.element(0x00020002, "UI", CLASS.encode() + b" \0"),
        EXPLICIT.element(0x00020003, "UI", INSTANCE.encode() + b"   "),
        EXPLICIT.element(0x00020010, "UI", uids.EXPLICIT_LE.encode() + b"\0\0\0"),
    )
    assert meta_of(data + head(EXPLICIT))[:3] == (CLASS, INSTANCE, uids.EXPLICIT_LE)


def test_uids_come_from_either_place() -> None:
    only_in_data = group_2(ui(0x0010, uids.EXPLICIT_LE)) + head(EXPLICIT)
    only_in_meta = group_2(*MEDIA, ui(0x0010, uids.EXPLICIT_LE)) + tail(EXPLICIT)
    for data in (only_in_data, only_in_meta):
        assert meta_of(data)[:3] == (CLASS, INSTANCE, uids.EXPLICIT_LE)
        assert not meta_of(data).guessed


def test_uids_behind_the_first_read_are_found() -> None:
    long = EXPLICIT.element(0x00080008, "UT", b"x" * 5000)
    data = group_2(ui(0x0010, uids.EXPLICIT_LE)) + long + head(EXPLICIT)
    assert meta_of(data)[:2] == (CLASS, INSTANCE)


def test_large_file_meta_information() -> None:
    private = EXPLICIT.element(0x00020102, "OB", bytes(100_000))
    data = group_2(*MEDIA, ui(0x0010, uids.EXPLICIT_LE), private) + head(EXPLICIT)
    assert meta_of(data).offset == len(data) - len(head(EXPLICIT))


@pytest.mark.parametrize("encoding", SYNTAXES, ids=("implicit", "explicit", "big endian"))
def test_no_file_meta_information(encoding: object) -> None:
    data = head(encoding)  # type: ignore[arg-type]
    assert meta_of(data) == FileMeta(CLASS, INSTANCE, SYNTAXES[encoding], 0, len(data), True)  # type: ignore[index]


def test_no_transfer_syntax() -> None:
    data = group_2(*MEDIA) + head(IMPLICIT)
    meta = meta_of(data)
    assert (meta.transfer_syntax, meta.guessed) == (uids.IMPLICIT_LE, True)


@pytest.mark.parametrize("start", [132, 128], ids=("without preamble and DICM", "without preamble"))
def test_no_preamble(start: int) -> None:
    data = (header(CLASS, INSTANCE, RLE) + head(EXPLICIT))[start:]
    assert meta_of(data)[:3] == (CLASS, INSTANCE, RLE)
    assert data[meta_of(data).offset :] == head(EXPLICIT)


WHOLE = header(CLASS, INSTANCE, uids.EXPLICIT_LE) + head(EXPLICIT)

REFUSED = {
    "empty": (b"", "an empty file"),
    "text": (b"Patient: none\n" * 30, "a text file"),
    "utf-8 text": ("Größe\n".encode() * 800, "a text file"),
    "JSON": (b'{"00080016": {}}', "a text file"),
    "JPEG": (b"\xff\xd8\xff\xe0" + bytes(100), "a JPEG file"),
    "PDF": (b"%PDF-1.7\n\x80\x81", "a PDF file"),
    "ZIP": (b"PK\x03\x04" + bytes(100), "a ZIP file"),
    "zeros": (bytes(1000), "not DICOM"),
    "noise": (b"\x93\x01\x88\xf2" * 100, "not DICOM"),
    "preamble only": (bytes(128), "not DICOM"),
    "DICM only": (bytes(128) + b"DICM", "nothing behind 'DICM'"),
    "the word DICM": (b"DICM", "nothing behind 'DICM'"),
    "header cut in a header": (WHOLE[:150], "truncated inside its File Meta Information"),
    "header cut in a value": (WHOLE[:180], "truncated inside its File Meta Information"),
    "no data set": (header(CLASS, INSTANCE, uids.EXPLICIT_LE), "no data set"),
    "implicit header": (
        bytes(128) + b"DICM" + IMPLICIT.element(0x00020000, "UL", b"\x50\0\0\0") + head(EXPLICIT),
        "not explicit VR little endian",
    ),
    "no UIDs": (group_2(ui(0x0010, uids.EXPLICIT_LE)) + tail(EXPLICIT), "no SOP class UID"),
    "no instance UID": (
        group_2(MEDIA[0], ui(0x0010, uids.EXPLICIT_LE)) + tail(EXPLICIT), "no SOP instance UID"),
    "no UIDs, no meta": (tail(EXPLICIT), "not DICOM"),
    "no instance UID, no meta": (head(EXPLICIT)[:16], "no SOP instance UID"),
    "no syntax to be guessed": (group_2(*MEDIA) + bytes(50), "none to be guessed"),
    "bad UID": (
        group_2(MEDIA[0], ui(0x0003, "../../x"), ui(0x0010, uids.EXPLICIT_LE)) + tail(EXPLICIT),
        r"SOP instance UID '../../x' is no UID",
    ),
    "UID of 65 characters": (
        group_2(MEDIA[0], ui(0x0003, "1." + "2" * 63), ui(0x0010, uids.EXPLICIT_LE)) + tail(EXPLICIT),
        "is no UID",
    ),
    "bad syntax UID": (group_2(*MEDIA, ui(0x0010, "\x1b[31m")) + head(EXPLICIT), r"'\\x1b\[31m' is no UID"),
    "other class": (
        header("1.2.9", INSTANCE, uids.EXPLICIT_LE) + head(EXPLICIT),
        "data set has the SOP class UID 1.2.3.4, its File Meta Information 1.2.9",
    ),
    "other instance": (
        header(CLASS, "1.9", uids.EXPLICIT_LE) + head(EXPLICIT),
        "data set has the SOP instance UID 1.2.3.4.5",
    ),
    "other instance, deflated": (
        header(CLASS, "1.9", uids.DEFLATED_LE) + deflated(head(EXPLICIT)),
        "data set has the SOP instance UID",
    ),
    "explicit, says implicit": (
        header(CLASS, INSTANCE, uids.IMPLICIT_LE) + head(EXPLICIT), "encoded as Explicit VR Little Endian"),
    "implicit, says explicit": (
        header(CLASS, INSTANCE, uids.EXPLICIT_LE) + head(IMPLICIT), "encoded as Implicit VR Little Endian"),
    "implicit, says RLE": (
        header(CLASS, INSTANCE, RLE) + head(IMPLICIT), "says transfer syntax RLE Lossless"),
    "big endian, says explicit": (
        header(CLASS, INSTANCE, uids.EXPLICIT_LE) + head(BIG_ENDIAN), "encoded as Explicit VR Big Endian"),
    "DICOMDIR": (
        header(uids.MEDIA_STORAGE_DIRECTORY, INSTANCE, uids.EXPLICIT_LE) + tail(EXPLICIT), "a DICOMDIR"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_refused_files_say_why(name: str) -> None:
    data, reason = REFUSED[name]
    with pytest.raises(InputError, match=reason) as caught:
        meta_of(data)
    assert caught.value.exit_code == ExitCode.INPUT_INVALID
    assert caught.value.message.isprintable()


@settings(max_examples=200)
@given(st.binary(max_size=600), st.sampled_from([b"", bytes(128) + b"DICM", b"DICM", WHOLE[:200]]))
def test_noise_raises_nothing_but_input_errors(data: bytes, start: bytes) -> None:
    with suppress(InputError):
        meta_of(start + data)


def test_every_cut_of_a_file_is_refused_or_whole() -> None:
    for count in range(len(WHOLE)):
        try:
            meta = meta_of(WHOLE[:count])
        except InputError:
            continue
        assert meta[:3] == (CLASS, INSTANCE, uids.EXPLICIT_LE)


# -- writing --------------------------------------------------------------------------------------------


@given(
    st.from_regex(r"[1-9][0-9]{0,20}(\.[1-9][0-9]{0,8}){0,4}", fullmatch=True),
    st.from_regex(r"[1-9][0-9]{0,20}(\.[1-9][0-9]{0,8}){0,4}", fullmatch=True),
    st.sampled_from(["", "A", "STORE", "SIXTEEN_CHARS_16"]),
)
def test_what_we_write_pydicom_reads(sop_class: str, instance: str, aet: str) -> None:
    start = header(sop_class, instance, uids.EXPLICIT_LE, aet)
    assert start[:132] == bytes(128) + b"DICM"
    assert len(start) % 2 == 0
    meta = pydicom.dcmread(BytesIO(start + tail(EXPLICIT))).file_meta
    assert meta.FileMetaInformationGroupLength == len(start) - 144
    assert meta.FileMetaInformationVersion == b"\0\1"
    assert (meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID) == (sop_class, instance)
    assert meta.TransferSyntaxUID == uids.EXPLICIT_LE
    assert meta.ImplementationClassUID == uids.IMPLEMENTATION_UID
    assert meta.ImplementationVersionName == uids.IMPLEMENTATION_VERSION
    assert meta.get("SourceApplicationEntityTitle", "") == aet


def test_what_we_write_we_read() -> None:
    assert meta_of(WHOLE).offset == len(WHOLE) - len(head(EXPLICIT))


# -- opening --------------------------------------------------------------------------------------------


def test_regular_files_and_links_to_them_are_opened(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"abc")
    link = tmp_path / "link"
    link.symlink_to(file)
    for path in (str(file), link, os.fsencode(file)):
        fd, status = open_regular(path)
        try:
            assert status.st_size == 3
            assert os.pread(fd, 10, 0) == b"abc"
            assert not os.get_inheritable(fd)
        finally:
            os.close(fd)


def test_names_that_are_not_utf_8_are_opened(tmp_path: Path) -> None:
    path = os.fsencode(tmp_path) + b"/\xff\xfe.dcm"
    Path(os.fsdecode(path)).write_bytes(b"abc")
    for name in (path, os.fsdecode(path)):
        fd, status = open_regular(name)
        os.close(fd)
        assert status.st_size == 3


def test_what_is_no_regular_file_is_refused_without_waiting(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    open_before = len(os.listdir("/proc/self/fd"))
    for path, kind in ((fifo, "a FIFO"), (tmp_path, "a folder"), ("/dev/null", "a device")):
        with pytest.raises(InputError, match=f"{kind}, not a regular file") as caught:
            open_regular(path)
        assert caught.value.exit_code == ExitCode.INPUT_INVALID
    assert len(os.listdir("/proc/self/fd")) == open_before


def test_what_cannot_be_opened_is_unreadable(tmp_path: Path) -> None:
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    with tempfile.TemporaryDirectory() as short, socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"{short}/socket")
        for path in (tmp_path / "missing", loop, Path(short, "socket"), tmp_path / ("x" * 300)):
            with pytest.raises(InputUnreadable, match="cannot be opened") as caught:
                open_regular(path)
            assert caught.value.exit_code == ExitCode.INPUT_UNREADABLE


@pytest.mark.parametrize("name", ["a\0b", b"a\0b", "a\ud800"])
def test_a_name_that_no_file_can_have_is_unreadable(name: str | bytes) -> None:
    with pytest.raises(InputUnreadable, match="no file can have this name"):
        open_regular(name)


@pytest.mark.parametrize("count", [200, 2047, 2048, 2049])
def test_a_file_shorter_than_said_is_refused(count: int) -> None:
    """It was cut off between fstat and read."""
    private = EXPLICIT.element(0x00020102, "OB", bytes(100_000))
    data = group_2(*MEDIA, ui(0x0010, uids.EXPLICIT_LE), private) + head(EXPLICIT)
    with opened(data[:count]) as fd, pytest.raises(InputError, match="truncated"):
        read_meta(fd, len(data))


def test_a_file_that_cannot_be_read_is_unreadable() -> None:
    read, write = os.pipe()
    os.close(write)
    try:
        with pytest.raises(InputUnreadable):
            read_meta(read, 100)
    finally:
        os.close(read)
