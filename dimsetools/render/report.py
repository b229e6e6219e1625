"""The report of a run: one row a file, in the file that the user named, there as soon as it is known.

Each row is one write, so that a killed run leaves every row up to then: NDJSON and CSV end after the last
whole row, and JUnit XML is a complete document after each row, because its end is written behind the
row and overwritten by the next.
"""

from __future__ import annotations

import os
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple, Self

from dimsetools.errors import ReportError, UsageError
from dimsetools.render.formats import Formatter, Layout, Record, formatter

if TYPE_CHECKING:
    from collections.abc import Sequence

_FORMATS = {".ndjson": "json", ".jsonl": "json", ".json": "json", ".csv": "csv", ".xml": "junit"}
OUTCOMES = ("ok", "warning", "failed", "skipped")


class Row(NamedTuple):
    """One file. `outcome` is one of OUTCOMES; `code` and `message` say why it failed or was skipped.

    `record` is the operation's record, as `--format json` prints it.
    """

    name: str
    outcome: str
    record: Record
    seconds: float = 0.0
    code: str = ""
    message: str = ""


class Report:
    """The open report; usable from any thread. Every failure is a ReportError."""

    def __init__(self, path: str, write: Writer) -> None:
        self._path = path
        self._writer = write
        self._lock = Lock()

    def row(self, row: Row) -> None:
        """Add a row."""
        with self._lock:
            try:
                self._writer.row(row)
            except OSError as error:
                raise _unwritable(self._path, error) from error

    def close(self) -> None:
        """Close the file."""
        try:
            self._writer.close()
        except OSError as error:
            raise _unwritable(self._path, error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


class Writer:
    """Rows of a format to a descriptor that it owns. Raises OSError."""

    def __init__(self, descriptor: int, rows: Formatter) -> None:
        self._descriptor = descriptor
        self._rows = rows

    def row(self, row: Row) -> None:
        """Append a row."""
        self._append(self._rows.record(row.record, None))

    def close(self) -> None:
        """Close the descriptor."""
        os.close(self._descriptor)

    def _append(self, text: str) -> None:
        rest = text.encode("utf-8", "backslashreplace")
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]


class JUnit(Writer):
    """One `<testcase>` a file, as CI servers show them. Needs a file that can be written in place."""

    _END = "</testsuite>\n</testsuites>\n"
    _ROOM = 160  # characters for the opening tag of the suite, whose counts grow

    def __init__(self, descriptor: int, title: str) -> None:
        from dimsetools.render import xml

        self._descriptor = descriptor
        self._quoted = xml.quoted
        self._title = title
        self._counts = dict.fromkeys(OUTCOMES, 0)
        self._seconds = 0.0
        self._offset = os.lseek(descriptor, 0, os.SEEK_CUR)
        self._put(self._opening() + self._END)
        self._offset -= len(self._END)

    def row(self, row: Row) -> None:
        """Write the row and the end over the old end, then the counts."""
        self._counts[row.outcome] += 1
        self._seconds += row.seconds
        self._put(self._case(row) + self._END)
        self._offset -= len(self._END)
        end, self._offset = self._offset, 0
        self._put(self._opening())
        self._offset = end

    def _put(self, text: str) -> None:
        rest = text.encode("utf-8", "backslashreplace")
        while rest:
            written = os.pwrite(self._descriptor, rest, self._offset)
            self._offset += written
            rest = rest[written:]

    def _opening(self) -> str:
        counts = self._counts
        tag = (
            f'<testsuite name={self._quoted(self._title)} tests="{sum(counts.values())}" '
            f'failures="{counts["failed"]}" errors="0" skipped="{counts["skipped"]}" '
            f'time="{self._seconds:.3f}"'
        )
        return f'<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n{tag:<{self._ROOM}}>\n'

    def _case(self, row: Row) -> str:
        quoted = self._quoted
        tag = f'<testcase classname={quoted(self._title)} name={quoted(row.name)} time="{row.seconds:.3f}"'
        if row.outcome == "failed":
            return f"{tag}><failure type={quoted(row.code)} message={quoted(row.message)}/></testcase>\n"
        if row.outcome == "skipped":
            return f"{tag}><skipped message={quoted(row.message)}/></testcase>\n"
        if row.outcome == "warning":
            said = quoted(row.message)[1:-1]
            return f"{tag}><system-out>{said}</system-out></testcase>\n"
        return f"{tag}/>\n"


def create(path: str, title: str, columns: Sequence[str] | None = None) -> Report:
    """Create the report `path`, replacing what is there; its suffix names the format.

    `.ndjson`, `.jsonl` and `.json` are one JSON object a line, `.csv` has `columns` (else the first record's
    keys), `.xml` is JUnit XML with a suite called `title`. Raises UsageError for another suffix, ReportError
    if the file cannot be written.
    """
    suffix = os.path.splitext(path)[1].lower()
    kind = _FORMATS.get(suffix)
    if kind is None:
        raise UsageError(
            f"the report {path} has no known suffix", hint=f"end its name in {', '.join(_FORMATS)}"
        )
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o666)
    except OSError as error:
        raise _unwritable(path, error) from error
    if kind != "junit":
        rows = formatter(kind, Layout())
        rows.columns = columns
        return Report(path, Writer(descriptor, rows))
    try:
        return Report(path, JUnit(descriptor, title))
    except OSError as error:
        os.close(descriptor)
        raise _unwritable(path, error) from error


def _unwritable(path: str, error: OSError) -> ReportError:
    return ReportError(f"cannot write the report {path}: {error.strerror}")
