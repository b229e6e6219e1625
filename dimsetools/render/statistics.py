"""What a series of measurements comes to, as ping sums it up."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence


class Statistics(NamedTuple):
    """A series of `sent` attempts, of which `received` were answered; times in the unit of the measurements.

    The times are None when nothing was answered, `loss` is the part without an answer, 0 to 1.
    """

    sent: int
    received: int
    loss: float
    minimum: float | None
    average: float | None
    p95: float | None
    maximum: float | None


def summarize(times: Sequence[float], sent: int) -> Statistics:
    """Return the statistics of the answered attempts' `times` among `sent` attempts.

    The 95th percentile is the nearest rank: a time that was measured, at or below which lie 95 % of them.
    """
    received = len(times)
    loss = 1 - received / sent if sent else 0.0
    if not times:
        return Statistics(sent, 0, loss, None, None, None, None)
    ordered = sorted(times)
    p95 = ordered[ceil(0.95 * received) - 1]
    return Statistics(sent, received, loss, ordered[0], sum(ordered) / received, p95, ordered[-1])
