"""TLS with every real peer that has it, in both directions: what arrives is what was sent."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.commands.node import received
from tests.conftest import Peers
from tests.corpus import EXPLICIT_BE, EXPLICIT_LE, IMPLICIT_LE, Made, make_file
from tests.peers import dimse, pynet
from tests.peers.certificates import Certificates, client_context, server_context
from tests.peers.process import LOOPBACK


@pytest.fixture
def made(tmp_path: Path) -> list[Made]:
    """Objects of one PDU and of many."""
    folder = tmp_path / "made"
    folder.mkdir()
    small = [make_file(folder / f"s{n}", n, syntax=one) for n, one in enumerate((EXPLICIT_LE, IMPLICIT_LE))]
    return [*small, make_file(folder / "big", 9, size=1_000_000, syntax=EXPLICIT_BE)]


@pytest.fixture
def as_client(certificates: Certificates) -> tuple[object, ...]:
    pair = certificates.client
    return ("--tls-ca", certificates.ca, "--tls-cert", pair.cert, "--tls-key", pair.key)


@pytest.fixture
def as_server(certificates: Certificates) -> tuple[object, ...]:
    pair = certificates.server
    return ("--tls-ca", certificates.ca, "--tls-cert", pair.cert, "--tls-key", pair.key)


def orthanc_settings(certificates: Certificates) -> dict[str, object]:
    return {
        "DicomTlsEnabled": True,
        "DicomTlsCertificate": str(certificates.server.cert),
        "DicomTlsPrivateKey": str(certificates.server.key),
        "DicomTlsTrustedCertificates": str(certificates.ca),
    }


def send(address: str, made: list[Made], as_client: tuple[object, ...]) -> None:
    """Echo, and store all, to a node on localhost: the name in the certificates."""
    address = address.replace(LOOPBACK, "localhost")
    echoed = dimse.run("echo", address, *as_client, "--format", "table")
    assert echoed.returncode == 0, echoed.stderr
    assert "  tls " in echoed.stdout
    stored = dimse.run("store", address, *as_client, *(one.path for one in made))
    assert stored.returncode == 0, stored.stderr


def test_to_orthanc(
    peers: Peers, certificates: Certificates, as_client: tuple[object, ...], made: list[Made]
) -> None:
    node = peers.orthanc(orthanc_settings(certificates))
    send(node.address, made, as_client)
    held = node.instances()
    assert set(held) == {one.sop_instance for one in made}
    for one in made:
        assert node.file(f"/instances/{held[one.sop_instance]}/file").endswith(one.dataset)


def test_to_pynetdicom(
    peers: Peers, certificates: Certificates, as_client: tuple[object, ...], made: list[Made]
) -> None:
    from pynetdicom import evt
    from pynetdicom.dimse_primitives import C_STORE

    seen: dict[str, bytes] = {}

    def keep(event: evt.Event) -> int:
        assert isinstance(event.request, C_STORE)
        assert event.request.DataSet is not None
        seen[str(event.request.AffectedSOPInstanceUID)] = event.request.DataSet.getvalue()
        return 0

    context = server_context(certificates.server, certificates.ca)
    node = peers.pynetdicom([(evt.EVT_C_STORE, keep)], ssl_context=context)
    send(node.address, made, as_client)
    assert seen == {one.sop_instance: one.dataset for one in made}


def test_to_our_own_node(
    peers: Peers, as_client: tuple[object, ...], as_server: tuple[object, ...], made: list[Made]
) -> None:
    node = peers.dimse_scp(*as_server)
    send(node.address, made, as_client)
    assert {received(path) for path in node.stored()} == {one.dataset for one in made}


def test_from_pynetdicom(
    peers: Peers, certificates: Certificates, as_server: tuple[object, ...], made: list[Made]
) -> None:
    from pynetdicom.sop_class import Verification  # type: ignore[attr-defined]

    node = peers.dimse_scp(*as_server)
    ae = pynet.application_entity("SENDER")
    ae.add_requested_context(Verification)
    one = made[0]
    ae.add_requested_context(one.sop_class, one.transfer_syntax)
    context = client_context(certificates.ca, certificates.client)
    association = ae.associate(LOOPBACK, node.port, tls_args=(context, "localhost"))
    assert association.is_established
    try:
        assert association.send_c_echo().Status == 0
        assert association.send_c_store(one.path).Status == 0
    finally:
        association.release()
    (kept,) = node.stored()
    assert received(kept) == one.dataset


def test_from_orthanc(
    peers: Peers, certificates: Certificates, as_server: tuple[object, ...], made: list[Made]
) -> None:
    node = peers.dimse_scp(*as_server)
    sender = peers.orthanc(orthanc_settings(certificates))
    sender.knows("us", "ANY-SCP", node.port, Host="localhost", UseDicomTls=True)
    assert sender.echo("us")
    report = sender.store("us", *(sender.upload(one.path) for one in made))
    assert report["FailedInstancesCount"] == 0
    assert {path.stem for path in node.stored()} == {one.sop_instance for one in made}
    assert made[0].dataset in {received(path) for path in node.stored()}
