"""A node in this process for tests: on a free loopback port, its log kept and waited for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from dimsetools.archive.objects import Durability, ObjectStore
from dimsetools.association.values import Timeouts
from dimsetools.message.command import Request
from dimsetools.message.composite import CEchoRq, CStoreRq
from dimsetools.scp.hooks import Hooks
from dimsetools.scp.policy import AcceptPolicy
from dimsetools.scp.roles import Record, Role
from dimsetools.scp.served import Manner
from dimsetools.scp.server import Limits, Server, Totals
from dimsetools.scp.storage import Storage
from dimsetools.scp.verification import Verification
from tests.scripted import wire

LIMIT = 20.0
POLICY = AcceptPolicy(storage=[wire.CT_IMAGE])
CONTEXTS = (
    wire.Context(1, wire.VERIFICATION, (wire.IMPLICIT_LE,)),
    wire.Context(3, wire.CT_IMAGE, (wire.EXPLICIT_LE,)),
)


class Log:
    """The records of a node, and a way to wait for one."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self._news = threading.Condition()

    def __call__(self, record: Record) -> None:
        with self._news:
            self.records.append(record)
            self._news.notify_all()

    def wait(self, event: str, count: int = 1) -> list[Record]:
        """The records of this kind, as soon as there are `count` of them."""

        def found() -> list[Record]:
            return [record for record in self.records if record["_event"] == event]

        with self._news:
            assert self._news.wait_for(lambda: len(found()) >= count, LIMIT), self.records
            return found()


class Node:
    """A node that serves in a thread of the test."""

    def __init__(self, server: Server, log: Log) -> None:
        self.server = server
        self.log = log
        self.port = server.start()[0][1]
        self.totals: Totals | None = None
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        self.totals = self.server.serve()

    def join(self) -> Totals:
        """What it has done, once it has ended by itself."""
        self._thread.join(LIMIT)
        assert self.totals is not None, "the node did not end"
        return self.totals

    def end(self) -> None:
        """End it now."""
        self.server.drain()
        self.server.drain()
        self.join()


@contextmanager
def running_node(
    folder: Path | None = None,
    *,
    policy: AcceptPolicy = POLICY,
    limits: Limits | None = None,
    timeouts: Timeouts | None = None,
    roles: Mapping[type[Request], Role] | None = None,
    wrap: Callable[[Manner], Manner] = lambda manner: manner,
    **storing: bool,
) -> Iterator[Node]:
    """A node until the block ends; with `folder` it keeps what comes, else it says so only."""
    log = Log()
    hooks = Hooks(log)
    store = ObjectStore(str(folder), durability=Durability.NONE) if folder else None
    usual: dict[type[Request], Role] = {CEchoRq: Verification(), CStoreRq: Storage(store, hooks, **storing)}
    manner = wrap(Manner(policy, {**usual, **(roles or {})}, timeouts or Timeouts(dimse=LIMIT), log))
    node = Node(Server("127.0.0.1", 0, manner, hooks, limits), log)
    try:
        yield node
    finally:
        node.end()
        if store is not None:
            store.close()
