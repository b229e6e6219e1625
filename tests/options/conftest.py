"""A command that does nothing but show what reached it, in a place without configuration."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest

from dimsetools.config import files
from dimsetools.options import REQUESTOR, NetworkCommand, PeerArgument, Session

Run = Callable[..., "Seen"]


class Seen:
    """What the callback was called with."""

    def __init__(self, session: Session, params: dict[str, Any]) -> None:
        self.session = session
        self.params = params


@pytest.fixture(autouse=True)
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder and no configuration."""
    for name in [name for name in os.environ if name.startswith("DIMSE_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(files, "SYSTEM_FILE", str(tmp_path / "system.toml"))
    return tmp_path


@pytest.fixture
def run() -> Run:
    """Runs a command line of a command of any name, by default one like `store`; returns what it saw."""

    def runner(
        *words: str, name: str = "store", params: tuple[click.Parameter, ...] | None = None, **declared: Any
    ) -> Seen:
        seen: list[Seen] = []

        def callback(session: Session, **own: Any) -> int:
            seen.append(Seen(session, own))
            return 0

        if params is None:
            params = (
                PeerArgument(),
                click.Argument(["paths"], nargs=-1),
                click.Option(["-k", "--key"], multiple=True),
                click.Option(["--include"], multiple=True),
                click.Option(["--report"]),
                click.Option(["--never-transcode"], is_flag=True),
            )
        groups = declared.pop("groups", REQUESTOR)
        command = NetworkCommand(
            name, callback=callback, help="Help.", params=params, groups=groups, **declared
        )
        assert command.main(list(words), prog_name=f"dimse {name}", standalone_mode=False) == 0
        return seen[0]

    return runner
