"""Print jobs after their films were sent: what the printer reports of them, up to their end (PS3.4 H.4.4)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from time import monotonic
from typing import TYPE_CHECKING

from dimsetools.dataset.normalized import event_name
from dimsetools.errors import DimseError, Interrupted, NoAnswer, NoContext, StatusFailure
from dimsetools.services import print_requests as says
from dimsetools.services.normalized import Event as Heard
from dimsetools.services.print_events import Followed, JobFailed
from dimsetools.services.print_requests import State

if TYPE_CHECKING:
    from dimsetools.services.normalized import Line, Reply, Wanted

_FINAL = ("DONE", "FAILURE")
_NO_SUCH_CLASS = 0x0118
"""Answers events of classes that are none of a print job."""


class Following:
    """Hears the printer; `remark` takes what it says of itself. `jobs` are those begun, with their films."""

    def __init__(self, remark: Callable[[str], None]) -> None:
        self.jobs: dict[str, tuple[int, ...]] = {}
        self._remark = remark
        self._states: dict[str, State] = {}
        self._news: deque[tuple[str, State]] = deque()
        self._ended: set[str] = set()

    def began(self, job: str, *films: int) -> None:
        """Remember a job that was begun for `films`."""
        self.jobs[job] = (*self.jobs.get(job, ()), *films)

    def heard(self, event: Heard) -> int:
        """Take an event of the printer; return the status to answer it with."""
        if event.sop_class == says.JOB.uid:
            info = says.execution_state(event.attributes).info
            name = event_name(says.JOB, event.number).upper() or str(event.number)
            self._news.append((event.sop_instance, State(name, info)))
            return 0
        if event.sop_class == says.PRINTER.uid:
            name = event_name(says.PRINTER, event.number).upper() or str(event.number)
            info = says.printer_state(event.attributes).info
            if event.number != says.PRINTER.events["normal"]:
                self._remark(f"the printer reports {name}{info and ': ' + info}")
            return 0
        return _NO_SUCH_CLASS

    def follow(self, line: Line, ask: Callable[[Wanted], Reply], wait: float | None) -> Iterator[Followed]:
        """Tell how the jobs go on, until they end or `wait` seconds are over; None: tell what is known.

        Raises Interrupted.
        """
        pending = dict(self.jobs)
        yield from self._told(pending)
        if wait is None or not pending:
            if wait is not None:
                self._remark("the printer names no print job: there is nothing to wait for")
            return
        until = monotonic() + wait
        try:
            while line.wait(until, lambda: bool(self._news)):
                yield from self._told(pending)
                if not pending:
                    return
            for job in tuple(pending):
                yield self._looked_up(ask, job, wait)
        except Interrupted:
            raise
        except DimseError as error:
            for job, films in pending.items():
                yield Followed(job, films, self._states.get(job, State("")), error)

    def _told(self, pending: dict[str, tuple[int, ...]]) -> Iterator[Followed]:
        """Tell the news of jobs, up to the end of each; then it is not `pending` any more."""
        while self._news:
            job, state = self._news.popleft()
            if job in self.jobs and job not in self._ended:
                yield self._told_of(job, state)
                if job in self._ended:
                    pending.pop(job, None)

    def _told_of(self, job: str, state: State) -> Followed:
        self._states[job] = state
        if state.status in _FINAL:
            self._ended.add(job)
        failed = JobFailed(f"the print job failed{state.info and ': ' + state.info}")
        return Followed(job, self.jobs[job], state, failed if state.status == "FAILURE" else None)

    def _looked_up(self, ask: Callable[[Wanted], Reply], job: str, wait: float) -> Followed:
        """Ask how a job is of which no end was reported."""
        late = NoAnswer(f"the print job has not ended within {wait:g} s", hint="raise --wait")
        state = self._states.get(job, State(""))
        try:
            reply = ask(says.job_state(job))
        except (NoContext, StatusFailure):
            return Followed(job, self.jobs[job], state, late)
        state = says.execution_state(reply.attributes)
        if state.status not in _FINAL:
            return Followed(job, self.jobs[job], state, late)
        return self._told_of(job, state)
