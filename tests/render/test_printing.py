from __future__ import annotations

import io
import json

import pytest

from dimsetools.association.values import Peer, Target
from dimsetools.dataset.part10 import FileMeta
from dimsetools.errors import Aborted, ExitCode, InputError, NoAnswer, StatusFailure
from dimsetools.film.frames import Frame
from dimsetools.film.image_file import ImageFile
from dimsetools.render import Output
from dimsetools.render import printing as shown
from dimsetools.render.line import Line, rendered
from dimsetools.services.examine import Remark
from dimsetools.services.print_events import Filmed, Followed, JobFailed, Placed, Ready, Shot
from dimsetools.services.print_requests import State, keyed
from dimsetools.services.selection import Skipped

TARGET = Target("host", 104, "PRINTER", "ME")
META = FileMeta("1.2.840.10008.5.1.4.1.1.2", "1.2.3", "1.2.840.10008.1.2.1", 300, 100, False)
FILE = ImageFile("in/a.dcm", META, 512, 256, 1, False, {})
CINE = FILE._replace(path="in/c.dcm", frames=9, color=True)
FRAME = Frame(512, 256, False, 12, (1, 1), b"")
REFUSED = StatusFailure("too large", status=0xC603, service="N-SET")
QUEUE = StatusFailure("full", status=0xC602, service="N-ACTION")
GONE = Aborted("the peer aborted", source=0, reason=0)
PLACED = Placed(Shot(FILE, 1), 1, 2, FRAME, 0, 0.0125)
FILMED = Filmed(1, 4, 4, 0, 0.05, (), "", None)


def plain(line: Line) -> str:
    return rendered(line, color=False)


@pytest.mark.parametrize(
    ("placed", "line"),
    [
        (PLACED, "placed   in/a.dcm  film 1 box 2  256 x 512, 12 bits  12.5 ms"),
        (
            PLACED._replace(shot=Shot(CINE, 3), frame=FRAME._replace(color=True)),
            "placed   in/c.dcm frame 3  film 1 box 2  256 x 512, RGB  12.5 ms",
        ),
        (
            PLACED._replace(status=0xB604, comment="x\x1b"),
            (
                "warning  in/a.dcm  film 1 box 2  B604 image-demagnified: "
                'the image was too large and was made smaller "x\\x1b"'
            ),
        ),
        (
            PLACED._replace(status=0xC603, error=REFUSED),
            "failed   in/a.dcm  film 1 box 2  C603 image-too-large: the image is larger than its image box",
        ),
        (PLACED._replace(status=None, error=GONE), "failed   in/a.dcm  film 1 box 2  the peer aborted"),
        (Placed(Shot(FILE, 1), None, None, error=InputError("is broken")), "failed   in/a.dcm  is broken"),
        (Placed(Shot(FILE, 1), 2, None), "unsent   in/a.dcm  film 2"),
        (Placed(Shot(FILE, 1), None, None), "unsent   in/a.dcm"),
    ],
)
def test_lines_of_frames(placed: Placed, line: str) -> None:
    assert plain(shown.placed_line(placed)) == line


@pytest.mark.parametrize(
    ("filmed", "line"),
    [
        (FILMED, "printed  film 1  4 images  50.0 ms"),
        (FILMED._replace(frames=1), "printed  film 1  1 image in 4 boxes  50.0 ms"),
        (
            FILMED._replace(status=0xB603),
            "printed  film 1  4 images  B603 empty-page: the film box has no image",
        ),
        (FILMED._replace(error=GONE, status=None), "failed   film 1  the peer aborted"),
        (
            FILMED._replace(error=QUEUE, status=0xC602, comment="later"),
            'failed   film 1  C602 print-queue-full: the print queue is full "later"',
        ),
    ],
)
def test_lines_of_films(filmed: Filmed, line: str) -> None:
    assert plain(shown.filmed_line(filmed)) == line


@pytest.mark.parametrize(
    ("followed", "line"),
    [
        (Followed("1.2", (1,), State("PRINTING")), "job      film 1  PRINTING"),
        (Followed("1.2", (1, 2), State("DONE", "fine")), "job      films 1, 2  DONE  fine"),
        (
            Followed("1.2", (1,), State("FAILURE", "JAM"), JobFailed("the print job failed: JAM")),
            "job      film 1  FAILURE  the print job failed: JAM",
        ),
        (Followed("1.2", (1,), State(""), NoAnswer("late")), "job      film 1  late"),
    ],
)
def test_lines_of_print_jobs(followed: Followed, line: str) -> None:
    assert plain(shown.followed_line(followed)) == line


def ready(status: str = "NORMAL", info: str = "") -> Ready:
    told = keyed(PrinterName=("Dry",), Manufacturer=("Acme",), ManufacturerModelName=("Dry",))
    return Ready(Peer("PRINTER", "host", 104, "", "", 0), True, State(status, info), told, None)


def test_the_printer_is_a_line_and_a_record() -> None:
    assert plain(shown.printer_line(ready("WARNING", "LOW"))) == (
        "printer  WARNING: LOW  Dry, Acme  prints in colour"
    )
    for info, said in (("", None), ("NORMAL", None), ("LOW", "LOW")):
        record = shown.printer_record(ready(info=info))
        assert (record["_state"], record["_message"], record["PrinterName"]) == ("NORMAL", said, "Dry")
    failed = shown.printer_record(ready()._replace(error=REFUSED, state=State("")))
    assert (failed["_state"], failed["_code"], failed["_message"]) == (None, "failure-status", "too large")


@pytest.mark.parametrize(("films", "told"), [((1,), 1), ((1, 2), [1, 2])])
def test_a_print_job_is_one_of_one_or_more_films(films: tuple[int, ...], told: object) -> None:
    record = shown.followed_record(Followed("1.2", films, State("DONE")))
    assert (record["_film"], record["_job"], record["_state"]) == (told, "1.2", "DONE")
    assert shown.filmed_record(FILMED._replace(jobs=("1.2",)))["_job"] == "1.2"
    assert shown.filmed_record(FILMED)["_job"] is None


@pytest.mark.parametrize(
    ("placed", "event", "status", "code", "message"),
    [
        (PLACED, "placed", "0000", None, None),
        (
            PLACED._replace(status=0xB604),
            "placed",
            "B604",
            None,
            "the image was too large and was made smaller",
        ),
        (PLACED._replace(status=0xC603, error=REFUSED), "failed", "C603", "failure-status", "too large"),
        (Placed(Shot(FILE, 1), None, None), "unsent", None, None, None),
    ],
)
def test_records_of_frames(
    placed: Placed, event: str, status: str | None, code: str | None, message: str | None
) -> None:
    record = shown.placed_record(placed)
    assert tuple(record) == shown.COLUMNS
    assert (record["_event"], record["_status"], record["_code"], record["_message"]) == (
        event,
        status,
        code,
        message,
    )
    assert (record["_path"], record["_frame"], record["SOPInstanceUID"]) == ("in/a.dcm", 1, "1.2.3")


def told(*events: object, brief: bool = True, **how: object) -> tuple[str, str, shown.Telling]:
    """What a job of these events looks like on stdout and stderr."""
    out, err = io.StringIO(), io.StringIO()
    with Output("table", stdout=out, stderr=err, **how) as output:  # type: ignore[arg-type]
        telling = shown.Telling(output, brief=brief)
        for event in events:
            telling.event(event)  # type: ignore[arg-type]
        telling.end(TARGET, 0.25, telling.tally.exit_status(strict=False))
    return out.getvalue(), err.getvalue(), telling


def test_a_person_sees_films_and_what_is_odd() -> None:
    out, err, _ = told(ready(), PLACED, FILMED, Remark("", "odd"))
    assert out.splitlines() == [
        "printed  film 1  4 images  50.0 ms",
        "printed 1 film with 1 image at PRINTER@host:104 in 250.0 ms",
    ]
    assert err == "warning: odd\n"


def test_a_person_sees_how_jobs_end_and_which_frames_were_not_sent_with_v() -> None:
    events = [Followed("1.2", (1,), State(status)) for status in ("PENDING", "DONE")]
    unsent = Placed(Shot(FILE, 1), 1, None)
    assert told(*events, unsent)[0].splitlines()[:-1] == ["job      film 1  DONE"]
    assert told(*events, unsent, brief=False)[0].splitlines()[:-1] == [
        "job      film 1  PENDING",
        "job      film 1  DONE",
        "unsent   in/a.dcm  film 1",
    ]


def test_a_printer_that_is_not_well_is_told() -> None:
    _, err, _ = told(ready("FAILURE", "COVER OPEN"))
    assert "warning: the printer says that its status is FAILURE: COVER OPEN" in err


def test_failures_are_explained_once_with_the_exit_status_of_the_job() -> None:
    failed = PLACED._replace(status=0xC603, error=REFUSED)
    events = [failed, FILMED._replace(error=REFUSED, status=0xC603), PLACED, FILMED._replace(film=2)]
    out, err, telling = told(*events)
    assert telling.tally.exit_status(strict=False) is ExitCode.PARTIAL
    assert err.count("error: ") == 1
    assert "error: in/a.dcm: too large" in err
    assert "error[failure-status] exit 3" in err
    assert out.splitlines()[-1].startswith("printed 1 of 2 films with 1 image at PRINTER@host:104")


def test_a_record_of_the_totals() -> None:
    out = io.StringIO()
    with Output("json", stdout=out, stderr=io.StringIO()) as output:
        telling = shown.Telling(output, brief=False)
        telling.tally.frames = 3
        telling.skipped(Skipped("x", InputError("is text")))
        for event in (PLACED, FILMED._replace(status=0xB603), Placed(Shot(FILE, 1), None, None)):
            telling.event(event)
        telling.end(TARGET, 0.25, ExitCode.OK)
    rows = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [row["_event"] for row in rows] == ["skipped", "placed", "printed", "unsent", "summary"]
    assert rows[-1] == {
        "_event": "summary", "_address": "PRINTER@host:104", "_films": 1, "_printed": 1, "_failed": 0,
        "_frames": 3, "_placed": 1, "_unsent": 1, "_skipped": 1, "_warnings": 1, "_seconds": 0.25, "_exit": 0,
    }  # fmt: skip


def test_the_plan_says_what_would_lie_where() -> None:
    found = list(shown.plan([[Shot(FILE, 1), Shot(CINE, 1)], [Shot(CINE, 2)]]))
    assert [plain(line) for _, line in found] == [
        "would print  film 1 box 1  in/a.dcm  256 x 512",
        "would print  film 1 box 2  in/c.dcm frame 1  256 x 512, colour",
        "would print  film 2 box 1  in/c.dcm frame 2  256 x 512, colour",
    ]
    assert [(row["_film"], row["_position"], row["_frame"]) for row, _ in found] == [
        (1, 1, 1),
        (1, 2, 1),
        (2, 1, 2),
    ]
