"""PDUs and command sets written down by `struct`, right by default and wrong on demand.

Every builder takes the true values as defaults, and the lengths can be overridden, so that a test
reads as the one thing that is wrong.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import NamedTuple

# PDU types (PS3.8 section 9.3.1)
ASSOCIATE_RQ, ASSOCIATE_AC, ASSOCIATE_RJ, P_DATA, RELEASE_RQ, RELEASE_RP, ABORT = range(1, 8)

APPLICATION_CONTEXT = "1.2.840.10008.3.1.1.1"
VERIFICATION = "1.2.840.10008.1.1"
CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"
IMPLICIT_LE = "1.2.840.10008.1.2"
EXPLICIT_LE = "1.2.840.10008.1.2.1"
IMPLEMENTATION = "1.2.826.0.1.3680043.10.43.9"

# Command fields (PS3.7 table E.1-1)
C_STORE_RQ, C_STORE_RSP = 0x0001, 0x8001
C_ECHO_RQ, C_ECHO_RSP = 0x0030, 0x8030
C_CANCEL_RQ = 0x0FFF
NO_DATA_SET = 0x0101


class Context(NamedTuple):
    """A proposed presentation context."""

    id: int = 1
    abstract_syntax: str = VERIFICATION
    transfer_syntaxes: tuple[str, ...] = (IMPLICIT_LE,)


class Result(NamedTuple):
    """The answer to a presentation context: result 0 accepts (PS3.8 table 9-18)."""

    id: int = 1
    result: int = 0
    transfer_syntax: str = IMPLICIT_LE


def pdu(kind: int, body: bytes, *, length: int | None = None) -> bytes:
    """Any PDU; `length` overrides the true one."""
    return struct.pack(">BBI", kind, 0, len(body) if length is None else length) + body


def item(kind: int, body: bytes | str, *, length: int | None = None) -> bytes:
    """An item or sub-item of an A-ASSOCIATE PDU."""
    data = body.encode() if isinstance(body, str) else body
    return struct.pack(">BBH", kind, 0, len(data) if length is None else length) + data


def user_information(
    max_pdu: int = 16384, *, implementation: str = IMPLEMENTATION, more: bytes = b""
) -> bytes:
    """User information item with the two mandatory sub-items and `more` (PS3.7 annex D.3.3)."""
    return item(0x50, item(0x51, struct.pack(">I", max_pdu)) + item(0x52, implementation) + more)


def _associate(kind: int, called: bytes, calling: bytes, protocol: int, items: bytes) -> bytes:
    head = struct.pack(">HH16s16s32x", protocol, 0, called.ljust(16), calling.ljust(16))
    return pdu(kind, head + items)


def associate_rq(
    contexts: Iterable[Context] = (Context(),),
    *,
    called: bytes = b"ANY-SCP",
    calling: bytes = b"SCRIPT",
    protocol: int = 1,
    application_context: str = APPLICATION_CONTEXT,
    max_pdu: int = 16384,
    more: bytes = b"",
) -> bytes:
    """A-ASSOCIATE-RQ (PS3.8 table 9-11); `more` are sub-items of the user information."""
    items = item(0x10, application_context)
    for context in contexts:
        syntaxes = b"".join(item(0x40, uid) for uid in context.transfer_syntaxes)
        head = struct.pack(">B3x", context.id)
        items += item(0x20, head + item(0x30, context.abstract_syntax) + syntaxes)
    return _associate(ASSOCIATE_RQ, called, calling, protocol, items + user_information(max_pdu, more=more))


def associate_ac(
    results: Iterable[Result] = (Result(),),
    *,
    called: bytes = b"ANY-SCP",
    calling: bytes = b"DIMSE",
    max_pdu: int = 16384,
    more: bytes = b"",
) -> bytes:
    """A-ASSOCIATE-AC (PS3.8 table 9-17)."""
    items = item(0x10, APPLICATION_CONTEXT)
    for result in results:
        head = struct.pack(">BxBx", result.id, result.result)
        items += item(0x21, head + item(0x40, result.transfer_syntax))
    return _associate(ASSOCIATE_AC, called, calling, 1, items + user_information(max_pdu, more=more))


def associate_rj(result: int, source: int, reason: int) -> bytes:
    """A-ASSOCIATE-RJ (PS3.8 table 9-21)."""
    return pdu(ASSOCIATE_RJ, struct.pack(">xBBB", result, source, reason))


def release_rq() -> bytes:
    """A-RELEASE-RQ."""
    return pdu(RELEASE_RQ, bytes(4))


def release_rp() -> bytes:
    """A-RELEASE-RP."""
    return pdu(RELEASE_RP, bytes(4))


def abort(source: int = 0, reason: int = 0) -> bytes:
    """A-ABORT (PS3.8 table 9-26)."""
    return pdu(ABORT, struct.pack(">xxBB", source, reason))


def pdv(
    data: bytes, *, context: int = 1, command: bool = False, last: bool = True, length: int | None = None
) -> bytes:
    """A presentation data value item with its message control header (PS3.8 section 9.3.5.1, annex E.2)."""
    size = len(data) + 2 if length is None else length
    return struct.pack(">IBB", size, context, command | last << 1) + data


def p_data(*pdvs: bytes, length: int | None = None) -> bytes:
    """P-DATA-TF of the given PDVs."""
    return pdu(P_DATA, b"".join(pdvs), length=length)


def us(number: int, value: int) -> bytes:
    """Command element (0000,number) of VR US."""
    return element(number, struct.pack("<H", value))


def ui(number: int, uid: str | bytes) -> bytes:
    """Command element of VR UI, padded with NUL."""
    data = uid.encode() if isinstance(uid, str) else uid
    return element(number, data + b"\0" * (len(data) % 2))


def lo(number: int, text: str | bytes) -> bytes:
    """Command element of VR LO (or AE), padded with a blank."""
    data = text.encode() if isinstance(text, str) else text
    return element(number, data + b" " * (len(data) % 2))


def element(number: int, value: bytes, *, length: int | None = None, group: int = 0) -> bytes:
    """Any element in Implicit VR Little Endian, as command sets are (PS3.7 section 6.3.1)."""
    return struct.pack("<HHI", group, number, len(value) if length is None else length) + value


def command_set(*elements: bytes, group_length: int | None = None) -> bytes:
    """A command set of the given elements behind its group length."""
    body = b"".join(elements)
    return element(0, struct.pack("<I", len(body) if group_length is None else group_length)) + body


def message(command: bytes, data: bytes | None = None, *, context: int = 1, fragment: int = 16370) -> bytes:
    """P-DATA-TF PDUs of one whole message, each fragment of the data set in a PDU of its own."""
    out = p_data(pdv(command, context=context, command=True))
    if data is not None:
        for start in range(0, max(len(data), 1), fragment):
            last = start + fragment >= len(data)
            out += p_data(pdv(data[start : start + fragment], context=context, last=last))
    return out


def echo_rq(message_id: int = 1) -> bytes:
    """C-ECHO-RQ (PS3.7 table 9.3-12)."""
    return command_set(
        ui(2, VERIFICATION), us(0x100, C_ECHO_RQ), us(0x110, message_id), us(0x800, NO_DATA_SET)
    )


def echo_rsp(message_id: int = 1, status: int = 0, *more: bytes) -> bytes:
    """C-ECHO-RSP (PS3.7 table 9.3-13); `more` elements follow, such as an error comment (0000,0902)."""
    return command_set(
        ui(2, VERIFICATION),
        us(0x100, C_ECHO_RSP),
        us(0x120, message_id),
        us(0x800, NO_DATA_SET),
        us(0x900, status),
        *more,
    )


def store_rq(message_id: int = 1, sop_class: str = CT_IMAGE, sop_instance: str | bytes = "1.2.3") -> bytes:
    """C-STORE-RQ (PS3.7 table 9.3-1)."""
    return command_set(
        ui(2, sop_class),
        us(0x100, C_STORE_RQ),
        us(0x110, message_id),
        us(0x700, 2),
        us(0x800, 1),
        ui(0x1000, sop_instance),
    )


def store_rsp(
    message_id: int = 1,
    status: int = 0,
    *more: bytes,
    sop_class: str = CT_IMAGE,
    sop_instance: str | bytes = "1.2.3",
) -> bytes:
    """C-STORE-RSP (PS3.7 table 9.3-2); `more` elements stand between status and instance UID."""
    return command_set(
        ui(2, sop_class),
        us(0x100, C_STORE_RSP),
        us(0x120, message_id),
        us(0x800, NO_DATA_SET),
        us(0x900, status),
        *more,
        ui(0x1000, sop_instance),
    )


def parse_command(data: bytes) -> dict[int, bytes]:
    """Element number -> raw value of a command set that is known to be sound."""
    elements: dict[int, bytes] = {}
    position = 0
    while position < len(data):
        _, number, length = struct.unpack_from("<HHI", data, position)
        elements[number] = data[position + 8 : position + 8 + length]
        position += 8 + length
    return elements


def parse_contexts(request: bytes) -> tuple[Context, ...]:
    """The presentation contexts of the body of a sound A-ASSOCIATE-RQ."""
    found = []
    for kind, body in _items(request[68:]):
        if kind == 0x20:
            names = [(sub, text.decode()) for sub, text in _items(body[4:])]
            abstract = next(text for sub, text in names if sub == 0x30)
            found.append(Context(body[0], abstract, tuple(text for sub, text in names if sub == 0x40)))
    return tuple(found)


def _items(data: bytes) -> Iterable[tuple[int, bytes]]:
    while data:
        kind, length = struct.unpack_from(">BxH", data)
        yield kind, data[4 : 4 + length]
        data = data[4 + length :]
