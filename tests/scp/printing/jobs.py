"""A node that prints into a folder, and a whole print job asked for by pynetdicom."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from dimsetools.archive.ledger import Ledger
from dimsetools.dataset.normalized import CLASSES, PRINT_COLOR, PRINT_GRAYSCALE, new_uid
from dimsetools.film.layout import Layout, display_format, film_size, layout
from dimsetools.scp.posts import Posts
from dimsetools.scp.printing.offered import printing
from dimsetools.scp.printing.press import Press
from tests.peers import pynet
from tests.scp.node import Node
from tests.scp.normalizing import asking, dataset, serving

if TYPE_CHECKING:
    from pydicom import Dataset

SESSION, FILM, GRAY, COLOR, TEXT, LUT, JOB, PRINTER, CONFIGURATION = (
    CLASSES[name].uid
    for name in (
        "film-session", "film-box", "image-box", "color-image-box", "annotation-box", "presentation-lut",
        "print-job", "printer", "printer-configuration",
    )
)  # fmt: skip
VALUES = (40, 90, 140, 190)
"""Of the images in files."""
THE_PRINTER = CLASSES["printer"].instance
THE_CONFIGURATION = CLASSES["printer-configuration"].instance
USUAL = (PRINT_GRAYSCALE, TEXT, LUT, CONFIGURATION)
"""Without print jobs: pynetdicom loses answers when an event comes while it sends a request."""
NAME = re.compile(r"[0-9]{8}T[0-9]{6}-[0-9]{4}\.(png|pdf)")


class Logging:
    """Where the press tells what it printed; the node's log once there is one."""

    def __init__(self) -> None:
        self.told: Callable[[dict[str, object]], None] = lambda record: None

    def __call__(self, record: dict[str, object]) -> None:
        self.told(record)


@contextmanager
def printer(folder: Path, ledger: Ledger | None = None) -> Iterator[Node]:
    """A node that prints into `folder`."""
    posts, log = Posts([JOB]), Logging()
    press = Press(str(folder), ledger, posts, log, durable=False)
    try:
        with serving(*printing(press), posts=posts) as node:
            log.told = node.log
            yield node
    finally:
        press.close()


class Scu:
    """One association of a print SCU; each method returns the status and the data set of the answer."""

    def __init__(self, association: Any, meta: str) -> None:
        self.association = association
        self._meta = meta
        self.comment = ""
        self.identifiers: list[int] = []

    def _taken(self, answer: tuple[Any, Any]) -> tuple[int, Any]:
        status, data = answer
        self.comment = str(status.get("ErrorComment", ""))
        found = status.get("AttributeIdentifierList", [])
        self.identifiers = [int(tag) for tag in (found if isinstance(found, Sequence) else [found])]
        return int(status.Status), data

    def create(self, sop_class: str, uid: str | None, **values: Any) -> tuple[int, Any]:
        """N-CREATE."""
        # Of an empty data set pynetdicom says that it follows, and then it does not.
        given = dataset(**values) if values else None
        answer = self.association.send_n_create(given, sop_class, uid, meta_uid=self._meta_for(sop_class))
        return self._taken(answer)

    def set(self, sop_class: str, uid: str, values: Dataset | None = None, **more: Any) -> tuple[int, Any]:
        """N-SET."""
        given = dataset(**more) if values is None else values
        return self._taken(
            self.association.send_n_set(given, sop_class, uid, meta_uid=self._meta_for(sop_class))
        )

    def act(self, sop_class: str, uid: str, action: int = 1) -> tuple[int, Any]:
        """N-ACTION."""
        return self._taken(
            self.association.send_n_action(None, action, sop_class, uid, meta_uid=self._meta_for(sop_class))
        )

    def get(self, sop_class: str, uid: str, tags: Sequence[int] = ()) -> tuple[int, Any]:
        """N-GET."""
        return self._taken(
            self.association.send_n_get([*tags], sop_class, uid, meta_uid=self._meta_for(sop_class))
        )

    def delete(self, sop_class: str, uid: str) -> int:
        """N-DELETE."""
        answer = self.association.send_n_delete(sop_class, uid, meta_uid=self._meta_for(sop_class))
        return int(answer.Status)

    def _meta_for(self, sop_class: str) -> str | None:
        return self._meta if sop_class in (SESSION, FILM, GRAY, COLOR, PRINTER) else None

    # -- a job ----------------------------------------------------------------------------------------

    def session(self, **values: Any) -> str:
        """A film session."""
        uid = new_uid()
        status, _ = self.create(SESSION, uid, **values)
        assert status == 0, (hex(status), self.comment)
        return uid

    def film(self, session: str, wanted: str = "STANDARD\\1,1", **values: Any) -> tuple[str, Any]:
        """A film box of a small film, and what was answered."""
        uid = new_uid()
        status, answer = self.create(FILM, uid, **film_values(session, wanted) | values)
        assert status == 0, (hex(status), self.comment)
        return uid, answer


@contextmanager
def scu(
    node: Node,
    contexts: Sequence[str] = USUAL,
    on_event: Callable[[Any], Any] | None = None,
) -> Iterator[Scu]:
    """A print SCU with an association of its own."""
    with asking(node, contexts, on_event=on_event) as association:
        meta = PRINT_COLOR if PRINT_COLOR in contexts else PRINT_GRAYSCALE
        yield Scu(pynet.steady(association), meta)


def film_values(session: str, wanted: str = "STANDARD\\1,1") -> dict[str, Any]:
    """What a film box needs."""
    return {
        "ImageDisplayFormat": wanted,
        "FilmSizeID": "8INX10IN",
        "ReferencedFilmSessionSequence": [
            {"ReferencedSOPClassUID": SESSION, "ReferencedSOPInstanceUID": session}
        ],
    }


def gray_item(value: int | Any = 128, *, bits: int = 8, **more: Any) -> dict[str, Any]:
    """An image of one value, or of an array."""
    kind = "<u2" if bits > 8 else np.uint8
    pixels = np.full((16, 16), value, kind) if isinstance(value, int) else value.astype(kind)
    return {
        "SamplesPerPixel": 1,
        "PhotometricInterpretation": "MONOCHROME2",
        "Rows": pixels.shape[0],
        "Columns": pixels.shape[1],
        "BitsAllocated": 16 if bits > 8 else 8,
        "BitsStored": bits,
        "HighBit": bits - 1,
        "PixelRepresentation": 0,
        "PixelData": pixels.tobytes(),
    } | more


def color_item(rgb: tuple[int, int, int], *, planar: int = 1, **more: Any) -> dict[str, Any]:
    """An image of one colour."""
    data = bytes(rgb) * 256 if not planar else b"".join(bytes([sample]) * 256 for sample in rgb)
    return (
        gray_item()
        | {
            "SamplesPerPixel": 3,
            "PhotometricInterpretation": "RGB",
            "PlanarConfiguration": planar,
            "PixelData": data,
        }
        | more
    )


def image(item: dict[str, Any] | None, position: int = 1, *, color: bool = False, **values: Any) -> Dataset:
    """The data set that puts an image into a box, or takes it away."""
    name = "BasicColorImageSequence" if color else "BasicGrayscaleImageSequence"
    made = dataset(ImageBoxPosition=position, **{name: [item] if item is not None else []}, **values)
    for inner in made[name].value:
        if "PixelData" in inner:
            inner["PixelData"].VR = "OW" if inner.BitsAllocated == 16 else "OB"
    return made


def image_files(folder: Path) -> list[Path]:
    """Files of images, each of one of the VALUES."""
    from pydicom.dataset import FileDataset, FileMetaDataset
    from pydicom.uid import UID, ExplicitVRLittleEndian

    made = []
    for number, value in enumerate(VALUES, start=1):
        meta = FileMetaDataset()
        meta.MediaStorageSOPClassUID = UID("1.2.840.10008.5.1.4.1.1.7")
        meta.MediaStorageSOPInstanceUID = UID(f"2.25.1.{number}")
        meta.TransferSyntaxUID = ExplicitVRLittleEndian
        path = folder / f"{number}.dcm"
        one = FileDataset(str(path), {}, file_meta=meta, preamble=b"\0" * 128)
        one.SOPClassUID, one.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
        one.StudyInstanceUID, one.SeriesInstanceUID = "2.25.2", "2.25.3"
        one.PatientName, one.PatientID, one.Modality = "Print^Trial", "1", "OT"
        one.Rows = one.Columns = 64
        one.SamplesPerPixel, one.PhotometricInterpretation = 1, "MONOCHROME2"
        one.BitsAllocated, one.BitsStored, one.HighBit, one.PixelRepresentation = 8, 8, 7, 0
        one.PixelData = bytes([value]) * 64 * 64
        one.save_as(path)
        made.append(path)
    return made


def table(descriptor: Sequence[int] | None, values: Sequence[int] | None) -> Dataset:
    """An item of a Presentation LUT Sequence."""
    made = dataset()
    if descriptor is not None:
        made.add_new(0x00283002, "US", [*descriptor])
    if values is not None:
        made.add_new(0x00283006, "US", [*values])
    return made


def boxes(answer: Any) -> list[str]:
    """The image boxes that a film was made with."""
    return [str(item.ReferencedSOPInstanceUID) for item in answer.ReferencedImageBoxSequence]


def printed(folder: Path, ending: str = "png") -> list[Path]:
    """The films in a folder, in the order in which they were printed."""
    names = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    assert all(NAME.fullmatch(path.name) for path in names), names
    return [path for path in names if path.suffix == f".{ending}"]


def usual_layout(wanted: str, *, annotated: bool = False) -> Layout:
    """Where the boxes of a small film lie."""
    return layout(display_format(wanted), film_size("8INX10IN"), 150, head=annotated, foot=annotated)


def middles(path: Path, where: Layout) -> list[Any]:
    """The pixels in the middle of the boxes of a film."""
    with Image.open(path) as film:
        pixels = np.asarray(film)
    assert pixels.shape[:2] == (where.height, where.width)
    return [pixels[box.top + box.height // 2, box.left + box.width // 2].tolist() for box in where.boxes]
