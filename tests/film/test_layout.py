"""Geometry of films: formats and sizes by table, boxes by what must hold of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dimsetools.errors import UsageError
from dimsetools.film.layout import (
    FILM_SIZES,
    MOST_BOXES,
    MOST_IN_LINE,
    Box,
    DisplayFormat,
    Layout,
    Size,
    display_format,
    film_size,
    layout,
)


@pytest.mark.parametrize(
    ("text", "kind", "counts", "boxes"),
    [
        ("STANDARD\\1,1", "STANDARD", (1, 1), 1),
        ("STANDARD\\2,3", "STANDARD", (2, 3), 6),
        ("standard\\4,5 ", "STANDARD", (4, 5), 20),
        ("ROW\\2,3,1", "ROW", (2, 3, 1), 6),
        ("ROW\\7", "ROW", (7,), 7),
        ("COL\\2, 1", "COL", (2, 1), 3),
        ("STANDARD\\20,20", "STANDARD", (20, 20), 400),
    ],
)
def test_a_display_format_tells_kind_and_boxes(
    text: str, kind: str, counts: tuple[int, ...], boxes: int
) -> None:
    found = display_format(text)
    assert (found.kind, found.counts, found.boxes) == (kind, counts, boxes)
    assert display_format(str(found)) == found


@pytest.mark.parametrize(
    "text",
    [
        "", "STANDARD", "STANDARD\\", "STANDARD\\1", "STANDARD\\1,2,3", "STANDARD\\0,1", "STANDARD\\1,0",
        "STANDARD\\-1,2", "STANDARD\\1.5,2", "STANDARD\\999,999", "STANDARD\\21,20", "STANDARD\\9999,1",
        "STANDARD\\65,1", "ROW\\", "ROW\\0", "ROW\\65", "ROW\\2,,3", "ROW\\2\\3", "COL\\1,x", "COL\\\u0662",
        "SLIDE", "SUPERSLIDE", "CUSTOM\\1", "2,3", "\\2,3", "ROW\\" + ",".join(["1"] * 65),
        "ROW\\" + ",".join(["9"] * 10_000),
    ],
)  # fmt: skip
def test_nonsense_is_no_display_format(text: str) -> None:
    with pytest.raises(UsageError):
        display_format(text)


def test_formats_that_are_not_supported_are_called_so() -> None:
    with pytest.raises(UsageError, match="not supported"):
        display_format("SLIDE")


@pytest.mark.parametrize(
    ("name", "orientation", "width", "height"),
    [
        ("8INX10IN", "PORTRAIT", 203.2, 254.0),
        ("8INX10IN", "LANDSCAPE", 254.0, 203.2),
        ("8_5INX11IN", "PORTRAIT", 215.9, 279.4),
        ("14INX17IN", "PORTRAIT", 355.6, 431.8),
        ("24CMX30CM", "LANDSCAPE", 300, 240),
        ("A4", "PORTRAIT", 210, 297),
        ("A3", "LANDSCAPE", 420, 297),
    ],
)
def test_a_film_has_the_size_that_it_is_called_by(
    name: str, orientation: str, width: float, height: float
) -> None:
    assert film_size(name, orientation) == pytest.approx((width, height))


@pytest.mark.parametrize(
    ("name", "orientation"), [("A5", "PORTRAIT"), ("", "PORTRAIT"), ("A4", ""), ("A4", "UP")]
)
def test_other_films_are_refused(name: str, orientation: str) -> None:
    with pytest.raises(UsageError):
        film_size(name, orientation)


def on(wanted: str, *, dpi: int = 150, size: str = "8INX10IN", head: bool = False) -> Layout:
    return layout(display_format(wanted), film_size(size), dpi, head=head)


def test_the_picture_has_the_pixels_of_the_film() -> None:
    found = on("STANDARD\\1,1", dpi=150)
    assert (found.width, found.height) == (1200, 1500)
    assert found.pixels(25.4) == 150
    assert found.pixels(0.001) == 1


def test_one_box_fills_the_film_up_to_a_margin() -> None:
    assert on("STANDARD\\1,1", dpi=254).boxes == (Box(50, 50, 1932, 2440),)


def corners(found: Layout) -> list[tuple[int, int]]:
    return [(box.left, box.top) for box in found.boxes]


def test_standard_and_row_are_numbered_along_rows() -> None:
    found = corners(on("STANDARD\\2,2"))
    assert found == sorted(found, key=lambda corner: (corner[1], corner[0]))
    assert found[0][1] == found[1][1] < found[2][1] == found[3][1]
    rows = corners(on("ROW\\1,2"))
    assert rows[0][1] < rows[1][1] == rows[2][1]
    assert rows[0][0] == rows[1][0] < rows[2][0]


def test_columns_are_numbered_downwards() -> None:
    found = on("COL\\2,1")
    first, second, third = found.boxes
    assert first.left == second.left < third.left
    assert first.top < second.top
    assert third.top == first.top
    assert third.height > first.height + second.height


def test_strips_for_text_leave_the_boxes_less_room() -> None:
    plain = on("STANDARD\\1,1")
    found = layout(display_format("STANDARD\\1,1"), film_size("8INX10IN"), 150, head=True, foot=True)
    assert found.head is not None
    assert found.foot is not None
    (box,) = found.boxes
    assert found.head.top + found.head.height < box.top
    assert box.top + box.height < found.foot.top
    assert box.height < plain.boxes[0].height
    assert (plain.head, plain.foot) == (None, None)


lines = st.lists(st.integers(1, 12), min_size=1, max_size=12)
formats = st.one_of(
    st.builds(lambda c, r: DisplayFormat("STANDARD", (c, r)), st.integers(1, 20), st.integers(1, 20)),
    st.builds(
        lambda kind, counts: DisplayFormat(kind, tuple(counts)), st.sampled_from(["ROW", "COL"]), lines
    ),
)


@given(formats, st.sampled_from(sorted(FILM_SIZES)), st.integers(75, 600), st.booleans(), st.booleans())
def test_boxes_lie_on_the_film_and_apart(
    wanted: DisplayFormat, size: str, dpi: int, landscape: bool, head: bool
) -> None:
    film = film_size(size, "LANDSCAPE" if landscape else "PORTRAIT")
    found = layout(wanted, film, dpi, head=head)
    assert len(found.boxes) == wanted.boxes
    for box in found.boxes:
        assert box.width > 0
        assert box.height > 0
        assert box.left > 0
        assert box.top > 0
        assert box.left + box.width < found.width
        assert box.top + box.height < found.height
    for one, other in zip(found.boxes, found.boxes[1:], strict=False):
        beside = one.left + one.width <= other.left or other.left + other.width <= one.left
        below = one.top + one.height <= other.top or other.top + other.height <= one.top
        assert beside or below


@given(st.text(alphabet="STANDROWCL\\0123456789, ", max_size=40))
def test_any_text_is_a_bounded_format_or_refused(text: str) -> None:
    try:
        found = display_format(text)
    except UsageError:
        return
    assert 1 <= found.boxes <= MOST_BOXES
    assert max(found.counts) <= MOST_IN_LINE


def test_boxes_without_a_pixel_are_refused() -> None:
    with pytest.raises(ValueError, match="no pixel"):
        layout(display_format("ROW\\64"), Size(30, 30), 5)
