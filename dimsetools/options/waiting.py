"""How long to wait for what a peer reports on its own, and where it can reach us."""

from __future__ import annotations

from typing import NamedTuple

import click

from dimsetools.options.group import Group
from dimsetools.options.types import DURATION


class Waiting(NamedTuple):
    """`wait` in seconds, None where it was not given; without `port` we do not listen."""

    wait: float | None = None
    port: int | None = None
    port_tls: bool = False
    allow: tuple[str, ...] = ()


def admitting(tls: str, what: str) -> tuple[click.Option, click.Option]:
    """Return the options for who else may call us, and how, to do `what`; `tls` is the name of the second."""
    return (
        click.Option(
            [tls],
            is_flag=True,
            help="Take TLS alone there, with our certificate; --tls-ca says who may show one.",
        ),
        click.Option(
            ["--allow"],
            multiple=True,
            callback=_allowed,
            metavar="AET[@NET]",
            help=f"Let this node {what} too, not only the peer's own addresses. Repeatable.",
        ),
    )


def _allowed(_ctx: click.Context, _param: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    """Return the callers that are let in, once it is known that each can be read."""
    if values:
        from dimsetools.scp.policy import Allowed

        for text in values:
            Allowed.parse(text)
    return values


def _group(title: str, wait: str) -> Group:
    return Group(
        title,
        Waiting,
        (
            click.Option(["--wait"], type=DURATION, metavar="SECONDS", help=wait),
            click.Option(
                ["--port"],
                type=click.IntRange(0, 65535),
                metavar="PORT",
                help="Listen on this port too: the node may report on an association of its own.",
            ),
            *admitting("--port-tls", "report there"),
        ),
    )


COMMITMENT = _group("Storage commitment", "Time that the node has to report (default 60s).")
EVENTS = _group("Waiting for events", "Wait as long as this for an event about it, as 60s.")
CHUNK = click.Option(
    ["--chunk"],
    type=click.IntRange(1, 40_000),  # of more, neither we nor our node would read a report
    metavar="N",
    help="Ask for N instances in a transaction (default 5000, at most 40000).",
)
