"""`dimse find` as a process, alone and against scripted peers and filled archives."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.conftest import Peers
from tests.corpus import make_file
from tests.peers import dimse
from tests.peers.process import Peer
from tests.scripted import conversation as step
from tests.scripted.conversation import Step
from tests.scripted.peers import scripted_server

END = (step.release(), step.closed())
STUDIES = 3
FORKING = "--fork"
"""As one process, dcmqrscp 3.6.7 breaks down at the end of an association that has stored."""


def find(
    *args: object, cwd: Path | None = None, stdin: str | None = None, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return dimse.run("find", *args, cwd=cwd, stdin=stdin, env=env)


def run(script: Sequence[Step], *args: object, end: Sequence[Step] = END) -> subprocess.CompletedProcess[str]:
    """Ask a scripted peer."""
    with scripted_server((step.accept(), *script, *end)) as server:
        done = find(server.address, *args)
        server.finish()
        return done


def filled(
    peers: Peers,
    folder: Path,
    name: str = "dcmqrscp",
    *,
    moments: Sequence[tuple[str, str]] = (("20260102", "03"),) * STUDIES,
    **settings: object,
) -> Peer:
    """An archive with one object of a study and patient for each date and hour of `moments`."""
    peer = peers.orthanc(settings).peer if name == "orthanc" else peers.dcmqrscp(FORKING)
    source = folder / "source"
    source.mkdir()
    for number, (day, hour) in enumerate(moments):
        path = make_file(source / f"{number}.dcm", number * 200).path
        data = path.read_bytes().replace(b"20260102", day.encode())
        path.write_bytes(data.replace(b"030405", f"{hour}0405".encode()))
    done = dimse.run("store", peer.address, source)
    assert done.returncode == 0, done.stderr
    return peer
