"""How large a compressed frame says that it is (PS3.5 A.4), before a codec believes it.

Codecs make room for what the stream announces, which may be a thousand times the image, or go astray in
streams that are none. JPEG and JPEG-LS: ITU-T T.81 B.2.2, T.87 C.2.2; JPEG 2000: T.800 A.5.1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dimsetools.uids import transfer_syntax

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_JPEG = frozenset(
    transfer_syntax(name)
    for name in ("jpeg", "jpeg-extended", "jpeg-lossless", "jpeg-lossless-sv1", "jpegls-lossless", "jpegls")
)
_JPEG_2000 = frozenset(
    transfer_syntax(name)
    for name in ("jpeg2000-lossless", "jpeg2000", "htj2k-lossless", "htj2k-lossless-rpcl", "htj2k")
)
_START = b"\xff\xd8"
_START_2000 = b"\xff\x4f\xff\x51"
_BOXES = 4096
"""Bytes in which a JPEG 2000 stream begins, where it lies in the boxes of a file."""
_FRAME_HEADERS = frozenset({*range(0xC0, 0xD0), 0xF7} - {0xC4, 0xC8, 0xCC})
_MOST_TILES = 65535


def check(image: Dataset, index: int | None = None) -> None:
    """See that the frames of `image`, or the one at `index` (from 0), are of its rows and columns.

    Raises ValueError if one is not, or is no such stream. Other compressions say no size.
    """
    syntax = str(image.file_meta.TransferSyntaxUID)
    if syntax not in _JPEG and syntax not in _JPEG_2000:
        return
    from pydicom.encaps import generate_frames, get_frame

    count = max(int(image.get("NumberOfFrames") or 1), 1)
    offsets = None
    if "ExtendedOffsetTable" in image:
        offsets = image.ExtendedOffsetTable, image.ExtendedOffsetTableLengths
    data = image.PixelData
    if index is None:
        frames = generate_frames(data, number_of_frames=count, extended_offsets=offsets)
    else:
        frames = iter([get_frame(data, index, number_of_frames=count, extended_offsets=offsets)])
    for frame in frames:
        found = jpeg_2000_extent(frame) if syntax in _JPEG_2000 else jpeg_extent(frame)
        if found != (image.Rows, image.Columns):
            rows, columns = found
            raise ValueError(
                f"a frame is {columns} x {rows}, the image {image.Columns} x {image.Rows} pixels"
            )


def jpeg_extent(stream: bytes) -> tuple[int, int]:
    """Return rows and columns of a JPEG or JPEG-LS stream; ValueError if it does not say."""
    if stream[:2] != _START:
        raise ValueError("a frame does not begin as JPEG does")
    at = 2
    while at + 9 <= len(stream):
        if stream[at] != 0xFF:
            break
        marker = stream[at + 1]
        if marker == 0xFF:  # a fill byte
            at += 1
        elif marker in _FRAME_HEADERS:
            return int.from_bytes(stream[at + 5 : at + 7]), int.from_bytes(stream[at + 7 : at + 9])
        elif marker in (0xD9, 0xDA):  # the end, or the first scan
            break
        else:
            at += 2 + int.from_bytes(stream[at + 2 : at + 4])
    raise ValueError("a frame has no JPEG frame header")


def jpeg_2000_extent(stream: bytes) -> tuple[int, int]:
    """Return rows and columns of a JPEG 2000 stream; ValueError if it does not say, or has too many tiles."""
    at = stream.find(_START_2000, 0, _BOXES)
    header = stream[at + 8 : at + 40]
    if at < 0 or len(header) < 32:
        raise ValueError("a frame does not begin as JPEG 2000 does")
    right, bottom, left, top, width, height, tile_left, tile_top = (
        int.from_bytes(header[place : place + 4]) for place in range(0, 32, 4)
    )
    if not width or not height or right <= left or bottom <= top:
        raise ValueError("a frame has no extent")
    if -(-(right - tile_left) // width) * -(-(bottom - tile_top) // height) > _MOST_TILES:
        raise ValueError("a frame has too many tiles")
    return bottom - top, right - left
