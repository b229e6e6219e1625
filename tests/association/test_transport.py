"""Byte streams with deadlines: nothing blocks for longer than it was given, and no byte is lost."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from time import monotonic

import pytest

from dimsetools.association import transport as module
from dimsetools.association.buffered import RECEIVE_BUFFER
from dimsetools.association.stop import Stop
from dimsetools.association.transport import Transport
from dimsetools.errors import ConnectionLost, ExitCode, Interrupted, LimitReached, NoAnswer, Terminated


class Clock:
    """A monotonic clock that stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(module, "monotonic", clock)
    return clock


class Wire:
    """Both ends of a TCP connection: ours as a Transport, the other as a socket."""

    def __init__(self, *, total: float | None = None, stop: Stop | None = None) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            ours = socket.create_connection(listener.getsockname())
            self.peer, _ = listener.accept()
        self.peer.settimeout(10)
        self.ours = Transport(ours, total=total, stop=stop)

    def close(self) -> None:
        self.ours.close()
        self.peer.close()


@pytest.fixture
def wire() -> Iterator[Wire]:
    pair = Wire()
    yield pair
    pair.close()


# -- receiving ---------------------------------------------------------------------------------------


def test_what_is_sent_arrives_in_whatever_pieces(wire: Wire) -> None:
    data = bytes(range(256)) * 4096
    with ThreadPoolExecutor(1) as pool:
        sending = pool.submit(wire.peer.sendall, data)
        wire.ours.begin_receive(5)
        assert wire.ours.need(6)
        assert bytes(wire.ours.peek(6)) == data[:6]
        wire.ours.skip(6)
        assert wire.ours.take_exactly(len(data) - 8) == data[6:-2]
        wire.ours.discard(1)
        assert bytes(wire.ours.take(100)) == data[-1:]
        sending.result()


@pytest.mark.parametrize("left", range(6))
def test_a_header_that_straddles_the_end_of_the_buffer_is_whole(wire: Wire, left: int) -> None:
    body = bytes(RECEIVE_BUFFER - left)
    with ThreadPoolExecutor(1) as pool:
        sending = pool.submit(wire.peer.sendall, body + b"header" * 3)
        wire.ours.begin_receive(5)
        assert wire.ours.take_exactly(len(body)) == body
        for _ in range(3):
            assert wire.ours.need(6)
            assert bytes(wire.ours.peek(6)) == b"header"
            wire.ours.skip(6)
        sending.result()


def test_an_end_between_pdus_is_told_from_one_inside(wire: Wire) -> None:
    wire.peer.sendall(b"abc")
    wire.peer.shutdown(socket.SHUT_WR)
    wire.ours.begin_receive(5)
    with pytest.raises(ConnectionLost, match="inside a PDU"):
        wire.ours.need(6, may_end=True)
    wire.ours.skip(3)
    assert not wire.ours.need(6, may_end=True)
    with pytest.raises(ConnectionLost, match="inside a PDU"):
        wire.ours.take(1)


def test_silence_ends_with_the_wait(wire: Wire) -> None:
    wire.ours.begin_receive(0.1)
    began = monotonic()
    with pytest.raises(NoAnswer, match=r"127\.0\.0\.1:\d+ sent nothing for 0\.1 s"):
        wire.ours.take(1)
    assert 0.09 < monotonic() - began < 1.1


def test_a_trickle_does_not_stretch_the_wait(wire: Wire, clock: Clock) -> None:
    def trickle() -> None:
        for _ in range(30):
            wire.peer.sendall(b"x")
            wire.ours.take(1)
            clock.now += 1

    wire.ours.begin_receive(10)
    with pytest.raises(NoAnswer, match="for 10 s"):
        trickle()
    assert clock.now - 1000 <= 11


def test_every_new_wait_is_a_whole_one(wire: Wire, clock: Clock) -> None:
    for _ in range(5):
        wire.ours.begin_receive(10)
        for _ in range(2):
            wire.peer.sendall(b"x")
            wire.ours.take(1)
            clock.now += 8


def test_a_stream_that_flows_may_take_longer_than_the_wait(wire: Wire, clock: Clock) -> None:
    wire.ours.begin_receive(10)
    with ThreadPoolExecutor(1) as pool:
        for _ in range(8):
            sending = pool.submit(wire.peer.sendall, bytes(512 * 1024))
            wire.ours.discard(512 * 1024)
            sending.result()
            clock.now += 4


def test_no_wait_is_no_limit(wire: Wire, clock: Clock) -> None:
    wire.ours.begin_receive(None)
    for _ in range(5):
        wire.peer.sendall(b"x")
        assert wire.ours.take_exactly(1) == b"x"
        clock.now += 1e6


def test_a_reset_is_a_lost_connection(wire: Wire) -> None:
    wire.peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    wire.peer.close()
    wire.ours.begin_receive(5)
    with pytest.raises(ConnectionLost, match="closed the connection: Connection reset"):
        wire.ours.take(1)


def test_a_closed_transport_gives_nothing_more(wire: Wire) -> None:
    wire.peer.sendall(b"abcdef")
    wire.ours.begin_receive(5)
    wire.ours.need(6)
    wire.ours.close()
    with pytest.raises(ConnectionLost):
        wire.ours.take(1)


# -- sending -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 2, 999, 1000, 1001, 5000])
def test_any_number_of_buffers_goes_out_in_order(wire: Wire, count: int) -> None:
    buffers = [bytes((number % 251,)) * (1 + 7919 * number % 5000) for number in range(count)]
    whole = b"".join(buffers)
    with ThreadPoolExecutor(1) as pool:
        received = pool.submit(wire.peer.makefile("rb").read)
        wire.ours.send([*buffers, b"", memoryview(b"end")], 5)
        wire.ours.shutdown()
        assert received.result() == whole + b"end"


def test_a_peer_that_takes_little_at_a_time_gets_all(wire: Wire) -> None:
    wire.ours._sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8192)
    data = bytes(range(256)) * 4096

    def sip() -> bytes:
        got = bytearray()
        while part := wire.peer.recv(3333):
            got += part
        return bytes(got)

    with ThreadPoolExecutor(1) as pool:
        received = pool.submit(sip)
        wire.ours.send([data[:100_000], memoryview(data)[100_000:]], 5)
        wire.ours.shutdown()
        assert received.result() == data


def test_a_peer_that_never_reads_ends_with_the_wait(wire: Wire) -> None:
    began = monotonic()
    with pytest.raises(NoAnswer, match=r"took no more data for 0\.2 s"):
        wire.ours.send([bytes(32 << 20)], 0.2)
    assert monotonic() - began < 2


def narrow(wire: Wire) -> None:
    """Have the kernel hold little of what is under way."""
    for end in (wire.ours._sock, wire.peer):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 200_000)
        end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 200_000)


@pytest.mark.parametrize("size", [2**30, 65536, 1000])
def test_a_peer_that_reads_nothing_before_it_has_sent_gets_all(wire: Wire, size: int) -> None:
    """However much is sent at a time: the kernel may take all of one piece, and nothing of the next."""
    narrow(wire)
    ours, theirs = bytes(range(256)) * 8192, bytes(range(255, -1, -1)) * 16384

    def talk() -> bytes:
        wire.peer.sendall(theirs)
        return wire.peer.makefile("rb").read(len(ours))

    with ThreadPoolExecutor(1) as pool:
        received = pool.submit(talk)
        wire.ours.begin_receive(5)
        wire.ours.need(2)
        first = wire.ours.take(2)
        for at in range(0, len(ours), size):
            wire.ours.send([ours[at : at + 5], memoryview(ours)[at + 5 : at + size]], 5)
        assert received.result() == ours
    assert bytes(first) == theirs[:2]
    wire.ours.begin_receive(5)
    assert wire.ours.take_exactly(len(theirs) - 2) == theirs[2:]


def test_no_more_than_so_much_is_taken_in(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_AHEAD", 2_000_000)
    narrow(wire)
    wire.peer.settimeout(0.5)

    def talk() -> None:
        with pytest.raises(TimeoutError):
            wire.peer.sendall(bytes(8 << 20))

    with ThreadPoolExecutor(1) as pool:
        sent = pool.submit(talk)
        with pytest.raises(NoAnswer, match="took no more data"):
            wire.ours.send([bytes(8 << 20)], 0.2)
        sent.result()
    assert 2_000_000 <= len(wire.ours.buffered) <= 16 * RECEIVE_BUFFER


def test_who_sends_a_little_and_never_reads_ends_with_the_wait(wire: Wire, clock: Clock) -> None:
    narrow(wire)

    def drip() -> None:
        while True:
            clock.now += 1
            try:
                wire.peer.send(b"x")
            except OSError:
                return

    with ThreadPoolExecutor(1) as pool:
        dripping = pool.submit(drip)
        with pytest.raises(NoAnswer, match="took no more data for 9 s"):
            wire.ours.send([bytes(8 << 20)], 9)
        wire.ours.close()
        dripping.result()


def test_sending_into_a_broken_pipe_is_a_lost_connection(wire: Wire) -> None:
    wire.peer.shutdown(socket.SHUT_RDWR)
    wire.peer.close()
    with pytest.raises(ConnectionLost, match="closed the connection"):
        wire.ours.send([bytes(10_000_000)], 5)


# -- the total limit ---------------------------------------------------------------------------------


def test_the_total_limit_cuts_every_wait_short(clock: Clock) -> None:
    pair = Wire(total=clock.now + 0.1)
    pair.ours.begin_receive(60)
    with pytest.raises(NoAnswer):  # by the clock that stands still, something else ended the wait
        pair.ours.take(1)
    clock.now += 0.2
    with pytest.raises(LimitReached, match="total time-out"):
        pair.ours.begin_receive(60)
    with pytest.raises(LimitReached, match="total time-out"):
        pair.ours.send([b"x"], 60)
    pair.close()


def test_the_total_limit_holds_for_a_trickle(clock: Clock) -> None:
    pair = Wire(total=clock.now + 10)

    def trickle() -> None:
        for _ in range(30):
            clock.now += 3  # the second byte comes when the wait is nearly over
            pair.peer.sendall(b"x")
            pair.ours.take(1)

    pair.ours.begin_receive(9)
    with pytest.raises(LimitReached):
        trickle()
    assert clock.now - 1000 <= 12
    pair.close()


def test_an_ending_has_a_limit_of_its_own(clock: Clock) -> None:
    pair = Wire(total=clock.now + 10)
    clock.now += 11
    pair.ours.end_within(1)
    pair.ours.send([b"bye"], 60)
    assert pair.peer.recv(10) == b"bye"
    clock.now += 1
    with pytest.raises(LimitReached):
        pair.ours.send([b"bye"], 60)
    pair.close()


# -- ending ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "kind"), [(ExitCode.INTERRUPTED, Interrupted), (ExitCode.TERMINATED, Terminated)]
)
@pytest.mark.parametrize("sending", [True, False])
def test_stop_ends_a_blocked_call_at_once(code: ExitCode, kind: type[Interrupted], sending: bool) -> None:
    stop = Stop()
    pair = Wire(stop=stop)

    def block() -> None:
        pair.ours.begin_receive(30)
        if sending:
            pair.ours.send([bytes(64 << 20)], 30)
        else:
            pair.ours.take(1)

    with ThreadPoolExecutor(1) as pool:
        blocked = pool.submit(block)
        if sending:
            assert pair.peer.recv(1)  # it has begun
        stop.request(code)
        stop.expire()
        error = blocked.exception(5)
    assert type(error) is kind
    pair.close()


def test_a_transport_made_too_late_is_closed_at_once() -> None:
    stop = Stop()
    stop.expire()
    pair = Wire(stop=stop)
    pair.ours.begin_receive(30)
    with pytest.raises(Interrupted):
        pair.ours.take(1)
    pair.close()


def test_finish_waits_for_the_peer_to_close(wire: Wire) -> None:
    with ThreadPoolExecutor(1) as pool:
        seen = Event()
        finishing = pool.submit(wire.ours.finish, 5)
        finishing.add_done_callback(lambda _: seen.set())
        assert wire.peer.recv(1) == b""  # our half is closed, the other one is not
        assert not seen.is_set()
        wire.peer.close()
        finishing.result(3)


def test_finish_does_not_wait_for_ever(wire: Wire) -> None:
    began = monotonic()
    wire.ours.finish(0.1)
    assert monotonic() - began < 1


def test_finish_does_not_read_for_ever(wire: Wire) -> None:
    wire.peer.settimeout(None)
    with ThreadPoolExecutor(1) as pool:

        def flood() -> None:
            try:
                while True:
                    wire.peer.sendall(bytes(1 << 20))
            except OSError:
                pass

        flooding = pool.submit(flood)
        wire.ours.finish(5)
        flooding.result(5)


def test_addresses_are_named_as_users_write_them(wire: Wire) -> None:
    assert wire.ours.name == f"127.0.0.1:{wire.peer.getsockname()[1]}"
    assert wire.ours.address == wire.ours.name
    wire.ours.peer_host = "::1"
    assert wire.ours.address.startswith("[::1]:")
