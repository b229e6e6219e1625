from __future__ import annotations

import io
import json

import pytest

from dimsetools.association.values import Peer
from dimsetools.dataset.commitments import Reference
from dimsetools.errors import (
    DimseError,
    ExitCode,
    InputError,
    InputUnreadable,
    Interrupted,
    NoAnswer,
    NoContext,
    StatusFailure,
)
from dimsetools.render.commitment import (
    COLUMNS,
    Asked,
    Named,
    Tally,
    Telling,
    combined,
    line,
    record,
    rehearsal,
    row,
    summary_line,
)
from dimsetools.render.line import rendered
from dimsetools.render.output import Output
from dimsetools.render.progress import Progress
from dimsetools.services.commitment import Opened, Standing, Taken
from dimsetools.services.examine import Remark
from dimsetools.services.selection import Skipped
from dimsetools.services.transactions import Fate, NotMentioned, Verdict, not_committed
from tests.render.storing import CT, TARGET

ONE = Reference(CT, "1.2.3")
LATE = NoAnswer("nothing came", hint="wait")
KEPT = Verdict(ONE, "2.25.1", Fate.COMMITTED, None, "ARCHIVE", 0.0125)
FAILED = Verdict(ONE, "2.25.1", Fate.FAILED, not_committed(0x0112), seconds=0.0125)
SILENT = Verdict(ONE, "2.25.1", Fate.UNANSWERED, LATE)
UNMENTIONED = Verdict(ONE, "2.25.1", Fate.UNMENTIONED, NotMentioned("not in it"))


def refused(error: DimseError) -> Verdict:
    return Verdict(ONE, "2.25.1", Fate.REFUSED, error)


def tally(*verdicts: Verdict) -> Tally:
    made = Tally()
    for verdict in verdicts:
        made.add(verdict, "in/a.dcm")
    return made


def test_an_instance_as_a_record() -> None:
    assert tuple(record(KEPT, "in/a.dcm")) == COLUMNS
    told = record(KEPT, "in/a.dcm")
    assert (told["_event"], told["_path"], told["_commitment"]) == ("committed", "in/a.dcm", "committed")
    assert (told["_ms"], told["_transaction"], told["RetrieveAETitle"]) == (12.5, "2.25.1", "ARCHIVE")
    told = record(FAILED, "")
    assert (told["_event"], told["_path"], told["_status"]) == ("not-committed", None, "0112")
    assert (told["_code"], told["_message"]) == ("not-committed", "the peer does not have the instance")
    assert (record(SILENT, "")["_commitment"], record(SILENT, "")["_ms"]) == ("no-answer", None)


@pytest.mark.parametrize(
    ("verdict", "path", "said"),
    [
        (KEPT, "in/a.dcm", "committed      in/a.dcm  from ARCHIVE"),
        (KEPT._replace(retrieve_aet=""), "", "committed      1.2.3"),
        (
            FAILED,
            "",
            "not committed  1.2.3  0112 no-such-object-instance: the peer does not have the instance",
        ),
        (SILENT, "in/a.dcm", "unanswered     in/a.dcm  nothing came"),
        (
            refused(StatusFailure("no", status=0x0131, service="N-ACTION")),
            "",
            "not committed  1.2.3  0131 duplicate-transaction-uid: no",
        ),
    ],
)
def test_an_instance_as_a_line(verdict: Verdict, path: str, said: str) -> None:
    assert rendered(line(verdict, path), color=False) == said


def test_an_instance_as_a_row() -> None:
    assert row(KEPT, "in/a.dcm")[:2] == ("in/a.dcm (commitment)", "ok")
    assert (row(FAILED, "").name, row(FAILED, "").outcome, row(FAILED, "").code) == (
        "1.2.3 (commitment)",
        "failed",
        "not-committed",
    )


@pytest.mark.parametrize(
    ("verdicts", "code"),
    [
        ((KEPT, KEPT), 0),
        ((KEPT, FAILED), 3),
        ((KEPT, SILENT), 3),
        ((FAILED, FAILED), 1),
        ((UNMENTIONED,), 1),
        ((SILENT,), 62),
        ((FAILED, SILENT), 62),
        ((refused(NoContext("no")),), 66),
        ((KEPT, refused(Interrupted("x"))), 130),
        ((), 0),
    ],
)
def test_the_exit_status(verdicts: tuple[Verdict, ...], code: int) -> None:
    assert tally(*verdicts).exit_status() == code


@pytest.mark.parametrize(
    ("stored", "committed", "code"),
    [
        (0, 0, 0),
        (68, 0, 68),
        (3, 0, 3),
        (22, 0, 22),
        (0, 3, 3),
        (0, 62, 62),
        (68, 62, 62),
        (3, 3, 3),
        (61, 3, 61),
        (3, 62, 62),
        (22, 1, 1),
    ],
)
def test_the_exit_status_of_storing_and_committing(stored: int, committed: int, code: int) -> None:
    assert combined(ExitCode(stored), ExitCode(committed)) == code


@pytest.mark.parametrize(
    ("verdicts", "said"),
    [
        ((KEPT,), "1 object committed by PACS@pacs:104 in 12.0 ms"),
        (
            (KEPT, FAILED, SILENT),
            "1 of 3 objects committed by PACS@pacs:104 in 12.0 ms  1 not committed  1 unanswered",
        ),
    ],
)
def test_the_totals_as_a_line(verdicts: tuple[Verdict, ...], said: str) -> None:
    assert rendered(summary_line(tally(*verdicts), TARGET, 0.012), color=False) == said


def told(*events: object, brief: bool = False, verbosity: int = 0) -> tuple[str, str]:
    """What is said on stdout and stderr."""
    out, err = io.StringIO(), io.StringIO()
    with Output("table", verbosity=verbosity, stdout=out, stderr=err) as output:
        telling = Telling(output, None, {"1.2.3": "in/a.dcm"}, brief=brief)
        for event in events:
            telling.event(event)  # type: ignore[arg-type]  # of whatever kind
    return out.getvalue(), err.getvalue()


def test_a_run_as_it_goes() -> None:
    peer = Peer("PACS", "pacs", 104, "1.2", "SOFT_1", 16384, confirmed=False)
    out, err = told(Opened(peer), Taken("2.25.1", 2, 0.1), Remark("", "odd"), KEPT, FAILED, verbosity=1)
    assert [text[:13] for text in out.splitlines()] == ["committed    ", "not committed"]
    assert "associated with SOFT_1" in err
    assert "PACS did not confirm the user identity" in err
    assert "asked for 2 objects in transaction 2.25.1: accepted" in err
    assert "warning: odd" in err


def test_how_far_it_is_is_shown() -> None:
    reached: list[tuple[int, int, int]] = []

    class Watched(Progress):
        def reach(self, ok: int, warnings: int, failed: int) -> None:
            reached.append((ok, warnings, failed))

    telling = Telling(Output("table", stdout=io.StringIO(), stderr=io.StringIO()), None, {}, brief=True)
    telling.event(Standing(1, 0))  # nobody looks
    telling.watch(Watched(3, 0, lambda _: None, lambda: None, 0.0, 0.0))
    telling.event(Standing(1, 2))
    assert reached == [(1, 0, 2)]


def test_a_person_sees_what_is_not_committed() -> None:
    out, err = told(KEPT, FAILED, SILENT, refused(NoContext("no")), UNMENTIONED, brief=True)
    assert [text.split("in/a.dcm  ")[1] for text in out.splitlines()] == [
        "0112 no-such-object-instance: the peer does not have the instance",
        "not in it",
    ]
    assert err == ""


def test_each_kind_of_failure_is_explained_once() -> None:
    out, err = io.StringIO(), io.StringIO()
    with Output("json", stdout=out, stderr=err) as output:
        made = tally(FAILED, FAILED, SILENT, KEPT)
        Asked(made, 2.0).end(output, TARGET, {"_sent": 4, "_exit": 0}, ExitCode.PARTIAL)
    errors = [json.loads(text) for text in out.getvalue().splitlines()]
    assert [(one["_event"], one.get("_node"), one["_exit"]) for one in errors] == [
        ("error", "in/a.dcm and 1 more", 3),
        ("error", "PACS@pacs:104", 3),
        ("summary", None, 3),
    ]
    assert (errors[2]["_sent"], errors[2]["_committed"], errors[2]["_unanswered"]) == (4, 1, 1)
    assert err.getvalue().count("error[") == 2


def test_a_rehearsal() -> None:
    record_, said = rehearsal(TARGET, 7, 2)
    assert (record_["_event"], record_["_objects"], record_["_transactions"]) == ("would-commit", 7, 2)
    assert rendered(said, color=False) == (
        "would ask PACS@pacs:104 as ME to commit to 7 objects, in 2 transactions"
    )


def test_of_many_bad_lines_the_first_are_told() -> None:
    err = io.StringIO()
    with Output("table", stdout=io.StringIO(), stderr=err) as output:
        named = Named(output)
        named.bad_lines([InputError(f"line {number}: is no JSON") for number in range(1, 213)])
    said = err.getvalue().splitlines()
    assert (len(said), said[0], said[-1]) == (
        11,
        "warning: line 1: is no JSON",
        "warning: 202 more lines like that",
    )
    assert named.exit_status(ExitCode.OK) is ExitCode.INPUT_INVALID


def test_files_that_name_no_instance_count() -> None:
    err = io.StringIO()
    with Output("table", stdout=io.StringIO(), stderr=err) as output:
        named = Named(output)
        assert named.exit_status(ExitCode.OK) == 0
        named.remark(Remark("x", "odd"))
        named.skipped(Skipped("DICOMDIR", InputError("a list"), expected=True))
        assert err.getvalue() == ""
        named.skipped(Skipped("x", InputUnreadable("gone")))
        named.bad(InputError("line 3: is no JSON"))
    assert err.getvalue().splitlines() == ["warning: x: gone", "warning: line 3: is no JSON"]
    assert named.exit_status(ExitCode.OK) == 22
    assert named.exit_status(ExitCode.PARTIAL) == 3
