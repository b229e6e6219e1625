"""The five actions on unified procedure steps (PS3.4 CC.2.1 to CC.2.3), each within a change of the ledger.

What an action is refused for it raises; what it returns is the status of what it did. All that it changed,
and the reports of it, are then in the pages of the ledger.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from dimsetools.dataset.attributes import SPECIFIC_CHARACTER_SET, Attribute, Attributes, text
from dimsetools.dataset.normalized import UPS_FILTERED, UPS_GLOBAL, new_uid
from dimsetools.dataset.requirements import Rule, fault
from dimsetools.dataset.ups_rules import (
    CANCEL,
    CANCELED_AT,
    COMMUNICATIONS,
    COMPLETE,
    CONTACT_NAME,
    CONTACT_URI,
    DELETION_LOCK,
    PROGRESS,
    REASON,
    REASON_CODES,
    RECEIVING_AE,
    REQUEST_CANCEL,
    STATE,
    SUBSCRIBE,
    TRANSACTION_UID,
    UNSUBSCRIBE,
)
from dimsetools.dataset.workitem import progress_of
from dimsetools.scp import ups_events as events
from dimsetools.scp import ups_states as states
from dimsetools.scp.faults import INVALID_ARGUMENT_VALUE, SUCCESS
from dimsetools.scp.normalized import Refusal
from dimsetools.scp.ups_workitems import (
    Workitem,
    subscribe_globally,
    suspend,
    unsubscribe_globally,
    workitem,
)
from dimsetools.status import is_failure
from dimsetools.uids import is_dotted

if TYPE_CHECKING:
    from dimsetools.archive.ledger import Pages

ALL = (UPS_GLOBAL, UPS_FILTERED)
"""The instances that stand for all workitems, and for those that match."""

# Of CID 9300, for who gives no reason.
_UNSPECIFIED: Attributes = {
    0x00080100: Attribute("SH", ("110513",)),
    0x00080102: Attribute("SH", ("DCM",)),
    0x00080104: Attribute("LO", ("Discontinued for unspecified reason",)),
}
_ABOUT_A_SUBSCRIPTION = (SPECIFIC_CHARACTER_SET, RECEIVING_AE, DELETION_LOCK)


def found(pages: Pages, uid: str) -> Workitem:
    """Return the workitem that a request is about."""
    item = workitem(pages, uid)
    if item is None:
        raise Refusal(states.NO_SUCH_WORKITEM, "there is no workitem with this UID")
    return item


def moment(now: float) -> Attribute:
    """Return a moment as a date and time with its offset from UTC."""
    return Attribute("DT", (datetime.fromtimestamp(now).astimezone().strftime("%Y%m%d%H%M%S%z"),))


# -- states -------------------------------------------------------------------------------------------


def change_state(pages: Pages, uid: str, given: Attributes, now: float) -> int:
    """Claim a workitem, complete it or cancel it: the performer's action."""
    item = found(pages, uid)
    wanted, transaction = text(given, STATE), text(given, TRANSACTION_UID)
    if not is_dotted(transaction or "0"):
        raise Refusal(INVALID_ARGUMENT_VALUE, "the Transaction UID is no UID")
    verdict = states.change(item.state, wanted, lock=item.lock, given=transaction)
    _heed(verdict, item, wanted)
    if states.IN_PROGRESS in verdict.through:
        item.lock = transaction
    if states.CANCELED in verdict.through:
        _explain(item, {}, now)
        _demand(item, CANCEL)
    if states.COMPLETED in verdict.through:
        _demand(item, COMPLETE)
    _pass_through(pages, item, verdict.through, now)
    return verdict.status


def request_cancel(pages: Pages, uid: str, given: Attributes, requester: str, now: float) -> int:
    """Cancel a workitem that nobody has claimed, or pass the request on to who may be its performer."""
    item = found(pages, uid)
    _check(given, REQUEST_CANCEL)
    verdict = states.cancellation(item.state)
    _heed(verdict, item, states.CANCELED)
    if verdict.through:
        item.lock = new_uid()
        _explain(item, given, now)
        _demand(item, CANCEL)
        _pass_through(pages, item, verdict.through, now)
    elif item.state == states.IN_PROGRESS:
        if not item.subscribers:
            raise Refusal(states.NOBODY_TO_TELL, "nobody is subscribed to it who could be told")
        events.report_request(pages, item, requester, given)
    return verdict.status


def _heed(verdict: states.Verdict, item: Workitem, wanted: str) -> None:
    if is_failure(verdict.status):
        comment = {
            states.WRONG_TRANSACTION_UID: "not the Transaction UID of its performer",
            INVALID_ARGUMENT_VALUE: "the Procedure Step State is none of the four",
            states.ONLY_CREATION_SCHEDULES: "only its creation makes a workitem SCHEDULED",
        }.get(verdict.status, f"it is {item.state} and cannot become {wanted}")
        raise Refusal(verdict.status, comment)


def _pass_through(pages: Pages, item: Workitem, through: Iterable[str], now: float) -> None:
    for state in through:
        item.enter(state, now)
        events.report_state(pages, item)
    if through:
        item.put(pages)


def _demand(item: Workitem, rules: tuple[Rule, ...]) -> None:
    unmet = fault(item.attributes, rules)
    if unmet is not None:
        raise Refusal(states.FINAL_STATE_UNMET, unmet.comment)


def _explain(item: Workitem, given: Attributes, now: float) -> None:
    """Note when and why a workitem ends where that is not noted yet: a final state needs both.

    PS3.4 CC.2.5.1.3.2 lets a performer cancel without having set anything.
    """
    told = {CANCELED_AT: moment(now), REASON_CODES: Attribute("SQ", (_UNSPECIFIED,))}
    told |= {tag: given[tag] for tag in (REASON, REASON_CODES) if _has(given, tag)}
    contact = {tag: given[tag] for tag in (CONTACT_URI, CONTACT_NAME) if _has(given, tag)}
    if contact:
        told[COMMUNICATIONS] = Attribute("SQ", (contact,))
    own = progress_of(item.attributes)
    noted = own | {tag: value for tag, value in told.items() if not _has(own, tag)}
    item.attributes[PROGRESS] = Attribute("SQ", (noted,))


def _has(attributes: Attributes, tag: int) -> bool:
    return tag in attributes and attributes[tag].values not in ((), ("",))


# -- subscriptions ------------------------------------------------------------------------------------


def subscribe(pages: Pages, uid: str, given: Attributes, known: Callable[[str], bool]) -> int:
    """Subscribe an AE to one workitem, to all, or to all that match the keys beside (CC.2.3.3.1)."""
    item = None if uid in ALL else found(pages, uid)
    keys = {tag: key for tag, key in given.items() if tag not in _ABOUT_A_SUBSCRIPTION}
    _check({tag: value for tag, value in given.items() if tag not in keys}, SUBSCRIBE)
    aet = text(given, RECEIVING_AE)
    if not known(aet):
        raise Refusal(states.UNKNOWN_RECEIVER, "the address of the Receiving AE is not known here")
    lock = text(given, DELETION_LOCK) == "TRUE"
    if item is not None:
        item.subscribers[aet] = lock
        item.put(pages)
        events.report_state(pages, item, [aet])
        return SUCCESS
    if uid == UPS_FILTERED and not keys:
        raise Refusal(INVALID_ARGUMENT_VALUE, "a filtered subscription needs matching keys")
    fresh = subscribe_globally(pages, aet, keys if uid == UPS_FILTERED else None, lock=lock)
    for one in fresh if lock else ():
        events.report_state(pages, one, [aet])
    return SUCCESS


def unsubscribe(pages: Pages, uid: str, given: Attributes) -> int:
    """Unsubscribe an AE from one workitem, or from everything; its deletion locks go, too."""
    item = None if uid in ALL else found(pages, uid)
    _check(given, UNSUBSCRIBE)
    aet = text(given, RECEIVING_AE)
    if item is None:
        unsubscribe_globally(pages, aet)
    elif item.subscribers.pop(aet, None) is not None:
        item.put(pages)
    return SUCCESS


def suspend_global(pages: Pages, uid: str, given: Attributes) -> int:
    """Subscribe an AE to no more workitems than now."""
    if uid not in ALL:
        found(pages, uid)
        raise Refusal(states.INAPPROPRIATE_ACTION, "only a global subscription can be suspended")
    _check(given, UNSUBSCRIBE)
    suspend(pages, text(given, RECEIVING_AE))
    return SUCCESS


def _check(given: Attributes, rules: tuple[Rule, ...]) -> None:
    wrong = fault(given, rules)
    if wrong is not None:
        raise Refusal(INVALID_ARGUMENT_VALUE, wrong.comment)
