"""Starting and ending the real programs: free ports, readiness without sleeping, output kept for failures."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pytest

LOOPBACK = "127.0.0.1"
START_LIMIT = 20.0  # seconds a peer may take until it listens; Orthanc on a loaded machine needs a few
STOP_LIMIT = 5.0  # seconds between SIGTERM and SIGKILL
RUN_LIMIT = 40.0  # seconds a client may run, below the time limit of a test
PORT_ATTEMPTS = 5
_TURN = 0.02  # seconds; each wait is on the process, so an early exit is noticed at once

PACKAGES = {
    "Orthanc": "orthanc",
    "tshark": "tshark",
    "dciodvfy": "dicom3tools",
    "groff": "groff",
    "node": "nodejs",
}


class PeerError(Exception):
    """The program ended, or did not listen in time."""


def required(program: str) -> str:
    """Path of an installed program; otherwise skips the test, or fails it where CI promises the peers."""
    path = shutil.which(program)
    if path is not None:
        return path
    reason = f"{program} is not installed (apt-get install {PACKAGES.get(program, 'dcmtk')})"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def environment(**more: str) -> dict[str, str]:
    """Environment of a peer: DCMTK waits 40-90 ms a message without TCP_NODELAY."""
    return {**os.environ, "TCP_NODELAY": "1", **more}


def free_port(host: str = LOOPBACK) -> int:
    """A port nobody holds right now; who needs it may still lose it, so starters try again."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port


def listening(port: int, host: str = LOOPBACK) -> bool:
    """Whether somebody accepts connections on the port."""
    try:
        with socket.create_connection((host, port), timeout=1.0) as probe:
            # A connect to a free ephemeral port may meet itself (TCP's simultaneous open).
            return bool(probe.getsockname() != probe.getpeername())
    except OSError:
        return False


def wait_until(
    ready: Callable[[], bool], process: subprocess.Popen[bytes], limit: float = START_LIMIT
) -> None:
    """Return when `ready()`; PeerError when the process ends first or `limit` seconds pass."""
    deadline = time.monotonic() + limit
    while not ready():
        try:
            code = process.wait(timeout=_TURN)
        except subprocess.TimeoutExpired:
            if time.monotonic() > deadline:
                raise PeerError(f"not ready within {limit} s") from None
        else:
            raise PeerError(f"ended with {code} before it was ready")


def stop(process: subprocess.Popen[bytes], sign: int = signal.SIGTERM) -> int:
    """End one process that we started, with force if it will not go; its exit status."""
    if process.poll() is None:
        process.send_signal(sign)
        try:
            process.wait(STOP_LIMIT)
        except subprocess.TimeoutExpired:
            process.kill()
    return process.wait(STOP_LIMIT)


class Peer(NamedTuple):
    """A running server: where it listens, what it kept, what it said."""

    aet: str
    port: int
    folder: Path
    process: subprocess.Popen[bytes]
    log: Path
    host: str = LOOPBACK

    @property
    def address(self) -> str:
        """`AET@host:port`, as `dimse` takes it."""
        return f"{self.aet}@{self.host}:{self.port}"

    @property
    def output(self) -> str:
        """What the program has printed so far, both streams."""
        return self.log.read_text(errors="replace")

    def stored(self) -> list[Path]:
        """The files it has kept, sorted by name; hidden ones, such as an index, left out."""
        return sorted(
            path for path in self.folder.rglob("*") if path.is_file() and not path.name.startswith(".")
        )


@contextmanager
def background(
    argv: Sequence[str],
    log: Path,
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    stop_signal: int = signal.SIGTERM,
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program whose both streams go to the file `log`, until the block ends."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            argv,
            cwd=cwd,
            env=environment() if env is None else env,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield process
    finally:
        stop(process, stop_signal)


@contextmanager
def server(
    command: Callable[[int], Sequence[str]],
    *,
    aet: str,
    folder: Path,
    log: Path,
    env: Mapping[str, str] | None = None,
    ready: Callable[[int], bool] = listening,
    stop_signal: int = signal.SIGTERM,
) -> Iterator[Peer]:
    """Start `command(port)` on a free port, again on another one when the first was taken meanwhile.

    `ready(port)` says when it can be used; by default, when it accepts connections.
    """
    for attempt in range(PORT_ATTEMPTS):
        port = free_port()
        argv = command(port)
        with background(argv, log, cwd=folder, env=env, stop_signal=stop_signal) as process:
            try:
                wait_until(partial(ready, port), process)
            except PeerError as failure:
                said = log.read_text(errors="replace")
                if attempt + 1 < PORT_ATTEMPTS and "address already in use" in said.lower():
                    log.write_bytes(b"")
                    continue
                pytest.fail(f"{' '.join(argv)} {failure}:\n{said}")
            yield Peer(aet, port, folder, process, log)
            return


def run(
    argv: Sequence[str],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    stdin: str | bytes | None = None,
    limit: float = RUN_LIMIT,
) -> subprocess.CompletedProcess[str]:
    """Run a client to its end; both streams as text, bytes that are no UTF-8 escaped."""
    data = stdin.encode() if isinstance(stdin, str) else stdin
    done = subprocess.run(
        argv,
        cwd=cwd,
        env=environment() if env is None else env,
        input=b"" if data is None else data,
        capture_output=True,
        timeout=limit,
        check=False,
    )
    return subprocess.CompletedProcess(
        done.args,
        done.returncode,
        done.stdout.decode(errors="backslashreplace"),
        done.stderr.decode(errors="backslashreplace"),
    )
