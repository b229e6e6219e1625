"""Objects of the archive on their way out: each file is opened and looked at before anything of it is sent.

What has vanished, was replaced by something else or became shorter since it was stored costs that object
its sub-operation, and no other.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple, Protocol

from dimsetools.dataset.attributes import Attribute, Attributes
from dimsetools.dataset.part10 import read_meta
from dimsetools.errors import InputError, InputUnreadable

if TYPE_CHECKING:
    from dimsetools.archive.index import Instance
    from dimsetools.dataset.part10 import FileMeta


SOP_INSTANCE = 0x00080018


class Kept(Protocol):
    """Tells which instances are kept."""

    def instances(self, level: str, keys: Attributes) -> Iterator[Instance]:
        """Return the instances below the entities at `level` that the unique keys name."""


class Store(Protocol):
    """Where their files lie."""

    @property
    def root(self) -> str:
        """The folder that paths are below."""

    def open(self, path: str) -> int:
        """Open a regular file to read, never through a link; OSError if that fails."""


class Archive(NamedTuple):
    """What can be retrieved; `synced`: all of it was written to the disk before it was acknowledged."""

    store: Store
    kept: Kept
    synced: bool = True


class Opened(NamedTuple):
    """An open file: its descriptor, which is the caller's to close, what it holds, its status and path."""

    fd: int
    meta: FileMeta
    status: os.stat_result
    path: str


def open_kept(archive: Archive, instance: Instance) -> Opened:
    """Open the file of an instance; InputError if it is not what was stored.

    An instance may have been replaced since it was found: then it is what the archive has now.
    """
    try:
        return _open(archive.store, instance)
    except InputError:
        key = {SOP_INSTANCE: Attribute("UI", (instance.sop_instance,))}
        now = next(iter(archive.kept.instances("IMAGE", key)), None)
        if now is None or now == instance:
            raise
    return _open(archive.store, now)


def _open(store: Store, instance: Instance) -> Opened:
    try:
        fd = store.open(instance.path)
    except OSError as error:
        raise InputUnreadable(f"cannot be opened: {error.strerror}") from error
    try:
        status = os.fstat(fd)
        if status.st_size != instance.size:
            raise InputError(f"its file has {status.st_size} bytes, {instance.size} were stored")
        meta = read_meta(fd, status.st_size)
        if (meta.sop_class_uid, meta.sop_instance_uid) != (instance.sop_class, instance.sop_instance):
            raise InputError("its file holds another object than was stored there")
    except BaseException:
        os.close(fd)
        raise
    return Opened(fd, meta, status, instance.path)
