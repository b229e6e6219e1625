"""What passes on the wire, decoded, as plain records: for `-d` and `--trace FILE`.

A record never holds a secret (passcodes, tokens and their answers), and no data set content unless
personal health information was asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from time import time

from dimsetools.association import pdu
from dimsetools.association.values import (
    Acceptance,
    ContextResult,
    Identity,
    Proposal,
    ProposedContext,
    Rejection,
)

Record = dict[str, object]


class Tracer:
    """Hands each event to `write` as a flat record; `phi` lets data set bytes through."""

    def __init__(self, write: Callable[[Record], None], *, phi: bool = False) -> None:
        self._write = write
        self.phi = phi

    def pdu(self, direction: str, pdu_type: int, peer: str, length: int, **fields: object) -> None:
        """Record one PDU; `direction` is "sent" or "received", `length` counts what follows the header."""
        name = pdu.NAMES.get(pdu_type, f"type {pdu_type:02X}H")
        self._emit("pdu", direction, peer, {"pdu": name, "length": length, **fields})

    def fragment(self, direction: str, peer: str, context_id: int, control: int, length: int) -> None:
        """Record one presentation data value."""
        what = "command" if control & pdu.COMMAND else "data"
        last = bool(control & pdu.LAST)
        self._emit(
            "fragment",
            direction,
            peer,
            {"pdu": "P-DATA-TF", "context": context_id, "of": what, "last": last, "length": length},
        )

    def message(
        self, direction: str, peer: str, name: str, context_id: int, elements: Mapping[str, object]
    ) -> None:
        """Record one DIMSE command set."""
        self._emit("message", direction, peer, {"message": name, "context": context_id, **elements})

    def data_set(self, direction: str, peer: str, data: bytes | memoryview) -> None:
        """Record the beginning of a data set, in hexadecimal, where that is allowed."""
        if self.phi:
            self._emit("data-set", direction, peer, {"length": len(data), "bytes": bytes(data[:4096]).hex()})

    def event(self, name: str, peer: str, **fields: object) -> None:
        """Record anything else: connection opened, TLS session, closed."""
        self._emit(name, "", peer, fields)

    def _emit(self, event: str, direction: str, peer: str, fields: Mapping[str, object]) -> None:
        record: Record = {"_event": event, "_time": round(time(), 6), "peer": peer}
        if direction:
            record["direction"] = direction
        self._write(record | dict(fields))


def describe(values: Proposal | Acceptance | Rejection) -> Record:
    """Return the values of an A-ASSOCIATE-RQ, -AC or -RJ as a record, secrets left out."""
    record: Record = {}
    for name, value in values._asdict().items():
        if value is None or value in ((), ""):
            continue
        record[name] = _plain(name, value)
    return record


def _plain(name: str, value: object) -> object:
    if isinstance(value, Identity):
        return {
            "kind": value.kind,
            "primary": value.primary.decode("utf-8", "replace") if value.kind in (1, 2) else "(not shown)",
            "secondary": "(not shown)" if value.secondary else "",
            "response_requested": value.response_requested,
        }
    if name == "identity_response":
        return "(not shown)"
    if isinstance(value, (ProposedContext, ContextResult)):
        return value._asdict()
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, tuple):
        if hasattr(value, "_asdict"):
            return {key: _plain(key, item) for key, item in value._asdict().items()}
        return [_plain(name, item) for item in value]
    return value
