"""Events on associations that peers have opened: between requests, one at a time, to whom they are for."""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack
from queue import Queue
from typing import Any, ClassVar

import pytest

from dimsetools.dataset import commitments
from dimsetools.dataset.attributes import Attribute
from dimsetools.dataset.encode import encode
from dimsetools.dataset.keys import keyed
from dimsetools.scp import posts as posting
from dimsetools.scp.normalized import Asked, Done, Service
from dimsetools.scp.posts import Posts, Report
from tests.scp.node import Node
from tests.scp.normalizing import CALLING, asking, dataset, serving
from tests.scripted import wire
from tests.scripted.peers import scripted_client
from tests.services.committing import action_rq

CLASS = "1.2.840.10008.1.20.1"
INSTANCE = CLASS + ".1"
LIMIT = 20.0


class Commits(Service):
    """Reports at once what it is asked for."""

    sop_classes = (CLASS,)
    contexts: ClassVar = {CLASS: b""}

    def __init__(self, posts: Posts) -> None:
        self.posts = posts
        self.told: Queue[int | None] = Queue()

    def action(self, asked: Asked) -> Done:
        """Report twice: while the request is under way, and when its answer is out."""

        def report() -> None:
            assert self.offer(asked, 2)

        assert self.offer(asked, 1)
        return Done(then=report)

    def offer(self, asked: Asked, number: int) -> bool:
        """Report to whoever asked."""
        report = Report(asked.caller.calling_aet, CLASS, INSTANCE, number, keyed(["PatientID=7"]))
        return self.posts.offer(report, (CLASS,), self.told.put)


def report(aet: str = CALLING, number: int = 1) -> Report:
    return Report(aet, CLASS, INSTANCE, number, None)


class Events:
    """What a pynetdicom peer has heard."""

    def __init__(self, status: int = 0) -> None:
        self.status = status
        self.heard: Queue[tuple[int, str]] = Queue()

    def __call__(self, event: Any) -> tuple[int, None]:
        data = event.event_information if event.request.EventInformation else None
        self.heard.put((event.event_type, data.PatientID if data else ""))
        return self.status, None


def opened(node: Node) -> None:
    node.log.wait("association-opened")


def test_events_follow_the_answer_of_their_request() -> None:
    posts, events = Posts([CLASS]), Events()
    commits = Commits(posts)
    with serving(commits, posts=posts) as node, asking(node, [CLASS], on_event=events) as peer:
        status, _ = peer.send_n_action(dataset(TransactionUID="1.2"), 1, CLASS, INSTANCE)
        assert status.Status == 0
        assert [events.heard.get(timeout=LIMIT) for _ in range(2)] == [(1, "7"), (2, "7")]
        assert [commits.told.get(timeout=LIMIT) for _ in range(2)] == [0, 0]


def test_an_event_reaches_a_peer_that_only_waits() -> None:
    posts, events = Posts([CLASS]), Events(status=0x0110)
    told: Queue[int | None] = Queue()
    with serving(Commits(posts), posts=posts) as node, asking(node, [CLASS], on_event=events):
        opened(node)
        assert posts.present(CALLING)
        assert posts.offer(report(), (CLASS,), told.put)
        assert events.heard.get(timeout=LIMIT) == (1, "")
        assert told.get(timeout=LIMIT) == 0x0110


def test_who_expects_a_report_gets_it_though_others_have_the_title() -> None:
    posts, events = Posts([CLASS]), [Events() for _ in range(3)]
    told: Queue[int | None] = Queue()
    with serving(Commits(posts), posts=posts) as node, ExitStack() as stack:
        for number, heard in enumerate(events, 1):
            stack.enter_context(asking(node, [CLASS], on_event=heard))
            node.log.wait("association-opened", number)
        posts.expect(2, "2.25.2")
        posts.expect(99, "2.25.2")  # has ended meanwhile
        posts.expect(3, "2.25.3")

        def asked(transaction: str) -> Report:
            return report()._replace(attributes=keyed([f"TransactionUID={transaction}", "PatientID=7"]))

        for transaction, strangers, number in (
            ("2.25.2", True, 2),
            ("2.25.9", True, 3),
            ("2.25.9", False, 1),
        ):
            assert posts.offer(asked(transaction), (CLASS,), told.put, strangers=strangers)
            assert events[number - 1].heard.get(timeout=LIMIT) == (1, "7")
            assert told.get(timeout=LIMIT) == 0
        posts.expect(1, "2.25.1")
        assert not posts.offer(asked("2.25.9"), (CLASS,), told.put, strangers=False)


def test_a_peer_is_given_time_to_take_in_that_it_was_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(posting, "_FIRST_WORD", 0.3)
    posts, events = Posts([CLASS]), Events()
    told: Queue[int | None] = Queue()
    posts.opened = lambda _aet, _called: told.put(-posts.offer(report(), (CLASS,), told.put))
    with serving(Commits(posts), posts=posts) as node:
        started = time.monotonic()
        with asking(node, [CLASS], on_event=events):
            assert events.heard.get(timeout=LIMIT) == (1, "")
            assert time.monotonic() - started > 0.3
            assert [told.get(timeout=LIMIT) for _ in range(2)] == [-1, 0]


def test_a_peer_has_the_first_word(monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits for it since before does not come between its first request and the answer."""
    monkeypatch.setattr(posting, "_FIRST_WORD", LIMIT)
    posts = Posts([CLASS])
    told: Queue[int | None] = Queue()
    posts.opened = lambda aet, _called: told.put(-posts.offer(report(aet), (CLASS,), told.put))
    with serving(Commits(posts), posts=posts) as node, scripted_client(node.port) as talk:
        talk.send(wire.associate_rq((wire.Context(1, CLASS, (wire.EXPLICIT_LE,)),)))
        talk.expect(wire.ASSOCIATE_AC)
        talk.send(wire.message(action_rq(), encode(commitments.request("2.25.1", ()), wire.EXPLICIT_LE)))
        assert [talk.read_message().number(0x100) for _ in range(2)] == [0x8130, 0x0100]
        talk.reset()
    assert told.get(timeout=LIMIT) == -1


def test_a_report_that_cannot_be_written_costs_no_association() -> None:
    posts, events = Posts([CLASS]), Events()
    told: Queue[int | None] = Queue()
    too_long = {0x00100020: Attribute("LO", ("x" * 65536,))}
    with serving(Commits(posts), posts=posts) as node, asking(node, [CLASS], on_event=events):
        opened(node)
        assert posts.offer(report()._replace(attributes=too_long), (CLASS,), told.put)
        assert posts.offer(report(number=2), (CLASS,), told.put)
        assert [told.get(timeout=LIMIT) for _ in range(2)] == [None, 0]
        assert events.heard.get(timeout=LIMIT) == (2, "")


def test_nobody_else_takes_it() -> None:
    posts = Posts([CLASS])
    with serving(Commits(posts), posts=posts) as node, asking(node, [CLASS], on_event=Events()):
        opened(node)
        assert not posts.present("SOMEBODY")
        assert not posts.offer(report("SOMEBODY"), (CLASS,), lambda _: None)
        assert not posts.offer(report(), ("1.2.3",), lambda _: None)
        assert not posts.offer(report(), (CLASS,), lambda _: None, association=7)
        told: Queue[int | None] = Queue()
        assert posts.offer(report(), ("1.2.3", CLASS), told.put, association=1)
        assert told.get(timeout=LIMIT) == 0


def test_the_end_of_an_association_is_told() -> None:
    posts = Posts([CLASS])
    hears, goes_on = threading.Event(), threading.Event()
    told: Queue[int | None] = Queue()

    def slow(_event: Any) -> tuple[int, None]:
        hears.set()
        assert goes_on.wait(LIMIT)
        return 0, None

    with serving(Commits(posts), posts=posts) as node, asking(node, [CLASS], on_event=slow) as peer:
        opened(node)
        for number in (1, 2):
            assert posts.offer(report(number=number), (CLASS,), told.put)
        assert hears.wait(LIMIT)
        peer.abort()
        goes_on.set()
        assert [told.get(timeout=LIMIT) for _ in range(2)] == [None, None]
        node.log.wait("association-closed")
        assert not posts.offer(report(), (CLASS,), told.put)


def test_a_peer_that_is_no_scu_of_the_class_gets_none() -> None:
    from pynetdicom import build_role

    posts = Posts([CLASS])
    role = build_role(CLASS, scp_role=True)
    with serving(Commits(posts), posts=posts) as node:
        with asking(node, [CLASS], ext_neg=[role], on_event=Events()):
            opened(node)
            assert not posts.offer(report(), (CLASS,), lambda _: None)
        node.log.wait("association-closed")
    assert not posts.present(CALLING)


def test_an_association_that_can_carry_no_event_has_no_post() -> None:
    posts = Posts(["1.2.3"])
    with serving(Commits(posts), posts=posts) as node, asking(node, [CLASS]):
        opened(node)
        assert not posts.present(CALLING)
