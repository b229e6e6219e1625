from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dimsetools.archive import moments
from dimsetools.archive.moments import DateTime, Span


@pytest.mark.parametrize(
    ("written", "day"),
    [("20260102", "20260102"), ("2026.01.02", "20260102"), (" 20260102 ", "20260102"), ("2026", ""),
     ("", ""), ("2026010", ""), ("20260102x", ""), ("٢٠٢٦٠١٠٢", "")],
)  # fmt: skip
def test_days(written: str, day: str) -> None:
    assert moments.day(written) == day


@pytest.mark.parametrize(
    ("written", "first", "last"),
    [
        ("10", "100000000000", "105959999999"),
        ("1030", "103000000000", "103059999999"),
        ("103015", "103015000000", "103015999999"),
        ("103015.5", "103015500000", "103015599999"),
        ("10:30:15", "103015000000", "103015999999"),
        ("103015.123456 ", "103015123456", "103015123456"),
        ("1", "", ""),
        ("noon", "", ""),
    ],
)
def test_clocks(written: str, first: str, last: str) -> None:
    assert (moments.clock(written), moments.clock(written, last=True)) == (first, last)


@pytest.mark.parametrize(
    ("key", "span"),
    [
        ("20260102", Span("20260102", "20260102")),
        ("20260102-20260105", Span("20260102", "20260105")),
        ("20260102-", Span("20260102", "99991231")),
        ("-20260105", Span("00000101", "20260105")),
        ("-", None),
        ("2026", None),
        ("20260102-x", None),
        ("x-20260102", None),
    ],
)
def test_date_spans(key: str, span: Span | None) -> None:
    assert moments.date_span(key) == span


@pytest.mark.parametrize(
    ("key", "span"),
    [
        ("1030", Span("103000000000", "103000000000")),
        ("10-1030", Span("100000000000", "103059999999")),
        ("10-", Span("100000000000", "235959999999")),
        ("-103000", Span("000000000000", "103000999999")),
        ("-", None),
        ("x-10", None),
    ],
)
def test_time_spans(key: str, span: Span | None) -> None:
    assert moments.time_span(key) == span


def test_an_unreadable_moment_lies_nowhere() -> None:
    assert not Span("", "99991231").holds("")


@pytest.mark.parametrize(
    ("text", "minutes"),
    [("+0130", 90), ("-0500", -300), ("+0000", 0), ("0130", None), ("", None), ("+1:30", None)],
)
def test_offsets(text: str, minutes: int | None) -> None:
    assert moments.offset(text) == minutes


@pytest.mark.parametrize(
    ("key", "value", "holds"),
    [
        ("20260102103000", "20260102103000.000", True),
        ("20260102103000", "20260102103001", False),
        ("2026-2027", "20271231235959.9", True),
        ("2026-", "20251231", False),
        ("-2026", "20261231", True),
        ("20260102100000+0100", "20260102090000+0000", True),
        ("20260102100000+0100", "20260102100000+0000", False),
        ("20260101-0500", "20260101050000+0000", True),  # an offset, no range to the year 500
        ("20260101-0500-20260102-0500", "20260102000000", True),
        ("20260102100000-0100-20260102110000-0100", "20260102113000+0000", True),
        ("20260102100000-0100-20260102110000-0100", "20260102103000+0000", False),
        ("20260102100000+0100", "20260102100000", True),  # nobody knows the offset: one place is assumed
        ("00010101000000+1400-", "00010101000000-1200", True),  # at the end of the calendar
    ],
)  # fmt: skip
def test_date_times(key: str, value: str, holds: bool) -> None:
    span, moment = moments.date_time_span(key), moments.date_time(value)
    assert span is not None
    assert moment is not None
    assert span.hold(moment) is holds


def test_a_zone_stands_in_for_an_offset() -> None:
    assert moments.date_time("2026", zone=60) == DateTime("20260101000000000000", 60)
    span = moments.date_time_span("20260102100000", 60)
    moment = moments.date_time("20260102090000+0000")
    assert span is not None
    assert moment is not None
    assert span.hold(moment)


@pytest.mark.parametrize("key", ["", "-", "x", "202", "20260", "2026-x", "2026010210.5.5"])
def test_what_is_no_date_time(key: str) -> None:
    assert moments.date_time_span(key) is None


times = st.integers(0, 4 * 10**15).map(
    lambda count: datetime(1970, 1, 2, tzinfo=UTC) + timedelta(microseconds=count)
)
zones = st.integers(-12 * 60, 14 * 60)


def written(moment: datetime, minutes: int) -> str:
    return moment.astimezone(timezone(timedelta(minutes=minutes))).strftime("%Y%m%d%H%M%S.%f%z")


@given(times, times, times, zones, zones)
def test_a_range_holds_what_lies_between_its_ends(
    first: datetime, last: datetime, moment: datetime, one: int, other: int
) -> None:
    span = moments.date_time_span(f"{written(first, one)}-{written(last, other)}")
    read = moments.date_time(written(moment, other))
    assert span is not None
    assert read is not None
    assert span.hold(read) is (first <= moment <= last)


@given(st.text(alphabet="0123456789+-.: ", max_size=40))
def test_nothing_written_makes_it_fail(text: str) -> None:
    moments.date_span(text)
    moments.time_span(text)
    moments.date_time_span(text)
