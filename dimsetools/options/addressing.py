"""Whom to call and as whom."""

from __future__ import annotations

from typing import NamedTuple

import click

from dimsetools.options.group import Group, Words, given
from dimsetools.options.types import TITLE


class Addressing(NamedTuple):
    """`aet` is our title, `aec` the title we call; `bind` the local address to call from."""

    aet: str | None = None
    aec: str | None = None
    bind: str | None = None
    profile: str | None = None

    def words(self) -> Words:
        """Return what was given as words of a node."""
        return given({"local_aet": (self.aet, "--aet"), "aet": (self.aec, "--aec")})


_PROFILE = click.Option(
    ["--profile"], metavar="NAME", help="Put [profiles.NAME] of the configuration on top of its other values."
)

ADDRESSING = Group(
    "Addressing",
    Addressing,
    (
        click.Option(["--aet"], type=TITLE, metavar="TITLE", help="Our own AE title (default DIMSE)."),
        click.Option(
            ["--aec"],
            type=TITLE,
            metavar="TITLE",
            help="AE title to call (default the node's, else ANY-SCP).",
        ),
        click.Option(["--bind"], metavar="ADDRESS", help="Local IP address to call from."),
        _PROFILE,
    ),
)

CONFIGURATION = Group("Configuration", Addressing, (_PROFILE,))
"""For commands that call nobody: which defaults hold."""
