"""`dimse`: the table of commands, and the one place where an exception becomes a message and an exit status.

Loads click and nothing heavier; a command's module is loaded when that command runs.
"""

from __future__ import annotations

import errno
import gc
import io
import os
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from typing import Any, ClassVar, NoReturn

import click

from dimsetools import __version__
from dimsetools.errors import (
    DimseError,
    ExitCode,
    InputError,
    Interrupted,
    OutputError,
    UsageError,
    did_you_mean,
)

COMMANDS: dict[str, tuple[str, str]] = {
    "echo": ("dimsetools.commands.echo", "Test whether nodes answer (C-ECHO)."),
    "store": ("dimsetools.commands.store", "Send files to a node (C-STORE)."),
    "find": ("dimsetools.commands.find", "Ask a node what it has (C-FIND)."),
    "get": ("dimsetools.commands.get", "Fetch objects from a node (C-GET)."),
    "move": ("dimsetools.commands.move", "Have a node send objects somewhere (C-MOVE)."),
    "nget": ("dimsetools.commands.nget", "Read attributes of an instance (N-GET)."),
    "nset": ("dimsetools.commands.nset", "Change attributes of an instance (N-SET)."),
    "naction": ("dimsetools.commands.naction", "Have something done with an instance (N-ACTION)."),
    "ncreate": ("dimsetools.commands.ncreate", "Make an instance (N-CREATE)."),
    "ndelete": ("dimsetools.commands.ndelete", "Delete an instance (N-DELETE)."),
    "nevent": ("dimsetools.commands.nevent", "Report an event of an instance (N-EVENT-REPORT)."),
    "mpps": ("dimsetools.commands.mpps", "Tell a node how a procedure step goes (MPPS)."),
    "ups": ("dimsetools.commands.ups", "Schedule, perform and watch work (UPS)."),
    "print": ("dimsetools.commands.print", "Print images on films."),
    "commit": ("dimsetools.commands.commit", "Have a node promise to keep what it was sent."),
    "shell": ("dimsetools.commands.shell", "Say several things to a node over one association."),
    "listen": ("dimsetools.commands.listen", "Take events that nodes report (N-EVENT-REPORT)."),
    "scp": ("dimsetools.commands.scp", "Be a node: keep what is sent, answer queries, send objects."),
    "demo": ("dimsetools.commands.demo", "See it work: a node and the commands against it, on this machine."),
}
"""Name -> module with the attribute `command`, and what it does in a line."""

_HELP = "The DICOM message service on the command line: both sides of each of its operations."
_EXIT_STATUS = (
    "Exit status: 0 success, 1 failure status of the peer, 2 usage, 3 partial, 4 no match, 20-23 input, "
    "40-45 output, 60 no connection, 61 rejected or aborted, 62 no answer or connection lost, "
    "66 no presentation context, 68-69 warnings, 70 TLS, 75 limit reached, 130 and 143 interrupted."
)
_OURS = "cannot-listen"
"""A failure that is not about the peer, by its name: its room is not loaded for that."""
_GARBAGE = 50_000
"""Objects between two looks for cyclic garbage. Loading makes many that all stay: to look at them again and
again, each 700 of them, takes a tenth of the time of a small command."""
_CANNOT_WRITE = {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG}


class BugError(DimseError):
    """A failure that nobody foresaw."""

    name: ClassVar[str] = "bug"


class CommandTable(click.Group):
    """Lists commands without loading them."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        """Return the names in the table's order."""
        return list(COMMANDS)

    def get_command(self, _ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load one command, None if there is none of that name."""
        if cmd_name not in COMMANDS:
            return None
        command = import_module(COMMANDS[cmd_name][0]).command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the table of names and what they do."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, meaning) for name, (_, meaning) in COMMANDS.items()])

    def format_epilog(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the exit statuses in brief."""
        formatter.write_paragraph()
        formatter.write_text(_EXIT_STATUS)
        formatter.write_paragraph()
        formatter.write_text("More: man dimse, man 5 dimse.toml")


@click.command(
    "dimse",
    cls=CommandTable,
    help=_HELP,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, prog_name="dimse", message="%(prog)s %(version)s")
def dimse() -> None:
    """Run one of the commands."""


def process() -> NoReturn:
    """Be the process `dimse`: run its command line and end."""
    gc.set_threshold(_GARBAGE)
    _end(main())


def _end(code: int) -> NoReturn:
    """End at once: to take the interpreter apart, object by object, takes as long as a small C-GET."""
    if all(thread.daemon or thread is threading.main_thread() for thread in threading.enumerate()):
        with suppress(OSError, ValueError):  # the interpreter knows how to fail
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
    sys.exit(code)


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command line and return the exit status of the process."""
    _open_streams()
    words = list(sys.argv[1:] if argv is None else argv)
    meta: dict[str, Any] = {}
    try:
        with dimse.make_context("dimse", words) as context:
            meta = context.meta
            code = int(dimse.invoke(context) or 0)
        sys.stdout.flush()
    except click.exceptions.Exit as end:  # --help, --version
        code = end.exit_code
    except BrokenPipeError:
        return _reader_left()
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001  # outermost: every failure gets its message
        return _failed(error, words, meta)
    return code


def _open_streams() -> None:
    """Make both streams usable.

    Whoever closed one of them (`>&-`) gets the null device, so that nothing else gets its number. Programs
    read results in UTF-8 whatever the locale; only a terminal gets what it can show.
    """
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115  # for as long as the process lives
    elif isinstance(sys.stdout, io.TextIOWrapper) and not sys.stdout.isatty():
        sys.stdout.reconfigure(encoding="utf-8")
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115  # for as long as the process lives


def _reader_left() -> int:
    """End quietly: `| head` has what it wanted, and the interpreter shall not flush into the closed pipe."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return ExitCode.OK


def _failed(error: BaseException, words: list[str], meta: dict[str, Any]) -> int:
    """Tell what went wrong, on stderr and where the format wants it as a record; return the exit status."""
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        error.show()
        return ExitCode.USAGE
    from dimsetools.options.output import glimpsed
    from dimsetools.options.session import SESSION
    from dimsetools.render import Output

    session = meta.get(SESSION)
    options = session.output if session is not None else glimpsed(words)
    named = _named(error, words)
    if options.debug and isinstance(named, BugError):
        import traceback

        traceback.print_exception(error)
    try:
        with Output(**options.printing()) as output:
            ours = isinstance(named, (UsageError, InputError, OutputError)) or named.name == _OURS
            output.failure(named, "" if session is None or ours else session.called)
    except BrokenPipeError:
        _reader_left()
    except OutputError as full:  # where the record should have gone
        return _failed(full, words, meta)
    return named.exit_code


def _named(error: BaseException, words: list[str]) -> DimseError:
    """Return the failure as one of ours."""
    if isinstance(error, DimseError):
        return error
    if isinstance(error, click.exceptions.NoSuchCommand):  # its own words say twice which is near
        return UsageError(error.message, hint=_usage_hint(error, words))
    if isinstance(error, click.ClickException):
        return UsageError(error.format_message(), hint=_usage_hint(error, words))
    if isinstance(error, (KeyboardInterrupt, click.Abort)):
        return Interrupted("interrupted")
    if isinstance(error, OSError) and error.errno in _CANNOT_WRITE:
        return OutputError(f"cannot write: {error.strerror}")
    return BugError(
        f"this is a bug in dimse: {type(error).__name__}: {error}",
        hint="--debug shows where; please report it with that",
    )


def _usage_hint(error: click.ClickException, words: list[str]) -> str:
    """Return which --help to read; options of a command do not stand before its name."""
    context = getattr(error, "ctx", None)
    if context is None:
        command = " ".join(("dimse", *words[:1])) if words[:1] and words[0] in COMMANDS else "dimse"
        return f"{command} --help"
    group, path = context.command, context.command_path
    if isinstance(group, click.Group):
        word = "command" if path == "dimse" else "verb"
        if isinstance(error, click.exceptions.NoSuchCommand):
            names = group.list_commands(context)
            return did_you_mean(error.command_name, names) or f"{word}s: {', '.join(names)}"
        if isinstance(error, click.NoSuchOption):
            return f"options stand behind the {word}: {path} {word.upper()} [OPTIONS]"
    return f"{path} --help"
