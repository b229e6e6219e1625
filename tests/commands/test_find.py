"""`dimse find` against real archives and worklists."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from tests.commands.finding import STUDIES, filled, find
from tests.conftest import Peers
from tests.corpus import ROOT
from tests.peers.dimse import rows
from tests.peers.process import Peer

if TYPE_CHECKING:
    from pydicom.dataset import Dataset
    from pynetdicom import evt

STUDY = f"{ROOT}.1.1"


@pytest.fixture
def archive(peers: Peers, tmp_path: Path) -> Peer:
    return filled(peers, tmp_path)


# -- archives -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["dcmqrscp", "orthanc"])
def test_a_bare_query_tells_of_every_study(peers: Peers, tmp_path: Path, name: str) -> None:
    done = find(filled(peers, tmp_path, name).address, "--json")
    assert done.returncode == 0, done.stderr
    found = {str(row["StudyInstanceUID"]): row for row in rows(done)}
    assert sorted(found) == [f"{ROOT}.1.{number}" for number in range(STUDIES)]
    assert found[STUDY]["PatientName"] == "Bench^Patient 1"
    assert found[STUDY]["StudyDate"] == "20260102"
    assert done.stderr.startswith("3 matches from ")


def test_each_level_is_asked_with_the_keys_above_it(archive: Peer) -> None:
    done = find(archive.address, "-L", "series", f"StudyInstanceUID={STUDY}", "--json=SeriesInstanceUID")
    (row,) = rows(done)
    assert row == {"SeriesInstanceUID": f"{ROOT}.2.4"}
    done = find(
        archive.address,
        f"StudyInstanceUID={STUDY}",
        f"SeriesInstanceUID={ROOT}.2.4",
        "-L",
        "image",
        "--json=SOPInstanceUID",
    )
    assert rows(done) == [{"SOPInstanceUID": f"{ROOT}.3.200"}]
    done = find(archive.address, "-P", "PatientID=*2", "--json=PatientID")
    assert rows(done) == [{"PatientID": "PAT000002"}]


def test_keys_match_and_dates_have_ranges(archive: Peer) -> None:
    assert find(archive.address, "PatientName=Bench*1", "StudyDate=2026", "--count").stdout == "1\n"
    assert find(archive.address, "StudyDate=-20251231", "--count").stdout == "0\n"
    done = find(archive.address, "StudyDate=2025-12-30..2026-01-31", "--split-by", "day", "--count")
    assert (done.stdout, done.stderr) == ("3\n", "")


def test_rows_for_scripts_have_the_keys_as_header(archive: Peer) -> None:
    done = find(archive.address, "-r", "PatientID,PatientName", "--sort", "-PatientID", "--format", "csv")
    assert list(csv.reader(StringIO(done.stdout))) == [
        ["PatientName", "PatientID", "StudyInstanceUID"],
        *[
            [f"Bench^Patient {number}", f"PAT{number:06d}", f"{ROOT}.1.{number}"]
            for number in reversed(range(STUDIES))
        ],
    ]


def test_sorted_matches_are_limited_after_that(archive: Peer) -> None:
    done = find(archive.address, "--sort", "-PatientName", "--limit", 2, "--json=PatientName")
    assert [row["PatientName"] for row in rows(done)] == ["Bench^Patient 2", "Bench^Patient 1"]


def test_a_limit_cancels_the_query(archive: Peer) -> None:
    done = find(archive.address, "--limit", 1, "--json")
    assert (len(rows(done)), done.returncode) == (1, 75)
    assert "--limit was reached" in done.stderr


def test_nothing_found_is_4_only_if_asked_for(archive: Peer) -> None:
    assert find(archive.address, "PatientID=NONE").returncode == 0
    done = find(archive.address, "PatientID=NONE", "--error-on-empty")
    assert (done.returncode, done.stdout) == (4, "")
    assert done.stderr.startswith("no match from ")


def test_the_other_formats_hold_all_matches(archive: Peer) -> None:
    root = ET.fromstring(find(archive.address, "--format", "xml").stdout)
    assert [child.tag for child in root] == ["NativeDicomModel"] * STUDIES
    dump = find(archive.address, "--format", "dump").stdout
    assert dump.count("# match ") == STUDIES
    models = [
        json.loads(line) for line in find(archive.address, "--format", "dicom-json").stdout.splitlines()
    ]
    assert {model["00100020"]["Value"][0] for model in models} == {"PAT000000", "PAT000001", "PAT000002"}


def test_matches_are_written_as_files(archive: Peer, tmp_path: Path) -> None:
    from pydicom import dcmread

    folder = tmp_path / "found"
    done = find(archive.address, "--extract", folder, "--json")
    paths = [str(row["_path"]) for row in rows(done)]
    assert paths == [str(folder / f"rsp000{number}.dcm") for number in (1, 2, 3)]
    assert {dcmread(path).PatientID for path in paths} == {"PAT000000", "PAT000001", "PAT000002"}


def test_findscu_options_do_the_same(archive: Peer, tmp_path: Path) -> None:
    words = ("-S", "-k", "0008,0052=STUDY", "-k", "StudyInstanceUID", "-X", "-od", tmp_path / "x")
    done = find("-aec", archive.aet, *words, archive.host, archive.port)
    assert done.returncode == 0, done.stderr
    assert len(list((tmp_path / "x").iterdir())) == STUDIES


# -- many queries -------------------------------------------------------------------------------------


def test_many_queries_over_one_association(archive: Peer, tmp_path: Path) -> None:
    lines = "".join(f'{{"PatientID": "PAT00000{number}"}}\n' for number in (2, 0))
    (tmp_path / "some.ndjson").write_text(lines)
    done = find(archive.address, tmp_path / "some.ndjson", "--json=PatientID", "-v")
    assert [row["PatientID"] for row in rows(done)] == ["PAT000002", "PAT000000"]
    assert done.stderr.count("associated with ") == 1
    assert "to 2 queries" in done.stderr
    again = find(archive.address, "-f", "-", "--json=PatientID", stdin=done.stdout)
    assert again.stdout == done.stdout


def test_a_query_can_be_any_kind_of_file(archive: Peer, tmp_path: Path) -> None:
    for form, name in (("dump", "a.dump"), ("xml", "a.xml"), ("dicom-json", "a.json")):
        dry = find(archive.address, "PatientID=PAT000001", "--dry-run", "--format", form)
        if form == "dicom-json":  # a record of what would be proposed stands before
            dry.stdout = dry.stdout.splitlines()[1]
        (tmp_path / name).write_text(dry.stdout)
        done = find(archive.address, tmp_path / name, "--json=PatientName")
        assert [row["PatientName"] for row in rows(done)] == ["Bench^Patient 1"], (form, done.stderr)


def test_a_wrong_line_is_told_and_the_others_are_asked(archive: Peer) -> None:
    asked = [{"PatientID": "PAT000001"}, {"Modality": "CT"}, {"PatientID": "PAT000002"}, {"PatientIdd": "2"}]
    lines = "".join(json.dumps(query) + "\n" for query in asked)
    done = find(archive.address, "-", "--json=PatientID", stdin=lines)
    assert done.returncode == 3
    first, misplaced, second, unknown = rows(done)
    assert (first["PatientID"], second["PatientID"]) == ("PAT000001", "PAT000002")
    assert "Modality belongs to the SERIES level" in str(misplaced["_message"])
    assert "line 4" in str(unknown["_message"])


def test_nothing_that_can_be_asked_is_2_and_nobody_is_called() -> None:
    done = find("PACS@192.0.2.1:104", "-", "--connect-timeout", "1", stdin='{"Modality": "CT"}\n')
    assert done.returncode == 2
    assert "match" not in done.stderr


def test_a_query_is_repeated(archive: Peer) -> None:
    done = find(archive.address, "PatientID=PAT000001", "--repeat", 3, "--json=PatientID", "-v")
    assert len(rows(done)) == 3
    assert done.stderr.count("associated with ") == 1


# -- peers that give only some ------------------------------------------------------------------------


def test_orthanc_with_a_limit_is_split_until_it_tells_all(peers: Peers, tmp_path: Path) -> None:
    moments = [(day, hour) for day in ("20260102", "20260103", "20260219") for hour in ("03", "04", "17")]
    orthanc = filled(peers, tmp_path, "orthanc", moments=moments, LimitFindResults=2)
    words = (orthanc.address, "StudyDate=2026-01..2026-03", "--json=StudyDate,StudyTime")
    done = find(*words)
    assert done.returncode == 62
    assert "--split-by day" in done.stderr
    done = find(*words, "--split-by", "month")
    assert done.returncode == 0, done.stderr
    found = [(str(row["StudyDate"]), str(row["StudyTime"])[:2]) for row in rows(done)]
    assert sorted(found) == moments
    assert [day for day, _ in found] == sorted(day for day, _ in found)
    assert len(rows(find(*words, "--split-by", "day", "--limit", 4))) == 4


# -- worklists ----------------------------------------------------------------------------------------

ITEM = """\
(0008,0005) CS [ISO_IR 192]
(0008,0050) SH [{number}]
(0010,0010) PN [{name}]
(0010,0020) LO [P{number}]
(0020,000d) UI [1.2.{number}]
(0032,1060) LO [Thorax]
(0040,0100) SQ
(fffe,e000) -
(0008,0060) CS [{modality}]
(0040,0001) AE [STATION]
(0040,0002) DA [20260301]
(0040,0003) TM [083000]
(0040,0009) SH [S{number}]
(fffe,e00d) -
(fffe,e0dd) -
(0040,1001) SH [R{number}]
"""


def test_a_worklist_is_asked_for_steps(peers: Peers) -> None:
    items = [
        ITEM.format(number=number, name=name, modality=modality)
        for number, name, modality in ((1, "Müller^Jürgen", "CT"), (2, "Doe^Jane", "MR"))
    ]
    worklist = peers.wlmscpfs(*items)
    done = find(worklist.address, "-W", "--format", "tsv")
    assert done.returncode == 0, done.stderr
    table = list(csv.DictReader(StringIO(done.stdout), delimiter="\t"))
    assert {row["PatientName"] for row in table} == {"Müller^Jürgen", "Doe^Jane"}
    assert {row["ScheduledProcedureStepSequence.Modality"] for row in table} == {"CT", "MR"}
    step = "ScheduledProcedureStepSequence"
    done = find(
        worklist.address, "-W", f"{step}.Modality=CT", f"{step}.ScheduledProcedureStepStartDate=2026-03",
        f"--json=PatientName,{step}.ScheduledProcedureStepID",
    )  # fmt: skip
    assert rows(done) == [{"PatientName": "Müller^Jürgen", f"{step}.ScheduledProcedureStepID": "S1"}]


# -- pynetdicom ---------------------------------------------------------------------------------------


def test_character_sets_go_both_ways(peers: Peers) -> None:
    """A name in Japanese is sent in a set that has it, and answers come in another one."""
    from pydicom.dataset import Dataset
    from pynetdicom import evt
    from pynetdicom.presentation import build_context

    asked: list[Dataset] = []

    def answer(event: evt.Event) -> Iterator[tuple[int, Dataset | None]]:
        asked.append(event.identifier)
        match = Dataset()
        match.SpecificCharacterSet = "ISO_IR 144"
        match.PatientName = "Люксембург"
        yield 0xFF00, match
        unnamed = Dataset()
        unnamed.add_new(0x00104000, "LT", "caf\xe9".encode("latin-1"))
        unnamed.add_new(0x00091001, "LO", "x\x1b[2J")
        yield 0xFF01, unnamed

    study = build_context("1.2.840.10008.5.1.4.1.2.2.1")
    server = peers.pynetdicom([(evt.EVT_C_FIND, answer)], contexts=[study])
    words = ("PatientName=*山田*", "--json", "--assume-charset", "ISO_IR 100", "--fuzzy")
    done = find(server.address, *words)
    assert done.returncode == 0, done.stderr
    assert asked[0].SpecificCharacterSet == "ISO_IR 192"
    assert str(asked[0].PatientName) == "*山田*"
    first, second = rows(done)
    assert first["PatientName"] == "Люксембург"
    assert second["PatientComments"] == "café"
    assert "\x1b" not in done.stdout
    assert "did not use some optional keys" in done.stderr
    assert "did not grant fuzzy" in done.stderr
