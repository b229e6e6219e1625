from __future__ import annotations

import os
import struct
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

from dimsetools.association.stop import Stop
from dimsetools.association.values import Target, Timeouts
from dimsetools.errors import (
    Aborted,
    ConnectionLost,
    ConnectionRefused,
    DimseError,
    InputUnreadable,
    Interrupted,
    LimitReached,
    NoContext,
    ProtocolError,
    Rejected,
    StatusFailure,
)
from dimsetools.services import store as module
from dimsetools.services.examine import Item, Remark, examine
from dimsetools.services.plan import Rules
from dimsetools.services.store import Event, Manner, Opened, Retry, Sender, Stored
from tests import corpus
from tests.corpus import EXPLICIT_LE, IMPLICIT_LE, JPEG_BASELINE, MR_IMAGE, make_file, make_folder, make_huge
from tests.scripted import conversation as step
from tests.scripted import wire
from tests.scripted.conversation import Conversation, Step
from tests.scripted.peers import HOST, ScriptedServer, refusing_port, scripted_server

TAKE = step.expect_message(wire.C_STORE_RQ)
END = (step.release(), step.closed())
SHORT = Timeouts(connect=2.0, acse=2.0, dimse=0.4)


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FIRST_PAUSE", 0.0)


def _items(*paths: Path) -> list[Item]:
    return [entry for entry in examine(map(str, paths)) if isinstance(entry, Item)]


def _folder(tmp_path: Path, count: int) -> list[Item]:
    return _items(*(made.path for made in make_folder(tmp_path / "in", count)))


def _send(
    server: ScriptedServer | int,
    items: Sequence[Item],
    manner: Manner | None = None,
    *,
    timeouts: Timeouts | None = None,
    stop: Stop | None = None,
    window: int = 1,
) -> list[Event]:
    port = server if isinstance(server, int) else server.port
    target = Target(HOST, port, timeouts=timeouts or Timeouts(), async_window=window)
    return list(Sender(target, manner or Manner(), stop=stop).send(items))


def _stored(events: Iterable[Event]) -> list[Stored]:
    return [event for event in events if isinstance(event, Stored)]


def _errors(events: Iterable[Event]) -> list[type[DimseError] | None]:
    return [None if event.error is None else type(event.error) for event in _stored(events)]


def _instances(server: ScriptedServer) -> list[str]:
    """The SOP instance UIDs that arrived as whole messages, over all connections."""
    return [
        message.command[0x1000].rstrip(b"\0").decode()
        for talk in server.conversations
        for message in talk.messages
    ]


def _uids(items: Iterable[Item]) -> list[str]:
    return [item.meta.sop_instance_uid for item in items]


def _serve(talk: Conversation) -> None:
    """Step: answer every C-STORE with success until the other side asks for release."""
    while True:
        head = talk.sock.recv(1, 0x2)  # MSG_PEEK
        if head == bytes((wire.RELEASE_RQ,)):
            break
        step.store()(talk)
    step.release()(talk)


def _rejecting(*transfer_syntaxes: str, classes: Sequence[str] = ()) -> Step:
    """Step: accept the contexts with these syntaxes (and classes) alone."""

    def run(talk: Conversation) -> None:
        request = talk.expect(wire.ASSOCIATE_RQ)
        results = []
        for context in wire.parse_contexts(request.body):
            (syntax,) = context.transfer_syntaxes
            good = syntax in transfer_syntaxes and (not classes or context.abstract_syntax in classes)
            results.append(wire.Result(context.id, 0 if good else 4, syntax))
        talk.send(wire.associate_ac(results))

    return run


# -- what goes right --------------------------------------------------------------------------------


def test_objects_arrive_as_they_lie_in_their_files(tmp_path: Path) -> None:
    syntaxes = (EXPLICIT_LE, IMPLICIT_LE, JPEG_BASELINE, corpus.DEFLATED_LE, corpus.EXPLICIT_BE)
    made = [make_file(tmp_path / f"{n}", n, size=30_000, syntax=s) for n, s in enumerate(syntaxes)]
    items = _items(*(entry.path for entry in made))
    with scripted_server([step.accept(), *(step.store() for _ in made), *END]) as server:
        events = _send(server, items)
        server.finish()
    assert isinstance(events[0], Opened)
    assert _errors(events) == [None] * len(made)
    assert [message.data for message in server.first.messages] == [entry.dataset for entry in made]
    for number, (message, entry) in enumerate(zip(server.first.messages, made, strict=True), 1):
        assert message.command[2].rstrip(b"\0").decode() == entry.sop_class
        assert message.command[0x1000].rstrip(b"\0").decode() == entry.sop_instance
        assert message.message_id == number
    contexts = wire.parse_contexts(server.first.received[0].body)
    assert [context.transfer_syntaxes for context in contexts] == [(syntax,) for syntax in syntaxes]


def test_every_result_tells_what_it_is_about(tmp_path: Path) -> None:
    items = _folder(tmp_path, 3)
    with scripted_server([step.accept(), *(step.store() for _ in items), *END]) as server:
        events = _stored(_send(server, items, Manner(priority=1)))
        server.finish()
    assert [event.item for event in events] == items
    assert {(event.status, event.transfer_syntax, event.tries) for event in events} == {(0, EXPLICIT_LE, 1)}
    assert all(event.seconds > 0 for event in events)
    assert {message.number(0x700) for message in server.first.messages} == {1}


def test_bytes_and_seconds_are_counted(tmp_path: Path) -> None:
    items = _items(make_huge(tmp_path / "huge", 9_000_000, sparse=True), make_file(tmp_path / "a").path)
    counts: list[int] = []
    with scripted_server([step.accept(max_pdu=131072), step.store(), step.store(), *END]) as server:
        sender = Sender(Target(HOST, server.port), Manner(), advance=counts.append)
        assert _errors(sender.send(items)) == [None, None]
        server.finish()
    assert sum(counts) == sum(item.meta.length for item in items)
    assert len(counts) > 8  # the long one shows how far it is
    assert 0 < sender.seconds < 10


def test_more_than_128_contexts_go_over_several_associations(tmp_path: Path) -> None:
    made = [
        make_file(tmp_path / f"{n:03}", n, sop_class=f"1.2.826.0.1.3680043.10.43.8.{n}") for n in range(130)
    ]
    with scripted_server([step.accept(), _serve, step.closed()]) as server:
        events = _send(server, _items(*(entry.path for entry in made)))
        server.finish()
    assert _errors(events) == [None] * 130
    assert [event.proposed for event in events if isinstance(event, Opened)] == [128, 2]
    assert _instances(server) == [entry.sop_instance for entry in made]


def test_the_next_object_goes_out_before_anybody_looks_at_the_last_answer(tmp_path: Path) -> None:
    items = _folder(tmp_path, 3)
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
    items = _folder(tmp_path, 3)
    window = wire.item(0x53, struct.pack(">HH", 3, 1))

    def answer(talk: Conversation) -> None:
        for index in order:
            message = talk.messages[index]
            uid = message.command[0x1000].rstrip(b"\0")
            status = 0xC000 if index == 2 else 0
            talk.send(wire.message(wire.store_rsp(message.message_id, status, sop_instance=uid)))

    with scripted_server([step.accept(more=window), TAKE, TAKE, TAKE, answer, *END]) as server:
        events = _stored(_send(server, items, window=3))
        server.finish()
    assert [event.item for event in events] == [items[index] for index in order]
    assert [event.item for event in events if event.error] == [items[2]]


def test_a_window_that_the_peer_does_not_grant_is_one(tmp_path: Path) -> None:
    items = _folder(tmp_path, 2)
    with scripted_server([step.accept(), step.store(), step.store(), *END]) as server:
        assert _errors(_send(server, items, window=8)) == [None, None]
        server.finish()


def test_jobs_share_the_work(tmp_path: Path) -> None:
    items = _folder(tmp_path, 40)
    meeting = threading.Barrier(3, timeout=step.LIMIT)

    def meet(talk: Conversation) -> None:
        del talk
        meeting.wait()

    with scripted_server([step.accept(), meet, _serve, step.closed()]) as server:
        events = _send(server, items, Manner(jobs=3))
        server.finish()
    assert len(server.conversations) == 3
    assert _errors(events) == [None] * 40
    assert sorted(_instances(server)) == sorted(_uids(items))


def test_a_job_without_an_association_leaves_its_work_to_the_others(tmp_path: Path) -> None:
    items = _folder(tmp_path, 10)
    full = [step.expect(wire.ASSOCIATE_RQ), step.send(wire.associate_rj(2, 3, 2)), step.closed()]
    refused = threading.Event()

    def note(talk: Conversation) -> None:
        del talk
        refused.set()

    good = [step.accept(), step.wait_for(refused), _serve, step.closed()]
    with scripted_server(good, [*full, note], good) as server:
        events = _send(server, items, Manner(jobs=2))
        server.finish()
    assert _errors(events) == [None] * 10


def test_jobs_end_when_nobody_reads_their_results_any_more(tmp_path: Path) -> None:
    items = _folder(tmp_path, 50)
    with scripted_server([step.accept(), _serve, step.closed()]) as server:
        events = Sender(Target(HOST, server.port), Manner(jobs=2)).send(items)
        while not isinstance(next(events), Stored):
            pass
        events.close()
        server.finish()
    assert threading.active_count() == 1


def test_an_association_can_end_by_abort(tmp_path: Path) -> None:
    items = _folder(tmp_path, 1)
    with scripted_server([step.accept(), step.store(), step.expect(wire.ABORT), step.closed()]) as server:
        assert _errors(_send(server, items, Manner(abort=True))) == [None]
        server.finish()


def test_results_stand_though_release_is_not_answered(tmp_path: Path) -> None:
    items = _folder(tmp_path, 1)
    with scripted_server([step.accept(), step.store(), step.expect(wire.RELEASE_RQ), step.close()]) as server:
        events = _send(server, items)
        server.finish()
    assert _errors(events) == [None]
    assert isinstance(events[-1], Remark)


# -- statuses ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [0xB000, 0xB006, 0xB007, 0x0107, 0x0116, 0x0001])
def test_warnings_are_sent_objects(tmp_path: Path, status: int) -> None:
    items = _folder(tmp_path, 1)
    comment = wire.lo(0x902, "changed")
    with scripted_server([step.accept(), step.store(status, comment), *END]) as server:
        (event,) = _stored(_send(server, items))
        server.finish()
    assert (event.status, event.error, event.comment) == (status, None, "changed")


@pytest.mark.parametrize(
    "status", [0xA700, 0xA900, 0xC000, 0xC123, 0x0110, 0x0117, 0x0122, 0x0124, 0x0210, 0x0211, 0x0212, 0x1234]
)
def test_failures_are_not_and_the_others_go_on(tmp_path: Path, status: int) -> None:
    items = _folder(tmp_path, 3)
    offending = wire.element(0x901, struct.pack("<HH", 0x10, 0x20))
    bad = step.store(status, offending, wire.lo(0x902, "no"))
    with scripted_server([step.accept(), step.store(), bad, step.store(), *END]) as server:
        events = _stored(_send(server, items))
        server.finish()
    assert _errors(events) == [None, StatusFailure, None]
    failed = events[1]
    assert (failed.item, failed.status, failed.comment, failed.tries) == (items[1], status, "no", 1)
    assert isinstance(failed.error, StatusFailure)
    assert failed.error.offending == (0x00100020,)


@pytest.mark.parametrize("status", [0xFF00, 0xFE00])
def test_statuses_of_other_services_are_failures(tmp_path: Path, status: int) -> None:
    items = _folder(tmp_path, 1)
    with scripted_server([step.accept(), step.store(status), *END]) as server:
        (event,) = _stored(_send(server, items))
    assert (event.status, type(event.error)) == (status, StatusFailure)


def test_the_first_failure_can_be_the_last(tmp_path: Path) -> None:
    items = _folder(tmp_path, 4)
    with scripted_server([step.accept(), step.store(), step.store(0xC000), *END]) as server:
        events = _stored(_send(server, items, Manner(fail_fast=True)))
        server.finish()
    assert _errors(events) == [None, StatusFailure, StatusFailure, StatusFailure]
    assert [event.tries for event in events] == [1, 1, 0, 0]
    assert len(server.first.messages) == 2


# -- contexts ---------------------------------------------------------------------------------------


def test_what_was_rejected_is_offered_otherwise_and_converted(tmp_path: Path) -> None:
    made = [make_file(tmp_path / f"{n}", n) for n in range(2)]
    other = make_file(tmp_path / "mr", 9, sop_class=MR_IMAGE, syntax=IMPLICIT_LE)
    scripts: list[list[Step]] = [[_rejecting(IMPLICIT_LE), _serve, step.closed()]] * 2
    with scripted_server(*scripts) as server:
        events = _send(server, _items(*(entry.path for entry in made), other.path))
        server.finish()
    assert _errors(events) == [None] * 3
    assert {event.transfer_syntax for event in _stored(events)} == {IMPLICIT_LE}
    first, second = server.conversations
    assert [message.data for message in first.messages] == [other.dataset]
    expected = [corpus.make_dataset(n, syntax=IMPLICIT_LE) for n in range(2)]
    assert [message.data for message in second.messages] == expected
    offered = [context.transfer_syntaxes for context in wire.parse_contexts(second.received[0].body)]
    assert (IMPLICIT_LE,) in offered
    assert (EXPLICIT_LE,) not in offered


def test_a_syntax_that_is_accepted_already_needs_no_other_association(tmp_path: Path) -> None:
    made = [make_file(tmp_path / "0", 0), make_file(tmp_path / "1", 1, syntax=IMPLICIT_LE)]
    with scripted_server([_rejecting(IMPLICIT_LE), step.store(), step.store(), *END]) as server:
        events = _send(server, _items(*(entry.path for entry in made)))
        server.finish()
    assert _errors(events) == [None, None]
    assert len(server.conversations) == 1


def test_nothing_is_converted_where_it_must_not_be(tmp_path: Path) -> None:
    made = [make_file(tmp_path / "0", 0), make_file(tmp_path / "1", 1, syntax=IMPLICIT_LE)]
    manner = Manner(rules=Rules(convert=False))
    with scripted_server([_rejecting(IMPLICIT_LE), step.store(), *END]) as server:
        events = _stored(_send(server, _items(*(entry.path for entry in made)), manner))
        server.finish()
    assert sorted(str(error) for error in _errors(events)) == [str(NoContext), "None"]
    failed = next(event for event in events if event.error)
    assert "Explicit VR Little Endian" in str(failed.error)
    assert "transfer syntaxes not supported" in str(failed.error)


def test_objects_without_any_context_fail_alone(tmp_path: Path) -> None:
    made = [make_file(tmp_path / "0", 0), make_file(tmp_path / "1", 1, sop_class=MR_IMAGE)]
    script = [_rejecting(EXPLICIT_LE, classes=[MR_IMAGE]), _serve, step.closed()]
    with scripted_server(script) as server:
        events = _stored(_send(server, _items(*(entry.path for entry in made))))
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
        events = _stored(_send(server, _items(*(entry.path for entry in made)), manner))
        server.finish()
    assert sorted(event.tries for event in events if event.error) == [0, 0]
    assert server.first.messages[0].data == made[1].dataset
    contexts = wire.parse_contexts(server.first.received[0].body)
    assert [context.transfer_syntaxes for context in contexts] == [(IMPLICIT_LE,)]


def test_an_object_that_cannot_be_converted_fails_alone(tmp_path: Path) -> None:
    made = [make_file(tmp_path / "0", 0, syntax=JPEG_BASELINE), make_file(tmp_path / "1", 1)]
    with scripted_server([_rejecting(EXPLICIT_LE), _serve, step.closed()]) as server:
        events = _send(server, _items(*(entry.path for entry in made)))
        server.finish()
    errors = {event.item.path: event.error for event in _stored(events)}
    assert isinstance(errors[str(made[0].path)], NoContext)
    assert errors[str(made[1].path)] is None


# -- connections ------------------------------------------------------------------------------------


def _lost(step_or_steps: Step) -> list[Step]:
    return [step.accept(), step.store(), TAKE, step_or_steps]


@pytest.mark.parametrize(
    ("end", "error"),
    [
        (step.send(wire.abort(0, 0)), Aborted),
        (step.send(wire.abort(2, 6)), Aborted),
        (step.close(), ConnectionLost),
        (step.reset(), ConnectionLost),
        (step.send(wire.release_rq()), ConnectionLost),
        (step.send(wire.message(wire.store_rsp(99))), ProtocolError),
        (step.send(wire.message(wire.echo_rsp(2))), ProtocolError),
    ],
)
def test_what_is_not_acknowledged_is_not_sent(tmp_path: Path, end: Step, error: type[DimseError]) -> None:
    items = _folder(tmp_path, 4)
    with scripted_server(_lost(end)) as server:
        events = _stored(_send(server, items))
    assert [event.item for event in events] == items
    assert _errors(events) == [None, error, error, error]
    assert [event.tries for event in events] == [1, 1, 0, 0]
    assert len(server.conversations) == 1


def test_a_silent_peer_is_given_up(tmp_path: Path) -> None:
    items = _folder(tmp_path, 2)
    with scripted_server(_lost(step.stall())) as server:
        events = _stored(_send(server, items, timeouts=SHORT))
        server.finish()
    assert [event.status for event in events] == [0, None]


def test_a_new_association_goes_on_if_it_may(tmp_path: Path) -> None:
    items = _folder(tmp_path, 4)
    with scripted_server(_lost(step.reset()), [step.accept(), _serve, step.closed()]) as server:
        events = _send(server, items, Manner(retries=1))
        server.finish()
    assert {event.item for event in _stored(events)} == set(items)
    assert _errors(events) == [None] * 4
    assert {event.item.path: event.tries for event in _stored(events)}[items[1].path] == 2
    (retry,) = (event for event in events if isinstance(event, Retry))
    assert (type(retry.error), retry.objects) == (ConnectionLost, 3)
    assert _instances(server) == _uids([items[0], items[1], items[2], items[3], items[1]])


def test_an_object_that_breaks_connections_does_not_keep_the_others(tmp_path: Path) -> None:
    items = _folder(tmp_path, 5)
    poison = items[1].meta.sop_instance_uid.encode()

    def serve(talk: Conversation) -> None:
        while talk.sock.recv(1, 0x2) == bytes((wire.P_DATA,)):
            TAKE(talk)
            if talk.last.command[0x1000].rstrip(b"\0") == poison:
                talk.reset()
                return
            uid = talk.last.command[0x1000].rstrip(b"\0")
            talk.send(wire.message(wire.store_rsp(talk.last.message_id, sop_instance=uid)))
        step.release()(talk)

    with scripted_server([step.accept(), serve]) as server:
        events = _stored(_send(server, items, Manner(retries=2)))
    assert [event.item for event in events if event.error] == [items[1]]
    assert next(event for event in events if event.error).tries == 3
    assert len(server.conversations) == 3


def test_hope_ends_when_no_association_gets_anywhere(tmp_path: Path) -> None:
    items = _folder(tmp_path, 20)
    with scripted_server([step.accept(), step.reset()]) as server:
        events = _send(server, items, Manner(retries=2))
    assert _errors(events) == [ConnectionLost] * 20
    assert len(server.conversations) == 3
    assert len([event for event in events if isinstance(event, Retry)]) == 2


def test_a_transient_rejection_is_tried_again(tmp_path: Path) -> None:
    items = _folder(tmp_path, 2)
    busy = [step.expect(wire.ASSOCIATE_RQ), step.send(wire.associate_rj(2, 3, 1)), step.closed()]
    with scripted_server(busy, busy, [step.accept(), _serve, step.closed()]) as server:
        events = _send(server, items, Manner(retries=2))
        server.finish()
    assert _errors(events) == [None, None]
    with scripted_server(busy) as server:
        assert _errors(_send(server, items)) == [Rejected, Rejected]


def test_a_permanent_rejection_is_not(tmp_path: Path) -> None:
    items = _folder(tmp_path, 2)
    with scripted_server(
        [step.expect(wire.ASSOCIATE_RQ), step.send(wire.associate_rj(1, 1, 3)), step.closed()]
    ) as server:
        events = _send(server, items, Manner(retries=5))
    assert _errors(events) == [Rejected, Rejected]
    assert len(server.conversations) == 1


def test_a_refused_connection_fails_all(tmp_path: Path) -> None:
    items = _folder(tmp_path, 2)
    with refusing_port() as port:
        events = _stored(_send(port, items, Manner(jobs=2)))
    assert _errors(events) == [ConnectionRefused, ConnectionRefused]
    assert [event.tries for event in events] == [0, 0]


def test_a_peer_out_of_resources_is_asked_again(tmp_path: Path) -> None:
    items = _folder(tmp_path, 3)
    first = [step.accept(), step.store(0xA700), step.store(), step.store(0xA701), *END]
    second = [step.accept(), step.store(0xA700), step.store(), *END]
    third = [step.accept(), step.store(), *END]
    with scripted_server(first, second, third) as server:
        events = _send(server, items, Manner(retries=2))
        server.finish()
    assert _errors(events) == [None] * 3
    assert {event.item.path: event.tries for event in _stored(events)} == {
        items[0].path: 3,
        items[1].path: 1,
        items[2].path: 2,
    }


def test_tries_are_counted(tmp_path: Path) -> None:
    items = _folder(tmp_path, 1)
    with scripted_server([step.accept(), step.store(0xA700), *END]) as server:
        (event,) = _stored(_send(server, items, Manner(retries=3)))
        server.finish()
    assert (event.tries, event.status, type(event.error)) == (4, 0xA700, StatusFailure)
    assert len(server.conversations) == 4


def test_other_failures_are_not_tried_again(tmp_path: Path) -> None:
    items = _folder(tmp_path, 1)
    with scripted_server([step.accept(), step.store(0xC000), *END]) as server:
        (event,) = _stored(_send(server, items, Manner(retries=3)))
        server.finish()
    assert event.tries == 1


def test_the_total_time_is_that_of_all_associations(tmp_path: Path) -> None:
    items = _folder(tmp_path, 3)
    timeouts = Timeouts(total=0.3)
    with scripted_server([step.accept(), step.store(), TAKE, step.stall()]) as server:
        events = _send(server, items, Manner(retries=9), timeouts=timeouts)
    assert _errors(events) == [None, LimitReached, LimitReached]
    assert len(server.conversations) == 1


# -- files that do not stay -------------------------------------------------------------------------


def test_a_file_that_went_away_fails_alone(tmp_path: Path) -> None:
    items = _folder(tmp_path, 4)
    os.unlink(items[1].path)
    with open(items[2].path, "ab") as file:
        file.write(b"more")
    with scripted_server([step.accept(), step.store(), step.store(), *END]) as server:
        events = _send(server, items)
        server.finish()
    by_path = {event.item.path: event for event in _stored(events)}
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
    items = _items(huge, *(make_file(tmp_path / f"{n}", n).path for n in range(2)))

    def shrink(talk: Conversation) -> None:
        os.truncate(huge, 5_000_000)
        while talk.read_pdu().kind == wire.P_DATA:
            pass
        assert talk.received[-1].kind == wire.ABORT

    first = [step.accept(max_pdu=131072), _while_first_is_read(shrink), step.closed()]
    with scripted_server(first, [step.accept(), step.store(), step.store(), *END]) as server:
        events = _stored(_send(server, items))
        server.finish()
    assert [(event.item, type(event.error)) for event in events] == [
        (items[0], InputUnreadable),
        (items[1], type(None)),
        (items[2], type(None)),
    ]


def test_a_file_that_changes_while_it_is_sent_is_not_sent(tmp_path: Path) -> None:
    huge = make_huge(tmp_path / "huge", 64_000_000, sparse=True)
    items = _items(huge, make_file(tmp_path / "a").path)

    def touch(talk: Conversation) -> None:
        os.utime(huge, ns=(1, 1))
        while not talk.received[-1].body[5] & 2 or talk.received[-1].body[5] & 1:
            talk.read_pdu()
        number = 1
        talk.send(wire.message(wire.store_rsp(number)))

    with scripted_server(
        [step.accept(max_pdu=131072), _while_first_is_read(touch), step.store(), *END]
    ) as server:
        events = _stored(_send(server, items))
        server.finish()
    assert [type(event.error) for event in events] == [InputUnreadable, type(None)]
    assert "changed while it was sent" in str(events[0].error)
    assert events[0].status == 0


# -- the switch -------------------------------------------------------------------------------------


def test_a_request_to_stop_lets_the_object_under_way_finish(tmp_path: Path) -> None:
    items = _folder(tmp_path, 4)
    stop = Stop()

    def request(talk: Conversation) -> None:
        del talk
        stop.request()

    with scripted_server([step.accept(), TAKE, request, _answer_last, *END]) as server:
        events = _stored(_send(server, items, stop=stop))
        server.finish()
    stop.close()
    assert _errors(events) == [None, Interrupted, Interrupted, Interrupted]
    assert [event.tries for event in events] == [1, 0, 0, 0]


def _answer_last(talk: Conversation) -> None:
    uid = talk.last.command[0x1000].rstrip(b"\0")
    talk.send(wire.message(wire.store_rsp(talk.last.message_id, sop_instance=uid)))


def test_no_patience_is_left_when_the_switch_expires(tmp_path: Path) -> None:
    items = _folder(tmp_path, 3)
    stop = Stop()

    def expire(talk: Conversation) -> None:
        del talk
        stop.expire()

    with scripted_server([step.accept(), step.store(), TAKE, expire, step.stall()]) as server:
        events = _stored(_send(server, items, Manner(retries=5), stop=stop))
        server.finish()
    stop.close()
    assert _errors(events) == [None, Interrupted, Interrupted]
    assert [event.tries for event in events] == [1, 1, 0]


def test_a_pause_ends_with_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FIRST_PAUSE", 1000.0)
    monkeypatch.setattr(module, "LONGEST_PAUSE", 1000.0)
    items = _folder(tmp_path, 2)
    stop = Stop()
    with refusing_port() as port:
        events = Sender(Target(HOST, port), Manner(retries=3), stop=stop).send(items)
        assert isinstance(next(events), Retry)
        stop.request()
        assert _errors(events) == [Interrupted, Interrupted]
    stop.close()
