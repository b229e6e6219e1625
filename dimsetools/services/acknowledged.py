"""What a peer has acknowledged, read from the report of the run that sent it: instances, once each."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from dimsetools.dataset.commitments import Reference
from dimsetools.errors import InputError
from dimsetools.uids import is_dotted

_HINT = "the lines are those of dimse store --json, or of its --report as .ndjson or .csv"
_COLUMN = "_event"


def acknowledged(
    lines: Iterable[bytes], name: str, bad: Callable[[InputError], None]
) -> list[tuple[Reference, str]]:
    """Return the instances that a report says were stored, each with its path ("" if it tells none).

    Objects that failed, summaries and blank lines are passed over. `bad` hears of each line that is not
    understood; the others go on.
    """
    found: dict[str, tuple[Reference, str]] = {}
    read: Callable[[bytes], dict[str, object]] = _record
    for number, line in enumerate(lines, 1):
        try:
            if number == 1 and _is_header(line):
                read = _row_reader(line)
                continue
            record = read(line)
            if record.get("_event") == "stored":
                reference = _reference(record)
                found.setdefault(reference.sop_instance, (reference, _text(record, "_path")))
        except ValueError as error:
            bad(InputError(f"{name} line {number}: {error}", hint=_HINT))
    return list(found.values())


def _is_header(line: bytes) -> bool:
    """Tell whether a report is rows under the names of columns."""
    return not line.lstrip().startswith(b"{") and _COLUMN.encode() in line


def _row_reader(header: bytes) -> Callable[[bytes], dict[str, object]]:
    """Return what reads a row of comma- or tab-separated values, in which no value has a line break."""
    import csv

    between = "\t" if b"\t" in header else ","

    def cells(line: bytes) -> list[str]:
        text = line.decode("utf-8", "replace").rstrip("\r\n")
        return text.split(between) if between == "\t" else next(csv.reader([text]), [])

    names = cells(header)
    return lambda line: dict(zip(names, cells(line), strict=False))


def _record(line: bytes) -> dict[str, object]:
    import json  # 4 ms, for reports alone

    if not line.strip():
        return {}
    try:
        record = json.loads(line)
    except ValueError as error:
        raise ValueError(f"is no JSON: {error}") from None
    if not isinstance(record, dict):
        raise ValueError("is no JSON object")
    return record


def _reference(record: dict[str, object]) -> Reference:
    reference = Reference(_text(record, "SOPClassUID"), _text(record, "SOPInstanceUID"))
    for keyword, uid in zip(("SOPClassUID", "SOPInstanceUID"), reference, strict=True):
        if not is_dotted(uid):
            raise ValueError(f"the {keyword} is no UID" if uid else f"has no {keyword}")
    return reference


def _text(record: dict[str, object], name: str) -> str:
    value = record.get(name)
    return value if isinstance(value, str) else ""
