"""Examples in README, --help and the manual pages are what the program understands today."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from dimsetools.cli import COMMANDS, dimse
from dimsetools.options import Verbs
from tests.conftest import Peers

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")


def readme_lines() -> list[str]:
    """Return the `dimse` commands of README's shell blocks, without their comments and pipes."""
    blocks = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    lines = [line.split("  #")[0].strip() for block in blocks for line in block.splitlines()]
    lines = [re.sub(r" (?:> \S+|&)(?= |$)", "", line) for line in lines]
    lines = [part.strip() for line in lines for part in line.split(" | ")]
    return [line for line in lines if line.startswith("dimse ")]


def example_lines() -> list[str]:
    """Return the examples that the commands carry."""
    context = dimse.make_context("dimse", [], resilient_parsing=True)
    commands = [dimse.get_command(context, name) for name in COMMANDS]
    single = [one for command in commands for one in getattr(command, "verbs", (command,))]
    examples = [line for command in single for line, _ in getattr(command, "examples", ())]
    return [
        part.strip() for line in examples for part in line.split(" | ") if part.strip().startswith("dimse ")
    ]


@pytest.mark.parametrize("line", [*readme_lines(), *example_lines()])
def test_a_command_line_is_understood(line: str) -> None:
    context = dimse.make_context("dimse", [], resilient_parsing=True)
    name, *words = shlex.split(line)[1:]
    command = dimse.get_command(context, name)
    if isinstance(command, Verbs):
        context = command.make_context(name, words[:1], parent=context)
        name, *words = words
        command = command.get_command(context, name)
    assert command is not None
    command.make_context(name, words, parent=context)


def test_readme_shows_every_command() -> None:
    assert {line.split()[1] for line in readme_lines()} >= set(COMMANDS) - {"demo"}


def test_readme_shows_a_configuration_that_is_valid(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dimsetools.config import load

    (text,) = re.findall(r"```toml\n(.*?)```", README, re.DOTALL)
    (tmp_path / "dimse.toml").write_text(text)
    monkeypatch.chdir(tmp_path)
    config = load(environ={})
    assert config.names == sorted(tomllib.loads(text)["nodes"])
    assert str(config.node("pacs").target()) == "PACS@10.0.0.5:104"
    assert (config.node("cloud").host, config.node("cloud").port) == ("dicom.example.org", 2762)


def test_the_library_example_works(peers: Peers) -> None:
    peer = peers.pynetdicom()
    (text,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    code = text.replace('"10.0.0.5", 104', f'"{peer.host}", {peer.port}')
    assert code != text
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30
    )
    assert done.stdout == "0000\n"
