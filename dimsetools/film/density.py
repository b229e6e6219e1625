"""How dark a film is where, and how that looks: optical densities as grays (PS3.14 section 7). Pure.

A gray is a number from 0, where the film is as dark as it can be, to 1, where it is clear. Equal steps look
equal, as those of P-values do: a picture of the film has its grays for pixel values.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import log10
from typing import NamedTuple

LEAST, MOST = 20.0, 320.0
"""What our films can have, hundredths of optical density."""

_LIGHT, _AMBIENT = 2000.0, 10.0  # cd/m2, what PS3.4 H.4.2.2.1.1 recommends for films on a light box
_INVERSE = (
    71.498068, 94.593053, 41.912053, 9.8247004, 0.28175407, -1.1878455, -0.18014349, 0.14710899,
    -0.017046845,
)  # fmt: skip


class Table(NamedTuple):
    """A Presentation LUT (PS3.3 C.11.4): P-values of `bits` bits, one for each pixel value."""

    values: Sequence[int]
    bits: int


def gray(density: float) -> float:
    """Return the gray of a density in hundredths; beyond what a film can have, that of its limit."""
    least, most = _just_noticeable(MOST), _just_noticeable(LEAST)
    return (_just_noticeable(min(max(density, LEAST), MOST)) - least) / (most - least)


def _just_noticeable(density: float) -> float:
    """Return the index of just noticeable differences of a film of that density on a light box."""
    luminance = log10(_AMBIENT + _LIGHT * 10 ** (-density / 100))
    return sum(factor * luminance**power for power, factor in enumerate(_INVERSE))


def named_gray(density: str) -> float:
    """Return the gray of a Border or Empty Image Density: BLACK, WHITE, or hundredths of optical density.

    Raises ValueError for another word.
    """
    if density in ("BLACK", "WHITE"):
        return gray(MOST if density == "BLACK" else LEAST)
    if not (density.isascii() and density.isdigit() and len(density) <= 5):
        raise ValueError(f"{density!r} is no density")
    return gray(float(density))


def tones(
    levels: int,
    *,
    inverse: bool = False,
    low: float = LEAST,
    high: float = MOST,
    lut: str | Table = "IDENTITY",
) -> list[float]:
    """Return the gray of each pixel value from 0 to `levels` - 1.

    The values are printed from density `high` to `low`, or the other way round where they are `inverse`.
    What they are, the Presentation LUT says: P-values, linear in density, or indices of a table of P-values.
    """
    steps = [step / (levels - 1) for step in range(levels)]
    if lut == "LIN OD":
        found = [gray(high - step * (high - low)) for step in steps]
    else:
        dark, clear = gray(high), gray(low)
        if isinstance(lut, Table):
            most = (1 << lut.bits) - 1
            steps = [min(lut.values[round(step * (len(lut.values) - 1))], most) / most for step in steps]
        found = [dark + step * (clear - dark) for step in steps]
    return found[::-1] if inverse else found
