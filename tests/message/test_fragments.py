"""Messages cut into fragments and joined again, whatever their sizes, and sources that fail."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from dimsetools.association.association import Association
from dimsetools.association.negotiation import Policy
from dimsetools.errors import InputUnreadable
from dimsetools.message.composite import CStoreRq
from dimsetools.message.exchange import Exchange
from dimsetools.message.outgoing import BATCH
from dimsetools.message.sinks import Sink
from dimsetools.message.sources import BytesSource, FileSource, IterableSource, Source
from tests.association.ends import accepting, call
from tests.message.objects import DATA, ct, image, stored
from tests.scripted import wire
from tests.scripted.conversation import (
    Conversation,
    accept,
    closed,
    release,
    store,
)
from tests.scripted.peers import scripted_client, scripted_server


def source_of(data: bytes, tmp_path: Path) -> Iterator[tuple[str, Source]]:
    yield "bytes", BytesSource(data)
    yield "generator", IterableSource(data[at : at + 1000] for at in range(0, len(data), 1000))
    path = tmp_path / "object"
    path.write_bytes(b"meta" + data)
    descriptor = os.open(path, os.O_RDONLY)
    try:
        yield "file", FileSource(descriptor, 4, len(data))
    finally:
        os.close(descriptor)


@pytest.mark.parametrize("max_pdu", [0, 1, 7, 8, 13, 128, 16384, 131072, 2**32 - 1])
@pytest.mark.parametrize("size", [0, 1, 2, 16378, 16379, 3000])
def test_every_fragment_fits_what_the_peer_takes(max_pdu: int, size: int, tmp_path: Path) -> None:
    data = (DATA * (size // len(DATA) + 1))[:size]
    for _, source in source_of(data, tmp_path):
        with scripted_server([accept(max_pdu=max_pdu), store(), release()]) as peer:
            association = call(peer.port)
            assert Exchange(association).call(ct(association), image(), source).command.status == 0
            association.release()
            assert association.released_in_order
            peer.finish()
        talk = peer.first
        assert talk.messages[0].data == data
        fragments = [pdu.body for pdu in talk.received if pdu.kind == wire.P_DATA]
        assert all(len(body) <= max(max_pdu, 8) for body in fragments if max_pdu)
        for body in fragments:  # one value a PDU, each of even length but the last of all
            length, context, control = struct.unpack_from(">IBB", body)
            assert (length, context) == (len(body) - 4, 3)
            assert control & 2 or length % 2 == 0


@pytest.mark.parametrize("size", [BATCH - 12, BATCH - 11, 3_000_001])
@pytest.mark.parametrize("max_pdu", [0, 131072])
def test_large_objects_go_out_whole(size: int, max_pdu: int, tmp_path: Path) -> None:
    data = (DATA * (size // len(DATA) + 1))[:size]
    for _, source in source_of(data, tmp_path):
        with scripted_server([accept(max_pdu=max_pdu), store(), release()]) as peer:
            with call(peer.port) as association:
                Exchange(association).call(ct(association), image(), source)
            peer.finish()
        assert peer.first.messages[0].data == data


def cut(data: bytes, size: int, *, command: bool) -> list[bytes]:
    """`data` as values of `size` bytes."""
    return [
        wire.pdv(data[at : at + size], command=command, last=at + size >= len(data))
        for at in range(0, max(len(data), 1), size)
    ]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 12, 100, 10_000])
@pytest.mark.parametrize("together", [True, False])
def test_messages_are_joined_however_they_are_cut(size: int, together: bool) -> None:
    data = DATA[:1500]
    values = cut(wire.store_rq(), size, command=True) + cut(data, size, command=False)
    pdus = [wire.p_data(*values)] if together else [wire.p_data(value) for value in values]
    with accepting(stored, policy=Policy(lambda _: (), 65536)) as acceptor:
        with scripted_client(acceptor.port) as talk:
            talk.send(wire.associate_rq())
            talk.expect(wire.ASSOCIATE_AC)
            talk.send(b"".join(pdus) + wire.release_rq())
            assert talk.read_message().number(0x900) == 0
            talk.expect(wire.RELEASE_RP)
        [(incoming, received, length)] = acceptor.result()
    assert (received, length) == (data, len(data))
    assert isinstance(incoming.command, CStoreRq)


@pytest.mark.parametrize("size", [40, 4090, 65_000])
@pytest.mark.parametrize("together", [True, False])
def test_a_data_set_longer_than_any_buffer_is_joined(size: int, together: bool) -> None:
    data = os.urandom(1_000_003)
    values = cut(data, size, command=False)
    pdus = [wire.p_data(*values)] if together else [wire.p_data(value) for value in values]
    with accepting(stored, policy=Policy(lambda _: (), 0)) as acceptor:
        with scripted_client(acceptor.port) as talk:
            talk.send(wire.associate_rq())
            talk.expect(wire.ASSOCIATE_AC)
            talk.send(wire.p_data(*cut(wire.store_rq(), 1000, command=True)))
            talk.send(b"".join(pdus) + wire.release_rq())
            assert talk.read_message().number(0x900) == 0
            talk.expect(wire.RELEASE_RP)
        [(_, received, length)] = acceptor.result()
    assert (received, length) == (data, len(data))


@pytest.mark.parametrize("ending", [[b""], [b"", b""], [b"more", b""]])
def test_empty_fragments_are_taken(ending: list[bytes]) -> None:
    values = [wire.pdv(b"start", last=False)]
    values += [wire.pdv(part, last=False) for part in ending[:-1]] + [wire.pdv(ending[-1])]
    command = cut(wire.store_rq(), 50, command=True)
    command[-1:] = [wire.pdv(command[-1][6:], command=True, last=False), wire.pdv(b"", command=True)]
    with accepting(stored) as acceptor, scripted_client(acceptor.port) as talk:
        talk.send(wire.associate_rq() + wire.p_data(*command) + wire.p_data(*values) + wire.release_rq())
        talk.expect(wire.ASSOCIATE_AC)
        assert talk.read_message().number(0x900) == 0
        talk.close()
        [(_, received, _)] = acceptor.result()
    assert received == b"start" + b"".join(ending)


def test_messages_are_joined_byte_by_byte() -> None:
    whole = wire.associate_rq() + wire.message(wire.store_rq(), b"data") + wire.release_rq()
    with accepting(stored) as acceptor, scripted_client(acceptor.port) as talk:
        for value in whole:
            talk.send(bytes((value,)))
        talk.expect(wire.ASSOCIATE_AC)
        talk.read_message()
        talk.close()
        [(_, received, _)] = acceptor.result()
    assert received == b"data"


# -- sources and sinks that fail ---------------------------------------------------------------------


def failing(after: int, error: BaseException) -> Source:
    """A source that fails after so many bytes, when it has some to give at all."""

    def pieces() -> Iterator[bytes]:
        yield b"\0" * 2
        if after:
            yield bytes(after)
        raise error

    return IterableSource(pieces())


@pytest.mark.parametrize("error", [InputUnreadable("gone"), OSError("bad disk"), KeyboardInterrupt()])
def test_a_source_that_fails_at_once_leaves_the_association_as_it_is(error: BaseException) -> None:
    with scripted_server([accept(), store(), release()]) as peer:
        association = call(peer.port)
        exchange = Exchange(association)
        with pytest.raises(type(error)):
            exchange.call(ct(association), image(), failing(0, error))
        assert exchange.outstanding == 0
        assert exchange.call(ct(association), image(), BytesSource(b"x")).command.status == 0
        association.release()
        assert association.released_in_order
        peer.finish()


@pytest.mark.parametrize("error", [InputUnreadable("gone"), OSError("bad disk"), KeyboardInterrupt()])
def test_a_source_that_fails_in_the_middle_aborts_the_association(error: BaseException) -> None:
    def read_all(talk: Conversation) -> None:
        while talk.read_pdu().kind != wire.ABORT:
            pass

    with scripted_server([accept(), read_all, closed()]) as peer:
        association = call(peer.port)
        exchange = Exchange(association)
        with pytest.raises(type(error)):
            exchange.call(ct(association), image(), failing(2 << 20, error))
        assert not association.is_open
        assert exchange.outstanding == 0
        peer.finish()


class FullDisk(Sink):
    """A sink that fails."""

    def write(self, data: memoryview) -> None:
        raise OSError(28, "No space left on device")


def test_a_sink_that_fails_aborts_the_association() -> None:
    def serve(association: Association) -> None:
        exchange = Exchange(association)
        incoming = exchange.next_request()
        assert incoming is not None
        exchange.read_data(incoming, FullDisk())

    with accepting(serve) as acceptor, scripted_client(acceptor.port) as talk:
        talk.send(wire.associate_rq() + wire.message(wire.store_rq(), b"data"))
        talk.expect(wire.ASSOCIATE_AC)
        talk.expect(wire.ABORT)
        talk.close()
        assert isinstance(acceptor.error(), OSError)
