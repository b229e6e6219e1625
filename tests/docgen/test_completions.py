"""The scripts in the shells that they are for, with a tree of our own."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from dimsetools.docgen.bash import bash
from dimsetools.docgen.fish import fish
from dimsetools.docgen.tree import Command
from dimsetools.docgen.zsh import zsh


def _shell(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        pytest.skip(f"{name} is not installed")
    return path


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with two nodes in a file, one in the environment, and a file to send."""
    monkeypatch.chdir(tmp_path)
    for name in ("DIMSE_CONFIG", "DIMSE_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("DIMSE_NODE_PANTRY", "h:1")
    (tmp_path / "dimse.toml").write_text('[nodes.pacs]\naddress = "h:1"\n[nodes."pacs-2".tls]\n[nodes.ct]\n')
    (tmp_path / "my image.dcm").write_text("")
    (tmp_path / "folder").mkdir()
    return tmp_path


CASES = [
    (["se"], {"send"}),
    (["--v"], {"--version"}),
    (["send", "--max"], {"--max-pdu"}),
    (["send", "--no-"], {"--no-tls", "--no-headers"}),
    (["send", "pa"], {"pacs", "pacs-2"}),
    (["send", "PAN"], {"PANTRY"}),
    (["send", "--aet", "ME", "-v", "c"], {"ct"}),
    (["send", "pacs", "my"], {"my image.dcm"}),
    (["send", "pacs", "x", "my"], {"my image.dcm"}),
    (["send", "pacs", "--level", ""], {"low", "high"}),
    (["send", "--report", "my"], {"my image.dcm"}),
    (["send", "-k", "PatientN"], {"PatientName="}),
    (["send", "--key", "ScheduledProcedureStepStartT"], {"ScheduledProcedureStepStartTime="}),
    (["send", "-k", "my"], {"my image.dcm"}),
    (["send", "--show", "PatientN"], {"PatientName"}),
    (["send", "--show", "Rows,PatientN"], {"Rows,PatientName"}),
    (["send", "--colour", "gr"], {"green"}),
    (["send", "--aet", "p"], set()),
    (["listen", "fo"], {"folder"}),
    (["ask", "pacs", "c"], {"ct"}),
    (["plain", "--l"], {"--loud"}),
    (["step", "s"], {"send", "stop"}),
    (["step", "--h"], {"--help"}),
    (["step", "send", "pan"], set()),
    (["step", "send", "PAN"], {"PANTRY"}),
    (["step", "send", "pacs", "r"], {"right"}),
    (["step", "send", "pacs", "--foot", ""], {"bare", "shod"}),
    (["step", "send", "--fo"], {"--foot", "--format"}),
    (["step", "stop", "--fo"], {"--format"}),
    (["step", "send", "--lev"], set()),
]


@pytest.mark.parametrize(("words", "expected"), CASES)
def test_bash_offers_what_fits(
    place: Path, commands: tuple[Command, ...], words: list[str], expected: set[str]
) -> None:
    line = " ".join(f"'{word}'" for word in ("dimse", *words))
    assert _bash(commands, line, len(words)) == expected


def test_bash_reads_a_value_behind_an_equals_sign(place: Path, commands: tuple[Command, ...]) -> None:
    assert _bash(commands, "dimse send --level = l", 4) == {"low"}


@pytest.mark.parametrize(("words", "expected"), CASES)
def test_fish_offers_what_fits(
    place: Path, commands: tuple[Command, ...], words: list[str], expected: set[str]
) -> None:
    script = place / "home" / "dimse.fish"
    script.parent.mkdir()
    script.write_text(fish(commands))
    line = " ".join(word.replace(" ", "\\ ") for word in ("dimse", *words))
    answers = _answers([_shell("fish"), "--no-config", "-c", f"source {script}; complete -C '{line}'"])
    offered = {answer.split("\t")[0].rstrip("/").replace("\\ ", " ") for answer in answers}
    assert expected <= offered
    assert all(answer.casefold().startswith(words[-1].casefold()) for answer in offered)


def test_fish_takes_a_verb_for_no_command_of_its_name(place: Path, commands: tuple[Command, ...]) -> None:
    script = place / "dimse.fish"
    script.write_text(fish(commands))
    command = [_shell("fish"), "--no-config", "-c", f"source {script}; complete -C 'dimse step send --'"]
    offered = {answer.split("\t")[0] for answer in _answers(command)}
    assert "--foot" in offered
    assert "--report" not in offered


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("dimse se", ["send"]),
        ("dimse step s", ["send", "stop"]),
        ("dimse step send PAN", ["PANTRY"]),
        ("dimse step send pacs r", ["right"]),
        ("dimse send --show PatientN", ["PatientName"]),
        ("dimse send --show Rows,PatientN", ["PatientName"]),
        ("dimse step send --foo", ["--foot"]),
        ("dimse step send --foot b", ["bare"]),
    ],
)
def test_zsh_offers_what_fits(
    place: Path,
    commands: tuple[Command, ...],
    monkeypatch: pytest.MonkeyPatch,
    words: str,
    expected: list[str],
) -> None:
    monkeypatch.setenv("TERM", "dumb")
    (place / "_dimse").write_text(zsh(commands))
    ask = Path(__file__).with_name("ask.zsh")
    assert sorted(_answers([_shell("zsh"), "-f", str(ask), words])) == expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("step send pacs ", {"left", "right"}),
        ("step send --foot bare pacs ", {"left", "right"}),
        ("step send ", {"pacs", "pacs-2", "ct", "PANTRY"}),
    ],
)
def test_fish_knows_at_which_argument_one_is(
    place: Path, commands: tuple[Command, ...], words: str, expected: set[str]
) -> None:
    script = place / "home" / "dimse.fish"
    script.parent.mkdir()
    script.write_text(fish(commands))
    command = [_shell("fish"), "--no-config", "-c", f"source {script}; complete -C 'dimse {words}'"]
    assert {answer.split("\t")[0] for answer in _answers(command)} == expected


def test_fish_and_zsh_take_the_scripts(tmp_path: Path, commands: tuple[Command, ...]) -> None:
    for name, text in (("fish", fish(commands)), ("zsh", zsh(commands)), ("bash", bash(commands))):
        path = tmp_path / name
        path.write_text(text)
        done = subprocess.run(
            [_shell(name), "-n", path], capture_output=True, text=True, check=False, timeout=30
        )
        assert (done.returncode, done.stderr) == (0, "")


def _bash(commands: tuple[Command, ...], line: str, cursor: int) -> set[str]:
    """Return what bash offers at the word `cursor` of a line."""
    ask = f"COMP_WORDS=({line}); COMP_CWORD={cursor}; _dimse"
    script = f"{bash(commands)}\n{ask}\nprintf '%s\\n' \"${{COMPREPLY[@]}}\""
    return _answers([_shell("bash"), "--norc", "-c", script])


def _answers(command: list[str]) -> set[str]:
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)
    assert done.stderr == ""
    return set(done.stdout.splitlines()) - {""}
