"""What the options of films and images mean in a print job."""

from __future__ import annotations

from typing import Any

import click
import pytest

from dimsetools.commands.print import command
from dimsetools.dataset.attributes import texts
from dimsetools.dataset.dictionary import tag_of
from dimsetools.film.gray import Window
from dimsetools.options import REQUESTOR
from dimsetools.options.printing import FILMING, RENDERING, Filming, Rendering
from tests.options.conftest import Run, Seen


def given(run: Run, *words: str) -> Seen:
    return run(
        "printer@host:104",
        "x.dcm",
        *words,
        name="print",
        params=tuple(command.own),
        groups=(FILMING, RENDERING, *REQUESTOR),
        without=("priority", "repeat", "interval"),
    )


def told(attributes: Any, keyword: str) -> tuple[str, ...]:
    tag = tag_of(keyword)
    assert tag is not None
    return texts(attributes, tag)


@pytest.mark.parametrize(
    ("written", "sent", "boxes"),
    [
        ("2x3", r"STANDARD\2,3", 6),
        ("2 X 3", r"STANDARD\2,3", 6),
        (r"standard\2,3", r"STANDARD\2,3", 6),
        (r"ROW\2,1,3", r"ROW\2,1,3", 6),
        (r"COL\1,2", r"COL\1,2", 3),
        ("slide", "SLIDE", None),
        (r"CUSTOM\1", r"CUSTOM\1", None),
    ],
)
def test_a_display_format_says_how_many_images_a_film_has(
    run: Run, written: str, sent: str, boxes: int | None
) -> None:
    filming = given(run, "--film", written).session.values(Filming)
    assert told(filming.film_box(), "ImageDisplayFormat") == (sent,)
    assert filming.film is not None
    assert filming.film.boxes == boxes


def test_without_options_only_the_display_format_is_sent(run: Run) -> None:
    filming = given(run).session.values(Filming)
    assert (filming.session(), filming.image_box()) == ({}, {})
    assert list(filming.film_box()) == [0x20100010]
    assert told(filming.film_box(), "ImageDisplayFormat") == (r"STANDARD\1,1",)


@pytest.mark.parametrize(
    ("words", "keyword", "value"),
    [
        ("--copies 3", "NumberOfCopies", "3"),
        ("--priority high", "PrintPriority", "HIGH"),
        ("--medium 'blue film'", "MediumType", "BLUE FILM"),
        ("--destination bin_2", "FilmDestination", "BIN_2"),
        ("--label Größe", "FilmSessionLabel", "Größe"),
        ("--orientation landscape", "FilmOrientation", "LANDSCAPE"),
        ("--size 14inx17in", "FilmSizeID", "14INX17IN"),
        ("--magnification cubic", "MagnificationType", "CUBIC"),
        ("--smoothing sharp", "SmoothingType", "SHARP"),
        ("--border black", "BorderDensity", "BLACK"),
        ("--empty 150", "EmptyImageDensity", "150"),
        ("--min-density 20", "MinDensity", "20"),
        ("--max-density 300", "MaxDensity", "300"),
        ("--trim", "Trim", "YES"),
        ("--configuration 'CS=1'", "ConfigurationInformation", "CS=1"),
        ("--resolution high", "RequestedResolutionID", "HIGH"),
        ("--annotate x --annotation-format label", "AnnotationDisplayFormatID", "LABEL"),
        ("--polarity reverse", "Polarity", "REVERSE"),
        ("--image-width 120.5", "RequestedImageSize", "120.5"),
        ("--too-large crop", "RequestedDecimateCropBehavior", "CROP"),
    ],
)
def test_each_option_is_an_attribute(run: Run, words: str, keyword: str, value: str) -> None:
    import shlex

    filming = given(run, *shlex.split(words)).session.values(Filming)
    parts = [filming.session(), filming.film_box(), filming.image_box()]
    assert [told(part, keyword) for part in parts if told(part, keyword)] == [(value,)]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--film", "STANDARD"), "is no display format"),
        (("--film", "0x1"), "is no display format"),
        (("--film", "999x999"), "is no display format: a film has 1 to 400 image boxes"),
        (("--film", "STANDARD\\3"), "columns,rows or ROW"),
        (("--size", "a\\b"), "is no term"),
        (("--border", "GREY"), "is no density"),
        (("--label", "a\\b"), "has a backslash"),
        (("--label", "x" * 65), "is no text of up to 64"),
        (("--label", "\x1b"), "is no text"),
        (("--window", "40"), "is no window"),
        (("--window", "40,0"), "must be more than 0"),
        (("--window", "nan,1"), "is no window"),
        (("--frames", "0"), "names no frames"),
        (("--frames", "3-2"), "ends before it begins"),
        (("--frames", "1,,2"), "names no frames"),
        (("--image-width", "-1"), "is no width"),
        (("--bits", "10"), "'10' is not one of"),
        (("--orientation", "diagonal"), "'diagonal' is not one of"),
        (("--copies", "0"), "must be 1 or more"),
    ],
)
def test_what_makes_no_sense_is_a_usage_error(run: Run, words: tuple[str, str], message: str) -> None:
    with pytest.raises(click.UsageError, match=message):
        given(run, *words)


@pytest.mark.parametrize(
    ("written", "count", "chosen"),
    [
        (None, 3, [1, 2, 3]),
        ("all", 2, [1, 2]),
        ("1,3-5", 4, [1, 3, 4]),
        ("3-", 5, [3, 4, 5]),
        ("5,1-2,1", 5, [5, 1, 2]),
        ("7", 3, []),
        ("1-999999", 2, [1, 2]),
    ],
)
def test_frames_are_those_that_there_are(
    run: Run, written: str | None, count: int, chosen: list[int]
) -> None:
    words = () if written is None else ("--frames", written)
    assert given(run, *words).session.values(Rendering).chosen(count) == chosen


def test_how_frames_look(run: Run) -> None:
    words = ("--bits", "12", "--window", "-600,1500", "--max-pixels", "512", "--overlays")
    looks = given(run, *words).session.values(Rendering).looks()
    assert looks == (12, Window(-600, 1500), 512, True)
    assert given(run).session.values(Rendering).looks() == (8, None, None, False)
