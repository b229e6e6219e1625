"""Which files a command is about: names, folders, lists and globs, found and checked before any call."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import IO, TYPE_CHECKING, NamedTuple, Protocol

import click

from dimsetools.errors import InputError, InputMissing, InputUnreadable

if TYPE_CHECKING:
    from dimsetools.options import Session
    from dimsetools.services.examine import Item, Leniency, Remark
    from dimsetools.services.selection import Skipped


class Inputs(NamedTuple):
    """What the user says of files."""

    paths: tuple[str, ...] = ()
    files_from: str | None = None
    null: bool = False
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    @property
    def named(self) -> bool:
        """Whether any are."""
        return bool(self.paths) or self.files_from is not None


class Telling(Protocol):
    """Hears of files that are odd, and of those that are passed over."""

    def remark(self, remark: Remark) -> None:
        """Tell of something odd."""

    def skipped(self, skipped: Skipped) -> None:
        """Tell of an input that is not taken."""


def examined(
    session: Session, inputs: Inputs, leniency: Leniency, telling: Telling, *, fail_fast: bool = False
) -> list[Item]:
    """Find and check the files; tell of those that are no objects. The first of them raises if it shall.

    InputMissing if there is nothing at all.
    """
    from dimsetools.services.examine import Item, Remark, examine
    from dimsetools.services.selection import Patterns, select

    items: list[Item] = []
    skipped = False
    with _paths(inputs) as paths:
        found = select(paths, Patterns(inputs.include, inputs.exclude))
        for result in examine(found, leniency, stop=session.stop):
            if isinstance(result, Item):
                items.append(result)
            elif isinstance(result, Remark):
                telling.remark(result)
            else:
                telling.skipped(result)
                skipped = skipped or not result.expected
                if fail_fast and not result.expected:
                    kind = InputUnreadable if isinstance(result.error, InputUnreadable) else InputError
                    raise kind(f"{result.path}: {result.error.message}", hint=result.error.hint)
    if not items and not skipped and not session.stop.requested:
        raise InputMissing("no objects were found", hint="check the paths, --include and --exclude")
    return items


@contextmanager
def _paths(inputs: Inputs) -> Iterator[Iterator[str]]:
    """Give the paths of the command line, then those of the list."""
    with ExitStack() as stack:

        def paths() -> Iterator[str]:
            yield from inputs.paths
            if inputs.files_from is not None:
                from dimsetools.services.selection import listed

                yield from listed(_opened(stack, inputs.files_from), zero=inputs.null)

        yield paths()


def _opened(stack: ExitStack, path: str) -> IO[bytes]:
    if path == "-":
        return sys.stdin.buffer
    try:
        return stack.enter_context(open(path, "rb"))
    except OSError as error:
        raise InputUnreadable(f"cannot read the list {path}: {error.strerror}") from None


FILES = (
    click.Option(
        ["--files-from"],
        type=click.Path(dir_okay=False, allow_dash=True),
        metavar="FILE",
        help="Take what FILE lists, a path a line; - is stdin.",
    ),
    click.Option(["-0", "--null"], is_flag=True, help="Paths in that list end in NUL (find -print0)."),
    click.Option(
        ["--include"], multiple=True, metavar="GLOB", help="Take only such files of folders. Repeatable."
    ),
    click.Option(
        ["--exclude"], multiple=True, metavar="GLOB", help="Pass over such files and folders. Repeatable."
    ),
)
"""Options of a command whose arguments are paths; the fields of Inputs have their names."""
