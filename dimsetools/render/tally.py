"""What a run of storage comes to: counts, kinds of failures, and the exit status that follows from them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dimsetools.errors import ExitCode, InputError, InputUnreadable, NoContext, StatusFailure, worst

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dimsetools.errors import DimseError
    from dimsetools.services.selection import Skipped
    from dimsetools.services.store import Stored


class Kind(NamedTuple):
    """Failures of one kind: the first of them and how many there are."""

    error: DimseError
    path: str
    times: int
    of_file: bool


class Kinds:
    """Failures by what they are called: each kind is explained once, however often it came."""

    def __init__(self) -> None:
        self._kinds: dict[tuple[str, int], Kind] = {}

    def add(self, error: DimseError, path: str, *, of_file: bool) -> None:
        """Count a failure; `of_file` tells that it is about what `path` names, and not about the peer."""
        key = error.name, getattr(error, "status", 0)
        known = self._kinds.get(key, Kind(error, path, 0, of_file))
        self._kinds[key] = known._replace(times=known.times + 1)

    def explanations(self, address: str, code: ExitCode) -> Iterator[tuple[DimseError, str]]:
        """Return each kind of failure as an error with `code` as exit status, and what it was about."""
        for kind in self._kinds.values():
            error = kind.error
            error.exit_code = code  # what is said to be the exit status shall be it
            others = f" and {kind.times - 1} more" if kind.times > 1 else ""
            yield error, f"{kind.path}{others}" if kind.of_file else address


class Tally:
    """What has become of the inputs so far. `bytes` counts data sets that were sent."""

    def __init__(self) -> None:
        self.objects = self.sent = self.warnings = self.failed = self.unsent = 0
        self.skipped = self.bytes = 0
        self._kinds = Kinds()
        self._inputs: set[ExitCode] = set()
        self._outcomes: set[ExitCode] = set()
        self._ended: set[ExitCode] = set()

    def skip(self, skipped: Skipped) -> None:
        """Count an input that is not sent, unless nobody would have expected it to be."""
        if skipped.expected:
            return
        self.skipped += 1
        unreadable = isinstance(skipped.error, InputUnreadable)
        self._inputs.add(ExitCode.INPUT_UNREADABLE if unreadable else ExitCode.INPUT_INVALID)

    def add(self, stored: Stored) -> str:
        """Count an object; return its outcome: ok, warning or failed."""
        self.objects += 1
        error = stored.error
        if error is None:
            self.sent += 1
            self.bytes += stored.item.meta.length
            self._outcomes.add(ExitCode.OK)
            if stored.status:
                self.warnings += 1
                return "warning"
            return "ok"
        if stored.tries:
            self.failed += 1
        else:
            self.unsent += 1
        self._outcomes.add(error.exit_code)
        of_file = isinstance(error, (InputError, NoContext, StatusFailure))
        if not of_file:
            self._ended.add(error.exit_code)
        self._kinds.add(error, stored.item.path, of_file=of_file)
        return "failed"

    def exit_status(self, *, strict: bool) -> ExitCode:
        """Return the exit status: what ended the run comes first, then objects, then files, then warnings."""
        if self._ended:
            return max(self._ended)
        code = worst(self._outcomes)
        if code is not ExitCode.OK:
            return code
        if self._inputs:
            mixed = ExitCode.INPUT_INVALID if self.objects else ExitCode.INPUT_NONE_VALID
            return ExitCode.INPUT_UNREADABLE if self._inputs == {ExitCode.INPUT_UNREADABLE} else mixed
        return ExitCode.WARNINGS if strict and self.warnings else ExitCode.OK

    def explanations(self, address: str, code: ExitCode) -> Iterator[tuple[DimseError, str]]:
        """Return each kind of failure as an error with `code` as exit status, and what it was about."""
        return self._kinds.explanations(address, code)
