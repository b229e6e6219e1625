from __future__ import annotations

import threading
from time import monotonic
from typing import Any

import pytest

from dimsetools.association.stop import Stop
from dimsetools.dataset import commitments
from dimsetools.dataset.attributes import Attribute, Attributes
from dimsetools.dataset.commitments import Reference
from dimsetools.dataset.normalized import UPS_EVENT, UPS_GLOBAL, UPS_PUSH, normalized_class
from dimsetools.errors import ConnectionLost, InputError, Interrupted
from dimsetools.services.normalized import Event, Line, Manner, Reply, Wanted
from dimsetools.services.requests import action
from dimsetools.services.waiting import Waiting, advice, awaited, fault, reported_in, subject
from tests.scripted import conversation as step
from tests.scripted import wire
from tests.scripted.peers import scripted_server
from tests.services.committing import report_step, target

COMMIT = normalized_class("commit")
ONE = Reference(wire.CT_IMAGE, "1.2.1")


def event(**more: Any) -> Event:
    return Event(COMMIT.uid, COMMIT.instance, 1, None)._replace(**more)


def about(uid: str) -> Attributes:
    return {commitments.TRANSACTION: Attribute("UI", (uid,))}


def reply(wanted: Wanted, instance: str, attributes: Attributes | None = None) -> Reply:
    return Reply(wanted.request, 0, "", None, (), (), "", instance, 1, attributes, 0.0, (), None)


def soon() -> float:
    return monotonic() + 8.0


# -- what is answered -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("told", "status"),
    [
        (event(), 0),
        (event(number=2), 0),
        (event(number=3), 0x0113),
        (event(sop_class="1.2.3", number=99), 0),
        (event(sop_instance="no uid"), 0x0117),
        (event(error=InputError("broken")), 0x0110),
    ],
)
def test_an_event_that_is_out_of_order_is_refused(told: Event, status: int) -> None:
    assert fault(told) == status
    with Waiting() as waiting:
        assert waiting.heard(told) == status
        (got,) = waiting.events(None, monotonic())
        assert got == told._replace(status=status)


def test_what_is_in_order_is_judged() -> None:
    judged: list[Event] = []

    def judge(told: Event) -> int:
        judged.append(told)
        return 0x0115

    with Waiting(judge) as waiting:
        assert waiting.heard(event()) == 0x0115
        assert waiting.heard(event(status=0x0122)) == 0x0122
        assert waiting.heard(event(number=9)) == 0x0113
    assert judged == [event()]


# -- waiting ----------------------------------------------------------------------------------------------


def test_events_of_another_thread_end_the_wait() -> None:
    with Waiting(listening=True) as waiting:
        thread = threading.Timer(0.05, waiting.heard, [event()])
        thread.start()
        assert next(waiting.events(None, soon())).status == 0
        thread.join()


def test_the_time_is_over() -> None:
    with Waiting() as waiting:
        assert list(waiting.events(None, monotonic() + 0.02)) == []


def test_a_signal_ends_the_wait() -> None:
    stop = Stop()
    with Waiting() as waiting:
        threading.Timer(0.02, stop.request).start()
        with pytest.raises(Interrupted):
            next(waiting.events(None, soon(), stop))


def test_events_on_our_association_are_taken() -> None:
    script = (step.accept(), report_step("2.25.1", [ONE]), step.release(), step.closed())
    with (
        scripted_server(script) as server,
        Waiting() as waiting,
        Line(target(server.port), Manner(), (COMMIT.uid,), heard=waiting.heard) as line,
    ):
        line.open()
        got = next(waiting.events(line, soon()))
    assert got.attributes is not None
    assert commitments.read_report(got.attributes).committed == (ONE,)
    assert not got.new_association


@pytest.mark.parametrize("end", [[step.send(wire.release_rq())], [step.send(wire.abort())], [step.close()]])
def test_without_an_association_nothing_more_can_come(end: list[step.Step]) -> None:
    with scripted_server((step.accept(), *end)) as server, Waiting() as waiting:
        line = Line(target(server.port), Manner(), (COMMIT.uid,), heard=waiting.heard)
        line.open()
        with pytest.raises(Exception, match=r"released|aborted|closed"):
            next(waiting.events(line, soon()))
        with pytest.raises(ConnectionLost):
            next(waiting.events(line, soon()))


@pytest.mark.parametrize("end", [[step.send(wire.release_rq())], [step.send(wire.abort())], [step.close()]])
def test_with_a_listener_more_may_come_after_the_association(end: list[step.Step]) -> None:
    over = threading.Event()
    script = (step.accept(), *end, lambda talk: over.set(), step.closed())
    with (
        scripted_server(script) as server,
        Waiting(listening=True) as waiting,
        Line(target(server.port), Manner(), (COMMIT.uid,), heard=waiting.heard) as line,
    ):
        line.open()

        def later() -> None:
            over.wait(8.0)
            waiting.heard(event(number=2))

        thread = threading.Thread(target=later)
        thread.start()
        assert next(waiting.events(line, soon())).number == 2
        thread.join()


# -- what is waited for -----------------------------------------------------------------------------------


def test_a_transaction_is_told_by_its_uid() -> None:
    wanted = action(COMMIT, COMMIT.instance, 1, about("2.25.1"))
    is_awaited = awaited(wanted, reply(wanted, COMMIT.instance))
    assert is_awaited(event(attributes=about("2.25.1")))
    assert not is_awaited(event(attributes=about("2.25.2")))
    assert is_awaited(event())  # it names none: it may be it


def test_others_are_told_by_the_instance() -> None:
    ups = normalized_class("ups")
    wanted = action(ups, "1.2.5", 1, about("2.25.1"))
    is_awaited = awaited(wanted, reply(wanted, "1.2.5"))
    assert is_awaited(event(sop_class=ups.uid, sop_instance="1.2.5"))
    assert not is_awaited(event(sop_class=ups.uid, sop_instance="1.2.6"))


def test_a_subscription_to_all_is_about_any_of_them() -> None:
    wanted = action(normalized_class("ups"), UPS_GLOBAL, 3)
    is_awaited = awaited(wanted, reply(wanted, UPS_GLOBAL))
    assert is_awaited(event(sop_class=UPS_PUSH, sop_instance="1.2.6"))
    assert not is_awaited(event())


def test_a_print_is_told_by_its_job() -> None:
    wanted = action(normalized_class("film-box"), "1.2.7", 1)
    jobs: Attributes = {0x21000500: Attribute("SQ", ({0x00081155: Attribute("UI", ("1.2.8",))},))}
    is_awaited = awaited(wanted, reply(wanted, "1.2.7", jobs))
    assert is_awaited(event(sop_class=normalized_class("print-job").uid, sop_instance="1.2.8"))
    assert not is_awaited(event(sop_instance="1.2.7"))


def test_events_may_come_in_other_contexts_than_the_request_goes() -> None:
    assert reported_in(action(normalized_class("ups"), "1.2", 1)) == (UPS_EVENT,)
    assert reported_in(action(COMMIT, COMMIT.instance, 1)) == (COMMIT.uid,)
    assert reported_in(action(normalized_class("film-box"), "1.2", 1)) == (normalized_class("print-job").uid,)
    assert reported_in(action(normalized_class("media-creation"), "1.2", 1)) == ()


def test_what_is_waited_for_has_a_name() -> None:
    assert subject(action(COMMIT, COMMIT.instance, 1, about("2.25.1"))) == "transaction 2.25.1"
    assert subject(action(COMMIT, "1.2.5", 1)) == "instance 1.2.5"


def test_the_advice_names_what_the_peer_must_know() -> None:
    assert "add --port PORT, and see that it knows MODALITY" in advice(target(104), None, late=False)
    late = advice(target(104), 11112, late=True)
    assert late.startswith("raise --wait; ")
    assert late.endswith("MODALITY with this machine's address and port 11112")
