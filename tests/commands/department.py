"""A department's system that pynetdicom makes: a worklist, performed and unified procedure steps, as told."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from io import StringIO
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from dimsetools import cli
from tests.peers import dimse
from tests.peers.pynet import acceptor

if TYPE_CHECKING:
    from pydicom.dataset import Dataset


def said(*words: object, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run `dimse` in this process, or where it reads from stdin in one of its own."""
    if stdin is not None:
        return dimse.run(*words, stdin=stdin)
    args = [str(word) for word in words]
    with (
        patch.dict("os.environ", XDG_CONFIG_HOME="/nonexistent"),
        redirect_stdout(StringIO()) as out,
        redirect_stderr(StringIO()) as err,
    ):
        code = cli.main(args)
    return subprocess.CompletedProcess(args, code, out.getvalue(), err.getvalue())


class Department:
    """What it was told, in order; `refusal` is the status of the next N-SETs and N-ACTIONs."""

    def __init__(self, scheduled: int) -> None:
        self.address = ""
        self.steps: dict[str, Dataset] = {}
        self.changes: list[tuple[str, Dataset]] = []
        self.actions: list[tuple[str, int, Dataset | None]] = []
        self.calling: list[str] = []
        self.refusal = 0
        self._scheduled = scheduled

    def create(self, event: Any) -> tuple[int, Dataset | None]:
        uid = str(event.request.AffectedSOPInstanceUID)
        if uid in self.steps:
            return 0x0111, None
        self.steps[uid] = event.attribute_list
        self.calling.append(str(event.assoc.requestor.ae_title))
        return 0, None

    def change(self, event: Any) -> tuple[int, Dataset | None]:
        uid = str(event.request.RequestedSOPInstanceUID)
        if uid not in self.steps:
            return 0x0112, None
        if self.refusal:
            return self.refusal, None
        self.changes.append((uid, event.modification_list))
        self.steps[uid].update(event.modification_list)
        return 0, None

    def read(self, event: Any) -> tuple[int, Dataset | None]:
        uid = str(event.request.RequestedSOPInstanceUID)
        return (0, self.steps[uid]) if uid in self.steps else (0x0112, None)

    def act(self, event: Any) -> tuple[int, Dataset | None]:
        request = event.request
        number = event.action_type
        assert number is not None
        uid = str(request.RequestedSOPInstanceUID)
        self.actions.append((uid, int(number), event.action_information or None))
        return self.refusal, None

    def find(self, event: Any) -> Iterator[tuple[int, Dataset]]:
        wanted = event.identifier.get("AccessionNumber")
        for number in range(1, self._scheduled + 1):
            item = scheduled_item(number)
            if wanted in ("", None, item.AccessionNumber):
                yield 0xFF00, item


def scheduled_item(number: int) -> Dataset:
    """An item of the worklist."""
    from pydicom.dataset import Dataset

    step = Dataset()
    step.Modality = "CT"
    step.ScheduledProcedureStepID = f"S{number}"
    step.ScheduledProcedureStepDescription = "Thorax"
    step.ScheduledStationName = "CT2"
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = "P1", "L", "Protocol"
    step.ScheduledProtocolCodeSequence = [code]
    item = Dataset()
    item.SpecificCharacterSet = "ISO_IR 192"
    item.AccessionNumber = f"A{number}"
    item.PatientName = "Müller^Jörg"
    item.PatientID = "P1"
    item.StudyInstanceUID = f"1.2.3.{number}"
    item.RequestedProcedureID = f"R{number}"
    item.ScheduledProcedureStepSequence = [step]
    return item


@contextmanager
def department(scheduled: int = 2) -> Iterator[Department]:
    """Run one with so many items in its worklist."""
    from pynetdicom import build_context, evt, sop_class

    names = (
        "ModalityPerformedProcedureStep", "ModalityWorklistInformationFind", "UnifiedProcedureStepPush",
        "UnifiedProcedureStepPull", "UnifiedProcedureStepWatch",
    )  # fmt: skip
    told = Department(scheduled)
    handlers = [
        (evt.EVT_N_CREATE, told.create),
        (evt.EVT_N_SET, told.change),
        (evt.EVT_N_GET, told.read),
        (evt.EVT_N_ACTION, told.act),
        (evt.EVT_C_FIND, told.find),
    ]
    contexts = [build_context(getattr(sop_class, name)) for name in names]
    with acceptor(handlers, aet="RIS", contexts=contexts) as peer:
        told.address = peer.address
        yield told
