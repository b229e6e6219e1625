"""Operations that go on until they are done, or until somebody has had enough of them."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from time import monotonic

import pytest

from dimsetools.association.association import Association
from dimsetools.association.stop import Stop
from dimsetools.association.values import Timeouts
from dimsetools.errors import (
    Aborted,
    ConnectionLost,
    ExitCode,
    Interrupted,
    LimitReached,
    NoAnswer,
    ProtocolError,
)
from dimsetools.message.composite import CFindRq
from dimsetools.message.exchange import Answer, Exchange, Incoming
from dimsetools.message.sinks import NullSink
from dimsetools.message.sources import BytesSource
from dimsetools.services import cancelling
from dimsetools.services.cancelling import Cause, Operation
from tests.association.ends import AMPLE, call
from tests.scripted import wire
from tests.scripted.conversation import (
    Step,
    accept,
    close,
    closed,
    expect,
    expect_message,
    release,
    send,
    stall,
)
from tests.scripted.peers import scripted_server
from tests.services.querying import (
    CANCELLED,
    PENDING,
    STUDY_FIND,
    answering,
    find_rsp,
    forever,
    on_cancel,
    until_cancelled,
)

MATCH = find_rsp(PENDING, b"match")


@pytest.fixture
def stop() -> Iterator[Stop]:
    switch = Stop()
    yield switch
    switch.close()


def operation(
    association: Association, *, stop: Stop | None = None, deadline: float | None = None
) -> Operation:
    return Operation(
        Exchange(association),
        association.contexts[1],
        CFindRq(affected_sop_class_uid=STUDY_FIND),
        BytesSource(b"query"),
        stop=stop,
        deadline=deadline,
    )


def run(
    script: Sequence[Step],
    *,
    stop: Stop | None = None,
    seconds: float | None = None,
    after: int | None = None,
    timeouts: Timeouts = AMPLE,
) -> tuple[Operation, list[int], Association]:
    """The operation against a peer, the statuses that came, and the association, which is still open."""
    with scripted_server([accept(), expect_message(0x0020), *script]) as peer:
        association = call(peer.port, timeouts=timeouts, stop=stop)
        deadline = None if seconds is None else monotonic() + seconds
        asked = operation(association, stop=stop, deadline=deadline)
        found = []
        for answer in asked.answers():
            found.append(answer.command.status)
            if len(found) == after:
                asked.cancel()
        if association.is_open:
            association.release()
        peer.finish()
    return asked, found, association


def test_an_operation_ends_with_its_final_response() -> None:
    asked, found, association = run([send(MATCH * 2 + find_rsp(0)), release()])
    assert found == [PENDING, PENDING, 0]
    assert asked.final is not None
    assert asked.final.command.status == 0
    assert (asked.cancelled, asked.error, association.released_in_order) == (None, None, True)


def test_whoever_has_enough_cancels_and_waits_for_the_final_response() -> None:
    script = [send(MATCH * 2), on_cancel(MATCH + find_rsp(CANCELLED)), release()]
    asked, found, _ = run(script, after=2)
    assert found == [PENDING, PENDING, PENDING, CANCELLED]
    assert (asked.cancelled, asked.error) == (Cause.LIMIT, None)


def test_a_cancel_that_comes_too_late_changes_nothing() -> None:
    asked, found, _ = run([send(MATCH), on_cancel(find_rsp(0)), release()], after=1)
    assert found == [PENDING, 0]
    assert asked.error is None


def test_what_is_over_is_not_cancelled() -> None:
    script = [accept(), expect_message(0x0020), send(find_rsp(0)), expect(wire.RELEASE_RQ)]
    with scripted_server(script) as peer:
        association = call(peer.port)
        asked = operation(association)
        for _ in asked.answers():
            asked.cancel()
        association.release()
        peer.finish()
    assert asked.cancelled is None


def test_a_peer_that_goes_on_after_a_cancel_is_aborted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cancelling, "DRAIN", 0.1)
    asked, found, association = run([forever(MATCH)], after=3)
    assert len(found) >= 3
    assert not association.is_open
    assert asked.final is None
    assert isinstance(asked.error, LimitReached)
    assert "did not end the operation" in asked.error.message


def test_a_peer_that_falls_silent_after_a_cancel_is_aborted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cancelling, "DRAIN", 0.1)
    script = [send(MATCH), on_cancel(b""), expect(wire.ABORT), closed()]
    asked, found, _ = run(script, after=1)
    assert (found, asked.final) == ([PENDING], None)


@pytest.mark.parametrize("last", [close(), send(wire.abort()), send(wire.release_rq())])
def test_a_peer_that_answers_a_cancel_by_leaving_has_ended_the_operation(last: Step) -> None:
    asked, found, association = run([send(MATCH), on_cancel(b""), last], after=1)
    assert (found, asked.final) == ([PENDING], None)
    assert not association.is_open
    assert isinstance(asked.error, LimitReached)


# -- time --------------------------------------------------------------------------------------------


def test_the_total_time_out_cancels_before_it_aborts() -> None:
    began = monotonic()
    script = [until_cancelled(MATCH, find_rsp(CANCELLED)), release()]
    asked, found, association = run(script, seconds=0.1)
    assert 0.09 < monotonic() - began < 3.0
    assert found[-1] == CANCELLED
    assert asked.cancelled is Cause.TIME
    assert isinstance(asked.error, LimitReached)
    assert asked.error.exit_code == ExitCode.LIMIT
    assert association.released_in_order


def test_nothing_is_left_if_the_peer_was_done_when_time_was_over() -> None:
    asked, _, _ = run([until_cancelled(MATCH, find_rsp(0)), release()], seconds=0.05)
    assert (asked.cancelled, asked.error) == (Cause.TIME, None)


def test_the_total_time_out_holds_against_a_silent_peer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cancelling, "DRAIN", 0.1)
    began = monotonic()
    script = [on_cancel(b""), expect(wire.ABORT), closed()]
    asked, found, _ = run(script, seconds=0.05)
    assert monotonic() - began < 3.0
    assert found == []
    assert isinstance(asked.error, LimitReached)


def test_the_total_time_out_holds_within_a_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cancelling, "DRAIN", 0.1)
    began = monotonic()
    asked, _, association = run([send(MATCH[:-3]), stall()], seconds=0.05)
    assert monotonic() - began < 3.0
    assert not association.is_open
    assert isinstance(asked.error, LimitReached)


def test_a_peer_gets_the_dimse_time_out_for_each_response() -> None:
    script = [send(MATCH), expect(wire.ABORT), closed()]
    with pytest.raises(NoAnswer, match=r"sent nothing for 0\.1 s"):
        run(script, timeouts=AMPLE._replace(dimse=0.1))


# -- signals -----------------------------------------------------------------------------------------


def test_a_stop_wakes_who_waits_and_cancels(stop: Stop) -> None:
    def ask() -> bytes:
        stop.request()
        return b""

    script: list[Step] = [
        send(MATCH),
        lambda _talk: ask(),
        on_cancel(MATCH + find_rsp(CANCELLED)),
        release(),
    ]
    asked, found, association = run(script, stop=stop)
    assert found == [PENDING, PENDING, CANCELLED]
    assert asked.cancelled is Cause.STOP
    assert isinstance(asked.error, Interrupted)
    assert association.released_in_order


def test_a_stop_is_seen_between_answers_that_never_pause(stop: Stop) -> None:
    timer = threading.Timer(0.05, stop.request)
    timer.start()
    asked, _, _ = run([until_cancelled(MATCH * 100, find_rsp(CANCELLED)), release()], stop=stop)
    timer.join()
    assert asked.cancelled is Cause.STOP


def test_a_stop_leaves_a_silent_peer_no_more_than_its_grace(
    stop: Stop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cancelling, "DRAIN_AT_STOP", 0.1)
    began = monotonic()
    script: list[Step] = [lambda _talk: stop.request(), on_cancel(b""), expect(wire.ABORT), closed()]
    asked, _, _ = run(script, stop=stop)
    assert monotonic() - began < 3.0
    assert isinstance(asked.error, Interrupted)


def test_a_stop_after_a_limit_sends_no_second_cancel(stop: Stop) -> None:
    script: list[Step] = [
        send(MATCH),
        on_cancel(b""),
        lambda _talk: stop.request(),
        expect(wire.ABORT),
        closed(),
    ]
    asked, _, _ = run(script, stop=stop, after=1)
    assert asked.cancelled is Cause.STOP


def test_a_second_request_to_stop_ends_it_at_once(stop: Stop) -> None:
    def twice() -> None:
        stop.request()
        stop.request()

    script: list[Step] = [send(MATCH), lambda _talk: twice(), closed()]
    with pytest.raises(Interrupted):
        run(script, stop=stop)


# -- peers that break the rules ----------------------------------------------------------------------


def test_cancelled_without_a_cancel_is_a_violation() -> None:
    with pytest.raises(ProtocolError, match="cancelled, which nobody asked for"):
        run([send(MATCH + find_rsp(CANCELLED)), expect(wire.ABORT), closed()])


@pytest.mark.parametrize(
    ("last", "error"),
    [(close(), ConnectionLost), (send(wire.abort()), Aborted), (send(wire.release_rq()), ConnectionLost)],
)
def test_a_peer_that_leaves_by_itself_is_an_error(last: Step, error: type[Exception]) -> None:
    with pytest.raises(error):
        run([send(MATCH), last])


def test_a_request_where_only_responses_belong_is_a_violation() -> None:
    script = [send(wire.message(wire.echo_rq())), expect(wire.ABORT), closed()]
    with pytest.raises(ProtocolError, match="sent a C-ECHO-RQ where a response belongs"):
        run(script)


def test_requests_of_the_peer_are_events_where_they_are_wanted() -> None:
    store = wire.message(wire.store_rq(5), b"data", context=3)
    script = [
        accept(),
        answering(lambda _number: MATCH + store),
        expect_message(wire.C_STORE_RSP),
        send(find_rsp(0)),
        release(),
    ]
    kinds = []
    with scripted_server(script) as peer, call(peer.port) as association:
        exchange = Exchange(association)
        asked = Operation(
            exchange,
            association.contexts[1],
            CFindRq(affected_sop_class_uid=STUDY_FIND),
            BytesSource(b"query"),
        )
        for event in asked.events():
            kinds.append(type(event))
            if isinstance(event, Incoming):
                exchange.read_data(event, NullSink())
                exchange.respond(event, event.command.answer(0))  # type: ignore[attr-defined]
    assert kinds == [Answer, Incoming, Answer]
