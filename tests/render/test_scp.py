from __future__ import annotations

import pytest

from dimsetools.render.line import rendered
from dimsetools.render.scp import level, line, listening_line, summary_line
from dimsetools.scp.server import Totals

ASSOCIATION = {"_association": 7, "_calling": "CT1", "_called": "ARCHIVE", "_host": "::1", "_port": 104}
REJECTED = {
    **ASSOCIATION,
    "_event": "association-rejected",
    "_result": "rejected-calling-aet",
    "_reason": "why",
}
OPENED = {**ASSOCIATION, "_event": "association-opened", "_contexts": 3, "_implementation": "X", "_tls": True}
NOBODY = {"_association": 7, "_calling": "", "_called": "", "_host": "10.0.0.1", "_port": 104}
ENDED = {
    "_event": "association-closed",
    "_result": "released",
    "_objects": 1,
    "_failed": 0,
    "_bytes": 2000,
    "_seconds": 0.5,
}
OBJECT = {
    "_status": "0000",
    "_association": 7,
    "_calling": "CT1",
    "SOPInstanceUID": "1.2.3",
    "_bytes": 2000,
    "_ms": 1.5,
}
ASKED = {"_association": 7, "_calling": "WS", "_model": "study", "QueryRetrieveLevel": "STUDY", "_ms": 1.5}
QUERY = {**ASKED, "_event": "query", "_keys": ["StudyDate", "PatientID"], "_matches": 2, "_status": "0000"}
MOVE = {**ASKED, "_event": "move", "_destination": "D", "_matches": 9, "_completed": 7, "_failed": 0}


FILM = {
    "_event": "film-printed",
    "_association": 7,
    "_calling": "CT1",
    "_files": ["a.png", "a.pdf"],
    "_images": 5,
    "_boxes": 6,
    "_copies": 2,
}
COMMITMENT = {"_event": "commitment", "_calling": "CT1", "TransactionUID": "2.25.1"}


@pytest.mark.parametrize(
    ("record", "said", "shown_at"),
    [
        (FILM, "#7 CT1  printed a.png a.pdf  5 of 6 image boxes, 2 copies", 0),
        ({**FILM, "_copies": 1}, "#7 CT1  printed a.png a.pdf  5 of 6 image boxes", 0),
        ({**COMMITMENT, "_committed": 2, "_failed": 1}, "CT1  committed 2 of 3 objects  2.25.1", 0),
        ({**COMMITMENT, "_committed": 1, "_failed": 0}, "CT1  committed 1 of 1 object  2.25.1", 0),
        (
            {"_event": "not-committed", "SOPInstanceUID": "1.2.3", "_reason": "gone"},
            "not committed 1.2.3: gone",
            0,
        ),
        (
            {**ASSOCIATION, **ENDED},
            "#7 CT1 > ARCHIVE  [::1]:104  released  1 object, 2.0 kB in 0.5 s",
            0,
        ),
        (
            {**ASSOCIATION, **ENDED, "_result": "no-answer", "_reason": "why", "_failed": 2},
            "#7 CT1 > ARCHIVE  [::1]:104  no-answer: why  1 object, 2.0 kB, 2 refused in 0.5 s",
            0,
        ),
        (
            {**ENDED, **REJECTED},
            "#7 CT1 > ARCHIVE  [::1]:104  rejected-calling-aet: why",
            0,
        ),
        (
            OPENED,
            "#7 CT1 > ARCHIVE  [::1]:104  opened, 3 contexts, X, TLS",
            1,
        ),
        (
            {**OBJECT, "_event": "stored", "_outcome": "same", "_path": "a/1.2.3.dcm"},
            "#7 CT1  same a/1.2.3.dcm  2.0 kB 1.5 ms",
            1,
        ),
        ({**OBJECT, "_event": "stored", "_outcome": "same"}, "#7 CT1  same 1.2.3  2.0 kB 1.5 ms", 1),
        (
            {**OBJECT, "_event": "refused", "_status": "A700", "_reason": "full"},
            "#7 CT1  refused A700 1.2.3: full  2.0 kB 1.5 ms",
            0,
        ),
        (
            {**QUERY, "_status": ""},
            "#7 WS  query study level  2 answers, broken off  StudyDate PatientID  1.5 ms",
            0,
        ),
        (QUERY, "#7 WS  query study level  2 answers  StudyDate PatientID  1.5 ms", 1),
        (
            {
                **QUERY,
                "_model": "worklist",
                "QueryRetrieveLevel": "",
                "_keys": [],
                "_matches": 0,
                "_status": "A900",
                "_reason": "why",
            },
            "#7 WS  query worklist  0 answers, A900: why  1.5 ms",
            0,
        ),
        (
            {**MOVE, "_warning": 0, "_status": "FE00"},
            "#7 WS  move study level to D  7 of 9 objects, cancelled  1.5 ms",
            1,
        ),
        (
            {
                **MOVE,
                "_event": "retrieve",
                "_model": "patient",
                "QueryRetrieveLevel": "IMAGE",
                "_warning": 1,
                "_failed": 1,
                "_status": "B000",
            },
            (
                "#7 WS  retrieve image level in patient to D  "
                "7 of 9 objects, 1 with a warning, 1 failed, B000  1.5 ms"
            ),
            0,
        ),
        (
            {**OBJECT, "_event": "not-sent", "_reason": "gone"},
            "#7 CT1  not sent 1.2.3: gone",
            1,
        ),
        (
            {"_event": "index-repaired", "_added": 1, "_changed": 0, "_removed": 2},
            "index brought up to date with the files: 1 added, 0 changed, 2 removed",
            0,
        ),
        (
            {"_event": "worklist-item", "_path": "a.wl", "_reason": "empty"},
            "worklist a.wl passed over: empty",
            0,
        ),
        ({"_event": "hook-failed", "_command": "x", "_reason": "exit 1"}, "hook x: exit 1", 0),
        ({"_event": "internal-error", "_reason": "KeyError"}, "internal-error KeyError", 0),
        (
            {**NOBODY, **ENDED, "_result": "connection-lost"},
            "#7 -  10.0.0.1:104  connection-lost  1 object, 2.0 kB in 0.5 s",
            0,
        ),
    ],
)
def test_a_dated_line_for_each_event(record: dict[str, object], said: str, shown_at: int) -> None:
    date, _, rest = rendered(line(record), color=False).partition(" ")
    assert len(date) == len("2026-01-01T00:00:00+0000")
    assert rest == said
    assert level(record) == shown_at


def test_where_it_listens_and_what_it_has_done() -> None:
    addresses = [("127.0.0.1", 104), ("::1", 104)]
    listening = rendered(listening_line(addresses, "keeping nothing"), color=False)
    assert listening == "listening on 127.0.0.1:104, [::1]:104, keeping nothing"
    done = summary_line(Totals(associations=2, objects=1, failed=0, size=2000), 1.25)
    assert done == "2 associations, 1 object (2.0 kB), 0 refused in 1.2 s"
    done = summary_line(Totals(associations=1, objects=0, failed=2, size=0), 1.25)
    assert done == "1 association, 0 objects (0 B), 2 refused in 1.2 s"
