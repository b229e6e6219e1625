"""The script of README and dimse(1) that shows every command does what it says, in a real shell."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from importlib.resources import files
from pathlib import Path

import pytest
from pydicom.data import get_testdata_file

from dimsetools.cli import COMMANDS
from tests.peers import dimse

ROOT = Path(__file__).resolve().parents[1]
SCRIPT = files("dimsetools").joinpath("examples", "node.sh").read_text("utf-8")
PORTS = ("11112", "11113", "11114")


def test_readme_and_the_manual_page_show_the_script() -> None:
    assert f"```sh\n{SCRIPT}```" in (ROOT / "README.md").read_text("utf-8")
    page = (ROOT / "man" / "dimse.1").read_text("utf-8")
    assert "DIMSE_NODE_NODE=NODE@127.0.0.1:11112" in page


def test_the_script_shows_every_command() -> None:
    shown = {line.split()[1] for line in SCRIPT.splitlines() if line.startswith("dimse ")}
    assert shown == set(COMMANDS) - {"demo", "ndelete"}
    assert "N-DELETE" in SCRIPT  # an object of a printer dies with the association: the shell deletes it


def on_free_ports(script: str) -> str:
    """The script with ports that were free a moment ago."""
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in PORTS]
    for port, listener in zip(PORTS, listeners, strict=True):
        script = script.replace(port, str(listener.getsockname()[1]))
        listener.close()
    return script


@pytest.mark.timeout(120)
def test_the_script_works_as_it_is_printed(tmp_path: Path) -> None:
    shutil.copy(str(get_testdata_file("CT_small.dcm")), tmp_path / "ct.dcm")
    environment = dimse.environment(
        {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    )
    told = tmp_path / "told"
    with told.open("wb") as file:
        shell = subprocess.Popen(
            ["bash", "-e", "-c", on_free_ports(SCRIPT)],
            cwd=tmp_path, env=environment, stdout=file, stderr=file, start_new_session=True,
        )  # fmt: skip
        try:
            assert shell.wait(100) == 0, told.read_text("utf-8")
        finally:
            with suppress(ProcessLookupError):
                os.killpg(shell.pid, signal.SIGKILL)
    assert len(list((tmp_path / "films").glob("*.png"))) == 2
    for folder in ("got", "moved", "in"):
        assert len(list((tmp_path / folder).glob("*.dcm"))) == 1
    events = (tmp_path / "events").read_text("utf-8")
    assert [line.split("\t")[5] for line in events.splitlines()[1:5]] == [
        "state-report", "state-report", "state-report", "assigned",
    ]  # fmt: skip
    assert events in told.read_text("utf-8")  # its last word, though the listener has ended long before
