"""An open association: data in and out, and every way to end, by whichever side, within its time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from time import monotonic

import pytest

from dimsetools.association.association import Association
from dimsetools.association.stop import Stop
from dimsetools.association.values import Timeouts
from dimsetools.errors import (
    Aborted,
    ConnectionLost,
    DimseError,
    Interrupted,
    LimitReached,
    NoAnswer,
    ProtocolError,
)
from tests.association.ends import AMPLE, accepting, call
from tests.scripted import wire
from tests.scripted.conversation import (
    Conversation,
    Step,
    accept,
    close,
    closed,
    expect,
    release,
    reset,
    send,
    stall,
    wait_for,
)
from tests.scripted.peers import scripted_client, scripted_server


def everything(association: Association) -> list[tuple[int, int, bytes]]:
    """The PDVs that come until the peer asks for release."""
    found, data = [], b""
    while (fragment := association.receive(5)) is not None:
        data += fragment.data
        if fragment.ends:
            found.append((fragment.context_id, fragment.control, data))
            data = b""
    return found


# -- data in -----------------------------------------------------------------------------------------

PDVS = wire.p_data(
    wire.pdv(b"command", command=True),
    wire.pdv(b"", last=False),
    wire.pdv(bytes(range(256)), last=False),
    wire.pdv(b"", context=3),
) + wire.p_data(wire.pdv(b"again", context=3, command=True))
READ = [
    (1, 3, b"command"),
    (1, 0, b""),
    (1, 0, bytes(range(256))),
    (3, 2, b""),
    (3, 3, b"again"),
]


def test_values_come_out_as_they_went_in() -> None:
    with scripted_server([accept(), send(PDVS + wire.release_rq()), expect(wire.RELEASE_RP)]) as peer:
        association = call(peer.port)
        assert everything(association) == READ
        association.release()
        assert association.released_in_order
        peer.finish()


@pytest.mark.parametrize("size", [1, 2, 5, 6, 7, 11, 12, 13, 100])
def test_values_come_out_whatever_the_pieces_on_the_wire(size: int) -> None:
    whole = PDVS + wire.release_rq()

    def pieces(talk: Conversation) -> None:
        for start in range(0, len(whole), size):
            talk.send(whole[start : start + size])

    with scripted_server([accept(), pieces, expect(wire.RELEASE_RP)]) as peer:
        association = call(peer.port)
        assert everything(association) == READ
        association.release()


def test_a_pdu_of_any_length_streams_when_we_set_no_limit() -> None:
    size = 5_000_000

    def one_large_pdu(talk: Conversation) -> None:
        talk.send(wire.p_data(wire.pdv(bytes(size))) + wire.release_rq())

    with scripted_server([accept(), one_large_pdu, expect(wire.RELEASE_RP)]) as peer:
        association = call(peer.port, max_pdu=0)
        assert [len(data) for _, _, data in everything(association)] == [size]
        association.release()


VIOLATIONS = {
    "longer than announced": (wire.p_data(bytes(16385)), 6, "announced P-DATA-TF of 16385 bytes"),
    "4 GiB": (wire.p_data(b"", length=2**32 - 1), 6, "announced P-DATA-TF of 4294967295 bytes"),
    "an empty PDU": (wire.p_data(), 6, "sent a P-DATA-TF of 0 bytes"),
    "5 bytes": (wire.p_data(b"\0\0\0\2\1"), 6, "sent a P-DATA-TF of 5 bytes"),
    "PDV length 0": (wire.p_data(wire.pdv(b"", length=0)), 6, "PDV length of 0 bytes"),
    "PDV length 1": (wire.p_data(wire.pdv(b"", length=1)), 6, "PDV length of 1 bytes"),
    "PDV beyond its PDU": (wire.p_data(wire.pdv(b"x", length=4)), 6, "PDV length of 4 bytes"),
    "PDV of 4 GiB": (wire.p_data(wire.pdv(b"x", length=2**32 - 1)), 6, "PDV length of 4294967295 bytes"),
    "half a second PDV header": (wire.p_data(wire.pdv(b"x"), b"\0\0\0"), 6, "ends inside a PDV header"),
    "an unknown context": (
        wire.p_data(wire.pdv(b"x", context=5)),
        6,
        "presentation context 5, which is not agreed",
    ),
    "another request": (wire.associate_rq(), 2, "A-ASSOCIATE-RQ out of turn"),
    "an acceptance": (wire.associate_ac(), 2, "A-ASSOCIATE-AC out of turn"),
    "a rejection": (wire.associate_rj(1, 1, 1), 2, "A-ASSOCIATE-RJ out of turn"),
    "an answer to no release": (wire.release_rp(), 2, "A-RELEASE-RP out of turn"),
    "a long release": (wire.pdu(5, bytes(5)), 6, "announced A-RELEASE-RQ of 5 bytes"),
    "a short abort": (wire.pdu(7, b"\0\0\0"), 6, "announced A-ABORT of 3 bytes"),
    "type 0": (wire.pdu(0, b""), 1, "no DICOM PDU (type 00H)"),
    "type 8": (wire.pdu(8, b"abc"), 1, "no DICOM PDU (type 08H)"),
}


@pytest.mark.parametrize(("data", "reason", "words"), VIOLATIONS.values(), ids=VIOLATIONS)
@pytest.mark.parametrize("requestor", [True, False])
def test_violations_are_answered_with_an_abort_that_says_why(
    data: bytes, reason: int, words: str, requestor: bool
) -> None:
    answers: list[bytes] = []

    def exchange(talk: Conversation) -> None:
        talk.send(data)
        answers.append(talk.expect(wire.ABORT).body)
        talk.wait_closed()

    error: BaseException
    if requestor:
        with scripted_server([accept(), exchange]) as peer:
            association = call(peer.port)
            with pytest.raises(ProtocolError) as caught:
                everything(association)
            peer.finish()
        error = caught.value
    else:
        with accepting(everything) as acceptor, scripted_client(acceptor.port) as talk:
            talk.send(wire.associate_rq())
            talk.expect(wire.ASSOCIATE_AC)
            exchange(talk)
            error = acceptor.error()
    assert answers == [bytes((0, 0, 2, reason))]
    assert isinstance(error, ProtocolError)
    assert words in error.message
    assert error.exit_code == 62


# -- deadlines ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("half", [0, 1, 5, 6, 8, 12, 30])
@pytest.mark.parametrize("idle", [0.2, None])
def test_a_pdu_that_does_not_go_on_is_aborted_in_time(half: int, idle: float | None) -> None:
    """Even where any time may pass before a PDU, it must arrive once it has begun."""
    if half == 0 and idle is None:
        return  # silence without a limit is what was asked for
    data = wire.p_data(wire.pdv(bytes(100)))[:half]
    with scripted_server([accept(), send(data), expect(wire.ABORT), closed()]) as peer:
        association = call(peer.port, timeouts=AMPLE._replace(dimse=0.2))
        began = monotonic()
        with pytest.raises(NoAnswer):
            association.receive(idle) and association.receive(idle)
        assert monotonic() - began < 1.2
        peer.finish()


def test_a_trickle_is_aborted_in_time() -> None:
    def trickle(talk: Conversation) -> None:
        for value in wire.p_data(wire.pdv(bytes(2000))):
            try:
                talk.send(bytes((value,)))
            except OSError:
                return
            if talk.over.wait(0.01):
                return

    with scripted_server([accept(), trickle]) as peer:
        association = call(peer.port, timeouts=AMPLE._replace(dimse=0.3))
        began = monotonic()
        with pytest.raises(NoAnswer):
            everything(association)
        assert monotonic() - began < 1.8


def test_the_total_limit_ends_in_an_abort() -> None:
    with scripted_server([accept(), expect(wire.ABORT), closed()]) as peer:
        association = call(peer.port, timeouts=Timeouts(total=0.3))
        with pytest.raises(LimitReached):
            association.receive(60)
        peer.finish()


def test_a_peer_that_never_reads_is_given_up_in_time() -> None:
    with scripted_server([accept(), stall(reading=False)]) as peer:
        association = call(peer.port, timeouts=AMPLE._replace(dimse=0.3))
        began = monotonic()
        with pytest.raises(NoAnswer, match="took no more data"):
            association.send_data([bytes(64 << 20)])
        assert monotonic() - began < 1.3


# -- the peer breaks off -----------------------------------------------------------------------------


@pytest.mark.parametrize("last", [close(), reset()])
def test_a_peer_that_hangs_up_is_a_lost_connection(last: Step) -> None:
    with scripted_server([accept(), last]) as peer:
        association = call(peer.port)
        with pytest.raises(ConnectionLost):
            association.receive(5)
        assert not association.is_open


def test_a_peer_that_aborts() -> None:
    with scripted_server([accept(), send(wire.abort(2, 4)), closed()]) as peer:
        association = call(peer.port)
        with pytest.raises(Aborted, match="unrecognized PDU parameter") as caught:
            association.receive(5)
        assert (caught.value.source, caught.value.reason) == (2, 4)


@pytest.mark.parametrize("last", [close(), reset(), stall(reading=False)])
def test_an_abort_is_found_behind_a_pipe_that_broke(last: Step) -> None:
    """The peer's reason was on its way while we were still sending; EPIPE alone would hide it."""
    ready = threading.Event()

    def abort(talk: Conversation) -> None:
        talk.send(wire.p_data(wire.pdv(b"an answer")) + wire.abort(2, 2))
        talk.sock.shutdown(2)
        ready.set()

    with scripted_server([accept(), abort, last]) as peer:
        association = call(peer.port)
        assert ready.wait(5)
        with pytest.raises(Aborted) as caught:
            association.send_data([bytes(16 << 20)])
        assert (caught.value.source, caught.value.reason) == (2, 2)


# -- release -----------------------------------------------------------------------------------------


def test_the_peer_may_ask_for_release() -> None:
    with scripted_server([accept(), send(wire.release_rq()), expect(wire.RELEASE_RP), closed()]) as peer:
        association = call(peer.port)
        assert association.receive(5) is None
        association.release()
        assert association.released_in_order
        peer.finish()


def released(association: Association) -> bool:
    association.release()
    return association.released_in_order


def released_when(ready: threading.Event) -> Callable[[Association], bool]:
    def wait(association: Association) -> bool:
        assert ready.wait(5)
        return released(association)

    return wait


def test_both_ask_for_release_at_once_and_we_called() -> None:
    """PS3.8 section 7.2.2.1: the requestor answers first."""
    script: list[Step] = [
        accept(),
        send(wire.release_rq()),
        expect(wire.RELEASE_RQ),
        expect(wire.RELEASE_RP),
        send(wire.release_rp()),
        closed(),
    ]
    with scripted_server(script) as peer:
        assert released(call(peer.port))
        peer.finish()


def test_both_ask_for_release_at_once_and_we_were_called() -> None:
    with accepting(released) as acceptor, scripted_client(acceptor.port) as talk:
        talk.send(wire.associate_rq() + wire.release_rq())
        talk.expect(wire.ASSOCIATE_AC)
        talk.expect(wire.RELEASE_RQ)
        talk.send(wire.release_rp())
        talk.expect(wire.RELEASE_RP)
        assert talk.wait_closed() == "closed"
        assert acceptor.result()


def test_data_that_crosses_our_release_is_dropped() -> None:
    late = wire.p_data(wire.pdv(bytes(9000))) * 20
    with scripted_server(
        [accept(), expect(wire.RELEASE_RQ), send(late + wire.release_rp()), closed()]
    ) as peer:
        assert released(call(peer.port))
        peer.finish()


def test_what_is_left_of_a_pdu_does_not_disturb_the_release() -> None:
    pdu = wire.p_data(wire.pdv(b"one", command=True), wire.pdv(bytes(5000)))
    with scripted_server([accept(), send(pdu), release()]) as peer:
        association = call(peer.port)
        assert association.receive(5)
        assert released(association)


SILENCES: dict[str, Step] = {
    "silence": stall(),
    "a peer that hangs up": close(),
    "a reset": reset(),
    "an abort": send(wire.abort()),
    "a wrong answer": send(wire.associate_ac()),
    "half an answer": send(wire.release_rp()[:5]),
    "noise": send(b"noise, noise"),
}


@pytest.mark.parametrize("step", SILENCES.values(), ids=SILENCES)
def test_what_was_done_stands_without_a_proper_release(step: Step) -> None:
    with scripted_server([accept(), expect(wire.RELEASE_RQ), step]) as peer:
        association = call(peer.port)
        began = monotonic()
        assert not released(association)
        assert monotonic() - began < 2.2


def test_a_flood_does_not_hold_up_the_release() -> None:
    def flood(talk: Conversation) -> None:
        data = wire.p_data(wire.pdv(bytes(16000))) * 50
        try:
            while not talk.over.is_set():
                talk.send(data)
        except OSError:
            return

    with scripted_server([accept(), flood]) as peer:
        association = call(peer.port)
        began = monotonic()
        assert not released(association)
        assert monotonic() - began < 2.5


def test_an_endless_pdu_does_not_hold_up_the_release() -> None:
    def endless(talk: Conversation) -> None:
        talk.send(wire.p_data(length=2**32 - 1))
        while not talk.over.wait(0.05):
            try:
                talk.send(bytes(1000))
            except OSError:
                return

    with scripted_server([accept(), endless]) as peer:
        association = call(peer.port, max_pdu=0)
        began = monotonic()
        assert not released(association)
        assert monotonic() - began < 2.2


# -- abort -------------------------------------------------------------------------------------------


def test_abort_tells_the_peer() -> None:
    with scripted_server([accept(), expect(wire.ABORT), closed()]) as peer:
        association = call(peer.port)
        association.abort()
        assert not association.is_open
        peer.finish()
    assert peer.first.received[-1].body == bytes(4)


def test_abort_does_not_wait_for_a_full_pipe() -> None:
    with scripted_server([accept(), stall(reading=False)]) as peer:
        association = call(peer.port)
        with pytest.raises(NoAnswer):
            association._transport.send([bytes(64 << 20)], 0.1)
        began = monotonic()
        association.abort()
        assert monotonic() - began < 1


def test_a_block_that_fails_aborts_and_one_that_ends_releases() -> None:
    with scripted_server([accept(), expect(wire.ABORT)], [accept(), release()]) as peer:
        with pytest.raises(KeyboardInterrupt), call(peer.port):
            raise KeyboardInterrupt
        with call(peer.port) as association:
            pass
        assert association.released_in_order
        peer.finish()


def test_the_end_may_be_repeated() -> None:
    with scripted_server([accept(), release()]) as peer:
        association = call(peer.port)
        for _ in range(2):
            association.release()
            association.abort()
            association.close()
        assert association.released_in_order


def test_another_thread_can_end_the_wait() -> None:
    began = threading.Event()

    def wait(association: Association) -> DimseError:
        with ThreadPoolExecutor(1) as pool:
            began.set()
            pool.submit(association.interrupt)
            with pytest.raises(ConnectionLost) as caught:
                association.receive(30)
        return caught.value

    with accepting(wait) as acceptor, scripted_client(acceptor.port) as talk:
        talk.send(wire.associate_rq())
        talk.expect(wire.ASSOCIATE_AC)
        talk.expect(wire.ABORT)
        assert "closed the connection" in acceptor.result().message


def test_a_peer_that_wants_release_gets_an_abort_if_that_is_what_we_want() -> None:
    with scripted_server([accept(), send(wire.release_rq()), expect(wire.ABORT), closed()]) as peer:
        association = call(peer.port)
        assert association.receive(5) is None
        association.abort()
        peer.finish()


def test_nothing_is_received_behind_the_release_that_the_peer_asked_for() -> None:
    more = wire.release_rq() + wire.p_data(wire.pdv(b"x"))
    with scripted_server([accept(), send(more), expect(wire.ABORT), closed()]) as peer:
        association = call(peer.port)
        assert association.receive(5) is None
        with pytest.raises(ProtocolError, match="out of turn"):
            association.receive(5)
        peer.finish()


def test_stop_while_the_peer_is_awaited() -> None:
    stop, go = Stop(), threading.Event()
    with scripted_server([accept(), wait_for(go), closed()]) as peer, ThreadPoolExecutor(1) as pool:
        association = call(peer.port, stop=stop)
        waiting = pool.submit(association.receive, 30)
        stop.expire()
        assert isinstance(waiting.exception(5), Interrupted)
        go.set()
        peer.finish()
