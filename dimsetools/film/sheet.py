"""What a film looks like: images drawn into their boxes, text around them, as one array of pixels.

numpy and Pillow do the work; they are loaded when a film is drawn, and belong to the extra `print`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from dimsetools.film.density import LEAST, MOST, Table, named_gray, tones
from dimsetools.film.fitting import Fit, fit
from dimsetools.film.layout import Box, Layout

if TYPE_CHECKING:
    import numpy as np

    from dimsetools.film.frames import Frame

    Pixels = np.ndarray[Any, np.dtype[Any]]

_TRIM = 0.3
_FULL = {8: 0xFF, 16: 0xFFFF}
_LONGEST = 200  # characters of an annotation
_TEXT_PART = 0.62
"""Height of letters, of the strip they stand in."""
_SIDES = {0: "la", 1: "ma", 2: "ra"}
MOST_TEXT = 6
"""Annotations of a film: left, middle and right of its head, then of its foot."""
_TEXTS_ABOVE = 3


class Content(NamedTuple):
    """What an image box has: a frame, and how it is to be printed (PS3.3 C.13.5).

    `inverse`: the lowest value is the lightest one. `width` is the Requested Image Size in mm. `low` and
    `high` are densities in hundredths.
    """

    frame: Frame
    inverse: bool = False
    magnification: str = "CUBIC"
    width: float | None = None
    behavior: str = ""
    low: float = LEAST
    high: float = MOST
    lut: str | Table = "IDENTITY"

    def fit(self, box: Box, layout: Layout) -> Fit:
        """Return where the frame goes in its box of a film; TooLarge if it may not be made to fit."""
        frame = self.frame
        aspect = frame.aspect[0] / frame.aspect[1]
        width = None if self.width is None else layout.pixels(self.width)
        if width is None and self.magnification == "NONE":
            width = round(frame.columns * max(1.0, 1 / aspect))
        return fit(frame.columns, frame.rows, box, aspect=aspect, width=width, behavior=self.behavior)


class Film(NamedTuple):
    """A film to draw: contents by Image Box Position and texts by Annotation Position, both from 1 on.

    `border` and `empty` are densities, as in `density.named_gray`; `trim` frames each box.
    """

    layout: Layout
    contents: Mapping[int, Content]
    texts: Mapping[int, str] = {}
    border: str = "BLACK"
    empty: str = "BLACK"
    trim: bool = False

    @property
    def is_color(self) -> bool:
        """Whether there is an image in colour on it."""
        return any(content.frame.color for content in self.contents.values())

    @property
    def bits(self) -> int:
        """Bits of a sample of its picture: 16 if an image needs more than 8, and none is in colour."""
        deep = any(content.frame.bits > 8 for content in self.contents.values())
        return 16 if deep and not self.is_color else 8


class Sheet(NamedTuple):
    """A film that was drawn: `pixels` have the shape (height, width) or (height, width, 3), 8 or 16 bits."""

    pixels: Pixels
    layout: Layout


def draw(film: Film) -> Sheet:
    """Draw a film."""
    import numpy as np

    layout = film.layout
    shape = (layout.height, layout.width, 3) if film.is_color else (layout.height, layout.width)
    full = _FULL[film.bits]
    kind = np.uint8 if film.bits == 8 else np.uint16
    border = named_gray(film.border)
    contrast = 0 if border > 0.5 else full
    pixels: Pixels = np.full(shape, round(border * full), kind)
    empty = round(named_gray(film.empty) * full)
    for position, box in enumerate(layout.boxes, start=1):
        content = film.contents.get(position)
        if content is None:
            _part(pixels, box)[:] = empty
        else:
            target, drawn = _drawn(content, box, film)
            part = _part(pixels, target)
            part[:] = drawn[..., None] if part.ndim > drawn.ndim else drawn
        if film.trim:
            _frame(pixels, box, contrast, layout.pixels(_TRIM))
    for position, text in film.texts.items():
        beside = sum((other > _TEXTS_ABOVE) == (position > _TEXTS_ABOVE) for other in film.texts)
        _write(pixels, layout, position, text, contrast, share=3 if beside > 1 else 1)
    return Sheet(pixels, layout)


def _part(pixels: Pixels, box: Box) -> Pixels:
    part: Pixels = pixels[box.top : box.top + box.height, box.left : box.left + box.width]
    return part


def _frame(pixels: Pixels, box: Box, value: int, thickness: int) -> None:
    """Draw a line around a box, inside of it."""
    part = _part(pixels, box)
    part[:thickness] = part[-thickness:] = value
    part[:, :thickness] = part[:, -thickness:] = value


def _drawn(content: Content, box: Box, film: Film) -> tuple[Box, Pixels]:
    """Return where the frame of a box goes, and its pixels there."""
    import numpy as np

    source, target, _ = content.fit(box, film.layout)
    full = _FULL[film.bits]
    values = _part(_samples(content.frame), source)
    if content.frame.color:
        shown = 255 - values if content.inverse else np.ascontiguousarray(values)
    else:
        levels = 1 << content.frame.bits
        tone = tones(levels, inverse=content.inverse, low=content.low, high=content.high, lut=content.lut)
        table = np.array(tone, np.float32) * full
        shown = (np.rint(table).astype(np.uint8) if full == 0xFF else table)[values & (levels - 1)]
    return target, _resized(shown, target, content.magnification, full)


def _samples(frame: Frame) -> Pixels:
    """Return the pixel values of a frame, colours in the last axis."""
    import numpy as np

    values: Pixels = np.frombuffer(frame.pixels, np.uint8 if frame.bits == 8 else "<u2")
    if not frame.color:
        return values.reshape(frame.rows, frame.columns)
    return np.moveaxis(values.reshape(3, frame.rows, frame.columns), 0, -1)


def _resized(values: Pixels, target: Box, magnification: str, full: int) -> Pixels:
    """Return pixels made as large as `target`; smaller ones are means of what they stand for."""
    import numpy as np
    from PIL import Image

    image = Image.fromarray(values)
    size = (target.width, target.height)
    if image.size == size:
        same: Pixels = np.rint(values).astype(np.uint8 if full == 0xFF else np.uint16)
        return same
    smaller = image.width > size[0] or image.height > size[1]
    how = {"BILINEAR": Image.Resampling.BILINEAR, "CUBIC": Image.Resampling.BICUBIC}.get(
        magnification, Image.Resampling.BOX if smaller else Image.Resampling.NEAREST
    )
    found: Pixels = np.asarray(image.resize(size, how))
    if full == 0xFF:
        return found
    whole: Pixels = np.rint(np.clip(found, 0, full)).astype(np.uint16)  # cubic goes beyond what there is
    return whole


def _write(pixels: Pixels, layout: Layout, position: int, text: str, value: int, *, share: int) -> None:
    """Write an annotation into the head or foot of the film, as much as fits into its share of that."""
    import numpy as np
    from PIL import Image, ImageDraw

    from dimsetools.film.lettering import font, legible

    strip = layout.head if position <= _TEXTS_ABOVE else layout.foot
    if strip is None or not text:
        return
    letters = font(max(6.0, strip.height * _TEXT_PART))
    line = legible(" ".join(text[:_LONGEST].split()), letters)
    while line and letters.getlength(line) > strip.width // share:
        line = line[:-1]
    side = (position - 1) % 3
    where = {0: 0, 1: strip.width // 2, 2: strip.width - 1}[side]
    canvas = Image.new("L", (strip.width, strip.height), 0)
    ImageDraw.Draw(canvas).text((where, 0), line, fill=255, font=letters, anchor=_SIDES[side])
    ink: Pixels = np.asarray(canvas).astype(np.float32) / 255
    part = _part(pixels, strip)
    ink = ink[..., None] if part.ndim == 3 else ink
    part[:] = np.rint(part + (value - part.astype(np.float32)) * ink).astype(part.dtype)
