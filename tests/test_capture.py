"""On the wire: an independent dissector reads our PDUs, in both roles, and has nothing to complain about."""

from __future__ import annotations

from pathlib import Path

from tests.conftest import Peers
from tests.corpus import make_file, make_folder
from tests.peers import dcmtk, dimse
from tests.peers.capture import capture, dissected
from tests.scripted import wire

# Every PDU of associations that go well, as the dissector numbers them.
EXPECTED = {
    wire.ASSOCIATE_RQ,
    wire.ASSOCIATE_AC,
    wire.P_DATA,
    wire.RELEASE_RQ,
    wire.RELEASE_RP,
}


def pdu_types(file: Path, port: int) -> set[int]:
    """The types of the PDUs that were seen on a port."""
    lines = dissected(file, [port], f"dicom && tcp.port == {port}", "dicom.pdu.type")
    return {int(value, 0) for line in lines for value in line.split(",") if value}


def test_a_dissector_finds_nothing_malformed(peers: Peers, tmp_path: Path) -> None:
    storescp, ours = peers.storescp(), peers.dimse_scp()
    ports = [storescp.port, ours.port]
    made = make_folder(tmp_path / "in", 5)
    made.append(make_file(tmp_path / "in" / "large.dcm", 99, size=600_000))
    file = tmp_path / "all.pcap"
    with capture(file, ports):
        for peer in (storescp, ours):
            assert dimse.run("echo", peer.address).returncode == 0
            assert dimse.run("store", peer.address, tmp_path / "in").returncode == 0
        dcmtk.client("echoscu", ours.host, ours.port)
        dcmtk.client("dcmsend", ours.host, ours.port, "+sd", tmp_path / "in")
        dcmtk.client("storescu", ours.host, ours.port, "+sd", tmp_path / "in")
    assert len(storescp.stored()) == len(ours.stored()) == len(made)
    assert dissected(file, ports, "_ws.malformed", "frame.number", "_ws.col.Info") == []
    for port in ports:
        assert pdu_types(file, port) >= EXPECTED
