"""Graphics that lie over an image in planes of their own (PS3.3 C.9.2), drawn in white. Needs numpy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pydicom.dataset import Dataset

    Values = NDArray[Any]

_GROUPS = range(0x6000, 0x6020, 2)
_ROWS, _COLUMNS, _FRAMES, _ORIGIN, _FIRST, _DATA = 0x0010, 0x0011, 0x0015, 0x0050, 0x0051, 0x3000


def draw(shown: Values, image: Dataset, number: int) -> None:
    """Draw the planes of the frame `number` (from 1) into `shown`, rows of columns, perhaps of colours.

    Those within the pixel data (retired) are left out. Raises ValueError for a plane that is not whole.
    """
    for group in _GROUPS:
        data = _value(image, group, _DATA)
        if data:
            _plane(shown, image, group, bytes(data), number)


def _plane(shown: Values, image: Dataset, group: int, data: bytes, number: int) -> None:
    rows, columns = int(_value(image, group, _ROWS) or 0), int(_value(image, group, _COLUMNS) or 0)
    frames = int(_value(image, group, _FRAMES) or 1)
    first = int(_value(image, group, _FIRST) or 1)
    # A plane without frames of its own belongs to each of the image's.
    index = number - first if frames > 1 else 0
    if not 0 <= index < frames:
        return
    begin, size = index * rows * columns, rows * columns
    octets = np.frombuffer(data[begin // 8 : (begin + size + 7) // 8], np.uint8)
    bits = np.unpackbits(octets, bitorder="little")[begin % 8 :][:size]
    if not rows or not columns or len(bits) < size:
        raise ValueError(f"the overlay in group {group:04X} is not whole")
    origin = _value(image, group, _ORIGIN)
    top, left = (int(place) - 1 for place in (origin if origin is not None else (1, 1)))
    plane = bits.reshape(rows, columns).astype(bool)
    plane = plane[max(-top, 0) : max(shown.shape[0] - top, 0), max(-left, 0) : max(shown.shape[1] - left, 0)]
    top, left = max(top, 0), max(left, 0)
    shown[top : top + plane.shape[0], left : left + plane.shape[1]][plane] = 1.0


def _value(image: Dataset, group: int, element: int) -> Any:
    return image[group, element].value if (group, element) in image else None
