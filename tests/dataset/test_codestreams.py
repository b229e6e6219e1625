"""What compressed frames say of their size is held against the image before a codec sees them."""

from __future__ import annotations

import struct
from pathlib import Path

import pydicom
import pydicom.data
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dimsetools.dataset.codestreams import check, jpeg_2000_extent, jpeg_extent

FOLDER = Path(pydicom.data.__file__).parent / "test_files"
START, END = b"\xff\xd8", b"\xff\xd9"
FRAME = b"\xff\xc0\x00\x0b\x08\x00\x20\x00\x30\x01\x01\x11\x00"
APPLICATION = b"\xff\xe0\x00\x04ab"


def jpeg_2000(*numbers: int) -> bytes:
    """A codestream's beginning: right, bottom, left, top and the same of the tiles, size before place."""
    return b"\xff\x4f\xff\x51\x00\x29\x00\x00" + struct.pack(">8I", *numbers)


@pytest.mark.parametrize(
    "name",
    [
        "SC_rgb_jpeg_dcmtk.dcm", "JPEG-lossy.dcm", "JPGExtended.dcm", "JPEGLSNearLossless_08.dcm",
        "MR_small_jpeg_ls_lossless.dcm", "JPEG2000.dcm", "693_J2KI.dcm", "examples_jpeg2k.dcm",
        "MR_small_RLE.dcm", "CT_small.dcm", "examples_ybr_color.dcm",
    ],
)  # fmt: skip
def test_images_are_as_large_as_they_say(name: str) -> None:
    image = pydicom.dcmread(FOLDER / name)
    check(image)
    check(image, 0)


@pytest.mark.parametrize("name", ["SC_rgb_jpeg_dcmtk.dcm", "MR_small_jpeg_ls_lossless.dcm", "JPEG2000.dcm"])
@pytest.mark.parametrize("index", [None, 0])
def test_another_size_is_refused(name: str, index: int | None) -> None:
    image = pydicom.dcmread(FOLDER / name)
    image.Rows += 1
    with pytest.raises(ValueError, match="a frame is"):
        check(image, index)


@pytest.mark.parametrize(
    "stream",
    [
        START + FRAME,
        START + APPLICATION + FRAME + END,
        START + b"\xff\xff" + FRAME,
        START + FRAME.replace(b"\xc0", b"\xf7", 1),
    ],
)
def test_a_jpeg_stream_says_its_size(stream: bytes) -> None:
    assert jpeg_extent(stream) == (0x20, 0x30)


@pytest.mark.parametrize(
    ("stream", "message"),
    [
        (b"", "does not begin"),
        (b"V" + START + FRAME, "does not begin"),
        (START + END * 8, "no JPEG frame header"),
        (START + FRAME[:5], "no JPEG frame header"),
        (START + b"\xff\xda" + FRAME, "no JPEG frame header"),
        (START + b"\0" + FRAME, "no JPEG frame header"),
    ],
)
def test_a_stream_that_is_no_jpeg_is_refused(stream: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        jpeg_extent(stream)


def test_a_jpeg_2000_stream_says_its_size_also_in_a_file() -> None:
    stream = jpeg_2000(40, 30, 8, 10, 40, 30, 0, 0)
    assert jpeg_2000_extent(stream) == (20, 32)
    assert jpeg_2000_extent(b"\0\0\0\x0cjP  \r\n\x87\n" + stream) == (20, 32)


@pytest.mark.parametrize(
    ("stream", "message"),
    [
        (b"", "does not begin"),
        (jpeg_2000(40, 30, 0, 0, 40, 30, 0, 0)[:30], "does not begin"),
        (jpeg_2000(8, 30, 8, 0, 40, 30, 0, 0), "no extent"),
        (jpeg_2000(40, 30, 0, 0, 0, 30, 0, 0), "no extent"),
        (jpeg_2000(40000, 30000, 0, 0, 1, 1, 0, 0), "too many tiles"),
    ],
)
def test_a_stream_that_is_no_jpeg_2000_is_refused(stream: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        jpeg_2000_extent(stream)


@given(st.binary(max_size=80), st.booleans())
def test_junk_is_refused_or_has_a_size(junk: bytes, begins: bool) -> None:
    for extent, start in ((jpeg_extent, START), (jpeg_2000_extent, b"\xff\x4f\xff\x51")):
        try:
            rows, columns = extent(start + junk if begins else junk)
        except ValueError:
            continue
        assert rows >= 0
        assert columns >= 0
