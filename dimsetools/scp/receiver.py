"""A node for the length of one C-MOVE to ourselves: it takes what the peer sends us, and only from there.

The peer must be able to reach it, so it listens where others can too; whoever calls from another address
than the peer's is rejected. It knows how much has come and whether more is on its way, because the last
response of a C-MOVE may overtake the last object.
"""

from __future__ import annotations

import select
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from ipaddress import ip_network
from time import monotonic
from typing import TYPE_CHECKING

from dimsetools.errors import Unreachable
from dimsetools.escape import visible
from dimsetools.message.composite import CEchoRq, CStoreRq
from dimsetools.message.exchange import Incoming
from dimsetools.scp.hooks import Hooks
from dimsetools.scp.listening import is_loopback
from dimsetools.scp.policy import ANY_TITLE, AcceptPolicy, Allowed
from dimsetools.scp.roles import Caller, Record, Reply, Task
from dimsetools.scp.served import Manner
from dimsetools.scp.server import Limits, Server
from dimsetools.scp.storage import UID_SHOWN, Storage
from dimsetools.scp.verification import Verification
from dimsetools.status import is_failure

if TYPE_CHECKING:
    import ssl

    from dimsetools.archive.objects import ObjectStore
    from dimsetools.association.stop import Stop
    from dimsetools.association.trace import Tracer
    from dimsetools.association.values import Timeouts

QUIET = 3.0
"""Seconds without an association after which nothing more is expected, whatever the peer has counted."""


def callers(host: str) -> tuple[Allowed, ...]:
    """Return who may call: any title from the addresses of `host`. Unreachable if it has none."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError as error:
        raise Unreachable(f"{host}: {error.strerror}") from None
    addresses = dict.fromkeys(str(address[0]).partition("%")[0] for *_, address in found)
    return tuple(Allowed(ANY_TITLE, ip_network(address)) for address in addresses)


class Receiver:
    """Listens from `start` to `close`. `log` hears of objects and of whatever else happens, from any thread.

    `store` None keeps nothing. `bind` is a local address, by default every one, or the loopback ones for a
    peer on this machine; port 0 picks a free one.
    """

    def __init__(
        self,
        store: ObjectStore | None,
        *,
        title: str,
        peer: str,
        port: int,
        log: Callable[[Record], None],
        timeouts: Timeouts,
        max_pdu: int,
        bind: str | None = None,
        others: tuple[Allowed, ...] = (),
        syntaxes: tuple[str, ...] = (),
        tls_context: ssl.SSLContext | None = None,
        tracer: Tracer | None = None,
    ) -> None:
        self.landed = 0
        self._closed = False
        self._open: set[object] = set()
        self._log = log
        self._changed = threading.Lock()
        self._heard, self._bell = socket.socketpair()
        self._heard.setblocking(False)
        self._bell.setblocking(False)
        hooks = Hooks(self._note)
        policy = AcceptPolicy(
            storage=(),
            allowed=(*callers(peer), *others),
            called_aet=title,
            any_class=True,
            preferred=syntaxes,
            max_pdu=max_pdu,
        )
        storage = _Told(Storage(store, hooks, log_objects=True, log_paths=True))
        manner = Manner(
            policy, {CEchoRq: Verification(), CStoreRq: storage}, timeouts, self._note, tls_context, tracer
        )
        if bind is None and not others and is_loopback(peer):
            bind = "localhost"
        self._server = Server(bind, port, manner, hooks, Limits())
        self._thread = threading.Thread(target=self._server.serve, name="receiver")

    def start(self) -> int:
        """Listen and serve; return the port. Raises CannotListen."""
        port = self._server.start()[0][1]
        self._thread.start()
        return port

    def wait(self, objects: int, stop: Stop, *, until: float | None = None) -> bool:
        """Wait for `objects` to have landed since the start; tell whether they have.

        Gives up when no association has been open for QUIET seconds, when `stop` is requested, or at the
        moment `until` of the monotonic clock.
        """
        poll = select.poll()
        poll.register(self._heard, select.POLLIN)
        poll.register(stop, select.POLLIN)
        quiet = monotonic() + QUIET
        while self.landed < objects or self._open:
            now = monotonic()
            ends = [moment for moment in (until, None if self._open else quiet) if moment is not None]
            left = min(ends) - now if ends else None
            if stop.requested or (left is not None and left <= 0):
                break
            if poll.poll(None if left is None else left * 1000):
                with suppress(BlockingIOError):
                    self._heard.recv(4096)
                quiet = monotonic() + QUIET
        return self.landed >= objects

    def close(self) -> None:
        """Let what is under way finish, and listen no more; harmless when it is done already."""
        if self._closed:
            return
        self._closed = True
        self._server.drain()
        if self._thread.ident is not None:
            self._thread.join()
        self._heard.close()
        self._bell.close()

    def _note(self, record: Record) -> None:
        event, number = record["_event"], record.get("_association")
        self._log(record)
        with self._changed:
            if event == "stored":
                self.landed += 1
            elif event == "association-opened":
                self._open.add(number)
            elif event == "association-closed":
                self._open.discard(number)
            else:
                return
        with suppress(OSError):  # full: it is about to be heard anyway
            self._bell.send(b"\0")


class _Told:
    """The storage role, which tells of each object even where nothing is kept."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def begin(self, incoming: Incoming, caller: Caller) -> Task:
        """Take an object."""
        return _Telling(self._storage.begin(incoming, caller), incoming)


class _Telling:
    """An object on its way."""

    def __init__(self, task: Task, incoming: Incoming) -> None:
        self.sink = task.sink
        self._task = task
        self._incoming = incoming

    def finish(self) -> Reply:
        """Keep it."""
        reply, request = self._task.finish(), self._incoming.command
        assert isinstance(request, CStoreRq)
        record: Record = {
            "_event": "refused" if is_failure(reply.status) else "stored",
            "SOPClassUID": visible(request.affected_sop_class_uid, UID_SHOWN),
            "SOPInstanceUID": visible(request.affected_sop_instance_uid, UID_SHOWN),
            "_status": f"{reply.status:04X}",
        }
        if reply.comment:
            record["_reason"] = reply.comment
        record |= reply.record or {}
        record["TransferSyntaxUID"] = self._incoming.context.transfer_syntax
        return reply._replace(record=record)

    def discard(self) -> None:
        """Remove what has come of it."""
        self._task.discard()
