"""How verifications read: as lines, records and totals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dimsetools.errors import ExitCode, worst
from dimsetools.render.line import Line, Span, bad, dim, good, warn
from dimsetools.render.statistics import Statistics, summarize
from dimsetools.render.units import milliseconds
from dimsetools.uids import name_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dimsetools.association.values import Target
    from dimsetools.services.echo import Attempt, Echoed, Request

COLUMNS = (
    "_event",
    "_node",
    "_address",
    "_seq",
    "_result",
    "_tcp_ms",
    "_tls_ms",
    "_association_ms",
    "_echo_ms",
    "_ms",
    "_implementation",
    "_implementation_uid",
    "_max_pdu",
)


class Tally:
    """The attempts at one node so far. `times` are whole times in seconds, of the answered ones."""

    def __init__(self, node: str, target: Target) -> None:
        self.node = node
        self.target = target
        self.sent = 0
        self.times: list[float] = []
        self.codes: list[ExitCode] = []
        self.last: Attempt | None = None

    def add(self, attempt: Attempt) -> bool:
        """Count an attempt; return whether it failed in another way than the one before."""
        before = self.last.error if self.last else None
        error = attempt.error
        self.sent += 1
        if attempt.echoed is not None:
            self.times.append(attempt.echoed.total)
        self.codes.append(ExitCode.OK if error is None else error.exit_code)
        self.last = attempt  # at the end: another thread that sees it finds the rest too
        return error is not None and (before is None or before.name != error.name)

    @property
    def statistics(self) -> Statistics:
        """What the attempts come to, times in seconds."""
        return summarize(self.times, self.sent)


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000, 3)


def record(tally: Tally, attempt: Attempt) -> dict[str, object]:
    """Return one attempt as a record with all COLUMNS, times in ms."""
    told: dict[str, object] = dict.fromkeys(COLUMNS)
    told |= {
        "_event": "echoed" if attempt.error is None else "failed",
        "_node": tally.node,
        "_address": str(tally.target),
        "_seq": attempt.number,
        "_result": "ok" if attempt.error is None else attempt.error.name,
    }
    echoed = attempt.echoed
    if echoed is not None:
        told |= {
            "_tcp_ms": _ms(echoed.timings.tcp),
            "_tls_ms": _ms(echoed.timings.tls),
            "_association_ms": _ms(echoed.timings.association),
            "_echo_ms": _ms(echoed.echo),
            "_ms": _ms(echoed.total),
            "_implementation": echoed.peer.implementation_version or None,
            "_implementation_uid": echoed.peer.implementation_uid or None,
            "_max_pdu": echoed.peer.max_pdu,
        }
    return told


def line(tally: Tally, attempt: Attempt, width: int, *, numbered: bool) -> Line:
    """Return one attempt as a line; `width` is that of the longest node, `numbered` shows the count."""
    spans: list[str | Span] = [f"{tally.node:<{width}}  "]
    if numbered:
        spans.append(dim(f"#{attempt.number:<4} "))
    if attempt.error is not None:
        return [*spans, bad(attempt.error.name)]
    assert attempt.echoed is not None
    return [*spans, good("ok"), *_times(attempt.echoed), "   ", _software(attempt.echoed)]


def remarks(tally: Tally, attempt: Attempt) -> list[str]:
    """Return what is odd about an answer."""
    echoed = attempt.echoed
    said = []
    if echoed is not None and echoed.peer.confirmed is False:
        said.append(f"{tally.node} did not confirm the user identity")
    if echoed is not None and not echoed.released_in_order:
        said.append(f"{tally.node} did not answer the request for release")
    return said


def _times(echoed: Echoed) -> list[str | Span]:
    timings = echoed.timings
    steps = [
        ("tcp", timings.tcp),
        ("tls", timings.tls),
        ("association", timings.association),
        ("echo", echoed.echo),
    ]
    spans: list[str | Span] = []
    for name, seconds in steps:
        if seconds is not None:
            spans += ["  ", dim(name), f" {milliseconds(seconds):>5}"]
    return [*spans, dim(" ms")]


def _software(echoed: Echoed) -> str:
    peer = echoed.peer
    software = peer.implementation_version or peer.implementation_uid or "unknown software"
    return f"{software}, max PDU {peer.max_pdu or 'unlimited'}"


# -- totals ---------------------------------------------------------------------------------------


def node_record(tally: Tally) -> dict[str, object]:
    """Return the totals of one node as a record, times in ms."""
    found = tally.statistics
    return {
        "_event": "summary",
        "_node": tally.node,
        "_sent": found.sent,
        "_answered": found.received,
        "_loss": round(found.loss, 4),
        "_min_ms": _ms(found.minimum),
        "_avg_ms": _ms(found.average),
        "_p95_ms": _ms(found.p95),
        "_max_ms": _ms(found.maximum),
    }


def node_line(tally: Tally, width: int) -> Line:
    """Return the totals of one node as ping writes them."""
    found = tally.statistics
    style = good if not found.loss else warn if found.received else bad
    spans: list[str | Span] = [
        f"{tally.node:<{width}}  {found.sent} sent, {found.received} answered, ",
        style(f"{found.loss:.0%} loss"),
    ]
    times = (found.minimum, found.average, found.p95, found.maximum)
    known = [milliseconds(seconds) for seconds in times if seconds is not None]
    return [*spans, "  ", dim("min/avg/p95/max"), f" {'/'.join(known)}", dim(" ms")] if known else spans


def all_record(tallies: Sequence[Tally]) -> dict[str, object]:
    """Return the totals of several nodes as a record: how many answered each time, some times and never."""
    always, never = _outcomes(tallies)
    return {
        "_event": "summary",
        "_nodes": len(tallies),
        "_ok": always,
        "_partial": len(tallies) - always - never,
        "_failed": never,
    }


def all_line(tallies: Sequence[Tally]) -> Line:
    """Return the totals of several nodes as a line."""
    always, never = _outcomes(tallies)
    spans: list[str | Span] = [f"{len(tallies)} nodes: ", good(f"{always} ok")]
    partial = len(tallies) - always - never
    if partial:
        spans += [", ", warn(f"{partial} with losses")]
    if never:
        spans += [", ", bad(f"{never} failed")]
    return spans


def _outcomes(tallies: Sequence[Tally]) -> tuple[int, int]:
    always = sum(bool(tally.sent) and len(tally.times) == tally.sent for tally in tallies)
    return always, sum(not tally.times for tally in tallies)


# -- what would be done ---------------------------------------------------------------------------


def proposal_record(tally: Tally, request: Request) -> dict[str, object]:
    """Return what would be put to a node."""
    target = tally.target
    context = request.contexts[0]
    return {
        "_event": "would-echo",
        "_node": tally.node,
        "_address": str(target),
        "_calling_aet": target.calling_aet,
        "_tls": target.tls.profile if target.tls else None,
        "_max_pdu": target.max_pdu,
        "_abstract_syntax": context.abstract_syntax,
        "_transfer_syntaxes": list(context.transfer_syntaxes),
        "_end": "abort" if request.abort else "release",
    }


def proposal_line(tally: Tally, request: Request, width: int) -> Line:
    """Return what would be put to a node as a line."""
    target = tally.target
    syntaxes = " or ".join(map(name_of, request.contexts[0].transfer_syntaxes))
    how = f"TLS {target.tls.profile}" if target.tls else "no TLS"
    return [
        f"{tally.node:<{width}}  ",
        warn("would call"),
        (
            f" {target} as {target.calling_aet}, {how}, max PDU {target.max_pdu or 'unlimited'}, "
            f"for Verification in {syntaxes}, then {'abort' if request.abort else 'release'}"
        ),
    ]


def exit_status(tallies: Sequence[Tally]) -> ExitCode:
    """Return the exit status of all attempts."""
    return worst(code for tally in tallies for code in tally.codes)
