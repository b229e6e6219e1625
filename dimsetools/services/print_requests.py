"""What a print job says to a printer, request by request, and what its answers mean (PS3.4 annex H)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from dimsetools.dataset.attributes import Attribute, Attributes, sorted_attributes, text, texts
from dimsetools.dataset.dictionary import keyword_of, tag_of, vr_of
from dimsetools.dataset.normalized import CLASSES, PRINT_COLOR, PRINT_GRAYSCALE, NormalizedClass, new_uid
from dimsetools.services import requests

if TYPE_CHECKING:
    from dimsetools.film.frames import Frame
    from dimsetools.services.normalized import Reply, Wanted

PRINT = 1
"""The action of film sessions and film boxes."""
PRINTER, JOB = CLASSES["printer"], CLASSES["print-job"]
ANNOTATION = CLASSES["annotation-box"]
DONE, FAILURE = JOB.events["done"], JOB.events["failure"]

_SESSION, _FILM_BOX = CLASSES["film-session"], CLASSES["film-box"]
_IMAGE_BOXES = {PRINT_GRAYSCALE: CLASSES["image-box"], PRINT_COLOR: CLASSES["color-image-box"]}
_REFERENCED_CLASS, _REFERENCED_INSTANCE = 0x00081150, 0x00081155
_JOB_STATUS, _JOB_INFO = 0x21000020, 0x21000030
_ANNOTATION_FORMAT = 0x20100030
_STATUS, _STATUS_INFO = 0x21100010, 0x21100020


class Reference(NamedTuple):
    """An instance that an answer refers to; `sop_class` is "" where it does not say."""

    sop_class: str
    sop_instance: str


class State(NamedTuple):
    """How a printer or a print job is: PRINTING, NORMAL, FAILURE ..., and why."""

    status: str
    info: str = ""


class Speaker:
    """Makes the requests of one job in the context `meta`, one of the two Meta SOP classes."""

    def __init__(self, meta: str) -> None:
        self.meta = meta
        self.color = meta == PRINT_COLOR

    def printer(self) -> Wanted:
        """Ask for the printer's status and all else that it tells of itself."""
        return self._in_meta(requests.get(PRINTER, PRINTER.instance))

    def session(self, attributes: Attributes) -> Wanted:
        """Create the film session."""
        return self._in_meta(requests.create(_SESSION, new_uid(), attributes))

    def film_box(self, session: str, attributes: Attributes) -> Wanted:
        """Create a film of the session."""
        reference = referring("ReferencedFilmSessionSequence", _SESSION, session)
        return self._in_meta(requests.create(_FILM_BOX, new_uid(), sorted_attributes(attributes | reference)))

    def image_box(
        self, box: Reference, position: int, frame: Frame, attributes: Attributes, *, big_endian: bool = False
    ) -> Wanted:
        """Give an image box its image; `attributes` say more of it."""
        of = _IMAGE_BOXES[self.meta]
        name = "BasicColorImageSequence" if self.color else "BasicGrayscaleImageSequence"
        told = attributes | keyed(ImageBoxPosition=(position,))
        told |= keyed(**{name: (image(frame, big_endian=big_endian),)})
        return self._in_meta(requests.set_(of, box.sop_instance, sorted_attributes(told)))

    def annotation(self, box: Reference, position: int, words: str) -> Wanted:
        """Give an annotation box its text."""
        return requests.set_(
            ANNOTATION, box.sop_instance, keyed(AnnotationPosition=(position,), TextString=(words,))
        )

    def print_film(self, film_box: str) -> Wanted:
        """Print one film."""
        return self._in_meta(requests.action(_FILM_BOX, film_box, PRINT))

    def print_session(self, session: str) -> Wanted:
        """Print all films of the session."""
        return self._in_meta(requests.action(_SESSION, session, PRINT))

    def delete_film(self, film_box: str) -> Wanted:
        """Delete a film with its image boxes."""
        return self._in_meta(requests.delete(_FILM_BOX, film_box))

    def delete_session(self, session: str) -> Wanted:
        """Delete the session with all that is left in it."""
        return self._in_meta(requests.delete(_SESSION, session))

    def _in_meta(self, wanted: Wanted) -> Wanted:
        return wanted._replace(contexts=(self.meta,))


def job_state(job: str) -> Wanted:
    """Ask how a print job is."""
    return requests.get(JOB, job)


def keyed(**values: Sequence[object]) -> Attributes:
    """Return attributes by their keywords, each with its values; one without values is left out."""
    found: Attributes = {}
    for keyword, value in values.items():
        tag = tag_of(keyword)
        assert tag is not None, keyword
        if len(value):
            found[tag] = Attribute(vr_of(tag), tuple(value))
    return sorted_attributes(found)


def without_annotations(film: Attributes) -> Attributes:
    """Return the attributes of a film without the one that asks for annotation boxes."""
    return {tag: value for tag, value in film.items() if tag != _ANNOTATION_FORMAT}


def named(attributes: Attributes) -> str:
    """Return attributes as people read them, in a line."""
    return ", ".join(f"{keyword_of(tag)} {' '.join(texts(attributes, tag))}" for tag in attributes)


def referring(keyword: str, to: NormalizedClass, instance: str) -> Attributes:
    """Return the sequence that refers to one instance."""
    item = keyed(ReferencedSOPClassUID=(to.uid,), ReferencedSOPInstanceUID=(instance,))
    return keyed(**{keyword: (item,)})


def image(frame: Frame, *, big_endian: bool = False) -> Attributes:
    """Return a frame as an item of an image sequence (PS3.3 C.13.5); black is 0, so it is MONOCHROME2."""
    words = frame.bits > 8
    pixels = frame.pixels
    if words and big_endian:
        from array import array

        swapped = array("H", pixels)
        swapped.byteswap()
        pixels = swapped.tobytes()
    told = keyed(
        SamplesPerPixel=(3 if frame.color else 1,),
        PhotometricInterpretation=("RGB" if frame.color else "MONOCHROME2",),
        PlanarConfiguration=(1,) if frame.color else (),
        Rows=(frame.rows,),
        Columns=(frame.columns,),
        PixelAspectRatio=() if frame.aspect == (1, 1) else tuple(map(str, frame.aspect)),
        BitsAllocated=(16 if words else 8,),
        BitsStored=(frame.bits,),
        HighBit=(frame.bits - 1,),
        PixelRepresentation=(0,),
    )
    return told | {0x7FE00010: Attribute("OW" if words else "OB", (pixels,))}


# -- answers ----------------------------------------------------------------------------------------


def image_boxes(reply: Reply) -> list[Reference]:
    """Return the image boxes of a film that was created, by their positions."""
    return references(reply.attributes, "ReferencedImageBoxSequence")


def annotation_boxes(reply: Reply) -> list[Reference]:
    """Return the annotation boxes of a film that was created."""
    return references(reply.attributes, "ReferencedBasicAnnotationBoxSequence")


def print_jobs(reply: Reply) -> list[str]:
    """Return the instances of the jobs that a print action began."""
    return [job.sop_instance for job in references(reply.attributes, "ReferencedPrintJobSequence")]


def references(attributes: Attributes | None, keyword: str) -> list[Reference]:
    """Return what a sequence refers to, each once, but for items without an instance.

    An image box that is named twice would lose the first of two images.
    """
    tag = tag_of(keyword)
    found = None if attributes is None or tag is None else attributes.get(tag)
    items: Iterable[Attributes] = found.values if found is not None and found.vr == "SQ" else ()
    referred = (Reference(text(item, _REFERENCED_CLASS), text(item, _REFERENCED_INSTANCE)) for item in items)
    return list({one.sop_instance: one for one in referred if one.sop_instance}.values())


def printer_state(attributes: Attributes | None) -> State:
    """Return how a printer says that it is, "" if it does not."""
    return _state(attributes, _STATUS, _STATUS_INFO)


def execution_state(attributes: Attributes | None) -> State:
    """Return how a print job is according to the printer."""
    return _state(attributes, _JOB_STATUS, _JOB_INFO)


def _state(attributes: Attributes | None, status: int, info: int) -> State:
    if attributes is None:
        return State("")
    return State(text(attributes, status).strip(), " ".join(texts(attributes, info)).strip())
