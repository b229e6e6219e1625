"""The commands for N- services in this process, also against scripted peers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

import pytest

from dimsetools import cli
from tests.scripted.conversation import Step
from tests.scripted.peers import scripted_server


class Done(NamedTuple):
    """What a command has printed, and its exit status."""

    code: int
    stdout: str
    stderr: str

    @property
    def records(self) -> list[dict[str, Any]]:
        """The records of --json."""
        return [json.loads(line) for line in self.stdout.splitlines()]


class Dimse:
    """Runs commands in this process."""

    def __init__(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self._capsys = capsys
        monkeypatch.setenv("XDG_CONFIG_HOME", "/nonexistent")

    def __call__(self, *words: object) -> Done:
        code = cli.main([str(word) for word in words])
        return Done(code, *self._capsys.readouterr())

    def scripted(self, script: Sequence[Step], command: str, *words: object) -> Done:
        """Run a command against a scripted peer, which is put behind the command's name."""
        with scripted_server(tuple(script)) as server:
            done = self(command, server.address, *words)
            server.finish()
            return done
