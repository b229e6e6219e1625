"""The data sets of print jobs, and what is read out of answers."""

from __future__ import annotations

import pytest

from dimsetools.dataset.attributes import Attribute, text, texts
from dimsetools.dataset.normalized import PRINT_COLOR, PRINT_GRAYSCALE
from dimsetools.film.frames import Frame
from dimsetools.services.print_requests import (
    Reference,
    Speaker,
    State,
    execution_state,
    image,
    keyed,
    printer_state,
    references,
)

GRAY = Frame(1, 2, False, 8, (1, 1), b"\1\2")
FINE = Frame(1, 2, False, 12, (2, 1), b"\1\2\3\4")
COLOR = Frame(1, 1, True, 8, (1, 1), b"\1\2\3")
DESCRIPTION = ("00280002", "00280004", "00280006", "00280100", "00280101", "00280102", "00280103")


@pytest.mark.parametrize(
    ("frame", "values", "vr"),
    [
        (GRAY, ["1", "MONOCHROME2", "", "8", "8", "7", "0"], "OB"),
        (FINE, ["1", "MONOCHROME2", "", "16", "12", "11", "0"], "OW"),
        (COLOR, ["3", "RGB", "1", "8", "8", "7", "0"], "OB"),
    ],
)
def test_an_image_says_how_its_pixels_are_to_be_read(frame: Frame, values: list[str], vr: str) -> None:
    told = image(frame)
    assert [text(told, int(tag, 16)) for tag in DESCRIPTION] == values
    assert told[0x7FE00010] == Attribute(vr, (frame.pixels,))
    assert list(told) == sorted(told)


def test_pixels_that_are_not_square_have_an_aspect_ratio() -> None:
    assert texts(image(FINE), 0x00280034) == ("2", "1")
    assert 0x00280034 not in image(GRAY)


def test_words_are_swapped_for_big_endian() -> None:
    assert image(FINE, big_endian=True)[0x7FE00010].values == (b"\2\1\4\3",)
    assert image(GRAY, big_endian=True)[0x7FE00010].values == (b"\1\2",)


@pytest.mark.parametrize(("meta", "box"), [(PRINT_GRAYSCALE, "4"), (PRINT_COLOR, "4.1")])
def test_all_requests_go_in_one_context(meta: str, box: str) -> None:
    speaker = Speaker(meta)
    wanted = speaker.image_box(Reference("", "1.2"), 3, COLOR if speaker.color else GRAY, {})
    assert wanted.contexts == (meta,)
    assert wanted.request.requested_sop_class_uid == f"1.2.840.10008.5.1.1.{box}"  # type: ignore[attr-defined]
    every = [speaker.printer(), speaker.session({}), speaker.film_box("1.2", {}), speaker.print_film("1.2")]
    every += [speaker.print_session("1.2"), speaker.delete_film("1.2"), speaker.delete_session("1.2")]
    assert {one.contexts for one in every} == {(meta,)}


def test_references_are_to_instances_and_each_to_another() -> None:
    items = [
        keyed(ReferencedSOPInstanceUID=("1.2",)),
        keyed(ReferencedSOPClassUID=("1.3",)),
        keyed(ReferencedSOPClassUID=("1.3",), ReferencedSOPInstanceUID=("1.4",)),
        keyed(ReferencedSOPInstanceUID=("1.2",)),
    ]
    answer = keyed(ReferencedImageBoxSequence=items)
    assert references(answer, "ReferencedImageBoxSequence") == [Reference("", "1.2"), Reference("1.3", "1.4")]
    assert references(answer, "ReferencedPrintJobSequence") == []
    assert references(None, "ReferencedImageBoxSequence") == []


def test_a_state_is_what_the_printer_says() -> None:
    assert printer_state(keyed(PrinterStatus=("FAILURE",), PrinterStatusInfo=("COVER OPEN",))) == (
        "FAILURE",
        "COVER OPEN",
    )
    assert execution_state(keyed(ExecutionStatus=("DONE",))) == State("DONE")
    assert printer_state(None) == State("")
