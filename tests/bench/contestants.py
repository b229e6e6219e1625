"""Who competes, as command lines; a new command or peer is a new function here."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.peers.certificates import Certificates

HOST = "127.0.0.1"
PYTHON = sys.executable

# A sender's command line for (port, folder).
Sender = Callable[[int, Path], Sequence[str]]


def dimse(*args: object) -> list[str]:
    """`dimse` as installed beside this Python, else as a module."""
    script = Path(PYTHON).with_name("dimse")
    command = [str(script)] if script.exists() else [PYTHON, "-m", "dimsetools"]
    return [*command, *map(str, args)]


def dimse_store(port: int, folder: Path) -> list[str]:
    """Our sender."""
    return dimse("store", "-q", f"ANY-SCP@{HOST}:{port}", folder)


def dcmsend(port: int, folder: Path, *options: str) -> list[str]:
    """DCMTK's newer sender."""
    return ["dcmsend", *options, HOST, str(port), "+sd", str(folder)]


def storescu(port: int, folder: Path) -> list[str]:
    """DCMTK's older sender."""
    return ["storescu", HOST, str(port), "+sd", str(folder)]


def pynetdicom_storescu(port: int, folder: Path) -> list[str]:
    """pynetdicom's sender, with the contexts that the files need."""
    return [PYTHON, "-m", "pynetdicom", "storescu", HOST, str(port), str(folder), "-cx"]


def bare_sender(port: int, folder: Path, called: str = "ANY-SCP") -> list[str]:
    """The bare socket loop."""
    return [PYTHON, "-m", "tests.bench.sender", str(port), str(folder), called]


SENDERS: dict[str, Sender] = {
    "dimse store": dimse_store,
    "dcmsend": dcmsend,
    "storescu": storescu,
    "bare socket loop": bare_sender,
}


# A querier's command line for (port).
Querier = Callable[[int], Sequence[str]]


def responder(matches: int) -> list[str]:
    """The C-FIND SCP that is as fast as a socket takes it."""
    return [PYTHON, "-m", "tests.bench.responder", "{port}", str(matches)]


def dimse_find(port: int) -> list[str]:
    """Our querier, for programs to read."""
    return dimse("find", "-q", "--json", f"ANY-SCP@{HOST}:{port}", "-L", "study")


def findscu(port: int) -> list[str]:
    """DCMTK's querier, which prints matches only when it is verbose."""
    return ["findscu", "-v", "-pdu", "131072", "-S", *_STUDY_KEYS, HOST, str(port)]


def pynetdicom_findscu(port: int) -> list[str]:
    """pynetdicom's querier."""
    return [PYTHON, "-m", "pynetdicom", "findscu", "-pdu", "0", "-S", *_STUDY_KEYS, HOST, str(port)]


_STUDY_KEYS = ("-k", "QueryRetrieveLevel=STUDY", "-k", "PatientName=", "-k", "StudyInstanceUID=")

QUERIERS: dict[str, Querier] = {
    "dimse find --json": dimse_find,
    "findscu -v": findscu,
    "pynetdicom findscu": pynetdicom_findscu,
}


class Asked(NamedTuple):
    """A node that objects are retrieved from, and what is wanted of it: keyword -> value."""

    aet: str
    port: int
    level: str
    unique: Mapping[str, str]

    @property
    def words(self) -> list[str]:
        """Host and port, as DCMTK and pynetdicom take them."""
        return [HOST, str(self.port)]

    @property
    def keys(self) -> list[str]:
        """Unique keys by number, which is all that movescu understands."""
        keys = [f"{_TAGS[keyword]}={value}" for keyword, value in self.unique.items()]
        return ["-S", *_options([f"0008,0052={self.level}", *keys])]

    @property
    def named_keys(self) -> list[str]:
        """The same for pynetdicom."""
        keys = [f"{keyword}={value}" for keyword, value in self.unique.items()]
        return ["-S", *_options([f"QueryRetrieveLevel={self.level}", *keys])]

    @property
    def ours(self) -> list[str]:
        """The same for us."""
        keys = [f"{keyword}={value}" for keyword, value in self.unique.items()]
        return ["-q", f"{self.aet}@{HOST}:{self.port}", "-L", self.level.lower(), *keys]


_TAGS = {"StudyInstanceUID": "0020,000d", "SeriesInstanceUID": "0020,000e", "SOPInstanceUID": "0008,0018"}


def _options(keys: Sequence[str]) -> list[str]:
    return [word for key in keys for word in ("-k", key)]


# The command line of one that has objects sent to a folder, for (node, folder).
Getter = Callable[[Asked, Path], Sequence[str]]


def dimse_get(node: Asked, folder: Path) -> list[str]:
    """Our C-GET, which leaves the disk to the kernel as the others do."""
    return dimse("get", *node.ours, "-o", folder, "--durability", "none")


def getscu(node: Asked, folder: Path, *options: str) -> list[str]:
    """DCMTK's."""
    argv = ["getscu", "-pdu", "131072", *options, "-aec", node.aet, *node.keys]
    return [*argv, "-od", str(folder), *node.words]


def pynetdicom_getscu(node: Asked, folder: Path) -> list[str]:
    """pynetdicom's."""
    argv = [PYTHON, "-m", "pynetdicom", "getscu", "-pdu", "0", "-aec", node.aet, *node.named_keys]
    return [*argv, "-od", str(folder), *node.words]


GETTERS: dict[str, Getter] = {
    "dimse get": dimse_get,
    "getscu": getscu,
    "getscu +B": lambda node, folder: getscu(node, folder, "+B"),
    "pynetdicom getscu": pynetdicom_getscu,
}


def dimse_move(node: Asked, destination: str) -> list[str]:
    """Our C-MOVE to somebody else."""
    return dimse("move", *node.ours, "--dest", destination)


def movescu(node: Asked, destination: str) -> list[str]:
    """DCMTK's."""
    return ["movescu", "-aec", node.aet, "-aem", destination, *node.keys, *node.words]


def dimse_move_here(node: Asked, folder: Path, own: str, port: int) -> list[str]:
    """Our C-MOVE to ourselves."""
    here = ["--aet", own, "--receive", str(port), "-o", str(folder), "--durability", "none"]
    return dimse("move", *node.ours, *here)


def movescu_here(node: Asked, folder: Path, own: str, port: int, *options: str) -> list[str]:
    """DCMTK's; bit preserving, it writes where it was started, whatever -od says."""
    argv = ["env", "-C", str(folder), "movescu", "-pdu", "131072", *options, "-aet", own, "-aem", own]
    return [*argv, "+P", str(port), "-aec", node.aet, *node.keys, *node.words]


def plain_receiver() -> list[str]:
    """The receiver that only reads and acknowledges."""
    return [PYTHON, "-m", "tests.bench.receiver", "{port}"]


def storescp(*options: str) -> list[str]:
    """DCMTK's receiver with the largest PDU it can do."""
    return ["storescp", "-pdu", "131072", *options, "{port}"]


def measured_storescp(*options: str) -> list[str]:
    """The same, dropping what it reads, behind the doorman who times each association."""
    inetd = ["storescp", "-pdu", "131072", "--ignore", *options, "--inetd"]
    return [PYTHON, "-m", "tests.bench.doorman", "{port}", *inetd]


def dimse_scp(folder: Path, *options: str) -> list[str]:
    """Our receiver."""
    return dimse("scp", folder, "--port", "{port}", "--allow-any", "-q", *options)


def pynetdicom_storescp(folder: Path) -> list[str]:
    """pynetdicom's receiver."""
    return [PYTHON, "-m", "pynetdicom", "storescp", "{port}", "-pdu", "0", "-od", str(folder)]


def dcmtk_tls(certificates: Certificates, *, server: bool) -> list[str]:
    """TLS options of storescp and storescu."""
    pair = certificates.server if server else certificates.client
    return ["+tls", str(pair.key), str(pair.cert), "+cf", str(certificates.ca)]


def dimse_tls(certificates: Certificates) -> list[str]:
    """TLS options of `dimse store`."""
    pair = certificates.client
    files = {"--tls-ca": certificates.ca, "--tls-cert": pair.cert, "--tls-key": pair.key}
    return ["--tls", *(str(word) for option in files.items() for word in option)]
