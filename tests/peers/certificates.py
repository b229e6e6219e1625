"""A small public key infrastructure for the TLS tests: one good authority, and each way to be wrong."""

from __future__ import annotations

import datetime as dt
import ssl
from pathlib import Path
from typing import NamedTuple

import trustme
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

PASSPHRASE = "correct horse"


class Pair(NamedTuple):
    """A certificate (with its chain) and its private key, both PEM; the key is mode 0600."""

    cert: Path
    key: Path


class Certificates(NamedTuple):
    """`server` is good for localhost, 127.0.0.1 and ::1; the others are wrong in one way each."""

    ca: Path  # signed all pairs but `unknown`
    other_ca: Path  # signed `unknown`
    server: Pair
    client: Pair
    expired: Pair
    wrong_host: Pair  # valid, for elsewhere.example
    unknown: Pair  # right host, by an authority nobody trusts
    encrypted_key: Path  # the client's key under PASSPHRASE
    passphrase_file: Path  # mode 0600
    readable_key: Path  # the client's key, mode 0644: to be refused


HOSTS = ("localhost", "127.0.0.1", "::1")


def _private(path: Path, data: bytes, mode: int = 0o600) -> Path:
    path.touch(mode=0o600)
    path.write_bytes(data)
    path.chmod(mode)
    return path


def _pair(folder: Path, name: str, leaf: trustme.LeafCert) -> Pair:
    cert = folder / f"{name}.crt"
    cert.write_bytes(b"".join(blob.bytes() for blob in leaf.cert_chain_pems))
    return Pair(cert, _private(folder / f"{name}.key", leaf.private_key_pem.bytes()))


def make_certificates(folder: Path) -> Certificates:
    """Write the whole set to `folder` as PEM files."""
    # RSA because the BCP 195 profile of DCMTK 3.6.7 is tested with what hospitals run.
    authority = trustme.CA(organization_name="dimsetools tests", key_type=trustme.KeyType.RSA)
    stranger = trustme.CA(organization_name="somebody else", key_type=trustme.KeyType.RSA)
    ca, other_ca = folder / "ca.crt", folder / "other-ca.crt"
    authority.cert_pem.write_to_path(str(ca))
    stranger.cert_pem.write_to_path(str(other_ca))
    rsa = trustme.KeyType.RSA
    yesterday = dt.datetime.now(dt.UTC) - dt.timedelta(days=1)
    client = _pair(folder, "client", authority.issue_cert("client@tests.example", key_type=rsa))
    key = client.key.read_bytes()
    encrypted = load_pem_private_key(key, None).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(PASSPHRASE.encode())
    )
    return Certificates(
        ca=ca,
        other_ca=other_ca,
        server=_pair(folder, "server", authority.issue_cert(*HOSTS, key_type=rsa)),
        client=client,
        expired=_pair(folder, "expired", authority.issue_cert(*HOSTS, not_after=yesterday, key_type=rsa)),
        wrong_host=_pair(folder, "wrong-host", authority.issue_cert("elsewhere.example", key_type=rsa)),
        unknown=_pair(folder, "unknown", stranger.issue_cert(*HOSTS, key_type=rsa)),
        encrypted_key=_private(folder / "client-encrypted.key", encrypted),
        passphrase_file=_private(folder / "passphrase", PASSPHRASE.encode() + b"\n"),
        readable_key=_private(folder / "client-readable.key", key, mode=0o644),
    )


def server_context(pair: Pair, ca: Path | None = None) -> ssl.SSLContext:
    """A server side by the standard library alone; asks for a client certificate when given `ca`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.cert, pair.key)
    if ca is not None:
        context.load_verify_locations(ca)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def client_context(ca: Path, pair: Pair | None = None) -> ssl.SSLContext:
    """A client side by the standard library alone; host name checked."""
    context = ssl.create_default_context(cafile=ca)
    if pair is not None:
        context.load_cert_chain(pair.cert, pair.key)
    return context
