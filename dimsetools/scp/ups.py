"""Unified procedure steps (PS3.4 annex CC): workitems that are created, claimed, performed and watched.

Every instance is of the UPS Push SOP class, whatever it is negotiated under. A request is carried out in one
change of the ledger: of two that claim a workitem at once one finds it claimed, and whatever was answered
with Success is on the disk, together with the reports of it to the subscribers.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from itertools import chain
from typing import TYPE_CHECKING, ClassVar

from dimsetools.dataset.attributes import SPECIFIC_CHARACTER_SET, Attribute, Attributes, text
from dimsetools.dataset.normalized import (
    CLASSES,
    UPS_EVENT,
    UPS_PULL,
    UPS_PUSH,
    UPS_QUERY,
    UPS_WATCH,
    new_uid,
)
from dimsetools.dataset.ups_rules import (
    HUMAN_PERFORMERS,
    MODIFIED,
    PERFORMED,
    PROGRESS,
    READINESS,
    SOP_CLASS_UID,
    SOP_INSTANCE_UID,
    STATE,
    STATION_NAMES,
    TRANSACTION_UID,
    WORKLIST_LABEL,
    fault_of_change,
    fault_of_creation,
)
from dimsetools.scp import ups_actions as actions
from dimsetools.scp import ups_events as events
from dimsetools.scp import ups_states as states
from dimsetools.scp.faults import (
    DUPLICATE_SOP_INSTANCE,
    INVALID_ATTRIBUTE_VALUE,
    NO_SUCH_ACTION,
    SUCCESS,
    UNRECOGNIZED_OPERATION,
)
from dimsetools.scp.normalized import Asked, Done, Refusal, Service
from dimsetools.scp.ups_workitems import KIND, Workitem, subscribers_of_new, workitem, workitems

if TYPE_CHECKING:
    from dimsetools.archive.ledger import Ledger, Pages
    from dimsetools.scp.roles import Record

KEEP = 30 * 86400.0
"""Seconds that a workitem is kept after its end, and longer while somebody has a deletion lock."""
_SWEEP = 3600.0
"""Seconds between two looks for workitems that need not be kept any more."""
_FUZZY = b"\0\0\1"  # of queries: fuzzy matching (PS3.4 K.5.1, by CC.3.2)
_UPS = CLASSES["ups"]
_NAMES = {UPS_PUSH: "Push", UPS_WATCH: "Watch", UPS_PULL: "Pull"}
_OF_PERFORMANCE = frozenset((PROGRESS, PERFORMED))

Action = Callable[["Pages", Asked], int]


class Ups(Service):
    """Keeps workitems in a ledger.

    `known` tells whether an AE can be reported to; `wake` is called when there is something to report.
    Workitems are forgotten `keep` seconds after their end, by `clock`, in seconds since the epoch.
    """

    sop_classes = (UPS_PUSH,)
    contexts: ClassVar[Mapping[str, bytes]] = {
        UPS_PUSH: b"",
        UPS_WATCH: _FUZZY,
        UPS_PULL: _FUZZY,
        UPS_EVENT: b"",
        UPS_QUERY: _FUZZY,
    }
    unsupported = 0x0001
    """Of attributes that an N-GET names and the workitem lacks (PS3.4 table CC.2.7-1)."""

    def __init__(
        self,
        ledger: Ledger,
        known: Callable[[str], bool],
        wake: Callable[[], None],
        *,
        keep: float = KEEP,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._ledger = ledger
        self._known = known
        self._wake = wake
        self._keep = keep
        self._clock = clock
        self._swept = clock()
        self._actions: dict[int, Action] = {
            1: lambda pages, asked: actions.change_state(pages, asked.uid, asked.attributes, clock()),
            2: lambda pages, asked: actions.request_cancel(
                pages, asked.uid, asked.attributes, asked.caller.calling_aet, clock()
            ),
            3: lambda pages, asked: actions.subscribe(pages, asked.uid, asked.attributes, known),
            4: lambda pages, asked: actions.unsubscribe(pages, asked.uid, asked.attributes),
            5: lambda pages, asked: actions.suspend_global(pages, asked.uid, asked.attributes),
        }

    def start(self) -> None:
        """Tell everybody who watches that the node is back, and forget what need not be kept."""
        with self._ledger.change() as pages:
            self._sweep(pages)
            events.report_restart(pages)
        self._wake()

    # -- instances ------------------------------------------------------------------------------------

    def create(self, asked: Asked) -> Done:
        """Take a workitem; who is subscribed to all that come is told of it."""
        _allow(asked)
        uid = asked.sop_instance or new_uid()
        data = _stated(asked, uid)
        state = text(data, STATE)
        if state not in ("", states.SCHEDULED):
            raise Refusal(states.NOT_SCHEDULED, "a new workitem has to be SCHEDULED", (STATE,))
        wrong = fault_of_creation(data)
        if wrong is not None:
            raise Refusal.of(wrong)
        del data[TRANSACTION_UID]
        data[SOP_CLASS_UID] = Attribute("UI", (UPS_PUSH,))
        data[SOP_INSTANCE_UID] = Attribute("UI", (uid,))
        data[MODIFIED] = actions.moment(self._clock())
        if not text(data, WORKLIST_LABEL):
            data[WORKLIST_LABEL] = Attribute("LO", (asked.caller.called_aet,))
        with self._ledger.change() as pages:
            self._sweep_now_and_then(pages)
            if uid in actions.ALL or workitem(pages, uid) is not None:
                raise Refusal(DUPLICATE_SOP_INSTANCE, "there is a workitem with this UID")
            item = Workitem(uid, data, subscribers=subscribers_of_new(pages, data))
            item.put(pages)
            events.report_state(pages, item)
            events.report_assignment(pages, item)
        return self._done(uid, sop_instance=uid)

    def get(self, asked: Asked) -> Done:
        """Return a workitem; its Transaction UID is not among its attributes."""
        _allow(asked)
        entry = self._ledger.get(KIND, asked.uid)
        if entry is None:
            raise Refusal(states.NO_SUCH_WORKITEM, "there is no workitem with this UID")
        return Done({SPECIFIC_CHARACTER_SET: Attribute("CS"), **entry.attributes})  # empty is an answer, too

    def set(self, asked: Asked) -> Done:
        """Change attributes of a workitem, all or none; afterwards it is told what it means to others."""
        _allow(asked)
        data = _stated(asked, asked.uid)
        given = text(data, TRANSACTION_UID)
        with self._ledger.change() as pages:
            item = actions.found(pages, asked.uid)
            status = states.update(item.state, lock=item.lock, given=given)
            if status != SUCCESS:
                raise Refusal(status, _refused(status, item.state))
            wrong = fault_of_change(data)
            if wrong is not None:
                raise Refusal.of(wrong)
            data.pop(TRANSACTION_UID, None)
            changed = {tag: value for tag, value in data.items() if item.attributes.get(tag) != value}
            item.attributes |= changed
            if changed.keys() - _OF_PERFORMANCE:
                item.attributes[MODIFIED] = actions.moment(self._clock())
            item.put(pages)
            _report(pages, item, changed)
        return self._done(asked.uid)

    def action(self, asked: Asked) -> Done:
        """Carry out one of the five actions."""
        action = self._actions.get(asked.number or 0)
        if action is None:
            raise Refusal(NO_SUCH_ACTION, "workitems have the actions 1 to 5")
        _allow(asked)
        with self._ledger.change() as pages:
            self._sweep_now_and_then(pages)
            status = action(pages, asked)
        return self._done(asked.uid, status=status)

    def _done(self, uid: str, *, sop_instance: str | None = None, status: int = SUCCESS) -> Done:
        """Return what was done; the log is told the state of the workitem."""
        entry = self._ledger.get(KIND, uid)
        record: Record | None = None if entry is None else {"ProcedureStepState": entry.state}
        return Done(sop_instance=sop_instance, status=status, record=record, then=self._wake)

    # -- the end --------------------------------------------------------------------------------------

    def _sweep_now_and_then(self, pages: Pages) -> None:
        if self._clock() - self._swept >= _SWEEP:
            self._sweep(pages)

    def _sweep(self, pages: Pages) -> None:
        """Forget workitems that have been kept long enough after their end."""
        self._swept = now = self._clock()
        for item in chain.from_iterable(workitems(pages, state) for state in states.FINAL):
            until = item.kept_until(self._keep)
            if until is not None and until <= now:
                pages.remove(KIND, item.uid)


def _allow(asked: Asked) -> None:
    """Refuse what does not belong to the SOP class that was negotiated (PS3.4 tables CC.2-1 to CC.2-5)."""
    service = asked.request.service
    contexts = _UPS.contexts_for(service, asked.number)
    if asked.context.abstract_syntax not in contexts:
        what = service if asked.number is None else f"{service} {asked.number}"
        names = " or ".join(_NAMES[context] for context in contexts)
        raise Refusal(UNRECOGNIZED_OPERATION, f"{what} of a workitem goes under UPS {names}")


def _stated(asked: Asked, uid: str) -> Attributes:
    """Return the attributes of a data set without those that say once more what instance it is for."""
    data = {tag: value for tag, value in asked.attributes.items() if tag != SPECIFIC_CHARACTER_SET}
    for tag, meant in ((SOP_CLASS_UID, UPS_PUSH), (SOP_INSTANCE_UID, uid)):
        if text(data, tag) not in ("", meant):
            raise Refusal(INVALID_ATTRIBUTE_VALUE, "the data set is for another instance", (tag,))
        data.pop(tag, None)
    return data


def _refused(status: int, state: str) -> str:
    if status == states.WRONG_TRANSACTION_UID:
        return "not the Transaction UID of its performer"
    return f"it is {state}"


def _report(pages: Pages, item: Workitem, changed: Attributes) -> None:
    """Tell the subscribers what of their concern has changed (PS3.4 CC.2.4.3)."""
    if READINESS in changed:
        events.report_state(pages, item)
    if PROGRESS in changed:
        events.report_progress(pages, item)
    if STATION_NAMES in changed or HUMAN_PERFORMERS in changed:
        events.report_assignment(pages, item)
