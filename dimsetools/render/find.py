"""How a query reads: what is asked, the matches as they come, and what it came to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dimsetools.dataset.attributes import Attributes
from dimsetools.dataset.levels import LEVEL
from dimsetools.errors import DimseError, ExitCode, ProtocolError, worst
from dimsetools.render import units, values
from dimsetools.render.columns import leaves, path, reach
from dimsetools.render.line import Line, Span, bad, dim, good, warn
from dimsetools.services.cancelling import Cause
from dimsetools.services.find import Finished, Match, Opened, Remark
from dimsetools.status import describe, is_cancel, is_warning
from dimsetools.uids import name_of as named

if TYPE_CHECKING:
    from collections.abc import Callable

    from dimsetools.association.values import Extended, ProposedContext, Target
    from dimsetools.dataset.models import Model
    from dimsetools.render.output import Output
    from dimsetools.services.find import Event

_ENDED = {
    Cause.LIMIT: "there may be more: --limit was reached",
    Cause.TIME: "there may be more: --total-timeout was reached",
    Cause.STOP: "interrupted: there may be more",
}
_MOST_EXPLAINED = 3
"""Matches of which it is explained that they do not decode; of the others programs are told."""


# -- what is asked ----------------------------------------------------------------------------------


def query_line(model: Model, attributes: Attributes) -> Line:
    """Return a query as a line: the model, the level, the keys with values, and what is to be returned."""
    matched, returned = [], []
    for name in leaves(attributes):
        value = values.attribute(reach(attributes, path(name)))
        if value:
            matched.append(f"{name}={value}")
        else:
            returned.append(name)
    level = "".join(map(str, attributes[LEVEL].values)) if LEVEL in attributes else ""
    at = f" at {level} level" if level else ""
    spans: list[str | Span] = [f"query {model.title}{at}: {' '.join(matched) or 'everything'}"]
    return [*spans, dim(f"  returns {' '.join(returned)}")] if returned else spans


def opened_line(opened: Opened) -> Line:
    """Return an association that was opened as a line for those who want to know."""
    peer = opened.peer
    software = peer.implementation_version or peer.implementation_uid or "unknown software"
    granted = [name for name, yes in zip(opened.granted._fields, opened.granted, strict=True) if yes]
    able = f", granted {', '.join(granted)}" if granted else ""
    about = f"associated with {software}, max PDU {peer.max_pdu or 'unlimited'}"
    return [dim(f"{about}, {named(opened.transfer_syntax)}{able}")]


def proposal(
    model: Model, target: Target, contexts: tuple[ProposedContext, ...], extended: tuple[Extended, ...]
) -> tuple[dict[str, object], Line]:
    """Return what would be put to the peer: as a record and as a line."""
    context = contexts[0]
    syntaxes = [named(uid) for uid in context.transfer_syntaxes]
    information = extended[0].information.hex() if extended else None
    record: dict[str, object] = {
        "_event": "would-find",
        "_address": str(target),
        "_calling_aet": target.calling_aet,
        "_tls": target.tls.profile if target.tls else None,
        "_model": model.name,
        "_abstract_syntax": context.abstract_syntax,
        "_transfer_syntaxes": list(context.transfer_syntaxes),
        "_extended": information,
    }
    how = f"TLS {target.tls.profile}" if target.tls else "no TLS"
    more = f", extended negotiation {information}" if information else ""
    return record, (
        f"would call {target} as {target.calling_aet}, {how}, "
        f"for {named(context.abstract_syntax)} in {' or '.join(syntaxes)}{more}"
    )


class Undecodable(DimseError):
    """A match that cannot be read; `offset` is where in it the fault is, if that is known."""

    name = "undecodable-match"

    def __init__(self, match: Match) -> None:
        assert match.error is not None
        super().__init__(
            f"match {match.number} does not decode: {match.error.message}", hint=match.error.hint
        )
        self.offset: int | None = getattr(match.error, "offset", None)


# -- a whole run ------------------------------------------------------------------------------------


class Telling:
    """Tells of a run as it goes, and counts.

    `show` is what becomes of a match that decodes; `more` is whether the next one is at hand already.
    """

    def __init__(self, output: Output, node: str, show: Callable[[Match, bool], None]) -> None:
        self.matches = self.malformed = self.queries = 0
        self.seconds = 0.0
        self._output = output
        self._node = node
        self._show = show
        self._codes: set[ExitCode] = set()
        self._warned: set[object] = set()
        self._cancelled: Cause | None = None

    def event(self, event: Event, *, more: bool = False) -> None:
        """Tell of what happened."""
        if isinstance(event, Match):
            self.matches += 1
            if event.error is None:
                self._show(event, more)
            else:
                self._malformed(event)
        elif isinstance(event, Finished):
            self._finished(event)
        elif isinstance(event, Opened):
            self._opened(event)
        else:
            self._remark(event)

    def failed(self, error: DimseError) -> None:
        """Tell of what keeps the rest from being done."""
        self._codes.add(error.exit_code)
        self._output.failure(error)

    def _opened(self, opened: Opened) -> None:
        self._output.note(opened_line(opened), 1)
        if opened.peer.confirmed is False:
            self._once(f"{self._node} did not confirm the user identity")
        if opened.refused:
            self._once(f"{self._node} did not grant {', '.join(opened.refused)}: it matches as usual")

    def _remark(self, remark: Remark) -> None:
        if remark.routine:
            self._output.note(remark.text, 1)
        else:
            self._once(remark.text)

    def _once(self, text: str) -> None:
        if text not in self._warned:
            self._warned.add(text)
            self._output.warning(text)

    def _malformed(self, match: Match) -> None:
        self.malformed += 1
        self._output.failure(Undecodable(match), self._node, explain=self.malformed <= _MOST_EXPLAINED)

    def _finished(self, finished: Finished) -> None:
        self.queries += 1
        self.seconds += finished.seconds
        if not finished.complete:
            self._cancelled = self._cancelled or finished.cancelled
        error, status = finished.error, finished.status
        if error is not None:
            if isinstance(error, ProtocolError) and status is not None and is_cancel(status):
                hint = "it may have a limit: narrow the query, or --split-by day"
                error = ProtocolError(error.message, hint=hint)
            self._output.failure(error, self._node)
            self._codes.add(error.exit_code)
            return
        if status is not None and is_warning(status):
            meaning = describe(status, "C-FIND")
            comment = f" ({finished.comment})" if finished.comment else ""
            hint = "; narrow the query, or --split-by day" if meaning.name == "response-limit" else ""
            self._once(f"{self._node}: {meaning.meaning}{comment}{hint}")
            self._codes.add(ExitCode.WARNINGS)
        if finished.matches > finished.malformed or not finished.malformed:
            self._codes.add(ExitCode.OK)
        if finished.malformed:
            self._codes.add(Undecodable.exit_code)
        if finished.cancelled is Cause.LIMIT and not finished.complete:
            self.cut()

    def cut(self) -> None:
        """Note that there may be more matches than were wanted."""
        self._codes.add(ExitCode.LIMIT)

    def code(self, *, strict: bool, error_on_empty: bool) -> ExitCode:
        """Return the exit status."""
        codes = set(self._codes)
        warned = ExitCode.WARNINGS in codes
        codes.discard(ExitCode.WARNINGS)
        code = worst(codes)
        if code is ExitCode.OK and warned and strict:
            return ExitCode.WARNINGS
        if code is ExitCode.OK and error_on_empty and not self.matches:
            return ExitCode.NO_MATCH
        return code

    def summary_line(self) -> Line:
        """Return what the run came to."""
        style = good if self.matches else warn
        count = units.counted(self.matches, "match").replace("matchs", "matches")
        spans: list[str | Span] = [style(count if self.matches else "no match"), f" from {self._node}"]
        if self.queries > 1:
            spans.append(f" to {self.queries} queries")
        spans.append(dim(f" in {_time(self.seconds)}"))
        if self._cancelled is not None:
            spans += ["  ", warn(_ENDED[self._cancelled])]
        if self.malformed:
            spans += ["  ", bad(f"{self.malformed} did not decode")]
        return spans

    def summary_record(self) -> dict[str, object]:
        """Return the same as a record."""
        return {
            "_event": "summary",
            "_node": self._node,
            "_queries": self.queries,
            "_matches": self.matches,
            "_malformed": self.malformed,
            "_cancelled": self._cancelled,
            "_seconds": round(self.seconds, 6),
        }


def _time(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds >= 1 else f"{units.milliseconds(seconds)} ms"
