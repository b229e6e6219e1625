"""The storage role (PS3.4 annex B): C-STORE requests become objects of the archive."""

from __future__ import annotations

import os
from time import monotonic
from typing import TYPE_CHECKING

from dimsetools.archive.objects import IncomingObject, ObjectStore, Outcome, Refused
from dimsetools.escape import visible
from dimsetools.message.composite import CStoreRq
from dimsetools.message.exchange import Incoming
from dimsetools.scp.faults import SOP_CLASS_NOT_SUPPORTED, SUCCESS, store_status
from dimsetools.scp.roles import Caller, Record, Reply, Settled, Task

if TYPE_CHECKING:
    from dimsetools.scp.hooks import Hooks

UID_SHOWN = 64
_NEW = frozenset({Outcome.STORED, Outcome.REPLACED, Outcome.BOTH})


class Storage:
    """Stores what is sent; without a `store` everything succeeds and nothing is kept.

    `log_objects` asks for a record an object, `log_paths` for its path in it, where a layout may have put
    patients' data.
    """

    def __init__(
        self,
        store: ObjectStore | None,
        hooks: Hooks | None,
        *,
        log_objects: bool = False,
        log_paths: bool = False,
    ) -> None:
        self.store = store
        self.hooks = hooks
        self.log_objects = log_objects
        self.log_paths = log_paths

    def begin(self, incoming: Incoming, caller: Caller) -> Task:
        """Take an object of the class that the presentation context is for."""
        request = incoming.command
        assert isinstance(request, CStoreRq)
        if request.affected_sop_class_uid != incoming.context.abstract_syntax:
            return Settled(SOP_CLASS_NOT_SUPPORTED, "the presentation context is for another SOP class")
        if self.store is None:
            return Settled(SUCCESS)
        sink = self.store.incoming(
            request.affected_sop_class_uid,
            request.affected_sop_instance_uid,
            incoming.context.transfer_syntax,
            calling_aet=caller.calling_aet,
            called_aet=caller.called_aet,
        )
        return _Storing(self, self.store, sink, request, caller)


class _Storing:
    """One object on its way."""

    def __init__(
        self, role: Storage, store: ObjectStore, sink: IncomingObject, request: CStoreRq, caller: Caller
    ) -> None:
        self.sink = sink
        self._role = role
        self._store = store
        self._request = request
        self._caller = caller
        self._started = monotonic()

    def finish(self) -> Reply:
        """Commit the object; its hooks run once it is there, and not for what was there before."""
        role, store = self._role, self._store
        try:
            stored = self.sink.commit()
        except Refused as refused:
            status = store_status(refused)
            record = self._record("refused", status) | {"_reason": refused.message}
            return Reply(status, refused.message, record)
        if stored.outcome in _NEW and role.hooks is not None:
            role.hooks.stored(os.path.join(store.root, stored.path), stored.values)
        if not role.log_objects:
            return Reply(SUCCESS, then=store.prepare)
        record = self._record("stored", SUCCESS) | {"_outcome": stored.outcome.value}
        if role.log_paths:
            record["_path"] = stored.path
        return Reply(SUCCESS, "", record, store.prepare)

    def discard(self) -> None:
        """Remove what has come of the object."""
        self.sink.discard()

    def _record(self, event: str, status: int) -> Record:
        return {
            "_event": event,
            "_association": self._caller.number,
            "_calling": self._caller.calling_aet,
            "SOPClassUID": visible(self._request.affected_sop_class_uid, UID_SHOWN),
            "SOPInstanceUID": visible(self._request.affected_sop_instance_uid, UID_SHOWN),
            "_status": f"{status:04X}",
            "_bytes": self.sink.size,
            "_ms": round((monotonic() - self._started) * 1000, 1),
        }
