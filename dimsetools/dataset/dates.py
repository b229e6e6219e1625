"""Dates, times and date-times as people write them in a query, made into what DICOM takes (PS3.4 C.2.2.2.5).

`2026-01..2026-03`, `2025`, `-7d` or `today` become ranges; what is a DICOM value or range already stays as
it is, and so does what nobody understands: `problem` tells what is wrong with that. Pure: the present
moment is a parameter.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

from dimsetools.dataset.attributes import Attribute, Attributes

FORMS = {
    "DA": "write 20260131, 20260101-20260331, 2026-01..2026-03, 2026, -7d or today",
    "TM": "write 0800, 0800-1200, 08:00..12:00 or -2h",
    "DT": "write 20260131080000, 2026-01-31T08:00..2026-01-31T12:00, 2026-01, -12h or today",
}
"""The VRs that take ranges, and what to tell people who got one wrong."""

_RELATIVE = re.compile(r"([+-])([0-9]{1,6})(min|[hdwmy])", re.ASCII | re.IGNORECASE)
_DAY = re.compile(
    r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?|([0-9]{2})([0-9]{2})?|\.([0-9]{2})\.([0-9]{2}))?", re.ASCII
)
_CLOCK = re.compile(r"[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?", re.ASCII)
_OFFSET = re.compile(r"(Z|[+-][0-9]{2}:?[0-9]{2})$", re.ASCII | re.IGNORECASE)
_DAYS = {"yesterday": -1, "today": 0, "tomorrow": 1}

# PS3.5 table 6.2-1.
_DA = r"[0-9]{8}"
_TM = r"[0-9]{2}(?:[0-9]{2}(?:[0-9]{2}(?:\.[0-9]{1,6})?)?)?"
_DT = rf"[0-9]{{4}}(?:[0-9]{{2}}(?:[0-9]{{2}}(?:{_TM})?)?)?(?:[+-][0-9]{{4}})?"
_VALUES = {vr: re.compile(form, re.ASCII) for vr, form in (("DA", _DA), ("TM", _TM), ("DT", _DT))}
_RANGES = {
    vr: re.compile(f"({form})?-({form})?", re.ASCII) for vr, form in (("DA", _DA), ("TM", _TM), ("DT", _DT))
}


class _Span(NamedTuple):
    """A moment or a period: the DICOM values of its beginning and of its end."""

    first: str
    last: str


def present(today: date | None = None) -> datetime:
    """Return the local time, or `today` if it is given: a moment, or a day, which begins at midnight."""
    if today is None:
        return datetime.now().astimezone()
    return today if isinstance(today, datetime) else datetime.combine(today, time())


def resolve(text: str, vr: str, now: datetime, *, ranged: bool = True) -> str:
    """Return the value of a key of VR `vr` (DA, TM, DT; others are left alone) for DICOM.

    Where it is to be `ranged`, as in a query, what is longer than a moment becomes a range; else it is one
    value, and what is no day and no moment stays as it is. Raises ValueError for a relative time that cannot
    be: out of the calendar, or in TM of another day.
    """
    if vr not in FORMS:
        return text
    wanted = text.strip()
    if not ranged:
        return text if _VALUES[vr].fullmatch(wanted) else _single(wanted, vr, now)
    # The standard takes a bare year, month or day in DT for a moment; nobody who writes one means that.
    period = vr == "DT" and wanted.isdigit() and len(wanted) <= 8
    if not period and not problem(wanted, vr):
        return text
    span = _range(wanted, vr, now)
    if span is None:
        return text
    return span.first if span.first == span.last else f"{span.first}-{span.last}"


def _single(text: str, vr: str, now: datetime) -> str:
    """Return the value of one day or moment, `text` for anything else."""
    span = _READERS[vr](text, now)
    if span is None:
        return text
    if span.first == span.last:
        return span.first
    day = span.first[:8]
    return day if day == span.last[:8] else text


def resolved(attributes: Attributes, now: datetime, *, ranged: bool = True) -> Attributes:
    """Return a data set with each of its dates and times resolved, those in items included."""

    def one(attribute: Attribute) -> Attribute:
        vr, values = attribute
        if vr == "SQ":
            return Attribute(vr, tuple(resolved(item, now, ranged=ranged) for item in values))
        if vr in FORMS:
            return Attribute(vr, tuple(resolve(text, vr, now, ranged=ranged) for text in values))
        return attribute

    return {tag: one(attribute) for tag, attribute in attributes.items()}


def problem(text: str, vr: str) -> str:
    """Say what makes `text` no value and no range of VR `vr` (DA, TM, DT), "" if it is one."""
    kind = {"DA": "date", "TM": "time", "DT": "date-time"}[vr]
    if _VALUES[vr].fullmatch(text):
        return "" if _exists(text, vr) else f"there is no such {kind}"
    match = _RANGES[vr].fullmatch(text)
    if match is None or text == "-":
        return f"it is no {kind} and no range of them"
    first, last = match.groups(default="")
    if not all(_exists(end, vr) for end in (first, last) if end):
        return f"there is no such {kind}"
    common = min(len(first), len(last))
    return "the range begins after it ends" if first[:common] > last[:common] else ""


def _exists(text: str, vr: str) -> bool:
    """Tell whether a value of the right form is in the calendar and on the clock."""
    digits = text
    if vr != "TM":
        digits = re.split("[-+]", text)[0]
        year, month, day, digits = digits[:4], digits[4:6], digits[6:8], digits[8:]
        try:
            date(int(year), int(month or 1), int(day or 1))
        except ValueError:
            return False
    # 60 is the leap second.
    return digits[:2] < "24" and digits[2:4] < "60" and digits[4:6] <= "60"


# -- what people write ------------------------------------------------------------------------------


def _range(text: str, vr: str, now: datetime) -> _Span | None:
    """Return what a value or range means, None if it is not understood."""
    read = _READERS[vr]
    if ".." in text:
        first, _, last = text.partition("..")
        return _between(first.strip(), last.strip(), read, now)
    span = read(text, now)
    if span is not None:
        relative = _RELATIVE.fullmatch(text)
        if relative is None:
            return span
        present_span = read("now" if relative[3].lower() in ("h", "min") else "today", now)
        if present_span is None:
            return None
        return (
            _Span(span.first, present_span.last)
            if relative[1] == "-"
            else _Span(present_span.first, span.last)
        )
    # A range with a hyphen, which dates may hold themselves.
    for at in (match.start() for match in re.finditer("-", text)):
        found = _between(text[:at], text[at + 1 :], read, now)
        if found is not None:
            return found
    return None


_Reader = Callable[[str, datetime], _Span | None]


def _between(first: str, last: str, read: _Reader, now: datetime) -> _Span | None:
    """Return the range from the beginning of `first` to the end of `last`, one of which may be empty."""
    begin, end = (read(text, now) if text else _Span("", "") for text in (first, last))
    if begin is None or end is None or not (first or last):
        return None
    return _Span(begin.first, end.last)


def _day_span(text: str, now: datetime) -> tuple[date, date] | None:
    """Return the first and last day of a day, month, year, or day relative to now."""
    word = text.lower()
    if word == "now":
        word = "today"
    if word in _DAYS:
        day = _shifted(now, _DAYS[word], "d").date()
        return day, day
    relative = _RELATIVE.fullmatch(text)
    if relative is not None:
        day = _shifted(now, int(relative[1] + relative[2]), relative[3].lower()).date()
        return day, day
    match = _DAY.fullmatch(text)
    if match is None:
        return None
    year, month, day_of_month = (
        int(match[1]),
        match[2] or match[4] or match[6],
        match[3] or match[5] or match[7],
    )
    try:
        if month is None:
            return date(year, 1, 1), date(year, 12, 31)
        first = date(year, int(month), int(day_of_month or 1))
    except ValueError:
        return None
    return (first, first) if day_of_month else (first, first.replace(day=monthrange(year, first.month)[1]))


def _shifted(now: datetime, count: int, unit: str) -> datetime:
    """Return `now` moved by `count` units; months and years keep the day where the month has it."""
    try:
        if unit in ("m", "y"):
            months = now.year * 12 + now.month - 1 + count * (12 if unit == "y" else 1)
            year, month = divmod(months, 12)
            day = min(now.day, monthrange(year, month + 1)[1]) if 1 <= year <= 9999 else 1
            return now.replace(year=year, month=month + 1, day=day)
        length = {"min": 60, "h": 3600, "d": 86400, "w": 604800}[unit]
        return now + timedelta(seconds=length * count)
    except (OverflowError, ValueError):
        raise ValueError("it is outside the calendar") from None


def _date(text: str, now: datetime) -> _Span | None:
    days = _day_span(text, now)
    return None if days is None else _Span(_compact(days[0]), _compact(days[1]))


def _compact(day: date) -> str:
    return f"{day.year:04}{day.month:02}{day.day:02}"


def _time(text: str, now: datetime) -> _Span | None:
    if text.lower() == "now":
        return _Span(*[now.strftime("%H%M%S")] * 2)
    relative = _RELATIVE.fullmatch(text)
    if relative is not None:
        if relative[3].lower() not in ("h", "min"):
            return None
        moment = _shifted(now, int(relative[1] + relative[2]), relative[3].lower())
        if moment.date() != now.date():
            raise ValueError("it is a time of another day")
        return _Span(*[moment.strftime("%H%M%S")] * 2)
    if _CLOCK.fullmatch(text):
        text = text.replace(":", "")
    return _Span(text, text) if _VALUES["TM"].fullmatch(text) and _exists(text, "TM") else None


def _date_time(text: str, now: datetime) -> _Span | None:
    relative = _RELATIVE.fullmatch(text)
    if text.lower() == "now" or (relative is not None and relative[3].lower() in ("h", "min")):
        moment = _shifted(now, int(relative[1] + relative[2]), relative[3].lower()) if relative else now
        written = _compact(moment) + moment.strftime("%H%M%S")
        return _Span(written, written)
    days = _day_span(text, now)
    if days is not None:
        return _Span(_compact(days[0]) + "000000", _compact(days[1]) + "235959.999999")
    if _VALUES["DT"].fullmatch(text) and _exists(text, "DT"):
        return _Span(text, text)
    day, _, clock = text.replace(" ", "T").partition("T")
    offset = _OFFSET.search(clock)
    if offset is not None:
        clock = clock[: offset.start()]
    days, moment_of_day = _day_span(day, now), _time(clock, now)
    if days is None or days[0] != days[1] or moment_of_day is None or not clock[:1].isdigit():
        return None
    behind = "" if offset is None else offset[1].upper().replace(":", "").replace("Z", "+0000")
    written = _compact(days[0]) + moment_of_day.first + behind
    return _Span(written, written)


_READERS: dict[str, _Reader] = {"DA": _date, "TM": _time, "DT": _date_time}
