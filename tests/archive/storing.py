"""Objects put into a store as an association would: in pieces, out of a buffer that is used again."""

from __future__ import annotations

from pathlib import Path

import pytest

from dimsetools.archive.objects import HELD, Fault, ObjectStore, Refused, Stored
from tests.corpus import CT_IMAGE, EXPLICIT_LE, make_dataset

LARGE = 5 * HELD
UID = "1.2.3.4"


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir())


def put(
    store: ObjectStore, data: bytes, uid: str = UID, *, syntax: str = EXPLICIT_LE, piece: int = 65536
) -> Stored:
    incoming = store.incoming(CT_IMAGE, uid, syntax, calling_aet="SCU", called_aet="SCP")
    for start in range(0, len(data), piece):
        view = memoryview(bytearray(data[start : start + piece]))
        incoming.write(view)
        view[:] = bytes(len(view))  # the buffer is used again
    return incoming.commit()


def refused(store: ObjectStore, data: bytes, uid: str = UID) -> Fault:
    with pytest.raises(Refused) as caught:
        put(store, data, uid)
    return caught.value.fault


def dataset(size: int = 2000, *, uid: str = UID, number: int = 0, syntax: str = EXPLICIT_LE) -> bytes:
    return make_dataset(number, size=size, instance=uid, syntax=syntax)
