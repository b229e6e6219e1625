"""Frames of a file as a printer takes them: grey of 8 or 12 bits, or 8 bits of red, green and blue.

Grey goes through the whole pipeline, up to P-Values with black at 0. pydicom and its
codecs decode the pixels, of data sets that were walked before. Needs numpy, and Pillow to scale.
"""

from __future__ import annotations

import os
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

from dimsetools.dataset import codestreams
from dimsetools.dataset.part10 import open_regular
from dimsetools.dataset.transcode import failure, loaded
from dimsetools.errors import InputError, LibraryMissing
from dimsetools.escape import visible
from dimsetools.uids import TRANSFER_SYNTAXES, transfer_syntax

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pydicom.dataset import Dataset

    from dimsetools.film.gray import Window
    from dimsetools.film.image_file import ImageFile

    Values = NDArray[Any]


_RLE = transfer_syntax("rle")


class Looks(NamedTuple):
    """How frames are rendered.

    `bits` of grey, 8 or 12; `window` in place of that of the file; at most `most` pixels a side; with the
    `overlays` of the file or without.
    """

    bits: int = 8
    window: Window | None = None
    most: int | None = None
    overlays: bool = False


class Frame(NamedTuple):
    """A rendered frame. `aspect` is height and width of a pixel in whole numbers, 1, 1 for a square.

    `pixels` are row by row: grey of 8 bits in bytes, of 12 in little endian words; colour in three planes.
    """

    rows: int
    columns: int
    color: bool
    bits: int
    aspect: tuple[int, int]
    pixels: bytes


def need_libraries() -> None:
    """Raise LibraryMissing if nothing can be rendered here."""
    from importlib.util import find_spec

    for name, module in (("numpy", "numpy"), ("Pillow", "PIL")):
        if find_spec(module) is None:
            raise LibraryMissing(
                f"rendering images needs {name}, which is not installed",
                hint="pip install 'dimsetools[print]'",
            )


class Reader:
    """Renders frames; keeps the data set of the last file, for its frames come one after the other."""

    def __init__(self, looks: Looks) -> None:
        self.looks = looks
        self._last: tuple[ImageFile, Dataset] | None = None

    def frame(self, file: ImageFile, number: int, *, color: bool) -> Frame:
        """Return the frame `number`, counted from 1, in colour or grey.

        Raises InputError for pixels that do not decode, or need a codec that is not installed.
        """
        try:
            image = self._loaded(file)
            return _rendered(image, file, number, self.looks, color=color)
        except InputError:
            raise
        except MemoryError as error:
            raise InputError("cannot be rendered: there is too little memory") from error
        except BaseException as error:  # codecs raise whatever they like, and so do values of the wrong kind
            raise InputError(f"cannot be rendered: {failure(error)}") from error

    def _loaded(self, file: ImageFile) -> Dataset:
        if self._last is None or self._last[0] is not file:
            self._last = None
            fd, _ = open_regular(file.path)
            try:
                image = loaded(fd, file.meta)
            finally:
                os.close(fd)
            _check(image, file)
            self._last = file, image
        return self._last[1]


def _check(image: Dataset, file: ImageFile) -> None:
    """See that there are pixels which can be decoded here."""
    from pydicom.pixels.decoders.base import get_decoder
    from pydicom.uid import UID

    if not any(name in image for name in ("PixelData", "FloatPixelData", "DoubleFloatPixelData")):
        raise InputError("has no pixel data")
    if (image.get("Rows"), image.get("Columns")) != (file.rows, file.columns):
        raise InputError("became another image while it was read")
    syntax = str(image.file_meta.TransferSyntaxUID)
    name = TRANSFER_SYNTAXES[syntax].name if syntax in TRANSFER_SYNTAXES else visible(syntax, 80)
    try:
        decoder = get_decoder(UID(syntax))
    except NotImplementedError:
        raise InputError(f"is in {name}, for which there is no decoder") from None
    if not decoder.is_available:
        hint = "pip install 'dimsetools[codecs]'"
        raise InputError(f"is in {name}, for which no decoder is installed", hint=hint)


def _rendered(image: Dataset, file: ImageFile, number: int, looks: Looks, *, color: bool) -> Frame:
    import numpy as np
    from pydicom.pixels.utils import pixel_array

    from dimsetools.film import overlays

    codestreams.check(image, number - 1)
    # pydicom's own decoder of run lengths survives broken ones, and makes no noise about them.
    plugin = "pydicom" if file.meta.transfer_syntax == _RLE else ""
    values = pixel_array(image, index=number - 1, decoding_plugin=plugin)
    found = _of_frame(image, number)
    # Pixels may be infinite or no numbers, or become so by what is said of them.
    with np.errstate(all="ignore"):
        shown = _colored(values, image) if file.color else _gray(values, image, found, looks)
    if looks.overlays:
        overlays.draw(shown, image, number)
    if file.color and not color:
        shown = shown @ np.array([0.299, 0.587, 0.114])  # luminance as of ITU-R BT.601, which JPEG has
    elif color and not file.color:
        shown = np.repeat(shown[..., np.newaxis], 3, axis=2)
    if looks.most is not None:
        shown = _scaled(shown, looks.most)
    rows, columns = shown.shape[:2]
    bits = 8 if color else looks.bits
    shown *= (1 << bits) - 1
    steps = np.rint(shown, out=shown).astype("<u2" if bits > 8 else np.uint8)
    if color:
        steps = steps.transpose(2, 0, 1)
    return Frame(rows, columns, color, bits, _aspect(image, found), steps.tobytes())


def _gray(values: Values, image: Dataset, found: Dataset, looks: Looks) -> Values:
    """Return the P-Values of a frame, 0 to 1."""
    from dimsetools.film import gray

    filling = gray.padded(values, image)
    kept = None if filling is None else ~filling
    shown = gray.of_interest(gray.modality(values, image, found), image, found, looks.window, kept)
    if gray.inverted(image):
        shown *= -1.0
        shown += 1.0
    shown[shown != shown] = 0.0  # what is no number is black
    if filling is not None:
        shown[filling] = 0.0
    return shown


def _colored(values: Values, image: Dataset) -> Values:
    """Return red, green and blue of a frame, 0 to 1 each; pydicom has made RGB of YBR already."""
    import numpy as np

    from dimsetools.film.palette import colored

    if image.PhotometricInterpretation != "PALETTE COLOR":
        if values.shape[2:] != (3,):
            raise InputError(f"has colour of {values.shape[-1]} samples a pixel")
        rgb: Values = np.divide(values, float((1 << image.BitsStored) - 1), dtype=np.float32)
        return rgb
    return colored(values, image)


def _of_frame(image: Dataset, number: int) -> Dataset:
    """Return the attributes of one frame: out of its functional groups, the shared ones, or the image's."""
    from pydicom.dataset import Dataset

    groups = [
        image.get("SharedFunctionalGroupsSequence") or [],
        image.get("PerFrameFunctionalGroupsSequence") or [],
    ]
    found = Dataset()
    found.update(image.group_dataset(0x0028))
    for items, index in zip(groups, (0, number - 1), strict=True):
        if index >= len(items):
            continue
        for name in ("PixelMeasuresSequence", "FrameVOILUTSequence", "PixelValueTransformationSequence"):
            if items[index].get(name):
                found.update(items[index][name].value[0])
    return found


def _scaled(shown: Values, most: int) -> Values:
    """Return a frame with no more than `most` pixels a side, each the mean of those that it stands for."""
    import numpy as np
    from PIL import Image

    rows, columns = shown.shape[:2]
    if max(rows, columns) <= most:
        return shown
    size = max(1, round(columns * most / max(rows, columns))), max(1, round(rows * most / max(rows, columns)))
    planes = shown[..., np.newaxis] if shown.ndim == 2 else shown
    small = [
        np.asarray(
            Image.fromarray(np.ascontiguousarray(planes[..., plane], dtype=np.float32)).resize(
                size, Image.Resampling.BOX
            )
        )
        for plane in range(planes.shape[2])
    ]
    whole: Values = small[0] if shown.ndim == 2 else np.stack(small, axis=-1)
    return np.clip(whole, 0.0, 1.0)


def _aspect(image: Dataset, found: Dataset) -> tuple[int, int]:
    """Return height and width of a pixel in whole numbers (PS3.3 C.7.6.3.1.7)."""
    said = image.get("PixelAspectRatio")
    for name in ("PixelSpacing", "ImagerPixelSpacing", "NominalScannedPixelSpacing"):
        said = said or found.get(name) or image.get(name)
    try:
        height, width = (float(length) for length in said or (1, 1))
        ratio = Fraction(height / width).limit_denominator(1000)
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        return 1, 1
    return (ratio.numerator, ratio.denominator) if ratio > 0 else (1, 1)
