"""`dimse mpps` against a department's system of another maker."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands.department import Department, department, said, scheduled_item
from tests.conftest import Peers
from tests.corpus import ROOT, make_folder
from tests.peers.dimse import rows
from tests.scripted import conversation as step
from tests.scripted import wire
from tests.scripted.peers import scripted_server
from tests.services.normalizing import N_CREATE_RQ, N_CREATE_RSP, answering, response


@pytest.fixture
def ris() -> Iterator[Department]:
    with department() as told:
        yield told


def mpps(verb: str, *args: object, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    return said("mpps", verb, *args, stdin=stdin)


def started(ris: Department, *args: object) -> str:
    done = mpps("start", ris.address, *args)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


# -- start --------------------------------------------------------------------------------------------


def test_a_step_starts_from_the_worklist_and_a_script_gets_its_uid(ris: Department) -> None:
    done = mpps(
        "start", ris.address, "--worklist", ris.address, "--where", "AccessionNumber=A2", "--aet", "CT2"
    )
    assert (done.returncode, done.stderr) == (0, "")
    uid = done.stdout.removesuffix("\n")
    step = ris.steps[uid]
    assert step.PerformedProcedureStepStatus == "IN PROGRESS"
    assert (step.PatientName, step.PatientID, step.Modality) == ("Müller^Jörg", "P1", "CT")
    assert (step.PerformedStationAETitle, step.PerformedStationName) == ("CT2", "CT2")
    assert step.PerformedProcedureStepDescription == "Thorax"
    assert step.PerformedProtocolCodeSequence[0].CodeValue == "P1"
    assert step.StudyID == "R2"
    (item,) = step.ScheduledStepAttributesSequence
    assert (item.StudyInstanceUID, item.AccessionNumber) == ("1.2.3.2", "A2")
    assert (item.RequestedProcedureID, item.ScheduledProcedureStepID) == ("R2", "S2")


def test_several_items_are_shown_to_choose_from_and_nothing_is_started(ris: Department) -> None:
    done = mpps("start", ris.address, "--worklist", ris.address)
    assert (done.returncode, done.stdout) == (2, "")
    assert "A1  P1  Müller^Jörg  S1  CT\n  A2  P1  Müller^Jörg  S2  CT\n" in done.stderr
    assert "choose one with --where" in done.stderr
    done = mpps("start", ris.address, "--worklist", ris.address, "--where", "AccessionNumber=A3")
    assert done.returncode == 2
    assert "nothing in the worklist" in done.stderr
    assert ris.steps == {}


def test_what_find_prints_can_be_started(ris: Department, tmp_path: Path) -> None:
    found = said("find", ris.address, "-W", "AccessionNumber=A1", "--json")
    done = mpps("start", ris.address, "-", "PerformedLocation=Room 1", stdin=found.stdout)
    step = ris.steps[done.stdout.strip()]
    assert (step.PatientName, step.PerformedLocation) == ("Müller^Jörg", "Room 1")
    item = tmp_path / "item.dcm"
    scheduled_item(1).save_as(item, implicit_vr=False, little_endian=True)
    assert ris.steps[started(ris, item)].PatientName == "Müller^Jörg"
    many = said("find", ris.address, "-W", "--json")
    done = mpps("start", ris.address, "-", stdin=many.stdout)
    assert done.returncode == 22
    assert "more than one" in done.stderr


def test_a_step_starts_from_the_images_that_came_of_it(ris: Department, tmp_path: Path) -> None:
    make_folder(tmp_path, 3)
    step = ris.steps[started(ris, tmp_path)]
    assert step.Modality == "CT"
    assert step.PatientName == "Bench^Patient 0"
    assert step.PerformedProcedureStepStartDate == "20260102"
    assert step.ScheduledStepAttributesSequence[0].StudyInstanceUID == f"{ROOT}.1.0"


def test_keys_count_more_than_anything_and_those_of_the_scheduled_step_find_their_place(
    ris: Department,
) -> None:
    step = ris.steps[
        started(ris, "Modality=MR", "AccessionNumber=B7", "-k", "Modality=US", "--uid", "1.2.99")
    ]
    assert step is ris.steps["1.2.99"]
    assert step.Modality == "US"
    assert step.ScheduledStepAttributesSequence[0].AccessionNumber == "B7"
    assert step.ScheduledStepAttributesSequence[0].StudyInstanceUID.startswith("2.25.")


@pytest.mark.parametrize(
    ("args", "why"),
    [
        ([], "Modality"),
        (["Modalty=CT"], "did you mean Modality"),
        (["--where", "PatientID=1"], "--worklist"),
        (["--worklist", "127.0.0.1:1", "Modalty=CT"], "did you mean Modality"),
        (["--worklist", "h:1", "./x.json"], "not from both"),
        (["--uid", "x", "Modality=CT"], "is no UID"),
    ],
    ids=str,
)
def test_what_cannot_be_started_is_said_before_a_connection_is_made(args: list[str], why: str) -> None:
    done = mpps("start", "127.0.0.1:1", *args)
    assert (done.returncode, done.stdout) == (2, "")
    assert why in done.stderr


def test_without_check_it_is_sent_as_it_is(ris: Department) -> None:
    assert ris.steps[started(ris, "--no-check")].Modality == ""


def test_a_rehearsal_shows_the_data_set_and_does_not_connect() -> None:
    done = mpps("start", "127.0.0.1:1", "Modality=CT", "--dry-run")
    assert done.returncode == 0
    assert "would call" in done.stdout
    assert "(0008,0060) CS [CT]" in done.stdout


def test_programs_get_a_record(ris: Department) -> None:
    done = mpps("start", ris.address, "Modality=CT", "--json")
    record, summary = rows(done)
    assert record["_event"] == "created"
    assert str(record["AffectedSOPInstanceUID"]) in ris.steps
    assert summary["_event"] == "summary"


# -- the end ------------------------------------------------------------------------------------------


def test_a_step_is_completed_with_the_series_of_its_images(ris: Department, tmp_path: Path) -> None:
    uid = started(ris, "Modality=CT")
    make_folder(tmp_path, 3)
    done = mpps(
        "complete", ris.address, uid, tmp_path, "--retrieve-aet", "PACS",
        "PerformedSeriesSequence.OperatorsName=TECH",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    ((_, change),) = ris.changes
    assert change.PerformedProcedureStepStatus == "COMPLETED"
    assert change.PerformedProcedureStepEndDate
    assert change.PerformedProcedureStepEndTime
    (series,) = change.PerformedSeriesSequence
    assert series.SeriesInstanceUID == f"{ROOT}.2.0"
    assert (series.RetrieveAETitle, series.OperatorsName) == ("PACS", "TECH")
    assert series.ProtocolName
    assert [one.ReferencedSOPInstanceUID for one in series.ReferencedImageSequence] == [
        f"{ROOT}.3.{number}" for number in range(3)
    ]
    assert series.ReferencedNonImageCompositeSOPInstanceSequence == []


def test_a_step_is_completed_with_what_a_report_says_was_stored(ris: Department, tmp_path: Path) -> None:
    uid = started(ris, "Modality=CT")
    made = make_folder(tmp_path / "in", 2)
    report = tmp_path / "sent.ndjson"
    events = [("stored", made[0]), ("failed", made[1])]
    lines = [
        {"_event": event, "_path": str(one.path), "SOPClassUID": "1.2", "SOPInstanceUID": f"1.2.{number}"}
        for number, (event, one) in enumerate(events)
    ]
    report.write_text("".join(json.dumps(line) + "\n" for line in lines))
    done = mpps("complete", ris.address, uid, "--from", report)
    assert done.returncode == 0, done.stderr
    (series,) = ris.steps[uid].PerformedSeriesSequence
    assert len(series.ReferencedImageSequence) == 1
    report.write_text(json.dumps(lines[1]) + "\n")
    done = mpps("complete", ris.address, uid, "--from", report)
    assert done.returncode == 22
    assert "names no object that was stored" in done.stderr


def test_a_step_without_series_is_not_completed(ris: Department, tmp_path: Path) -> None:
    uid = started(ris, "Modality=CT")
    done = mpps("complete", ris.address, uid)
    assert done.returncode == 2
    assert "--empty if nothing came of it" in done.stderr
    assert mpps("complete", ris.address, uid, tmp_path).returncode == 22
    assert ris.changes == []
    assert mpps("complete", ris.address, uid, "--no-check").returncode == 0
    assert mpps("complete", ris.address, uid, "--empty").returncode == 0
    (series,) = ris.steps[uid].PerformedSeriesSequence
    assert series.ReferencedImageSequence == []


def test_a_step_is_discontinued_and_the_reason_is_told(ris: Department) -> None:
    uid = started(ris, "Modality=CT")
    assert mpps("discontinue", ris.address, uid).returncode == 0
    done = mpps("discontinue", ris.address, uid, "--reason", "110501\\DCM\\Equipment failure")
    assert done.returncode == 0
    codes = [
        change.PerformedProcedureStepDiscontinuationReasonCodeSequence[0].CodeValue
        for _, change in ris.changes
    ]
    assert codes == ["110513", "110501"]
    assert ris.steps[uid].PerformedProcedureStepStatus == "DISCONTINUED"
    assert mpps("discontinue", ris.address, uid, "--reason", "broken").returncode == 2


def test_the_peers_refusal_is_the_exit_status(ris: Department) -> None:
    done = mpps("discontinue", ris.address, "1.2.3")
    assert done.returncode == 1
    assert "0112" in done.stderr


def test_our_own_node_keeps_what_it_is_told(peers: Peers, tmp_path: Path) -> None:
    node = peers.dimse_scp()
    make_folder(tmp_path, 2)
    host, port = node.address.partition("@")[2].split(":")
    done = mpps("start", host, port, tmp_path)
    assert done.returncode == 0, done.stderr
    uid = done.stdout.strip()
    assert mpps("complete", host, port, uid, tmp_path).returncode == 0
    read = rows(said("nget", node.address, "mpps", uid, "--json"))[0]
    assert read["PerformedProcedureStepStatus"] == "COMPLETED"
    done = mpps("discontinue", node.address, uid)
    assert done.returncode == 1
    assert "0110" in done.stderr


@pytest.mark.parametrize(
    ("named", "shown", "odd"),
    [("1.2.99", "1.2.99", "the answer is about instance 1.2.99"), ("", "1.2.5", "")],
    ids=["another UID", "no UID"],
)
def test_the_uid_that_counts_is_the_peers(named: str, shown: str, odd: str) -> None:
    created = answering(N_CREATE_RQ, lambda number: response(N_CREATE_RSP, number=number, instance=named))
    with scripted_server((step.accept(), created, step.release(), step.closed())) as server:
        done = mpps("start", server.address, "Modality=CT", "--uid", "1.2.5")
        server.finish()
    assert (done.returncode, done.stdout) == (0, f"{shown}\n")
    assert odd in done.stderr


def test_a_peer_that_takes_no_such_steps_is_left_in_order() -> None:
    refused = step.accept(wire.Result(1, 3))
    with scripted_server((refused, step.release(), step.closed())) as server:
        done = mpps("start", server.address, "Modality=CT")
        server.finish()
    assert (done.returncode, done.stdout) == (66, "")
