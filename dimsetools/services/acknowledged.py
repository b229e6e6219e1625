"""What a peer has acknowledged, read from the report of the run that sent it: instances, once each."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from dimsetools.dataset.commitments import Reference
from dimsetools.errors import InputError
from dimsetools.uids import is_dotted

_HINT = "a line is an object as dimse store --json prints it, or --report FILE.ndjson has it"


def acknowledged(
    lines: Iterable[bytes], name: str, bad: Callable[[InputError], None]
) -> list[tuple[Reference, str]]:
    """Return the instances that a report says were stored, each with its path ("" if it tells none).

    Objects that failed, summaries and blank lines are passed over. `bad` hears of each line that is not
    understood; the others go on.
    """
    found: dict[str, tuple[Reference, str]] = {}
    for number, line in enumerate(lines, 1):
        try:
            record = _record(line)
            if record.get("_event") == "stored":
                reference = _reference(record)
                found.setdefault(reference.sop_instance, (reference, _text(record, "_path")))
        except ValueError as error:
            bad(InputError(f"{name} line {number}: {error}", hint=_HINT))
    return list(found.values())


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
