"""What several tests of messages send and take."""

from __future__ import annotations

from dimsetools.association.association import Association
from dimsetools.association.values import AcceptedContext
from dimsetools.message.composite import CCancelRq, CStoreRq
from dimsetools.message.exchange import Exchange, Incoming
from dimsetools.message.sinks import MemorySink
from tests.scripted import wire

DATA = bytes(range(256)) * 700 + b"the end"


def ct(association: Association) -> AcceptedContext:
    """The agreed context for CT images."""
    context = association.context_for(wire.CT_IMAGE)
    assert context is not None
    return context


def image(number: int = 1) -> CStoreRq:
    """A request to store."""
    return CStoreRq(affected_sop_class_uid=wire.CT_IMAGE, affected_sop_instance_uid=f"1.2.{number}")


def stored(association: Association) -> list[tuple[Incoming, bytes, int]]:
    """What an acceptor receives until the release; everything is answered with 0."""
    exchange, found = Exchange(association), []
    while (incoming := exchange.next_request()) is not None:
        sink = MemorySink(1 << 24)
        length = exchange.read_data(incoming, sink) if incoming.data_set else 0
        found.append((incoming, sink.value(), length))
        if not isinstance(incoming.command, CCancelRq):
            exchange.respond(incoming, incoming.command.answer(0))  # type: ignore[attr-defined]
    association.release()
    return found
