"""C-MOVE (PS3.4 C.4.2): have a node send objects to another one, or to us over its own connection."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

from dimsetools.message.composite import CMoveRq
from dimsetools.services.retrieve import Account
from dimsetools.services.retriever import PLAIN, Line, Manner, Retriever

if TYPE_CHECKING:
    from dimsetools.association.stop import Stop
    from dimsetools.association.trace import Tracer
    from dimsetools.association.values import Target
    from dimsetools.services.retrieve import Event, Retrieved


class Mover(Retriever):
    """Makes retrieves to the AE title `destination`, which the peer must know."""

    service = "C-MOVE"

    def __init__(
        self,
        target: Target,
        manner: Manner,
        destination: str,
        *,
        stop: Stop | None = None,
        tracer: Tracer | None = None,
    ) -> None:
        super().__init__(target, manner, stop=stop, tracer=tracer)
        self._destination = destination

    def retrieve(self, line: Line, account: Account) -> Generator[Event, None, Retrieved]:
        """Make one retrieve; raises what ends the association."""
        if line.exchange is None:
            yield from self.open(line, [(self.manner.model, PLAIN)])
        request = CMoveRq(
            affected_sop_class_uid=self.manner.model,
            move_destination=self._destination,
            priority=self.manner.priority,
        )
        return (yield from self.operate(line, request, account))
