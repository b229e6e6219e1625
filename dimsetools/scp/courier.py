"""Delivers the reports that wait in the ledger (N-EVENT-REPORT): on an association of the addressee, or ours.

Each is kept until its addressee has answered it, whatever the answer. Reports of one SOP class reach an
addressee in the order in which they were posted; while one cannot be delivered, those behind it wait. Pauses
between attempts grow, and after a day a report is given up. Whoever opens an association is tried at once.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from dimsetools.archive.ledger import Due, Entry, Ledger, LedgerFailed
from dimsetools.association.stop import Stop
from dimsetools.association.values import Role
from dimsetools.dataset.normalized import normalized_class
from dimsetools.errors import DimseError, NoContext
from dimsetools.escape import visible
from dimsetools.message.normalized import NEventReportRq
from dimsetools.scp.posts import Posts, Report
from dimsetools.services.normalized import Line, Manner, Wanted

if TYPE_CHECKING:
    from dimsetools.association.trace import Tracer
    from dimsetools.association.values import Target
    from dimsetools.scp.destinations import Destinations
    from dimsetools.scp.roles import Record

KIND = "called-as"
"""Of entries of the ledger: by AE title, as their state, the title that it calls us by."""
OWN_AET = "DIMSE"
"""What we call ourselves towards those who have never called us."""
GIVEN_UP = 24 * 3600.0
"""Seconds after which a report that was not delivered is forgotten."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 600.0
_DOUBLED = 12  # attempts after which the pause has long been the longest
_AT_ONCE = 8
"""Addressees that are called at the same time."""
_AFTER_FAILURE = 5.0
"""Seconds until a ledger that could not be read is tried again."""
_LAST_WORDS = 2.0
"""Seconds that deliveries have to end when the node closes."""

_NOBODY = "it has no association open, and no address of it is known (--dest)"
_UNANSWERED = "the association ended before it was answered"

_Queue = tuple[str, str]
"""The addressee and the SOP class of reports that go one after the other."""


class _Outcome(NamedTuple):
    """What came of sending a report: the status of its answer, None if it has none for some reason."""

    due: Due
    status: int | None
    reason: str = ""


@dataclass
class _Refused:
    """Reports for which the peer has accepted no context, and what the last one was told."""

    reports: list[Due]
    reason: str = ""


class Courier:
    """Delivers what is due in `ledger` from `start` to `close`. For any thread.

    On an association that the addressee has opened, of which `posts` knows; else on a new one, to its address
    among `destinations`, as `own_aet`.
    """

    def __init__(
        self,
        ledger: Ledger,
        posts: Posts,
        destinations: Destinations,
        log: Callable[[Record], None],
        *,
        own_aet: str | None = None,
        tracer: Tracer | None = None,
    ) -> None:
        self._ledger = ledger
        self._posts = posts
        self._destinations = destinations
        self._log = log
        self._own_aet = own_aet
        self._tracer = tracer
        self._stop = Stop()
        self._changed = threading.Condition()
        self._news = True
        self._closed = False
        self._present: dict[str, str] = {}
        self._busy: set[_Queue] = set()
        self._unwritten: list[_Outcome] = []
        self._calls: dict[str, threading.Thread] = {}
        self._without_roles: set[str] = set()
        self._thread = threading.Thread(target=self._run, name="courier", daemon=True)
        posts.opened = self._opened

    def start(self) -> None:
        """Begin to deliver."""
        self._thread.start()

    def wake(self) -> None:
        """Look what is due: something was posted. Returns at once."""
        with self._changed:
            self._news = True
            self._changed.notify_all()

    def close(self) -> None:
        """Deliver no more; what is under way is broken off, and delivered after the next start."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._stop.expire()
        if self._thread.ident is None:
            return
        deadline = time.monotonic() + _LAST_WORDS
        self._thread.join(_LAST_WORDS)
        for thread in tuple(self._calls.values()):
            thread.join(max(deadline - time.monotonic(), 0.0))
        with suppress(LedgerFailed):
            self._settle()

    def _opened(self, aet: str, called: str) -> None:
        """Note that an AE has opened an association, and what it calls us."""
        with self._changed:
            self._present[aet] = called
        self.wake()

    # -- the courier's thread ---------------------------------------------------------------------------

    def _run(self) -> None:
        pause: float | None = 0.0
        while not self._closed:
            with self._changed:
                if not self._news and not self._closed:
                    self._changed.wait(pause)
                self._news = False
            try:
                self._settle()
                pause = self._round()
            except LedgerFailed as error:
                self._log({"_event": "ledger-failed", "_reason": error.message})
                pause = _AFTER_FAILURE

    def _settle(self) -> None:
        """Write down what came of reports where that is not done yet; until then those behind them wait."""
        while True:
            with self._changed:
                if not self._unwritten:
                    return
                outcome = self._unwritten[0]
            self._write(outcome)
            with self._changed:
                self._unwritten.pop(0)
                self._busy.discard(_queue(outcome.due))

    def _round(self) -> float | None:
        """Begin with all that can be delivered now; return the seconds until there may be more."""
        with self._changed:
            present, self._present = self._present, {}
            # Before the ledger is read: what ends meanwhile is for the next round.
            busy = frozenset(self._busy)
        now = time.time()
        soonest: float | None = None
        missed: dict[str, str] = {}
        self._remember(present)
        waiting = sorted(self._ledger.first_due(), key=lambda due: due.aet)
        for aet, queues in groupby(waiting, key=lambda due: due.aet):
            to_call = []
            for due in queues:
                if _queue(due) in busy:
                    missed |= {aet: present[aet]} if aet in present else {}
                    continue
                if self._gives_up(due, now):
                    continue
                left = _left(due, now)
                if left > 0:
                    soonest = left if soonest is None else min(soonest, left)
                if left > 0 and not (due.attempts and aet in present):
                    continue
                if not self._offer(due) and left <= 0:
                    to_call.append(due)
            if to_call:
                self._call(aet, to_call)
        with self._changed:
            self._present = missed | self._present  # here still when what is under way has failed
        return soonest

    def _remember(self, present: Mapping[str, str]) -> None:
        """Note what others call us, for when we call them."""
        for aet, called in present.items() if self._own_aet is None else ():
            known = self._ledger.get(KIND, aet)
            if known is None or known.state != called:
                with self._ledger.change() as pages:
                    pages.put(Entry(KIND, aet, called, {}))

    def _name(self, aet: str) -> str:
        """Return what to call ourselves towards an AE."""
        if self._own_aet is not None:
            return self._own_aet
        known = self._ledger.get(KIND, aet)
        return OWN_AET if known is None else known.state

    def _gives_up(self, due: Due, now: float) -> bool:
        """Forget a report that has waited too long."""
        if now - due.posted < GIVEN_UP:
            return False
        self._ledger.delivered(due.number)
        self._tell(
            "report-given-up", due, _attempts=due.attempts, _reason="it could not be delivered in a day"
        )
        self.wake()  # there may be others behind it
        return True

    # -- ways to deliver --------------------------------------------------------------------------------

    def _offer(self, due: Due) -> bool:
        """Have a report sent on an association that its addressee has opened, if there is one."""

        def told(status: int | None) -> None:  # in the thread of that association
            with self._changed:
                self._unwritten.append(_Outcome(due, status, _UNANSWERED))
            self.wake()

        with self._changed:
            self._busy.add(_queue(due))
        strangers = due.aet not in self._destinations  # there is no other way to reach it
        if self._posts.offer(_report(due), _contexts(due), told, strangers=strangers):
            return True
        with self._changed:
            self._busy.discard(_queue(due))
        return False

    def _call(self, aet: str, reports: list[Due]) -> None:
        """Call an addressee in a thread, unless that is done already or too many are called."""
        thread = threading.Thread(
            target=self._calling, args=(aet, reports), name=f"courier-{visible(aet, 16)}", daemon=True
        )
        with self._changed:
            if aet in self._calls or len(self._calls) >= _AT_ONCE:
                return  # the end of a call wakes us
            self._calls[aet] = thread
            self._busy.update(map(_queue, reports))
        try:
            thread.start()
        except RuntimeError as error:  # no thread to be had
            self._fail(reports, str(error))
            self._hung_up(aet, reports)

    def _calling(self, aet: str, reports: list[Due]) -> None:
        """Deliver reports on associations of our own, each with those behind it."""
        left, refused = list(reports), _Refused([])
        try:
            destination = self._destinations.find(aet, self._name(aet))
            if destination is None:
                self._fail(left, _NOBODY)
                return
            # As SCP we are the requestor here (PS3.7 D.3.3.4). Some peers answer no role, or refuse it, and
            # take reports all the same; some refuse the whole context when they are asked for a role.
            first = aet not in self._without_roles
            for roles in (first, not first):
                left, refused.reports = [*left, *refused.reports], []
                self._over_a_line(destination.target, left, refused, roles=roles)
                if not refused.reports:
                    (self._without_roles.discard if roles else self._without_roles.add)(aet)
                    return
            self._fail(refused.reports, refused.reason)
        except DimseError as error:
            self._fail([*left, *refused.reports], error.message)
        except Exception as error:  # noqa: BLE001  # a mistake of ours must not hold the reports up for good
            self._fail([*left, *refused.reports], f"{type(error).__name__}: {error}")
        finally:
            self._hung_up(aet, reports)

    def _over_a_line(self, target: Target, left: list[Due], refused: _Refused, *, roles: bool) -> None:
        """Deliver the reports that are `left` over one association; those without a context are `refused`."""
        contexts = tuple(dict.fromkeys(name for due in left for name in _contexts(due)))
        manner = Manner(roles=tuple(Role(name, scu=False, scp=True) for name in contexts if roles))
        with Line(target, manner, contexts, stop=self._stop, tracer=self._tracer) as line:
            line.open()
            while left:
                try:
                    following = self._report(line, left[0])
                except NoContext as error:  # other classes can go on
                    refused.reports.append(left[0])
                    refused.reason = error.message
                    following = []
                left[:1] = following

    def _hung_up(self, aet: str, reports: list[Due]) -> None:
        with self._changed:
            del self._calls[aet]
            unwritten = {_queue(outcome.due) for outcome in self._unwritten}
            self._busy -= {*map(_queue, reports)} - unwritten
        self.wake()

    def _report(self, line: Line, due: Due) -> list[Due]:
        """Deliver a report; return the one behind it, if there is one that may follow."""
        request = NEventReportRq(
            affected_sop_class_uid=due.sop_class,
            affected_sop_instance_uid=due.sop_instance,
            event_type_id=due.event,
        )
        reply = line.ask(Wanted(request, _contexts(due), due.attributes))
        if not self._note(_Outcome(due, reply.status)):
            return []
        now = time.time()
        return [
            one for one in self._ledger.first_due() if _queue(one) == _queue(due) and _left(one, now) <= 0
        ]

    # -- what came of it ----------------------------------------------------------------------------------

    def _fail(self, reports: list[Due], reason: str) -> None:
        for due in reports:
            self._note(_Outcome(due, None, reason))

    def _note(self, outcome: _Outcome) -> bool:
        """Write down what came of a report; False if that is left to the courier, for when it can be done.

        Nothing else is sent of its queue before: else the report would go out again and again.
        """
        try:
            self._write(outcome)
        except LedgerFailed:
            with self._changed:
                self._unwritten.append(outcome)
            return False
        return True

    def _write(self, outcome: _Outcome) -> None:
        due, status, reason = outcome
        if status is None:
            self._postpone(due, reason)
        else:
            self._ledger.delivered(due.number)
            self._tell("report-delivered", due, _status=f"{status:04X}", _attempts=due.attempts + 1)

    def _postpone(self, due: Due, reason: str) -> None:
        """Note when to try again; that the node is closing is nobody's failure."""
        if self._closed:
            return
        attempts = due.attempts + 1
        pause = min(_FIRST_PAUSE * 2 ** min(due.attempts, _DOUBLED), _LONGEST_PAUSE)
        self._ledger.postpone(due.number, time.time() + pause, attempts)
        self._tell("report-failed", due, _attempts=attempts, _reason=reason, _pause=pause)

    def _tell(self, event: str, due: Due, **more: object) -> None:
        self._log(_report(due).record(event, **more))


def _report(due: Due) -> Report:
    return Report(due.aet, due.sop_class, due.sop_instance, due.event, due.attributes)


def _queue(due: Due) -> _Queue:
    return due.aet, due.sop_class


def _left(due: Due, now: float) -> float:
    """Return the seconds until a report may be sent; after a failure never more than the longest pause.

    So a clock that was set back holds nothing up.
    """
    left = due.due - now
    return min(left, _LONGEST_PAUSE) if due.attempts else left


def _contexts(due: Due) -> tuple[str, ...]:
    return normalized_class(due.sop_class).contexts_for(NEventReportRq.service)
