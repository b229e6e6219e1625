from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from dimsetools.archive import reindex
from dimsetools.archive.guard import NAME, NEW_NAME
from dimsetools.archive.index import Index, IndexUnusable
from dimsetools.archive.objects import INDEX_TOKEN
from dimsetools.archive.reindex import Difference, Kind, Rebuilt
from dimsetools.errors import OutputError
from tests.archive.indexing import Archive
from tests.corpus import make_file


def fill(folder: Path) -> None:
    with Archive(folder, layout="{PatientID}/{StudyInstanceUID}/") as archive:
        for number in range(6):
            archive.put(
                str(number), PatientID=f"P{number % 2}", PatientName="山田^太郎",
                StudyInstanceUID=f"1.{number % 3}", SpecificCharacterSet="ISO_IR 192",
                StudyDescription=f"d{number}",
            )  # fmt: skip


def everything(folder: Path) -> dict[str, list[dict[str, str]]]:
    with Archive(folder) as archive:
        return archive.everything()


def test_rebuilt_answers_are_equal(tmp_path: Path) -> None:
    fill(tmp_path)
    before = everything(tmp_path)
    assert reindex.rebuild(str(tmp_path)) == Rebuilt(6, 0)
    assert everything(tmp_path) == before
    (tmp_path / NAME).unlink()
    assert reindex.rebuild(str(tmp_path), durable=False) == Rebuilt(6, 0)
    assert everything(tmp_path) == before


def test_what_is_no_object_is_passed_over(tmp_path: Path) -> None:
    fill(tmp_path)
    before = everything(tmp_path)
    (tmp_path / "notes.txt").write_text("no object")
    (tmp_path / "empty.dcm").write_bytes(b"")
    (tmp_path / os.fsdecode(b"\xff\xfe.dcm")).write_bytes(b"DICM")
    make_file(tmp_path / "dimse-0000000000000000-1.part")
    make_file(tmp_path / ".hidden.dcm")
    (tmp_path / ".folder").mkdir()
    make_file(tmp_path / ".folder" / "a.dcm")
    os.mkfifo(tmp_path / "fifo")
    outside = tmp_path.parent / f"{tmp_path.name}-outside"
    outside.mkdir()
    made = make_file(outside / "b.dcm")
    (tmp_path / "link.dcm").symlink_to(made.path)
    (tmp_path / "linked").symlink_to(outside)
    (tmp_path / "loop").symlink_to(".")
    assert reindex.rebuild(str(tmp_path)) == Rebuilt(6, 3)
    assert everything(tmp_path) == before
    assert list(reindex.check(str(tmp_path))) == []


def test_a_name_that_is_no_text(tmp_path: Path) -> None:
    name = os.fsdecode(b"\xff\xfe.dcm")
    made = make_file(tmp_path / name)
    reindex.rebuild(str(tmp_path))
    with Archive(tmp_path) as archive:
        (instance,) = archive.instances("IMAGE", SOPInstanceUID=made.sop_instance)
        assert instance.path == name
        os.close(archive.store.open(instance.path))
    assert list(reindex.check(str(tmp_path))) == []


def test_progress_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reindex, "_BATCH", 2)
    fill(tmp_path)
    (tmp_path / "notes.txt").write_text("no object")
    told: list[int] = []
    assert reindex.rebuild(str(tmp_path), progress=told.append) == Rebuilt(6, 1)
    assert told == [2, 4, 6, 7]


def test_a_rebuild_that_is_given_up_leaves_the_old_index(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(tmp_path)
    before = everything(tmp_path)

    def stop(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        reindex.rebuild(str(tmp_path), progress=stop)
    assert not list(tmp_path.glob(f"{NEW_NAME}*"))
    assert everything(tmp_path) == before


@pytest.mark.parametrize("call", ["rename", "fsync"])
def test_a_rebuild_that_fails_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    fill(tmp_path)

    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, call, fail)
    with pytest.raises(OutputError, match="No space"):
        reindex.rebuild(str(tmp_path))
    monkeypatch.undo()
    if (
        call == "rename"
    ):  # the old one is gone, and the new one not there: nobody takes that for an empty index
        with pytest.raises(IndexUnusable):
            Index(str(tmp_path))
    reindex.rebuild(str(tmp_path))
    assert len(everything(tmp_path)["IMAGE"]) == 6


def test_an_index_in_use_is_not_rebuilt(tmp_path: Path) -> None:
    with Archive(tmp_path), pytest.raises(IndexUnusable, match="in use"):
        reindex.rebuild(str(tmp_path))


def test_the_log_of_the_old_index_is_not_taken_for_the_new_ones(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    archive.put("1")
    log = (tmp_path / f"{NAME}-wal").read_bytes()
    archive.crash()
    (tmp_path / f"{NAME}-wal").write_bytes(log)
    archive_files = {path.name for path in tmp_path.iterdir()}
    assert {NAME, f"{NAME}-wal", INDEX_TOKEN} <= archive_files
    reindex.rebuild(str(tmp_path))
    assert not (tmp_path / f"{NAME}-wal").exists()
    assert len(everything(tmp_path)["IMAGE"]) == 1


def test_differences(tmp_path: Path) -> None:
    with Archive(tmp_path) as archive:
        for uid in ("1", "2"):
            archive.put(uid)
        (tmp_path / "1.dcm").rename(tmp_path / "moved.dcm")
        (tmp_path / "2.dcm").unlink()
        make_file(tmp_path / "new.dcm")
        (tmp_path / "notes.txt").write_text("no object")
        # A node may be at work meanwhile.
        found = set(reindex.check(str(tmp_path)))
    assert found == {
        Difference(Kind.NO_FILE, "1.dcm"),
        Difference(Kind.NO_FILE, "2.dcm"),
        Difference(Kind.NO_ROW, "moved.dcm"),
        Difference(Kind.NO_ROW, "new.dcm"),
    }


def test_files_that_were_changed_by_hand_are_differences(tmp_path: Path) -> None:
    with Archive(tmp_path) as archive:
        for uid in ("1", "2", "3"):
            archive.put(uid)
    with (tmp_path / "1.dcm").open("ab") as file:
        file.write(b"\0" * 8)
    (tmp_path / "2.dcm").write_bytes((tmp_path / "1.dcm").read_bytes())
    os.utime(tmp_path / "3.dcm", ns=(0, 1))  # as a copy of the folder has it
    assert set(reindex.check(str(tmp_path))) == {
        Difference(Kind.CHANGED, "1.dcm"),
        Difference(Kind.NO_FILE, "2.dcm"),
    }


def test_a_folder_that_cannot_be_written_is_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As that of a snapshot: SQLite wants to make files beside the index, even to read it."""
    with Archive(tmp_path) as archive:
        archive.put("1")
    (tmp_path / "1.dcm").unlink()
    opened = sqlite3.connect

    def connect(database: str, **more: Any) -> sqlite3.Connection:
        name = database if "immutable" in database else f"file:{tmp_path}/none/x?mode=ro"
        connection: sqlite3.Connection = opened(name, **more)
        return connection

    monkeypatch.setattr(sqlite3, "connect", connect)
    assert list(reindex.check(str(tmp_path))) == [Difference(Kind.NO_FILE, "1.dcm")]


def test_a_copy_is_no_difference(tmp_path: Path) -> None:
    with Archive(tmp_path) as archive:
        archive.put("1")
        (tmp_path / "1~2.dcm").write_bytes((tmp_path / "1.dcm").read_bytes())
        assert list(reindex.check(str(tmp_path))) == []


def test_nothing_to_check(tmp_path: Path) -> None:
    with pytest.raises(IndexUnusable, match="no index"):
        list(reindex.check(str(tmp_path)))
    (tmp_path / NAME).write_bytes(b"no database at all" * 1000)
    with pytest.raises(IndexUnusable, match="cannot be used"):
        list(reindex.check(str(tmp_path)))
