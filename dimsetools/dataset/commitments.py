"""What storage commitment says in data sets: which instances are asked about, which are kept (PS3.4 annex J).

Pure, and read with forgiveness: whoever asks has to know what a peer meant, even where it left things out.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from dimsetools.dataset.attributes import Attribute, Attributes, text

PUSH_MODEL = "1.2.840.10008.1.20.1"
INSTANCE = "1.2.840.10008.1.20.1.1"
"""The well-known instance that everything is about (PS3.4 J.3.5)."""
REQUEST = 1
"""Action type: request storage commitment."""
COMPLETE, FAILURES = 1, 2
"""Event types: storage commitment request successful; complete, failures exist."""

RETRIEVE_AET, TRANSACTION = 0x00080054, 0x00081195
REFERENCED, FAILED = 0x00081199, 0x00081198
_CLASS, _INSTANCE, _REASON = 0x00081150, 0x00081155, 0x00081197


class Reference(NamedTuple):
    """An instance by its SOP class and instance UIDs, which may be "" where a peer left them out."""

    sop_class: str
    sop_instance: str


class Failure(NamedTuple):
    """An instance that is not committed; `reason` as in PS3.3 C.14.1.1, None if the peer gave none."""

    reference: Reference
    reason: int | None


class Report(NamedTuple):
    """What an N-EVENT-REPORT says of a transaction; `retrieve_aet` is where from, "" if it does not say."""

    transaction: str
    committed: tuple[Reference, ...]
    failed: tuple[Failure, ...] = ()
    retrieve_aet: str = ""

    @property
    def event(self) -> int:
        """The event type."""
        return FAILURES if self.failed else COMPLETE


def request(transaction: str, references: Iterable[Reference]) -> Attributes:
    """Return the action information of a request (PS3.4 table J.3-1)."""
    return {
        TRANSACTION: Attribute("UI", (transaction,)),
        REFERENCED: Attribute("SQ", tuple(map(_item, references))),
    }


def references(attributes: Attributes) -> tuple[Reference, ...]:
    """Return the Referenced SOP Sequence of a request or report."""
    return tuple(map(_reference, _items(attributes, REFERENCED)))


def report(told: Report) -> Attributes:
    """Return the event information of a report (PS3.4 table J.3-2)."""
    attributes: Attributes = {TRANSACTION: Attribute("UI", (told.transaction,))}
    if told.retrieve_aet:
        attributes[RETRIEVE_AET] = Attribute("AE", (told.retrieve_aet,))
    if told.failed:
        attributes[FAILED] = Attribute("SQ", tuple(map(_failed_item, told.failed)))
    if told.committed:
        attributes[REFERENCED] = Attribute("SQ", tuple(map(_item, told.committed)))
    return dict(sorted(attributes.items()))


def read_report(attributes: Attributes) -> Report:
    """Return what a report says; what it leaves out is "" or empty."""
    return Report(
        text(attributes, TRANSACTION),
        references(attributes),
        tuple(Failure(_reference(item), _reason(item)) for item in _items(attributes, FAILED)),
        text(attributes, RETRIEVE_AET),
    )


def _items(attributes: Attributes, tag: int) -> tuple[Attributes, ...]:
    found = attributes.get(tag)
    return found.values if found is not None and found.vr == "SQ" else ()


def _reference(item: Attributes) -> Reference:
    return Reference(text(item, _CLASS), text(item, _INSTANCE))


def _reason(item: Attributes) -> int | None:
    found = item.get(_REASON)
    value = found.values[0] if found is not None and found.values else None
    return value if isinstance(value, int) else None


def _item(reference: Reference) -> Attributes:
    return {
        _CLASS: Attribute("UI", (reference.sop_class,)),
        _INSTANCE: Attribute("UI", (reference.sop_instance,)),
    }


def _failed_item(failure: Failure) -> Attributes:
    reason = () if failure.reason is None else (failure.reason,)
    item = _item(failure.reference)
    return dict(sorted({**item, _REASON: Attribute("US", reason)}.items()))
