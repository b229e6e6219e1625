"""Print jobs over one association, and printers that answer oddly."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import pytest

from dimsetools.association.stop import Stop
from dimsetools.dataset.attributes import text
from dimsetools.dataset.normalized import PRINT_COLOR, PRINT_GRAYSCALE
from dimsetools.errors import Aborted, ConnectionLost, InputError, Interrupted, NoContext, StatusFailure
from dimsetools.services.examine import Remark
from dimsetools.services.print_events import Event, Filmed, NoImageBoxes, Placed, Ready
from dimsetools.services.print_requests import keyed
from tests.scripted.conversation import Conversation
from tests.services.printers import (
    ANNOTATION,
    JOB,
    ScriptedPrinter,
    abort,
    hang_up,
    image_file,
    job,
    pixels_of,
    printing,
    run,
    shots,
)

T = TypeVar("T")


def only(kind: type[T], events: Sequence[Event]) -> list[T]:
    return [one for one in events if isinstance(one, kind)]


@pytest.fixture
def five(tmp_path: Path) -> list[Path]:
    """Five images, whose pixels are 10, 20 and so on."""
    return [image_file(tmp_path / f"{value}.dcm", value) for value in range(10, 60, 10)]


def test_frames_go_into_boxes_in_order_on_as_many_films_as_they_need(five: list[Path]) -> None:
    printer = ScriptedPrinter(2)
    events = run(printer, job(2), shots(*five))
    images = printer.of("N-SET image")
    assert [image[0x20200010].values[0] for image in images] == [1, 2, 1, 2, 1]
    shown = [image[0x20200110].values[0] for image in images]
    assert [pixels_of(one)[0] for one in shown] == [10, 20, 30, 40, 50]
    assert [(one.film, one.position) for one in only(Placed, events)] == [
        (1, 1),
        (1, 2),
        (2, 1),
        (2, 2),
        (3, 1),
    ]
    assert [(one.film, one.frames, one.boxes, one.status) for one in only(Filmed, events)] == [
        (1, 2, 2, 0), (2, 2, 2, 0), (3, 1, 2, 0),
    ]  # fmt: skip
    film = ["N-CREATE film", "N-SET image", "N-SET image", "N-ACTION film", "N-DELETE film"]
    assert printer.said == [
        "N-GET printer", "N-CREATE session", *film, *film, *film[:2], *film[3:], "N-DELETE session",
    ]  # fmt: skip


def test_image_boxes_are_those_that_the_printer_names(five: list[Path]) -> None:
    printer = ScriptedPrinter(2)
    run(printer, job(2), shots(*five[:2]))
    assert [one.instance for one in printer.sent if one.what == "N-SET image"] == ["1.2.4.1.1", "1.2.4.1.2"]


def test_the_film_refers_to_the_session_and_the_attributes_are_sent(five: list[Path]) -> None:
    printer = ScriptedPrinter()
    wanted = job()._replace(
        session=keyed(NumberOfCopies=("2",)), box=keyed(Polarity=("REVERSE",)), film=keyed(FilmSizeID=("A4",))
    )
    run(printer, wanted, shots(five[0]))
    (session,) = (one for one in printer.sent if one.what == "N-CREATE session")
    assert text(session.attributes, 0x20000010) == "2"
    (film,) = printer.of("N-CREATE film")
    assert text(film, 0x20100050) == "A4"
    assert text(film[0x20100500].values[0], 0x00081155) == session.instance
    assert text(printer.of("N-SET image")[0], 0x20200020) == "REVERSE"


def test_frames_of_a_file_are_images_of_their_own(tmp_path: Path) -> None:
    printer = ScriptedPrinter(3)
    run(printer, job(3), shots(image_file(tmp_path / "cine.dcm", 7, frames=3)))
    assert [pixels_of(one[0x20200110].values[0])[0] for one in printer.of("N-SET image")] == [7, 8, 9]


def test_the_printer_tells_of_itself(five: list[Path]) -> None:
    printer = ScriptedPrinter(state=("WARNING", "SUPPLY LOW"))
    (ready,) = only(Ready, run(printer, job(), shots(five[0])))
    assert ready.state == ("WARNING", "SUPPLY LOW")
    assert ready.error is None
    assert not ready.color


def test_a_printer_that_does_not_tell_its_status_prints(five: list[Path]) -> None:
    events = run(ScriptedPrinter(odd={"N-GET printer": 0x0112}), job(), shots(five[0]))
    (ready,) = only(Ready, events)
    assert isinstance(ready.error, StatusFailure)
    assert only(Filmed, events)[0].error is None


def test_colour_is_printed_where_the_printer_takes_it(tmp_path: Path) -> None:
    paths = [image_file(tmp_path / "c", 10, color=True), image_file(tmp_path / "g", 20)]
    printer = ScriptedPrinter(2, takes=(PRINT_COLOR, PRINT_GRAYSCALE))
    (ready,) = only(Ready, run(printer, job(2, metas=(PRINT_COLOR, PRINT_GRAYSCALE)), shots(*paths)))
    assert ready.color
    (first, second) = (one[0x20200111].values[0] for one in printer.of("N-SET image"))
    assert (text(first, 0x00280004), text(first, 0x00280006), pixels_of(first)) == ("RGB", "1", [10] * 18)
    assert pixels_of(second) == [20] * 18


def test_colour_becomes_gray_where_the_printer_does_not(tmp_path: Path) -> None:
    printer = ScriptedPrinter()
    wanted = job(metas=(PRINT_COLOR, PRINT_GRAYSCALE))
    run(printer, wanted, shots(image_file(tmp_path / "c", 10, color=True)))
    assert pixels_of(printer.of("N-SET image")[0][0x20200110].values[0]) == [10] * 6


def test_a_peer_that_is_no_printer_is_told(five: list[Path]) -> None:
    with (
        printing(ScriptedPrinter(takes=()), job()) as to,
        pytest.raises(NoContext, match="Basic Grayscale Print Management Meta"),
    ):
        list(to.run(shots(five[0])))


def test_another_number_of_boxes_counts_and_is_told(five: list[Path]) -> None:
    printer = ScriptedPrinter(2)
    events = run(printer, job(4), shots(*five[:3]))
    assert [one.film for one in only(Placed, events)] == [1, 1, 2]
    assert [one.text for one in only(Remark, events)] == ["the printer gives a film 2 image boxes, not 4"]


def test_a_film_without_image_boxes_is_a_failure(five: list[Path]) -> None:
    printer = ScriptedPrinter(0)
    events = run(printer, job(2), shots(*five[:3]))
    films = only(Filmed, events)
    assert len(films) == 2
    assert all(isinstance(film.error, NoImageBoxes) for film in films)
    assert [(one.status, one.error) for one in only(Placed, events)] == [(None, None)] * 3
    assert printer.said.count("N-DELETE film") == 2
    assert "N-ACTION film" not in printer.said


def test_a_film_is_not_printed_without_one_of_its_images(five: list[Path]) -> None:
    printer = ScriptedPrinter(2, odd={"N-SET image 1": 0xC605})
    events = run(printer, job(2), shots(*five[:4]))
    placed = only(Placed, events)
    assert isinstance(placed[0].error, StatusFailure)
    assert [(one.film, one.status) for one in placed] == [(1, 0xC605), (1, None), (2, 0), (2, 0)]
    first, second = only(Filmed, events)
    assert first.error is placed[0].error
    assert second.error is None
    assert printer.said.count("N-ACTION film") == 1
    assert printer.said.count("N-DELETE film") == 2


def test_a_film_that_is_not_printed_keeps_no_other_from_it(five: list[Path]) -> None:
    printer = ScriptedPrinter(odd={"N-ACTION film 2": 0xC602})
    films = only(Filmed, run(printer, job(), shots(*five[:3])))
    assert [film.status for film in films] == [0, 0xC602, 0]
    assert [film.error is None for film in films] == [True, False, True]


def test_warnings_are_handed_on(five: list[Path]) -> None:
    printer = ScriptedPrinter(odd={"N-SET image 1": 0xB604, "N-ACTION film 1": 0xB603})
    events = run(printer, job(), shots(five[0]))
    assert [one.status for one in only(Placed, events)] == [0xB604]
    assert [(one.status, one.error) for one in only(Filmed, events)] == [(0xB603, None)]


def test_a_session_that_is_refused_ends_the_job(five: list[Path]) -> None:
    printer = ScriptedPrinter(odd={"N-CREATE session": 0x0106})
    with printing(printer, job()) as to:
        events = list(to.run(shots(*five[:2])))
    assert isinstance(to.error, StatusFailure)
    assert [(one.film, one.status, one.error) for one in only(Placed, events)] == [(None, None, None)] * 2
    assert printer.said == ["N-GET printer", "N-CREATE session"]


@pytest.mark.parametrize("what", ["N-CREATE session", "N-CREATE film"])
@pytest.mark.parametrize(("status", "hint"), [(0x0106, "change or leave out"), (0x0110, "")])
def test_a_fault_of_attributes_names_those_that_were_sent(
    five: list[Path], what: str, status: int, hint: str
) -> None:
    wanted = job(session=keyed(NumberOfCopies=("2",)), film=keyed(FilmSizeID=("A4",), Trim=("YES",)))
    with printing(ScriptedPrinter(odd={what: status}), wanted) as to:
        films = only(Filmed, list(to.run(shots(five[0]))))
    error = films[0].error if films else to.error
    assert error is not None
    sent = "FilmSizeID A4, Trim YES" if films else "NumberOfCopies 2"
    assert error.hint == (f"{hint} what the printer lacks of {sent}" if hint else "")


def test_films_of_a_session_are_printed_together(five: list[Path]) -> None:
    printer = ScriptedPrinter(2, odd={"N-CREATE film 2": 0x0106})
    events = run(printer, job(2, together=True), shots(*five))
    assert [(one.film, one.error is None) for one in only(Filmed, events)] == [
        (2, False), (1, True), (3, True),
    ]  # fmt: skip
    assert printer.said[-2:] == ["N-ACTION session", "N-DELETE session"]
    assert "N-ACTION film" not in printer.said


def test_a_session_that_is_not_printed_is_a_failure_of_each_film(five: list[Path]) -> None:
    printer = ScriptedPrinter(odd={"N-ACTION session": 0xC600})
    films = only(Filmed, run(printer, job(together=True), shots(*five[:2])))
    assert [film.status for film in films] == [0xC600] * 2


@pytest.mark.parametrize("when", ["N-CREATE film 2", "N-SET image 3", "N-ACTION film 2"])
def test_a_peer_that_aborts_leaves_the_rest_unprinted(five: list[Path], when: str) -> None:
    printer = ScriptedPrinter(2, odd={when: abort})
    with printing(printer, job(2)) as to:
        events = list(to.run(shots(*five)))
    assert isinstance(to.error, Aborted)
    first, second = only(Filmed, events)
    assert (first.error, second.error) == (None, to.error)
    placed = only(Placed, events)
    assert len(placed) == 5
    assert placed[-1][1:] == Placed(placed[-1].shot, None, None)[1:]
    assert printer.said[-1] == when.rpartition(" ")[0]


def test_a_peer_that_hangs_up_is_no_printed_film(five: list[Path]) -> None:
    printer = ScriptedPrinter(odd={"N-ACTION film": hang_up})
    with printing(printer, job()) as to:
        (film,) = only(Filmed, list(to.run(shots(five[0]))))
    assert isinstance(film.error, ConnectionLost)


def test_the_end_is_asked_for_between_two_images(five: list[Path]) -> None:
    stop = Stop()

    def interrupt(_talk: Conversation, _number: int) -> None:
        stop.request()

    printer = ScriptedPrinter(2, odd={"N-SET image 1": interrupt})
    with printing(printer, job(2), stop=stop) as to:
        events = list(to.run(shots(*five)))
    assert isinstance(to.error, Interrupted)
    assert [one.status for one in only(Placed, events)] == [0, None, None, None, None]
    assert [film.error for film in only(Filmed, events)] == [to.error]
    assert printer.said[-2:] == ["N-DELETE film", "N-DELETE session"]


def test_a_file_that_cannot_be_rendered_is_passed_over(five: list[Path]) -> None:
    printer = ScriptedPrinter(2)
    wanted = shots(*five[:3])
    five[1].write_bytes(five[1].read_bytes()[:-4])
    events = run(printer, job(2), wanted)
    bad = [one for one in only(Placed, events) if one.error is not None]
    assert [(one.film, type(one.error).__name__) for one in bad] == [(None, "InputUnreadable")]
    assert isinstance(bad[0].error, InputError)
    assert [pixels_of(one[0x20200110].values[0])[0] for one in printer.of("N-SET image")] == [10, 30]
    assert len(only(Filmed, events)) == 1


def test_texts_go_to_the_annotation_boxes(five: list[Path]) -> None:
    printer = ScriptedPrinter(2, texts=2)
    wanted = job(2, texts=lambda film, on_it: [f"film {film}", f"{len(on_it)} images"])
    assert not only(Remark, run(printer, wanted, shots(*five[:3])))
    assert [(text(one, 0x20300010), text(one, 0x20300020)) for one in printer.of("N-SET text")] == [
        ("1", "film 1"), ("2", "2 images"), ("1", "film 2"), ("2", "1 images"),
    ]  # fmt: skip


def test_long_texts_are_cut(five: list[Path]) -> None:
    printer = ScriptedPrinter(texts=1)
    events = run(printer, job(texts=lambda *_: ["x" * 65]), shots(*five[:2]))
    assert [one.text for one in only(Remark, events)] == ["texts are cut after 64 characters"]
    assert [text(one, 0x20300020) for one in printer.of("N-SET text")] == ["x" * 64] * 2


@pytest.mark.parametrize(
    ("printer", "remark"),
    [
        (ScriptedPrinter(takes=(PRINT_GRAYSCALE,)), "the printer takes no annotations: the films have none"),
        (ScriptedPrinter(), "the printer has 0 annotation boxes for 1 texts"),
    ],
)
def test_films_are_printed_without_texts_where_there_is_no_place(
    five: list[Path], printer: ScriptedPrinter, remark: str
) -> None:
    film = keyed(AnnotationDisplayFormatID=("LABEL",))
    events = run(printer, job(texts=lambda *_: ["x"], film=film), shots(*five[:2]))
    (said,) = only(Remark, events)
    assert remark in said.text
    assert [film.error for film in only(Filmed, events)] == [None, None]
    asked = printer.of("N-CREATE film")
    assert {0x20100030 in film for film in asked} == {ANNOTATION in printer.takes}


def test_what_cannot_be_deleted_is_told(five: list[Path]) -> None:
    printer = ScriptedPrinter(odd={"N-DELETE film": 0x0112})
    events = run(printer, job(), shots(*five[:2]))
    assert [one.text for one in only(Remark, events)] == [
        "the printer answered the N-DELETE: 0112 the instance does not exist at the peer"
    ]
    assert [film.error for film in only(Filmed, events)] == [None, None]


def test_only_what_is_used_is_proposed(five: list[Path]) -> None:
    printer = ScriptedPrinter()
    run(printer, job(), shots(five[0]))
    assert set(printer.contexts) == {PRINT_GRAYSCALE, PRINT_COLOR, JOB}
    printer = ScriptedPrinter(texts=1)
    run(printer, job(texts=lambda *_: ["x"]), shots(five[0]))
    assert ANNOTATION in printer.contexts
