"""Which of the files can be sent: each is opened, identified and walked to its end before anything is sent.

What is broken is found here, where it costs one file; found in the middle of a message, it would cost the
association. Nothing is read into memory but headers, and deflated data sets up to a limit.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from dimsetools.association.stop import Stop
from dimsetools.dataset.elements import Fault, Malformed, scan
from dimsetools.dataset.part10 import FileMeta, open_regular, read_meta
from dimsetools.errors import InputError
from dimsetools.services.selection import Skipped
from dimsetools.uids import TRANSFER_SYNTAXES

_BLOCK = 1024 * 1024
_MAX_INFLATE = 32 * 1024 * 1024
"""Bytes of a deflated data set to look at; it is sent as it lies in the file, whatever it inflates to."""


class Item(NamedTuple):
    """An object to send: where it lies, and how its file looked (`size` bytes, `changed` in ns)."""

    path: str
    meta: FileMeta
    size: int
    changed: int


class Remark(NamedTuple):
    """Something to know about an input, or ("" as path) about the run, that stops nothing."""

    path: str
    text: str


class Leniency(NamedTuple):
    """What is forgiven: a data set that ends too early, and bytes behind it, which are then left out.

    `offered`: the user can ask for what is not forgiven, and errors say by which option.
    """

    truncated: bool = False
    trim: bool = False
    offered: bool = True

    def hint(self, text: str) -> str:
        """Return what is said of an option."""
        return text if self.offered else ""


STRICT = Leniency(offered=False)


def examine(
    paths: Iterable[str | Skipped], leniency: Leniency = STRICT, *, stop: Stop | None = None
) -> Iterator[Item | Skipped | Remark]:
    """Return what each path holds, in order, until `stop` is requested.

    A second file with the same SOP instance UID is an item too; that its content differs is remarked.
    """
    seen: dict[str, Item] = {}
    for path in paths:
        if stop is not None and stop.requested:
            return
        if isinstance(path, Skipped):
            yield path
            continue
        try:
            item = _examined(path, leniency)
        except InputError as error:
            yield Skipped(path, error)
            continue
        if item.meta.guessed:
            syntax = TRANSFER_SYNTAXES[item.meta.transfer_syntax].name
            yield Remark(path, f"names no transfer syntax; it is taken for {syntax}, as its content looks")
        first = seen.setdefault(item.meta.sop_instance_uid, item)
        if first is not item and _differ(first, item):
            yield Remark(path, f"has the SOP instance UID of {first.path}, but other content")
        yield item


def _examined(path: str, leniency: Leniency) -> Item:
    fd, status = open_regular(path)
    try:
        meta = _whole(fd, read_meta(fd, status.st_size), leniency)
        if meta.length % 2:
            _check_odd(meta, leniency)
    finally:
        os.close(fd)
    return Item(path, meta, status.st_size, status.st_mtime_ns)


def _whole(fd: int, meta: FileMeta, leniency: Leniency) -> FileMeta:
    """Return what is to be sent of the data set; raise its fault, with a way out, if that is not forgiven."""
    try:
        scan(fd, meta.transfer_syntax, offset=meta.offset, length=meta.length, max_inflate=_MAX_INFLATE)
    except Malformed as fault:
        if fault.fault is Fault.TOO_LARGE:
            return meta
        if fault.fault is Fault.TRUNCATED:
            if leniency.truncated:
                return meta
            raise InputError(str(fault), hint=leniency.hint("--allow-truncated sends it as it is")) from fault
        # What is counted in the inflated data set tells no offset in the file.
        if fault.fault is Fault.TRAILING and not fault.inflated:
            if leniency.trim:  # once more: a deflated stream with something behind it was not walked yet
                return _whole(fd, meta._replace(length=fault.end - meta.offset), leniency)
            raise InputError(str(fault), hint=leniency.hint("--trim sends it without them")) from fault
        raise
    return meta


def _check_odd(meta: FileMeta, leniency: Leniency) -> None:
    """Refuse an odd number of bytes, which is no message (PS3.8 annex E.1), unless a NUL does no harm."""
    syntax = TRANSFER_SYNTAXES.get(meta.transfer_syntax)
    if leniency.truncated or (syntax is not None and syntax.deflated):
        return
    raise InputError(
        f"its data set has {meta.length} bytes, an odd number",
        hint=leniency.hint("--allow-truncated sends it with a NUL behind it"),
    )


def _differ(one: Item, other: Item) -> bool:
    """Tell whether two objects differ in syntax or content; one of them may be gone by now."""
    if one.meta.length != other.meta.length or one.meta.transfer_syntax != other.meta.transfer_syntax:
        return True
    try:
        return _digest(one) != _digest(other)
    except OSError:
        return True


def _digest(item: Item) -> bytes:
    from hashlib import sha256

    digest = sha256()
    with open(item.path, "rb") as file:
        file.seek(item.meta.offset)
        left = item.meta.length
        while left and (block := file.read(min(left, _BLOCK))):
            digest.update(block)
            left -= len(block)
    return digest.digest()
