"""A folder of worklist items, answered out of as it is at the moment of a query (PS3.4 annex K).

An item is a file: DICOM with or without a header (`.wl`, `.dcm`), or JSON (`.json`), in the DICOM model or as
records of keywords, of which a file may hold several. Files may come, change and go at any time.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from typing import NamedTuple

from dimsetools.archive.matching import Matcher
from dimsetools.dataset.attributes import Attributes
from dimsetools.dataset.files import MAX_FILE, queries
from dimsetools.dataset.part10 import open_regular
from dimsetools.errors import DimseError, InputError, InputUnreadable

SUFFIXES = (".wl", ".dcm", ".json")

_STEPS = 0x00400100

_Signature = tuple[int, int, int]


class _Read(NamedTuple):
    """A file as it was when it was read: what tells that it has changed, and its items."""

    signature: _Signature
    items: tuple[Attributes, ...]


class Worklist:
    """The items in `folder`, for any number of threads; subfolders and hidden files are no items.

    A file is read again when its time, size or number has changed. One that is no item is passed over;
    `complain` hears its name and the reason, once until it changes.
    """

    def __init__(self, folder: str, complain: Callable[[str, str], None]) -> None:
        self._folder = folder
        self._complain = complain
        self._lock = threading.Lock()
        self._read: dict[str, _Read] = {}

    def items(self) -> list[Attributes]:
        """Return all items, in the order of their files' names; InputUnreadable if there is no folder."""
        with self._lock:
            present = dict(sorted(self._files()))
            self._read = {name: self._current(name, signature) for name, signature in present.items()}
            return [item for read in self._read.values() for item in read.items]

    def find(
        self,
        keys: Attributes,
        *,
        fuzzy: bool = False,
        datetime: bool = False,
        current: Callable[[Attributes], Attributes | None] | None = None,
    ) -> Iterator[Attributes]:
        """Yield an answer for each item that matches the keys: what these name, empty if it is unknown.

        `current` returns an item as it is now, None for one that nobody has to do any more.
        """
        matcher = Matcher(keys, fuzzy=fuzzy, datetime=datetime)
        for item in self.items():
            found = item if current is None else current(item)
            if found is not None and matcher.matches(found):
                yield matcher.answer(found)

    def _files(self) -> Iterator[tuple[str, _Signature]]:
        try:
            with os.scandir(self._folder) as entries:
                for entry in entries:
                    if entry.name.startswith(".") or not entry.name.lower().endswith(SUFFIXES):
                        continue
                    try:
                        status = entry.stat()
                    except OSError:
                        continue  # gone meanwhile, or a link to nothing
                    yield entry.name, (status.st_mtime_ns, status.st_size, status.st_ino)
        except OSError as error:
            raise InputUnreadable(f"cannot read the worklist {self._folder!r}: {error.strerror}") from error

    def _current(self, name: str, signature: _Signature) -> _Read:
        known = self._read.get(name)
        if known is not None and known.signature == signature:
            return known
        try:
            items = self._load(name)
        except DimseError as error:
            self._complain(name, error.message.removeprefix(name).lstrip(":, "))
            items = ()
        return _Read(signature, items)

    def _load(self, name: str) -> tuple[Attributes, ...]:
        descriptor, status = open_regular(os.path.join(self._folder, name))
        with os.fdopen(descriptor, "rb") as file:
            if status.st_size > MAX_FILE:
                raise InputError(f"more than {MAX_FILE} bytes, too many for an item")
            items = tuple(queries(file.read(), name))
        for item in items:
            if _STEPS not in item or not item[_STEPS].values:
                raise InputError("no Scheduled Procedure Step Sequence, so it is no worklist item")
        return items
