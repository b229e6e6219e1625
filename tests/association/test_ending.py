"""Every way to end an association, by whichever side, within its time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from time import monotonic

import pytest

from dimsetools.association.association import Association
from dimsetools.association.stop import Stop
from dimsetools.errors import (
    ConnectionLost,
    DimseError,
    Interrupted,
    NoAnswer,
    ProtocolError,
)
from tests.association.ends import accepting, call
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
        talk.close()
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
        talk.close()
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
