"""Queries and retrieval requests to a node, spelled out on the wire, and what comes back."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager

from dimsetools.dataset.attributes import Attributes
from dimsetools.dataset.decode import decode
from dimsetools.dataset.encode import encode
from dimsetools.dataset.flat import flat, from_flat
from dimsetools.dataset.models import MODELS
from tests.scripted import wire
from tests.scripted.conversation import Conversation, Message
from tests.scripted.peers import scripted_client

FIND, GET, MOVE, CANCEL = 0x0020, 0x0010, 0x0021, 0x0FFF
STUDY, PATIENT, WORKLIST = MODELS["study"], MODELS["patient"], MODELS["worklist"]
FIND_CONTEXT, GET_CONTEXT, MOVE_CONTEXT, CT_CONTEXT, WORKLIST_CONTEXT, PATIENT_CONTEXT = 1, 3, 5, 7, 9, 11
CONTEXTS = (
    wire.Context(FIND_CONTEXT, STUDY.find, (wire.EXPLICIT_LE,)),
    wire.Context(GET_CONTEXT, STUDY.get, (wire.EXPLICIT_LE,)),
    wire.Context(MOVE_CONTEXT, STUDY.move, (wire.EXPLICIT_LE,)),
    wire.Context(CT_CONTEXT, wire.CT_IMAGE, (wire.EXPLICIT_LE,)),
    wire.Context(WORKLIST_CONTEXT, WORKLIST.find, (wire.IMPLICIT_LE,)),
    wire.Context(PATIENT_CONTEXT, PATIENT.find, (wire.IMPLICIT_LE,)),
)
COUNTS = {0x1020: "remaining", 0x1021: "completed", 0x1022: "failed", 0x1023: "warning"}
CLASSES = {
    (FIND, FIND_CONTEXT): STUDY.find,
    (FIND, PATIENT_CONTEXT): PATIENT.find,
    (FIND, WORKLIST_CONTEXT): WORKLIST.find,
    (GET, GET_CONTEXT): STUDY.get,
    (MOVE, MOVE_CONTEXT): STUDY.move,
}


def role(sop_class: str = wire.CT_IMAGE, *, scu: bool = False, scp: bool = True) -> bytes:
    """A role selection item (PS3.7 D.3.3.4)."""
    uid = sop_class.encode()
    return wire.item(0x54, struct.pack(">H", len(uid)) + uid + bytes((scu, scp)))


def extended(sop_class: str, information: bytes) -> bytes:
    """An extended negotiation item (PS3.7 D.3.3.5)."""
    uid = sop_class.encode()
    return wire.item(0x56, struct.pack(">H", len(uid)) + uid + information)


@contextmanager
def associated(port: int, *, more: bytes = b"", calling: bytes = b"ASKER") -> Iterator[Conversation]:
    """An association with all contexts, and SCP of CT images unless `more` says otherwise."""
    with scripted_client(port) as talk:
        talk.send(wire.associate_rq(CONTEXTS, more=more or role(), calling=calling, called=b"ARCHIVE"))
        talk.expect(wire.ASSOCIATE_AC)
        yield talk


def request(
    field: int, data: bytes, *, context: int = FIND_CONTEXT, message_id: int = 1, destination: str = ""
) -> bytes:
    """A request with an identifier."""
    where = (wire.lo(0x600, destination),) if field == MOVE else ()
    command = wire.command_set(
        wire.ui(2, CLASSES[field, context]),
        wire.us(0x100, field),
        wire.us(0x110, message_id),
        *where,
        wire.us(0x700, 0),
        wire.us(0x800, 1),
    )
    return wire.message(command, data, context=context)


def cancel(message_id: int = 1, context: int = FIND_CONTEXT) -> bytes:
    """A C-CANCEL-RQ."""
    command = wire.command_set(
        wire.us(0x100, CANCEL), wire.us(0x120, message_id), wire.us(0x800, wire.NO_DATA_SET)
    )
    return wire.message(command, context=context)


def identifier(level: str = "", **keys: object) -> bytes:
    """An identifier in explicit VR."""
    return encode(keyed(level, **keys), wire.EXPLICIT_LE)


def keyed(level: str = "", **keys: object) -> Attributes:
    """The attributes of an identifier."""
    return from_flat(({"QueryRetrieveLevel": level} if level else {}) | keys)


def values(message: Message, syntax: str = wire.EXPLICIT_LE) -> dict[str, object]:
    """The identifier of a response by keyword."""
    return flat(decode(message.data, syntax))


def counts(message: Message) -> dict[str, int]:
    """The sub-operation counts that a response has."""
    return {name: message.number(tag) for tag, name in COUNTS.items() if tag in message.command}


def status(message: Message) -> int:
    """Status of a response."""
    return message.number(0x900)


def comment(message: Message) -> str:
    """Error comment of a response."""
    return message.command.get(0x902, b"").decode().strip()


def answers(talk: Conversation) -> list[Message]:
    """All responses up to the final one."""
    found = [talk.read_message()]
    while status(found[-1]) in (0xFF00, 0xFF01):
        found.append(talk.read_message())
    return found
