"""`dimse get` and `dimse move` as processes, against archives that hold a few objects."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.conftest import Peers
from tests.corpus import ROOT, Made, make_file
from tests.peers import dimse
from tests.peers.process import LOOPBACK, Peer

FORKING = "--fork"
"""As one process, dcmqrscp 3.6.7 breaks down at the end of an association that has stored."""
NUMBERS = (0, 1, 50, 200)
"""Objects of the corpus: two series of one study, and another study."""
STUDY = f"StudyInstanceUID={ROOT}.1.0"
ARCHIVES = ("dcmqrscp", "orthanc", "dimse")


def made(folder: Path, numbers: tuple[int, ...] = NUMBERS, **more: Any) -> list[Made]:
    folder.mkdir(exist_ok=True)
    return [make_file(folder / f"{number}.dcm", number, **more) for number in numbers]


def filled(
    peers: Peers,
    folder: Path,
    name: str,
    *,
    destinations: Mapping[str, int] | None = None,
    **settings: object,
) -> tuple[Peer, list[Made]]:
    """An archive with the objects, and what they are; `destinations` are titles and ports on this machine."""
    titles = destinations or {}
    if name == "orthanc":
        orthanc = peers.orthanc(settings)
        for title, port in titles.items():
            orthanc.knows(title, title, port)
        peer = orthanc.peer
    elif name == "dcmqrscp":
        hosts = {title: (LOOPBACK, port) for title, port in titles.items()}
        peer = peers.dcmqrscp(FORKING, destinations=hosts)
    else:
        known = [word for title, port in titles.items() for word in ("--dest", f"{title}@{LOOPBACK}:{port}")]
        peer = peers.dimse_scp(*known)
    objects = made(folder / "source")
    done = dimse.run("store", peer.address, folder / "source")
    assert done.returncode == 0, done.stderr
    return peer, objects


def stored(folder: Path) -> dict[str, bytes]:
    """The data sets in a folder by SOP instance UID, found with another reader than ours."""
    import pydicom

    found = {}
    for path in folder.rglob("*.dcm"):
        meta = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=[]).file_meta
        offset = 144 + int(meta.FileMetaInformationGroupLength)
        found[str(meta.MediaStorageSOPInstanceUID)] = path.read_bytes()[offset:]
    return found


def expected(objects: list[Made]) -> dict[str, bytes]:
    return {one.sop_instance: one.dataset for one in objects}


def events(done: subprocess.CompletedProcess[str], name: str) -> list[dict[str, Any]]:
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    return [row for row in rows if row["_event"] == name]
