"""Peers that are asked for storage commitment by a script."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from dimsetools.association.values import Target
from dimsetools.dataset import commitments
from dimsetools.dataset.commitments import Failure, Reference, Report
from dimsetools.dataset.decode import decode
from dimsetools.dataset.encode import encode
from tests.association.ends import AMPLE
from tests.scripted import wire
from tests.scripted.conversation import Conversation, Step

N_EVENT_REPORT_RQ, N_EVENT_REPORT_RSP = 0x0100, 0x8100
N_ACTION_RQ, N_ACTION_RSP = 0x0130, 0x8130

Uid = str | Callable[[Conversation], str]


def target(port: int) -> Target:
    return Target("127.0.0.1", port, "ARCHIVE", "MODALITY", timeouts=AMPLE)


def event_rq(number: int, message_id: int = 9) -> bytes:
    return wire.command_set(
        wire.ui(2, commitments.PUSH_MODEL),
        wire.us(0x100, N_EVENT_REPORT_RQ),
        wire.us(0x110, message_id),
        wire.us(0x800, 1),
        wire.ui(0x1000, commitments.INSTANCE),
        wire.us(0x1002, number),
    )


def action_rq(message_id: int = 1) -> bytes:
    """The N-ACTION-RQ of storage commitment."""
    return wire.command_set(
        wire.ui(3, commitments.PUSH_MODEL),
        wire.us(0x100, N_ACTION_RQ),
        wire.us(0x110, message_id),
        wire.us(0x800, 1),
        wire.ui(0x1001, commitments.INSTANCE),
        wire.us(0x1008, commitments.REQUEST),
    )


def asked(talk: Conversation) -> tuple[str, tuple[Reference, ...]]:
    """The transaction and the instances of the last request that was read."""
    request = next(one for one in reversed(talk.messages) if one.number(0x100) == N_ACTION_RQ)
    attributes = decode(request.data, wire.EXPLICIT_LE)
    return commitments.read_report(attributes).transaction, commitments.references(attributes)


def transaction(talk: Conversation) -> str:
    """The transaction of the last request."""
    return asked(talk)[0]


def request_step(talk: Conversation) -> None:
    """Step: take an N-ACTION, and leave it unanswered."""
    assert talk.read_message().number(0x100) == N_ACTION_RQ


def answer_step(status: int = 0) -> Step:
    """Step: answer the N-ACTION."""

    def step(talk: Conversation) -> None:
        request = next(one for one in reversed(talk.messages) if one.number(0x100) == N_ACTION_RQ)
        answer = wire.command_set(
            wire.ui(2, commitments.PUSH_MODEL),
            wire.us(0x100, N_ACTION_RSP),
            wire.us(0x120, request.message_id),
            wire.us(0x800, wire.NO_DATA_SET),
            wire.us(0x900, status),
            wire.ui(0x1000, commitments.INSTANCE),
            wire.us(0x1008, 1),
        )
        talk.send(wire.message(answer, context=request.context))

    return step


def action_step(status: int = 0) -> Step:
    """Step: take an N-ACTION and answer it."""

    def step(talk: Conversation) -> None:
        request_step(talk)
        answer_step(status)(talk)

    return step


def report_message(
    talk: Conversation,
    uid: Uid = transaction,
    committed: Sequence[Reference] | None = None,
    failed: Sequence[Failure] = (),
    number: int | None = None,
) -> bytes:
    """An N-EVENT-REPORT, by default that all of the last request is committed."""
    kept = asked(talk)[1] if committed is None else tuple(committed)
    told = Report(uid if isinstance(uid, str) else uid(talk), kept, tuple(failed))
    data = encode(commitments.report(told), wire.EXPLICIT_LE)
    return wire.message(event_rq(number or told.event), data)


def report_step(
    uid: Uid = transaction,
    committed: Sequence[Reference] | None = None,
    failed: Sequence[Failure] = (),
    *,
    expect: int = 0,
    number: int | None = None,
) -> Step:
    """Step: report, and take the answer, which must have this status."""

    def step(talk: Conversation) -> None:
        talk.send(report_message(talk, uid, committed, failed, number))
        answered_step(expect)(talk)

    return step


def answered_step(expect: int = 0) -> Step:
    """Step: take the answer to a report."""

    def step(talk: Conversation) -> None:
        answer = talk.read_message()
        assert answer.number(0x100) == N_EVENT_REPORT_RSP
        assert answer.number(0x900) == expect, f"{answer.number(0x900):04X}"

    return step
