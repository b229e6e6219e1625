"""Colour tables, whole and in segments."""

from __future__ import annotations

import numpy as np
import pytest
from pydicom.dataset import Dataset

from dimsetools.film.palette import colored, expanded


@pytest.mark.parametrize(
    ("words", "size", "entries"),
    [
        ([0, 3, 5, 6, 7], 2, [5, 6, 7]),
        ([0, 1, 0, 1, 4, 100], 2, [0, 25, 50, 75, 100]),
        ([0, 2, 9, 0, 1, 2, 4], 2, [9, 0, 2, 4]),
        # Two segments of the beginning again, which lie at byte 0; then one that stands behind it.
        ([0, 1, 8, 1, 2, 0, 2, 2, 0, 0, 0, 1, 3], 2, [8, 4, 0, 8, 4, 0, 3]),
        ([0, 1, 8, 1, 2, 0, 2, 2, 0, 0, 0, 0, 0, 1, 3], 1, [8, 4, 0, 8, 4, 0, 3]),
        ([0, 1, 8, 0], 1, [8]),  # padded
        ([0, 9, 1, 2], 2, [1, 2]),
        ([0, 1, 1, 1, 0, 2], 2, [1]),
    ],
)
def test_segments_are_written_out(words: list[int], size: int, entries: list[int]) -> None:
    assert expanded(words, 100, size) == entries


def test_no_more_entries_than_the_table_has() -> None:
    assert expanded([0, 1, 0] + [1, 60000, 60000] * 1000, 4) == [0, 1, 2, 3]


@pytest.mark.parametrize(
    "words", [[1, 4, 5], [0, 1, 8, 1, 4], [0, 1, 8, 3, 1, 1], [0, 1, 8, 2, 1, 6, 0], [0, 1, 8, 2, 2]]
)
def test_broken_segments_are_refused(words: list[int]) -> None:
    with pytest.raises(ValueError, match="segment"):
        expanded(words, 100)


def image(**more: object) -> Dataset:
    found = Dataset()
    found.PixelRepresentation = 0
    for name in ("Red", "Green", "Blue"):
        setattr(found, f"{name}PaletteColorLookupTableDescriptor", more.get("descriptor", [3, 10, 16]))
    found.RedPaletteColorLookupTableData = b"\0\0\xff\xff\0\0"
    found.GreenPaletteColorLookupTableData = b"\0\0\0\0\xff\xff"
    found.BluePaletteColorLookupTableData = b"\xff\xff\0\0\0\0"
    return found


def test_values_beyond_the_ends_have_the_colour_of_the_ends() -> None:
    shown = colored(np.array([[0, 10, 11, 12, 255]], np.uint8), image())
    assert shown.tolist() == [[[0, 0, 1], [0, 0, 1], [1, 0, 0], [0, 1, 0], [0, 1, 0]]]


def test_entries_of_8_bits_lie_in_bytes_or_words() -> None:
    for data in (b"\0\xff\x33\0", b"\0\0\xff\0\x33\0"):
        found = image(descriptor=[3, 0, 8])
        for name in ("Red", "Green", "Blue"):
            setattr(found, f"{name}PaletteColorLookupTableData", data)
        assert colored(np.array([0, 1, 2]), found)[:, 0].tolist() == [0, 1, 0.2]


def test_segmented_tables_are_used() -> None:
    found = image(descriptor=[3, 0, 16])
    for name in ("Red", "Green", "Blue"):
        delattr(found, f"{name}PaletteColorLookupTableData")
        setattr(
            found,
            f"Segmented{name}PaletteColorLookupTableData",
            np.array([0, 1, 0, 1, 2, 0xFFFF], "<u2").tobytes(),
        )
    assert colored(np.array([0, 1, 2]), found)[:, 1].round(3).tolist() == [0, 0.5, 1]


def test_an_indirect_segment_may_lie_far_behind() -> None:
    """The upper half of its offset, 66004 bytes here, is a word of its own."""
    words = [0, 33000, *[7] * 33000, 0, 2, 5, 6, 2, 1, 66004 & 0xFFFF, 66004 >> 16]
    assert expanded(words, 1 << 16)[33000:] == [5, 6, 5, 6]
