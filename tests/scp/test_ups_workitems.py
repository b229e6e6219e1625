"""What is kept of workitems, how long, and through restarts and crashes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dimsetools.archive.ledger import Ledger
from dimsetools.archive.objects import Durability
from dimsetools.dataset.normalized import UPS_GLOBAL
from dimsetools.scp.ups_workitems import KIND
from tests.scp.node import Node
from tests.scp.performing import LOCK, OTHER_LOCK, UID, UNSUBSCRIBE, Desk, desk, keeping
from tests.scp.workitems import PERFORMED

DAY = 86400.0


class Clock:
    """A clock that a test sets."""

    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def node(clock: Clock) -> Iterator[Node]:
    with Ledger(None) as ledger, keeping(ledger, "FAR@127.0.0.1:1", keep=2 * DAY, clock=clock) as node:
        yield node


@pytest.fixture
def at(node: Node) -> Iterator[Desk]:
    with desk(node) as at:
        yield at


def complete(at: Desk, uid: str = UID) -> None:
    at.create(uid)
    assert at.change("IN PROGRESS", uid=uid) == 0
    at.set(uid, UnifiedProcedureStepPerformedProcedureSequence=[PERFORMED], TransactionUID=LOCK)
    assert at.change("COMPLETED", uid=uid) == 0


def look(at: Desk) -> None:
    """Make the node look for workitems that need not be kept."""
    at.act(UNSUBSCRIBE, UPS_GLOBAL, ReceivingAE="NEVER-WAS")


def test_a_workitem_is_kept_for_a_while_after_its_end(at: Desk, clock: Clock) -> None:
    complete(at, "1.1")
    at.create("1.2")
    at.create("1.3")
    at.change("IN PROGRESS", uid="1.3")
    clock.now += 2 * DAY - 1
    look(at)
    assert at.get(uid="1.1")[0] == 0
    clock.now += DAY
    look(at)
    assert at.get(uid="1.1")[0] == 0xC307
    assert [at.state("1.2"), at.state("1.3")] == ["SCHEDULED", "IN PROGRESS"]


def test_a_deletion_lock_keeps_a_workitem(at: Desk, clock: Clock) -> None:
    complete(at)
    assert at.subscribe("FAR", lock=True) == 0
    clock.now += 100 * DAY
    look(at)
    assert at.state() == "COMPLETED"
    assert at.subscribe("FAR", lock=False) == 0
    clock.now += DAY
    look(at)
    assert at.get()[0] == 0xC307


def test_a_global_deletion_lock_keeps_what_came_before_and_after(at: Desk, clock: Clock) -> None:
    complete(at, "1.1")
    at.subscribe("FAR", UPS_GLOBAL, lock=True)
    complete(at, "1.2")
    clock.now += 100 * DAY
    look(at)
    assert [at.state("1.1"), at.state("1.2")] == ["COMPLETED", "COMPLETED"]
    at.act(UNSUBSCRIBE, "1.1", ReceivingAE="FAR")
    clock.now += DAY
    look(at)
    assert at.get(uid="1.1")[0] == 0xC307
    assert at.state("1.2") == "COMPLETED"


def test_what_need_not_be_kept_goes_at_the_start(tmp_path: Path, clock: Clock) -> None:
    with Ledger(str(tmp_path), durability=Durability.NONE) as ledger:
        with keeping(ledger, keep=DAY, clock=clock) as node, desk(node) as at:
            complete(at)
        clock.now += 2 * DAY
        with keeping(ledger, keep=DAY, clock=clock):
            assert ledger.get(KIND, UID) is None


def test_claims_and_subscriptions_outlive_the_node(tmp_path: Path) -> None:
    with Ledger(str(tmp_path)) as ledger, keeping(ledger, "FAR@127.0.0.1:1") as node, desk(node) as at:
        at.create()
        at.subscribe("FAR", UPS_GLOBAL, lock=True)
        at.change("IN PROGRESS")
    with Ledger(str(tmp_path)) as ledger, keeping(ledger, "FAR@127.0.0.1:1") as node, desk(node) as at:
        assert at.state() == "IN PROGRESS"
        assert at.set(ProcedureStepLabel="Mine", TransactionUID=OTHER_LOCK) == 0xC301
        assert at.set(ProcedureStepLabel="Mine", TransactionUID=LOCK) == 0
        at.create("1.2")
        assert [due.sop_instance for due in ledger.due()] == [UID, UID, UPS_GLOBAL, "1.2"]
