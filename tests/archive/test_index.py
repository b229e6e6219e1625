from __future__ import annotations

import gc
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from dimsetools.archive import reindex
from dimsetools.archive.index import Index, IndexFailed, IndexUnusable, WrongKeys
from dimsetools.archive.objects import Durability
from dimsetools.dataset.attributes import Attribute
from tests.archive.indexing import Archive
from tests.archive.test_matching import data
from tests.corpus import CT_IMAGE, EXPLICIT_LE, IMPLICIT_LE, MR_IMAGE


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    with Archive(tmp_path) as opened:
        yield opened


@pytest.fixture
def filled(archive: Archive) -> Archive:
    """Two patients, three studies: 1.1 with a CT and an MR series, 1.2, and 2.1 of the other patient."""
    archive.put("1", StudyDate="20260101", StudyTime="0900", InstanceNumber="1", AccessionNumber="A1")
    archive.put("2", StudyDate="20260101", StudyTime="0900", InstanceNumber="2", AccessionNumber="A1")
    archive.put(
        "3", SeriesInstanceUID="1.1.2", Modality="MR", SOPClassUID=CT_IMAGE, StudyDate="20260101",
        StudyTime="0900", AccessionNumber="A1",
    )  # fmt: skip
    archive.put("4", StudyInstanceUID="1.2", SeriesInstanceUID="1.2.1", StudyDate="20260201")
    archive.put(
        "5", PatientID="Q", PatientName="Roe^Jane", StudyInstanceUID="2.1", SeriesInstanceUID="2.1.1",
        Modality="US", StudyDate="20260301",
    )  # fmt: skip
    return archive


def uids(found: list[dict[str, str]], keyword: str = "StudyInstanceUID") -> list[str]:
    return sorted(row[keyword] for row in found)


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({}, ["1.1", "1.2", "2.1"]),
        ({"StudyInstanceUID": "1.2"}, ["1.2"]),
        ({"StudyInstanceUID": ("1.2", "2.1", "9")}, ["1.2", "2.1"]),
        ({"PatientName": "doe*"}, ["1.1", "1.2"]),
        ({"PatientName": "*jane"}, ["2.1"]),
        ({"PatientName": "ROE^JANE"}, ["2.1"]),
        ({"PatientName": ("x", "roe*")}, ["2.1"]),
        ({"PatientID": "P"}, ["1.1", "1.2"]),
        ({"PatientID": "?"}, ["1.1", "1.2", "2.1"]),
        ({"PatientID": ("Q", "R*")}, ["2.1"]),
        ({"StudyDate": "20260101-20260201"}, ["1.1", "1.2"]),
        ({"StudyDate": "20260201-"}, ["1.2", "2.1"]),
        ({"StudyDate": "20260201"}, ["1.2"]),
        ({"StudyDate": ("20260101", "20260301")}, ["1.1", "2.1"]),
        ({"StudyDate": '""'}, []),
        ({"StudyTime": '""'}, ["1.2", "2.1"]),
        ({"StudyTime": "0800-1000"}, ["1.1"]),
        ({"AccessionNumber": "A*"}, ["1.1"]),
        ({"AccessionNumber": "a1"}, []),
        ({"ModalitiesInStudy": "MR"}, ["1.1"]),
        ({"ModalitiesInStudy": ("MR", "US")}, ["1.1", "2.1"]),
        ({"ModalitiesInStudy": "M*"}, ["1.1"]),
        ({"SOPClassesInStudy": CT_IMAGE}, ["1.1", "1.2", "2.1"]),
        ({"NumberOfStudyRelatedInstances": "3"}, ["1.1"]),
        ({"InstanceAvailability": "ONLINE"}, ["1.1", "1.2", "2.1"]),
        ({"InstanceAvailability": "OFFLINE"}, []),
        ({"ImageComments": "not of a study"}, ["1.1", "1.2", "2.1"]),
    ],
)
def test_studies(filled: Archive, keys: dict[str, object], expected: list[str]) -> None:
    assert uids(filled.find("STUDY", *{"StudyInstanceUID"} - keys.keys(), **keys)) == expected


def test_an_answer_has_all_that_was_asked_for(filled: Archive) -> None:
    keys = data(
        SpecificCharacterSet="ISO_IR 100", QueryRetrieveLevel="STUDY", RetrieveAETitle="", PatientName="",
        StudyInstanceUID="1.1", StudyDescription="", ModalitiesInStudy="", SOPClassesInStudy="",
        NumberOfStudyRelatedSeries="", NumberOfStudyRelatedInstances="", InstanceAvailability="",
        Modality="not of a study",
    )  # fmt: skip
    (found,) = filled.index.find("study", "STUDY", keys)
    assert found == data(
        QueryRetrieveLevel="STUDY", PatientName="Doe^John", StudyInstanceUID="1.1", StudyDescription="",
        ModalitiesInStudy=("CT", "MR"), SOPClassesInStudy=CT_IMAGE, NumberOfStudyRelatedSeries="2",
        NumberOfStudyRelatedInstances="3", InstanceAvailability="ONLINE",
    )  # fmt: skip
    assert list(found) == sorted(found)
    assert filled.index.unsupported("STUDY", keys) == (0x00080060,)


def test_patients(filled: Archive) -> None:
    counts = (
        "NumberOfPatientRelatedStudies", "NumberOfPatientRelatedSeries", "NumberOfPatientRelatedInstances",
    )  # fmt: skip
    assert filled.one("PATIENT", *counts, PatientID="P", PatientName="d*") == {
        "PatientID": "P", "PatientName": "Doe^John", counts[0]: "2", counts[1]: "3", counts[2]: "4",
    }  # fmt: skip
    assert uids(filled.find("PATIENT", "PatientID"), "PatientID") == ["P", "Q"]


def test_series(filled: Archive) -> None:
    (found,) = filled.index.find(
        "study", "SERIES",
        data(StudyInstanceUID="1.1", Modality="CT", SeriesInstanceUID="", NumberOfSeriesRelatedInstances=""),
    )  # fmt: skip
    assert found == data(
        QueryRetrieveLevel="SERIES", StudyInstanceUID="1.1", Modality="CT", SeriesInstanceUID="1.1.1",
        NumberOfSeriesRelatedInstances="2",
    )  # fmt: skip


def test_images(filled: Archive) -> None:
    keys = data(
        StudyInstanceUID="1.1", SeriesInstanceUID="1.1.1", InstanceNumber="02", SOPInstanceUID="", Rows=None
    )
    keys |= data(AvailableTransferSyntaxUID="", PatientName="")
    (found,) = filled.index.find("patient", "IMAGE", keys, relational=True)
    assert found == data(
        QueryRetrieveLevel="IMAGE", StudyInstanceUID="1.1", SeriesInstanceUID="1.1.1", InstanceNumber="2",
        SOPInstanceUID="2", Rows=None, AvailableTransferSyntaxUID=EXPLICIT_LE, PatientName="Doe^John",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("model", "level", "keys", "missing"),
    [
        ("patient", "STUDY", {}, "PatientID"),
        ("patient", "SERIES", {"PatientID": "P"}, "StudyInstanceUID"),
        ("patient", "SERIES", {"PatientID": "*", "StudyInstanceUID": "1.1"}, "PatientID"),
        ("study", "SERIES", {}, "StudyInstanceUID"),
        ("study", "IMAGE", {"StudyInstanceUID": "1.1"}, "SeriesInstanceUID"),
        ("patient-study", "STUDY", {}, "PatientID"),
    ],
)
def test_a_hierarchical_query_says_where(
    filled: Archive, model: str, level: str, keys: dict[str, str], missing: str
) -> None:
    with pytest.raises(WrongKeys, match=missing):
        filled.index.find(model, level, data(**keys))
    assert list(filled.index.find(model, level, data(**keys), relational=True))


@pytest.mark.parametrize(
    ("model", "level"), [("study", "PATIENT"), ("patient-study", "SERIES"), ("study", "X")]
)
def test_a_level_that_the_model_lacks(filled: Archive, model: str, level: str) -> None:
    with pytest.raises(WrongKeys, match=level):
        filled.index.find(model, level, {})


def test_relational_queries_look_everywhere(filled: Archive) -> None:
    assert uids(filled.find("SERIES", "SeriesInstanceUID", Modality="CT"), "SeriesInstanceUID") == [
        "1.1.1", "1.2.1",
    ]  # fmt: skip
    assert uids(filled.find("IMAGE", "SOPInstanceUID", PatientID="P", Modality="C?"), "SOPInstanceUID") == [
        "1", "2", "4",
    ]  # fmt: skip


def test_negotiated_matching(filled: Archive) -> None:
    def count(*, fuzzy: bool = False, datetime: bool = False) -> int:
        return len(list(filled.index.find("study", "STUDY", keys, fuzzy=fuzzy, datetime=datetime)))

    keys = data(PatientName="jane roe")
    assert (count(), count(fuzzy=True)) == (0, 1)
    keys = data(StudyDate="20251231-20260102", StudyTime="1000-0800")
    assert (count(), count(datetime=True)) == (0, 1)


@pytest.mark.parametrize(
    ("level", "keys", "expected"),
    [
        ("PATIENT", {"PatientID": "P"}, ["1", "2", "3", "4"]),
        ("PATIENT", {"PatientID": ("P", "Q")}, ["1", "2", "3", "4", "5"]),
        ("STUDY", {"StudyInstanceUID": ("1.1", "2.1")}, ["1", "2", "3", "5"]),
        ("STUDY", {"PatientID": "Q", "StudyInstanceUID": "1.1"}, []),
        ("SERIES", {"SeriesInstanceUID": "1.1.2"}, ["3"]),
        ("SERIES", {"StudyInstanceUID": "1.2", "SeriesInstanceUID": "1.1.2"}, []),
        ("IMAGE", {"SOPInstanceUID": ("5", "1", "7")}, ["1", "5"]),
    ],
)
def test_instances(filled: Archive, level: str, keys: dict[str, object], expected: list[str]) -> None:
    found = filled.instances(level, **keys)
    assert sorted(instance.sop_instance for instance in found) == expected
    for instance in found:
        path = filled.folder / instance.path
        assert path.stat().st_size == instance.size
        assert (instance.sop_class, instance.transfer_syntax) == (CT_IMAGE, EXPLICIT_LE)


def test_instances_need_the_key_of_their_level(filled: Archive) -> None:
    for level, keys in (("SERIES", data(StudyInstanceUID="1.1")), ("PATIENT", data(PatientID=""))):
        with pytest.raises(WrongKeys):
            filled.index.instances(level, keys)


def test_thousands_of_uids(filled: Archive) -> None:
    many = Attribute("UI", (*(f"9.{number}" for number in range(40_000)), "5"))
    (found,) = filled.index.instances("IMAGE", {0x00080018: many})
    assert found.sop_instance == "5"


def test_what_has_no_study_is_kept_but_not_found(archive: Archive) -> None:
    archive.put("1", StudyInstanceUID="", SeriesInstanceUID="", PatientID="", PatientName="", Modality="")
    archive.put("2", SeriesInstanceUID="")
    assert archive.find("PATIENT", "PatientID") == [{"PatientID": "P"}]
    assert uids(archive.find("STUDY", "StudyInstanceUID")) == ["1.1"]
    assert archive.find("SERIES", "SeriesInstanceUID") == []
    assert archive.find("IMAGE", "SOPInstanceUID") == []
    assert [found.sop_instance for found in archive.instances("IMAGE", SOPInstanceUID=("1", "2"))] == [
        "1",
        "2",
    ]


def test_studies_without_patient_id_have_patients_of_their_own(archive: Archive) -> None:
    archive.put("1", PatientID="", PatientName="A", StudyInstanceUID="1")
    archive.put("2", PatientID="", PatientName="B", StudyInstanceUID="2")
    archive.put("3", PatientID="P", IssuerOfPatientID="X", PatientName="C", StudyInstanceUID="3")
    archive.put("4", PatientID="P", IssuerOfPatientID="Y", PatientName="D", StudyInstanceUID="4")
    names = {
        row["StudyInstanceUID"]: row["PatientName"]
        for row in archive.find("STUDY", "StudyInstanceUID", "PatientName")
    }
    assert names == {"1": "A", "2": "B", "3": "C", "4": "D"}
    assert len(archive.find("PATIENT", PatientID="P")) == 2


def test_an_answer_is_of_the_moment_of_the_query(filled: Archive) -> None:
    with closing(filled.index.find("study", "STUDY", data(StudyInstanceUID=""))) as answers:
        next(answers)
        filled.put("6", StudyInstanceUID="3.1")
        assert len(list(answers)) == 2
    assert len(filled.find("STUDY", "StudyInstanceUID")) == 4


def test_many_queries_at_once(filled: Archive) -> None:
    open_ones = [filled.index.find("study", "STUDY", data(StudyInstanceUID="")) for _ in range(40)]
    assert all(next(answers) for answers in open_ones)
    assert [len(list(answers)) for answers in open_ones] == [2] * 40
    assert len(filled.index._readers._idle) == 16


def test_queries_while_objects_come(archive: Archive) -> None:
    def store(first: int) -> None:
        for number in range(first, first + 60):
            archive.put(str(number), StudyInstanceUID=f"1.{number % 5}", SeriesInstanceUID=f"2.{number % 7}")

    threads = [threading.Thread(target=store, args=(first,)) for first in (100, 200, 300)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        for row in archive.find("STUDY", "NumberOfStudyRelatedInstances"):
            assert int(row["NumberOfStudyRelatedInstances"]) > 0
    for thread in threads:
        thread.join(30)
    assert len(archive.find("IMAGE", "SOPInstanceUID")) == 180
    total = sum(
        int(row["NumberOfStudyRelatedInstances"])
        for row in archive.find("STUDY", "NumberOfStudyRelatedInstances")
    )
    assert total == 180


def test_a_broken_database_is_an_error_of_ours(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    archive.put("1")
    archive.index._connection.execute("DROP TABLE images")
    with pytest.raises(IndexFailed):
        archive.instances("IMAGE", SOPInstanceUID="1")
    archive.close()


@pytest.mark.parametrize("durability", list(Durability))
def test_what_was_added_is_there_at_the_next_start(tmp_path: Path, durability: Durability) -> None:
    with Archive(tmp_path, durability=durability) as archive:
        archive.put("1", syntax=IMPLICIT_LE, SOPClassUID=MR_IMAGE)
        before = archive.everything()
        (mode,) = archive.index._connection.execute("PRAGMA synchronous").fetchone()
        assert mode == {"none": 0, "file": 1, "full": 2}[durability]
    with Archive(tmp_path) as archive:
        assert archive.index.report is None
        assert archive.everything() == before


def test_the_index_is_private_and_hidden(tmp_path: Path) -> None:
    with Archive(tmp_path) as archive:
        archive.put("1")
        for path in tmp_path.iterdir():
            assert path.stat().st_mode & 0o077 == 0
        assert [path.name for path in tmp_path.glob("[!.]*")] == ["1.dcm"]


def test_there_is_one_process_for_an_index(tmp_path: Path) -> None:
    with Archive(tmp_path), pytest.raises(IndexUnusable, match="in use"):
        Index(str(tmp_path))
    Index(str(tmp_path)).close()


def test_sqlite_is_what_is_written(tmp_path: Path) -> None:
    with Archive(tmp_path) as archive:
        archive.put("1")
    with closing(sqlite3.connect(tmp_path / ".dimse-index.sqlite3")) as connection:
        assert connection.execute("SELECT SOPInstanceUID, path FROM images").fetchall() == [("1", "1.dcm")]


def test_queries_of_many_threads(filled: Archive) -> None:
    counts: list[int] = []

    def ask() -> None:
        counts.extend(len(filled.find("STUDY", "StudyInstanceUID")) for _ in range(50))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert counts == [3] * 400


def open_files() -> Iterator[str]:
    """What the descriptors of this process are for; other threads may close theirs meanwhile."""
    for number in os.listdir("/proc/self/fd"):
        with suppress(FileNotFoundError):
            yield os.readlink(f"/proc/self/fd/{number}")


def test_no_descriptor_is_left(tmp_path: Path) -> None:
    for _ in range(3):
        with Archive(tmp_path) as archive:
            archive.put("1")
            next(archive.index.find("study", "STUDY", data(StudyInstanceUID="")))
            list(reindex.check(str(tmp_path)))
        reindex.rebuild(str(tmp_path))
        with Archive(tmp_path), pytest.raises(IndexUnusable):
            Index(str(tmp_path))
    gc.collect()
    assert [name for name in open_files() if name.startswith(str(tmp_path))] == []


def test_a_query_that_finds_nothing_can_be_given_up(filled: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dimsetools.archive.readers._STEPS", 1)
    asked: list[bool] = []

    def given_up() -> bool:
        asked.append(len(asked) > 5)
        return asked[-1]

    keys = data(StudyDescription="*nowhere*")
    with pytest.raises(IndexFailed):
        list(filled.index.find("study", "STUDY", keys, given_up=given_up))
    assert asked[-1]
    assert len(filled.find("STUDY")) > 0  # the next query on the same connection is not concerned
