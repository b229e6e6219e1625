"""How storage commitment reads: each instance as a line and a record, and what it all came to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from dimsetools.errors import ExitCode, InputError, StatusFailure, worst
from dimsetools.render import units
from dimsetools.render.line import Line, Span, bad, dim, good, warn
from dimsetools.render.report import Row
from dimsetools.render.tally import Kinds
from dimsetools.services.commitment import Opened, Standing, Taken
from dimsetools.services.transactions import Fate, NotMentioned, Verdict
from dimsetools.status import FAILURE_REASON, describe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dimsetools.association.values import Target
    from dimsetools.errors import DimseError
    from dimsetools.render.output import Output
    from dimsetools.render.progress import Progress
    from dimsetools.render.report import Report
    from dimsetools.services.commitment import Event
    from dimsetools.services.examine import Remark
    from dimsetools.services.selection import Skipped

PLAN_COLUMNS = ("_event", "_address", "_calling_aet", "_tls", "_objects", "_transactions")
COLUMNS = (
    "_event",
    "_path",
    "SOPClassUID",
    "SOPInstanceUID",
    "_commitment",
    "_status",
    "_ms",
    "_transaction",
    "RetrieveAETitle",
    "_code",
    "_message",
)

_LINES = 10
"""Lines that are not understood, each of which is told: a whole file may be of another kind."""


# -- one instance -----------------------------------------------------------------------------------


def record(verdict: Verdict, path: str) -> dict[str, object]:
    """Return what became of an instance as a record, with all COLUMNS; the time in ms."""
    error, seconds = verdict.error, verdict.seconds
    return {
        "_event": "committed" if error is None else "not-committed",
        "_path": path or None,
        "SOPClassUID": verdict.reference.sop_class,
        "SOPInstanceUID": verdict.reference.sop_instance,
        "_commitment": verdict.fate.value,
        "_status": f"{error.status:04X}" if isinstance(error, StatusFailure) else None,
        "_ms": None if seconds is None else round(seconds * 1000, 3),
        "_transaction": verdict.transaction,
        "RetrieveAETitle": verdict.retrieve_aet or None,
        "_code": None if error is None else error.name,
        "_message": None if error is None else error.message,
    }


def line(verdict: Verdict, path: str) -> Line:
    """Return what became of an instance as a line."""
    error, name = verdict.error, path or verdict.reference.sop_instance
    if error is None:
        where = f"  from {verdict.retrieve_aet}" if verdict.retrieve_aet else ""
        return [good("committed      "), name, dim(where)]
    style = warn if verdict.fate is Fate.UNANSWERED else bad
    word = "unanswered     " if verdict.fate is Fate.UNANSWERED else "not committed  "
    return [style(word), f"{name}  ", _why(error)]


def _why(error: DimseError) -> str:
    if not isinstance(error, StatusFailure):
        return error.message
    name = describe(error.status, error.service or FAILURE_REASON).name
    return f"{error.status:04X} {name}: {error.message}"


def row(verdict: Verdict, path: str) -> Row:
    """Return what became of an instance as a row of the report."""
    error, name = verdict.error, path or verdict.reference.sop_instance
    outcome, code, message = ("ok", "", "") if error is None else ("failed", error.name, error.message)
    seconds = verdict.seconds or 0.0
    return Row(f"{name} (commitment)", outcome, record(verdict, path), seconds, code, message)


# -- all of them ------------------------------------------------------------------------------------


class Tally:
    """What has become of the instances so far."""

    def __init__(self) -> None:
        self.instances = self.committed = self.failed = self.unanswered = 0
        self._kinds = Kinds()
        self._codes: set[ExitCode] = set()

    def add(self, verdict: Verdict, path: str) -> None:
        """Count an instance."""
        self.instances += 1
        error = verdict.error
        if error is None:
            self.committed += 1
            self._codes.add(ExitCode.OK)
            return
        self.unanswered += verdict.fate is Fate.UNANSWERED
        self.failed += verdict.fate is not Fate.UNANSWERED
        self._codes.add(error.exit_code)
        of_file = isinstance(error, NotMentioned) or getattr(error, "service", "") == FAILURE_REASON
        self._kinds.add(error, path or verdict.reference.sop_instance, of_file=of_file)

    def exit_status(self) -> ExitCode:
        """Return the exit status: partial where some are committed, else the worst of them."""
        return worst(self._codes)

    def explanations(self, address: str, code: ExitCode) -> Iterator[tuple[DimseError, str]]:
        """Return each kind of failure as an error with `code` as exit status, and what it was about."""
        return self._kinds.explanations(address, code)


def combined(stored: ExitCode, committed: ExitCode) -> ExitCode:
    """Return the exit status of a run that stored and then asked for commitment to what was stored.

    An object counts as done when it is committed to: where none is, the reason of that is told.
    """
    if committed is ExitCode.OK:
        return stored
    if stored in (ExitCode.OK, ExitCode.WARNINGS) or committed is not ExitCode.PARTIAL:
        return committed
    return stored


class Asked(NamedTuple):
    """What a run came to, and the seconds that it took."""

    tally: Tally
    seconds: float

    def end(self, output: Output, target: Target, told: dict[str, object], code: ExitCode) -> None:
        """Explain each kind of failure, then tell the totals; `told` are those of what was done before."""
        tally = self.tally
        for error, where in tally.explanations(str(target), code):
            output.failure(error, where)
        counts = {
            "_asked": tally.instances,
            "_committed": tally.committed,
            "_not_committed": tally.failed,
            "_unanswered": tally.unanswered,
            "_commitment_seconds": round(self.seconds, 6),
        }
        record = {"_event": "summary", "_address": str(target), **told, **counts, "_exit": int(code)}
        output.summary(record, summary_line(tally, target, self.seconds))


def summary_line(tally: Tally, target: Target, seconds: float) -> Line:
    """Return the totals as a line."""
    whole = tally.committed == tally.instances
    style = good if whole and tally.committed else bad if not tally.committed else warn
    objects = units.counted(tally.instances, "object")
    spans: list[str | Span] = [
        style(f"{objects} committed" if whole else f"{tally.committed} of {objects} committed"),
        f" by {target}",
        f" in {seconds:.2f} s" if seconds >= 1 else f" in {units.milliseconds(seconds)} ms",
    ]
    for count, colour, what in ((tally.failed, bad, "not committed"), (tally.unanswered, warn, "unanswered")):
        if count:
            spans += ["  ", colour(f"{count} {what}")]
    return spans


def rehearsal(target: Target, instances: int, transactions: int) -> tuple[dict[str, object], Line]:
    """Return what would be asked for: as a record and as a line."""
    told: dict[str, object] = {
        "_event": "would-commit",
        "_address": str(target),
        "_calling_aet": target.calling_aet,
        "_tls": target.tls.profile if target.tls else None,
        "_objects": instances,
        "_transactions": transactions,
    }
    objects = units.counted(instances, "object")
    return told, [
        warn("would ask"),
        f" {target} as {target.calling_aet} to commit to {objects}, ",
        f"in {units.counted(transactions, 'transaction')}",
    ]


# -- a whole run ------------------------------------------------------------------------------------


class Telling:
    """Tells of a run as it goes: to the output, to the report if there is one, and to the tally.

    `paths` has the files of instances, by SOP instance UID. `brief` leaves out what went well, and what is
    true of a whole transaction: that is explained at the end.
    """

    def __init__(
        self, output: Output, report: Report | None, paths: Mapping[str, str], *, brief: bool
    ) -> None:
        self.tally = Tally()
        self._output = output
        self._report = report
        self._paths = paths
        self._brief = brief
        self._progress: Progress | None = None

    def watch(self, progress: Progress) -> None:
        """Show how far the run is."""
        self._progress = progress

    def event(self, event: Event) -> None:
        """Tell of what happened."""
        if isinstance(event, Verdict):
            self._verdict(event)
        elif isinstance(event, Standing):
            if self._progress is not None:
                self._progress.reach(event.committed, 0, event.failed)
        elif isinstance(event, Taken):
            objects = units.counted(event.instances, "object")
            self._output.note([dim(f"asked for {objects} in transaction {event.transaction}: accepted")], 1)
        elif isinstance(event, Opened):
            software = event.peer.implementation_version or event.peer.implementation_uid
            self._output.note([dim(f"associated with {software or 'unknown software'}")], 1)
            if event.peer.confirmed is False:
                self._output.warning(f"{event.peer.aet} did not confirm the user identity")
        else:
            self._output.warning(event.text)

    def _verdict(self, verdict: Verdict) -> None:
        path = self._paths.get(verdict.reference.sop_instance, "")
        self.tally.add(verdict, path)
        if not self._brief or verdict.fate in (Fate.FAILED, Fate.UNMENTIONED):
            self._output.record(record(verdict, path), line(verdict, path))
        if self._report is not None:
            self._report.row(row(verdict, path))


class Named:
    """Tells of the files that name the instances: those that are none are counted in `inputs`."""

    def __init__(self, output: Output) -> None:
        self.inputs: set[ExitCode] = set()
        self._output = output

    def skipped(self, skipped: Skipped) -> None:
        """Tell of a file that is passed over, unless nobody would have expected it to be asked about."""
        if not skipped.expected:
            self.bad(skipped.error, skipped.path)

    def bad(self, error: InputError, path: str = "") -> None:
        """Tell of a file or line that names no instance."""
        self.inputs.add(error.exit_code)
        self._output.warning(f"{path}: {error.message}" if path else error.message)

    def bad_lines(self, errors: Sequence[InputError]) -> None:
        """Tell of lines that name no instance: of the first in full."""
        for error in errors[:_LINES]:
            self.bad(error)
        if more := len(errors[_LINES:]):
            self._output.warning(f"{units.counted(more, 'more line')} like that")

    def remark(self, remark: Remark) -> None:
        """Tell of something odd about a file; how it is sent does not matter here."""

    def exit_status(self, code: ExitCode) -> ExitCode:
        """Return the exit status where `code` is that of the commitment."""
        return max(self.inputs) if self.inputs and code is ExitCode.OK else code
