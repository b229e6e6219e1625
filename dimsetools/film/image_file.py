"""What a file has to print, found without a decoder: size, number of frames, grey or colour.

The file is one that was walked before; its pixels are the business of `frames`.
"""

from __future__ import annotations

import os
from collections.abc import Collection
from typing import NamedTuple

from dimsetools.dataset.attributes import SPECIFIC_CHARACTER_SET, Attributes, text
from dimsetools.dataset.decode import decode
from dimsetools.dataset.elements import MAX_INFLATE, glimpse
from dimsetools.dataset.part10 import FileMeta, open_regular
from dimsetools.errors import InputError
from dimsetools.escape import visible

MOST_PIXELS = 1 << 27
"""Pixels of a frame: in memory each is up to some 30 bytes while it is rendered."""
MOST_BYTES = 1 << 31
"""Bytes of a data set: it is in memory twice while its frames are rendered."""
MOST_FRAMES = 100_000
"""Frames of a file. What a file says of their number, nothing else holds it to before they are decoded."""

_SAMPLES, _PHOTOMETRIC, _FRAMES = 0x00280002, 0x00280004, 0x00280008
_ROWS, _COLUMNS = 0x00280010, 0x00280011
_TAGS = frozenset((SPECIFIC_CHARACTER_SET, _SAMPLES, _PHOTOMETRIC, _FRAMES, _ROWS, _COLUMNS))


class ImageFile(NamedTuple):
    """An image in a file: `frames` of `rows` x `columns` pixels.

    `attributes` are those of its data set that were asked for, and the few that this says.
    """

    path: str
    meta: FileMeta
    rows: int
    columns: int
    frames: int
    color: bool
    attributes: Attributes


def look(path: str, meta: FileMeta, more: Collection[int] = ()) -> ImageFile:
    """Return what the file that `meta` describes has to print, with the attributes `more` (tags).

    Raises InputError if it has no image, or one that is too large.
    """
    if meta.length > MOST_BYTES:
        raise InputError(f"has a data set of {meta.length} bytes, more than {MOST_BYTES}")
    tags = _TAGS | frozenset(more)
    fd, _ = open_regular(path)
    try:
        found = glimpse(
            fd,
            meta.transfer_syntax,
            tags,
            tags,
            offset=meta.offset,
            length=meta.length,
            max_inflate=MAX_INFLATE,
        )
    finally:
        os.close(fd)
    attributes = decode(b"".join(found.values.values()), found.encoding)
    rows, columns = _number(attributes, _ROWS), _number(attributes, _COLUMNS)
    if not rows or not columns:
        raise InputError("has no image to print")
    if rows * columns > MOST_PIXELS:
        raise InputError(f"has frames of {columns} x {rows} pixels, more than {MOST_PIXELS}")
    frames = max(_number(attributes, _FRAMES), 1)
    if frames > MOST_FRAMES:
        raise InputError(f"says that it has {frames} frames, more than {MOST_FRAMES}")
    photometric = text(attributes, _PHOTOMETRIC)
    color = _number(attributes, _SAMPLES) > 1 or photometric == "PALETTE COLOR"
    return ImageFile(path, meta, rows, columns, frames, color, attributes)


def _number(attributes: Attributes, tag: int) -> int:
    """Return a whole number, 0 if it is absent."""
    written = text(attributes, tag).strip()
    try:
        return int(written or "0")
    except ValueError:
        raise InputError(
            f"({tag >> 16:04X},{tag & 0xFFFF:04X}) of its image is no number: {visible(written, 40)}"
        ) from None
