"""`dimse nset` against pynetdicom: attributes of keys and files, and what is refused."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

from dimsetools.dataset.normalized import CLASSES
from tests.commands.asking import Dimse
from tests.commands.desk import Desk
from tests.peers.dimse import COMMAND, environment, rows, run


def test_attributes_are_set(dimse: Dimse, desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "final.json"
    path.write_text(
        '{"PerformedProcedureStepStatus": "IN PROGRESS", "PatientName": "Müller"}', encoding="utf-8"
    )
    done = dimse(
        "nset", desk.address, "mpps", "1.2.3", "-f", path, "PerformedProcedureStepStatus=COMPLETED",
        "PerformedSeriesSequence.SeriesInstanceUID=1.2", "--json",
    )  # fmt: skip
    assert (done.code, done.stderr) == (0, "")
    assert (done.records[0]["_event"], done.records[0]["SOPInstanceUID"]) == ("set", "1.2.3")
    (asked,) = desk.asked
    assert (asked.service, asked.sop_class, asked.instance) == ("N-SET", CLASSES["mpps"].uid, "1.2.3")
    assert asked.data is not None
    assert asked.data.PerformedProcedureStepStatus == "COMPLETED"
    assert asked.data.PatientName == "Müller"
    assert asked.data.PerformedSeriesSequence[0].SeriesInstanceUID == "1.2"


def test_a_data_set_comes_from_stdin() -> None:
    done = run("nset", "h:1", "mpps", "1.2.3", "-f", "-", "--dry-run", "--json", stdin='{"PatientID": "7"}\n')
    (told,) = rows(done)
    assert (done.returncode, told["_event"], told["PatientID"]) == (0, "would-set", "7")


def test_a_failure_says_which_attribute_is_missing(dimse: Dimse, desk: Desk) -> None:
    from pydicom.dataset import Dataset

    status = Dataset()
    status.Status = 0x0120
    status.ErrorComment = "no series"
    status.ErrorID = 9
    status.AttributeIdentifierList = [0x00400340, 0x00291001]
    desk.answer = lambda _: (status, None)
    done = dimse("nset", desk.address, "mpps", "1.2.3", "PerformedProcedureStepStatus=COMPLETED", "--json")
    failed, error, _ = done.records
    assert done.code == 1
    assert (failed["_event"], failed["_status"], failed["ErrorID"]) == ("failed", "0120", 9)
    assert failed["ErrorComment"] == "no series"
    assert failed["AttributeIdentifierList"] == ["00400340", "00291001"]
    assert (error["_code"], error["_exit"]) == ("failure-status", 1)
    assert "missing attribute: PerformedSeriesSequence (0040,0340), (0029,1001)" in done.stderr
    assert "the peer's comment: no series" in done.stderr


def test_an_interrupt_ends_the_reading_of_stdin() -> None:
    with subprocess.Popen(
        [*COMMAND, "nset", "h:1", "mpps", "1.2", "-f", "-"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(),
    ) as process:  # fmt: skip
        assert process.stdin is not None
        process.stdin.write(b'{"PatientID":\n' * 10_000)  # more than a pipe holds: it is being read now
        process.stdin.flush()
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 130
        assert process.stderr is not None
        assert b"error[interrupted] exit 130" in process.stderr.read()
