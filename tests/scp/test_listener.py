from __future__ import annotations

import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from dimsetools.dataset import commitments
from dimsetools.dataset.commitments import Reference, Report
from dimsetools.dataset.encode import encode
from dimsetools.dataset.normalized import UPS_EVENT, UPS_PUSH
from dimsetools.scp.listener import Listener
from dimsetools.scp.policy import Allowed
from dimsetools.services.normalized import Event
from tests.association.ends import AMPLE
from tests.peers import pynet
from tests.scp.node import Log
from tests.scripted import wire
from tests.scripted.conversation import Conversation
from tests.scripted.peers import scripted_client
from tests.services.committing import action_rq

COMMIT = commitments.PUSH_MODEL
SENT = commitments.report(Report("2.25.1", (Reference(wire.CT_IMAGE, "1.2.3"),)))
DATA = encode(SENT, wire.EXPLICIT_LE)
ROLE_SCP = wire.item(0x54, struct.pack(">H", len(COMMIT)) + COMMIT.encode() + b"\0\1")
UNKNOWN = "1.2.826.0.1.3680043.10.43.77"


class Ear:
    """Takes events and answers all of them with one status."""

    def __init__(self, status: int = 0) -> None:
        self.events: list[Event] = []
        self.status = status

    def __call__(self, event: Event) -> int:
        self.events.append(event)
        return event.status or self.status


@contextmanager
def listening(heard: Ear, log: Log | None = None, **more: Any) -> Iterator[int]:
    settings = {"title": "HERE", "port": 0, "bind": "127.0.0.1", **more}
    listener = Listener(heard, log=log or Log(), timeouts=AMPLE, max_pdu=16384, **settings)
    try:
        yield listener.start()[0][1]
    finally:
        listener.close()
        listener.close()


def event_rq(
    sop_class: str = COMMIT, instance: str = commitments.INSTANCE, number: int = 1, *, data: bool = True
) -> bytes:
    return wire.command_set(
        wire.ui(2, sop_class),
        wire.us(0x100, 0x0100),
        wire.us(0x110, 7),
        wire.us(0x800, 1 if data else wire.NO_DATA_SET),
        wire.ui(0x1000, instance),
        wire.us(0x1002, number),
    )


def associate(
    talk: Conversation, sop_class: str = COMMIT, *, called: bytes = b"HERE", more: bytes = b""
) -> bytes:
    """Ask for an association; the A-ASSOCIATE-AC, or nothing."""
    contexts = (wire.Context(1, sop_class, (wire.EXPLICIT_LE,)),)
    talk.send(wire.associate_rq(contexts, called=called, more=more))
    pdu = talk.read_pdu()
    return pdu.body if pdu.kind == wire.ASSOCIATE_AC else b""


def tell(talk: Conversation, command: bytes, data: bytes | None = DATA) -> int:
    """Send an event; the status that it is answered with."""
    talk.send(wire.message(command, data))
    answer = talk.read_message()
    assert (answer.number(0x100), answer.number(0x120)) == (0x8100, 7)
    return answer.number(0x900)


def release(talk: Conversation) -> None:
    talk.send(wire.release_rq())
    talk.expect(wire.RELEASE_RP)


@pytest.mark.parametrize("more", [b"", ROLE_SCP], ids=["without a role", "as SCP"])
def test_an_event_is_taken_and_answered(more: bytes) -> None:
    ear = Ear()
    with listening(ear) as port, scripted_client(port) as talk:
        answer = associate(talk, more=more)
        assert (ROLE_SCP in answer) == bool(more)
        assert tell(talk, event_rq()) == 0
        release(talk)
    (event,) = ear.events
    assert event == Event(
        COMMIT, commitments.INSTANCE, 1, SENT, None, 0, new_association=True, calling_aet="SCRIPT"
    )


def test_what_the_taker_says_is_answered() -> None:
    with listening(Ear(0x0115)) as port, scripted_client(port) as talk:
        associate(talk)
        assert tell(talk, event_rq()) == 0x0115
        comment = talk.last.command[0x902]
        assert b"not allowed" in comment


def test_pynetdicom_reports_as_the_scp() -> None:
    from pydicom import Dataset
    from pynetdicom import build_role

    ear = Ear()
    report = Dataset()
    report.TransactionUID = "2.25.7"
    with listening(ear) as port:
        ae = pynet.application_entity("ARCHIVE")
        ae.add_requested_context(COMMIT)
        role = build_role(COMMIT, scu_role=False, scp_role=True)
        association = ae.associate("127.0.0.1", port, ae_title="HERE", ext_neg=[role])
        assert association.is_established
        status, _ = association.send_n_event_report(report, 2, COMMIT, commitments.INSTANCE)
        association.release()
        ae.shutdown()
    assert status.Status == 0
    (event,) = ear.events
    assert (event.calling_aet, event.number) == ("ARCHIVE", 2)
    assert event.attributes is not None
    assert event.attributes[commitments.TRANSACTION].values == ("2.25.7",)


def test_an_event_may_have_no_data_set() -> None:
    ear = Ear()
    with listening(ear) as port, scripted_client(port) as talk:
        associate(talk, UNKNOWN)
        assert tell(talk, event_rq(UNKNOWN, "1.2.9", 77, data=False), None) == 0
    assert (ear.events[0].attributes, ear.events[0].number) == (None, 77)


def test_a_data_set_that_does_not_decode_is_told() -> None:
    ear = Ear()
    with listening(ear) as port, scripted_client(port) as talk:
        associate(talk)
        tell(talk, event_rq(), DATA[:-3] + b"\xff\xff")
    assert ear.events[0].error is not None
    assert ear.events[0].attributes is None


def test_a_data_set_that_is_too_long_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dimsetools.scp.listener.MOST", 16)
    ear = Ear()
    with listening(ear) as port, scripted_client(port) as talk:
        associate(talk)
        assert tell(talk, event_rq()) == 0x0213
    assert ear.events[0].error is not None


def test_the_context_must_be_one_of_the_class() -> None:
    ear = Ear()
    with listening(ear) as port, scripted_client(port) as talk:
        associate(talk)
        assert tell(talk, event_rq(UPS_PUSH, "1.2.5")) == 0x0122
    assert ear.events[0].status == 0x0122


def test_workitems_are_reported_under_a_class_of_their_own() -> None:
    ear = Ear()
    with listening(ear) as port, scripted_client(port) as talk:
        associate(talk, UPS_EVENT)
        assert tell(talk, event_rq(UPS_PUSH, "1.2.5")) == 0
    assert (ear.events[0].sop_class, ear.events[0].sop_instance) == (UPS_PUSH, "1.2.5")


def test_only_the_classes_that_are_wanted_are_taken() -> None:
    ear = Ear()
    with listening(ear, classes=[UPS_PUSH]) as port:
        with scripted_client(port) as talk:
            answer = associate(talk)
            assert wire.item(0x21, b"\1\0\3\0" + wire.item(0x40, wire.EXPLICIT_LE)) in answer
        with scripted_client(port) as talk:
            associate(talk, UPS_EVENT)
            assert tell(talk, event_rq()) == 0x0118
            assert tell(talk, event_rq(UPS_PUSH, "1.2.5")) == 0


def test_it_stores_nothing() -> None:
    with listening(Ear()) as port, scripted_client(port) as talk:
        answer = associate(talk, wire.CT_IMAGE)
        assert wire.item(0x21, b"\1\0\3\0" + wire.item(0x40, wire.EXPLICIT_LE)) in answer


def test_it_answers_an_echo() -> None:
    with listening(Ear()) as port, scripted_client(port) as talk:
        talk.send(wire.associate_rq(called=b"HERE"))
        talk.expect(wire.ASSOCIATE_AC)
        talk.send(wire.message(wire.echo_rq()))
        assert talk.read_message().number(0x900) == 0


def test_other_requests_are_not_recognized() -> None:
    with listening(Ear()) as port, scripted_client(port) as talk:
        associate(talk)
        talk.send(wire.message(action_rq(), DATA))
        assert talk.read_message().number(0x900) == 0x0211


def test_other_titles_and_addresses_are_not_let_in() -> None:
    log = Log()
    with listening(Ear(), log) as port, scripted_client(port) as talk:
        assert not associate(talk, called=b"THERE")
    with listening(Ear(), log, peer="192.0.2.1") as port, scripted_client(port) as talk:
        assert not associate(talk)
    log.wait("association-rejected", 2)


def test_the_peer_and_others_are_let_in() -> None:
    others = (Allowed.parse("SCRIPT@127.0.0.0/8"),)
    for more in ({"peer": "127.0.0.1"}, {"peer": "192.0.2.1", "others": others}, {"title": None}):
        with listening(Ear(), **more) as port, scripted_client(port) as talk:
            assert associate(talk, called=b"HERE" if more != {"title": None} else b"ANY")


def test_it_listens_on_this_machine_alone_for_a_peer_here() -> None:
    with listening(Ear(), bind=None, peer="127.0.0.1") as port, scripted_client(port) as talk:
        assert associate(talk)


def test_a_peer_may_ask_for_release_when_we_have_enough() -> None:
    ear = Ear()
    listener = Listener(ear, title=None, port=0, log=Log(), timeouts=AMPLE, max_pdu=16384, bind="127.0.0.1")
    with scripted_client(listener.start()[0][1]) as talk:
        associate(talk)
        tell(talk, event_rq())
        closing = threading.Thread(target=listener.close)
        closing.start()
        release(talk)
        closing.join()
