"""Whether an entity has what the keys of a query ask for, and what to answer with (PS3.4 C.2.2.2, C.2.2.3).

- An empty key, and a `*` alone, match everything (universal matching). Any other key matches no entity in
  which the attribute is empty or absent, but for two quotation marks, which match only those.
- Several values in a key are alternatives, in UIDs (list of UID matching) and everywhere else. An attribute
  with several values matches if one of them does.
- Text is compared as it is, case included; `*` and `?` are wild where the standard has them. IS and DS are
  compared as numbers, dates and times as moments.
- Person names are compared without case, width and trailing `^`. A key of one component group may match
  any group; one of several has each of its groups matched with the same one. Fuzzy matching, where it was
  negotiated, also takes words in any order, as beginnings, without accents.
- A date and a time that belong together are one range where that was negotiated (combined date-time
  matching), else they are matched each on its own.
- A sequence matches if one item of the entity matches the item of the key. All its items are answered, each
  with the attributes that the key's item names.

Pure: no clock, no file.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Any

from dimsetools.archive import moments, persons
from dimsetools.dataset.attributes import SPECIFIC_CHARACTER_SET, STRINGS, Attribute, Attributes, text

QUERY_RETRIEVE_LEVEL = 0x00080052
RETRIEVE_AE_TITLE = 0x00080054
TIMEZONE_OFFSET = 0x00080201
NEVER_MATCHED = frozenset((SPECIFIC_CHARACTER_SET, QUERY_RETRIEVE_LEVEL, RETRIEVE_AE_TITLE, TIMEZONE_OFFSET))
"""Attributes of an identifier that say something about the query itself."""

EMPTY = '""'
"""The key of empty value matching."""

WILD = frozenset(("AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT"))
"""The VRs with wild card matching (PS3.4 C.2.2.2.4)."""

_COMPARED = frozenset(("PN", "DA", "TM", "DT", "IS", "DS"))
"""The VRs whose values are compared by what they mean."""

# Dates and times of one moment each.
_PAIRS = (
    (0x00080012, 0x00080013), (0x00080020, 0x00080030), (0x00080021, 0x00080031), (0x00080022, 0x00080032),
    (0x00080023, 0x00080033), (0x00100030, 0x00100032), (0x00380020, 0x00380021), (0x00400002, 0x00400003),
    (0x00400004, 0x00400005), (0x00400244, 0x00400245), (0x00400250, 0x00400251), (0x00402004, 0x00402005),
    (0x00700082, 0x00700083),
)  # fmt: skip

_Test = Callable[[Attributes], bool]
_ValueTest = Callable[[Any], bool]


class Matcher:
    """The keys of one query, made ready for many entities.

    `fuzzy` and `datetime`: fuzzy matching of person names and combined date-time matching were negotiated.
    """

    def __init__(self, keys: Attributes, *, fuzzy: bool = False, datetime: bool = False) -> None:
        self._keys = keys
        self._tests: list[_Test] = []
        paired: set[int] = set()
        for day, time in _PAIRS if datetime else ():
            test = _combined(keys, day, time)
            if test is not None:
                self._tests.append(test)
                paired |= {day, time}
        zone = moments.offset(text(keys, TIMEZONE_OFFSET))
        for tag, key in keys.items():
            if tag in NEVER_MATCHED or tag in paired or not tag & 0xFFFF or is_universal(key):
                continue
            if key.vr == "SQ":
                items = [Matcher(item, fuzzy=fuzzy, datetime=datetime) for item in key.values]
                if items and not any(item.universal for item in items):
                    self._tests.append(partial(_any_item, tag, items))
            elif key.vr == "DT":
                self._tests.append(partial(_any_date_time, tag, _alternatives(key), zone))
            else:
                self._tests.append(partial(_any_value, tag, *_value_tests(key, fuzzy=fuzzy)))

    @property
    def universal(self) -> bool:
        """Whether every entity matches."""
        return not self._tests

    def matches(self, candidate: Attributes) -> bool:
        """Tell whether an entity matches all keys."""
        return all(test(candidate) for test in self._tests)

    def answer(self, candidate: Attributes) -> Attributes:
        """Return what the keys ask for of an entity."""
        return answer(self._keys, candidate)


def matches(keys: Attributes, candidate: Attributes, *, fuzzy: bool = False, datetime: bool = False) -> bool:
    """Tell whether an entity matches all keys of a query; for many entities make one Matcher."""
    return Matcher(keys, fuzzy=fuzzy, datetime=datetime).matches(candidate)


def answer(keys: Attributes, candidate: Attributes) -> Attributes:
    """Return the attributes that `keys` name, with the entity's values; empty ones where it has none.

    Specific Character Set is not among them: it belongs to the encoding of an answer.
    """
    found: Attributes = {}
    for tag, key in keys.items():
        if tag == SPECIFIC_CHARACTER_SET:
            continue
        attribute = candidate.get(tag) or Attribute(key.vr)
        if attribute.vr == "SQ" and key.values and any(key.values):
            asked = {inner: item[inner] for item in key.values for inner in sorted(item)}
            attribute = Attribute("SQ", tuple(answer(asked, item) for item in attribute.values))
        found[tag] = attribute
    return found


def is_universal(key: Attribute) -> bool:
    """Tell whether a key matches everything."""
    if key.vr in STRINGS:
        return not any(stripped(value, key.vr) not in ("", "*") for value in key.values)
    return not key.values


def wildcard(pattern: str, normalise: Callable[[str], str] = str) -> re.Pattern[str]:
    """Return what matches text as a whole like `pattern` with its `*` and `?`.

    Each piece between asterisks is bound to the first place where it fits: trying others could not help, and
    would let a query take years.
    """
    pieces = ["".join(map(_escaped, re.split(r"(\?)", normalise(part)))) for part in pattern.split("*")]
    if len(pieces) == 1:
        return re.compile(pieces[0], re.DOTALL)
    between = "".join(f"(?>.*?{piece})" for piece in pieces[1:-1])
    return re.compile(f"{pieces[0]}{between}.*{pieces[-1]}", re.DOTALL)


def is_wild(value: str) -> bool:
    """Tell whether a key of a VR with wild cards has one."""
    return "*" in value or "?" in value


def _escaped(piece: str) -> str:
    return "." if piece == "?" else re.escape(piece)


def stripped(value: object, vr: str) -> str:
    """Return a value without the spaces that are not significant in its VR (PS3.5 6.2)."""
    whole = str(value).rstrip(" \0")
    return whole if vr in ("LT", "ST", "UT") else whole.lstrip(" ")


def _alternatives(key: Attribute) -> list[str]:
    return [value for value in (stripped(value, key.vr) for value in key.values) if value]


# -- tests of one attribute ---------------------------------------------------------------------------


def _any_value(tag: int, tests: list[_ValueTest], empty: bool, candidate: Attributes) -> bool:
    """Whether a value passes a test, or with `empty` there is none."""
    found = candidate.get(tag)
    values = [value for value in found.values if value != ""] if found is not None else ()
    if not values:
        return empty
    return any(test(value) for value in values for test in tests)


def _value_tests(key: Attribute, *, fuzzy: bool) -> tuple[list[_ValueTest], bool]:
    """Return the alternatives of a key, and whether it asks for empty ones."""
    if key.vr not in STRINGS:
        return [frozenset(key.values).__contains__], False
    wanted = _alternatives(key)
    asked = [value for value in wanted if value != EMPTY]
    exact = frozenset(value for value in asked if _is_exact(value, key.vr))
    tests = [_text_test(value, key.vr, fuzzy=fuzzy) for value in asked if value not in exact]
    if exact:
        tests.append(partial(_is_one_of, exact, key.vr))
    return tests, EMPTY in wanted


def _text_test(wanted: str, vr: str, *, fuzzy: bool) -> _ValueTest:
    if vr == "PN":
        literal = _name_test(wanted)
        return partial(_either, literal, _fuzzy_test(wanted)) if fuzzy else literal
    span = {"DA": moments.date_span, "TM": moments.time_span}.get(vr, _no_span)(wanted)
    if span is not None:
        read = moments.day if vr == "DA" else moments.clock
        return partial(_lies_in, span, read)
    if vr in ("IS", "DS"):
        return partial(_same_number, wanted, _number(wanted))
    if vr in WILD and is_wild(wanted):
        return partial(_fits, wildcard(wanted), vr)
    return partial(_same_text, wanted, vr)


def _is_exact(value: str, vr: str) -> bool:
    """Tell whether a key of text is compared as it is: of such there may be any number."""
    return vr not in _COMPARED and not (vr in WILD and is_wild(value))


def _is_one_of(wanted: frozenset[str], vr: str, value: object) -> bool:
    return stripped(value, vr) in wanted


def _no_span(_text: str) -> None:
    return None


def _equals(wanted: object, value: object) -> bool:
    return bool(wanted == value)


def _either(one: _ValueTest, other: _ValueTest, value: Any) -> bool:
    return one(value) or other(value)


def _same_text(wanted: str, vr: str, value: object) -> bool:
    return wanted == stripped(value, vr)


def _fits(pattern: re.Pattern[str], vr: str, value: object) -> bool:
    return pattern.fullmatch(stripped(value, vr)) is not None


def _lies_in(span: moments.Span, read: Callable[[str], str], value: object) -> bool:
    return span.holds(read(str(value)))


def _same_number(wanted: str, number: float | None, value: object) -> bool:
    if number is None:
        return wanted == str(value).strip()
    return _number(str(value)) == number


def _number(written: str) -> float | None:
    try:
        return float(written)
    except ValueError:
        return None


def _any_item(tag: int, items: list[Matcher], candidate: Attributes) -> bool:
    found = candidate.get(tag)
    return found is not None and any(item.matches(inner) for inner in found.values for item in items)


# -- person names -------------------------------------------------------------------------------------


def _name_test(wanted: str) -> _ValueTest:
    parts = wanted.split("=")
    if len(parts) == 1:
        return partial(_any_group, _group_test(wanted))
    return partial(_each_group, [_group_test(part) if part.strip("^ *") else None for part in parts])


def _group_test(wanted: str) -> Callable[[str], bool]:
    """Return the test of one component group; components that a wild card stands for may be empty."""
    if not is_wild(wanted):
        return partial(_equals, persons.group(wanted))
    pattern = wildcard(wanted.rstrip("^ "), persons.normalised)
    carets = wanted.count("^")
    return partial(_group_fits, pattern, carets)


def _group_fits(pattern: re.Pattern[str], carets: int, group: str) -> bool:
    if pattern.fullmatch(group):
        return True
    missing = carets - group.count("^")
    return missing > 0 and pattern.fullmatch(group + "^" * missing) is not None


def _any_group(test: Callable[[str], bool], value: object) -> bool:
    return any(test(group) for group in persons.groups(str(value)) if group)


def _each_group(tests: list[Callable[[str], bool] | None], value: object) -> bool:
    groups = persons.groups(str(value))
    return all(test is None or test(group) for test, group in zip(tests, groups, strict=False))


def _fuzzy_test(wanted: str) -> _ValueTest:
    patterns = [wildcard(word if word.endswith("*") else f"{word}*") for word in persons.words(wanted)]
    return partial(_has_words, patterns)


def _has_words(patterns: list[re.Pattern[str]], value: object) -> bool:
    words = persons.words(str(value))
    return bool(patterns) and all(any(pattern.fullmatch(word) for word in words) for pattern in patterns)


# -- moments ------------------------------------------------------------------------------------------


def _any_date_time(tag: int, wanted: list[str], zone: int | None, candidate: Attributes) -> bool:
    found = candidate.get(tag)
    values = [str(value) for value in found.values if value] if found is not None else []
    if not values:
        return EMPTY in wanted
    local = moments.offset(text(candidate, TIMEZONE_OFFSET))
    read = [moments.date_time(value, zone=local) for value in values]
    for key in wanted:
        span = moments.date_time_span(key, zone)
        if span is None:
            if key in values:
                return True
        elif any(moment is not None and span.hold(moment) for moment in read):
            return True
    return False


def _combined(keys: Attributes, day: int, time: int) -> _Test | None:
    """Return the test of a date and a time as one range, None if the keys ask for no such range."""
    dates, times = text(keys, day), text(keys, time)
    if not (dates and times and (moments.is_range(dates) or moments.is_range(times))):
        return None
    days, clocks = moments.date_span(dates), moments.time_span(times)
    if days is None or clocks is None or not moments.is_range(times):
        return None
    span = moments.Span(days.first + clocks.first, days.last + clocks.last)
    return partial(_moment_lies_in, span, day, time)


def _moment_lies_in(span: moments.Span, day: int, time: int, candidate: Attributes) -> bool:
    date, clock = moments.day(text(candidate, day)), moments.clock(text(candidate, time))
    return bool(date and clock) and span.holds(date + clock)
