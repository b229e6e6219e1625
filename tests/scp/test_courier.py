"""Reports reach their addressees: on associations of theirs and of ours, in order, and not only at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from queue import Queue
from time import monotonic
from typing import Any

import pytest

from dimsetools.archive.ledger import Due, Ledger
from dimsetools.archive.objects import Durability
from dimsetools.config import load
from dimsetools.dataset.keys import keyed
from dimsetools.scp import courier as couriers
from dimsetools.scp.courier import Courier
from dimsetools.scp.destinations import Destinations
from dimsetools.scp.posts import Posts
from tests.peers import pynet
from tests.scp.node import Log, Node
from tests.scp.normalizing import asking, serving
from tests.scp.test_posts import Commits, Events
from tests.scripted.peers import refusing_port, unanswered_port

COMMIT, NOTIFICATION = "1.2.840.10008.1.20.1", "1.2.840.10008.3.1.2.3.5"
LIMIT = 20.0


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let failures be tried again soon."""
    monkeypatch.setattr(couriers, "_FIRST_PAUSE", 0.02)
    monkeypatch.setattr(couriers, "_LONGEST_PAUSE", 0.1)


class Sent:
    """A courier at work, what it has to deliver, and its log."""

    def __init__(
        self, ledger: Ledger, posts: Posts, dest: Sequence[str], own_aet: str | None = "NODE"
    ) -> None:
        self.ledger = ledger
        self.log = Log()
        destinations = Destinations(load(environ={}), dest)
        self.courier = Courier(ledger, posts, destinations, self.log, own_aet=own_aet)

    def post(self, *instances: str, aet: str = "RIS", sop_class: str = COMMIT, due: float = 0.0) -> None:
        with self.ledger.change() as pages:
            for instance in instances:
                attributes = keyed([f"PatientID={instance}"])
                pages.post(aet, sop_class, instance, 1, attributes, due=due)
        self.courier.wake()

    def left(self) -> list[str]:
        return [due.sop_instance for due in self.ledger.due()]


@contextmanager
def sending(
    *dest: str, posts: Posts | None = None, ledger: Ledger | None = None, own_aet: str | None = "NODE"
) -> Iterator[Sent]:
    with ledger or Ledger(None) as opened:
        sent = Sent(opened, posts or Posts([COMMIT]), dest, own_aet)
        sent.courier.start()
        try:
            yield sent
        finally:
            sent.courier.close()


class Ris:
    """A pynetdicom AE that is told things."""

    def __init__(self, status: int = 0) -> None:
        self.status = status
        self.heard: Queue[tuple[str, str]] = Queue()
        self.callers: list[Any] = []
        self.released: Queue[Any] = Queue()

    def event(self, event: Any) -> tuple[int, None]:
        self.heard.put((str(event.request.AffectedSOPInstanceUID), event.event_information.PatientID))
        return self.status, None

    def next(self) -> tuple[str, str]:
        return self.heard.get(timeout=LIMIT)

    def handlers(self) -> list[Any]:
        from pynetdicom import evt

        return [
            (evt.EVT_N_EVENT_REPORT, self.event),
            (evt.EVT_ACCEPTED, lambda event: self.callers.append(event.assoc.requestor)),
            (evt.EVT_RELEASED, self.released.put),
        ]


@contextmanager
def listening(
    ris: Ris, *contexts: str, roles: bool = True, aet: str = "RIS", scu: str = ""
) -> Iterator[pynet.Acceptor]:
    """It grants us to be the SCP, of `scu` only the SCU; without `roles` it says nothing of that."""
    from pynetdicom import build_context

    def configure(ae: Any) -> None:
        ae.supported_contexts = []
        for name in contexts or (COMMIT,):
            if roles:
                ae.add_supported_context(name, scu_role=name == scu, scp_role=name != scu)
            else:
                ae.add_supported_context(name)

    offered = [build_context(name) for name in contexts or (COMMIT,)]
    with pynet.acceptor(ris.handlers(), aet=aet, contexts=offered, configure=configure) as acceptor:
        yield acceptor


# -- on an association of ours ------------------------------------------------------------------------


def test_many_reports_go_in_order_on_one_association() -> None:
    ris = Ris()
    names = [f"1.{number}" for number in range(20)]
    with listening(ris) as acceptor, sending(acceptor.address) as sent:
        sent.post(*names)
        assert [ris.next()[0] for _ in names] == names
        sent.log.wait("report-delivered", len(names))
        assert len(ris.callers) == 1


def test_whatever_the_answer_a_report_is_delivered_once() -> None:
    ris = Ris(status=0x0110)
    with listening(ris) as acceptor, sending(acceptor.address) as sent:
        sent.post("1.1")
        (record,) = sent.log.wait("report-delivered")
        assert record["_status"] == "0110"
        sent.post("1.2")
        sent.log.wait("report-delivered", 2)
        assert [ris.next()[0] for _ in range(2)] == ["1.1", "1.2"]
        assert ris.heard.empty()


def test_a_class_that_the_addressee_does_not_take_holds_up_no_other() -> None:
    ris = Ris()
    with listening(ris, COMMIT) as acceptor, sending(acceptor.address) as sent:
        sent.post("1.1", sop_class=NOTIFICATION)
        sent.post("1.2", "1.3")
        assert [ris.next()[0] for _ in range(2)] == ["1.2", "1.3"]
        failed = sent.log.wait("report-failed")
        assert {record["SOPInstanceUID"] for record in failed} == {"1.1"}
        assert "context" in str(failed[0]["_reason"])
        sent.log.wait("report-delivered", 2)
        assert sent.left() == ["1.1"]


def test_an_addressee_that_is_down_is_called_again() -> None:
    ris = Ris()
    with refusing_port() as port, sending(f"RIS@127.0.0.1:{port}") as sent:
        sent.post("1.1", "1.2")
        failed = sent.log.wait("report-failed", 3)
        assert [record["_attempts"] for record in failed[:3]] == [1, 2, 3]
        pauses = [float(str(record["_pause"])) for record in failed[:3]]
        assert pauses == sorted(pauses)
        assert {record["SOPInstanceUID"] for record in failed} == {"1.1"}  # those behind it wait
        assert sent.left() == ["1.1", "1.2"]
    assert ris.heard.empty()


def test_what_was_not_delivered_is_after_the_next_start(tmp_path: Path) -> None:
    ris = Ris()
    with (
        refusing_port() as port,
        sending(f"RIS@127.0.0.1:{port}", ledger=Ledger(str(tmp_path), durability=Durability.NONE)) as sent,
    ):
        sent.post("1.1", "1.2")
        sent.log.wait("report-failed")
    again = Ledger(str(tmp_path), durability=Durability.NONE)
    with listening(ris) as acceptor, sending(acceptor.address, ledger=again) as sent:
        assert [ris.next()[0] for _ in range(2)] == ["1.1", "1.2"]
        (first, _) = sent.log.wait("report-delivered", 2)
        assert int(str(first["_attempts"])) > 1


def test_a_report_goes_out_when_it_is_due() -> None:
    ris = Ris()
    with listening(ris, COMMIT, NOTIFICATION) as acceptor, sending(acceptor.address) as sent:
        sent.post("1.1", due=time.time() + 3600)
        sent.post("1.2", sop_class=NOTIFICATION)
        assert ris.next()[0] == "1.2"
        sent.log.wait("report-delivered")
        assert sent.left() == ["1.1"]


def test_one_addressee_that_does_not_answer_holds_up_no_other() -> None:
    ris = Ris()
    with (
        unanswered_port() as port,
        listening(ris) as acceptor,
        sending(f"SILENT@127.0.0.1:{port}", acceptor.address) as sent,
    ):
        sent.post("1.1", aet="SILENT")
        sent.post("1.2")
        assert ris.next()[0] == "1.2"
        sent.log.wait("report-delivered")
        started = monotonic()
        sent.courier.close()
        assert monotonic() - started < 2
        assert sent.left() == ["1.1"]
        assert [record["_event"] for record in sent.log.records] == ["report-delivered"]


def test_many_addressees_are_called_a_few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(couriers, "_AT_ONCE", 2)
    ris = Ris()
    with listening(ris) as acceptor:
        address = acceptor.address.partition("@")[2]
        names = [f"RIS{number}" for number in range(7)]
        with sending(*(f"{name}@{address}" for name in names)) as sent:
            for name in names:
                sent.post(name.replace("RIS", "1."), aet=name)
            delivered = sent.log.wait("report-delivered", len(names))
            assert {record["_destination"] for record in delivered} == {*names}
            assert sent.left() == []


# -- on an association of theirs ------------------------------------------------------------------------


@contextmanager
def at_node(on_event: Callable[[Any], Any]) -> Iterator[tuple[Node, Posts, Callable[[], Any]]]:
    """A node, its posts, and how RIS opens an association with it."""
    posts = Posts([COMMIT])
    with serving(Commits(posts), posts=posts) as node:
        yield node, posts, lambda: asking(node, [COMMIT], aet="RIS", on_event=on_event)


def test_an_open_association_is_preferred() -> None:
    events, ris = Events(), Ris()
    with (
        at_node(events) as (node, posts, opening),
        listening(ris) as acceptor,
        sending(acceptor.address, posts=posts) as sent,
        opening(),
    ):
        node.log.wait("association-opened")
        sent.post("1.1", "1.2", "1.3")
        assert [events.heard.get(timeout=LIMIT)[1] for _ in range(3)] == ["1.1", "1.2", "1.3"]
        sent.log.wait("report-delivered", 3)
        assert ris.callers == []
        assert sent.left() == []


def test_who_has_asked_for_something_else_is_passed_over_where_there_is_an_address() -> None:
    other, ris = Events(), Ris()
    with (
        at_node(other) as (node, posts, opening),
        listening(ris) as acceptor,
        sending(acceptor.address, posts=posts) as sent,
        opening(),
    ):
        node.log.wait("association-opened")
        posts.expect(1, "2.25.1")
        with sent.ledger.change() as pages:
            pages.post("RIS", COMMIT, "1.1", 1, keyed(["TransactionUID=2.25.2", "PatientID=7"]))
        sent.courier.wake()
        assert ris.next() == ("1.1", "7")
        sent.log.wait("report-delivered")
        assert other.heard.empty()


def test_who_has_no_address_is_told_when_it_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(couriers, "_FIRST_PAUSE", 3600.0)
    monkeypatch.setattr(couriers, "_LONGEST_PAUSE", 3600.0)
    events = Events()
    with at_node(events) as (_, posts, opening), sending(posts=posts) as sent:
        sent.post("1.1")
        (failed,) = sent.log.wait("report-failed")
        assert "no association open, and no address" in str(failed["_reason"])
        with opening():
            assert events.heard.get(timeout=LIMIT) == (1, "1.1")
            (record,) = sent.log.wait("report-delivered")
            assert record["_attempts"] == 2


def test_an_association_that_ends_before_the_answer_delivers_nothing() -> None:
    hears, goes_on = threading.Event(), threading.Event()
    ris = Ris()

    def slow(_event: Any) -> tuple[int, None]:
        hears.set()
        assert goes_on.wait(LIMIT)
        return 0, None

    with (
        at_node(slow) as (node, posts, opening),
        listening(ris) as acceptor,
        sending(acceptor.address, posts=posts) as sent,
        opening() as association,
    ):
        node.log.wait("association-opened")
        sent.post("1.1")
        assert hears.wait(LIMIT)
        association.abort()
        goes_on.set()
        (failed,) = sent.log.wait("report-failed")
        assert "ended before" in str(failed["_reason"])
        assert ris.next()[0] == "1.1"  # by calling it
        sent.log.wait("report-delivered")


def test_a_node_without_a_title_has_the_one_that_it_was_called_by(tmp_path: Path) -> None:
    """Also after a restart, and towards each AE its own."""
    ris, events = Ris(), Events()
    with listening(ris) as acceptor:
        ledger = Ledger(str(tmp_path), durability=Durability.NONE)
        with (
            at_node(events) as (_, posts, opening),
            sending(posts=posts, ledger=ledger, own_aet=None) as sent,
            opening(),
        ):
            sent.post("1.1")
            sent.log.wait("report-delivered")
        address = acceptor.address.partition("@")[2]
        again = Ledger(str(tmp_path), durability=Durability.NONE)
        with sending(acceptor.address, f"OTHER@{address}", ledger=again, own_aet=None) as sent:
            sent.post("1.2")
            sent.log.wait("report-delivered")
            sent.post("1.3", aet="OTHER")
            sent.log.wait("report-delivered", 2)
        assert [caller.ae_title for caller in ris.callers] == ["ANY-SCP", "DIMSE"]


# -- what does not work -----------------------------------------------------------------------------


def test_after_a_day_a_report_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(couriers, "GIVEN_UP", 0.0)
    with sending() as sent:
        sent.post("1.1", "1.2")
        given_up = sent.log.wait("report-given-up", 2)
        assert [record["SOPInstanceUID"] for record in given_up] == ["1.1", "1.2"]
        assert sent.left() == []


def test_a_mistake_of_ours_is_logged_and_holds_nothing_up_for_good(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("a mistake")

    monkeypatch.setattr(Destinations, "find", broken)
    with sending("RIS@127.0.0.1:1") as sent:
        sent.post("1.1")
        (failed, *_) = sent.log.wait("report-failed")
        assert failed["_reason"] == "ZeroDivisionError: a mistake"


def test_a_clock_that_was_set_back_holds_nothing_up_for_long() -> None:
    due = Due(1, "RIS", COMMIT, "1.1", 1, None, attempts=1, due=10_000.0)
    assert couriers._left(due, 9_999.95) == pytest.approx(0.05)
    assert couriers._left(due, 0.0) == couriers._LONGEST_PAUSE
    assert couriers._left(due._replace(attempts=0), 0.0) == 10_000.0  # it was to be sent then


def test_one_that_was_never_started_can_be_closed() -> None:
    with Ledger(None) as ledger:
        sent = Sent(ledger, Posts([COMMIT]), ())
        sent.courier.close()
