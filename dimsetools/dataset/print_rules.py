"""What the objects of a print job are made of: the attribute tables of PS3.4 H.4, and what is usual. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from dimsetools.dataset.requirements import Rule, rule

PRIORITIES = ("HIGH", "MED", "LOW")
MAGNIFICATIONS = ("REPLICATE", "BILINEAR", "CUBIC", "NONE")
POLARITIES = ("NORMAL", "REVERSE")
BEHAVIORS = ("DECIMATE", "CROP", "FAIL")
ORIENTATIONS = ("PORTRAIT", "LANDSCAPE")
LUT_SHAPES = ("IDENTITY", "LIN OD")


def _optional(*keywords: str) -> tuple[Rule, ...]:
    return tuple(rule(keyword, "3") for keyword in keywords)


def _never(*keywords: str) -> tuple[Rule, ...]:
    return tuple(rule(keyword, "-") for keyword in keywords)


def _reference(keyword: str, usage: str) -> Rule:
    return rule(keyword, usage, rule("ReferencedSOPClassUID", "1"), rule("ReferencedSOPInstanceUID", "1"))


SESSION = (
    *_optional("NumberOfCopies", "MediumType", "FilmDestination", "FilmSessionLabel", "MemoryAllocation"),
    rule("PrintPriority", "3", values=PRIORITIES),
    rule("OwnerID", "3"),
    *_never("ReferencedFilmBoxSequence"),
)
"""Basic Film Session, N-CREATE and N-SET (H.4.1.2)."""

_LOOKS = (
    *_optional("MaxDensity", "MinDensity", "ConfigurationInformation", "SmoothingType", "BorderDensity"),
    *_optional("EmptyImageDensity", "Illumination", "ReflectedAmbientLight"),
    rule("MagnificationType", "3", values=MAGNIFICATIONS),
    rule("Trim", "3", values=("YES", "NO")),
    _reference("ReferencedPresentationLUTSequence", "3"),
)
_ONLY_ONCE = ("FilmOrientation", "FilmSizeID", "AnnotationDisplayFormatID", "RequestedResolutionID")
_OURS = _never("ReferencedImageBoxSequence", "ReferencedBasicAnnotationBoxSequence")

FILM_CREATE = (
    rule("ImageDisplayFormat", "1"),
    _reference("ReferencedFilmSessionSequence", "1"),
    *_LOOKS,
    rule("FilmOrientation", "3", values=ORIENTATIONS),
    *_optional("FilmSizeID", "AnnotationDisplayFormatID", "RequestedResolutionID", "ICCProfile"),
    *_OURS,
)
"""Basic Film Box, N-CREATE (H.4.2.2.1)."""

FILM_SET = (
    *_LOOKS,
    rule("ICCProfile", "3"),
    *_never("ImageDisplayFormat", "ReferencedFilmSessionSequence", *_ONLY_ONCE),
    *_OURS,
)
"""Basic Film Box, N-SET (H.4.2.2.2): what its boxes depend on stays as it was."""


def _pixels(photometric: Iterable[str], samples: str, stored: Iterable[str]) -> tuple[Rule, ...]:
    return (
        rule("SamplesPerPixel", "1", values=(samples,)),
        rule("PhotometricInterpretation", "1", values=photometric),
        rule("Rows", "1"),
        rule("Columns", "1"),
        rule("PixelAspectRatio", "3"),
        rule("BitsAllocated", "1", values=("8", "16") if samples == "1" else ("8",)),
        rule("BitsStored", "1", values=stored),
        rule("HighBit", "1", values=(str(int(bits) - 1) for bits in stored)),
        rule("PixelRepresentation", "1", values=("0",)),
        rule("PixelData", "1"),
    )


_BOX = (
    rule("ImageBoxPosition", "1"),
    rule("Polarity", "3", values=POLARITIES),
    rule("MagnificationType", "3", values=MAGNIFICATIONS),
    *_optional("SmoothingType", "ConfigurationInformation", "RequestedImageSize"),
    rule("RequestedDecimateCropBehavior", "3", values=BEHAVIORS),
)
GRAYSCALE_BOX = (
    *_BOX,
    *_optional("MinDensity", "MaxDensity"),
    _reference("ReferencedPresentationLUTSequence", "3"),
    rule(
        "BasicGrayscaleImageSequence",
        "2",
        *_pixels(("MONOCHROME1", "MONOCHROME2"), "1", ("8", "12")),
    ),
)
"""Basic Grayscale Image Box, N-SET (H.4.3.1.2.1); an image sequence without items erases the image."""
COLOR_BOX = (
    *_BOX,
    rule(
        "BasicColorImageSequence",
        "2",
        *_pixels(("RGB",), "3", ("8",)),
        rule("PlanarConfiguration", "1", values=("0", "1")),
    ),
)
"""Basic Color Image Box, N-SET (H.4.3.2.2.1)."""

ANNOTATION = (rule("AnnotationPosition", "1"), rule("TextString", "3"))
"""Basic Annotation Box, N-SET (H.4.4.2.1)."""

LUT = (
    rule("PresentationLUTShape", "3", values=LUT_SHAPES),
    rule(
        "PresentationLUTSequence",
        "3",
        rule("LUTDescriptor", "1"),
        rule("LUTExplanation", "3"),
        rule("LUTData", "1"),
    ),
)
"""Presentation LUT, N-CREATE (H.4.9.2.1): one of the two."""


def unknown(tags: Iterable[int], rules: Iterable[Rule]) -> tuple[int, ...]:
    """Return the tags that a table does not have: they are left out of account, and that is said (0107)."""
    known = {one.tag for one in rules}
    return tuple(tag for tag in tags if tag not in known and tag & 0xFFFF and tag != _CHARSET)


_CHARSET = 0x00080005
