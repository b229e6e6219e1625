"""Queries of unified procedure steps (PS3.4 CC.2.8), answered out of the ledger as it is at the moment."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from typing import TYPE_CHECKING

from dimsetools.archive.matching import Matcher
from dimsetools.dataset.attributes import Attributes, texts
from dimsetools.dataset.ups_rules import SOP_INSTANCE_UID, STATE, TRANSACTION_UID
from dimsetools.scp.ups_states import STATES
from dimsetools.scp.ups_workitems import KIND
from dimsetools.uids import is_dotted

if TYPE_CHECKING:
    from dimsetools.archive.ledger import Entry, Ledger
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
        with closing(self._candidates(keys)) as entries:
            for entry in entries:
                if given_up():
                    return
                if matcher.matches(entry.attributes):
                    yield matcher.answer(entry.attributes)

    def _candidates(self, keys: Attributes) -> Generator[Entry, None, None]:
        """Yield the workitems that may match: those of the UIDs, or in the state, that are asked for."""
        uids, states = texts(keys, SOP_INSTANCE_UID), texts(keys, STATE)
        if uids and all(map(is_dotted, uids)):
            named = (self._ledger.get(KIND, uid) for uid in dict.fromkeys(uids))
            yield from (entry for entry in named if entry is not None)
            return
        state = states[0] if len(states) == 1 and states[0] in STATES else None
        yield from self._ledger.entries(KIND, state=state)

    def supports(self, asked: Asked) -> bool:  # noqa: ARG002  # workitems have whatever they have
        """Tell whether every key can be matched."""
        return True
