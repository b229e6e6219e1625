"""Lines of a node's log about the N- services."""

from __future__ import annotations

import pytest

from dimsetools.dataset.normalized import UPS_PUSH
from dimsetools.render.line import rendered
from dimsetools.render.scp import level, line

REQUEST = {
    "_event": "normalized",
    "_association": 7,
    "_calling": "CT1",
    "_service": "N-ACTION",
    "SOPClassUID": UPS_PUSH,
    "SOPInstanceUID": "1.2.3",
    "ActionTypeID": 1,
    "_status": "0000",
    "_ms": 1.5,
}
REPORT = {
    "_event": "report-delivered",
    "_destination": "WATCH",
    "SOPClassUID": UPS_PUSH,
    "SOPInstanceUID": "1.2.3",
    "EventTypeID": 3,
    "_status": "0000",
    "_attempts": 1,
}
FAILED = {**REPORT, "_event": "report-failed", "_reason": "why", "_pause": 0.5}


@pytest.mark.parametrize(
    ("record", "said", "shown_at"),
    [
        (
            {**REQUEST, "ProcedureStepState": "IN PROGRESS"},
            "#7 CT1  N-ACTION ups 1.2.3 change-state  done, IN PROGRESS  1.5 ms",
            1,
        ),
        (
            {**REQUEST, "_status": "C301", "_reason": "why"},
            "#7 CT1  N-ACTION ups 1.2.3 change-state  refused C301 wrong-transaction-uid: why  1.5 ms",
            0,
        ),
        (
            {**REQUEST, "ActionTypeID": 2, "_status": "B304", "ProcedureStepState": "CANCELED"},
            "#7 CT1  N-ACTION ups 1.2.3 request-cancel  B304 ups-already-cancelled, CANCELED  1.5 ms",
            1,
        ),
        (
            {**REQUEST, "ActionTypeID": 9, "_status": "0123", "_reason": "why"},
            "#7 CT1  N-ACTION ups 1.2.3 9  refused 0123 no-such-action: why  1.5 ms",
            0,
        ),
        (
            {
                **REQUEST,
                "_service": "N-CREATE",
                "SOPClassUID": "what\\x1b",
                "_status": "0118",
                "_reason": "why",
            },
            "#7 CT1  N-CREATE what\\x1b 1.2.3  refused 0118 no-such-sop-class: why  1.5 ms",
            0,
        ),
        (REPORT, "report ups 1.2.3 progress-report to WATCH delivered", 1),
        (
            {**REPORT, "_status": "0110"},
            "report ups 1.2.3 progress-report to WATCH answered with 0110 processing-failure",
            0,
        ),
        (FAILED, "report ups 1.2.3 progress-report to WATCH failed: why; again in 0.5 s", 0),
        (
            {**FAILED, "_attempts": 2, "_pause": 600.0},
            "report ups 1.2.3 progress-report to WATCH failed: why; again in 600 s",
            1,
        ),
        (
            {**REQUEST, "_service": "N-SET", "PerformedProcedureStepStatus": "COMPLETED"},
            "#7 CT1  N-SET ups 1.2.3 change-state  done, COMPLETED  1.5 ms",
            1,
        ),
        (
            {**REQUEST, "_available": {"ONLINE": 2, "OFFLINE": 1}},
            "#7 CT1  N-ACTION ups 1.2.3 change-state  done, 2 ONLINE, 1 OFFLINE  1.5 ms",
            1,
        ),
        (
            {**FAILED, "_event": "report-given-up"},
            "report ups 1.2.3 progress-report to WATCH given up: why",
            0,
        ),
    ],
)
def test_requests_and_reports_read_as_lines(record: dict[str, object], said: str, shown_at: int) -> None:
    stamp, _, shown = rendered(line(record), color=False).partition(" ")
    assert len(stamp) == len("2026-01-01T00:00:00+0000")
    assert shown == said
    assert level(record) == shown_at
