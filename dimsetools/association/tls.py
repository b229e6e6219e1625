"""TLS profiles of PS3.15 annex B as `ssl.SSLContext`: never below 1.2, certificates and host checked."""

from __future__ import annotations

import ssl
from typing import TypeGuard

from dimsetools.association.values import ClientTls, ServerTls
from dimsetools.errors import ConfigError, TlsError
from dimsetools.escape import visible

# TLS 1.2 suites in OpenSSL's words; those of 1.3 are all acceptable to every profile and not listed.
_SUITES = {
    "bcp195": "ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM:!aNULL:!PSK",  # PS3.15 B.9, BCP 195
    "bcp195-extended": "ECDHE+AESGCM:DHE+AESGCM:!aNULL:!PSK",  # PS3.15 B.11 and its successor B.13
    "rfc8996": "ECDHE+AESGCM:!aNULL:!PSK",  # PS3.15 B.12, the four suites of RFC 9325
}
PROFILES = tuple(_SUITES)
_NO_TLS = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "UNKNOWN_PROTOCOL", "RECORD_LAYER_FAILURE")


def client_context(settings: ClientTls) -> ssl.SSLContext:
    """Return the context to call a node with. ConfigError if a file is missing or not PEM."""
    context = _context(ssl.PROTOCOL_TLS_CLIENT, settings.profile)
    if not settings.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif settings.ca_file is not None:
        _load_authorities(context, settings.ca_file)
    else:
        context.load_default_certs(ssl.Purpose.SERVER_AUTH)
    if settings.cert_file is not None:
        _load_certificate(context, settings.cert_file, settings.key_file, settings.key_password)
    return context


def server_context(settings: ServerTls) -> ssl.SSLContext:
    """Return the context to be called with. ConfigError if a file is missing or not PEM."""
    context = _context(ssl.PROTOCOL_TLS_SERVER, settings.profile)
    _load_certificate(context, settings.cert_file, settings.key_file, settings.key_password)
    if settings.ca_file is not None:
        _load_authorities(context, settings.ca_file)
    if settings.require_client_cert:
        if settings.ca_file is None:
            raise ConfigError(
                "clients must show a certificate, but no authority to check it against is given",
                hint="give --tls-ca FILE, or --tls-no-client-auth to accept any client",
            )
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def _context(protocol: int, profile: str) -> ssl.SSLContext:
    context = ssl.SSLContext(protocol)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION | ssl.OP_CIPHER_SERVER_PREFERENCE
    context.set_ciphers(_SUITES[profile])
    return context


def _load_authorities(context: ssl.SSLContext, path: str) -> None:
    try:
        context.load_verify_locations(path)
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"cannot use {path} as certificate authority: {_reason(error)}",
            hint="--tls-ca takes a file of PEM certificates",
        ) from error


def _load_certificate(context: ssl.SSLContext, cert: str, key: str | None, password: str | None) -> None:
    def passphrase() -> str:
        """Keep OpenSSL from asking at the terminal when the key turns out to be encrypted."""
        if password is None:
            raise ConfigError(
                f"the private key {key or cert} is encrypted", hint="give --tls-key-password-file FILE"
            )
        return password

    try:
        context.load_cert_chain(cert, key, passphrase)
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"cannot use certificate {cert} with key {key or cert}: {_reason(error)}",
            hint="both are PEM files, and the key belongs to the certificate",
        ) from error


def check_server_name(context: ssl.SSLContext, name: str) -> None:
    """Raise ConfigError if no certificate can have `name`; `wrap_socket` would leave a socket open then."""
    try:
        context.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_hostname=name)
    except (ValueError, TypeError) as error:
        raise ConfigError(
            f"{visible(name)} cannot be the name in a TLS certificate: {error}",
            hint="--tls-server-name takes a host name",
        ) from error


def is_tls_fault(error: OSError) -> TypeGuard[ssl.SSLError]:
    """Tell whether the TLS session itself failed, rather than the connection below it."""
    return isinstance(error, ssl.SSLError) and not isinstance(error, ssl.SSLEOFError)


def handshake_error(error: ssl.SSLError, peer: str, *, server: bool) -> TlsError:
    """Name what went wrong in a hand-shake in words a user can act on."""
    if server:
        return _caller_error(error, peer)
    if isinstance(error, ssl.SSLCertVerificationError):
        return TlsError(
            f"the certificate of {peer} was not accepted: {error.verify_message}",
            hint="check --tls-ca, its dates and --tls-server-name; --tls-insecure skips the check",
        )
    if error.reason in _NO_TLS:
        return TlsError(f"{peer} does not speak TLS here", hint="call it without --tls, or on its TLS port")
    if "ALERT" in (error.reason or ""):
        return TlsError(
            f"{peer} refused the TLS hand-shake: {_reason(error).rpartition('alert ')[2]}",
            hint="it may want a client certificate (--tls-cert, --tls-key) or not know our authority",
        )
    return TlsError(f"no TLS session with {peer}: {_reason(error)}", hint="check --tls-profile on both sides")


def _caller_error(error: ssl.SSLError, caller: str) -> TlsError:
    if isinstance(error, ssl.SSLCertVerificationError):
        return TlsError(f"the client certificate of {caller} was not accepted: {error.verify_message}")
    if error.reason in _NO_TLS:
        return TlsError(f"{caller} does not speak TLS, which is expected here")
    return TlsError(f"no TLS session with {caller}: {_reason(error)}")


def _reason(error: OSError | ValueError) -> str:
    if isinstance(error, ssl.SSLError):
        return (error.reason or str(error)).replace("_", " ").lower()
    return getattr(error, "strerror", None) or str(error)
