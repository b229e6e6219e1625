"""From stored values to grey: modality, value of interest, presentation (PS3.4 N.2, PS3.3 C.11.1, C.11.2).

pydicom's functions for these tables count in the type of the table or of the pixels, and go around where
that is too small for an index; these count in 32 bits. Needs numpy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pydicom.dataset import Dataset

    Values = NDArray[Any]


class Window(NamedTuple):
    """What is shown of the values: the `width` of them around `center`."""

    center: float
    width: float
    function: str = "LINEAR"


class Table(NamedTuple):
    """A lookup table (PS3.3 C.11.1.1): `entries` of `bits` bits, for the values from `first` on."""

    entries: Values
    first: int
    bits: int

    def apply(self, values: Values) -> Values:
        """Return the entry for each value, that of the nearest one for values beyond the ends."""
        index = values.astype(np.int64) - self.first
        return self.entries[np.clip(index, 0, len(self.entries) - 1)]


def table(item: Dataset, *, signed: bool) -> Table:
    """Return the table in an item of a LUT sequence; `signed` tells of its input values.

    Raises ValueError if it has no entries.
    """
    count, first, bits = (int(number) for number in item.LUTDescriptor)
    return lookup(item.LUTData, count, first, bits, signed=signed)


def lookup(data: object, count: int, first: int, bits: int, *, signed: bool) -> Table:
    """Return a table from its descriptor and data, as numbers or as the bytes of little endian words."""
    count = count or 1 << 16
    if isinstance(data, (bytes, bytearray)):
        # Entries of 8 bits lie in words of their own, or two in a word (PS3.3 C.11.1.1.1).
        entries: Values = np.frombuffer(data[: len(data) // 2 * 2], "<u2")
        if bits <= 8 and len(data) < 2 * count:
            entries = np.frombuffer(data, np.uint8)
    else:
        entries = np.atleast_1d(np.asarray([] if data is None else data, dtype=np.int64)) & 0xFFFF
    if not len(entries):
        raise ValueError("a lookup table has no entries")
    if signed and first > 0x7FFF:
        first -= 0x10000
    elif not signed and first < 0:
        first += 0x10000
    return Table(entries[:count].astype(np.int64), first, bits or 16)


def modality(values: Values, image: Dataset, found: Dataset) -> Values:
    """Return the values in the units of the modality; `found` has the rescale of the frame."""
    if image.get("ModalityLUTSequence"):
        return table(image.ModalityLUTSequence[0], signed=_signed(image)).apply(values)
    slope, intercept = found.get("RescaleSlope"), found.get("RescaleIntercept")
    if slope is None and intercept is None:
        return values
    scaled = values.astype(np.float64)
    scaled *= float(1 if slope is None else slope)
    scaled += float(intercept or 0)
    return scaled


def window_of(found: Dataset) -> Window | None:
    """Return the first window of a frame, None if it has none that can be used."""
    center, width = _first(found.get("WindowCenter")), _first(found.get("WindowWidth"))
    if center is None or width is None:
        return None
    function = str(found.get("VOILUTFunction") or "LINEAR").strip().upper()
    return Window(center, width, function) if width >= 1 or (width > 0 and function != "LINEAR") else None


def windowed(values: Values, window: Window) -> Values:
    """Return where each value lies in the window, 0 to 1 (PS3.3 C.11.2.1.2, C.11.2.1.3)."""
    center, width, function = window
    if function == "SIGMOID":
        with np.errstate(over="ignore"):
            return 1.0 / (1.0 + np.exp(-4.0 * (values - center) / width))
    if function == "LINEAR_EXACT":
        return _spread(values, center, width)
    if width <= 1:
        return (values > center - 0.5).astype(np.float64)
    return _spread(values, center - 0.5, width - 1)


def between(values: Values, low: float, high: float) -> Values:
    """Return where each value lies between `low` and `high`, 0 to 1; all are 0 where these are one."""
    if high <= low:
        return np.zeros(values.shape)
    return _spread(values, low, high - low, 0.0)


def _spread(values: Values, at: float, width: float, there: float = 0.5) -> Values:
    """Return a ramp of `width`, 0 to 1, which at the value `at` is as high as `there`."""
    # Step by step in one array: frames of film digitizers and mammographs have tens of millions of pixels.
    found: Values = np.subtract(values, at, dtype=np.float64)
    found /= width
    found += there
    return np.clip(found, 0.0, 1.0, out=found)


def of_interest(
    values: Values, image: Dataset, found: Dataset, window: Window | None, kept: Values | None
) -> Values:
    """Return what of the values is of interest, 0 to 1: by `window`, else by what the file says.

    That is its first VOI LUT, else its first window. Without both, values of 8 bits are all of interest, of
    others those from the least to the greatest, among those that are `kept`.
    """
    if window is not None:
        return windowed(values, window)
    if found.get("VOILUTSequence"):
        shape = table(found.VOILUTSequence[0], signed=values.min(initial=0) < 0)
        return shape.apply(np.rint(values)) / float((1 << shape.bits) - 1)
    window = window_of(found)
    if window is not None:
        return windowed(values, window)
    floats = any(name in image for name in ("FloatPixelData", "DoubleFloatPixelData"))
    if image.get("BitsStored") == 8 and not _signed(image) and not floats:
        whole = modality(np.array([0, 255]), image, found)
        return between(values, float(whole.min()), float(whole.max()))
    seen = values if kept is None else values[kept]
    finite = seen[np.isfinite(seen)]
    if not finite.size:
        return np.zeros(values.shape)
    return between(values, float(finite.min()), float(finite.max()))


def padded(values: Values, image: Dataset) -> Values | None:
    """Return which stored values are there to fill up the frame (PS3.3 C.7.5.1.1.2), None if none are."""
    first = image.get("PixelPaddingValue")
    if first is None or not np.issubdtype(values.dtype, np.integer):
        return None
    last = image.get("PixelPaddingRangeLimit")
    ends = [_fitting(int(end), signed=_signed(image)) for end in (first, first if last is None else last)]
    found: Values = (values >= min(ends)) & (values <= max(ends))
    return found if found.any() else None


def inverted(image: Dataset) -> bool:
    """Tell whether the greatest values are black (PS3.3 C.7.6.3.1.2, C.8.11.3.1.2)."""
    shape = str(image.get("PresentationLUTShape") or "").strip()
    if shape in ("IDENTITY", "INVERSE"):
        return shape == "INVERSE"
    return str(image.get("PhotometricInterpretation")).strip() == "MONOCHROME1"


def _signed(image: Dataset) -> bool:
    return bool(image.get("PixelRepresentation"))


def _fitting(number: int, *, signed: bool) -> int:
    """Return a stored value as the pixels have it, whichever of US and SS it was written as."""
    if signed and number > 0x7FFF:
        return number - 0x10000
    return number + 0x10000 if not signed and number < 0 else number


def _first(values: Any) -> float | None:
    """Return the first of one or several numbers."""
    if values is None or values == "":
        return None
    if isinstance(values, (str, int, float)):
        return float(values)
    return float(values[0]) if len(values) else None
