"""DCMTK's servers and clients. Their exit statuses say little: tests read the output and the stored files."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from tests.peers.certificates import Certificates, Pair
from tests.peers.process import Peer, environment, required, run, server

MAX_PDU = "131072"  # the most DCMTK takes

Client = Literal["echoscu", "storescu", "dcmsend", "findscu", "getscu", "movescu"]


def tls_options(certificates: Certificates, pair: Pair) -> tuple[str, ...]:
    """Options for TLS with both sides verified; dcmsend and dcmqrscp 3.6.7 have none."""
    return ("+tls", str(pair.key), str(pair.cert), "+cf", str(certificates.ca))


@contextmanager
def storescp(
    folder: Path, *options: str, tls: tuple[str, ...] = (), env: Mapping[str, str] | None = None
) -> Iterator[Peer]:
    """A storescp that keeps what it gets in `folder/stored` (unless `--ignore`) and logs verbosely."""
    program = required("storescp")
    stored = folder / "stored"
    stored.mkdir(parents=True, exist_ok=True)

    def command(port: int) -> list[str]:
        return [program, "-v", "-pdu", MAX_PDU, "-od", str(stored), *options, *tls, str(port)]

    with server(command, aet="STORESCP", folder=stored, log=folder / "storescp.log", env=env) as peer:
        yield peer


DCMQRSCP_CONFIG = """\
NetworkType = "tcp"
NetworkTCPPort = {port}
MaxPDUSize = 131072
MaxAssociations = 16
HostTable BEGIN
{hosts}
HostTable END
VendorTable BEGIN
VendorTable END
AETable BEGIN
{aet} {stored} RW (200, 4096mb) ANY
AETable END
"""


@contextmanager
def dcmqrscp(
    folder: Path, *options: str, destinations: Mapping[str, tuple[str, int]] | None = None
) -> Iterator[Peer]:
    """A dcmqrscp with one archive, `QRSCP`; `destinations`: AE title -> host, port for C-MOVE."""
    program = required("dcmqrscp")
    stored = folder / "archive"
    stored.mkdir(parents=True, exist_ok=True)
    hosts = "\n".join(
        f"node{number} = ({aet}, {host}, {port})"
        for number, (aet, (host, port)) in enumerate((destinations or {}).items())
    )

    def command(port: int) -> list[str]:
        config = folder / "dcmqrscp.cfg"
        config.write_text(DCMQRSCP_CONFIG.format(port=port, hosts=hosts, aet="QRSCP", stored=stored))
        return [program, "-v", "-s", "-c", str(config), *options, str(port)]

    with server(command, aet="QRSCP", folder=stored, log=folder / "dcmqrscp.log") as peer:
        yield peer


@contextmanager
def wlmscpfs(folder: Path, *items: str) -> Iterator[Peer]:
    """A wlmscpfs with the worklist `WORKLIST`: an item for each dump text."""
    program, dump2dcm = required("wlmscpfs"), required("dump2dcm")
    worklist = folder / "worklists" / "WORKLIST"
    worklist.mkdir(parents=True)
    (worklist / "lockfile").touch()
    for number, item in enumerate(items):
        source = folder / f"{number}.dump"
        source.write_text(item)
        done = run([dump2dcm, str(source), str(worklist / f"{number}.wl")])
        assert done.returncode == 0, done.stderr

    def command(port: int) -> list[str]:
        return [program, "-v", "-dfr", "-dfp", str(worklist.parent), str(port)]

    with server(command, aet="WORKLIST", folder=worklist, log=folder / "wlmscpfs.log") as peer:
        yield peer


def client(name: Client, *args: object) -> subprocess.CompletedProcess[str]:
    """Run one of DCMTK's SCUs with the arguments as given, verbosely."""
    return run([required(name), "-v", *map(str, args)], env=environment())
