"""`dimse scp` and the senders that people have: what arrives is what was sent, over TLS too."""

from __future__ import annotations

import ssl
from pathlib import Path

import pydicom
import pytest

from tests.commands.node import CONTEXTS, echoed, received
from tests.conftest import Peers
from tests.corpus import make_file, make_folder, shipped_objects
from tests.peers import dcmtk, dimse, pynet
from tests.peers.certificates import Certificates, client_context
from tests.peers.process import LOOPBACK
from tests.scripted import wire
from tests.scripted.conversation import ScriptError
from tests.scripted.peers import scripted_client


def test_echoscu(peers: Peers) -> None:
    node = peers.dimse_scp("--aet", "ARCHIVE")
    assert dcmtk.client("echoscu", "-aec", "ARCHIVE", LOOPBACK, node.port).returncode == 0
    refused = dcmtk.client("echoscu", "-aec", "OTHER", LOOPBACK, node.port)
    assert "Called AE Title Not Recognized" in refused.stderr
    anyway = peers.dimse_scp("--aet", "ARCHIVE", "--any-called")
    assert dcmtk.client("echoscu", "-aec", "OTHER", LOOPBACK, anyway.port).returncode == 0


def test_dcmsend_of_many_small_objects(peers: Peers, tmp_path: Path) -> None:
    made = make_folder(tmp_path / "small", 60)
    node = peers.dimse_scp("--durability", "full")
    done = dcmtk.client("dcmsend", "-nh", "+sd", LOOPBACK, node.port, tmp_path / "small")
    assert done.returncode == 0, done.stderr
    kept = {path.name: received(path) for path in node.stored()}
    assert kept == {f"{one.sop_instance}.dcm": one.dataset for one in made}


def test_dcmsend_of_compressed_objects(peers: Peers) -> None:
    node = peers.dimse_scp()
    compressed = {one.sop_instance: one for one in shipped_objects() if ".1.2.4." in one.transfer_syntax}
    for one in compressed.values():  # one by one: dcmsend -dn proposes what the first file of a class needs
        dcmtk.client("dcmsend", "-dn", "-nh", LOOPBACK, node.port, one.path)
    kept = [pydicom.dcmread(path) for path in node.stored()]
    assert len(kept) >= 10
    for found in kept:  # dcmsend writes the data set anew, but not the compressed pixels
        sent = pydicom.dcmread(compressed[found.SOPInstanceUID].path)
        assert found.file_meta.TransferSyntaxUID == sent.file_meta.TransferSyntaxUID
        assert found.PixelData == sent.PixelData


def test_storescu_bit_preserving(peers: Peers, tmp_path: Path) -> None:
    made = [
        make_file(tmp_path / f"{size}.dcm", size=size, instance=f"1.2.{size}") for size in (2000, 3_000_000)
    ]
    node = peers.dimse_scp()
    done = dcmtk.client("storescu", LOOPBACK, node.port, *(one.path for one in made))
    assert done.returncode == 0, done.stderr
    assert {received(path) for path in node.stored()} == {one.dataset for one in made}


@pytest.mark.parametrize("app", ["echoscu", "storescu"])
def test_pynetdicom_apps(peers: Peers, tmp_path: Path, app: pynet.App) -> None:
    node = peers.dimse_scp()
    made = make_file(tmp_path / "one.dcm", size=300_000)
    arguments = [LOOPBACK, node.port, *([made.path] if app == "storescu" else [])]
    done = pynet.app(app, *arguments)
    assert "0x0000" in done.stdout + done.stderr
    if app == "storescu":
        (kept,) = node.stored()
        assert received(kept) == made.dataset


def test_dimse_store_and_echo(peers: Peers, tmp_path: Path) -> None:
    made = make_folder(tmp_path / "small", 30)
    node = peers.dimse_scp()
    assert dimse.run("echo", node.address).returncode == 0
    done = dimse.run("store", node.address, tmp_path / "small", "--jobs", 3)
    assert done.returncode == 0, done.stderr
    assert {received(path) for path in node.stored()} == {one.dataset for one in made}


@pytest.fixture
def tls(certificates: Certificates) -> tuple[object, ...]:
    pair = certificates.server
    return ("--tls-cert", pair.cert, "--tls-key", pair.key)


def test_storescu_over_tls(
    peers: Peers, certificates: Certificates, tls: tuple[object, ...], tmp_path: Path
) -> None:
    made = make_file(tmp_path / "one.dcm", size=1_000_000)
    node = peers.dimse_scp(*tls, "--tls-ca", certificates.ca)
    options = dcmtk.tls_options(certificates, certificates.client)
    assert dcmtk.client("echoscu", *options, "localhost", node.port).returncode == 0
    assert dcmtk.client("storescu", *options, "localhost", node.port, made.path).returncode == 0
    (kept,) = node.stored()
    assert received(kept) == made.dataset


def test_a_client_without_certificate_is_turned_away_unless_allowed(
    peers: Peers, certificates: Certificates, tls: tuple[object, ...]
) -> None:
    anonymous = client_context(certificates.ca)
    strict = peers.dimse_scp(*tls, "--tls-ca", certificates.ca)
    with pytest.raises((ssl.SSLError, ScriptError, ConnectionError)):
        echoed(strict.port, anonymous)
    assert echoed(strict.port, client_context(certificates.ca, certificates.client)) == 0
    lax = peers.dimse_scp(*tls, "--tls-no-client-auth")
    assert echoed(lax.port, anonymous) == 0


def test_a_user_has_to_show_the_passcode(peers: Peers, tmp_path: Path) -> None:
    passcode = tmp_path / "passcode"
    passcode.touch(mode=0o600)
    passcode.write_text("secret\n")
    node = peers.dimse_scp("--require-user", f"alice:{passcode}", "--allow-cleartext-auth")
    for shown, kind in ((b"secret", wire.ASSOCIATE_AC), (b"guess", wire.ASSOCIATE_RJ)):
        identity = b"\2\0\0\5alice" + len(shown).to_bytes(2, "big") + shown
        with scripted_client(node.port) as talk:
            talk.send(wire.associate_rq(CONTEXTS, more=wire.item(0x58, identity)))
            talk.expect(kind)
    node.process.terminate()
    assert node.process.wait(20) == 0
    assert "we rejected permanently: unknown user or wrong passcode" in node.output
    assert "secret" not in node.output
