"""pynetdicom as a printer: an AE that takes print jobs and keeps what was printed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from pydicom.dataset import Dataset

from tests.peers.pynet import Handlers

if TYPE_CHECKING:
    from pynetdicom.presentation import PresentationContext

ROOT = "1.2.840.10008.5.1.1."
GRAYSCALE, COLOR, JOB, ANNOTATION = (ROOT + last for last in ("9", "18", "14", "15"))
_IMAGE_BOX = {GRAYSCALE: ROOT + "4", COLOR: ROOT + "4.1"}


class Film(NamedTuple):
    """A film that was printed: its film box, and the N-SETs of its boxes by their instances."""

    box: Dataset
    sent: dict[str, Dataset]


class Printer:
    """Handlers of an AE which makes `boxes` image boxes a film."""

    def __init__(self, boxes: int, *metas: str) -> None:
        self.films: list[Film] = []
        self.deleted: list[str] = []
        self.session: Dataset | None = None
        self._boxes = boxes
        self._metas = metas or (GRAYSCALE, COLOR)
        self._made: dict[str, Film] = {}
        self._number = 0

    @property
    def contexts(self) -> list[PresentationContext]:
        """What it takes."""
        from pynetdicom import build_context

        return [build_context(meta) for meta in (*self._metas, JOB, ANNOTATION)]

    @property
    def handlers(self) -> Handlers:
        """What it does."""
        from pynetdicom import evt

        return [
            (evt.EVT_N_GET, self._get),
            (evt.EVT_N_CREATE, self._create),
            (evt.EVT_N_SET, self._set),
            (evt.EVT_N_ACTION, self._action),
            (evt.EVT_N_DELETE, self._delete),
        ]

    def _get(self, _event: Any) -> tuple[int, Dataset]:
        told = Dataset()
        told.PrinterStatus, told.PrinterName = "NORMAL", "Pynet"
        return 0, told

    def _create(self, event: Any) -> tuple[int, Dataset]:
        told = event.attribute_list
        self._number += 1
        made = Dataset()
        made.update(told)
        if "ImageDisplayFormat" not in told:
            self.session = told
            return 0, made
        film = self._made[str(event.request.AffectedSOPInstanceUID)] = Film(told, {})
        image_box = _IMAGE_BOX[event.context.abstract_syntax]
        made.ReferencedImageBoxSequence = [
            self._reference(film, image_box, f"4.{position}") for position in range(self._boxes)
        ]
        if "AnnotationDisplayFormatID" in told:
            made.ReferencedBasicAnnotationBoxSequence = [self._reference(film, ANNOTATION, "15.0")]
        return 0, made

    def _reference(self, film: Film, sop_class: str, last: str) -> Dataset:
        item = Dataset()
        item.ReferencedSOPClassUID = sop_class
        item.ReferencedSOPInstanceUID = f"1.2.99.{self._number}.{last}"
        self._made[item.ReferencedSOPInstanceUID] = film
        return item

    def _set(self, event: Any) -> tuple[int, Dataset | None]:
        instance = str(event.request.RequestedSOPInstanceUID)
        self._made[instance].sent[instance] = event.modification_list
        return 0, None

    def _action(self, event: Any) -> tuple[int, Dataset | None]:
        self.films.append(self._made[event.request.RequestedSOPInstanceUID])
        return 0, None

    def _delete(self, event: Any) -> int:
        self.deleted.append(str(event.request.RequestedSOPInstanceUID))
        return 0
