"""Framing of protocol data units (PS3.8 section 9.3): headers, P-DATA-TF, release, abort.

The A-ASSOCIATE units with their items live in `associate`.
"""

from __future__ import annotations

import struct

from dimsetools.errors import Aborted

ASSOCIATE_RQ = 1
ASSOCIATE_AC = 2
ASSOCIATE_RJ = 3
P_DATA_TF = 4
RELEASE_RQ = 5
RELEASE_RP = 6
ABORT = 7

NAMES = {
    ASSOCIATE_RQ: "A-ASSOCIATE-RQ",
    ASSOCIATE_AC: "A-ASSOCIATE-AC",
    ASSOCIATE_RJ: "A-ASSOCIATE-RJ",
    P_DATA_TF: "P-DATA-TF",
    RELEASE_RQ: "A-RELEASE-RQ",
    RELEASE_RP: "A-RELEASE-RP",
    ABORT: "A-ABORT",
}

HEADER = struct.Struct(">BxI")
"""PDU type and the length of what follows these six bytes."""
PDV_HEADER = struct.Struct(">IBB")
"""Item length, which counts the next two bytes too; presentation context ID; message control header."""
PDV_OVERHEAD = PDV_HEADER.size
DATA_HEADER = struct.Struct(">BxIIBB")
"""Both of these, of a P-DATA-TF and the first value in it."""

COMMAND = 0x01
LAST = 0x02
"""Bits of the message control header (PS3.8 annex E.2)."""

ASSOCIATE_LIMIT = 128 * 1024
"""Longest A-ASSOCIATE unit that is read: 128 contexts with every syntax and a large token fit well."""
FIXED_LENGTHS = {ASSOCIATE_RJ: 4, RELEASE_RQ: 4, RELEASE_RP: 4, ABORT: 4}
"""Lengths of the units that have but one (tables 9-21, 9-24, 9-25, 9-26)."""

RELEASE_RQ_PDU = HEADER.pack(RELEASE_RQ, 4) + bytes(4)
RELEASE_RP_PDU = HEADER.pack(RELEASE_RP, 4) + bytes(4)

ABORT_REASONS = {
    0: "reason not specified",
    1: "unrecognized PDU",
    2: "unexpected PDU",
    4: "unrecognized PDU parameter",
    5: "unexpected PDU parameter",
    6: "invalid PDU parameter value",
}
"""Table 9-26; the reason means something only when the source is 2."""

TLS_ALERT = b"\x15\x03"
"""How a TLS peer answers what is no TLS (RFC 8446 section 5.1)."""


def p_data_header(context_id: int, length: int, control: int) -> bytes:
    """Return the 12 bytes before `length` bytes of one fragment, sent as a P-DATA-TF of its own."""
    return DATA_HEADER.pack(P_DATA_TF, length + PDV_OVERHEAD, length + 2, context_id, control)


def abort_pdu(source: int, reason: int) -> bytes:
    """Return an A-ABORT (table 9-26)."""
    return HEADER.pack(ABORT, 4) + bytes((0, 0, source, reason))


def is_acceptable(pdu_type: int, length: int, max_pdu: int) -> bool:
    """Tell whether a PDU of this type may have a body of `length` bytes where we announced `max_pdu`."""
    if pdu_type == P_DATA_TF:
        return length <= max_pdu or not max_pdu
    if pdu_type in (ASSOCIATE_RQ, ASSOCIATE_AC):
        return length <= ASSOCIATE_LIMIT
    return FIXED_LENGTHS.get(pdu_type) == length


def whole_data_header(view: memoryview, max_pdu: int) -> tuple[int, int, int, int] | None:
    """Return the headers of a P-DATA-TF at the beginning of `view`; None if it is not whole, or not in order.

    They are its length, and the length, context and control of the first value in it.
    """
    if len(view) < DATA_HEADER.size:
        return None
    pdu_type, length, size, context_id, control = DATA_HEADER.unpack_from(view)
    if (
        pdu_type != P_DATA_TF
        or length + HEADER.size > len(view)
        or not is_acceptable(P_DATA_TF, length, max_pdu)
    ):
        return None
    return (length, size, context_id, control) if 2 <= size <= length - 4 else None


def aborted_error(peer: str, source: int, reason: int) -> Aborted:
    """Return the exception for an A-ABORT by `peer`, in the words of table 9-26."""
    why = f": {ABORT_REASONS.get(reason, f'reason {reason}')}" if source == 2 else ""
    return Aborted(
        f"{peer} aborted the association{why}",
        source=source,
        reason=reason,
        hint="the peer's log may say why; -d shows what was sent last",
    )


def foreign_protocol(head: bytes) -> str:
    """Name what was received instead of a PDU, by its first bytes."""
    if head.startswith(TLS_ALERT):
        return "answered with a TLS alert"
    if head[:2] == b"\x16\x03":
        return "speaks TLS where plain DICOM is expected"
    if head[:4] in (b"GET ", b"POST", b"HEAD", b"PUT ", b"HTTP"):
        return "speaks HTTP, not DICOM"
    return f"sent something that is no DICOM PDU (type {head[0]:02X}H)"
