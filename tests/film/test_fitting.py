"""Images in their boxes: how large, where, and what is lost of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dimsetools.film.fitting import Fit, TooLarge, fit
from dimsetools.film.layout import Box

BOX = Box(10, 20, 200, 100)


def test_a_small_image_fills_its_box_and_is_in_the_middle() -> None:
    assert fit(50, 50, BOX) == Fit(Box(0, 0, 50, 50), Box(60, 20, 100, 100))
    assert fit(100, 10, BOX).target == Box(10, 60, 200, 20)


def test_pixels_that_are_no_squares_stretch_the_image() -> None:
    assert fit(40, 10, BOX, aspect=2).target == Box(10, 20, 200, 100)
    assert fit(10, 10, BOX, aspect=0.5).target == Box(10, 20, 200, 100)


def test_a_width_that_is_asked_for_is_kept() -> None:
    assert fit(50, 50, BOX, width=80).target == Box(70, 30, 80, 80)
    assert fit(500, 500, BOX, width=80) == Fit(Box(0, 0, 500, 500), Box(70, 30, 80, 80))


@pytest.mark.parametrize(("behavior", "loss"), [("", "demagnified"), ("DECIMATE", "decimated")])
@pytest.mark.parametrize("width", [None, 300])
def test_what_is_too_large_is_made_smaller(behavior: str, loss: str, width: int | None) -> None:
    found = fit(400, 400, BOX, behavior=behavior, width=width)
    assert found == Fit(Box(0, 0, 400, 400), Box(60, 20, 100, 100), loss)


@pytest.mark.parametrize(
    ("size", "aspect", "loss"),
    [
        ((150, 100), 0.5, "demagnified"),
        ((100, 100), 0.5, ""),
        ((200, 75), 2.0, "demagnified"),
        ((200, 50), 2.0, ""),
    ],
)
def test_pixels_are_not_lost_by_their_shape(size: tuple[int, int], aspect: float, loss: str) -> None:
    assert fit(*size, BOX, aspect=aspect).loss == loss


def test_what_is_too_large_is_cropped_around_its_middle() -> None:
    assert fit(400, 50, BOX, behavior="CROP") == Fit(Box(100, 0, 200, 50), Box(10, 45, 200, 50), "cropped")
    # Twice as large as its pixels: a box of 200 x 100 shows 100 x 50 of them.
    assert fit(400, 400, BOX, behavior="CROP", width=800) == Fit(Box(150, 175, 100, 50), BOX, "cropped")


@pytest.mark.parametrize("size", [(201, 10), (10, 101)])
def test_what_is_too_large_may_be_refused(size: tuple[int, int]) -> None:
    with pytest.raises(TooLarge):
        fit(*size, BOX, behavior="FAIL")
    assert fit(200, 100, BOX, behavior="FAIL") == Fit(Box(0, 0, 200, 100), BOX)


def test_a_line_of_pixels_stays_visible() -> None:
    assert fit(65535, 1, BOX).target == Box(10, 69, 200, 1)


boxes = st.builds(Box, st.integers(0, 100), st.integers(0, 100), st.integers(1, 3000), st.integers(1, 3000))


@given(
    st.integers(1, 65535), st.integers(1, 65535), boxes, st.floats(0.02, 50),
    st.none() | st.integers(1, 60000), st.sampled_from(["", "DECIMATE", "CROP"]),
)  # fmt: skip
def test_the_image_stays_within_its_box_and_itself(
    columns: int, rows: int, box: Box, aspect: float, width: int | None, behavior: str
) -> None:
    source, target, loss = fit(columns, rows, box, aspect=aspect, width=width, behavior=behavior)
    assert target.width >= 1
    assert target.height >= 1
    assert box.left <= target.left
    assert target.left + target.width <= box.left + box.width
    assert box.top <= target.top
    assert target.top + target.height <= box.top + box.height
    assert 0 <= source.left < source.left + source.width <= columns
    assert 0 <= source.top < source.top + source.height <= rows
    if loss != "cropped":
        assert source == Box(0, 0, columns, rows)
