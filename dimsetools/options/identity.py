"""User identity negotiation (PS3.7 D.3.3.7). Secrets come from files, never from the command line itself."""

from __future__ import annotations

from typing import NamedTuple

import click

from dimsetools.options.group import Group, Words, given
from dimsetools.options.types import FILE

_TYPES = ("user", "userpass", "kerberos", "saml", "jwt")


class UserIdentity(NamedTuple):
    """What was given; the secrets are still in their files."""

    user: str | None = None
    password_file: str | None = None
    identity_token_file: str | None = None
    identity_type: str | None = None
    identity_response: bool = False
    allow_cleartext_auth: bool = False

    def words(self) -> Words:
        """Return what was given as words of a node."""
        return given(
            {
                "identity.type": (self.identity_type, "--identity-type"),
                "identity.user": (self.user, "--user"),
                "identity.password_file": (self.password_file, "--password-file"),
                "identity.token_file": (self.identity_token_file, "--identity-token-file"),
                "identity.response": (self.identity_response or None, "--identity-response"),
            }
        )


IDENTITY = Group(
    "User identity",
    UserIdentity,
    (
        click.Option(["--user"], metavar="NAME", help="User name to send."),
        click.Option(
            ["--password-file"], type=FILE, metavar="FILE", help="File that holds the user's passcode."
        ),
        click.Option(
            ["--identity-token-file"],
            type=FILE,
            metavar="FILE",
            help="File that holds a Kerberos ticket, SAML assertion or JWT.",
        ),
        click.Option(
            ["--identity-type"],
            type=click.Choice(_TYPES),
            help="Kind of identity (default user, or userpass with a passcode).",
        ),
        click.Option(
            ["--identity-response"],
            is_flag=True,
            help="Ask the peer to confirm the identity; warns if it does not.",
        ),
        click.Option(
            ["--allow-cleartext-auth"],
            is_flag=True,
            help="Send a passcode or token although there is no TLS.",
        ),
    ),
)
