"""The scripted peers against pynetdicom: right bytes must be right before wrong ones mean anything."""

from __future__ import annotations

import socket
from pathlib import Path
from threading import Event

import pytest

from tests.conftest import Peers
from tests.corpus import make_file
from tests.peers import dcmtk, pynet
from tests.peers.certificates import Certificates, client_context, server_context
from tests.scripted import wire
from tests.scripted.conversation import (
    ScriptError,
    Step,
    accept,
    close,
    closed,
    echo,
    expect,
    release,
    reset,
    send,
    send_half,
    stall,
    store,
    trickle,
    wait_for,
)
from tests.scripted.peers import (
    ScriptedServer,
    refusing_port,
    scripted_client,
    scripted_server,
    unanswered_port,
)


def test_pynetdicom_is_content_with_our_echo_scp() -> None:
    from pynetdicom import build_context
    from pynetdicom.sop_class import Verification  # type: ignore[attr-defined]

    with scripted_server([accept(), echo(), echo(0x0122), release()]) as server:
        ae = pynet.application_entity()
        association = ae.associate("127.0.0.1", server.port, [build_context(Verification)])
        assert association.is_established
        assert association.send_c_echo().Status == 0
        assert association.send_c_echo().Status == 0x0122
        association.release()
        assert association.is_released
        server.finish()
    kinds = [pdu.kind for pdu in server.first.received]
    assert kinds == [wire.ASSOCIATE_RQ, wire.P_DATA, wire.P_DATA, wire.RELEASE_RQ]


def test_dcmtk_stores_to_the_script(tmp_path: Path) -> None:
    made = make_file(tmp_path / "a.dcm", size=40_000)
    with scripted_server([accept(), store(), release()]) as server:
        done = dcmtk.client("dcmsend", "127.0.0.1", server.port, made.path)
        server.finish()
    assert done.returncode == 0, done.stderr
    [message] = server.first.messages
    assert message.command[0x1000].rstrip(b"\0").decode() == made.sop_instance
    assert len(message.data) > 39_000


def test_our_client_speaks_to_pynetdicom(peers: Peers) -> None:
    with scripted_client(peers.pynetdicom().port) as talk:
        talk.send(wire.associate_rq())
        talk.expect(wire.ASSOCIATE_AC)
        talk.send(wire.message(wire.echo_rq(7)))
        answer = talk.read_message()
        assert (answer.number(0x100), answer.number(0x120), answer.number(0x900)) == (wire.C_ECHO_RSP, 7, 0)
        talk.send(wire.release_rq())
        talk.expect(wire.RELEASE_RP)


def test_our_client_stores_to_pynetdicom(peers: Peers) -> None:
    from pynetdicom import evt

    kept: list[bytes] = []

    def keep(event: evt.Event) -> int:
        kept.append(event.encoded_dataset(include_meta=False))
        return 0

    data = wire.element(0x18, b"1.2.3\0", group=8) * 3000
    context = wire.Context(5, wire.CT_IMAGE, (wire.IMPLICIT_LE,))
    with scripted_client(peers.pynetdicom([(evt.EVT_C_STORE, keep)]).port) as talk:
        talk.send(wire.associate_rq([context]))
        talk.expect(wire.ASSOCIATE_AC)
        talk.send(wire.message(wire.store_rq(), data, context=5))
        assert talk.read_message().number(0x900) == 0
    assert kept == [data]


@pytest.mark.parametrize("last", [close(), reset()])
def test_a_script_can_hang_up_in_mid_pdu(last: Step) -> None:
    half = [expect(wire.ASSOCIATE_RQ), send_half(wire.associate_ac()), last]
    with scripted_server(half) as server, scripted_client(server.port) as talk:
        talk.send(wire.associate_rq())
        with pytest.raises((ScriptError, ConnectionResetError)):
            talk.read_pdu()


def test_a_stalled_script_ends_with_the_other_side() -> None:
    with scripted_server([stall()]) as server:
        with scripted_client(server.port):
            pass
        server.finish()


def test_a_script_that_does_not_read_fills_the_pipe() -> None:
    with scripted_server([stall(reading=False)]) as server, scripted_client(server.port) as talk:
        talk.sock.settimeout(0.2)
        with pytest.raises(TimeoutError):
            talk.send(bytes(64 << 20))


def test_trickled_bytes_arrive_one_by_one() -> None:
    go = Event()
    with (
        scripted_server([wait_for(go), trickle(wire.abort(), 0.001), closed()]) as server,
        scripted_client(server.port) as talk,
    ):
        go.set()
        talk.expect(wire.ABORT)


def test_each_connection_gets_its_script() -> None:
    rejected = [expect(wire.ASSOCIATE_RQ), send(wire.associate_rj(2, 3, 2)), closed()]
    with scripted_server(rejected, [accept(), release()]) as server:
        for kind in (wire.ASSOCIATE_RJ, wire.ASSOCIATE_AC, wire.ASSOCIATE_AC):
            with scripted_client(server.port) as talk:
                talk.send(wire.associate_rq())
                talk.expect(kind)
                if kind == wire.ASSOCIATE_AC:
                    talk.send(wire.release_rq())
                    talk.expect(wire.RELEASE_RP)


def test_a_failed_script_fails_the_test() -> None:
    server = ScriptedServer([[expect(wire.RELEASE_RQ)]], tls=None)
    with scripted_client(server.port) as talk:
        talk.send(wire.associate_rq())
        talk.wait_closed()
    with pytest.raises(ScriptError, match="expected PDU type 5, got 1"):
        server.finish()
    server.end()


def test_tls_on_both_sides(certificates: Certificates) -> None:
    server_side = server_context(certificates.server, certificates.ca)
    client_side = client_context(certificates.ca, certificates.client)
    with (
        scripted_server([accept(), echo(), release()], tls=server_side) as server,
        scripted_client(server.port, tls=client_side) as talk,
    ):
        talk.send(wire.associate_rq())
        talk.expect(wire.ASSOCIATE_AC)
        talk.send(wire.message(wire.echo_rq()))
        assert talk.read_message().number(0x900) == 0
        talk.send(wire.release_rq())
        talk.expect(wire.RELEASE_RP)


def test_ports_that_refuse_and_ports_that_never_answer() -> None:
    with refusing_port() as port, pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=2)
    with unanswered_port() as port, pytest.raises(TimeoutError):
        socket.create_connection(("127.0.0.1", port), timeout=0.2)
