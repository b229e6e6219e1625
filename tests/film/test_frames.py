"""Frames as a printer takes them: every kind of pixel data, to the pixel where we made it."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.pixels.processing import apply_voi_lut
from pydicom.pixels.utils import pixel_array

from dimsetools.errors import InputError, LibraryMissing
from dimsetools.film import frames
from dimsetools.film.frames import Looks, need_libraries
from dimsetools.film.gray import Window
from tests.film.images import FOLDER, pixels, rendered, written

FINE = Looks(bits=12)


def item(**values: Any) -> Dataset:
    found = Dataset()
    for name, value in values.items():
        setattr(found, name, value)
    return found


def test_gray_of_8_bits_is_printed_as_it_is(tmp_path: Path) -> None:
    frame = rendered(written(tmp_path / "x"))
    assert frame[:5] == (2, 2, False, 8, (1, 1))
    assert pixels(frame).tolist() == [[0, 51], [102, 255]]


@pytest.mark.parametrize("slope", [2, -0.5])
def test_gray_of_8_bits_is_printed_as_it_is_in_any_unit(tmp_path: Path, slope: float) -> None:
    path = written(tmp_path / "x", [[10, 51], [102, 200]], RescaleSlope=slope, RescaleIntercept=1000)
    assert pixels(rendered(path)).tolist() == (
        [[10, 51], [102, 200]] if slope > 0 else [[245, 204], [153, 55]]
    )


def test_12_bits_are_words(tmp_path: Path) -> None:
    frame = rendered(written(tmp_path / "x"), FINE)
    assert frame.bits == 12
    assert pixels(frame).tolist() == [[0, 819], [1638, 4095]]


def test_the_other_polarity_is_turned(tmp_path: Path) -> None:
    path = written(tmp_path / "x", PhotometricInterpretation="MONOCHROME1")
    assert pixels(rendered(path)).tolist() == [[255, 204], [153, 0]]


def test_signed_values_padding_and_rescale(tmp_path: Path) -> None:
    values = np.array([[-2000, -1000], [0, 1000]], np.int16)
    path = written(
        tmp_path / "x", values, PixelPaddingValue=-2000, RescaleSlope=1, RescaleIntercept=-24,
        PhotometricInterpretation="MONOCHROME1",
    )  # fmt: skip
    assert pixels(rendered(path)).tolist() == [[0, 255], [128, 0]]


@pytest.mark.parametrize(
    ("more", "looks", "expected"),
    [
        ({}, Looks(), [[0, 0, 0], [128, 255, 255]]),
        ({}, FINE, [[0, 0, 0], [2048, 4095, 4095]]),
        ({}, Looks(window=Window(0.5, 1, "LINEAR_EXACT")), [[0, 0, 0], [128, 255, 255]]),
        ({"PhotometricInterpretation": "MONOCHROME1"}, Looks(), [[0, 255, 255], [128, 0, 0]]),
    ],
)
def test_floats_without_a_number_are_black(
    tmp_path: Path, more: dict[str, Any], looks: Looks, expected: list[list[int]]
) -> None:
    values = np.array([[np.nan, -np.inf, 0], [0.5, 1, np.inf]], np.float32)
    image = pydicom.dcmread(written(tmp_path / "x", np.zeros((2, 3), np.uint8), **more))
    del image.PixelData, image.BitsStored, image.HighBit
    image.BitsAllocated, image.FloatPixelData = 32, values.tobytes()
    image.save_as(tmp_path / "y")
    assert pixels(rendered(tmp_path / "y", looks)).tolist() == expected


def test_a_rescale_beyond_all_numbers_does_no_harm(tmp_path: Path) -> None:
    path = written(tmp_path / "x", RescaleSlope="1e308", RescaleIntercept="1e308")
    assert pixels(rendered(path)).tolist() == [[0, 0], [0, 0]]


def test_a_large_frame_takes_no_more_memory_than_is_said(tmp_path: Path) -> None:
    import tracemalloc

    values = np.zeros((1000, 1000, 3), np.uint8)
    path = written(
        tmp_path / "x", values, Rows=1000, Columns=1000, SamplesPerPixel=3, PlanarConfiguration=0,
        PhotometricInterpretation="RGB",
    )  # fmt: skip
    rendered(path)
    tracemalloc.start()
    try:
        rendered(path)
        assert tracemalloc.get_traced_memory()[1] < 30 * 1000 * 1000
    finally:
        tracemalloc.stop()


def test_a_window_of_the_command_line_counts_more_than_that_of_the_file(tmp_path: Path) -> None:
    values = np.array([[0, 1000], [2000, 4000]], np.uint16)
    path = written(tmp_path / "x", values, WindowCenter=2000.5, WindowWidth=4001)
    assert pixels(rendered(path)).tolist() == [[0, 64], [128, 255]]
    assert pixels(rendered(path, Looks(window=Window(1000.5, 2001)))).tolist() == [[0, 128], [255, 255]]


@pytest.mark.parametrize(
    ("name", "center", "width"), [("CT_small.dcm", 300, 1200), ("MR_small_RLE.dcm", 600, 1600)]
)
def test_windows_come_out_as_pydicom_has_them(name: str, center: float, width: float) -> None:
    image = pydicom.dcmread(FOLDER / name)
    image.WindowCenter, image.WindowWidth = center, width
    shown = apply_voi_lut(pydicom.pixels.processing.apply_modality_lut(image.pixel_array, image), image)
    least, most = -(2**15), 2**15 - 1
    slope, intercept = image.get("RescaleSlope", 1), image.get("RescaleIntercept", 0)
    low, high = least * slope + intercept, most * slope + intercept
    expected = np.rint((shown - low) / (high - low) * 255)
    ours = pixels(rendered(FOLDER / name, Looks(window=Window(center, width))))
    assert np.abs(ours - expected).max() <= 1


@pytest.mark.parametrize(
    "name",
    [
        "SC_rgb_rle.dcm", "SC_rgb_rle_16bit.dcm", "SC_rgb_dcmtk_+eb+cr.dcm", "SC_rgb_small_odd.dcm",
        "SC_ybr_full_422_uncompressed.dcm", "SC_rgb_jpeg_dcmtk.dcm", "examples_jpeg2k.dcm",
    ],
)  # fmt: skip
def test_colour_is_red_green_and_blue_in_planes(name: str) -> None:
    image = pydicom.dcmread(FOLDER / name)
    expected = np.rint(pixel_array(image) / ((1 << image.BitsStored) - 1) * 255)
    frame = rendered(FOLDER / name)
    assert (frame.color, frame.bits) == (True, 8)
    assert np.array_equal(pixels(frame), expected)


def test_palettes_become_colour() -> None:
    image = pydicom.dcmread(FOLDER / "examples_palette.dcm")
    expected = np.rint(pydicom.pixels.processing.apply_color_lut(pixel_array(image), image) / 0xFFFF * 255)
    assert np.array_equal(pixels(rendered(FOLDER / "examples_palette.dcm")), expected)


def test_colour_is_printed_in_gray_by_its_luminance(tmp_path: Path) -> None:
    frame = rendered(FOLDER / "SC_rgb_rle.dcm", color=False)
    assert [pixels(frame)[row, 0] for row in (5, 25, 45, 65, 95)] == [76, 150, 29, 0, 255]


def test_gray_among_colour_has_three_equal_planes(tmp_path: Path) -> None:
    frame = rendered(written(tmp_path / "x"), color=True)
    assert pixels(frame).tolist() == [[[0] * 3, [51] * 3], [[102] * 3, [255] * 3]]


@pytest.mark.parametrize(
    "name", ["MR_small_bigendian.dcm", "MR_small_implicit.dcm", "MR_small_jpeg_ls_lossless.dcm"]
)
def test_the_transfer_syntax_makes_no_difference(name: str) -> None:
    assert rendered(FOLDER / name, FINE) == rendered(FOLDER / "MR_small.dcm", FINE)


def test_each_frame_is_one_of_its_own(tmp_path: Path) -> None:
    values = np.array([[[1, 1]], [[2, 2]], [[3, 3]]], np.uint8)
    path = written(tmp_path / "x", values, NumberOfFrames="3")
    assert [pixels(rendered(path, number=number))[0, 0] for number in (1, 2, 3)] == [1, 2, 3]
    with pytest.raises(InputError, match="cannot be rendered"):
        rendered(path, number=4)


def test_a_frame_has_the_values_of_its_functional_groups(tmp_path: Path) -> None:
    values = np.array([[[0, 100]], [[0, 100]]], np.uint16)
    windows = [
        item(FrameVOILUTSequence=[item(WindowCenter=center, WindowWidth=101)]) for center in (50.5, 150.5)
    ]
    shared = item(
        PixelMeasuresSequence=[item(PixelSpacing=[0.5, 0.25])],
        PixelValueTransformationSequence=[item(RescaleSlope=1, RescaleIntercept=100)],
    )
    path = written(
        tmp_path / "x", values, NumberOfFrames="2",
        SharedFunctionalGroupsSequence=[shared], PerFrameFunctionalGroupsSequence=windows,
    )  # fmt: skip
    first, second = (rendered(path, number=number) for number in (1, 2))
    assert pixels(first).tolist() == [[255, 255]]
    assert pixels(second).tolist() == [[0, 255]]
    assert first.aspect == (2, 1)


@pytest.mark.parametrize(
    ("more", "aspect"),
    [
        ({"PixelAspectRatio": ["4", "2"], "PixelSpacing": [1, 1]}, (2, 1)),
        ({"PixelSpacing": [0.3, 0.2]}, (3, 2)),
        ({"ImagerPixelSpacing": [0.1, 0.1]}, (1, 1)),
        ({"PixelSpacing": [0, 0]}, (1, 1)),
        ({"PixelSpacing": [1e-9, 1]}, (1, 1)),
    ],
)
def test_the_shape_of_pixels_is_kept(tmp_path: Path, more: dict[str, Any], aspect: tuple[int, int]) -> None:
    assert rendered(written(tmp_path / "x", **more)).aspect == aspect


def test_frames_are_scaled_down_where_that_is_asked_for(tmp_path: Path) -> None:
    values = np.repeat(np.repeat(np.array([[0, 100], [200, 50]], np.uint8), 4, axis=0), 6, axis=1)
    frame = rendered(written(tmp_path / "x", values), Looks(most=6))
    assert (frame.rows, frame.columns) == (4, 6)
    assert pixels(frame)[::3, ::5].tolist() == [[0, 100], [200, 50]]
    assert rendered(written(tmp_path / "y"), Looks(most=2)).columns == 2
    assert rendered(FOLDER / "SC_rgb_rle.dcm", Looks(most=10))[:3] == (10, 10, True)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"BitsAllocated": 7}, "cannot be rendered"),
        ({"Rows": 200}, "cannot be rendered"),
        ({"SamplesPerPixel": 3, "PhotometricInterpretation": "RGB"}, "cannot be rendered"),
        ({"PhotometricInterpretation": "PALETTE COLOR"}, "cannot be rendered"),
        (
            {"RescaleSlope": 1, "ModalityLUTSequence": [item(LUTDescriptor=[0, 0, 16], LUTData=b"")]},
            "no entries",
        ),
    ],
)
def test_pixels_that_make_no_sense_are_told(tmp_path: Path, more: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        rendered(written(tmp_path / "x", **more))


def test_an_image_without_pixels_is_told(tmp_path: Path) -> None:
    image = pydicom.dcmread(written(tmp_path / "x"))
    del image.PixelData
    image.save_as(tmp_path / "y")
    with pytest.raises(InputError, match="has no pixel data"):
        rendered(tmp_path / "y")


def test_compressed_pixels_that_are_broken_are_told() -> None:
    with pytest.raises(InputError, match="cannot be rendered: Unable to decode"):
        rendered(FOLDER / "JPEG-lossy.dcm")


def test_a_stream_that_is_larger_than_the_image_does_not_reach_the_codec(tmp_path: Path) -> None:
    data = (FOLDER / "JPEG2000.dcm").read_bytes()
    at = data.index(b"\xff\x4f\xff\x51") + 8
    (tmp_path / "x").write_bytes(data[:at] + b"\0\0\xff\xff\0\0\xff\xff" + data[at + 8 :])
    with pytest.raises(InputError, match="a frame is 65535 x 65535, the image 256 x 1024 pixels"):
        rendered(tmp_path / "x")


def test_run_lengths_that_are_too_few_are_told_without_noise(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    image = pydicom.dcmread(FOLDER / "MR_small_RLE.dcm")
    header = struct.pack("<16I", 2, 64, 64 + 129, *[0] * 13)
    image.PixelData = encapsulate([header + (b"\x7f" + bytes(128)) * 2])
    image.save_as(tmp_path / "x")
    with pytest.raises(InputError, match="cannot be rendered"):
        rendered(tmp_path / "x")
    assert capfd.readouterr().err == ""


def test_what_needs_a_codec_says_which_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    from pydicom.pixels.decoders import base

    monkeypatch.setattr(base.Decoder, "is_available", False)
    with pytest.raises(InputError, match="no decoder is installed") as caught:
        rendered(FOLDER / "MR_small_RLE.dcm")
    assert caught.value.hint == "pip install 'dimsetools[codecs]'"


def test_what_has_no_codec_at_all_is_told(tmp_path: Path) -> None:
    path = written(tmp_path / "x")
    path.write_bytes(path.read_bytes().replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2.77"))
    with pytest.raises(InputError, match=r"is in 1\.2\.840\.10008\.1\.2\.77, for which there is no decoder"):
        rendered(path)


def test_a_library_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    need_libraries()
    import importlib.util

    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "PIL" else object())
    with pytest.raises(LibraryMissing, match="needs Pillow, which is not installed") as caught:
        need_libraries()
    assert caught.value.hint == "pip install 'dimsetools[print]'"


def test_a_deeply_nested_file_does_not_reach_pydicom(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nested = item(PatientID="x")
    for _ in range(70):
        nested = item(OriginalAttributesSequence=[nested])
    path = written(tmp_path / "x", OriginalAttributesSequence=[nested])
    monkeypatch.setattr(frames, "_check", lambda *_: pytest.fail("pydicom has read it"))
    with pytest.raises(InputError, match="too deep"):
        rendered(path)
