"""dcmjs-dimse, a DICOM stack for Node.js, as the other side of the N- services; `dcmjs.js` drives it.

It keeps elements of command sets that went over the same association before: tests look at those of the
message that they mean.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.peers.process import LOOPBACK, Peer, environment, required, run, server

VERSION = "0.3.3"
SCRIPT = Path(__file__).with_name("dcmjs.js")
_GLOBAL = ("/usr/local/lib/node_modules", "/usr/lib/node_modules")


def node() -> tuple[str, dict[str, str]]:
    """The program, and an environment in which it finds dcmjs-dimse: along NODE_PATH, or globally."""
    program = required("node")
    folders = [*filter(None, os.environ.get("NODE_PATH", "").split(os.pathsep)), *_GLOBAL]
    for folder in folders:
        if Path(folder, "dcmjs-dimse").is_dir():
            return program, environment(NODE_PATH=folder)
    reason = f"dcmjs-dimse is not installed (npm install --global dcmjs-dimse@{VERSION})"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@contextmanager
def scp(folder: Path) -> Iterator[Peer]:
    """An SCP of all classes; `requests` says what it was asked."""
    program, env = node()

    def command(port: int) -> list[str]:
        return [program, str(SCRIPT), "scp", str(port)]

    with server(command, aet="DCMJS", folder=folder, log=folder / "dcmjs.log", env=env) as peer:
        yield peer


def requests(peer: Peer) -> list[dict[str, Any]]:
    """What an SCP was asked: service, command and data of each request."""
    return [json.loads(line) for line in peer.output.splitlines() if line.startswith("{")]


def scu(
    port: int, aet: str, asked: Iterable[Mapping[str, object]], *, linger: float = 0.0
) -> list[dict[str, Any]]:
    """Send requests over one association; the responses, and an event that came within `linger` seconds."""
    program, env = node()
    argv = [program, str(SCRIPT), "scu", LOOPBACK, str(port), aet, str(round(linger * 1000))]
    done = run(argv, env=env, stdin="".join(f"{json.dumps(one)}\n" for one in asked))
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
