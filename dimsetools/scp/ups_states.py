"""The states of a unified procedure step and who may change it: table CC.1.1-2 of PS3.4. Pure.

Who has claimed a workitem gave a Transaction UID; whoever knows it may change the workitem, nobody else. It
stays known at the end: the performer, and no other, is told that a workitem is in the state it asks for.
"""

from __future__ import annotations

from typing import NamedTuple

from dimsetools.dataset.workitem import CANCELED, COMPLETED, IN_PROGRESS, SCHEDULED
from dimsetools.scp.faults import INVALID_ARGUMENT_VALUE, SUCCESS

__all__ = [
    "ALREADY_CANCELED",
    "ALREADY_COMPLETED",
    "ALREADY_IN_PROGRESS",
    "CANCELED",
    "COMPLETED",
    "FINAL",
    "FINAL_STATE_UNMET",
    "INAPPROPRIATE_ACTION",
    "IN_PROGRESS",
    "IS_COMPLETED",
    "NOBODY_TO_TELL",
    "NOT_IN_PROGRESS",
    "NOT_SCHEDULED",
    "NO_LONGER_UPDATED",
    "NO_SUCH_WORKITEM",
    "ONLY_CREATION_SCHEDULES",
    "SCHEDULED",
    "STATES",
    "UNKNOWN_RECEIVER",
    "WRONG_TRANSACTION_UID",
    "Verdict",
    "cancellation",
    "change",
    "update",
]  # fmt: skip

STATES = (SCHEDULED, IN_PROGRESS, COMPLETED, CANCELED)
FINAL = (COMPLETED, CANCELED)

# Statuses of PS3.4 tables CC.2.1-2, CC.2.2-2, CC.2.3-3, CC.2.5-4 and CC.2.6-1.
ALREADY_CANCELED = 0xB304
ALREADY_COMPLETED = 0xB306
NO_LONGER_UPDATED = 0xC300
WRONG_TRANSACTION_UID = 0xC301
ALREADY_IN_PROGRESS = 0xC302
ONLY_CREATION_SCHEDULES = 0xC303
FINAL_STATE_UNMET = 0xC304
NO_SUCH_WORKITEM = 0xC307
UNKNOWN_RECEIVER = 0xC308
NOT_SCHEDULED = 0xC309
NOT_IN_PROGRESS = 0xC310
IS_COMPLETED = 0xC311
NOBODY_TO_TELL = 0xC312
INAPPROPRIATE_ACTION = 0xC314


class Verdict(NamedTuple):
    """What a request comes to: its status, and the states that the workitem goes through, if it changes."""

    status: int = SUCCESS
    through: tuple[str, ...] = ()


_CHANGES = {
    (SCHEDULED, IN_PROGRESS): Verdict(through=(IN_PROGRESS,)),
    (SCHEDULED, COMPLETED): Verdict(NOT_IN_PROGRESS),
    (SCHEDULED, CANCELED): Verdict(NOT_IN_PROGRESS),
    (IN_PROGRESS, IN_PROGRESS): Verdict(ALREADY_IN_PROGRESS),
    (IN_PROGRESS, COMPLETED): Verdict(through=(COMPLETED,)),
    (IN_PROGRESS, CANCELED): Verdict(through=(CANCELED,)),
    (COMPLETED, IN_PROGRESS): Verdict(NO_LONGER_UPDATED),
    (COMPLETED, COMPLETED): Verdict(ALREADY_COMPLETED),
    (COMPLETED, CANCELED): Verdict(NO_LONGER_UPDATED),
    (CANCELED, IN_PROGRESS): Verdict(NO_LONGER_UPDATED),
    (CANCELED, COMPLETED): Verdict(NO_LONGER_UPDATED),
    (CANCELED, CANCELED): Verdict(ALREADY_CANCELED),
}
_CANCELLATIONS = {
    SCHEDULED: Verdict(through=(IN_PROGRESS, CANCELED)),
    IN_PROGRESS: Verdict(),
    COMPLETED: Verdict(IS_COMPLETED),
    CANCELED: Verdict(ALREADY_CANCELED),
}


def change(state: str, wanted: str, *, lock: str, given: str) -> Verdict:
    """Return what a change to the state `wanted` comes to (PS3.4 CC.2.1).

    `lock` is the Transaction UID of the claim, "" before it; `given` that of the request, "" if it has none.
    Whether the requirements of a final state are met is not known here.
    """
    if wanted not in STATES:
        return Verdict(INVALID_ARGUMENT_VALUE)
    if wanted == SCHEDULED:
        return Verdict(ONLY_CREATION_SCHEDULES)
    if not given or (state != SCHEDULED and given != lock):
        return Verdict(WRONG_TRANSACTION_UID)
    return _CHANGES[state, wanted]


def cancellation(state: str) -> Verdict:
    """Return what a request for cancellation comes to (PS3.4 CC.2.2): while IN PROGRESS, it is passed on."""
    return _CANCELLATIONS[state]


def update(state: str, *, lock: str, given: str) -> int:
    """Return whether attributes may be changed (PS3.4 CC.2.6): SUCCESS, or the status to refuse it with.

    Before the claim that is for everybody, who must not pretend to have made one.
    """
    if state in FINAL:
        return NO_LONGER_UPDATED
    if state == SCHEDULED:
        return NOT_IN_PROGRESS if given else SUCCESS
    return SUCCESS if given == lock else WRONG_TRANSACTION_UID
