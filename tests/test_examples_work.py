"""The examples of the commands for N- services do what they say, against nodes that have those names."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from dimsetools.cli import COMMANDS, dimse
from tests.commands.department import said
from tests.corpus import make_folder
from tests.film.images import written
from tests.peers.dimse import COMMAND, dimse_scp, environment, listening_port, start
from tests.peers.process import wait_until
from tests.peers.pynet import acceptor

pytestmark = pytest.mark.xdist_group("examples")  # one node is enough for all of them

NEW = ("nget", "nset", "naction", "ncreate", "ndelete", "nevent", "mpps", "ups", "print", "commit", "shell")
BIG = 16 * 1024
INSTANCE = {"ReferencedSOPClassUID": "1.2.840.10008.5.1.4.1.1.2", "ReferencedSOPInstanceUID": "1.2"}
STEP = {
    "Modality": "CT",
    "ScheduledStationAETitle": ["DIMSE"],
    "ScheduledProcedureStepStartDate": "20260101",
    "ScheduledProcedureStepStartTime": "0800",
    "ScheduledProcedureStepID": "1",
}
ITEM = {
    "PatientName": "DOE^JANE",
    "PatientID": "1CT1",
    "StudyInstanceUID": "1.2.7",
    "AccessionNumber": "A100",
    "RequestedProcedureID": "1",
    "ScheduledProcedureStepSequence": [STEP],
}
AVAILABLE = """\
(0020,000d) UI [1.2.7]
(0008,1111) SQ
(fffe,e0dd) na
(0008,1115) SQ
(fffe,e000) na
(0008,1199) SQ
(fffe,e000) na
(0008,0054) AE [PACS]
(0008,0056) CS [ONLINE]
(0008,1150) UI [1.2.840.10008.5.1.4.1.1.2]
(0008,1155) UI [1.2]
(fffe,e00d) na
(fffe,e0dd) na
(0020,000e) UI [1.2.8]
(fffe,e00d) na
(fffe,e0dd) na
"""


def examples() -> list[str]:
    """Return them, in the order of the manual pages."""
    context = dimse.make_context("dimse", [], resilient_parsing=True)
    commands = [dimse.get_command(context, name) for name in COMMANDS if name in NEW]
    single = [one for command in commands for one in getattr(command, "verbs", (command,))]
    return [line for command in single for line, _ in getattr(command, "examples", ())]


class Place:
    """A folder with the files of the examples."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._steps = 0

    def run(self, line: str) -> subprocess.CompletedProcess[str]:
        """Run a line as a shell would; in this process if it is one command."""
        line = re.sub(r"printer@[0-9.]+:104", "printer", line, flags=re.IGNORECASE).replace("11113", "0")
        if not re.search(r"[|>] ", line):
            return said(*shlex.split(line)[1:])
        script = f'set -o pipefail; dimse() {{ {shlex.join(COMMAND)} "$@"; }}; {line}'
        variables = {name: value for name, value in os.environ.items() if name.startswith("DIMSE_NODE_")}
        return subprocess.run(
            ["bash", "-c", script], cwd=self.folder, env=environment(variables),
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip

    def with_a_step(self, line: str) -> str:
        """Return the example about a step that is new, and as far as it takes for granted."""
        self._steps += 1
        step, lock = f"1.2.3.{self._steps}", f"1.2.4.{self._steps}"
        if re.search(r"(nget|nset) ris mpps|mpps (complete|discontinue)", line):
            self.made(f"dimse mpps start ris PatientID=1 Modality=CT --uid {step}")
        if re.search(r"(nget|nset|naction) ris ups|ups \w+ tasks", line) and " 1.2.3" in line:
            self.made(f"dimse ups push tasks ProcedureStepLabel=Segment --uid {step}")
        if "1.2.4" in line:
            self.made(f"dimse ups claim tasks {step} --transaction {lock}")
        return line.replace("1.2.3", step).replace("1.2.4", lock)

    def made(self, line: str) -> str:
        """Run a line that has to succeed, and return what it says."""
        done = self.run(line)
        assert done.returncode == 0, f"{line}: {done.stderr}"
        return done.stdout

    def write(self, name: str, values: Mapping[str, Any]) -> None:
        of_command = re.compile("_|(Affected|Requested)SOP")
        kept = {key: value for key, value in values.items() if not of_command.match(key)}
        (self.folder / name).write_text(json.dumps(kept))

    def fill(self) -> None:
        """Write what the examples read."""
        from pydicom.dataset import Dataset

        folder = self.folder
        for name in ("study", "ct", "result"):
            make_folder(folder / name, 2, size=BIG)
        (folder / "ct.dcm").write_bytes((folder / "ct" / "000000.dcm").read_bytes())
        written(folder / "us.dcm", [[[0, 255]] * 4] * 5, NumberOfFrames=5, PatientName="DOE", StudyDate="")
        written(folder / "mg.dcm")
        self.write(
            "started.json",
            json.loads(
                self.made("dimse mpps start ris PatientID=1 Modality=CT --dry-run --json").splitlines()[0]
            ),
        )
        self.write(
            "final.json",
            json.loads(self.made("dimse mpps complete ris 1.2.3 study/ --dry-run --json").splitlines()[0]),
        )
        self.write("step.json", {"ProcedureStepLabel": "Segment"})
        self.write("state.json", {"ProcedureStepState": "IN PROGRESS", "InputReadinessState": "READY"})
        self.write("report.json", {"TransactionUID": "1.2.5", "ReferencedSOPSequence": [INSTANCE]})
        transaction = Dataset()
        transaction.TransactionUID, transaction.ReferencedSOPSequence = "1.2.6", [Dataset()]
        for name, value in INSTANCE.items():
            setattr(transaction.ReferencedSOPSequence[0], name, value)
        transaction.save_as(folder / "transaction.dcm", implicit_vr=False, little_endian=True)
        (folder / "sent.ndjson").write_text(self.made("dimse store pacs study/ --json"))
        (folder / "available.dump").write_text(AVAILABLE)
        (folder / "job.dimse").write_text(self.made("dimse shell --example print"))


@contextmanager
def hearing(folder: Path, aet: str) -> Iterator[str]:
    """Run a `dimse listen` with this title, and give its address."""
    ready = folder / f"{aet}.ready"
    words = ("listen", "--aet", aet, "--port", 0, "--ready-file", ready)
    with start(*words, log=folder / f"{aet}.log") as process:
        wait_until(ready.exists, process)
        yield f"{aet}@127.0.0.1:{listening_port(ready)}"


@contextmanager
def treatment_machine() -> Iterator[str]:
    """Run a node with verifications that end when they are deleted."""
    from pynetdicom import build_context, evt, sop_class

    names = ("RTConventionalMachineVerification", "RTIonMachineVerification")
    contexts = [build_context(getattr(sop_class, name)) for name in names]
    with acceptor([(evt.EVT_N_DELETE, lambda _event: 0)], aet="LINAC", contexts=contexts) as peer:
        yield peer.address


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder, node = tmp_path_factory.mktemp("examples"), tmp_path_factory.mktemp("node")
    (node / "films").mkdir()
    (node / "items").mkdir()
    (node / "items" / "item.json").write_text(json.dumps(ITEM))
    with (
        hearing(node, "DIMSE") as us,
        dimse_scp(node, "--films", "films", "--worklist", "items", "--dest", us) as peer,
        treatment_machine() as linac,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.chdir(folder)
        nodes = dict.fromkeys(("RIS", "PACS", "PRINTER", "TASKS"), peer.address)
        nodes |= {"LINAC": linac, "VIEWER": us, "MODALITY": us}
        for name, address in nodes.items():
            patch.setenv(f"DIMSE_NODE_{name}", address)
        found = Place(folder)
        found.fill()
        yield found


@pytest.mark.parametrize("line", [line for line in examples() if line != "dimse shell printer --for print"])
def test_an_example_works(place: Place, line: str) -> None:
    place.made(place.with_a_step(line))
