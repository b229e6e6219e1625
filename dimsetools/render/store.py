"""How storage reads: each object as a line and a record, the totals, and a run as it goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dimsetools.dataset.commitments import Reference
from dimsetools.errors import StatusFailure
from dimsetools.render import units
from dimsetools.render.line import Line, Span, bad, dim, good, warn
from dimsetools.render.report import Row
from dimsetools.render.tally import Tally
from dimsetools.services.store import Opened, Retry, Stored
from dimsetools.status import describe
from dimsetools.uids import name_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dimsetools.association.values import Target
    from dimsetools.errors import DimseError, ExitCode
    from dimsetools.render.commitment import Asked
    from dimsetools.render.output import Output
    from dimsetools.render.report import Report
    from dimsetools.services.examine import Item, Remark
    from dimsetools.services.plan import Batch
    from dimsetools.services.selection import Skipped
    from dimsetools.services.store import Event

COLUMNS = (
    "_event",
    "_path",
    "SOPClassUID",
    "SOPInstanceUID",
    "TransferSyntaxUID",
    "_status",
    "_ms",
    "_bytes",
    "_tries",
    "_code",
    "_message",
)
COMMITMENT_COLUMNS = ("_commitment", "_transaction")
"""What rows have beside COLUMNS where commitment is asked for, too."""
PLAN_COLUMNS = (
    "_event",
    "_path",
    "_association",
    "_context",
    "SOPClassUID",
    "TransferSyntaxUID",
    "_objects",
    "_bytes",
    "_message",
)


# -- one object -------------------------------------------------------------------------------------


def record(stored: Stored) -> dict[str, object]:
    """Return what became of an object as a record, with all COLUMNS; the time in ms."""
    path, meta, _, _ = stored.item
    error, status = stored.error, stored.status
    said = stored.comment
    if error is not None:
        said = f"{error.message} ({said})" if said else error.message
    elif status and not said:
        said = describe(status, "C-STORE").meaning
    return {
        "_event": "stored" if error is None else "failed" if stored.tries else "unsent",
        "_path": path,
        "SOPClassUID": meta.sop_class_uid,
        "SOPInstanceUID": meta.sop_instance_uid,
        "TransferSyntaxUID": stored.transfer_syntax or meta.transfer_syntax,
        "_status": None if status is None else f"{status:04X}",
        "_ms": round(stored.seconds * 1000, 3) if status is not None else None,
        "_bytes": meta.length,
        "_tries": stored.tries,
        "_code": None if error is None else error.name,
        "_message": said or None,
    }


def line(stored: Stored) -> Line:
    """Return what became of an object as a line."""
    path, error, status = stored.item.path, stored.error, stored.status
    again = dim(f"  try {stored.tries}") if stored.tries > 1 else ""
    if error is not None and not stored.tries:
        return [warn("unsent   "), path, dim(f"  {error.message}")]
    if error is not None:
        return [bad("failed   "), f"{path}  ", _why(error, status, stored.comment), again]
    if status:
        meaning = describe(status, "C-STORE")
        return [
            warn("warning  "),
            f"{path}  ",
            _status(status, meaning.name, meaning.meaning, stored.comment),
        ]
    size, time = units.size(stored.item.meta.length), units.milliseconds(stored.seconds)
    converted = stored.transfer_syntax != stored.item.meta.transfer_syntax
    how = f"  as {name_of(stored.transfer_syntax)}" if converted else ""
    return [good("sent     "), path, dim(f"  {size}  {time} ms{how}"), again]


def _why(error: DimseError, status: int | None, comment: str) -> str:
    if isinstance(error, StatusFailure) and status is not None:
        return _status(status, describe(status, "C-STORE").name, error.message, comment)
    return error.message


def _status(code: int, name: str, meaning: str, comment: str) -> str:
    said = f' "{comment}"' if comment else ""
    return f"{code:04X} {name}: {meaning}{said}"


def row(stored: Stored, outcome: str) -> Row:
    """Return what became of an object as a row of the report."""
    told = record(stored)
    code = stored.error.name if stored.error is not None else ""
    name = "skipped" if stored.error is not None and not stored.tries else outcome
    return Row(stored.item.path, name, told, stored.seconds, code, str(told["_message"] or ""))


# -- one input that is not sent ---------------------------------------------------------------------


def skipped_record(skipped: Skipped) -> dict[str, object]:
    """Return an input that is not sent as a record with all COLUMNS."""
    told: dict[str, object] = dict.fromkeys(COLUMNS)
    error = skipped.error
    told |= {"_event": "skipped", "_path": skipped.path, "_code": error.name, "_message": error.message}
    return told


def skipped_line(skipped: Skipped) -> Line:
    """Return an input that is not sent as a line."""
    hint = dim(f"  ({skipped.error.hint})") if skipped.error.hint else ""
    style = dim if skipped.expected else warn
    return [style("skipped  "), f"{skipped.path}  {skipped.error.message}", hint]


def skipped_row(skipped: Skipped) -> Row:
    """Return an input that is not sent as a row of the report."""
    error = skipped.error
    return Row(skipped.path, "skipped", skipped_record(skipped), 0.0, error.name, error.message)


# -- totals -----------------------------------------------------------------------------------------


def summary_record(tally: Tally, target: Target, seconds: float, code: ExitCode) -> dict[str, object]:
    """Return the totals as a record; `seconds` are those of the data phase alone."""
    return {
        "_event": "summary",
        "_address": str(target),
        "_objects": tally.objects,
        "_sent": tally.sent,
        "_warnings": tally.warnings,
        "_failed": tally.failed,
        "_unsent": tally.unsent,
        "_skipped": tally.skipped,
        "_bytes": tally.bytes,
        "_seconds": round(seconds, 6),
        "_objects_per_second": round(tally.sent / seconds, 1) if seconds else None,
        "_bytes_per_second": round(tally.bytes / seconds) if seconds else None,
        "_exit": int(code),
    }


def summary_line(tally: Tally, target: Target, seconds: float) -> Line:
    """Return the totals as a line."""
    whole = tally.sent == tally.objects
    style = good if whole and tally.sent else bad if not tally.sent else warn
    objects = units.counted(tally.objects, "object")
    spans: list[str | Span] = [
        style(f"sent {objects}" if whole else f"sent {tally.sent} of {objects}"),
        f" ({units.size(tally.bytes)}) to {target}",
    ]
    if tally.sent and seconds:
        spans.append(f" in {seconds:.2f} s" if seconds >= 1 else f" in {units.milliseconds(seconds)} ms")
        spans.append(dim(f"  {tally.sent / seconds:.0f} objects/s, {units.size(tally.bytes / seconds)}/s"))
    counts = [
        (tally.warnings, warn, "with a warning"),
        (tally.failed, bad, "failed"),
        (tally.unsent, bad, "not sent"),
        (tally.skipped, warn, "skipped"),
    ]
    for count, colour, what in counts:
        if count:
            spans += ["  ", colour(f"{count} {what}")]
    return spans


def opened_line(opened: Opened) -> Line:
    """Return an association that was opened as a line for those who want to know."""
    peer = opened.peer
    software = peer.implementation_version or peer.implementation_uid or "unknown software"
    taken = opened.proposed - len(opened.refused)
    return dimmed(
        f"associated with {software}, max PDU {peer.max_pdu or 'unlimited'}: "
        f"{taken} of {opened.proposed} presentation contexts accepted"
    )


def dimmed(text: str) -> Line:
    """Return `text` as a line that matters less."""
    return [dim(text)]


# -- what would be done -----------------------------------------------------------------------------


def proposals(planned: Sequence[Batch]) -> Iterator[tuple[dict[str, object], Line]]:
    """Return each presentation context that would be proposed: as a record and as a line."""
    for number, batch in enumerate(planned, 1):
        for context in batch.contexts:
            sop_class, syntax = context.abstract_syntax, context.transfer_syntaxes[0]
            items = [item for item in batch.items if item.meta.sop_class_uid == sop_class]
            own = [item for item in items if item.meta.transfer_syntax == syntax]
            size = sum(item.meta.length for item in own)
            told: dict[str, object] = {
                "_event": "would-propose",
                "_association": number,
                "_context": context.id,
                "SOPClassUID": sop_class,
                "TransferSyntaxUID": syntax,
                "_objects": len(own),
                "_bytes": size,
            }
            pair = f"{name_of(sop_class)}, {name_of(syntax)}"
            count = f"  {units.counted(len(own), 'object')}, {units.size(size)}"
            yield told, [dim(f"{number}/{context.id:<4} "), pair, dim(count)]


def rehearsal_line(items: Sequence[Item], planned: Sequence[Batch], tally: Tally, target: Target) -> Line:
    """Return what would be sent as a line."""
    size = units.size(sum(item.meta.length for item in items))
    spans: list[str | Span] = [
        warn("would send"),
        f" {units.counted(len(items), 'object')} ({size}) to {target}",
        f" as {target.calling_aet}, over {units.counted(len(planned), 'association')}",
    ]
    return [*spans, "  ", warn(f"{tally.skipped} skipped")] if tally.skipped else spans


def rehearsal_record(
    items: Sequence[Item], planned: Sequence[Batch], tally: Tally, target: Target
) -> dict[str, object]:
    """Return what would be sent as a record."""
    return {
        "_event": "summary",
        "_address": str(target),
        "_calling_aet": target.calling_aet,
        "_tls": target.tls.profile if target.tls else None,
        "_associations": len(planned),
        "_objects": len(items),
        "_bytes": sum(item.meta.length for item in items),
        "_skipped": tally.skipped,
    }


def retry_line(retry: Retry) -> Line:
    """Return the announcement of another try as a line."""
    objects = units.counted(retry.objects, "object")
    return [warn("again"), f" in {retry.pause:.1f} s, {objects}: {retry.error.message}"]


# -- a whole run ------------------------------------------------------------------------------------


class Telling:
    """Tells of a run as it goes: to the output, to the report if there is one, and to the tally.

    `brief` leaves out what went well, as a person at a terminal wants it. `acknowledged`, where it is not
    None, gets each instance that the peer has acknowledged, with its path.
    """

    def __init__(self, output: Output, report: Report | None, *, brief: bool) -> None:
        self.tally = Tally()
        self.report = report
        self.brief = brief
        self.acknowledged: dict[Reference, str] | None = None
        self._output = output
        self._lines = output.format in ("table", "dump")
        self._unconfirmed = False

    def skipped(self, skipped: Skipped) -> None:
        """Tell of an input that is not sent."""
        self.tally.skip(skipped)
        if not (self.brief and skipped.expected):
            self._output.record(skipped_record(skipped), skipped_line(skipped))
        if self.report is not None:
            self.report.row(skipped_row(skipped))

    def event(self, event: Event) -> str:
        """Tell of what happened; return the outcome (ok, warning, failed) if an object is done with."""
        output = self._output
        if isinstance(event, Stored):
            outcome = self.tally.add(event)
            if self.acknowledged is not None and event.error is None:
                meta = event.item.meta
                reference = Reference(meta.sop_class_uid, meta.sop_instance_uid)
                self.acknowledged.setdefault(reference, event.item.path)
            if not self.brief or (outcome != "ok" and event.tries):
                output.record(record(event), line(event) if self._lines else None)
            if self.report is not None:
                self.report.row(row(event, outcome))
            return outcome
        if isinstance(event, Opened):
            self._opened(event)
        elif isinstance(event, Retry):
            output.note(retry_line(event))
        else:
            self.remark(event)
        return ""

    def _opened(self, opened: Opened) -> None:
        """Tell of an association; once in a run that the peer says nothing of our user identity."""
        self._output.note(opened_line(opened), 1)
        if opened.peer.confirmed is False and not self._unconfirmed:
            self._unconfirmed = True
            self._output.warning(f"{opened.peer.aet} did not confirm the user identity")

    def remark(self, remark: Remark) -> None:
        """Tell of something odd."""
        self._output.warning(f"{remark.path}: {remark.text}" if remark.path else remark.text)

    def sent(self, target: Target, seconds: float) -> None:
        """Tell people the totals of what was sent, where something else follows."""
        if self._output.format in ("table", "dump", "tsv", "csv"):
            self._output.summary({}, summary_line(self.tally, target, seconds))

    def end(self, target: Target, seconds: float, code: ExitCode, asked: Asked | None = None) -> None:
        """Explain each kind of failure, then tell the totals; `seconds` are those of the data phase.

        `asked` is what the request for commitment came to, if there was one.
        """
        for error, where in self.tally.explanations(str(target), code):
            self._output.failure(error, where)
        told = summary_record(self.tally, target, seconds, code)
        if asked is None:
            self._output.summary(told, summary_line(self.tally, target, seconds))
        else:
            asked.end(self._output, target, told, code)
