"""What a role is: the part of the node that carries out one kind of request.

A role never touches the association. It says where the data set of a request goes and what to reply, once
or many times; reading, answering and surviving a role's mistakes are the business of `served`. What a role
needs of the peer while it answers, a `Conversation` gives it.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple, Protocol

from dimsetools.message.exchange import Incoming
from dimsetools.message.sinks import NullSink, Sink

if TYPE_CHECKING:
    from dimsetools.association.values import AcceptedContext
    from dimsetools.errors import InputError
    from dimsetools.message.composite import CStoreRq, CStoreRsp
    from dimsetools.message.sources import Source

Record = dict[str, object]

IDENTIFIER_MOST = 4 * 1024 * 1024
"""Longest identifier that is taken, bytes: some hundred thousand UIDs."""


class Caller(NamedTuple):
    """Who asks: the number of the association in the log, and its titles."""

    number: int
    calling_aet: str
    called_aet: str


class Counts(NamedTuple):
    """Sub-operations (PS3.7 section 9.1.3.1); `remaining` is None where the standard wants none."""

    remaining: int | None
    completed: int = 0
    failed: int = 0
    warning: int = 0


class Reply(NamedTuple):
    """The status to answer with; `comment` explains a failure, `record` is told to the log.

    `then` is done when the answer is out: what the peer need not wait for. It must not fail. `offending`
    are tags; `data` is an encoded identifier; `counts` are for what has sub-operations; `more` are further
    fields of the response by name.
    """

    status: int
    comment: str = ""
    record: Record | None = None
    then: Callable[[], None] | None = None
    offending: tuple[int, ...] = ()
    data: bytes | None = None
    counts: Counts | None = None
    more: Mapping[str, object] | None = None


class Task(Protocol):
    """One request being carried out: its data set goes to `sink`; then `finish`, or `discard`."""

    @property
    def sink(self) -> Sink:
        """Where the data set of the request is to go."""

    def finish(self) -> Reply:
        """Do what was asked."""

    def discard(self) -> None:
        """Forget about it."""


class SubOperation(NamedTuple):
    """A C-STORE to make within a C-GET; `close` is called when nothing more is read from `source`."""

    context: AcceptedContext
    request: CStoreRq
    source: Source
    close: Callable[[], None]


Stored = tuple[SubOperation, "CStoreRsp | InputError | None"]
"""What came of a sub-operation: the answer, what kept it from being sent, None if no answer came in time."""


class Conversation(Protocol):
    """What a role may do with the peer while it carries out one request."""

    @property
    def contexts(self) -> Iterable[AcceptedContext]:
        """The presentation contexts of the association."""

    @property
    def extended(self) -> bytes:
        """What was granted to the request's SOP class by extended negotiation, empty if nothing was."""

    def cancelled(self) -> bool:
        """Tell whether the peer has asked for the end (C-CANCEL); to be asked often."""

    def store(self, operations: Iterator[SubOperation]) -> Iterator[Stored | None]:
        """Make sub-operations, one after the other, until there are no more or the peer cancels.

        Yields what came of each, and None now and then while an answer is waited for.
        """


class Lasting:
    """A task with many replies, whose identifier is kept in memory."""

    def __init__(self) -> None:
        self.sink: Sink = IdentifierSink()

    def replies(self, conversation: Conversation) -> Generator[Reply, None, None]:
        """Do what was asked: yield pending replies, then the final one.

        Closed early, because the association has ended, it lets go of everything.
        """
        raise NotImplementedError

    def abandoned(self) -> Record:
        """Return what to tell the log when there was no final reply: the association has ended before."""
        raise NotImplementedError


class IdentifierSink(Sink):
    """Keeps an identifier in memory; of one of more than `most` bytes nothing is kept, and `data` is None."""

    def __init__(self, most: int = IDENTIFIER_MOST) -> None:
        self._data = bytearray()
        self._length = 0
        self._most = most

    @property
    def data(self) -> bytes | None:
        """The whole identifier."""
        return bytes(self._data) if self._length <= self._most else None

    def write(self, data: memoryview) -> None:
        """Take the next piece."""
        self._length += len(data)
        if self._length <= self._most:
            self._data += data
        else:
            self._data.clear()


class Role(Protocol):
    """Carries out requests of one type."""

    def begin(self, incoming: Incoming, caller: Caller) -> Task | Lasting:
        """Start on a request whose data set is still to come."""


class Settled:
    """A task whose reply is known from the start."""

    def __init__(self, status: int, comment: str = "", record: Record | None = None) -> None:
        self.sink: Sink = NullSink()
        self._reply = Reply(status, comment, record)

    def finish(self) -> Reply:
        """Return the reply."""
        return self._reply

    def discard(self) -> None:
        """Do nothing."""
