"""How storage reads: each object as a line and a record, the totals, and what the run comes to."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dimsetools.errors import ExitCode, InputError, InputUnreadable, NoContext, StatusFailure, worst
from dimsetools.render import units
from dimsetools.render.line import Line, Span, bad, dim, good, warn
from dimsetools.render.report import Row
from dimsetools.services.store import Stored
from dimsetools.status import describe
from dimsetools.uids import name_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dimsetools.association.values import Target
    from dimsetools.errors import DimseError
    from dimsetools.services.examine import Item
    from dimsetools.services.plan import Batch
    from dimsetools.services.selection import Skipped
    from dimsetools.services.store import Opened, Retry

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


class Kind(NamedTuple):
    """Failures of one kind: the first of them and how many there are."""

    error: DimseError
    path: str
    times: int
    of_file: bool


class Tally:
    """What has become of the inputs so far. `bytes` counts data sets that were sent."""

    def __init__(self) -> None:
        self.objects = self.sent = self.warnings = self.failed = self.unsent = 0
        self.skipped = self.passed_over = 0
        self.bytes = 0
        self.kinds: dict[tuple[str, int], Kind] = {}
        self._inputs: set[ExitCode] = set()
        self._outcomes: set[ExitCode] = set()
        self._ended: set[ExitCode] = set()

    def skip(self, skipped: Skipped) -> None:
        """Count an input that is not sent."""
        if skipped.expected:
            self.passed_over += 1
            return
        self.skipped += 1
        unreadable = isinstance(skipped.error, InputUnreadable)
        self._inputs.add(ExitCode.INPUT_UNREADABLE if unreadable else ExitCode.INPUT_INVALID)

    def add(self, stored: Stored) -> str:
        """Count an object; return its outcome: ok, warning or failed."""
        self.objects += 1
        error = stored.error
        if error is None:
            self.sent += 1
            self.bytes += stored.item.meta.length
            self._outcomes.add(ExitCode.OK)
            if stored.status:
                self.warnings += 1
                return "warning"
            return "ok"
        if stored.tries:
            self.failed += 1
        else:
            self.unsent += 1
        self._outcomes.add(error.exit_code)
        of_file = isinstance(error, (InputError, NoContext, StatusFailure))
        if not of_file:
            self._ended.add(error.exit_code)
        key = error.name, getattr(error, "status", 0)
        known = self.kinds.get(key, Kind(error, stored.item.path, 0, of_file))
        self.kinds[key] = known._replace(times=known.times + 1)
        return "failed"

    def exit_status(self, *, strict: bool) -> ExitCode:
        """Return the exit status: what ended the run comes first, then objects, then files, then warnings."""
        if self._ended:
            return max(self._ended)
        code = worst(self._outcomes)
        if code is not ExitCode.OK:
            return code
        if self._inputs:
            mixed = ExitCode.INPUT_INVALID if self.objects else ExitCode.INPUT_NONE_VALID
            return ExitCode.INPUT_UNREADABLE if self._inputs == {ExitCode.INPUT_UNREADABLE} else mixed
        return ExitCode.WARNINGS if strict and self.warnings else ExitCode.OK


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
    many = f"{tally.sent}" if whole else f"{tally.sent} of {tally.objects}"
    spans: list[str | Span] = [
        style(f"sent {many} object{'s' if tally.objects != 1 else ''}"),
        f" ({units.size(tally.bytes)}) to {target}",
    ]
    if tally.sent and seconds:
        rate = f"{tally.sent / seconds:.0f} objects/s, {units.size(tally.bytes / seconds)}/s"
        spans += [f" in {seconds:.2f} s", dim(f"  {rate}")]
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
            count = f"{len(own)} object{'s' if len(own) != 1 else ''}, {units.size(size)}"
            yield (
                told,
                [
                    dim(f"{number}/{context.id:<4} "),
                    f"{name_of(sop_class)}, {name_of(syntax)}",
                    dim(f"  {count}"),
                ],
            )


def rehearsal_line(items: Sequence[Item], planned: Sequence[Batch], tally: Tally, target: Target) -> Line:
    """Return what would be sent as a line."""
    size = units.size(sum(item.meta.length for item in items))
    plural = "s" if len(planned) != 1 else ""
    spans: list[str | Span] = [
        warn("would send"),
        f" {len(items)} object{'s' if len(items) != 1 else ''} ({size}) to {target}",
        f" as {target.calling_aet}, over {len(planned)} association{plural}",
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
    objects = f"{retry.objects} object{'s' if retry.objects != 1 else ''}"
    return [warn("again"), f" in {retry.pause:.1f} s, {objects}: {retry.error.message}"]


def explanations(tally: Tally, address: str, code: ExitCode) -> Iterator[tuple[DimseError, str]]:
    """Return an error for each kind of failure, and what it was about; `code` is the run's exit status."""
    for kind in tally.kinds.values():
        error = kind.error
        error.exit_code = code  # type: ignore[misc]  # what is said to be the exit status shall be it
        others = f" and {kind.times - 1} more" if kind.times > 1 else ""
        yield error, f"{kind.path}{others}" if kind.of_file else address
