"""`dimse print` at printers that we did not write, and at ones that answer oddly."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path
from threading import Event

import numpy as np
import pytest

from tests.conftest import Peers
from tests.film.images import FOLDER, written
from tests.peers import dimse
from tests.peers.printing import stored_films
from tests.peers.pynet_printer import COLOR, GRAYSCALE, Printer
from tests.scripted.peers import scripted_server
from tests.services.printers import ScriptedPrinter, hang_up

FIVE = (10, 60, 110, 160, 210)


def dimse_print(*args: object, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return dimse.run("print", *args, env=env)


@pytest.fixture
def five(tmp_path: Path) -> Path:
    """A folder with images, each of one gray."""
    folder = tmp_path / "images"
    folder.mkdir()
    for value in FIVE:
        path = folder / f"{value:03}.dcm"
        written(path, np.full((4, 6), value, np.uint8), SOPInstanceUID=f"1.2.{value}", PatientName="Doe^Jane")
    return folder


def at(printer: ScriptedPrinter, *args: object) -> subprocess.CompletedProcess[str]:
    """Print at a scripted printer, with results as a person sees them."""
    with scripted_server([printer.serve]) as server:
        return dimse_print(server.address, *args, "--format", "table")


@pytest.mark.parametrize("together", [False, True])
def test_dcmtk_prints_the_right_frames_in_the_right_boxes(peers: Peers, five: Path, together: bool) -> None:
    peer = peers.dcmprscp(omit_class=together)
    done = dimse_print(
        peer.address, five, "--film", "2x2", "--size", "14INX17IN", "--trim", "--polarity", "reverse",
        "--border", "white", "--medium", "paper", "--json", *(["--session"] if together else []),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    first, second = stored_films(peer)
    assert (first.box.ImageDisplayFormat, first.box.FilmSizeID) == ("STANDARD\\2,2", "14INX17IN")
    assert (first.box.Trim, first.box.BorderDensity) == ("YES", "WHITE")
    shown = {
        (film, position): (int(image.pixel_array[0, 0]), box.Polarity)
        for film, stored in enumerate((first, second))
        for position, (box, image) in stored.boxes.items()
    }
    places = [(0, 1), (0, 2), (0, 3), (0, 4), (1, 1)]
    assert shown == {place: (value, "REVERSE") for place, value in zip(places, FIVE, strict=True)}
    rows = dimse.rows(done)
    assert [row["_event"] for row in rows] == ["printer", *["placed"] * 4, *(
        ["placed", "printed", "printed"] if together else ["printed", "placed", "printed"]
    ), "summary"]  # fmt: skip
    assert (rows[-1]["_printed"], rows[-1]["_placed"], rows[-1]["_exit"]) == (2, 5, 0)


def test_dcmtk_gets_12_bits(peers: Peers, tmp_path: Path) -> None:
    peer = peers.dcmprscp()
    path = written(tmp_path / "x", np.array([[0, 1000], [2000, 4000]], np.uint16), PixelSpacing=[2, 1])
    done = dimse_print(peer.address, path, "--bits", 12, "--window", "2000.5,4001")
    assert done.returncode == 0, done.stderr
    ((_, image),) = stored_films(peer)[0].boxes.values()
    assert (image.BitsStored, image.pixel_array.tolist()) == (12, [[0, 1024], [2048, 4095]])
    assert list(image.PixelAspectRatio) == [2, 1]


def test_texts_that_dcmtk_has_no_place_for_are_left_out(peers: Peers, five: Path) -> None:
    done = dimse_print(peers.dcmprscp().address, five / "010.dcm", "--annotate", "{PatientName}")
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines()[0] == "warning: the printer takes no annotations: the films have none"


def test_what_dcmtk_refuses_is_a_failure(peers: Peers, five: Path) -> None:
    done = dimse_print(peers.dcmprscp().address, five, "--film", "7x7", "--format", "table")
    assert done.returncode == 1
    assert "failed   film 1  0106 invalid-attribute-value" in done.stdout
    assert "N-CREATE status 0106" in done.stderr
    assert r"what the printer lacks of ImageDisplayFormat STANDARD\7,7" in done.stderr
    assert "printed 0 of 1 film" in done.stdout


def test_pynetdicom_gets_colour_and_texts(peers: Peers, five: Path) -> None:
    printer = Printer(2)
    peer = peers.pynetdicom(printer.handlers, contexts=printer.contexts)
    done = dimse_print(
        peer.address, five / "010.dcm", FOLDER / "examples_rgb_color.dcm", "--film", "1x2",
        "--annotate", "{PatientName}, film {film}", "--label", "Ärzte", "--json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    (film,) = printer.films
    gray, color, text = film.sent.values()
    assert (gray.ImageBoxPosition, color.ImageBoxPosition) == (1, 2)
    image = color.BasicColorImageSequence[0]
    assert (image.PhotometricInterpretation, image.PlanarConfiguration, image.Rows) == ("RGB", 1, 240)
    assert text.TextString == "Doe^Jane / CompressedSamples^US1, film 1"
    assert printer.session is not None
    assert printer.session.FilmSessionLabel == "Ärzte"
    assert len(printer.deleted) == 2
    assert {row["_color"] for row in dimse.rows(done)[:3]} == {True}


@pytest.mark.parametrize(("mode", "takes", "color"), [("auto", GRAYSCALE, False), ("rgb", COLOR, True)])
def test_the_mode_is_what_is_asked_for_or_possible(
    peers: Peers, five: Path, mode: str, takes: str, color: bool
) -> None:
    printer = Printer(1, takes)
    peer = peers.pynetdicom(printer.handlers, contexts=printer.contexts)
    path = five / "010.dcm" if color else FOLDER / "examples_rgb_color.dcm"
    assert dimse_print(peer.address, path, "--mode", mode).returncode == 0
    (sent,) = printer.films[0].sent.values()
    assert ("BasicColorImageSequence" in sent) is color


def test_a_mode_that_the_printer_lacks_is_no_context(peers: Peers, five: Path) -> None:
    printer = Printer(1, GRAYSCALE)
    peer = peers.pynetdicom(printer.handlers, contexts=printer.contexts)
    done = dimse_print(peer.address, five, "--mode", "rgb")
    assert done.returncode == 66
    assert "Basic Color Print Management Meta SOP Class" in done.stderr


def test_frames_are_chosen_and_scaled(peers: Peers) -> None:
    printer = Printer(2)
    peer = peers.pynetdicom(printer.handlers, contexts=printer.contexts)
    path = FOLDER / "examples_ybr_color.dcm"
    done = dimse_print(
        peer.address,
        path,
        "--frames",
        "1,3-4",
        "--film",
        "2x1",
        "--mode",
        "gray",
        "--max-pixels",
        32,
        "--json",
    )
    assert done.returncode == 0, done.stderr
    assert [row["_frame"] for row in dimse.rows(done) if row["_event"] == "placed"] == [1, 3, 4]
    image = next(iter(printer.films[0].sent.values())).BasicGrayscaleImageSequence[0]
    assert (image.Rows, image.Columns) == (24, 32)


def test_a_rehearsal_says_where_images_would_lie(five: Path) -> None:
    done = dimse_print(
        "PRINTER@nowhere.invalid:104", five, "--film", "2x2", "--dry-run", "--json", "--copies", 2
    )
    assert done.returncode == 0, done.stderr
    rows = dimse.rows(done)
    places = [(row["_film"], row["_position"]) for row in rows[:-1]]
    assert places == [(1, 1), (1, 2), (1, 3), (1, 4), (2, 1)]
    assert (rows[-1]["_films"], rows[-1]["_frames"]) == (2, 5)
    shown = dimse_print("p@h:104", five / "010.dcm", "--film", "slide", "--dry-run", "--format", "table")
    assert "would print  film 1 box 1" in shown.stdout
    assert "would print 1 image on 1 film at p@h:104 as DIMSE" in shown.stdout
    assert "how many images a film of SLIDE has is the printer's to say" in shown.stderr


def test_files_without_an_image_are_passed_over(five: Path, tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("no image")
    printer = ScriptedPrinter()
    words = (five / "010.dcm", tmp_path / "note.txt", FOLDER / "test-SR.dcm", FOLDER / "gone.dcm")
    done = at(printer, *words)
    assert done.returncode == 22
    assert printer.said.count("N-ACTION film") == 1
    assert "test-SR.dcm  has no image to print" in done.stdout
    assert "printed 1 film with 1 image" in done.stdout
    assert "3 skipped" in done.stdout


@pytest.mark.parametrize(
    ("args", "code", "message"),
    [
        ((), 2, "nothing to print is named"),
        (("{five}", "--annotate", "{{Nobody}}"), 2, "names no attribute"),
        (("{five}", "--frames", "7"), 23, "has none of the frames: it has 1"),
        (("{five}/none",), 20, "there is no such file"),
        (("{empty}",), 21, "nothing to print was found"),
    ],
)
def test_what_cannot_be_printed_is_told_before_a_connection(
    five: Path, tmp_path: Path, args: tuple[str, ...], code: int, message: str
) -> None:
    (tmp_path / "empty").mkdir()
    words = [word.format(five=five, empty=tmp_path / "empty") for word in args]
    done = dimse_print("PRINTER@nowhere.invalid:104", *words, "--format", "table")
    assert done.returncode == code
    assert message in done.stdout + done.stderr


def test_files_that_could_not_be_sent_as_they_are(five: Path) -> None:
    whole = (five / "010.dcm").read_bytes()
    (five / "010.dcm").write_bytes(whole[:-8])
    (five / "060.dcm").write_bytes((five / "060.dcm").read_bytes() + bytes(100))
    done = at(ScriptedPrinter(5), five, "--film", "5x1")
    assert done.returncode == 22
    assert f"skipped  {five}/010.dcm  truncated" in done.stdout
    assert "--allow-truncated" not in done.stdout
    assert "printed 1 film with 4 images" in done.stdout


def test_some_films_that_are_printed_are_a_partial_success(five: Path) -> None:
    done = at(ScriptedPrinter(2, odd={"N-ACTION film 2": 0xC602}), five, "--film", "2x1")
    assert done.returncode == 3
    assert "failed   film 2  C602 print-queue-full: the print queue is full" in done.stdout
    assert "printed 2 of 3 films with 5 images" in done.stdout
    assert "error[failure-status] exit 3" in done.stderr


@pytest.mark.parametrize(
    ("status", "name", "meaning"),
    [
        (0xC605, "printer-memory", "the printer lacks memory for the image"),
        (0x0213, "resource-limitation", "the peer lacks resources for this request"),
    ],
)
def test_an_image_that_is_refused_names_its_file(five: Path, status: int, name: str, meaning: str) -> None:
    done = at(ScriptedPrinter(odd={"N-SET image 1": status}), five / "010.dcm")
    assert done.returncode == 1
    assert f"failed   {five}/010.dcm  film 1 box 1  {status:04X} {name}" in done.stdout
    assert f"error: {five}/010.dcm: {meaning}" in done.stderr
    assert "hint: scale images down: --max-pixels" in done.stderr


def test_a_printer_of_8_bits_is_told_how(five: Path) -> None:
    done = at(ScriptedPrinter(odd={"N-SET image": 0x0106}), five / "010.dcm", "--bits", 12)
    assert done.returncode == 1
    assert "hint: the printer may take no more than 8 bits: --bits 8" in done.stderr


def test_fine_grays_need_gray(peers: Peers, five: Path) -> None:
    printer = Printer(1)
    peer = peers.pynetdicom(printer.handlers, contexts=printer.contexts)
    done = dimse_print(peer.address, FOLDER / "SC_rgb_rle.dcm", "--bits", 12)
    assert done.returncode == 0
    assert "warning: the printer prints in colour, which has 8 bits: --mode gray has more" in done.stderr


def test_a_lost_connection_is_told_with_what_was_not_sent(five: Path) -> None:
    done = at(ScriptedPrinter(odd={"N-SET image 2": hang_up}), five)
    assert done.returncode == 62
    assert "3 not sent" in done.stdout
    assert "printed 1 of 2 films with 1 image" in done.stdout


@pytest.mark.parametrize(("together", "odd"), [((), "N-ACTION film 1"), (("--session",), "N-ACTION session")])
def test_a_film_that_may_be_printed_is_not_simply_printed_again(
    five: Path, together: tuple[str, ...], odd: str
) -> None:
    done = at(ScriptedPrinter(odd={odd: hang_up}), five / "010.dcm", *together)
    assert done.returncode == 62
    assert "hint: it may be printed all the same: look at the printer" in done.stderr


@pytest.mark.parametrize(("strict", "code"), [((), 0), (("--strict",), 68)])
def test_warnings_are_shown(five: Path, strict: tuple[str, ...], code: int) -> None:
    done = at(ScriptedPrinter(odd={"N-SET image": 0xB604}), five / "010.dcm", *strict)
    assert done.returncode == code
    assert "warning  " in done.stdout
    assert "B604 image-demagnified" in done.stdout


def test_a_printer_that_fails_is_told_and_printed_at(five: Path) -> None:
    done = at(ScriptedPrinter(state=("FAILURE", "COVER OPEN\x1b[2J")), five / "010.dcm")
    assert done.returncode == 0
    assert "warning: the printer says that its status is FAILURE: COVER OPEN\\x1b[2J" in done.stderr


def test_jobs_can_be_waited_for(five: Path) -> None:
    done = at(ScriptedPrinter(jobs=True, odd={"N-GET job": 0x0112}), five / "010.dcm", "--wait", "50ms")
    assert done.returncode == 62
    assert "job      film 1  the print job has not ended within 0.05 s" in done.stdout


def test_help_loads_nothing_heavy() -> None:
    import sys

    code = (
        "import sys; from dimsetools.cli import main; main(['print', '--help'])\n"
        "print([name for name in ('numpy', 'PIL', 'pydicom', 'pynetdicom', 'rich') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("words", [(), ("--bits", "12"), ("--mode", "rgb"), ("--session",)])
def test_our_own_films_show_the_right_frames_in_the_right_boxes(
    peers: Peers, five: Path, tmp_path: Path, words: tuple[str, ...]
) -> None:
    from PIL import Image

    films = tmp_path / "films"
    films.mkdir()
    peer = peers.dimse_scp("--films", films)
    done = dimse_print(
        peer.address, five, "--film", "2x2", "--size", "8INX10IN", "--wait", "10", "--json", *words
    )
    assert done.returncode == 0, done.stderr
    jobs = [row["_film"] for row in dimse.rows(done) if row["_event"] == "job" and row["_state"] == "DONE"]
    assert jobs == ([[1, 2]] if words == ("--session",) else [1, 2])
    seen = []
    for path in sorted(films.glob("*.png")):
        with Image.open(path) as film:
            fine = film.mode.startswith("I")
            gray = np.asarray(film) // 257 if fine else np.asarray(film.convert("L"))
        height, width = gray.shape
        seen += [int(gray[height * row // 4, width * column // 4]) for row in (1, 3) for column in (1, 3)]
    assert seen == [pytest.approx(value, abs=2) for value in (*FIVE, 0, 0, 0)]


def test_an_interrupt_ends_the_wait_and_the_association(five: Path, tmp_path: Path) -> None:
    deleted = Event()

    def note(_talk: object, _number: int) -> None:
        deleted.set()

    printer = ScriptedPrinter(jobs=True, odd={"N-DELETE film": note})
    log = tmp_path / "log"
    with scripted_server([printer.serve]) as server:
        words = (server.address, five / "010.dcm", "--wait", "60", "--format", "table")
        with dimse.start("print", *words, log=log) as process:
            assert deleted.wait(20)
            process.send_signal(signal.SIGINT)
            assert process.wait(10) == 130
    assert printer.said[-1] == "N-DELETE session"
    assert "printed 1 film with 1 image" in log.read_text()
