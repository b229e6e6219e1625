from __future__ import annotations

import pytest

from dimsetools.errors import (
    ConnectionLost,
    ExitCode,
    InputError,
    InputUnreadable,
    Interrupted,
    NoAnswer,
    StatusFailure,
)
from dimsetools.render.printing_tally import Tally
from dimsetools.services.print_events import Filmed, Followed, JobFailed, Placed
from dimsetools.services.print_requests import State
from dimsetools.services.selection import Skipped
from tests.render.test_printing import FILMED, PLACED, QUEUE

FAILED = FILMED._replace(film=2, error=QUEUE, status=0xC602)
BAD = PLACED._replace(film=None, status=None, error=InputError("broken"))
GONE = ConnectionLost("gone")


def job(error: NoAnswer | JobFailed) -> Followed:
    return Followed("1.2", (1,), State(""), error)


@pytest.mark.parametrize(
    ("events", "end", "code"),
    [
        ([PLACED, FILMED], None, ExitCode.OK),
        ([PLACED, FILMED, FAILED], None, ExitCode.PARTIAL),
        ([FAILED], None, ExitCode.FAILURE),
        ([PLACED, FILMED, FAILED], GONE, ExitCode.LOST),
        ([PLACED, FILMED], Interrupted("interrupted"), ExitCode.INTERRUPTED),
        ([], StatusFailure("no", status=0x0106), ExitCode.FAILURE),
        ([PLACED, FILMED, BAD], None, ExitCode.INPUT_INVALID),
        ([BAD], None, ExitCode.INPUT_NONE_VALID),
        ([Skipped("x", InputUnreadable("gone")), PLACED, FILMED], None, ExitCode.INPUT_UNREADABLE),
        ([Skipped("DICOMDIR", InputError("no"), expected=True), PLACED, FILMED], None, ExitCode.OK),
        ([PLACED, FILMED, job(JobFailed("jam"))], None, ExitCode.FAILURE),
        ([PLACED, FILMED, job(NoAnswer("late"))], None, ExitCode.LOST),
        ([PLACED, FILMED, FILMED._replace(film=2), job(JobFailed("jam"))], None, ExitCode.PARTIAL),
    ],
)
def test_the_exit_status(
    events: list[Placed | Filmed | Followed | Skipped], end: ConnectionLost | None, code: ExitCode
) -> None:
    tally = Tally()
    for event in events:
        if isinstance(event, Placed):
            tally.frame(event)
        elif isinstance(event, Filmed):
            tally.film(event)
        elif isinstance(event, Followed):
            tally.job(event)
        else:
            tally.skip(event)
    tally.end(end)
    assert tally.exit_status(strict=False) is code


def test_warnings_count_where_that_is_wanted() -> None:
    tally = Tally()
    tally.frame(PLACED._replace(status=0xB604))
    tally.film(FILMED)
    assert tally.exit_status(strict=False) is ExitCode.OK
    assert tally.exit_status(strict=True) is ExitCode.WARNINGS


def test_kinds_of_failures_are_told_once() -> None:
    tally = Tally()
    for number in range(3):
        tally.film(FAILED._replace(film=number, error=StatusFailure("full", status=0xC602)))
    tally.end(GONE)
    told = [(str(error), where) for error, where in tally.explanations("PRINTER@host:104", ExitCode.LOST)]
    assert told == [("full", "film 0 and 2 more"), ("gone", "PRINTER@host:104")]


def test_an_image_that_fails_its_film_counts_once() -> None:
    tally = Tally()
    for number in (1, 2):
        error = StatusFailure("too large", status=0xC603)
        tally.frame(PLACED._replace(film=number, error=error, status=0xC603))
        tally.film(FAILED._replace(film=number, error=error))
    ((_, where),) = tally.explanations("PRINTER@host:104", ExitCode.FAILURE)
    assert where == "in/a.dcm and 1 more"


def test_what_ends_the_job_is_about_the_printer_and_no_image() -> None:
    tally = Tally()
    stopped = Interrupted("interrupted")
    tally.frame(PLACED._replace(error=stopped, status=None))
    tally.film(FAILED._replace(error=stopped))
    tally.end(stopped)
    told = [where for _, where in tally.explanations("PRINTER@host:104", ExitCode.INTERRUPTED)]
    assert told == ["PRINTER@host:104"]
