from __future__ import annotations

import io
import json
from typing import Any

import pytest

from dimsetools.dataset.attributes import Attribute
from dimsetools.dataset.commitments import (
    INSTANCE,
    PUSH_MODEL,
    TRANSACTION,
    Failure,
    Reference,
    Report,
    report,
)
from dimsetools.errors import InputError
from dimsetools.render.events import Telling, line, record
from dimsetools.render.line import rendered
from dimsetools.render.output import Output
from dimsetools.services.normalized import Event

ONE = Reference("1.2", "1.2.3")
MIXED = report(Report("2.25.1", (ONE,), tuple(Failure(ONE, reason) for reason in (0x0112, None, 0x0110))))
REASONS = "0110 processing-failure, 0112 no-such-object-instance"
PROCESSING_FAILURE = "0110 the peer failed while processing the request"


def event(**more: Any) -> Event:
    return Event(PUSH_MODEL, INSTANCE, 1, None, new_association=True, calling_aet="ARCHIVE")._replace(**more)


def said(told: Event) -> str:
    return rendered(line(told), color=False)


def test_an_event_goes_by_names() -> None:
    told = record(event())
    assert (told["_event"], told["_class"], told["_type"]) == ("event", "commit", "success")
    assert (told["SOPClassUID"], told["SOPInstanceUID"], told["EventTypeID"]) == (PUSH_MODEL, INSTANCE, 1)
    assert (told["_calling"], told["_new_association"], told["_status"]) == ("ARCHIVE", True, "0000")


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({}, f"event    commit success  {INSTANCE}  from ARCHIVE"),
        (
            {"attributes": {TRANSACTION: Attribute("UI", ("2.25.1",))}},
            "event    commit success  transaction 2.25.1  from ARCHIVE  0 committed",
        ),
        (
            {"number": 2, "attributes": MIXED},
            f"event    commit failures  transaction 2.25.1  from ARCHIVE  1 committed  3 failed: {REASONS}",
        ),
        (
            {"sop_class": "1.2.3", "number": 77, "sop_instance": "1.2"},
            "event    1.2.3 event 77  1.2  from ARCHIVE",
        ),
        ({"sop_class": "\x1b[2J", "sop_instance": "1\n2"}, "event    \\x1b[2J event 1  1\\n2  from ARCHIVE"),
        (
            {"status": 0x0113, "number": 9},
            f"refused  commit event 9  {INSTANCE}  from ARCHIVE  0113 the SOP class has no such event type",
        ),
        (
            {"status": 0x0110, "error": InputError("no VR")},
            f"refused  commit success  {INSTANCE}  from ARCHIVE  {PROCESSING_FAILURE}  no VR",
        ),
    ],
)
def test_an_event_as_a_line(more: dict[str, Any], words: str) -> None:
    assert said(event(**more)) == words


def test_a_run_counts_what_was_in_order() -> None:
    out = io.StringIO()
    with Output("json", stdout=out, stderr=io.StringIO()) as output:
        telling = Telling(output)
        telling.event(event(attributes={TRANSACTION: Attribute("UI", ("2.25.1",))}))
        telling.event(event(status=0x0122, error=InputError("x")))
        telling.end(1.25)
    first, refused, summary = map(json.loads, out.getvalue().splitlines())
    assert first["TransactionUID"] == "2.25.1"
    assert (refused["_event"], refused["_message"]) == ("refused-event", "x")
    assert summary == {"_event": "summary", "_events": 1, "_refused": 1, "_seconds": 1.25}
