from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import pytest

from dimsetools.association.stop import Stop
from dimsetools.association.values import Target
from dimsetools.dataset import commitments
from dimsetools.dataset.commitments import Failure, Reference, Report
from dimsetools.errors import (
    ConnectionLost,
    Interrupted,
    LimitReached,
    NoAnswer,
    NoContext,
    StatusFailure,
    Unreachable,
)
from dimsetools.services import commitment as services
from dimsetools.services.commitment import Committer, Event, Manner, Opened, Standing, Taken
from dimsetools.services.examine import Remark
from dimsetools.services.normalized import Event as Heard
from dimsetools.services.transactions import Fate, Verdict
from tests.conftest import Peers
from tests.peers.pynet import Acceptor
from tests.scripted import conversation as step
from tests.scripted import wire
from tests.scripted.conversation import Conversation, Step
from tests.scripted.peers import refusing_port, scripted_server
from tests.services.committing import (
    N_ACTION_RQ,
    N_EVENT_REPORT_RSP,
    action_step,
    answer_step,
    answered_step,
    event_rq,
    report_message,
    report_step,
    request_step,
    target,
)

ONE, TWO, THREE = (Reference(wire.CT_IMAGE, f"1.2.{number}") for number in (1, 2, 3))
END = (step.release(), step.closed())


def run(script: Sequence[Step], *references: Reference, **more: Any) -> list[Event]:
    """What comes of asking a scripted peer."""
    with scripted_server((step.accept(), *script)) as server:
        return ask(target(server.port), *references, **more)


def ask(peer: Target, *references: Reference, stop: Stop | None = None, **more: Any) -> list[Event]:
    committer = Committer(peer, Manner(**{"wait": 8.0, **more}), stop=stop)
    try:
        return list(committer.commit(references or (ONE, TWO)))
    finally:
        committer.close()


def verdicts(events: Sequence[Event]) -> list[Verdict]:
    return [event for event in events if isinstance(event, Verdict)]


def fates(events: Sequence[Event]) -> list[Fate]:
    return [verdict.fate for verdict in verdicts(events)]


def remarks(events: Sequence[Event]) -> list[str]:
    return [event.text for event in events if isinstance(event, Remark)]


def test_all_is_committed_on_the_same_association() -> None:
    events = run((action_step(), report_step(), *END))
    assert fates(events) == [Fate.COMMITTED] * 2
    assert [verdict.reference for verdict in verdicts(events)] == [ONE, TWO]
    assert isinstance(events[0], Opened)
    (taken,) = [event for event in events if isinstance(event, Taken)]
    assert taken.instances == 2
    assert {verdict.transaction for verdict in verdicts(events)} == {taken.transaction}
    assert remarks(events) == []


def test_what_failed_has_its_reason() -> None:
    events = run((action_step(), report_step(committed=[ONE], failed=[Failure(TWO, 0x0112)]), *END))
    assert fates(events) == [Fate.COMMITTED, Fate.FAILED]
    error = verdicts(events)[1].error
    assert isinstance(error, StatusFailure)
    assert error.status == 0x0112


def test_a_report_before_the_answer_counts() -> None:
    events = run((request_step, report_step(), answer_step(), *END))
    assert fates(events) == [Fate.COMMITTED] * 2


def test_a_report_while_the_next_request_goes_out() -> None:
    def both(talk: Conversation) -> None:
        """Take the answer to the report and the second request, in whatever order they come."""
        assert {talk.read_message().number(0x100) for _ in range(2)} == {N_ACTION_RQ, N_EVENT_REPORT_RSP}

    script = (action_step(), step.send(report_message), both, answer_step(), report_step(), *END)
    events = run(script, chunk=1)
    assert fates(events) == [Fate.COMMITTED] * 2
    assert remarks(events) == []


def test_the_wait_tells_how_it_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "_TICK", 0.01)
    standing = threading.Event()
    failed = [Failure(TWO, 0x0112)]
    script = (action_step(), report_step(committed=[ONE]), step.wait_for(standing))
    with scripted_server((step.accept(), *script, report_step(committed=[], failed=failed), *END)) as server:
        committer = Committer(target(server.port), Manner(8.0))
        told = []
        for event in committer.commit([ONE, TWO]):
            if isinstance(event, Standing):
                told.append((event.committed, event.failed))
                if told.count((1, 0)) == 2:  # though nothing has come meanwhile
                    standing.set()
        committer.close()
    assert [*dict.fromkeys(told)] == [(0, 0), (1, 0)]


def test_how_it_stands_is_told_while_there_is_more_to_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "_TICK", 0.001)
    first = report_step(lambda talk: transactions(talk)[0], [ONE])
    events = run((action_step(), action_step(), first, report_step(), *END), chunk=1)
    kinds = [type(event) for event in events if isinstance(event, (Taken, Standing))]
    assert kinds.index(Standing) < len(kinds) - 1 - kinds[::-1].index(Taken)


def test_each_chunk_is_a_transaction_of_its_own() -> None:
    script = (
        *(action_step(), action_step()),
        report_step(),
        report_step(lambda talk: transactions(talk)[0], [ONE, TWO]),
        *END,
    )
    events = run(script, ONE, TWO, THREE, ONE, chunk=2)
    assert fates(events) == [Fate.COMMITTED] * 3
    assert [event.instances for event in events if isinstance(event, Taken)] == [2, 1]


def transactions(talk: Conversation) -> list[str]:
    from dimsetools.dataset.decode import decode

    requests = [one for one in talk.messages if one.number(0x100) == 0x0130]
    return [commitments.read_report(decode(one.data, wire.EXPLICIT_LE)).transaction for one in requests]


def test_an_instance_that_is_not_mentioned() -> None:
    events = run((action_step(), report_step(committed=[ONE]), *END), wait=0.1)
    assert fates(events) == [Fate.COMMITTED, Fate.UNMENTIONED]


def test_reports_in_parts() -> None:
    script = (action_step(), report_step(committed=[TWO]), report_step(committed=[ONE]), *END)
    events = run(script)
    assert fates(events) == [Fate.COMMITTED] * 2
    assert "was reported 2 times" in "".join(remarks(events))


def test_reported_twice() -> None:
    twice = step.send(lambda talk: report_message(talk) * 2)
    events = run((action_step(), twice, answered_step(), answered_step(), *END))
    assert fates(events) == [Fate.COMMITTED] * 2
    (odd,) = remarks(events)
    assert "was reported 2 times" in odd


def test_a_transaction_that_is_not_ours_is_refused_and_not_counted() -> None:
    script = (action_step(), report_step("2.25.99", [ONE, TWO], expect=0x0115), report_step(), *END)
    events = run(script)
    assert fates(events) == [Fate.COMMITTED] * 2
    (odd,) = remarks(events)
    assert "not ours: 2.25.99" in odd


def test_a_report_without_a_transaction() -> None:
    events = run((action_step(), report_step("", [ONE], expect=0x0115), *END), wait=0.1)
    assert fates(events) == [Fate.UNANSWERED] * 2
    assert "not ours: none" in remarks(events)[0]


@pytest.mark.parametrize(
    ("message", "status", "words"),
    [
        (wire.message(event_rq(1), b"\x08\x00\x95\x11UI\xff\xff"), 0x0110, "does not decode"),
        (wire.message(event_rq(7), b"\x08\x00\x95\x11UI\x00\x00"), 0x0113, "type 7"),
        (
            wire.message(event_rq(1).replace(b"1.20.1.1", b"1.20.1.9"), b"\x08\x00\x95\x11UI\x00\x00"),
            0x0112,
            "not the",
        ),
        (wire.message(event_rq(1).replace(b"8.1.20.1\0", b"8.1.40.1\0", 1), b""), 0, "nobody waits for"),
    ],
)
def test_a_report_that_is_out_of_order_is_told(message: bytes, status: int, words: str) -> None:
    def tell(talk: Conversation) -> None:
        talk.send(message)
        assert talk.read_message().number(0x900) == status

    events = run((action_step(), tell, report_step(), *END))
    assert fates(events) == [Fate.COMMITTED] * 2
    assert words in remarks(events)[0]


def test_success_with_failures_is_odd_and_a_failure() -> None:
    events = run((action_step(), report_step(committed=[ONE], failed=[Failure(TWO, None)], number=1), *END))
    assert fates(events) == [Fate.COMMITTED, Fate.FAILED]
    assert "event type 1" in remarks(events)[0]


def test_never_reported() -> None:
    events = run((action_step(), *END), wait=0.05)
    (first, second) = verdicts(events)
    assert first.fate is Fate.UNANSWERED
    assert isinstance(first.error, NoAnswer)
    assert first.error is second.error
    assert "add --port PORT" in first.error.hint
    assert "MODALITY" in first.error.hint
    assert "raise --wait" in first.error.hint


def test_the_advice_is_another_where_we_listen() -> None:
    events = run((action_step(), *END), wait=0.05, port=11112)
    error = verdicts(events)[0].error
    assert error is not None
    assert "port 11112" in error.hint
    assert "add --port" not in error.hint


@pytest.mark.parametrize(
    "end",
    [step.send(wire.release_rq()), step.send(wire.abort()), step.close()],
    ids=["release", "abort", "close"],
)
def test_an_association_that_ends_before_the_report(end: Step) -> None:
    events = run((action_step(), end))
    assert fates(events) == [Fate.UNANSWERED] * 2
    error = verdicts(events)[0].error
    assert isinstance(error, ConnectionLost)
    assert "before it had reported" in error.message
    assert "--wait" not in str(error.hint)


def test_with_a_listener_the_report_may_come_later() -> None:
    came = threading.Event()
    uids: list[str] = []

    def note(talk: Conversation) -> None:
        uids.extend(transactions(talk))
        came.set()

    script = (step.accept(), action_step(), note, step.send(wire.release_rq()))
    with scripted_server(script) as server:
        committer = Committer(target(server.port), Manner(wait=8.0, port=11112))
        statuses: list[int] = []

        def report() -> None:
            came.wait(8.0)
            told = commitments.report(Report(uids[0], (ONE, TWO)))
            heard = Heard(commitments.PUSH_MODEL, commitments.INSTANCE, 1, told, new_association=True)
            statuses.append(committer.heard(heard))

        thread = threading.Thread(target=report)
        thread.start()
        events = list(committer.commit([ONE, TWO]))
        thread.join()
        committer.close()
    assert fates(events) == [Fate.COMMITTED] * 2
    assert statuses == [0]


@pytest.mark.parametrize("status", [0x0110, 0x0131, 0x0211])
def test_a_request_that_is_refused(status: int) -> None:
    events = run((action_step(status), *END))
    assert fates(events) == [Fate.REFUSED] * 2
    error = verdicts(events)[0].error
    assert isinstance(error, StatusFailure)
    assert error.status == status


def test_a_request_that_is_too_large_for_the_peer() -> None:
    (verdict, _) = verdicts(run((action_step(0x0213), *END)))
    assert verdict.error is not None
    assert "--chunk" in verdict.error.hint


def test_a_class_that_is_not_taken() -> None:
    with scripted_server((step.accept(wire.Result(1, 3, wire.IMPLICIT_LE)), step.closed())) as server:
        events = ask(target(server.port))
    assert isinstance(verdicts(events)[0].error, NoContext)


def test_a_peer_that_is_not_there() -> None:
    with refusing_port() as port:
        events = ask(target(port))
    assert fates(events) == [Fate.UNACCEPTED] * 2
    assert isinstance(verdicts(events)[0].error, Unreachable)


def test_the_connection_is_lost_between_two_requests() -> None:
    script = (action_step(), request_step, step.close())
    events = run(script, ONE, TWO, THREE, chunk=1)
    assert fates(events) == [Fate.UNANSWERED, Fate.UNACCEPTED, Fate.UNACCEPTED]
    assert any("no more was asked for" in text for text in remarks(events))


def test_the_total_time_ends_the_wait_too() -> None:
    with scripted_server((step.accept(), action_step(), step.closed())) as server:
        peer = target(server.port)
        events = ask(peer._replace(timeouts=peer.timeouts._replace(total=0.2)))
    assert fates(events) == [Fate.UNANSWERED] * 2
    assert isinstance(verdicts(events)[0].error, LimitReached)


def test_a_signal_ends_the_wait() -> None:
    stop = Stop()
    threading.Timer(0.1, stop.request).start()
    events = run((action_step(), *END), stop=stop)
    assert isinstance(verdicts(events)[0].error, Interrupted)


def scp(peers: Peers, fail: frozenset[str] = frozenset()) -> tuple[Acceptor, list[Any]]:
    """A pynetdicom SCP that reports on the association that it was asked on."""
    from pydicom import Dataset
    from pynetdicom import build_context, evt

    statuses: list[Any] = []

    def action(event: Any) -> tuple[int, None]:
        asked = event.action_information
        report = Dataset()
        report.TransactionUID = asked.TransactionUID
        items = list(asked.ReferencedSOPSequence)
        report.ReferencedSOPSequence = [item for item in items if item.ReferencedSOPInstanceUID not in fail]
        failed = [item for item in items if item.ReferencedSOPInstanceUID in fail]
        for item in failed:
            item.FailureReason = 0x0213
        if failed:
            report.FailedSOPSequence = failed

        def tell() -> None:
            status, _ = event.assoc.send_n_event_report(
                report, 2 if failed else 1, commitments.PUSH_MODEL, commitments.INSTANCE
            )
            statuses.append(status.Status)

        threading.Timer(0.05, tell).start()
        return 0x0000, None

    peer = peers.pynetdicom([(evt.EVT_N_ACTION, action)], contexts=[build_context(commitments.PUSH_MODEL)])
    return peer, statuses


def test_pynetdicom_commits(peers: Peers) -> None:
    peer, statuses = scp(peers, frozenset({"1.2.2"}))
    events = ask(target(peer.port), ONE, TWO, THREE)
    assert fates(events) == [Fate.COMMITTED, Fate.FAILED, Fate.COMMITTED]
    assert statuses == [0]
