from __future__ import annotations

from typing import Any

import pytest

from dimsetools.association.values import Target
from dimsetools.errors import (
    ExitCode,
    LimitReached,
    NoContext,
    ProtocolError,
    StatusFailure,
    SubOperationsFailed,
)
from dimsetools.services.move import Mover
from dimsetools.services.retrieve import Counts, Event, Going
from dimsetools.services.retriever import Manner
from tests.association.ends import AMPLE
from tests.scripted import conversation as step
from tests.scripted import wire
from tests.scripted.conversation import Conversation
from tests.scripted.peers import HOST, ScriptedServer, scripted_server
from tests.services.querying import STUDY_FIND
from tests.services.retrieving import (
    C_MOVE_RQ,
    END,
    OTHER,
    PENDING,
    STUDY,
    STUDY_MOVE,
    accepting,
    asked,
    failed_list,
    retrieved,
    rsp,
)


def moved(
    status: int, counts: tuple[int | None, int | None, int | None, int | None] = (None,) * 4, *more: Any
) -> bytes:
    return rsp(status, counts, *(more or (None,)), field=C_MOVE_RQ)


def move(server: ScriptedServer, *wanted: Any, total: float | None = None) -> list[Event]:
    target = Target(HOST, server.port, timeouts=AMPLE._replace(total=total))
    return list(Mover(target, Manner(STUDY_MOVE, STUDY_FIND), "STATION").run(iter(wanted or (STUDY,))))


ASKED = asked(C_MOVE_RQ)


def test_objects_are_moved_to_the_destination() -> None:
    script = [
        accepting(),
        ASKED,
        step.send(moved(PENDING, (2, 1, 0, 0))),
        step.send(moved(PENDING, (0, 2, 1, 0))),
        step.send(moved(0xB000, (None, 2, 1, 0), failed_list("1.2.3"))),
        *END,
    ]
    with scripted_server(script) as server:
        events = move(server)
        server.finish()
        request = server.first.messages[0]
    assert request.command[0x600] == b"STATION "
    assert [event.counts for event in events if isinstance(event, Going)] == [
        Counts(2, 1, 0, 0),
        Counts(0, 2, 1, 0),
    ]
    (done,) = retrieved(events)
    assert (done.status, done.counts, done.failed) == (0xB000, Counts(0, 2, 1, 0), ("1.2.3",))
    assert isinstance(done.error, SubOperationsFailed)
    assert done.error.exit_code is ExitCode.PARTIAL


@pytest.mark.parametrize(("status", "name"), [(0xA801, "does not know"), (0xA702, "cannot be performed")])
def test_a_destination_that_is_unknown_or_down_is_a_failure(status: int, name: str) -> None:
    comment = wire.lo(0x902, "no such AE")
    script = [accepting(), ASKED, step.send(moved(status, (None,) * 4, None, comment)), *END]
    with scripted_server(script) as server:
        (done,) = retrieved(move(server))
        server.finish()
    assert isinstance(done.error, StatusFailure)
    assert name in done.error.message
    assert (done.error.exit_code, done.comment) == (ExitCode.FAILURE, "no such AE")


def test_a_peer_that_names_no_reason_may_not_know_the_destination() -> None:
    with scripted_server([accepting(), ASKED, step.send(moved(0xC000, (None,) * 4)), *END]) as server:
        (done,) = retrieved(move(server))
    assert done.error is not None
    assert "move destination" in done.error.hint


def test_a_destination_that_is_down_after_all_is_failed_sub_operations() -> None:
    script = [accepting(), ASKED, step.send(moved(0xA702, (None, 0, 4, 0))), *END]
    with scripted_server(script) as server:
        (done,) = retrieved(move(server))
        server.finish()
    assert done.error is not None
    assert done.error.exit_code is ExitCode.SUBOPERATIONS


def test_pending_for_ever_is_cancelled_and_then_aborted() -> None:
    def pending(talk: Conversation) -> None:
        talk.send(moved(PENDING, (1, 0, 0, 0)))
        assert talk.read_message().number(0x100) == wire.C_CANCEL_RQ
        talk.send(moved(0xFE00, (1, 3, 0, 0)))

    with scripted_server([accepting(), ASKED, pending, *END]) as server:
        (done,) = retrieved(move(server, OTHER, OTHER, total=0.2))
        server.finish()
    assert isinstance(done.error, LimitReached)
    assert done.counts.completed == 3


def test_objects_never_come_on_this_association() -> None:
    request = wire.message(wire.store_rq())
    with scripted_server([accepting(), ASKED, step.send(request), step.closed()]) as server:
        (done,) = retrieved(move(server))
    assert isinstance(done.error, ProtocolError)


def test_a_peer_without_c_move_ends_the_run() -> None:
    with scripted_server([accepting(refused=(STUDY_MOVE,)), step.closed()]) as server:
        (done,) = retrieved(move(server, OTHER, OTHER))
    assert isinstance(done.error, NoContext)
