"""`dimse move` against real archives."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.commands.fetching import ARCHIVES, STUDY, events, expected, filled, made, stored
from tests.conftest import Peers
from tests.corpus import ROOT
from tests.peers import dimse
from tests.peers.certificates import Certificates
from tests.peers.process import LOOPBACK, free_port
from tests.scripted import conversation as step
from tests.scripted.peers import scripted_server
from tests.services.retrieving import C_MOVE_RQ, END, accepting, asked, rsp


def move(*args: object, **more: Any) -> subprocess.CompletedProcess[str]:
    return dimse.run("move", *args, **more)


@pytest.mark.parametrize("name", ARCHIVES)
def test_objects_are_moved_to_somebody_else(peers: Peers, tmp_path: Path, name: str) -> None:
    station = peers.dimse_scp("--aet", "STATION")
    peer, objects = filled(peers, tmp_path, name, destinations={"STATION": station.port})
    done = move(peer.address, "--dest", "STATION", "StudyDate=2026", "--verify", "--json")
    assert done.returncode == 0, done.stderr
    assert stored(station.folder) == expected(objects)
    (summary,) = events(done, "summary")
    assert (summary["_completed"], summary["_objects"], summary["_failed"]) == (4, 0, 0)
    assert [row["_completed"] for row in events(done, "retrieved")] in ([3, 1], [1, 3])


@pytest.mark.parametrize("name", ARCHIVES)
def test_objects_are_received_here(peers: Peers, tmp_path: Path, name: str) -> None:
    port = free_port()
    peer, objects = filled(peers, tmp_path, name, destinations={"HERE": port})
    here = ("--aet", "HERE", "--receive", port, "-o", tmp_path / "out")
    done = move(peer.address, *here, "StudyDate=2026", "--verify", "--json")
    assert done.returncode == 0, done.stderr
    assert stored(tmp_path / "out") == expected(objects)
    assert {row["SOPInstanceUID"] for row in events(done, "stored")} == set(expected(objects))
    (summary,) = events(done, "summary")
    assert (summary["_objects"], summary["_missing"]) == (4, 0)


def test_a_peer_that_answers_before_it_sends_is_waited_for(peers: Peers, tmp_path: Path) -> None:
    port = free_port()
    peer, objects = filled(peers, tmp_path, "orthanc", destinations={"HERE": port}, SynchronousCMove=False)
    done = move(peer.address, "--dest", "HERE", "--receive", port, "-o", tmp_path / "out", STUDY)
    assert done.returncode == 0, done.stderr
    assert stored(tmp_path / "out") == expected(objects[:3])


@pytest.mark.parametrize("name", ARCHIVES)
def test_a_destination_that_the_peer_does_not_know_is_its_failure(
    peers: Peers, tmp_path: Path, name: str
) -> None:
    peer, _ = filled(peers, tmp_path, name)
    done = move(peer.address, "--dest", "NOBODY", STUDY)
    assert done.returncode == 1
    assert "C-MOVE status" in done.stderr


@pytest.mark.parametrize("name", ARCHIVES)
def test_a_destination_that_is_down_is_no_success(peers: Peers, tmp_path: Path, name: str) -> None:
    peer, _ = filled(peers, tmp_path, name, destinations={"DOWN": free_port()})
    done = move(peer.address, "--dest", "DOWN", STUDY)
    assert done.returncode in (1, 69)
    assert "error[" in done.stderr


def test_a_manifest_names_what_is_moved(peers: Peers, tmp_path: Path) -> None:
    port = free_port()
    peer, objects = filled(peers, tmp_path, "dimse", destinations={"HERE": port})
    manifest = f'{{"StudyInstanceUID": "{ROOT}.1.1", "SeriesInstanceUID": "{ROOT}.2.4"}}\n'
    here = ("--dest", "HERE", "--receive", port, "-o", tmp_path / "out")
    done = move(peer.address, "--manifest", "-", *here, stdin=manifest)
    assert done.returncode == 0, done.stderr
    assert stored(tmp_path / "out") == expected(objects[3:])


def test_objects_can_be_received_and_forgotten(peers: Peers, tmp_path: Path) -> None:
    port = free_port()
    peer, _ = filled(peers, tmp_path, "dimse", destinations={"HERE": port})
    done = move(peer.address, "--dest", "HERE", "--receive", port, "--ignore", STUDY, "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert len(events(done, "received")) == 3
    assert not list(tmp_path.glob("*.dcm"))


def test_pynetdicom_moves_too(peers: Peers, tmp_path: Path) -> None:
    import pydicom
    from pynetdicom import evt

    port = free_port()
    objects = made(tmp_path / "source")

    def on_move(_event: Any) -> Iterator[Any]:
        yield (LOOPBACK, port)
        yield len(objects)
        for one in objects:
            yield 0xFF00, pydicom.dcmread(one.path)

    def configure(ae: Any) -> None:
        from pynetdicom.sop_class import (  # type: ignore[attr-defined]
            CTImageStorage,
            StudyRootQueryRetrieveInformationModelMove,
        )

        ae.add_supported_context(StudyRootQueryRetrieveInformationModelMove)
        ae.requested_contexts = []
        ae.add_requested_context(CTImageStorage)

    peer = peers.pynetdicom([(evt.EVT_C_MOVE, on_move)], configure=configure)
    here = ("--aet", "HERE", "--receive", port, "-o", tmp_path / "out")
    done = move(peer.address, *here, STUDY)
    assert done.returncode == 0, done.stderr
    assert set(stored(tmp_path / "out")) == {one.sop_instance for one in objects}


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ((STUDY,), "where shall the objects go"),
        (("--dest", "A", "-o", "in", STUDY), "--receive"),
        (("--dest", "A", "--allow", "B", STUDY), "--allow"),
        (("--dest", "A", "--receive-tls", STUDY), "--receive-tls"),
        (("--dest", "A", "--receive", "4242", "--allow", "B@x", STUDY), "no IP address"),
        (("--dest", "A", "-M", "composite-no-bulk", "SOPInstanceUID=1.2"), "no such retrieval"),
    ],
)
def test_what_does_not_go_together_is_said_before_anything_is_sent(
    words: tuple[str, ...], reason: str
) -> None:
    done = move("PACS@127.0.0.1:9", *words)
    assert (done.returncode, reason in done.stderr) == (2, True), done.stderr


def test_a_port_that_is_taken_is_not_blamed_on_the_peer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = move("PACS@127.0.0.1:9", "--receive", taken.getsockname()[1], "--ignore", STUDY)
    assert done.returncode == 1
    assert done.stderr.startswith("error: cannot listen on ")


def test_objects_that_the_peer_counts_and_never_sends_are_missing(tmp_path: Path) -> None:
    final = rsp(0, (None, 3, 0, 0), field=C_MOVE_RQ)
    with scripted_server([accepting(), asked(C_MOVE_RQ), step.send(final), *END]) as server:
        done = move(server.address, "--receive", 0, "-o", tmp_path / "out", STUDY, "--json")
        server.finish()
    assert done.returncode == 3, done.stderr
    assert "3 of the 3 objects" in done.stderr
    assert events(done, "summary")[0]["_missing"] == 3


def test_objects_go_over_tls_both_ways(peers: Peers, certificates: Certificates, tmp_path: Path) -> None:
    pair = certificates.server
    ours = ("--tls-ca", certificates.ca, "--tls-cert", pair.cert, "--tls-key", pair.key)
    settings = {
        "DicomTlsEnabled": True,
        "DicomTlsCertificate": str(pair.cert),
        "DicomTlsPrivateKey": str(pair.key),
        "DicomTlsTrustedCertificates": str(certificates.ca),
    }
    port = free_port()
    orthanc = peers.orthanc(settings)
    orthanc.knows("here", "HERE", port, UseDicomTls=True)
    address = orthanc.peer.address.replace(LOOPBACK, "localhost")
    objects = made(tmp_path / "source")
    assert dimse.run("store", address, *ours, tmp_path / "source").returncode == 0
    got = dimse.run("get", address, *ours, STUDY, "-o", tmp_path / "got")
    assert got.returncode == 0, got.stderr
    here = ("--dest", "HERE", "--receive", port, "--receive-tls", "-o", tmp_path / "moved")
    done = move(address, *ours, *here, STUDY)
    assert done.returncode == 0, done.stderr
    assert stored(tmp_path / "got") == stored(tmp_path / "moved") == expected(objects[:3])


def test_tls_here_needs_a_certificate() -> None:
    done = move("PACS@127.0.0.1:9", "--receive", "--receive-tls", STUDY)
    assert (done.returncode, "--tls-cert" in done.stderr) == (2, True)
