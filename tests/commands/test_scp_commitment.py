"""Storage commitment of `dimse scp`: asked by Orthanc and pynetdicom, over restarts and a kill."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from queue import Queue
from typing import Any

import pytest

from dimsetools.dataset import commitments
from dimsetools.dataset.commitments import Failure, Reference, Report
from dimsetools.dataset.decode import decode
from dimsetools.dataset.encode import encode
from tests.conftest import Peers
from tests.corpus import CT_IMAGE, Made, make_folder
from tests.peers import dimse, pynet
from tests.peers.process import LOOPBACK, Peer, free_port, wait_until
from tests.scp.normalizing import dataset
from tests.scripted import conversation as step
from tests.scripted import wire
from tests.scripted.conversation import Conversation
from tests.scripted.peers import scripted_client, scripted_server
from tests.services.committing import action_rq

PUSH, INSTANCE = commitments.PUSH_MODEL, commitments.INSTANCE
MR_IMAGE = "1.2.840.10008.5.1.4.1.1.4"
LIMIT = 20.0


def filled(node: Peer, folder: Path, count: int = 2) -> list[Made]:
    made = make_folder(folder, count)
    done = dimse.run("store", node.address, folder)
    assert done.returncode == 0, done.stderr
    return made


def items(*wanted: tuple[str, str]) -> list[dict[str, str]]:
    return [{"ReferencedSOPClassUID": one, "ReferencedSOPInstanceUID": uid} for one, uid in wanted]


class Asker:
    """A pynetdicom SCU, and the reports that it gets: event type and data set."""

    def __init__(self) -> None:
        self.reports: Queue[tuple[int, Any]] = Queue()
        self.silent = threading.Event()
        self.silent.set()

    def heard(self, event: Any) -> tuple[int, None]:
        self.silent.wait(LIMIT)
        self.reports.put((event.event_type, event.event_information))
        return 0x0000, None

    @contextmanager
    def association(self, node: Peer, *, roles: bool = False) -> Iterator[Any]:
        from pynetdicom import build_role, evt

        ae = pynet.application_entity("ASKER")
        ae.add_requested_context(PUSH)
        ext_neg: list[Any] = [build_role(PUSH, scu_role=True, scp_role=True)] if roles else []
        association = ae.associate(
            LOOPBACK, node.port, evt_handlers=[(evt.EVT_N_EVENT_REPORT, self.heard)], ext_neg=ext_neg
        )
        assert association.is_established
        try:
            yield association
        finally:
            association.release()
            ae.shutdown()

    @contextmanager
    def listening(self, port: int, roles: tuple[bool, bool] | None) -> Iterator[None]:
        """Take reports on associations of the node, granting it these roles; None for no answer."""
        from pynetdicom import evt

        ae = pynet.application_entity("ASKER")
        scu, scp = roles or (None, None)
        ae.add_supported_context(PUSH, scu_role=scu, scp_role=scp)
        listener = ae.start_server(
            (LOOPBACK, port), block=False, evt_handlers=[(evt.EVT_N_EVENT_REPORT, self.heard)]
        )
        assert listener is not None
        try:
            yield
        finally:
            ae.shutdown()

    def ask(self, association: Any, transaction: str, *wanted: tuple[str, str]) -> int:
        told = dataset(TransactionUID=transaction, ReferencedSOPSequence=items(*wanted))
        status, _ = association.send_n_action(told, 1, PUSH, INSTANCE)
        return int(status.Status)

    def report(self) -> tuple[int, Any]:
        return self.reports.get(timeout=LIMIT)


def test_orthanc_asks(peers: Peers, tmp_path: Path) -> None:
    orthanc = peers.orthanc()
    node = peers.dimse_scp("--dest", orthanc.address, "-v")
    (one, two) = filled(node, tmp_path / "in")
    orthanc.knows("node", node.aet, node.port)  # reports are taken from the title that was called
    wanted = [
        {"SOPClassUID": CT_IMAGE, "SOPInstanceUID": one.sop_instance},
        {"SOPClassUID": MR_IMAGE, "SOPInstanceUID": two.sop_instance},
        {"SOPClassUID": CT_IMAGE, "SOPInstanceUID": "1.2.3"},
    ]
    asked = orthanc.post("/modalities/node/storage-commitment", {"DicomInstances": wanted})
    wait_until(lambda: "deliver" in node.log.read_text(), node.process)
    told = orthanc.get(f"/storage-commitment/{asked['ID']}")
    assert told["Status"] == "Failure"
    assert told["Success"] == [wanted[0]]
    reasons = {failure["SOPInstanceUID"]: failure["FailureReason"] for failure in told["Failures"]}
    assert reasons == {two.sop_instance: 0x0119, "1.2.3": 0x0112}


@pytest.mark.parametrize("roles", [False, True])
def test_the_report_comes_on_the_same_association(peers: Peers, tmp_path: Path, roles: bool) -> None:
    node = peers.dimse_scp()
    (one, two) = filled(node, tmp_path / "in")
    asker = Asker()
    with asker.association(node, roles=roles) as association:
        wanted = [(CT_IMAGE, one.sop_instance), (CT_IMAGE, two.sop_instance)]
        assert asker.ask(association, "2.25.1", *wanted) == 0
        number, told = asker.report()
        assert asker.ask(association, "2.25.1", *wanted) == 0x0131
        assert asker.ask(association, "", *wanted) == 0x0115
        assert asker.ask(association, "2.25.2") == 0x0115
    assert (number, told.TransactionUID, told.RetrieveAETitle) == (1, "2.25.1", "ANY-SCP")
    assert [item.ReferencedSOPInstanceUID for item in told.ReferencedSOPSequence] == [
        one.sop_instance,
        two.sop_instance,
    ]
    assert "FailedSOPSequence" not in told


def test_each_of_many_with_the_same_title_gets_its_own_reports(peers: Peers) -> None:
    node = peers.dimse_scp()
    askers = [Asker() for _ in range(3)]
    with ExitStack() as stack:
        associations = [stack.enter_context(asker.association(node)) for asker in askers]
        for number, (asker, association) in enumerate(zip(askers, associations, strict=True)):
            assert asker.ask(association, f"2.25.{number}", (CT_IMAGE, "1.2.3")) == 0
        assert [asker.report()[1].TransactionUID for asker in askers] == ["2.25.0", "2.25.1", "2.25.2"]


@pytest.mark.parametrize("roles", [(False, True), None], ids=["granted", "ignored"])
def test_a_report_survives_a_kill_and_comes_on_a_new_association(
    peers: Peers, tmp_path: Path, roles: tuple[bool, bool] | None
) -> None:
    port = free_port()
    options = ("--dest", f"ASKER@{LOOPBACK}:{port}", "--durability", "full")
    folder = peers.folder("killed")
    asker = Asker()
    with dimse.dimse_scp(folder, *options) as node:
        (one, _) = filled(node, tmp_path / "in")
        asker.silent.clear()  # should the report come at once, it is not answered
        with asker.association(node) as association:
            assert asker.ask(association, "2.25.1", (CT_IMAGE, one.sop_instance)) == 0
            node.process.kill()
            node.process.wait(LIMIT)
            asker.silent.set()
    asker.reports = Queue()
    with asker.listening(port, roles), dimse.dimse_scp(folder, *options):
        number, told = asker.report()
    assert (number, told.TransactionUID) == (1, "2.25.1")
    assert told.ReferencedSOPSequence[0].ReferencedSOPInstanceUID == one.sop_instance


def test_a_peer_that_refuses_the_role_gets_its_report_all_the_same(peers: Peers) -> None:
    """Some grant neither role, and take the report (PS3.7 D.3.3.4 leaves them no way to ask for it)."""
    asked = encode(commitments.request("2.25.1", [Reference(CT_IMAGE, "1.2.3")]), wire.EXPLICIT_LE)
    refused = wire.item(0x54, len(PUSH).to_bytes(2, "big") + PUSH.encode() + b"\0\0")
    told: list[Report] = []

    def take(talk: Conversation) -> None:
        report = talk.read_message()
        told.append(commitments.read_report(decode(report.data, wire.EXPLICIT_LE)))
        answer = wire.command_set(
            wire.ui(2, PUSH),
            wire.us(0x100, 0x8100),
            wire.us(0x120, report.message_id),
            wire.us(0x800, wire.NO_DATA_SET),
            wire.us(0x900, 0),
        )
        talk.send(wire.message(answer, context=report.context))

    with scripted_server((step.accept(more=refused), take, step.release())) as asker:
        node = peers.dimse_scp("--dest", f"SCRIPT@{LOOPBACK}:{asker.port}")
        with scripted_client(node.port) as talk:
            talk.send(wire.associate_rq((wire.Context(1, PUSH, (wire.EXPLICIT_LE,)),)))
            talk.expect(wire.ASSOCIATE_AC)
            talk.send(wire.message(action_rq(), asked))
            assert talk.read_message().number(0x900) == 0
            talk.reset()
        asker.finish()
    assert [report.failed for report in told] == [(Failure(Reference(CT_IMAGE, "1.2.3"), 0x0112),)]
