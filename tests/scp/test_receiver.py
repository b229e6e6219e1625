from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Timer
from time import monotonic
from typing import Any

import pytest

from dimsetools.archive.objects import Durability, ObjectStore
from dimsetools.association.stop import Stop
from dimsetools.errors import Unreachable
from dimsetools.scp import receiver as module
from dimsetools.scp.listening import CannotListen
from dimsetools.scp.policy import Allowed
from dimsetools.scp.receiver import Receiver, callers
from dimsetools.scp.roles import Record
from dimsetools.scp.server import Server
from tests.association.ends import AMPLE
from tests.corpus import CT_IMAGE, make_dataset
from tests.scripted import wire
from tests.scripted.conversation import Conversation
from tests.scripted.peers import scripted_client

CONTEXTS = (wire.Context(3, CT_IMAGE, (wire.EXPLICIT_LE,)),)


class Log(list[Record]):
    """Records, and a flag that is up once one of an event has come."""

    def __init__(self) -> None:
        super().__init__()
        self.came: dict[str, Event] = {}

    def __call__(self, record: Record) -> None:
        self.append(record)
        self.came.setdefault(str(record["_event"]), Event()).set()

    def events(self, name: str) -> list[Record]:
        return [record for record in self if record["_event"] == name]


@contextmanager
def receiving(
    folder: Path | None, log: Log | None = None, peer: str = "127.0.0.1", port: int = 0, **more: Any
) -> Iterator[tuple[Receiver, int]]:
    store = None if folder is None else ObjectStore(str(folder), durability=Durability.NONE)
    receiver = Receiver(
        store,
        title="HERE",
        peer=peer,
        port=port,
        log=log if log is not None else Log(),
        timeouts=AMPLE,
        max_pdu=131072,
        **more,
    )
    try:
        yield receiver, receiver.start()
    finally:
        receiver.close()
        if store is not None:
            store.close()


def associate(talk: Conversation, called: bytes = b"HERE") -> int:
    talk.send(wire.associate_rq(CONTEXTS, called=called))
    return talk.read_pdu().kind


def store(talk: Conversation, number: int) -> int:
    uid = f"1.2.{number}"
    data = make_dataset(number, instance=uid)
    talk.send(wire.message(wire.store_rq(1, sop_instance=uid), data, context=3))
    return talk.read_message().number(0x900)


def release(talk: Conversation) -> None:
    talk.send(wire.release_rq())
    talk.expect(wire.RELEASE_RP)


def test_what_the_peer_sends_is_kept_and_told(tmp_path: Path) -> None:
    log = Log()
    with receiving(tmp_path, log) as (receiver, port), scripted_client(port) as talk:
        assert associate(talk) == wire.ASSOCIATE_AC
        assert [store(talk, number) for number in (1, 2)] == [0, 0]
        release(talk)
        assert receiver.wait(2, Stop())
        assert receiver.landed == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1.2.1.dcm", "1.2.2.dcm"]
    (first, _) = log.events("stored")
    assert (first["SOPInstanceUID"], first["_path"], first["_status"]) == ("1.2.1", "1.2.1.dcm", "0000")
    assert first["TransferSyntaxUID"] == wire.EXPLICIT_LE


def test_objects_are_told_where_nothing_is_kept(tmp_path: Path) -> None:
    log = Log()
    with receiving(None, log) as (receiver, port), scripted_client(port) as talk:
        associate(talk)
        assert store(talk, 1) == 0
        release(talk)
        assert receiver.wait(1, Stop())
    assert [record["SOPInstanceUID"] for record in log.events("stored")] == ["1.2.1"]


def test_other_titles_are_not_taken(tmp_path: Path) -> None:
    with receiving(tmp_path) as (_, port), scripted_client(port) as talk:
        assert associate(talk, called=b"THERE") == wire.ASSOCIATE_RJ


def test_other_addresses_are_not_let_in(tmp_path: Path) -> None:
    log = Log()
    elsewhere = receiving(tmp_path, log, peer="192.0.2.1", bind="127.0.0.1")
    with elsewhere as (_, port), scripted_client(port) as talk:
        assert associate(talk) == wire.ASSOCIATE_RJ
    assert log.events("association-rejected")


def test_others_can_be_let_in(tmp_path: Path) -> None:
    others = (Allowed.parse("SCRIPT@127.0.0.0/8"),)
    open_one = receiving(tmp_path, peer="192.0.2.1", bind="127.0.0.1", others=others)
    with open_one as (_, port), scripted_client(port) as talk:
        assert associate(talk) == wire.ASSOCIATE_AC


def test_a_peer_elsewhere_can_reach_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bound: list[str | None] = []

    def server(bind: str | None, *rest: Any) -> Server:
        bound.append(bind)
        return Server("127.0.0.1", *rest)

    monkeypatch.setattr(module, "Server", server)
    for peer in ("192.0.2.1", "127.0.0.1"):
        with receiving(tmp_path, peer=peer):
            pass
    assert bound == [None, "localhost"]


def test_the_addresses_of_the_peer_are_those_of_its_name() -> None:
    assert Allowed.parse("*@127.0.0.1") in callers("localhost")
    with pytest.raises(Unreachable):
        callers("no.such.host.invalid")


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        taken_port = taken.getsockname()[1]
        second = receiving(tmp_path, port=taken_port, bind="127.0.0.1")
        with pytest.raises(CannotListen):
            second.__enter__()


# -- waiting ----------------------------------------------------------------------------------------------


def test_it_waits_for_the_last_object(tmp_path: Path) -> None:
    with receiving(tmp_path) as (receiver, port), scripted_client(port) as talk:
        associate(talk)

        def send() -> None:
            store(talk, 1)
            release(talk)

        later = Timer(0.1, send)
        later.start()
        assert receiver.wait(1, Stop())
        later.join()


def test_it_does_not_wait_for_ever_for_what_the_peer_has_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "QUIET", 0.1)
    with receiving(tmp_path) as (receiver, _):
        assert not receiver.wait(3, Stop())


@pytest.mark.parametrize("how", ["stop", "deadline"])
def test_the_wait_can_be_ended(tmp_path: Path, how: str) -> None:
    stop = Stop()
    with receiving(tmp_path) as (receiver, port), scripted_client(port) as talk:
        associate(talk)
        if how == "stop":
            Timer(0.1, stop.request).start()
        assert not receiver.wait(3, stop, until=monotonic() + 0.1 if how == "deadline" else None)
