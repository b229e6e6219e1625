"""Data sets in every format."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections.abc import Callable
from io import BytesIO, StringIO, TextIOWrapper
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from dimsetools.dataset.attributes import Attribute, Attributes
from dimsetools.dataset.dicom_json import from_model
from dimsetools.dataset.files import queries
from dimsetools.dataset.flat import from_flat
from dimsetools.render import FORMATS, Output
from tests.peers.process import required
from tests.render.matches import HOSTILE, STEP, STUDY, patient
from tests.render.stream import Terminal

BIG: Attributes = {
    0x00080005: Attribute("CS", ("ISO_IR 192",)),
    0x00100010: Attribute("PN", ("Müller^Jürgen^^Dr.=山田^太郎=やまだ^たろう",)),
    0x00180088: Attribute("DS", ("1.5", "-2")),
    0x00189073: Attribute("FD", (0.1,)),
    0x00209165: Attribute("AT", (0x00100010, 0x7FE00010)),
    0x00280010: Attribute("US", (512,)),
    0x00280106: Attribute("US", (3,)),
    0x00400100: STEP[0x00400100],
    0x00404010: Attribute("DT", ("20260102030405.5+0100",)),
    0x7FE00008: Attribute("OF", (b"\0\0\xc0\x3f",)),
    0x7FE00010: Attribute("OW", (b"\1\2\3\4",)),
}


def shown(name: str, *results: Attributes, extra: dict[str, object] | None = None, **options: object) -> str:
    stdout = StringIO()
    with Output(name, stdout=stdout, stderr=StringIO(), **options) as output:  # type: ignore[arg-type]
        for result in results:
            output.result(result, extra or {})
    return stdout.getvalue()


@pytest.mark.parametrize("name", FORMATS)
def test_no_format_lets_a_control_character_through(name: str) -> None:
    hostile = patient(HOSTILE) | {0x00104000: Attribute("LT", (HOSTILE,))}
    hostile[0x00091001] = Attribute("LO", (HOSTILE,))
    text = shown(name, hostile, {0x00400100: Attribute("SQ", (hostile,))})
    allowed = {"\n", "\t", "\ufffe"} if name == "tsv" else {"\n", "\ufffe"}
    assert {character for character in text if not character.isprintable()} <= allowed
    assert "é日" in text


@pytest.mark.parametrize("name", ["tsv", "csv", "json", "dicom-json", "table"])
def test_a_match_is_one_line(name: str) -> None:
    before = {"tsv": 1, "csv": 1, "table": 1}.get(name, 0)
    assert len(shown(name, patient(HOSTILE), patient("b")).splitlines()) == before + 2


def test_json_is_a_flat_record_that_reads_back() -> None:
    record = json.loads(shown("json", STUDY))
    assert record["PatientName"] == "Müller^Jürgen=山田^太郎"
    assert record["ModalitiesInStudy"] == ["CT", "SR"]
    assert record["AccessionNumber"] is None
    assert record["00091010"] == {"InlineBinary": "AQI="}
    assert from_flat(record)[0x00100010] == STUDY[0x00100010]


def test_json_picks_in_the_order_asked_for_also_within_sequences() -> None:
    fields = ["ScheduledProcedureStepSequence.Modality", "PatientID", "patientname", "_path"]
    line = shown("json", STEP, extra={"_path": "x", "_more": 1}, fields=fields)
    assert list(json.loads(line).items()) == [
        ("ScheduledProcedureStepSequence.Modality", "CT"),
        ("PatientID", None),
        ("patientname", "Doe^Jane"),
        ("_path", "x"),
    ]


def test_dicom_json_is_the_model_of_the_standard_in_utf_8() -> None:
    model = json.loads(shown("dicom-json", BIG))
    assert from_model(model) == BIG
    assert model["00100010"]["Value"][0]["Ideographic"] == "山田^太郎"
    assert json.loads(shown("dicom-json", STUDY))["00080005"]["Value"] == ["ISO_IR 192"]
    assert list(json.loads(shown("dicom-json", STUDY, fields=["PatientID"]))) == ["00100020"]


def test_rows_have_the_full_values_under_the_names_of_the_query() -> None:
    stdout = StringIO()
    with Output("tsv", stdout=stdout, stderr=StringIO()) as output:
        output.columns(
            ["PatientName", "ModalitiesInStudy", "ScheduledProcedureStepSequence.Modality", "_path"]
        )
        output.result(STUDY, {"_path": "a"})
        output.result(STEP)
    assert stdout.getvalue() == (
        "PatientName\tModalitiesInStudy\tScheduledProcedureStepSequence.Modality\t_path\n"
        "Müller^Jürgen=山田^太郎\tCT\\SR\t\ta\n"
        "Doe^Jane\t\tCT\t\n"
    )


def test_a_sequence_in_a_row_is_json() -> None:
    text = shown("csv", STEP, fields=["PatientName", "ScheduledProcedureStepSequence"])
    row = list(csv.reader(StringIO(text)))[1]
    assert row[0] == "Doe^Jane"
    assert json.loads(row[1])[0]["Modality"] == "CT"


def test_dump_lines_look_as_those_of_dcmtk() -> None:
    assert shown("dump", STEP, patient("é")).splitlines() == [
        "# match 1",
        "(0010,0010) PN [Doe^Jane]                               #   8, 1 PatientName",
        "(0040,0100) SQ (Sequence with undefined length #=1)     # u/l, 1 ScheduledProcedureStepSequence",
        "  (fffe,e000) na (Item with undefined length #=3)         # u/l, 1 Item",
        "    (0008,0060) CS [CT]                                     #   2, 1 Modality",
        f"    (0040,0002) DA {'[20260301]':<40} #   8, 1 ScheduledProcedureStepStartDate",
        "    (0040,0008) SQ (Sequence with undefined length #=1)     # u/l, 1 ScheduledProtocolCodeSequence",
        "      (fffe,e000) na (Item with undefined length #=1)         # u/l, 1 Item",
        "        (0008,0100) SH [X1]                                     #   2, 1 CodeValue",
        "      (fffe,e00d) na (ItemDelimitationItem)                   #   0, 0 ItemDelimitationItem",
        "    (fffe,e0dd) na (SequenceDelimitationItem)               #   0, 0 SequenceDelimitationItem",
        "  (fffe,e00d) na (ItemDelimitationItem)                   #   0, 0 ItemDelimitationItem",
        "(fffe,e0dd) na (SequenceDelimitationItem)               #   0, 0 SequenceDelimitationItem",
        "",
        "# match 2",
        "(0008,0005) CS [ISO_IR 192]                             #  10, 1 SpecificCharacterSet",
        "(0010,0010) PN [é]                                      #   2, 1 PatientName",
        "(0010,0020) LO [1]                                      #   2, 1 PatientID",
    ]


def test_dump2dcm_makes_the_same_data_set_of_a_dump(tmp_path: Path) -> None:
    from pydicom import dcmread

    source, made = tmp_path / "a.dump", tmp_path / "a.dcm"
    source.write_text(shown("dump", BIG))
    done = subprocess.run(
        [required("dump2dcm"), source, made], capture_output=True, text=True, check=False, timeout=30
    )
    assert done.returncode == 0, done.stderr
    read = dcmread(made)
    assert str(read.PatientName) == BIG[0x00100010].values[0]
    assert read.ScheduledProcedureStepSequence[0].Modality == "CT"
    assert (read.Rows, read.PixelData) == (512, b"\1\2\3\4")
    assert read.DimensionIndexPointer == [0x00100010, 0x7FE00010]


@pytest.mark.parametrize("form", ["dump", "xml"])
def test_what_we_print_can_be_asked_again(form: str) -> None:
    assert list(queries(shown(form, BIG).encode(), "x")) == [BIG]


def test_xml_has_a_native_model_for_each_match_in_one_document() -> None:
    text = shown("xml", STUDY, patient("x\r\ny\x9b"), extra={"_path": "p"})
    root = ET.fromstring(text)
    assert [child.tag for child in root] == ["record", "NativeDicomModel", "record", "NativeDicomModel"]
    first = {element.get("tag"): element for element in root[1]}
    assert first["00100010"].findtext("PersonName/Ideographic/FamilyName") == "山田"
    assert first["00080061"].findtext("Value[@number='2']") == "SR"
    private = next(element for element in root[1] if element.get("privateCreator"))
    assert (private.get("tag"), private.get("privateCreator")) == ("00090010", "ACME")
    assert root[3].findtext("DicomAttribute/PersonName/Alphabetic/FamilyName") == "x\r\ny\x9b"
    assert "\x9b" not in text
    assert ET.fromstring(shown("xml", STUDY, fields=["PatientID"]))[0][0].get("keyword") == "PatientID"


# -- when it is written -----------------------------------------------------------------------------


def test_a_match_is_there_before_the_next() -> None:
    raw = BytesIO()
    output = Output("json", stdout=TextIOWrapper(raw, encoding="utf-8"), stderr=StringIO())
    output.result(patient("a"))
    assert raw.getvalue().count(b"\n") == 1


def test_matches_that_come_fast_share_a_write_and_none_waits_for_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stdout = StringIO()
    output = Output("json", stdout=stdout, stderr=StringIO())
    now = [100.0]
    monkeypatch.setattr("dimsetools.render.output.time.monotonic", lambda: now[0])
    output.result(patient("a"), more=True)
    output.result(patient("b"), more=True)
    assert stdout.getvalue() == ""
    now[0] += 0.05
    output.result(patient("c"), more=True)
    assert stdout.getvalue().count("\n") == 3
    output.result(patient("d"), more=True)
    output.result(patient("e"))
    assert stdout.getvalue().count("\n") == 5


SAYINGS: list[Callable[[Output], None]] = [
    lambda output: output.note("x"),
    lambda output: output.warning("x"),
    Output.flush,
    Output.close,
    lambda output: output.record({"_event": "x"}),
]


@pytest.mark.parametrize("say", SAYINGS, ids=["note", "warning", "flush", "close", "record"])
def test_what_waits_is_written_before_anything_else_is_said(say: Callable[[Output], None]) -> None:
    both = StringIO()
    output = Output("json", stdout=both, stderr=both)
    output.result(patient("a"), more=True)
    say(output)
    assert both.getvalue().startswith('{"PatientName": "a"')


def test_a_table_has_its_heading_and_rows_at_once_when_more_does_not_come() -> None:
    stdout = Terminal()
    output = Output("table", stdout=stdout, stderr=StringIO(), color="never")
    output.result(patient("Doe^Jane"))
    heading, row, _ = stdout.getvalue().split("\n")
    assert heading.split() == ["PatientName", "PatientID"]
    assert row.split() == ["Doe^Jane", "1"]


def test_matches_to_a_pipe_load_neither_rich_nor_pydicom() -> None:
    code = """
import sys
from dimsetools.dataset.attributes import Attribute
from dimsetools.render import Output
for name in ("json", "tsv", "dump", "xml", "dicom-json"):
    with Output(name) as output:
        output.result({0x00100010: Attribute("PN", ("a",))})
heavy = {"rich", "pydicom", "pynetdicom", "shutil", "logging"} & set(sys.modules)
assert not heavy, heavy
"""
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, timeout=30)
