"""How a node tells of the N- services: of requests that it has answered, and of reports that it has sent."""

from __future__ import annotations

from collections.abc import Mapping

from dimsetools.dataset.normalized import action_name, event_name, normalized_class
from dimsetools.errors import UsageError
from dimsetools.render.line import Span, bad, dim, good, warn
from dimsetools.status import describe, is_failure, is_warning

Record = Mapping[str, object]

REPORTS = frozenset(("report-delivered", "report-failed", "report-given-up"))


def is_fine(record: Record) -> bool:
    """Tell whether a request or a report is nothing to be worried about, or was told of before."""
    if record["_event"] == "report-failed":
        return record["_attempts"] != 1
    if record["_event"] == "report-given-up":
        return False
    return not is_failure(int(str(record["_status"]), 16))


def request(record: Record) -> list[str | Span]:
    """Return who asked for what, and what came of it."""
    service, status = str(record["_service"]), int(str(record["_status"]), 16)
    told = f"{status:04X} {describe(status, service, str(record['SOPClassUID'])).name}"
    spans: list[str | Span] = [f"#{record['_association']} {record['_calling']}  {service} {_what(record)}  "]
    if is_failure(status):
        spans.append(bad(f"refused {told}"))
    else:
        spans.append(warn(told) if is_warning(status) else good("done"))
    if record.get("_reason"):
        spans.append(f": {record['_reason']}")
    state = record.get("ProcedureStepState") or record.get("PerformedProcedureStepStatus")
    if state and not is_failure(status):
        spans.append(f", {state}")
    if available := record.get("_available"):
        assert isinstance(available, Mapping)
        spans.append(f", {', '.join(f'{count} {word}' for word, count in available.items())}")
    return [*spans, dim(f"  {record['_ms']} ms")]


def report(record: Record) -> list[str | Span]:
    """Return what became of a report."""
    what = f"report {_what(record)} to {record['_destination']} "
    if record["_event"] == "report-delivered":
        status = int(str(record["_status"]), 16)
        meant = describe(status, "N-EVENT-REPORT", str(record["SOPClassUID"]))
        told = f"answered with {status:04X} {meant.name}"
        return [what, warn(told) if status else good("delivered")]
    reason = f": {record['_reason']}"
    if record["_event"] == "report-given-up":
        return [what, bad("given up"), reason]
    return [what, warn("failed"), f"{reason}; again in {record['_pause']:g} s"]


def _what(record: Record) -> str:
    """Return the class, the instance and the type of action or event, as far as they have names."""
    uid = str(record["SOPClassUID"])
    words = [uid, str(record["SOPInstanceUID"])]
    kind = ""
    try:
        sop_class = normalized_class(uid)
    except UsageError:  # a peer may ask for anything
        return " ".join(filter(None, words))
    words[0] = sop_class.name
    for field, named in (("ActionTypeID", action_name), ("EventTypeID", event_name)):
        if field in record:
            number = int(str(record[field]))
            kind = named(sop_class, number) or str(number)
    return " ".join(filter(None, (*words, kind)))
