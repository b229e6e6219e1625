from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic

import pytest

from dimsetools.config import load
from dimsetools.message.composite import CMoveRq
from dimsetools.scp.destinations import Destinations
from dimsetools.scp.kept import Archive
from dimsetools.scp.move import Move
from dimsetools.scp.policy import AcceptPolicy
from dimsetools.scp.server import Limits
from tests.corpus import MR_IMAGE, make_file
from tests.scp.archive import Listed, archive, instance_of
from tests.scp.asking import (
    MOVE,
    MOVE_CONTEXT,
    STUDY,
    answers,
    associated,
    cancel,
    comment,
    counts,
    identifier,
    request,
    status,
    values,
)
from tests.scp.node import LIMIT, Node, running_node
from tests.scripted import wire
from tests.scripted.conversation import Conversation, Message, accept, close, expect, release, stall, store
from tests.scripted.peers import refusing_port, scripted_server

POLICY = AcceptPolicy(storage=[wire.CT_IMAGE], services={STUDY.move: b"\1"})


@contextmanager
def moving(
    kept: Archive, port: int, *, log_objects: bool = False, limits: Limits | None = None
) -> Iterator[Node]:
    known = Destinations(load(environ={}), [f"DEST@127.0.0.1:{port}"])
    role = Move(kept, {STUDY.move: STUDY}, known, log_objects=log_objects)
    with running_node(policy=POLICY, roles={CMoveRq: role}, limits=limits) as node:
        yield node


def ask(talk: Conversation, destination: str = "DEST", **keys: object) -> None:
    data = identifier("STUDY", **(keys or {"StudyInstanceUID": "1.2"}))
    talk.send(request(MOVE, data, context=MOVE_CONTEXT, message_id=9, destination=destination))


def moved(node: Node, destination: str = "DEST") -> list[Message]:
    """All responses to a C-MOVE."""
    with associated(node.port) as talk:
        ask(talk, destination)
        return answers(talk)


def failed(final: Message) -> list[str]:
    return values(final)["FailedSOPInstanceUIDList"]  # type: ignore[return-value]


def test_objects_go_to_the_destination_on_behalf_of_who_asked(tmp_path: Path) -> None:
    kept, made = archive(tmp_path / "kept", 25, size=20_000)
    with scripted_server([accept(), *[store()] * 25, release()]) as peer, moving(kept, peer.port) as node:
        told = moved(node)
        peer.finish()
        got = peer.first.messages
        (record,) = node.log.wait("move")
    assert [one.data for one in got] == [one.dataset for one in made]
    assert {one.command[0x1030].strip() for one in got} == {b"ASKER"}
    assert {one.number(0x1031) for one in got} == {9}
    assert b"ARCHIVE" in peer.first.received[0].body[:68]
    assert (status(told[-1]), counts(told[-1])) == (0, {"completed": 25, "failed": 0, "warning": 0})
    assert len(told) >= 3
    assert all(sum(counts(one).values()) == 25 for one in told[:-1])
    assert (record["_destination"], record["_completed"], record["_status"]) == ("DEST", 25, "0000")


@pytest.mark.parametrize(
    ("codes", "final", "counted"),
    [
        ((0, 0xB000, 0), 0xB000, {"completed": 2, "failed": 0, "warning": 1}),
        ((0, 0xA700, 0xC001), 0xB000, {"completed": 1, "failed": 2, "warning": 0}),
        ((0xA700, 0xA700, 0x0110), 0xA702, {"completed": 0, "failed": 3, "warning": 0}),
    ],
)
def test_what_the_destination_answers_is_counted(
    tmp_path: Path, codes: tuple[int, ...], final: int, counted: dict[str, int]
) -> None:
    kept, made = archive(tmp_path / "kept", 3)
    script = [accept(), *(store(code) for code in codes), release()]
    with scripted_server(script) as peer, moving(kept, peer.port) as node:
        *_, last = moved(node)
    assert (status(last), counts(last)) == (final, counted)
    lost = [one.sop_instance for one, code in zip(made, codes, strict=True) if code not in (0, 0xB000)]
    assert (failed(last) if lost else []) == lost


def test_an_unknown_destination_is_refused(tmp_path: Path) -> None:
    kept, _ = archive(tmp_path / "kept", 1)
    with moving(kept, 1) as node:
        (final,) = moved(node, "ELSEWHERE")
        assert (status(final), comment(final)) == (0xA801, "no destination ELSEWHERE is known")
        assert node.log.wait("move")[0]["_destination"] == "ELSEWHERE"
    assert isinstance(kept.kept, Listed)
    assert kept.kept.asked == []


def test_a_destination_that_is_down_fails_everything(tmp_path: Path) -> None:
    kept, made = archive(tmp_path / "kept", 3)
    with refusing_port() as port, moving(kept, port) as node:
        *_, final = moved(node)
    assert (status(final), counts(final)["failed"]) == (0xA702, 3)
    assert failed(final) == [one.sop_instance for one in made]
    assert "refused" in comment(final)


def test_a_destination_that_rejects_fails_everything(tmp_path: Path) -> None:
    kept, made = archive(tmp_path / "kept", 2)
    reject = [expect(wire.ASSOCIATE_RQ), lambda talk: talk.send(wire.associate_rj(1, 1, 3))]
    with scripted_server(reject) as peer, moving(kept, peer.port) as node:
        *_, final = moved(node)
    assert status(final) == 0xA702
    assert failed(final) == [one.sop_instance for one in made]


def test_a_destination_that_goes_away_fails_the_rest(tmp_path: Path) -> None:
    kept, made = archive(tmp_path / "kept", 4)
    script = [accept(), store(), store(), close()]
    with scripted_server(script) as peer, moving(kept, peer.port) as node:
        *_, final = moved(node)
    assert (status(final), counts(final)) == (0xB000, {"completed": 2, "failed": 2, "warning": 0})
    assert failed(final) == [one.sop_instance for one in made[2:]]


def test_what_the_destination_does_not_take_fails_alone(tmp_path: Path) -> None:
    kept, made = archive(tmp_path / "kept", 2)
    other = make_file(tmp_path / "kept" / "mr.dcm", 9, sop_class=MR_IMAGE)
    assert isinstance(kept.kept, Listed)
    kept.kept.instances_kept.insert(1, instance_of(other))

    def only_ct(talk: Conversation) -> None:
        asked = wire.parse_contexts(talk.expect(wire.ASSOCIATE_RQ).body)
        answers = [
            wire.Result(one.id, 0 if one.abstract_syntax == wire.CT_IMAGE else 3, one.transfer_syntaxes[0])
            for one in asked
        ]
        talk.send(wire.associate_ac(answers))

    script = [only_ct, store(), store(), release()]
    refuse = [only_ct, expect(wire.RELEASE_RQ), lambda talk: talk.send(wire.release_rp())]
    with (
        scripted_server(script, refuse) as peer,
        moving(kept, peer.port, log_objects=True) as node,
    ):
        *_, final = moved(node)
        (record,) = node.log.wait("not-sent")
    assert (status(final), failed(final)) == (0xB000, [other.sop_instance])
    assert record["SOPInstanceUID"] == other.sop_instance
    assert len(made) == counts(final)["completed"]


def test_files_that_are_not_what_was_stored_cost_themselves_only(tmp_path: Path) -> None:
    kept, made = archive(tmp_path / "kept", 4)
    made[1].path.unlink()
    made[2].path.write_bytes(made[2].path.read_bytes()[:-50])
    script = [accept(), store(), store(), release()]
    with scripted_server(script) as peer, moving(kept, peer.port) as node:
        *_, final = moved(node)
    assert (status(final), failed(final)) == (0xB000, [made[1].sop_instance, made[2].sop_instance])


def test_what_is_replaced_before_its_turn_goes_out_as_it_is_now(tmp_path: Path) -> None:
    kept, made = archive(tmp_path / "kept", 3)
    last = made[2].path

    def replace(_: Conversation) -> None:
        make_file(last, 2, size=6000)
        assert isinstance(kept.kept, Listed)
        kept.kept.now[made[2].sop_instance] = instance_of(made[2])

    script = [accept(), replace, store(), store(), release()]
    again = [accept(), store(), release()]
    with scripted_server(script, again) as peer, moving(kept, peer.port) as node:
        *_, final = moved(node)
        got = [message.data for talk in peer.conversations for message in talk.messages]
    assert (status(final), counts(final)["completed"]) == (0, 3)
    assert got[:2] == [one.dataset for one in made[:2]]
    assert len(got[2]) > 5000


def test_nothing_to_send_calls_nobody(tmp_path: Path) -> None:
    kept, _ = archive(tmp_path / "kept", 0)
    with refusing_port() as port, moving(kept, port) as node:
        (final,) = moved(node)
    assert (status(final), counts(final)) == (0, {"completed": 0, "failed": 0, "warning": 0})


# -- cancelled ----------------------------------------------------------------------------------------


def test_a_cancel_ends_a_move_to_a_destination_that_hangs(tmp_path: Path) -> None:
    kept, _ = archive(tmp_path / "kept", 5)
    reached = threading.Event()
    script = [accept(), store(), lambda _: reached.set(), stall()]
    with (
        scripted_server(script) as peer,
        moving(kept, peer.port) as node,
        associated(node.port) as talk,
    ):
        ask(talk)
        assert reached.wait(LIMIT)
        while counts(talk.read_message())["completed"] < 1:
            pass
        talk.send(cancel(9, context=MOVE_CONTEXT))
        sent = monotonic()
        *_, final = answers(talk)
        assert monotonic() - sent < 1.0
        assert status(final) == 0xFE00
        assert counts(final)["completed"] == 1
        peer.first.over.set()


def test_a_cancel_while_the_archive_is_searched(tmp_path: Path) -> None:
    kept, _ = archive(tmp_path / "kept", 5)
    assert isinstance(kept.kept, Listed)
    kept.kept.go_on.clear()
    with refusing_port() as port, moving(kept, port) as node, associated(node.port) as talk:
        ask(talk)
        talk.send(cancel(9, context=MOVE_CONTEXT))
        sent = monotonic()
        *_, final = answers(talk)
        assert (status(final), counts(final)["completed"]) == (0xFE00, 0)
        assert monotonic() - sent < 1.0
        kept.kept.go_on.set()


def test_a_peer_that_goes_away_ends_its_move(tmp_path: Path) -> None:
    kept, _ = archive(tmp_path / "kept", 5)
    reached = threading.Event()
    script = [accept(), store(), lambda _: reached.set(), stall()]
    with scripted_server(script) as peer, moving(kept, peer.port) as node:
        with associated(node.port) as talk:
            ask(talk)
            assert reached.wait(LIMIT)
            talk.reset()
        assert node.log.wait("association-closed")[0]["_result"] == "connection-lost"
        (record,) = node.log.wait("move")
        assert (record["_status"], record["_matches"]) == ("", 5)
        peer.finish()  # its connection was ended too


def test_the_end_of_the_node_ends_a_move(tmp_path: Path) -> None:
    kept, _ = archive(tmp_path / "kept", 5)
    reached = threading.Event()
    script = [accept(), store(), lambda _: reached.set(), stall()]
    with (
        scripted_server(script) as peer,
        moving(kept, peer.port, limits=Limits(grace=0.05)) as node,
        associated(node.port) as talk,
    ):
        ask(talk)
        assert reached.wait(LIMIT)
        node.server.drain()
        while talk.read_pdu().kind != wire.ABORT:
            pass
        node.join()
        peer.finish()
