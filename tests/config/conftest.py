"""A place without any configuration but what a test writes."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from dimsetools.config import files


@pytest.fixture(autouse=True)
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder, no variables of ours, and user and system files below it."""
    for name in [name for name in os.environ if name.startswith("DIMSE_")]:
        monkeypatch.delenv(name)
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(files, "SYSTEM_FILE", str(tmp_path / "etc" / "config.toml"))
    return tmp_path


@pytest.fixture
def local(bare: Path) -> Callable[[str], None]:
    """Writes ./dimse.toml."""
    return lambda text: _write(bare / "work" / "dimse.toml", text)


@pytest.fixture
def user(bare: Path) -> Callable[[str], None]:
    """Writes the user's file."""
    return lambda text: _write(bare / "home" / "dimse" / "config.toml", text)


@pytest.fixture
def system(bare: Path) -> Callable[[str], None]:
    """Writes the machine's file."""
    return lambda text: _write(bare / "etc" / "config.toml", text)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
