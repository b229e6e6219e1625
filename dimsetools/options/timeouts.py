"""How long to wait for what, in seconds on the monotonic clock."""

from __future__ import annotations

from typing import NamedTuple

import click

from dimsetools.options.group import Group, Words, given
from dimsetools.options.types import DURATION


class Timeouts(NamedTuple):
    """Seconds as they were given: 0 is no limit, None was not given."""

    connect_timeout: float | None = None
    acse_timeout: float | None = None
    dimse_timeout: float | None = None
    idle_timeout: float | None = None
    total_timeout: float | None = None

    def words(self) -> Words:
        """Return what was given as words of a node."""
        return given(
            {
                "connect_timeout": (self.connect_timeout, "--connect-timeout"),
                "acse_timeout": (self.acse_timeout, "--acse-timeout"),
                "dimse_timeout": (self.dimse_timeout, "--dimse-timeout"),
                "idle_timeout": (self.idle_timeout, "--idle-timeout"),
            }
        )


def _timeout(name: str, text: str) -> click.Option:
    return click.Option([f"--{name}-timeout"], type=DURATION, metavar="SECONDS", help=text)


TIMEOUTS = Group(
    "Time-outs (seconds, or with ms, s, m, h; 0 is no limit)",
    Timeouts,
    (
        _timeout("connect", "For the TCP connection (default 10)."),
        _timeout("acse", "For TLS and for each answer while opening or releasing (default 30)."),
        _timeout("dimse", "For each message and each PDU of it (default 60)."),
        _timeout("idle", "For a peer that takes nothing of what we send, or asks for nothing (default 60)."),
        _timeout("total", "For everything from the first connection on (default no limit)."),
    ),
)

ACCEPTOR_TIMEOUTS = TIMEOUTS.without("connect_timeout", "total_timeout")
