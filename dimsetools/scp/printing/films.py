"""Basic Film Box (PS3.4 H.4.2): one film, with the image boxes that its display format has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dimsetools.dataset.attributes import Attribute, Attributes
from dimsetools.dataset.normalized import CLASSES, PRINT_COLOR, new_uid
from dimsetools.dataset.print_rules import FILM_CREATE, FILM_SET
from dimsetools.errors import UsageError
from dimsetools.film.density import LEAST, MOST, named_gray
from dimsetools.film.layout import Layout, display_format, film_size, layout
from dimsetools.film.sheet import MOST_TEXT
from dimsetools.scp.faults import NO_SUCH_ACTION
from dimsetools.scp.normalized import Asked, Done, Refusal
from dimsetools.scp.printing.densities import check_order, warned, within
from dimsetools.scp.printing.jobs import (
    MOST_FILMS,
    AnnotationBox,
    Associations,
    FilmBox,
    ImageBox,
    PresentationLut,
    PrintService,
    Session,
    attribute,
    counting,
    done,
    invalid,
    reference,
    tag,
    word,
)
from dimsetools.scp.printing.sessions import PRINT

if TYPE_CHECKING:
    from dimsetools.scp.printing.press import Press

RESOLUTIONS = {"STANDARD": 150, "HIGH": 300}
"""Pixels an inch by Requested Resolution ID (2020,0050)."""
OUT_OF_RANGE = 0x0116
EMPTY_PAGE = 0xB603
_RESOLUTION, _LUT = "RequestedResolutionID", "ReferencedPresentationLUTSequence"
USUAL = (
    attribute("FilmOrientation", "PORTRAIT")
    | attribute("FilmSizeID", "14INX17IN")
    | attribute("MagnificationType", "CUBIC")
    | attribute("BorderDensity", "BLACK")
    | attribute("EmptyImageDensity", "BLACK")
    | attribute("MinDensity", int(LEAST))
    | attribute("MaxDensity", int(MOST))
    | attribute("Trim", "NO")
    | attribute(_RESOLUTION, "STANDARD")
)


class FilmBoxes(PrintService):
    """Makes film boxes, and prints them."""

    sop_classes = (CLASSES["film-box"].uid,)

    def __init__(self, associations: Associations, press: Press) -> None:
        super().__init__(associations)
        self._press = press

    def create(self, asked: Asked) -> Done:
        """Make a film with its boxes, whose UIDs are ours."""
        jobs = self._associations.of(asked)
        uid = jobs.free_uid(asked)
        sent = counting(asked, FILM_CREATE)
        session = jobs.named(sent, "ReferencedFilmSessionSequence", Session)
        lut = jobs.named(sent, _LUT, PresentationLut)
        attributes = USUAL | within(sent)
        _check_densities(attributes)
        odd = word(attributes, _RESOLUTION) not in RESOLUTIONS
        if odd:
            attributes |= attribute(_RESOLUTION, "STANDARD")
        jobs.limit(FilmBox, MOST_FILMS, "film boxes")
        assert session is not None
        film = FilmBox(uid, asked.sop_class, attributes, session, _layout(attributes))
        film.lut = film.lut if lut is None else lut.lut
        _add_boxes(film, color=asked.context.abstract_syntax == PRINT_COLOR)
        session.films.append(film)
        jobs.add(film, *film.images, *film.annotations)
        answer = done(asked, FILM_CREATE, film.attributes, uid)
        if odd:
            comment = f"{_RESOLUTION} is STANDARD or HIGH; STANDARD is used"
            answer = answer._replace(status=OUT_OF_RANGE, comment=comment, identifiers=(tag(_RESOLUTION),))
        return warned(answer, sent)

    def set(self, asked: Asked) -> Done:
        """Change how a film looks; its boxes stay what they are."""
        jobs = self._associations.of(asked)
        film = jobs.find(asked, FilmBox)
        sent = counting(asked, FILM_SET)
        lut = jobs.named(sent, _LUT, PresentationLut)
        attributes = film.attributes | within(sent)
        _check_densities(attributes)
        film.attributes = attributes
        film.lut = film.lut if lut is None else lut.lut
        return warned(done(asked, FILM_SET, {one: attributes[one] for one in sent}), sent)

    def action(self, asked: Asked) -> Done:
        """Print a film, also one without images: that is worth a warning."""
        jobs = self._associations.of(asked)
        film = jobs.find(asked, FilmBox)
        if asked.number != PRINT:
            raise Refusal(NO_SUCH_ACTION, "a film box can be printed (action 1) only")
        printed = self._press.printed(asked, jobs, [film])
        if film.is_empty:
            return printed._replace(status=EMPTY_PAGE, comment="the film has no image")
        return printed

    def delete(self, asked: Asked) -> Done:
        """Delete a film and its boxes."""
        jobs = self._associations.of(asked)
        film = jobs.find(asked, FilmBox)
        film.session.films.remove(film)
        jobs.remove(film)
        return Done()


def _check_densities(attributes: Attributes) -> None:
    """Refuse densities that make no sense."""
    for keyword in ("BorderDensity", "EmptyImageDensity"):
        try:
            named_gray(word(attributes, keyword))
        except ValueError as error:
            raise invalid(keyword, str(error)) from None
    check_order(attributes)


def _layout(attributes: Attributes) -> Layout:
    """Return where the boxes lie; Refusal if they cannot."""
    keyword = "ImageDisplayFormat"
    annotated = bool(word(attributes, "AnnotationDisplayFormatID"))
    try:
        wanted = display_format(word(attributes, keyword))
        keyword = "FilmSizeID"
        size = film_size(word(attributes, keyword), word(attributes, "FilmOrientation"))
    except UsageError:
        unknown = word(attributes, keyword).replace("\\", " ")  # a comment has no backslash
        raise invalid(keyword, f"{unknown!r:.30} is not supported") from None
    return layout(wanted, size, RESOLUTIONS[word(attributes, _RESOLUTION)], head=annotated, foot=annotated)


def _add_boxes(film: FilmBox, *, color: bool) -> None:
    """Make the boxes of a film and refer to them in its attributes."""
    image_class = CLASSES["color-image-box" if color else "image-box"].uid
    text_class = CLASSES["annotation-box"].uid
    film.images = [
        ImageBox(new_uid(), image_class, {}, position, film)
        for position in range(1, len(film.layout.boxes) + 1)
    ]
    if film.layout.head is not None:
        film.annotations = [
            AnnotationBox(new_uid(), text_class, {}, position) for position in range(1, MOST_TEXT + 1)
        ]
    for keyword, boxes in (
        ("ReferencedImageBoxSequence", film.images),
        ("ReferencedBasicAnnotationBoxSequence", film.annotations),
    ):
        items = tuple(reference(box.sop_class, box.uid) for box in boxes)
        if items:
            film.attributes[tag(keyword)] = Attribute("SQ", items)
