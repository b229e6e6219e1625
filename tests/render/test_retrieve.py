from __future__ import annotations

import io
import json
from typing import Any

from dimsetools.dataset.flat import from_flat
from dimsetools.errors import ExitCode, InputError, StatusFailure, SubOperationsFailed
from dimsetools.render.line import rendered
from dimsetools.render.output import Output
from dimsetools.render.retrieve import (
    COLUMNS,
    Telling,
    object_line,
    object_record,
    retrieved_line,
    summary_line,
)
from dimsetools.render.retrieve_tally import Tally, named
from dimsetools.services.retrieve import Counts, Going, Landed, Noted, Opened, Retrieved, Wanted
from dimsetools.services.verify import Verified

STUDY = Wanted("STUDY", from_flat({"QueryRetrieveLevel": "STUDY", "StudyInstanceUID": "1.2"}))
TOLD = {"_event": "stored", "_association": 0, "_calling": "PACS", "_outcome": "stored", "_path": "1.2.3.dcm"}


def landed(status: int = 0, **more: Any) -> Landed:
    told = TOLD if not status else {"_event": "refused", "_reason": "cannot store: no space"}
    return Landed("1.2.840", "1.2.3", "1.2.840.10008.1.2.1", status, 5000, 0.002, {**told, **more})


def done(counts: Counts = Counts(0, 2, 0, 0), **more: Any) -> Retrieved:  # noqa: B008
    return Retrieved(STUDY, 0, counts, 0.25, objects=counts.stored, size=10_000)._replace(**more)


def told(*events: Any, root: str | None = "in") -> tuple[str, str, Telling]:
    out, err = io.StringIO(), io.StringIO()
    with Output("json", stdout=out, stderr=err) as output:
        output.columns(COLUMNS)
        telling = Telling(output, root=root, verb="got", brief=False)
        for event in events:
            telling.event(event)
    return out.getvalue(), err.getvalue(), telling


def rows(*events: Any, **more: Any) -> list[dict[str, Any]]:
    return [json.loads(line) for line in told(*events, **more)[0].splitlines()]


def test_an_object_is_a_record_with_the_path_where_it_lies() -> None:
    (row,) = rows(landed())
    assert row["_event"] == "stored"
    assert row["_path"] == "in/1.2.3.dcm"
    assert (row["SOPInstanceUID"], row["_status"], row["_bytes"], row["_ms"]) == ("1.2.3", "0000", 5000, 2.0)
    assert not {"_association", "_calling"} & set(row)


def test_an_object_that_is_not_kept_has_no_path() -> None:
    (row,) = rows(landed(_path=None), root=None)
    assert (row["_event"], row["_path"]) == ("received", None)


def test_an_object_that_was_refused_says_why() -> None:
    (row,) = rows(landed(0xA700))
    assert (row["_event"], row["_status"], row["_message"]) == ("refused", "A700", "cannot store: no space")


def test_objects_as_lines() -> None:
    record = object_record({**TOLD, "SOPInstanceUID": "1.2.3", "_bytes": 5000, "_ms": 2.0}, 0, "in")
    assert rendered(object_line(record), False) == "stored    in/1.2.3.dcm  5.0 kB  2.0 ms"
    record |= {"_outcome": "same"}
    assert rendered(object_line(record), False).endswith("was there already")


def test_a_retrieve_is_a_record_and_each_failed_instance_too() -> None:
    error = SubOperationsFailed("2 of 3 sub-operations failed", status=0xB000, service="C-GET")
    ended, *failed = rows(
        done(Counts(0, 1, 2, 0), status=0xB000, error=error, comment="no route", failed=("1.1", "1.2"))
    )
    assert (ended["_event"], ended["_code"], ended["_status"]) == ("failed", "suboperations-failed", "B000")
    assert ended["_message"] == "2 of 3 sub-operations failed (no route)"
    assert (ended["_completed"], ended["_failed"], ended["_failed_uids"]) == (1, 2, ["1.1", "1.2"])
    assert ended["StudyInstanceUID"] == "1.2"
    assert [(row["_event"], row["SOPInstanceUID"]) for row in failed] == [
        ("failed", "1.1"),
        ("failed", "1.2"),
    ]


def test_retrieves_as_lines() -> None:
    assert (
        rendered(retrieved_line(done(), "got"), False)
        == "got       study 1.2  2 objects, 10.0 kB in 250.0 ms"
    )
    failure = StatusFailure("the peer does not know the move destination", status=0xA801, service="C-MOVE")
    line = rendered(retrieved_line(done(Counts(), status=0xA801, error=failure), "moved"), False)
    assert line == (
        "failed    study 1.2  A801 move-destination-unknown: the peer does not know the move destination"
    )


def test_what_is_retrieved_is_named_by_its_lowest_key() -> None:
    series = from_flat({"StudyInstanceUID": "1", "SeriesInstanceUID": "1.2"})
    assert named(Wanted("SERIES", series)) == "series 1.2"
    images = from_flat({"SeriesInstanceUID": "1.2", "SOPInstanceUID": ["7", "8"]})
    assert named(Wanted("IMAGE", images)) == "2 images from 7 on"
    assert named(Wanted("PATIENT", from_flat({"PatientID": "P1"}))) == "patient P1"


def test_what_is_missing_is_listed() -> None:
    out, err = io.StringIO(), io.StringIO()
    with Output("json", stdout=out, stderr=err) as output:
        telling = Telling(output, root="in", verb="got", brief=False)
        telling.verified(Verified(STUDY, 3, ("1.7",), 1))
        telling.verified(Verified(STUDY, 5, (), 2))
    (row,) = map(json.loads, out.getvalue().splitlines())
    assert (row["_event"], row["SOPInstanceUID"]) == ("missing", "1.7")
    assert "5 instances, 2 more than" in err.getvalue()
    assert telling.tally.missing == 3


def test_what_is_not_known_of_an_object_is_not_told() -> None:
    told = {"_event": "received", "SOPInstanceUID": "1.2.3"}
    assert rendered(object_line(object_record(told, 0, None)), False) == "received  1.2.3"


def test_what_was_verified_stands_in_the_totals_if_nothing_is_missing() -> None:
    tally = Tally()
    tally.verified(Verified(STUDY, 3, (), 0))
    assert rendered(summary_line(tally, "got", "PACS", 1.0, elsewhere=False), False).endswith("3 verified")
    tally.verified(Verified(STUDY, 3, ("1.7",), 1))
    assert "verified" not in rendered(summary_line(tally, "got", "PACS", 1.0, elsewhere=False), False)


def test_a_person_sees_only_what_is_odd_and_each_retrieve() -> None:
    out = io.StringIO()
    with Output("table", stdout=out, stderr=io.StringIO()) as output:
        telling = Telling(output, root="in", verb="got", brief=True)
        for event in (landed(), landed(0xA700), done()):
            telling.event(event)
    assert [line.split()[0] for line in out.getvalue().splitlines()] == ["refused", "got"]


def test_late_objects_and_notes_are_warnings() -> None:
    _, err, _ = told(landed()._replace(late=True), Noted("odd"), Opened("SW", 0, 5, 3))
    assert "1.2.3 came after the end" in err
    assert "warning: odd" in err


class Gauge:
    """What a progress bar is told."""

    due = True

    def __init__(self) -> None:
        self.total = 0
        self.seen: tuple[int, int, int] = (0, 0, 0)

    def expect(self, objects: int) -> None:
        self.total = objects

    def reach(self, ok: int, warnings: int, failed: int) -> None:
        self.seen = (ok, warnings, failed)

    def advance(self, count: int) -> None:
        pass


def test_progress_adds_up_over_retrieves() -> None:
    gauge = Gauge()
    with Output("json", stdout=io.StringIO(), stderr=io.StringIO()) as output:
        telling = Telling(output, root="in", verb="got", brief=False)
        telling.watch(gauge)  # type: ignore[arg-type]
        telling.event(done(Counts(0, 4, 1, 0)))
        other = Wanted("STUDY", dict(STUDY.identifier))
        telling.event(Going(STUDY, Counts(6, 2, 0, 1)))
        telling.event(Going(other, Counts(5, 0, 0, 0)))
        assert (gauge.total, gauge.seen) == (19, (6, 1, 1))
        telling.event(done(Counts(0, 8, 0, 1)))
        assert (gauge.total, gauge.seen) == (19, (12, 1, 1))


def test_the_end_explains_each_kind_once_and_sums_up() -> None:
    out, err = io.StringIO(), io.StringIO()
    with Output("json", stdout=out, stderr=err) as output:
        telling = Telling(output, root="in", verb="got", brief=False)
        for _ in range(3):
            failure = StatusFailure("refused", status=0xA701, service="C-GET")
            telling.event(done(Counts(), status=0xA701, error=failure))
        telling.unreadable(InputError("list line 3: is no JSON"))
        telling.end("PACS@h:1", 2.0, ExitCode.FAILURE)
    assert err.getvalue().count("out-of-resources-matches") == 1
    assert "and 2 more" in err.getvalue()
    last = json.loads(out.getvalue().splitlines()[-1])
    assert (last["_event"], last["_retrieves"], last["_exit"]) == ("summary", 3, 1)
