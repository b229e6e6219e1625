"""A small command tree which has every kind of parameter."""

from __future__ import annotations

import click
import pytest

from dimsetools.docgen.tree import Command, described
from dimsetools.options import ACCEPTOR, FILE, NetworkCommand, PeerArgument, Verbs
from dimsetools.options.types import Named


@pytest.fixture
def commands() -> tuple[Command, ...]:
    """A calling command, a listening one, one that click alone made, and one with verbs."""
    send = NetworkCommand(
        "send",
        callback=lambda session, **_: 0,
        help="Send it's [files]: 100\\% of them.\n\nA second paragraph.\n\n\b\n.first -- line\n  second",
        params=[
            PeerArgument(),
            click.Argument(["paths"], nargs=-1, type=click.Path()),
            click.Option(["-r", "--report"], type=FILE, metavar="FILE", help="A report, in `X'."),
            click.Option(["--level"], type=click.Choice(["low", "high"]), help="How much: low or high."),
            click.Option(["-k", "--key"], multiple=True, type=Named("key", str, fill="key"), help="A key."),
            click.Option(
                ["--colour"], type=Named("colour", str, choices=lambda: ("red", "green")), help="It."
            ),
            click.Option(["--into"], type=click.Path(file_okay=False), help="A folder."),
            click.Option(["--show"], type=Named("key", str, fill="attribute"), help="Names."),
        ],
        examples=[("dimse send pacs 'a b'", "Sends a file.")],
        notes=["A note for the page."],
    )
    listen = NetworkCommand(
        "listen",
        callback=lambda session, **_: 0,
        help="Listen.",
        params=[click.Argument(["folder"], required=False, type=click.Path(file_okay=False))],
        groups=ACCEPTOR,
    )
    ask = NetworkCommand(
        "ask",
        callback=lambda session, **_: 0,
        help="Ask.",
        params=[PeerArgument(several=True, required=False)],
    )
    plain = click.Command(
        "plain",
        help="Plain.",
        params=[
            click.Argument(["words"], metavar="[WHO] [WHAT...]", nargs=-1),
            click.Option(["--loud"], is_flag=True, help="Loud."),
        ],
    )
    step = Verbs(
        "step",
        help="Take steps.",
        notes=["A note for both verbs."],
        verbs=[
            NetworkCommand(
                "send",
                callback=lambda session, **_: 0,
                help="Begin one.\n\nAt once.",
                params=[
                    PeerArgument(),
                    click.Argument(["kind"], type=Named("kind", str, choices=lambda: ("left", "right"))),
                    click.Option(["--foot"], type=click.Choice(["bare", "shod"]), help="Which foot."),
                ],
                examples=[("dimse step send pacs left", "a step")],
            ),
            NetworkCommand("stop", callback=lambda session, **_: 0, help="End one.", params=[PeerArgument()]),
        ],
    )
    return (
        described("send", "Send files.", send),
        described("listen", "Listen to others.", listen),
        described("ask", "Ask nodes.", ask),
        described("plain", "Do nothing.", plain),
        described("step", "Take steps.", step),
    )
