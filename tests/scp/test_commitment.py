from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from dimsetools.archive.index import Index, IndexFailed
from dimsetools.archive.ledger import Ledger, LedgerFailed
from dimsetools.archive.objects import Durability, ObjectStore
from dimsetools.dataset import commitments
from dimsetools.dataset.commitments import Failure, Reference, Report
from dimsetools.scp import commitment as module
from dimsetools.scp.commitment import ACCEPTED, CHECKED, KIND, Commitment
from dimsetools.scp.kept import Archive
from tests.corpus import CT_IMAGE, EXPLICIT_LE, make_dataset
from tests.scp.node import Log, Node
from tests.scp.normalizing import asking, dataset, serving

PUSH, INSTANCE = commitments.PUSH_MODEL, commitments.INSTANCE
MR_IMAGE = "1.2.840.10008.5.1.4.1.1.4"


class Kept:
    """An archive with an index and a ledger in a folder, and the service over them."""

    def __init__(self, folder: Path, *, synced: bool = True) -> None:
        self.folder = folder
        self.log = Log()
        self.woken = Event()
        self.store = ObjectStore(str(folder), durability=Durability.NONE)
        self.index = self.store.index = Index(str(folder), durability=Durability.NONE)
        self.ledger = Ledger(None)
        self.synced = synced
        self.service = self.make()

    def make(self) -> Commitment:
        """A service over the same ledger, as after a restart."""
        self.woken.clear()
        archive = Archive(self.store, self.index, self.synced)
        return Commitment(self.ledger, archive, self.woken.set, self.log)

    def keep(self, *numbers: int) -> list[Reference]:
        """Store objects."""
        kept = []
        for number in numbers:
            uid = f"1.2.3.{number}"
            incoming = self.store.incoming(CT_IMAGE, uid, EXPLICIT_LE, calling_aet="A", called_aet="B")
            incoming.write(memoryview(make_dataset(number, instance=uid)))
            incoming.commit()
            kept.append(Reference(CT_IMAGE, uid))
        return kept

    def path(self, reference: Reference) -> Path:
        return self.folder / f"{reference.sop_instance}.dcm"

    def reported(self) -> Report:
        """The report that waits to be delivered, as soon as it is there."""
        assert self.woken.wait(20), self.log.records
        (due,) = self.ledger.due()
        assert (due.sop_class, due.sop_instance) == (PUSH, INSTANCE)
        assert due.attributes is not None
        told = commitments.read_report(due.attributes)
        assert due.event == told.event
        return told


@contextmanager
def keeping(folder: Path, **more: Any) -> Iterator[tuple[Kept, Node]]:
    kept = Kept(folder, **more)
    try:
        with serving(kept.service) as node:
            kept.service.start()
            yield kept, node
    finally:
        kept.service.close()
        kept.ledger.close()
        kept.store.close()
        kept.index.close()


def ask(
    node: Node,
    *wanted: Reference,
    transaction: str | None = "2.25.1",
    instance: str = INSTANCE,
    number: int = 1,
    items: list[dict[str, str]] | None = None,
) -> Any:
    """Ask by an N-ACTION; the response."""
    if items is None:
        items = [{"ReferencedSOPClassUID": one, "ReferencedSOPInstanceUID": uid} for one, uid in wanted]
    told = dataset(ReferencedSOPSequence=items)
    if transaction is not None:
        told.TransactionUID = transaction
    with asking(node, [PUSH]) as association:
        status, _ = association.send_n_action(told, number, PUSH, instance)
        return status


def test_what_is_there_is_committed_to(tmp_path: Path) -> None:
    with keeping(tmp_path) as (kept, node):
        wanted = kept.keep(1, 2)
        assert ask(node, *wanted).Status == 0
        assert kept.reported() == Report("2.25.1", tuple(wanted), (), "ANY-SCP")
        (entry,) = kept.ledger.entries(KIND)
        assert (entry.state, entry.attributes) == (CHECKED, {})
        (due,) = kept.ledger.due()
        assert due.aet == "ASKER"
        (record,) = kept.log.wait("commitment")
        assert (record["_committed"], record["_failed"]) == (2, 0)
        (asked,) = node.log.wait("normalized")
        assert (asked["TransactionUID"], asked["_instances"]) == ("2.25.1", 2)


def test_each_instance_that_is_not_in_order_fails_with_its_reason(tmp_path: Path) -> None:
    with keeping(tmp_path) as (kept, node):
        good, other, gone, short, replaced = kept.keep(1, 2, 3, 4, 5)
        kept.path(gone).unlink()
        os.truncate(kept.path(short), 700)
        kept.path(replaced).write_bytes(kept.path(good).read_bytes())
        other = other._replace(sop_class=MR_IMAGE)
        unknown = Reference(CT_IMAGE, "1.2.9")
        ask(node, good, other, gone, short, replaced, unknown, good)
        told = kept.reported()
        assert told.committed == (good,)
        assert told.failed == (
            Failure(other, 0x0119),
            Failure(gone, 0x0112),
            Failure(short, 0x0110),
            Failure(replaced, 0x0110),
            Failure(unknown, 0x0112),
        )
        assert len(kept.log.wait("not-committed", 3)) == 3


def test_more_than_the_index_is_asked_for_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_TOGETHER", 2)
    with keeping(tmp_path) as (kept, node):
        wanted = kept.keep(1, 2, 3, 4, 5)
        kept.path(wanted[3]).unlink()
        ask(node, *wanted)
        told = kept.reported()
        assert told.committed == (*wanted[:3], wanted[4])
        assert told.failed == (Failure(wanted[3], 0x0112),)


def test_what_was_not_synced_is_synced_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[str] = []
    real = os.fsync

    def fsync(descriptor: int) -> None:
        synced.append(os.readlink(f"/proc/self/fd/{descriptor}"))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    with keeping(tmp_path, synced=False) as (kept, node):
        (one,) = kept.keep(1)
        synced.clear()
        ask(node, one)
        assert kept.reported().committed == (one,)
    assert synced[:2] == [str(kept.path(one)), str(tmp_path)]


@pytest.mark.parametrize(("number", "reason"), [(5, 0x0110), (24, 0x0213), (2, 0x0112)])
def test_a_disk_that_fails_is_no_commitment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, reason: int
) -> None:
    with keeping(tmp_path) as (kept, node):
        (one,) = kept.keep(1)

        def fail(path: str) -> int:
            raise OSError(number, os.strerror(number))

        monkeypatch.setattr(kept.store, "open", fail)
        ask(node, one)
        assert kept.reported().failed == (Failure(one, reason),)


def test_a_sync_that_fails_is_no_commitment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with keeping(tmp_path, synced=False) as (kept, node):
        (one,) = kept.keep(1)

        def fail(_descriptor: int) -> None:
            raise OSError(5, "Input/output error")

        monkeypatch.setattr(os, "fsync", fail)
        ask(node, one)
        assert kept.reported().failed == (Failure(one, 0x0110),)


@pytest.mark.parametrize("error", [IndexFailed("the index failed", media=False), KeyError("x")])
def test_an_index_that_fails_is_no_commitment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    with keeping(tmp_path) as (kept, node):
        wanted = kept.keep(1, 2)

        def fail(*_: object) -> Iterator[object]:
            raise error

        monkeypatch.setattr(kept.index, "instances", fail)
        ask(node, *wanted)
        assert kept.reported().failed == tuple(Failure(one, 0x0110) for one in wanted)
        kept.log.wait("commitment-failed")


# -- requests that are refused ----------------------------------------------------------------------------

ONE = Reference(CT_IMAGE, "1.2.3.1")


@pytest.mark.parametrize(
    ("more", "status", "comment"),
    [
        ({"transaction": None}, 0x0115, "the Transaction UID is missing"),
        ({"transaction": ""}, 0x0115, "the Transaction UID is missing"),
        ({"instance": "1.2.840.10008.1.20.1.2"}, 0x0112, "not the well-known instance"),
        ({"number": 2}, 0x0123, "there is no action type 2"),
        ({"items": []}, 0x0115, "the Referenced SOP Sequence is missing or empty"),
        ({"items": [{"ReferencedSOPClassUID": CT_IMAGE}]}, 0x0115, "has an item without a UID"),
        ({"items": [{"ReferencedSOPInstanceUID": "1.2.3"}]}, 0x0115, "has an item without a UID"),
    ],
)
def test_a_request_that_breaks_the_table_is_refused(
    tmp_path: Path, more: dict[str, Any], status: int, comment: str
) -> None:
    with keeping(tmp_path) as (kept, node):
        answer = ask(node, ONE, **more)
        assert answer.Status == status
        assert comment in answer.ErrorComment
        assert list(kept.ledger.entries(KIND)) == []


def test_a_transaction_that_is_in_use_is_refused(tmp_path: Path) -> None:
    with keeping(tmp_path) as (kept, node):
        assert ask(node, ONE).Status == 0
        assert ask(node, ONE).Status == 0x0131
        kept.reported()
        assert ask(node, ONE).Status == 0x0131
        assert ask(node, ONE, transaction="2.25.2").Status == 0


def test_a_request_that_is_too_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    three = [Reference(CT_IMAGE, f"1.2.3.{number}") for number in range(3)]
    with keeping(tmp_path) as (kept, node):
        monkeypatch.setattr(module, "_INSTANCES", 2)
        answer = ask(node, *three)
        assert (answer.Status, answer.ErrorComment) == (
            0x0213,
            "more than 2 instances: ask in several requests",
        )
        assert ask(node, *three[:2], transaction="2.25.2").Status == 0
        monkeypatch.setattr(Commitment, "most", 64)
        answer = ask(node, ONE)
        assert (answer.Status, answer.ErrorComment) == (0x0213, "the data set has more than 64 bytes")
        assert [entry.uid for entry in kept.ledger.entries(KIND)] == ["2.25.2"]


def test_the_report_on_the_largest_request_can_be_read_again() -> None:
    failed = tuple(Failure(Reference("1.2", f"1.{number}"), 0x0112) for number in range(module._INSTANCES))
    told = Report("2.25.1", (), failed, "NODE")
    with Ledger(None) as ledger:
        with ledger.change() as pages:
            pages.post("ASKER", PUSH, INSTANCE, told.event, commitments.report(told))
        (due,) = ledger.due()
    assert commitments.read_report(due.attributes or {}) == told


def test_what_cannot_be_remembered_is_not_accepted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with keeping(tmp_path) as (kept, node):

        def change() -> None:
            raise LedgerFailed("disk full")

        monkeypatch.setattr(kept.ledger, "change", change)
        assert ask(node, ONE).Status == 0x0213


# -- over restarts ----------------------------------------------------------------------------------------


def test_what_was_accepted_is_checked_after_a_restart(tmp_path: Path) -> None:
    with keeping(tmp_path) as (kept, _):
        wanted = kept.keep(1, 2)
        kept.service.close()
        with serving(kept.make()) as idle:  # it does not check before it is started
            assert ask(idle, *wanted).Status == 0
            assert ask(idle, ONE, transaction="2.25.2").Status == 0
        assert [entry.state for entry in kept.ledger.entries(KIND)] == [ACCEPTED, ACCEPTED]
        kept.service = kept.make()
        kept.service.start()
        kept.log.wait("commitment", 2)
        told = [commitments.read_report(due.attributes or {}) for due in kept.ledger.due()]
        assert [one.transaction for one in told] == ["2.25.1", "2.25.2"]
        assert told[0].committed == tuple(wanted)


def test_the_end_breaks_a_check_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, go_on = Event(), Event()
    with keeping(tmp_path) as (kept, node):
        wanted = kept.keep(1, 2)
        real = kept.store.open

        def slow(path: str) -> int:
            begun.set()
            assert go_on.wait(20)
            return real(path)

        monkeypatch.setattr(kept.store, "open", slow)
        ask(node, *wanted)
        assert begun.wait(20)
        with kept.service._changed:
            kept.service._closed = True
        go_on.set()
        kept.service.close()
        assert [entry.state for entry in kept.ledger.entries(KIND)] == [ACCEPTED]
        assert kept.ledger.due() == []


def test_a_ledger_that_fails_for_a_while_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_AFTER_FAILURE", 0.01)
    with keeping(tmp_path) as (kept, node):
        real, failed = kept.ledger.entries, Event()

        def entries(kind: str, *, state: str | None = None) -> Any:
            if state == ACCEPTED and not failed.is_set():
                failed.set()
                raise LedgerFailed("busy")
            return real(kind, state=state)

        monkeypatch.setattr(kept.ledger, "entries", entries)
        ask(node, ONE)
        assert kept.reported().failed == (Failure(ONE, 0x0112),)
        assert failed.is_set()


def test_transactions_of_long_ago_are_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with keeping(tmp_path) as (kept, node):
        ask(node, ONE)
        kept.reported()
        kept.service.close()
        monkeypatch.setattr(module, "_REMEMBERED", -1.0)
        kept.service = kept.make()
        kept.service.start()
        with serving(kept.service) as again:
            assert ask(again, ONE, transaction="2.25.2").Status == 0
            kept.log.wait("commitment", 2)
        assert {entry.uid for entry in kept.ledger.entries(KIND)} == {"2.25.2"}
