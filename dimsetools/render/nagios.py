"""What a monitoring plugin prints and returns (the Monitoring Plugins development guidelines)."""

from __future__ import annotations

import re
from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple

from dimsetools.errors import UsageError
from dimsetools.escape import visible

if TYPE_CHECKING:
    from collections.abc import Sequence

_RANGE = re.compile(r"(@)?(?:(~|[0-9.]*):)?([0-9.]*)")


class State(IntEnum):
    """The exit status of a plugin."""

    OK = 0
    WARNING = 1
    CRITICAL = 2
    UNKNOWN = 3


class Threshold(NamedTuple):
    """An alert range: a value outside of `low` to `high` raises an alert, with `inside` one inside of it."""

    text: str
    low: float = 0.0
    high: float = float("inf")
    inside: bool = False

    def alerts(self, value: float) -> bool:
        """Tell whether `value` raises the alert."""
        return (self.low <= value <= self.high) is self.inside


class Check(NamedTuple):
    """One thing that was checked; `perfdata` are measurements as the function of that name writes them."""

    state: State
    text: str
    perfdata: Sequence[str] = ()


def threshold(text: str) -> Threshold:
    """Return the range that `text` spells: `10`, `10:`, `~:10`, `10:20` or `@10:20`; UsageError otherwise."""
    match = _RANGE.fullmatch(text)
    try:
        if not match or not text.strip("@:"):
            raise ValueError
        inside, low, high = match.groups()
        lower = float("-inf") if low == "~" else float(low or 0)
        upper = float(high) if high else float("inf")
    except ValueError:
        raise UsageError(f"{text!r} is no range", hint="as 100, 10:100, 10:, ~:100 or @10:20") from None
    if lower > upper:
        raise UsageError(f"the range {text!r} ends before it starts")
    return Threshold(text, lower, upper, bool(inside))


def judged(value: float, warning: Threshold | None, critical: Threshold | None) -> State:
    """Return the state of a value that was measured."""
    if critical is not None and critical.alerts(value):
        return State.CRITICAL
    if warning is not None and warning.alerts(value):
        return State.WARNING
    return State.OK


def perfdata(
    label: str, value: float, unit: str, warning: Threshold | None = None, critical: Threshold | None = None
) -> str:
    """Return one measurement as `'label'=value[unit];[warn];[crit];[min]`; the least value is 0."""
    name = visible(label).replace("'", "''").replace("=", "_").replace("|", "_")
    if not re.fullmatch(r"[A-Za-z0-9_.-]+", name):
        name = f"'{name}'"
    limits = f"{warning.text if warning else ''};{critical.text if critical else ''}"
    return f"{name}={value:g}{unit};{limits};0"


def report(service: str, checks: Sequence[Check], summary: str = "") -> tuple[State, list[str]]:
    """Return the state of all checks together, and the lines to print.

    One check is one line; several get `summary` as the first line and a line each. Critical outranks
    warning, both outrank unknown.
    """
    state = max((check.state for check in checks), key=_RANK.index, default=State.UNKNOWN)
    first = summary if len(checks) != 1 else checks[0].text
    data = " ".join(item for check in checks for item in check.perfdata)
    lines = [f"{service} {state.name} - {_plain(first)}" + (f" | {data}" if data else "")]
    if len(checks) > 1:
        lines += [f"{check.state.name} {_plain(check.text)}" for check in checks]
    return state, lines


_RANK = (State.OK, State.UNKNOWN, State.WARNING, State.CRITICAL)


def _plain(text: str) -> str:
    """Return text without the bar that begins performance data."""
    return visible(text).replace("|", "/")
