"""How the work is done: once or again, ended how, or only shown."""

from __future__ import annotations

from typing import NamedTuple

import click

from dimsetools.options.group import Group
from dimsetools.options.types import COUNT, DURATION


class Operation(NamedTuple):
    """`interval` is in seconds; None where `repeat` or `interval` was not given."""

    repeat: int | None = None
    interval: float | None = None
    abort: bool = False
    dry_run: bool = False
    strict: bool = False


OPERATION = Group(
    "Operation",
    Operation,
    (
        click.Option(["--repeat"], type=COUNT, metavar="N", help="Do it N times."),
        click.Option(
            ["--interval"], type=DURATION, metavar="SECONDS", help="Time from one repetition to the next."
        ),
        click.Option(
            ["--abort"], is_flag=True, help="End the association with A-ABORT instead of A-RELEASE."
        ),
        click.Option(["--dry-run"], is_flag=True, help="Say what would be done, and do not connect."),
        click.Option(
            ["--strict"], is_flag=True, help="Exit with 68 if the peer answered with a warning status."
        ),
    ),
)
