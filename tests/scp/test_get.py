from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic

import pytest

from dimsetools.association.values import Timeouts
from dimsetools.dataset.flat import flat
from dimsetools.message.command import decode as decode_command
from dimsetools.message.command import encode as encode_command
from dimsetools.message.composite import CGetRq, CGetRsp
from dimsetools.scp.get import Get
from dimsetools.scp.kept import Archive
from dimsetools.scp.policy import AcceptPolicy
from dimsetools.scp.roles import Counts, Reply
from dimsetools.scp.served import _response
from dimsetools.scp.server import Limits
from tests.corpus import EXPLICIT_LE, IMPLICIT_LE, JPEG_BASELINE, MR_IMAGE, Made, make_file
from tests.scp.archive import Listed, archive, instance_of
from tests.scp.asking import (
    GET,
    GET_CONTEXT,
    STUDY,
    answers,
    associated,
    cancel,
    comment,
    counts,
    extended,
    identifier,
    request,
    role,
    status,
    values,
)
from tests.scp.node import Node, running_node
from tests.scripted import wire
from tests.scripted.conversation import Conversation, Message

POLICY = AcceptPolicy(storage=[wire.CT_IMAGE], services={STUDY.get: b"\1"}, sends=True)
STORE_RQ = 0x0001


@contextmanager
def getting(
    kept: Archive,
    *,
    log_objects: bool = False,
    timeouts: Timeouts | None = None,
    limits: Limits | None = None,
) -> Iterator[Node]:
    get = Get(kept, {STUDY.get: STUDY}, log_objects=log_objects)
    with running_node(policy=POLICY, roles={CGetRq: get}, timeouts=timeouts, limits=limits) as node:
        yield node


def ask(talk: Conversation, level: str = "STUDY", **keys: object) -> None:
    keys = keys or {"StudyInstanceUID": "1.2"}
    talk.send(request(GET, identifier(level, **keys), context=GET_CONTEXT))


def accept(talk: Conversation, message: Message, code: int = 0) -> None:
    """Answer a sub-operation."""
    uid = message.command[0x1000].rstrip(b"\0")
    answer = wire.store_rsp(message.message_id, code, sop_instance=uid)
    talk.send(wire.message(answer, context=message.context))


def receive(talk: Conversation, *codes: int) -> tuple[list[Message], list[Message]]:
    """Answer all sub-operations, each with the next of `codes`, success when they are used up."""
    stored: list[Message] = []
    told: list[Message] = []
    while not told or status(told[-1]) == 0xFF00:
        message = talk.read_message()
        if message.number(0x100) == STORE_RQ:
            accept(talk, message, codes[len(stored)] if len(stored) < len(codes) else 0)
            stored.append(message)
        else:
            told.append(message)
    return stored, told


def failed(final: Message) -> list[str]:
    return values(final)["FailedSOPInstanceUIDList"]  # type: ignore[return-value]


def test_objects_go_out_as_they_lie_in_the_archive(tmp_path: Path) -> None:
    kept, made = archive(tmp_path / "kept", 25, size=50_000)
    with getting(kept) as node, associated(node.port) as talk:
        ask(talk)
        stored, told = receive(talk)
        (record,) = node.log.wait("retrieve")
    assert [one.data for one in stored] == [one.dataset for one in made]
    assert counts(told[-1]) == {"completed": 25, "failed": 0, "warning": 0}
    assert (status(told[-1]), told[-1].data) == (0, b"")
    for one in told[:-1]:
        assert sum(counts(one).values()) == 25
    assert len(told) >= 3
    assert (record["_matches"], record["_completed"], record["QueryRetrieveLevel"]) == (25, 25, "STUDY")


def test_only_unique_keys_decide_what_is_sent(tmp_path: Path) -> None:
    kept, _ = archive(tmp_path / "kept", 1)
    with getting(kept) as node, associated(node.port) as talk:
        ask(talk, "SERIES", StudyInstanceUID="1.2", SeriesInstanceUID=["1.3", "1.4"], PatientName="X*")
        receive(talk)
    assert isinstance(kept.kept, Listed)
    level, keys = kept.kept.asked[0]
    assert (level, flat(keys)) == ("SERIES", {"StudyInstanceUID": "1.2", "SeriesInstanceUID": ["1.3", "1.4"]})


def test_nothing_to_send_is_success(tmp_path: Path) -> None:
    kept, _ = archive(tmp_path / "kept", 0)
    with getting(kept) as node, associated(node.port) as talk:
        ask(talk)
        (final,) = answers(talk)
    assert (status(final), counts(final)) == (0, {"completed": 0, "failed": 0, "warning": 0})


@pytest.mark.parametrize(
    ("codes", "final", "counted"),
    [
        ((0, 0xB000, 0), 0xB000, {"completed": 2, "failed": 0, "warning": 1}),
        ((0, 0xA700, 0xC001), 0xB000, {"completed": 1, "failed": 2, "warning": 0}),
        ((0xA700, 0xA700, 0x1234), 0xA702, {"completed": 0, "failed": 3, "warning": 0}),
    ],
)
def test_how_sub_operations_ended_is_counted(
    tmp_path: Path, codes: tuple[int, ...], final: int, counted: dict[str, int]
) -> None:
    kept, made = archive(tmp_path / "kept", 3)
    with getting(kept) as node, associated(node.port) as talk:
        ask(talk)
        _, told = receive(talk, *codes)
    assert (status(told[-1]), counts(told[-1])) == (final, counted)
    lost = [one.sop_instance for one, code in zip(made, codes, strict=True) if code not in (0, 0xB000)]
    assert (failed(told[-1]) if lost else []) == lost


def test_a_file_that_is_not_what_was_stored_costs_itself_only(tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    kept, made = archive(folder, 6, size=20_000)
    made[0].path.unlink()
    made[1].path.write_bytes(made[1].path.read_bytes()[:-100])
    made[2].path.write_bytes(made[3].path.read_bytes())
    made[4].path.unlink()
    made[4].path.symlink_to(made[3].path)
    with getting(kept, log_objects=True) as node, associated(node.port) as talk:
        ask(talk)
        stored, told = receive(talk)
        reasons = [str(record["_reason"]) for record in node.log.wait("not-sent", 4)]
        (summed,) = node.log.wait("retrieve")
    assert summed["_reason"] == reasons[0]  # so that the first is told without -v, too
    assert [one.data for one in stored] == [made[3].dataset, made[5].dataset]
    assert failed(told[-1]) == [made[number].sop_instance for number in (0, 1, 2, 4)]
    assert counts(told[-1]) == {"completed": 2, "failed": 4, "warning": 0}
    for reason, words in zip(reasons, ("No such file", "stored", "stored", "cannot be opened"), strict=True):
        assert words in reason


def test_what_was_replaced_since_it_was_found_goes_out_as_it_is_now(tmp_path: Path) -> None:
    kept, made = archive(tmp_path / "kept", 2)
    now = make_file(tmp_path / "kept" / "new.dcm", 0, size=5000)
    made[0].path.unlink()
    assert isinstance(kept.kept, Listed)
    kept.kept.now[now.sop_instance] = instance_of(now)
    with getting(kept) as node, associated(node.port) as talk:
        ask(talk)
        stored, told = receive(talk)
    assert [one.data for one in stored] == [now.dataset, made[1].dataset]
    assert status(told[-1]) == 0


def test_a_requestor_that_takes_no_objects_gets_none(tmp_path: Path) -> None:
    kept, made = archive(tmp_path / "kept", 3)
    with getting(kept) as node, associated(node.port, more=role(scu=True, scp=False)) as talk:
        ask(talk)
        *_, final = answers(talk)
    assert (status(final), counts(final)["failed"]) == (0xA702, 3)
    assert failed(final) == [one.sop_instance for one in made]
    assert "no presentation context" in comment(final)


def test_a_class_without_context_fails_alone(tmp_path: Path) -> None:
    kept, made = archive(tmp_path / "kept", 2)
    other = make_file(tmp_path / "kept" / "mr.dcm", 9, sop_class=MR_IMAGE)
    assert isinstance(kept.kept, Listed)
    kept.kept.instances_kept.insert(1, instance_of(other))
    with getting(kept) as node, associated(node.port) as talk:
        ask(talk)
        stored, told = receive(talk)
    assert [one.data for one in stored] == [one.dataset for one in made]
    assert failed(told[-1]) == [other.sop_instance]


def test_objects_are_converted_when_only_another_syntax_is_taken(tmp_path: Path) -> None:
    kept, made = archive(tmp_path / "kept", 1, syntax=IMPLICIT_LE)
    lossy = make_file(tmp_path / "kept" / "jpeg.dcm", 9, syntax=JPEG_BASELINE)
    assert isinstance(kept.kept, Listed)
    kept.kept.instances_kept.append(instance_of(lossy))
    explicit = made_again(tmp_path / "explicit.dcm")
    with getting(kept) as node, associated(node.port) as talk:
        ask(talk)
        stored, told = receive(talk)
    assert [one.data for one in stored] == [explicit.dataset]
    assert failed(told[-1]) == [lossy.sop_instance]  # its pixels are no JPEG
    assert counts(told[-1]) == {"completed": 1, "failed": 1, "warning": 0}
    assert made[0].dataset != explicit.dataset


def made_again(path: Path) -> Made:
    """The first object of the archive in explicit VR, where its pixels are OW as in implicit VR."""
    made = make_file(path, 0, syntax=EXPLICIT_LE)
    return made._replace(dataset=made.dataset.replace(b"\xe0\x7f\x10\0OB", b"\xe0\x7f\x10\0OW"))


def test_a_list_too_long_for_its_vr_is_complete_all_the_same(tmp_path: Path) -> None:
    kept, made = archive(tmp_path / "kept", 1)
    assert isinstance(kept.kept, Listed)
    gone = instance_of(made[0])._replace(path="gone.dcm")
    uids = [f"1.2.{number:060d}" for number in range(2000)]
    kept.kept.instances_kept[:] = [gone._replace(sop_instance=uid) for uid in uids]
    with getting(kept) as node, associated(node.port) as talk:
        ask(talk)
        *_, final = answers(talk)
    assert counts(final)["failed"] == 2000
    assert failed(final) == uids


# -- refused ------------------------------------------------------------------------------------------


def test_an_identifier_that_names_nothing_is_refused(tmp_path: Path) -> None:
    kept, _ = archive(tmp_path / "kept", 1)
    with getting(kept) as node, associated(node.port) as talk:
        ask(talk, "SERIES", SeriesInstanceUID="1.3")
        (final,) = answers(talk)
        assert (status(final), "StudyInstanceUID" in comment(final)) == (0xA900, True)
        assert struct.unpack("<HH", final.command[0x901]) == (0x0020, 0x000D)
    with getting(kept) as node, associated(node.port, more=role() + extended(STUDY.get, b"\1")) as talk:
        ask(talk, "SERIES", SeriesInstanceUID="1.3")
        assert status(receive(talk)[1][-1]) == 0


def test_more_than_can_be_under_way_is_refused_for_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, _ = archive(tmp_path / "kept", 1)
    monkeypatch.setattr("dimsetools.scp.pump._MOST", 0)
    with getting(kept) as node, associated(node.port) as talk:
        ask(talk)
        assert status(answers(talk)[-1]) == 0xA700


# -- bad peers ----------------------------------------------------------------------------------------


def test_a_cancel_between_objects_ends_it(tmp_path: Path) -> None:
    kept, _ = archive(tmp_path / "kept", 50)
    with getting(kept) as node, associated(node.port) as talk:
        ask(talk)
        first = next_store(talk)
        talk.send(cancel(context=GET_CONTEXT))
        accept(talk, first)
        _, told = receive(talk)
        final = told[-1]
    assert status(final) == 0xFE00
    assert sum(counts(final).values()) == 50
    assert counts(final)["remaining"] >= 48
    assert node.log.wait("retrieve")[0]["_status"] == "FE00"


def next_store(talk: Conversation) -> Message:
    message = talk.read_message()
    while message.number(0x100) != STORE_RQ:
        message = talk.read_message()
    return message


def test_a_cancel_is_heard_while_an_answer_is_missing(tmp_path: Path) -> None:
    kept, made = archive(tmp_path / "kept", 3)
    with getting(kept) as node, associated(node.port) as talk:
        ask(talk)
        first = next_store(talk)
        talk.send(cancel(context=GET_CONTEXT))
        sent = monotonic()
        *_, final = answers(talk)
        assert monotonic() - sent < 1.0
        assert (status(final), failed(final)) == (0xFE00, [made[0].sop_instance])
        accept(talk, first)  # too late, and no harm done
        ask(talk)
        assert status(receive(talk)[1][-1]) == 0


def test_an_answer_that_comes_in_the_next_retrieve_is_not_counted_there(tmp_path: Path) -> None:
    kept, made = archive(tmp_path / "kept", 2)
    with getting(kept) as node, associated(node.port) as talk:
        ask(talk)
        late = next_store(talk)
        talk.send(cancel(context=GET_CONTEXT))
        answers(talk)
        ask(talk)
        first = next_store(talk)
        accept(talk, late)
        accept(talk, first, 0xA700)
        stored, told = receive(talk)
    assert len(stored) == 1
    assert counts(told[-1]) == {"completed": 1, "failed": 1, "warning": 0}
    assert failed(told[-1]) == [made[0].sop_instance]


def test_a_peer_that_answers_slowly_hears_how_it_goes_on(tmp_path: Path) -> None:
    kept, _ = archive(tmp_path / "kept", 2)
    with getting(kept) as node, associated(node.port) as talk:
        ask(talk)
        first = next_store(talk)
        pending = talk.read_message()
        assert (status(pending), counts(pending)["remaining"]) == (0xFF00, 2)
        accept(talk, first)
        assert status(receive(talk)[1][-1]) == 0


@pytest.mark.parametrize(
    "answer",
    [
        wire.store_rsp(77),
        wire.echo_rsp(1),
        wire.echo_rq(9),
        wire.command_set(wire.us(0x100, 0x8001), wire.us(0x120, 1), wire.us(0x800, 0x101)),
    ],
    ids=["message ID", "type", "request", "no status"],
)
def test_a_wrong_answer_to_a_sub_operation_ends_the_association(tmp_path: Path, answer: bytes) -> None:
    kept, _ = archive(tmp_path / "kept", 3)
    with getting(kept) as node, associated(node.port) as talk:
        ask(talk)
        message = next_store(talk)
        talk.send(wire.message(answer, context=message.context))
        while talk.read_pdu().kind != wire.ABORT:
            pass
        assert node.log.wait("association-closed")[0]["_result"] == "protocol-error"


def test_a_peer_that_closes_in_the_middle_ends_its_retrieve(tmp_path: Path) -> None:
    kept, _ = archive(tmp_path / "kept", 5, size=500_000)
    with getting(kept) as node:
        for end in (Conversation.close, Conversation.reset, lambda talk: talk.send(wire.abort())):
            with associated(node.port) as talk:
                ask(talk)
                next_store(talk)
                end(talk)
        node.log.wait("association-closed", 3)
        assert [record["_status"] for record in node.log.wait("retrieve", 3)] == ["", "", ""]
        with associated(node.port) as talk:
            ask(talk)
            assert status(receive(talk)[1][-1]) == 0


def test_a_peer_that_does_not_answer_is_given_up(tmp_path: Path) -> None:
    kept, _ = archive(tmp_path / "kept", 1)
    with getting(kept, timeouts=Timeouts(dimse=0.6)) as node, associated(node.port) as talk:
        ask(talk)
        while talk.read_pdu().kind != wire.ABORT:
            pass
        assert node.log.wait("association-closed")[0]["_result"] == "no-answer"


def test_the_end_of_the_node_ends_a_retrieve(tmp_path: Path) -> None:
    kept, _ = archive(tmp_path / "kept", 3)
    with getting(kept, limits=Limits(grace=0.05)) as node, associated(node.port) as talk:
        ask(talk)
        next_store(talk)
        node.server.drain()
        while talk.read_pdu().kind != wire.ABORT:
            pass
        node.join()


def test_a_retrieve_under_way_finishes_in_the_grace(tmp_path: Path) -> None:
    kept, _ = archive(tmp_path / "kept", 3)
    with getting(kept) as node, associated(node.port) as talk:
        ask(talk)
        first = next_store(talk)
        node.server.drain()
        accept(talk, first)
        assert status(receive(talk)[1][-1]) == 0
        talk.expect(wire.ABORT)
        node.join()


def test_more_sub_operations_than_can_be_counted_are_told_as_the_most_that_can() -> None:
    request = CGetRq(message_id=1, affected_sop_class_uid=STUDY.get)
    response = _response(request, Reply(0xFF00, counts=Counts(70_000, 5)))
    told = decode_command(encode_command(response, data_set=False)).message
    assert isinstance(told, CGetRsp)
    assert (told.remaining, told.completed) == (0xFFFF, 5)
