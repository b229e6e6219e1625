"""How the life of a node reads: a line for each thing that happened, dated, because it is kept in logs."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from dimsetools.render import requests
from dimsetools.render.line import Line, Span, bad, dim, good, warn
from dimsetools.render.units import counted, size

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dimsetools.scp.server import Totals

COLUMNS = (
    "_event",
    "_association",
    "_calling",
    "SOPClassUID",
    "SOPInstanceUID",
    "_status",
    "_outcome",
    "_bytes",
    "_ms",
    "_path",
    "_reason",
)
"""Of an object on stdout."""

_LEVELS = {"association-opened": 1, "stored": 1, "not-sent": 1}
_ASKED = frozenset(("query", "retrieve", "move"))
_FINE = frozenset(("0000", "FE00"))
_ENDED = {"FE00": "cancelled", "": "broken off"}

Record = Mapping[str, object]


def level(record: Record) -> int:
    """Return the verbosity at which a record is shown."""
    event = str(record["_event"])
    if event in _ASKED:
        return 1 if record["_status"] in _FINE else 0
    if event == "normalized" or event in requests.REPORTS:
        return 1 if requests.is_fine(record) else 0
    return _LEVELS.get(event, 0)


def line(record: Record) -> Line:
    """Return a record of a node as a line."""
    event = str(record["_event"])
    stamp = dim(time.strftime("%Y-%m-%dT%H:%M:%S%z "))
    if event in _OF_EVENT:
        return [stamp, *_OF_EVENT[event](record)]
    if event in _ASKED:
        return [stamp, *_asked(record)]
    if event == "normalized":
        return [stamp, *requests.request(record)]
    if event in requests.REPORTS:
        return [stamp, *requests.report(record)]
    if event == "not-sent":
        who = f"#{record['_association']} {record['_calling']}  "
        return [stamp, who, bad("not sent"), f" {record['SOPInstanceUID']}: {record['_reason']}"]
    if event.startswith("association-"):
        return [stamp, *_association(record, event)]
    reason = str(record.get("_reason", ""))
    if event == "not-committed":
        return [stamp, warn("not committed"), f" {record['SOPInstanceUID']}: {reason}"]
    if event == "index-repaired":
        changes = f"{record['_added']} added, {record['_changed']} changed, {record['_removed']} removed"
        return [stamp, warn("index "), f"brought up to date with the files: {changes}"]
    if event == "worklist-item":
        return [stamp, warn("worklist "), f"{record['_path']} passed over: {reason}"]
    if event == "hook-failed":
        return [stamp, warn("hook "), f"{record['_command']}: {reason}"]
    return [stamp, bad(event), f" {reason}"]


def _object(record: Record) -> list[str | Span]:
    status = str(record["_status"])
    spans: list[str | Span] = [f"#{record['_association']} {record['_calling']}  "]
    if record["_event"] == "refused":
        spans += [bad(f"refused {status}"), f" {record['SOPInstanceUID']}: {record['_reason']}"]
    else:
        spans += [good(str(record["_outcome"])), f" {record.get('_path') or record['SOPInstanceUID']}"]
    return [*spans, dim(f"  {size(_number(record, '_bytes'))} {record['_ms']} ms")]


def _commitment(record: Record) -> list[str | Span]:
    """Return how much of a transaction was committed to."""
    kept, failed = _number(record, "_committed"), _number(record, "_failed")
    style = good if not failed else warn if kept else bad
    spans: list[str | Span] = [f"{record['_calling']}  ", style("committed")]
    return [*spans, f" {kept} of {counted(kept + failed, 'object')}  ", dim(str(record["TransactionUID"]))]


def _film(record: Record) -> list[str | Span]:
    """Return what a film was kept as, and how full it is."""
    files = record["_files"]
    names = " ".join(map(str, files)) if isinstance(files, list) else ""
    copies = _number(record, "_copies")
    spans: list[str | Span] = [f"#{record['_association']} {record['_calling']}  ", good("printed")]
    spans.append(f" {names}  {record['_images']} of {record['_boxes']} image boxes")
    return [*spans, f", {copies:.0f} copies" if copies > 1 else ""]


def _asked(record: Record) -> list[str | Span]:
    """Return what was asked for, how much of it there was, and how it ended."""
    status, level = str(record["_status"]), str(record["QueryRetrieveLevel"]).lower()
    model = str(record["_model"])
    words = [str(record["_event"]), f"{level} level" if level else model]
    words += [f"in {model}"] if level and model != "study" else []
    words += [f"to {record['_destination']}"] if "_destination" in record else []
    spans: list[str | Span] = [f"#{record['_association']} {record['_calling']}  {' '.join(words)}  "]
    if record["_event"] == "query":
        spans += [counted(_number(record, "_matches"), "answer")]
    else:
        spans += [f"{record['_completed']} of {counted(_number(record, '_matches'), 'object')}"]
        spans += [f", {record['_warning']} with a warning"] if record["_warning"] else []
    if record.get("_failed"):
        spans += [", ", bad(f"{record['_failed']} failed")]
    if status in _ENDED:
        spans += [", ", warn(_ENDED[status])]
    elif status != "0000":
        spans += [", ", bad(status)]
    if record.get("_reason"):
        spans.append(f": {record['_reason']}")
    if keys := record.get("_keys"):
        spans.append(dim(f"  {' '.join(map(str, keys))}" if isinstance(keys, list) else ""))
    return [*spans, dim(f"  {record['_ms']} ms")]


def _association(record: Record, event: str) -> list[str | Span]:
    titles = f"{record['_calling']} > {record['_called']}" if record["_calling"] or record["_called"] else "-"
    where = _place(record["_host"], record["_port"])
    spans: list[str | Span] = [f"#{record['_association']} {titles}  {where}  "]
    if event == "association-opened":
        secured = ", TLS" if record["_tls"] else ""
        contexts = counted(_number(record, "_contexts"), "context")
        return [*spans, f"opened, {contexts}, {record['_implementation']}{secured}"]
    result = str(record["_result"])
    spans.append(good(result) if result == "released" else warn(result))
    if record.get("_reason"):
        spans.append(f": {record['_reason']}")
    if event == "association-closed":
        failed = _number(record, "_failed")
        spans += [f"  {counted(_number(record, '_objects'), 'object')}, {size(_number(record, '_bytes'))}"]
        spans += [", ", bad(f"{failed} refused")] if failed else []
        spans.append(f" in {record['_seconds']} s")
    return spans


def listening_record(address: tuple[str, int]) -> dict[str, object]:
    """Return that a node listens, as a record."""
    return {"_event": "listening", "_host": address[0], "_port": address[1]}


def listening_line(addresses: Sequence[tuple[str, int]], what: str) -> Line:
    """Return that a node listens, and what it does with objects, as a line."""
    shown = ", ".join(_place(host, port) for host, port in addresses)
    return ["listening on ", Span(shown, "strong"), f", {what}"]


def summary_record(totals: Totals, seconds: float) -> dict[str, object]:
    """Return what a node has done in its life as a record."""
    return {
        "_event": "summary",
        "_associations": totals.associations,
        "_rejected": totals.rejected,
        "_objects": totals.objects,
        "_failed": totals.failed,
        "_bytes": totals.size,
        "_seconds": round(seconds, 3),
    }


def summary_line(totals: Totals, seconds: float) -> Line:
    """Return what a node has done in its life as a line."""
    words = [
        counted(totals.associations, "association"),
        f"{counted(totals.objects, 'object')} ({size(totals.size)})",
        f"{totals.failed} refused",
    ]
    return f"{', '.join(words)} in {seconds:.1f} s"


def _place(host: object, port: object) -> str:
    return f"[{host}]:{port}" if ":" in str(host) else f"{host}:{port}"


def _number(record: Record, key: str) -> float:
    value = record[key]
    assert isinstance(value, (int, float))
    return value


_OF_EVENT: Mapping[str, Callable[[Record], list[str | Span]]] = {
    "stored": _object,
    "refused": _object,
    "commitment": _commitment,
    "film-printed": _film,
}
