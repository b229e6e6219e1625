"""Many small queries instead of one that the peer does not answer in full."""

from __future__ import annotations

import struct
from collections.abc import Callable
from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dimsetools.association.values import Target
from dimsetools.dataset.attributes import Attribute, Attributes, text
from dimsetools.dataset.decode import decode
from dimsetools.errors import LimitReached, StatusFailure, UsageError
from dimsetools.services.find import Event, Finder, Finished, Manner, Match, Opened, Remark
from dimsetools.services.splitting import Slice, Splitter
from tests.association.ends import AMPLE
from tests.dataset.encoding import Encoding
from tests.scripted import wire
from tests.scripted.conversation import Conversation, accept, release
from tests.scripted.peers import HOST, scripted_server
from tests.services.querying import C_FIND_RQ, CANCELLED, PENDING, STUDY_FIND, find_rsp

EXPLICIT = Encoding("<", True)
LEVEL, DATE, TIME, UID = 0x00080052, 0x00080020, 0x00080030, 0x0020000D
TODAY = date(2026, 3, 10)

Study = tuple[str, str, str]  # UID, date, time


def query(dates: str = "20260101-20260131", level: str = "STUDY", **more: str) -> Attributes:
    found = {LEVEL: Attribute("CS", (level,)), DATE: Attribute("DA", (dates,)), UID: Attribute("UI", ())}
    if "time" in more:
        found[TIME] = Attribute("TM", (more["time"],))
    return dict(sorted(found.items()))


def ranges(by: str, dates: str) -> list[str]:
    splitter = Splitter(query(dates), by, TODAY)
    return [text(splitter.query(part), DATE) for part in splitter.slices()]


# -- the plan ----------------------------------------------------------------------------------------


def test_days_and_months() -> None:
    assert ranges("day", "20260227-20260302") == ["20260227", "20260228", "20260301", "20260302"]
    assert ranges("month", "20251115-20260203") == [
        "20251115-20251130",
        "20251201-20251231",
        "20260101-20260131",
        "20260201-20260203",
    ]
    assert ranges("month", "20260215") == ["20260215"]


def test_a_range_without_a_last_day_ends_tomorrow() -> None:
    assert ranges("day", "20260309-") == ["20260309", "20260310", "20260311"]


@pytest.mark.parametrize(("dates", "words"), [("-20260101", "has no first day"), ("", "no range of dates")])
def test_what_cannot_be_split_is_a_usage_error(dates: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        Splitter(query(dates), "day", TODAY)


def test_a_date_within_a_sequence_is_split_where_it_stands() -> None:
    step = 0x00400100
    item = {0x00400002: Attribute("DA", ("20260101-20260102",)), 0x00400003: Attribute("TM", ())}
    splitter = Splitter({step: Attribute("SQ", (item,))}, "day", TODAY)
    queries = [splitter.query(part) for part in splitter.slices()]
    assert [text(found[step].values[0], 0x00400002) for found in queries] == ["20260101", "20260102"]
    half = Slice(date(2026, 1, 1), date(2026, 1, 1)).halves(within_day=True)
    assert half is not None
    assert text(splitter.query(half[1])[step].values[0], 0x00400003) == "120000-235959.999999"


DAYS = st.dates(date(2000, 1, 1), date(2030, 1, 1))


@given(first=DAYS, last=DAYS, by=st.sampled_from(["day", "month"]))
def test_slices_cover_the_range_once(first: date, last: date, by: str) -> None:
    first, last = sorted((first, last))
    slices = list(Splitter(query(f"{first:%Y%m%d}-{last:%Y%m%d}"), by, TODAY).slices())
    assert (slices[0].first, slices[-1].last) == (first, last)
    for one, other in pairwise(slices):
        assert (other.first - one.last).days == 1
        assert one.first <= one.last


@given(first=DAYS, days=st.integers(0, 400), within=st.booleans())
def test_halves_cover_the_slice_once_and_end(first: date, days: int, within: bool) -> None:
    whole = Slice(first, date.fromordinal(first.toordinal() + days))
    parts, leaves = [whole], list[Slice]()
    while parts:
        part = parts.pop()
        halves = part.halves(within_day=within and len(leaves) < 4)
        if halves is None:
            leaves.append(part)
        else:
            parts += reversed(halves)
    seconds = [
        (part.first.toordinal() * 86400 + part.begin, part.last.toordinal() * 86400 + part.end)
        for part in leaves
    ]
    assert seconds[0][0] == whole.first.toordinal() * 86400
    assert seconds[-1][1] == whole.last.toordinal() * 86400 + 86400
    assert all(one[1] == other[0] for one, other in pairwise(seconds))


# -- against a peer that gives only so many ----------------------------------------------------------


def in_range(value: str, wanted: str) -> bool:
    first, dash, last = wanted.partition("-")
    return (first or "0") <= value <= (last or "9") if dash else value.startswith(first)


def archive(
    studies: list[Study], cap: int, final: Callable[[int], bytes], asked: list[str]
) -> Callable[[Conversation], None]:
    """Step: answer queries from `studies`, `cap` of them at most and then `final`."""

    def step(talk: Conversation) -> None:
        accept()(talk)
        while True:
            pdu = talk.read_pdu()
            if pdu.kind != wire.P_DATA:
                if pdu.kind == wire.RELEASE_RQ:
                    talk.send(wire.release_rp())
                return
            command = wire.parse_command(pdu.body[6:])
            if struct.unpack("<H", command[0x100])[0] == wire.C_CANCEL_RQ:  # for what is over
                continue
            assert struct.unpack("<H", command[0x100])[0] == C_FIND_RQ
            number = struct.unpack("<H", command[0x110])[0]
            keys = decode(talk.expect(wire.P_DATA).body[6:], wire.EXPLICIT_LE)
            asked.append(" ".join(filter(None, (text(keys, DATE), text(keys, TIME)))))
            day, time = text(keys, DATE), text(keys, TIME)
            found = [
                study[0] for study in studies if in_range(study[1], day) and in_range(study[2], time or "-")
            ]
            for uid in found[:cap]:
                raw = uid.encode()
                data = EXPLICIT.element(UID, "UI", raw + b"\0" * (len(raw) % 2))
                talk.send(find_rsp(PENDING, data, number=number))
            talk.send(final(number) if len(found) > cap else find_rsp(0, number=number))

    return step


def ask(
    studies: list[Study],
    *,
    cap: int = 1000,
    status: int = 0,
    by: str = "month",
    keys: Attributes | None = None,
    limit: int | None = None,
) -> tuple[list[Event], list[str]]:
    asked: list[str] = []
    step = archive(studies, cap, lambda number: find_rsp(status, number=number), asked)
    with scripted_server([step]) as peer:
        target = Target(HOST, peer.port, timeouts=AMPLE)
        with Finder(target, Manner(STUDY_FIND)) as finder:
            events = list(Splitter(keys or query(), by, TODAY).ask(finder, limit=limit))
    return events, asked


def uids(events: list[Event]) -> list[str]:
    return [text(event.attributes or {}, UID) for event in events if isinstance(event, Match)]


def errors(events: list[Event]) -> list[type | None]:
    return [type(event.error) if event.error else None for event in events if isinstance(event, Finished)]


MONTH: list[Study] = [(f"1.{day}", f"202601{day:02}", "120000") for day in range(1, 32)]


def test_a_peer_that_gives_everything_is_asked_once_a_slice() -> None:
    events, asked = ask(MONTH, keys=query("20251201-20260131"))
    assert asked == ["20251201-20251231", "20260101-20260131"]
    assert uids(events) == [uid for uid, _, _ in MONTH]
    assert [type(event) for event in events].count(Opened) == 1


@pytest.mark.parametrize("status", [0xA700, 0xB001, 0xB123, 0xC001, CANCELLED])
def test_a_slice_that_the_peer_cuts_off_is_halved_and_nothing_is_told_twice(status: int) -> None:
    events, asked = ask(MONTH, cap=7, status=status)
    assert sorted(uids(events)) == sorted(uid for uid, _, _ in MONTH)
    assert asked[:3] == ["20260101-20260131", "20260101-20260116", "20260101-20260108"]
    assert "halved" in next(event.text for event in events if isinstance(event, Remark))
    assert set(errors(events)) == {None}


def test_a_round_number_of_matches_is_looked_at_twice() -> None:
    studies = [(f"1.{number}", f"202601{number % 30 + 1:02}", "120000") for number in range(140)]
    events, asked = ask(studies, cap=100)
    assert sorted(uids(events)) == sorted(uid for uid, _, _ in studies)
    assert len(asked) > 1


def test_a_day_is_cut_by_its_times() -> None:
    studies = [(f"1.{hour}", "20260105", f"{hour:02}3000") for hour in range(24)]
    events, asked = ask(studies, cap=10, status=0xA700, by="day", keys=query("20260105"))
    assert sorted(uids(events)) == sorted(uid for uid, _, _ in studies)
    assert asked[:2] == ["20260105", "20260105 000000-115959.999999"]
    assert errors(events) == [None] * (len(asked) // 2 + 1)


def test_a_day_is_left_alone_where_times_are_asked_for_already() -> None:
    studies = [(f"1.{hour}", "20260105", f"{hour:02}3000") for hour in range(24)]
    events, asked = ask(studies, cap=10, status=0xA700, keys=query("20260105", time="080000-"))
    assert len(asked) == 1
    assert errors(events) == [StatusFailure]


def test_a_minute_that_is_cut_off_is_a_failure() -> None:
    studies = [(f"1.{number}", "20260105", "120000") for number in range(3)]
    events, _ = ask(studies, cap=1, status=0xA700, keys=query("20260105"))
    assert uids(events) == ["1.0"]
    assert errors(events).count(StatusFailure) == 1


def test_a_query_that_fails_however_small_is_not_asked_for_every_day() -> None:
    events, asked = ask(MONTH, cap=0, status=0xC001, keys=query("20260101-20261231"))
    assert errors(events) == [StatusFailure]
    assert len(asked) < 8


def test_a_wrong_query_is_asked_once() -> None:
    events, asked = ask(MONTH, cap=0, status=0xA900)
    assert (errors(events), len(asked)) == ([StatusFailure], 1)


def test_a_limit_holds_over_all_slices() -> None:
    events, asked = ask(MONTH, by="day", limit=2)
    assert uids(events) == ["1.1", "1.2"]
    assert asked == ["20260101", "20260102"]


def test_a_patient_seen_in_several_slices_is_told_once() -> None:
    pid = 0x00100020

    def step(talk: Conversation) -> None:
        accept()(talk)
        for _ in range(2):
            number = talk.read_message().message_id
            data = EXPLICIT.element(pid, "LO", b"PAT1")
            talk.send(find_rsp(PENDING, data, number=number) + find_rsp(0, number=number))
        release()(talk)

    keys = query("20260101-20260102", level="PATIENT")
    with scripted_server([step]) as peer:
        target = Target(HOST, peer.port, timeouts=AMPLE)
        with Finder(target, Manner(STUDY_FIND)) as finder:
            events = list(Splitter(keys, "day", TODAY).ask(finder))
    found = [event for event in events if isinstance(event, Match)]
    assert [text(match.attributes or {}, pid) for match in found] == ["PAT1"]


def test_time_that_is_over_ends_all_slices() -> None:
    asked: list[str] = []
    step = archive(MONTH, 1000, lambda number: find_rsp(0, number=number), asked)
    with scripted_server([step]) as peer:
        target = Target(HOST, peer.port, timeouts=AMPLE._replace(total=0.000001))
        events = list(Splitter(query(), "day", TODAY).ask(Finder(target, Manner(STUDY_FIND))))
        with Finder(target._replace(timeouts=AMPLE), Manner(STUDY_FIND)) as finder:
            list(finder.ask(query()))
    assert errors(events) == [LimitReached]
