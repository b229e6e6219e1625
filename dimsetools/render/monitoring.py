"""Verifications for monitors: a plugin's output, and metrics for Prometheus."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from dimsetools.render import nagios, prometheus
from dimsetools.render.units import milliseconds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dimsetools.render.echo import Tally
    from dimsetools.render.nagios import Check, State, Threshold


def check(tally: Tally, warning: Threshold | None, critical: Threshold | None, *, only: bool) -> Check:
    """Judge one node by its average whole time in ms; `only` if no other node is checked."""
    found = tally.statistics
    last = tally.last.error if tally.last else None
    label = "time" if only else tally.node
    if found.average is None:
        text = f"{tally.node}: {last.message} [{last.name}]" if last else f"{tally.node} was not asked"
        return nagios.Check(nagios.State.CRITICAL if last else nagios.State.UNKNOWN, text)
    milli = found.average * 1000
    state = nagios.judged(milli, warning, critical)
    text = f"{tally.node} answered in {milliseconds(found.average)} ms"
    if found.loss:
        state = max(state, nagios.State.WARNING)
        text += f" (average), {found.loss:.0%} loss"
    data = [nagios.perfdata(label, round(milli, 3), "ms", warning, critical)]
    if tally.sent > 1:
        data.append(
            nagios.perfdata("loss" if only else f"{tally.node} loss", round(found.loss * 100, 2), "%")
        )
    return nagios.Check(state, text, data)


def plugin(
    tallies: Sequence[Tally], warning: Threshold | None, critical: Threshold | None
) -> tuple[State, list[str]]:
    """Return the state of all nodes together and a plugin's lines."""
    checks = [check(tally, warning, critical, only=len(tallies) == 1) for tally in tallies]
    good_ones = sum(one.state is nagios.State.OK for one in checks)
    return nagios.report("DIMSE", checks, f"{good_ones} of {len(checks)} nodes are fine")


def metrics(tallies: Sequence[Tally]) -> str:
    """Return the last attempt at each node, and the counts, as Prometheus metrics."""
    asked = [(tally, tally.last) for tally in tallies if tally.last is not None]
    labels = {id(tally): {"node": tally.node, "address": str(tally.target)} for tally, _ in asked}
    answered = [(labels[id(tally)], last.echoed) for tally, last in asked if last.echoed is not None]
    phases = [
        ({**label, "phase": phase}, round(seconds, 6))
        for label, echoed in answered
        for phase, seconds in (
            ("tcp", echoed.timings.tcp),
            ("tls", echoed.timings.tls),
            ("association", echoed.timings.association),
            ("echo", echoed.echo),
        )
        if seconds is not None
    ]
    now = round(time.time(), 3)
    gauge = prometheus.Metric
    return prometheus.exposition(
        (
            gauge(
                "dimse_echo_success",
                "Whether the node answered the last C-ECHO with success.",
                [(labels[id(tally)], float(last.error is None)) for tally, last in asked],
            ),
            gauge(
                "dimse_echo_exit_code",
                "Exit status of the last C-ECHO, 0 for success.",
                [(labels[id(tally)], float(tally.codes[-1])) for tally, _ in asked],
            ),
            gauge("dimse_echo_phase_seconds", "Time that a step of the last C-ECHO took.", phases),
            gauge(
                "dimse_echo_seconds",
                "Time from the connection request to the answer of the last C-ECHO.",
                [(label, round(echoed.total, 6)) for label, echoed in answered],
            ),
            gauge(
                "dimse_echo_loss_ratio",
                "Part of the C-ECHO of this run without an answer.",
                [(labels[id(tally)], round(tally.statistics.loss, 4)) for tally, _ in asked],
            ),
            gauge("dimse_echo_timestamp_seconds", "When these values were written.", [({}, now)]),
        )
    )
