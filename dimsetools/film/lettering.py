"""Letters for the texts of films: the font they are drawn in, and what stands for those that it lacks.

The font that comes with Pillow has little more than ASCII, so one of the system is preferred. Needs Pillow.
"""

from __future__ import annotations

import unicodedata
from functools import cache
from typing import TYPE_CHECKING

from PIL import ImageFont

if TYPE_CHECKING:
    Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

_SYSTEM = ("DejaVuSans.ttf", "NotoSans-Regular.ttf", "LiberationSans-Regular.ttf", "Arial.ttf", "arial.ttf")
_NO_LETTER = "\uffff"
_INSTEAD = "?"


@cache
def _system_font() -> str | None:
    """Return the first font that is installed here; it is looked for once, for that takes long."""
    for name in _SYSTEM:
        try:
            ImageFont.truetype(name, 12)
        except OSError:
            continue
        return name
    return None


def font(height: float) -> Font:
    """Return a font with letters of `height` pixels."""
    name = _system_font()
    return ImageFont.load_default(height) if name is None else ImageFont.truetype(name, height)


def legible(text: str, font: Font) -> str:
    """Return a text in letters that the font has: for one that it lacks the plain one, or a question mark."""
    missing = _drawn(_NO_LETTER, font)

    def has(letter: str) -> bool:
        return letter.isspace() or _drawn(letter, font) != missing

    def instead(letter: str) -> str:
        plain = "".join(
            part for part in unicodedata.normalize("NFKD", letter) if not unicodedata.combining(part)
        )
        return plain if plain and all(map(has, plain)) else _INSTEAD

    return "".join(
        letter if has(letter) else instead(letter) for letter in unicodedata.normalize("NFC", text)
    )


def _drawn(letter: str, font: Font) -> tuple[tuple[int, int], bytes]:
    """Return what a letter looks like."""
    mask = font.getmask(letter)
    return mask.size, bytes(mask)
