from __future__ import annotations

import errno
import os
import socket
import ssl
import struct
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from time import monotonic

import pytest

from dimsetools.association.tls import server_context
from dimsetools.association.values import ServerTls, Timeouts
from dimsetools.message.composite import CStoreRq
from dimsetools.message.exchange import Incoming
from dimsetools.message.sinks import NullSink, Sink
from dimsetools.scp.policy import AcceptPolicy, Allowed
from dimsetools.scp.roles import Caller, Reply, Task
from dimsetools.scp.server import Limits
from dimsetools.scp.storage import Storage
from tests.corpus import make_dataset
from tests.peers.certificates import Certificates
from tests.scp.node import CONTEXTS, LIMIT, Node, running_node
from tests.scripted import wire
from tests.scripted.conversation import Conversation
from tests.scripted.peers import scripted_client

UID = "1.2.3"
DATA = make_dataset(0, instance=UID)


@contextmanager
def associated(node: Node, **asked: bytes) -> Iterator[Conversation]:
    with scripted_client(node.port) as talk:
        talk.send(wire.associate_rq(CONTEXTS, **asked))  # type: ignore[arg-type]
        talk.expect(wire.ASSOCIATE_AC)
        yield talk


def answer(talk: Conversation, message: bytes) -> int:
    """Status that a message is answered with."""
    talk.send(message)
    return talk.read_message().number(0x900)


def echo(talk: Conversation, message_id: int = 1) -> int:
    return answer(talk, wire.message(wire.echo_rq(message_id)))


def store(talk: Conversation, data: bytes = DATA, uid: str = UID, message_id: int = 1) -> int:
    return answer(talk, wire.message(wire.store_rq(message_id, sop_instance=uid), data, context=3))


def release(talk: Conversation) -> None:
    talk.send(wire.release_rq())
    talk.expect(wire.RELEASE_RP)
    talk.close()


def rejection(node: Node, **asked: bytes) -> tuple[int, ...]:
    with scripted_client(node.port) as talk:
        talk.send(wire.associate_rq(CONTEXTS, **asked))  # type: ignore[arg-type]
        return tuple(talk.expect(wire.ASSOCIATE_RJ).body[1:])


# -- serving ------------------------------------------------------------------------------------------


def test_echo_and_store_on_one_association(tmp_path: Path) -> None:
    with running_node(tmp_path) as node, associated(node) as talk:
        assert echo(talk, 1) == 0
        assert store(talk, message_id=2) == 0
        assert talk.messages[-1].number(0x120) == 2
        assert (tmp_path / f"{UID}.dcm").read_bytes().endswith(DATA)
        release(talk)
        (closed,) = node.log.wait("association-closed")
    assert (closed["_result"], closed["_objects"], closed["_bytes"]) == ("released", 1, len(DATA))
    assert (closed["_calling"], closed["_called"], closed["_host"]) == ("SCRIPT", "ANY-SCP", "127.0.0.1")


def test_ignoring_says_success_and_keeps_nothing(tmp_path: Path) -> None:
    with running_node() as node, associated(node) as talk:
        assert store(talk) == 0
        assert store(talk, b"no data set at all") == 0
    assert list(tmp_path.iterdir()) == []


def test_objects_are_logged_when_asked_for(tmp_path: Path) -> None:
    with running_node(tmp_path, log_objects=True, log_paths=True) as node, associated(node) as talk:
        store(talk)
        (record,) = node.log.wait("stored")
    assert (record["_path"], record["_status"], record["SOPInstanceUID"]) == (f"{UID}.dcm", "0000", UID)


def test_paths_are_not_logged_unless_allowed(tmp_path: Path) -> None:
    with running_node(tmp_path, log_objects=True) as node, associated(node) as talk:
        store(talk)
        assert "_path" not in node.log.wait("stored")[0]


@pytest.mark.parametrize(
    ("data", "uid", "status"),
    [
        (DATA, "1.2.4", 0xA900),
        (DATA[:-1], UID, 0xC000),
        (b"", UID, 0xC000),
        (b"\0" * 400_000, UID, 0xC000),
    ],
)
def test_what_is_refused_costs_the_object_only(tmp_path: Path, data: bytes, uid: str, status: int) -> None:
    with running_node(tmp_path) as node, associated(node) as talk:
        assert store(talk, data, uid) == status
        assert 0 < len(talk.last.command[0x902]) <= 64
        assert list(tmp_path.iterdir()) == []
        assert store(talk) == 0
        (refused,) = node.log.wait("refused")
        assert refused["_status"] == f"{status:04X}"


def test_a_class_that_the_context_is_not_for_is_refused(tmp_path: Path) -> None:
    mr = wire.store_rq(sop_class="1.2.840.10008.5.1.4.1.1.4")
    with running_node(tmp_path) as node, associated(node) as talk:
        assert answer(talk, wire.message(mr, DATA, context=3)) == 0x0122
        assert answer(talk, wire.message(wire.echo_rq(), context=3)) == 0x0122
        assert store(talk) == 0


@pytest.mark.parametrize("field", [0x0020, 0x0777])
def test_an_operation_that_is_not_offered_is_refused(field: int) -> None:
    query = wire.command_set(
        wire.ui(2, wire.CT_IMAGE),
        wire.us(0x100, field),
        wire.us(0x110, 7),
        wire.us(0x700, 0),
        wire.us(0x800, 1),
    )
    with running_node() as node, associated(node) as talk:
        assert answer(talk, wire.message(query, DATA, context=3)) == 0x0211
        assert talk.last.number(0x120) == 7
        assert echo(talk) == 0


def test_a_cancel_for_nothing_is_ignored() -> None:
    cancel = wire.command_set(wire.us(0x100, wire.C_CANCEL_RQ), wire.us(0x120, 1), wire.us(0x800, 0x101))
    with running_node() as node, associated(node) as talk:
        talk.send(wire.message(cancel))
        assert echo(talk) == 0


class Clumsy:
    """A role that makes a mistake."""

    def __init__(self, step: str) -> None:
        self.step = step
        self.discarded = 0

    @property
    def sink(self) -> Sink:
        return NullSink()

    def begin(self, incoming: Incoming, caller: Caller) -> Task:
        if self.step == "begin":
            raise KeyError("begin")
        return self

    def finish(self) -> Reply:
        raise KeyError("finish")

    def discard(self) -> None:
        self.discarded += 1


@pytest.mark.parametrize("step", ["begin", "finish"])
def test_a_mistake_of_ours_is_a_failure_status_and_no_more(step: str) -> None:
    clumsy = Clumsy(step)
    with running_node(roles={CStoreRq: clumsy}) as node, associated(node) as talk:
        assert store(talk) == 0x0110
        assert talk.last.command[0x902].strip() == b"internal error"
        assert echo(talk) == 0
        assert node.log.wait("internal-error")[0]["_reason"] == f"KeyError: '{step}'"
    assert clumsy.discarded == (step == "finish")


def test_windows_of_requests_are_answered_in_order(tmp_path: Path) -> None:
    window = wire.item(0x53, struct.pack(">HH", 8, 1))
    policy = AcceptPolicy(storage=[wire.CT_IMAGE], async_window=4)
    with running_node(tmp_path, policy=policy) as node, associated(node, more=window) as talk:
        assert wire.item(0x53, struct.pack(">HH", 4, 1)) in talk.received[0].body
        uids = [f"1.2.{number}" for number in range(4)]
        for number, uid in enumerate(uids, 1):
            data = make_dataset(0, instance=uid)
            talk.send(wire.message(wire.store_rq(number, sop_instance=uid), data, context=3))
        assert [talk.read_message().number(0x120) for _ in uids] == [1, 2, 3, 4]
    assert len(list(tmp_path.iterdir())) == 4


# -- the door -----------------------------------------------------------------------------------------


def test_callers_are_turned_away_by_title() -> None:
    policy = AcceptPolicy(storage=[], allowed=(Allowed("CT1"),), called_aet="ARCHIVE")
    with running_node(policy=policy) as node:
        assert rejection(node, calling=b"CT2", called=b"ARCHIVE") == (1, 1, 3)
        assert rejection(node, calling=b"CT1", called=b"OTHER") == (1, 1, 7)
        with associated(node, calling=b"CT1", called=b"ARCHIVE") as talk:
            assert echo(talk) == 0
        rejected = node.log.wait("association-rejected", 2)
        # Each association has its own thread, which logs when the caller knows already.
        assert {record["_calling"] for record in rejected} == {"CT1", "CT2"}
        assert all(record["_reason"] for record in rejected)
        node.end()
        assert (node.join().rejected, node.join().associations) == (2, 1)


def test_one_association_too_many_is_rejected_for_now() -> None:
    with running_node(limits=Limits(associations=2)) as node, associated(node) as first, associated(node):
        assert rejection(node) == (2, 3, 2)
        release(first)
        node.log.wait("association-closed")
        with associated(node) as third:
            assert echo(third) == 0


def test_idle_associations_are_ended() -> None:
    with running_node(timeouts=Timeouts(idle=0.05)) as node, associated(node) as talk:
        talk.expect(wire.ABORT)
        assert node.log.wait("association-closed")[0]["_result"] == "no-answer"


def test_callers_that_say_nothing_are_ended() -> None:
    with running_node(timeouts=Timeouts(acse=0.05)) as node, scripted_client(node.port) as talk:
        assert talk.wait_closed() == "closed"


def test_a_caller_that_hangs_up_in_an_object_leaves_nothing(tmp_path: Path) -> None:
    with running_node(tmp_path) as node:
        for hang_up in (Conversation.close, Conversation.reset, lambda talk: talk.send(wire.abort())):
            with associated(node) as talk:
                talk.send(wire.message(wire.store_rq(), DATA * 100, context=3)[:150_000])
                hang_up(talk)
        node.log.wait("association-closed", 3)
        assert list(tmp_path.iterdir()) == []
        assert node.server.totals.objects == 0


def test_a_caller_that_stalls_in_an_object_is_ended(tmp_path: Path) -> None:
    with running_node(tmp_path, timeouts=Timeouts(dimse=0.05)) as node, associated(node) as talk:
        talk.send(wire.message(wire.store_rq(), DATA * 100, context=3)[:150_000])
        talk.expect(wire.ABORT)
        node.log.wait("association-closed")
        assert list(tmp_path.iterdir()) == []


# -- TLS ----------------------------------------------------------------------------------------------


def test_a_silent_tls_client_blocks_nobody(certificates: Certificates) -> None:
    pair = certificates.server
    context = server_context(ServerTls(str(pair.cert), str(pair.key), require_client_cert=False))
    trusting = ssl.create_default_context(cafile=str(certificates.ca))
    with running_node(wrap=lambda manner: manner._replace(tls_context=context)) as node, ExitStack() as stack:
        for _ in range(3):
            stack.enter_context(scripted_client(node.port))
        with scripted_client(node.port, tls=trusting) as talk:
            talk.send(wire.associate_rq(CONTEXTS))
            talk.expect(wire.ASSOCIATE_AC)
            assert echo(talk) == 0
            release(talk)
        assert node.log.wait("association-opened")[0]["_tls"] is True


def test_plain_dicom_on_a_tls_port_is_named(certificates: Certificates) -> None:
    pair = certificates.server
    context = server_context(ServerTls(str(pair.cert), str(pair.key), require_client_cert=False))
    with running_node(wrap=lambda manner: manner._replace(tls_context=context)) as node:
        with scripted_client(node.port) as talk:
            talk.send(wire.associate_rq(CONTEXTS))
            talk.wait_closed()
        (closed,) = node.log.wait("association-closed")
        assert closed["_result"] == "tls"


# -- the end ------------------------------------------------------------------------------------------


def test_draining_aborts_who_is_idle_and_takes_nobody_new() -> None:
    with running_node() as node, associated(node) as talk, scripted_client(node.port) as undecided:
        echo(talk)
        started = monotonic()
        node.server.drain()
        talk.expect(wire.ABORT)
        undecided.wait_closed()
        node.join()
        assert monotonic() - started < 8  # far from the grace of 10 s
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", node.port), LIMIT).close()


def test_draining_lets_an_object_under_way_finish(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, begin = threading.Event(), Storage.begin

    def announced(role: Storage, incoming: Incoming, caller: Caller) -> Task:
        begun.set()
        return begin(role, incoming, caller)

    monkeypatch.setattr(Storage, "begin", announced)
    message = wire.message(wire.store_rq(), DATA, context=3)
    with running_node(tmp_path) as node, associated(node) as busy, associated(node) as idle:
        busy.send(message[:-100])
        assert begun.wait(LIMIT)
        node.server.drain()
        idle.expect(wire.ABORT)
        busy.send(message[-100:])
        assert busy.read_message().number(0x900) == 0
        busy.expect(wire.ABORT)
        assert node.join().objects == 1
    assert (tmp_path / f"{UID}.dcm").exists()


@pytest.mark.parametrize("hurried", [False, True])
def test_an_object_that_does_not_come_to_its_end_is_given_up(tmp_path: Path, hurried: bool) -> None:
    grace = 60.0 if hurried else 0.05
    with running_node(tmp_path, limits=Limits(grace=grace)) as node, associated(node) as talk:
        talk.send(wire.message(wire.store_rq(), DATA * 100, context=3)[:150_000])
        node.server.drain()
        if hurried:
            node.server.drain()
        talk.expect(wire.ABORT)
        node.join()
    assert list(tmp_path.iterdir()) == []


def test_a_peer_that_reads_nothing_is_cut_off_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dimsetools.scp.server._ABORT_WAIT", 0.05)
    with running_node(limits=Limits(grace=0.05)) as node, associated(node) as talk:
        talk.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        talk.send(wire.message(wire.echo_rq()))
        node.server.drain()
        node.join()


def test_enough_objects_end_the_node_and_let_the_peer_release(tmp_path: Path) -> None:
    with running_node(tmp_path, limits=Limits(objects=2)) as node, associated(node) as talk:
        for number in range(2):
            uid = f"1.2.{number}"
            assert store(talk, make_dataset(0, instance=uid), uid) == 0
        release(talk)
        assert node.join().objects == 2
        assert node.server.enough


def test_objects_beyond_enough_are_not_taken(tmp_path: Path) -> None:
    with running_node(tmp_path, limits=Limits(objects=1)) as node, associated(node) as talk:
        assert store(talk) == 0
        talk.send(wire.message(wire.store_rq(2, sop_instance="1.2.4"), DATA, context=3))
        talk.expect(wire.ABORT)
        assert node.join().objects == 1
    assert len(list(tmp_path.iterdir())) == 1


def test_refused_objects_do_not_count(tmp_path: Path) -> None:
    with running_node(tmp_path, limits=Limits(objects=1)) as node, associated(node) as talk:
        assert store(talk, b"") == 0xC000
        assert store(talk) == 0
        release(talk)
        assert (node.join().objects, node.join().failed) == (1, 1)


def test_the_time_limit_ends_the_node() -> None:
    with running_node(limits=Limits(seconds=0.05)) as node:
        assert node.join().associations == 0
        assert not node.server.enough


def test_when_descriptors_run_out_callers_are_turned_away(monkeypatch: pytest.MonkeyPatch) -> None:
    real = socket.socket.accept
    failures = iter([errno.EMFILE])

    def accept(self: socket.socket) -> tuple[socket.socket, object]:
        if code := next(failures, 0):
            raise OSError(code, os.strerror(code))
        return real(self)

    with running_node() as node:
        monkeypatch.setattr(socket.socket, "accept", accept)
        with scripted_client(node.port) as turned_away:
            turned_away.wait_closed()
        with associated(node) as talk:
            assert echo(talk) == 0
