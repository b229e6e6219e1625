"""`dimse scp --reindex` and `--check`: make an index of the files, or tell where they differ, and end."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

from dimsetools.errors import ExitCode

if TYPE_CHECKING:
    from dimsetools.render import Output

COLUMNS = ("_event", "_path")
_TELL_EVERY = 5.0
"""Seconds between lines on how far a rebuild is."""


def rebuild(folder: str, output: Output, *, durable: bool) -> int:
    """Index all objects below the folder anew, pass over files that are none; return the exit status."""
    from dimsetools.archive import reindex
    from dimsetools.render.units import counted

    told = monotonic()

    def tell(count: int) -> None:
        nonlocal told
        if monotonic() - told >= _TELL_EVERY:
            told = monotonic()
            output.note(f"{counted(count, 'file')} read")

    done = reindex.rebuild(folder, durable=durable, progress=tell)
    line = f"{counted(done.indexed, 'object')} in the index, {counted(done.passed_over, 'other file')}"
    record = {"_event": "summary", "_objects": done.indexed, "_passed_over": done.passed_over}
    output.summary(record, line)
    return ExitCode.OK


def check(folder: str, output: Output) -> int:
    """Tell of each file without an entry in the index, and each entry without a file; PARTIAL if any."""
    from dimsetools.archive import reindex
    from dimsetools.render.line import warn
    from dimsetools.render.units import counted

    output.columns(COLUMNS)
    number = 0
    for difference in reindex.check(folder):
        number += 1
        record = {"_event": difference.kind.value, "_path": difference.path}
        output.record(record, [warn(difference.kind.value), f" {difference.path}"])
    output.summary({"_event": "summary", "_differences": number}, f"{counted(number, 'difference')}")
    return ExitCode.PARTIAL if number else ExitCode.OK
