"""Queries: every match is handed on as it comes, over one association for many queries."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Iterator
from threading import Event as Signal

import pytest

from dimsetools.association.trace import Record, Tracer
from dimsetools.association.values import ClientTls, Target
from dimsetools.dataset.attributes import Attribute, Attributes
from dimsetools.errors import (
    ExitCode,
    InputError,
    ProtocolError,
    StatusFailure,
)
from dimsetools.services.extended import Abilities
from dimsetools.services.find import Finder, Finished, Manner, Match, Opened, Remark
from tests.association.ends import AMPLE
from tests.dataset.encoding import Encoding
from tests.peers.certificates import Certificates, server_context
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
    stall,
    wait_for,
)
from tests.scripted.peers import HOST, scripted_server
from tests.services.querying import (
    DONE,
    EXPLICIT,
    MANNER,
    PATIENT_NAME,
    PENDING,
    PENDING_WARNING,
    QUERY,
    STUDY_FIND,
    answering,
    asked,
    find_rsp,
    finder,
    last,
    match,
    matches,
    named,
    names,
    on_cancel,
    run,
)

# -- matches -----------------------------------------------------------------------------------------


def test_matches_come_in_order_and_then_the_end() -> None:
    events = run(asked, send(match("DOE^A") + match("DOE^B") + DONE), release())
    assert isinstance(events[0], Opened)
    assert events[0].transfer_syntax == wire.EXPLICIT_LE
    assert [(found.query, found.number) for found in matches(events)] == [(1, 1), (1, 2)]
    assert names(events) == ["DOE^A", "DOE^B"]
    assert matches(events)[0].raw == named("DOE^A")
    end = last(events)
    assert (end.status, end.matches, end.malformed, end.cancelled, end.error) == (0, 2, 0, None, None)
    assert end.complete


def test_the_request_carries_the_query() -> None:
    with scripted_server([accept(), asked, send(DONE), release()]) as peer:
        list(finder(peer, Manner(STUDY_FIND, priority=1)).find([QUERY]))
        peer.finish()
    [request] = peer.first.messages
    assert request.command[2] == STUDY_FIND.encode() + b"\0"
    assert request.number(0x700) == 1
    assert request.data == (
        EXPLICIT.element(0x00080020, "DA", b"20260101- ")
        + EXPLICIT.element(0x00080052, "CS", b"STUDY ")
        + EXPLICIT.element(0x0020000D, "UI")
    )


def test_the_query_is_sent_in_the_syntax_that_the_peer_took() -> None:
    implicit = Encoding("<", False)
    answer = find_rsp(PENDING, implicit.element(PATIENT_NAME, "PN", b"DOE "))
    result = wire.Result(1, 0, wire.IMPLICIT_LE)
    with scripted_server([accept(result), asked, send(answer + DONE), release()]) as peer:
        events = list(finder(peer).find([QUERY]))
        peer.finish()
    assert names(events) == ["DOE"]
    assert peer.first.messages[0].data.startswith(implicit.element(0x00080020, "DA", b"20260101- "))


def test_only_the_wanted_syntaxes_are_proposed() -> None:
    manner = Manner(STUDY_FIND, transfer_syntaxes=(wire.IMPLICIT_LE,))
    with scripted_server([accept(), asked, send(DONE), release()]) as peer:
        list(finder(peer, manner).find([QUERY]))
        peer.finish()
    [context] = wire.parse_contexts(peer.first.received[0].body)
    assert context.transfer_syntaxes == (wire.IMPLICIT_LE,)


def test_a_query_names_the_character_set_that_it_needs() -> None:
    query = QUERY | {PATIENT_NAME: Attribute("PN", ("MÜLLER",))}
    with scripted_server([accept(), asked, send(DONE), release()]) as peer:
        list(finder(peer).find([query]))
        peer.finish()
    sent = peer.first.messages[0].data
    assert sent.startswith(EXPLICIT.element(0x00080005, "CS", b"ISO_IR 192"))
    assert "MÜLLER".encode() in sent


def test_the_first_match_is_handed_on_before_the_second_has_come() -> None:
    go = Signal()
    script = [accept(), asked, send(match("DOE^A")), wait_for(go), send(match("DOE^B") + DONE), release()]
    with scripted_server(script) as peer:
        events = finder(peer).find([QUERY])
        assert isinstance(next(events), Opened)
        assert names([next(events)]) == ["DOE^A"]
        go.set()
        assert names(events) == ["DOE^B"]
        peer.finish()


def test_many_matches_take_no_more_memory_than_few() -> None:
    count = 5000

    def blast(talk: Conversation) -> None:
        block = match("DOE^JANE") * 100
        for _ in range(count // 100):
            talk.send(block)
        talk.send(DONE)

    with scripted_server([accept(), asked, blast, release()]) as peer:
        events = finder(peer).find([QUERY])
        for _ in range(500):
            next(events)
        gc.collect()
        tracemalloc.start()
        try:
            rest = sum(isinstance(event, Match) for event in events)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert rest == count - 499
    assert peak < 256 * 1024


def test_text_is_read_in_the_character_set_that_is_assumed() -> None:
    answer = match("MÜLLER".encode("latin-1")) + DONE
    manner = Manner(STUDY_FIND, assume_charset=("ISO_IR 100",))
    assert names(run(asked, send(answer), release(), manner=manner)) == ["MÜLLER"]


def test_a_match_may_be_empty() -> None:
    [found] = matches(run(asked, send(find_rsp(PENDING, b"") + DONE), release()))
    assert (found.attributes, found.error) == ({}, None)


def test_optional_keys_that_were_not_used_are_noted_once() -> None:
    answer = match(status=PENDING_WARNING) * 3 + match()
    events = run(asked, send(answer + DONE), release())
    assert [type(event) for event in events] == [Opened, Remark, *[Match] * 4, Finished]
    assert last(events).unsupported_keys


# -- several queries ---------------------------------------------------------------------------------


def test_many_queries_share_one_association() -> None:
    def both(number: int) -> bytes:
        return match(f"Q{number}", number=number) + find_rsp(0, number=number)

    events = run(answering(both), answering(both), release(), queries=[QUERY, QUERY])
    assert [(found.query, found.number) for found in matches(events)] == [(1, 1), (2, 1)]
    assert names(events) == ["Q1", "Q2"]
    assert [event.query for event in events if isinstance(event, Finished)] == [1, 2]


def test_a_query_is_taken_only_when_the_one_before_is_over() -> None:
    taken: list[str] = []

    def queries() -> Iterator[Attributes]:
        for name in "ab":
            taken.append(name)
            yield QUERY

    def answer(number: int) -> bytes:
        return match(number=number) + find_rsp(0, number=number)

    with scripted_server([accept(), answering(answer), answering(answer), release()]) as peer:
        events = finder(peer).find(queries())
        for event in events:
            if isinstance(event, Match) and event.query == 1:
                assert taken == ["a"]
    assert taken == ["a", "b"]


@pytest.mark.parametrize("leave", [[close()], [send(wire.abort())], [send(wire.release_rq()), closed()]])
def test_a_peer_that_left_between_queries_is_called_again(leave: list[Step]) -> None:
    gone = Signal()

    def queries() -> Iterator[Attributes]:
        yield QUERY
        assert gone.wait(5)
        yield QUERY

    def told(_talk: Conversation) -> None:
        gone.set()

    first = [accept(), answering(lambda _number: DONE), *leave[:1], told, *leave[1:]]
    second = [accept(), answering(lambda _number: match() + DONE), release()]
    with scripted_server(first, second) as peer:
        events = list(finder(peer).find(queries()))
    assert [type(event) for event in events] == [Opened, Finished, Opened, Match, Finished]


def test_a_late_answer_between_queries_is_a_violation() -> None:
    script = [accept(), answering(lambda _number: DONE + match()), expect(wire.ABORT), closed()]
    with scripted_server(script) as peer:
        with finder(peer) as asking:
            list(asking.ask(QUERY))
            assert asking._exchange is not None
            assert asking._exchange.association.readable(5.0)
            with pytest.raises(ProtocolError, match="answered a message 1 that was not asked"):
                list(asking.ask(QUERY))
        peer.finish()


def test_a_query_that_cannot_be_encoded_fails_alone() -> None:
    broken: Attributes = {0x00280010: Attribute("US", (70000,))}
    events = run(asked, send(match() + DONE), release(), queries=[broken, QUERY])
    assert [type(event) for event in events] == [Opened, Finished, Match, Finished]
    assert isinstance(events[1], Finished)
    assert isinstance(events[1].error, InputError)


def test_a_query_that_fails_does_not_keep_the_next_one_from_being_asked() -> None:
    comment = wire.lo(0x902, "no such key")
    failed = answering(lambda _number: find_rsp(0xA900, None, comment))
    events = run(
        failed, answering(lambda number: find_rsp(0, number=number)), release(), queries=[QUERY, QUERY]
    )
    first, second = (event for event in events if isinstance(event, Finished))
    assert isinstance(first.error, StatusFailure)
    assert (first.status, first.comment, first.error.comment) == (0xA900, "no such key", "no such key")
    assert first.error.exit_code == ExitCode.FAILURE
    assert not first.complete
    assert second.error is None


@pytest.mark.parametrize(
    ("status", "failed", "retryable"),
    [(0xA700, True, True), (0xC001, True, False), (0x1234, True, False), (0xB001, False, False)],
)
def test_final_statuses_are_judged(status: int, failed: bool, retryable: bool) -> None:
    end = last(run(asked, send(match() + find_rsp(status)), release()))
    assert (end.status, end.matches, end.complete) == (status, 1, False)
    assert (end.error is not None) == failed
    assert bool(end.error and end.error.retryable) == retryable


# -- extended negotiation ----------------------------------------------------------------------------


def test_what_is_granted_of_the_wanted_abilities_is_told() -> None:
    uid = STUDY_FIND.encode()
    granted = wire.item(0x56, len(uid).to_bytes(2) + uid + b"\1\0\0")
    wanted = Abilities(relational=True, fuzzy=True)
    with scripted_server([accept(more=granted), asked, send(DONE), release()]) as peer:
        events = list(finder(peer, MANNER._replace(abilities=wanted)).find([QUERY]))
        peer.finish()
    opened = events[0]
    assert isinstance(opened, Opened)
    assert opened.granted == Abilities(relational=True)
    assert opened.refused == ("fuzzy",)
    assert len(uid).to_bytes(2) + uid + b"\1\0\1" in peer.first.received[0].body


def test_only_matches_that_are_wanted_count() -> None:
    answers = match("A") + match("B") + match("C")
    script = [accept(), asked, send(answers), on_cancel(DONE), stall()]
    with scripted_server(script) as peer, finder(peer, MANNER._replace(abort=True)) as asking:
        events = list(asking.ask(QUERY, limit=2, wanted=lambda found: names([found]) != ["A"]))
    assert names(events) == ["B", "C"]
    assert [found.number for found in matches(events)] == [1, 2]


def test_matches_come_through_tls_as_well(certificates: Certificates) -> None:
    pair = certificates.client
    tls = ClientTls(
        ca_file=str(certificates.ca),
        cert_file=str(pair.cert),
        key_file=str(pair.key),
        server_name="localhost",
    )
    script = [accept(), asked, send(match() * 3), on_cancel(match() * 2 + DONE), release()]
    with scripted_server(script, tls=server_context(certificates.server, certificates.ca)) as peer:
        target = Target(HOST, peer.port, timeouts=AMPLE._replace(total=30.0), tls=tls)
        events = list(Finder(target, MANNER._replace(limit=3)).find([QUERY]))
        peer.finish()
    assert len(matches(events)) == 3
    assert last(events).dropped == 2


def test_a_trace_shows_every_message_and_changes_nothing() -> None:
    records: list[Record] = []
    with scripted_server([accept(), asked, send(match() * 2 + DONE), release()]) as peer:
        target = Target(HOST, peer.port, timeouts=AMPLE)
        events = list(Finder(target, MANNER, tracer=Tracer(records.append)).find([QUERY]))
    assert len(matches(events)) == 2
    told = [(record["direction"], record["message"]) for record in records if record["_event"] == "message"]
    assert told == [("sent", "C-FIND-RQ"), *[("received", "C-FIND-RSP")] * 3]
