"""`dimse nget` against pynetdicom: what is asked for, and the answer in every form."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from dimsetools.dataset.normalized import CLASSES, PRINT_COLOR, PRINT_GRAYSCALE, UPS_PULL, UPS_PUSH
from tests.commands.asking import Dimse
from tests.commands.desk import Desk
from tests.conftest import Peers
from tests.peers.dimse import environment

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

PRINTER = CLASSES["printer"]


def answer() -> Dataset:
    """Three attributes, one of them a sequence."""
    from pydicom.dataset import Dataset

    found, step = Dataset(), Dataset()
    step.StudyInstanceUID = "1.2.3.4"
    found.SpecificCharacterSet = "ISO_IR 100"
    found.PatientName = "Müller^Jörg"
    found.PrinterStatus = "NORMAL"
    found.ScheduledStepAttributesSequence = [step]
    return found


@pytest.fixture
def printer(desk: Desk) -> Desk:
    """A desk that answers with three attributes."""
    desk.answer = lambda _: (0x0000, answer())
    return desk


def test_attributes_are_asked_for_and_shown(dimse: Dimse, printer: Desk) -> None:
    done = dimse("nget", printer.address, "printer", "printer", "PrinterStatus,PatientName", "--json")
    assert (done.code, done.stderr) == (0, "")
    got, summary = done.records
    (asked,) = printer.asked
    assert (asked.service, asked.context, asked.sop_class) == ("N-GET", PRINT_GRAYSCALE, PRINTER.uid)
    assert (asked.instance, asked.tags) == (PRINTER.instance, (0x21100010, 0x00100010))
    assert (got["_event"], got["_class"], got["_status"]) == ("got", "printer", "0000")
    assert (got["PatientName"], got["PrinterStatus"]) == ("Müller^Jörg", "NORMAL")
    assert got["ScheduledStepAttributesSequence"] == [{"StudyInstanceUID": "1.2.3.4"}]
    assert (summary["_event"], summary["_requests"]) == ("summary", 1)


def test_without_names_all_attributes_are_asked_for(dimse: Dimse, printer: Desk) -> None:
    done = dimse("nget", printer.address, "printer", "printer", "--format", "table")
    assert printer.asked[0].tags == ()
    lines = done.stdout.splitlines()
    assert lines[0].startswith(f"got  printer {PRINTER.instance}  ")
    assert lines[2:] == [
        "  PatientName                      Müller^Jörg",
        "  ScheduledStepAttributesSequence  1 item",
        "    - StudyInstanceUID  1.2.3.4",
        "  PrinterStatus                    NORMAL",
    ]


def test_steps_are_read_in_the_class_that_reads_them(dimse: Dimse, printer: Desk) -> None:
    assert dimse("nget", printer.address, "mpps", "1.2.3").code == 0
    (asked,) = printer.asked
    assert asked.context == asked.sop_class == CLASSES["mpps-retrieve"].uid
    assert asked.instance == "1.2.3"


def test_a_context_can_be_named(dimse: Dimse, printer: Desk) -> None:
    words = ("nget", printer.address, "ups", "1.2.3", "--context")
    assert dimse(*words, "UnifiedProcedureStepPull").code == 0
    assert dimse(*words, CLASSES["image-box"].uid, "--context", "print-color").code == 0
    done = dimse(*words, "image-box")
    assert [(asked.context, asked.sop_class) for asked in printer.asked] == [
        (UPS_PULL, UPS_PUSH),
        (PRINT_COLOR, UPS_PUSH),
    ]
    assert (done.code, done.stdout) == (66, "")
    assert "accepts no presentation context for Basic Grayscale Image Box SOP Class" in done.stderr


def test_scripts_get_rows_and_picked_fields(dimse: Dimse, printer: Desk) -> None:
    words = ("nget", printer.address, "printer", "printer")
    header, row = dimse(*words).stdout.splitlines()
    told = dict(zip(header.split("\t"), row.split("\t"), strict=True))
    assert (told["_event"], told["PrinterStatus"]) == ("got", "NORMAL")
    picked = dimse(*words, "--fields", "PrinterStatus,_status", "--format", "csv", "--no-headers")
    assert picked.stdout == "NORMAL,0000\n"
    root = ET.fromstring(dimse(*words, "--format", "xml").stdout)
    assert [child.tag for child in root] == ["record", "NativeDicomModel", "summary"]
    assert "(2110,0010) CS [NORMAL]" in dimse(*words, "--format", "dump").stdout


def test_it_can_be_repeated_over_one_association(dimse: Dimse, printer: Desk) -> None:
    words = ("nget", printer.address, "printer", "printer")
    done = dimse(*words, "--repeat", 3, "--format", "table", "-v")
    assert (done.code, len(printer.asked)) == (0, 3)
    assert done.stderr.count("associated with PYNETDICOM") == 1
    assert done.stderr.count(f"N-GET printer {PRINTER.instance}\n") == 3
    assert done.stdout.splitlines()[-1].startswith(f"3 requests to {printer.address}: 3 ok  min/avg/p95/max ")


def test_a_warning_is_68_only_if_that_is_wanted(dimse: Dimse, desk: Desk) -> None:
    desk.answer = lambda _: (0x0107, answer())
    words = ("nget", desk.address, "printer", "printer", "--json")
    done = dimse(*words)
    assert (done.code, done.records[0]["_status"], done.records[0]["PrinterStatus"]) == (0, "0107", "NORMAL")
    assert dimse(*words, "--strict").code == 68


def test_a_rehearsal_connects_to_nobody(dimse: Dimse) -> None:
    words = ("nget", "RIS@nowhere.invalid:104", "printer", "printer", "PrinterStatus")
    done = dimse(*words, "--dry-run", "--json")
    (told,) = done.records
    assert (done.code, done.stderr) == (0, "")
    assert told["_event"] == "would-get"
    assert told["_abstract_syntaxes"] == [PRINT_GRAYSCALE, PRINT_COLOR, PRINTER.uid]
    assert told["RequestedSOPInstanceUID"] == PRINTER.instance
    assert told["AttributeIdentifierList"] == ["21100010"]


def test_a_printer_tells_of_itself(dimse: Dimse, peers: Peers) -> None:
    peer = peers.dcmprscp()
    done = dimse("nget", peer.address, "printer", "printer", "--json")
    assert (done.code, done.stderr) == (0, "")
    told = done.records[0]
    assert (told["PrinterStatus"], told["AffectedSOPInstanceUID"]) == ("NORMAL", PRINTER.instance)
    refused = dimse("nget", peer.address, "printer", "printer", "StudyDate", "--json")
    assert (refused.code, refused.records[0]["_status"]) == (1, "0105")
    session = dimse("ncreate", peer.address, "film-session", "NumberOfCopies=2", "--json").records[0]
    assert session["NumberOfCopies"] == 2
    assert str(session["AffectedSOPInstanceUID"]).startswith("1.2.276.0.7230010.3.")
    alone = dimse("ncreate", peer.address, "film-box", r"ImageDisplayFormat=STANDARD\1,1")
    assert alone.code == 1
    assert "print objects live as long as their association" in alone.stderr


def test_nothing_heavy_is_loaded(desk: Desk) -> None:
    code = """
import sys
from dimsetools.cli import main
assert main(["nget", sys.argv[1], "mpps", "1.2.3", "PatientName", "-q"]) == 0
heavy = {"rich", "pydicom", "pynetdicom", "ssl", "sqlite3", "numpy"} & set(sys.modules)
assert not heavy, heavy
"""
    argv = [sys.executable, "-c", code, desk.address]
    done = subprocess.run(argv, capture_output=True, env=environment(), check=False, timeout=30)
    assert done.returncode == 0, done.stderr.decode()
    assert b"N-GET" in done.stdout


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("ndelete", "h:1", "printer", "printer"), "it has N-GET, N-EVENT-REPORT"),
        (("nget", "h:1", "printr", "printer"), "did you mean printer"),
        (("nget", "h:1", "mpps", "abc"), "write a UID"),
        (("nset", "h:1", "mpps", "1.2", "PatintID=1"), "PatientID"),
        (("naction", "h:1", "ups", "1.2", "chnge-state"), "change-state"),
        (("nget", "h:1", "mpps", "1.2", "--priority", "high"), "dimse nget --help"),
    ],
)
def test_wrong_words_are_usage_errors(dimse: Dimse, words: tuple[str, ...], hint: str) -> None:
    done = dimse(*words)
    assert (done.code, done.stdout) == (2, "")
    assert hint in done.stderr
