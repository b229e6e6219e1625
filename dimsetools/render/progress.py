"""Progress of long work: a bar on a terminal, elsewhere a line now and then.

An update costs a comparison with the clock. Nothing is drawn, and rich is not loaded, before the work has
lasted a moment. There is no thread: what is shown is as old as the last update, which is the truth about
work that stands still.
"""

from __future__ import annotations

from collections import deque
from threading import RLock
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple, Self

from dimsetools.render import units

if TYPE_CHECKING:
    from collections.abc import Callable

_RATE_WINDOW = 10.0  # seconds that the rate looks back


class State(NamedTuple):
    """How far the work is. Totals of 0 are unknown; `rate` is bytes a second, `left` seconds or None."""

    objects: int
    bytes: int
    total_objects: int
    total_bytes: int
    ok: int
    warnings: int
    failed: int
    elapsed: float
    rate: float
    left: float | None

    @property
    def fraction(self) -> float | None:
        """The part that is done, 0 to 1, or None if no total is known."""
        done, total = (
            (self.bytes, self.total_bytes) if self.total_bytes else (self.objects, self.total_objects)
        )
        return min(done / total, 1.0) if total else None

    def numbers(self) -> dict[str, object]:
        """Return the state as members of a record; seconds and bytes, rounded."""
        return {
            "_objects": self.objects,
            "_bytes": self.bytes,
            "_total_objects": self.total_objects or None,
            "_total_bytes": self.total_bytes or None,
            "_ok": self.ok,
            "_warnings": self.warnings,
            "_failed": self.failed,
            "_seconds": round(self.elapsed, 3),
            "_bytes_per_second": round(self.rate),
            "_left_seconds": None if self.left is None else round(self.left),
        }

    def words(self) -> list[str]:
        """Return count, bytes, rate, time left and outcomes, each as people read it.

        What is not measured in bytes has "" for them and their rate.
        """
        counted = f"{self.objects}/{self.total_objects}" if self.total_objects else str(self.objects)
        sized = units.size(self.bytes)
        if self.total_bytes:
            sized += f" of {units.size(self.total_bytes)}"
        in_bytes = self.bytes or self.total_bytes or not self.total_objects
        words = [counted, sized, f"{units.size(self.rate)}/s"] if in_bytes else [counted, "", ""]
        words.append(f"ETA {units.clock(self.left)}" if self.left is not None else "ETA -:--")
        return [*words, f"{self.ok} ok", f"{self.warnings} warn", f"{self.failed} failed"]


class Progress:
    """Counts objects and bytes from any thread and shows them when it is time to.

    `show` is called `first` seconds after the start at the earliest, then every `every` seconds at most.
    """

    def __init__(
        self,
        total_objects: int,
        total_bytes: int,
        show: Callable[[State], None],
        hide: Callable[[], None],
        first: float,
        every: float,
    ) -> None:
        self._show = show
        self._hide = hide
        self._every = every
        self._total_objects = total_objects
        self._total_bytes = total_bytes
        self._counts = {"ok": 0, "warning": 0, "failed": 0}
        self._bytes = 0
        self._lock = RLock()
        self._started = monotonic()
        self._due = self._started + first
        self._samples: deque[tuple[float, int, int]] = deque([(self._started, 0, 0)])

    @property
    def due(self) -> bool:
        """Tell whether the next update is shown: the counts need to be told no more often."""
        return monotonic() >= self._due

    def advance(self, count: int) -> None:
        """Add `count` bytes that are done."""
        with self._lock:
            self._bytes += count
            now = monotonic()
            if now >= self._due:
                self._due = now + self._every
                self._show(self._state(now))

    def finish_object(self, kind: str = "ok") -> None:
        """Count one object that is over, as ok, warning or failed."""
        with self._lock:
            self._counts[kind] += 1
        self.advance(0)

    def expect(self, objects: int) -> None:
        """Set the total of objects, which may become known only on the way."""
        self._total_objects = objects

    def reach(self, ok: int, warnings: int, failed: int) -> None:
        """Set the counts, where somebody else keeps them."""
        with self._lock:
            self._counts = {"ok": ok, "warning": warnings, "failed": failed}
        self.advance(0)

    def close(self) -> None:
        """Take away what is shown and show nothing more."""
        with self._lock:
            self._due = float("inf")
            self._hide()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _state(self, now: float) -> State:
        ok, warnings, failed = self._counts.values()
        objects = ok + warnings + failed
        samples = self._samples
        samples.append((now, self._bytes, objects))
        while now - samples[0][0] > _RATE_WINDOW and len(samples) > 2:
            samples.popleft()
        since, old_bytes, old_objects = samples[0]
        span = max(now - since, 1e-6)
        rate = (self._bytes - old_bytes) / span
        if self._total_bytes:
            speed, rest = rate, self._total_bytes - self._bytes
        else:
            speed, rest = (objects - old_objects) / span, self._total_objects - objects
        known = speed > 0 and (self._total_bytes or self._total_objects)
        return State(
            objects=objects,
            bytes=self._bytes,
            total_objects=self._total_objects,
            total_bytes=self._total_bytes,
            ok=ok,
            warnings=warnings,
            failed=failed,
            elapsed=now - self._started,
            rate=rate,
            left=max(rest, 0) / speed if known else None,
        )
