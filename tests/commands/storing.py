"""`dimse store` as a process, alone and against scripted peers."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.peers import dimse
from tests.scripted import conversation as step
from tests.scripted.conversation import Step
from tests.scripted.peers import scripted_server

END = (step.release(), step.closed())


def store(
    *args: object, cwd: Path | None = None, stdin: bytes | None = None, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return dimse.run("store", *args, cwd=cwd, stdin=stdin, env=env)


def run(script: Sequence[Step], *args: object) -> subprocess.CompletedProcess[str]:
    """Send to a scripted peer, with results as a person sees them."""
    with scripted_server(script) as server:
        return store(server.address, *args, "--format", "table")
