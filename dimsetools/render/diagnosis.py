"""What a failure looks like to the person and to the script that have to act on it.

Everything an exception of ours carries is said here, each thing once: what happened and to whom, the
standard's numbers that came over the wire, what the peer added, what to try, and the stable name with the
exit status.
"""

from __future__ import annotations

import re

from dimsetools.dataset.dictionary import keyword_of
from dimsetools.errors import Aborted, DimseError, Interrupted, Rejected, StatusFailure
from dimsetools.render.line import Line, bad, dim
from dimsetools.status import FAILURE_REASON, describe, transient

# PS3.8 tables 9-21 and 9-26, in their own words.
_REJECT_SOURCES = {
    1: "DICOM UL service-user",
    2: "DICOM UL service-provider (ACSE related function)",
    3: "DICOM UL service-provider (Presentation related function)",
}
# What is wrong with the attributes that a response names, by its status (PS3.7 annex C).
_WRONG = {
    0x0105: "no such attribute",
    0x0106: "attribute with an invalid value",
    0x0107: "attribute left out",
    0x0116: "attribute out of range",
    0x0120: "missing attribute",
    0x0121: "attribute without a value",
}
_ABORT_SOURCES = {0: "DICOM UL service-user", 2: "DICOM UL service-provider"}


def lines(error: DimseError, node: str = "") -> list[Line]:
    """Return the diagnosis as lines; the first says what happened, the last `error[NAME] exit N`."""
    named = re.search(rf"(?<!\w){re.escape(node)}(?!\w)", error.message) if node else True
    what = error.message if named else f"{node}: {error.message}"
    told: list[Line] = [[bad("error: "), what]]
    told += [f"  {detail}" for detail in _details(error)]
    hint = advice(error)
    if hint:
        told.append(f"  hint: {hint}")
    told.append([dim(f"  error[{error.name}] exit {int(error.exit_code)}")])
    return told


def record(error: DimseError, node: str = "") -> dict[str, object]:
    """Return the failure as a record; `_detail`, `_offset`, `_comment`, `_offending` where known."""
    told: dict[str, object] = {"_event": "error"}
    if node:
        told["_node"] = node
    told |= {
        "_code": error.name,
        "_exit": int(error.exit_code),
        "_retryable": retryable(error),
        "_message": error.message,
        "_hint": advice(error),
    }
    offset = getattr(error, "offset", None)  # in a data set
    if offset is not None:
        told["_offset"] = offset
    words = standard_words(error)
    if words:
        told["_detail"] = words
    if isinstance(error, StatusFailure):
        told["_status"] = f"{error.status:04X}"
        if error.comment:
            told["_comment"] = error.comment
        if error.offending:
            told["_offending"] = [_tag(number) for number in error.offending]
    return told


def standard_words(error: DimseError) -> str:
    """Return the numbers that the peer sent, beyond what the message says of them; "" if it sent none."""
    if isinstance(error, Rejected):
        source = _REJECT_SOURCES.get(error.source, "reserved")
        return (
            f"A-ASSOCIATE-RJ (PS3.8 table 9-21): result {error.result}, "
            f"source {error.source} ({source}), reason {error.reason}"
        )
    if isinstance(error, Aborted):
        source = _ABORT_SOURCES.get(error.source, "reserved")
        # The reason means something only when the service-provider aborts.
        reason = f", reason {error.reason}" if error.source == 2 else ""
        return f"A-ABORT (PS3.8 table 9-26): source {error.source} ({source}){reason}"
    if isinstance(error, StatusFailure):
        status = describe(error.status, error.service, error.sop_class)
        what = error.service if error.service == FAILURE_REASON else f"{error.service} status".strip()
        return f"{what} {error.status:04X} {status.name} ({status.source})"
    return ""


def advice(error: DimseError) -> str:
    """Return what to try: the error's own hint, else that of its status, else a retry if that may help."""
    if error.hint:
        return error.hint
    if isinstance(error, StatusFailure):
        hint = describe(error.status, error.service, error.sop_class).hint
        if hint:
            return hint
    if isinstance(error, Interrupted):  # whoever ended it knows what to do
        return ""
    return "the same command again later" if retryable(error) else ""


def retryable(error: DimseError) -> bool:
    """Tell whether the same command may succeed later."""
    if isinstance(error, StatusFailure):
        return transient(error.status, error.service, error.sop_class)
    return error.retryable


def _details(error: DimseError) -> list[str]:
    details = [words] if (words := standard_words(error)) else []
    if isinstance(error, StatusFailure):
        if error.comment:
            details.append(f"the peer's comment: {error.comment}")
        if error.offending:
            what = _WRONG.get(error.status, "offending element")
            details.append(f"{what}: {', '.join(map(_named, error.offending))}")
    return details


def _named(number: int) -> str:
    keyword = keyword_of(number)
    return f"{keyword} {_tag(number)}" if keyword else _tag(number)


def _tag(number: int) -> str:
    return f"({number >> 16:04X},{number & 0xFFFF:04X})"
