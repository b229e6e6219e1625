"""Sheets as PNG and PDF: read back by others, they are what was drawn."""

from __future__ import annotations

import io
import re
import zlib
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from dimsetools.film.files import lines, pdf, png
from dimsetools.film.layout import display_format, film_size, layout
from dimsetools.film.sheet import Sheet

if TYPE_CHECKING:
    from dimsetools.film.sheet import Pixels

LAYOUT = layout(display_format("STANDARD\\1,1"), film_size("24CMX30CM", "LANDSCAPE"), 20)
KINDS = [("u1", ()), ("u2", ()), ("u1", (3,))]


def sheet(kind: str, samples: tuple[int, ...]) -> Sheet:
    """Noise, in which every mistake shows."""
    shape = (LAYOUT.height, LAYOUT.width, *samples)
    most = 256 if kind == "u1" else 65536
    return Sheet(np.random.default_rng(7).integers(0, most, shape).astype(kind), LAYOUT)


@pytest.mark.parametrize(("kind", "samples"), KINDS)
def test_a_png_has_the_pixels_and_the_resolution(kind: str, samples: tuple[int, ...]) -> None:
    drawn = sheet(kind, samples)
    image = Image.open(io.BytesIO(b"".join(png(drawn, lines(drawn)))))
    image.load()
    assert np.array_equal(np.asarray(image), drawn.pixels)
    assert image.info["dpi"] == pytest.approx((20, 20), abs=0.1)


def test_the_pixels_may_lie_in_memory_any_way() -> None:
    whole = sheet("u2", ())
    turned = Sheet(whole.pixels[::-1, ::-1], LAYOUT)
    image = Image.open(io.BytesIO(b"".join(png(turned, lines(turned)))))
    assert np.array_equal(np.asarray(image), turned.pixels)


def unfiltered(data: bytes, columns: int, rows: int) -> Pixels:
    """The bytes of lines that were filtered with Up."""
    found = np.frombuffer(zlib.decompress(data), np.uint8).reshape(rows, columns + 1)
    assert set(found[:, 0]) == {2}
    return np.cumsum(found[:, 1:], axis=0, dtype=np.uint8)


@pytest.mark.parametrize(("kind", "samples"), KINDS)
def test_a_pdf_says_how_its_pixels_are_to_be_read(kind: str, samples: tuple[int, ...]) -> None:
    drawn = sheet(kind, samples)
    data = b"".join(pdf(drawn, lines(drawn)))
    head = data[data.index(b"/Subtype /Image") :].split(b">>\nstream", 1)[0].decode()
    bits, colors = (8 if kind == "u1" else 16), 3 if samples else 1
    space = "DeviceRGB" if samples else "DeviceGray"
    size = f"/Width {LAYOUT.width} /Height {LAYOUT.height}"
    assert f"{size} /ColorSpace /{space} /BitsPerComponent {bits} /Filter /FlateDecode" in head
    parameters = f"/Colors {colors} /BitsPerComponent {bits} /Columns {LAYOUT.width}"
    assert f"/DecodeParms << /Predictor 15 {parameters} >>" in head


def test_a_pdf_is_well_formed_and_as_large_as_the_film() -> None:
    drawn = sheet("u2", ())
    data = b"".join(pdf(drawn, lines(drawn)))
    assert data.startswith(b"%PDF-1.5")
    assert data.endswith(b"%%EOF\n")
    box = re.search(rb"/MediaBox \[0 0 ([0-9.]+) ([0-9.]+)\]", data)
    assert box is not None
    assert [float(side) / 72 * 25.4 for side in box.groups()] == pytest.approx([300, 240], abs=0.01)
    where = int(data.rsplit(b"startxref\n", 1)[1].split()[0])
    assert data[where:].startswith(b"xref\n0 6\n")
    for number, row in enumerate(data[where:].split(b"\n")[3:8], start=1):
        assert data[int(row[:10]) :].startswith(b"%d 0 obj" % number)
    image = data[data.index(b"/Subtype /Image") :]
    length = re.search(rb"/Length ([0-9]+) >>\nstream\n", image)
    assert length is not None
    stream = image[length.end() : length.end() + int(length[1])]
    assert image[length.end() + int(length[1]) :].startswith(b"\nendstream\nendobj\n")
    pixels = unfiltered(stream, 2 * LAYOUT.width, LAYOUT.height).view(">u2")
    assert np.array_equal(pixels, drawn.pixels)
