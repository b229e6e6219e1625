"""Whether there is something to take: told without taking it, and waited for no longer than wanted."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from time import monotonic

import pytest

from dimsetools.association.association import Association
from dimsetools.association.stop import Stop
from dimsetools.association.tls import server_context
from dimsetools.association.transport import Transport
from dimsetools.association.values import ClientTls, ServerTls
from tests.association.ends import accepting, call
from tests.peers.certificates import Certificates
from tests.scripted import wire
from tests.scripted.peers import scripted_client


@pytest.fixture
def stop() -> Iterator[Stop]:
    switch = Stop()
    yield switch
    switch.close()


@pytest.fixture
def ends(stop: Stop) -> Iterator[tuple[Transport, socket.socket]]:
    """Our end of a connection, and the other."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        ours = socket.create_connection(listener.getsockname())
        peer, _ = listener.accept()
    transport = Transport(ours, stop=stop)
    yield transport, peer
    transport.close()
    peer.close()


def test_what_has_come_is_told_and_not_taken(ends: tuple[Transport, socket.socket]) -> None:
    ours, peer = ends
    assert not ours.readable()
    peer.sendall(b"abcdef")
    assert ours.readable(5.0)
    assert ours.readable()
    ours.begin_receive(5.0)
    assert bytes(ours.take(2)) == b"ab"
    assert ours.readable()  # from the buffer
    assert bytes(ours.take(6)) == b"cdef"
    assert not ours.readable()


def test_the_end_of_the_stream_counts(ends: tuple[Transport, socket.socket]) -> None:
    ours, peer = ends
    peer.shutdown(socket.SHUT_WR)
    assert ours.readable(5.0)
    ours.begin_receive(5.0)
    assert not ours.need(1, may_end=True)


def test_nothing_comes_on_a_closed_connection(ends: tuple[Transport, socket.socket]) -> None:
    ours, _ = ends
    ours.close()
    assert not ours.readable(5.0)


def test_a_wait_runs_out(ends: tuple[Transport, socket.socket]) -> None:
    began = monotonic()
    assert not ends[0].readable(0.05)
    assert 0.04 < monotonic() - began < 2.0


def test_a_wait_ends_with_the_stop_only_where_that_is_wanted(
    ends: tuple[Transport, socket.socket], stop: Stop
) -> None:
    ours, peer = ends
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(ours.readable, None, or_stop=True)
        stop.request()
        assert not waiting.result(5)
        assert not ours.readable(30.0, or_stop=True)  # later ones at once
        waiting = pool.submit(ours.readable, None)
        peer.sendall(b"x")
        assert waiting.result(5)


def test_tls_tells_data_from_records_that_hold_none(certificates: Certificates) -> None:
    pair = certificates.server
    serving = ServerTls(
        str(pair.cert), str(pair.key), ca_file=str(certificates.ca), require_client_cert=False
    )
    answered, go = Event(), Event()

    def serve(association: Association) -> list[bool]:
        found = [association.readable(), association.readable(0.02)]
        answered.set()
        found.append(association.readable(5.0))
        fragment = association.receive(5.0)
        assert fragment is not None
        found.append(association.readable())
        go.set()
        found.append(association.readable(5.0))
        association.receive(5.0)
        association.release()
        return found

    data = wire.p_data(wire.pdv(b"data"))
    with accepting(serve, tls=server_context(serving)) as acceptor:
        tls = ClientTls(ca_file=str(certificates.ca), server_name="localhost")
        association = call(acceptor.port, tls=tls)
        assert not association.readable()
        answered.wait(5)
        association.send_data([data])
        go.wait(5)
        association.release()
        assert acceptor.result() == [False, False, True, False, True]


def test_half_a_tls_record_is_nothing_to_take(certificates: Certificates) -> None:
    pair = certificates.server
    context = server_context(
        ServerTls(str(pair.cert), str(pair.key), ca_file=str(certificates.ca), require_client_cert=False)
    )
    client = ssl.create_default_context(cafile=str(certificates.ca))
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = client.wrap_bio(incoming, outgoing, server_hostname="localhost")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        peer = socket.create_connection(listener.getsockname())
        sock, _ = listener.accept()
    ours = Transport(sock)
    with peer, ThreadPoolExecutor(1) as pool:
        shaking = pool.submit(ours.start_tls, context, None, 5.0)
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                peer.sendall(outgoing.read())
                incoming.write(peer.recv(65536))
        peer.sendall(outgoing.read())
        shaking.result(5)
        tls.write(b"whole")
        record = outgoing.read()
        peer.sendall(record[:9])
        assert not ours.readable(0.05)
        peer.sendall(record[9:])
        assert ours.readable(5.0)
        ours.begin_receive(5.0)
        assert bytes(ours.take(9)) == b"whole"
        ours.close()


def test_an_acceptor_sees_that_a_request_has_come_while_it_works() -> None:
    looked = Event()

    def serve(association: Association) -> list[bool]:
        found = [association.readable()]
        looked.set()
        found.append(association.readable(5.0))
        association.receive(5.0)
        return found

    with accepting(serve) as acceptor, scripted_client(acceptor.port) as talk:
        talk.send(wire.associate_rq())
        talk.expect(wire.ASSOCIATE_AC)
        assert looked.wait(5)
        talk.send(wire.release_rq())
        assert acceptor.result() == [False, True]


def test_a_bell_ends_the_wait(ends: tuple[Transport, socket.socket]) -> None:
    ours, peer = ends
    heard, rung = socket.socketpair()
    with heard, rung:
        rung.send(b"\0")
        assert not ours.readable(60.0, bell=heard.fileno())
        peer.sendall(b"a")
        assert ours.readable(60.0, bell=heard.fileno())
