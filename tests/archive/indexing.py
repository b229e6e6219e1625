"""An archive with an index for tests, objects to put into it, and queries in few words."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Self

from dimsetools.archive import reindex
from dimsetools.archive.extract import Indexed
from dimsetools.archive.index import Index, Instance
from dimsetools.archive.layout import Layout
from dimsetools.archive.objects import Durability, ObjectStore, OnDuplicate, Stored
from dimsetools.dataset.attributes import Attributes, text, texts
from dimsetools.dataset.dictionary import keyword_of
from dimsetools.dataset.encode import encode
from tests.archive.test_matching import data
from tests.corpus import CT_IMAGE, EXPLICIT_LE

SOP_CLASS = 0x00080016

_PATIENT, _STUDY = "NumberOfPatientRelated", "NumberOfStudyRelated"
COUNTS = {
    "PATIENT": (f"{_PATIENT}Studies", f"{_PATIENT}Series", f"{_PATIENT}Instances"),
    "STUDY": ("ModalitiesInStudy", "SOPClassesInStudy", f"{_STUDY}Series", f"{_STUDY}Instances"),
    "SERIES": ("NumberOfSeriesRelatedInstances",),
    "IMAGE": ("AvailableTransferSyntaxUID", "InstanceAvailability"),
}  # fmt: skip
OWN = {
    "PATIENT": ("PatientID", "IssuerOfPatientID", "PatientName"),
    "STUDY": ("StudyInstanceUID", "StudyDescription", "PatientID", "PatientName"),
    "SERIES": ("SeriesInstanceUID", "Modality", "StudyInstanceUID", "PatientID"),
    "IMAGE": ("SOPInstanceUID", "SOPClassUID", "InstanceNumber", "SeriesInstanceUID", "StudyInstanceUID"),
}


def described(uid: str, **more: object) -> Attributes:
    """A small object: patient P, study 1.1, series 1.1.1 unless said otherwise."""
    values: dict[str, object] = {
        "SOPClassUID": CT_IMAGE, "SOPInstanceUID": uid, "Modality": "CT", "PatientID": "P",
        "PatientName": "Doe^John", "StudyInstanceUID": "1.1", "SeriesInstanceUID": "1.1.1",
        "InstanceNumber": "1",
    }  # fmt: skip
    values.update(more)
    return data(**values)


class Archive:
    """A store and its index in one folder."""

    def __init__(
        self,
        folder: Path,
        *,
        on_duplicate: OnDuplicate = OnDuplicate.REPLACE,
        layout: str = "",
        durability: Durability = Durability.NONE,
    ) -> None:
        self.folder = folder
        self.clock: int | None = None
        self._is_open = True
        self.index = Index(str(folder), durability=durability)
        self.store = ObjectStore(
            str(folder), index=self.index, durability=durability, on_duplicate=on_duplicate,
            layout=Layout(layout) if layout else None,
        )  # fmt: skip
        self._add = self.index.add
        self.index.add = self._add_at_clock  # type: ignore[method-assign]

    def _add_at_clock(self, described: Indexed, path: str, inode: int) -> None:
        if self.clock is not None:
            os.utime(self.folder / path, ns=(self.clock * 10**9, self.clock * 10**9))
        self._add(described, path, inode)

    def close(self) -> None:
        if self._is_open:
            self._is_open = False
            self.store.close()
            self.index.close()

    def crash(self) -> None:
        """End as if the process were killed: nothing is written any more."""
        self.index._commits.broken = True
        self.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def put(self, uid: str, *, syntax: str = EXPLICIT_LE, mtime: int | None = None, **more: object) -> Stored:
        """Store an object; `mtime` in seconds is what the clock says then."""
        attributes = described(uid, **more)
        content = encode(attributes, syntax)
        self.clock = mtime
        return self.put_bytes(uid, content, syntax=syntax, sop_class=text(attributes, SOP_CLASS))

    def put_bytes(
        self, uid: str, content: bytes, *, syntax: str = EXPLICIT_LE, sop_class: str = CT_IMAGE
    ) -> Stored:
        incoming = self.store.incoming(sop_class, uid, syntax)
        incoming.write(memoryview(content))
        return incoming.commit()

    def touch(self, path: str, uid: str, mtime: int) -> None:
        """Make a file as old as `mtime` says, in seconds, and have the index look at it."""
        os.utime(self.folder / path, ns=(mtime * 10**9, mtime * 10**9))
        self.index.keep(path, uid)

    def find(self, level: str, *asked: str, **keys: object) -> list[dict[str, str]]:
        """What a query finds, by keyword, several values joined; in any order."""
        query = data(**dict.fromkeys(asked, None), **keys)
        return [readable(found) for found in self.index.find("patient", level, query, relational=True)]

    def one(self, level: str, *asked: str, **keys: object) -> dict[str, str]:
        """The only match."""
        (found,) = self.find(level, *asked, **keys)
        return found

    def instances(self, level: str, **keys: object) -> list[Instance]:
        return list(self.index.instances(level, data(**keys)))

    def everything(self) -> dict[str, list[dict[str, str]]]:
        """All that the index knows, sorted."""
        found = {
            level: sorted(self.find(level, *OWN[level], *COUNTS[level]), key=lambda one: sorted(one.items()))
            for level in OWN
        }
        paths = sorted(
            (instance.sop_instance, instance.path, str(instance.size))
            for row in found["IMAGE"]
            for instance in self.instances("IMAGE", SOPInstanceUID=row["SOPInstanceUID"])
        )
        found["files"] = [{"uid": uid, "path": path, "size": size} for uid, path, size in paths]
        return found


def readable(found: Attributes) -> dict[str, str]:
    return {
        keyword_of(tag): "\\".join(texts(found, tag))
        for tag in found
        if keyword_of(tag) != "QueryRetrieveLevel"
    }


def rebuilt(folder: Path) -> Iterator[Archive]:
    """The archive with an index made anew."""
    reindex.rebuild(str(folder), durable=False)
    with Archive(folder) as archive:
        yield archive
