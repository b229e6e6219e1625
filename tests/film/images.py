"""Images to render: pydicom's samples, and ones that are made here to the pixel."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pydicom.data
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian

from dimsetools.dataset.part10 import open_regular, read_meta
from dimsetools.film.frames import Frame, Looks, Reader
from dimsetools.film.image_file import look

if TYPE_CHECKING:
    from numpy.typing import NDArray

FOLDER = Path(pydicom.data.__file__).parent / "test_files"
SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"


def written(path: Path, pixels: Any = ((0, 51), (102, 255)), *, syntax: str = "", **more: Any) -> Path:
    """A file with these pixel values, 8 or 16 bits each by their type, and the attributes `more`."""
    values = np.asarray(pixels) if isinstance(pixels, np.ndarray) else np.asarray(pixels, np.uint8)
    bits = values.dtype.itemsize * 8
    image = Dataset()
    image.file_meta = FileMetaDataset()
    image.file_meta.TransferSyntaxUID = UID(syntax or ExplicitVRLittleEndian)
    image.SOPClassUID, image.SOPInstanceUID = SECONDARY_CAPTURE, "1.2.3"
    image.SamplesPerPixel, image.PhotometricInterpretation = 1, "MONOCHROME2"
    image.Rows, image.Columns = values.shape[-2:]
    image.BitsAllocated = image.BitsStored = bits
    image.HighBit = bits - 1
    image.PixelRepresentation = int(values.dtype.kind == "i")
    for name, value in more.items():
        setattr(image, name, value)
    image.PixelData = values.tobytes() + b"\0" * (values.nbytes % 2)
    image["PixelData"].VR = "OW" if bits > 8 else "OB"
    image.save_as(path, enforce_file_format=True)
    return path


def rendered(path: Path, looks: Looks = Looks(), *, number: int = 1, color: bool | None = None) -> Frame:  # noqa: B008  # immutable
    """One frame of a file; in colour if it is."""
    fd, status = open_regular(path)
    with open(fd, "rb"):
        meta = read_meta(fd, status.st_size)
    file = look(str(path), meta)
    return Reader(looks).frame(file, number, color=file.color if color is None else color)


def pixels(frame: Frame) -> NDArray[Any]:
    """The pixels as rows of columns, of three samples in colour."""
    values = np.frombuffer(frame.pixels, np.uint8 if frame.bits == 8 else np.dtype("<u2"))
    if frame.color:
        return values.reshape(3, frame.rows, frame.columns).transpose(1, 2, 0)
    return values.reshape(frame.rows, frame.columns)
