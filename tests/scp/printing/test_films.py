"""Film boxes: formats, boxes, and what their attributes may be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dimsetools.dataset.normalized import PRINT_COLOR
from dimsetools.dataset.requirements import INVALID_VALUE, MISSING_ATTRIBUTE, MISSING_VALUE
from tests.scp.printing.jobs import (
    COLOR,
    FILM,
    GRAY,
    LUT,
    SESSION,
    TEXT,
    boxes,
    film_values,
    gray_item,
    image,
    middles,
    printed,
    printer,
    scu,
    table,
    usual_layout,
)


@pytest.mark.parametrize(("wanted", "count"), [("STANDARD\\3,4", 12), ("ROW\\1,2", 3), ("COL\\5", 5)])
def test_a_film_has_the_boxes_of_its_format(tmp_path: Path, wanted: str, count: int) -> None:
    with printer(tmp_path) as node, scu(node) as peer:
        _, answer = peer.film(peer.session(), wanted)
        assert len(set(boxes(answer))) == count
        assert {item.ReferencedSOPClassUID for item in answer.ReferencedImageBoxSequence} == {GRAY}
        assert "ReferencedBasicAnnotationBoxSequence" not in answer
        assert (answer.FilmOrientation, answer.MagnificationType, answer.Trim) == ("PORTRAIT", "CUBIC", "NO")


def test_in_the_context_of_colour_printing_the_boxes_are_for_colour(tmp_path: Path) -> None:
    with printer(tmp_path) as node, scu(node, [PRINT_COLOR]) as peer:
        _, answer = peer.film(peer.session())
        assert answer.ReferencedImageBoxSequence[0].ReferencedSOPClassUID == COLOR


def test_a_film_with_annotations_has_boxes_for_them(tmp_path: Path) -> None:
    with printer(tmp_path) as node, scu(node) as peer:
        _, answer = peer.film(peer.session(), AnnotationDisplayFormatID="ANY")
        found = answer.ReferencedBasicAnnotationBoxSequence
        assert [item.ReferencedSOPClassUID for item in found] == [TEXT] * 6


@pytest.mark.parametrize(
    "values",
    [
        {"ImageDisplayFormat": "STANDARD\\0,1"},
        {"ImageDisplayFormat": "SLIDE"},
        {"ImageDisplayFormat": "STANDARD\\999,999"},
        {"FilmSizeID": "A0"},
        {"FilmOrientation": "ASKEW"},
        {"MagnificationType": "MAGIC"},
        {"BorderDensity": "GREY"},
        {"EmptyImageDensity": "CLEAR"},
        {"Trim": "PERHAPS"},
        {"MinDensity": 200, "MaxDensity": 100},
    ],
)
def test_values_that_make_no_film_are_refused(tmp_path: Path, values: dict[str, Any]) -> None:
    with printer(tmp_path) as node, scu(node) as peer:
        status, _ = peer.create(FILM, "1.2.3", **film_values(peer.session()) | values)
        assert status == INVALID_VALUE
        assert next(iter(values)) in peer.comment
        assert peer.act(FILM, "1.2.3")[0] == 0x0112


@pytest.mark.parametrize("keyword", ["ImageDisplayFormat", "ReferencedFilmSessionSequence"])
def test_what_a_film_cannot_be_without(tmp_path: Path, keyword: str) -> None:
    with printer(tmp_path) as node, scu(node) as peer:
        values = film_values(peer.session())
        del values[keyword]
        assert peer.create(FILM, "1.2.3", **values)[0] == MISSING_ATTRIBUTE
        empty = {"ImageDisplayFormat": "", "ReferencedFilmSessionSequence": []}[keyword]
        assert peer.create(FILM, "1.2.3", **values, **{keyword: empty})[0] == MISSING_VALUE


def test_a_film_belongs_to_a_session_that_is_there(tmp_path: Path) -> None:
    with printer(tmp_path) as node, scu(node) as peer:
        film, _ = peer.film(peer.session())
        assert peer.create(FILM, "1.2.3", **film_values("1.2.4"))[0] == INVALID_VALUE
        assert "ReferencedFilmSessionSequence" in peer.comment
        assert peer.create(FILM, "1.2.3", **film_values(film))[0] == INVALID_VALUE


def test_a_film_cannot_be_made_twice_nor_as_a_session(tmp_path: Path) -> None:
    with printer(tmp_path) as node, scu(node) as peer:
        session = peer.session()
        film, _ = peer.film(session)
        assert peer.create(FILM, film, **film_values(session))[0] == 0x0111
        assert peer.create(FILM, session, **film_values(session))[0] == 0x0111


def test_the_number_of_films_is_bounded(tmp_path: Path) -> None:
    with printer(tmp_path) as node, scu(node) as peer:
        session = peer.session()
        for _ in range(64):
            peer.film(session)
        assert peer.create(FILM, "1.2.3", **film_values(session))[0] == 0x0213
        assert "64" in peer.comment


def test_a_format_that_is_refused_is_named(tmp_path: Path) -> None:
    with printer(tmp_path) as node, scu(node) as peer:
        values = film_values(peer.session(), "CUSTOM\\7")
        assert peer.create(FILM, "1.2.3", **values)[0] == INVALID_VALUE
        assert peer.comment == "ImageDisplayFormat: 'CUSTOM 7' is not supported"


def test_a_resolution_that_the_printer_does_not_have_is_replaced(tmp_path: Path) -> None:
    with printer(tmp_path) as node, scu(node) as peer:
        status, answer = peer.create(
            FILM, "1.2.3", **film_values(peer.session()), RequestedResolutionID="FINEST"
        )
        assert (status, answer.RequestedResolutionID) == (0x0116, "STANDARD")
        assert "RequestedResolutionID" in peer.comment


def test_a_high_resolution_has_twice_the_pixels(tmp_path: Path) -> None:
    from PIL import Image

    with printer(tmp_path) as node, scu(node) as peer:
        film, answer = peer.film(peer.session(), RequestedResolutionID="HIGH", FilmOrientation="LANDSCAPE")
        peer.set(GRAY, boxes(answer)[0], image(gray_item()))
        assert peer.act(FILM, film)[0] == 0
    with Image.open(printed(tmp_path)[0]) as drawn:
        assert drawn.size == (3000, 2400)


@pytest.mark.parametrize(
    ("values", "status"),
    [
        ({"BorderDensity": "WHITE"}, 0),
        ({"BorderDensity": "BLUE"}, INVALID_VALUE),
        ({"ImageDisplayFormat": "STANDARD\\2,2"}, 0x0105),
        ({"FilmSizeID": "A4"}, 0x0105),
        ({"PatientID": "1"}, 0x0107),
        ({"MaxDensity": 10}, INVALID_VALUE),
    ],
)
def test_what_may_be_changed_of_a_film(tmp_path: Path, values: dict[str, Any], status: int) -> None:
    with printer(tmp_path) as node, scu(node) as peer:
        film, _ = peer.film(peer.session(), MinDensity=50)
        assert peer.set(FILM, film, **values)[0] == status


def test_an_empty_film_is_printed_with_a_warning(tmp_path: Path) -> None:
    with printer(tmp_path) as node, scu(node) as peer:
        film, _ = peer.film(peer.session())
        assert peer.act(FILM, film)[0] == 0xB603
        assert len(printed(tmp_path)) == 1
        assert peer.act(FILM, film, 2)[0] == 0x0123


def test_a_deleted_film_takes_its_boxes_along(tmp_path: Path) -> None:
    with printer(tmp_path) as node, scu(node) as peer:
        session = peer.session()
        film, answer = peer.film(session)
        assert peer.delete(FILM, film) == 0
        assert peer.delete(FILM, film) == 0x0112
        assert peer.set(GRAY, boxes(answer)[0], image(gray_item()))[0] == 0x0112
        assert peer.act(SESSION, session)[0] == 0xC600


def test_a_film_takes_another_presentation_lut(tmp_path: Path) -> None:
    inverting = table([256, 0, 10], [1023 - 4 * value for value in range(256)])
    refers = [{"ReferencedSOPClassUID": LUT, "ReferencedSOPInstanceUID": "1.2.5"}]
    with printer(tmp_path) as node, scu(node) as peer:
        assert peer.create(LUT, "1.2.5", PresentationLUTSequence=[inverting])[0] == 0
        film, answer = peer.film(peer.session())
        peer.set(GRAY, boxes(answer)[0], image(gray_item(50)))
        assert peer.set(FILM, film, ReferencedPresentationLUTSequence=refers)[0] == 0
        assert peer.set(FILM, film, BorderDensity="WHITE")[0] == 0  # the LUT stays
        assert peer.act(FILM, film)[0] == 0
    (value,) = middles(printed(tmp_path)[0], usual_layout("STANDARD\\1,1"))
    assert value == round((1023 - 200) / 1023 * 255)


def test_a_presentation_lut_has_to_be_there(tmp_path: Path) -> None:
    with printer(tmp_path) as node, scu(node) as peer:
        missing = [{"ReferencedSOPClassUID": LUT, "ReferencedSOPInstanceUID": "1.2.9"}]
        values = film_values(peer.session()) | {"ReferencedPresentationLUTSequence": missing}
        assert peer.create(FILM, "1.2.3", **values)[0] == INVALID_VALUE
        assert "ReferencedPresentationLUTSequence" in peer.comment
