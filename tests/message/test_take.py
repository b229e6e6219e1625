"""Whatever comes next on an association: answers to us, and requests of the peer between them."""

from __future__ import annotations

import pytest

from dimsetools.association.association import Association
from dimsetools.errors import NoAnswer, ProtocolError
from dimsetools.message.composite import CCancelRq, CFindRq, CFindRsp, CGetRq, CGetRsp, CStoreRq
from dimsetools.message.exchange import Answer, Exchange, Incoming
from dimsetools.message.sinks import MemorySink, NullSink
from dimsetools.message.sources import BytesSource
from tests.association.ends import accepting, call
from tests.message.objects import DATA
from tests.scripted import wire
from tests.scripted.conversation import (
    accept,
    closed,
    expect,
    expect_message,
    release,
    send,
    stall,
)
from tests.scripted.peers import scripted_server

GET = "1.2.840.10008.5.1.4.1.2.2.3"
FIND = "1.2.840.10008.5.1.4.1.2.2.1"


def get_rsp(status: int, number: int = 1, data: bytes | None = None) -> bytes:
    command = wire.command_set(
        wire.ui(2, GET),
        wire.us(0x100, 0x8010),
        wire.us(0x120, number),
        wire.us(0x800, 0x0101 if data is None else 1),
        wire.us(0x900, status),
    )
    return wire.message(command, data)


def test_sub_operations_come_between_the_answers() -> None:
    script = [
        accept(),
        expect_message(0x0010),
        send(get_rsp(0xFF00) + wire.message(wire.store_rq(7), DATA, context=3)),
        expect_message(wire.C_STORE_RSP),
        send(get_rsp(0xB000, data=b"failed")),
        release(),
    ]
    with scripted_server(script) as peer, call(peer.port) as association:
        exchange = Exchange(association)
        exchange.submit(association.contexts[1], CGetRq(affected_sop_class_uid=GET), BytesSource(b"query"))
        first = exchange.take()
        assert isinstance(first, Answer)
        assert first.command == CGetRsp(1, 0xFF00, GET)
        incoming = exchange.take()
        assert isinstance(incoming, Incoming)
        assert isinstance(incoming.command, CStoreRq)
        assert incoming.context.abstract_syntax == wire.CT_IMAGE
        sink = MemorySink(len(DATA))
        exchange.read_data(incoming, sink)
        assert sink.value() == DATA
        exchange.respond(incoming, incoming.command.answer(0))
        last = exchange.take()
        assert isinstance(last, Answer)
        assert (last.command.status, last.data) == (0xB000, b"failed")
        assert exchange.outstanding == 0
    assert peer.first.messages[1].number(0x120) == 7


def test_a_peer_may_ask_for_release_instead() -> None:
    with scripted_server([accept(), send(wire.release_rq()), expect(wire.RELEASE_RP)]) as peer:
        association = call(peer.port)
        assert Exchange(association).take() is None
        association.release()
        peer.finish()


def test_what_is_taken_must_fit_what_was_asked() -> None:
    script = [
        accept(),
        expect_message(0x0010),
        send(get_rsp(0xFF00, number=9)),
        expect(wire.ABORT),
        closed(),
    ]
    with scripted_server(script) as peer:
        association = call(peer.port)
        exchange = Exchange(association)
        exchange.submit(association.contexts[1], CGetRq(affected_sop_class_uid=GET), BytesSource(b"query"))
        with pytest.raises(ProtocolError, match="answered a message 9 that was not asked"):
            exchange.take()
        peer.finish()


def test_nothing_is_waited_for_longer_than_wanted() -> None:
    with scripted_server([accept(), stall()]) as peer:
        exchange = Exchange(call(peer.port))
        with pytest.raises(NoAnswer, match=r"sent nothing for 0\.05 s"):
            exchange.take(0.05)


def test_an_acceptor_finds_the_cancel_between_its_answers() -> None:
    def serve(association: Association) -> list[object]:
        exchange = Exchange(association)
        incoming = exchange.next_request()
        assert incoming is not None
        assert isinstance(incoming.command, CFindRq)
        exchange.read_data(incoming, NullSink())
        assert not exchange.readable
        exchange.respond(incoming, incoming.command.answer(0xFF00), BytesSource(b"match"))
        found = exchange.take()
        assert isinstance(found, Incoming)
        exchange.respond(incoming, incoming.command.answer(0xFE00))
        assert exchange.take() is None
        association.release()
        return [found.command]

    with accepting(serve) as acceptor, call(acceptor.port) as association:
        exchange = Exchange(association)
        first = exchange.call(
            association.contexts[1], CFindRq(affected_sop_class_uid=FIND), BytesSource(b"query")
        )
        exchange.cancel(first.context, first.request.message_id)
        assert exchange.collect().command == CFindRsp(1, 0xFE00, FIND)
        association.release()
        assert acceptor.result() == [CCancelRq(1)]


def test_equal_answers_are_told_apart_by_what_they_answer() -> None:
    """The command sets of two matches are the same bytes; in another context they answer nothing."""

    def find_rsp(context: int) -> bytes:
        command = wire.command_set(
            wire.ui(2, FIND),
            wire.us(0x100, 0x8020),
            wire.us(0x120, 1),
            wire.us(0x800, 1),
            wire.us(0x900, 0xFF00),
        )
        return wire.message(command, b"match", context=context)

    script = [
        accept(),
        expect_message(0x0020),
        send(find_rsp(1) * 2 + find_rsp(3)),
        expect(wire.ABORT),
        closed(),
    ]
    with scripted_server(script) as peer:
        association = call(peer.port)
        exchange = Exchange(association)
        exchange.submit(association.contexts[1], CFindRq(affected_sop_class_uid=FIND), BytesSource(b"query"))
        assert [exchange.collect().data for _ in range(2)] == [b"match", b"match"]
        with pytest.raises(ProtocolError, match="answered in presentation context 3 what was asked in 1"):
            exchange.collect()
        peer.finish()


@pytest.mark.parametrize("fragment", [1, 2, 7, 100])
@pytest.mark.parametrize("together", [True, False])
def test_answers_are_the_same_however_they_come(fragment: int, together: bool) -> None:
    command = wire.command_set(
        wire.ui(2, FIND), wire.us(0x100, 0x8020), wire.us(0x120, 1), wire.us(0x800, 1), wire.us(0x900, 0xFF00)
    )
    pieces = [
        *(command[at : at + fragment] for at in range(0, len(command), fragment)),
        *(DATA[at : at + fragment] for at in range(0, 300, fragment)),
    ]
    commands = -(-len(command) // fragment)
    values = [
        wire.pdv(piece, command=number < commands, last=number in (commands - 1, len(pieces) - 1))
        for number, piece in enumerate(pieces)
    ]
    data = wire.p_data(*values) if together else b"".join(map(wire.p_data, values))
    with scripted_server([accept(), expect_message(0x0020), send(data * 3), stall()]) as peer:
        association = call(peer.port)
        exchange = Exchange(association)
        exchange.submit(association.contexts[1], CFindRq(affected_sop_class_uid=FIND), BytesSource(b"query"))
        length = sum(map(len, pieces[commands:]))
        assert [exchange.collect().data for _ in range(3)] == [DATA[:length]] * 3
        association.abort()
