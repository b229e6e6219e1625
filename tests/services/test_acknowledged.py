from __future__ import annotations

import json

import pytest

from dimsetools.dataset.commitments import Reference
from dimsetools.errors import InputError
from dimsetools.services.acknowledged import acknowledged

CT = "1.2.840.10008.5.1.4.1.1.2"


def line(event: str, number: int, **more: object) -> bytes:
    record = {"_event": event, "_path": f"in/{number}", "SOPClassUID": CT, "SOPInstanceUID": f"1.2.{number}"}
    return json.dumps(record | more).encode() + b"\n"


def read(*lines: bytes) -> tuple[list[tuple[Reference, str]], list[str]]:
    bad: list[InputError] = []
    found = acknowledged(lines, "sent.ndjson", bad.append)
    return found, [error.message for error in bad]


def test_only_what_was_acknowledged_is_taken_and_once() -> None:
    found, bad = read(
        line("stored", 1),
        line("failed", 2),
        line("unsent", 3),
        b"\n",
        line("stored", 4),
        line("stored", 1, _path="elsewhere"),
        line("committed", 4),
        b'{"_event": "summary", "_sent": 2}\n',
    )
    assert found == [(Reference(CT, "1.2.1"), "in/1"), (Reference(CT, "1.2.4"), "in/4")]
    assert bad == []


def test_a_path_may_be_missing() -> None:
    found, _ = read(line("stored", 1, _path=None))
    assert found == [(Reference(CT, "1.2.1"), "")]


@pytest.mark.parametrize(("between", "path"), [(b",", b'"in/1,x"'), (b"\t", b"in/1,x")])
def test_rows_under_a_header_are_read_too(between: bytes, path: bytes) -> None:
    rows = (
        (b"_event", b"_path", b"SOPClassUID", b"SOPInstanceUID", b"_status"),
        (b"stored", path, CT.encode(), b"1.2.1", b"0000"),
        (b"failed", b"in/2", CT.encode(), b"1.2.2", b"A700"),
        (b"stored", b"in/3", CT.encode()),
    )
    found, bad = read(*(between.join(row) + b"\r\n" for row in rows), b"\n")
    assert found == [(Reference(CT, "1.2.1"), "in/1,x")]
    assert bad == ["sent.ndjson line 4: has no SOPInstanceUID"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"PatientName\tStudyDate\n", "is no JSON"),
        (b"\xff\xfe\n", "is no JSON"),
        (b"[1]\n", "is no JSON object"),
        (b'{"_event": "stored", "SOPInstanceUID": "1.2"}', "has no SOPClassUID"),
        (line("stored", 1, SOPInstanceUID="../etc"), "the SOPInstanceUID is no UID"),
        (line("stored", 1, SOPInstanceUID=12), "has no SOPInstanceUID"),
    ],
)
def test_a_line_that_is_not_understood_is_told_and_costs_no_other(text: bytes, why: str) -> None:
    found, (told,) = read(text, line("stored", 5))
    assert told.startswith(f"sent.ndjson line 1: {why}")
    assert [reference.sop_instance for reference, _ in found] == ["1.2.5"]
