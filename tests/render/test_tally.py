from __future__ import annotations

import pytest

from dimsetools.errors import (
    Aborted,
    ConnectionLost,
    ExitCode,
    InputError,
    InputUnreadable,
    Interrupted,
    LimitReached,
    NoContext,
    Rejected,
)
from dimsetools.render.tally import Tally
from dimsetools.services.selection import Skipped
from dimsetools.services.store import Stored
from tests.render.storing import lost, refused, sent

LOST = ConnectionLost("gone")
ABORTED = Aborted("no more", source=0, reason=0)
REJECTED = Rejected("no", result=1, source=1, reason=3)
INVALID = Skipped("x", InputError("text"))
UNREADABLE = Skipped("y", InputUnreadable("closed"))
EXPECTED = Skipped("DICOMDIR", InputError("a list"), expected=True)


def code(*happened: Stored | Skipped, strict: bool = False) -> int:
    tally = Tally()
    for one in happened:
        if isinstance(one, Skipped):
            tally.skip(one)
        else:
            tally.add(one)
    return tally.exit_status(strict=strict)


@pytest.mark.parametrize(
    ("happened", "expected"),
    [
        ([sent()], 0),
        ([sent(status=0xB000)], 0),
        ([refused()], 1),
        ([refused(), refused(status=0xC000)], 1),
        ([sent(), refused()], 3),
        ([lost(NoContext("none"))], 66),
        ([sent(), lost(NoContext("none"))], 3),
        ([refused(), lost(NoContext("none"))], 66),
        ([sent(), lost(LOST), lost(LOST, tries=0)], 62),
        ([sent(), lost(ABORTED)], 61),
        ([sent(), refused(), lost(LOST)], 62),
        ([lost(REJECTED, tries=0)], 61),
        ([sent(), lost(LimitReached("late"), tries=0)], 75),
        ([sent(), lost(Interrupted("stop"), tries=0)], 130),
        ([sent(), INVALID], 22),
        ([sent(), UNREADABLE], 20),
        ([sent(), UNREADABLE, INVALID], 22),
        ([INVALID], 23),
        ([UNREADABLE], 20),
        ([UNREADABLE, INVALID], 23),
        ([sent(), EXPECTED], 0),
        ([sent(), refused(), INVALID], 3),
        ([refused(), INVALID], 1),
        ([sent(), lost(InputUnreadable("became shorter"))], 3),
    ],
)
def test_exit_status(happened: list[Stored | Skipped], expected: int) -> None:
    assert code(*happened) == expected


def test_strict_is_about_warnings_alone() -> None:
    assert code(sent(status=0xB000), sent(), strict=True) == 68
    assert code(sent(), strict=True) == 0
    assert code(sent(status=0xB000), refused(), strict=True) == 3


def test_counts() -> None:
    tally = Tally()
    outcomes = [
        tally.add(one) for one in (sent(), sent(status=0xB000), refused(), lost(LOST), lost(LOST, tries=0))
    ]
    tally.skip(INVALID)
    tally.skip(EXPECTED)
    assert outcomes == ["ok", "warning", "failed", "failed", "failed"]
    assert (tally.objects, tally.sent, tally.warnings, tally.failed, tally.unsent) == (5, 2, 1, 2, 1)
    assert (tally.skipped, tally.bytes) == (1, 4000)


def test_a_kind_of_failure_is_explained_once() -> None:
    tally = Tally()
    for one in (refused("a"), refused("b", status=0xC000), refused("c"), lost(LOST, "d"), lost(LOST, "e")):
        tally.add(one)
    found = tally.explanations("PACS@x:1", ExitCode.FAILURE)
    told = [(error.name, int(error.exit_code), where) for error, where in found]
    assert told == [
        ("failure-status", 1, "a and 1 more"),
        ("failure-status", 1, "b"),
        ("connection-lost", 1, "PACS@x:1"),
    ]
