"""What a hostile peer can send: it ends that association, at once, and the node answers the next one."""

from __future__ import annotations

import gc
import random
import struct
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from dimsetools.association.values import Timeouts
from tests.corpus import make_dataset
from tests.scp.node import CONTEXTS, Node, running_node
from tests.scripted import wire
from tests.scripted.conversation import Conversation
from tests.scripted.peers import scripted_client

DATA = make_dataset(0, instance="1.2.3")
MAX_PDU = 131072


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """One node for all attacks of this file: it has to survive them one after the other."""
    folder = tmp_path_factory.mktemp("attacked")
    # What waits for more bytes than an attacker sends ends with a time-out: a short one, here.
    with running_node(folder, timeouts=Timeouts(acse=5.0, dimse=5.0, idle=5.0)) as running:
        yield running
        assert [path.name for path in folder.iterdir()] == []
        assert all(record["_event"] != "internal-error" for record in running.log.records)


def still_answers(node: Node) -> None:
    with scripted_client(node.port) as talk:
        talk.send(wire.associate_rq(CONTEXTS))
        talk.expect(wire.ASSOCIATE_AC)
        talk.send(wire.message(wire.echo_rq()))
        assert talk.read_message().number(0x900) == 0
        talk.send(wire.release_rq())
        talk.expect(wire.RELEASE_RP)


def ended(talk: Conversation, data: bytes) -> None:
    """The peer takes the bytes, and ends the association with A-ABORT or by closing; nothing else comes."""
    try:
        talk.send(data)
    except OSError:
        return  # it has hung up before it read everything
    answer = talk.sock.makefile("rb").read(10)
    assert answer in (b"", wire.abort(2, answer[9] if answer else 0), wire.abort(0, 0)), answer


@pytest.mark.parametrize("established", [False, True], ids=["fresh", "associated"])
@pytest.mark.parametrize("length", [0, 1, 3, 5, MAX_PDU + 1, 2**31 - 1, 2**32 - 1])
@pytest.mark.parametrize("kind", [0, 1, 2, 3, 4, 5, 6, 7, 8, 0x47, 0xFF])
def test_pdu_lengths(node: Node, kind: int, length: int, established: bool) -> None:
    with scripted_client(node.port) as talk:
        if established:
            talk.send(wire.associate_rq(CONTEXTS))
            talk.expect(wire.ASSOCIATE_AC)
        ended(talk, wire.pdu(kind, bytes(min(length, 64)), length=length))
    still_answers(node)


@pytest.mark.parametrize("body", [b"", b"\0", DATA[:40]], ids=len)
@pytest.mark.parametrize("length", [0, 1, 2**31 - 1, 2**32 - 1, "beyond"])
def test_pdv_lengths(node: Node, length: int | str, body: bytes) -> None:
    claimed = length if isinstance(length, int) else len(body) + 3
    with scripted_client(node.port) as talk:
        talk.send(wire.associate_rq(CONTEXTS))
        talk.expect(wire.ASSOCIATE_AC)
        ended(talk, wire.p_data(wire.pdv(body, command=True, length=claimed)))
    still_answers(node)


def plain(number: int, value: bytes, group: int = 0) -> bytes:
    return wire.element(number, value, group=group)


FIELD = wire.us(0x100, wire.C_STORE_RQ)
NUMBER = wire.us(0x110, 1)
WITH_DATA = wire.us(0x800, 1)
WITHOUT = wire.us(0x800, wire.NO_DATA_SET)
CLASS = wire.ui(2, wire.CT_IMAGE)
INSTANCE = wire.ui(0x1000, "1.2.3")
PRIORITY = wire.us(0x700, 0)

MALFORMED = {
    "nothing": b"",
    "half a header": wire.store_rq()[:7],
    "half a value": wire.store_rq()[:-3],
    "value beyond the end": wire.command_set(CLASS, FIELD, wire.element(0x110, b"\1\0", length=200)),
    "value of 4 GiB": wire.command_set(CLASS, FIELD, wire.element(0x110, b"\1\0", length=2**32 - 1)),
    "value of 2 GiB": wire.command_set(CLASS, FIELD, wire.element(0x110, b"\1\0", length=2**31 - 1)),
    "another group": wire.command_set(plain(0x18, b"1.2.3\0", 8)) + wire.store_rq(),
    "descending": wire.command_set(INSTANCE, CLASS, FIELD, NUMBER, PRIORITY, WITH_DATA),
    "twice the same": wire.command_set(CLASS, FIELD, NUMBER, NUMBER, PRIORITY, WITH_DATA, INSTANCE),
    "no command field": wire.command_set(CLASS, NUMBER, PRIORITY, WITH_DATA, INSTANCE),
    "empty command field": wire.command_set(CLASS, plain(0x100, b""), NUMBER, WITH_DATA, INSTANCE),
    "long command field": wire.command_set(CLASS, plain(0x100, b"\1\0\0\0"), NUMBER, WITH_DATA, INSTANCE),
    "no data set type": wire.command_set(CLASS, FIELD, NUMBER, PRIORITY, INSTANCE),
    "short data set type": wire.command_set(CLASS, FIELD, NUMBER, plain(0x800, b"\1"), INSTANCE),
    "no message id": wire.command_set(CLASS, FIELD, PRIORITY, WITH_DATA, INSTANCE),
    "empty message id": wire.command_set(CLASS, FIELD, plain(0x110, b""), WITH_DATA, INSTANCE),
    "long message id": wire.command_set(CLASS, FIELD, plain(0x110, b"\1\0\0\0"), WITH_DATA, INSTANCE),
    "no class": wire.command_set(FIELD, NUMBER, PRIORITY, WITH_DATA, INSTANCE),
    "empty class": wire.command_set(plain(2, b""), FIELD, NUMBER, PRIORITY, WITH_DATA, INSTANCE),
    "no instance": wire.command_set(CLASS, FIELD, NUMBER, PRIORITY, WITH_DATA),
    "empty instance": wire.command_set(CLASS, FIELD, NUMBER, PRIORITY, WITH_DATA, plain(0x1000, b"")),
    "NUL instance": wire.command_set(CLASS, FIELD, NUMBER, PRIORITY, WITH_DATA, plain(0x1000, b"\0\0")),
    "a store without data": wire.command_set(CLASS, FIELD, NUMBER, PRIORITY, WITHOUT, INSTANCE),
    "an echo with data": wire.command_set(
        wire.ui(2, wire.VERIFICATION), wire.us(0x100, wire.C_ECHO_RQ), NUMBER, WITH_DATA
    ),
    "a cancel with data": wire.command_set(wire.us(0x100, wire.C_CANCEL_RQ), wire.us(0x120, 1), WITH_DATA),
    "a response": wire.echo_rsp(),
    "another response": wire.store_rsp(),
    "a response nobody knows": wire.command_set(wire.us(0x100, 0x8777), wire.us(0x120, 1), WITHOUT),
    "odd priority": wire.command_set(CLASS, FIELD, NUMBER, plain(0x700, b"\0\0\0"), WITH_DATA, INSTANCE),
    "explicit VR": b"\0\0\0\0UL\4\0\x38\0\0\0" + b"\0\0\2\0UI\x1a\0" + wire.CT_IMAGE.encode() + b"\0",
    "big endian": struct.pack(">HHII", 0, 0, 4, 40) + struct.pack(">HHIH", 0, 0x100, 2, 1),
    "too long": wire.command_set(CLASS, FIELD, NUMBER, WITH_DATA, plain(0x1000, b"1" * 70_000)),
    "noise": random.Random(1).randbytes(200),
}


@pytest.mark.parametrize("what", MALFORMED)
def test_malformed_command_sets(node: Node, what: str) -> None:
    with scripted_client(node.port) as talk:
        talk.send(wire.associate_rq(CONTEXTS))
        talk.expect(wire.ASSOCIATE_AC)
        ended(talk, wire.message(MALFORMED[what], DATA, context=3))
    still_answers(node)


@pytest.mark.parametrize(
    "fragments",
    [
        [wire.pdv(DATA, context=3)],
        [wire.pdv(wire.store_rq(), context=3, command=True, last=False), wire.pdv(DATA, context=3)],
        [wire.pdv(wire.store_rq(), context=3, command=True), wire.pdv(wire.echo_rq(), command=True)],
        [
            wire.pdv(wire.store_rq(), context=3, command=True),
            wire.pdv(DATA[:99], context=3, last=False),
            wire.pdv(DATA[99:], context=1),
        ],
        [wire.pdv(wire.echo_rq(), context=5, command=True)],
        [wire.pdv(wire.echo_rq(), context=0, command=True)],
        [wire.pdv(wire.echo_rq(), context=2, command=True)],
    ],
    ids=["data first", "half a command", "command in data", "changed context", "no context", "zero", "even"],
)
def test_fragments_out_of_place(node: Node, fragments: list[bytes]) -> None:
    with scripted_client(node.port) as talk:
        talk.send(wire.associate_rq(CONTEXTS))
        talk.expect(wire.ASSOCIATE_AC)
        ended(talk, b"".join(wire.p_data(fragment) for fragment in fragments))
    still_answers(node)


@pytest.mark.parametrize("out_of_turn", [wire.release_rq(), wire.associate_rq(), wire.release_rp()])
def test_pdus_inside_an_object(node: Node, out_of_turn: bytes) -> None:
    with scripted_client(node.port) as talk:
        talk.send(wire.associate_rq(CONTEXTS))
        talk.expect(wire.ASSOCIATE_AC)
        half = wire.message(wire.store_rq(), DATA * 20, context=3)[:-2000]
        whole_pdus = half[: half.rindex(b"\4\0\0\0")]
        ended(talk, whole_pdus + out_of_turn)
    still_answers(node)


@pytest.mark.parametrize(
    "junk",
    [
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(300),
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"\r\n\r\n\r\n",
        b"\xff" * 5000,
        *(random.Random(seed).randbytes(3000) for seed in range(8)),
        b"",
    ],
    ids=lambda junk: repr(junk[:8]),
)
def test_other_protocols_and_noise(node: Node, junk: bytes) -> None:
    with scripted_client(node.port) as talk:
        if junk:
            ended(talk, junk)
    still_answers(node)


def test_those_who_speak_something_else_leave_nothing_behind(node: Node) -> None:
    """Even before the garbage is collected, which may take ten thousand callers."""
    gc.collect()
    gc.disable()
    tracemalloc.start()
    try:
        for _ in range(30):
            with scripted_client(node.port) as talk:
                ended(talk, b"GET / HTTP/1.1\r\n\r\n")
        still_answers(node)
        current, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        gc.enable()
    assert current < 2**20


CONTEXT = wire.Context(1, wire.CT_IMAGE, (wire.EXPLICIT_LE,))
PROPOSALS = {
    "no items": wire.pdu(wire.ASSOCIATE_RQ, bytes(68)),
    "cut": wire.associate_rq(CONTEXTS)[:6] + wire.associate_rq(CONTEXTS)[6:-20],
    "129 contexts": wire.associate_rq([CONTEXT._replace(id=number * 2 + 1 & 0xFF) for number in range(129)]),
    "the same id twice": wire.associate_rq([CONTEXT, CONTEXT]),
    "an even id": wire.associate_rq([CONTEXT._replace(id=2)]),
    "16000 sub-items": wire.associate_rq(CONTEXTS, more=b"\x99\0\0\0" * 16_000),
    "an item beyond its parent": wire.associate_rq(CONTEXTS, more=wire.item(0x52, b"1.2", length=60_000)),
    "1000 syntaxes a context": wire.associate_rq(
        [
            CONTEXT._replace(id=number, transfer_syntaxes=("1.2.840.10008.1.2",) * 1000)
            for number in range(1, 20, 2)
        ]
    ),
    "a cut identity": wire.associate_rq(CONTEXTS, more=wire.item(0x58, b"\2\0\0\xffuser")),
    "longer than may be": wire.pdu(wire.ASSOCIATE_RQ, b"", length=128 * 1024 + 1),
}


@pytest.mark.parametrize("what", PROPOSALS)
def test_hostile_proposals_are_answered_cheaply(node: Node, what: str) -> None:
    proposal = PROPOSALS[what]
    if what == "cut":
        proposal = wire.pdu(wire.ASSOCIATE_RQ, wire.associate_rq(CONTEXTS)[6:-20])
    with scripted_client(node.port) as talk:
        try:
            talk.send(proposal)
            kind = talk.read(1)[0]
        except (OSError, AssertionError):
            kind = 0  # it has hung up
    assert kind in (0, wire.ASSOCIATE_AC, wire.ASSOCIATE_RJ, wire.ABORT)
    still_answers(node)


NAMES = [
    "../x", "/abs", "..", ".", "a/../../b", "..\\x", "1.2\0.3", "1" * 64, "1" * 65, "CON", "-rf", "M\xfcller",
    "1.2 ",
]  # fmt: skip


@pytest.mark.parametrize("uid", NAMES)
def test_instance_uids_never_leave_the_folder(tmp_path: Path, uid: str) -> None:
    root = tmp_path / "a" / "root"
    root.mkdir(parents=True)
    data = DATA.replace(b"\x08\0\x18\0UI\6\x001.2.3\0", b"")
    with running_node(root) as node, scripted_client(node.port) as talk:
        talk.send(wire.associate_rq(CONTEXTS))
        talk.expect(wire.ASSOCIATE_AC)
        talk.send(wire.message(wire.store_rq(sop_instance=uid.encode("latin-1")), data, context=3))
        assert talk.read_message().number(0x900) == 0
    (kept,) = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert kept.parent == root
    assert kept.name == f"{uid.strip()}.dcm" or kept.name.startswith("uid-")


def test_titles_and_uids_reach_the_log_as_one_harmless_line(tmp_path: Path) -> None:
    evil = b"\x1b[31m\nforged\x9b"
    with running_node(tmp_path, log_objects=True) as node, scripted_client(node.port) as talk:
        talk.send(wire.associate_rq(CONTEXTS, calling=evil))
        talk.expect(wire.ASSOCIATE_AC)
        talk.send(wire.message(wire.store_rq(sop_instance=evil), DATA, context=3))
        assert talk.read_message().number(0x900) == 0xA900
        (record,) = node.log.wait("refused")
    from dimsetools.render.line import rendered
    from dimsetools.render.scp import line

    shown = rendered(line(record), color=False)
    assert shown.isprintable()
    assert shown.isascii()
