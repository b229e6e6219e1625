"""The peers must work with each other before they may judge us."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from tests.conftest import Peers
from tests.corpus import make_file, make_folder, shipped_objects
from tests.peers import dcmtk, pynet
from tests.peers.certificates import Certificates, client_context, server_context
from tests.peers.process import PeerError, background, required, run, wait_until


def test_storescp_keeps_what_dcmsend_sends(peers: Peers, tmp_path: Path) -> None:
    peer = peers.storescp("+B")
    made = make_folder(tmp_path / "in", 3)
    dcmtk.client("dcmsend", peer.host, peer.port, *(entry.path for entry in made))
    assert len(peer.stored()) == 3
    assert {path.read_bytes()[-512:] for path in peer.stored()} == {m.dataset[-512:] for m in made}


@pytest.mark.parametrize("options", [("+py",), ("+px",), ("+pz",)])
def test_storescp_over_tls_verifies_both_sides(
    peers: Peers, certificates: Certificates, options: tuple[str, ...]
) -> None:
    peer = peers.storescp(*options, tls=True)
    good = dcmtk.client(
        "echoscu", *dcmtk.tls_options(certificates, certificates.client), *options, "localhost", peer.port
    )
    assert good.returncode == 0, good.stderr
    bad = dcmtk.client("echoscu", "+tla", "+cf", certificates.ca, "localhost", peer.port)
    assert bad.returncode != 0


def test_dcmqrscp_answers_an_echo(peers: Peers) -> None:
    peer = peers.dcmqrscp()
    done = dcmtk.client("echoscu", "-aec", peer.aet, peer.host, peer.port)
    assert "Received Echo Response (Success)" in done.stdout + done.stderr


def test_orthanc_stores_and_sends(peers: Peers, tmp_path: Path) -> None:
    node, receiver = peers.orthanc(), peers.storescp()
    made = make_file(tmp_path / "a.dcm")
    dcmtk.client("storescu", node.peer.host, node.peer.port, made.path)
    held = node.instances()
    assert list(held) == [made.sop_instance]
    node.knows("receiver", receiver.aet, receiver.port)
    assert node.echo("receiver")
    assert node.store("receiver", *held.values())["FailedInstancesCount"] == 0
    assert len(receiver.stored()) == 1


def test_pynetdicom_on_both_sides(peers: Peers, tmp_path: Path) -> None:
    from pynetdicom import evt
    from pynetdicom.dimse_primitives import C_STORE

    seen: list[str] = []

    def keep(event: evt.Event) -> int:
        assert isinstance(event.request, C_STORE)
        seen.append(str(event.request.AffectedSOPInstanceUID))
        return 0

    acceptor = peers.pynetdicom([(evt.EVT_C_STORE, keep)])
    made = make_file(tmp_path / "a.dcm")
    pynet.app("storescu", acceptor.host, acceptor.port, made.path, "-cx")
    assert seen == [made.sop_instance]
    server = peers.pynetdicom_app("echoscp")
    assert "Received Echo Response" in pynet.app("echoscu", server.host, server.port).stderr


def test_an_early_exit_is_noticed(tmp_path: Path) -> None:
    argv = [required("storescp"), "--no-such-option"]
    with background(argv, tmp_path / "log") as process, pytest.raises(PeerError, match="ended with"):
        wait_until(lambda: False, process)


def test_a_missing_program_skips_unless_ci_promises_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "")
    with pytest.raises(pytest.skip.Exception, match="apt-get install dcmtk"):
        required("no-such-peer")
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="not installed"):
        required("no-such-peer")


def test_keys_are_private(certificates: Certificates) -> None:
    assert stat.S_IMODE(os.stat(certificates.client.key).st_mode) == 0o600
    assert stat.S_IMODE(os.stat(certificates.readable_key).st_mode) == 0o644
    server_context(certificates.server, certificates.ca)
    client_context(certificates.ca, certificates.client)


def test_made_files_are_what_they_say(tmp_path: Path) -> None:
    from pydicom import dcmread

    from tests import corpus

    syntaxes = (corpus.IMPLICIT_LE, corpus.EXPLICIT_LE, corpus.DEFLATED_LE, corpus.EXPLICIT_BE)
    for number, syntax in enumerate((*syntaxes, corpus.JPEG_BASELINE)):
        made = make_file(tmp_path / f"{number}.dcm", number, syntax=syntax)
        read = dcmread(made.path)
        assert (read.SOPInstanceUID, read.file_meta.TransferSyntaxUID) == (made.sop_instance, syntax)
        assert made.path.read_bytes().endswith(made.dataset)
        assert abs(made.path.stat().st_size - 2400) < 300
        dumped = run([required("dcmdump"), "-q", str(made.path)])
        assert not dumped.stderr


def test_shipped_objects_are_plenty() -> None:
    objects = shipped_objects()
    assert len(objects) > 50
    assert len({entry.transfer_syntax for entry in objects}) > 8
