"""Data sets as pydicom's, which see it only whole, and codecs that fail."""

from __future__ import annotations

import numpy as np
import pydicom
import pytest
from pydicom.pixels.utils import pixel_array

from dimsetools import uids
from dimsetools.dataset.elements import Malformed
from dimsetools.dataset.transcode import ConversionError, convert, failure, loaded
from tests.dataset.test_transcode import FOLDER, load


@pytest.mark.parametrize(
    "name", ["ExplVR_BigEnd.dcm", "MR_small_implicit.dcm", "image_dfl.dcm", "MR_small_RLE.dcm"]
)
def test_a_data_set_is_loaded_little_endian(name: str) -> None:
    data, meta = load(name)
    image = loaded(data, meta)
    expected = pydicom.dcmread(FOLDER / name)
    assert image.file_meta.TransferSyntaxUID.is_little_endian
    assert image.Rows == expected.Rows
    assert np.array_equal(pixel_array(image), pixel_array(expected))


def test_a_broken_data_set_is_not_loaded() -> None:
    data, meta = load("CT_small.dcm")
    with pytest.raises(Malformed):
        loaded(data, meta._replace(length=meta.length - 200))


class PanicException(BaseException):  # its name where Rust raises it
    pass


def test_the_panic_of_a_codec_is_a_failure_like_others() -> None:
    assert failure(PanicException("index out\n of bounds")) == "index out of bounds"
    assert failure(ValueError()) == "ValueError"
    with pytest.raises(KeyboardInterrupt):
        failure(KeyboardInterrupt())


def test_a_frame_of_another_size_is_not_converted() -> None:
    data, meta = load("JPEG2000.dcm")
    at = data.index(b"\xff\x4f\xff\x51") + 8
    data = data[:at] + b"\0\0\xff\xff\0\0\xff\xff" + data[at + 8 :]
    with pytest.raises(ConversionError, match="a frame is 65535 x 65535, the image 256 x 1024 pixels"):
        convert(data, meta, uids.EXPLICIT_LE)
