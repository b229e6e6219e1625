from __future__ import annotations

import csv
import json
import os
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from dimsetools.errors import ReportError, UsageError
from dimsetools.render import report
from dimsetools.render.report import Row

HOSTILE = 'a&b<c>"d",\x1b\n\udce9'
SHOWN = 'a&b<c>"d",\\x1b\\n\\xe9'
ROWS = [
    Row("a.dcm", "ok", {"_path": "a.dcm", "_status": "0000"}, 0.25),
    Row("b.dcm", "warning", {"_path": "b.dcm", "_status": "B000"}, 0.25, message="B000 coerced"),
    Row("c.dcm", "failed", {"_path": "c.dcm", "_status": "A700"}, 0.5, "failure-status", "out of resources"),
    Row(HOSTILE, "skipped", {"_path": HOSTILE}, message="no DICOM file"),
]


def write(path: Path, rows: list[Row] = ROWS) -> None:
    with report.create(str(path), "dimse store", ["_path", "_status"]) as written:
        for row in rows:
            written.row(row)


@pytest.mark.parametrize("suffix", ["ndjson", "jsonl", "json", "JSONL"])
def test_ndjson_is_one_record_a_line(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"report.{suffix}"
    write(path)
    lines = path.read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) for line in lines] == [row.record for row in ROWS]


def test_csv_has_the_columns_that_were_named(tmp_path: Path) -> None:
    path = tmp_path / "report.csv"
    write(path)
    rows = list(csv.reader(path.read_text(encoding="utf-8").splitlines()))
    assert rows[:2] == [["_path", "_status"], ["a.dcm", "0000"]]
    assert rows[4] == [SHOWN, ""]


def test_junit_counts_and_tells_each_outcome(tmp_path: Path) -> None:
    path = tmp_path / "report.xml"
    write(path)
    suite = ET.parse(path).getroot()[0]
    assert suite.attrib == {
        "name": "dimse store",
        "tests": "4",
        "failures": "1",
        "errors": "0",
        "skipped": "1",
        "time": "1.000",
    }
    assert [case.attrib["name"] for case in suite] == ["a.dcm", "b.dcm", "c.dcm", SHOWN]
    assert [[child.tag for child in case] for case in suite] == [[], ["system-out"], ["failure"], ["skipped"]]
    failure = suite[2][0]
    assert failure.attrib == {"type": "failure-status", "message": "out of resources"}
    assert suite[1][0].text == "B000 coerced"


@pytest.mark.parametrize("suffix", ["ndjson", "csv", "xml"])
def test_a_run_that_dies_leaves_every_row_up_to_then(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"report.{suffix}"
    written = report.create(str(path), "dimse store")
    for number, row in enumerate(ROWS, start=1):
        written.row(row)
        text = path.read_text(encoding="utf-8")
        if suffix == "xml":
            suite = ET.fromstring(text)[0]
            assert len(suite) == number == int(suite.attrib["tests"])
        else:
            assert text.count("\n") == number + (suffix == "csv")
            assert text.endswith("\n")
    written.close()


def test_an_empty_junit_report_is_a_document(tmp_path: Path) -> None:
    path = tmp_path / "report.xml"
    write(path, [])
    assert ET.parse(path).getroot()[0].attrib["tests"] == "0"


def test_an_older_report_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "report.csv"
    path.write_text("x" * 10_000)
    write(path, ROWS[:1])
    assert path.read_text() == "_path,_status\na.dcm,0000\n"


def test_many_rows_fit_the_room_for_the_counts(tmp_path: Path) -> None:
    path = tmp_path / "report.xml"
    row = Row("a.dcm", "failed", {}, 1234.5, "failure-status", "no")
    write(path, [row] * 1200)
    suite = ET.parse(path).getroot()[0]
    assert len(suite) == 1200 == int(suite.attrib["failures"])


@pytest.mark.parametrize("name", ["report.txt", "report", "report.html"])
def test_another_suffix_is_a_usage_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="suffix"):
        report.create(str(tmp_path / name), "dimse store")
    assert os.listdir(tmp_path) == []


def test_a_report_that_cannot_be_created_is_exit_43(tmp_path: Path) -> None:
    with pytest.raises(ReportError) as caught:
        report.create(str(tmp_path / "none" / "report.csv"), "dimse store")
    assert caught.value.exit_code == 43


def test_a_report_that_cannot_be_written_is_exit_43(tmp_path: Path) -> None:
    if not os.path.exists("/dev/full"):
        pytest.fail("this system has no /dev/full")
    link = tmp_path / "report.csv"
    link.symlink_to("/dev/full")
    written = report.create(str(link), "dimse store")
    with written, pytest.raises(ReportError, match="No space") as caught:
        written.row(ROWS[0])
    assert caught.value.exit_code == 43


def test_junit_into_a_pipe_is_refused(tmp_path: Path) -> None:
    pipe = tmp_path / "report.xml"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        with pytest.raises(ReportError):
            report.create(str(pipe), "dimse store")
    finally:
        os.close(reader)
