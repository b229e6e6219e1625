"""A command whose operations are words of their own: `dimse mpps start`, `dimse ups claim`."""

from __future__ import annotations

from collections.abc import Sequence

import click

from dimsetools.options.command import NetworkCommand


class Verbs(click.Group):
    """Holds network commands under one name; each is parsed as if it stood alone.

    `notes` are further paragraphs for the manual page, which the verbs share.
    """

    def __init__(
        self,
        name: str,
        *,
        help: str,  # noqa: A002  # click's own word
        verbs: Sequence[NetworkCommand],
        notes: Sequence[str] = (),
    ) -> None:
        super().__init__(
            name,
            help=help,
            commands={str(verb.name): verb.within(name) for verb in verbs},
            subcommand_metavar="VERB [ARGS]...",
            context_settings={"help_option_names": ["-h", "--help"]},
        )
        self.verbs = tuple(verbs)
        self.notes = tuple(notes)

    def list_commands(self, _ctx: click.Context) -> list[str]:
        """Return the verbs in the order in which they are used."""
        return [str(verb.name) for verb in self.verbs]

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the table of verbs and what they do."""
        with formatter.section("Verbs"):
            formatter.write_dl([(str(verb.name), verb.summary) for verb in self.verbs])

    def format_epilog(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Say where the options are."""
        formatter.write_paragraph()
        formatter.write_text(f"Options: dimse {self.name} VERB --help. More: man dimse-{self.name}")
