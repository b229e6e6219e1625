"""The workflow services of `dimse scp` as a process: nothing that was acknowledged is ever lost."""

from __future__ import annotations

import json
import signal
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import Queue
from typing import Any

import pytest

from dimsetools.association.values import Target
from dimsetools.dataset.normalized import CLASSES
from dimsetools.errors import DimseError
from dimsetools.services.normalized import Line, Manner
from dimsetools.services.requests import create, set_
from tests.conftest import Peers
from tests.peers import dimse, pynet
from tests.peers.dimse import dimse_scp
from tests.peers.process import wait_until
from tests.scp.normalizing import dataset
from tests.scp.stepping import NOTIFICATION, RETRIEVE, SERIES, STEP, UID, attributes, begun, ended
from tests.scripted.peers import refusing_port, unanswered_port

LEDGER = ".dimse-ledger.sqlite3"
LIMIT = 20.0
MPPS = CLASSES["mpps"]


@contextmanager
def modality(port: int) -> Iterator[Any]:
    ae = pynet.application_entity("CT1")
    for name in (STEP, RETRIEVE):
        ae.add_requested_context(name)
    association = ae.associate("127.0.0.1", port)
    assert association.is_established
    try:
        yield pynet.steady(association)
    finally:
        if association.is_established:
            association.release()
        ae.shutdown()


def stop(node: Any) -> int:
    node.process.send_signal(signal.SIGTERM)
    return int(node.process.wait(20))


def kill(node: Any) -> None:
    node.process.send_signal(signal.SIGKILL)
    node.process.wait(20)


def test_what_was_acknowledged_survives_a_kill(peers: Peers) -> None:
    """Several modalities begin and end steps while the node is killed: what was answered with 0 is there."""
    node = peers.dimse_scp()
    states: dict[str, str] = {}
    enough = threading.Event()

    def work(number: int) -> None:
        with suppress(DimseError), Line(Target("127.0.0.1", node.port), Manner(), [STEP]) as line:
            for step in range(1000):
                uid = f"1.2.{number}.{step}"
                for state, wanted in (
                    ("IN PROGRESS", create(MPPS, uid, attributes(begun()))),
                    ("COMPLETED", set_(MPPS, uid, attributes(ended()))),
                ):
                    assert line.ask(wanted).status == 0  # raises when the node is killed
                    states[uid] = state
                if len(states) >= 30:
                    enough.set()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    assert enough.wait(30)
    kill(node)
    for thread in threads:
        thread.join(20)
    with dimse_scp(node.folder.parent) as again, modality(again.port) as association:
        for uid, state in states.items():
            status, found = association.send_n_get([0x00400252, 0x00100020], RETRIEVE, uid)
            assert status.Status == 0
            reached = found.PerformedProcedureStepStatus
            # The last change of each modality may have been made without an answer.
            assert reached == state or (state, reached) == ("IN PROGRESS", "COMPLETED")


def test_reports_survive_a_kill_and_arrive_in_order(peers: Peers) -> None:
    from pynetdicom import build_context, evt

    heard: Queue[tuple[int, str]] = Queue()

    def hear(event: Any) -> tuple[int, None]:
        heard.put((event.event_type, str(event.request.AffectedSOPInstanceUID)))
        return 0, None

    with refusing_port() as port:
        node = peers.dimse_scp("--mpps-notify", "RIS", "--dest", f"RIS@127.0.0.1:{port}")
        with modality(node.port) as association:
            assert association.send_n_create(begun(), STEP, UID)[0].Status == 0
            assert association.send_n_set(ended(), STEP, UID)[0].Status == 0
        wait_until(
            lambda: f"report mpps-notification {UID} in-progress to RIS failed" in node.output, node.process
        )
        kill(node)
    handlers = [(evt.EVT_N_EVENT_REPORT, hear)]
    with (
        pynet.acceptor(handlers, aet="RIS", contexts=[build_context(NOTIFICATION)]) as ris,
        dimse_scp(node.folder.parent, "--dest", ris.address, "-v") as again,
    ):
        assert [heard.get(timeout=LIMIT) for _ in range(2)] == [(1, UID), (2, UID)]
        wait_until(lambda: again.output.count("to RIS delivered") == 2, again.process)
        assert stop(again) == 0


def test_the_worklist_is_that_of_before_the_restart(peers: Peers, tmp_path: Path) -> None:
    items = tmp_path / "items"
    items.mkdir()
    step = {"ScheduledProcedureStepID": "S1", "ScheduledProcedureStepStatus": "SCHEDULED"}
    for number, study in enumerate(("1.2.840.1", "1.2.840.2")):
        record = {
            "PatientID": f"P{number}",
            "StudyInstanceUID": study,
            "ScheduledProcedureStepSequence": [step],
        }
        (items / f"{number}.json").write_text(json.dumps(record))

    def worklist(port: int) -> list[object]:
        done = dimse.run(
            "find", f"X@127.0.0.1:{port}", "-M", "worklist", "-r", "PatientID", "--json=PatientID"
        )
        assert done.returncode == 0, done.stderr
        return [row["PatientID"] for row in dimse.rows(done) if "PatientID" in row]

    node = peers.dimse_scp("--worklist", items)
    with modality(node.port) as association:
        association.send_n_create(begun(), STEP, UID)
        assert worklist(node.port) == ["P0", "P1"]
        association.send_n_set(ended(), STEP, UID)
        assert worklist(node.port) == ["P1"]
    kill(node)
    with dimse_scp(node.folder.parent, "--worklist", items) as again:
        assert worklist(again.port) == ["P1"]


def test_what_was_told_of_instances_survives_a_kill(peers: Peers) -> None:
    available = CLASSES["ian"]
    instance = {
        "ReferencedSOPClassUID": "1.2.840.10008.5.1.4.1.1.2", "ReferencedSOPInstanceUID": "1.2.3",
        "InstanceAvailability": "ONLINE", "RetrieveAETitle": "ARCHIVE",
    }  # fmt: skip
    series = {"SeriesInstanceUID": "1.2", "ReferencedSOPSequence": [instance]}
    notification = dataset(
        ReferencedPerformedProcedureStepSequence=[], StudyInstanceUID="1.1", ReferencedSeriesSequence=[series]
    )

    def tell(port: int) -> int:
        with Line(Target("127.0.0.1", port, "X"), Manner(), [available.uid]) as line:
            return line.ask(create(available, UID, attributes(notification))).status

    node = peers.dimse_scp()
    assert tell(node.port) == 0
    kill(node)
    with dimse_scp(node.folder.parent) as again:
        assert tell(again.port) == 0x0111  # it is there


# -- options and files ----------------------------------------------------------------------------------


def test_the_ledger_is_hidden_and_outlives_a_new_index(peers: Peers) -> None:
    node = peers.dimse_scp()
    with modality(node.port) as association:
        association.send_n_create(begun(), STEP, UID)
    assert stop(node) == 0
    assert dimse.run("scp", node.folder, "--reindex").returncode == 0
    assert dimse.run("scp", node.folder, "--check").returncode == 0
    assert [path.name for path in node.folder.iterdir() if not path.name.startswith(".")] == []
    with dimse_scp(node.folder.parent) as again, modality(again.port) as association:
        assert association.send_n_get([], RETRIEVE, UID)[0].Status == 0


def test_a_damaged_ledger_is_no_reason_to_guess(peers: Peers) -> None:
    node = peers.dimse_scp()
    assert stop(node) == 0
    (node.folder / LEDGER).write_bytes(b"no database at all" * 1000)
    done = dimse.run("scp", node.folder, "--port", 0, "--timeout", "10ms")
    assert done.returncode == 40
    assert "ledger" in done.stderr
    assert f"{LEDGER}*" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("option", ["--ignore", "--no-index"])
def test_a_node_that_keeps_no_index_has_no_ledger(tmp_path: Path, option: str) -> None:
    with dimse_scp(tmp_path, option) as node:
        ae = pynet.application_entity()
        ae.add_requested_context(STEP)
        association = ae.associate("127.0.0.1", node.port)
        assert association.is_established is False
        ae.shutdown()
    assert not (node.folder / LEDGER).exists()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--mpps-notify", "RIS"), "--mpps-notify RIS: no address of it is known"),
        (("--mpps-notify", "RIS", "--ignore"), "--mpps-notify needs an index"),
    ],
)
def test_what_cannot_work_is_said_at_once(tmp_path: Path, options: tuple[str, ...], said: str) -> None:
    done = dimse.run("scp", tmp_path, "--port", 0, "--timeout", "10ms", *options)
    assert done.returncode == 2
    assert said in done.stderr


def test_the_log_tells_what_happened_and_of_no_patient(peers: Peers) -> None:
    node = peers.dimse_scp("-v")
    with modality(node.port) as association:
        association.send_n_create(begun(PatientName="SECRET"), STEP, UID)
        association.send_n_set(dataset(PatientID="SECRET"), STEP, UID)
        association.send_n_set(ended("DISCONTINUED", PerformedSeriesSequence=[SERIES]), STEP, UID)
    assert stop(node) == 0
    assert f"N-CREATE mpps {UID}  done, IN PROGRESS" in node.output
    assert f"N-SET mpps {UID}  refused 0105" in node.output
    assert f"N-SET mpps {UID}  done, DISCONTINUED" in node.output
    assert "SECRET" not in node.output


def test_the_end_does_not_wait_for_an_addressee_that_is_silent(tmp_path: Path) -> None:
    with (
        unanswered_port() as port,
        dimse_scp(tmp_path, "--mpps-notify", "RIS", "--dest", f"RIS@127.0.0.1:{port}") as node,
    ):
        with modality(node.port) as association:
            association.send_n_create(begun(), STEP, UID)
        node.process.send_signal(signal.SIGTERM)
        assert node.process.wait(5) == 0
        kept = sqlite3.connect(node.folder / LEDGER)
        assert kept.execute("SELECT count(*) FROM reports").fetchone() == (1,)
        kept.close()
