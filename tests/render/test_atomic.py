from __future__ import annotations

import os
from pathlib import Path

import pytest

from dimsetools.errors import OutputError
from dimsetools.render import atomic


def test_the_file_is_replaced_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "dimse.prom"
    path.write_text("old")
    atomic.write(str(path), "new é\n")
    assert path.read_text(encoding="utf-8") == "new é\n"
    assert os.listdir(tmp_path) == ["dimse.prom"]


def test_a_reader_that_has_the_old_file_open_keeps_all_of_it(tmp_path: Path) -> None:
    path = tmp_path / "dimse.prom"
    path.write_text("old")
    with path.open() as reader:
        atomic.write(str(path), "new")
        assert reader.read() == "old"


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    target = tmp_path / "real.prom"
    target.write_text("old")
    link = tmp_path / "link.prom"
    link.symlink_to(target)
    atomic.write(str(link), "new")
    assert link.is_symlink()
    assert target.read_text() == "new"


def test_the_file_can_be_read_by_others_as_the_umask_says(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        atomic.write(str(tmp_path / "a.prom"), "x")
    finally:
        os.umask(before)
    assert (tmp_path / "a.prom").stat().st_mode & 0o777 == 0o644


def test_a_folder_that_is_not_there_is_an_output_error(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="No such file") as caught:
        atomic.write(str(tmp_path / "none" / "a.prom"), "x")
    assert caught.value.exit_code == 40


def test_a_failed_replacement_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "a.prom").mkdir()
    with pytest.raises(OutputError):
        atomic.write(str(tmp_path / "a.prom"), "x")
    assert os.listdir(tmp_path) == ["a.prom"]
