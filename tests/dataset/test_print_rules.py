"""The tables of print objects: what is usual passes, and each thing that is not is found."""

from __future__ import annotations

import pytest

from dimsetools.dataset.attributes import Attribute, Attributes
from dimsetools.dataset.dictionary import tag_of
from dimsetools.dataset.flat import from_flat
from dimsetools.dataset.print_rules import (
    ANNOTATION,
    COLOR_BOX,
    FILM_CREATE,
    FILM_SET,
    GRAYSCALE_BOX,
    LUT,
    SESSION,
    unknown,
)
from dimsetools.dataset.requirements import (
    INVALID_VALUE,
    MISSING_ATTRIBUTE,
    MISSING_VALUE,
    NO_SUCH_ATTRIBUTE,
    Rule,
    fault,
)

GRAY = {
    "SamplesPerPixel": 1, "PhotometricInterpretation": "MONOCHROME2", "Rows": 1, "Columns": 2,
    "BitsAllocated": 8, "BitsStored": 8, "HighBit": 7, "PixelRepresentation": 0,
}  # fmt: skip
RGB = GRAY | {"SamplesPerPixel": 3, "PhotometricInterpretation": "RGB", "PlanarConfiguration": 1}
FILM = {
    "ImageDisplayFormat": "STANDARD\\1,1",
    "ReferencedFilmSessionSequence": [{"ReferencedSOPClassUID": "1.2", "ReferencedSOPInstanceUID": "1.3"}],
}


def pixels(values: dict[str, object]) -> Attributes:
    """An image with its pixel data."""
    return from_flat(values) | {0x7FE00010: Attribute("OB", (b"\0\1",))}


def box(values: dict[str, object], keyword: str, **more: object) -> Attributes:
    """A box with an image."""
    number = tag_of(keyword)
    assert number is not None
    return from_flat({"ImageBoxPosition": 1, **more}) | {number: Attribute("SQ", (pixels(values),))}


@pytest.mark.parametrize(
    ("rules", "values"),
    [
        (SESSION, {}),
        (SESSION, {"NumberOfCopies": "1", "PrintPriority": "HIGH", "OwnerID": "X"}),
        (FILM_CREATE, FILM),
        (FILM_CREATE, FILM | {"FilmSizeID": "A4", "Trim": "YES", "MagnificationType": "NONE"}),
        (FILM_SET, {"BorderDensity": "150"}),
        (GRAYSCALE_BOX, {"ImageBoxPosition": 1, "BasicGrayscaleImageSequence": []}),
        (ANNOTATION, {"AnnotationPosition": 1, "TextString": "A"}),
        (LUT, {"PresentationLUTShape": "LIN OD"}),
    ],
)
def test_what_is_usual_passes(rules: tuple[Rule, ...], values: dict[str, object]) -> None:
    assert fault(from_flat(values), rules) is None


def test_images_pass_in_boxes_of_their_kind() -> None:
    assert fault(box(GRAY, "BasicGrayscaleImageSequence"), GRAYSCALE_BOX) is None
    deep = GRAY | {"BitsAllocated": 16, "BitsStored": 12, "HighBit": 11}
    assert fault(box(deep, "BasicGrayscaleImageSequence"), GRAYSCALE_BOX) is None
    assert fault(box(RGB, "BasicColorImageSequence"), COLOR_BOX) is None
    assert fault(box(GRAY, "BasicColorImageSequence"), COLOR_BOX) is not None
    assert fault(box(RGB, "BasicGrayscaleImageSequence"), GRAYSCALE_BOX) is not None


@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("Polarity", "INVERSE"),
        ("MagnificationType", "MAGIC"),
        ("RequestedDecimateCropBehavior", "SHRINK"),
        ("RequestedImageSize", "wide"),
    ],
)
@pytest.mark.parametrize(
    ("rules", "sequence"),
    [(GRAYSCALE_BOX, "BasicGrayscaleImageSequence"), (COLOR_BOX, "BasicColorImageSequence")],
)
def test_what_boxes_say_of_their_image_is_held_to_the_terms(
    rules: tuple[Rule, ...], sequence: str, keyword: str, value: str
) -> None:
    values = RGB if rules is COLOR_BOX else GRAY
    found = fault(box(values, sequence, **{keyword: value}), rules)
    assert found is not None
    assert (found.status, found.tags) == (INVALID_VALUE, (tag_of(keyword),))


@pytest.mark.parametrize(
    ("rules", "values", "status"),
    [
        (SESSION, {"PrintPriority": "NOW"}, INVALID_VALUE),
        (SESSION, {"NumberOfCopies": "two"}, INVALID_VALUE),
        (SESSION, {"ReferencedFilmBoxSequence": []}, NO_SUCH_ATTRIBUTE),
        (FILM_CREATE, {}, MISSING_ATTRIBUTE),
        (FILM_CREATE, FILM | {"ImageDisplayFormat": ""}, MISSING_VALUE),
        (FILM_CREATE, FILM | {"ReferencedFilmSessionSequence": [{}]}, MISSING_ATTRIBUTE),
        (FILM_CREATE, FILM | {"ReferencedImageBoxSequence": []}, NO_SUCH_ATTRIBUTE),
        (FILM_SET, {"FilmOrientation": "PORTRAIT"}, NO_SUCH_ATTRIBUTE),
        (GRAYSCALE_BOX, {"ImageBoxPosition": 1}, MISSING_ATTRIBUTE),
        (ANNOTATION, {"TextString": "A"}, MISSING_ATTRIBUTE),
        (LUT, {"PresentationLUTShape": "BENT"}, INVALID_VALUE),
    ],
)
def test_what_is_not_is_found(rules: tuple[Rule, ...], values: dict[str, object], status: int) -> None:
    found = fault(from_flat(values), rules)
    assert found is not None
    assert found.status == status


def test_what_no_table_has_is_told_apart() -> None:
    attributes = from_flat({"PatientID": "1", "NumberOfCopies": "1", "SpecificCharacterSet": "ISO_IR 100"})
    assert unknown(attributes, SESSION) == (0x00100020,)
