"""Print jobs that are followed: reported in time, before the answer, twice, late or never."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from threading import Timer

import pytest

from dimsetools.association.stop import Stop
from dimsetools.dataset.encode import encode
from dimsetools.dataset.normalized import PRINT_GRAYSCALE
from dimsetools.errors import Aborted, Interrupted, NoAnswer
from dimsetools.services.examine import Remark
from dimsetools.services.print_events import Event, Followed, JobFailed
from dimsetools.services.print_requests import keyed
from tests.scripted import wire
from tests.scripted.conversation import Conversation
from tests.services.normalizing import N_GET_RSP, event, response
from tests.services.printers import (
    JOB,
    PRINTER,
    GoneError,
    ScriptedPrinter,
    image_file,
    job,
    printing,
    run,
    shots,
)

FIRST, SECOND = "1.2.14.1.1", "1.2.14.2.1"
LONG, SHORT = 8.0, 0.05


def news(events: Sequence[Event]) -> list[tuple[str, tuple[int, ...], str, str]]:
    """Job, films, status and the name of the error of each piece of news."""
    return [
        (one.job, one.films, one.state.status, one.error.name if one.error else "")
        for one in events
        if isinstance(one, Followed)
    ]


def said(events: Sequence[Event]) -> list[str]:
    return [one.text for one in events if isinstance(one, Remark)]


class Reporting(ScriptedPrinter):
    """Reports events of jobs behind its answers: `after` has them by the name of the request."""

    def __init__(
        self, after: dict[str, Sequence[tuple[int, str]]], *, before: bool = False, **more: object
    ) -> None:
        super().__init__(jobs=True, **more)  # type: ignore[arg-type]
        self.after = after
        self.before = before

    def _answer(self, talk: Conversation, kind: int, body: bytes) -> None:
        if self.before:
            self._report(talk, "N-ACTION film 1" if len(self.sent) == 4 else "")
        seen = len(self.sent)
        super()._answer(talk, kind, body)
        if not self.before and len(self.sent) > seen:
            what = self.said[-1]
            self._report(talk, f"{what} {self.said.count(what)}")

    def _report(self, talk: Conversation, name: str) -> None:
        for number, instance in self.after.get(name, ()):
            self.report(talk, number, instance, "PAPER JAM" if number == 4 else "")


@pytest.fixture
def two(tmp_path: Path) -> list[Path]:
    return [image_file(tmp_path / f"{value}.dcm", value) for value in (10, 20)]


def test_jobs_are_followed_to_their_end(two: list[Path]) -> None:
    printer = Reporting(
        {"N-ACTION film 1": [(1, FIRST), (2, FIRST)], "N-DELETE film 2": [(3, FIRST), (3, SECOND)]}
    )
    assert news(run(printer, job(wait=LONG), shots(*two))) == [
        (FIRST, (1,), "PENDING", ""),
        (FIRST, (1,), "PRINTING", ""),
        (FIRST, (1,), "DONE", ""),
        (SECOND, (2,), "DONE", ""),
    ]
    assert printer.said[-1] == "N-DELETE session"


def test_a_job_that_fails_says_why(two: list[Path]) -> None:
    printer = Reporting({"N-DELETE film 1": [(4, FIRST)]})
    (told,) = [one for one in run(printer, job(wait=LONG), shots(two[0])) if isinstance(one, Followed)]
    assert (told.state.status, told.state.info) == ("FAILURE", "PAPER JAM")
    assert isinstance(told.error, JobFailed)
    assert str(told.error) == "the print job failed: PAPER JAM"


def test_what_is_reported_before_the_answer_counts(two: list[Path]) -> None:
    printer = Reporting({"N-ACTION film 1": [(3, FIRST)]}, before=True)
    assert news(run(printer, job(wait=LONG), shots(two[0]))) == [(FIRST, (1,), "DONE", "")]


def test_what_is_reported_twice_counts_once(two: list[Path]) -> None:
    printer = Reporting({"N-ACTION film 1": [(3, FIRST), (3, FIRST), (4, FIRST)]})
    assert news(run(printer, job(wait=LONG), shots(two[0]))) == [(FIRST, (1,), "DONE", "")]


def test_what_was_reported_is_told_without_waiting_for_more(two: list[Path]) -> None:
    printer = Reporting({"N-ACTION film 1": [(2, FIRST), (2, "1.2.3.999")]})
    assert news(run(printer, job(), shots(two[0]))) == [(FIRST, (1,), "PRINTING", "")]


def test_films_of_a_session_have_one_job(two: list[Path]) -> None:
    printer = Reporting({"N-ACTION session 1": [(3, FIRST)]})
    told = run(printer, job(wait=LONG, together=True), shots(*two))
    assert news(told) == [(FIRST, (1, 2), "DONE", "")]


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("DONE", ("DONE", "")),
        ("FAILURE", ("FAILURE", "print-job-failed")),
        ("PRINTING", ("PRINTING", "no-answer")),
    ],
)
def test_a_job_that_is_never_reported_is_asked_for(
    two: list[Path], status: str, expected: tuple[str, str]
) -> None:
    def tell(talk: Conversation, number: int) -> bytes:
        data = encode(keyed(ExecutionStatus=(status,)), wire.EXPLICIT_LE)
        return response(N_GET_RSP, data=data, number=number, context=printer.contexts[JOB])

    printer = ScriptedPrinter(jobs=True, odd={"N-GET job": tell})
    assert news(run(printer, job(wait=SHORT), shots(two[0]))) == [(FIRST, (1,), *expected)]


@pytest.mark.parametrize("takes", [(PRINT_GRAYSCALE, JOB), (PRINT_GRAYSCALE,)])
def test_a_job_of_which_nothing_is_known_has_not_ended(two: list[Path], takes: tuple[str, ...]) -> None:
    printer = ScriptedPrinter(jobs=True, takes=takes, odd={"N-GET job": 0x0112})
    (told,) = [one for one in run(printer, job(wait=SHORT), shots(two[0])) if isinstance(one, Followed)]
    assert isinstance(told.error, NoAnswer)
    assert str(told.error) == "the print job has not ended within 0.05 s"


def test_there_is_nothing_to_wait_for_without_a_job(two: list[Path]) -> None:
    events = run(ScriptedPrinter(), job(wait=LONG), shots(two[0]))
    assert said(events) == ["the printer names no print job: there is nothing to wait for"]
    assert not said(run(ScriptedPrinter(odd={"N-ACTION film": 0xC602}), job(wait=LONG), shots(two[0])))


def test_a_peer_that_aborts_reports_no_more(two: list[Path]) -> None:
    def leave(talk: Conversation, number: int) -> bytes:
        talk.send(response(0x8150, number=number, context=printer.contexts[PRINT_GRAYSCALE]))
        talk.send(wire.abort())
        talk.wait_closed()
        raise GoneError

    printer = ScriptedPrinter(jobs=True, odd={"N-DELETE film": leave})
    (told,) = [one for one in run(printer, job(wait=LONG), shots(two[0])) if isinstance(one, Followed)]
    assert isinstance(told.error, Aborted)


def test_waiting_ends_when_the_end_is_asked_for(two: list[Path]) -> None:
    stop = Stop()

    def soon(_talk: Conversation, _number: int) -> None:
        Timer(0.05, stop.request).start()

    printer = ScriptedPrinter(jobs=True, odd={"N-DELETE film": soon})
    with printing(printer, job(wait=LONG), stop=stop) as to:
        assert not news(list(to.run(shots(two[0]))))
    assert isinstance(to.error, Interrupted)


@pytest.mark.parametrize(("number", "remarks"), [(1, []), (2, ["the printer reports WARNING: SUPPLY LOW"])])
def test_events_of_the_printer_are_told(two: list[Path], number: int, remarks: list[str]) -> None:
    def report(talk: Conversation, _number: int) -> None:
        data = encode(keyed(PrinterStatusInfo=("SUPPLY LOW",)), wire.EXPLICIT_LE)
        context = printer.contexts[PRINT_GRAYSCALE]
        talk.send(event(number, data, sop_class=PRINTER, instance=PRINTER, context=context))

    printer = ScriptedPrinter(odd={"N-ACTION film": report})
    assert said(run(printer, job(), shots(two[0]))) == remarks


def test_events_of_other_classes_are_refused(two: list[Path]) -> None:
    answered: list[int] = []

    def report(talk: Conversation, _number: int) -> None:
        talk.send(event(1, sop_class="1.2.840.10008.1.20.1", context=printer.contexts[PRINT_GRAYSCALE]))
        answered.append(talk.read_message().number(0x900))

    printer = ScriptedPrinter(odd={"N-ACTION film": report})
    run(printer, job(), shots(two[0]))
    assert answered == [0x0118]
