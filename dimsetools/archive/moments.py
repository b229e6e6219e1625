"""Dates, times and date-times compared by what they mean, not by how they are written (PS3.4 C.2.2.2.1, .5).

Everything becomes digits that compare like the moments themselves: `20260102` for a day, `093000000000` for a
time of it down to the microsecond, both joined for a date-time. Pure.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import NamedTuple

_DA = re.compile(r"(\d{4})(\d{2})(\d{2})|(\d{4})\.(\d{2})\.(\d{2})", re.ASCII)
_TM = re.compile(r"(\d{2})(?::?(\d{2})(?::?(\d{2})(?:\.(\d{1,6}))?)?)?", re.ASCII)
# A hyphen and four digits that can be an offset from UTC are one, not the end of a range (PS3.4 C.2.2.2.5).
_DT = r"\d{4}(?:\d{2}(?:\d{2}(?:\d{2}(?:\d{2}(?:\d{2}(?:\.\d{1,6})?)?)?)?)?)?(?:[+-](?:0\d|1[0-4])[0-5]\d)?"
_DT_VALUE = re.compile(r"(\d{4,14})(?:\.(\d{1,6}))?([+-](?:0\d|1[0-4])[0-5]\d)?", re.ASCII)
_DT_RANGE = re.compile(rf"({_DT})?-({_DT})?", re.ASCII)
_LEAST, _MOST = "00000101000000000000", "99991231235959999999"

DAY_FIRST, DAY_LAST = _LEAST[8:], _MOST[8:]
"""The first and the last time of a day."""


class Span(NamedTuple):
    """What a key asks for: from `first` to `last`, both included."""

    first: str
    last: str

    def holds(self, moment: str) -> bool:
        """Tell whether a moment lies in it; one that nobody could read, "", does not."""
        return self.first <= moment <= self.last and bool(moment)


def day(text: str) -> str:
    """Return a date (DA, the old form with dots included) as eight digits, "" if it is none."""
    match = _DA.fullmatch(text.strip())
    return "".join(part for part in match.groups() if part) if match else ""


def clock(text: str, *, last: bool = False) -> str:
    """Return a time (TM, the old form with colons included) as twelve digits, "" if it is none.

    What a less precise one leaves out counts as zero, or with `last` as the last moment that fits.
    """
    match = _TM.fullmatch(text.strip())
    if match is None:
        return ""
    digits = "".join(part for part in match.groups() if part)
    return digits + (DAY_LAST if last else DAY_FIRST)[len(digits) :]


def date_span(text: str) -> Span | None:
    """Return the days that a key of DA asks for, None if it is not understood."""
    first, hyphen, last = text.partition("-")
    if not hyphen:
        only = day(first)
        return Span(only, only) if only else None
    begin, end = day(first), day(last)
    if not (begin or end) or (first.strip() and not begin) or (last.strip() and not end):
        return None
    return Span(begin or _LEAST[:8], end or _MOST[:8])


def time_span(text: str) -> Span | None:
    """Return the times that a key of TM asks for: a single value is one moment, the end of a range is whole.

    So `1030` is 10:30:00, and `1000-1030` goes on until 10:30:59.
    """
    first, hyphen, last = text.partition("-")
    if not hyphen:
        only = clock(first)
        return Span(only, only) if only else None
    begin, end = clock(first), clock(last, last=True)
    if not (begin or end) or (first.strip() and not begin) or (last.strip() and not end):
        return None
    return Span(begin or DAY_FIRST, end or DAY_LAST)


def is_range(text: str) -> bool:
    """Tell whether a key of DA or TM asks for a range."""
    return "-" in text


class DateTime(NamedTuple):
    """A date-time of twenty digits, and its offset from UTC in minutes if it says one."""

    digits: str
    offset: int | None

    def against(self, offset: int | None) -> str:
        """Return the digits to compare with those of a date-time that has `offset`.

        Both in UTC if both offsets are known; else the two are taken for clocks of one place.
        """
        if self.offset is None or offset is None:
            return self.digits
        return _shifted(self.digits, -self.offset)


class DateTimes(NamedTuple):
    """What a key of DT asks for."""

    first: DateTime
    last: DateTime

    def hold(self, moment: DateTime) -> bool:
        """Tell whether a date-time lies in the range."""
        begin = self.first.against(moment.offset) <= moment.against(self.first.offset)
        return begin and moment.against(self.last.offset) <= self.last.against(moment.offset)


def date_time(text: str, *, last: bool = False, zone: int | None = None) -> DateTime | None:
    """Return a DT, None if it is none; `zone` is the offset of one that says none, in minutes."""
    match = _DT_VALUE.fullmatch(text.strip())
    if match is None or len(match[1]) % 2:
        return None
    digits = match[1] + (match[2] or "")
    return DateTime(digits + (_MOST if last else _LEAST)[len(digits) :], offset(match[3] or "", zone))


def date_time_span(text: str, zone: int | None = None) -> DateTimes | None:
    """Return the date-times that a key of DT asks for, None if it is not understood."""
    only = date_time(text, zone=zone)
    if only is not None:
        return DateTimes(only, only)
    match = _DT_RANGE.fullmatch(text.strip())
    if match is None or not (match[1] or match[2]):
        return None
    first = date_time(match[1], zone=zone) if match[1] else DateTime(_LEAST, None)
    end = date_time(match[2], last=True, zone=zone) if match[2] else DateTime(_MOST, None)
    return None if first is None or end is None else DateTimes(first, end)


def offset(text: str, default: int | None = None) -> int | None:
    """Return an offset from UTC such as `+0130` in minutes, `default` if it is none."""
    text = text.strip()
    if len(text) != 5 or text[0] not in "+-" or not (text[1:].isascii() and text[1:].isdigit()):
        return default
    minutes = int(text[1:3]) * 60 + int(text[3:])
    return -minutes if text[0] == "-" else minutes


def _shifted(digits: str, minutes: int) -> str:
    """Return digits moved by minutes; those at an end of the calendar, or outside of it, stay."""
    try:
        moment = datetime.strptime(digits, "%Y%m%d%H%M%S%f") + timedelta(minutes=minutes)  # noqa: DTZ007
    except (ValueError, OverflowError):
        return digits
    return f"{moment.year:04}" + moment.strftime("%m%d%H%M%S%f")
