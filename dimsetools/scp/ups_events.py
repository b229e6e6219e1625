"""What subscribers are told of unified procedure steps (PS3.4 CC.2.4): the five kinds of N-EVENT-REPORTs.

They are posted into the ledger within the change that they tell of: nobody hears of what did not happen,
and what happened is told, be it after a restart.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from dimsetools.dataset.attributes import Attribute, Attributes
from dimsetools.dataset.dictionary import tag_of
from dimsetools.dataset.normalized import UPS_GLOBAL, UPS_PUSH
from dimsetools.dataset.ups_rules import (
    CONTACT_NAME,
    CONTACT_URI,
    HUMAN_PERFORMER_CODES,
    HUMAN_PERFORMER_ORGANIZATION,
    HUMAN_PERFORMERS,
    PROGRESS,
    READINESS,
    REASON,
    REASON_CODES,
    REQUESTING_AE,
    STATE,
    STATION_NAMES,
)
from dimsetools.dataset.workitem import progress_of
from dimsetools.scp.ups_states import CANCELED
from dimsetools.scp.ups_workitems import everybody

if TYPE_CHECKING:
    from dimsetools.archive.ledger import Pages
    from dimsetools.scp.ups_workitems import Workitem

STATE_REPORT, CANCEL_REQUESTED, PROGRESS_REPORT, SCP_STATUS_CHANGE, ASSIGNED = range(1, 6)
"""Event Type IDs (PS3.4 table CC.2.4-1)."""

_AFTER_RESTART = (
    ("SCPStatus", "RESTARTED"),
    ("SubscriptionListStatus", "WARM START"),
    ("UnifiedProcedureStepListStatus", "WARM START"),
)


def report_state(pages: Pages, item: Workitem, to: Iterable[str] | None = None) -> None:
    """Tell the subscribers, or `to` alone, in which state a workitem is."""
    told = _taken(item.attributes, STATE, READINESS)
    if item.state == CANCELED:
        told |= _taken(progress_of(item.attributes), REASON, REASON_CODES)
    _post(pages, item, STATE_REPORT, told, to)


def report_request(pages: Pages, item: Workitem, requester: str, given: Attributes) -> None:
    """Tell the subscribers, of whom one may be the performer, that `requester` wants a workitem canceled."""
    told = _taken(given, REASON, REASON_CODES, CONTACT_URI, CONTACT_NAME)
    _post(pages, item, CANCEL_REQUESTED, {**told, REQUESTING_AE: Attribute("AE", (requester,))})


def report_progress(pages: Pages, item: Workitem) -> None:
    """Tell the subscribers how far a workitem is."""
    _post(pages, item, PROGRESS_REPORT, {PROGRESS: item.attributes[PROGRESS]})


def report_assignment(pages: Pages, item: Workitem) -> None:
    """Tell the subscribers whom a workitem is for, one report for each human performer."""
    for told in _assignments(item):
        _post(pages, item, ASSIGNED, told)


def report_restart(pages: Pages) -> None:
    """Tell everybody with a subscription that the node has been away, and has forgotten nothing."""
    told = {}
    for keyword, value in _AFTER_RESTART:
        tag = tag_of(keyword)
        assert tag is not None
        told[tag] = Attribute("CS", (value,))
    for aet, uid in everybody(pages).items():
        pages.post(aet, UPS_PUSH, uid or UPS_GLOBAL, SCP_STATUS_CHANGE, told)


def _assignments(item: Workitem) -> Iterator[Attributes]:
    stations = _taken(item.attributes, STATION_NAMES)
    performers = item.attributes.get(HUMAN_PERFORMERS)
    if performers is None or not performers.values:
        if stations:
            yield stations
        return
    for performer in performers.values:
        yield stations | _taken(performer, HUMAN_PERFORMER_CODES, HUMAN_PERFORMER_ORGANIZATION)


def _taken(attributes: Attributes, *tags: int) -> Attributes:
    """Return those of the attributes that have a value."""
    return {tag: attributes[tag] for tag in tags if tag in attributes and attributes[tag].values}


def _post(
    pages: Pages, item: Workitem, event: int, told: Attributes, to: Iterable[str] | None = None
) -> None:
    for aet in item.subscribers if to is None else to:
        pages.post(aet, UPS_PUSH, item.uid, event, told)
