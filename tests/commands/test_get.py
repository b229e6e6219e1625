"""`dimse get` against real archives."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.commands.fetching import ARCHIVES, STUDY, events, expected, filled, made, stored
from tests.conftest import Peers
from tests.corpus import ROOT
from tests.peers import dimse
from tests.scripted import conversation as step
from tests.scripted.peers import scripted_server
from tests.services.retrieving import END, accepting, asked, rsp, send_object


def get(*args: object, **more: Any) -> subprocess.CompletedProcess[str]:
    return dimse.run("get", *args, **more)


@pytest.mark.parametrize("name", ARCHIVES)
def test_a_search_fetches_what_it_finds_byte_for_byte(peers: Peers, tmp_path: Path, name: str) -> None:
    peer, objects = filled(peers, tmp_path, name)
    done = get(
        peer.address, "StudyDate=2026", "PatientName=Bench*", "-o", tmp_path / "out", "--verify", "--json"
    )
    assert done.returncode == 0, done.stderr
    assert stored(tmp_path / "out") == expected(objects)
    assert len(events(done, "retrieved")) == 2
    rows = events(done, "stored")
    assert {row["SOPInstanceUID"]: Path(row["_path"]).name for row in rows} == {
        one.sop_instance: f"{one.sop_instance}.dcm" for one in objects
    }
    (summary,) = events(done, "summary")
    assert (summary["_objects"], summary["_completed"], summary["_missing"], summary["_exit"]) == (4, 4, 0, 0)
    assert summary["_verified"] == 4


@pytest.mark.parametrize("name", ARCHIVES)
def test_series_and_images_can_be_fetched_by_keys_of_theirs(peers: Peers, tmp_path: Path, name: str) -> None:
    peer, objects = filled(peers, tmp_path, name)
    first, second, third, _ = (one.sop_instance for one in objects)
    done = get(peer.address, "-L", "series", STUDY, "SeriesNumber=1", "-o", tmp_path / "series")
    assert done.returncode == 0, done.stderr
    assert set(stored(tmp_path / "series")) == {third}
    series = f"SeriesInstanceUID={ROOT}.2.0"
    done = get(
        peer.address, "-L", "image", STUDY, series, "InstanceNumber", "-o", tmp_path / "image", "--json"
    )
    assert done.returncode == 0, done.stderr
    assert set(stored(tmp_path / "image")) == {first, second}
    (retrieve,) = events(done, "retrieved")
    assert sorted(retrieve["SOPInstanceUID"]) == sorted((first, second))


@pytest.mark.parametrize("name", ARCHIVES)
def test_what_find_prints_is_a_manifest(peers: Peers, tmp_path: Path, name: str) -> None:
    peer, objects = filled(peers, tmp_path, name)
    found = dimse.run("find", peer.address, "-L", "study", "StudyDate=2026", "--json")
    done = get(peer.address, "--manifest", "-", "-o", tmp_path / "out", "-j", 2, stdin=found.stdout)
    assert done.returncode == 0, done.stderr
    assert stored(tmp_path / "out") == expected(objects)


def test_a_patient_is_fetched_by_patient_root(peers: Peers, tmp_path: Path) -> None:
    peer, objects = filled(peers, tmp_path, "dcmqrscp")
    done = get(peer.address, "-P", "-L", "patient", "PatientID=PAT000001", "-o", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert stored(tmp_path / "out") == expected(objects[3:])


def test_objects_are_sorted_into_folders(peers: Peers, tmp_path: Path) -> None:
    peer, _ = filled(peers, tmp_path, "dimse")
    layout = "{PatientID}/{StudyInstanceUID}/"
    done = get(peer.address, STUDY, "-o", tmp_path / "out", "--layout", layout)
    assert done.returncode == 0, done.stderr
    assert len(list((tmp_path / "out" / "PAT000000" / f"{ROOT}.1.0").iterdir())) == 3


def test_objects_can_be_taken_and_forgotten(peers: Peers, tmp_path: Path) -> None:
    peer, _ = filled(peers, tmp_path, "dimse")
    before = set(tmp_path.iterdir())
    done = get(peer.address, STUDY, "--ignore", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert len(events(done, "received")) == 3
    assert set(tmp_path.iterdir()) == before


@pytest.mark.parametrize("name", ["orthanc", "dimse"])
def test_compressed_objects_come_as_they_are(peers: Peers, tmp_path: Path, name: str) -> None:
    from tests.corpus import JPEG_2000_LOSSLESS

    peer, _ = filled(peers, tmp_path, name)
    (one,) = made(tmp_path / "more", (300,), syntax=JPEG_2000_LOSSLESS)
    assert dimse.run("store", peer.address, one.path).returncode == 0
    done = get(peer.address, f"StudyInstanceUID={ROOT}.1.1", "-o", tmp_path / "out", "--json")
    assert done.returncode == 0, done.stderr
    assert stored(tmp_path / "out")[one.sop_instance] == one.dataset
    syntaxes = {row["SOPInstanceUID"]: row["TransferSyntaxUID"] for row in events(done, "stored")}
    assert syntaxes[one.sop_instance] == JPEG_2000_LOSSLESS


def test_all_classes_can_be_proposed(peers: Peers, tmp_path: Path) -> None:
    peer, objects = filled(peers, tmp_path, "orthanc")
    done = get(peer.address, STUDY, "-o", tmp_path / "out", "--classes", "all", "-v")
    assert done.returncode == 0, done.stderr
    assert stored(tmp_path / "out") == expected(objects[:3])
    assert "of 128 presentation contexts" in done.stderr


def test_classes_that_are_not_proposed_do_not_come(peers: Peers, tmp_path: Path) -> None:
    peer, objects = filled(peers, tmp_path, "dimse")
    done = get(peer.address, STUDY, "-o", tmp_path / "out", "--classes", "MRImageStorage", "--json")
    assert done.returncode == 69, done.stderr
    assert {row["SOPInstanceUID"] for row in events(done, "failed") if row["SOPInstanceUID"]} == {
        one.sop_instance for one in objects[:3]
    }


def test_nothing_to_retrieve_is_success_unless_that_is_an_error(peers: Peers, tmp_path: Path) -> None:
    peer, _ = filled(peers, tmp_path, "dimse")
    asked = (peer.address, "PatientID=NOBODY", "-o", tmp_path / "out")
    assert get(*asked).returncode == 0
    assert get(*asked, "--error-on-empty").returncode == 4


def test_lines_of_a_manifest_that_make_no_sense_are_told_and_the_rest_is_fetched(
    peers: Peers, tmp_path: Path
) -> None:
    peer, objects = filled(peers, tmp_path, "dimse")
    manifest = tmp_path / "manifest"
    manifest.write_text(f'{{"StudyInstanceUID": "{ROOT}.1.1"}}\n{{"PatientName": "X"}}\n')
    done = get(peer.address, "--manifest", manifest, "-o", tmp_path / "out")
    assert done.returncode == 22
    assert "line 2" in done.stderr
    assert stored(tmp_path / "out") == expected(objects[3:])


def handlers(objects: list[Path], fail: int) -> Iterator[Any]:
    import pydicom
    from pynetdicom import evt

    def on_get(event: Any) -> Iterator[Any]:
        yield len(objects)
        for number, path in enumerate(objects):
            yield (0xFF00, pydicom.dcmread(path)) if number != fail else (0xC123, None)

    yield evt.EVT_C_GET, on_get


def test_pynetdicom_sends_what_is_asked_of_it(peers: Peers, tmp_path: Path) -> None:
    def configure(ae: Any) -> None:
        from pynetdicom.sop_class import (  # type: ignore[attr-defined]
            CTImageStorage,
            StudyRootQueryRetrieveInformationModelGet,
        )

        ae.add_supported_context(StudyRootQueryRetrieveInformationModelGet)
        ae.add_supported_context(CTImageStorage, scu_role=True, scp_role=True)

    objects = made(tmp_path / "source")
    peer = peers.pynetdicom(list(handlers([one.path for one in objects], 9)), configure=configure)
    done = get(peer.address, STUDY, "-o", tmp_path / "out", "-j", 1, "--json")
    assert done.returncode == 0, done.stderr
    assert set(stored(tmp_path / "out")) == {one.sop_instance for one in objects}


@pytest.mark.parametrize(
    ("words", "model", "wanted"),
    [
        (
            ("-M", "composite", "-L", "frame", "SimpleFrameList=1\\3"),
            "4.3",
            b"FRAME ",
        ),
        (("-M", "composite"), "4.3", b"IMAGE "),
        (("-M", "composite-no-bulk"), "5.3", b"IMAGE "),
    ],
)
def test_single_objects_are_fetched_by_their_uid(
    tmp_path: Path, words: tuple[str, ...], model: str, wanted: bytes
) -> None:
    script = [accepting(), asked(), send_object(1), step.send(rsp(0, (None, 1, 0, 0))), *END]
    with scripted_server(script) as server:
        done = get(server.address, *words, "SOPInstanceUID=1.2", "-o", tmp_path / "out")
        server.finish()
        request = server.first.messages[0]
    assert done.returncode == 0, done.stderr
    assert request.command[0x2].rstrip(b"\0").decode() == f"1.2.840.10008.5.1.4.1.2.{model}"
    assert wanted in request.data
    assert (b"\x08\0\x61\x11UL\x08\0\1\0\0\0\3\0\0\0" in request.data) == ("SimpleFrameList=1\\3" in words)
