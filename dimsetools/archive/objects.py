"""Objects as files: each appears under its name whole and checked, or never.

An object streams into a temporary file of its own, is checked there, and is renamed when everything is
right (PS3.4 section B.2.3: success means stored). Statuses and associations are somebody else's business:
trouble comes out as `Refused`.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping, Sequence
from enum import StrEnum
from itertools import count
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple, Self

from dimsetools.archive.content import UIDS, Mismatch, examine, same_object, text
from dimsetools.archive.layout import Layout
from dimsetools.archive.tree import Part, Tree, exists, open_below
from dimsetools.dataset.elements import Glimpse, Source
from dimsetools.dataset.part10 import header
from dimsetools.errors import InputError, InputUnreadable, OutputError
from dimsetools.uids import is_dotted

if TYPE_CHECKING:
    from dimsetools.archive.extract import Indexed
    from dimsetools.archive.index import Index

HELD = 65536
"""Bytes of an object kept in memory before its file is made: smaller ones need not be read back."""

INDEX_TOKEN, INDEX_PASSED_BY = ".dimse-index.token", ".dimse-index.passed-by"
"""Files of an index, and the mark that objects were stored which it has not seen."""

_MEDIA_ERRORS = frozenset({errno.EIO, errno.EROFS, errno.ENXIO})
_BLOCKED_ERRORS = frozenset({errno.ELOOP, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG})


class Durability(StrEnum):
    """What has reached the disk before an object counts as kept."""

    FULL = "full"  # the file, its name, and the folders that lead to it
    FILE = "file"  # the file
    NONE = "none"  # nothing: a power loss may take what the kernel still holds


class OnDuplicate(StrEnum):
    """What happens to an instance that is there already with other bytes."""

    KEEP = "keep"
    REPLACE = "replace"
    REJECT = "reject"
    BOTH = "both"


class Fault(StrEnum):
    """Why an object was not kept."""

    RESOURCES = "out-of-resources"
    MEDIA = "storage-failed"
    BLOCKED = "path-blocked"
    UNDECODABLE = "undecodable"
    MISMATCH = "mismatch"
    DUPLICATE = "duplicate"


class Refused(OutputError):
    """An object was not kept and nothing of it is left."""

    name = "object-refused"

    def __init__(self, fault: Fault, message: str) -> None:
        super().__init__(message)
        self.fault = fault


class IndexFailed(OutputError):
    """An index could not be written or read; `media`: nothing can be written any more until a restart."""

    name = "index-failed"

    def __init__(self, message: str, *, media: bool) -> None:
        super().__init__(message)
        self.media = media


class Outcome(StrEnum):
    """What became of an object that counts as kept."""

    STORED = "stored"
    SAME = "same"  # the very bytes were there already
    KEPT = "kept"  # the one that was there stays
    REPLACED = "replaced"
    BOTH = "both"  # stored under another name


class Stored(NamedTuple):
    """An object that is kept: `path` below the root, `size` bytes of data set, `values` by keyword."""

    outcome: Outcome
    path: str
    size: int
    values: Mapping[str, str]


class ObjectStore:
    """A folder of objects. Any number of threads may store into it at once.

    `min_free` in bytes; `read` names elements whose values `Stored` is to have, keyword -> tag. With an
    `index`, which stays the caller's to close, an object is kept once it is in there, too:

    - the same bytes again, or others where the one that was there is kept, change nothing but a missing row;
    - an object that replaces another one gives the row its own attributes;
    - of several that are kept beside each other the row stays with the one under the plain name;
    - of several writers at once the last rename wins, and the row describes the file that is there.

    OutputFolderError (45) when `root` is no folder, OutputError (40) when it is missing or not writable.
    """

    def __init__(
        self,
        root: str,
        *,
        layout: Layout | None = None,
        durability: Durability = Durability.FULL,
        on_duplicate: OnDuplicate = OnDuplicate.REPLACE,
        file_mode: int = 0o600,
        min_free: int = 0,
        read: Mapping[str, int] | None = None,
        index: Index | None = None,
    ) -> None:
        self.root = root
        self.layout = layout or Layout()
        self.durability = durability
        self.on_duplicate = on_duplicate
        self.tags = {**self.layout.tags, **(read or {})}
        self.index = index
        self._min_free = min_free
        self._broken = ""
        self._passes_index_by: bool | None = None
        self.tree = Tree(
            root,
            file_mode=file_mode,
            durable=durability is Durability.FULL,
            unnamed=durability is not Durability.FULL,
        )

    @property
    def index(self) -> Index | None:
        """Where objects are entered, if anywhere; to be set before the first one comes."""
        return self._index

    @index.setter
    def index(self, index: Index | None) -> None:
        self._index = index
        wanted, self.whole = ((), frozenset()) if index is None else (index.wanted, index.whole)
        self.wanted: frozenset[int] = frozenset((*UIDS, *self.tags.values(), *wanted))

    def close(self) -> None:
        """Let go of the folder."""
        self.tree.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def incoming(
        self,
        sop_class: str,
        sop_instance: str,
        transfer_syntax: str,
        *,
        calling_aet: str = "",
        called_aet: str = "",
    ) -> IncomingObject:
        """Return where the data set of one object is to be written; then `commit` or `discard` it."""
        return IncomingObject(self, sop_class, sop_instance, transfer_syntax, calling_aet, called_aet)

    def open(self, path: str) -> int:
        """Open a stored object by its path below the root, following no link; raises OSError."""
        return open_below(self.tree.descriptor, path)

    def prepare(self) -> None:
        """Do what can be done for the next object before it comes."""
        self.tree.prepare()

    def create_part(self) -> Part:
        """Make a temporary file, if there is room."""
        if self._broken:
            raise Refused(Fault.MEDIA, f"storage failed ({self._broken}), nothing is written until a restart")
        if self._min_free and self.tree.free() < self._min_free:
            raise Refused(Fault.RESOURCES, "free space is below the minimum")
        return self.tree.create_part()

    def refusal(self, error: OSError) -> Refused:
        """Translate an error of the file system; after one of the medium nothing is written any more."""
        reason = error.strerror or str(error)
        if error.errno in _MEDIA_ERRORS:
            self._broken = reason
            return Refused(Fault.MEDIA, f"storage failed: {reason}")
        if error.errno in _BLOCKED_ERRORS:
            return Refused(Fault.BLOCKED, f"cannot use the path: {reason}")
        return Refused(Fault.RESOURCES, f"cannot store: {reason}")

    def enter(self, index: Index, described: Indexed, outcome: Outcome, path: str, inode: int) -> None:
        """Put an object that has its name into the index; Refused, with no new name left, if that fails."""
        try:
            if outcome in (Outcome.SAME, Outcome.KEPT):
                index.keep(path, described.sop_instance)
            else:
                index.add(described, path, inode)
        except IndexFailed as error:
            if outcome in (Outcome.STORED, Outcome.BOTH):
                self.tree.withdraw(path, inode)
            if error.media:
                self._broken = error.message
            raise Refused(Fault.MEDIA if error.media else Fault.RESOURCES, error.message) from error

    def publish(self, part: Part, components: tuple[str, ...]) -> tuple[Outcome, str]:
        """Give a finished temporary file its name: what that came to, and the path below the root."""
        if self.index is None and self._passes_index_by is not False:
            self._mark()
        parents = components[:-1]
        folder = self.tree.open_folder(parents) if parents else self.tree.descriptor
        try:
            outcome, name = self._take_name(part, folder, components[-1])
            if self.durability is Durability.FULL:
                self.tree.sync(parents, folder)
        finally:
            if parents:
                os.close(folder)
        return outcome, "/".join((*parents, name))

    def _mark(self) -> None:
        """Leave a mark for an index that is here but not in use: it has to look for new objects."""
        root = self.tree.descriptor
        if self._passes_index_by is None:
            self._passes_index_by = exists(root, INDEX_TOKEN)
        if self._passes_index_by and not exists(root, INDEX_PASSED_BY):
            flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
            os.close(os.open(INDEX_PASSED_BY, flags, 0o600, dir_fd=root))
            if self.durability is Durability.FULL:
                os.fsync(root)

    def _take_name(self, part: Part, folder: int, wanted: str) -> tuple[Outcome, str]:
        name = wanted
        for number in count(2):
            if self.tree.publish_if_free(part, folder, name):
                return (Outcome.STORED if name == wanted else Outcome.BOTH), name
            if same_object(self.tree.descriptor, part.name, folder, name):
                self._make_durable(folder, name)
                return Outcome.SAME, name
            if self.on_duplicate is OnDuplicate.KEEP:
                return Outcome.KEPT, name
            if self.on_duplicate is OnDuplicate.REJECT:
                raise Refused(Fault.DUPLICATE, "the instance is there already, with other content")
            if self.on_duplicate is OnDuplicate.REPLACE:
                self.tree.rename(part, folder, name)
                return Outcome.REPLACED, name
            name = _numbered(wanted, number)
        raise AssertionError("count() does not end")

    def _make_durable(self, folder: int, name: str) -> None:
        """Sync a file that was there before: who stored it may have asked for less."""
        if self.durability is not Durability.NONE:
            descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)


class IncomingObject:
    """One object on its way to disk: a sink for its data set.

    `write` never fails: after trouble it takes the rest of the data set and drops it, so that the
    association stays usable, and `commit` tells.
    """

    __slots__ = (
        "_called", "_calling", "_fault", "_header", "_held", "_identity", "_part", "_store",
        "size",
    )  # fmt: skip

    def __init__(
        self, store: ObjectStore, sop_class: str, sop_instance: str, syntax: str, calling: str, called: str
    ) -> None:
        self._store = store
        self._identity = (sop_class, sop_instance, syntax)
        self._calling = calling
        self._called = called
        self._held: list[bytes] = []
        self._part: Part | None = None
        self._header = 0
        self._fault: Refused | None = None
        self.size = 0

    def write(self, view: memoryview) -> None:
        """Take the next bytes of the data set; the view may be reused afterwards."""
        self.write_all((view,))

    def write_all(self, pieces: Sequence[memoryview]) -> None:
        """Take the next bytes, in a few pieces: a call of the system for each would take longer."""
        length = sum(map(len, pieces))
        self.size += length
        if self._fault is not None:
            return
        try:
            if self._part is not None:
                if os.writev(self._part.descriptor, pieces) != length:
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            elif self.size <= HELD:
                self._held += map(bytes, pieces)
            else:
                self._begin([b"".join(self._held), *pieces])
                self._held.clear()
        except OSError as error:
            self._fail(self._store.refusal(error))
        except Refused as refused:
            self._fail(refused)

    def commit(self) -> Stored:
        """Check the object and make it appear under its name; Refused, with nothing left, if that fails."""
        try:
            return self._commit()
        except OSError as error:
            raise self._store.refusal(error) from error
        finally:
            self.discard()

    def discard(self) -> None:
        """Forget the object; nothing of it stays. Harmless after `commit`."""
        self._held.clear()
        if self._part is not None:
            self._store.tree.remove_part(self._part)
            self._part = None

    def _commit(self) -> Stored:
        if self._fault is not None:
            raise self._fault
        store = self._store
        part = self._part
        data = b"".join(self._held)
        source = data if part is None else part.descriptor
        index, described = store.index, None
        found = self._examine(source)
        values = {keyword: text(found.values.get(tag, b"")) for keyword, tag in store.tags.items()}
        if index is not None:
            described = index.describe(found, self._identity)
        (values["SOPClassUID"], values["SOPInstanceUID"], values["TransferSyntaxUID"]) = self._identity
        values["CallingAET"] = self._calling
        values["CalledAET"] = self._called
        if part is None:
            part = self._begin([data])
        if store.durability is not Durability.NONE:
            os.fsync(part.descriptor)
        inode = 0 if described is None else os.fstat(part.descriptor).st_ino
        outcome, path = store.publish(part, store.layout.path(values))
        if index is not None and described is not None:
            store.enter(index, described, outcome, path, inode)
        return Stored(outcome, path, self.size, values)

    def _examine(self, source: Source) -> Glimpse:
        store = self._store
        try:
            return examine(source, self._header, self.size, self._identity, store.wanted, store.whole)
        except Mismatch as error:
            raise Refused(Fault.MISMATCH, error.message) from None
        except InputUnreadable as error:
            cause = error.__cause__
            raise self._store.refusal(cause) if isinstance(cause, OSError) else error from None
        except InputError as error:
            raise Refused(Fault.UNDECODABLE, error.message) from None

    def _begin(self, data: list[bytes | memoryview]) -> Part:
        start = header(*self._identity, source_aet=self._calling)
        part = self._part = self._store.create_part()
        self._header = len(start)
        length = len(start) + sum(map(len, data))
        if os.writev(part.descriptor, [start, *data]) != length:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return part

    def _fail(self, refused: Refused) -> None:
        self.discard()
        self._fault = refused


def _numbered(name: str, number: int) -> str:
    stem, dot, suffix = name.rpartition(".")
    return f"{stem}~{number}.{suffix}" if dot and stem and not is_dotted(name) else f"{name}~{number}"
