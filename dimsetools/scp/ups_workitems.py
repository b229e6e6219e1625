"""Unified procedure steps as the ledger keeps them: workitems, and who is to be told of all that come.

The lock of a workitem, its Transaction UID, stands beside its attributes and not among them: so no way of
reading these can give it away (PS3.4 CC.2.7.3).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dimsetools.archive.ledger import Entry
from dimsetools.archive.matching import Matcher
from dimsetools.dataset.attributes import Attribute, Attributes
from dimsetools.dataset.ups_rules import STATE
from dimsetools.scp.ups_states import FINAL, SCHEDULED

if TYPE_CHECKING:
    from dimsetools.archive.ledger import Pages

KIND = "ups"
"""The kind of ledger entries that are workitems."""
_SUBSCRIPTION = "ups-subscription"
_GLOBAL, _FILTERED = "global", "filtered"


@dataclass
class Workitem:
    """One unified procedure step.

    `lock` is the Transaction UID of its claim, "" before it. `subscribers` are the AEs that are told of it,
    each with whether it has a deletion lock. `ended` is when it came into a final state, in seconds since
    the epoch.
    """

    uid: str
    attributes: Attributes
    state: str = SCHEDULED
    lock: str = ""
    subscribers: dict[str, bool] = field(default_factory=dict)
    ended: float = 0.0

    @classmethod
    def of(cls, entry: Entry) -> Workitem:
        """Return the workitem that an entry of the ledger is."""
        return cls(entry.uid, entry.attributes, entry.state, **entry.more)

    def enter(self, state: str, now: float) -> None:
        """Go to a state."""
        self.state = state
        self.attributes[STATE] = Attribute("CS", (state,))
        if state in FINAL:
            self.ended = now

    def kept_until(self, keep: float) -> float | None:
        """Return when it may be deleted, `keep` seconds after its end; None while it may not."""
        if self.state not in FINAL or any(self.subscribers.values()):
            return None
        return self.ended + keep

    def put(self, pages: Pages) -> None:
        """Write it into the ledger."""
        more = {"lock": self.lock, "subscribers": self.subscribers, "ended": self.ended}
        pages.put(Entry(KIND, self.uid, self.state, self.attributes, more))


def workitem(pages: Pages, uid: str) -> Workitem | None:
    """Return a workitem to change, None if there is none."""
    entry = pages.get(KIND, uid)
    return None if entry is None else Workitem.of(entry)


def workitems(pages: Pages, state: str | None = None) -> Iterator[Workitem]:
    """Return all workitems, or those in one state, to change, the oldest first."""
    return map(Workitem.of, pages.entries(KIND, state))


# -- global subscriptions -----------------------------------------------------------------------------


def subscribe_globally(pages: Pages, aet: str, keys: Attributes | None, *, lock: bool) -> list[Workitem]:
    """Subscribe an AE to all workitems, or with `keys` to those that match, now and in future.

    An AE has one such subscription: a new one takes the place of the old one. Returns the workitems that it
    was not subscribed to and now is (PS3.4 table CC.2.3-2).
    """
    state = _GLOBAL if keys is None else _FILTERED
    pages.put(Entry(_SUBSCRIPTION, aet, state, keys or {}, {"lock": lock}))
    matcher = Matcher(keys or {})
    fresh = []
    for item in workitems(pages):
        if aet not in item.subscribers and matcher.matches(item.attributes):
            item.subscribers[aet] = lock
            item.put(pages)
            fresh.append(item)
    return fresh


def suspend(pages: Pages, aet: str) -> None:
    """Subscribe an AE to no more workitems than it is subscribed to."""
    pages.remove(_SUBSCRIPTION, aet)


def unsubscribe_globally(pages: Pages, aet: str) -> None:
    """End all subscriptions of an AE, also those to single workitems."""
    suspend(pages, aet)
    for item in workitems(pages):
        if item.subscribers.pop(aet, None) is not None:
            item.put(pages)


def subscribers_of_new(pages: Pages, attributes: Attributes) -> dict[str, bool]:
    """Return who is subscribed to a new workitem at once, and whether with a deletion lock."""
    return {
        entry.uid: bool(entry.more["lock"])
        for entry in pages.entries(_SUBSCRIPTION)
        if Matcher(entry.attributes).matches(attributes)
    }


def everybody(pages: Pages) -> dict[str, str]:
    """Return all AEs with any subscription, each with a workitem that it is subscribed to, "" for all."""
    found = {aet: item.uid for item in workitems(pages) for aet in item.subscribers}
    return found | {entry.uid: "" for entry in pages.entries(_SUBSCRIPTION)}
