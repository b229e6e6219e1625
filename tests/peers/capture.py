"""tshark as a judge: what passed on chosen loopback ports, and what its DICOM dissector thinks of it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.peers.process import LOOPBACK, environment, required, run, stop
from tests.scripted.peers import refusing_port

RUNNING = b"Capture started"


@contextmanager
def capture(file: Path, ports: Sequence[int]) -> Iterator[None]:
    """Record all TCP on the ports to `file` while the block runs, to its last packet."""
    program = required("tshark")
    with refusing_port() as marker:
        wanted = " or ".join(f"tcp port {port}" for port in (*ports, marker))
        # Each packet is printed once it is in the file: the marker's line tells that all before it are.
        argv = [program, "-l", "-P", "-i", "lo", "-f", wanted, "-w", str(file), "-T", "fields"]
        process = subprocess.Popen(
            [*argv, "-e", "tcp.dstport"],
            env=environment(LC_ALL="C"),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert process.stdout is not None
        assert process.stderr is not None
        with process.stdout, process.stderr:
            try:
                _wait_started(process.stderr)
                yield
                with suppress(ConnectionRefusedError):
                    socket.create_connection((LOOPBACK, marker), timeout=2)
                for line in process.stdout:
                    if line.strip() == str(marker).encode():
                        break
            finally:
                stop(process, signal.SIGINT)


def _wait_started(errors: Iterator[bytes]) -> None:
    said = []
    for line in errors:
        if RUNNING in line:
            return
        said.append(line.decode(errors="replace"))
    reason = "tshark cannot capture on lo (it needs root or CAP_NET_RAW): " + "".join(said)
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def dissected(file: Path, ports: Sequence[int], condition: str, *fields: str) -> list[str]:
    """The fields of each packet that meets a display filter, TCP on the ports being read as DICOM."""
    # With two processors a capture holds neighbouring packets in the wrong order now and then, which the
    # dissector takes for malformed PDUs unless it is told to sort them.
    argv = [required("tshark"), "-o", "tcp.reassemble_out_of_order:TRUE", "-r", str(file)]
    argv += ["-Y", condition, "-T", "fields"]
    for port in ports:
        argv += ["-d", f"tcp.port=={port},dicom"]
    for field in fields:
        argv += ["-e", field]
    done = run(argv, env=environment(LC_ALL="C"))
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()
