"""Overlays, drawn where they belong and nowhere else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset

from dimsetools.errors import InputError
from dimsetools.film.frames import Looks
from dimsetools.film.overlays import draw
from tests.film.images import FOLDER, pixels, rendered, written

WITH = Looks(overlays=True)


def image(data: bytes, rows: int, columns: int, **more: Any) -> Dataset:
    """An image with one overlay plane."""
    found = Dataset()
    found.add_new((0x6000, 0x0010), "US", rows)
    found.add_new((0x6000, 0x0011), "US", columns)
    found.add_new((0x6000, 0x3000), "OW", data)
    for element, (vr, value) in more.items():
        found.add_new((0x6000, int(element[1:], 16)), vr, value)
    return found


def drawn(found: Dataset, *, number: int = 1, rows: int = 2, columns: int = 3) -> list[str]:
    shown = np.zeros((rows, columns))
    draw(shown, found, number)
    return ["".join("#" if value else "." for value in row) for row in shown]


def test_bits_are_pixels_from_the_lowest_on() -> None:
    assert drawn(image(b"\x31\0", 2, 3)) == ["#..", ".##"]


@pytest.mark.parametrize(
    ("origin", "expected"),
    [
        ([1, 1], ["##.", "##."]),
        ([2, 3], ["...", "..#"]),
        ([0, 0], ["#..", "..."]),
        ([9, 9], ["...", "..."]),
        ([-9, 1], ["...", "..."]),
    ],
)
def test_a_plane_may_lie_partly_beside_the_image(origin: list[int], expected: list[str]) -> None:
    assert drawn(image(b"\x0f\0", 2, 2, x0050=("SS", origin))) == expected


def test_frames_have_their_own_planes_or_share_one() -> None:
    shared = image(b"\x01\0", 1, 1)
    assert [drawn(shared, number=number)[0] for number in (1, 2)] == ["#..", "#.."]
    own = image(b"\x02\0", 1, 1, x0015=("IS", "2"), x0051=("US", 2))
    assert [drawn(own, number=number)[0] for number in (1, 2, 3, 4)] == ["...", "...", "#..", "..."]
    # Planes follow each other bit by bit, of three bits here.
    own = image(b"\xd1\x02", 1, 3, x0015=("IS", "4"))
    assert [drawn(own, number=number)[0] for number in (1, 2, 3, 4)] == ["#..", ".#.", "##.", "#.."]


@pytest.mark.parametrize(("rows", "columns"), [(5, 4), (0, 4), (65535, 65535)])
def test_a_plane_that_is_not_whole_is_refused(rows: int, columns: int) -> None:
    with pytest.raises(ValueError, match="overlay in group 6000 is not whole"):
        drawn(image(b"\xff\xff", rows, columns))


def test_overlays_are_printed_where_that_is_asked_for() -> None:
    path = FOLDER / "examples_overlay.dcm"
    plane = pydicom.dcmread(path).overlay_array(0x6000).astype(bool)
    plain, over = pixels(rendered(path)), pixels(rendered(path, WITH))
    assert plane.any()
    assert (over[plane] == 255).all()
    assert np.array_equal(over[~plane], plain[~plane])


def test_colour_gets_white_too_and_a_broken_plane_is_told(tmp_path: Path) -> None:
    values = np.zeros((1, 2, 3), np.uint8)
    colored: dict[str, Any] = {
        "SamplesPerPixel": 3,
        "PhotometricInterpretation": "RGB",
        "PlanarConfiguration": 0,
    }
    colored |= {"Rows": 1, "Columns": 2}
    path = written(tmp_path / "x", values, **colored)
    file = pydicom.dcmread(path)
    file.update(image(b"\x02\0", 1, 2))
    file.save_as(path)
    assert pixels(rendered(path, WITH)).tolist() == [[[0] * 3, [255] * 3]]
    file.update(image(b"\x02\0", 9, 9))
    file.save_as(path)
    with pytest.raises(InputError, match="is not whole"):
        rendered(path, WITH)
