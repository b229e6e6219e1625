"""Events for peers that have an association open: what a node reports on its own (PS3.7 section 10.1.1).

Only the thread of an association may send on it. Others leave their reports here; the thread is woken, sends
them one at a time between the requests that it answers, and tells what came of each.
"""

from __future__ import annotations

import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Collection
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from dimsetools.dataset.attributes import Attributes, text
from dimsetools.dataset.commitments import TRANSACTION
from dimsetools.dataset.encode import encode, with_charset
from dimsetools.errors import DimseError, InputError
from dimsetools.message.normalized import NEventReportRq
from dimsetools.message.sources import BytesSource

if TYPE_CHECKING:
    from dimsetools.association.association import Association
    from dimsetools.association.values import AcceptedContext
    from dimsetools.message.exchange import Answer, Exchange
    from dimsetools.scp.roles import Record

_FIRST_WORD = 0.4
"""Seconds after its opening in which an association is the requestor's, until it has sent something.

Some (pynetdicom) fall silent when a report comes before they have worked on our acceptance, many (DCMTK) take
nothing but the answer to their first request.
"""

Told = Callable[[int | None], None]
"""Hears the status that a report was answered with, None if no answer came. Must not raise."""


class Report(NamedTuple):
    """An event `number` of an instance, for the node that calls itself `aet`."""

    aet: str
    sop_class: str
    sop_instance: str
    number: int
    attributes: Attributes | None

    def record(self, event: str, **more: object) -> Record:
        """Return what the log is told of it."""
        return {
            "_event": event,
            "_destination": self.aet,
            "SOPClassUID": self.sop_class,
            "SOPInstanceUID": self.sop_instance,
            "EventTypeID": self.number,
            **more,
        }


class _Waiting(NamedTuple):
    report: Report
    context: AcceptedContext
    told: Told


class Post:
    """What is to be reported on one association; only `offer` is for other threads than its own.

    `expected` are the transactions that were asked for on it.
    """

    def __init__(self, aet: str, association: Association) -> None:
        self.aet = aet
        self.expected: set[str] = set()
        self._contexts = {context.abstract_syntax: context for context in association.contexts.values()}
        self._waiting: deque[_Waiting] = deque()
        self._sent: dict[int, Told] = {}
        self._closed = False
        self._opened = time.monotonic()
        self._patience = _FIRST_WORD
        self._lock = threading.Lock()
        self._heard, self._bell = socket.socketpair()
        self._heard.setblocking(False)
        self._bell.setblocking(False)

    def fileno(self) -> int:
        """Return a descriptor that can be read when there is something to send."""
        return self._heard.fileno()

    def takes(self, context: str) -> bool:
        """Tell whether an abstract syntax was agreed on, with the peer as its SCU."""
        found = self._contexts.get(context)
        return found is not None and found.as_scp

    def offer(self, report: Report, contexts: tuple[str, ...], told: Told) -> bool:
        """Take a report if one of the contexts was agreed on, with the peer as its SCU."""
        name = next(filter(self.takes, contexts), None)
        if name is None:
            return False
        context = self._contexts[name]
        with self._lock:
            if self._closed:
                return False
            self._waiting.append(_Waiting(report, context, told))
            with suppress(OSError):  # full: it is about to wake up anyway
                self._bell.send(b"\0")
        return True

    @property
    def pause(self) -> float:
        """Seconds that the peer is to be listened to before the next report is sent; 0 if there is none."""
        left = self._opened + self._patience - time.monotonic()
        return max(left, 0.0) if self._waiting and not self._sent else 0.0

    def heard(self) -> None:
        """Note that the peer has spoken: from now on it is ready for reports, if it ever is."""
        self._patience = 0.0

    def send(self, exchange: Exchange) -> None:
        """Send the next report, unless one is still unanswered."""
        with suppress(BlockingIOError):
            self._heard.recv(4096)
        while self._waiting and not self._sent:
            self._send(exchange, self._waiting.popleft())

    def _send(self, exchange: Exchange, waiting: _Waiting) -> None:
        report, context, told = waiting
        try:
            data = encode(with_charset(report.attributes or {}), context.transfer_syntax)
        except InputError:  # a text may be too long for this transfer syntax; the association can do without
            told(None)
            return
        request = NEventReportRq(
            affected_sop_class_uid=report.sop_class,
            affected_sop_instance_uid=report.sop_instance,
            event_type_id=report.number,
        )
        try:
            exchange.submit(context, request, BytesSource(data) if data else None)
        except DimseError:
            told(None)
            raise
        self._sent[request.message_id] = told

    def answered(self, answer: Answer) -> None:
        """Take the answer to a report."""
        told = self._sent.pop(answer.request.message_id, None)
        if told is not None:
            told(answer.command.status)

    def close(self) -> None:
        """Take no more; whatever was not answered never will be."""
        with self._lock:
            self._closed = True
            left = [*self._sent.values(), *(waiting.told for waiting in self._waiting)]
            self._waiting.clear()
            self._sent.clear()
            self._heard.close()
            self._bell.close()
        for told in left:
            told(None)


class Posts:
    """The posts of open associations, by their numbers in the log. For any thread.

    `contexts` are the abstract syntaxes in which events are reported: no other association has a post.
    `opened` hears the title of whoever opens one that has, and what it calls us; it must not raise or wait.
    """

    def __init__(self, contexts: Collection[str]) -> None:
        self.opened: Callable[[str, str], None] = lambda _aet, _called: None
        self._contexts = frozenset(contexts)
        self._open: dict[int, Post] = {}
        self._lock = threading.Lock()

    def open(self, number: int, association: Association) -> Post | None:
        """Begin to take reports for an association, which ends by `close`; None if it can carry none."""
        agreed = {context.abstract_syntax for context in association.contexts.values()}
        if not agreed & self._contexts:
            return None
        post = Post(association.proposal.calling_aet, association)
        with self._lock:
            self._open[number] = post
        self.opened(post.aet, association.proposal.called_aet)
        return post

    def close(self, number: int) -> None:
        """Take no more for an association that has ended."""
        with self._lock:
            post = self._open.pop(number, None)
        if post is not None:
            post.close()

    def present(self, aet: str) -> bool:
        """Tell whether a node of this title has an association open."""
        with self._lock:
            return any(post.aet == aet for post in self._open.values())

    def carries(self, number: int, context: str) -> bool:
        """Tell whether the association of a number takes reports in a context."""
        with self._lock:
            post = self._open.get(number)
        return post is not None and post.takes(context)

    def expect(self, number: int, transaction: str) -> None:
        """Note that a transaction was asked for on an association: a report on it goes there before others.

        Several nodes may have the same title, and each knows its own transactions alone.
        """
        with self._lock:
            post = self._open.get(number)
            if post is not None:
                post.expected.add(transaction)

    def listening(self, context: str) -> set[str]:
        """Return the titles of those who have an association open that takes reports in a context."""
        with self._lock:
            return {post.aet for post in self._open.values() if post.takes(context)}

    def offer(
        self,
        report: Report,
        contexts: tuple[str, ...],
        told: Told,
        *,
        association: int | None = None,
        strangers: bool = True,
    ) -> bool:
        """Have a report sent on an open association of its addressee, or on that of a number alone.

        `contexts` are the abstract syntaxes in which it may go, the preferred first. False if there is none:
        then `told` is not called. The association which expects the report is asked first, then the latest;
        without `strangers` none that expects reports on other transactions alone.
        """
        transaction = text(report.attributes or {}, TRANSACTION)
        with self._lock:
            posts = [
                post
                for number, post in reversed(self._open.items())
                if post.aet == report.aet and association in (None, number)
                if strangers or not transaction or not post.expected or transaction in post.expected
            ]
            posts.sort(key=lambda post: transaction not in post.expected)
        return any(post.offer(report, contexts, told) for post in posts)
