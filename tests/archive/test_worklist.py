from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from dimsetools.archive.worklist import Worklist
from dimsetools.dataset.attributes import Attributes, text
from dimsetools.dataset.dicom_json import to_model
from dimsetools.dataset.encode import encode
from dimsetools.dataset.flat import flat
from dimsetools.errors import InputUnreadable
from dimsetools.uids import EXPLICIT_LE, IMPLICIT_LE
from tests.archive.test_matching import data
from tests.corpus import preamble_and_meta

NAME, ID = 0x00100010, 0x00100020
MWL = "1.2.840.10008.5.1.4.31"


def item(number: int, modality: str = "CT", **more: object) -> Attributes:
    step = data(Modality=modality, ScheduledProcedureStepStartDate="20260102", ScheduledStationAETitle="CT1")
    return data(PatientID=f"P{number}", ScheduledProcedureStepSequence=[step], **more)


class Folder:
    """A worklist, and what it complained of."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.complaints: list[tuple[str, str]] = []
        self.worklist = Worklist(str(path), lambda *complaint: self.complaints.append(complaint))

    def ids(self, **keys: object) -> list[str]:
        return [text(found, ID) for found in self.worklist.find(data(PatientID="", **keys))]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def test_every_form_of_an_item(folder: Folder) -> None:
    name = "Müller^Jörg"
    header = preamble_and_meta(MWL, "1.2.3", EXPLICIT_LE)
    files = {
        "1.wl": header + encode(item(1, SpecificCharacterSet="ISO_IR 100", PatientName=name), EXPLICIT_LE),
        "2.dcm": encode(item(2, SpecificCharacterSet="ISO_IR 192", PatientName=name), IMPLICIT_LE),
        "3.WL": encode(item(3, PatientName="Muller"), EXPLICIT_LE),
        "4.json": json.dumps(flat(item(4, PatientName=name))).encode(),
        "5.json": json.dumps(to_model(item(5, PatientName=name))).encode(),
        "6.json": "\n".join(json.dumps(flat(item(n, PatientName=name))) for n in (6, 7)).encode(),
        "readme.txt": b"hello",
        ".hidden.wl": b"hello",
    }
    for file, content in files.items():
        (folder.path / file).write_bytes(content)
    (folder.path / "folder.wl").mkdir()
    assert folder.ids() == ["P1", "P2", "P3", "P4", "P5", "P6", "P7"]
    assert folder.ids(PatientName="müller*") == ["P1", "P2", "P4", "P5", "P6", "P7"]
    assert folder.ids(PatientName="muller") == ["P3"]
    assert [name for name, _ in folder.complaints] == ["folder.wl"]


def test_items_are_matched_as_they_are_now(folder: Folder) -> None:
    """Whoever knows more than the files may change an item, or leave it out."""
    for number in (1, 2, 3):
        (folder.path / f"{number}.json").write_text(json.dumps(flat(item(number))))

    def current(found: Attributes) -> Attributes | None:
        number = text(found, ID)
        return None if number == "P2" else found | data(PatientID="now") if number == "P3" else found

    def ids(key: str) -> list[str]:
        matches = folder.worklist.find(data(PatientID=key), current=current)
        return [text(match, ID) for match in matches]

    assert ids("") == ["P1", "now"]
    assert ids("now") == ["now"]
    assert ids("P3") == ids("P2") == []


def test_an_answer_has_the_asked_attributes_of_the_steps(folder: Folder) -> None:
    (folder.path / "1.json").write_text(json.dumps(flat(item(1, PatientName="A"))))
    asked = [data(Modality="CT", ScheduledPerformingPhysicianName="")]
    keys = data(PatientName="", AccessionNumber="", ScheduledProcedureStepSequence=asked)
    steps = [data(Modality="CT", ScheduledPerformingPhysicianName="")]
    expected = data(PatientName="A", AccessionNumber="", ScheduledProcedureStepSequence=steps)
    assert list(folder.worklist.find(keys)) == [expected]
    asked[0] = data(Modality="MR")
    assert list(folder.worklist.find(data(ScheduledProcedureStepSequence=asked))) == []


def test_files_that_come_change_and_go(folder: Folder) -> None:
    assert folder.ids() == []
    path = folder.path / "1.json"
    path.write_text(json.dumps(flat(item(1))))
    assert folder.ids() == ["P1"]
    path.write_text(json.dumps(flat(item(10))))
    assert folder.ids() == ["P10"]
    before = path.stat()
    path.write_text(json.dumps(flat(item(11))))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert folder.ids() == ["P10"]  # nothing tells that it has changed
    other = folder.path / "other"
    other.write_text(json.dumps(flat(item(12))))
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    other.rename(path)
    assert folder.ids() == ["P12"]
    path.unlink()
    assert folder.ids() == []
    assert folder.complaints == []


def test_unchanged_files_are_not_read_again(folder: Folder) -> None:
    path = folder.path / "1.json"
    path.write_text(json.dumps(flat(item(1))))
    (first,), (second,) = folder.worklist.items(), folder.worklist.items()
    assert first is second


def test_broken_items_are_passed_over_and_reported_once(folder: Folder) -> None:
    whole = encode(item(1), EXPLICIT_LE)
    (folder.path / "0.wl").write_bytes(b"")
    (folder.path / "1.wl").write_bytes(whole[:-3])
    (folder.path / "2.wl").write_bytes(whole)
    (folder.path / "3.json").write_text("{")
    (folder.path / "4.json").write_text(json.dumps({"PatientID": "no steps"}))
    (folder.path / "5.json").write_text('{"NoSuchKeyword": 1}')
    (folder.path / "6.wl").symlink_to("nowhere")
    os.mkfifo(folder.path / "7.wl")
    for _ in range(2):
        assert folder.ids() == ["P1"]
    names = [name for name, _ in folder.complaints]
    assert names == ["0.wl", "1.wl", "3.json", "4.json", "5.json", "7.wl"]
    assert all(reason and not reason.startswith(name) for name, reason in folder.complaints)
    (folder.path / "1.wl").write_bytes(whole[:-5])
    assert folder.ids() == ["P1"]
    assert [name for name, _ in folder.complaints[6:]] == ["1.wl"]


@pytest.mark.parametrize(
    "item",
    [
        {"PatientName": ["SECRET", {}]}, {"Rows": "SECRET"}, ["SECRET"], ["SECRET", {}],
        {"00100010": {"vr": "XX", "Value": ["SECRET"]}}, {"00100010": {"vr": "PN", "Value": {"a": "SECRET"}}},
        {"00280010": {"vr": "US", "Value": ["SECRET"]}},
        {"00100030": {"vr": "DA", "Value": [{"a": "SECRET"}]}},
    ],
    ids=str,
)  # fmt: skip
def test_complaints_do_not_tell_what_is_in_an_item(folder: Folder, item: object) -> None:
    """They go into logs, and the values may say who a patient is."""
    (folder.path / "1.json").write_text(json.dumps(item))
    assert folder.ids() == []
    ((_, reason),) = folder.complaints
    assert "SECRET" not in reason


def test_an_item_nested_too_deep_is_broken(folder: Folder) -> None:
    inner: Attributes = data(PatientID="deep")
    for _ in range(70):
        inner = data(ScheduledProcedureStepSequence=[inner])
    (folder.path / "1.wl").write_bytes(encode(inner, EXPLICIT_LE))
    assert folder.ids() == []
    assert [name for name, _ in folder.complaints] == ["1.wl"]


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    worklist = Worklist(str(tmp_path / "none"), lambda *_: None)
    with pytest.raises(InputUnreadable, match="worklist"):
        worklist.items()
