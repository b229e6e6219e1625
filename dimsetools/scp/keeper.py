"""The storage role for objects that come on an association of ours, as the sub-operations of a C-GET do."""

from __future__ import annotations

from dimsetools.message.exchange import Incoming
from dimsetools.message.sinks import Sink
from dimsetools.scp.faults import comment
from dimsetools.scp.roles import Caller, Reply, Task
from dimsetools.scp.storage import Storage


class Keeper:
    """Gives each object to `storage`; `caller` is who sends them."""

    def __init__(self, storage: Storage, caller: Caller) -> None:
        self._storage = storage
        self._caller = caller

    def begin(self, incoming: Incoming) -> Task:
        """Take an object whose data set is still to come."""
        return _Keeping(self._storage.begin(incoming, self._caller))


class _Keeping:
    """A task whose reply can be sent as it is."""

    def __init__(self, task: Task) -> None:
        self.sink: Sink = task.sink
        self._task = task

    def finish(self) -> Reply:
        """Keep the object."""
        reply = self._task.finish()
        return reply._replace(comment=comment(reply.comment)) if reply.comment else reply

    def discard(self) -> None:
        """Remove what has come of the object."""
        self._task.discard()
