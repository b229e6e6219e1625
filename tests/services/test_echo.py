from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from dimsetools.association.stop import Stop
from dimsetools.association.values import Target, Timeouts
from dimsetools.errors import (
    Aborted,
    ConnectionLost,
    ConnectionRefused,
    DimseError,
    LimitReached,
    NoAnswer,
    NoContext,
    ProtocolError,
    Rejected,
    StatusFailure,
)
from dimsetools.services import echo
from dimsetools.services.echo import Attempt, Request
from tests.scripted import conversation as step
from tests.scripted import wire
from tests.scripted.peers import HOST, refusing_port, scripted_server

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.conftest import Peers
    from tests.scripted.conversation import Step

REQUEST = Request(echo.contexts())
SHORT = Timeouts(connect=2.0, acse=0.3, dimse=0.3)
ASKED = step.expect_message(wire.C_ECHO_RQ)
GOOD = (step.accept(), step.echo(), step.release(), step.closed())


def target(port: int, timeouts: Timeouts | None = None) -> Target:
    return Target(HOST, port, timeouts=timeouts or Timeouts())


def failure(script: Sequence[Step]) -> DimseError:
    with scripted_server(script) as server:
        with pytest.raises(DimseError) as caught:
            echo.echo(target(server.port, SHORT), REQUEST)
        server.finish()
    return caught.value


def test_an_answer_tells_who_answered_and_how_fast() -> None:
    with scripted_server(GOOD) as server:
        found = echo.echo(target(server.port), REQUEST)
        server.finish()
    assert found.peer.max_pdu == 16384
    assert found.peer.implementation_uid == wire.IMPLEMENTATION
    assert found.timings.tls is None
    assert min(found.timings.tcp, found.timings.association, found.echo) > 0
    assert found.total == pytest.approx(found.timings.tcp + found.timings.association + found.echo)
    assert found.released_in_order


def test_the_association_can_end_with_an_abort() -> None:
    with scripted_server((step.accept(), step.echo(), step.expect(wire.ABORT), step.closed())) as server:
        assert echo.echo(target(server.port), REQUEST._replace(abort=True)).echo > 0
        server.finish()


def test_an_answer_stands_when_the_release_is_not_answered() -> None:
    with scripted_server((step.accept(), step.echo(), step.expect(wire.RELEASE_RQ), step.close())) as server:
        found = echo.echo(target(server.port), REQUEST)
    assert not found.released_in_order


def test_syntaxes_that_are_asked_for_are_the_ones_proposed() -> None:
    context = echo.contexts((wire.IMPLICIT_LE,))
    assert [(one.id, one.abstract_syntax, one.transfer_syntaxes) for one in context] == [
        (1, wire.VERIFICATION, (wire.IMPLICIT_LE,))
    ]


@pytest.mark.parametrize("status", [0x0122, 0x0210, 0x0211, 0x0212, 0x1234, 0xB000, 0xFF00 + 2])
def test_any_status_but_success_is_a_failure(status: int) -> None:
    comment = wire.lo(0x902, "not\x1btoday")
    error = failure((step.accept(), step.echo(status, comment), step.release(), step.closed()))
    assert isinstance(error, StatusFailure)
    assert error.status == status
    assert error.service == "C-ECHO"
    assert error.comment == "not\x1btoday"
    assert error.exit_code == 1


@pytest.mark.parametrize(
    ("script", "kind"),
    [
        ((step.expect(wire.ASSOCIATE_RQ), step.send(wire.associate_rj(1, 1, 7)), step.closed()), Rejected),
        ((step.expect(wire.ASSOCIATE_RQ), step.send(wire.abort()), step.closed()), Aborted),
        ((step.expect(wire.ASSOCIATE_RQ), step.close()), ConnectionLost),
        ((step.expect(wire.ASSOCIATE_RQ), step.stall()), NoAnswer),
        ((step.accept(wire.Result(1, 3)), step.release(), step.closed()), NoContext),
        ((step.accept(), ASKED, step.stall()), NoAnswer),
        ((step.accept(), ASKED, step.close()), ConnectionLost),
        ((step.accept(), ASKED, step.send(wire.abort(2, 1)), step.closed()), Aborted),
        (
            (
                step.accept(),
                ASKED,
                step.send(wire.message(wire.echo_rsp(77))),
                step.expect(wire.ABORT),
                step.closed(),
            ),
            ProtocolError,
        ),
    ],
)  # fmt: skip
def test_each_way_to_fail_has_its_own_error(script: Sequence[Step], kind: type[DimseError]) -> None:
    assert type(failure(script)) is kind


def test_nobody_listening_is_refused() -> None:
    with refusing_port() as port, pytest.raises(ConnectionRefused):
        echo.echo(target(port), REQUEST)


# -- series -----------------------------------------------------------------------------------------


def numbers(attempts: Sequence[Attempt]) -> list[tuple[int, bool]]:
    return [(attempt.number, attempt.error is None) for attempt in attempts]


def test_each_attempt_has_an_association_of_its_own_and_a_failure_does_not_end_the_series() -> None:
    bad = (step.expect(wire.ASSOCIATE_RQ), step.send(wire.associate_rj(2, 3, 2)), step.closed())
    with scripted_server(GOOD, bad, GOOD) as server:
        attempts = list(echo.series(target(server.port), REQUEST, stop=Stop(), count=3, interval=0))
        server.finish()
        assert len(server.conversations) == 3
    assert numbers(attempts) == [(1, True), (2, False), (3, True)]
    assert isinstance(attempts[1].error, Rejected)


def test_a_request_to_stop_ends_the_wait_for_the_next_attempt() -> None:
    stop = Stop()
    with scripted_server(GOOD) as server:
        series = echo.series(target(server.port), REQUEST, stop=stop, count=2, interval=3600)
        assert next(series).number == 1
        threading.Timer(0.05, stop.request).start()
        assert list(series) == []


def test_an_attempt_that_was_broken_off_is_not_counted() -> None:
    stop = Stop()
    asked = threading.Event()

    def interrupt() -> None:
        assert asked.wait(5)
        stop.request()
        stop.expire()

    script = (step.accept(), step.expect_message(wire.C_ECHO_RQ), lambda _: asked.set(), step.stall())
    with scripted_server(script) as server:
        user = threading.Thread(target=interrupt)
        user.start()
        assert list(echo.series(target(server.port), REQUEST, stop=stop, count=5, interval=0)) == []
        user.join()


def test_the_total_time_limit_is_that_of_the_series() -> None:
    limits = Timeouts(total=0.2)
    with scripted_server(GOOD) as server:
        series = echo.series(target(server.port, limits), REQUEST, stop=Stop(), count=3, interval=3600)
        attempts = list(series)
    assert numbers(attempts) == [(1, True), (2, False)]
    assert isinstance(attempts[1].error, LimitReached)
    assert attempts[1].error.message == "1 of 3 echoes were made within 0.2 s"


# -- real peers ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["storescp", "dcmqrscp", "orthanc", "pynetdicom"])
def test_real_peers_answer(peers: Peers, name: str) -> None:
    server = peers.orthanc().peer if name == "orthanc" else getattr(peers, name)()
    found = echo.echo(Target(server.host, server.port, called_aet=server.aet), REQUEST)
    assert found.released_in_order
    assert found.peer.implementation_uid
