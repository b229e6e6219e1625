"""What a run of retrieves comes to: counts, kinds of failures, and the exit status that follows from them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dimsetools.dataset.attributes import texts
from dimsetools.errors import ExitCode, Interrupted, StatusFailure, SubOperationsFailed, worst
from dimsetools.services.retrieve import OUT_OF_RESOURCES, UNIQUE_KEYS
from dimsetools.status import is_failure, is_warning

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dimsetools.errors import DimseError
    from dimsetools.services.retrieve import Retrieved, Wanted
    from dimsetools.services.verify import Verified

_WORDS = {"PATIENT": "patient", "STUDY": "study", "SERIES": "series", "IMAGE": "image", "FRAME": "frames of"}


def named(wanted: Wanted) -> str:
    """Return what is retrieved in a few words: the level, and the lowest unique key."""
    level = _WORDS.get(wanted.level, "object")
    for tag in reversed(UNIQUE_KEYS):
        values = texts(wanted.identifier, tag)
        if len(values) > 1:
            return f"{len(values)} {'images' if wanted.level == 'IMAGE' else level} from {values[0]} on"
        if values:
            return f"{level} {values[0]}"
    return level


class Tally:
    """What a run has come to: counts, kinds of failures and the exit status that follows from them.

    `completed`, `failed` and `warnings` are the peer's counts; `objects` and `refused` came here.
    `verified_objects` are those that the peer has of what was compared with it, None if nothing was.
    """

    def __init__(self) -> None:
        self.retrieves = self.objects = self.size = self.refused = 0
        self.completed = self.failed = self.warnings = self.missing = self.unread = 0
        self.disk_full = False
        self.verified_objects: int | None = None
        self._codes: set[ExitCode] = set()
        self._ended: set[ExitCode] = set()
        self._kinds: dict[tuple[str, int], tuple[DimseError, str, int]] = {}

    def landed(self, record: Mapping[str, object], status: int) -> None:
        """Count an object that came."""
        if is_failure(status):
            self.refused += 1
            self.disk_full |= status == OUT_OF_RESOURCES
            return
        self.objects += 1
        self.size += int(str(record["_bytes"] or 0))

    def ended(self, retrieved: Retrieved) -> None:
        """Count a retrieve that is over."""
        counts, error = retrieved.counts, retrieved.error
        self.retrieves += 1
        self.completed += counts.stored
        self.failed += counts.failed
        self.warnings += counts.warning + (
            error is None and is_warning(retrieved.status or 0) and not counts.warning
        )
        if error is None:
            short = retrieved.refused and not counts.failed
            self._codes.add(ExitCode.OK if not short else ExitCode.PARTIAL)
            return
        self._codes.add(error.exit_code)
        of_this = isinstance(error, StatusFailure)
        if not of_this:
            self._ended.add(error.exit_code)
        self._explain(error, named(retrieved.wanted) if of_this else "")

    def verified(self, verified: Verified) -> None:
        """Count what a comparison with the peer has shown."""
        self.missing += verified.missing_count
        if verified.error is None:
            self.verified_objects = (self.verified_objects or 0) + verified.expected
        if verified.error is not None:
            self._codes.add(verified.error.exit_code)
            self._explain(verified.error, f"to verify {named(verified.wanted)}")

    def unreadable(self) -> None:
        """Count a line of a manifest, or a match, that names nothing to retrieve."""
        self.unread += 1

    def ended_by(self, error: DimseError) -> None:
        """Note what ended the run outside of a retrieve."""
        self._ended.add(error.exit_code)
        self._explain(error, "")

    def _explain(self, error: DimseError, where: str) -> None:
        key = error.name, getattr(error, "status", 0)
        first, about, times = self._kinds.get(key, (error, where, 0))
        self._kinds[key] = first, about, times + 1

    def exit_status(self, *, strict: bool, error_on_empty: bool) -> ExitCode:
        """Return the exit status: what ended the run, our disk, the retrieves, what is missing, the rest."""
        if self._ended:
            return max(self._ended)
        if self.disk_full:
            return ExitCode.OUTPUT
        code = worst(self._codes)
        if code is not ExitCode.OK:
            return code
        if self.missing:
            return ExitCode.PARTIAL
        if self.unread:
            return ExitCode.INPUT_INVALID if self.retrieves else ExitCode.INPUT_NONE_VALID
        if error_on_empty and not (self.objects or self.completed):
            return ExitCode.NO_MATCH
        return ExitCode.WARNINGS if strict and self.warnings else ExitCode.OK

    def explanations(self, address: str, code: ExitCode) -> Iterator[tuple[DimseError, str]]:
        """Return each kind of failure as an error with `code` as exit status, and what it was about."""
        for error, where, times in self._kinds.values():
            if isinstance(error, Interrupted):
                continue
            error.exit_code = code  # what is said to be the exit status shall be it
            if self.disk_full and isinstance(error, SubOperationsFailed):
                error.hint = (
                    "make room on the disk; with --on-duplicate keep the same command fetches the rest"
                )
            others = f" and {times - 1} more" if times > 1 else ""
            yield error, f"{where}{others}" if where else address
