"""TLS on both sides: profiles, certificates good and bad, and a side that does not speak it."""

from __future__ import annotations

import ssl
from time import monotonic

import pytest

from dimsetools.association.association import Association
from dimsetools.association.tls import PROFILES, client_context, server_context
from dimsetools.association.values import ClientTls, ServerTls, Timeouts
from dimsetools.errors import ConfigError, ConnectionLost, LimitReached, NoAnswer, ProtocolError, TlsError
from tests.association.ends import AMPLE, BRIEF, accepting, call
from tests.peers import certificates as peer_side
from tests.peers.certificates import PASSPHRASE, Certificates, Pair
from tests.scripted import wire
from tests.scripted.conversation import Conversation, Step, accept, close, closed, release, send, stall
from tests.scripted.peers import scripted_client, scripted_server

GOODBYE = [accept(), release()]


def trusting(certificates: Certificates, **more: object) -> ClientTls:
    return ClientTls(ca_file=str(certificates.ca))._replace(**more)  # type: ignore[arg-type]


def with_client(certificates: Certificates) -> ClientTls:
    pair = certificates.client
    return trusting(certificates, cert_file=str(pair.cert), key_file=str(pair.key))


def serving(certificates: Certificates, **more: object) -> ServerTls:
    pair = certificates.server
    settings = ServerTls(str(pair.cert), str(pair.key), ca_file=str(certificates.ca))
    return settings._replace(**more)  # type: ignore[arg-type]


# -- contexts ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("profile", PROFILES)
def test_profiles_allow_nothing_old(profile: str, certificates: Certificates) -> None:
    for context in (
        client_context(ClientTls(profile=profile)),
        server_context(serving(certificates, profile=profile)),
    ):
        assert context.minimum_version is ssl.TLSVersion.TLSv1_2
        suites = [suite for suite in context.get_ciphers() if suite["protocol"] == "TLSv1.2"]
        assert suites
        for suite in suites:
            assert suite["aead"]  # no CBC, no NULL, no RC4
            assert suite["kea"] in ("kx-ecdhe", "kx-dhe")  # forward secrecy
            assert suite["auth"] != "auth-null"
    assert client_context(ClientTls()).check_hostname


def test_the_strict_profile_has_the_four_suites_of_rfc_9325() -> None:
    suites = client_context(ClientTls(profile="rfc8996")).get_ciphers()
    assert {suite["name"] for suite in suites if suite["protocol"] == "TLSv1.2"} == {
        f"ECDHE-{key}-AES{bits}" for key in ("RSA", "ECDSA") for bits in ("128-GCM-SHA256", "256-GCM-SHA384")
    }


def test_files_that_are_not_what_they_should_be(certificates: Certificates, tmp_path: str) -> None:
    pair, ca = certificates.client, str(certificates.ca)
    empty = f"{tmp_path}/empty"
    open(empty, "w").close()
    for settings, words in (
        (
            ClientTls(ca_file="/nowhere/ca.pem"),
            "cannot use /nowhere/ca.pem as certificate authority: No such file",
        ),
        (ClientTls(ca_file=empty), "as certificate authority: no certificate or crl found"),
        (ClientTls(ca_file="a\0b"), "null"),
        (ClientTls(ca, cert_file="/nowhere/cert.pem"), "cannot use certificate /nowhere/cert.pem"),
        (ClientTls(ca, cert_file=str(pair.cert), key_file=empty), "cannot use certificate"),
        (ClientTls(ca, str(pair.cert), str(certificates.server.key)), "key values mismatch"),
        (ClientTls(ca, str(pair.cert), str(certificates.encrypted_key), "wrong"), "cannot use certificate"),
        (
            ClientTls(ca, str(pair.cert), str(certificates.encrypted_key), "x" * 2000),
            "cannot use certificate",
        ),
    ):
        with pytest.raises(ConfigError) as caught:
            client_context(settings)
        assert words in caught.value.message
        assert caught.value.exit_code == 2


def test_an_encrypted_key_never_asks_at_the_terminal(certificates: Certificates) -> None:
    settings = ClientTls(cert_file=str(certificates.client.cert), key_file=str(certificates.encrypted_key))
    with pytest.raises(ConfigError, match="is encrypted") as caught:
        client_context(settings)
    assert caught.value.hint == "give --tls-key-password-file FILE"
    client_context(settings._replace(key_password=PASSPHRASE))


def test_a_server_that_asks_for_certificates_needs_an_authority(certificates: Certificates) -> None:
    with pytest.raises(ConfigError, match="no authority") as caught:
        server_context(serving(certificates, ca_file=None))
    assert "--tls-ca" in caught.value.hint
    server_context(serving(certificates, ca_file=None, require_client_cert=False))


# -- calling -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
@pytest.mark.parametrize("profile", PROFILES)
def test_a_good_peer(host: str, profile: str, certificates: Certificates) -> None:
    server = peer_side.server_context(certificates.server, certificates.ca)
    with scripted_server(GOODBYE, tls=server) as peer:
        association = call(peer.port, host=host, tls=with_client(certificates)._replace(profile=profile))
        assert association.timings.tls is not None
        association.release()
        assert association.released_in_order
        peer.finish()


def failing(server: ssl.SSLContext) -> Step:
    """Step: a hand-shake that does not come to its end."""

    def step(talk: Conversation) -> None:
        with pytest.raises(OSError, match=r"SSL|reset"):
            talk.sock = server.wrap_socket(talk.sock, server_side=True)

    return step


def bad_peer(pair: Pair, tls: ClientTls) -> TlsError:
    with scripted_server([failing(peer_side.server_context(pair))]) as peer:
        with pytest.raises(TlsError) as caught:
            call(peer.port, tls=tls)
        peer.finish()
    assert caught.value.exit_code == 70
    assert not caught.value.retryable
    return caught.value


@pytest.mark.parametrize(
    ("pair", "words"),
    [
        ("expired", "certificate has expired"),
        ("wrong_host", "IP address mismatch, certificate is not valid for '127.0.0.1'"),
        ("unknown", "unable to get local issuer certificate"),
    ],
)
def test_a_bad_certificate_is_named(pair: str, words: str, certificates: Certificates) -> None:
    error = bad_peer(getattr(certificates, pair), trusting(certificates))
    assert words in error.message
    assert "--tls-ca" in error.hint


@pytest.mark.parametrize("pair", ["expired", "wrong_host", "unknown"])
def test_a_bad_certificate_is_taken_when_told_so(pair: str, certificates: Certificates) -> None:
    server = peer_side.server_context(getattr(certificates, pair))
    with scripted_server(GOODBYE, tls=server) as peer:
        call(peer.port, tls=trusting(certificates, verify=False)).release()
        peer.finish()


def test_the_name_to_be_checked_can_be_given(certificates: Certificates) -> None:
    server = peer_side.server_context(certificates.wrong_host)
    with scripted_server(GOODBYE, tls=server) as peer:
        call(peer.port, tls=trusting(certificates, server_name="elsewhere.example")).release()


@pytest.mark.parametrize("name", [".example", "x" * 300, "a\0b"])
def test_a_name_that_cannot_be_one_is_the_users_mistake(name: str, certificates: Certificates) -> None:
    with scripted_server([stall()]) as peer, pytest.raises(ConfigError, match="cannot be the name"):
        call(peer.port, tls=trusting(certificates, server_name=name))


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_missing_client_certificate_is_named(version: ssl.TLSVersion, certificates: Certificates) -> None:
    server = peer_side.server_context(certificates.server, certificates.ca)
    server.maximum_version = version
    with scripted_server([failing(server)]) as peer, pytest.raises(TlsError) as caught:
        call(peer.port, tls=trusting(certificates))
    # TLS 1.3 tells only after the hand-shake, with the first bytes that are read.
    assert "refused the TLS hand-shake" in caught.value.message
    assert "--tls-cert" in caught.value.hint


def test_tls_to_a_plain_port_is_named(certificates: Certificates) -> None:
    for answer in (send(wire.abort(2, 1)), send(b"HTTP/1.0 400 Bad Request\r\n\r\n")):
        with scripted_server([answer, closed()]) as peer, pytest.raises(TlsError) as caught:
            call(peer.port, tls=trusting(certificates))
        assert caught.value.message.endswith("does not speak TLS here")
        assert "without --tls" in caught.value.hint


def test_a_port_that_hangs_up_on_tls(certificates: Certificates) -> None:
    with scripted_server([close()]) as peer, pytest.raises(TlsError, match="in the TLS hand-shake") as caught:
        call(peer.port, tls=trusting(certificates))
    assert "may not speak TLS" in caught.value.hint


def test_a_port_that_is_silent_on_tls(certificates: Certificates) -> None:
    with scripted_server([stall()]) as peer:
        began = monotonic()
        with pytest.raises(TlsError, match=r"no TLS hand-shake with .* within 0\.2 s"):
            call(peer.port, tls=trusting(certificates), timeouts=BRIEF)
        assert monotonic() - began < 1.2
        with pytest.raises(LimitReached):
            call(peer.port, tls=trusting(certificates), timeouts=Timeouts(total=0.2))


def test_no_common_profile(certificates: Certificates) -> None:
    server = peer_side.server_context(certificates.server)
    server.maximum_version = ssl.TLSVersion.TLSv1_2
    server.set_ciphers("AES256-SHA256")
    refused = pytest.raises(TlsError, match="refused the TLS hand-shake: handshake failure")
    with scripted_server([failing(server)]) as peer, refused:
        call(peer.port, tls=trusting(certificates))


def test_silence_within_a_session_has_its_deadline(certificates: Certificates) -> None:
    server = peer_side.server_context(certificates.server)
    with scripted_server([stall()], tls=server) as peer, pytest.raises(NoAnswer):
        call(peer.port, tls=trusting(certificates), timeouts=AMPLE._replace(acse=0.3))


@pytest.mark.parametrize("reading", [True, False])
def test_much_data_passes_in_both_directions(reading: bool, certificates: Certificates) -> None:
    """What OpenSSL has decrypted ahead is not waited for, and a full pipe has its deadline."""
    data = bytes(range(256)) * 6000
    server = peer_side.server_context(certificates.server)
    pdus = b"".join(wire.p_data(wire.pdv(data[at : at + 16000])) for at in range(0, len(data), 16000))
    script = [accept(), send(pdus), stall(reading=reading)]
    with scripted_server(script, tls=server) as peer:
        association = call(
            peer.port, tls=trusting(certificates), timeouts=AMPLE._replace(dimse=1.0, idle=1.0)
        )
        got = bytearray()
        while len(got) < len(data):
            fragment = association.receive(1.0)
            assert fragment is not None
            got += fragment.data
        assert got == data
        if reading:
            for _ in range(3):
                association.send_data([pdus])
            association.abort()
        else:
            with pytest.raises(NoAnswer, match="took no more data"):
                association.send_data([pdus * 20])


# -- being called ------------------------------------------------------------------------------------


def released(association: Association) -> bool:
    return association.receive(5) is None


def test_a_good_caller(certificates: Certificates) -> None:
    ours = server_context(serving(certificates))
    client = peer_side.client_context(certificates.ca, certificates.client)
    with accepting(released, tls=ours) as acceptor, scripted_client(acceptor.port, tls=client) as talk:
        talk.send(wire.associate_rq())
        talk.expect(wire.ASSOCIATE_AC)
        talk.send(wire.release_rq())
        talk.close()
        assert acceptor.result()


@pytest.mark.parametrize(
    ("pair", "words"), [(None, "peer did not return a certificate"), ("unknown", "was not accepted")]
)
def test_a_caller_without_a_proper_certificate(
    pair: str | None, words: str, certificates: Certificates
) -> None:
    client = peer_side.client_context(certificates.ca, getattr(certificates, pair) if pair else None)
    ours = server_context(serving(certificates))
    with accepting(released, tls=ours) as acceptor, scripted_client(acceptor.port, tls=client) as talk:
        assert talk.wait_closed() in ("closed", "reset")
        talk.close()
        error = acceptor.error()
    assert isinstance(error, TlsError)
    assert words in error.message


@pytest.mark.parametrize("hello", [wire.associate_rq(), b"GET / HTTP/1.0\r\n\r\n", bytes(100)])
def test_a_caller_that_does_not_speak_tls(hello: bytes, certificates: Certificates) -> None:
    ours = server_context(serving(certificates))
    with accepting(released, tls=ours) as acceptor, scripted_client(acceptor.port) as talk:
        talk.send(hello)
        talk.wait_closed()
        talk.close()
        error = acceptor.error()
    assert isinstance(error, TlsError)
    assert "--tls" not in error.message + error.hint  # nothing that the caller's user could type here


def test_a_caller_that_is_silent(certificates: Certificates) -> None:
    ours = server_context(serving(certificates))
    with accepting(released, tls=ours, timeouts=BRIEF) as acceptor, scripted_client(acceptor.port) as talk:
        assert talk.wait_closed() == "closed"
        talk.close()
        assert isinstance(acceptor.error(), TlsError)


def test_a_tls_caller_at_a_plain_port_is_named(certificates: Certificates) -> None:
    with accepting(released) as acceptor:
        with pytest.raises(ssl.SSLError):
            scripted_client(acceptor.port, tls=peer_side.client_context(certificates.ca)).__enter__()
        error = acceptor.error()
    assert isinstance(error, ProtocolError)
    assert "speaks TLS where plain DICOM is expected" in error.message


def test_plain_dicom_to_a_tls_port_is_named(certificates: Certificates) -> None:
    with scripted_server([send(b"\x15\x03\x03\0\2\2\x46"), closed()]) as peer:
        with pytest.raises(TlsError, match="answered with a TLS alert") as caught:
            call(peer.port)
        assert caught.value.hint == "it expects TLS: try --tls"
    # OpenSSL sends no alert to what is no TLS at all.
    ours = server_context(serving(certificates))
    with accepting(released, tls=ours) as acceptor:
        with pytest.raises(ConnectionLost, match="instead of answering the association request") as lost:
            call(acceptor.port)
        assert "it may expect TLS (--tls)" in lost.value.hint
        assert isinstance(acceptor.error(), TlsError)
