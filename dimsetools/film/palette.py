"""The tables that make colours of palette images, written out where they come in segments (PS3.3 C.7.9)."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from dimsetools.film.gray import Table, lookup

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pydicom.dataset import Dataset

    Values = NDArray[Any]

_DISCRETE, _LINEAR, _INDIRECT = 0, 1, 2


def colored(values: Values, image: Dataset) -> Values:
    """Return red, green and blue, 0 to 1 each; raise ValueError for a broken table."""
    planes = []
    for name in ("Red", "Green", "Blue"):
        found = _table(image, name)
        planes.append(found.apply(values) / float((1 << (8 if found.bits <= 8 else 16)) - 1))
    return np.clip(np.stack(planes, axis=-1), 0.0, 1.0)


def _table(image: Dataset, name: str) -> Table:
    count, first, bits = (int(one) for one in image[f"{name}PaletteColorLookupTableDescriptor"].value)
    data: object = image.get(f"{name}PaletteColorLookupTableData")
    if data is None:
        written = bytes(image[f"Segmented{name}PaletteColorLookupTableData"].value)
        size, code = (1, "B") if bits <= 8 else (2, "H")
        words = struct.unpack(f"<{len(written) // size}{code}", written[: len(written) // size * size])
        data = expanded(words, count or 1 << 16, size)
    return lookup(data, count, first, bits, signed=bool(image.get("PixelRepresentation")))


def expanded(words: Sequence[int], most: int, size: int = 2) -> list[int]:
    """Return the entries that segments stand for, no more than `most`; raise ValueError if they are broken.

    `words` have `size` bytes each.
    """
    entries: list[int] = []
    try:
        _expand(words, 0, None, entries, most, size)
    except IndexError:
        raise ValueError("a segment of a colour table is cut off") from None
    return entries


def _expand(
    words: Sequence[int], at: int, segments: int | None, entries: list[int], most: int, size: int
) -> None:
    """Add the entries of the segments from the word `at` on, of all or of `segments` of them."""
    left = len(words) if segments is None else segments
    while at + 1 < len(words) and left and len(entries) < most:
        kind, length = words[at], words[at + 1]
        left -= 1
        if kind == _DISCRETE:
            entries += words[at + 2 : at + 2 + length]
            at += 2 + length
        elif kind == _LINEAR:
            start, end = entries[-1], words[at + 2]
            entries += (round(start + (end - start) * step / length) for step in range(1, length + 1))
            at += 3
        elif kind == _INDIRECT and segments is None:
            # The offset in bytes, the least significant part first (PS3.3 C.7.9.2.3).
            offset = sum(words[at + 2 + place] << (8 * size * place) for place in range(4 // size))
            _expand(words, offset // size, length, entries, most, size)
            at += 2 + 4 // size
        else:
            raise ValueError(f"a colour table has a segment of type {kind}")
    del entries[most:]
