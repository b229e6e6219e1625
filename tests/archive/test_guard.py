"""An index that is lost, damaged, old or somebody else's is not used; one that was not closed is repaired."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from dimsetools.archive import reindex
from dimsetools.archive.guard import NAME
from dimsetools.archive.index import Index, IndexUnusable, Reconciled
from dimsetools.archive.objects import INDEX_PASSED_BY, INDEX_TOKEN, Durability, ObjectStore
from dimsetools.errors import ExitCode, OutputError, OutputFolderError
from tests.archive.indexing import Archive
from tests.archive.storing import dataset, put
from tests.corpus import make_file


def fill(folder: Path, *, layout: str = "") -> None:
    with Archive(folder, layout=layout) as archive:
        for uid in ("1", "2", "3"):
            archive.put(uid)


def lose(folder: Path) -> None:
    (folder / NAME).unlink()


def truncate(folder: Path) -> None:
    os.truncate(folder / NAME, 8192)


def empty(folder: Path) -> None:
    os.truncate(folder / NAME, 0)


def overwrite(folder: Path) -> None:
    (folder / NAME).write_bytes(b"no database at all" * 1000)


def other_version(folder: Path) -> None:
    import sqlite3

    connection = sqlite3.connect(folder / NAME)
    connection.execute("PRAGMA user_version = 99")
    connection.close()


def restore(folder: Path) -> None:
    """What lies there comes back from a backup that is one start old."""
    backup = (folder / NAME).read_bytes()
    with Archive(folder) as archive:
        archive.put("4")
    (folder / NAME).write_bytes(backup)


def lose_token(folder: Path) -> None:
    (folder / INDEX_TOKEN).unlink()


def link(folder: Path) -> None:
    (folder / NAME).rename(folder / ".elsewhere")
    (folder / NAME).symlink_to(".elsewhere")


@pytest.mark.parametrize(
    ("spoil", "what"),
    [
        (lose, "no index of them"),
        (truncate, "cannot be used"),
        (empty, "is empty"),
        (overwrite, "cannot be used"),
        (other_version, "another version"),
        (restore, "older than"),
        (lose_token, "older than"),
        (link, "no regular file"),
    ],
)
@pytest.mark.parametrize("layout", ["", "{PatientID}/{StudyInstanceUID}/"])
def test_an_index_that_cannot_be_trusted(
    tmp_path: Path, spoil: Callable[[Path], None], what: str, layout: str
) -> None:
    fill(tmp_path, layout=layout)
    spoil(tmp_path)
    before = sorted(tmp_path.iterdir())
    for _ in range(2):
        with pytest.raises(IndexUnusable, match=what) as caught:
            Index(str(tmp_path))
        assert f"dimse scp {tmp_path} --reindex" in caught.value.hint
        assert caught.value.exit_code is ExitCode.OUTPUT
    assert {*before} <= {*tmp_path.iterdir()}
    reindex.rebuild(str(tmp_path))
    with Index(str(tmp_path)) as index:
        assert index.report is None


@pytest.mark.parametrize("end", [Archive.crash, Archive.close])
def test_a_page_that_was_destroyed_is_found_at_the_start(
    tmp_path: Path, end: Callable[[Archive], None]
) -> None:
    archive = Archive(tmp_path)
    for number in range(200):
        archive.put(str(number), SeriesDescription="x" * 60)
    end(archive)
    with (tmp_path / NAME).open("r+b") as file:
        file.seek(12 * 4096)
        file.write(os.urandom(8 * 4096))
    with pytest.raises(IndexUnusable, match=r"damaged|cannot be used"):
        Index(str(tmp_path))


def test_a_folder_without_objects_gets_an_index(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no object")
    (tmp_path / "dimse-0.part").write_bytes(b"")
    make_file(tmp_path / ".hidden.dcm")
    with Index(str(tmp_path)) as index:
        assert index.report is None


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="No such file"):
        Index(str(tmp_path / "none"))
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputFolderError):
        Index(str(tmp_path / "file"))


def test_a_restored_archive_is_whole(tmp_path: Path) -> None:
    """Files and index of one backup belong together."""
    original, copy = tmp_path / "original", tmp_path / "copy"
    original.mkdir()
    fill(original)
    shutil.copytree(original, copy)
    with Archive(copy) as archive:
        assert len(archive.find("IMAGE", "SOPInstanceUID")) == 3


# -- after a crash ------------------------------------------------------------------------------------


def test_what_does_not_fit_after_a_crash_is_repaired_and_reported(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    for uid in ("1", "2", "3", "4"):
        archive.put(uid, StudyDescription=uid)
    archive.crash()
    (tmp_path / "1.dcm").unlink()
    shutil.copy(tmp_path / "3.dcm", tmp_path / "other.dcm")  # a copy is no instance of its own
    make_file(tmp_path / "new.dcm")
    os.utime(tmp_path / "2.dcm", ns=(0, 1))
    with Archive(tmp_path) as again:
        assert again.index.report == Reconciled(added=1, changed=1, removed=1)
        assert len(again.find("IMAGE", "SOPInstanceUID")) == 4
    with Archive(tmp_path) as again:
        assert again.index.report is None


def test_a_crash_that_left_all_in_order(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    archive.put("1")
    archive.crash()
    with Archive(tmp_path) as again:
        assert again.index.report == Reconciled(0, 0, 0)


@pytest.mark.parametrize("write", [1, 2])
def test_a_crash_between_the_tokens_leaves_a_trusted_index(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: int
) -> None:
    fill(tmp_path)
    count = 0
    real = os.pwrite

    def crash(*args: object) -> int:
        nonlocal count
        count += 1
        if count == write:
            raise KeyboardInterrupt
        return real(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "pwrite", crash)
    with pytest.raises(KeyboardInterrupt):
        Index(str(tmp_path))
    monkeypatch.undo()
    Index(str(tmp_path)).close()


_STORING = """
import sys
from pathlib import Path
from tests.archive.indexing import Archive
from tests.archive.storing import dataset, put

archive = Archive(Path(sys.argv[1]))
for number in range(100_000):
    archive.put(str(number), StudyInstanceUID=f"1.{number % 7}")
    print(number, flush=True)
"""


def test_what_was_acknowledged_survives_a_kill(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", _STORING, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdout is not None
        for line in process.stdout:
            if line == "150\n":
                process.send_signal(signal.SIGKILL)
                break
        last = [line for line in process.stdout if line.endswith("\n")]
    acknowledged = 151 + len(last)
    with Archive(tmp_path) as again:
        assert again.index.report is not None
        assert again.index.report.removed == again.index.report.changed == 0
        found = {int(row["SOPInstanceUID"]) for row in again.find("IMAGE", "SOPInstanceUID")}
        assert found >= set(range(acknowledged))
    assert list(reindex.check(str(tmp_path))) == []


# -- stored without it ----------------------------------------------------------------------------------


@pytest.mark.parametrize("durability", list(Durability))
def test_objects_that_were_stored_without_the_index_are_found(tmp_path: Path, durability: Durability) -> None:
    fill(tmp_path)
    with ObjectStore(str(tmp_path), durability=durability) as store:
        put(store, dataset())
        assert (tmp_path / INDEX_PASSED_BY).exists()
    with Archive(tmp_path) as again:
        assert again.index.report == Reconciled(added=1, changed=0, removed=0)
        assert not (tmp_path / INDEX_PASSED_BY).exists()
    with Archive(tmp_path) as again:
        assert again.index.report is None


def test_where_there_is_no_index_nothing_is_marked(tmp_path: Path) -> None:
    with ObjectStore(str(tmp_path)) as store:
        put(store, dataset())
    assert [path.name for path in tmp_path.iterdir()] == ["1.2.3.4.dcm"]


def test_a_rebuild_takes_the_mark_away(tmp_path: Path) -> None:
    fill(tmp_path)
    with ObjectStore(str(tmp_path)) as store:
        put(store, dataset())
    assert reindex.rebuild(str(tmp_path)).indexed == 4
    with Archive(tmp_path) as again:
        assert again.index.report is None


def test_the_log_does_not_grow_while_objects_are_added(tmp_path: Path) -> None:
    """Neither before it is copied for the first time nor after."""
    with Archive(tmp_path, durability=Durability.FULL) as archive:
        log = tmp_path / f"{NAME}-wal"
        size = log.stat().st_size
        began = log.read_bytes()[:32]
        number = 0
        while log.read_bytes()[:32] == began:  # of each round its own
            number += 1
            archive.put(str(number), ImageComments="x" * 10_000, StudyInstanceUID=f"1.{number}")
        assert log.stat().st_size == size
        assert len(archive.find("IMAGE", "SOPInstanceUID")) == number


@pytest.mark.parametrize("durability", list(Durability))
def test_rows_in_the_log_outlive_a_kill(tmp_path: Path, durability: Durability) -> None:
    before, after = tmp_path / "before", tmp_path / "after"
    before.mkdir()
    with Archive(before, durability=durability) as archive:
        archive.put("1")
        archive.put("2")
        shutil.copytree(before, after)
    with Archive(after) as archive:
        assert archive.index.report == (0, 0, 0)
        assert len(archive.find("IMAGE", "SOPInstanceUID")) == 2


@pytest.mark.parametrize("is_told", [True, False])
def test_without_room_for_it_the_log_grows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_told: bool
) -> None:
    """Whether the file system says so or only fails to make room."""
    write, look = os.pwrite, os.fstatvfs

    def full(descriptor: int, data: bytes, offset: int) -> int:
        if len(data) > 1 << 20:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(descriptor, data, offset)

    def scarce(descriptor: int) -> os.statvfs_result:
        found = list(look(descriptor))
        found[4] = (100 << 20) // found[1]  # f_bavail, of f_frsize bytes
        return os.statvfs_result(found)

    with monkeypatch.context() as patch:
        if is_told:
            patch.setattr(os, "fstatvfs", scarce)
        else:
            patch.setattr(os, "pwrite", full)
        archive = Archive(tmp_path, durability=Durability.FULL)
    with archive:
        before = (tmp_path / f"{NAME}-wal").stat().st_size
        archive.put("1")
        assert (tmp_path / f"{NAME}-wal").stat().st_size > before
        assert len(archive.find("IMAGE", "SOPInstanceUID")) == 1
