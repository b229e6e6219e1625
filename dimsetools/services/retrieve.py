"""What C-GET and C-MOVE have in common (PS3.4 C.4.2 and C.4.3): what is asked for, and what came of it.

A retrieve is many C-STORE sub-operations; its responses count them, and the last one may name those that
failed. Peers count in their own ways, so only the counts of the last response decide.
"""

from __future__ import annotations

from collections.abc import Mapping
from time import perf_counter
from typing import NamedTuple

from dimsetools.dataset.attributes import Attributes, texts
from dimsetools.dataset.decode import decode
from dimsetools.errors import DimseError, ExitCode, InputError, StatusFailure, SubOperationsFailed
from dimsetools.message.composite import CGetRsp
from dimsetools.status import Category, describe, transient

PATIENT_ID = 0x00100020
STUDY_UID = 0x0020000D
SERIES_UID = 0x0020000E
INSTANCE_UID = 0x00080018
LEVEL = 0x00080052
UNIQUE_KEYS = (PATIENT_ID, STUDY_UID, SERIES_UID, INSTANCE_UID)
_FAILED_LIST = 0x00080058

OUT_OF_RESOURCES = 0xA700
"""Our own answer to a sub-operation whose object could not be written."""
_CANNOT_PERFORM = 0xA702


class Wanted(NamedTuple):
    """One retrieve: `identifier` is what the request carries, its level included."""

    level: str
    identifier: Attributes

    @property
    def key(self) -> tuple[object, ...]:
        """What two retrieves of the same objects have in common."""
        return (self.level, *(texts(self.identifier, tag) for tag in UNIQUE_KEYS))


class Counts(NamedTuple):
    """Sub-operations: still to be done, done, failed, and done with a warning."""

    remaining: int = 0
    completed: int = 0
    failed: int = 0
    warning: int = 0

    @property
    def total(self) -> int:
        """How many there are."""
        return sum(self)

    @property
    def stored(self) -> int:
        """How many objects have arrived."""
        return self.completed + self.warning

    def after(self, response: CGetRsp, *, final: bool = False) -> Counts:
        """Return the counts that a response gives; what it leaves out stays as it was, at the end nothing."""
        remaining = 0 if final else response.remaining
        given = (remaining, response.completed, response.failed, response.warning)
        return Counts(*(old if new is None else new for old, new in zip(self, given, strict=True)))


class Landed(NamedTuple):
    """An object that came, and the `status` that it was answered with; what is `told` of it by its keeper.

    `seconds` from its request to our response. `late` if the retrieve had ended already.
    """

    sop_class: str
    sop_instance: str
    transfer_syntax: str
    status: int
    size: int
    seconds: float
    told: Mapping[str, object]
    comment: str = ""
    late: bool = False


class Going(NamedTuple):
    """A retrieve is under way."""

    wanted: Wanted
    counts: Counts


class Opened(NamedTuple):
    """An association is open: who is there, and how many presentation contexts it took.

    `unconfirmed`: the peer was asked to confirm the user identity and did not; `lacking` are the abilities
    that were asked for and not granted.
    """

    software: str
    max_pdu: int
    proposed: int
    accepted: int
    unconfirmed: bool = False
    lacking: tuple[str, ...] = ()


class Noted(NamedTuple):
    """Something worth to be told beside the results."""

    text: str


class Retrieved(NamedTuple):
    """A retrieve that is over. `failed` are the instances that the peer says it could not send.

    It went well if `error` is None. Without a final response `status` is None. `objects` came to us, with
    `size` bytes in all; `refused` of them we did not take.
    """

    wanted: Wanted
    status: int | None
    counts: Counts
    seconds: float
    error: DimseError | None = None
    comment: str = ""
    failed: tuple[str, ...] = ()
    objects: int = 0
    size: int = 0
    refused: int = 0


class Account:
    """What has come of one retrieve so far; `answered` tells whether the peer has said anything at all."""

    def __init__(self, wanted: Wanted) -> None:
        self.wanted = wanted
        self.started = perf_counter()
        self.counts = Counts()
        self.answered = False
        self.landed: set[str] = set()
        self.size = self.refused = 0

    def add(self, landed: Landed, *, kept: bool) -> None:
        """Count an object that has come."""
        self.answered = True
        if kept:
            self.landed.add(landed.sop_instance)
            self.size += landed.size
        else:
            self.refused += 1

    def ended(self, error: DimseError | None, status: int | None = None) -> Retrieved:
        """Return the end of the retrieve."""
        return Retrieved(
            self.wanted,
            status,
            self.counts,
            perf_counter() - self.started,
            error,
            objects=len(self.landed),
            size=self.size,
            refused=self.refused,
        )


Event = Landed | Going | Opened | Noted | Retrieved


def failed_instances(data: bytes | None, syntax: str) -> tuple[str, ...]:
    """Return the Failed SOP Instance UID List of a final response; () if there is none that can be read."""
    if not data:
        return ()
    try:
        return tuple(filter(None, texts(decode(data, syntax), _FAILED_LIST)))
    except InputError:
        return ()


def verdict(response: CGetRsp, service: str, counts: Counts) -> DimseError | None:
    """Return what is wrong with a retrieve that ended with this `response`, None if all objects were sent."""
    comment = response.error_comment or ""
    return judged(response.status, service, counts, comment, response.offending_element)


def judged(
    status: int, service: str, counts: Counts, comment: str = "", offending: tuple[int, ...] = ()
) -> DimseError | None:
    """Return what is wrong with a retrieve that ended so, None if all objects were sent.

    A warning with failed sub-operations, and the failure "cannot perform sub-operations", are about the
    objects; any other failure is about the retrieve itself.
    """
    meaning = describe(status, service)
    done_with = meaning.category in (Category.SUCCESS, Category.WARNING)
    about_objects = done_with or (status == _CANNOT_PERFORM and counts.total > 0)
    if about_objects and not counts.failed:
        return None
    if about_objects:
        error: StatusFailure = SubOperationsFailed(
            f"{counts.failed} of {counts.total} sub-operations failed",
            status=status,
            service=service,
            comment=comment,
        )
    else:
        error = StatusFailure(
            meaning.meaning, status=status, service=service, comment=comment, offending=offending
        )
        if service == "C-MOVE" and meaning.name == "unable-to-process" and not counts.total:
            # Orthanc 1.10.1 has no other status for either.
            error.hint = "it may not know the move destination, or not reach it: look into the peer's log"
    if counts.stored:
        error.exit_code = ExitCode.PARTIAL  # of this one
    error.retryable = transient(status, service)
    return error
