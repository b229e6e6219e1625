"""Requests of the N- services over one association, events between them, and peers that answer oddly."""

from __future__ import annotations

import socket
from threading import Timer
from time import monotonic
from typing import Any

import pytest

from dimsetools.association.stop import Stop
from dimsetools.association.values import Target
from dimsetools.dataset.attributes import Attribute, text
from dimsetools.dataset.elements import Malformed
from dimsetools.dataset.encode import encode
from dimsetools.dataset.keys import keyed
from dimsetools.dataset.normalized import CLASSES
from dimsetools.errors import (
    ConnectionLost,
    InputError,
    Interrupted,
    NoAnswer,
    NoContext,
    ProtocolError,
    StatusFailure,
)
from dimsetools.services import normalized, requests
from dimsetools.services.normalized import Event, Line, Manner, Reply
from tests.association.ends import AMPLE, BRIEF
from tests.peers import pynet
from tests.scripted import wire
from tests.scripted.conversation import accept, closed, expect, expect_message, release, send, stall
from tests.scripted.peers import scripted_server
from tests.services.normalizing import (
    COMMIT,
    MPPS,
    N_ACTION_RQ,
    N_ACTION_RSP,
    N_CREATE_RQ,
    N_CREATE_RSP,
    N_EVENT_RSP,
    N_GET_RQ,
    N_GET_RSP,
    answering,
    event,
    line,
    response,
)

STEP, COMMITMENT = CLASSES["mpps"], CLASSES["commit"]
CREATE = requests.create(STEP, "1.2.3", keyed(["PatientID=7"]))
GET = requests.get(CLASSES["mpps-retrieve"], "1.2.3")
REQUEST = requests.action(COMMITMENT, COMMITMENT.instance, 1, keyed(["TransactionUID=1.2"]))
DATA = encode(keyed(["PatientID=8"]), wire.EXPLICIT_LE)


def created(*more: bytes, status: int = 0, **fields: Any) -> Reply:
    """The reply to an N-CREATE which a scripted peer answers so."""
    answer = answering(
        N_CREATE_RQ, lambda number: response(N_CREATE_RSP, status, *more, number=number, **fields)
    )
    with scripted_server([accept(), answer, release()]) as peer, line(peer) as to:
        return to.ask(CREATE)


def test_a_reply_has_what_the_peer_said() -> None:
    reply = created(data=DATA)
    assert (reply.status, reply.sop_class, reply.sop_instance) == (0, MPPS, "1.2.3")
    assert reply.attributes is not None
    assert text(reply.attributes, 0x00100020) == "8"
    assert (reply.error, reply.remarks, reply.number) == (None, (), None)


def test_a_peer_may_answer_with_all_that_it_was_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(normalized, "IDENTIFIER_CAP", 10)
    sent = keyed(["PatientID=" + "7" * 50])
    data = encode(sent, wire.EXPLICIT_LE)
    answer = answering(N_CREATE_RQ, lambda number: response(N_CREATE_RSP, number=number, data=data))
    with scripted_server([accept(), answer, release()]) as peer, line(peer) as to:
        assert to.ask(requests.create(STEP, "1.2.3", sent)).attributes == sent
    with scripted_server([accept(), answer, expect(wire.ABORT)]) as peer:
        with line(peer) as to, pytest.raises(ProtocolError, match="longer than the 32 bytes"):
            to.ask(requests.create(STEP, "1.2.3", keyed(["PatientID=" + "7" * 14])))
        peer.finish()


def test_the_data_set_is_sent_in_the_agreed_transfer_syntax() -> None:
    step = answering(N_CREATE_RQ, lambda number: response(N_CREATE_RSP, number=number))
    with scripted_server([accept(), step, release()]) as peer, line(peer) as to:
        to.ask(requests.create(STEP, "1.2.3", {0x00100010: Attribute("PN", ("Größe",))}))
    assert peer.first.last.data == encode(
        keyed(["SpecificCharacterSet=ISO_IR 192", "PatientName=Größe"]), wire.EXPLICIT_LE
    )


def test_a_failure_has_comment_list_and_id() -> None:
    reply = created(
        wire.lo(0x902, "no name"),
        wire.us(0x903, 7),
        wire.element(0x1005, bytes.fromhex("10001000")),
        status=0x0120,
    )
    assert (reply.comment, reply.error_id, reply.identifiers) == ("no name", 7, (0x00100010,))
    assert isinstance(reply.error, StatusFailure)
    assert (reply.error.status, reply.error.service, reply.error.comment) == (0x0120, "N-CREATE", "no name")


@pytest.mark.parametrize(
    ("fields", "instance", "remark"),
    [
        ({"sop_class": "", "instance": ""}, "1.2.3", ""),
        ({"instance": "1.2.9"}, "1.2.9", "the answer is about instance 1.2.9, not 1.2.3"),
        (
            {"sop_class": COMMIT},
            "1.2.3",
            f"the answer is about SOP class {COMMIT}, which was not asked about",
        ),
    ],
)
def test_what_is_odd_and_tolerated_is_told(fields: dict[str, Any], instance: str, remark: str) -> None:
    reply = created(**fields)
    assert reply.sop_instance == instance
    assert reply.remarks == ((remark,) if remark else ())
    assert reply.error is None


def test_an_answer_that_does_not_name_the_new_instance_is_told() -> None:
    step = answering(N_CREATE_RQ, lambda number: response(N_CREATE_RSP, number=number, instance=""))
    with scripted_server([accept(), step, release()]) as peer, line(peer) as to:
        reply = to.ask(requests.create(STEP, None))
    assert (reply.sop_instance, reply.error) == ("", None)
    assert reply.remarks == ("the answer does not say which UID the new instance has",)


def test_a_data_set_that_does_not_decode_is_an_error_of_that_reply() -> None:
    reply = created(data=DATA[:-1])
    assert reply.attributes is None
    assert isinstance(reply.error, Malformed)


def test_several_requests_share_an_association() -> None:
    steps = [
        answering(N_CREATE_RQ, lambda number: response(N_CREATE_RSP, number=number)),
        answering(N_GET_RQ, lambda number: response(N_GET_RSP, number=number, context=3, data=DATA)),
    ]
    retrieve = CLASSES["mpps-retrieve"].uid
    with scripted_server([accept(), *steps, release()]) as peer, line(peer, MPPS, retrieve) as to:
        assert to.ask(CREATE).status == 0
        assert to.ask(GET).attributes == keyed(["PatientID=8"])
    assert not to.is_open
    assert len(peer.conversations) == 1


def test_a_class_that_the_peer_does_not_take_costs_only_its_requests() -> None:
    steps = [
        accept(wire.Result(1, 0, wire.EXPLICIT_LE), wire.Result(3, 3, wire.EXPLICIT_LE)),
        answering(N_CREATE_RQ, lambda number: response(N_CREATE_RSP, number=number)),
        release(),
    ]
    with scripted_server(steps) as peer, line(peer, MPPS, COMMIT) as to:
        with pytest.raises(NoContext, match="Storage Commitment"):
            to.ask(REQUEST)
        assert to.ask(CREATE).status == 0


def test_what_cannot_be_encoded_is_not_sent() -> None:
    step = answering(N_CREATE_RQ, lambda number: response(N_CREATE_RSP, number=number))
    with scripted_server([accept(), step, release()]) as peer, line(peer) as to:
        with pytest.raises(InputError):
            to.ask(requests.create(STEP, None, {0x00280010: Attribute("US", (70000,))}))
        assert to.ask(CREATE).status == 0


class Ear:
    """Hears events, and answers them with a status."""

    def __init__(self, status: int = 0) -> None:
        self.status = status
        self.events: list[Event] = []

    def __call__(self, event: Event) -> int:
        self.events.append(event)
        return self.status

    def has(self, count: int) -> bool:
        return len(self.events) >= count


def test_an_event_before_the_answer_is_heard_and_answered() -> None:
    ear = Ear(0x0110)
    steps = [
        accept(),
        expect_message(N_ACTION_RQ),
        send(event(2, DATA)),
        expect_message(N_EVENT_RSP),
        send(lambda talk: response(N_ACTION_RSP, sop_class=COMMIT, instance=COMMIT + ".1")),
        release(),
    ]
    with scripted_server(steps) as peer, line(peer, COMMIT, heard=ear) as to:
        assert to.ask(REQUEST).status == 0
    (heard,) = ear.events
    assert (heard.sop_class, heard.sop_instance, heard.number) == (COMMIT, COMMIT + ".1", 2)
    assert heard.attributes == keyed(["PatientID=8"])
    answer = peer.first.messages[1]
    assert (answer.number(0x900), answer.number(0x120), answer.number(0x1002)) == (0x0110, 7, 2)


def test_events_are_waited_for() -> None:
    ear = Ear()
    steps = [
        accept(),
        send(event(1)),
        expect_message(N_EVENT_RSP),
        send(event(2, DATA[:-1])),
        expect_message(N_EVENT_RSP),
        release(),
    ]
    with scripted_server(steps) as peer, line(peer, COMMIT, heard=ear) as to:
        to.open()
        assert to.wait(monotonic() + 20, lambda: ear.has(2))
    assert [heard.number for heard in ear.events] == [1, 2]
    assert isinstance(ear.events[1].error, Malformed)


def test_what_never_comes_is_waited_for_no_longer_than_wanted() -> None:
    with scripted_server([accept(), release()]) as peer, line(peer, COMMIT) as to:
        to.open()
        assert not to.wait(monotonic() + 0.05, lambda: False)


def test_a_bell_ends_the_wait_even_when_the_association_has_ended() -> None:
    heard, rung = socket.socketpair()
    ended: list[bool] = []

    def done() -> bool:
        ended.append(not to.is_open)
        if ended[-1]:
            rung.send(b"\0")
        return len(ended) > 1 and ended[-2]

    steps = [accept(), send(wire.release_rq()), expect(wire.RELEASE_RP)]
    with heard, rung, scripted_server(steps) as peer, line(peer, COMMIT) as to:
        to.open()
        assert to.wait(monotonic() + 20, done, heard.fileno())


def test_without_another_way_the_end_of_the_association_is_a_failure() -> None:
    steps = [accept(), send(wire.release_rq()), expect(wire.RELEASE_RP)]
    with scripted_server(steps) as peer, line(peer, COMMIT) as to:
        to.open()
        with pytest.raises(ConnectionLost):
            to.wait(monotonic() + 20, lambda: False)


def test_a_signal_ends_the_wait() -> None:
    stop = Stop()
    timer = Timer(0.05, stop.request)
    with scripted_server([accept(), closed()]) as peer, line(peer, COMMIT, stop=stop) as to:
        to.open()
        timer.start()
        with pytest.raises(Interrupted):
            to.wait(None, lambda: False)
    stop.close()


def test_another_request_of_the_peer_is_refused() -> None:
    steps = [
        accept(),
        expect_message(N_CREATE_RQ),
        send(wire.message(wire.echo_rq(9))),
        expect_message(wire.C_ECHO_RSP),
        send(lambda talk: response(N_CREATE_RSP)),
        release(),
    ]
    with scripted_server(steps) as peer, line(peer) as to:
        assert to.ask(CREATE).status == 0
    assert peer.first.messages[1].number(0x900) == 0x0211


@pytest.mark.parametrize(
    ("steps", "error"),
    [
        ([send(response(N_GET_RSP)), closed()], ProtocolError),
        ([send(response(N_CREATE_RSP, number=9)), closed()], ProtocolError),
        ([send(wire.release_rq()), closed()], ConnectionLost),
        ([stall()], NoAnswer),
    ],
    ids=["another type", "another number", "release", "nothing"],
)
def test_what_is_no_answer_ends_the_association(steps: list[Any], error: type[Exception]) -> None:
    timeouts = BRIEF if error is NoAnswer else AMPLE
    with scripted_server([accept(), expect_message(N_CREATE_RQ), *steps]) as peer:
        with pytest.raises(error), line(peer, timeouts=timeouts) as to:
            to.ask(CREATE)
        assert not to.is_open
    assert len(peer.conversations) == 1  # nothing is sent twice


def test_a_peer_that_does_not_let_go_is_told() -> None:
    with scripted_server([accept(), expect(wire.RELEASE_RQ), stall()]) as peer:
        to = line(peer, timeouts=BRIEF)
        to.open()
        (remark,) = to.close()
    assert remark.endswith("did not answer the request for release")


def test_pynetdicom_answers_each_service() -> None:
    from pydicom import Dataset
    from pynetdicom import evt
    from pynetdicom.presentation import build_context

    sent = Dataset()
    sent.PatientID = "8"

    def answer(_event: Any) -> tuple[int, Dataset]:
        return 0x0000, sent

    handlers = [
        (evt.EVT_N_CREATE, answer),
        (evt.EVT_N_SET, answer),
        (evt.EVT_N_GET, answer),
        (evt.EVT_N_ACTION, answer),
        (evt.EVT_N_EVENT_REPORT, answer),
        (evt.EVT_N_DELETE, lambda _event: 0x0000),
    ]
    wanted = [
        requests.create(STEP, "1.2.3", keyed(["PatientID=8"])),
        requests.get(STEP, "1.2.3", (0x00100010, 0x00100020)),
        requests.set_(STEP, "1.2.3", keyed(["PatientID=8"])),
        requests.action(COMMITMENT, COMMITMENT.instance, 1, keyed(["TransactionUID=1.2"])),
        requests.delete(CLASSES["film-session"], "1.2.3"),
    ]
    contexts = dict.fromkeys(name for one in wanted for name in one.contexts)
    with pynet.acceptor(handlers, contexts=[build_context(name) for name in contexts]) as acceptor:
        target = Target(acceptor.host, acceptor.port, called_aet=acceptor.aet, timeouts=AMPLE)
        with Line(target, Manner(), tuple(contexts)) as to:
            replies = [to.ask(one) for one in wanted]
    assert [reply.status for reply in replies] == [0] * 5
    assert [reply.attributes for reply in replies[:4]] == [keyed(["PatientID=8"])] * 4
    assert replies[4].attributes is None
