"""How large an image becomes in its box, and what of it is lost (PS3.3 C.13.5). Pure."""

from __future__ import annotations

from typing import NamedTuple

from dimsetools.film.layout import Box

MOST_ASPECT = 50.0
"""How many times as high as wide, or the other way round, a pixel may be."""


class TooLarge(ValueError):
    """The image is larger than its box, and may be neither cropped nor made smaller."""


class Fit(NamedTuple):
    """`source` is the part of the image, in its pixels, that is printed on `target`, in those of the film.

    `loss` is "", "demagnified" (made smaller, and nobody had said so), "decimated" or "cropped".
    """

    source: Box
    target: Box
    loss: str = ""


def fit(
    columns: int,
    rows: int,
    box: Box,
    *,
    aspect: float = 1.0,
    width: int | None = None,
    behavior: str = "",
) -> Fit:
    """Return where an image goes: as large as the box lets it be, in its middle.

    `aspect` is the height of a pixel over its width. `width` is how many pixels of the film the image is to
    be wide. It is then too large if it would not fit into the box; without it, if the box has fewer pixels.
    Then it is cropped or made smaller, or TooLarge is raised, as `behavior` says, which is a value of
    Requested Decimate/Crop Behavior (2020,0040) or "" for none.
    """
    across, down = (columns, rows * aspect) if aspect >= 1 else (columns / aspect, float(rows))
    filling = min(box.width / across, box.height / down)
    wanted = filling if width is None else width / across
    limit = 1.0 if width is None else wanted
    if filling >= limit:
        return Fit(Box(0, 0, columns, rows), _middle(box, across * wanted, down * wanted))
    if behavior == "FAIL":
        raise TooLarge("the image is larger than its box")
    if behavior == "CROP":
        source = _middle(
            Box(0, 0, columns, rows),
            columns * min(1.0, box.width / (across * limit)),
            rows * min(1.0, box.height / (down * limit)),
        )
        shown = (min(box.width, across * limit), min(box.height, down * limit))
        return Fit(source, _middle(box, *shown), "cropped")
    loss = "decimated" if behavior == "DECIMATE" else "demagnified"
    return Fit(Box(0, 0, columns, rows), _middle(box, across * filling, down * filling), loss)


def _middle(box: Box, width: float, height: float) -> Box:
    """Return a rectangle of whole pixels, at least one each way, in the middle of a box."""
    wide = min(box.width, max(1, round(width)))
    high = min(box.height, max(1, round(height)))
    return Box(box.left + (box.width - wide) // 2, box.top + (box.height - high) // 2, wide, high)
