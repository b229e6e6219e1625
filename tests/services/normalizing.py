"""What scripted peers of the N- services say, and a line to them."""

from __future__ import annotations

from collections.abc import Callable

from dimsetools.association.stop import Stop
from dimsetools.association.values import Target, Timeouts
from dimsetools.services.normalized import Heard, Line, Manner
from tests.association.ends import AMPLE
from tests.scripted import wire
from tests.scripted.conversation import Conversation, Step
from tests.scripted.peers import HOST, ScriptedServer

MPPS, COMMIT = "1.2.840.10008.3.1.2.3.3", "1.2.840.10008.1.20.1"
N_EVENT_RQ, N_GET_RQ, N_SET_RQ, N_ACTION_RQ, N_CREATE_RQ = 0x0100, 0x0110, 0x0120, 0x0130, 0x0140
N_EVENT_RSP, N_GET_RSP, N_SET_RSP, N_ACTION_RSP, N_CREATE_RSP = 0x8100, 0x8110, 0x8120, 0x8130, 0x8140


def response(
    field: int,
    status: int = 0,
    *more: bytes,
    data: bytes | None = None,
    number: int = 1,
    context: int = 1,
    sop_class: str = MPPS,
    instance: str = "1.2.3",
) -> bytes:
    """A response of an N- service; an empty class or instance is left out."""
    elements = [
        *([wire.ui(2, sop_class)] if sop_class else []),
        wire.us(0x100, field),
        wire.us(0x120, number),
        wire.us(0x800, wire.NO_DATA_SET if data is None else 1),
        wire.us(0x900, status),
        *([wire.ui(0x1000, instance)] if instance else []),
        *more,
    ]
    command = wire.command_set(*sorted(elements, key=lambda one: one[3:1:-1]))
    return wire.message(command, data, context=context)


def event(
    number: int = 1,
    data: bytes | None = None,
    *,
    sop_class: str = COMMIT,
    instance: str = COMMIT + ".1",
    message_id: int = 7,
    context: int = 1,
) -> bytes:
    """An N-EVENT-REPORT-RQ."""
    command = wire.command_set(
        wire.ui(2, sop_class),
        wire.us(0x100, N_EVENT_RQ),
        wire.us(0x110, message_id),
        wire.us(0x800, wire.NO_DATA_SET if data is None else 1),
        wire.ui(0x1000, instance),
        wire.us(0x1002, number),
    )
    return wire.message(command, data, context=context)


def answering(field: int, make: Callable[[int], bytes]) -> Step:
    """Step: take a request of this type and send what `make` returns for its message ID."""

    def step(talk: Conversation) -> None:
        request = talk.read_message()
        assert request.number(0x100) == field
        talk.send(make(request.message_id))

    return step


def line(
    peer: ScriptedServer,
    *contexts: str,
    heard: Heard | None = None,
    stop: Stop | None = None,
    timeouts: Timeouts = AMPLE,
    manner: Manner | None = None,
) -> Line:
    """A line to a scripted peer."""
    target = Target(HOST, peer.port, timeouts=timeouts)
    return Line(target, manner or Manner(), contexts or (MPPS,), heard=heard, stop=stop)
