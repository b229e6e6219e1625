"""Waiting for events (PS3.7 section 10.1.1): on our association, or on one that the peer opens to us.

Whoever takes an event, in whatever thread, leaves it here and learns what to answer; whoever waits is woken.
"""

from __future__ import annotations

import select
import socket
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from time import monotonic
from types import TracebackType
from typing import TYPE_CHECKING, Self

from dimsetools.dataset.attributes import text
from dimsetools.dataset.commitments import TRANSACTION
from dimsetools.dataset.normalized import CLASSES, UPS_FILTERED, UPS_GLOBAL, UPS_PUSH
from dimsetools.errors import Aborted, ConnectionLost, NoAnswer, ProtocolError
from dimsetools.message.normalized import NEventReportRq
from dimsetools.uids import is_dotted

if TYPE_CHECKING:
    from dimsetools.association.stop import Stop
    from dimsetools.association.values import Target
    from dimsetools.services.normalized import Event, Line, Reply, Wanted

PROCESSING_FAILURE = 0x0110
NO_SUCH_EVENT_TYPE = 0x0113
INVALID_OBJECT_INSTANCE = 0x0117

_PRINT_JOBS, _INSTANCE = 0x21000500, 0x00081155
_SUBSCRIPTIONS = (UPS_GLOBAL, UPS_FILTERED)
_PRINTED = (CLASSES["film-session"].uid, CLASSES["film-box"].uid)


def fault(event: Event) -> int:
    """Return the failure status of an event that nobody can take, 0 for one that is in order."""
    if not is_dotted(event.sop_instance):
        return INVALID_OBJECT_INSTANCE
    if event.error is not None:
        return PROCESSING_FAILURE
    types = {
        number for row in CLASSES.values() if row.uid == event.sop_class for number in row.events.values()
    }
    if types and event.number not in types:
        return NO_SUCH_EVENT_TYPE
    return 0


def reported_in(wanted: Wanted) -> tuple[str, ...]:
    """Return the abstract syntaxes in which events about a request may come on the same association."""
    sop_class = getattr(wanted.request, "requested_sop_class_uid", "")
    service = NEventReportRq.service
    rows = [row for row in CLASSES.values() if row.uid == sop_class and service in row.services]
    if sop_class in _PRINTED:
        rows.append(CLASSES["print-job"])
    return tuple(dict.fromkeys(name for row in rows for name in row.contexts_for(service)))


def advice(target: Target, port: int | None, *, late: bool) -> str:
    """Return what to try where `target` has not reported; we listen on `port`, if that is not None.

    `late` if the time was over, and not the association.
    """
    longer = "raise --wait; " if late else ""
    ours = target.calling_aet
    if port is None:
        return (
            f"{longer}it may report on an association of its own: add --port PORT, and see that it knows "
            f"{ours} with this machine's address and that port"
        )
    return f"{longer}the peer must know {ours} with this machine's address and port {port}"


def subject(wanted: Wanted) -> str:
    """Return what an event has to be about, as people call it."""
    transaction = text(wanted.attributes or {}, TRANSACTION)
    instance = getattr(wanted.request, "requested_sop_instance_uid", "")
    return f"transaction {transaction}" if transaction else f"instance {instance}"


def awaited(wanted: Wanted, reply: Reply) -> Callable[[Event], bool]:
    """Return what tells whether an event is about a request: its transaction, its instance, or its print job.

    After a subscription to all workitems it is about any of them.
    """
    transaction = text(wanted.attributes or {}, TRANSACTION)
    jobs = (reply.attributes or {}).get(_PRINT_JOBS)
    found = {text(item, _INSTANCE) for item in jobs.values} if jobs is not None and jobs.vr == "SQ" else set()
    requested = getattr(wanted.request, "requested_sop_instance_uid", "")
    instances = found or {reply.sop_instance, requested}

    def is_about(event: Event) -> bool:
        told = text(event.attributes or {}, TRANSACTION)
        if transaction and told:
            return told == transaction
        if instances & set(_SUBSCRIPTIONS):
            return event.sop_class == UPS_PUSH
        return event.sop_instance in instances

    return is_about


class Waiting:
    """Where events arrive. `judge` says what to answer one that is in order, by default success.

    With `listening`, events may come from another thread, so that the end of our own association is not the
    end of the waiting.
    """

    def __init__(self, judge: Callable[[Event], int] | None = None, *, listening: bool = False) -> None:
        self._judge = judge
        self._listening = listening
        self._arrived: deque[Event] = deque()
        self._lock = threading.Lock()
        self._heard, self._bell = socket.socketpair()
        self._heard.setblocking(False)
        self._bell.setblocking(False)

    def heard(self, event: Event) -> int:
        """Take an event from any thread; return the status to answer.

        One with a failure status of its own is refused already.
        """
        with self._lock:
            status = event.status or fault(event)
            if not status and self._judge is not None:
                status = self._judge(event)
            self._arrived.append(event._replace(status=status))
        with suppress(OSError):  # full: it is about to be heard anyway
            self._bell.send(b"\0")
        return status

    def events(self, line: Line | None, until: float | None, stop: Stop | None = None) -> Iterator[Event]:
        """Yield events as they come, until the moment `until` of the monotonic clock.

        Those that have come before are the first. `line` is our association, if there is one. Raises
        Interrupted, and what ends the association unless events may come otherwise.
        """
        while True:
            while self._arrived:
                yield self._arrived.popleft()
            if not self._wait(line, until, stop):
                return

    def close(self) -> None:
        """Free what waiting needs; no event may come any more."""
        self._heard.close()
        self._bell.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _wait(self, line: Line | None, until: float | None, stop: Stop | None) -> bool:
        """Wait for an event; False when the time is over."""
        if line is None:
            return self._listen(until, stop)
        while True:
            try:
                return line.wait(until, self._is_there, self._heard.fileno() if self._listening else None)
            except (Aborted, ConnectionLost, NoAnswer, ProtocolError):
                if not self._listening:
                    raise

    def _listen(self, until: float | None, stop: Stop | None) -> bool:
        poll = select.poll()
        poll.register(self._heard, select.POLLIN)
        if stop is not None:
            poll.register(stop, select.POLLIN)
        while not self._is_there():
            if stop is not None and stop.requested:
                raise stop.error()
            left = None if until is None else until - monotonic()
            if left is not None and left <= 0:
                return False
            poll.poll(None if left is None else left * 1000)
        return True

    def _is_there(self) -> bool:
        """Tell whether an event has come, and stop the bell."""
        with suppress(BlockingIOError):
            self._heard.recv(4096)
        return bool(self._arrived)
