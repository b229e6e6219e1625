"""Dates as people write them become the ranges that DICOM takes."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dimsetools.dataset.attributes import Attribute
from dimsetools.dataset.dates import FORMS, present, problem, resolve, resolved

NOW = datetime(2026, 3, 31, 10, 20, 30, tzinfo=UTC)

UNTOUCHED = [
    ("DA", "20260101"), ("DA", "20260101-"), ("DA", "-20260101"), ("DA", "20260101-20260131"), ("DA", ""),
    ("TM", "08"), ("TM", "0800"), ("TM", "080000.123456"), ("TM", "0800-1200"), ("TM", "-1200"),
    ("DT", "20260131080000.5+0100"), ("DT", "20260101-20260131"), ("DT", "2026-0500"),
    ("DT", "20260101120000-0500-20260102120000-0500"), ("LO", "-7d"), ("PN", "today"), ("DA", '""'),
]  # fmt: skip

WRITTEN = [
    ("DA", "2026", "20260101-20261231"),
    ("DA", "2024-02", "20240201-20240229"),
    ("DA", "202502", "20250201-20250228"),
    ("DA", "2026-01-31", "20260131"),
    ("DA", "2026.01.31", "20260131"),
    ("DA", " 2026-01-31 ", "20260131"),
    ("DA", "2026-01..2026-03", "20260101-20260331"),
    ("DA", "20260115..2026-03", "20260115-20260331"),
    ("DA", "..2026-03", "-20260331"),
    ("DA", "2026-03..", "20260301-"),
    ("DA", "2026-2027", "20260101-20271231"),
    ("DA", "2025-12-31-2026-01-02", "20251231-20260102"),
    ("DA", "2026-01-", "20260101-"),
    ("DA", "-2026", "-20261231"),
    ("DA", "today", "20260331"),
    ("DA", "Yesterday", "20260330"),
    ("DA", "tomorrow", "20260401"),
    ("DA", "-7d", "20260324-20260331"),
    ("DA", "-0d", "20260331"),
    ("DA", "-2w", "20260317-20260331"),
    ("DA", "-1m", "20260228-20260331"),
    ("DA", "-13m", "20250228-20260331"),
    ("DA", "-1y", "20250331-20260331"),
    ("DA", "-12h", "20260330-20260331"),
    ("DA", "+3d", "20260331-20260403"),
    ("DA", "-7d..-3d", "20260324-20260328"),
    ("DA", "-7d..", "20260324-"),
    ("TM", "08:00", "0800"),
    ("TM", "08:00:01.5", "080001.5"),
    ("TM", "08:00..12:00", "0800-1200"),
    ("TM", "08:00-12:00", "0800-1200"),
    ("TM", "08..", "08-"),
    ("TM", "-2h", "082030-102030"),
    ("TM", "+30min", "102030-105030"),
    ("TM", "now", "102030"),
    ("DT", "2026", "20260101000000-20261231235959.999999"),
    ("DT", "202602", "20260201000000-20260228235959.999999"),
    ("DT", "20260131", "20260131000000-20260131235959.999999"),
    ("DT", "today", "20260331000000-20260331235959.999999"),
    ("DT", "-7d", "20260324000000-20260331235959.999999"),
    ("DT", "-12h", "20260330222030-20260331102030"),
    ("DT", "+2h", "20260331102030-20260331122030"),
    ("DT", "now..", "20260331102030-"),
    ("DT", "2026-01-31T08:00..2026-01-31 12:00", "202601310800-202601311200"),
    ("DT", "2026-01-31T08:00:01.5+01:00", "20260131080001.5+0100"),
    ("DT", "2026-01-31T08:00Z", "202601310800+0000"),
]

WRONG = [
    ("DA", "20261301", "no such date"), ("DA", "20260230", "no such date"), ("DA", "-", "no range"),
    ("DA", "20260301-20260101", "begins after"), ("DA", "2026*", "no date"), ("DA", "*", "no date"),
    ("DA", "20260101-20260102-20260103", "no date"), ("DA", "2026-13", "no date"), ("DA", "-7x", "no date"),
    ("TM", "2500", "no such time"), ("TM", "0860", "no such time"), ("TM", "1200-0800", "begins after"),
    ("TM", "-7d", "no time"), ("TM", "noon", "no time"), ("DT", "20260230120000", "no such date-time"),
    ("DT", "20261331-", "no such"), ("DT", "today*", "no date-time"), ("DT", "2026-01-31T25:00", "no date-"),
]  # fmt: skip


@pytest.mark.parametrize(("vr", "text"), UNTOUCHED)
def test_dicom_stays_as_it_is(vr: str, text: str) -> None:
    assert resolve(text, vr, NOW) == text


@pytest.mark.parametrize(("vr", "text", "wanted"), WRITTEN)
def test_what_people_write_becomes_dicom(vr: str, text: str, wanted: str) -> None:
    assert resolve(text, vr, NOW) == wanted
    assert problem(wanted, vr) == ""


@pytest.mark.parametrize(("vr", "text", "reason"), WRONG)
def test_what_is_wrong_stays_and_is_explained(vr: str, text: str, reason: str) -> None:
    found = resolve(text, vr, NOW)
    assert found == text
    assert reason in problem(found, vr)


@pytest.mark.parametrize("text", ["-99999y", "-999999w", "+9000y", "-99999m"])
def test_a_relative_date_outside_the_calendar_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="outside the calendar"):
        resolve(text, "DA", NOW)


def test_a_time_of_yesterday_is_refused() -> None:
    with pytest.raises(ValueError, match="another day"):
        resolve("-12h", "TM", NOW)


def test_the_present_is_the_day_that_was_given() -> None:
    assert present(date(2026, 1, 2)) == datetime(2026, 1, 2)  # noqa: DTZ001  # a day has no time zone
    assert present(NOW) is NOW
    assert abs((present() - datetime.now(UTC)).total_seconds()) < 60


def test_a_whole_query_is_resolved() -> None:
    item = {0x00400002: Attribute("DA", ("today",)), 0x00080060: Attribute("CS", ("today",))}
    query = {0x00080020: Attribute("DA", ("-1d",)), 0x00400100: Attribute("SQ", (item,))}
    found = resolved(query, NOW)
    assert found[0x00080020].values == ("20260330-20260331",)
    assert found[0x00400100].values == (
        {0x00400002: Attribute("DA", ("20260331",)), 0x00080060: Attribute("CS", ("today",))},
    )


@given(st.sampled_from(sorted(FORMS)), st.text("0123456789-.:+TZdwmyh toayesrw*", max_size=20) | st.text())
def test_whatever_is_written_is_resolved_once_or_explained(vr: str, text: str) -> None:
    try:
        found = resolve(text, vr, NOW)
    except ValueError:
        return
    assert found == text or found[:1].isdigit() or found[:1] == "-"
    if not problem(found, vr) and not (vr == "DT" and found.isdigit()):
        assert resolve(found, vr, NOW) == found


@given(st.dates(), st.dates())
def test_any_two_days_make_a_range(one: date, other: date) -> None:
    first, last = sorted((one, other))
    wanted = f"{first:%Y%m%d}-{last:%Y%m%d}" if first.year > 999 else None
    if wanted is not None and first != last:
        for written in (f"{first}..{last}", f"{first}-{last}", wanted):
            assert resolve(written, "DA", NOW) == wanted
