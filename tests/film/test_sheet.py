"""What films look like, looked at pixel by pixel."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from dimsetools.film.density import Table, gray
from dimsetools.film.fitting import TooLarge
from dimsetools.film.frames import Frame
from dimsetools.film.layout import Box, Layout, display_format, film_size, layout
from dimsetools.film.sheet import Content, Film, Sheet, draw

if TYPE_CHECKING:
    from dimsetools.film.sheet import Pixels


def on(wanted: str = "STANDARD\\2,2", *, dpi: int = 50, head: bool = False, foot: bool = False) -> Layout:
    return layout(display_format(wanted), film_size("8INX10IN"), dpi, head=head, foot=foot)


def plain(value: int, *, columns: int = 20, rows: int = 20, bits: int = 8) -> Frame:
    """A frame of one value."""
    values = np.full((rows, columns), value, "<u2" if bits > 8 else np.uint8)
    return Frame(rows, columns, False, bits, (1, 1), values.tobytes())


def colored(red: int, green: int, blue: int, *, columns: int = 20, rows: int = 20) -> Frame:
    data = (
        bytes([red]) * (columns * rows) + bytes([green]) * (columns * rows) + bytes([blue]) * (columns * rows)
    )
    return Frame(rows, columns, True, 8, (1, 1), data)


def middle(sheet: Sheet, position: int) -> list[int]:
    """The samples in the middle of a box."""
    box = sheet.layout.boxes[position - 1]
    found: list[int] = np.atleast_1d(
        sheet.pixels[box.top + box.height // 2, box.left + box.width // 2]
    ).tolist()
    return found


def inside(sheet: Sheet, box: Box) -> Pixels:
    part: Pixels = sheet.pixels[box.top : box.top + box.height, box.left : box.left + box.width]
    return part


@pytest.mark.parametrize("wanted", ["STANDARD\\2,3", "ROW\\1,2,3", "COL\\2,1,3"])
def test_each_image_is_in_its_box(wanted: str) -> None:
    sheet = draw(Film(on(wanted), {number: Content(plain(30 * number)) for number in range(1, 7)}))
    assert [middle(sheet, number) for number in range(1, 7)] == [[30 * number] for number in range(1, 7)]
    assert sheet.pixels.shape == (500, 400)
    assert sheet.pixels.dtype == np.uint8


def test_an_image_stands_upright() -> None:
    """Corners of four values come out at the corners, in every way of magnifying."""
    values = np.zeros((2, 2), np.uint8)
    values[:] = [[50, 100], [150, 200]]
    frame = Frame(2, 2, False, 8, (1, 1), values.tobytes())
    layout = on("STANDARD\\1,1")
    for how in ("REPLICATE", "BILINEAR", "CUBIC"):
        content = Content(frame, magnification=how)
        sheet = draw(Film(layout, {1: content}))
        part = inside(sheet, content.fit(layout.boxes[0], layout).target)
        corners = part[[0, 0, -1, -1], [0, -1, 0, -1]].tolist()
        assert corners == [pytest.approx(value, abs=20) for value in (50, 100, 150, 200)], how
    assert set(np.unique(draw(Film(layout, {1: Content(frame, magnification="REPLICATE")})).pixels)) == {
        0, 50, 100, 150, 200,
    }  # fmt: skip


def test_polarity_turns_the_values_round() -> None:
    sheet = draw(
        Film(on(), {1: Content(plain(40), inverse=True), 2: Content(colored(255, 0, 10), inverse=True)})
    )
    assert middle(sheet, 1) == [215, 215, 215]
    assert middle(sheet, 2) == [0, 255, 245]


def test_twelve_bits_make_a_sheet_of_sixteen() -> None:
    sheet = draw(Film(on(), {1: Content(plain(2048, bits=12)), 2: Content(plain(128))}))
    assert sheet.pixels.dtype == np.uint16
    assert middle(sheet, 1) == [round(2048 / 4095 * 65535)]
    assert middle(sheet, 2) == [round(128 / 255 * 65535)]


def test_sixteen_bits_do_not_go_round_at_edges() -> None:
    values = np.zeros((4, 4), "<u2")
    values[:, 2:] = 4095
    sheet = draw(Film(on(), {1: Content(Frame(4, 4, False, 12, (1, 1), values.tobytes()))}))
    target = Content(Frame(4, 4, False, 12, (1, 1), b"")).fit(sheet.layout.boxes[0], sheet.layout).target
    line = inside(sheet, target)[target.height // 2].astype(int)
    assert line[0] == 0
    assert line[-1] == 65535
    assert (np.diff(line) >= -3000).all()  # cubic overshoots a little, and never wraps


def test_high_bits_that_are_no_part_of_the_value_are_left_out() -> None:
    assert middle(draw(Film(on(), {1: Content(plain(0xF800, bits=12))})), 1) == [round(0x800 / 4095 * 65535)]


def test_a_sheet_with_colour_has_three_samples() -> None:
    sheet = draw(Film(on(), {1: Content(colored(200, 100, 50)), 2: Content(plain(77, bits=12))}))
    assert sheet.pixels.shape == (500, 400, 3)
    assert sheet.pixels.dtype == np.uint8
    assert middle(sheet, 1) == [200, 100, 50]
    assert middle(sheet, 2) == [round(77 / 4095 * 255)] * 3


def test_border_and_empty_boxes_have_their_densities() -> None:
    sheet = draw(Film(on(), {1: Content(plain(0))}, border="150", empty="WHITE"))
    assert sheet.pixels[0, 0] == round(gray(150) * 255)
    assert middle(sheet, 2) == [255]
    assert (inside(sheet, sheet.layout.boxes[3]) == 255).all()
    # Around a smaller image, its box is border, too.
    assert inside(sheet, sheet.layout.boxes[0])[0, 0] == round(gray(150) * 255)


def test_the_pixels_of_an_image_may_be_those_of_the_film() -> None:
    sheet = draw(Film(on(), {1: Content(plain(99, columns=30, rows=20), magnification="NONE")}))
    assert (sheet.pixels == 99).sum() == 600


def test_an_image_is_as_wide_as_asked_for() -> None:
    sheet = draw(Film(on(), {1: Content(plain(99), width=50.8)}))
    assert (sheet.pixels == 99).sum() == 100 * 100


def test_pixels_higher_than_wide() -> None:
    frame = plain(99)._replace(aspect=(3, 1))
    sheet = draw(Film(on(), {1: Content(frame, width=12.7)}))
    assert (sheet.pixels == 99).sum() == 25 * 75


def test_the_middle_of_a_cropped_image_is_kept() -> None:
    values = np.zeros((20, 2000), np.uint8)
    values[:, 900:1100] = 200
    frame = Frame(20, 2000, False, 8, (1, 1), values.tobytes())
    sheet = draw(Film(on(), {1: Content(frame, behavior="CROP")}))
    assert middle(sheet, 1) == [200]
    assert (sheet.pixels == 200).sum() == sheet.layout.boxes[0].width * 20
    with pytest.raises(TooLarge):
        draw(Film(on(), {1: Content(frame, behavior="FAIL")}))


def test_a_smaller_image_is_a_mean_of_what_was_there() -> None:
    values = np.tile(np.array([[0, 200]], np.uint8), (1000, 500))
    frame = Frame(1000, 1000, False, 8, (1, 1), values.tobytes())
    for how in ("REPLICATE", "BILINEAR", "CUBIC"):
        sheet = draw(Film(on("STANDARD\\4,4"), {1: Content(frame, magnification=how)}))
        assert middle(sheet, 1)[0] == pytest.approx(100, abs=12), how


def test_presentation_luts() -> None:
    table = Table([4 * value for value in range(255, -1, -1)], 10)
    sheet = draw(Film(on(), {1: Content(plain(10), lut=table), 2: Content(plain(128), lut="LIN OD")}))
    assert middle(sheet, 1) == [round(980 / 1023 * 255)]
    assert middle(sheet, 2) == [round(gray(320 - 128 / 255 * 300) * 255)]


def test_trim_frames_each_box() -> None:
    sheet = draw(Film(on(), {}, border="BLACK", empty="BLACK", trim=True))
    for box in sheet.layout.boxes:
        part = inside(sheet, box)
        assert (part[0] == 255).all()
        assert (part[:, -1] == 255).all()
        assert (part[2:-2, 2:-2] == 0).all()
    light = draw(Film(on(), {}, border="WHITE", empty="WHITE", trim=True))
    assert inside(light, light.layout.boxes[0])[0, 0] == 0


def ink(sheet: Sheet) -> list[bool]:
    """In which thirds of head and foot there is text."""
    found = []
    for strip in (sheet.layout.head, sheet.layout.foot):
        assert strip is not None
        third = strip.width // 3
        parts = [Box(strip.left + number * third, strip.top, third, strip.height) for number in range(3)]
        found += [bool((inside(sheet, part) > 60).any()) for part in parts]
    return found


def test_annotations_stand_where_their_position_says() -> None:
    layout = on(dpi=100, head=True, foot=True)
    for position in range(1, 7):
        sheet = draw(Film(layout, {}, {position: "Text"}))
        assert ink(sheet) == [number == position for number in range(1, 7)]


LINES = ["W" * 4000, "line\nline\ttab", "\x1b[31mred", "\u00e4\u00f6\u4e2d", " ", ""]


@pytest.mark.parametrize("text", LINES)
def test_any_text_stays_in_its_place(text: str) -> None:
    layout = on(dpi=100, head=True, foot=True)
    black = Content(colored(0, 0, 0))
    among_others = draw(Film(layout, {1: black}, {2: text, 6: "x"}))
    assert ink(among_others)[3:] == [False, False, True]
    beside = draw(Film(layout, {1: black}, {2: text, 3: " "}))
    assert [mark for number, mark in enumerate(ink(beside), start=1) if number != 2] == [False] * 5
    assert draw(Film(on(), {}, {2: text})).pixels.max() == 0  # no strip, no text


def test_a_text_alone_may_be_as_long_as_the_film_is_wide() -> None:
    layout = on(dpi=100, head=True, foot=True)
    for position in range(1, 7):
        found = ink(draw(Film(layout, {}, {position: "W" * 4000})))
        assert found == [True] * 3 + [False] * 3 if position <= 3 else [False] * 3 + [True] * 3
