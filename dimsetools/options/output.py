"""What the user wants to see, as plain values: the room that prints takes them as they are."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypedDict

import click

from dimsetools.errors import UsageError
from dimsetools.options.group import Group
from dimsetools.options.types import DURATION, FILE

FORMATS = ("table", "tsv", "csv", "dump", "json", "dicom-json", "xml")
COLORS = ("auto", "always", "never")


class Printing(TypedDict):
    """The keyword arguments of the class that prints."""

    format: str | None
    fields: tuple[str, ...] | None
    headers: bool
    quiet: bool
    verbosity: int
    color: str
    log_json: bool
    stats: float


@dataclass(frozen=True)
class Output:
    """`verbose` counts -v; `debug` shows all that passes; `trace` is a file name."""

    format: str | None = None
    json: bool = False
    fields: tuple[str, ...] | None = None
    headers: bool = True
    quiet: bool = False
    verbose: int = 0
    debug: bool = False
    log_json: bool = False
    stats: float = 30.0
    trace: str | None = None
    trace_phi: bool = False
    color: str = "auto"

    def __post_init__(self) -> None:
        if self.json and self.format not in (None, "json"):
            raise UsageError(f"--json contradicts --format {self.format}", hint="give one of them")

    @property
    def verbosity(self) -> int:
        """0 results and summaries, 1 with -v, 2 with -vv, 3 with -d."""
        return 3 if self.debug else min(self.verbose, 2)

    def printing(self) -> Printing:
        """Return the keyword arguments for the class that prints."""
        return Printing(
            format="json" if self.json else self.format,
            fields=self.fields,
            headers=self.headers,
            quiet=self.quiet,
            verbosity=self.verbosity,
            color=self.color,
            log_json=self.log_json,
            stats=self.stats,
        )


def _names(_ctx: click.Context, _param: click.Parameter, value: str | None) -> tuple[str, ...] | None:
    if value is None:
        return None
    names = tuple(name.strip() for name in value.split(","))
    if not all(names):
        raise click.BadParameter("write names with commas between, as PatientName,StudyDate")
    return names


OUTPUT = Group(
    "Output",
    Output,
    (
        click.Option(
            ["--format"],
            type=click.Choice(FORMATS),
            help="Form of the results (default table on a terminal, else tsv).",
        ),
        click.Option(
            ["--json"], is_flag=True, help="The same as --format json; --json=NAME,... picks fields."
        ),
        click.Option(
            ["--fields"], metavar="NAME,...", callback=_names, help="Show these fields, in this order."
        ),
        click.Option(
            ["--no-headers", "headers"],
            flag_value=False,
            default=True,
            help="Leave out the header of tsv and csv.",
        ),
        click.Option(["-q", "--quiet"], is_flag=True, help="Say nothing on stderr."),
        click.Option(["-v", "--verbose"], count=True, help="Say more; -vv still more."),
        click.Option(
            ["-d", "--debug"],
            is_flag=True,
            help="Show all that passes on the network, and where the program failed.",
        ),
        click.Option(["--log-json"], is_flag=True, help="Write each line on stderr as a JSON object."),
        click.Option(
            ["--stats"],
            type=DURATION,
            default="30s",
            metavar="SECONDS",
            help="Time between progress lines where there is no terminal (default 30s; 0 for none).",
        ),
        click.Option(
            ["--trace"],
            type=FILE,
            metavar="FILE",
            help="Write each PDU and message to FILE, one JSON object a line.",
        ),
        click.Option(
            ["--trace-phi"], is_flag=True, help="Keep data sets in the trace; they may identify patients."
        ),
        click.Option(["--color"], type=click.Choice(COLORS), default="auto", help="Colours (default auto)."),
    ),
)


def glimpsed(words: Sequence[str]) -> Output:
    """Return what an unparsed command line says of its output, for errors that come before parsing ends."""
    json = any(word == "--json" or word.startswith("--json=") or word == "--format=json" for word in words)
    pairs = set(itertools.pairwise(words))
    color = next(
        (choice for choice in COLORS if f"--color={choice}" in words or ("--color", choice) in pairs), "auto"
    )
    return Output(
        json=json or ("--format", "json") in pairs,
        quiet="-q" in words or "--quiet" in words,
        debug="-d" in words or "--debug" in words,
        log_json="--log-json" in words,
        color=color,
    )
