"""Storage commitment as its SCP (PS3.4 J.4): requests are remembered, then checked, then reported on.

A request is in the ledger before it is answered, and its outcome is there together with the report that is to
go out: whatever happens to the process, each transaction that was taken gets its one report. An instance is
committed to if the index has it under the class that was named, and its file is there as it was stored.
"""

from __future__ import annotations

import errno
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from types import MappingProxyType
from typing import TYPE_CHECKING

from dimsetools.archive.ledger import Entry, LedgerFailed
from dimsetools.dataset.attributes import Attribute, text
from dimsetools.dataset.commitments import (
    INSTANCE,
    PUSH_MODEL,
    REFERENCED,
    REQUEST,
    TRANSACTION,
    Failure,
    Reference,
    Report,
    references,
    report,
)
from dimsetools.errors import DimseError, InputError
from dimsetools.scp.faults import (
    CLASS_INSTANCE_CONFLICT,
    INVALID_ARGUMENT_VALUE,
    NO_SUCH_ACTION,
    NO_SUCH_SOP_INSTANCE,
    PROCESSING_FAILURE,
    RESOURCE_LIMITATION,
)
from dimsetools.scp.kept import SOP_INSTANCE, open_kept
from dimsetools.scp.normalized import Asked, Done, Refusal, Service
from dimsetools.uids import is_dotted

if TYPE_CHECKING:
    from dimsetools.archive.index import Instance
    from dimsetools.archive.ledger import Ledger
    from dimsetools.scp.kept import Archive
    from dimsetools.scp.roles import Record

KIND = "commitment"
"""Of entries of the ledger: a transaction by its UID."""
ACCEPTED, CHECKED = "accepted", "checked"

_DUPLICATE_TRANSACTION = 0x0131
_REMEMBERED = 90 * 24 * 3600.0
"""Seconds for which a transaction that was reported on is known as a duplicate."""
_INSTANCES = 40_000
"""Most instances of a transaction: the report on them has to be read again, and elements are bounded."""
_TOGETHER = 500
"""Instances that the index is asked for at a time."""
_AFTER_FAILURE = 5.0
"""Seconds until a ledger that could not be written is tried again."""
_SCARCE = frozenset((errno.EMFILE, errno.ENFILE, errno.ENOMEM))
_GONE = frozenset((errno.ENOENT, errno.ENOTDIR, errno.ELOOP))


class Commitment(Service):
    """The SCP of the Storage Commitment Push Model.

    Transactions are checked in a thread of their own from `start` to `close`, those of an earlier life first;
    `wake` is told of reports that were posted, `expect` of the association on which each transaction was
    asked for. Of an archive that is not synced, what is committed to is written to the disk first.
    """

    sop_classes = (PUSH_MODEL,)
    contexts = MappingProxyType({PUSH_MODEL: b""})
    most = 8 * 1024 * 1024

    def __init__(
        self,
        ledger: Ledger,
        archive: Archive,
        wake: Callable[[], None],
        log: Callable[[Record], None],
        *,
        expect: Callable[[int, str], None] = lambda _number, _transaction: None,
    ) -> None:
        self._ledger = ledger
        self._archive = archive
        self._wake = wake
        self._log = log
        self._expect = expect
        self._changed = threading.Condition()
        self._news = True
        self._closed = self._forgotten = False
        self._thread = threading.Thread(target=self._run, name="commitment", daemon=True)

    def start(self) -> None:
        """Begin to check."""
        self._thread.start()

    def close(self) -> None:
        """Check no more; what is not checked is taken up at the next start."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        if self._thread.ident is not None:
            self._thread.join()

    # -- requests -----------------------------------------------------------------------------------

    def action(self, asked: Asked) -> Done:
        """Remember a request."""
        if asked.uid != INSTANCE:
            raise Refusal(NO_SUCH_SOP_INSTANCE, "not the well-known instance of storage commitment")
        if asked.number != REQUEST:
            raise Refusal(NO_SUCH_ACTION, f"there is no action type {asked.number}")
        transaction = text(asked.attributes, TRANSACTION)
        if not is_dotted(transaction):
            what = "is no UID" if transaction else "is missing"
            raise Refusal(INVALID_ARGUMENT_VALUE, f"the Transaction UID {what}", (TRANSACTION,))
        wanted = references(asked.attributes)
        if not wanted or not all(map(all, wanted)):
            what = "has an item without a UID" if wanted else "is missing or empty"
            raise Refusal(INVALID_ARGUMENT_VALUE, f"the Referenced SOP Sequence {what}", (REFERENCED,))
        if len(wanted) > _INSTANCES:
            raise Refusal(RESOURCE_LIMITATION, f"more than {_INSTANCES} instances: ask in several requests")
        kept = {tag: asked.attributes[tag] for tag in (TRANSACTION, REFERENCED)}
        caller = asked.caller
        more = {"aet": caller.calling_aet, "called": caller.called_aet}
        with self._ledger.change() as pages:
            if pages.get(KIND, transaction) is not None:
                raise Refusal(_DUPLICATE_TRANSACTION, "the Transaction UID is in use already", (TRANSACTION,))
            pages.put(Entry(KIND, transaction, ACCEPTED, dict(sorted(kept.items())), more))
        self._expect(caller.number, transaction)
        told: Record = {"TransactionUID": transaction, "_instances": len(wanted)}
        return Done(record=told, then=self._look)

    def _look(self) -> None:
        """Have the thread look for what is to be checked."""
        with self._changed:
            self._news = True
            self._changed.notify_all()

    # -- the thread ---------------------------------------------------------------------------------

    def _run(self) -> None:
        pause: float | None = None
        while self._wait(pause):
            try:
                self._forget()
                while (entry := self._next()) is not None and self._settle(entry):
                    pass
                pause = None
            except LedgerFailed as error:
                self._log({"_event": "ledger-failed", "_reason": error.message})
                pause = _AFTER_FAILURE

    def _wait(self, pause: float | None) -> bool:
        """Wait until there may be something to check, at most `pause` seconds; False at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._news, pause)
            self._news = False
            return not self._closed

    def _next(self) -> Entry | None:
        """Return the oldest transaction that is not checked yet."""
        with closing(self._ledger.entries(KIND, state=ACCEPTED)) as entries:
            return next(entries, None)

    def _forget(self) -> None:
        """Forget transactions that were done with long ago; once in a life is enough."""
        if self._forgotten:
            return
        self._forgotten = True
        limit = time.time() - _REMEMBERED
        old = [entry.uid for entry in self._ledger.entries(KIND, state=CHECKED) if entry.changed < limit]
        for uid in old:
            with self._ledger.change() as pages:
                pages.remove(KIND, uid)

    def _settle(self, entry: Entry) -> bool:
        """Check a transaction, and post the report on it; False when there is no time left for that."""
        wanted = tuple(dict.fromkeys(references(entry.attributes)))
        reasons = self._reasons(wanted)
        if reasons is None:
            return False
        told = Report(
            entry.uid,
            tuple(one for one, reason in zip(wanted, reasons, strict=True) if reason is None),
            tuple(
                Failure(one, reason)
                for one, reason in zip(wanted, reasons, strict=True)
                if reason is not None
            ),
            str(entry.more["called"]),
        )
        with self._ledger.change() as pages:
            pages.put(entry._replace(state=CHECKED, attributes={}))
            pages.post(str(entry.more["aet"]), PUSH_MODEL, INSTANCE, told.event, report(told))
        self._wake()
        self._log(
            {
                "_event": "commitment",
                "_calling": entry.more["aet"],
                "TransactionUID": entry.uid,
                "_committed": len(told.committed),
                "_failed": len(told.failed),
            }
        )
        return True

    # -- checking -----------------------------------------------------------------------------------

    def _reasons(self, wanted: Sequence[Reference]) -> list[int | None] | None:
        """Return why each instance is not committed to, None for one that is; None when there is no time."""
        found: list[int | None] = []
        for start in range(0, len(wanted), _TOGETHER):
            part = wanted[start : start + _TOGETHER]
            try:
                for fault in self._check(part):
                    if self._closed:
                        return None
                    found.append(fault)
            except Exception as error:  # noqa: BLE001  # a mistake of ours must not stop the checks for good
                reason = str(error) if isinstance(error, DimseError) else f"{type(error).__name__}: {error}"
                self._log({"_event": "commitment-failed", "_reason": reason})
                found += [PROCESSING_FAILURE] * (start + len(part) - len(found))
        return found

    def _check(self, wanted: Sequence[Reference]) -> Iterator[int | None]:
        key = {SOP_INSTANCE: Attribute("UI", tuple(one.sop_instance for one in wanted))}
        kept = {one.sop_instance: one for one in self._archive.kept.instances("IMAGE", key)}
        for reference in wanted:
            instance = kept.get(reference.sop_instance)
            if instance is None:
                yield NO_SUCH_SOP_INSTANCE
            elif instance.sop_class != reference.sop_class:
                yield CLASS_INSTANCE_CONFLICT
            else:
                yield self._verify(instance)

    def _verify(self, instance: Instance) -> int | None:
        """Look at the file of an instance; return what is wrong, None if all is well."""
        try:
            opened = open_kept(self._archive, instance)
        except InputError as error:
            code = error.__cause__.errno if isinstance(error.__cause__, OSError) else None
            self._complain(instance, error.message)
            if code in _SCARCE:
                return RESOURCE_LIMITATION
            return NO_SUCH_SOP_INSTANCE if code in _GONE else PROCESSING_FAILURE
        try:
            if not self._archive.synced:
                os.fsync(opened.fd)
                _sync_folders(self._archive.store.root, opened.path)
        except OSError as error:
            self._complain(instance, f"cannot be written to the disk: {error.strerror}")
            return PROCESSING_FAILURE
        finally:
            os.close(opened.fd)
        return None

    def _complain(self, instance: Instance, reason: str) -> None:
        self._log({"_event": "not-committed", "SOPInstanceUID": instance.sop_instance, "_reason": reason})


def _sync_folders(root: str, path: str) -> None:
    """Have the names on the way to a file written to the disk."""
    folder = os.path.dirname(path)
    while True:
        fd = os.open(os.path.join(root, folder), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
        if not folder:
            return
        folder = os.path.dirname(folder)
