"""The N- services with dcmjs-dimse on the other side, as SCP and as SCU."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from dimsetools.dataset.normalized import UPS_PULL, UPS_PUSH
from tests.conftest import Peers
from tests.film.images import written
from tests.peers import dcmjs, dimse
from tests.peers.process import wait_until
from tests.scp.stepping import begun, ended
from tests.scp.workitems import PERFORMED, SCHEDULED

if TYPE_CHECKING:
    from pydicom import Dataset

COMPLETED = {"ProcedureStepState": "COMPLETED"}
PRINTER, SESSION = "1.2.840.10008.5.1.1.16", "1.2.840.10008.5.1.1.1"
FILM_BOX = "1.2.840.10008.5.1.1.2"
COMMIT, MPPS, RETRIEVE = "1.2.840.10008.1.20.1", "1.2.840.10008.3.1.2.3.3", "1.2.840.10008.3.1.2.3.4"


def test_each_service_is_understood(peers: Peers) -> None:
    peer = peers.dcmjs()
    lines = {
        "Get": ("nget", "printer", "printer", "PrinterStatus,PrinterName"),
        "Create": ("ncreate", "film-session", "1.2.3", "NumberOfCopies=2"),
        "Set": ("nset", "film-box", "1.2.4", "Trim=YES"),
        "Action": ("naction", "film-box", "1.2.4", "print"),
        "Delete": ("ndelete", "film-box", "1.2.4"),
        "EventReport": ("nevent", "commit", "commit", "success", "TransactionUID=1.2.5"),
    }
    answered: dict[str, dict[str, object]] = {}
    for service, (verb, *words) in lines.items():
        done = dimse.run(verb, peer.address, *words, "--json")
        assert done.returncode == 0, done.stderr
        answered[service] = dimse.rows(done)[0]
    asked = {one["service"]: (one["command"], one["data"]) for one in dcmjs.requests(peer)}
    assert list(asked) == list(lines)
    assert {one["_status"] for one in answered.values()} == {"0000"}
    assert answered["Get"]["PrinterName"] == "dcmjs"
    assert asked["Get"][0]["AttributeIdentifierList"] == [0x21100010, 0x21100030]
    assert (asked["Create"][0]["AffectedSOPInstanceUID"], asked["Create"][1]) == (
        "1.2.3",
        {"NumberOfCopies": 2},
    )
    assert (asked["Set"][0]["RequestedSOPInstanceUID"], asked["Set"][1]) == ("1.2.4", {"Trim": "YES"})
    assert (asked["Action"][0]["ActionTypeID"], asked["Action"][1]) == (1, None)
    assert asked["Delete"][0]["RequestedSOPClassUID"] == FILM_BOX
    assert (asked["EventReport"][0]["EventTypeID"], asked["EventReport"][1]) == (
        1,
        {"TransactionUID": "1.2.5"},
    )


def test_a_print_job_is_understood(peers: Peers, tmp_path: Path) -> None:
    peer = peers.dcmjs()
    paths = [written(tmp_path / name, np.full((2, 3), 7, np.uint8)) for name in ("a", "b", "c")]
    done = dimse.run("print", peer.address, *paths, "--film", "2x1", "--copies", 2, "--json")
    assert done.returncode == 0, done.stderr
    assert dimse.rows(done)[-1]["_printed"] == 2
    asked = dcmjs.requests(peer)
    expected = "Get Create Create Set Set Action Delete Create Set Action Delete Delete"
    assert [one["service"] for one in asked] == expected.split()
    images = [one for one in asked if one["service"] == "Set"]
    boxes = [one["command"]["RequestedSOPInstanceUID"] for one in images]
    assert boxes == ["1.2.4.1.1", "1.2.4.1.2", "1.2.4.2.1"]
    (image,) = images[0]["data"]["BasicGrayscaleImageSequence"]
    assert (image["Rows"], image["Columns"], image["BitsStored"]) == (2, 3, 8)


@pytest.fixture
def node(peers: Peers, tmp_path: Path) -> int:
    """The port of a node of ours that prints."""
    films = tmp_path / "films"
    films.mkdir()
    return peers.dimse_scp("--films", films).port


def asking(service: str, uid: str, instance: str, **more: object) -> dict[str, object]:
    return {"service": service, "class": uid, "instance": instance, **more}


def statuses(answers: list[dict[str, Any]]) -> list[tuple[str, int]]:
    return [(one["service"], one["status"]) for one in answers]


def test_our_printer_is_understood(node: int) -> None:
    session = {"ReferencedSOPClassUID": SESSION, "ReferencedSOPInstanceUID": "1.2.1"}
    film = {
        "ImageDisplayFormat": ["STANDARD", "1,1"], "FilmOrientation": "PORTRAIT", "FilmSizeID": "8INX10IN",
        "ReferencedFilmSessionSequence": [session],
    }  # fmt: skip
    answers = dcmjs.scu(
        node,
        "ANY-SCP",
        [
            asking("Get", PRINTER, f"{PRINTER[:-1]}7", tags=["PrinterStatus"]),
            asking("Create", SESSION, "1.2.1", data={"NumberOfCopies": 1}),
            asking("Create", FILM_BOX, "1.2.2", data=film),
            asking("Set", FILM_BOX, "1.2.2", data={"Trim": "YES"}),
            asking("Action", FILM_BOX, "1.2.2", number=1),
            asking("Delete", FILM_BOX, "1.2.2"),
            asking("Delete", FILM_BOX, "1.2.2"),
        ],
    )
    done = [("Get", 0), ("Create", 0), ("Create", 0), ("Set", 0), ("Action", 0xB603), ("Delete", 0)]
    assert statuses(answers) == [*done, ("Delete", 0x0112)]
    assert answers[0]["data"] == {"PrinterStatus": "NORMAL"}
    assert len(answers[2]["data"]["ReferencedImageBoxSequence"]) == 1


def words(told: Dataset) -> dict[str, object]:
    """A data set as dcmjs has it."""
    return {
        element.keyword: [words(item) for item in element.value] if element.VR == "SQ" else str(element.value)
        for element in told
    }


def test_our_procedure_steps_are_understood(node: int) -> None:
    answers = dcmjs.scu(
        node,
        "ANY-SCP",
        [
            asking("Create", MPPS, "1.2.1", data=words(begun())),
            asking("Create", MPPS, "1.2.1", data=words(begun())),
            asking("Set", MPPS, "1.2.1", data=words(ended())),
            asking("Set", MPPS, "1.2.1", data=words(ended("DISCONTINUED"))),
            asking("Get", RETRIEVE, "1.2.1", tags=["PatientID", "PerformedProcedureStepStatus"]),
        ],
    )
    assert statuses(answers) == [
        ("Create", 0), ("Create", 0x0111), ("Set", 0), ("Set", 0x0110), ("Get", 0),
    ]  # fmt: skip
    assert answers[-1]["data"] == {"PatientID": "P1", "PerformedProcedureStepStatus": "COMPLETED"}


def test_our_workitems_are_understood(node: int) -> None:
    claim = {"ProcedureStepState": "IN PROGRESS", "TransactionUID": "1.2.7"}
    performed = {"UnifiedProcedureStepPerformedProcedureSequence": [PERFORMED], "TransactionUID": "1.2.7"}
    answers = dcmjs.scu(
        node,
        "ANY-SCP",
        [
            asking("Create", UPS_PUSH, "1.2.1", data=SCHEDULED),
            asking("Action", UPS_PUSH, "1.2.1", number=1, context=UPS_PULL, data=claim),
            asking("Action", UPS_PUSH, "1.2.1", number=1, context=UPS_PULL, data=claim),
            asking("Set", UPS_PUSH, "1.2.1", context=UPS_PULL, data=performed),
            asking("Set", UPS_PUSH, "1.2.1", context=UPS_PULL, data=performed | {"TransactionUID": "1.2.8"}),
            asking("Action", UPS_PUSH, "1.2.1", number=1, context=UPS_PULL, data=claim | COMPLETED),
            asking("Get", UPS_PUSH, "1.2.1", tags=["PatientID", "ProcedureStepState"]),
        ],
    )
    services = ("Create", "Action", "Action", "Set", "Set", "Action", "Get")
    assert statuses(answers) == list(zip(services, (0, 0, 0xC302, 0, 0xC301, 0, 0), strict=True))
    assert answers[-1]["data"] == {"PatientID": "42", "ProcedureStepState": "COMPLETED"}


def test_its_events_are_heard(tmp_path: Path) -> None:
    ready, log = tmp_path / "ready", tmp_path / "log"
    how = ("--port", 0, "--allow-any", "--any-called", "--ready-file", ready, "--count", 1, "--json")
    with dimse.start("listen", *how, log=log) as process:
        wait_until(ready.exists, process)
        event = asking("EventReport", COMMIT, f"{COMMIT}.1", number=1, data={"TransactionUID": "1.2.3"})
        assert statuses(dcmjs.scu(dimse.listening_port(ready), "DIMSE", [event])) == [("EventReport", 0)]
        assert process.wait(10) == 0
    (row,) = [json.loads(line) for line in log.read_text().splitlines() if '"TransactionUID"' in line]
    assert row["TransactionUID"] == "1.2.3"


def test_our_commitment_reports_to_it(node: int) -> None:
    reference = {"ReferencedSOPClassUID": MPPS, "ReferencedSOPInstanceUID": "1.2.9"}
    data = {"TransactionUID": "1.2.3", "ReferencedSOPSequence": [reference]}
    asked = asking("Action", COMMIT, f"{COMMIT}.1", number=1, data=data)
    answer, event = dcmjs.scu(node, "ANY-SCP", [asked], linger=10)
    assert (answer["service"], answer["status"]) == ("Action", 0)
    assert (event["service"], event["command"]["EventTypeID"]) == ("EventReport", 2)
    assert event["data"]["TransactionUID"] == "1.2.3"
    assert event["data"]["FailedSOPSequence"][0]["ReferencedSOPInstanceUID"] == "1.2.9"
