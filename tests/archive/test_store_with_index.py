"""An object counts as kept when its row is committed; when that fails, nothing of it is left."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from dimsetools.archive.index import Index
from dimsetools.archive.objects import (
    Durability,
    Fault,
    IndexFailed,
    ObjectStore,
    OnDuplicate,
    Outcome,
    Refused,
)
from tests.archive.indexing import Archive
from tests.archive.storing import LARGE, dataset, put
from tests.archive.test_matching import data


def fail(monkeypatch: pytest.MonkeyPatch, archive: Archive, *, media: bool) -> None:
    def broken(*_: object) -> None:
        raise IndexFailed("the index failed", media=media)

    monkeypatch.setattr(archive.index, "add", broken)
    monkeypatch.setattr(archive.index, "keep", broken)


def objects(archive: Archive) -> list[str]:
    return sorted(path.name for path in archive.folder.rglob("*.dcm"))


@pytest.mark.parametrize("layout", ["", "{PatientID}/"])
@pytest.mark.parametrize("media", [False, True])
def test_a_failing_index_refuses_the_object(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, media: bool, layout: str
) -> None:
    with Archive(tmp_path, layout=layout) as archive:
        archive.put("1")
        with monkeypatch.context() as patch:
            fail(patch, archive, media=media)
            with pytest.raises(Refused) as caught:
                archive.put("2")
        assert caught.value.fault is (Fault.MEDIA if media else Fault.RESOURCES)
        assert objects(archive) == ["1.dcm"]
        if media:
            with pytest.raises(Refused, match="until a restart"):
                archive.put("3")
        else:
            assert archive.put("3").outcome is Outcome.STORED
            assert len(archive.find("IMAGE", "SOPInstanceUID")) == 2


def test_what_another_object_was_replaced_by_is_made_up_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Archive(tmp_path) as archive:
        archive.put("1", StudyDescription="old")
        with monkeypatch.context() as patch:
            fail(patch, archive, media=False)
            with pytest.raises(Refused):
                archive.put("1", StudyDescription="new")
        assert objects(archive) == ["1.dcm"]
        assert archive.put("1", StudyDescription="new").outcome is Outcome.SAME
        assert archive.one("STUDY", "StudyDescription") == {"StudyDescription": "new"}


def test_a_name_that_another_writer_has_by_now_is_left_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Archive(tmp_path) as archive:

        def overtaken(*_: object) -> None:
            (tmp_path / "other").write_bytes(b"another object")
            os.rename(tmp_path / "other", tmp_path / "1.dcm")
            raise IndexFailed("the index failed", media=False)

        monkeypatch.setattr(archive.index, "add", overtaken)
        with pytest.raises(Refused):
            archive.put("1")
        assert (tmp_path / "1.dcm").read_bytes() == b"another object"


def test_a_full_disk_costs_one_object(tmp_path: Path) -> None:
    """The database may not grow any more; then it may."""
    with Archive(tmp_path, durability=Durability.FULL) as archive:
        archive.put("0")
        connection = archive.index._connection
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages}")
        faults = []
        for number in range(1, 60):
            try:
                archive.put(str(number), ImageComments="x" * 2000, StudyInstanceUID=f"1.{number}")
            except Refused as refused:
                faults.append(refused.fault)
                break
        assert faults == [Fault.RESOURCES]
        kept = len(objects(archive))
        connection.execute("PRAGMA max_page_count = 100000")
        archive.put("100")
        assert len(archive.find("IMAGE", "SOPInstanceUID")) == kept + 1


def test_a_locked_index_is_waited_for(tmp_path: Path) -> None:
    with Archive(tmp_path) as archive:
        other = sqlite3.connect(tmp_path / ".dimse-index.sqlite3", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        archive.index._connection.execute("PRAGMA busy_timeout = 1")
        with pytest.raises(Refused) as caught:
            archive.put("1")
        assert caught.value.fault is Fault.RESOURCES
        other.execute("ROLLBACK")
        other.close()
        assert archive.put("1").outcome is Outcome.STORED


def test_an_object_larger_than_memory_keeps(tmp_path: Path) -> None:
    with Archive(tmp_path) as archive:
        archive.put_bytes("1.2.3.4", dataset(LARGE))
        found = archive.one("IMAGE", "Rows", "SOPInstanceUID", "PatientName")
        assert (found["SOPInstanceUID"], found["PatientName"]) == ("1.2.3.4", "Bench^Patient 0")
        (instance,) = archive.instances("IMAGE", SOPInstanceUID="1.2.3.4")
        descriptor = archive.store.open(instance.path)
        assert os.fstat(descriptor).st_size == instance.size
        os.close(descriptor)


@pytest.mark.parametrize(
    "path", ["../x", "/etc/passwd", "", ".", "a/../b", "link.dcm", "linked/1.dcm", "fifo", "a\0b", "folder"]
)
def test_only_files_below_the_root_are_opened(tmp_path: Path, path: str) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (tmp_path / "x").write_text("outside")
    with Archive(root) as archive:
        archive.put("1")
        (root / "link.dcm").symlink_to("1.dcm")
        (root / "linked").symlink_to(".")
        (root / "folder").mkdir()
        os.mkfifo(root / "fifo")
        with pytest.raises(OSError, match=r"."):
            archive.store.open(path)
        os.close(archive.store.open("1.dcm"))


def test_the_order_that_survives_a_power_loss(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[str] = []

    def noted(step: str, real: Callable[..., object]) -> Callable[..., object]:
        def call(*args: object, **how: object) -> object:
            steps.append(step)
            return real(*args, **how)

        return call

    with Archive(tmp_path, durability=Durability.FULL) as archive:
        monkeypatch.setattr(os, "rename", noted("rename", os.rename))
        monkeypatch.setattr(archive.store.tree._syncs._root, "_sync", noted("fsync folder", os.fsync))
        monkeypatch.setattr(archive.index, "add", noted("index", archive.index.add))
        archive.put("1")
    assert steps == ["rename", "fsync folder", "index"]


def test_without_an_index_nothing_of_it_is_loaded(tmp_path: Path) -> None:
    import subprocess
    import sys

    code = "import sys, dimsetools.archive.objects; print('sqlite3' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


@pytest.mark.parametrize("policy", list(OnDuplicate))
def test_policies_work_with_an_index(tmp_path: Path, policy: OnDuplicate) -> None:
    with Archive(tmp_path, on_duplicate=policy) as archive:
        archive.put("1", StudyDescription="a")
        if policy is OnDuplicate.REJECT:
            with pytest.raises(Refused):
                archive.put("1", StudyDescription="b")
        else:
            archive.put("1", StudyDescription="b")
        expected = "b" if policy is OnDuplicate.REPLACE else "a"
        assert archive.one("STUDY", "StudyDescription")["StudyDescription"] == expected


def test_an_index_may_come_after_the_store(tmp_path: Path) -> None:
    with ObjectStore(str(tmp_path)) as store, Index(str(tmp_path)) as index:
        store.index = index
        put(store, dataset())
        assert len(list(index.find("study", "STUDY", data(StudyInstanceUID=None)))) == 1


def test_an_index_is_its_callers(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    archive.store.close()
    assert isinstance(archive.index, Index)
    assert archive.find("STUDY", "StudyInstanceUID") == []
    archive.index.close()
