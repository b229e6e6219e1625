"""From stored values to grey, held against the formulas of PS3.3 and against pydicom."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.pixels.processing import apply_windowing

from dimsetools.film.gray import (
    Window,
    inverted,
    lookup,
    modality,
    of_interest,
    padded,
    window_of,
    windowed,
)


def made(**values: Any) -> Dataset:
    found = Dataset()
    found.PixelRepresentation = 0
    for name, value in values.items():
        setattr(found, name, value)
    return found


def table(*entries: int, first: int = 0, bits: int = 16) -> Dataset:
    return made(LUTDescriptor=[len(entries), first, bits], LUTData=list(entries))


FUNCTIONS = ("LINEAR", "LINEAR_EXACT", "SIGMOID")


@given(
    st.lists(st.integers(-500, 1000), min_size=1, max_size=20),
    st.floats(-200, 500),
    st.floats(10, 4000),
    st.sampled_from(FUNCTIONS),
)
def test_windows_are_those_of_pydicom(values: list[int], center: float, width: float, function: str) -> None:
    pixels = np.array(values, np.int16)
    image = made(
        PixelRepresentation=1, BitsStored=16, PhotometricInterpretation="MONOCHROME2",
        VOILUTFunction=function,
    )  # fmt: skip
    image.WindowCenter, image.WindowWidth = center, width
    theirs = (apply_windowing(pixels, image) + 2.0**15) / (2.0**16 - 1)
    assert np.allclose(windowed(pixels, Window(center, width, function)), theirs, atol=1e-4)


@pytest.mark.parametrize(
    ("window", "expected"),
    [
        (Window(2.5, 5), [0, 0.25, 0.5]),
        (Window(1, 2), [0, 1, 1]),
        (Window(1.5, 1), [0, 0, 1]),
        (Window(1, 2, "LINEAR_EXACT"), [0, 0.5, 1]),
        (Window(1, 0.5, "LINEAR_EXACT"), [0, 0.5, 1]),
        (Window(1, 2, "SIGMOID"), [0.119, 0.5, 0.881]),
        (Window(-1e6, 1e-3, "SIGMOID"), [1, 1, 1]),
    ],
)
def test_a_window_says_what_is_black_and_white(window: Window, expected: list[float]) -> None:
    assert windowed(np.array([0, 1, 2]), window).round(3).tolist() == expected


def test_a_table_goes_on_with_its_ends() -> None:
    found = lookup([10, 20, 30], 3, 5, 16, signed=False)
    assert found.apply(np.array([0, 5, 6, 7, 8, 65535], np.uint16)).tolist() == [10, 10, 20, 30, 30, 30]


def test_a_long_table_of_8_bits_is_indexed_in_full() -> None:
    found = lookup(bytes(range(256)) * 16, 4096, 0, 8, signed=False)
    assert found.apply(np.array([0x123, 0xFFF], np.uint16)).tolist() == [0x23, 0xFF]


@pytest.mark.parametrize(
    ("first", "signed", "expected"), [(0xFF00, True, -256), (-256, False, 0xFF00), (5, True, 5)]
)
def test_where_a_table_begins_is_read_as_the_pixels_are(first: int, signed: bool, expected: int) -> None:
    assert lookup([1], 1, first, 16, signed=signed).first == expected


def test_a_table_without_entries_is_refused() -> None:
    with pytest.raises(ValueError, match="no entries"):
        lookup(b"", 0, 0, 16, signed=False)


def test_values_of_the_modality() -> None:
    pixels = np.array([0, 100], np.int16)
    assert modality(pixels, made(), made()).tolist() == [0, 100]
    assert modality(pixels, made(), made(RescaleSlope=2, RescaleIntercept=-1024)).tolist() == [-1024, -824]
    assert modality(pixels, made(), made(RescaleIntercept=-1)).tolist() == [-1, 99]
    tabled = made(ModalityLUTSequence=[table(7, 8, first=99, bits=12)])
    assert modality(pixels, tabled, made(RescaleSlope=2, RescaleIntercept=0)).tolist() == [7, 8]


PIXELS = np.array([0, 1000, 2000, 4000], np.uint16)


@pytest.mark.parametrize(
    ("found", "window", "expected"),
    [
        ({}, None, [0, 0.25, 0.5, 1]),
        ({"WindowCenter": 1000.5, "WindowWidth": 2001}, None, [0, 0.5, 1, 1]),
        ({"WindowCenter": [1000.5, 7], "WindowWidth": [2001, 7]}, None, [0, 0.5, 1, 1]),
        ({"WindowCenter": 1000.5, "WindowWidth": 2001}, Window(2000.5, 4001), [0, 0.25, 0.5, 1]),
        ({"WindowCenter": 1000.5, "WindowWidth": 0}, None, [0, 0.25, 0.5, 1]),
        (
            {"VOILUTSequence": [table(0, 51, 255, first=999, bits=8)], "WindowCenter": 0, "WindowWidth": 1},
            None,
            [0, 0.2, 1, 1],
        ),
    ],
)
def test_what_is_of_interest(found: dict[str, Any], window: Window | None, expected: list[float]) -> None:
    image = made(BitsStored=12, **found)
    assert of_interest(PIXELS, image, image, window, None).round(3).tolist() == expected


def test_8_bits_are_all_of_interest() -> None:
    image = made(BitsStored=8)
    assert of_interest(np.array([51, 102], np.uint8), image, image, None, None).tolist() == [0.2, 0.4]


def test_padding_counts_neither_for_the_range() -> None:
    image = made(PixelRepresentation=1, PixelPaddingValue=0xF830, BitsStored=16)
    pixels = np.array([-2000, 0, 10, 20], np.int16)
    filling = padded(pixels, image)
    assert filling is not None
    assert filling.tolist() == [True, False, False, False]
    assert of_interest(pixels, image, image, None, ~filling).tolist() == [0, 0, 0.5, 1]


def test_padding_may_be_a_range() -> None:
    image = made(PixelPaddingValue=250, PixelPaddingRangeLimit=252)
    found = padded(np.array([249, 250, 252, 253], np.uint8), image)
    assert found is not None
    assert found.tolist() == [False, True, True, False]
    assert padded(np.array([1], np.uint8), image) is None
    assert padded(np.array([250.0]), image) is None


def test_nothing_to_see_is_black() -> None:
    image = made(BitsStored=16)
    assert of_interest(np.array([7, 7]), image, image, None, None).tolist() == [0, 0]
    assert of_interest(np.array([np.nan, np.inf]), image, image, None, None).tolist() == [0, 0]
    assert of_interest(np.array([7]), image, image, None, np.array([False])).tolist() == [0]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"PhotometricInterpretation": "MONOCHROME1"}, True),
        ({"PhotometricInterpretation": "MONOCHROME2"}, False),
        ({"PhotometricInterpretation": "MONOCHROME2", "PresentationLUTShape": "INVERSE"}, True),
        ({"PhotometricInterpretation": "MONOCHROME1", "PresentationLUTShape": "IDENTITY"}, False),
    ],
)
def test_whether_the_greatest_values_are_black(values: dict[str, str], expected: bool) -> None:
    assert inverted(made(**values)) is expected


def test_a_window_needs_both_numbers() -> None:
    assert window_of(made(WindowCenter=1)) is None
    assert window_of(made(WindowCenter="", WindowWidth=2)) is None
    assert window_of(made(WindowCenter=40, WindowWidth=400)) == Window(40, 400, "LINEAR")
