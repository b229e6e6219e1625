"""Queries that are ended early, and peers that would make one wait for ever, or lie."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from threading import Event as Signal
from time import monotonic, perf_counter

import pytest

from dimsetools.association.stop import Stop
from dimsetools.dataset.attributes import Attributes
from dimsetools.dataset.elements import Malformed
from dimsetools.errors import (
    ConnectionLost,
    ExitCode,
    Interrupted,
    LimitReached,
    NoContext,
    ProtocolError,
)
from dimsetools.services import cancelling
from dimsetools.services.cancelling import Cause
from dimsetools.services.find import Finished, Match, Opened, Remark
from tests.scripted import wire
from tests.scripted.conversation import (
    Conversation,
    Step,
    accept,
    close,
    closed,
    expect,
    release,
    send,
)
from tests.scripted.peers import scripted_server
from tests.services.querying import (
    CANCELLED,
    DONE,
    EXPLICIT,
    MANNER,
    PENDING,
    QUERY,
    asked,
    find_rsp,
    finder,
    forever,
    last,
    match,
    matches,
    named,
    names,
    on_cancel,
    run,
    until_cancelled,
)


@pytest.fixture
def stop() -> Iterator[Stop]:
    switch = Stop()
    yield switch
    switch.close()


# -- ended early -------------------------------------------------------------------------------------


def test_a_limit_cancels_and_drops_what_still_comes() -> None:
    answers = match("A") + match("B")
    rest = match("C") + find_rsp(PENDING) + find_rsp(CANCELLED)
    events = run(asked, send(answers), on_cancel(rest), release(), manner=MANNER._replace(limit=2))
    assert names(events) == ["A", "B"]
    end = last(events)
    assert (end.status, end.cancelled, end.matches, end.error) == (CANCELLED, Cause.LIMIT, 2, None)
    assert not end.complete


def test_a_peer_that_had_sent_all_when_it_was_to_cancel_still_leaves_what_was_dropped() -> None:
    events = run(
        asked, send(match() * 2), on_cancel(match() * 3 + DONE), release(), manner=MANNER._replace(limit=2)
    )
    end = last(events)
    assert (end.status, end.matches, end.dropped, end.error) == (0, 2, 3, None)
    assert not end.complete


def test_a_limit_that_was_all_there_is_leaves_nothing() -> None:
    events = run(asked, send(match()), on_cancel(DONE), release(), manner=MANNER._replace(limit=1))
    assert last(events).complete
    assert last(events).error is None


def test_a_limit_ends_a_query_that_would_go_on_for_ever() -> None:
    events = run(
        asked,
        until_cancelled(match(), find_rsp(CANCELLED)),
        release(),
        manner=MANNER._replace(limit=3),
    )
    assert len(matches(events)) == 3


def test_a_peer_that_never_ends_is_aborted_and_the_next_query_goes_to_a_new_association(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cancelling, "DRAIN", 0.1)
    endless = [accept(), asked, forever(match())]
    good = [accept(), asked, send(DONE), release()]
    with scripted_server(endless, good) as peer:
        events = list(finder(peer, MANNER._replace(limit=2)).find([QUERY, QUERY]))
    assert [type(event) for event in events] == [Opened, Match, Match, Finished, Opened, Finished]
    first = events[3]
    assert isinstance(first, Finished)
    assert (first.status, first.cancelled) == (None, Cause.LIMIT)
    assert isinstance(first.error, LimitReached)


def test_what_crosses_the_cancel_of_a_total_time_out_is_not_lost() -> None:
    events = run(asked, send(match("A")), on_cancel(match("B") + DONE), release(), total=0.1)
    assert names(events) == ["A", "B"]
    end = last(events)
    assert (end.cancelled, end.error, end.complete) == (Cause.TIME, None, True)


def test_the_total_time_out_ends_the_run() -> None:
    queries = [QUERY, QUERY]
    began = monotonic()
    events = run(asked, until_cancelled(match(), find_rsp(CANCELLED)), release(), queries=queries, total=0.2)
    assert 0.19 < monotonic() - began < 3.0
    end = last(events)
    assert (end.query, end.cancelled) == (1, Cause.TIME)
    assert end.error is not None
    assert end.error.exit_code == ExitCode.LIMIT


def test_time_that_is_over_between_queries_is_told_of_the_next_one() -> None:
    def queries(waited: Signal) -> Iterator[Attributes]:
        yield QUERY
        waited.wait(0.15)
        yield QUERY
        raise AssertionError("nobody shall ask for a third")

    events = run(asked, send(DONE), release(), queries=queries(Signal()), total=0.1)  # type: ignore[arg-type]
    assert [type(event) for event in events] == [Opened, Finished, Finished]
    end = last(events)
    assert (end.query, end.status) == (2, None)
    assert isinstance(end.error, LimitReached)


def test_a_signal_cancels_and_releases(stop: Stop) -> None:
    script = [accept(), asked, send(match()), on_cancel(match() + find_rsp(CANCELLED)), release()]
    with scripted_server(script) as peer:
        events = []
        for event in finder(peer, stop=stop).find([QUERY, QUERY]):
            events.append(event)
            if isinstance(event, Match):
                stop.request(ExitCode.TERMINATED)
        peer.finish()
    assert len(matches(events)) == 1
    end = last(events)
    assert (end.query, end.cancelled) == (1, Cause.STOP)
    assert isinstance(end.error, Interrupted)
    assert end.error.exit_code == ExitCode.TERMINATED


def test_a_second_signal_ends_it_at_once(stop: Stop) -> None:
    def twice(_talk: Conversation) -> None:
        stop.request()
        stop.request()

    with pytest.raises(Interrupted):
        run(asked, send(match()), twice, closed(), stop=stop)


def test_whoever_wants_no_more_leaves_an_aborted_association() -> None:
    with scripted_server([accept(), asked, send(match()), expect(wire.ABORT), closed()]) as peer:
        events = finder(peer).find([QUERY])
        for event in events:
            if isinstance(event, Match):
                break
        events.close()  # type: ignore[attr-defined]
        peer.finish()


def test_an_association_can_be_ended_by_an_abort() -> None:
    run(asked, send(DONE), expect(wire.ABORT), closed(), manner=MANNER._replace(abort=True))


def test_a_release_that_is_not_answered_is_no_more_than_a_remark() -> None:
    events = run(asked, send(match() + DONE), expect(wire.RELEASE_RQ), close())
    assert [type(event) for event in events] == [Opened, Match, Finished, Remark]


def test_a_silent_peer_is_waited_for_no_longer_than_allowed(stop: Stop) -> None:
    """The stop is seen while nothing at all comes."""
    steps: list[Step] = [asked, lambda _talk: stop.request(), on_cancel(find_rsp(CANCELLED)), release()]
    began = monotonic()
    end = last(run(*steps, stop=stop))
    assert monotonic() - began < 3.0
    assert end.cancelled is Cause.STOP


# -- bad answers -------------------------------------------------------------------------------------


def test_a_match_that_does_not_decode_is_told_and_the_others_go_on() -> None:
    broken = named("DOE^BROKEN")[:-4]
    answers = match("A") + find_rsp(PENDING, broken) + match("B") + DONE
    events = run(asked, send(answers), release())
    good, bad, other = matches(events)
    assert (good.error, other.error) == (None, None)
    assert bad.attributes is None
    assert isinstance(bad.error, Malformed)
    assert bad.error.offset <= len(broken)
    assert bad.raw == broken
    end = last(events)
    assert (end.status, end.matches, end.malformed, end.error) == (0, 3, 1, None)


@pytest.mark.parametrize("defined", [True, False])
def test_a_thousand_sequences_within_one_another_are_refused_quickly(defined: bool) -> None:
    data = b""
    for _ in range(1000):
        data = EXPLICIT.sequence(0x00081140, EXPLICIT.item(data, defined=defined), defined=defined)
    with scripted_server([accept(), asked, send(find_rsp(PENDING, data) + DONE), release()]) as peer:
        events = finder(peer).find([QUERY])
        assert isinstance(next(events), Opened)
        tracemalloc.start()
        began = perf_counter()
        try:
            found = next(events)
            seconds = perf_counter() - began
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert isinstance(found, Match)
        assert isinstance(found.error, Malformed)
        assert seconds < 0.1
        assert peak < 16 * 1024 * 1024
        assert last(list(events)).malformed == 1
        peer.finish()


VIOLATIONS = {
    "a match without its identifier": (find_rsp(PENDING), "sent a match without its identifier"),
    "a wrong message ID": (match(number=7), "answered a message 7 that was not asked"),
    "a wrong context": (find_rsp(PENDING, b"", context=3), "presentation context 3"),
    "a response of another kind": (wire.message(wire.echo_rsp()), "answered a C-FIND-RQ with a C-ECHO-RSP"),
    "a request": (wire.message(wire.echo_rq()), "sent a C-ECHO-RQ where a response belongs"),
}


@pytest.mark.parametrize(("answer", "words"), VIOLATIONS.values(), ids=VIOLATIONS)
def test_what_breaks_the_rules_is_aborted_and_what_came_before_stands(answer: bytes, words: str) -> None:
    with scripted_server([accept(), asked, send(match() + answer), expect(wire.ABORT), closed()]) as peer:
        events = finder(peer).find([QUERY])
        assert isinstance(next(events), Opened)
        assert names([next(events)]) == ["DOE"]
        with pytest.raises(ProtocolError, match=words) as caught:
            next(events)
        assert caught.value.exit_code == ExitCode.LOST
        peer.finish()


def test_cancelled_without_a_cancel_is_told_of_its_query() -> None:
    """Orthanc says so where its LimitFindResults cuts the matches off."""
    events = run(asked, send(match() + find_rsp(CANCELLED)), expect(wire.ABORT), closed())
    end = last(events)
    assert (end.status, end.matches, end.cancelled) == (CANCELLED, 1, None)
    assert isinstance(end.error, ProtocolError)
    assert end.error.exit_code == ExitCode.LOST


def test_a_peer_that_closes_in_the_middle_is_an_error() -> None:
    with pytest.raises(ConnectionLost):
        run(asked, send(match()), close())


def test_a_model_that_the_peer_does_not_offer_is_an_error() -> None:
    with (
        pytest.raises(NoContext, match="Study Root"),
        scripted_server([accept(wire.Result(1, 3)), release()]) as peer,
    ):
        list(finder(peer).find([QUERY]))
