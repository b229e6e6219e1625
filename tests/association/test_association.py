"""An open association: what comes in, what must not, and how long anything may take."""

from __future__ import annotations

import threading
from time import monotonic

import pytest

from dimsetools.association.association import Association
from dimsetools.association.values import Timeouts
from dimsetools.errors import (
    Aborted,
    ConnectionLost,
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
    reset,
    send,
    stall,
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
            talk.close()
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


def test_the_total_limit_holds_while_sending() -> None:
    with scripted_server([accept(), stall(reading=False)]) as peer:
        association = call(peer.port, timeouts=Timeouts(total=0.3))
        began = monotonic()
        with pytest.raises(LimitReached):
            association.send_data([bytes(64 << 20)])
        assert monotonic() - began < 1.3


def test_a_peer_that_never_reads_is_given_up_in_time() -> None:
    with scripted_server([accept(), stall(reading=False)]) as peer:
        association = call(peer.port, timeouts=AMPLE._replace(idle=0.3))
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


def test_a_pipe_that_broke_without_a_word_is_a_lost_connection() -> None:
    with scripted_server([accept(), reset()]) as peer:
        association = call(peer.port)
        peer.finish()
        with pytest.raises(ConnectionLost):
            association.send_data([bytes(16 << 20)])
        assert not association.is_open


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
