"""Modality performed procedure steps (PS3.4 annex F): modalities tell what they do, others hear of it.

The three SOP classes share their instances. A step is in progress until it is completed or discontinued; then
it cannot be changed any more.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from dimsetools.archive.ledger import Entry, Pages
from dimsetools.dataset.attributes import Attribute, Attributes, sorted_attributes, text
from dimsetools.dataset.mpps_rules import COMPLETED, CREATE, DISCONTINUED, FINAL, IN_PROGRESS, SET
from dimsetools.dataset.normalized import CLASSES, new_uid
from dimsetools.dataset.requirements import fault
from dimsetools.scp.faults import (
    DUPLICATE_SOP_INSTANCE,
    NO_SUCH_SOP_INSTANCE,
    OPTIONAL_UNSUPPORTED,
    PROCESSING_FAILURE,
)
from dimsetools.scp.normalized import Asked, Done, Refusal, Service
from dimsetools.scp.posts import Report

if TYPE_CHECKING:
    from dimsetools.dataset.requirements import Rule
    from dimsetools.scp.workflow import Desk

KIND = "mpps"
"""Of entries of the ledger; their state is the Performed Procedure Step Status."""
FINISHED = 0xA710
"""Error ID of an N-SET that comes too late (PS3.4 table F.7.2-2)."""

_STEP, _RETRIEVE, _NOTIFICATION = (
    CLASSES[name].uid for name in ("mpps", "mpps-retrieve", "mpps-notification")
)
_STATUS, _SOP_CLASS, _SOP_INSTANCE = 0x00400252, 0x00080016, 0x00080018
_EVENTS = {IN_PROGRESS: 1, COMPLETED: 2, DISCONTINUED: 3}
"""Events of the notification class by the state that was reached (PS3.4 table F.9.2-1)."""


class ProcedureSteps(Service):
    """The SCP of Modality Performed Procedure Step, its Retrieve and its Notification SOP Class."""

    sop_classes = (_STEP, _RETRIEVE, _NOTIFICATION)
    contexts = MappingProxyType(dict.fromkeys(sop_classes, b""))
    unsupported = OPTIONAL_UNSUPPORTED

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def create(self, asked: Asked) -> Done:
        """Note a step that has begun."""
        if asked.sop_class != _STEP:
            return super().create(asked)
        _check(asked.attributes, CREATE)
        uid = asked.sop_instance or new_uid()
        entry = Entry(KIND, uid, IN_PROGRESS, asked.attributes, {"from": asked.caller.calling_aet})
        with self._desk.ledger.change() as pages:
            if pages.get(KIND, uid) is not None:
                raise Refusal(DUPLICATE_SOP_INSTANCE, "there is a procedure step of this UID")
            self._put(pages, entry)
        return self._noted(entry, reached=IN_PROGRESS)

    def set(self, asked: Asked) -> Done:
        """Note how a step goes on, or has ended; sequences are replaced as a whole."""
        if asked.sop_class != _STEP:
            return super().set(asked)
        with self._desk.ledger.change() as pages:
            old = _found(pages.get(KIND, asked.uid))
            if old.state != IN_PROGRESS:
                raise Refusal(
                    PROCESSING_FAILURE,
                    "Performed Procedure Step Object may no longer be updated",
                    error_id=FINISHED,
                )
            # What is said again as it was changes nothing, and is nothing to refuse.
            known = {**_identity(asked), **old.attributes}
            changes = {tag: value for tag, value in asked.attributes.items() if known.get(tag) != value}
            _check(changes, SET)
            attributes = sorted_attributes({**old.attributes, **changes})
            state = text(attributes, _STATUS)
            if state != IN_PROGRESS:
                _check(attributes, FINAL)
            entry = old._replace(state=state, attributes=attributes)
            self._put(pages, entry, was=old.state)
        return self._noted(entry, reached=state if state != old.state else "")

    def get(self, asked: Asked) -> Done:
        """Return what is known of a step; some ask for that in the class of the step itself."""
        if asked.sop_class == _NOTIFICATION:
            return super().get(asked)
        entry = _found(self._desk.ledger.get(KIND, asked.uid))
        return Done(entry.attributes, record={"PerformedProcedureStepStatus": entry.state})

    # -- who else is told ---------------------------------------------------------------------------------

    def _put(self, pages: Pages, entry: Entry, was: str = "") -> None:
        """Remember a step and, in a state that it has just reached, that others must be told."""
        pages.put(entry)
        if entry.state != was:
            for aet in self._desk.notify:
                pages.post(aet, _NOTIFICATION, entry.uid, _EVENTS[entry.state], None)

    def _noted(self, entry: Entry, reached: str) -> Done:
        """Return the answer; whoever is to know of the state that was `reached` hears of it afterwards."""
        self._desk.steps.note(entry)

        def tell() -> None:
            self._desk.wake()
            for aet in self._desk.posts.listening(_NOTIFICATION) - {*self._desk.notify}:
                self._tell(Report(aet, _NOTIFICATION, entry.uid, _EVENTS[reached], None))

        return Done(
            sop_instance=entry.uid,
            record={"PerformedProcedureStepStatus": entry.state},
            then=tell if reached else None,
        )

    def _tell(self, report: Report) -> None:
        """Report to somebody who listens, once: who has left meanwhile does not want it any more."""

        def told(status: int | None) -> None:
            if status is not None:
                self._desk.log(report.record("report-delivered", _status=f"{status:04X}", _attempts=1))

        self._desk.posts.offer(report, (_NOTIFICATION,), told)


def _identity(asked: Asked) -> Attributes:
    """Return what some data sets say of their own instance."""
    return {_SOP_CLASS: Attribute("UI", (asked.sop_class,)), _SOP_INSTANCE: Attribute("UI", (asked.uid,))}


def _check(attributes: Attributes, rules: tuple[Rule, ...]) -> None:
    found = fault(attributes, rules)
    if found is not None:
        raise Refusal.of(found)


def _found(entry: Entry | None) -> Entry:
    if entry is None:
        raise Refusal(NO_SUCH_SOP_INSTANCE, "there is no procedure step of this UID")
    return entry
