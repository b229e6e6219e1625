"""`dimse ups` against a worklist manager of another maker."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands.department import Department, department
from tests.commands.department import said as run
from tests.conftest import Peers
from tests.corpus import ROOT, make_folder
from tests.peers.dimse import rows

GLOBAL = "1.2.840.10008.5.1.4.34.5"


@pytest.fixture
def tasks() -> Iterator[Department]:
    with department() as told:
        yield told


def ups(verb: str, *args: object, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    return run("ups", verb, *args, stdin=stdin)


def said(verb: str, *args: object) -> str:
    done = ups(verb, *args)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_a_step_is_pushed_claimed_performed_and_completed(tasks: Department, tmp_path: Path) -> None:
    make_folder(tmp_path, 2)
    uid = said(
        "push", tasks.address, "ProcedureStepLabel=Segment", "--input", tmp_path, "--retrieve-aet", "PACS"
    )
    step = tasks.steps[uid]
    assert (step.ProcedureStepState, step.ScheduledProcedureStepPriority) == ("SCHEDULED", "MEDIUM")
    assert (step.ProcedureStepLabel, step.InputReadinessState) == ("Segment", "READY")
    assert step.PatientName == "Bench^Patient 0"
    (given,) = step.InputInformationSequence
    assert given.StudyInstanceUID == f"{ROOT}.1.0"
    assert given.DICOMRetrievalSequence[0].RetrieveAETitle == "PACS"
    assert len(given.ReferencedSOPSequence) == 2

    lock = said("claim", tasks.address, uid)
    number, information = tasks.actions[0][1:]
    assert information is not None
    assert (number, information.ProcedureStepState, information.TransactionUID) == (1, "IN PROGRESS", lock)

    said("progress", tasks.address, uid, "--transaction", lock, "--percent", "40", "--description", "halfway")
    (_, change) = tasks.changes[0]
    (performed,) = change.UnifiedProcedureStepPerformedProcedureSequence
    assert (change.TransactionUID, bool(performed.PerformedProcedureStepStartDateTime)) == (lock, True)
    (kept,) = step.UnifiedProcedureStepPerformedProcedureSequence
    kept.PerformedProcedureStepStartDateTime = "20260101080000"
    (_, change) = tasks.changes[1]
    assert change.TransactionUID == lock
    (progress,) = change.ProcedureStepProgressInformationSequence
    assert (progress.ProcedureStepProgress, progress.ProcedureStepProgressDescription) == (40, "halfway")

    said("complete", tasks.address, uid, tmp_path, "--transaction", lock, "--aet", "WORKER")
    (_, change) = tasks.changes[2]
    (performed,) = change.UnifiedProcedureStepPerformedProcedureSequence
    assert performed.PerformedProcedureStepStartDateTime == "20260101080000"
    assert performed.PerformedStationNameCodeSequence[0].CodeValue == "WORKER"
    assert performed.PerformedWorkitemCodeSequence[0].CodeValue == "110001"
    assert len(performed.OutputInformationSequence[0].ReferencedSOPSequence) == 2
    number, information = tasks.actions[1][1:]
    assert information is not None
    assert (number, information.ProcedureStepState, information.TransactionUID) == (1, "COMPLETED", lock)


def test_what_was_scheduled_is_what_was_done(tasks: Department) -> None:
    workitem = [
        f"ScheduledWorkitemCodeSequence.{key}"
        for key in ("CodeValue=110005", "CodingSchemeDesignator=DCM", "CodeMeaning=Interpretation")
    ]
    uid = said("push", tasks.address, *workitem)
    done = ups("complete", tasks.address, uid, "--transaction", "1.2.3", "--json")
    assert [row["_event"] for row in rows(done)] == ["set", "acted", "summary"]
    (performed,) = tasks.steps[uid].UnifiedProcedureStepPerformedProcedureSequence
    assert performed.PerformedWorkitemCodeSequence[0].CodeValue == "110005"


def test_a_step_is_pushed_from_a_file_and_keys_count_more(tasks: Department) -> None:
    text = '{"ProcedureStepLabel": "one", "WorklistLabel": "CAD", "SOPInstanceUID": "1.2.9"}\n'
    done = ups("push", tasks.address, "-f", "-", "ProcedureStepLabel=two", "--uid", "1.2.8", stdin=text)
    assert done.stdout == "1.2.8\n"
    step = tasks.steps["1.2.8"]
    assert (step.ProcedureStepLabel, step.WorklistLabel) == ("two", "CAD")
    assert "SOPInstanceUID" not in step


def test_programs_get_the_transaction_with_the_claim(tasks: Department) -> None:
    uid = said("push", tasks.address)
    record = rows(ups("claim", tasks.address, uid, "--transaction", "1.2.77", "--json"))[0]
    assert (record["_type"], record["TransactionUID"]) == ("change-state", "1.2.77")


def test_a_claim_holds_even_if_its_moment_is_not_noted(tasks: Department) -> None:
    uid = said("push", tasks.address)
    del tasks.steps[uid]  # to the N-SET, not to the N-ACTION
    assert said("claim", tasks.address, uid).startswith("2.25.")


def test_a_refused_change_is_not_followed_by_a_change_of_state(tasks: Department) -> None:
    uid = said("push", tasks.address)
    tasks.refusal = 0xC301
    done = ups("complete", tasks.address, uid, "--transaction", "1.2.3")
    assert done.returncode == 1
    assert "C301" in done.stderr
    assert tasks.actions == []
    assert ups("claim", tasks.address, uid).stdout != ""
    assert ups("claim", tasks.address, uid).returncode == 1


def test_who_claimed_a_step_gives_it_up_and_others_ask_for_that(tasks: Department) -> None:
    uid = said("push", tasks.address)
    said("cancel", tasks.address, uid, "--reason", "wrong patient")
    number, asked = tasks.actions[0][1:]
    assert asked is not None
    assert (number, asked.ReasonForCancellation) == (2, "wrong patient")
    said("cancel", tasks.address, uid)
    assert tasks.actions[1] == (uid, 2, None)
    said("progress", tasks.address, uid, "--transaction", "1.2.5", "--percent", "30")
    said("cancel", tasks.address, uid, "--transaction", "1.2.5", "--code", "110501\\DCM\\Equipment failure")
    (_, change) = tasks.changes[1]
    (told,) = change.ProcedureStepProgressInformationSequence
    assert told.ProcedureStepProgress == 30
    assert told.ProcedureStepCancellationDateTime
    assert told.ProcedureStepDiscontinuationReasonCodeSequence[0].CodeValue == "110501"
    number, information = tasks.actions[2][1:]
    assert information is not None
    assert (number, information.ProcedureStepState) == (1, "CANCELED")


def test_what_was_told_of_the_progress_stays_until_it_is_told_anew(tasks: Department) -> None:
    uid = said("push", tasks.address)
    claimed = ("--transaction", "1.2.5")
    contact = "ProcedureStepProgressInformationSequence.ProcedureStepCommunicationsURISequence.ContactURI=x:1"
    said("progress", tasks.address, uid, *claimed, "--percent", "30", "--description", "läuft", contact)
    said("progress", tasks.address, uid, *claimed, "--percent", "60")
    (told,) = tasks.changes[1][1].ProcedureStepProgressInformationSequence
    assert (told.ProcedureStepProgress, told.ProcedureStepProgressDescription) == (60, "läuft")
    assert told.ProcedureStepCommunicationsURISequence[0].ContactURI == "x:1"


def test_subscriptions(tasks: Department) -> None:
    said("subscribe", tasks.address, "1.2.3", "--lock", "--aet", "ME")
    said("subscribe", tasks.address, "global", "--receiver", "OTHER")
    said("subscribe", tasks.address, "filter", "WorklistLabel=CAD")
    said("unsubscribe", tasks.address, "1.2.3")
    said("unsubscribe", tasks.address, "global", "--suspend")
    told = [
        (uid, number, str(given.ReceivingAE), given.get("DeletionLock"), given.get("WorklistLabel"))
        for uid, number, given in tasks.actions
        if given is not None
    ]
    assert told == [
        ("1.2.3", 3, "ME", "TRUE", None),
        (GLOBAL, 3, "OTHER", "FALSE", None),
        (f"{GLOBAL}.1", 3, "DIMSE", "FALSE", "CAD"),
        ("1.2.3", 4, "DIMSE", None, None),
        (GLOBAL, 5, "DIMSE", None, None),
    ]


def test_a_step_is_read(tasks: Department) -> None:
    uid = said("push", tasks.address)
    record = rows(ups("get", tasks.address, uid, "ProcedureStepState", "--json"))[0]
    assert record["ProcedureStepState"] == "SCHEDULED"


@pytest.mark.parametrize(
    ("args", "why"),
    [
        (["push", "ScheduledProcedureStepPriority=URGENT"], "ScheduledProcedureStepPriority"),
        (["push", "ProcedureStepLabel="], "ProcedureStepLabel"),
        (["claim", "x"], "is no UID"),
        (["progress", "1.2.3", "--transaction", "1.2.4"], "nothing is told"),
        (["progress", "1.2.3", "--percent", "10"], "--transaction"),
        (["progress", "1.2.3", "--transaction", "1.2.4", "NoSuchKey=1"], "NoSuchKey"),
        (["complete", "1.2.3", "--transaction", "1.2.4", "NoSuchKey=1"], "NoSuchKey"),
        (["cancel", "1.2.3", "--transaction", "1.2.4", "NoSuchKey=1"], "NoSuchKey"),
        (["progress", "1.2.3", "--transaction", "1.2.4", "--percent", "101"], "0 to 100"),
        (["subscribe", "filter"], "keys to match"),
        (["subscribe", "global", "WorklistLabel=CAD"], "filtered"),
        (["subscribe", "all"], "global, or filter"),
        (["unsubscribe", "1.2.3", "--suspend"], "global"),
        (["cancel", "1.2.3", "--code", "110501"], "VALUE\\SCHEME\\MEANING"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_mistakes_are_said_before_a_connection_is_made(args: list[str], why: str) -> None:
    done = ups(args[0], "127.0.0.1:1", *args[1:])
    assert (done.returncode, done.stdout) == (2, "")
    assert why in done.stderr


def test_a_rehearsal_shows_every_request() -> None:
    done = ups("complete", "127.0.0.1:1", "1.2.3", "--transaction", "1.2.4", "--dry-run")
    assert done.returncode == 0
    assert done.stdout.count("would call") == 2
    assert "COMPLETED" in done.stdout


def test_our_own_node_holds_everybody_to_the_rules(peers: Peers, tmp_path: Path) -> None:
    node = peers.dimse_scp().address
    make_folder(tmp_path, 1)
    uid = said("push", node, "--input", tmp_path, "--retrieve-aet", "PACS", "WorklistLabel=CAD")
    assert ups("complete", node, uid, "--transaction", "1.2.3").returncode == 1
    lock = said("claim", node, uid)
    late = ups("claim", node, uid)
    assert late.returncode == 1
    assert "TransactionUID" not in late.stdout
    assert "somebody has claimed" in late.stderr
    said("progress", node, uid, "--transaction", lock, "--percent", "50")
    assert "C301" in ups("progress", node, uid, "--transaction", "1.2.3", "--percent", "60").stderr
    said("complete", node, uid, tmp_path, "--transaction", lock)
    record = rows(ups("get", node, uid, "ProcedureStepState", "--json"))[0]
    assert record["ProcedureStepState"] == "COMPLETED"
    other = said("push", node)
    lock = said("claim", node, other)
    assert "C312" in ups("cancel", node, other, "--reason", "nobody listens").stderr
    said("cancel", node, other, "--transaction", lock)
    found = rows(run("find", node, "-M", "ups-query", "ProcedureStepState=CANCELED", "--json=SOPInstanceUID"))
    assert found == [{"SOPInstanceUID": other}]
