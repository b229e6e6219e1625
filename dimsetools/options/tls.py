"""TLS, on the calling and on the listening side."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

import click

from dimsetools.errors import UsageError
from dimsetools.options.group import Group, Words, given
from dimsetools.options.types import FILE

if TYPE_CHECKING:
    from dimsetools.association.values import ServerTls

_PROFILES = ("bcp195", "bcp195-extended", "rfc8996")


class Tls(NamedTuple):
    """What a calling command was told; `tls` None leaves it to the node."""

    tls: bool | None = None
    tls_ca: str | None = None
    tls_cert: str | None = None
    tls_key: str | None = None
    tls_key_password_file: str | None = None
    tls_profile: str | None = None
    tls_server_name: str | None = None
    tls_insecure: bool = False

    def words(self) -> Words:
        """Return what was given as words of a node; any of them turns TLS on."""
        words = given(
            {
                "tls.ca": (self.tls_ca, "--tls-ca"),
                "tls.cert": (self.tls_cert, "--tls-cert"),
                "tls.key": (self.tls_key, "--tls-key"),
                "tls.key_password_file": (self.tls_key_password_file, "--tls-key-password-file"),
                "tls.profile": (self.tls_profile, "--tls-profile"),
                "tls.server_name": (self.tls_server_name, "--tls-server-name"),
                "tls.verify": (False if self.tls_insecure else None, "--tls-insecure"),
            }
        )
        if self.tls is False and words:
            raise UsageError(f"--no-tls contradicts {next(iter(words.values()))[1]}")
        if self.tls is not None or words:
            words["tls.enabled"] = (self.tls is not False, "--no-tls" if self.tls is False else "--tls")
        return words


class AcceptorTls(NamedTuple):
    """What a listening command was told."""

    tls: bool = False
    tls_ca: str | None = None
    tls_cert: str | None = None
    tls_key: str | None = None
    tls_key_password_file: str | None = None
    tls_profile: str | None = None
    tls_no_client_auth: bool = False

    def server_tls(self) -> ServerTls | None:
        """Return how to accept TLS sessions, None for plain TCP; UsageError for what does not fit."""
        files = (self.tls_ca, self.tls_cert, self.tls_key, self.tls_key_password_file, self.tls_profile)
        if not self.tls and not self.tls_no_client_auth and not any(files):
            return None
        if self.tls_cert is None:
            raise UsageError("a TLS server needs a certificate", hint="add --tls-cert FILE --tls-key FILE")
        if self.tls_ca is None and not self.tls_no_client_auth:
            raise UsageError(
                "no authority is named that client certificates could be checked with",
                hint="add --tls-ca FILE, or --tls-no-client-auth to let any client in",
            )
        from dimsetools.association.values import ServerTls
        from dimsetools.config.secret import check_file, check_key_file, read_secret

        check_file(self.tls_cert, "--tls-cert")
        if self.tls_ca:
            check_file(self.tls_ca, "--tls-ca")
        check_key_file(self.tls_key or self.tls_cert, "--tls-key" if self.tls_key else "--tls-cert")
        password = None
        if self.tls_key_password_file:
            password = os.fsdecode(read_secret(self.tls_key_password_file, "--tls-key-password-file"))
        return ServerTls(
            cert_file=self.tls_cert,
            key_file=self.tls_key,
            key_password=password,
            ca_file=self.tls_ca,
            profile=self.tls_profile or "bcp195",
            require_client_cert=not self.tls_no_client_auth,
        )


def _file(name: str, text: str) -> click.Option:
    return click.Option([name], type=FILE, metavar="FILE", help=text)


_CERT = _file("--tls-cert", "PEM file of our certificate, with the chain behind it.")
_KEY = _file("--tls-key", "PEM file of our private key, readable by its owner only (default: in --tls-cert).")
_PASSWORD = _file("--tls-key-password-file", "File that holds the password of the private key.")
_PROFILE = click.Option(
    ["--tls-profile"], type=click.Choice(_PROFILES), help="Security profile of PS3.15 (default bcp195)."
)

TLS = Group(
    "TLS",
    Tls,
    (
        click.Option(
            ["--tls/--no-tls"],
            default=None,
            help="Encrypt and check the peer; on if any other TLS option is given.",
        ),
        _file("--tls-ca", "PEM file of the authorities to trust (default the system's)."),
        _CERT,
        _KEY,
        _PASSWORD,
        _PROFILE,
        click.Option(
            ["--tls-server-name"],
            metavar="NAME",
            help="Name to expect in the peer's certificate (default the host).",
        ),
        click.Option(["--tls-insecure"], is_flag=True, help="Accept any certificate. For tests only."),
    ),
)

ACCEPTOR_TLS = Group(
    "TLS",
    AcceptorTls,
    (
        click.Option(["--tls"], is_flag=True, help="Speak TLS only; on if any other TLS option is given."),
        _file("--tls-ca", "PEM file of the authorities that client certificates are checked with."),
        _CERT,
        _KEY,
        _PASSWORD,
        _PROFILE,
        click.Option(["--tls-no-client-auth"], is_flag=True, help="Ask clients for no certificate."),
    ),
)
