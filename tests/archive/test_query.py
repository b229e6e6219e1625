"""The tables narrow a query down, and never too far: what matches by the rules is always found."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dimsetools.archive import query, sql
from dimsetools.archive.columns import COLUMNS, LEVELS, UNIQUE
from dimsetools.archive.matching import Matcher, matches
from dimsetools.dataset.attributes import Attributes
from dimsetools.dataset.dictionary import keyword_of
from tests.archive.indexing import Archive
from tests.archive.test_matching import data

STUDIES: list[dict[str, Any]] = [
    {"PatientName": "Doe^John", "StudyDate": "20260101", "AccessionNumber": "A1", "Modality": "CT"},
    {"PatientName": "DOE^JANE^^^", "StudyDate": "20260201", "AccessionNumber": "A12", "Modality": "MR"},
    {"PatientName": "Doe", "StudyDate": "2026.03.01", "AccessionNumber": "", "Modality": "CT"},
    {"PatientName": "Müller^Jörg", "StudyDate": "", "AccessionNumber": "a1", "Modality": "US"},
    {"PatientName": "Straße^A", "StudyDate": "junk", "AccessionNumber": "*", "Modality": ""},
    {"PatientName": "Yamada^Tarou=山田^太郎=やまだ", "StudyDate": "20260101", "Modality": "PT"},
    {"PatientName": "ﾔﾏﾀﾞ=山田", "StudyDate": "19991231", "AccessionNumber": "A?", "Modality": "CT"},
    {"PatientName": "", "StudyDate": "20270101", "AccessionNumber": "A 1", "Modality": "MR"},
    {"PatientName": "=山田", "StudyDate": "20260101", "AccessionNumber": "Ä", "Modality": "SR"},
    {"PatientName": "e\u0301^x", "StudyDate": "20260615", "AccessionNumber": "\U0010ffff1", "Modality": "CT"},
]


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with Archive(tmp_path_factory.mktemp("studies")) as opened:
        for number, study in enumerate(STUDIES):
            opened.put(
                f"1.{number}", StudyInstanceUID=f"2.{number}", SeriesInstanceUID=f"3.{number}",
                SpecificCharacterSet="ISO_IR 192", **({"PatientID": f"P{number % 4}"} | study),
            )  # fmt: skip
        yield opened


parts = st.sampled_from(
    ["*", "?", "^", "=", "D", "doe", "Doe", "John", "JANE", "A", "1", "a", " ", "Ä", "müller", "straße",
     "STRASSE", "山", "田", "やまだ", "ヤマダ", "yamada", "tarou", "e", "\u0301", "é", '""', "P",
     "C", "T", "CT"]
)  # fmt: skip
texts = st.lists(parts, max_size=5).map("".join)
several = st.lists(texts, min_size=1, max_size=2)
dates = st.sampled_from(
    ["", "*", "20260101", "20260101-", "-20260101", "20260101-20260301", "2026.01.01", "junk", "-", '""',
     "2026*"]
)  # fmt: skip
queries = st.fixed_dictionaries(
    {},
    optional={
        "PatientName": several,
        "PatientID": several,
        "AccessionNumber": several,
        "StudyDate": st.lists(dates, min_size=1, max_size=2),
        "ModalitiesInStudy": several | st.just(["CT", "MR"]),
        "StudyInstanceUID": st.lists(
            st.sampled_from(["2.1", "2.2", "9", "*", "", "2.*"]), min_size=1, max_size=2
        ),
    },
)


@settings(max_examples=300)
@given(queries, st.booleans(), st.booleans())
def test_what_matches_is_found(
    archive: Archive, asked: dict[str, list[str]], fuzzy: bool, datetime: bool
) -> None:
    everything = data(
        **dict.fromkeys(
            (
                "PatientName",
                "PatientID",
                "AccessionNumber",
                "StudyDate",
                "ModalitiesInStudy",
                "StudyInstanceUID",
            )
        )
    )
    keys = everything | data(**{keyword: tuple(values) for keyword, values in asked.items()})
    candidates: list[Attributes] = list(archive.index.find("study", "STUDY", everything))
    assert len(candidates) == len(STUDIES)
    expected = [one for one in candidates if matches(keys, one, fuzzy=fuzzy, datetime=datetime)]
    found = list(archive.index.find("study", "STUDY", keys, fuzzy=fuzzy, datetime=datetime))
    assert sorted(map(str, found)) == sorted(map(str, expected))


def test_indexes_are_used(archive: Archive) -> None:
    connection = archive.index._connection

    def plan(level: str, **keys: object) -> str:
        statement, values = query.Query(level, data(**keys)).statement
        return " ".join(row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}", values))

    assert "study_date" in plan("STUDY", StudyDate="20260101-20260131", PatientName="")
    assert "study_uid" in plan("STUDY", StudyInstanceUID=("1", "2"))
    assert "study_accession" in plan("STUDY", AccessionNumber="A*")
    assert "patient_name_1" in plan("STUDY", PatientName="doe*")
    assert "patient_name_3" in plan("STUDY", PatientName="doe*")
    assert "patient_name_2" in plan("STUDY", PatientName="=山*")
    assert "patient_id" in plan("STUDY", PatientID="P1")
    assert "series_uid" in plan("SERIES", StudyInstanceUID="1", Modality="CT")
    assert "series_uid_alone" in plan("SERIES", SeriesInstanceUID="1")
    assert "image_uid" in plan("IMAGE", SOPInstanceUID="1")
    assert "image_series" in plan("IMAGE", SeriesInstanceUID="1", SOPInstanceUID="")
    for level, key in UNIQUE.items():
        statement, values = query.instances(level, data(**{keyword_of(key): "1"}))
        rows = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}", values)]
        assert not [row for row in rows if row.startswith("SCAN")]


def test_every_attribute_can_be_asked_for(archive: Archive) -> None:
    for depth, level in enumerate(LEVELS):
        keys = data(**{column.keyword: None for above in LEVELS[: depth + 1] for column in COLUMNS[above]})
        found = list(archive.index.find("patient", level, keys, relational=True))
        assert found
        assert all(keys.keys() <= answer.keys() for answer in found)
        assert query.unsupported(level, keys) == ()


@pytest.mark.parametrize("count", [10, 400, 3000])
@pytest.mark.parametrize(
    ("keyword", "value", "other"),
    [
        ("PatientName", "山田", "N{}"), ("PatientName", "山*", "N{}*"),
        ("StudyDate", "20260101", "1900{:04}"), ("StudyDate", "20260101-20260101", "-1{:03}0101"),
        ("StudyInstanceUID", "2.0", "9.{}"), ("AccessionNumber", "A1", "B{}"),
        ("AccessionNumber", "?1", "B{}*"), ("ModalitiesInStudy", "C?", "X{}"),
    ],
)  # fmt: skip
def test_a_key_may_have_many_alternatives(
    archive: Archive, keyword: str, value: str, other: str, count: int
) -> None:
    """SQLite takes expressions up to a size only."""
    values = [*(other.format(number) for number in range(count)), value]
    found = archive.find("STUDY", "StudyTime", **{keyword: values})
    assert len(found) == len(archive.find("STUDY", "StudyTime", **{keyword: value})) > 0


def test_many_uids_are_compared_at_once() -> None:
    matcher = Matcher(data(StudyInstanceUID=[f"1.{number}" for number in range(100_000)]))
    entities = [data(StudyInstanceUID=f"1.{number}") for number in range(0, 200_000, 100)]
    started = perf_counter()
    assert sum(map(matcher.matches, entities)) == 1000
    assert perf_counter() - started < 1


def test_values_never_stand_in_a_statement(archive: Archive) -> None:
    hostile = "x' OR 1=1 --"
    for keyword in ("PatientID", "PatientName", "StudyInstanceUID", "ModalitiesInStudy", "StudyDescription"):
        statement, _ = query.Query("STUDY", data(**{keyword: hostile})).statement
        assert hostile not in statement
        assert archive.find("STUDY", **{keyword: hostile}) == []


def test_all_sql_is_in_modules_of_its_own() -> None:
    room = Path(sql.__file__).parent
    words = ("SELECT ", "INSERT ", "UPDATE ", "DELETE ", "CREATE ", "PRAGMA ", "DROP ")
    for path in room.glob("*.py"):
        if not path.name.endswith("sql.py"):
            text = path.read_text()
            assert not [word for word in words if f'"{word}' in text], path.name
