"""Instance availability notification (PS3.4 annex R): others tell which instances can be had, and where.

What they tell is logged, and remembered for a while. The node itself sends no such notifications.
"""

from __future__ import annotations

import time
from collections import Counter
from types import MappingProxyType
from typing import TYPE_CHECKING

from dimsetools.archive.ledger import Entry
from dimsetools.dataset.attributes import Attributes, text
from dimsetools.dataset.availability_rules import CREATE
from dimsetools.dataset.normalized import CLASSES, new_uid
from dimsetools.dataset.requirements import fault
from dimsetools.scp.faults import DUPLICATE_SOP_INSTANCE
from dimsetools.scp.normalized import Asked, Done, Refusal, Service

if TYPE_CHECKING:
    from dimsetools.archive.ledger import Ledger
    from dimsetools.scp.roles import Record

KIND = "ian"
"""Of entries of the ledger; their state is the availability that all instances have, or empty."""

KEPT = 30 * 86400.0
"""Seconds for which a notification is remembered."""

_IAN = CLASSES["ian"]
_STUDY, _SERIES, _INSTANCES, _AVAILABILITY = 0x0020000D, 0x00081115, 0x00081199, 0x00080056


class Availability(Service):
    """The SCP of Instance Availability Notification: it has N-CREATE alone (PS3.4 R.3.2)."""

    sop_classes = (_IAN.uid,)
    contexts = MappingProxyType({_IAN.uid: b""})

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def create(self, asked: Asked) -> Done:
        """Remember a notification."""
        found = fault(asked.attributes, CREATE)
        if found is not None:
            raise Refusal.of(found)
        uid = asked.sop_instance or new_uid()
        counts = Counter(_availabilities(asked.attributes))
        state = next(iter(counts)) if len(counts) == 1 else ""
        entry = Entry(KIND, uid, state, asked.attributes, {"from": asked.caller.calling_aet})
        with self._ledger.change() as pages:
            pages.remove_old(KIND, time.time() - KEPT)
            if pages.get(KIND, uid) is not None:
                raise Refusal(DUPLICATE_SOP_INSTANCE, "there is a notification of this UID")
            pages.put(entry)
        told: Record = {"StudyInstanceUID": text(asked.attributes, _STUDY), "_available": dict(counts)}
        return Done(sop_instance=uid, record=told)


def _availabilities(attributes: Attributes) -> list[str]:
    """Return the availability of each instance."""
    return [
        text(instance, _AVAILABILITY)
        for series in attributes[_SERIES].values
        for instance in series[_INSTANCES].values
    ]
