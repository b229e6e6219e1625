from __future__ import annotations

import struct
from threading import Event as Flag

import pytest

from dimsetools.association.stop import Stop
from dimsetools.errors import (
    Aborted,
    ConnectionLost,
    ExitCode,
    Interrupted,
    LimitReached,
    NoAnswer,
    NoContext,
    ProtocolError,
    StatusFailure,
    SubOperationsFailed,
)
from dimsetools.services.retrieve import Counts, Going, Noted, Opened
from tests.association.ends import AMPLE
from tests.corpus import CT_IMAGE, MR_IMAGE, make_dataset
from tests.scripted import conversation as step
from tests.scripted import wire
from tests.scripted.conversation import Conversation
from tests.scripted.peers import scripted_server
from tests.services.querying import find_rsp
from tests.services.retrieving import (
    END,
    OTHER,
    PENDING,
    STUDY_GET,
    Shelf,
    accepting,
    asked,
    context_of,
    failed_list,
    get,
    instance,
    landed,
    retrieved,
    rsp,
    send_object,
    store,
)

SHORT = AMPLE._replace(dimse=0.3)


def test_objects_come_between_the_responses_and_are_kept() -> None:
    shelf = Shelf()
    script = [
        accepting(),
        asked(),
        send_object(1),
        step.send(rsp(PENDING, (1, 1, 0, 0))),
        send_object(2, message_id=2),
        step.send(rsp(0, (None, 2, 0, 0))),
        *END,
    ]
    with scripted_server(script) as server:
        events = get(server, shelf=shelf)
        server.finish()
    assert shelf.kept == {instance(number): make_dataset(number) for number in (1, 2)}
    assert [(one.sop_instance, one.status, one.late) for one in landed(events)] == [
        (instance(1), 0, False),
        (instance(2), 0, False),
    ]
    assert [event.counts for event in events if isinstance(event, Going)] == [Counts(1, 1, 0, 0)]
    (done,) = retrieved(events)
    assert (done.status, done.counts, done.error, done.objects) == (0, Counts(0, 2, 0, 0), None, 2)
    assert done.size == sum(map(len, shelf.kept.values()))


def test_we_are_the_provider_of_the_storage_classes_alone() -> None:
    with scripted_server([accepting(), asked(), step.send(rsp(0)), *END]) as server:
        get(server, chosen=(CT_IMAGE, MR_IMAGE))
        server.finish()
        request = server.first.received[0]
    items = dict(wire._items(request.body[68:]))[0x50]
    roles = [item for kind, item in wire._items(items) if kind == 0x54]
    assert [(item[2:-2].decode(), item[-2:]) for item in roles] == [
        (CT_IMAGE, b"\0\1"),
        (MR_IMAGE, b"\0\1"),
    ]


def test_an_object_that_cannot_be_written_costs_that_one_alone() -> None:
    shelf = Shelf({instance(1): 0xA700})
    final = rsp(0xB000, (None, 1, 1, 0), failed_list(instance(1)))
    script = [accepting(), asked(), send_object(1), send_object(2), step.send(final), *END]
    with scripted_server(script) as server:
        events = get(server, shelf=shelf)
        server.finish()
        answer = server.first.messages[1]
    assert (answer.number(0x900), answer.command[0x902]) == (0xA700, b"no room ")
    assert list(shelf.kept) == [instance(2)]
    (done,) = retrieved(events)
    assert (done.objects, done.refused, done.failed) == (1, 1, (instance(1),))
    assert isinstance(done.error, SubOperationsFailed)
    assert done.error.exit_code is ExitCode.PARTIAL


@pytest.mark.parametrize(
    ("final", "kind", "code"),
    [
        (rsp(0, (None, 0, 0, 0)), None, None),
        (rsp(0xB000, (None, 2, 0, 1)), None, None),
        (rsp(0xB000, (None, 2, 1, 0)), SubOperationsFailed, ExitCode.PARTIAL),
        (rsp(0xB000, (None, 0, 3, 0)), SubOperationsFailed, ExitCode.SUBOPERATIONS),
        (rsp(0, (None, 0, 3, 0)), SubOperationsFailed, ExitCode.SUBOPERATIONS),
        (rsp(0xA702, (None, 0, 3, 0)), SubOperationsFailed, ExitCode.SUBOPERATIONS),
        (rsp(0xA702), StatusFailure, ExitCode.FAILURE),
        (rsp(0xA701), StatusFailure, ExitCode.FAILURE),
        (rsp(0xA900), StatusFailure, ExitCode.FAILURE),
        (rsp(0xC123, (None, 2, 1, 0)), StatusFailure, ExitCode.PARTIAL),
        (rsp(0x1234), StatusFailure, ExitCode.FAILURE),
    ],
    ids=lambda value: "" if isinstance(value, bytes) else str(value),
)
def test_the_final_response_decides(final: bytes, kind: type | None, code: ExitCode | None) -> None:
    script = [accepting(), asked(), step.send(rsp(PENDING, (9, 0, 0, 0))), step.send(final), *END]
    with scripted_server(script) as server:
        (done,) = retrieved(get(server))
        server.finish()
    assert type(done.error) is (kind or type(None))
    assert done.error is None or done.error.exit_code is code


def test_failed_instances_are_taken_from_the_status_detail_too() -> None:
    """DCMTK's, in which Orthanc 1.10.1 has them: behind the command set, in implicit VR."""
    value = instance(1).encode() + b"\0" * (len(instance(1)) % 2)
    detail = struct.pack("<HHI", 0x0008, 0x0058, len(value)) + value
    final = rsp(0xC000, (None,) * 4, None, detail)
    with scripted_server([accepting(), asked(), step.send(final), *END]) as server:
        (done,) = retrieved(get(server))
    assert (done.status, done.failed) == (0xC000, (instance(1),))


def test_counters_that_go_back_or_leave_some_over_are_taken_as_they_are_in_the_end() -> None:
    script = [
        accepting(),
        asked(),
        step.send(rsp(PENDING, (3, 5, 0, 0))),
        step.send(rsp(PENDING, (7, 1, None, 0))),
        step.send(rsp(0, (4, 2, 0, 0))),
        *END,
    ]
    with scripted_server(script) as server:
        events = get(server)
        server.finish()
    going = [event.counts for event in events if isinstance(event, Going)]
    assert going == [Counts(3, 5, 0, 0), Counts(7, 1, 0, 0)]
    assert retrieved(events)[0].counts == Counts(0, 2, 0, 0)
    assert retrieved(events)[0].error is None


def test_several_retrieves_go_over_one_association() -> None:
    script = [accepting(), asked(), step.send(rsp(0)), asked(), step.send(rsp(0xA701, number=2)), *END]
    with scripted_server(script) as server:
        events = get(server, *(retrieve for retrieve in (OTHER, OTHER)))
        server.finish()
    assert [done.status for done in retrieved(events)] == [0, 0xA701]
    assert len([event for event in events if isinstance(event, Opened)]) == 1


# -- associations that end ------------------------------------------------------------------------------


def half_an_object(talk: Conversation) -> None:
    whole = store(talk, 2)
    talk.send(whole[: len(whole) // 2])


def test_what_was_complete_stays_when_the_peer_closes_in_the_middle() -> None:
    shelf = Shelf()
    script = [accepting(), asked(), send_object(1), half_an_object, step.close()]
    with scripted_server(script) as server:
        (done,) = retrieved(get(server, shelf=shelf))
    assert isinstance(done.error, ConnectionLost)
    assert done.error.exit_code is ExitCode.LOST
    assert (list(shelf.kept), shelf.discarded, done.objects) == ([instance(1)], [instance(2)], 1)


def test_the_next_retrieve_gets_a_new_association() -> None:
    scripts = (
        [accepting(), asked(), send_object(1), step.close()],
        [accepting(), asked(), step.send(rsp(0)), *END],
    )
    with scripted_server(*scripts) as server:
        events = get(server, OTHER, OTHER)
    assert [type(done.error) for done in retrieved(events)] == [ConnectionLost, type(None)]


def test_a_peer_that_keeps_failing_is_left_alone() -> None:
    with scripted_server([accepting(), asked(), step.send(wire.abort()), step.closed()]) as server:
        events = get(server, *[OTHER] * 9)
    assert [type(done.error) for done in retrieved(events)] == [Aborted, Aborted]


def test_an_association_that_ended_while_it_was_idle_is_no_failure() -> None:
    scripts = (
        [accepting(), asked(), step.send(rsp(0)), step.close()],
        [accepting(), asked(), step.send(rsp(0)), *END],
    )
    with scripted_server(*scripts) as server:
        events = get(server, OTHER, OTHER)
    assert [done.error for done in retrieved(events)] == [None, None]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (rsp(0, number=7), ProtocolError),
        (rsp(0xFE00), ProtocolError),
        (find_rsp(0), ProtocolError),
        (rsp(PENDING, field=0x21), ProtocolError),
        (wire.release_rq(), ConnectionLost),
    ],
    ids=["wrong message ID", "cancelled by nobody", "C-FIND-RSP", "C-MOVE-RSP", "release"],
)
def test_an_answer_to_something_else_ends_the_retrieve(answer: bytes, error: type) -> None:
    with scripted_server([accepting(), asked(), step.send(answer), step.closed()]) as server:
        (done,) = retrieved(get(server))
    assert type(done.error) is error


def test_silence_has_an_end() -> None:
    with scripted_server([accepting(), asked(), step.stall()]) as server:
        (done,) = retrieved(get(server, timeouts=SHORT))
    assert isinstance(done.error, NoAnswer)
    assert "--dimse-timeout" in done.error.hint


def test_pending_for_ever_ends_with_the_total_time_out() -> None:
    cancelled = []

    def pending(talk: Conversation) -> None:
        while True:
            talk.send(rsp(PENDING, (1, 0, 0, 0)))
            talk.sock.settimeout(0.02)
            try:
                talk.sock.recv(1, 2)
                break
            except TimeoutError:
                talk.sock.settimeout(10)
        talk.sock.settimeout(10)
        cancelled.append(talk.read_message().number(0x100))
        talk.send(rsp(0xFE00, (1, 0, 0, 0)))

    with scripted_server([accepting(), asked(), pending, *END]) as server:
        events = get(server, *[OTHER] * 3, timeouts=AMPLE._replace(total=0.3))
        server.finish()
    (done,) = retrieved(events)
    assert cancelled == [wire.C_CANCEL_RQ]
    assert isinstance(done.error, LimitReached)
    assert done.status == 0xFE00


def test_objects_still_come_in_behind_a_cancel() -> None:
    stop = Stop()
    shelf = Shelf()

    def cancel(talk: Conversation) -> None:
        stop.request()
        assert talk.read_message().number(0x100) == wire.C_CANCEL_RQ

    script = [
        accepting(),
        asked(),
        send_object(1),
        cancel,
        send_object(2),
        step.send(rsp(0xFE00, (1, 2, 0, 0))),
        *END,
    ]
    with scripted_server(script) as server:
        events = get(server, *[OTHER] * 3, stop=stop, shelf=shelf)
        server.finish()
    (done,) = retrieved(events)
    assert isinstance(done.error, Interrupted)
    assert len(shelf.kept) == 2


# -- sub-operations that nobody expects -----------------------------------------------------------------


def test_a_duplicate_counts_once() -> None:
    final = step.send(rsp(0, (None, 2, 0, 0)))
    script = [accepting(), asked(), send_object(1), send_object(1, message_id=2), final, *END]
    with scripted_server(script) as server:
        events = get(server)
        server.finish()
    assert [one.status for one in landed(events)] == [0, 0]
    assert retrieved(events)[0].objects == 1


def test_a_late_object_is_kept_and_said_to_be_late() -> None:
    def late(talk: Conversation) -> None:
        talk.send(rsp(0, (None, 1, 0, 0)) + store(talk, 2))
        assert talk.read_message().number(0x900) == 0

    shelf = Shelf()
    with scripted_server([accepting(), asked(), send_object(1), late, *END]) as server:
        events = get(server, shelf=shelf)
        server.finish()
    assert [one.late for one in landed(events)] == [False, True]
    assert len(shelf.kept) == 2


def test_a_second_final_response_changes_nothing() -> None:
    script = [accepting(), asked(), step.send(rsp(0) + rsp(0xA701)), step.closed()]
    with scripted_server(script) as server:
        events = get(server)
    assert retrieved(events)[0].error is None
    assert "after the end" in next(event.text for event in events if isinstance(event, Noted))


def test_an_object_outside_of_the_agreed_contexts_breaks_the_protocol() -> None:
    data = wire.message(wire.store_rq(), make_dataset(1), context=99)
    with scripted_server([accepting(), asked(), step.send(data), step.closed()]) as server:
        (done,) = retrieved(get(server))
    assert isinstance(done.error, ProtocolError)


def test_other_requests_are_turned_down_and_the_retrieve_goes_on() -> None:
    def echo(talk: Conversation) -> None:
        talk.send(wire.message(wire.echo_rq(5), context=context_of(talk, STUDY_GET)))
        assert talk.read_message().number(0x900) == 0x0211

    script = [accepting(), asked(), echo, send_object(1), step.send(rsp(0, (None, 1, 0, 0))), *END]
    with scripted_server(script) as server:
        (done,) = retrieved(get(server))
        server.finish()
    assert (done.error, done.objects) == (None, 1)


# -- lanes ----------------------------------------------------------------------------------------------


def test_jobs_are_associations_side_by_side() -> None:
    together = Flag()
    open_ones: list[Conversation] = []

    def meet(talk: Conversation) -> None:
        open_ones.append(talk)
        if len(open_ones) == 2:
            together.set()
        step.wait_for(together)(talk)

    with scripted_server([accepting(), asked(), meet, step.send(rsp(0)), *END]) as server:
        events = get(server, OTHER, OTHER, jobs=2)
    assert [done.error for done in retrieved(events)] == [None, None]


def test_a_peer_that_takes_one_association_gets_everything_over_that_one() -> None:
    full = Flag()

    def taken(talk: Conversation) -> None:
        accepting()(talk)
        step.wait_for(full)(talk)

    def reject(talk: Conversation) -> None:
        talk.expect(wire.ASSOCIATE_RQ)
        talk.send(wire.associate_rj(2, 3, 2))
        talk.wait_closed()
        full.set()

    answers = [one for number in (1, 2, 3) for one in (asked(), step.send(rsp(0, number=number)))]
    with scripted_server([taken, *answers, *END], [reject]) as server:
        events = get(server, OTHER, OTHER, OTHER, jobs=2)
        server.finish()
    assert [done.error for done in retrieved(events)] == [None] * 3
    assert "fewer associations" in next(event.text for event in events if isinstance(event, Noted))


def test_a_study_of_classes_that_the_peer_does_not_send_is_no_reason_to_stop() -> None:
    script = [accepting(refused=(CT_IMAGE,)), *END]
    with scripted_server(script) as server:
        events = get(server, OTHER, OTHER)
        server.finish()
    assert [type(done.error) for done in retrieved(events)] == [NoContext, NoContext]
