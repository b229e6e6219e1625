"""What the scripted peers of the query and retrieve tests say."""

from __future__ import annotations

from collections.abc import Callable

from tests.scripted import wire
from tests.scripted.conversation import Conversation, Step

STUDY_FIND = "1.2.840.10008.5.1.4.1.2.2.1"
C_FIND_RQ, C_FIND_RSP = 0x0020, 0x8020

PENDING, PENDING_WARNING, CANCELLED = 0xFF00, 0xFF01, 0xFE00


def find_rsp(
    status: int, data: bytes | None = None, *more: bytes, number: int = 1, context: int = 1
) -> bytes:
    """C-FIND-RSP (PS3.7 table 9.3-4), with `data` as its identifier."""
    command = wire.command_set(
        wire.ui(2, STUDY_FIND),
        wire.us(0x100, C_FIND_RSP),
        wire.us(0x120, number),
        wire.us(0x800, wire.NO_DATA_SET if data is None else 1),
        wire.us(0x900, status),
        *more,
    )
    return wire.message(command, data, context=context)


def answering(make: Callable[[int], bytes]) -> Step:
    """Step: take a C-FIND-RQ and send what `make` returns for its message ID."""

    def step(talk: Conversation) -> None:
        request = talk.read_message()
        assert request.number(0x100) == C_FIND_RQ
        talk.send(make(request.message_id))

    return step


def on_cancel(answer: bytes) -> Step:
    """Step: send `answer` once a C-CANCEL-RQ has come."""

    def step(talk: Conversation) -> None:
        assert talk.read_message().number(0x100) == wire.C_CANCEL_RQ
        talk.send(answer)

    return step


def until_cancelled(answer: bytes, then: bytes = b"") -> Step:
    """Step: send `answer` again and again until a C-CANCEL-RQ has come, then `then`."""

    def step(talk: Conversation) -> None:
        talk.sock.settimeout(0.001)
        while True:
            try:
                talk.sock.recv(1, 2)  # MSG_PEEK
                break
            except TimeoutError:
                talk.sock.settimeout(10)
                talk.send(answer)
                talk.sock.settimeout(0.001)
        talk.sock.settimeout(10)
        on_cancel(then)(talk)

    return step


def forever(answer: bytes) -> Step:
    """Step: send `answer` until the other side has had enough."""

    def step(talk: Conversation) -> None:
        try:
            while not talk.over.is_set():
                talk.send(answer)
        except OSError:
            return

    return step
