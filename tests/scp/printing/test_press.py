"""Whole print jobs, gray and in colour: what comes out is the right film."""

from __future__ import annotations

import errno
import os
import stat
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dimsetools.archive.ledger import Ledger
from dimsetools.dataset.normalized import PRINT_COLOR, PRINT_GRAYSCALE
from dimsetools.errors import OutputError
from dimsetools.scp.printing import press
from dimsetools.scp.printing.press import KIND, Press
from tests.scp.printing.jobs import (
    COLOR,
    FILM,
    GRAY,
    JOB,
    SESSION,
    USUAL,
    boxes,
    color_item,
    film_values,
    gray_item,
    image,
    middles,
    printed,
    printer,
    scu,
    usual_layout,
)


@pytest.mark.parametrize("wanted", ["STANDARD\\2,3", "ROW\\2,1,3", "COL\\3,3"])
def test_a_gray_film_has_each_image_in_its_box(tmp_path: Path, wanted: str) -> None:
    with printer(tmp_path) as node, scu(node) as peer:
        session = peer.session(NumberOfCopies="2", FilmSessionLabel="Trial")
        film, answer = peer.film(session, wanted)
        for position, uid in enumerate(boxes(answer), start=1):
            assert peer.set(GRAY, uid, image(gray_item(30 * position), position))[0] == 0
        assert peer.act(FILM, film)[0] == 0
        (path,) = printed(tmp_path)
        assert middles(path, usual_layout(wanted)) == [30 * position for position in range(1, 7)]
        (record,) = node.log.wait("film-printed")
        assert record["_files"] == [path.name, path.with_suffix(".pdf").name]
        assert (record["_boxes"], record["_images"], record["_copies"]) == (6, 6, 2)
        assert record["_calling"] == "ASKER"
        assert peer.delete(FILM, film) == 0
        assert peer.delete(SESSION, session) == 0


def test_a_film_is_kept_for_its_owner_alone(tmp_path: Path) -> None:
    with printer(tmp_path) as node, scu(node) as peer:
        film, answer = peer.film(peer.session())
        peer.set(GRAY, boxes(answer)[0], image(gray_item()))
        assert peer.act(FILM, film)[0] == 0
    paths = sorted(tmp_path.iterdir())
    assert [path.suffix for path in paths] == [".pdf", ".png"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in paths} == {0o600}
    assert paths[0].read_bytes().startswith(b"%PDF")


@pytest.mark.parametrize("planar", [0, 1])
def test_a_film_in_colour(tmp_path: Path, planar: int) -> None:
    with printer(tmp_path) as node, scu(node, [PRINT_COLOR]) as peer:
        film, answer = peer.film(peer.session(), "STANDARD\\2,1")
        colors = [(250, 10, 20), (0, 90, 180)]
        for position, (uid, rgb) in enumerate(zip(boxes(answer), colors, strict=True), start=1):
            item = color_item(rgb, planar=planar)
            assert peer.set(COLOR, uid, image(item, position, color=True))[0] == 0
        assert peer.act(FILM, film)[0] == 0
    (path,) = printed(tmp_path)
    assert middles(path, usual_layout("STANDARD\\2,1")) == [list(rgb) for rgb in colors]


def test_twelve_bits(tmp_path: Path) -> None:
    with printer(tmp_path) as node, scu(node) as peer:
        film, answer = peer.film(peer.session())
        assert peer.set(GRAY, boxes(answer)[0], image(gray_item(1000, bits=12)))[0] == 0
        assert peer.act(FILM, film)[0] == 0
    (path,) = printed(tmp_path)
    assert middles(path, usual_layout("STANDARD\\1,1")) == [round(1000 / 4095 * 65535)]


def test_all_films_of_a_session_are_printed_at_once(tmp_path: Path) -> None:
    with printer(tmp_path) as node, scu(node) as peer:
        session = peer.session()
        for value in (50, 100, 150):
            _, answer = peer.film(session)
            peer.set(GRAY, boxes(answer)[0], image(gray_item(value)))
        assert peer.act(SESSION, session)[0] == 0
        records = node.log.wait("film-printed", 3)
        assert len({record["SOPInstanceUID"] for record in records}) == 1
    where = usual_layout("STANDARD\\1,1")
    assert [middles(path, where) for path in printed(tmp_path)] == [[50], [100], [150]]


def test_a_long_session_keeps_nobody_waiting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between two films of a session another association has its turn."""
    drawing = press._drawing
    second, other_done = threading.Event(), threading.Event()

    def drawn(film: Any) -> Any:
        if film.uid == "1.2.4":
            second.set()
            assert other_done.wait(10)
        return drawing(film)

    monkeypatch.setattr(press, "_drawing", drawn)
    with printer(tmp_path) as node, scu(node) as peer, scu(node) as other:
        session = peer.session()
        for uid in ("1.2.3", "1.2.4"):
            status, answer = peer.create(FILM, uid, **film_values(session))
            assert status == 0
            peer.set(GRAY, boxes(answer)[0], image(gray_item()))
        film, answer = other.film(other.session())
        other.set(GRAY, boxes(answer)[0], image(gray_item()))
        statuses: list[int] = []
        long = threading.Thread(target=lambda: statuses.append(peer.act(SESSION, session)[0]))
        long.start()
        assert second.wait(10)
        assert other.act(FILM, film)[0] == 0
        other_done.set()
        long.join(10)
        assert statuses == [0]
    assert len(printed(tmp_path)) == 3


def test_a_film_that_cannot_be_drawn_takes_its_session_along(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawing = press._drawing

    def drawn(film: Any) -> Any:
        if film.uid == "1.2.4":
            raise ValueError("odd")
        return drawing(film)

    monkeypatch.setattr(press, "_drawing", drawn)
    with printer(tmp_path) as node, scu(node) as peer:
        session = peer.session()
        for uid in ("1.2.3", "1.2.4"):
            _, answer = peer.create(FILM, uid, **film_values(session))
            peer.set(GRAY, boxes(answer)[0], image(gray_item()))
        assert peer.act(SESSION, session)[0] == 0x0110
        assert peer.act(FILM, "1.2.3")[0] == 0
    assert len(printed(tmp_path)) == 1


def test_a_film_can_be_printed_again_with_another_image(tmp_path: Path) -> None:
    with printer(tmp_path) as node, scu(node) as peer:
        film, answer = peer.film(peer.session())
        for value in (50, 100):
            peer.set(GRAY, boxes(answer)[0], image(gray_item(value)))
            assert peer.act(FILM, film)[0] == 0
    where = usual_layout("STANDARD\\1,1")
    assert [middles(path, where) for path in printed(tmp_path)] == [[50], [100]]


def test_the_print_job_is_reported_and_can_be_asked_for(tmp_path: Path) -> None:
    events: list[tuple[int, str, str]] = []
    done = threading.Event()

    def heard(event: Any) -> tuple[int, None]:
        events.append(
            (event.event_type, str(event.request.AffectedSOPInstanceUID), event.event_information.PrinterName)
        )
        if len(events) == 3:
            done.set()
        return 0, None

    with printer(tmp_path) as node, scu(node, (*USUAL, JOB), heard) as peer:
        film, answer = peer.film(peer.session(PrintPriority="HIGH", FilmSessionLabel="Trial"))
        peer.set(GRAY, boxes(answer)[0], image(gray_item()))
        status, reply = peer.act(FILM, film)
        assert status == 0
        (reference,) = reply.ReferencedPrintJobSequence
        assert reference.ReferencedSOPClassUID == JOB
        job = str(reference.ReferencedSOPInstanceUID)
        assert done.wait(10)
        assert [(number, uid) for number, uid, _ in events] == [(1, job), (2, job), (3, job)]
        status, state = peer.get(JOB, job)
        assert status == 0
        assert (state.ExecutionStatus, state.PrintPriority, state.Originator) == ("DONE", "HIGH", "ASKER")
        assert state.FilmSessionLabel == "Trial"
        assert peer.get(JOB, "1.2.3")[0] == 0x0112


def test_a_peer_that_does_not_know_print_jobs_is_not_told_of_them(tmp_path: Path) -> None:
    with printer(tmp_path) as node, scu(node, [PRINT_GRAYSCALE]) as peer:
        film, answer = peer.film(peer.session())
        peer.set(GRAY, boxes(answer)[0], image(gray_item()))
        status, reply = peer.act(FILM, film)
        assert status == 0
        assert not reply


def test_a_peer_that_leaves_at_once_does_no_harm(tmp_path: Path) -> None:
    with printer(tmp_path) as node:
        with scu(node, (*USUAL, JOB), lambda _: (0, None)) as peer:
            film, answer = peer.film(peer.session())
            peer.set(GRAY, boxes(answer)[0], image(gray_item()))
            assert peer.act(FILM, film)[0] == 0
            peer.association.abort()
        node.log.wait("association-closed")
        assert [record for record in node.log.records if record["_event"] == "internal-error"] == []
    assert len(printed(tmp_path)) == 1


def test_the_ledger_remembers_what_was_printed(tmp_path: Path) -> None:
    films = tmp_path / "films"
    films.mkdir()
    with Ledger(str(tmp_path)) as ledger, printer(films, ledger) as node, scu(node) as peer:
        film, answer = peer.film(peer.session(NumberOfCopies="3"), "STANDARD\\2,1")
        peer.set(GRAY, boxes(answer)[0], image(gray_item()))
        assert peer.act(FILM, film)[0] == 0
        (entry,) = ledger.entries(KIND)
        assert entry.uid == node.log.wait("film-printed")[0]["SOPInstanceUID"]
        assert entry.state == "DONE"
        (path,) = printed(films)
        assert entry.more["films"] == [
            {"files": [path.name, path.with_suffix(".pdf").name], "boxes": 2, "images": 1}
        ]
        assert (entry.more["calling"], entry.more["copies"]) == ("ASKER", 3)


@pytest.mark.parametrize(
    ("number", "status"), [(errno.ENOSPC, 0x0213), (errno.EDQUOT, 0x0213), (errno.EACCES, 0x0110)]
)
def test_a_full_disk_is_said_and_the_association_lives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, status: int
) -> None:
    written = os.write
    full = True

    def write(descriptor: int, data: Any) -> int:
        if full and os.readlink(f"/proc/self/fd/{descriptor}").startswith(str(tmp_path)):
            raise OSError(number, os.strerror(number))
        return written(descriptor, data)

    with printer(tmp_path) as node, scu(node) as peer:
        film, answer = peer.film(peer.session())
        peer.set(GRAY, boxes(answer)[0], image(gray_item()))
        monkeypatch.setattr(os, "write", write)
        assert peer.act(FILM, film)[0] == status
        assert os.strerror(number) in peer.comment
        assert list(tmp_path.iterdir()) == []
        full = False
        assert peer.act(FILM, film)[0] == 0
    assert len(printed(tmp_path)) == 1


def test_what_cannot_be_kept_whole_is_not_kept_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk fills up at the second film of a session, in its second file."""
    synced = os.fsync
    calls: list[int] = []

    def fsync(descriptor: int) -> None:
        calls.append(descriptor)
        if len(calls) == 4:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        synced(descriptor)

    with printer(tmp_path) as node, scu(node) as peer:
        session = peer.session()
        for _ in range(2):
            _, answer = peer.film(session)
            peer.set(GRAY, boxes(answer)[0], image(gray_item()))
        monkeypatch.setattr(_press(node), "_durable", True)
        monkeypatch.setattr(os, "fsync", fsync)
        assert peer.act(SESSION, session)[0] == 0x0213
        assert list(tmp_path.iterdir()) == []
        assert peer.act(SESSION, session)[0] == 0
    assert len(printed(tmp_path)) == 2


def test_after_a_disk_error_nothing_is_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fsync(descriptor: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with printer(tmp_path) as node, scu(node) as peer:
        film, answer = peer.film(peer.session())
        peer.set(GRAY, boxes(answer)[0], image(gray_item()))
        monkeypatch.setattr(_press(node), "_durable", True)
        with monkeypatch.context() as failing:
            failing.setattr(os, "fsync", fsync)
            assert peer.act(FILM, film)[0] == 0x0110
        assert peer.act(FILM, film)[0] == 0x0110
        assert list(tmp_path.iterdir()) == []


def _press(node: Any) -> Press:
    """The press of a node."""
    from dimsetools.message.normalized import NActionRq
    from dimsetools.scp.normalized import Normalized

    role = node.server._manner.roles[NActionRq]
    assert isinstance(role, Normalized)
    found = role.services[0]._press  # type: ignore[attr-defined]  # of the film sessions
    assert isinstance(found, Press)
    return found


def test_a_ledger_that_fails_keeps_no_film(tmp_path: Path) -> None:
    films = tmp_path / "films"
    films.mkdir()
    ledger = Ledger(None)
    with printer(films, ledger) as node, scu(node) as peer:
        film, answer = peer.film(peer.session())
        peer.set(GRAY, boxes(answer)[0], image(gray_item()))
        ledger.close()
        assert peer.act(FILM, film)[0] == 0x0110
    assert list(films.iterdir()) == []


def test_names_that_are_taken_are_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.strftime", lambda *_: "20260102T030405")
    taken = tmp_path / "20260102T030405-0001.pdf"
    taken.write_bytes(b"mine")
    with printer(tmp_path) as node, scu(node) as peer:
        film, answer = peer.film(peer.session())
        peer.set(GRAY, boxes(answer)[0], image(gray_item()))
        assert peer.act(FILM, film)[0] == 0
    assert taken.read_bytes() == b"mine"
    assert [path.name for path in printed(tmp_path)] == ["20260102T030405-0002.png"]


def test_a_folder_that_is_not_there_is_known_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(OutputError):
        Press(str(tmp_path / "missing"), None, None, lambda record: None)


def test_what_is_drawn_is_what_the_film_says(tmp_path: Path) -> None:
    with printer(tmp_path) as node, scu(node) as peer:
        film, answer = peer.film(
            peer.session(), "STANDARD\\2,1", BorderDensity="WHITE", EmptyImageDensity="320", Trim="YES"
        )
        values = np.zeros((20, 20), np.uint8)
        values[:10] = 200
        uid = boxes(answer)[0]
        sent = image(gray_item(values), Polarity="REVERSE", MagnificationType="REPLICATE")
        assert peer.set(GRAY, uid, sent)[0] == 0
        assert peer.act(FILM, film)[0] == 0
        (path,) = printed(tmp_path)
        where = usual_layout("STANDARD\\2,1")
        from PIL import Image

        with Image.open(path) as drawn:
            pixels = np.asarray(drawn)
        first, second = where.boxes
        assert pixels[0, 0] == 255
        assert pixels[second.top, second.left] == 0  # trim on a light film
        assert pixels[second.top + 50, second.left + 50] == 0  # black, as empty boxes are to be
        assert pixels[first.top + first.height // 2 - 20, first.left + first.width // 2] == 55
        assert pixels[first.top + first.height // 2 + 20, first.left + first.width // 2] == 255
