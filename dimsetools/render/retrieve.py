"""How retrieval reads: each object and each retrieve as a line and a record, the totals, a run as it goes."""

from __future__ import annotations

import os
from threading import RLock
from typing import TYPE_CHECKING

from dimsetools.dataset.attributes import texts
from dimsetools.dataset.dictionary import keyword_of
from dimsetools.errors import ExitCode, InputError, StatusFailure
from dimsetools.render import units
from dimsetools.render.line import Line, Span, bad, dim, good, warn
from dimsetools.render.retrieve_tally import Tally, named
from dimsetools.services.retrieve import (
    UNIQUE_KEYS,
    Going,
    Landed,
    Noted,
    Opened,
    Retrieved,
    Wanted,
)
from dimsetools.status import describe, is_failure

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dimsetools.render.output import Output
    from dimsetools.render.progress import Progress
    from dimsetools.services.retrieve import Counts, Event
    from dimsetools.services.verify import Verified

COLUMNS = (
    "_event",
    "_path",
    "QueryRetrieveLevel",
    "PatientID",
    "StudyInstanceUID",
    "SeriesInstanceUID",
    "SOPInstanceUID",
    "SOPClassUID",
    "TransferSyntaxUID",
    "_status",
    "_ms",
    "_bytes",
    "_completed",
    "_failed",
    "_warning",
    "_code",
    "_message",
)
Record = dict[str, object]


# -- one object -------------------------------------------------------------------------------------


def object_record(told: Mapping[str, object], status: int, root: str | None) -> Record:
    """Return an object that came as a record, from what its keeper told of it; `root` holds its path."""
    record: Record = {**_BLANK, **told}
    for name in _OF_A_NODE:
        record.pop(name, None)
    record["_event"] = "refused" if is_failure(status) else "received" if root is None else "stored"
    record["_status"] = f"{status:04X}"
    path = told.get("_path")
    if root is not None and path is not None:
        record["_path"] = os.path.join(root, str(path))
    record["_message"] = told.get("_reason")
    return record


_BLANK: Record = dict.fromkeys(COLUMNS)
_OF_A_NODE = ("_association", "_calling", "_reason")


def object_line(record: Record) -> Line:
    """Return the record of an object as a line."""
    uid, message = str(record["SOPInstanceUID"]), record["_message"]
    if record["_event"] == "refused":
        return [bad("refused   "), f"{uid}  {record['_status']}: {message}"]
    name = str(record["_path"] or uid)
    known = record["_bytes"] is not None and record["_ms"] is not None
    about = f"  {units.size(int(str(record['_bytes'])))}  {record['_ms']} ms" if known else ""
    outcome = record.get("_outcome", "stored")
    how = "" if outcome == "stored" else f"  {_OUTCOMES.get(str(outcome), str(outcome))}"
    return [good(f"{record['_event']!s:<10}"), name, dim(f"{about}{how}")]


_OUTCOMES = {
    "same": "was there already",
    "kept": "was there with other content, which stays",
    "replaced": "replaces other content",
    "both": "beside other content",
}


# -- one retrieve -----------------------------------------------------------------------------------


def _identified(wanted: Wanted) -> Record:
    record: Record = dict.fromkeys(COLUMNS)
    record["QueryRetrieveLevel"] = wanted.level or None
    for tag in UNIQUE_KEYS:
        values = texts(wanted.identifier, tag)
        record[keyword_of(tag)] = (values[0] if len(values) == 1 else list(values)) if values else None
    return record


def retrieved_record(retrieved: Retrieved) -> Record:
    """Return the end of a retrieve as a record; counts are those of the peer."""
    counts, error, status = retrieved.counts, retrieved.error, retrieved.status
    record = _identified(retrieved.wanted)
    record |= {
        "_event": "retrieved" if error is None else "failed",
        "_status": None if status is None else f"{status:04X}",
        "_ms": round(retrieved.seconds * 1000, 1),
        "_bytes": retrieved.size,
        "_completed": counts.completed,
        "_failed": counts.failed,
        "_warning": counts.warning,
        "_code": None if error is None else error.name,
        "_message": _said(retrieved),
        "_remaining": counts.remaining,
        "_objects": retrieved.objects,
        "_failed_uids": list(retrieved.failed),
    }
    return record


def _said(retrieved: Retrieved) -> str | None:
    error, comment = retrieved.error, retrieved.comment
    if error is None:
        return comment or None
    return f"{error.message} ({comment})" if comment and comment not in error.message else error.message


def retrieved_line(retrieved: Retrieved, verb: str) -> Line:
    """Return the end of a retrieve as a line; `verb` says what went well."""
    counts, error = retrieved.counts, retrieved.error
    objects = units.counted(max(counts.stored, retrieved.objects), "object")
    size = f", {units.size(retrieved.size)}" if retrieved.size else ""
    time = f" in {units.milliseconds(retrieved.seconds)} ms"
    what = named(retrieved.wanted)
    if error is None:
        odd = f"  {counts.warning} with a warning" if counts.warning else ""
        style = good if counts.stored or retrieved.objects else warn
        return [style(f"{verb:<10}"), what, dim(f"  {objects}{size}{time}"), warn(odd) if odd else ""]
    partly = counts.stored or retrieved.objects
    style = warn if partly else bad
    code = f"{retrieved.status:04X} " if retrieved.status else ""
    name = ""
    if retrieved.status and isinstance(error, StatusFailure):
        name = f"{describe(retrieved.status, error.service).name}: "
    came = dim(f"  {objects}{size}{time}") if partly else ""
    return [style(f"{'partly' if partly else 'failed':<10}"), f"{what}  {code}{name}{_said(retrieved)}", came]


# -- a whole run ------------------------------------------------------------------------------------


class Telling:
    """Tells of a run as it goes, from any thread: to the output, and to the tally.

    `brief` leaves out objects that came as they should. `root` is where they are kept, None if nowhere here;
    `verb` says what becomes of them.
    """

    def __init__(
        self, output: Output, *, root: str | None, verb: str, brief: bool, elsewhere: bool = False
    ) -> None:
        self.tally = Tally()
        self.landed_uids: set[str] | None = None
        self._output = output
        self._root = root
        self._verb = verb
        self._brief = brief
        self._elsewhere = elsewhere
        self._lines = output.format in ("table", "dump")
        self._lock = RLock()
        self._progress: Progress | None = None
        self._current: dict[int, Counts] = {}
        self._done = [0, 0, 0]
        self._warned: set[str] = set()
        self._refused: set[str] = set()

    def watch(self, progress: Progress) -> None:
        """Show how far the run is."""
        self._progress = progress

    # -- events -------------------------------------------------------------------------------------

    def event(self, event: Event) -> Retrieved | None:
        """Tell of what happened; return the retrieve if one is over."""
        if isinstance(event, Landed):
            about = {
                "SOPClassUID": event.sop_class,
                "SOPInstanceUID": event.sop_instance,
                "_bytes": event.size,
                "_ms": round(event.seconds * 1000, 1),
                "TransferSyntaxUID": event.transfer_syntax,
            }
            self.landed({**event.told, **about}, event.status)
            if event.late:
                self._output.warning(f"{event.sop_instance} came after the end of the retrieve")
        elif isinstance(event, Going):
            self._count(event.wanted, event.counts)
        elif isinstance(event, Retrieved):
            self._retrieved(event)
            return event
        elif isinstance(event, Opened):
            self._opened(event)
        else:
            assert isinstance(event, Noted)
            self._output.warning(event.text)
        return None

    def _opened(self, opened: Opened) -> None:
        self._output.note(_opened_line(opened), 1)
        if opened.unconfirmed:
            self._once("the peer did not confirm the user identity")
        if opened.lacking:
            self._once(f"the peer did not grant {', '.join(opened.lacking)}")

    def _once(self, text: str) -> None:
        with self._lock:
            if text in self._warned:
                return
            self._warned.add(text)
        self._output.warning(text)

    def landed(self, told: Mapping[str, object], status: int) -> None:
        """Tell of an object that came."""
        record = object_record(told, status, self._root)
        with self._lock:
            self.tally.landed(record, status)
            fine = not is_failure(status)
            uid = str(record["SOPInstanceUID"])
            if not fine:
                self._refused.add(uid)
            elif self.landed_uids is not None:
                self.landed_uids.add(uid)
            if not self._brief or not fine:
                self._output.record(record, object_line(record) if self._lines else None)
            if self._progress is not None:
                self._progress.advance(int(str(record["_bytes"] or 0)) if fine else 0)

    def _retrieved(self, retrieved: Retrieved) -> None:
        with self._lock:
            self.tally.ended(retrieved)
            self._count(retrieved.wanted, retrieved.counts, over=True)
            record = retrieved_record(retrieved)
            self._output.record(record, retrieved_line(retrieved, self._verb) if self._lines else None)
            for uid in retrieved.failed:
                why = "it came, and was not kept" if uid in self._refused else "the peer could not send it"
                self._instance("failed", uid, retrieved.wanted, why)

    def verified(self, verified: Verified) -> None:
        """Tell what of a retrieve is missing."""
        self.tally.verified(verified)
        for uid in verified.missing:
            self._instance("missing", uid, verified.wanted, "the peer has it, and it did not come")
        number = verified.missing_count - len(verified.missing)
        if number:
            self._output.warning(
                f"{named(verified.wanted)}: the peer has {verified.expected} instances, "
                f"{number} more than it says to have sent"
            )

    def _instance(self, event: str, uid: str, wanted: Wanted, message: str) -> None:
        record = _identified(wanted) | {"_event": event, "_message": message}
        record |= {"SOPInstanceUID": uid, "QueryRetrieveLevel": "IMAGE"}
        self._output.record(record, [bad(f"{event:<10}"), f"{uid}  {message}"])

    def unreadable(self, error: InputError) -> None:
        """Tell of a line of a manifest, or a match, that names nothing to retrieve."""
        self.tally.unreadable()
        self._output.failure(error)

    # -- progress -----------------------------------------------------------------------------------

    def _count(self, wanted: Wanted, counts: Counts, *, over: bool = False) -> None:
        """Show the counts of all retrieves together: those that are over, and those under way."""
        with self._lock:
            if over:
                self._current.pop(id(wanted.identifier), None)
                for place, number in enumerate((counts.completed, counts.warning, counts.failed)):
                    self._done[place] += number
            else:
                self._current[id(wanted.identifier)] = counts
            if self._progress is None or not self._progress.due:
                return
            going = self._current.values()
            done, warnings, failed = (
                before + sum(counts[place] for counts in going)
                for before, place in zip(self._done, (1, 3, 2), strict=True)
            )
            left = sum(counts.remaining for counts in going)
            self._progress.expect(done + warnings + failed + left)
            self._progress.reach(done, warnings, failed)

    # -- the end ------------------------------------------------------------------------------------

    def end(self, address: str, seconds: float, code: ExitCode) -> None:
        """Explain each kind of failure, then tell the totals."""
        for error, where in self.tally.explanations(address, code):
            self._output.failure(error, where)
        self._output.summary(
            summary_record(self.tally, address, seconds, code),
            summary_line(self.tally, self._verb, address, seconds, elsewhere=self._elsewhere),
        )


def _opened_line(opened: Opened) -> Line:
    return [
        dim(
            f"associated with {opened.software or 'unknown software'}, "
            f"max PDU {opened.max_pdu or 'unlimited'}: "
            f"{opened.accepted} of {opened.proposed} presentation contexts accepted"
        )
    ]


def summary_record(tally: Tally, address: str, seconds: float, code: ExitCode) -> Record:
    """Return the totals as a record; `_completed`, `_failed` and `_warnings` are the peer's counts."""
    return {
        "_event": "summary",
        "_address": address,
        "_retrieves": tally.retrieves,
        "_objects": tally.objects,
        "_bytes": tally.size,
        "_refused": tally.refused,
        "_completed": tally.completed,
        "_failed": tally.failed,
        "_warnings": tally.warnings,
        "_missing": tally.missing,
        "_verified": tally.verified_objects,
        "_seconds": round(seconds, 6),
        "_objects_per_second": round(tally.objects / seconds, 1) if seconds else None,
        "_bytes_per_second": round(tally.size / seconds) if seconds else None,
        "_exit": int(code),
    }


def summary_line(tally: Tally, verb: str, address: str, seconds: float, *, elsewhere: bool) -> Line:
    """Return the totals as a line."""
    number = tally.completed if elsewhere else tally.objects
    short = tally.failed or tally.refused or tally.missing
    style = warn if short and number else bad if short else good if number else warn
    size = "" if elsewhere else f" ({units.size(tally.size)})"
    spans: list[str | Span] = [style(f"{verb} {units.counted(number, 'object')}"), f"{size} from {address}"]
    if number and seconds:
        spans.append(f" in {seconds:.2f} s" if seconds >= 1 else f" in {units.milliseconds(seconds)} ms")
        rate = f", {units.size(tally.size / seconds)}/s" if tally.size else ""
        spans.append(dim(f"  {number / seconds:.0f} objects/s{rate}"))
    counts = [
        (tally.warnings, warn, "with a warning"),
        (tally.failed, bad, "failed"),
        (tally.refused, bad, "not kept"),
        (tally.missing, bad, "missing"),
    ]
    for count, colour, what in counts:
        if count:
            spans += ["  ", colour(f"{count} {what}")]
    if tally.verified_objects is not None and not tally.missing:
        spans += ["  ", good(f"{tally.verified_objects} verified")]
    return spans
