"""Procedure steps as modalities report them, with pynetdicom as the modality and as whoever is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from queue import Queue
from typing import TYPE_CHECKING, Any

import pytest

from dimsetools.archive.ledger import LedgerFailed
from dimsetools.association.values import Target
from dimsetools.dataset.dictionary import tag_of
from dimsetools.dataset.normalized import CLASSES
from dimsetools.services.normalized import Line, Manner, Wanted
from dimsetools.services.requests import create, set_
from tests.peers import pynet
from tests.scp.normalizing import asking, dataset
from tests.scp.stepping import NOTIFICATION, RETRIEVE, SERIES, STEP, UID, attributes, begun, ended, scheduled
from tests.scp.working import NODE_AET, Working, working

if TYPE_CHECKING:
    from pydicom import Dataset

OF_MODALITY = (STEP, RETRIEVE)
LIMIT = 20.0


@pytest.fixture
def at(tmp_path: Path) -> Iterator[Working]:
    with working(tmp_path) as opened:
        yield opened


@pytest.fixture
def modality(at: Working) -> Iterator[Any]:
    with asking(at.node, OF_MODALITY) as association:
        yield association


def state(at: Working, uid: str = UID) -> str:
    entry = at.ledger.get("mpps", uid)
    assert entry is not None
    return entry.state


# -- the life of a step -------------------------------------------------------------------------------


@pytest.mark.parametrize("end", ["COMPLETED", "DISCONTINUED"])
def test_a_step_begins_goes_on_and_ends(at: Working, modality: Any, end: str) -> None:
    assert modality.send_n_create(begun(), STEP, UID)[0].Status == 0
    assert state(at) == "IN PROGRESS"
    status, _ = modality.send_n_set(dataset(PerformedSeriesSequence=[SERIES, SERIES]), STEP, UID)
    assert status.Status == 0
    assert state(at) == "IN PROGRESS"
    assert modality.send_n_set(ended(end), STEP, UID)[0].Status == 0
    assert state(at) == end
    status, found = modality.send_n_get([], RETRIEVE, UID)
    assert status.Status == 0
    assert found.PatientName == "Doe^Jane"
    assert found.PerformedProcedureStepStatus == end
    (series,) = found.PerformedSeriesSequence  # replaced as a whole
    assert series.ProtocolName == "Head"
    assert found.ScheduledStepAttributesSequence[0].AccessionNumber == "A1"


def test_the_node_names_a_step_that_has_no_uid(at: Working, modality: Any) -> None:
    assert modality.send_n_create(begun(), STEP, None)[0].Status == 0
    (entry,) = at.ledger.entries("mpps")
    assert entry.uid.startswith("2.25.")
    assert modality.send_n_set(ended(), STEP, entry.uid)[0].Status == 0
    (record, _) = at.node.log.wait("normalized", 2)
    assert (record["SOPInstanceUID"], record["PerformedProcedureStepStatus"]) == (entry.uid, "IN PROGRESS")


@pytest.mark.parametrize("end", ["COMPLETED", "DISCONTINUED"])
def test_what_has_ended_is_changed_no_more(at: Working, modality: Any, end: str) -> None:
    modality.send_n_create(begun(), STEP, UID)
    modality.send_n_set(ended(end), STEP, UID)
    before = at.ledger.get("mpps", UID)
    for change in (ended(end), dataset(PerformedProcedureStepStatus="IN PROGRESS"), dataset(PatientID="2")):
        status, _ = modality.send_n_set(change, STEP, UID)
        assert (status.Status, status.ErrorID) == (0x0110, 0xA710)
        assert status.ErrorComment == "Performed Procedure Step Object may no longer be updated"
    assert at.ledger.get("mpps", UID) == before


def test_it_is_all_there_after_a_restart(tmp_path: Path) -> None:
    with working(tmp_path) as first, asking(first.node, OF_MODALITY) as modality:
        modality.send_n_create(begun(PatientName="Müller", SpecificCharacterSet="ISO_IR 100"), STEP, UID)
    with working(tmp_path) as second, asking(second.node, OF_MODALITY) as modality:
        status, found = modality.send_n_get([], RETRIEVE, UID)
        assert (status.Status, found.PatientName) == (0, "Müller")
        assert modality.send_n_create(begun(), STEP, UID)[0].Status == 0x0111
        assert modality.send_n_set(ended(), STEP, UID)[0].Status == 0


# -- what is refused ----------------------------------------------------------------------------------


def blamed_by(at: Working, ask: Callable[..., Wanted], data: Dataset) -> tuple[int, tuple[int, ...], str]:
    """Status, attribute identifier list and comment of an answer: pynetdicom shows no such list."""
    target = Target("127.0.0.1", at.node.port)
    with Line(target, Manner(), OF_MODALITY) as line:
        reply = line.ask(ask(CLASSES["mpps"], UID, attributes(data)))
    return reply.status, reply.identifiers, reply.comment


@pytest.mark.parametrize(
    ("data", "status", "blamed"),
    [
        (begun("PerformedProcedureStepID"), 0x0120, ["PerformedProcedureStepID"]),
        (begun("PatientName", "StudyID"), 0x0120, ["PatientName", "StudyID"]),
        (begun(Modality=""), 0x0121, ["Modality"]),
        (begun(ScheduledStepAttributesSequence=[]), 0x0121, ["ScheduledStepAttributesSequence"]),
        (
            begun(ScheduledStepAttributesSequence=[scheduled(StudyInstanceUID="")]),
            0x0121,
            ["StudyInstanceUID"],
        ),
        (begun(PerformedProcedureStepStatus="COMPLETED"), 0x0106, ["PerformedProcedureStepStatus"]),
        (begun(PatientSex="X"), 0x0106, ["PatientSex"]),
    ],
)
def test_a_step_that_breaks_the_table_is_not_created(
    at: Working, data: Any, status: int, blamed: list[str]
) -> None:
    found, tags, comment = blamed_by(at, create, data)
    assert found == status
    assert tags == tuple(tag_of(keyword) for keyword in blamed)
    assert blamed[0] in comment
    assert at.ledger.get("mpps", UID) is None


@pytest.mark.parametrize(
    ("change", "status", "blamed"),
    [
        (dataset(PatientID="P2"), 0x0105, "PatientID"),
        (dataset(ScheduledStepAttributesSequence=[]), 0x0105, "ScheduledStepAttributesSequence"),
        (dataset(PerformedProcedureStepStatus="DONE"), 0x0106, "PerformedProcedureStepStatus"),
        (ended(""), 0x0121, "PerformedProcedureStepStatus"),
        (dataset(PerformedSeriesSequence=[{"ProtocolName": "Head"}]), 0x0120, "PerformingPhysicianName"),
        (ended("COMPLETED", "PerformedProcedureStepEndTime"), 0x0121, "PerformedProcedureStepEndTime"),
        (ended("COMPLETED", "PerformedSeriesSequence"), 0x0121, "PerformedSeriesSequence"),
        (ended("DISCONTINUED", PerformedSeriesSequence=[]), 0x0121, "PerformedSeriesSequence"),
    ],
)
def test_a_change_that_breaks_the_table_is_not_made(
    at: Working, modality: Any, change: Any, status: int, blamed: str
) -> None:
    modality.send_n_create(begun(), STEP, UID)
    before = at.ledger.get("mpps", UID)
    found, tags, _ = blamed_by(at, set_, change)
    assert found == status
    assert tag_of(blamed) in tags
    assert at.ledger.get("mpps", UID) == before


def test_to_repeat_what_is_known_is_no_change(modality: Any) -> None:
    modality.send_n_create(begun(), STEP, UID)
    again = begun(PerformedProcedureStepDescription="Head", PerformedSeriesSequence=[SERIES])
    again.SOPInstanceUID = UID
    assert modality.send_n_set(again, STEP, UID)[0].Status == 0
    again.SOPInstanceUID = "1.9"
    assert modality.send_n_set(again, STEP, UID)[0].Status == 0x0105
    assert modality.send_n_get([], RETRIEVE, UID)[1].PerformedProcedureStepDescription == "Head"


def test_a_step_that_does_not_exist(modality: Any) -> None:
    assert modality.send_n_set(ended(), STEP, UID)[0].Status == 0x0112
    assert modality.send_n_get([], RETRIEVE, UID)[0].Status == 0x0112


def test_a_uid_is_taken_once(at: Working, modality: Any) -> None:
    modality.send_n_create(begun(), STEP, UID)
    assert modality.send_n_create(begun(PatientID="other"), STEP, UID)[0].Status == 0x0111
    assert modality.send_n_get([0x00100020], RETRIEVE, UID)[1].PatientID == "P1"
    assert state(at) == "IN PROGRESS"


def test_each_class_has_its_own_requests(at: Working, modality: Any) -> None:
    modality.send_n_create(begun(), STEP, UID)
    assert modality.send_n_create(begun(), RETRIEVE, "1.2")[0].Status == 0x0211
    assert modality.send_n_set(ended(), RETRIEVE, UID)[0].Status == 0x0211
    with asking(at.node, [NOTIFICATION]) as viewer:
        assert viewer.send_n_get([], NOTIFICATION, UID)[0].Status == 0x0211
    assert modality.send_n_delete(STEP, UID).Status == 0x0211
    assert modality.send_n_action(None, 1, STEP, UID)[0].Status == 0x0211
    # Some ask in the class of the step itself.
    assert modality.send_n_get([], STEP, UID)[0].Status == 0


def test_optional_attributes_that_are_not_there_are_a_warning(modality: Any) -> None:
    modality.send_n_create(begun(), STEP, UID)
    status, found = modality.send_n_get([0x00100020, 0x00400280], RETRIEVE, UID)
    assert (status.Status, status.AttributeIdentifierList) == (0x0001, 0x00400280)
    assert found.PatientID == "P1"


def test_what_the_disk_did_not_take_is_not_acknowledged(
    at: Working, modality: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full() -> None:
        raise LedgerFailed("database or disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(at.ledger, "change", full)
        status, _ = modality.send_n_create(begun(), STEP, UID)
        assert (status.Status, status.ErrorComment) == (0x0213, "database or disk is full")
    assert modality.send_n_create(begun(), STEP, UID)[0].Status == 0


# -- who else is told ---------------------------------------------------------------------------------


class Told:
    """What an AE has heard of procedure steps."""

    def __init__(self, status: int = 0) -> None:
        self.events: Queue[tuple[int, str, str]] = Queue()
        self.status = status

    def __call__(self, event: Any) -> tuple[int, None]:
        request = event.request
        named = request.AffectedSOPClassUID, request.AffectedSOPInstanceUID
        self.events.put((event.event_type, *map(str, named)))
        assert not request.EventInformation.getvalue()
        return self.status, None

    def next(self) -> tuple[int, str, str]:
        return self.events.get(timeout=LIMIT)


@pytest.mark.parametrize(("end", "number"), [("COMPLETED", 2), ("DISCONTINUED", 3)])
def test_who_has_an_association_open_is_told(at: Working, modality: Any, end: str, number: int) -> None:
    told = Told()
    with asking(at.node, [NOTIFICATION], aet="VIEWER", on_event=told):
        at.node.log.wait("association-opened", 2)
        modality.send_n_create(begun(), STEP, UID)
        modality.send_n_set(dataset(PerformedProcedureStepDescription="Head"), STEP, UID)
        modality.send_n_set(ended(end), STEP, UID)
        assert [told.next() for _ in range(2)] == [(1, NOTIFICATION, UID), (number, NOTIFICATION, UID)]
        at.log.wait("report-delivered", 2)
    assert at.ledger.due() == []


def test_who_is_to_be_notified_is_called(tmp_path: Path) -> None:
    from pynetdicom import build_context, evt

    told = Told()
    callers: Queue[str] = Queue()

    def called(event: Any) -> None:
        callers.put(event.assoc.requestor.ae_title)

    handlers: list[Any] = [(evt.EVT_N_EVENT_REPORT, told), (evt.EVT_ACCEPTED, called)]
    with (
        pynet.acceptor(handlers, aet="RIS", contexts=[build_context(NOTIFICATION)]) as ris,
        working(tmp_path, dest=[ris.address], notify=("RIS",)) as at,
        asking(at.node, [STEP]) as modality,
    ):
        modality.send_n_create(begun(), STEP, UID)
        modality.send_n_set(ended(), STEP, UID)
        assert [told.next()[0] for _ in range(2)] == [1, 2]
        assert callers.get(timeout=LIMIT) == NODE_AET
        records = at.log.wait("report-delivered", 2)
        assert [record["EventTypeID"] for record in records] == [1, 2]
        assert {record["_destination"] for record in records} == {"RIS"}
        assert at.ledger.due() == []
