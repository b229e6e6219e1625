"""C-FIND at study level with a million instances in the index, against a SELECT of the same rows."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from datetime import date, timedelta

from dimsetools.archive.guard import NAME
from dimsetools.association.values import Target as Peer
from dimsetools.dataset.attributes import Attribute, Attributes
from dimsetools.dataset.dictionary import tag_of, vr_of
from dimsetools.services.find import Finder, Manner, Match
from tests.bench.archive import DAYS, FIRST_DAY, make_index
from tests.bench.bench import Bench
from tests.bench.contestants import HOST
from tests.bench.figures import Sample, Table, Target, aligned
from tests.bench.nodes import dimse_node
from tests.bench.responder import STUDY_ROOT

STUDIES, SERIES, INSTANCES = 10_000, 5, 20
QUERIES = 300  # and a tenth before, to warm up
LIMIT = 10.0  # ms, median of a week
KEPT = (
    "StudyTime", "AccessionNumber", "StudyDescription", "ReferringPhysicianName", "StudyInstanceUID",
    "StudyID", "PatientName", "PatientID", "PatientBirthDate",
)  # fmt: skip
COUNTED = ("ModalitiesInStudy", "NumberOfStudyRelatedSeries", "NumberOfStudyRelatedInstances")
# Written down here: it is what somebody would write who knows the tables.
SELECT = f"""
    SELECT StudyDate, {", ".join(KEPT)} FROM studies JOIN patients ON patients.id = studies.patient
    WHERE StudyDate BETWEEN ? AND ?
"""
SPANS = {"a day": 1, "a week": 7, "a quarter": 90}

Ask = Callable[[date, date], int]
"""Asks for the studies between two days, both included; how many there were."""


def measure(bench: Bench) -> None:
    """One association, one query after the other, each for other days."""
    studies = STUDIES // 10 if bench.quick else STUDIES
    rows = [["", "matches", "p50 ms", "p99 ms", "SELECT p50 ms", "p99 ms"]]
    title = f"C-FIND at study level by date, {studies * SERIES * INSTANCES} instances"
    table = Table(title, 0, 0, f"SELECT of {next(iter(SPANS))}")
    with bench.empty() as folder:
        make_index(folder, studies, SERIES, INSTANCES)
        with (
            dimse_node(folder, durability="none") as node,
            closing(sqlite3.connect(folder / NAME)) as database,
        ):
            peer = Peer(HOST, node.port, node.aet)
            with Finder(peer, Manner(STUDY_ROOT.decode().rstrip("\0"))) as finder:
                for span, days in SPANS.items():
                    asked = _timed(lambda first, last: find(finder, first, last), days)
                    selected = _timed(lambda first, last: select(database, first, last), days)
                    rows.append([span, f"{asked[0]:.0f}", *_shown(asked[1]), *_shown(selected[1])])
                    for name, (found, seconds) in (("C-FIND", asked), ("SELECT", selected)):
                        lost = round(abs(found - selected[0]))
                        for each in seconds:
                            table.add(f"{name} of {span}", Sample(each, 0, missing=lost))
    bench.tables.append(table)
    bench.say(f"\n{title}, p50 and p99 of {QUERIES}\n{aligned(rows)}")
    bench.judge(_median(table, "a week"))


def find(finder: Finder, first: date, last: date) -> int:
    """Over the association."""
    keys: Attributes = {0x00080052: Attribute("CS", ("STUDY",))}
    keys[0x00080020] = Attribute("DA", (f"{first:%Y%m%d}-{last:%Y%m%d}",))
    for keyword in (*KEPT, *COUNTED):
        tag = tag_of(keyword)
        assert tag is not None, keyword
        keys[tag] = Attribute(vr_of(tag))
    return sum(isinstance(event, Match) for event in finder.ask(dict(sorted(keys.items()))))


def select(database: sqlite3.Connection, first: date, last: date) -> int:
    """In this process."""
    return len(database.execute(SELECT, (f"{first:%Y%m%d}", f"{last:%Y%m%d}")).fetchall())


def _timed(ask: Ask, days: int) -> tuple[float, list[float]]:
    """Mean number of matches and the seconds of each query."""
    matches, seconds = 0, []
    for number in range(-QUERIES // 10, QUERIES):
        first = FIRST_DAY + timedelta(days=number * 37 % (DAYS - days))
        began = time.perf_counter()
        found = ask(first, first + timedelta(days=days - 1))
        if number >= 0:
            seconds.append(time.perf_counter() - began)
            matches += found
    return matches / QUERIES, seconds


def _shown(seconds: list[float]) -> list[str]:
    ordered = sorted(seconds)
    return [f"{1000 * ordered[len(ordered) * part // 100]:.2f}" for part in (50, 99)]


def _median(table: Table, span: str) -> Target:
    name = f"C-FIND of {span}"
    value = float("inf") if table.failed(name) else 1000 * table.whole(name)
    return Target(f"{table.title}: p50 of {span}", value, LIMIT, at_least=False, unit="ms")
