"""What a print job comes to: counts, kinds of failures, and the exit status that follows from them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dimsetools.errors import (
    ExitCode,
    InputError,
    InputUnreadable,
    Interrupted,
    LimitReached,
    StatusFailure,
    worst,
)
from dimsetools.render import units
from dimsetools.render.line import Line, Span, bad, good, warn
from dimsetools.render.tally import Kinds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dimsetools.association.values import Target
    from dimsetools.errors import DimseError
    from dimsetools.services.print_events import Filmed, Followed, Placed, Shot
    from dimsetools.services.selection import Skipped


def named(shot: Shot) -> str:
    """Return a frame as people call it."""
    return shot.file.path if shot.file.frames == 1 else f"{shot.file.path} frame {shot.number}"


class Tally:
    """What has become of the films and frames so far."""

    def __init__(self) -> None:
        self.frames = self.placed = self.printed = self.failed = self.unsent = 0
        self.skipped = self.warnings = 0
        self._films: dict[int, ExitCode] = {}
        self._inputs: set[ExitCode] = set()
        self._ended: DimseError | None = None
        self._kinds = Kinds()
        self._explained: DimseError | None = None

    def skip(self, skipped: Skipped) -> None:
        """Count a file that is not printed, unless nobody would have expected it to be."""
        if not skipped.expected:
            self.skipped += 1
            self._input(skipped.error)

    def _input(self, error: DimseError) -> None:
        unreadable = isinstance(error, InputUnreadable)
        self._inputs.add(ExitCode.INPUT_UNREADABLE if unreadable else ExitCode.INPUT_INVALID)

    def frame(self, placed: Placed) -> str:
        """Count a frame; return its outcome: ok, warning or failed."""
        error = placed.error
        if error is None and placed.status is not None:
            self.placed += 1
            self.warnings += placed.status != 0
            return "warning" if placed.status else "ok"
        if error is None:
            self.unsent += 1
            return "failed"
        if isinstance(error, InputError) and placed.film is None:
            self.skipped += 1
            self._input(error)
        self._explain(error, named(placed.shot))
        return "failed"

    def film(self, filmed: Filmed) -> None:
        """Count a film."""
        error = filmed.error
        self._films[filmed.film] = ExitCode.OK if error is None else error.exit_code
        if error is None:
            self.printed += 1
            self.warnings += bool(filmed.status)
        else:
            self.failed += 1
            if error is not self._explained:  # it was not that of an image on it
                self._explain(error, f"film {filmed.film}")

    def job(self, followed: Followed) -> None:
        """Count the end of a print job if it is none to be pleased with."""
        error = followed.error
        if error is not None:
            for film in followed.films:
                self._films[film] = error.exit_code
            self._explain(error, f"film {', '.join(map(str, followed.films))}")

    def end(self, error: DimseError | None) -> None:
        """Remember what ended the job before its time."""
        self._ended = error
        if error is not None and error is not self._explained:
            self._explain(error, "")

    def _explain(self, error: DimseError, what: str) -> None:
        self._explained = error
        ends = isinstance(error, (Interrupted, LimitReached))
        self._kinds.add(error, what, of_file=bool(what) and not ends)

    def exit_status(self, *, strict: bool) -> ExitCode:
        """Return the exit status: what ended the job comes first, then films, then files, then warnings."""
        codes = list(self._films.values())
        if self._ended is not None:
            if not isinstance(self._ended, StatusFailure):
                return self._ended.exit_code
            codes.append(self._ended.exit_code)
        code = worst(codes)
        if code is not ExitCode.OK:
            return code
        if self._inputs:
            mixed = ExitCode.INPUT_INVALID if self.placed else ExitCode.INPUT_NONE_VALID
            return ExitCode.INPUT_UNREADABLE if self._inputs == {ExitCode.INPUT_UNREADABLE} else mixed
        return ExitCode.WARNINGS if strict and self.warnings else ExitCode.OK

    def explanations(self, address: str, code: ExitCode) -> Iterator[tuple[DimseError, str]]:
        """Return each kind of failure as an error with `code` as exit status, and what it was about."""
        return self._kinds.explanations(address, code)


def summary_record(tally: Tally, target: Target, seconds: float, code: ExitCode) -> dict[str, object]:
    """Return the totals as a record."""
    return {
        "_event": "summary",
        "_address": str(target),
        "_films": tally.printed + tally.failed,
        "_printed": tally.printed,
        "_failed": tally.failed,
        "_frames": tally.frames,
        "_placed": tally.placed,
        "_unsent": tally.unsent,
        "_skipped": tally.skipped,
        "_warnings": tally.warnings,
        "_seconds": round(seconds, 6),
        "_exit": int(code),
    }


def summary_line(tally: Tally, target: Target, seconds: float) -> Line:
    """Return the totals as a line."""
    films = tally.printed + tally.failed
    whole = tally.printed == films and films
    style = good if whole else bad if not tally.printed else warn
    count = units.counted(films, "film")
    spans: list[str | Span] = [
        style(f"printed {count}" if whole else f"printed {tally.printed} of {count}"),
        f" with {units.counted(tally.placed, 'image')} at {target}",
        f" in {seconds:.2f} s" if seconds >= 1 else f" in {units.milliseconds(seconds)} ms",
    ]
    counts = [
        (tally.warnings, warn, "with a warning"),
        (tally.unsent, bad, "not sent"),
        (tally.skipped, warn, "skipped"),
    ]
    for number, colour, what in counts:
        if number:
            spans += ["  ", colour(f"{number} {what}")]
    return spans
