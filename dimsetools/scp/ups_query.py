"""Queries of unified procedure steps (PS3.4 CC.2.8), answered out of the ledger as it is at the moment."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import TYPE_CHECKING

from dimsetools.archive.matching import Matcher
from dimsetools.dataset.attributes import Attributes, texts
from dimsetools.dataset.ups_rules import STATE, TRANSACTION_UID
from dimsetools.scp.ups_states import STATES
from dimsetools.scp.ups_workitems import KIND

if TYPE_CHECKING:
    from dimsetools.archive.ledger import Ledger
    from dimsetools.scp.identifiers import Asked
    from dimsetools.scp.query import Negotiated


class UpsAnswers:
    """Answers the queries of the UPS Pull, Watch and Query models."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def find(
        self, asked: Asked, negotiated: Negotiated, given_up: Callable[[], bool]
    ) -> Iterator[Attributes]:
        """Return the workitems that match; without any key there is none (CC.2.8.3.1)."""
        keys = {tag: key for tag, key in asked.keys.items() if tag != TRANSACTION_UID}
        if not keys:
            return
        matcher = Matcher(keys, fuzzy=negotiated.fuzzy, datetime=True)
        states = texts(keys, STATE)
        state = states[0] if len(states) == 1 and states[0] in STATES else None
        with closing(self._ledger.entries(KIND, state=state)) as entries:
            for entry in entries:
                if given_up():
                    return
                if matcher.matches(entry.attributes):
                    yield matcher.answer(entry.attributes)

    def supports(self, asked: Asked) -> bool:  # noqa: ARG002  # workitems have whatever they have
        """Tell whether every key can be matched."""
        return True
