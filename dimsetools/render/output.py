"""Where everything that a command says goes: results to stdout as they come, the rest to stderr."""

from __future__ import annotations

import os
import sys
import time
from threading import Lock
from types import MappingProxyType
from typing import IO, TYPE_CHECKING, Self

from dimsetools.errors import DimseError, OutputError
from dimsetools.render import color as color_policy
from dimsetools.render import diagnosis
from dimsetools.render.formats import Layout, Record, formatter
from dimsetools.render.line import Line, rendered, warn
from dimsetools.render.screen import Screen, can_erase

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import TracebackType

    from dimsetools.dataset.attributes import Attributes
    from dimsetools.render.progress import Progress, State

_NOTHING: Record = MappingProxyType({})
_FIRST_PAINT = 0.3  # seconds; shorter work is over before a bar could tell anything
_PAINT_EVERY = 0.1
_HOLD = 0.02
"""Seconds that a result may wait for more of them; a system call for each would take as long as making it."""
_HOLD_TABLE = 0.1
"""The first of them settle the widths of the columns."""
_HELD = 65536


class Output:
    """One command's voice, usable from any thread.

    `format` is one of FORMATS; without one it is table on a terminal and tsv elsewhere. `quiet` keeps stderr
    empty and leaves stdout as it is. Notes up to level `verbosity` are shown. `log_json` makes each line on
    stderr a JSON object. `stats` is the time in seconds between progress lines away from a terminal, 0 for
    none. Writing to a closed pipe raises BrokenPipeError, any other failure on stdout OutputError.
    """

    def __init__(
        self,
        format: str | None = None,  # noqa: A002  # the option's name
        *,
        fields: Sequence[str] | None = None,
        headers: bool = True,
        quiet: bool = False,
        verbosity: int = 0,
        color: str = "auto",
        log_json: bool = False,
        stats: float = 30.0,
        stdout: IO[str] | None = None,
        stderr: IO[str] | None = None,
    ) -> None:
        stdout = sys.stdout if stdout is None else stdout
        self._stderr = sys.stderr if stderr is None else stderr
        self.format = format or ("table" if stdout.isatty() else "tsv")
        self.quiet = quiet
        self.verbosity = verbosity
        self._stats = stats
        self._color = color_policy.wanted(color, self._stderr)
        layout = Layout(
            fields=tuple(fields) if fields else None,
            headers=headers,
            color=color_policy.wanted(color, stdout),
            ascii=not _takes_unicode(stdout),
            width=_width(stdout),
        )
        self._formatter = formatter(self.format, layout)
        self._log: Callable[[object], str] | None = None
        if log_json:
            from dimsetools.render.json import encoder

            self._log = encoder(ascii_only=True)
        self._screen = Screen(stdout, self._stderr)
        self._results = Lock()  # a format may begin with its first record: it must be written first, too
        self._hold = _HOLD_TABLE if self.format == "table" else _HOLD
        self._held: list[str] = []
        self._holding = False
        self._size = 0
        self._written = 0.0

    # -- results --------------------------------------------------------------------------------

    def columns(self, names: Sequence[str]) -> None:
        """Name the columns of tsv, csv and tables of results; fields that the user picked win."""
        if self._formatter.columns is None:
            self._formatter.columns = tuple(names)

    def record(self, record: Record, line: Line | None = None) -> None:
        """Write one result at once; `line` is how a person reads it."""
        with self._results:
            self._release()
            self._screen.out(self._formatter.record(record, line))

    def naming(self, word: str) -> None:
        """Call what `result` shows a `word`: it is a match otherwise."""
        self._formatter.word = word

    def result(self, attributes: Attributes, extra: Record = _NOTHING, *, more: bool = False) -> None:
        """Write one data set that a peer gave us, `extra` beside it under names of our own.

        With `more` at hand it may wait for them, but no longer than a person would notice.
        """
        with self._results:
            text = self._formatter.result(attributes, extra)
            self._held.append(text)
            self._size += len(text)
            self._holding = True
            now = time.monotonic()
            self._written = self._written or now
            if not more or self._size > _HELD or now - self._written > self._hold:
                self._release()

    def operation(self, record: Record, attributes: Attributes, line: Line | None = None) -> None:
        """Write one result at once, with the data set that belongs to it."""
        with self._results:
            self._release()
            self._screen.out(self._formatter.operation(record, attributes, line))

    def flush(self) -> None:
        """Write the results that still wait for more."""
        with self._results:
            self._release()

    def _release(self) -> None:
        if not self._holding:
            return
        self._held.append(self._formatter.flush())
        text = "".join(self._held)
        self._held.clear()
        self._holding, self._size, self._written = False, 0, time.monotonic()
        self._screen.out(text)

    def summary(self, record: Record, line: Line | None = None) -> None:
        """Write the totals: to stdout if the format has a place for them, else the line to stderr.

        Without a line, only the formats that are made for programs have totals.
        """
        with self._results:
            self._release()
            text = self._formatter.summary(record, line)
            if text:
                self._screen.out(text)
        if line is not None and not text:
            self.note(line)

    # -- everything else ------------------------------------------------------------------------

    def note(self, line: Line, level: int = 0) -> None:
        """Say something on stderr: level 0 unless quiet, 1 with -v, 2 with -vv, 3 with -d."""
        if level <= self.verbosity:
            self._say("debug" if level > 2 else "info", line)

    def log(self, record: Record, line: Line, level: int = 0) -> None:
        """Tell on stderr of something that happened: the line, or the record as it is with JSON logs."""
        if level <= self.verbosity:
            self._say("debug" if level > 2 else "info", line, record)

    def warning(self, line: Line) -> None:
        """Say on stderr that something is odd, unless quiet."""
        self._say("warning", line)

    def failure(
        self,
        error: DimseError,
        node: str = "",
        *,
        record: Record | None = None,
        line: Line | None = None,
        explain: bool = True,
    ) -> None:
        """Tell of a failure: as an error record where the format has them, and explained on stderr.

        `record` and `line` are the failed operation as a result, for the formats without error records.
        `explain` off keeps stderr empty, as quiet does: for a failure that was explained before. OutputError
        where the record cannot be written, unless that is the failure.
        """
        told = diagnosis.record(error, node)
        unwritten: OutputError | None = None
        with self._results:
            self._release()
            text = self._formatter.error(told)
            if not text and record is not None:
                text = self._formatter.record(record, line)
            try:
                if text:
                    self._screen.out(text)
            except OutputError as full:
                unwritten = full
        if not self.quiet and explain:
            self._explain(error, node, told)
        if unwritten is not None and not isinstance(error, OutputError):
            raise unwritten

    def _explain(self, error: DimseError, node: str, told: Record) -> None:
        """Say on stderr what went wrong, or log it."""
        if self._log is not None:
            self._screen.err(self._log({"_time": _now(), "_level": "error", **told}) + "\n")
        else:
            lines = diagnosis.lines(error, node)
            self._screen.err("".join(f"{rendered(line, self._color)}\n" for line in lines))

    def prompt(self, text: str) -> None:
        """Show text at the bottom of the terminal, below all that is said; an empty one takes it away."""
        self._screen.paint(text)

    def progress(self, total_objects: int = 0, total_bytes: int = 0) -> Progress:
        """Begin to show progress on stderr; a total of 0 is unknown. Close it before the summary."""
        from dimsetools.render.progress import Progress

        if self.quiet:
            first = every = float("inf")
            show = self._tell
        elif self._log is None and can_erase(self._stderr):
            from dimsetools.render.painter import Painter

            first, every = _FIRST_PAINT, _PAINT_EVERY
            show = Painter(self._screen.paint, self._color).show
        else:
            first = every = self._stats or float("inf")
            show = self._tell
        return Progress(total_objects, total_bytes, show, lambda: self._screen.paint(""), first, every)

    # -- life -----------------------------------------------------------------------------------

    def close(self, *, failed: bool = False) -> None:
        """Complete the document on stdout; call it once, after the last record.

        With `failed`, a document that was not begun is left to the Output which reports the failure.
        """
        self.flush()
        text = self._formatter.close(failed=failed)
        if text:
            self._screen.out(text)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not isinstance(error, OSError):  # stdout is gone; nothing can complete the document
            self.close(failed=error is not None)

    def _tell(self, state: State) -> None:
        self._say("info", ", ".join(filter(None, state.words())), {"_event": "progress", **state.numbers()})

    def _say(self, level: str, line: Line, record: Mapping[str, object] | None = None) -> None:
        if self.quiet:
            return
        if self._holding:  # what was seen first is said first
            self.flush()
        if self._log is not None:
            said = record or {"_event": "log", "_message": rendered(line, color=False)}
            self._screen.err(self._log({"_time": _now(), "_level": level, **said}) + "\n")
            return
        if level == "warning":
            line = [warn("warning: "), *([line] if isinstance(line, str) else line)]
        self._screen.err(rendered(line, self._color) + "\n")


def _now() -> str:
    """Return the wall clock as RFC 3339 in UTC."""
    seconds = time.time()
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{int(seconds % 1 * 1000):03d}Z"


def _takes_unicode(stream: IO[str]) -> bool:
    """Tell whether every character can be written to the stream; if not, see to it that none raises."""
    encoding = getattr(stream, "encoding", None)
    if encoding is None or encoding.lower().replace("_", "-") in {"utf-8", "utf8"}:
        return True
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(errors="backslashreplace")
    return False


def _width(stream: IO[str]) -> int:
    """Return the columns of a terminal, 0 for another stream; 80 where the terminal does not know."""
    if not stream.isatty():
        return 0
    try:
        return int(os.environ.get("COLUMNS", "0")) or os.get_terminal_size(stream.fileno()).columns or 80
    except (OSError, ValueError):
        return 80
