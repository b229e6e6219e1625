"""Waiting for an event about what was asked: what `--wait` adds to a command for an N- service."""

from __future__ import annotations

from math import inf
from time import monotonic
from typing import TYPE_CHECKING

from dimsetools.commands.asking import Run
from dimsetools.commands.hearing import listening
from dimsetools.errors import Aborted, ConnectionLost, DimseError, Interrupted, NoAnswer
from dimsetools.options.waiting import Waiting

if TYPE_CHECKING:
    from dimsetools.association.values import Target
    from dimsetools.commands.verbs import Verb
    from dimsetools.options import Session
    from dimsetools.render import Output
    from dimsetools.services.normalized import Line, Reply, Wanted
    from dimsetools.services.waiting import Waiting as Arrivals

WAIT = 60.0
"""Seconds to wait where a port is given and no time."""


def ask_and_wait(session: Session, verb: Verb, peer: str, params: dict[str, object]) -> int:
    """Ask a peer what the words of `verb` say, and wait for an event about it; return the exit status."""
    from dimsetools.render import Output
    from dimsetools.services.waiting import Waiting as Arrivals

    target, values = session.target(peer), session.values(Waiting)
    with Output(**session.output.printing()) as output:
        run = Run(session, output, verb, peer, target, params)
        if session.operation.dry_run:
            return run.rehearse()
        with (
            Arrivals(listening=values.port is not None) as arrivals,
            listening(session, output, target, values, arrivals.heard),
        ):
            awaiting = _Awaiting(session, output, target, arrivals)
            code = run.carry_out(heard=arrivals.heard, then=awaiting.wait)
            return code if awaiting.missed is None else max(code, awaiting.missed.exit_code)


class _Awaiting:
    """`missed` is why there was no event about a request, None as long as there was one about each."""

    def __init__(self, session: Session, output: Output, target: Target, arrivals: Arrivals) -> None:
        from dimsetools.render.events import Telling

        self.missed: DimseError | None = None
        self._session = session
        self._values = session.values(Waiting)
        self._target = target
        self._output = output
        self._arrivals = arrivals
        self._telling = Telling(output)
        total = target.timeouts.total
        self._deadline = inf if total is None else monotonic() + total

    def wait(self, line: Line, wanted: Wanted, reply: Reply) -> None:
        """Take events until there is one about a request; nothing if that was refused.

        LimitReached if the total time-out is over before.
        """
        from dimsetools.association.transport import limit_reached
        from dimsetools.services.waiting import awaited

        if reply.error is not None:
            return
        is_about = awaited(wanted, reply)
        seconds = WAIT if self._values.wait is None else self._values.wait
        until = monotonic() + seconds
        try:
            for event in self._arrivals.events(line, min(until, self._deadline), self._session.stop):
                self._telling.event(event)
                if not event.status and is_about(event):
                    return
        except Interrupted:
            return
        except (Aborted, ConnectionLost):
            self._miss(ConnectionLost, wanted, "ended the association before it had reported an event", "")
        else:
            if self._deadline < until:
                raise limit_reached()
            self._miss(NoAnswer, wanted, "reported no event", f" within {seconds:g} s")

    def _miss(self, kind: type[DimseError], wanted: Wanted, what: str, when: str) -> None:
        from dimsetools.services.waiting import advice, subject

        self.missed = kind(
            f"{self._target} {what} about {subject(wanted)}{when}",
            hint=advice(self._target, self._values.port, late=kind is NoAnswer),
        )
        self._output.failure(self.missed, str(self._target))
