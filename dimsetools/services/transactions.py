"""Transactions of storage commitment: what was asked for, held against what the peer reports (PS3.4 annex J).

Peers report in every way there is: before they have answered, in parts, twice, about what nobody asked. An
instance counts as committed only if a report for its transaction says so and none says otherwise. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from typing import NamedTuple

from dimsetools.dataset.commitments import Failure, Reference, Report
from dimsetools.errors import DimseError, StatusFailure
from dimsetools.status import FAILURE_REASON, Category, describe

CHUNK = 5000
"""Instances in a transaction: some 600 KB of data set."""

_NO_REASON = 0x0110
"""What stands for a Failure Reason that is missing: a general failure."""


class Fate(StrEnum):
    """What became of the request for an instance.

    The request itself is refused where the peer answered so, and not accepted where there was no answer, or
    it could not be sent.
    """

    COMMITTED = "committed"
    FAILED = "failed"
    UNMENTIONED = "not-mentioned"
    UNANSWERED = "no-answer"
    REFUSED = "refused"
    UNACCEPTED = "not-accepted"


class Verdict(NamedTuple):
    """What became of an instance; it is committed if `error` is None.

    `retrieve_aet` is where it can be had from, `seconds` the time from the request to the report.
    """

    reference: Reference
    transaction: str
    fate: Fate
    error: DimseError | None = None
    retrieve_aet: str = ""
    seconds: float | None = None


class NotMentioned(DimseError):
    """The peer has reported, but not about this instance."""

    name = "not-mentioned"


def chunks(references: Iterable[Reference], size: int = CHUNK) -> Iterator[tuple[Reference, ...]]:
    """Return what to ask for in each transaction: every instance once, in order."""
    unique = list({reference.sop_instance: reference for reference in references}.values())
    for start in range(0, len(unique), size):
        yield tuple(unique[start : start + size])


class Transaction:
    """One request, `uid`, about `references`; `began` is the moment that it was sent, in seconds."""

    def __init__(self, uid: str, references: Sequence[Reference], began: float = 0.0) -> None:
        self.uid = uid
        self.began = began
        self.reports = 0
        self._asked = {reference.sop_instance: reference for reference in references}
        self._verdicts: dict[str, Verdict] = {}

    @property
    def references(self) -> tuple[Reference, ...]:
        """What was asked for."""
        return tuple(self._asked.values())

    @property
    def complete(self) -> bool:
        """Tell whether every instance has been reported on."""
        return len(self._verdicts) == len(self._asked)

    @property
    def standing(self) -> tuple[int, int]:
        """How many instances are committed and how many have failed so far; for any thread."""
        errors = [verdict.error for verdict in tuple(self._verdicts.values())]
        committed = errors.count(None)
        return committed, len(errors) - committed

    def take(self, report: Report, now: float) -> list[str]:
        """Take what a report says; return what is odd about it."""
        self.reports += 1
        odd = [f"storage commitment was reported {self.reports} times"] if self.reports > 1 else []
        seen: set[str] = set()
        for failure in report.failed:
            odd += self._mention(failure.reference, seen, self._failed(failure, now))
        for reference in report.committed:
            verdict = Verdict(
                reference, self.uid, Fate.COMMITTED, None, report.retrieve_aet, now - self.began
            )
            odd += self._mention(reference, seen, verdict)
        return odd

    def refuse(self, error: DimseError) -> None:
        """Note that the request was not taken: what was not reported on before has failed."""
        fate = Fate.REFUSED if isinstance(error, StatusFailure) else Fate.UNACCEPTED
        for instance, reference in self._asked.items():
            self._verdicts.setdefault(instance, Verdict(reference, self.uid, fate, error))

    def verdicts(self, late: DimseError) -> Iterator[Verdict]:
        """Return what became of each instance; `late` says why there was no report."""
        for instance, reference in self._asked.items():
            verdict = self._verdicts.get(instance)
            if verdict is not None:
                yield verdict
            elif self.reports:
                error = NotMentioned(
                    "the report does not mention the instance",
                    hint="ask again: dimse commit; a peer has to report on each instance",
                )
                yield Verdict(reference, self.uid, Fate.UNMENTIONED, error)
            else:
                yield Verdict(reference, self.uid, Fate.UNANSWERED, late)

    def _failed(self, failure: Failure, now: float) -> Verdict:
        reason = failure.reason
        return Verdict(
            failure.reference, self.uid, Fate.FAILED, not_committed(reason), seconds=now - self.began
        )

    def _mention(self, reference: Reference, seen: set[str], verdict: Verdict) -> list[str]:
        """Note a verdict, unless there is a worse one; return what is odd about it."""
        instance = reference.sop_instance
        asked = self._asked.get(instance)
        if asked is None:
            return [f"the report mentions {instance or 'an instance without a UID'}, which was not asked for"]
        odd = [f"the report mentions {instance} twice"] if instance in seen else []
        seen.add(instance)
        if reference.sop_class not in ("", asked.sop_class):
            odd.append(f"the report has {instance} under another SOP class, {reference.sop_class}")
        before = self._verdicts.get(instance)
        reported = before is not None and before.fate in (Fate.COMMITTED, Fate.FAILED)
        if before is not None and reported and before.fate is not verdict.fate:
            odd.append(f"{instance} was reported as committed and as failed; it counts as failed")
        if before is None or before.error is None or not reported:
            self._verdicts[instance] = verdict._replace(reference=asked)
        return odd


class NotCommitted(StatusFailure):
    """The peer does not commit to an instance; `status` is its Failure Reason."""

    name = "not-committed"


def not_committed(reason: int | None) -> StatusFailure:
    """Return why an instance is not committed, by its Failure Reason (PS3.3 C.14.1.1)."""
    if reason is None:
        return NotCommitted("the peer gave no reason", status=_NO_REASON, service=FAILURE_REASON)
    meaning = describe(reason, FAILURE_REASON)
    known = meaning.category is not Category.SUCCESS and meaning.name != "unknown"
    why = meaning.meaning if known else f"the reason 0x{reason:04X} is none that the standard defines"
    return NotCommitted(why, status=reason, service=FAILURE_REASON)
