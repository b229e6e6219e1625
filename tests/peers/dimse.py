"""The `dimse` command as a user runs it: a process of its own, with nobody's configuration but the test's."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.peers.process import RUN_LIMIT, Peer, PeerError, background, wait_until
from tests.peers.process import run as run_process

REPOSITORY = Path(__file__).resolve().parents[2]
COMMAND = (sys.executable, "-m", "dimsetools")
NOWHERE = "/nonexistent"


def environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Our environment without the developer's `DIMSE_*`, colours, terminal width and configuration files."""
    unwanted = re.compile(r"DIMSE_|NO_COLOR$|FORCE_COLOR$|CLICOLOR|COLUMNS$|LINES$")
    kept = {name: value for name, value in os.environ.items() if not unwanted.match(name)}
    # A configuration above the test's folder cannot exist: only ./dimse.toml, XDG and /etc are read.
    kept |= {"XDG_CONFIG_HOME": NOWHERE, "HOME": NOWHERE, "TERM": "xterm-256color"}
    kept["PYTHONPATH"] = os.pathsep.join(filter(None, (str(REPOSITORY), kept.get("PYTHONPATH"))))
    return kept | dict(more or {})


def run(
    *args: object,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    stdin: str | bytes | None = None,
    limit: float = RUN_LIMIT,
) -> subprocess.CompletedProcess[str]:
    """Run `dimse ARGS...` to its end; both streams as text."""
    argv = [*COMMAND, *map(str, args)]
    return run_process(argv, cwd=cwd, env=environment(env), stdin=stdin, limit=limit)


def rows(done: subprocess.CompletedProcess[str]) -> list[dict[str, object]]:
    """The records of a run with `--json`."""
    return [json.loads(line) for line in done.stdout.splitlines()]


@contextmanager
def start(
    *args: object, log: Path, cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Run `dimse ARGS...` in the background, both streams to the file `log`; ended with the block."""
    with background([*COMMAND, *map(str, args)], log, cwd=cwd, env=environment(env)) as process:
        yield process


@contextmanager
def dimse_scp(
    folder: Path, *options: object, allow_any: bool = True, env: Mapping[str, str] | None = None
) -> Iterator[Peer]:
    """`dimse scp folder/stored --port 0 OPTIONS...` until the block ends; listens when the block begins.

    Storing skips the waits for the disk unless the options name a durability.
    """
    stored = folder / "stored"
    stored.mkdir(parents=True, exist_ok=True)
    log, ready = folder / "dimse-scp.log", folder / "dimse-scp.ready"
    ready.unlink(missing_ok=True)  # of a node that was there before
    argv: list[object] = ["scp", stored, "--port", 0, "--ready-file", ready, *options]
    if allow_any:
        argv.append("--allow-any")
    if "--durability" not in options:
        argv += ["--durability", "none"]
    with start(*argv, log=log, cwd=folder, env=env) as process:
        try:
            wait_until(ready.exists, process)
        except PeerError as failure:
            pytest.fail(f"dimse scp {failure}:\n{log.read_text(errors='replace')}")
        yield Peer("ANY-SCP", listening_port(ready), stored, process, log)


def listening_port(ready: Path) -> int:
    """The port that `--ready-file` names: the last number in it."""
    numbers = re.findall(r"\d+", ready.read_text())
    assert numbers, f"no port in the ready file: {ready.read_text()!r}"
    return int(numbers[-1])
