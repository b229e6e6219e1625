"""Where the image boxes lie on a film: display formats, film sizes, rectangles (PS3.3 C.13.3). Pure.

Lengths are millimetres where a film is spoken of, and pixels where a picture of it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from dimsetools.dataset.print_rules import ORIENTATIONS
from dimsetools.errors import UsageError, did_you_mean

MM_PER_INCH = 25.4
MOST_BOXES = 400
"""Image boxes of a film."""
MOST_IN_LINE = 64
"""Image boxes in one row or column."""
STRIP = 8.0
"""Height of a strip for annotations, mm."""

_EDGE = 5.0
_GAP = 2.0
_FORMAT = re.compile(r"(STANDARD|ROW|COL)\\([0-9]{1,3}(?: ?, ?[0-9]{1,3})*)", re.ASCII)
_WITHOUT_BOXES = ("SLIDE", "SUPERSLIDE", "CUSTOM")


class Size(NamedTuple):
    """Extent of a film in mm."""

    width: float
    height: float


class Box(NamedTuple):
    """A rectangle of a picture in pixels, from its upper left corner."""

    left: int
    top: int
    width: int
    height: int


def _inches(width: float, height: float) -> Size:
    return Size(width * MM_PER_INCH, height * MM_PER_INCH)


FILM_SIZES: Mapping[str, Size] = {
    "8INX10IN": _inches(8, 10),
    "8_5INX11IN": _inches(8.5, 11),
    "10INX12IN": _inches(10, 12),
    "10INX14IN": _inches(10, 14),
    "11INX14IN": _inches(11, 14),
    "11INX17IN": _inches(11, 17),
    "14INX14IN": _inches(14, 14),
    "14INX17IN": _inches(14, 17),
    "24CMX24CM": Size(240, 240),
    "24CMX30CM": Size(240, 300),
    "A4": Size(210, 297),
    "A3": Size(297, 420),
}
"""The Film Size IDs (2010,0050), each in portrait."""


class DisplayFormat(NamedTuple):
    """An Image Display Format (2010,0010): STANDARD has columns and rows, ROW and COL boxes a line."""

    kind: str
    counts: tuple[int, ...]

    @property
    def boxes(self) -> int:
        """How many image boxes a film of this format has."""
        return self.counts[0] * self.counts[1] if self.kind == "STANDARD" else sum(self.counts)

    def __str__(self) -> str:
        return f"{self.kind}\\{','.join(map(str, self.counts))}"


class Layout(NamedTuple):
    """A film as a picture: its extent in pixels, its image boxes in order of Image Box Position.

    `head` and `foot` are strips for annotations, None where there is none.
    """

    size: Size
    dpi: int
    width: int
    height: int
    boxes: tuple[Box, ...]
    head: Box | None = None
    foot: Box | None = None

    def pixels(self, length: float) -> int:
        """Return a length in mm as whole pixels, at least one."""
        return max(1, round(length / MM_PER_INCH * self.dpi))


def display_format(text: str) -> DisplayFormat:
    r"""Read an Image Display Format: `STANDARD\C,R`, `ROW\r1,r2,...` or `COL\c1,c2,...`.

    Raises UsageError for anything else, and for more boxes than a film can have.
    """
    word = text.strip().upper()
    match = _FORMAT.fullmatch(word)
    if match is None:
        if word.partition("\\")[0] in _WITHOUT_BOXES:
            raise UsageError(f"the image display format {text!r} is not supported", hint=_SUPPORTED)
        raise UsageError(f"{text!r} is no image display format", hint=_SUPPORTED)
    counts = tuple(int(count) for count in match[2].split(","))
    if match[1] == "STANDARD" and len(counts) != 2:
        raise UsageError(f"{text!r}: STANDARD has two numbers, columns and rows", hint=_SUPPORTED)
    found = DisplayFormat(match[1], counts)
    if 0 in counts or max(*counts, len(counts)) > MOST_IN_LINE or found.boxes > MOST_BOXES:
        hint = f"a film has 1 to {MOST_BOXES} image boxes, at most {MOST_IN_LINE} of them in a line"
        raise UsageError(f"{text!r} makes no film", hint=hint)
    return found


_SUPPORTED = r"write STANDARD\columns,rows or ROW\n,n,... or COL\n,n,..., as STANDARD\2,3"


def film_size(name: str, orientation: str = "PORTRAIT") -> Size:
    """Return the extent of a film by its Film Size ID and Film Orientation (2010,0040).

    Raises UsageError for one that is not known.
    """
    size = FILM_SIZES.get(name)
    if size is None:
        hint = did_you_mean(name, FILM_SIZES) or "film sizes: " + ", ".join(FILM_SIZES)
        raise UsageError(f"{name!r} is no film size", hint=hint)
    if orientation not in ORIENTATIONS:
        raise UsageError(f"{orientation!r} is no film orientation", hint=" or ".join(ORIENTATIONS))
    return size if orientation == "PORTRAIT" else Size(size.height, size.width)


def layout(wanted: DisplayFormat, size: Size, dpi: int, *, head: bool = False, foot: bool = False) -> Layout:
    """Return where the boxes of a film lie at `dpi` pixels an inch, with strips for text if they are wanted.

    The boxes are of one size in STANDARD, and fill their row or column in ROW and COL; between them and
    around them there is a border. Raises ValueError where a box would have no pixel.
    """
    scale = dpi / MM_PER_INCH
    top = _EDGE + (STRIP if head else 0)
    bottom = size.height - _EDGE - (STRIP if foot else 0)
    across, down = (_EDGE, size.width - _EDGE), (top, bottom)
    if wanted.kind == "STANDARD":
        columns, rows = wanted.counts
        boxes = _lines([columns] * rows, across, down)
    elif wanted.kind == "ROW":
        boxes = _lines(wanted.counts, across, down)
    else:
        boxes = [(y, x) for x, y in _lines(wanted.counts, down, across)]
    found = tuple(_box(x, y, scale) for x, y in boxes)
    if any(box.width < 1 or box.height < 1 for box in found):
        raise ValueError(f"{wanted} has boxes of no pixel on this film at {dpi} dpi")
    return Layout(
        size,
        dpi,
        round(size.width * scale),
        round(size.height * scale),
        found,
        _box(across, (_EDGE, top - _GAP), scale) if head else None,
        _box(across, (bottom + _GAP, size.height - _EDGE), scale) if foot else None,
    )


_Span = tuple[float, float]


def _lines(counts: Sequence[int], along: _Span, across: _Span) -> list[tuple[_Span, _Span]]:
    """Return the boxes of lines with so many each, as their spans along and across the lines."""
    return [
        (span, line)
        for count, line in zip(counts, _divide(across, len(counts)), strict=True)
        for span in _divide(along, count)
    ]


def _divide(span: _Span, count: int) -> list[_Span]:
    """Cut a span into equal parts with gaps between them, small ones where the parts are small."""
    start, end = span
    whole = (end - start) / count
    gap = min(_GAP, whole / 8)
    part = (end - start - gap * (count - 1)) / count
    return [(start + number * (part + gap), start + number * (part + gap) + part) for number in range(count)]


def _box(across: _Span, down: _Span, scale: float) -> Box:
    left, right = (round(edge * scale) for edge in across)
    top, bottom = (round(edge * scale) for edge in down)
    return Box(left, top, right - left, bottom - top)
