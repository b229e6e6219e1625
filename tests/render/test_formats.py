from __future__ import annotations

import json
from io import StringIO
from xml.etree import ElementTree as ET

import pytest

from dimsetools.dataset.keys import keyed
from dimsetools.errors import ConnectionRefused, UsageError
from dimsetools.render import FORMATS, Output, good
from dimsetools.render.formats import Layout, formatter

HOSTILE = 'a,b\t"c"<&>\x1b[31m\r\n\x07\x9b\u202e\u2028\ufffe\udc80\x00é日'
RECORDS: list[dict[str, object]] = [
    {"_event": "stored", "_path": "a.dcm", "SOPInstanceUID": "1.2.3", "_status": "0000", "_ms": 12.1},
    {"_event": "stored", "_path": HOSTILE, "SOPInstanceUID": None, "_status": "A700", "_ms": 0.5},
]
SUMMARY = {"_event": "summary", "_sent": 2}


def shown(name: str, *, fields: list[str] | None = None, headers: bool = True, summary: bool = True) -> str:
    stdout = StringIO()
    with Output(name, fields=fields, headers=headers, stdout=stdout, stderr=StringIO()) as output:
        for record in RECORDS:
            output.record(record, [str(record["_path"]), "  ", good("ok")])
        if summary:
            output.summary(SUMMARY, "2 sent")
    return stdout.getvalue()


@pytest.mark.parametrize("name", FORMATS)
def test_no_format_lets_a_control_character_through(name: str) -> None:
    text = shown(name)
    allowed = {"\n", "\t", "\ufffe"} if name == "tsv" else {"\n", "\ufffe"}
    assert {character for character in text if not character.isprintable()} <= allowed
    assert "é日" in text


@pytest.mark.parametrize("name", FORMATS)
def test_a_record_is_one_line_in_every_format(name: str) -> None:
    before = {"tsv": 1, "csv": 1, "xml": 2}.get(name, 0)
    after = {"xml": 2, "tsv": 0, "csv": 0}.get(name, 1)
    assert len(shown(name).split("\n")) == before + 2 + after + 1


def test_json_round_trips_every_value() -> None:
    lines = [json.loads(line) for line in shown("json").splitlines()]
    assert lines == [*RECORDS, SUMMARY]


def test_json_with_picked_fields_has_exactly_these_in_this_order_and_no_summary() -> None:
    lines = [json.loads(line) for line in shown("json", fields=["_status", "PatientName"]).splitlines()]
    assert [list(line.items()) for line in lines] == [
        [("_status", "0000"), ("PatientName", None)],
        [("_status", "A700"), ("PatientName", None)],
    ]


def test_json_on_a_stream_that_is_not_unicode_is_ascii() -> None:
    text = formatter("json", Layout(ascii=True)).record({"_path": HOSTILE}, None)
    assert text.isascii()
    assert json.loads(text) == {"_path": HOSTILE}


def test_tsv_has_a_header_and_full_values() -> None:
    header, first, second, _ = shown("tsv").split("\n")
    assert header == "_event\t_path\tSOPInstanceUID\t_status\t_ms"
    assert first == "stored\ta.dcm\t1.2.3\t0000\t12.1"
    assert second.split("\t")[1].startswith('a,b\\t"c"<&>\\x1b[31m\\r\\n')


def test_tsv_without_headers_begins_with_the_first_row() -> None:
    assert shown("tsv", headers=False).startswith("stored\t")


def test_columns_announced_before_the_first_record_are_the_header_and_picked_fields_win() -> None:
    stdout = StringIO()
    output = Output("tsv", stdout=stdout, stderr=StringIO())
    output.columns(["_path", "_code"])
    output.record({"_path": "a", "_extra": 1})
    output.record({"_path": "b", "_code": "gone"})
    assert stdout.getvalue() == "_path\t_code\na\t\nb\tgone\n"

    stdout = StringIO()
    output = Output("tsv", fields=["_code"], stdout=stdout, stderr=StringIO())
    output.columns(["_path", "_code"])
    output.record({"_path": "b", "_code": "gone"})
    assert stdout.getvalue() == "_code\ngone\n"


def test_csv_quotes_what_needs_quotes() -> None:
    import csv

    rows = list(csv.reader(StringIO(shown("csv"))))
    assert rows[0] == ["_event", "_path", "SOPInstanceUID", "_status", "_ms"]
    assert rows[1] == ["stored", "a.dcm", "1.2.3", "0000", "12.1"]
    assert rows[2][1].startswith('a,b\\t"c"<&>')
    assert rows[2][3] == "A700"


def test_dump_writes_operations_as_comments() -> None:
    assert all(line.startswith("# ") for line in shown("dump").splitlines())
    assert shown("dump", fields=["_status"]) == "# _status=0000\n# _status=A700\n"


def test_dicom_json_spells_keywords_as_tags() -> None:
    first, second, summary = (json.loads(line) for line in shown("dicom-json").splitlines())
    assert first["00080018"] == {"vr": "UI", "Value": ["1.2.3"]}
    assert first["_status"] == "0000"
    assert second["00080018"] == {"vr": "UI"}
    assert summary == SUMMARY


def test_dicom_json_keeps_names_that_are_no_keywords() -> None:
    line = formatter("dicom-json", Layout()).record({"Fancy": 1, "ImageType": ["ORIGINAL", "PRIMARY"]}, None)
    assert json.loads(line) == {"Fancy": 1, "00080008": {"vr": "CS", "Value": ["ORIGINAL", "PRIMARY"]}}


def test_xml_is_one_document() -> None:
    root = ET.fromstring(shown("xml"))
    assert [child.tag for child in root] == ["record", "record", "summary"]
    assert root[0].attrib == {
        "event": "stored",
        "path": "a.dcm",
        "SOPInstanceUID": "1.2.3",
        "status": "0000",
        "ms": "12.1",
    }
    assert "SOPInstanceUID" not in root[1].attrib
    assert root[2].attrib == {"sent": "2"}


def test_xml_without_results_is_still_a_document() -> None:
    stdout = StringIO()
    Output("xml", stdout=stdout, stderr=StringIO()).close()
    assert list(ET.fromstring(stdout.getvalue())) == []


def test_xml_that_failed_before_a_result_leaves_the_document_to_the_report_of_the_failure() -> None:
    stdout = StringIO()
    error = ConnectionRefused("nobody there")
    with pytest.raises(ConnectionRefused), Output("xml", stdout=stdout, stderr=StringIO()):
        raise error
    with Output("xml", stdout=stdout, stderr=StringIO()) as output:
        output.failure(error)
    assert [child.tag for child in ET.fromstring(stdout.getvalue())] == ["error"]


def test_table_shows_the_line_and_without_one_the_values() -> None:
    assert shown("table", summary=False).splitlines()[0] == "a.dcm  ok"
    assert shown("table", fields=["_status", "_ms"]).splitlines() == ["0000  12.1", "A700  0.5"]


@pytest.mark.parametrize("name", ["json", "dicom-json", "xml"])
def test_a_failure_is_a_record_where_the_format_has_a_place_for_it(name: str) -> None:
    stdout = StringIO()
    with Output(name, fields=["_status"], stdout=stdout, stderr=StringIO()) as output:
        output.failure(ConnectionRefused("nobody there", hint="check the port"), "PACS1")
    if name == "xml":
        record: dict[str, object] = dict(ET.fromstring(stdout.getvalue())[0].attrib)
        assert record["code"] == "connection-refused"
    else:
        assert json.loads(stdout.getvalue()) == {
            "_event": "error",
            "_node": "PACS1",
            "_code": "connection-refused",
            "_exit": 60,
            "_retryable": True,
            "_message": "nobody there",
            "_hint": "check the port",
        }


@pytest.mark.parametrize("name", ["table", "tsv", "csv", "dump"])
def test_a_failure_leaves_the_other_formats_alone(name: str) -> None:
    stdout = StringIO()
    Output(name, stdout=stdout, stderr=StringIO()).failure(ConnectionRefused("nobody there"))
    assert stdout.getvalue() == ""


def test_an_unknown_format_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="yaml"):
        Output("yaml", stdout=StringIO(), stderr=StringIO())


# -- operations with a data set -----------------------------------------------------------------------

OPERATION: dict[str, object] = {"_event": "got", "SOPInstanceUID": "1.2", "OffendingElement": ["00100020"]}
ANSWER = keyed(["PatientName=DOE", "ScheduledStepAttributesSequence.StudyID=4"])
PICKED = ["_event", "PatientName", "ScheduledStepAttributesSequence.StudyID", "SOPInstanceUID", "PatientID"]


def answered(name: str, *, fields: list[str] | None = None) -> str:
    stdout = StringIO()
    with Output(name, fields=fields, stdout=stdout, stderr=StringIO()) as output:
        output.operation(OPERATION, ANSWER, ["got 1.2"])
        output.operation(OPERATION, {}, ["got 1.2"])
    return stdout.getvalue()


def test_an_operation_is_one_object_with_its_data_set() -> None:
    first, second = (json.loads(line) for line in answered("json").splitlines())
    assert first == OPERATION | {
        "PatientName": "DOE",
        "ScheduledStepAttributesSequence": [{"StudyID": "4"}],
    }
    assert second == OPERATION


def test_an_operation_is_one_model_with_its_data_set() -> None:
    first, second = (json.loads(line) for line in answered("dicom-json").splitlines())
    assert first["_event"] == "got"
    assert first["00000901"] == {"vr": "AT", "Value": ["00100020"]}
    assert first["00100010"] == {"vr": "PN", "Value": [{"Alphabetic": "DOE"}]}
    assert set(first) - set(second) == {"00100010", "00400270"}


def test_an_operation_is_a_row_with_its_data_set() -> None:
    assert answered("tsv").splitlines() == [
        "_event\tSOPInstanceUID\tOffendingElement\tPatientName\tScheduledStepAttributesSequence.StudyID",
        "got\t1.2\t00100020\tDOE\t4",
        "got\t1.2\t00100020\t\t",
    ]
    assert answered("csv").splitlines()[1] == "got,1.2,00100020,DOE,4"


def test_an_operation_is_a_line_with_its_data_set_below() -> None:
    assert answered("table").splitlines() == [
        "got 1.2",
        "  PatientName                      DOE",
        "  ScheduledStepAttributesSequence  1 item",
        "    - StudyID  4",
        "got 1.2",
    ]


def test_an_operation_is_a_comment_with_its_dump() -> None:
    lines = answered("dump").splitlines()
    assert (lines[0], lines[-1]) == ("# got 1.2", "# got 1.2")
    assert lines[1].startswith("(0010,0010) PN [DOE]")


def test_an_operation_is_an_element_before_its_data_set() -> None:
    record, model, second = ET.fromstring(answered("xml"))
    assert record.attrib == {"event": "got", "SOPInstanceUID": "1.2", "OffendingElement": "00100020"}
    assert [child.attrib["keyword"] for child in model] == ["PatientName", "ScheduledStepAttributesSequence"]
    assert second.attrib == record.attrib


def test_fields_are_picked_from_both() -> None:
    first, second = (json.loads(line) for line in answered("json", fields=PICKED).splitlines())
    assert list(first.values()) == ["got", "DOE", "4", "1.2", None]
    assert list(second.values()) == ["got", None, None, "1.2", None]
    assert answered("table", fields=PICKED).splitlines() == ["got  DOE  4  1.2", "got      1.2"]
    assert answered("tsv", fields=PICKED).splitlines()[1:] == ["got\tDOE\t4\t1.2\t", "got\t\t\t1.2\t"]
    assert answered("dump", fields=PICKED).splitlines()[0] == "# _event=got SOPInstanceUID=1.2 PatientID="
    record, model, *_ = ET.fromstring(answered("xml", fields=PICKED))
    assert record.attrib == {"event": "got", "SOPInstanceUID": "1.2"}
    assert len(model) == 2
    (whole, _) = (json.loads(line) for line in answered("dicom-json", fields=PICKED).splitlines())
    assert whole["00400270"]["Value"] == [{"00200010": {"vr": "SH", "Value": ["4"]}}]
