"""How events read that peers report on their own: each as a line and a record with its data set."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dimsetools.dataset.attributes import text
from dimsetools.dataset.commitments import PUSH_MODEL, TRANSACTION, Report, read_report
from dimsetools.dataset.normalized import event_name, normalized_class
from dimsetools.errors import UsageError
from dimsetools.escape import visible
from dimsetools.render import units
from dimsetools.render.line import Line, Span, bad, dim, good, warn
from dimsetools.status import FAILURE_REASON, describe

if TYPE_CHECKING:
    from dimsetools.dataset.normalized import NormalizedClass
    from dimsetools.render.output import Output
    from dimsetools.services.normalized import Event

_SERVICE = "N-EVENT-REPORT"
_SHOWN = 64
_REASONS = 4
"""Reasons that are named: there are hardly more, whatever a peer makes of them."""


def record(event: Event) -> dict[str, object]:
    """Return an event as a record, without its data set."""
    found = _class(event.sop_class)
    return {
        "_event": "refused-event" if event.status else "event",
        "_class": found.name if found is not None else None,
        "SOPClassUID": visible(event.sop_class, _SHOWN),
        "SOPInstanceUID": visible(event.sop_instance, _SHOWN),
        "EventTypeID": event.number,
        "_type": (event_name(found, event.number) or None) if found is not None else None,
        "_calling": visible(event.calling_aet, _SHOWN),
        "_new_association": event.new_association,
        "_status": f"{event.status:04X}",
        "_message": event.error.message if event.error is not None else None,
    }


def line(event: Event) -> Line:
    """Return an event as a line: what has happened to which instance, and who tells."""
    found = _class(event.sop_class)
    name = found.name if found is not None else visible(event.sop_class, _SHOWN)
    what = (event_name(found, event.number) if found is not None else "") or f"event {event.number}"
    spans: list[str | Span] = [bad("refused") if event.status else good("event  ")]
    transaction = text(event.attributes or {}, TRANSACTION)
    which = f"transaction {transaction}" if transaction else event.sop_instance
    spans += [
        f"  {name} {what}  {visible(which, 2 * _SHOWN)}",
        dim(f"  from {visible(event.calling_aet, 16)}"),
    ]
    if event.sop_class == PUSH_MODEL and transaction:
        spans += _counts(read_report(event.attributes or {}))
    if event.status:
        spans += [
            "  ",
            bad(f"{event.status:04X} {describe(event.status, _SERVICE, event.sop_class).meaning}"),
        ]
    if event.error is not None:
        spans += ["  ", warn(event.error.message)]
    return spans


def _counts(report: Report) -> Line:
    """Return how many instances a report commits to, and why not to the others."""
    spans: list[str | Span] = [f"  {len(report.committed)} committed"]
    if report.failed:
        reasons = sorted({failure.reason for failure in report.failed if failure.reason is not None})
        why = [f"{reason:04X} {describe(reason, FAILURE_REASON).name}" for reason in reasons[:_REASONS]]
        spans += ["  ", warn(": ".join(filter(None, (f"{len(report.failed)} failed", ", ".join(why)))))]
    return spans


def _class(uid: str) -> NormalizedClass | None:
    """Return the class that a peer names, None if that is no UID."""
    try:
        return normalized_class(uid)
    except UsageError:
        return None


class Telling:
    """Tells of events as they come, and counts those that were in order."""

    def __init__(self, output: Output) -> None:
        self.events = self.refused = 0
        self._output = output

    def event(self, event: Event) -> None:
        """Tell of an event."""
        if event.status:
            self.refused += 1
        else:
            self.events += 1
        self._output.operation(record(event), event.attributes or {}, line(event))

    def end(self, seconds: float) -> None:
        """Tell the totals."""
        told = {
            "_event": "summary",
            "_events": self.events,
            "_refused": self.refused,
            "_seconds": round(seconds, 3),
        }
        spans: list[str | Span] = [f"{units.counted(self.events, 'event')} in {seconds:.1f} s"]
        if self.refused:
            spans += ["  ", warn(f"{self.refused} refused")]
        self._output.summary(told, spans)
