from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from dimsetools.archive.tree import Tree
from dimsetools.errors import ExitCode, OutputError, OutputFolderError

STALE = "dimse-0123456789abcdef-17.part"


@pytest.fixture
def tree(tmp_path: Path) -> Iterator[Tree]:
    opened = Tree(str(tmp_path))
    yield opened
    opened.close()


def names(folder: Path) -> list[str]:
    return sorted(os.listdir(folder))


def test_a_missing_root_is_exit_40(tmp_path: Path) -> None:
    with pytest.raises(OutputError) as caught:
        Tree(str(tmp_path / "none"))
    assert caught.value.exit_code is ExitCode.OUTPUT


def test_a_root_that_is_a_file_is_exit_45(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputFolderError) as caught:
        Tree(str(tmp_path / "file"))
    assert caught.value.exit_code is ExitCode.OUTPUT_FOLDER


@pytest.mark.parametrize("call", ["open", "write", "fsync", "rename"])
def test_a_root_that_cannot_be_written_is_exit_40(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    real_open = os.open

    def fail(*args: object, **kwargs: object) -> int:
        if call == "open" and not str(args[0]).endswith(".part"):
            return real_open(*args, **kwargs)  # type: ignore[arg-type]
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(os, call, fail)
    with pytest.raises(OutputError, match="Read-only") as caught:
        Tree(str(tmp_path))
    monkeypatch.undo()
    assert caught.value.exit_code is ExitCode.OUTPUT
    assert names(tmp_path) == []


def test_the_probe_leaves_nothing(tree: Tree, tmp_path: Path) -> None:
    assert names(tmp_path) == []


def test_only_our_own_part_files_are_swept(tmp_path: Path) -> None:
    others = ["1.2.3.dcm", "download.part", "dimse-0123456789abcdef.part", f"x{STALE}"]
    for name in (STALE, *others):
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / STALE).touch()
    tree = Tree(str(tmp_path))
    tree.close()
    assert tree.swept == 1
    assert names(tmp_path) == sorted([*others, "inner"])
    assert (tmp_path / "inner" / STALE).exists()


def test_a_link_in_the_guise_of_a_part_file_is_removed_not_followed(tmp_path: Path) -> None:
    target = tmp_path / "precious"
    target.write_bytes(b"x")
    (tmp_path / STALE).symlink_to(target)
    Tree(str(tmp_path)).close()
    assert names(tmp_path) == ["precious"]


def test_part_files_of_a_living_neighbour_stay(tmp_path: Path) -> None:
    first = Tree(str(tmp_path))
    part = first.create_part()
    second = Tree(str(tmp_path))
    assert second.swept == 0
    assert names(tmp_path) == [part.name]
    part.close()
    first.close()
    second.close()
    third = Tree(str(tmp_path))
    assert third.swept == 1
    third.close()


def test_part_files_are_private_and_distinct(tree: Tree, tmp_path: Path) -> None:
    one, other = tree.create_part(), tree.create_part()
    assert one.name != other.name
    assert stat.S_IMODE((tmp_path / one.name).stat().st_mode) == 0o600
    assert not os.get_inheritable(one.descriptor)
    other.close()
    tree.remove_part(one)
    tree.remove_part(one)
    assert names(tmp_path) == [other.name]


def test_the_file_mode_holds_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        tree = Tree(str(tmp_path), file_mode=0o640)
        part = tree.create_part()
        part.close()
        os.close(tree.open_folder(("study",)))
        tree.close()
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / part.name).stat().st_mode) == 0o640
    assert stat.S_IMODE((tmp_path / "study").stat().st_mode) == 0o750


def test_folders_are_made_and_private(tree: Tree, tmp_path: Path) -> None:
    os.close(tree.open_folder(("a", "b")))
    os.close(tree.open_folder(("a", "b")))
    assert stat.S_IMODE((tmp_path / "a" / "b").stat().st_mode) == 0o700


def test_new_folders_are_durable_before_they_are_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []
    real = os.fsync

    def fsync(descriptor: int) -> None:
        synced.append(os.path.relpath(os.readlink(f"/proc/self/fd/{descriptor}"), tmp_path))
        real(descriptor)

    tree = Tree(str(tmp_path))
    monkeypatch.setattr("dimsetools.archive.durability.GroupSync.__init__.__defaults__", (fsync,))
    tree._syncs._root._sync = fsync
    os.close(tree.open_folder(("a", "b")))
    assert synced == [".", "a"]
    os.close(tree.open_folder(("a", "b")))
    assert synced == [".", "a"]
    os.close(tree.open_folder(("a", "c")))
    assert synced == [".", "a", "a"]
    (tmp_path / "a" / "b").rmdir()
    os.close(tree.open_folder(("a", "b")))
    assert synced == [".", "a", "a", "a"]
    tree.close()


@pytest.mark.parametrize("planted", ["link", "dangling", "file"])
def test_a_planted_step_is_not_followed(tmp_path: Path, planted: str) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    root.mkdir()
    outside.mkdir()
    if planted == "file":
        (root / "study").touch()
    else:
        (root / "study").symlink_to(outside if planted == "link" else tmp_path / "nowhere")
    tree = Tree(str(root))
    with pytest.raises(OSError, match=r"Not a directory|symbolic links"):
        tree.open_folder(("study", "series"))
    tree.close()
    assert names(outside) == []
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize("unnamed", [False, True])
def test_publishing_does_not_touch_what_is_there(tmp_path: Path, unnamed: bool) -> None:
    (tmp_path / "taken").write_bytes(b"old")
    (tmp_path / "dangling").symlink_to("nowhere")
    tree = Tree(str(tmp_path), unnamed=unnamed)
    part = tree.create_part()
    assert not tree.publish_if_free(part, tree.descriptor, "taken")
    assert not tree.publish_if_free(part, tree.descriptor, "dangling")
    assert (tmp_path / "taken").read_bytes() == b"old"
    assert tree.publish_if_free(part, tree.descriptor, "free")
    assert names(tmp_path) == ["dangling", "free", "taken"]
    tree.close()
