"""Attackers of our acceptor: each association ends quickly, with an A-ABORT, in bounded memory."""

from __future__ import annotations

import random
import struct
import tracemalloc
from time import monotonic

import pytest

from dimsetools.association.association import Association
from dimsetools.association.values import Timeouts
from dimsetools.errors import (
    DimseError,
    NoAnswer,
    ProtocolError,
)
from dimsetools.message.exchange import Exchange
from tests.association.ends import AMPLE, accepting
from tests.scripted import wire
from tests.scripted.conversation import (
    Conversation,
)
from tests.scripted.peers import scripted_client

SOON = Timeouts(connect=0.3, acse=0.3, dimse=0.3, idle=0.3)


def serve(association: Association) -> None:
    """Take requests until the association ends, as a node does."""
    exchange = Exchange(association)
    while exchange.next_request() is not None:
        pass


KINDS = [*range(9), 0xFF]
LENGTHS = [0, 1, 3, 5, 2**31 - 1, 2**32 - 1, 128 * 1024 + 1]


def attack(data: bytes, *, opened: bool) -> tuple[BaseException, list[bytes], int]:
    """Send `data` to an acceptor: how it ends there, the A-ABORTs seen, and the memory it took at most."""
    aborts: list[bytes] = []
    tracemalloc.start()
    try:
        with accepting(serve, timeouts=SOON) as acceptor, scripted_client(acceptor.port) as talk:
            if opened:
                talk.send(wire.associate_rq())
                talk.expect(wire.ASSOCIATE_AC)
            talk.send(data)
            aborts = aborts_until_closed(talk)
            talk.close()
            error = acceptor.error()
        return error, aborts, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def aborts_until_closed(talk: Conversation) -> list[bytes]:
    found = b""
    while part := talk.sock.recv(65536):
        found += part
    assert len(found) % 10 == 0
    return [found[at : at + 10] for at in range(0, len(found), 10)]


@pytest.mark.parametrize("opened", [False, True])
@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("kind", KINDS)
def test_every_type_with_every_length(kind: int, length: int, opened: bool) -> None:
    began = monotonic()
    error, aborts, peak = attack(struct.pack(">BBI", kind, 0, length) + bytes(min(length, 5)), opened=opened)
    assert isinstance(error, ProtocolError)
    assert [abort[0] for abort in aborts] == [wire.ABORT]
    assert peak < 4 << 20
    assert monotonic() - began < 2


@pytest.mark.parametrize("length", [0, 1, 3, 100, 2**31 - 1, 2**32 - 1])
def test_every_pdv_length(length: int) -> None:
    error, aborts, peak = attack(wire.p_data(wire.pdv(b"", length=length)), opened=True)
    assert isinstance(error, ProtocolError)
    assert aborts == [wire.abort(2, 6)]
    assert peak < 4 << 20


FOREIGN = {
    "HTTP": (b"GET / HTTP/1.1\r\nHost: example.com\r\n\r\n", "speaks HTTP, not DICOM"),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500), "speaks TLS where plain DICOM is"),
    "noise": (b"\x99" * 5000, "no DICOM PDU (type 99H)"),
}


@pytest.mark.parametrize("what", FOREIGN)
def test_other_protocols_are_turned_away_and_named(what: str) -> None:
    data, words = FOREIGN[what]
    error, aborts, _ = attack(data, opened=False)
    assert isinstance(error, ProtocolError)
    assert words in error.message
    assert aborts == [wire.abort(2, 1)]


@pytest.mark.parametrize("opened", [False, True])
@pytest.mark.parametrize("seed", range(10))
def test_random_bytes_end_the_association_and_nothing_else(seed: int, opened: bool) -> None:
    error, _, peak = attack(random.Random(seed).randbytes(2000), opened=opened)
    assert isinstance(error, DimseError)
    assert peak < 4 << 20


def test_a_crowd_of_empty_fragments_takes_no_memory() -> None:
    crowd = wire.p_data(wire.pdv(b"", command=True, last=False)) * 20_000
    error, _, peak = attack(crowd, opened=True)
    assert isinstance(error, NoAnswer)
    assert peak < 4 << 20


def test_an_endless_command_set_is_cut_off() -> None:
    error, aborts, peak = attack(
        wire.p_data(wire.pdv(bytes(16000), command=True, last=False)) * 5, opened=True
    )
    assert isinstance(error, ProtocolError)
    assert "command set of more than 65536 bytes" in error.message
    assert aborts == [wire.abort()]
    assert peak < 4 << 20


def test_a_body_that_was_not_asked_for_is_not_read() -> None:
    """16 MiB behind a length that cannot be: the connection ends before they were taken."""
    with accepting(serve) as acceptor, scripted_client(acceptor.port) as talk:
        with pytest.raises(OSError, match=r"reset|pipe"):
            talk.send(struct.pack(">BBI", wire.ASSOCIATE_RQ, 0, 2**31 - 1) + bytes(256 << 20))
        assert isinstance(acceptor.error(), ProtocolError)


def test_a_caller_that_says_nothing_more_is_sent_away() -> None:
    with (
        accepting(serve, timeouts=AMPLE._replace(idle=0.2)) as acceptor,
        scripted_client(acceptor.port) as talk,
    ):
        talk.send(wire.associate_rq())
        talk.expect(wire.ASSOCIATE_AC)
        talk.expect(wire.ABORT)
        assert isinstance(acceptor.error(), NoAnswer)
