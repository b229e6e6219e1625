"""Attempts at nodes, made up."""

from __future__ import annotations

from dimsetools.association.values import Peer, Target, Timings
from dimsetools.errors import DimseError
from dimsetools.render.echo import Tally
from dimsetools.services.echo import Attempt, Echoed


def answer(ms: float = 10.0, *, tls: bool = False, software: str = "OFFIS_DCMTK_367") -> Echoed:
    """An answer that took `ms` in all."""
    part = ms / 4000
    timings = Timings(part, part if tls else None, part if tls else 2 * part)
    return Echoed(
        Peer("PACS", "pacs", 104, "1.2.3", software, 16384), "1.2.840.10008.1.2", timings, part, True
    )


def tally(node: str, *outcomes: Echoed | DimseError) -> Tally:
    """A node with the attempts that were made."""
    made = Tally(node, Target("pacs.example", 104, called_aet="PACS"))
    for number, outcome in enumerate(outcomes, start=1):
        if isinstance(outcome, DimseError):
            made.add(Attempt(number, None, outcome))
        else:
            made.add(Attempt(number, outcome, None))
    return made
