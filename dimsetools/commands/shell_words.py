"""The commands of a shell: those of `dimse` that say something to one peer, and a few of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import click

from dimsetools.commands.verbs import VERBS
from dimsetools.errors import UsageError, did_you_mean
from dimsetools.options.query import QUERY, WORDS
from dimsetools.options.types import COUNT, DURATION

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dimsetools.dataset.attributes import Attributes
    from dimsetools.options.query import Asked, Query

_STDIN = "-"
WAIT = 60.0
"""Seconds that `wait` waits."""


class Word(NamedTuple):
    """A command; `keeps` if its reply can be kept under a name."""

    name: str
    help: str
    params: tuple[click.Parameter, ...] = ()
    keeps: bool = False

    @property
    def command(self) -> click.Command:
        """What click parses it with."""
        return click.Command(
            self.name, params=list(self.params), help=self.help, add_help_option=False, no_args_is_help=False
        )

    @property
    def usage(self) -> str:
        """The line that says how it is written."""
        context = click.Context(self.command, info_name=self.name)
        return " ".join((self.name, *self.command.collect_usage_pieces(context)))

    @property
    def guide(self) -> str:
        """How it is written, and with what, to be read by people."""
        context = click.Context(click.Command(self.name))
        formatter = click.HelpFormatter()
        formatter.write(f"usage: {self.usage}\n")
        formatter.indent()
        formatter.write_text(self.help)
        formatter.write_dl(
            [row for param in self.params if (row := param.get_help_record(context)) is not None]
        )
        return formatter.getvalue()

    def check_name(self, name: str) -> None:
        """Raise UsageError if a reply is to be kept as `name`, "" for nothing, and there is none."""
        if name and not self.keeps:
            raise UsageError(f"{self.name} brings nothing that could be kept as {name}")

    def reads_stdin(self, params: Mapping[str, Any]) -> bool:
        """Tell whether `params` say that something comes from stdin."""
        words = params["words"] if self.name == "find" else ()
        return _STDIN in (params.get("file"), *params.get("files", ()), *words)

    def parse(self, words: Sequence[str]) -> dict[str, Any]:
        """Return the values of the parameters; UsageError for what is none of its words."""
        try:
            return self.command.make_context(self.name, list(words)).params
        except click.ClickException as error:
            raise UsageError(f"{self.name}: {error.format_message()}", hint=f"usage: {self.usage}") from None


def _about(verb: str) -> str:
    return {
        "nget": "Read attributes of an instance (N-GET).",
        "nset": "Change attributes of an instance (N-SET).",
        "naction": "Have something done with an instance (N-ACTION).",
        "ncreate": "Make an instance (N-CREATE).",
        "ndelete": "Delete an instance (N-DELETE).",
        "nevent": "Report an event of an instance (N-EVENT-REPORT).",
    }[verb]


_PATHS = click.Argument(
    ["paths"], metavar="PATH...", nargs=-1, required=True, type=click.Path(), help="Files and folders."
)
_QUERY = QUERY.without("relational", "fuzzy", "datetime", "timezone")
"""What is asked for in extended negotiation is not that of one query on an association of many."""
_NAME = click.Argument(["name"], metavar="NAME", help="What is kept.")

WORDS_OF_SHELL = {
    word.name: word
    for word in (
        *(Word(name, _about(name), verb.params, keeps=True) for name, verb in VERBS.items()),
        Word("echo", "See whether the peer answers (C-ECHO)."),
        Word(
            "find",
            "Ask what the peer has (C-FIND); the matches are kept as NAME[0], NAME[1] ...",
            (WORDS, *_QUERY.options),
            keeps=True,
        ),
        Word("store", "Send objects, in the classes that were accepted (C-STORE).", (_PATHS,)),
        Word(
            "image",
            "Render a frame of a file, and put it into an image box of a film (N-SET).",
            (
                click.Argument(["box"], metavar="UID", help="SOP Instance UID of the image box."),
                click.Argument(
                    ["path"], metavar="FILE", type=click.Path(), help="The file that has the frame."
                ),
                click.Option(
                    ["--position"], type=COUNT, default=1, metavar="N", help="On the film (default 1)."
                ),
                click.Option(
                    ["--frame"], type=COUNT, default=1, metavar="N", help="Of the file (default 1)."
                ),
                click.Option(
                    ["--bits"], type=click.Choice(["8", "12"]), default="8", help="Of gray (default 8)."
                ),
            ),
            keeps=True,
        ),
        Word(
            "wait",
            "Wait for an event that was not waited for yet, 60 s if nothing else is said.",
            (
                click.Argument(["seconds"], metavar="[SECONDS]", type=DURATION, required=False),
                click.Option(
                    ["--count"], type=COUNT, default=1, metavar="N", help="As many events (default 1)."
                ),
            ),
            keeps=True,
        ),
        Word("show", "Show what is kept.", (_NAME,)),
        Word("status", "Show the association, and what is kept."),
        Word(
            "help",
            "Show the commands, or how one is written.",
            (click.Argument(["name"], metavar="[COMMAND]", required=False),),
        ),
        Word("quit", "Release the association, and end."),
    )
}
"""The commands by their names."""


def query_keys(query: Query, asked: Asked) -> Attributes:
    """Return the keys of a query; UsageError, which advises nothing that a shell's find does not have."""
    try:
        return query.complete(asked)
    except UsageError as error:
        error.hint = error.hint.replace("use --relational", "--no-check, if the node takes such queries")
        raise


def guide() -> str:
    """Return what each command does in a line, and how replies are kept."""
    formatter = click.HelpFormatter()
    formatter.indent()
    formatter.write_dl([(one.name, one.help) for one in WORDS_OF_SHELL.values()])
    formatter.dedent()
    formatter.write("NAME = COMMAND keeps a reply, {NAME.Attribute} stands for what is in it.\n")
    return formatter.getvalue()


def word(name: str) -> Word:
    """Return the command of that name; UsageError names those that there are."""
    found = WORDS_OF_SHELL.get({"exit": "quit", "?": "help"}.get(name, name))
    if found is None:
        hint = did_you_mean(name, WORDS_OF_SHELL) or f"commands: {', '.join(WORDS_OF_SHELL)}"
        raise UsageError(f"{name!r:.80} is no command of the shell", hint=hint)
    return found
