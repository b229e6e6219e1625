from __future__ import annotations

import os
import struct
from collections.abc import Sequence
from pathlib import Path

import pytest

from dimsetools.association.values import Target
from dimsetools.errors import InputUnreadable, NoContext
from dimsetools.services.examine import Item, Leniency, examine
from dimsetools.services.store import Manner, Opened, Sender, Stored
from tests import corpus
from tests.corpus import EXPLICIT_LE, JPEG_BASELINE, make_file, make_huge
from tests.scripted import conversation as step
from tests.scripted import wire
from tests.scripted.conversation import Conversation, Step
from tests.scripted.peers import HOST, scripted_server
from tests.services.storing import (
    END,
    TAKE,
    errors,
    folder,
    items_of,
    rejecting,
    send,
    serve,
    stored,
)


def test_bytes_and_seconds_are_counted(tmp_path: Path) -> None:
    items = items_of(make_huge(tmp_path / "huge", 9_000_000, sparse=True), make_file(tmp_path / "a").path)
    counts: list[int] = []
    with scripted_server([step.accept(max_pdu=131072), step.store(), step.store(), *END]) as server:
        sender = Sender(Target(HOST, server.port), Manner(), advance=counts.append)
        assert errors(sender.send(items)) == [None, None]
        server.finish()
    assert sum(counts) == sum(item.meta.length for item in items)
    assert len(counts) > 8  # the long one shows how far it is
    assert 0 < sender.seconds < 10


def test_the_next_object_goes_out_before_anybody_looks_at_the_last_answer(tmp_path: Path) -> None:
    items = folder(tmp_path, 3)
    with scripted_server([step.accept(), step.store(), TAKE, step.stall()]) as server:
        events = Sender(Target(HOST, server.port), Manner()).send(items)
        assert isinstance(next(events), Opened)
        assert isinstance(next(events), Stored)
        talk = server.first
        while len(talk.messages) < 2 and not talk.over.wait(0.01):
            pass
        events.close()
        server.finish()


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1)])
def test_an_async_window_keeps_several_under_way(tmp_path: Path, order: Sequence[int]) -> None:
    items = folder(tmp_path, 3)
    window = wire.item(0x53, struct.pack(">HH", 3, 1))

    def answer(talk: Conversation) -> None:
        for index in order:
            message = talk.messages[index]
            uid = message.command[0x1000].rstrip(b"\0")
            status = 0xC000 if index == 2 else 0
            talk.send(wire.message(wire.store_rsp(message.message_id, status, sop_instance=uid)))

    with scripted_server([step.accept(more=window), TAKE, TAKE, TAKE, answer, *END]) as server:
        events = stored(send(server, items, window=3))
        server.finish()
    assert [event.item for event in events] == [items[index] for index in order]
    assert [event.item for event in events if event.error] == [items[2]]


def test_a_window_that_the_peer_does_not_grant_is_one(tmp_path: Path) -> None:
    items = folder(tmp_path, 2)
    with scripted_server([step.accept(), step.store(), step.store(), *END]) as server:
        assert errors(send(server, items, window=8)) == [None, None]
        server.finish()


def test_an_object_that_cannot_be_converted_fails_alone(tmp_path: Path) -> None:
    made = [make_file(tmp_path / "0", 0, syntax=JPEG_BASELINE), make_file(tmp_path / "1", 1)]
    with scripted_server([rejecting(EXPLICIT_LE), serve, step.closed()]) as server:
        events = send(server, items_of(*(entry.path for entry in made)))
        server.finish()
    errors = {event.item.path: event.error for event in stored(events)}
    assert isinstance(errors[str(made[0].path)], NoContext)
    assert errors[str(made[1].path)] is None


def test_a_file_that_went_away_fails_alone(tmp_path: Path) -> None:
    items = folder(tmp_path, 4)
    os.unlink(items[1].path)
    with open(items[2].path, "ab") as file:
        file.write(b"more")
    with scripted_server([step.accept(), step.store(), step.store(), *END]) as server:
        events = send(server, items)
        server.finish()
    by_path = {event.item.path: event for event in stored(events)}
    assert isinstance(by_path[items[1].path].error, InputUnreadable)
    assert "changed after it was examined" in str(by_path[items[2].path].error)
    assert [by_path[items[n].path].error for n in (0, 3)] == [None, None]


def _while_first_is_read(change: Step) -> Step:
    """Step: read the beginning of a C-STORE, do `change`, and read on to the end of the association."""

    def run(talk: Conversation) -> None:
        talk.expect(wire.P_DATA)
        talk.expect(wire.P_DATA)
        change(talk)

    return run


def test_a_file_that_shrinks_costs_the_association_and_no_other_object(tmp_path: Path) -> None:
    huge = make_huge(tmp_path / "huge", 64_000_000, sparse=True)
    items = items_of(huge, *(make_file(tmp_path / f"{n}", n).path for n in range(2)))

    def shrink(talk: Conversation) -> None:
        os.truncate(huge, 5_000_000)
        while talk.read_pdu().kind == wire.P_DATA:
            pass
        assert talk.received[-1].kind == wire.ABORT

    first = [step.accept(max_pdu=131072), _while_first_is_read(shrink), step.closed()]
    with scripted_server(first, [step.accept(), step.store(), step.store(), *END]) as server:
        events = stored(send(server, items))
        server.finish()
    assert [(event.item, type(event.error)) for event in events] == [
        (items[0], InputUnreadable),
        (items[1], type(None)),
        (items[2], type(None)),
    ]


def test_a_file_that_changes_while_it_is_sent_is_not_sent(tmp_path: Path) -> None:
    huge = make_huge(tmp_path / "huge", 64_000_000, sparse=True)
    items = items_of(huge, make_file(tmp_path / "a").path)

    def touch(talk: Conversation) -> None:
        os.utime(huge, ns=(1, 1))
        while not talk.received[-1].body[5] & 2 or talk.received[-1].body[5] & 1:
            talk.read_pdu()
        number = 1
        talk.send(wire.message(wire.store_rsp(number)))

    with scripted_server(
        [step.accept(max_pdu=131072), _while_first_is_read(touch), step.store(), *END]
    ) as server:
        events = stored(send(server, items))
        server.finish()
    assert [type(event.error) for event in events] == [InputUnreadable, type(None)]
    assert "changed while it was sent" in str(events[0].error)
    assert events[0].status == 0


@pytest.mark.parametrize("size", [2000, 1 << 20, 3_000_000])
def test_odd_data_sets_get_a_nul(tmp_path: Path, size: int) -> None:
    path = make_huge(tmp_path / "a", size, sparse=True)
    with path.open("ab") as file:
        file.write(corpus.element(0x7FE1, 0x10, b"UN", b"12", length=3) + b"3")
    (item,) = (i for i in examine([str(path)], Leniency(truncated=True)) if isinstance(i, Item))
    assert item.meta.length % 2
    with scripted_server([step.accept(max_pdu=131072), step.store(), *END]) as server:
        assert errors(send(server, [item])) == [None]
        server.finish()
    assert server.first.messages[0].data == path.read_bytes()[item.meta.offset :] + b"\0"
