from __future__ import annotations

import io
import json

import pytest

from dimsetools.association.values import Peer
from dimsetools.errors import ConnectionLost, ExitCode, InputError
from dimsetools.render import Output
from dimsetools.render import store as shown
from dimsetools.render.line import Line, rendered
from dimsetools.render.tally import Tally
from dimsetools.services.examine import Remark
from dimsetools.services.plan import Rules, batches
from dimsetools.services.selection import Skipped
from dimsetools.services.store import Opened, Retry, Stored
from tests.render.storing import CT, EXPLICIT_LE, TARGET, item, lost, refused, sent

LOST = ConnectionLost("gone")


def plain(line: Line) -> str:
    return rendered(line, color=False)


@pytest.mark.parametrize(
    ("stored", "line"),
    [
        (sent(), "sent     in/a.dcm  2.0 kB  12.5 ms"),
        (sent(tries=2), "sent     in/a.dcm  2.0 kB  12.5 ms  try 2"),
        (
            sent()._replace(transfer_syntax="1.2.840.10008.1.2"),
            "sent     in/a.dcm  2.0 kB  12.5 ms  as Implicit VR Little Endian",
        ),
        (
            sent(status=0xB000, comment="x"),
            'warning  in/a.dcm  B000 coerced: stored, but the peer changed some elements "x"',
        ),
        (refused(), "failed   in/a.dcm  A700 out-of-resources: refused"),
        (refused(status=0x1234, comment="\x1b"), 'failed   in/a.dcm  1234 unknown: refused "\\x1b"'),
        (lost(LOST), "failed   in/a.dcm  gone"),
        (lost(LOST, tries=3), "failed   in/a.dcm  gone  try 3"),
        (lost(LOST, tries=0), "unsent   in/a.dcm  gone"),
    ],
)
def test_lines(stored: Stored, line: str) -> None:
    assert plain(shown.line(stored)) == line


@pytest.mark.parametrize(
    ("stored", "event", "status", "code", "message"),
    [
        (sent(), "stored", "0000", None, None),
        (sent(status=0xB000), "stored", "B000", None, "stored, but the peer changed some elements"),
        (sent(status=0xB000, comment="so"), "stored", "B000", None, "so"),
        (refused(), "failed", "A700", "failure-status", "refused"),
        (refused(comment="full"), "failed", "A700", "failure-status", "refused (full)"),
        (lost(LOST), "failed", None, "connection-lost", "gone"),
        (lost(LOST, tries=0), "unsent", None, "connection-lost", "gone"),
    ],
)
def test_records(
    stored: Stored, event: str, status: str | None, code: str | None, message: str | None
) -> None:
    record = shown.record(stored)
    assert tuple(record) == shown.COLUMNS
    named = [record[name] for name in ("_event", "_status", "_code", "_message")]
    assert named == [event, status, code, message]
    assert (record["SOPClassUID"], record["SOPInstanceUID"]) == (CT, "1.2.3")
    assert record["TransferSyntaxUID"] == EXPLICIT_LE
    assert record["_ms"] == (None if status is None else round(stored.seconds * 1000, 3))


def test_rows_of_the_report() -> None:
    rows = [
        shown.row(sent(), "ok"),
        shown.row(refused(comment="full"), "failed"),
        shown.row(lost(LOST, tries=0), "failed"),
        shown.skipped_row(Skipped("x", InputError("text"))),
    ]
    assert [(row.outcome, row.code, row.message) for row in rows] == [
        ("ok", "", ""),
        ("failed", "failure-status", "refused (full)"),
        ("skipped", "connection-lost", "gone"),
        ("skipped", "input-invalid", "text"),
    ]


def test_totals() -> None:
    tally = Tally()
    for one in (sent(), sent(status=0xB000), refused(), lost(LOST, tries=0)):
        tally.add(one)
    tally.skip(Skipped("x", InputError("text")))
    line = plain(shown.summary_line(tally, TARGET, 2.0))
    assert line == (
        "sent 2 of 4 objects (4.0 kB) to PACS@pacs:104 in 2.00 s  1 objects/s, 2.0 kB/s"
        "  1 with a warning  1 failed  1 not sent  1 skipped"
    )
    record = shown.summary_record(tally, TARGET, 2.0, ExitCode.PARTIAL)
    assert record["_objects_per_second"] == 1.0
    assert record["_bytes_per_second"] == 2000
    assert (record["_seconds"], record["_exit"]) == (2.0, 3)
    nothing = shown.summary_record(Tally(), TARGET, 0.0, ExitCode.OK)
    assert nothing["_objects_per_second"] is None
    assert plain(shown.summary_line(Tally(), TARGET, 0.0)) == "sent 0 objects (0 B) to PACS@pacs:104"


def test_what_would_be_done() -> None:
    items = [item("a"), item("b")]
    planned = batches(items, Rules().own)
    ((record, line),) = shown.proposals(planned)
    assert (record["_association"], record["_context"]) == (1, 1)
    assert (record["_objects"], record["_bytes"]) == (2, 4000)
    assert plain(line) == "1/1    CT Image Storage, Explicit VR Little Endian  2 objects, 4.0 kB"
    assert plain(shown.rehearsal_line(items, planned, Tally(), TARGET)) == (
        "would send 2 objects (4.0 kB) to PACS@pacs:104 as ME, over 1 association"
    )
    assert shown.rehearsal_record(items, planned, Tally(), TARGET)["_calling_aet"] == "ME"


def test_what_happens_on_the_way() -> None:
    peer = Peer("PACS", "pacs", 104, "1.2", "SOFT_1", 0)
    opened = Opened(peer, 3, ((CT, EXPLICIT_LE),))
    assert plain(shown.opened_line(opened)) == (
        "associated with SOFT_1, max PDU unlimited: 2 of 3 presentation contexts accepted"
    )
    assert plain(shown.retry_line(Retry(LOST, 0.25, 1))) == "again in 0.2 s, 1 object: gone"


def told(*, brief: bool, form: str = "table") -> tuple[str, str]:
    out, err = io.StringIO(), io.StringIO()
    with Output(form, stdout=out, stderr=err) as output:
        telling = shown.Telling(output, None, brief=brief)
        telling.skipped(Skipped("x.txt", InputError("text")))
        telling.skipped(Skipped("DICOMDIR", InputError("a list"), expected=True))
        telling.remark(Remark("f", "odd"))
        for event in (
            sent("good"),
            sent("warned", status=0xB000),
            refused("bad"),
            lost(LOST, "late", tries=0),
        ):
            telling.event(event)
        telling.event(Remark("", "the peer is odd"))
        telling.end(TARGET, 1.0, ExitCode.PARTIAL)
    return out.getvalue(), err.getvalue()


def test_a_person_sees_what_is_odd() -> None:
    out, err = told(brief=True)
    assert [line.split()[:2] for line in out.splitlines()] == [
        ["skipped", "x.txt"],
        ["warning", "warned"],
        ["failed", "bad"],
        ["sent", "2"],
    ]
    assert "warning: f: odd\nwarning: the peer is odd\n" in err
    assert err.count("error: ") == 2


def test_whoever_asks_sees_everything() -> None:
    out, _ = told(brief=False)
    shown_paths = [line.split()[1] for line in out.splitlines()]
    assert shown_paths == ["x.txt", "DICOMDIR", "good", "warned", "bad", "late", "2"]
    events = [json.loads(line)["_event"] for line in told(brief=False, form="json")[0].splitlines()]
    assert events == [
        "skipped",
        "skipped",
        "stored",
        "stored",
        "failed",
        "unsent",
        "error",
        "error",
        "summary",
    ]
