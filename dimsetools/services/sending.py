"""Objects over one open association: the loop that has to be fast.

While the peer works on an object the next one is opened, checked and cut into PDUs. Every file is looked at
before and after it is read: what was sent of a file that changed meanwhile is no object. Nothing is judged
here, and nothing tried again.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple

from dimsetools.dataset.part10 import open_regular
from dimsetools.errors import DimseError, InputError, InputUnreadable
from dimsetools.message.composite import CStoreRq, CStoreRsp
from dimsetools.message.exchange import Exchange, Prepared
from dimsetools.message.sources import BytesSource, FileSource
from dimsetools.services.examine import Item

if TYPE_CHECKING:
    from dimsetools.association.association import Association
    from dimsetools.association.values import AcceptedContext
    from dimsetools.dataset.part10 import FileMeta
    from dimsetools.message.sources import Source
    from dimsetools.services.plan import Pair

_LONG = 4 * 1024 * 1024
"""Objects of more bytes tell how far they are."""


class Acknowledged(NamedTuple):
    """The peer has answered; `changed` if the file did not stay the same while it was sent."""

    item: Item
    response: CStoreRsp
    seconds: float
    transfer_syntax: str
    changed: InputUnreadable | None


class Unsendable(NamedTuple):
    """Nothing of the object was sent, because of its file or because it could not be converted."""

    item: Item
    error: DimseError


class Unmatched(NamedTuple):
    """The association has no context for the object."""

    item: Item


Outcome = Acknowledged | Unsendable | Unmatched


class Originator(NamedTuple):
    """Who has asked for objects to be sent here, by a C-MOVE with the message ID `number` (PS3.7 9.1.1.1)."""

    aet: str
    number: int


class _Ready(NamedTuple):
    item: Item
    fd: int
    prepared: Prepared


class Sending:
    """Sends what is in a queue over `association`.

    `match` finds the context for a pair, `halted` tells whether to send no further object, `advance` is
    told of bytes that went out. `eager` sends the next object as soon as the answer to the
    last one is there, so that the peer never waits for what is done about it. After an exception, `broken` is
    the object whose file failed in the middle of its message, `unacknowledged` the others under way.
    """

    def __init__(
        self,
        association: Association,
        match: Callable[[Pair], AcceptedContext | None],
        *,
        priority: int,
        halted: Callable[[], bool],
        eager: bool,
        advance: Callable[[int], None] | None,
        originator: Originator | None = None,
    ) -> None:
        self.acknowledged = 0
        self.broken: Item | None = None
        self._exchange = Exchange(association)
        self._match = match
        self._contexts: dict[Pair, AcceptedContext | None] = {}
        self._priority = priority
        self._halted = halted
        self._eager = eager
        self._advance = advance
        self._originator = originator
        self._flying: dict[int, tuple[Item, float]] = {}
        self._changed: dict[int, InputUnreadable] = {}
        self._ready: _Ready | None = None
        self._arrived = 0.0
        self._failure: BaseException | None = None

    def run(self, queue: deque[Item]) -> Iterator[Outcome]:
        """Send until `queue` is empty, or halted, and everything under way is answered.

        Several may take from `queue`. Raises what ends the association; InputError if it was ended by us
        because the file of `broken` became shorter.
        """
        flying, window = self._flying, self._exchange.window
        while True:
            if self._ready is None and queue and not self._halted():
                failed = self._prepare(queue)
                if failed is not None:
                    yield failed
                if self._ready is None:
                    continue
            if self._ready is not None and len(flying) < window and not self._halted():
                self._dispatch(self._ready)
            elif not flying:
                return
            else:
                outcome = self._collect()
                if outcome is not None:
                    yield outcome
                if self._failure is not None:
                    raise self._failure

    def unacknowledged(self) -> list[Item]:
        """Return the objects that were sent, wholly or in part, and not answered."""
        return [item for item, _ in self._flying.values()]

    def close(self) -> list[Item]:
        """Let go of what was prepared and not sent: return it for others to send."""
        ready, self._ready = self._ready, None
        if ready is None:
            return []
        os.close(ready.fd)
        return [ready.item]

    def _prepare(self, queue: deque[Item]) -> Outcome | None:
        """Make the next object ready to go, or return why it cannot."""
        try:
            item = queue.popleft()
        except IndexError:  # somebody else took the last one
            return None
        meta = item.meta
        pair = meta.sop_class_uid, meta.transfer_syntax
        if pair not in self._contexts:
            self._contexts[pair] = self._match(pair)
        context = self._contexts[pair]
        if context is None:
            return Unmatched(item)
        fd = -1
        try:
            fd, status = open_regular(item.path)
            if status.st_mtime_ns != item.changed or status.st_size != item.size:
                raise InputUnreadable("changed after it was examined")
            request = CStoreRq(
                affected_sop_class_uid=meta.sop_class_uid,
                affected_sop_instance_uid=meta.sop_instance_uid,
                priority=self._priority,
            )
            if self._originator is not None:
                request.move_originator_aet, request.move_originator_message_id = self._originator
            prepared = self._exchange.prepare(context, request, self._source(fd, item, context))
        except DimseError as error:
            if fd >= 0:
                os.close(fd)
            return Unsendable(item, error)
        self._ready = _Ready(item, fd, prepared)
        return None

    def _source(self, fd: int, item: Item, context: AcceptedContext) -> Source:
        meta = item.meta
        if (
            meta.length > _LONG
            and self._advance is not None
            and context.transfer_syntax == meta.transfer_syntax
        ):
            source = _Watched(fd, meta.offset, meta.length, self._advance)
            return _Padded(source) if meta.length % 2 else source
        return source_of(fd, meta, context.transfer_syntax)

    def _dispatch(self, ready: _Ready) -> None:
        item, fd, prepared = ready
        self._ready = None
        number = prepared.request.message_id
        self._flying[number] = item, perf_counter()
        try:
            self._exchange.dispatch(prepared)
            status = os.fstat(fd)
        except InputError:
            self.broken = self._flying.pop(number)[0]
            raise
        finally:
            os.close(fd)
        if status.st_mtime_ns != item.changed or status.st_size != item.size:
            self._changed[number] = InputUnreadable("changed while it was sent")
        if self._advance is not None and item.meta.length <= _LONG:
            self._advance(item.meta.length)

    def _go_on(self) -> None:
        """Send what is ready, now that an answer has come; called again, do nothing.

        What goes wrong is kept until that answer was handed on: it counts all the same.
        """
        self._arrived = self._arrived or perf_counter()
        if self._eager and self._ready is not None and not self._halted():
            try:
                self._dispatch(self._ready)
            except BaseException as error:  # noqa: BLE001  # raised by `run`
                self._failure = error

    def _collect(self) -> Acknowledged | None:
        self._arrived = 0.0
        answer = self._exchange.collect(self._go_on)
        self._go_on()
        number = answer.request.message_id
        flight = self._flying.pop(number, None)
        if flight is None:  # a second answer, after one that said "pending"
            return None
        self.acknowledged += 1
        assert isinstance(answer.command, CStoreRsp)
        item, started = flight
        changed = self._changed.pop(number, None) if self._changed else None
        return Acknowledged(
            item, answer.command, self._arrived - started, answer.context.transfer_syntax, changed
        )


def source_of(fd: int, meta: FileMeta, transfer_syntax: str) -> Source:
    """Return the data set that `meta` describes in the file `fd`, converted where it is another syntax."""
    if transfer_syntax != meta.transfer_syntax:
        from dimsetools.dataset.transcode import convert

        return BytesSource(convert(fd, meta, transfer_syntax))
    source = FileSource(fd, meta.offset, meta.length)
    return _Padded(source) if meta.length % 2 else source


class _Padded:
    """A source of an odd number of bytes with a NUL behind it.

    Fragments are of even length (PS3.8 annex E.1), and deflated data sets made so by a NUL (PS3.5 A.5);
    DCMTK 3.6.7 drops the association otherwise.
    """

    __slots__ = ("_source", "exhausted")

    def __init__(self, source: Source) -> None:
        self._source = source
        self.exhausted = False

    def read_into(self, view: memoryview) -> int:
        """Read the next bytes."""
        source = self._source
        count = 0 if source.exhausted else source.read_into(view)
        if source.exhausted and count < len(view):
            view[count] = 0
            count += 1
            self.exhausted = True
        return count


class _Watched(FileSource):
    """A file that tells how much of it was read."""

    __slots__ = ("_advance",)

    def __init__(self, fd: int, offset: int, length: int, advance: Callable[[int], None]) -> None:
        super().__init__(fd, offset, length)
        self._advance = advance

    def read_into(self, view: memoryview) -> int:
        """Read the next bytes."""
        count = super().read_into(view)
        self._advance(count)
        return count
