"""Outcomes of storage to show."""

from __future__ import annotations

from dimsetools.association.values import Target
from dimsetools.dataset.part10 import FileMeta
from dimsetools.errors import DimseError, StatusFailure
from dimsetools.services.examine import Item
from dimsetools.services.store import Stored

CT = "1.2.840.10008.5.1.4.1.1.2"
EXPLICIT_LE = "1.2.840.10008.1.2.1"
TARGET = Target("pacs", 104, "PACS", "ME")


def item(path: str = "in/a.dcm", length: int = 2000) -> Item:
    return Item(path, FileMeta(CT, "1.2.3", EXPLICIT_LE, 300, length, False), length + 300, 0)


def sent(path: str = "in/a.dcm", *, status: int = 0, comment: str = "", tries: int = 1) -> Stored:
    return Stored(item(path), status, 0.0125, EXPLICIT_LE, None, comment, tries)


def refused(path: str = "in/a.dcm", *, status: int = 0xA700, comment: str = "") -> Stored:
    error = StatusFailure("refused", status=status, service="C-STORE", comment=comment)
    return Stored(item(path), status, 0.002, EXPLICIT_LE, error, comment)


def lost(error: DimseError, path: str = "in/a.dcm", *, tries: int = 1) -> Stored:
    return Stored(item(path), None, 0.0, "", error, "", tries)
