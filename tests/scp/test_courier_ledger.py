"""What the courier does while the ledger cannot be read or written, as on a full disk."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from dimsetools.archive.ledger import Due, Ledger, LedgerFailed
from dimsetools.config import load
from dimsetools.dataset.keys import keyed
from dimsetools.scp import courier as couriers
from dimsetools.scp.destinations import Destinations
from tests.scp.test_courier import COMMIT, Ris, listening, sending
from tests.scripted.peers import refusing_port


def test_a_ledger_that_fails_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(couriers, "_AFTER_FAILURE", 0.01)
    ris = Ris()
    real = Ledger.first_due
    failures = iter(range(2))

    def first_due(ledger: Ledger) -> list[Due]:
        if next(failures, None) is not None:
            raise LedgerFailed("no luck")
        return real(ledger)

    monkeypatch.setattr(Ledger, "first_due", first_due)
    with listening(ris) as acceptor, sending(acceptor.address) as sent:
        sent.post("1.1")
        sent.log.wait("report-delivered")
        assert sent.log.wait("ledger-failed", 2)[0]["_reason"] == "no luck"


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """While it is set, the disk is full: what came of a report cannot be written down."""
    monkeypatch.setattr(couriers, "_AFTER_FAILURE", 0.02)
    real, event = Ledger.change, threading.Event()

    def change(ledger: Ledger) -> Any:
        if event.is_set():
            raise LedgerFailed("database or disk is full")
        return real(ledger)

    monkeypatch.setattr(Ledger, "change", change)
    return event


def test_what_was_delivered_and_cannot_be_written_down_is_not_sent_again(full: threading.Event) -> None:
    ris = Ris()
    with listening(ris) as acceptor, sending(acceptor.address) as sent:
        with sent.ledger.change() as pages:
            for instance in ("1.1", "1.2"):
                pages.post("RIS", COMMIT, instance, 1, keyed([f"PatientID={instance}"]))
        full.set()
        sent.courier.wake()
        sent.log.wait("ledger-failed", 5)
        assert ris.heard.qsize() == 1
        full.clear()
        records = sent.log.wait("report-delivered", 2)
        assert [record["SOPInstanceUID"] for record in records] == ["1.1", "1.2"]
        assert [ris.next()[0], ris.next()[0]] == ["1.1", "1.2"]
        assert ris.heard.empty()


def test_a_failure_that_cannot_be_written_down_is_not_followed_by_calls(full: threading.Event) -> None:
    called = []

    class Calls(Destinations):
        def find(self, aet: str, own_aet: str) -> Any:
            called.append(aet)
            return super().find(aet, own_aet)

    with refusing_port() as port, sending(f"RIS@127.0.0.1:{port}") as sent:
        sent.courier._destinations = Calls(load(environ={}), [f"RIS@127.0.0.1:{port}"])
        with sent.ledger.change() as pages:
            pages.post("RIS", COMMIT, "1.1", 1, None)
        full.set()
        sent.courier.wake()
        sent.log.wait("ledger-failed", 5)
        assert called == ["RIS"]
        full.clear()
        assert sent.log.wait("report-failed")[0]["_attempts"] == 1
