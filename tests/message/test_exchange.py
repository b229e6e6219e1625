"""Requests and answers over one association: matched, and broken off where they do not fit."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from dimsetools.association.association import Association
from dimsetools.association.trace import Record, Tracer
from dimsetools.errors import NoAnswer, ProtocolError
from dimsetools.message import exchange as module
from dimsetools.message.command import Response
from dimsetools.message.composite import CCancelRq, CEchoRq, CFindRq, CFindRsp, CStoreRsp
from dimsetools.message.exchange import Exchange
from dimsetools.message.sinks import NullSink
from dimsetools.message.sources import BytesSource
from tests.association.ends import AMPLE, accepting, call
from tests.message.objects import DATA, ct, image, stored
from tests.scripted import wire
from tests.scripted.conversation import (
    Conversation,
    Step,
    accept,
    closed,
    echo,
    expect,
    expect_message,
    release,
    send,
    store,
)
from tests.scripted.peers import scripted_client, scripted_server

FIND = "1.2.840.10008.5.1.4.1.2.2.1"

# -- asking ------------------------------------------------------------------------------------------


def test_requests_are_numbered_and_answered() -> None:
    with scripted_server([accept(), echo(), store(0xB000), echo(0x0122), release()]) as peer:
        association = call(peer.port)
        exchange = Exchange(association)
        verification = association.contexts[1]
        first = exchange.call(verification, CEchoRq())
        assert (first.command.status, first.data, first.context) == (0, None, verification)
        second = exchange.call(ct(association), image(), BytesSource(DATA))
        assert isinstance(second.command, CStoreRsp)
        assert (second.command.status, second.command.affected_sop_instance_uid) == (0xB000, "1.2.1")
        assert exchange.call(verification, CEchoRq()).command.status == 0x0122
        assert exchange.outstanding == 0
        association.release()
        peer.finish()
    assert [message.message_id for message in peer.first.messages] == [1, 2, 3]
    assert peer.first.messages[1].data == DATA


def test_message_ids_go_around_and_skip_those_in_use() -> None:
    with scripted_server([accept(), release()]) as peer, call(peer.port) as association:
        exchange = Exchange(association)
        exchange._last_id = 65534
        exchange._outstanding = {65535: (1, CEchoRq()), 1: (1, CEchoRq())}
        assert exchange._next_id() == 2


def answers(*numbers: int) -> Step:
    """Step: answer these C-STORE requests, in this order."""

    def step(talk: Conversation) -> None:
        for number in numbers:
            talk.send(wire.message(wire.store_rsp(number), context=3))

    return step


def test_answers_may_come_in_any_order() -> None:
    window = wire.item(0x53, b"\0\3\0\1")
    stored = expect_message(wire.C_STORE_RQ)
    script = [accept(more=window), stored, stored, stored, answers(2, 3, 1), release()]
    with scripted_server(script) as peer:
        association = call(peer.port, async_window=8)
        exchange = Exchange(association)
        assert exchange.window == 3
        for number in range(3):
            exchange.submit(ct(association), image(number), BytesSource(b"data"))
        assert exchange.outstanding == 3
        found = [exchange.collect() for _ in range(3)]
        assert [answer.request.message_id for answer in found] == [2, 3, 1]
        assert [getattr(answer.request, "affected_sop_instance_uid") for answer in found] == [  # noqa: B009
            "1.2.1",
            "1.2.2",
            "1.2.0",
        ]
        assert exchange.outstanding == 0
        association.release()


def test_a_window_without_a_limit_is_one_of_ours() -> None:
    script = [accept(more=wire.item(0x53, b"\0\0\0\0")), release()]
    with scripted_server(script) as peer, call(peer.port, async_window=0) as association:
        assert Exchange(association).window == module.UNLIMITED_WINDOW


def test_the_same_answer_twice_is_a_violation() -> None:
    script = [accept(), expect_message(wire.C_STORE_RQ), answers(1, 1), expect(wire.ABORT), closed()]
    with scripted_server(script) as peer:
        association = call(peer.port)
        exchange = Exchange(association)
        assert exchange.call(ct(association), image(), BytesSource(b"x")).command.status == 0
        with pytest.raises(ProtocolError, match="answered a message 1 that was not asked"):
            exchange.collect()
        peer.finish()


def find_rsp(status: int, data: bytes | None = None) -> bytes:
    command = wire.command_set(
        wire.ui(2, FIND),
        wire.us(0x100, 0x8020),
        wire.us(0x120, 1),
        wire.us(0x800, 0x0101 if data is None else 1),
        wire.us(0x900, status),
    )
    return wire.message(command, data)


def finding(*responses: bytes) -> list[Step]:
    return [accept(), expect_message(0x0020), send(b"".join(responses))]


def test_pending_answers_come_with_their_identifiers_until_the_last() -> None:
    script = finding(find_rsp(0xFF00, b"one"), find_rsp(0xFF01, b""), find_rsp(0))
    with scripted_server([*script, release()]) as peer, call(peer.port) as association:
        exchange = Exchange(association)
        context = association.contexts[1]
        exchange.submit(context, CFindRq(affected_sop_class_uid=FIND), BytesSource(b"query"))
        found = [exchange.collect()]
        assert exchange.outstanding == 1
        found += [exchange.collect(), exchange.collect()]
        assert exchange.outstanding == 0
    assert [(answer.command.status, answer.data) for answer in found] == [
        (0xFF00, b"one"),
        (0xFF01, b""),
        (0, None),
    ]


def test_a_cancel_names_the_operation_in_its_context() -> None:
    script = [*finding(find_rsp(0xFF00, b"one")), expect_message(0x0FFF), send(find_rsp(0xFE00)), release()]
    with scripted_server(script) as peer, call(peer.port) as association:
        exchange = Exchange(association)
        answer = exchange.call(
            association.contexts[1], CFindRq(affected_sop_class_uid=FIND), BytesSource(b"query")
        )
        exchange.cancel(answer.context, answer.request.message_id)
        assert exchange.collect().command.status == 0xFE00
    cancel = peer.first.messages[1]
    assert (cancel.number(0x120), cancel.number(0x800), cancel.context) == (1, 0x0101, 1)
    assert 0x110 not in cancel.command


def test_an_identifier_without_an_end_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "IDENTIFIER_CAP", 1000)
    script = [*finding(find_rsp(0xFF00, bytes(1001))), expect(wire.ABORT), closed()]
    with scripted_server(script) as peer:
        association = call(peer.port)
        with pytest.raises(ProtocolError, match="longer than the 1000 bytes"):
            Exchange(association).call(
                association.contexts[1], CFindRq(affected_sop_class_uid=FIND), BytesSource(b"query")
            )
        peer.finish()


BROKEN = {
    "a release between fragments": wire.p_data(wire.pdv(b"one", last=False)) + wire.release_rq(),
    "a command between fragments": wire.p_data(wire.pdv(b"one", last=False), wire.pdv(b"x", command=True)),
    "another context": wire.p_data(wire.pdv(b"one", last=False), wire.pdv(b"x", context=3)),
}


@pytest.mark.parametrize("rest", BROKEN.values(), ids=BROKEN)
def test_a_data_set_that_breaks_off_is_a_violation(rest: bytes) -> None:
    command = find_rsp(0xFF00, b"")[: -len(wire.p_data(wire.pdv(b"")))]
    with scripted_server([*finding(command + rest), expect(wire.ABORT), closed()]) as peer:
        association = call(peer.port)
        with pytest.raises(ProtocolError, match="broke off a data set"):
            Exchange(association).call(
                association.contexts[1], CFindRq(affected_sop_class_uid=FIND), BytesSource(b"query")
            )
        peer.finish()


# -- answering ---------------------------------------------------------------------------------------


def test_an_unknown_command_is_answered_and_the_association_goes_on() -> None:
    unknown = wire.command_set(wire.us(0x100, 0x0200), wire.us(0x110, 9), wire.us(0x800, 1))
    with accepting(stored) as acceptor, scripted_client(acceptor.port) as talk:
        talk.send(wire.associate_rq(max_pdu=20) + wire.message(unknown, DATA))
        talk.expect(wire.ASSOCIATE_AC)
        refusal = talk.read_message()
        assert (refusal.number(0x100), refusal.number(0x120), refusal.number(0x900)) == (0x8200, 9, 0x0211)
        assert all(len(pdu.body) <= 20 for pdu in talk.received[1:])  # the least that was announced
        talk.send(wire.message(wire.echo_rq()) + wire.release_rq())
        assert talk.read_message().number(0x900) == 0
        talk.close()
        assert len(acceptor.result()) == 1


def test_a_cancel_is_handed_over() -> None:
    cancel = wire.command_set(wire.us(0x100, 0x0FFF), wire.us(0x120, 5), wire.us(0x800, 0x0101))
    with accepting(stored) as acceptor, scripted_client(acceptor.port) as talk:
        talk.send(wire.associate_rq() + wire.message(cancel) + wire.release_rq())
        talk.expect(wire.ASSOCIATE_AC)
        talk.expect(wire.RELEASE_RP)
        talk.close()
        [(incoming, _, _)] = acceptor.result()
    assert incoming.command == CCancelRq(5)


def test_answers_may_have_data_sets() -> None:
    def serve(association: Association) -> None:
        exchange = Exchange(association)
        incoming = exchange.next_request()
        assert incoming is not None
        exchange.read_data(incoming, NullSink())
        assert isinstance(incoming.command, CFindRq)
        exchange.respond(incoming, incoming.command.answer(0xFF00), BytesSource(b"match"))
        exchange.respond(incoming, incoming.command.answer(0))
        assert exchange.next_request() is None
        association.release()

    with accepting(serve) as acceptor, call(acceptor.port) as association:
        exchange = Exchange(association)
        first = exchange.call(
            association.contexts[1], CFindRq(affected_sop_class_uid=FIND), BytesSource(b"query")
        )
        assert (first.command, first.data) == (CFindRsp(1, 0xFF00, FIND), b"match")
        last: Response = exchange.collect().command
        assert last.status == 0


WRONG_REQUESTS = {
    "a store without a data set": (
        wire.command_set(
            wire.ui(2, wire.CT_IMAGE),
            wire.us(0x100, 1),
            wire.us(0x110, 1),
            wire.us(0x700, 0),
            wire.us(0x800, 0x0101),
            wire.ui(0x1000, "1.2"),
        ),
        "sent a C-STORE-RQ without its data set",
    ),
    "an echo with one": (
        wire.command_set(
            wire.ui(2, wire.VERIFICATION), wire.us(0x100, 0x30), wire.us(0x110, 1), wire.us(0x800, 1)
        ),
        "sent a C-ECHO-RQ with a data set",
    ),
    "a cancel with one": (
        wire.command_set(wire.us(0x100, 0x0FFF), wire.us(0x120, 1), wire.us(0x800, 1)),
        "sent a C-CANCEL-RQ with a data set",
    ),
    "a response": (wire.echo_rsp(), "sent a C-ECHO-RSP to a request that was not made"),
    "an unknown response": (
        wire.command_set(wire.us(0x100, 0x8200), wire.us(0x110, 1), wire.us(0x800, 0x0101)),
        "unknown Command Field 8200H",
    ),
    "a malformed one": (wire.store_rq()[:-1], "is longer than its command set"),
}


@pytest.mark.parametrize(("command", "words"), WRONG_REQUESTS.values(), ids=WRONG_REQUESTS)
def test_a_wrong_request_is_aborted(command: bytes, words: str) -> None:
    with accepting(stored) as acceptor, scripted_client(acceptor.port) as talk:
        talk.send(wire.associate_rq() + wire.message(command))
        talk.expect(wire.ASSOCIATE_AC)
        assert talk.expect(wire.ABORT).body == bytes(4)
        talk.close()
        error = acceptor.error()
    assert isinstance(error, ProtocolError)
    assert words in error.message


def test_a_release_within_a_command_set_is_a_violation() -> None:
    half = wire.p_data(wire.pdv(wire.echo_rq()[:20], command=True, last=False))
    with accepting(stored) as acceptor, scripted_client(acceptor.port) as talk:
        talk.send(wire.associate_rq() + half + wire.release_rq())
        talk.expect(wire.ASSOCIATE_AC)
        talk.expect(wire.ABORT)
        talk.close()
        assert "release inside a command set" in str(acceptor.error())


def test_a_data_set_that_does_not_come_is_not_waited_for_as_long_as_a_request() -> None:
    timeouts = AMPLE._replace(idle=None, dimse=0.2)
    with accepting(stored, timeouts=timeouts) as acceptor, scripted_client(acceptor.port) as talk:
        talk.send(wire.associate_rq() + wire.p_data(wire.pdv(wire.store_rq(), command=True)))
        talk.expect(wire.ASSOCIATE_AC)
        talk.expect(wire.ABORT)
        talk.close()
        assert isinstance(acceptor.error(), NoAnswer)


# -- ahead of its turn -------------------------------------------------------------------------------


def test_a_request_can_be_prepared_before_the_answer_to_the_last_one() -> None:
    with scripted_server([accept(), store(), store(), release()]) as peer, call(peer.port) as association:
        exchange = Exchange(association)
        exchange.submit(ct(association), image(1), BytesSource(b"one"))
        prepared = exchange.prepare(ct(association), image(2), BytesSource(DATA))
        assert exchange.collect().request.message_id == 1
        exchange.dispatch(prepared)
        assert exchange.collect().request.message_id == 2
    assert [message.data for message in peer.first.messages] == [b"one", DATA]


# -- traces ------------------------------------------------------------------------------------------


def traced(phi: bool, run: Callable[[Tracer], None]) -> list[Record]:
    records: list[Record] = []
    run(Tracer(records.append, phi=phi))
    return [record for record in records if record["_event"] in ("message", "fragment", "data-set")]


@pytest.mark.parametrize("phi", [True, False])
def test_messages_are_traced_in_the_order_of_the_wire(phi: bool) -> None:
    def run(tracer: Tracer) -> None:
        script = [accept(), store(0xA700), release()]
        with scripted_server(script) as peer, call(peer.port, tracer=tracer) as association:
            Exchange(association).call(ct(association), image(), BytesSource(b"Doe^Jane"))

    records = traced(phi, run)
    told = [(record["_event"], record["direction"]) for record in records]
    data_set = [("data-set", "sent")] if phi else []
    assert told == [
        ("message", "sent"),
        ("fragment", "sent"),
        ("fragment", "sent"),
        *data_set,
        ("fragment", "received"),
        ("message", "received"),
    ]
    assert records[0]["message"] == "C-STORE-RQ"
    assert records[0]["AffectedSOPInstanceUID"] == "1.2.1"
    assert records[-1]["Status"] == "A700"
    assert (b"Doe".hex() in repr(records)) == phi


def test_received_data_sets_are_traced_on_request_only() -> None:
    for phi in (True, False):

        def run(tracer: Tracer) -> None:
            with accepting(stored, tracer=tracer) as acceptor, scripted_client(acceptor.port) as talk:
                talk.send(
                    wire.associate_rq() + wire.message(wire.store_rq(), b"Doe^Jane") + wire.release_rq()
                )
                talk.expect(wire.ASSOCIATE_AC)
                talk.read_message()
                talk.close()
                acceptor.result()

        assert (b"Doe".hex() in repr(traced(phi, run))) == phi
