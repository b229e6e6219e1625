r"""How films are printed: what the film session, the films and their image boxes say, and how frames look.

Declares the options, and turns their values into the attributes of a print job (PS3.3 C.13).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from dimsetools.errors import UsageError
from dimsetools.options.group import Group
from dimsetools.options.types import COUNT, Checked, Named

if TYPE_CHECKING:
    from dimsetools.dataset.attributes import Attributes
    from dimsetools.film.frames import Looks

_GRID = re.compile(r"([0-9]{1,3})\s*[xX]\s*([0-9]{1,3})")
_BY_PRINTER = re.compile(r"(SLIDE|SUPERSLIDE|CUSTOM\\[0-9]{1,4})")
_TERM = re.compile(r"[A-Z0-9_ ]{1,16}")
_RANGE = re.compile(r"([0-9]{1,6})(?:-([0-9]{1,6})?)?")
ONE_IMAGE = r"STANDARD\1,1"


class Filming(NamedTuple):
    """What films say: terms as they are sent, densities in hundredths, None for what is the printer's choice.

    `film` is an Image Display Format, `boxes` how many images it has, None if only the printer knows.
    """

    film: Format | None = None
    size: str | None = None
    orientation: str | None = None
    copies: int | None = None
    print_priority: str | None = None
    medium: str | None = None
    destination: str | None = None
    label: str | None = None
    border: str | None = None
    empty: str | None = None
    min_density: int | None = None
    max_density: int | None = None
    magnification: str | None = None
    smoothing: str | None = None
    trim: bool = False
    polarity: str | None = None
    image_width: float | None = None
    too_large: str | None = None
    resolution: str | None = None
    configuration: str | None = None
    annotate: tuple[str, ...] = ()
    annotation_format: str = "1"

    def session(self) -> Attributes:
        """Return the attributes of the film session."""
        return _told(
            NumberOfCopies=None if self.copies is None else str(self.copies),
            PrintPriority=self.print_priority,
            MediumType=self.medium,
            FilmDestination=self.destination,
            FilmSessionLabel=self.label,
        )

    def film_box(self) -> Attributes:
        """Return the attributes of each film."""
        return _told(
            ImageDisplayFormat=str(self.film or ONE_IMAGE),
            AnnotationDisplayFormatID=self.annotation_format if self.annotate else None,
            FilmOrientation=self.orientation,
            FilmSizeID=self.size,
            MagnificationType=self.magnification,
            SmoothingType=self.smoothing,
            BorderDensity=self.border,
            EmptyImageDensity=self.empty,
            MinDensity=self.min_density,
            MaxDensity=self.max_density,
            Trim="YES" if self.trim else None,
            ConfigurationInformation=self.configuration,
            RequestedResolutionID=self.resolution,
        )

    def image_box(self) -> Attributes:
        """Return the attributes of each image box."""
        width = self.image_width
        return _told(
            Polarity=self.polarity,
            RequestedImageSize=None if width is None else f"{width:g}",
            RequestedDecimateCropBehavior=self.too_large,
        )


class Format(NamedTuple):
    """An Image Display Format (2010,0010) and how many images it has, None if only the printer knows."""

    text: str
    boxes: int | None

    def __str__(self) -> str:
        return self.text


class Rendering(NamedTuple):
    """How frames look: `frames` are ranges of their numbers, the end None for the last; none for all.

    `mode` is auto, gray or rgb; `window` is center and width.
    """

    mode: str = "auto"
    bits: str = "8"
    window: tuple[float, float] | None = None
    frames: tuple[tuple[int, int | None], ...] = ()
    max_pixels: int | None = None
    overlays: bool = False

    def looks(self) -> Looks:
        """Return how frames are to be rendered."""
        from dimsetools.film.frames import Looks
        from dimsetools.film.gray import Window

        window = None if self.window is None else Window(*self.window)
        return Looks(int(self.bits), window, self.max_pixels, self.overlays)

    def chosen(self, count: int) -> list[int]:
        """Return which of `count` frames are to be printed, in the order of the command line."""
        if not self.frames:
            return list(range(1, count + 1))
        found = (
            number
            for first, last in self.frames
            for number in range(first, (count if last is None else min(last, count)) + 1)
        )
        return list(dict.fromkeys(found))


def _told(**values: object) -> Attributes:
    """Return the attributes that have a value."""
    from dimsetools.services.print_requests import keyed

    return keyed(**{keyword: (value,) for keyword, value in values.items() if value is not None})


# -- checks -----------------------------------------------------------------------------------------


def _display_format(text: str) -> Format:
    from dimsetools.film.layout import display_format

    grid = _GRID.fullmatch(text.strip())
    word = rf"STANDARD\{grid[1]},{grid[2]}" if grid else text.strip().upper()
    if _BY_PRINTER.fullmatch(word):
        return Format(word, None)
    try:
        found = display_format(word)
    except UsageError as error:
        raise ValueError(f"is no display format: {error.hint}") from None
    return Format(str(found), found.boxes)


def _term(text: str) -> str:
    """Return a term of the standard or of the printer, as it is sent (CS)."""
    word = text.strip().upper()
    if not _TERM.fullmatch(word):
        raise ValueError("is no term: up to 16 letters, digits, blanks and underscores")
    return word


def _density(text: str) -> str:
    word = _term(text)
    if word not in ("BLACK", "WHITE") and not word.isdecimal():
        raise ValueError("is no density: BLACK, WHITE, or hundredths of optical density")
    return word


def _text(most: int) -> Callable[[str], str]:
    def check(text: str) -> str:
        if len(text) > most or not text.isprintable():
            raise ValueError(f"is no text of up to {most} printable characters")
        return text

    return check


def _label(text: str) -> str:
    if "\\" in text:
        raise ValueError("has a backslash, which no label can have")
    return _text(64)(text)


def _window(text: str) -> tuple[float, float]:
    parts = text.split(",")
    try:
        center, width = map(float, parts)
    except ValueError:
        raise ValueError("is no window: write center,width, as 40,400") from None
    if not 0 < width < 1e9 or not abs(center) < 1e9:
        raise ValueError("is no window: its width must be more than 0")
    return center, width


def _frames(text: str) -> tuple[tuple[int, int | None], ...]:
    found: list[tuple[int, int | None]] = []
    if text.strip().lower() == "all":
        return ()
    for part in text.split(","):
        match = _RANGE.fullmatch(part.strip())
        first = int(match[1]) if match else 0
        if match is None or first < 1:
            raise ValueError("names no frames: write all, or numbers from 1 on, as 1,3-5 or 7-")
        last = int(match[2]) if match[2] else None if "-" in part else first
        if last is not None and last < first:
            raise ValueError(f"has a range that ends before it begins: {part.strip()}")
        found.append((first, last))
    return tuple(found)


def _width(text: str) -> float:
    try:
        width = float(text)
    except ValueError:
        width = 0
    if not 0 < width < 10_000:
        raise ValueError("is no width in mm")
    return width


def _sizes() -> tuple[str, ...]:
    from dimsetools.film.layout import FILM_SIZES

    return tuple(FILM_SIZES)


# -- options ----------------------------------------------------------------------------------------


def _option(names: Sequence[str], text: str, **settings: Any) -> click.Option:
    return click.Option(list(names), help=text, **settings)


def _one_of(name: str, text: str, *words: str, field: str | None = None) -> click.Option:
    """Return an option with the terms that the standard has; none other is allowed."""
    return _option(
        (name, *([field] if field else [])),
        text,
        type=click.Choice(words, case_sensitive=False),
        metavar="|".join(words),
    )


def _usually(*words: str) -> Named:
    """Return the type of a term of which printers have more than the standard names."""
    return Named("term", _term, choices=lambda: words)


_DENSITY = Named("density", _density, choices=lambda: ("BLACK", "WHITE"))
_HUNDREDTHS = click.IntRange(0, 1000)

FILMING = Group(
    "Film",
    Filming,
    (
        _option(
            ("--film",),
            r"Images on a film: 2x3 is two columns and three rows, the same as 'STANDARD\2,3'; "
            r"'ROW\1,2', 'COL\2,2', SLIDE, SUPERSLIDE or 'CUSTOM\1' (default one image).",
            type=Checked("format", _display_format),
            metavar="FORMAT",
        ),
        _option(
            ("--size",),
            "Film size, as 14INX17IN or A4 (default the printer's).",
            type=Named("size", _term, choices=_sizes),
            metavar="SIZE",
        ),
        _one_of("--orientation", "Orientation of the film.", "PORTRAIT", "LANDSCAPE"),
        _option(("--copies",), "Copies of each film.", type=COUNT, metavar="N"),
        _one_of("--priority", "Priority of the print job.", "HIGH", "MED", "LOW", field="print_priority"),
        _option(
            ("--medium",),
            "Medium: PAPER, CLEAR FILM, BLUE FILM, MAMMO BLUE FILM, or another that the printer has.",
            type=_usually("PAPER", "CLEAR FILM", "BLUE FILM", "MAMMO CLEAR FILM", "MAMMO BLUE FILM"),
            metavar="TERM",
        ),
        _option(
            ("--destination",),
            "Where films go: MAGAZINE, PROCESSOR, BIN_1, ...",
            type=_usually("MAGAZINE", "PROCESSOR", "BIN_1", "BIN_2"),
            metavar="TERM",
        ),
        _option(("--label",), "Label of the film session.", type=Checked("text", _label), metavar="TEXT"),
        _option(
            ("--annotate",),
            "Text on each film, at the printer's next annotation position; {PatientName} is the value in the "
            "images, {film} the number of the film. Repeatable.",
            multiple=True,
            metavar="TEXT",
        ),
        _option(
            ("--annotation-format",),
            "The printer's name for where annotations are (default 1).",
            type=Checked("term", _term),
            default="1",
            metavar="ID",
        ),
        _option(
            ("--magnification",),
            "How images are enlarged: REPLICATE, BILINEAR, CUBIC or NONE.",
            type=_usually("REPLICATE", "BILINEAR", "CUBIC", "NONE"),
            metavar="TERM",
        ),
        _option(
            ("--smoothing",),
            "Kind of CUBIC magnification, as the printer names it.",
            type=Checked("term", _term),
            metavar="TERM",
        ),
        _option(
            ("--border",),
            "Density between images: BLACK, WHITE or hundredths of optical density.",
            type=_DENSITY,
            metavar="DENSITY",
        ),
        _option(("--empty",), "Density of boxes without an image.", type=_DENSITY, metavar="DENSITY"),
        _option(("--min-density",), "Least density, in hundredths.", type=_HUNDREDTHS, metavar="N"),
        _option(("--max-density",), "Greatest density, in hundredths.", type=_HUNDREDTHS, metavar="N"),
        _option(("--trim",), "Draw a line around each image.", is_flag=True),
        _one_of("--polarity", "REVERSE prints white as black.", "NORMAL", "REVERSE"),
        _option(
            ("--image-width",),
            "Width of each image on the film in mm.",
            type=Checked("mm", _width),
            metavar="MM",
        ),
        _one_of("--too-large", "What becomes of images larger than their box.", "DECIMATE", "CROP", "FAIL"),
        _one_of("--resolution", "Resolution of the printer.", "STANDARD", "HIGH"),
        _option(
            ("--configuration",),
            "Configuration information, as the printer's manual says.",
            type=Checked("text", _text(1024)),
            metavar="TEXT",
        ),
    ),
)

RENDERING = Group(
    "Images",
    Rendering,
    (
        _option(
            ("--mode",),
            "Print gray, or rgb for colour (default auto: as the images are and the printer can).",
            type=click.Choice(("auto", "gray", "rgb")),
            default="auto",
        ),
        _option(
            ("--bits",),
            "Bits of gray (default 8).",
            type=click.Choice(("8", "12")),
            default="8",
            metavar="8|12",
        ),
        _option(
            ("--window",),
            "Center and width of what is shown (default the file's).",
            type=Checked("window", _window),
            metavar="C,W",
        ),
        _option(
            ("--frames",),
            "Frames of each file, as 1,3-5 or 7- (default all).",
            type=Checked("frames", _frames),
            default=(),
            metavar="N,N-N,...",
        ),
        _option(
            ("--max-pixels",),
            "Scale images down to at most N pixels a side (default as they are).",
            type=click.IntRange(1, 65535),
            metavar="N",
        ),
        _option(("--overlays",), "Draw the overlays of the files into the images, in white.", is_flag=True),
    ),
)
