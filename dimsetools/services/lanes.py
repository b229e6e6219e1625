"""Several retrieves at a time: lanes that each take the next thing wanted, and one stream of their events."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterator
from queue import SimpleQueue

from dimsetools.services.retrieve import Event, Wanted

Next = Callable[[], Wanted | None]
Lane = Callable[[Next], Iterator[Event]]


class Queue:
    """Hands out what is wanted, to any thread, until there is no more or `halted` says so."""

    def __init__(self, wanted: Iterator[Wanted], halted: Callable[[], bool]) -> None:
        self._wanted = wanted
        self._halted = halted
        self._lock = threading.Lock()
        self._closed = False
        self._returned: list[Wanted] = []

    def give_back(self, wanted: Wanted) -> None:
        """Let another lane have what this one could not even begin with."""
        with self._lock:
            self._returned.append(wanted)

    @property
    def pending(self) -> bool:
        """Tell whether something was given back that nobody has taken."""
        return bool(self._returned) and not self._halted()

    def next(self) -> Wanted | None:
        """Return the next one, or None."""
        with self._lock:
            if self._halted():
                return None
            if self._returned:
                return self._returned.pop()
            if self._closed:
                return None
            found = next(self._wanted, None)
            if found is None:
                self._closed = True
            return found

    def close(self) -> None:
        """Hand out nothing more."""
        self._closed = True


def run(queue: Queue, lane: Lane, jobs: int) -> Generator[Event, None, None]:
    """Return the events of `jobs` lanes as they come. An exception of one ends all, after their retrieves."""
    if jobs == 1:
        yield from lane(queue.next)
        return
    events: SimpleQueue[Event | BaseException | None] = SimpleQueue()

    def work() -> None:
        try:
            for event in lane(queue.next):
                events.put(event)
        except BaseException as error:  # noqa: BLE001  # raised again where the events are read
            queue.close()
            events.put(error)
        events.put(None)

    threads = [threading.Thread(target=work, name=f"lane-{number}") for number in range(1, jobs + 1)]
    for thread in threads:
        thread.start()
    failure: BaseException | None = None
    left = jobs
    try:
        while left:
            event = events.get()
            if event is None:
                left -= 1
            elif isinstance(event, BaseException):
                failure = failure or event
            else:
                yield event
    finally:
        queue.close()
        for thread in threads:
            thread.join()
    if failure is not None:
        raise failure
