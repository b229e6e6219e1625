"""What objects say of themselves: some attributes out of the headers of files, pixels are never looked at."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from dimsetools.association.stop import Stop
from dimsetools.dataset.attributes import Attribute, Attributes
from dimsetools.dataset.decode import decode
from dimsetools.dataset.elements import glimpse
from dimsetools.dataset.part10 import FileMeta, open_regular, read_meta
from dimsetools.errors import InputError
from dimsetools.services.selection import Skipped

_SOP_CLASS, _SOP_INSTANCE = 0x00080016, 0x00080018


class Header(NamedTuple):
    """The wanted attributes of the object in the file `path`, as far as it has them."""

    path: str
    meta: FileMeta
    attributes: Attributes


def headers(
    paths: Iterable[str | Skipped], tags: frozenset[int], *, stop: Stop | None = None
) -> Iterator[Header | Skipped]:
    """Return those of `tags` that each object has, in order, until `stop` is requested.

    SOP class and instance are always there. What is no object is returned as Skipped, in its place.
    """
    for path in paths:
        if stop is not None and stop.requested:
            return
        if isinstance(path, Skipped):
            yield path
            continue
        try:
            yield _header(path, tags)
        except InputError as error:
            yield Skipped(path, error)


def _header(path: str, tags: frozenset[int]) -> Header:
    descriptor, status = open_regular(path)
    try:
        meta = read_meta(descriptor, status.st_size)
        found = glimpse(descriptor, meta.transfer_syntax, tags, tags, offset=meta.offset, length=meta.length)
    finally:
        os.close(descriptor)
    elements = b"".join(value for _, value in sorted(found.values.items()))
    said = {
        _SOP_CLASS: Attribute("UI", (meta.sop_class_uid,)),
        _SOP_INSTANCE: Attribute("UI", (meta.sop_instance_uid,)),
    }
    return Header(path, meta, dict(sorted((decode(elements, found.encoding) | said).items())))
