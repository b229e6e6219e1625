"""Who has the lock has it until the end."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from dimsetools.archive.lock import hold


@pytest.fixture
def root(tmp_path: Path) -> Iterator[int]:
    descriptor = os.open(tmp_path, os.O_RDONLY)
    yield descriptor
    os.close(descriptor)


def test_one_holds_it_until_it_is_closed(root: int, tmp_path: Path) -> None:
    held = hold(root, "lock")
    assert (tmp_path / "lock").stat().st_mode & 0o777 == 0o600
    with pytest.raises(BlockingIOError):
        hold(root, "lock")
    os.close(held)
    os.close(hold(root, "lock"))


def test_no_link_is_followed(root: int, tmp_path: Path) -> None:
    (tmp_path / "lock").symlink_to("elsewhere")
    with pytest.raises(OSError, match="symbolic link"):
        hold(root, "lock")
    assert not (tmp_path / "elsewhere").exists()


def test_a_file_system_without_locks(root: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def flock(*_: object) -> None:
        raise OSError(errno.ENOLCK, "no locks")

    monkeypatch.setattr(fcntl, "flock", flock)
    os.close(hold(root, "lock"))
