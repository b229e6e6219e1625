"""A sheet as the bytes of a PNG and of a PDF file: nothing is lost, and the PDF has the size of the film.

Both formats want the same compressed lines, for PDF knows PNG's predictors: they are compressed once.
"""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, NamedTuple

from dimsetools.film.layout import MM_PER_INCH

if TYPE_CHECKING:
    from dimsetools.film.sheet import Sheet

_LEVEL = 1  # of compression: the next ones take several times as long for a few percent
_UP = 2
_PNG = b"\x89PNG\r\n\x1a\n"
_PDF = b"%PDF-1.5\n%\xe2\xe3\xcf\xd3\n"  # 1.5 has images of 16 bits
_POINTS = 72.0


class Lines(NamedTuple):
    """The lines of a sheet, compressed; `width` and `height` in pixels, `depth` in bits, 1 or 3 `samples`."""

    width: int
    height: int
    depth: int
    samples: int
    data: bytes


def lines(sheet: Sheet) -> Lines:
    """Compress the lines of a sheet, each as what it differs by from the one above (PNG's filter Up)."""
    import numpy as np

    pixels = sheet.pixels
    height, width = pixels.shape[:2]
    depth = 8 * pixels.dtype.itemsize
    raw = np.ascontiguousarray(pixels.astype(pixels.dtype.newbyteorder(">"), copy=False))
    rows = raw.view(np.uint8).reshape(height, -1)
    filtered = np.empty((height, rows.shape[1] + 1), np.uint8)
    filtered[:, 0] = _UP
    filtered[0, 1:] = rows[0]
    np.subtract(rows[1:], rows[:-1], out=filtered[1:, 1:])
    samples = 3 if pixels.ndim == 3 else 1
    return Lines(width, height, depth, samples, zlib.compress(filtered.data, _LEVEL))


def png(sheet: Sheet, compressed: Lines) -> list[bytes]:
    """Return a PNG file, in pieces; it tells the resolution, too."""
    kind = 2 if compressed.samples == 3 else 0
    header = struct.pack(">IIBBBBB", compressed.width, compressed.height, compressed.depth, kind, 0, 0, 0)
    per_meter = round(sheet.layout.dpi / MM_PER_INCH * 1000)
    return [
        _PNG,
        *_chunk(b"IHDR", header),
        *_chunk(b"pHYs", struct.pack(">IIB", per_meter, per_meter, 1)),
        *_chunk(b"IDAT", compressed.data),
        *_chunk(b"IEND", b""),
    ]


def _chunk(kind: bytes, data: bytes) -> tuple[bytes, bytes, bytes]:
    return struct.pack(">I", len(data)) + kind, data, struct.pack(">I", zlib.crc32(data, zlib.crc32(kind)))


def pdf(sheet: Sheet, compressed: Lines) -> list[bytes]:
    """Return a PDF file of one page that is as large as the film, in pieces."""
    width, height = (f"{length / MM_PER_INCH * _POINTS:.2f}" for length in sheet.layout.size)
    resources = "<< /XObject << /Film 5 0 R >> >>"
    image = (
        f"/Type /XObject /Subtype /Image /Width {compressed.width} /Height {compressed.height}"
        f" /ColorSpace /{'DeviceRGB' if compressed.samples == 3 else 'DeviceGray'}"
        f" /BitsPerComponent {compressed.depth} /Filter /FlateDecode /DecodeParms << /Predictor 15"
        f" /Colors {compressed.samples} /BitsPerComponent {compressed.depth} /Columns {compressed.width} >>"
    )
    page = f"/MediaBox [0 0 {width} {height}] /Contents 4 0 R /Resources {resources}"
    objects: tuple[tuple[str, bytes | None], ...] = (
        ("/Type /Catalog /Pages 2 0 R", None),
        ("/Type /Pages /Kids [3 0 R] /Count 1", None),
        (f"/Type /Page /Parent 2 0 R {page}", None),
        ("", f"q {width} 0 0 {height} 0 0 cm /Film Do Q".encode()),
        (image, compressed.data),
    )
    pieces = [_PDF]
    offsets = []
    for number, (entries, stream) in enumerate(objects, start=1):
        offsets.append(sum(map(len, pieces)))
        if stream is None:
            pieces.append(f"{number} 0 obj\n<< {entries} >>\nendobj\n".encode())
        else:
            head = f"{number} 0 obj\n<< {entries} /Length {len(stream)} >>\nstream\n"
            pieces += [head.encode(), stream, b"\nendstream\nendobj\n"]
    return [*pieces, _references(offsets, sum(map(len, pieces)))]


def _references(offsets: list[int], at: int) -> bytes:
    """Return the end of a PDF file: the table of where its objects begin, itself to begin at `at`."""
    rows = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
    size = len(offsets) + 1
    return (
        f"xref\n0 {size}\n0000000000 65535 f \n{rows}"
        f"trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{at}\n%%EOF\n"
    ).encode()
