"""Which rows objects make: the rules of `rows` and `hierarchy`, whatever comes in whatever order."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from dimsetools.archive import reindex, rows
from dimsetools.archive.hierarchy import Hierarchy
from dimsetools.archive.objects import ObjectStore, OnDuplicate, Outcome, Refused
from dimsetools.archive.rows import as_stored, as_text
from dimsetools.dataset.encode import encode
from tests.archive.indexing import Archive, described
from tests.corpus import EXPLICIT_LE, MR_IMAGE, make_file

ALL = list(OnDuplicate)


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    with Archive(tmp_path) as opened:
        yield opened


def description(archive: Archive) -> str:
    return archive.one("STUDY", "StudyDescription", StudyInstanceUID="1.1")["StudyDescription"]


def is_like_a_new_one(archive: Archive) -> None:
    """The index of the archive says what one says that is made of its files."""
    before = archive.everything()
    archive.close()
    reindex.rebuild(str(archive.folder), durable=False)
    with Archive(archive.folder) as again:
        assert again.everything() == before
        assert list(reindex.check(str(archive.folder))) == []


# -- one instance -------------------------------------------------------------------------------------


@pytest.mark.parametrize("policy", [OnDuplicate.KEEP, OnDuplicate.REPLACE, OnDuplicate.BOTH])
def test_what_an_instance_that_comes_again_changes(tmp_path: Path, policy: OnDuplicate) -> None:
    with Archive(tmp_path, on_duplicate=policy) as archive:
        archive.put("1", StudyDescription="old")
        assert archive.put("1", StudyDescription="old").outcome is Outcome.SAME
        assert description(archive) == "old"
        archive.put("1", StudyDescription="new")
        assert description(archive) == ("new" if policy is OnDuplicate.REPLACE else "old")
        (instance,) = archive.instances("IMAGE", SOPInstanceUID="1")
        assert instance.path == "1.dcm"
        assert (tmp_path / "1~2.dcm").exists() is (policy is OnDuplicate.BOTH)
        assert archive.one("STUDY", "NumberOfStudyRelatedInstances")["NumberOfStudyRelatedInstances"] == "1"


@pytest.mark.parametrize("policy", [OnDuplicate.KEEP, OnDuplicate.REPLACE, OnDuplicate.BOTH])
def test_a_rebuild_knows_which_file_the_row_is_for(tmp_path: Path, policy: OnDuplicate) -> None:
    archive = Archive(tmp_path, on_duplicate=policy)
    for text in ("a", "b", "c"):
        archive.put("1", StudyDescription=text)
    is_like_a_new_one(archive)


def test_an_instance_in_two_places_has_the_row_of_the_later_one(tmp_path: Path) -> None:
    archive = Archive(tmp_path, layout="{PatientID}/")
    archive.put("1", PatientID="A")
    archive.put("1", PatientID="B")
    (instance,) = archive.instances("IMAGE", SOPInstanceUID="1")
    assert instance.path == "B/1.dcm"
    assert [row["PatientID"] for row in archive.find("PATIENT", "PatientID")] == ["B"]
    os.unlink(tmp_path / "B" / "1.dcm")
    archive.put("1", PatientID="A", PatientName="again")  # the other one is not there any more
    assert archive.instances("IMAGE", SOPInstanceUID="1")[0].path == "A/1.dcm"
    is_like_a_new_one(archive)


def test_an_instance_moves_with_its_series_and_study(archive: Archive) -> None:
    archive.put("1")
    archive.put("2", StudyInstanceUID="1.2", SeriesInstanceUID="1.2.1")
    archive.put("1", StudyInstanceUID="1.2", SeriesInstanceUID="1.2.1", Modality="MR", SOPClassUID=MR_IMAGE)
    found = archive.one("STUDY", "StudyInstanceUID", "NumberOfStudyRelatedInstances", "SOPClassesInStudy")
    assert found == {
        "StudyInstanceUID": "1.2",
        "NumberOfStudyRelatedInstances": "2",
        "SOPClassesInStudy": f"1.2.840.10008.5.1.4.1.1.2\\{MR_IMAGE}",
    }
    assert [row["SeriesInstanceUID"] for row in archive.find("SERIES", "SeriesInstanceUID")] == ["1.2.1"]
    is_like_a_new_one(archive)


def test_a_patient_without_studies_goes(archive: Archive) -> None:
    archive.put("1", PatientID="A")
    archive.put("1", PatientID="B")
    assert [row["PatientID"] for row in archive.find("PATIENT", "PatientID")] == ["B"]
    is_like_a_new_one(archive)


# -- the latest object --------------------------------------------------------------------------------


def test_attributes_are_those_of_the_latest_object(archive: Archive) -> None:
    archive.put("1", mtime=100, StudyDescription="first", SeriesDescription="s1", PatientName="One")
    archive.put("2", mtime=300, StudyDescription="second", SeriesInstanceUID="1.1.2", PatientName="Two")
    archive.put("3", mtime=200, StudyDescription="third", SeriesDescription="s3", PatientName="Three")
    assert description(archive) == "second"
    assert archive.one("PATIENT", "PatientName")["PatientName"] == "Two"
    assert archive.one("SERIES", "SeriesDescription", SeriesInstanceUID="1.1.1")["SeriesDescription"] == "s3"
    is_like_a_new_one(archive)


def test_of_objects_of_one_moment_the_uid_decides(tmp_path: Path) -> None:
    for order in (("1", "2", "3"), ("3", "2", "1"), ("2", "3", "1")):
        with TemporaryDirectory(dir=tmp_path) as folder, Archive(Path(folder)) as archive:
            for uid in order:
                archive.put(uid, mtime=100, StudyDescription=uid)
            assert description(archive) == "3"


def test_when_the_latest_object_becomes_older_another_one_counts(archive: Archive) -> None:
    archive.put("1", mtime=100, StudyDescription="first")
    archive.put("2", mtime=300, StudyDescription="second")
    archive.touch("2.dcm", "2", 50)
    assert description(archive) == "first"
    is_like_a_new_one(archive)


def test_when_the_latest_object_leaves_another_one_counts(archive: Archive) -> None:
    archive.put("1", mtime=100, StudyDescription="first", SeriesDescription="s1")
    archive.put("2", mtime=300, StudyDescription="second", SeriesDescription="s2")
    archive.put("2", StudyInstanceUID="1.2", SeriesInstanceUID="1.2.1")
    assert description(archive) == "first"
    assert archive.one("SERIES", "SeriesDescription", SeriesInstanceUID="1.1.1")["SeriesDescription"] == "s1"
    is_like_a_new_one(archive)


def test_a_study_goes_to_the_patient_of_its_latest_object(archive: Archive) -> None:
    archive.put("1", mtime=100, PatientID="A", PatientName="Old^A")
    archive.put("2", mtime=100, PatientID="A", PatientName="Old^A", StudyInstanceUID="1.2")
    archive.put("3", mtime=200, PatientID="B", PatientName="New^B")
    counts = {
        row["PatientID"]: row["NumberOfPatientRelatedInstances"]
        for row in archive.find("PATIENT", "PatientID", "NumberOfPatientRelatedInstances")
    }
    assert counts == {"A": "1", "B": "2"}
    archive.put("4", mtime=300, PatientID="A", PatientName="Newer^A")
    assert archive.one("PATIENT", "PatientID", "PatientName") == {"PatientID": "A", "PatientName": "Newer^A"}
    is_like_a_new_one(archive)


def test_a_file_that_is_gone_leaves_attributes_until_it_is_found_out(archive: Archive) -> None:
    archive.put("1", mtime=100, StudyDescription="first")
    archive.put("2", mtime=200, StudyDescription="second")
    archive.put("3", mtime=300, StudyDescription="third")
    os.unlink(archive.folder / "2.dcm")
    archive.put("3", StudyInstanceUID="1.2")
    assert description(archive) == "third"
    archive.crash()
    with Archive(archive.folder) as again:
        assert description(again) == "first"
        is_like_a_new_one(again)


# -- files that are not what they were ------------------------------------------------------------------


def test_a_row_that_is_missing_is_made_up_for(tmp_path: Path) -> None:
    with Archive(tmp_path) as archive:
        archive.put("0")
        with ObjectStore(str(tmp_path)) as store:
            incoming = store.incoming("1.2.840.10008.5.1.4.1.1.2", "1", EXPLICIT_LE)
            incoming.write(memoryview(encode(described("1", StudyDescription="d"), EXPLICIT_LE)))
            incoming.commit()
        assert archive.instances("IMAGE", SOPInstanceUID="1") == []
        assert archive.put("1", StudyDescription="d").outcome is Outcome.SAME
        assert len(archive.instances("IMAGE", SOPInstanceUID="1")) == 1


def test_a_row_describes_the_file_that_is_there(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another writer takes the name between the rename of an object and its row."""
    real = archive.index.add

    def overtaken(*args: object) -> None:
        monkeypatch.setattr(archive.index, "add", real)
        archive.put("1", StudyDescription="winner")
        real(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(archive.index, "add", overtaken)
    archive.put("1", StudyDescription="loser")
    assert description(archive) == "winner"
    is_like_a_new_one(archive)


@pytest.mark.parametrize("moved", ["SeriesInstanceUID", "StudyInstanceUID", "PatientID"])
def test_a_file_that_is_ahead_of_its_row_describes_nothing_else(
    archive: Archive, monkeypatch: pytest.MonkeyPatch, moved: str
) -> None:
    """A writer has renamed its file, which is of another series now, and another one's row comes first."""
    for uid, at in (("1", "1.2"), ("2", "1.1"), ("3", "1.1")):
        archive.put(uid, mtime=int(uid), **{moved: at, "StudyDescription": uid})
    real = archive.index.add

    def overtaken(*args: object) -> None:
        monkeypatch.setattr(archive.index, "add", real)
        archive.put("3", mtime=3, **{moved: "1.3", "StudyDescription": "overtaking"})  # leaves 2.dcm
        assert len(archive.find("IMAGE", "SOPInstanceUID")) == 3
        real(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(archive.index, "add", overtaken)
    archive.put("2", mtime=2, **{moved: "1.2", "StudyDescription": "overtaken"})
    is_like_a_new_one(archive)


def test_too_many_open_files_are_no_reason_to_leave_out_a_row(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who was told of a success finds the object."""
    real = archive.index.add

    def overtaken(*args: object) -> None:
        (archive.folder / "1.dcm").rename(archive.folder / "1.old")
        make_file(archive.folder / "1.dcm")
        real(*args)  # type: ignore[arg-type]

    def refuse(_root: int, _path: str) -> int:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(archive.index, "add", overtaken)
    monkeypatch.setattr(rows, "open_below", refuse)
    with pytest.raises(Refused, match="Too many open files"):
        archive.put("1")


def test_a_file_that_was_removed_at_once_gets_no_row(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = archive.index.add

    def removed(*args: object) -> None:
        os.unlink(archive.folder / "1.dcm")
        real(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(archive.index, "add", removed)
    archive.put("1")
    assert archive.instances("IMAGE", SOPInstanceUID="1") == []


@pytest.mark.parametrize("policy", ALL)
def test_writers_of_one_instance_at_once(tmp_path: Path, policy: OnDuplicate) -> None:
    archive = Archive(tmp_path, on_duplicate=policy)
    start = threading.Barrier(6)

    def write(number: int) -> None:
        start.wait(20)
        for uid in ("1", "2", "3"):
            try:
                archive.put(uid, StudyDescription=f"d{number}", SeriesInstanceUID=f"1.1.{number % 2}")
            except Refused:
                assert policy is OnDuplicate.REJECT

    threads = [threading.Thread(target=write, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(archive.find("IMAGE", "SOPInstanceUID")) == 3
    is_like_a_new_one(archive)


def test_a_path_need_not_be_text() -> None:
    for path in ("a/b.dcm", "ä", os.fsdecode(b"\xff\xfe.dcm")):
        assert as_text(as_stored(path)) == path
    assert as_stored(os.fsdecode(b"\xff")) == b"\xff"


# -- anything -----------------------------------------------------------------------------------------

changes = st.lists(
    st.tuples(
        st.sampled_from(["1", "2", "3", "4"]),  # instance
        st.sampled_from(["1.1", "1.2"]),  # study
        st.sampled_from(["s1", "s2"]),  # series
        st.sampled_from(["A", "B", ""]),  # patient
        st.sampled_from(["x", "y"]),  # what is said of all of them
        st.none() | st.integers(1, 5),  # the clock, which may be set back
    ),
    max_size=14,
)


# Of a series that comes and goes while one transaction lasts, as in a rebuild, nothing must be left.
@example(
    [
        ("1", "1.2", "s1", "A", "x", None),
        ("2", "1.1", "s1", "A", "x", None),
        ("2", "1.1", "s1", "A", "y", None),
        ("2", "1.1", "s2", "A", "x", None),
        ("4", "1.1", "s1", "A", "x", None),
    ],
    OnDuplicate.BOTH,
    False,
    False,
)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    changes,
    st.sampled_from([OnDuplicate.KEEP, OnDuplicate.REPLACE, OnDuplicate.BOTH]),
    st.booleans(),
    st.booleans(),
)
def test_whatever_comes_a_rebuild_gives_equal_answers(
    tmp_path: Path,
    objects: list[tuple[str, str, str, str, str, int | None]],
    policy: OnDuplicate,
    forgetful: bool,
    folders: bool,
) -> None:
    with TemporaryDirectory(dir=tmp_path) as folder:
        layout = "{PatientID}/{StudyInstanceUID}/" if folders else ""
        archive = Archive(Path(folder), on_duplicate=policy, layout=layout)
        for uid, study, series, patient, text, clock in objects:
            # A file that lies elsewhere is not looked at again when the clock is set back.
            mtime = None if folders else clock
            archive.put(
                uid, mtime=mtime, StudyInstanceUID=study, SeriesInstanceUID=f"{study}.{series}",
                PatientID=patient, PatientName=text, StudyDescription=text, Modality=text.upper(),
            )  # fmt: skip
            if forgetful:
                hierarchy: Hierarchy = archive.index._commits._apply.__self__._hierarchy  # type: ignore[attr-defined]
                hierarchy.forget()
        is_like_a_new_one(archive)
