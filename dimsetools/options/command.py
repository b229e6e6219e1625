"""The class of every network command: it adds the shared options, so no command can lack or misspell one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Self

import click

from dimsetools.options.addressing import ADDRESSING, CONFIGURATION
from dimsetools.options.group import Group
from dimsetools.options.identity import IDENTITY
from dimsetools.options.negotiation import ACCEPTOR_NEGOTIATION, NEGOTIATION
from dimsetools.options.operation import OPERATION
from dimsetools.options.output import OUTPUT
from dimsetools.options.session import SESSION, Session
from dimsetools.options.spelling import PeerWords, respelled
from dimsetools.options.timeouts import ACCEPTOR_TIMEOUTS, TIMEOUTS
from dimsetools.options.tls import ACCEPTOR_TLS, TLS

REQUESTOR = (ADDRESSING, TIMEOUTS, NEGOTIATION, TLS, IDENTITY, OPERATION, OUTPUT)
"""The groups of a command that calls a peer."""
ACCEPTOR = (CONFIGURATION, ACCEPTOR_TIMEOUTS, ACCEPTOR_NEGOTIATION, ACCEPTOR_TLS, OUTPUT)
"""The groups of a command that listens."""


class PeerArgument(click.Argument):
    """A peer as text, `host PORT` as one word. With `several` the callback gets a tuple `peers`."""

    def __init__(self, *, several: bool = False, required: bool = True) -> None:
        name = "PEER..." if several else "PEER"
        super().__init__(
            ["peers" if several else "peer"],
            metavar=name if required else f"[{name}]",
            nargs=-1 if several else 1,
            required=required,
            help="A node of the configuration, AET@host:port, host:port, or host PORT.",
        )
        self.several = several


def groups_without(groups: Iterable[Group], *names: str) -> tuple[Group, ...]:
    """Return the groups without the options (by field name) that a command has no use for."""
    left = set(names)
    kept = []
    for group in groups:
        here = left & {str(option.name) for option in group.options}
        left -= here
        kept.append(group.without(*here))
    assert not left, left
    return tuple(kept)


class NetworkCommand(click.Command):
    """A command whose callback takes a Session, then its own parameters by name, and returns an exit status.

    `examples` are pairs of a command line and what it does; they end --help and stand in the manual page.
    `notes` are further paragraphs for the manual page alone.
    """

    def __init__(
        self,
        name: str,
        *,
        callback: Callable[..., int],
        help: str,  # noqa: A002  # click's own word
        params: Sequence[click.Parameter] = (),
        groups: Sequence[Group] = REQUESTOR,
        without: Sequence[str] = (),
        examples: Sequence[tuple[str, str]] = (),
        notes: Sequence[str] = (),
    ) -> None:
        self.family = ""
        self.own = list(params)
        self.groups = groups_without(groups, *without)
        self.examples = tuple(examples)
        self.notes = tuple(notes)
        shared = [option for group in self.groups for option in group.options]
        super().__init__(
            name,
            callback=callback,
            params=[*self.own, *shared],
            help=help,
            context_settings={"help_option_names": ["-h", "--help"]},
        )

    def within(self, family: str) -> Self:
        """Return the command, now a verb of another: of `mpps` if it is called as `dimse mpps start`."""
        self.family = family
        return self

    @property
    def full_name(self) -> str:
        """The words that call it, behind `dimse`."""
        return f"{self.family} {self.name}".lstrip()

    @property
    def summary(self) -> str:
        """What it does in a line: the first paragraph of its help."""
        return " ".join((self.help or "").partition("\n\n")[0].split())

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse after DCMTK's spellings and two-word peers have become ours."""
        peers = next((param for param in self.own if isinstance(param, PeerArgument)), None)
        words = PeerWords.NONE if peers is None else PeerWords.ALL if peers.several else PeerWords.FIRST
        return super().parse_args(ctx, respelled(args, self.full_name, self.get_params(ctx), words))

    def invoke(self, ctx: click.Context) -> Any:
        """Build the session from the shared options and hand it to the callback."""
        assert self.callback is not None
        with Session({group.values: group.take(ctx.params) for group in self.groups}) as session:
            ctx.meta[SESSION] = session
            return ctx.invoke(self.callback, session, **ctx.params)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write sections for arguments, the command's own options, and each group."""
        arguments = [param for param in self.own if isinstance(param, click.Argument)]
        options = [param for param in self.own if isinstance(param, click.Option)]
        self._section(ctx, formatter, "Arguments", arguments)
        self._section(ctx, formatter, "Options", [*options, *self._help_options(ctx)])
        for group in self.groups:
            self._section(ctx, formatter, group.title, group.options)

    def format_epilog(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples."""
        if self.examples:
            with formatter.section("Examples"):
                for line, meaning in self.examples:
                    formatter.write(f"{'':{formatter.current_indent}}{line}\n")
                    formatter.write(f"{'':{formatter.current_indent + 4}}{meaning}\n")
        formatter.write_paragraph()
        formatter.write_text(f"More: man dimse-{self.family or self.name}, man 5 dimse.toml")

    def format_arguments(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write nothing here: the arguments stand with the options."""

    def _help_options(self, ctx: click.Context) -> list[click.Option]:
        option = self.get_help_option(ctx)
        return [] if option is None else [option]

    @staticmethod
    def _section(
        ctx: click.Context, formatter: click.HelpFormatter, title: str, params: Iterable[click.Parameter]
    ) -> None:
        records = [record for param in params if (record := param.get_help_record(ctx)) is not None]
        if records:
            with formatter.section(title):
                formatter.write_dl(records)
