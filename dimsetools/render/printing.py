"""How printing reads: each frame and each film as a line and a record, print jobs, and the totals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dimsetools.dataset.attributes import text
from dimsetools.errors import StatusFailure
from dimsetools.render import units
from dimsetools.render.line import Line, bad, dim, good, warn
from dimsetools.render.printing_tally import Tally, named, summary_line, summary_record
from dimsetools.services.print_events import Filmed, Followed, Placed, Ready
from dimsetools.status import describe

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dimsetools.association.values import Target
    from dimsetools.errors import DimseError, ExitCode
    from dimsetools.render.output import Output
    from dimsetools.services.examine import Remark
    from dimsetools.services.print_events import Event, Shot
    from dimsetools.services.selection import Skipped

COLUMNS = (
    "_event",
    "_film",
    "_position",
    "_path",
    "_frame",
    "SOPInstanceUID",
    "Rows",
    "Columns",
    "_bits",
    "_color",
    "_frames",
    "_status",
    "_ms",
    "_job",
    "_state",
    "_code",
    "_message",
)
Record = dict[str, object]

_NAME, _MAKER, _MODEL = 0x21100030, 0x00080070, 0x00081090


def _blank(event: str) -> Record:
    record: Record = dict.fromkeys(COLUMNS)
    record["_event"] = event
    return record


def _one_or_all(values: Sequence[object]) -> object:
    """Return the only one of several values, else all of them; None for none."""
    return list(values) if len(values) > 1 else values[0] if values else None


def _told(status: int | None, comment: str, error: DimseError | None, service: str) -> Record:
    """Return what there is to say of an answer: its status, and more than success."""
    said = comment
    if error is not None:
        said = f"{error.message} ({comment})" if comment else error.message
    elif status and not comment:
        said = describe(status, service).meaning
    return {
        "_status": None if status is None else f"{status:04X}",
        "_code": None if error is None else error.name,
        "_message": said or None,
    }


def _answer(status: int | None, comment: str, error: DimseError | None, service: str) -> str:
    """Return an answer that is no success as a line has it."""
    if error is not None and not isinstance(error, StatusFailure):
        return error.message
    if not status:
        return ""
    known = describe(status, service) if error is None else describe(status, error.service, error.sop_class)
    said = f' "{comment}"' if comment else ""
    return f"{status:04X} {known.name}: {known.meaning}{said}"


# -- the printer ------------------------------------------------------------------------------------


def printer_record(ready: Ready) -> Record:
    """Return what a printer tells of itself as a record."""
    attributes, error = ready.attributes or {}, ready.error
    status, info = ready.state
    return _blank("printer") | {
        "_color": ready.color,
        "_state": status or None,
        "_code": None if error is None else error.name,
        "_message": error.message if error is not None else None if info == status else info or None,
        "PrinterName": text(attributes, _NAME) or None,
        "Manufacturer": text(attributes, _MAKER) or None,
        "ManufacturerModelName": text(attributes, _MODEL) or None,
    }


def printer_line(ready: Ready) -> Line:
    """Return what a printer tells of itself as a line."""
    attributes = ready.attributes or {}
    status, info = ready.state
    words = (text(attributes, tag) for tag in (_NAME, _MAKER, _MODEL))
    about = ", ".join(dict.fromkeys(filter(None, words)))
    style = good if status == "NORMAL" else warn
    state = f"{status or 'unknown'}{': ' + info if info not in ('', status) else ''}"
    how = "in colour" if ready.color else "in gray"
    return [style("printer  "), state, f"  {about}" if about else "", dim(f"  prints {how}")]


# -- frames -----------------------------------------------------------------------------------------


def _about(shot: Shot) -> Record:
    return {
        "_path": shot.file.path,
        "_frame": shot.number,
        "SOPInstanceUID": shot.file.meta.sop_instance_uid,
    }


def _where(film: int | None, position: int | None) -> str:
    return f"film {film}" if position is None else f"film {film} box {position}"


def placed_record(placed: Placed) -> Record:
    """Return what became of a frame as a record."""
    frame, error = placed.frame, placed.error
    record = _blank(
        "placed" if placed.status is not None and error is None else "failed" if error else "unsent"
    )
    record |= _about(placed.shot) | _told(placed.status, placed.comment, error, "N-SET")
    record |= {"_film": placed.film, "_position": placed.position}
    if frame is not None:
        record |= {
            "Rows": frame.rows,
            "Columns": frame.columns,
            "_bits": frame.bits,
            "_color": frame.color,
        }
    if placed.seconds:
        record["_ms"] = round(placed.seconds * 1000, 3)
    return record


def placed_line(placed: Placed) -> Line:
    """Return what became of a frame as a line."""
    frame, error, status = placed.frame, placed.error, placed.status
    where = "" if placed.film is None else f"  {_where(placed.film, placed.position)}"
    said = _answer(status, placed.comment, error, "N-SET")
    if error is not None:
        return [bad("failed   "), f"{named(placed.shot)}{where}  {said}"]
    if status is None:
        return [warn("unsent   "), named(placed.shot), dim(where)]
    size = "" if frame is None else f"  {_size(frame.columns, frame.rows, frame.bits, color=frame.color)}"
    if status:
        return [warn("warning  "), f"{named(placed.shot)}{where}  {said}"]
    time = units.milliseconds(placed.seconds)
    return [good("placed   "), f"{named(placed.shot)}{where}", dim(f"{size}  {time} ms")]


def _size(columns: int, rows: int, bits: int, *, color: bool) -> str:
    return f"{columns} x {rows}, {'RGB' if color else f'{bits} bits'}"


def skipped_record(skipped: Skipped) -> Record:
    """Return a file that is not printed as a record."""
    error = skipped.error
    return _blank("skipped") | {"_path": skipped.path, "_code": error.name, "_message": error.message}


def skipped_line(skipped: Skipped) -> Line:
    """Return a file that is not printed as a line."""
    hint = dim(f"  ({skipped.error.hint})") if skipped.error.hint else ""
    return [warn("skipped  "), f"{skipped.path}  {skipped.error.message}", hint]


# -- films ------------------------------------------------------------------------------------------


def filmed_record(filmed: Filmed) -> Record:
    """Return what became of a film as a record."""
    error = filmed.error
    record = _blank("printed" if error is None else "failed")
    record |= _told(filmed.status, filmed.comment, error, "N-ACTION")
    record |= {"_film": filmed.film, "_frames": filmed.frames, "_job": _one_or_all(filmed.jobs)}
    if filmed.seconds:
        record["_ms"] = round(filmed.seconds * 1000, 3)
    return record


def filmed_line(filmed: Filmed) -> Line:
    """Return what became of a film as a line."""
    error, status = filmed.error, filmed.status
    said = _answer(status, filmed.comment, error, "N-ACTION")
    if error is not None:
        return [bad("failed   "), f"film {filmed.film}  {said}"]
    boxes = f" in {filmed.boxes} boxes" if filmed.boxes != filmed.frames else ""
    images = f"  {units.counted(filmed.frames, 'image')}{boxes}"
    if status:
        return [warn("printed  "), f"film {filmed.film}{images}  ", warn(said)]
    time = dim(f"  {units.milliseconds(filmed.seconds)} ms")
    return [good("printed  "), f"film {filmed.film}", images, time]


def followed_record(followed: Followed) -> Record:
    """Return news of a print job as a record."""
    error = followed.error
    return _blank("job") | {
        "_film": _one_or_all(followed.films),
        "_job": followed.job,
        "_state": followed.state.status or None,
        "_code": None if error is None else error.name,
        "_message": followed.state.info or (None if error is None else error.message),
    }


def followed_line(followed: Followed) -> Line:
    """Return news of a print job as a line."""
    status, info = followed.state
    films = "film" if len(followed.films) == 1 else "films"
    which = f"{films} {', '.join(map(str, followed.films))}  "
    if followed.error is not None:
        return [bad("job      "), which, f"{status}  " if status else "", followed.error.message]
    style = good if status == "DONE" else dim
    return [style("job      "), which, status, dim(f"  {info}") if info else ""]


# -- what would be done -----------------------------------------------------------------------------


def plan(films: Sequence[Sequence[Shot]]) -> Iterator[tuple[Record, Line]]:
    """Return what would lie where, film by film: each as a record and as a line."""
    for film, shots in enumerate(films, 1):
        for position, shot in enumerate(shots, 1):
            file = shot.file
            record = _blank("would-print") | _about(shot)
            record |= {"_film": film, "_position": position, "_color": file.color}
            record |= {"Rows": file.rows, "Columns": file.columns}
            about = f"  {file.columns} x {file.rows}{', colour' if file.color else ''}"
            yield record, [warn("would print  "), f"{_where(film, position)}  {named(shot)}", dim(about)]


def plan_record(films: int, tally: Tally, target: Target) -> Record:
    """Return what would be printed as a record."""
    return {
        "_event": "summary",
        "_address": str(target),
        "_calling_aet": target.calling_aet,
        "_tls": target.tls.profile if target.tls else None,
        "_films": films,
        "_frames": tally.frames,
        "_skipped": tally.skipped,
    }


def plan_line(films: int, copies: int, tally: Tally, target: Target) -> Line:
    """Return what would be printed as a line."""
    many = f", {copies} times" if copies > 1 else ""
    return [
        warn("would print"),
        f" {units.counted(tally.frames, 'image')} on {units.counted(films, 'film')}{many}",
        f" at {target} as {target.calling_aet}",
        warn(f"  {tally.skipped} skipped") if tally.skipped else "",
    ]


# -- a whole run ------------------------------------------------------------------------------------


class Telling:
    """Tells of a job as it goes. `brief` leaves out frames of which there is nothing to say."""

    def __init__(self, output: Output, *, brief: bool) -> None:
        self.tally = Tally()
        self._output = output
        self._brief = brief

    def skipped(self, skipped: Skipped) -> None:
        """Tell of a file that is not printed."""
        self.tally.skip(skipped)
        if not (self._brief and skipped.expected):
            self._output.record(skipped_record(skipped), skipped_line(skipped))

    def event(self, event: Event) -> str:
        """Tell of what happened; return the outcome (ok, warning, failed) if a frame is done with."""
        output = self._output
        if isinstance(event, Placed):
            outcome = self.tally.frame(event)
            if not self._brief or event.error is not None or event.status:  # what was not sent is counted
                output.record(placed_record(event), placed_line(event))
            return outcome
        if isinstance(event, Filmed):
            self.tally.film(event)
            output.record(filmed_record(event), filmed_line(event))
        elif isinstance(event, Followed):
            self.tally.job(event)
            if not self._brief or event.error is not None or event.state.status == "DONE":
                output.record(followed_record(event), followed_line(event))
        elif isinstance(event, Ready):
            self._ready(event)
        else:
            self.remark(event)
        return ""

    def _ready(self, ready: Ready) -> None:
        if not self._brief or self._output.verbosity:
            self._output.record(printer_record(ready), printer_line(ready))
        status, info = ready.state
        if ready.error is not None:
            self._output.warning(f"the printer does not tell its status: {ready.error.message}")
        elif status and status != "NORMAL":
            self._output.warning(f"the printer says that its status is {status}{info and ': ' + info}")
        if ready.peer.confirmed is False:
            self._output.warning(f"{ready.peer.aet} did not confirm the user identity")

    def remark(self, remark: Remark) -> None:
        """Tell of something odd."""
        self._output.warning(f"{remark.path}: {remark.text}" if remark.path else remark.text)

    def end(self, target: Target, seconds: float, code: ExitCode) -> None:
        """Explain each kind of failure, then tell the totals."""
        for error, where in self.tally.explanations(str(target), code):
            self._output.failure(error, where)
        self._output.summary(
            summary_record(self.tally, target, seconds, code), summary_line(self.tally, target, seconds)
        )
