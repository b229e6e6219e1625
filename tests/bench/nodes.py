"""Nodes that keep objects and answer for them: `dimse scp`, dcmqrscp and Orthanc, each over a folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.bench.contestants import HOST, dimse
from tests.bench.launching import KIB, serve
from tests.peers.dcmtk import DCMQRSCP_CONFIG
from tests.peers.orthanc import orthanc as orthanc_peer

Destinations = Mapping[str, int]
"""AE title -> port on this machine that a C-MOVE may go to."""


class Node(NamedTuple):
    """A running node; `objects` counts what it keeps, `peak` is its largest memory in bytes so far."""

    name: str
    aet: str
    port: int
    objects: Callable[[], int]
    peak: Callable[[], int]


Start = Callable[[Path], AbstractContextManager[Node]]
"""Starts a node over an empty folder."""


def _peak(pid: int) -> int:
    """Largest resident memory of a live process (proc(5), VmHWM); of its children, nothing."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * KIB
    return 0


def _child(launcher: int) -> int:
    """The process that a launcher waits for."""
    return int(Path(f"/proc/{launcher}/task/{launcher}/children").read_text().split()[0])


def _files(folder: Path) -> int:
    return sum(1 for path in folder.rglob("*.dcm") if not path.name.startswith("."))


@contextmanager
def dimse_node(folder: Path, *, durability: str, destinations: Destinations | None = None) -> Iterator[Node]:
    """`dimse scp` with its index."""
    known = (f"--dest={aet}@{HOST}:{port}" for aet, port in (destinations or {}).items())
    argv = dimse("scp", folder, "--port", "{port}", "--allow-any", "-q", "--durability", durability, *known)
    with serve(argv) as server:
        yield Node(
            "dimse scp",
            "DIMSE",
            server.port,
            lambda: _files(folder),
            lambda: _peak(_child(server.process.pid)),
        )


@contextmanager
def dcmqrscp(folder: Path, *, destinations: Destinations | None = None) -> Iterator[Node]:
    """DCMTK's node: a process an association, one flat index of the folder, nothing forced to the disk."""
    hosts = "\n".join(
        f"{aet.lower()} = ({aet}, {HOST}, {port})" for aet, port in (destinations or {}).items()
    )
    text = DCMQRSCP_CONFIG.replace("4096mb", "1024mb")  # it warns of more
    config = folder.with_name(f"{folder.name}.cfg")
    config.write_text(text.format(port=0, hosts=hosts, aet="QRSCP", stored=folder))
    with serve(["dcmqrscp", "-c", str(config), "{port}"]) as server:
        yield Node(
            "dcmqrscp",
            "QRSCP",
            server.port,
            lambda: _files(folder),
            lambda: _peak(_child(server.process.pid)),
        )


@contextmanager
def orthanc(folder: Path, *, synchronous: bool) -> Iterator[Node]:
    """Orthanc; `synchronous` is whether it forces files to the disk, its index does as SQLite is told to."""
    # MaximumPduLength is what DCMTK below it may take at most: its own 16 KiB would be unfair.
    settings = {"SyncStorageArea": synchronous, "MaximumPduLength": 131072, "StableAge": 60}
    with orthanc_peer(folder, settings) as peer:
        yield Node(
            "Orthanc",
            peer.peer.aet,
            peer.peer.port,
            lambda: int(peer.get("/statistics")["CountInstances"]),
            lambda: _peak(peer.peer.process.pid),
        )
