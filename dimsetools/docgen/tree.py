"""The command tree as plain values: what manual pages and completions have to know of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib import import_module
from typing import Literal, NamedTuple

import click

from dimsetools.cli import COMMANDS
from dimsetools.options import NetworkCommand, PeerArgument, Verbs
from dimsetools.options.types import Named

Fill = Literal["", "attribute", "choice", "file", "folder", "key", "peer"]
"""What a shell can offer for a value; empty if only the user can know it. A key may be a query file, too."""


class Option(NamedTuple):
    """`metavar` is empty for a flag; `help` is one line of prose."""

    spellings: tuple[str, ...]
    metavar: str
    help: str
    repeatable: bool
    fill: Fill
    choices: tuple[str, ...]


class Argument(NamedTuple):
    """A positional word, as in the usage line; `several` if it may be repeated.

    `metavar` has brackets and dots only where it stands for more than one kind of word.
    """

    metavar: str
    help: str
    required: bool
    several: bool
    fill: Fill
    choices: tuple[str, ...] = ()


class Section(NamedTuple):
    """Options under a title."""

    title: str
    options: tuple[Option, ...]


class Command(NamedTuple):
    """One command of the table; `summary` is its line there, `paragraphs` are its help and notes.

    `name` is all that stands behind `dimse`: two words for one of the `verbs` of another.
    """

    name: str
    summary: str
    paragraphs: tuple[str, ...]
    arguments: tuple[Argument, ...]
    sections: tuple[Section, ...]
    examples: tuple[tuple[str, str], ...]
    verbs: tuple[Command, ...] = ()

    @property
    def options(self) -> tuple[Option, ...]:
        """All options, in the order of --help."""
        return tuple(option for section in self.sections for option in section.options)


def flat(commands: Iterable[Command]) -> Iterator[Command]:
    """Return the commands that have no verbs, and the verbs of the others, in order."""
    for command in commands:
        yield from command.verbs or (command,)


def tree() -> tuple[Command, ...]:
    """Return every command of the table, in its order."""
    return tuple(
        described(name, summary, import_module(module).command)
        for name, (module, summary) in COMMANDS.items()
    )


def described(name: str, summary: str, command: click.Command) -> Command:
    """Return what there is to say of one command."""
    context = click.Context(command, info_name=f"dimse {name}", **command.context_settings)
    own = [param for param in command.params if isinstance(param, click.Option)]
    groups: tuple[Section, ...] = ()
    notes: tuple[str, ...] = ()
    examples: tuple[tuple[str, str], ...] = ()
    if isinstance(command, NetworkCommand):
        own = [param for param in command.own if isinstance(param, click.Option)]
        groups = tuple(
            Section(group.title, tuple(_option(option, context) for option in group.options))
            for group in command.groups
        )
        notes, examples = command.notes, command.examples
    verbs: tuple[Command, ...] = ()
    if isinstance(command, Verbs):
        notes = command.notes
        verbs = tuple(described(verb.full_name, verb.summary, verb) for verb in command.verbs)
    helper = command.get_help_option(context)
    first = Section(
        "Options", tuple(_option(option, context) for option in (*own, *([helper] if helper else [])))
    )
    return Command(
        name=name,
        summary=summary.removesuffix("."),
        paragraphs=(*(command.help or "").split("\n\n"), *notes),
        arguments=tuple(
            _argument(param, context) for param in command.params if isinstance(param, click.Argument)
        ),
        sections=(first, *groups),
        examples=examples,
        verbs=verbs,
    )


def _option(option: click.Option, context: click.Context) -> Option:
    flag = option.is_flag or option.count
    shown = "|".join(option.type.choices) if isinstance(option.type, click.Choice) else ""
    return Option(
        spellings=(*option.opts, *option.secondary_opts),
        metavar="" if flag else shown or option.make_metavar(context),
        help=" ".join((option.help or "").split()),
        repeatable=option.multiple or option.count,
        fill="" if flag else _fill(option.type),
        choices=_choices(option.type),
    )


def _argument(argument: click.Argument, context: click.Context) -> Argument:
    metavar = argument.make_metavar(context)
    return Argument(
        metavar=metavar if " " in metavar else metavar.strip("[]."),
        help=argument.help or "",
        required=argument.required,
        several=argument.nargs != 1,
        fill="peer" if isinstance(argument, PeerArgument) else _fill(argument.type),
        choices=_choices(argument.type),
    )


def _choices(kind: click.ParamType[object]) -> tuple[str, ...]:
    return tuple(kind.choices) if isinstance(kind, (click.Choice, Named)) else ()


def _fill(kind: click.ParamType[object]) -> Fill:
    if isinstance(kind, click.Choice):
        return "choice"
    if isinstance(kind, Named):
        return kind.fill
    if isinstance(kind, click.Path):
        return "file" if kind.file_okay else "folder"
    return ""
