from __future__ import annotations

from dimsetools.errors import InputError
from dimsetools.render.line import rendered
from dimsetools.render.shell import echo_line, event_line, event_record, match_line, stored_line
from dimsetools.services.normalized import Event

JOB = "1.2.840.10008.5.1.1.14"


def test_an_event_names_its_type_and_tells_what_does_not_decode() -> None:
    event = Event(JOB, "1.2.3", 3, None)
    assert event_record(event) == {
        "_event": "event",
        "_class": "print-job",
        "SOPClassUID": JOB,
        "SOPInstanceUID": "1.2.3",
        "EventTypeID": 3,
        "_type": "done",
        "_status": "0000",
        "_message": None,
    }
    assert rendered(event_line(event), color=False) == "event  print-job 1.2.3 done"
    odd = Event("1.2", "1.2.3\n", 99, None, InputError("truncated"), status=0x0110)
    assert rendered(event_line(odd), color=False).endswith(
        "1.2.3\\n 99  its data set does not decode: truncated"
    )
    assert event_record(odd)["_status"] == "0110"


def test_lines() -> None:
    assert rendered(match_line(2), color=False) == "match  2"
    assert rendered(echo_line(0.0012), color=False) == "ok  C-ECHO  1.20 ms"
    assert rendered(stored_line("a.dcm", 0, 0.01, ""), color=False) == "sent  a.dcm  10.0 ms"
    warned = rendered(stored_line("a.dcm", 0xB000, 0.01, "coerced"), color=False)
    assert warned.startswith("warning  a.dcm  B000 ")
    assert '"coerced"' in warned
