"""What a role is: the part of the node that carries out one kind of request.

A role never touches the association. It says where the data set of a request goes and what to reply;
reading, answering and surviving a role's mistakes are the business of `served`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol

from dimsetools.message.exchange import Incoming
from dimsetools.message.sinks import NullSink, Sink

Record = dict[str, object]


class Caller(NamedTuple):
    """Who asks: the number of the association in the log, and its titles."""

    number: int
    calling_aet: str
    called_aet: str


class Reply(NamedTuple):
    """The status to answer with; `comment` explains a failure, `record` is told to the log.

    `then` is done when the answer is out: what the peer need not wait for. It must not fail.
    """

    status: int
    comment: str = ""
    record: Record | None = None
    then: Callable[[], None] | None = None


class Task(Protocol):
    """One request being carried out: its data set goes to `sink`; then `finish`, or `discard`."""

    @property
    def sink(self) -> Sink:
        """Where the data set of the request is to go."""

    def finish(self) -> Reply:
        """Do what was asked."""

    def discard(self) -> None:
        """Forget about it."""


class Role(Protocol):
    """Carries out requests of one type."""

    def begin(self, incoming: Incoming, caller: Caller) -> Task:
        """Start on a request whose data set is still to come."""


class Settled:
    """A task whose reply is known from the start."""

    def __init__(self, status: int, comment: str = "") -> None:
        self.sink: Sink = NullSink()
        self._reply = Reply(status, comment)

    def finish(self) -> Reply:
        """Return the reply."""
        return self._reply

    def discard(self) -> None:
        """Do nothing."""
