from __future__ import annotations

import struct
from pathlib import Path

import pytest

from dimsetools.errors import NoContext, StatusFailure
from dimsetools.services.plan import Rules
from dimsetools.services.store import Manner, Opened
from tests import corpus
from tests.corpus import EXPLICIT_LE, IMPLICIT_LE, JPEG_BASELINE, MR_IMAGE, make_file
from tests.scripted import conversation as step
from tests.scripted import wire
from tests.scripted.conversation import Step
from tests.scripted.peers import scripted_server
from tests.services.storing import (
    END,
    errors,
    folder,
    instances,
    items_of,
    rejecting,
    send,
    serve,
    stored,
)


def test_objects_arrive_as_they_lie_in_their_files(tmp_path: Path) -> None:
    syntaxes = (EXPLICIT_LE, IMPLICIT_LE, JPEG_BASELINE, corpus.DEFLATED_LE, corpus.EXPLICIT_BE)
    made = [make_file(tmp_path / f"{n}", n, size=30_000, syntax=s) for n, s in enumerate(syntaxes)]
    items = items_of(*(entry.path for entry in made))
    with scripted_server([step.accept(), *(step.store() for _ in made), *END]) as server:
        events = send(server, items)
        server.finish()
    assert isinstance(events[0], Opened)
    assert errors(events) == [None] * len(made)
    assert [message.data for message in server.first.messages] == [entry.dataset for entry in made]
    for number, (message, entry) in enumerate(zip(server.first.messages, made, strict=True), 1):
        assert message.command[2].rstrip(b"\0").decode() == entry.sop_class
        assert message.command[0x1000].rstrip(b"\0").decode() == entry.sop_instance
        assert message.message_id == number
    contexts = wire.parse_contexts(server.first.received[0].body)
    assert [context.transfer_syntaxes for context in contexts] == [(syntax,) for syntax in syntaxes]


def test_every_result_tells_what_it_is_about(tmp_path: Path) -> None:
    items = folder(tmp_path, 3)
    with scripted_server([step.accept(), *(step.store() for _ in items), *END]) as server:
        events = stored(send(server, items, Manner(priority=1)))
        server.finish()
    assert [event.item for event in events] == items
    assert {(event.status, event.transfer_syntax, event.tries) for event in events} == {(0, EXPLICIT_LE, 1)}
    assert all(event.seconds > 0 for event in events)
    assert {message.number(0x700) for message in server.first.messages} == {1}


def test_more_than_128_contexts_go_over_several_associations(tmp_path: Path) -> None:
    made = [
        make_file(tmp_path / f"{n:03}", n, sop_class=f"1.2.826.0.1.3680043.10.43.8.{n}") for n in range(130)
    ]
    with scripted_server([step.accept(), serve, step.closed()]) as server:
        events = send(server, items_of(*(entry.path for entry in made)))
        server.finish()
    assert errors(events) == [None] * 130
    assert [event.proposed for event in events if isinstance(event, Opened)] == [128, 2]
    assert instances(server) == [entry.sop_instance for entry in made]


@pytest.mark.parametrize("status", [0xB000, 0xB006, 0xB007, 0x0107, 0x0116, 0x0001])
def test_warnings_are_sent_objects(tmp_path: Path, status: int) -> None:
    items = folder(tmp_path, 1)
    comment = wire.lo(0x902, "changed")
    with scripted_server([step.accept(), step.store(status, comment), *END]) as server:
        (event,) = stored(send(server, items))
        server.finish()
    assert (event.status, event.error, event.comment) == (status, None, "changed")


@pytest.mark.parametrize(
    "status", [0xA700, 0xA900, 0xC000, 0xC123, 0x0110, 0x0117, 0x0122, 0x0124, 0x0210, 0x0211, 0x0212, 0x1234]
)
def test_failures_are_not_and_the_others_go_on(tmp_path: Path, status: int) -> None:
    items = folder(tmp_path, 3)
    offending = wire.element(0x901, struct.pack("<HH", 0x10, 0x20))
    bad = step.store(status, offending, wire.lo(0x902, "no"))
    with scripted_server([step.accept(), step.store(), bad, step.store(), *END]) as server:
        events = stored(send(server, items))
        server.finish()
    assert errors(events) == [None, StatusFailure, None]
    failed = events[1]
    assert (failed.item, failed.status, failed.comment, failed.tries) == (items[1], status, "no", 1)
    assert isinstance(failed.error, StatusFailure)
    assert failed.error.offending == (0x00100020,)


@pytest.mark.parametrize("status", [0xFF00, 0xFE00])
def test_statuses_of_other_services_are_failures(tmp_path: Path, status: int) -> None:
    items = folder(tmp_path, 1)
    with scripted_server([step.accept(), step.store(status), *END]) as server:
        (event,) = stored(send(server, items))
    assert (event.status, type(event.error)) == (status, StatusFailure)


def test_the_first_failure_can_be_the_last(tmp_path: Path) -> None:
    items = folder(tmp_path, 4)
    with scripted_server([step.accept(), step.store(), step.store(0xC000), *END]) as server:
        events = stored(send(server, items, Manner(fail_fast=True)))
        server.finish()
    assert errors(events) == [None, StatusFailure, StatusFailure, StatusFailure]
    assert [event.tries for event in events] == [1, 1, 0, 0]
    assert len(server.first.messages) == 2


def test_what_was_rejected_is_offered_otherwise_and_converted(tmp_path: Path) -> None:
    made = [make_file(tmp_path / f"{n}", n) for n in range(2)]
    other = make_file(tmp_path / "mr", 9, sop_class=MR_IMAGE, syntax=IMPLICIT_LE)
    scripts: list[list[Step]] = [[rejecting(IMPLICIT_LE), serve, step.closed()]] * 2
    with scripted_server(*scripts) as server:
        events = send(server, items_of(*(entry.path for entry in made), other.path))
        server.finish()
    assert errors(events) == [None] * 3
    assert {event.transfer_syntax for event in stored(events)} == {IMPLICIT_LE}
    first, second = server.conversations
    assert [message.data for message in first.messages] == [other.dataset]
    expected = [corpus.make_dataset(n, syntax=IMPLICIT_LE) for n in range(2)]
    assert [message.data for message in second.messages] == expected
    offered = [context.transfer_syntaxes for context in wire.parse_contexts(second.received[0].body)]
    assert (IMPLICIT_LE,) in offered
    assert (EXPLICIT_LE,) not in offered


def test_a_syntax_that_is_accepted_already_needs_no_other_association(tmp_path: Path) -> None:
    made = [make_file(tmp_path / "0", 0), make_file(tmp_path / "1", 1, syntax=IMPLICIT_LE)]
    with scripted_server([rejecting(IMPLICIT_LE), step.store(), step.store(), *END]) as server:
        events = send(server, items_of(*(entry.path for entry in made)))
        server.finish()
    assert errors(events) == [None, None]
    assert len(server.conversations) == 1


def test_nothing_is_converted_where_it_must_not_be(tmp_path: Path) -> None:
    made = [make_file(tmp_path / "0", 0), make_file(tmp_path / "1", 1, syntax=IMPLICIT_LE)]
    manner = Manner(rules=Rules(convert=False))
    with scripted_server([rejecting(IMPLICIT_LE), step.store(), *END]) as server:
        events = stored(send(server, items_of(*(entry.path for entry in made)), manner))
        server.finish()
    assert sorted(str(error) for error in errors(events)) == [str(NoContext), "None"]
    failed = next(event for event in events if event.error)
    assert "Explicit VR Little Endian" in str(failed.error)
    assert "transfer syntaxes not supported" in str(failed.error)


def test_objects_without_any_context_fail_alone(tmp_path: Path) -> None:
    made = [make_file(tmp_path / "0", 0), make_file(tmp_path / "1", 1, sop_class=MR_IMAGE)]
    script = [rejecting(EXPLICIT_LE, classes=[MR_IMAGE]), serve, step.closed()]
    with scripted_server(script) as server:
        events = stored(send(server, items_of(*(entry.path for entry in made))))
        server.finish()
    assert {event.item.path: type(event.error) for event in events} == {
        str(made[0].path): NoContext,
        str(made[1].path): type(None),
    }
    assert len(server.conversations) == 2


def test_named_syntaxes_are_the_only_ones(tmp_path: Path) -> None:
    made = [
        make_file(tmp_path / "0", 0),
        make_file(tmp_path / "1", 1, syntax=IMPLICIT_LE),
        make_file(tmp_path / "2", 2, syntax=corpus.JPEG_BASELINE),
    ]
    manner = Manner(rules=Rules((IMPLICIT_LE,), convert=False))
    with scripted_server([step.accept(), step.store(), *END]) as server:
        events = stored(send(server, items_of(*(entry.path for entry in made)), manner))
        server.finish()
    assert [type(event.error) for event in events if event.error] == [NoContext, NoContext]
    assert server.first.messages[0].data == made[1].dataset
    contexts = wire.parse_contexts(server.first.received[0].body)
    assert [context.transfer_syntaxes for context in contexts] == [(IMPLICIT_LE,)]
