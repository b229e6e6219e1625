from __future__ import annotations

import io
import os
import socket
from pathlib import Path

import pytest

from dimsetools.errors import InputError, InputUnreadable
from dimsetools.services.selection import Patterns, Skipped, listed, select


def _tree(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


def _found(*paths: Path, patterns: Patterns | None = None) -> list[str]:
    found = select(map(str, paths), patterns or Patterns())
    return [entry for entry in found if isinstance(entry, str)]


def _skipped(*paths: Path) -> list[Skipped]:
    return [entry for entry in select(map(str, paths)) if isinstance(entry, Skipped)]


def test_folders_are_searched_to_the_bottom_in_order(tmp_path: Path) -> None:
    _tree(tmp_path, "b", "a/2", "a/1", "a/deep/er/3", "c")
    names = [os.path.relpath(path, tmp_path) for path in _found(tmp_path)]
    assert names == ["a/1", "a/2", "a/deep/er/3", "b", "c"]


def test_files_and_folders_come_as_they_are_named(tmp_path: Path) -> None:
    _tree(tmp_path, "z", "f/1")
    assert _found(tmp_path / "z", tmp_path / "f") == [str(tmp_path / "z"), str(tmp_path / "f/1")]


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        (Patterns(include=("*.dcm",)), {"a.dcm", "ct/b.dcm", "mr/old/c.dcm"}),
        (Patterns(exclude=("*.txt",)), {"a.dcm", "ct/b.dcm", "mr/old/c.dcm"}),
        (Patterns(include=("ct/*",)), {"ct/b.dcm", "ct/n.txt"}),
        (Patterns(include=("*.dcm",), exclude=("mr",)), {"a.dcm", "ct/b.dcm"}),
        (Patterns(exclude=("mr/old", "n.txt")), {"a.dcm", "ct/b.dcm"}),
        (Patterns(include=("?.dcm",), exclude=("[ab].dcm",)), {"mr/old/c.dcm"}),
    ],
)
def test_globs(tmp_path: Path, patterns: Patterns, expected: set[str]) -> None:
    _tree(tmp_path, "a.dcm", "ct/b.dcm", "ct/n.txt", "mr/old/c.dcm")
    assert {os.path.relpath(path, tmp_path) for path in _found(tmp_path, patterns=patterns)} == expected


def test_named_files_are_taken_whatever_the_globs(tmp_path: Path) -> None:
    _tree(tmp_path, "a.txt")
    patterns = Patterns(include=("*.dcm",), exclude=("*.txt",))
    assert _found(tmp_path / "a.txt", patterns=patterns) == [str(tmp_path / "a.txt")]


def test_links_are_followed_and_loops_end(tmp_path: Path) -> None:
    _tree(tmp_path, "in/a", "other/b")
    (tmp_path / "in" / "loop").symlink_to(tmp_path / "in")
    (tmp_path / "in" / "up").symlink_to(tmp_path)
    (tmp_path / "in" / "elsewhere").symlink_to(tmp_path / "other")
    (tmp_path / "in" / "file").symlink_to(tmp_path / "other" / "b")
    found = [os.path.basename(path) for path in _found(tmp_path / "in")]
    assert sorted(found) == ["a", "b", "file"]


def test_a_folder_named_twice_is_searched_once(tmp_path: Path) -> None:
    _tree(tmp_path, "a")
    assert len(_found(tmp_path, tmp_path / ".", tmp_path)) == 1


def test_what_is_no_regular_file_is_refused_without_being_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        here = os.getcwd()
        os.chdir(tmp_path)  # the path of a socket is short
        try:
            listener.bind("socket")
        finally:
            os.chdir(here)
        said = {os.path.basename(entry.path): str(entry.error) for entry in _skipped(tmp_path)}
    assert said == {"pipe": "a FIFO, not a regular file", "socket": "a socket, not a regular file"}
    named = _skipped(tmp_path / "pipe", Path("/dev/null"))
    assert [str(entry.error) for entry in named] == [
        "a FIFO, not a regular file",
        "a device, not a regular file",
    ]


def test_what_cannot_be_found_is_told(tmp_path: Path) -> None:
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    for entry in _skipped(tmp_path / "missing", tmp_path):
        assert isinstance(entry.error, InputUnreadable)
        assert str(entry.error) == "there is no such file"
    assert len(_skipped(tmp_path / "missing", tmp_path)) == 2
    assert "NUL" in str(_skipped(Path("a\0b"))[0].error)


@pytest.mark.usefixtures("as_somebody")
def test_an_unreadable_folder_does_not_hide_the_others(tmp_path: Path) -> None:
    _tree(tmp_path, "closed/a", "open/b")
    os.chmod(tmp_path / "closed", 0)
    try:
        found = list(select([str(tmp_path)]))
    finally:
        os.chmod(tmp_path / "closed", 0o700)
    kinds = [type(entry) for entry in found]
    assert kinds == [Skipped, str]


@pytest.fixture
def as_somebody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make closed folders unreadable even where the tests run as root."""
    if os.geteuid():
        return
    scandir = os.scandir

    def refuse(path: str) -> object:
        if not os.stat(path).st_mode & 0o400:
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)


def test_the_directory_of_a_medium_is_passed_over_in_folders_alone(tmp_path: Path) -> None:
    _tree(tmp_path, "DICOMDIR", "IMAGES/1")
    (entry,) = _skipped(tmp_path)
    assert entry.expected
    assert isinstance(entry.error, InputError)
    assert _found(tmp_path / "DICOMDIR") == [str(tmp_path / "DICOMDIR")]


def test_lists_by_line_and_by_nul() -> None:
    assert list(listed(io.BytesIO(b"a b\n\n/c\nlast"), zero=False)) == ["a b", "/c", "last"]
    assert list(listed(io.BytesIO(b"a\nb\0c\0"), zero=True)) == ["a\nb", "c"]


def test_names_that_are_no_utf_8_stay_themselves(tmp_path: Path) -> None:
    raw = os.fsencode(tmp_path) + b"/caf\xe9"
    with open(raw, "wb"):
        pass
    (path,) = _found(tmp_path)
    assert os.fsencode(path) == raw
    assert list(listed(io.BytesIO(raw + b"\n"), zero=False)) == [path]


def test_long_lists_are_read_piece_by_piece() -> None:
    names = [f"folder/{number:05}" for number in range(20_000)]
    assert list(listed(io.BytesIO("\n".join(names).encode()), zero=False)) == names
