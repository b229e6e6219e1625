from __future__ import annotations

from typing import Any

import pytest

from dimsetools.errors import (
    ConnectionLost,
    DimseError,
    ExitCode,
    LimitReached,
    NoAnswer,
    StatusFailure,
    SubOperationsFailed,
    Unreachable,
)
from dimsetools.render.retrieve_tally import Tally
from dimsetools.services.retrieve import Counts, Retrieved, Wanted
from dimsetools.services.verify import Verified

WANTED = Wanted("STUDY", {})


def failed(partly: bool = False) -> DimseError:
    error = SubOperationsFailed("1 of 2", status=0xB000, service="C-GET")
    if partly:
        error.exit_code = ExitCode.PARTIAL
    return error


def ended(error: DimseError | None = None, counts: Counts = Counts(0, 2), **more: Any) -> Retrieved:  # noqa: B008
    return Retrieved(WANTED, 0, counts, 0.1, error)._replace(**more)


def status(*events: Retrieved, strict: bool = False, empty: bool = False, tally: Tally | None = None) -> int:
    tally = tally or Tally()
    for event in events:
        tally.ended(event)
    return tally.exit_status(strict=strict, error_on_empty=empty)


@pytest.mark.parametrize(
    ("events", "code"),
    [
        ((), 0),
        ((ended(),), 0),
        ((ended(failed()),), 69),
        ((ended(failed(partly=True)),), 3),
        ((ended(), ended(failed())), 3),
        ((ended(StatusFailure("no", status=0xA801)),), 1),
        ((ended(), ended(StatusFailure("no", status=0xA801))), 3),
        ((ended(ConnectionLost("gone")),), 62),
        ((ended(), ended(ConnectionLost("gone"))), 62),
        ((ended(), ended(LimitReached("over"))), 75),
        ((ended(Unreachable("down")),), 60),
        ((ended(refused=1),), 3),
    ],
)
def test_the_exit_status(events: tuple[Retrieved, ...], code: int) -> None:
    assert status(*events) == code


def test_warnings_count_only_if_that_is_asked_for() -> None:
    odd = ended(counts=Counts(0, 1, 0, 1))
    assert (status(odd), status(odd, strict=True)) == (0, 68)
    assert status(ended(status=0xB000), strict=True) == 68


def test_nothing_found_is_an_error_only_if_that_is_asked_for() -> None:
    nothing = ended(counts=Counts())
    assert (status(nothing), status(nothing, empty=True), status(ended(), empty=True)) == (0, 4, 0)


def test_a_full_disk_is_our_failure_whatever_the_peer_says() -> None:
    tally = Tally()
    tally.landed({"_bytes": 5}, 0)
    tally.landed({"_bytes": 5}, 0xA700)
    assert status(ended(failed(partly=True)), tally=tally) == 40
    assert (tally.objects, tally.refused, tally.size) == (1, 1, 5)


def test_another_refusal_of_ours_is_a_failed_sub_operation() -> None:
    tally = Tally()
    tally.landed({"_bytes": 5}, 0xC000)
    assert status(ended(failed()), tally=tally) == 69


def test_missing_instances_make_success_partial() -> None:
    tally = Tally()
    tally.verified(Verified(WANTED, 3, ("1",), 1))
    assert status(ended(), tally=tally) == 3
    tally = Tally()
    tally.verified(Verified(WANTED, 0, (), 0, NoAnswer("silent")))
    assert status(tally=tally) == 62


def test_lines_that_name_nothing_are_input_that_is_invalid() -> None:
    tally = Tally()
    tally.unreadable()
    assert tally.exit_status(strict=False, error_on_empty=False) == 23
    assert status(ended(), tally=tally) == 22


def test_what_ended_the_run_counts_most() -> None:
    tally = Tally()
    tally.ended_by(NoAnswer("silent"))
    assert status(ended(failed()), tally=tally) == 62
    ((error, where),) = [found for found in tally.explanations("PACS", ExitCode.LOST) if found[1] == "PACS"]
    assert isinstance(error, NoAnswer)
    assert (where, error.exit_code) == ("PACS", 62)
