"""Command sets (PS3.7 section 6.3 and annex E): one table of elements, messages as dataclasses over it.

A message type declares its fields; their numbers, value representations and order come from the table.
The decoder takes bytes from anywhere: structure and required elements are checked, lengths bounded, and
every fault is a ProtocolError. Elements of group 0000 that a message does not use are ignored.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import MISSING, dataclass, fields
from functools import cache
from typing import Any, ClassVar, NamedTuple, TypeVar, dataclass_transform

from dimsetools.errors import ProtocolError

NO_DATA_SET = 0x0101
DATA_SET = 0x0001
MAX_COMMAND_SET = 64 * 1024
"""Longest command set that is read, bytes; only an AttributeIdentifierList makes one long."""

RESPONSE_BIT = 0x8000


class Element(NamedTuple):
    """An element of group 0000: its number, value representation and keyword (PS3.7 annex E.1)."""

    number: int
    vr: str
    keyword: str


COMMAND_FIELD = 0x0100
COMMAND_DATA_SET_TYPE = 0x0800

ELEMENTS = {
    "affected_sop_class_uid": Element(0x0002, "UI", "AffectedSOPClassUID"),
    "requested_sop_class_uid": Element(0x0003, "UI", "RequestedSOPClassUID"),
    "command_field": Element(COMMAND_FIELD, "US", "CommandField"),
    "message_id": Element(0x0110, "US", "MessageID"),
    "message_id_being_responded_to": Element(0x0120, "US", "MessageIDBeingRespondedTo"),
    "move_destination": Element(0x0600, "AE", "MoveDestination"),
    "priority": Element(0x0700, "US", "Priority"),
    "command_data_set_type": Element(COMMAND_DATA_SET_TYPE, "US", "CommandDataSetType"),
    "status": Element(0x0900, "US", "Status"),
    "offending_element": Element(0x0901, "AT", "OffendingElement"),
    "error_comment": Element(0x0902, "LO", "ErrorComment"),
    "error_id": Element(0x0903, "US", "ErrorID"),
    "affected_sop_instance_uid": Element(0x1000, "UI", "AffectedSOPInstanceUID"),
    "requested_sop_instance_uid": Element(0x1001, "UI", "RequestedSOPInstanceUID"),
    "event_type_id": Element(0x1002, "US", "EventTypeID"),
    "attribute_identifier_list": Element(0x1005, "AT", "AttributeIdentifierList"),
    "action_type_id": Element(0x1008, "US", "ActionTypeID"),
    "remaining": Element(0x1020, "US", "NumberOfRemainingSuboperations"),
    "completed": Element(0x1021, "US", "NumberOfCompletedSuboperations"),
    "failed": Element(0x1022, "US", "NumberOfFailedSuboperations"),
    "warning": Element(0x1023, "US", "NumberOfWarningSuboperations"),
    "move_originator_aet": Element(0x1030, "AE", "MoveOriginatorApplicationEntityTitle"),
    "move_originator_message_id": Element(0x1031, "US", "MoveOriginatorMessageID"),
}

# A field with a default in its message may still be required on the wire.
_ALWAYS_REQUIRED = ("message_id", "message_id_being_responded_to", "status")

_LONGEST_COMMENT = 64
"""Characters of an LO (PS3.5 table 6.2-1): peers may refuse a longer value."""

_ELEMENT = struct.Struct("<HHI")
_SHORT = struct.Struct("<HHIH")
_LENGTH = struct.Struct("<HHII")
_OF_RESPONSES = bytes((RESPONSE_BIT >> 8,))
"""The upper byte of the Command Field of a response is this, or more (PS3.7 annex E.1)."""
_SUCCESS = _SHORT.pack(0, ELEMENTS["status"].number, 2, 0)


_Type = TypeVar("_Type")


@dataclass_transform()
def command_set(*, kw_only: bool = False) -> Callable[[type[_Type]], type[_Type]]:
    """Make a message type of a class.

    It compares and shows itself by the code of Message: to have a dataclass write methods of their own for
    two dozen types would take longer than all else at the start of a command.
    """
    return dataclass(slots=True, eq=False, repr=False, match_args=False, kw_only=kw_only)


@command_set()
class Message:
    """A command set. Subclasses are message types; their field names are keys of ELEMENTS."""

    command_field: ClassVar[int]
    service: ClassVar[str]
    """Name as the standard prints it, "C-STORE"."""

    @classmethod
    def type_name(cls) -> str:
        """Return the message type as the standard prints it, "C-STORE-RSP"."""
        return f"{cls.service}-{'RSP' if cls.command_field & RESPONSE_BIT else 'RQ'}"

    def _values(self) -> dict[str, Any]:
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def __repr__(self) -> str:
        values = (f"{name}={value!r}" for name, value in self._values().items())
        return f"{type(self).__name__}({', '.join(values)})"

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and self._values() == other._values()

    __hash__ = None  # type: ignore[assignment]  # it can change


@command_set()
class Response(Message):
    """What every response has. `data_set_allowed` is false where the service defines none."""

    data_set_allowed: ClassVar[bool] = True

    message_id_being_responded_to: int
    status: int


@command_set()
class Request(Message):
    """What every request has; whoever sends it numbers it."""

    response: ClassVar[type[Response]]
    data_set_required: ClassVar[bool | None] = None
    """Whether a data set must (True), must not (False) or may (None) follow."""

    message_id: int = 0

    def answer(self, status: int, **more: Any) -> Response:
        """Return this request's response with `status`, naming the same class and instance."""
        shared: dict[str, Any] = {}
        available = _layout(self.response).attributes
        for attribute, source in _ECHOED:
            value = getattr(self, source, None)
            if attribute in available and value is not None:
                shared.setdefault(attribute, value)
        return self.response(self.message_id, status, **(shared | more))


# A response names what the request was about under "affected", whichever word the request used.
_ECHOED = (
    ("affected_sop_class_uid", "affected_sop_class_uid"),
    ("affected_sop_class_uid", "requested_sop_class_uid"),
    ("affected_sop_instance_uid", "affected_sop_instance_uid"),
    ("affected_sop_instance_uid", "requested_sop_instance_uid"),
    ("event_type_id", "event_type_id"),
    ("action_type_id", "action_type_id"),
)


class _Layout(NamedTuple):
    """How a message type lies on the wire."""

    elements: tuple[tuple[str, int, str], ...]  # (attribute, number, vr), ascending
    by_number: dict[int, tuple[str, str]]
    required: tuple[str, ...]
    attributes: frozenset[str]


_layouts: dict[type[Message], _Layout] = {}


def _layout(message_type: type[Message]) -> _Layout:
    """Return the layout of a message type, worked out upon its first use."""
    found = _layouts.get(message_type)
    if found is None:
        found = _layouts[message_type] = _work_out(message_type)
    return found


def _work_out(message_type: type[Message]) -> _Layout:
    declared = {field.name: field for field in fields(message_type)}
    names = sorted(declared, key=lambda name: ELEMENTS[name].number)
    required = tuple(
        name
        for name in names
        if name in _ALWAYS_REQUIRED
        or (declared[name].default is MISSING and declared[name].default_factory is MISSING)
    )
    elements = tuple((name, ELEMENTS[name].number, ELEMENTS[name].vr) for name in names)
    return _Layout(
        elements, {number: (name, vr) for name, number, vr in elements}, required, frozenset(names)
    )


# -- encoding ---------------------------------------------------------------------------------------


def encode(message: Message, *, data_set: bool) -> bytes:
    """Return the command set of `message`, group length first; `data_set` says whether one follows."""
    parts: list[bytes] = []
    field_written = type_written = False
    for name, number, vr in _layout(type(message)).elements:
        if not field_written and number > COMMAND_FIELD:
            parts.append(_SHORT.pack(0, COMMAND_FIELD, 2, message.command_field))
            field_written = True
        if not type_written and number > COMMAND_DATA_SET_TYPE:
            parts.append(_data_set_type(data_set=data_set))
            type_written = True
        value = getattr(message, name)
        if vr == "US":
            if value is not None:
                parts.append(_SHORT.pack(0, number, 2, value))
        elif value is not None and value != ():
            raw = _encode_value(value, vr)
            parts.append(_ELEMENT.pack(0, number, len(raw)))
            parts.append(raw)
    if not type_written:
        parts.append(_data_set_type(data_set=data_set))
    body = b"".join(parts)
    return _LENGTH.pack(0, 0, 4, len(body)) + body


def encode_refusal(request: Decoded, status: int) -> bytes:
    """Return a response with nothing but `status`, to a request of a type that PS3.7 does not define."""
    body = (
        _SHORT.pack(0, COMMAND_FIELD, 2, request.command_field | RESPONSE_BIT)
        + _SHORT.pack(0, ELEMENTS["message_id_being_responded_to"].number, 2, request.message_id)
        + _data_set_type(data_set=False)
        + _SHORT.pack(0, ELEMENTS["status"].number, 2, status)
    )
    return _LENGTH.pack(0, 0, 4, len(body)) + body


def _data_set_type(*, data_set: bool) -> bytes:
    return _SHORT.pack(0, COMMAND_DATA_SET_TYPE, 2, DATA_SET if data_set else NO_DATA_SET)


def _encode_value(value: Any, vr: str) -> bytes:
    if vr == "AT":
        return b"".join(struct.pack("<HH", tag >> 16, tag & 0xFFFF) for tag in value)
    if vr == "LO":
        value = value[:_LONGEST_COMMENT]
    raw: bytes = value.encode("ascii" if vr == "UI" else "latin-1", "replace")
    if len(raw) % 2:
        raw += b"\0" if vr == "UI" else b" "
    return raw


# -- decoding ---------------------------------------------------------------------------------------


class Decoded(NamedTuple):
    """A received command set; `message` is None when its Command Field is unknown to PS3.7.

    `detail` is what stands behind group 0000 in a response, in implicit VR little endian: DCMTK 3.6.7 appends
    its "status detail" there, and Orthanc 1.10.1 the list of failed instances of a retrieve.
    """

    message: Message | None
    data_set: bool
    command_field: int
    message_id: int
    detail: bytes = b""


def decode(raw: bytes) -> Decoded:
    """Return the message in a command set. ProtocolError if it is malformed or lacks what it needs."""
    values, detail = _elements(raw)
    command_field = _short(values, COMMAND_FIELD, "CommandField")
    data_set = _short(values, COMMAND_DATA_SET_TYPE, "CommandDataSetType") != NO_DATA_SET
    message_type = message_type_of(command_field)
    if message_type is None:
        number = ELEMENTS["message_id"].number
        return Decoded(None, data_set, command_field, _short(values, number, "MessageID"))
    layout = _layout(message_type)
    by_number = layout.by_number
    arguments: dict[str, Any] = {}
    for number, value in values.items():
        if number in by_number:
            name, vr = by_number[number]
            if vr == "US" and len(value) == 2:  # most of them
                arguments[name] = value[0] | value[1] << 8
            elif vr in ("US", "AT"):
                arguments[name] = _decode_value(value, vr, message_type, name)
            else:
                arguments[name] = value.decode("latin-1").strip("\0 ")
    for name in layout.required:
        found = arguments.get(name)
        if found is None or found == "":
            raise ProtocolError(f"a {message_type.type_name()} without {ELEMENTS[name].keyword}")
    return Decoded(message_type(**arguments), data_set, command_field, arguments.get("message_id", 0), detail)


def _elements(raw: bytes) -> tuple[dict[int, bytes], bytes]:
    """Split implicit VR little endian elements of group 0000 in ascending order, from what is behind them."""
    values: dict[int, bytes] = {}
    offset, end, previous = 0, len(raw), -1
    while offset < end:
        if offset + 8 > end:
            raise ProtocolError(f"a command set ends inside an element at byte {offset}")
        group, number, length = _ELEMENT.unpack_from(raw, offset)
        offset += 8
        if group and values.get(COMMAND_FIELD, b"")[1:] >= _OF_RESPONSES:
            return values, raw[offset - 8 :]
        if group or number <= previous:
            raise ProtocolError(f"a command set has ({group:04X},{number:04X}) where it cannot be")
        if offset + length > end:
            raise ProtocolError(f"({group:04X},{number:04X}) is longer than its command set")
        values[number] = raw[offset : offset + length]
        offset += length
        previous = number
    return values, b""


def _short(values: dict[int, bytes], number: int, keyword: str) -> int:
    value = values.get(number)
    if value is None or len(value) != 2:
        raise ProtocolError(f"a command set without a proper {keyword}")
    return value[0] | value[1] << 8


def _decode_value(value: bytes, vr: str, message_type: type[Message], name: str) -> Any:
    if vr == "US":
        if not value:
            return None
    elif not len(value) % 4:
        return tuple(group << 16 | element for group, element in struct.iter_unpack("<HH", value))
    raise ProtocolError(
        f"a {message_type.type_name()} with {len(value)} bytes in {ELEMENTS[name].keyword}, which has VR {vr}"
    )


def looks_successful(raw: bytes, response: type[Response], message_id: int) -> bool:
    """Tell at a glance whether a command set is a `response` to `message_id`: Success, and no data set.

    A glance only, for whoever has something to do before `decode` looks closely.
    """
    return (
        _SHORT.pack(0, COMMAND_FIELD, 2, response.command_field) in raw
        and _SHORT.pack(0, ELEMENTS["message_id_being_responded_to"].number, 2, message_id) in raw
        and _data_set_type(data_set=False) in raw
        and _SUCCESS in raw
    )


@cache
def message_type_of(command_field: int) -> type[Message] | None:
    """Return the message type of a Command Field (PS3.7 table E.1-1); only C- types load at start."""
    from dimsetools.message import composite

    found = composite.TYPES.get(command_field)
    if found is None and command_field & 0x0100 == 0x0100:
        from dimsetools.message import normalized

        found = normalized.TYPES.get(command_field)
    return found


def elements_of(message: Message) -> dict[str, object]:
    """Return the elements of `message` by keyword, absent ones left out: for traces and records."""
    values: dict[str, object] = {}
    for name, _, vr in _layout(type(message)).elements:
        value = getattr(message, name)
        if value is None or value == ():
            continue
        values[ELEMENTS[name].keyword] = [f"{tag:08X}" for tag in value] if vr == "AT" else value
    if "Status" in values:
        values["Status"] = f"{values['Status']:04X}"
    return values
