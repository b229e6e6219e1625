from __future__ import annotations

import threading
from pathlib import Path

import pytest

from dimsetools.association.stop import Stop
from dimsetools.association.values import Target, Timeouts
from dimsetools.errors import (
    Aborted,
    ConnectionLost,
    ConnectionRefused,
    DimseError,
    Interrupted,
    LimitReached,
    ProtocolError,
    Rejected,
    StatusFailure,
)
from dimsetools.services import store as module
from dimsetools.services.examine import Remark
from dimsetools.services.store import Manner, Retry, Sender, Stored
from tests.scripted import conversation as step
from tests.scripted import wire
from tests.scripted.conversation import Conversation, Step
from tests.scripted.peers import HOST, refusing_port, scripted_server
from tests.services.storing import (
    END,
    SHORT,
    TAKE,
    answer_last,
    errors,
    folder,
    instances,
    send,
    serve,
    stored,
    uids,
)


def test_jobs_share_the_work(tmp_path: Path) -> None:
    items = folder(tmp_path, 40)
    meeting = threading.Barrier(3, timeout=step.LIMIT)

    def meet(talk: Conversation) -> None:
        del talk
        meeting.wait()

    with scripted_server([step.accept(), meet, serve, step.closed()]) as server:
        events = send(server, items, Manner(jobs=3))
        server.finish()
    assert len(server.conversations) == 3
    assert errors(events) == [None] * 40
    assert sorted(instances(server)) == sorted(uids(items))


def test_a_job_without_an_association_leaves_its_work_to_the_others(tmp_path: Path) -> None:
    items = folder(tmp_path, 10)
    full = [step.expect(wire.ASSOCIATE_RQ), step.send(wire.associate_rj(2, 3, 2)), step.closed()]
    refused = threading.Event()

    def note(talk: Conversation) -> None:
        del talk
        refused.set()

    good = [step.accept(), step.wait_for(refused), serve, step.closed()]
    with scripted_server(good, [*full, note], good) as server:
        events = send(server, items, Manner(jobs=2))
        server.finish()
    assert errors(events) == [None] * 10
    (remark,) = (event for event in events if isinstance(event, Remark))
    assert "over 1 association: " in remark.text


def test_jobs_end_when_nobody_reads_their_results_any_more(tmp_path: Path) -> None:
    items = folder(tmp_path, 50)
    others = set(threading.enumerate())  # of a peer that several tests share
    with scripted_server([step.accept(), serve, step.closed()]) as server:
        events = Sender(Target(HOST, server.port), Manner(jobs=2)).send(items)
        while not isinstance(next(events), Stored):
            pass
        events.close()
        server.finish()
    assert set(threading.enumerate()) <= others


def test_an_association_can_end_by_abort(tmp_path: Path) -> None:
    items = folder(tmp_path, 1)
    with scripted_server([step.accept(), step.store(), step.expect(wire.ABORT), step.closed()]) as server:
        assert errors(send(server, items, Manner(abort=True))) == [None]
        server.finish()


def test_results_stand_though_release_is_not_answered(tmp_path: Path) -> None:
    items = folder(tmp_path, 1)
    with scripted_server([step.accept(), step.store(), step.expect(wire.RELEASE_RQ), step.close()]) as server:
        events = send(server, items)
        server.finish()
    assert errors(events) == [None]
    assert isinstance(events[-1], Remark)


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
    items = folder(tmp_path, 4)
    with scripted_server(_lost(end)) as server:
        events = stored(send(server, items))
    assert [event.item for event in events] == items
    assert errors(events) == [None, error, error, error]
    assert [event.tries for event in events] == [1, 1, 0, 0]
    assert len(server.conversations) == 1


def test_an_answer_that_only_looks_like_success_is_none(tmp_path: Path) -> None:
    items = folder(tmp_path, 4)
    broken = wire.message(wire.store_rsp(2) + b"\0\0")
    with scripted_server(_lost(step.send(broken))) as server:
        events = stored(send(server, items))
    assert [event.item for event in events] == items
    assert errors(events) == [None, ProtocolError, ProtocolError, ProtocolError]
    assert [event.tries for event in events] == [1, 1, 1, 0], "the third was on its way already"


def test_a_silent_peer_is_given_up(tmp_path: Path) -> None:
    items = folder(tmp_path, 2)
    with scripted_server(_lost(step.stall())) as server:
        events = stored(send(server, items, timeouts=SHORT))
        server.finish()
    assert [event.status for event in events] == [0, None]


def test_a_new_association_goes_on_if_it_may(tmp_path: Path) -> None:
    items = folder(tmp_path, 4)
    with scripted_server(_lost(step.reset()), [step.accept(), serve, step.closed()]) as server:
        events = send(server, items, Manner(retries=1))
        server.finish()
    assert {event.item for event in stored(events)} == set(items)
    assert errors(events) == [None] * 4
    assert {event.item.path: event.tries for event in stored(events)}[items[1].path] == 2
    (retry,) = (event for event in events if isinstance(event, Retry))
    assert (type(retry.error), retry.objects) == (ConnectionLost, 3)
    assert instances(server) == uids([items[0], items[1], items[2], items[3], items[1]])


def test_an_object_that_breaks_connections_does_not_keep_the_others(tmp_path: Path) -> None:
    items = folder(tmp_path, 5)
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
        events = stored(send(server, items, Manner(retries=2)))
    assert [event.item for event in events if event.error] == [items[1]]
    assert next(event for event in events if event.error).tries == 3
    assert len(server.conversations) == 3


def test_hope_ends_when_no_association_gets_anywhere(tmp_path: Path) -> None:
    items = folder(tmp_path, 20)
    with scripted_server([step.accept(), step.reset()]) as server:
        events = send(server, items, Manner(retries=2))
    assert errors(events) == [ConnectionLost] * 20
    assert len(server.conversations) == 3
    assert len([event for event in events if isinstance(event, Retry)]) == 2


def test_a_transient_rejection_is_tried_again(tmp_path: Path) -> None:
    items = folder(tmp_path, 2)
    busy = [step.expect(wire.ASSOCIATE_RQ), step.send(wire.associate_rj(2, 3, 1)), step.closed()]
    with scripted_server(busy, busy, [step.accept(), serve, step.closed()]) as server:
        events = send(server, items, Manner(retries=2))
        server.finish()
    assert errors(events) == [None, None]
    with scripted_server(busy) as server:
        assert errors(send(server, items)) == [Rejected, Rejected]


def test_a_permanent_rejection_is_not(tmp_path: Path) -> None:
    items = folder(tmp_path, 2)
    with scripted_server(
        [step.expect(wire.ASSOCIATE_RQ), step.send(wire.associate_rj(1, 1, 3)), step.closed()]
    ) as server:
        events = send(server, items, Manner(retries=5))
    assert errors(events) == [Rejected, Rejected]
    assert len(server.conversations) == 1


def test_a_refused_connection_fails_all(tmp_path: Path) -> None:
    items = folder(tmp_path, 2)
    with refusing_port() as port:
        events = stored(send(port, items, Manner(jobs=2)))
    assert errors(events) == [ConnectionRefused, ConnectionRefused]
    assert [event.tries for event in events] == [0, 0]


def test_a_peer_out_of_resources_is_asked_again(tmp_path: Path) -> None:
    items = folder(tmp_path, 3)
    first = [step.accept(), step.store(0xA700), step.store(), step.store(0xA701), *END]
    second = [step.accept(), step.store(0xA700), step.store(), *END]
    third = [step.accept(), step.store(), *END]
    with scripted_server(first, second, third) as server:
        events = send(server, items, Manner(retries=2))
        server.finish()
    assert errors(events) == [None] * 3
    assert {event.item.path: event.tries for event in stored(events)} == {
        items[0].path: 3,
        items[1].path: 1,
        items[2].path: 2,
    }


def test_tries_are_counted(tmp_path: Path) -> None:
    items = folder(tmp_path, 1)
    with scripted_server([step.accept(), step.store(0xA700), *END]) as server:
        (event,) = stored(send(server, items, Manner(retries=3)))
        server.finish()
    assert (event.tries, event.status, type(event.error)) == (4, 0xA700, StatusFailure)
    assert len(server.conversations) == 4


def test_a_run_that_ends_early_keeps_the_reasons(tmp_path: Path) -> None:
    items = folder(tmp_path, 4)
    scripts = [[step.accept(), step.store(0xA700), step.store(), TAKE, step.send(wire.abort(2, 6))]]
    reject = [step.expect(wire.ASSOCIATE_RQ), step.send(wire.associate_rj(1, 1, 1)), step.closed()]
    with scripted_server(*scripts, reject) as server:
        events = stored(send(server, items, Manner(retries=2)))
    assert {event.item.path: type(event.error) for event in events} == {
        items[0].path: StatusFailure,
        items[1].path: type(None),
        items[2].path: Rejected,
        items[3].path: Rejected,
    }
    assert [event.tries for event in sorted(events)] == [1, 1, 1, 0]


def test_other_failures_are_not_tried_again(tmp_path: Path) -> None:
    items = folder(tmp_path, 1)
    with scripted_server([step.accept(), step.store(0xC000), *END]) as server:
        (event,) = stored(send(server, items, Manner(retries=3)))
        server.finish()
    assert event.tries == 1


def test_the_total_time_is_that_of_all_associations(tmp_path: Path) -> None:
    items = folder(tmp_path, 3)
    timeouts = Timeouts(total=0.3)
    with scripted_server([step.accept(), step.store(), TAKE, step.stall()]) as server:
        events = send(server, items, Manner(retries=9), timeouts=timeouts)
    assert errors(events) == [None, LimitReached, LimitReached]
    assert len(server.conversations) == 1


def test_a_request_to_stop_lets_the_object_under_way_finish(tmp_path: Path) -> None:
    items = folder(tmp_path, 4)
    stop = Stop()

    def request(talk: Conversation) -> None:
        del talk
        stop.request()

    with scripted_server([step.accept(), TAKE, request, answer_last, *END]) as server:
        events = stored(send(server, items, stop=stop))
        server.finish()
    stop.close()
    assert errors(events) == [None, Interrupted, Interrupted, Interrupted]
    assert [event.tries for event in events] == [1, 0, 0, 0]


def test_no_patience_is_left_when_the_switch_expires(tmp_path: Path) -> None:
    items = folder(tmp_path, 3)
    stop = Stop()

    def expire(talk: Conversation) -> None:
        del talk
        stop.expire()

    with scripted_server([step.accept(), step.store(), TAKE, expire, step.stall()]) as server:
        events = stored(send(server, items, Manner(retries=5), stop=stop))
        server.finish()
    stop.close()
    assert errors(events) == [None, Interrupted, Interrupted]
    assert [event.tries for event in events] == [1, 1, 0]


def test_a_pause_ends_with_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FIRST_PAUSE", 1000.0)
    monkeypatch.setattr(module, "LONGEST_PAUSE", 1000.0)
    items = folder(tmp_path, 2)
    stop = Stop()
    with refusing_port() as port:
        events = Sender(Target(HOST, port), Manner(retries=3), stop=stop).send(items)
        assert isinstance(next(events), Retry)
        stop.request()
        assert errors(events) == [Interrupted, Interrupted]
    stop.close()
