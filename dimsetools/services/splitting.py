"""A query over a range of dates as many small ones, for peers that give only so many answers (PS3.4 C.4.1).

The range is cut into days or months. Where the peer still stops early, the slice is halved, down to minutes,
and what it gave before is not told again. A peer may stop without saying so: a round number of matches is
looked at twice.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from datetime import date, timedelta
from hashlib import blake2b
from typing import TYPE_CHECKING, NamedTuple

from dimsetools.dataset.attributes import Attribute, Attributes, sorted_attributes, text
from dimsetools.dataset.dictionary import keyword_of
from dimsetools.dataset.levels import LEVEL, LEVELS, unique_key
from dimsetools.errors import UsageError
from dimsetools.services.find import Finished, Match, Remark
from dimsetools.status import Category, describe

if TYPE_CHECKING:
    from dimsetools.services.find import Event, Finder

_TIME_OF = {
    0x00080020: 0x00080030, 0x00080021: 0x00080031, 0x00400002: 0x00400003, 0x00400244: 0x00400245,
}  # fmt: skip
"""Dates -> the times that go with them: of study, series, scheduled and performed procedure step."""
_CANCELLED = 0xFE00
"""How Orthanc 1.10 says that there is more than it gives; the standard has a warning for that, B001."""
_GAVE_UP = frozenset(("out-of-resources", "unable-to-process"))
"""How others say so: failures that may be gone where less is asked for."""
_LEAST_ROUND = 50
_DAY = 24 * 60 * 60
_LEAST_SECONDS = 60


class Slice(NamedTuple):
    """Days `first` to `last`, both included; if that is one day, its seconds from `begin` until `end`."""

    first: date
    last: date
    begin: int = 0
    end: int = _DAY

    def halves(self, *, within_day: bool) -> tuple[Slice, Slice] | None:
        """Return the two halves, None if it is not to be cut any further."""
        days = (self.last - self.first).days
        if days:
            middle = self.first + timedelta(days // 2)
            return Slice(self.first, middle), Slice(middle + timedelta(1), self.last)
        half = (self.begin + self.end) // 2
        if not within_day or half - self.begin < _LEAST_SECONDS:
            return None
        return self._replace(end=half), self._replace(begin=half)

    def __str__(self) -> str:
        days = str(self.first) if self.first == self.last else f"{self.first} to {self.last}"
        if (self.begin, self.end) == (0, _DAY):
            return days
        return f"{days} {_clock(self.begin)} to {_clock(self.end - 1)}"


class Splitter:
    """The slices of `query`, by "day" or "month"; UsageError if it has no range of dates that ends somewhere.

    A range without a last day ends a day after `today`: clocks differ.
    """

    def __init__(self, query: Attributes, by: str, today: date) -> None:
        self._query = query
        self._path, self._whole = _range(query, today)
        time = (*self._path[:-1], _TIME_OF.get(self._path[-1], 0))
        self._time = time if time[-1] and not text(_parent(query, time), time[-1]) else None
        self._by = by
        level = text(query, LEVEL).upper()
        self._unique = unique_key(level) if level in ("", *LEVELS) else 0
        # A patient is found on every day of a study; all else has one date.
        self._repeats = level == "PATIENT"

    def slices(self) -> Iterator[Slice]:
        """Return the slices, the first days first."""
        first, end = self._whole.first, self._whole.last
        while first <= end:
            last = first
            if self._by == "month":
                last = min((first.replace(day=1) + timedelta(31)).replace(day=1) - timedelta(1), end)
            yield Slice(first, last)
            first = last + timedelta(1)

    def query(self, part: Slice) -> Attributes:
        """Return the keys of one slice."""
        days = f"{part.first:%Y%m%d}"
        if part.last != part.first:
            days += f"-{part.last:%Y%m%d}"
        found = _with(self._query, self._path, Attribute("DA", (days,)))
        if self._time is None or (part.begin, part.end) == (0, _DAY):
            return found
        times = f"{_digits(part.begin)}-{_digits(part.end - 1)}.999999"
        return _with(found, self._time, Attribute("TM", (times,)))

    def ask(self, finder: Finder, *, limit: int | None = None) -> Iterator[Event]:
        """Ask slice by slice, until there are `limit` matches; events as of Finder.ask.

        A slice that was halved has no Finished of its own, but a Remark. If the first one fails however small
        it is made, no other is asked. Raises as Finder.ask.
        """
        caps, seen, worked = set[int](), set[bytes](), False
        for whole in self.slices():
            parts = [whole]
            if not self._repeats:
                seen.clear()
            while parts and limit != 0:
                part = parts.pop()
                answers = _Answers(seen, self._unique)
                finished = yield from self._ask(finder, part, answers, limit)
                # Without a single match there is nothing that says it is the number of them.
                halves = part.halves(within_day=self._time is not None and answers.count > 0)
                if limit is not None:
                    limit -= finished.matches
                if halves is not None and answers.stopped_early(finished, caps):
                    yield Remark(f"{part}: the peer gave {answers.count} matches and stopped; halved", True)
                    parts += reversed(halves)
                    continue
                yield finished
                worked = worked or finished.error is None
                if finished.ends_all or not worked:
                    return

    def _ask(
        self, finder: Finder, part: Slice, answers: _Answers, limit: int | None
    ) -> Generator[Event, None, Finished]:
        """Ask one slice; return its Finished instead of yielding it."""
        finished: Finished | None = None
        for event in finder.ask(self.query(part), limit=limit, wanted=answers.new):
            if isinstance(event, Finished):
                finished = event
            else:
                yield event
        assert finished is not None
        return finished


class _Answers:
    """What a peer has answered to one slice; `seen` are the matches of the slice that it is a half of."""

    def __init__(self, seen: set[bytes], unique: int) -> None:
        self.count = 0
        self._seen = seen
        self._unique = unique

    def new(self, match: Match) -> bool:
        """Count a match; tell whether it was not there before."""
        self.count += 1
        uid = text(match.attributes, self._unique) if match.attributes is not None else ""
        name = uid.encode() or blake2b(match.raw, digest_size=16).digest()
        known = name in self._seen
        self._seen.add(name)
        return not known

    def stopped_early(self, finished: Finished, caps: set[int]) -> bool:
        """Tell whether there may be more; `caps` are counts at which the peer has stopped before."""
        if finished.cancelled is not None or finished.status is None:
            return False
        meaning = describe(finished.status, "C-FIND")
        if finished.status == _CANCELLED or meaning.category is Category.WARNING or meaning.name in _GAVE_UP:
            caps.add(self.count)
            return True
        count = self.count
        round_number = count % _LEAST_ROUND == 0 or count.bit_count() == 1
        return finished.complete and count >= _LEAST_ROUND and (round_number or count in caps)


# -- keys within a query ----------------------------------------------------------------------------


def _range(query: Attributes, today: date) -> tuple[tuple[int, ...], Slice]:
    """Return where the range of dates stands in the query, and what it is."""
    found = list(_dates(query, ()))
    for path, value in found:
        first, dash, last = value.partition("-")
        begin = _day(first)
        end = _day(last) if last else today + timedelta(1) if dash else begin
        if begin is not None and end is not None:
            return path, Slice(begin, max(begin, end))
    if found:
        name = keyword_of(found[0][0][-1])
        raise UsageError(
            f"{name} {found[0][1]} has no first day, so there is nothing to begin with",
            hint=f"give it one: {name}=20200101-",
        )
    raise UsageError("there is no range of dates to split", hint="add one: StudyDate=20250101-20251231")


def _dates(attributes: Attributes, before: tuple[int, ...]) -> Iterator[tuple[tuple[int, ...], str]]:
    """Return the dates of a query and of the first items in it, that of the study first."""
    for tag in sorted(attributes, key=lambda tag: (tag not in _TIME_OF, tag)):
        vr, values = attributes[tag]
        if vr == "DA" and values and values[0]:
            yield (*before, tag), str(values[0])
        elif vr == "SQ" and values:
            yield from _dates(values[0], (*before, tag))


def _day(written: str) -> date | None:
    try:
        return date.fromisoformat(written.strip())
    except ValueError:
        return None


def _parent(query: Attributes, path: tuple[int, ...]) -> Attributes:
    for tag in path[:-1]:
        query = query[tag].values[0]
    return query


def _with(query: Attributes, path: tuple[int, ...], value: Attribute) -> Attributes:
    """Return the query with another value at `path`."""
    if len(path) > 1:
        sequence = query[path[0]]
        value = Attribute("SQ", (_with(sequence.values[0], path[1:], value), *sequence.values[1:]))
    return sorted_attributes(query | {path[0]: value})


def _clock(seconds: int) -> str:
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def _digits(seconds: int) -> str:
    return _clock(seconds).replace(":", "")
