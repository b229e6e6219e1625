"""Command sets against pynetdicom's, both ways, and against everything that a peer can get wrong."""

from __future__ import annotations

import struct
from contextlib import suppress
from dataclasses import fields
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dimsetools.errors import ProtocolError
from dimsetools.message import composite, normalized
from dimsetools.message.command import (
    ELEMENTS,
    Decoded,
    Message,
    Request,
    Response,
    decode,
    elements_of,
    encode,
    encode_refusal,
    looks_successful,
)
from dimsetools.message.composite import CCancelRq, CEchoRq, CEchoRsp, CMoveRq, CStoreRq, CStoreRsp
from dimsetools.message.normalized import NActionRq, NCreateRq, NEventReportRq, NGetRq
from tests.scripted import wire

ALL_TYPES = [*composite.TYPES.values(), *normalized.TYPES.values()]
RESPONSES = [kind for kind in ALL_TYPES if issubclass(kind, Response)]
REQUESTS = [kind for kind in ALL_TYPES if issubclass(kind, Request)]
SAMPLES = {
    "UI": "1.2.840.10008.5.1.4.1.1.2",
    "US": 0x0201,
    "AE": "SOMEWHERE",
    "LO": "out of resources",
    "AT": (0x00100010, 0x7FE00010),
}


def sample(kind: type[Message], only: frozenset[str] | None = None) -> Message:
    """A message of this type with every field set (but only those whose keyword is in `only`)."""
    values = {}
    for field in fields(kind):
        element = ELEMENTS[field.name]
        if only is None or element.keyword in only:
            values[field.name] = 1 if field.name == "priority" else SAMPLES[element.vr]
    return kind(**values)


def least(kind: type[Message]) -> Message:
    """A message of this type with no field set that may be left out."""
    whole = sample(kind)
    for field in fields(kind):
        if field.default is None or field.default == ():
            setattr(whole, field.name, field.default)
    return whole


# -- both ways ---------------------------------------------------------------------------------------


def test_every_message_of_the_standard_is_there() -> None:
    from pynetdicom.dimse_messages import _MESSAGE_TYPES

    ours = {kind.command_field: kind.type_name() for kind in ALL_TYPES}
    theirs = {number: name for number, (name, _) in _MESSAGE_TYPES.items()}
    assert ours == theirs | {0x0FFF: "C-CANCEL-RQ"}
    assert len(ours) == 23


@pytest.mark.parametrize("kind", ALL_TYPES, ids=lambda kind: kind.type_name())
@pytest.mark.parametrize("make", [sample, least])
@pytest.mark.parametrize("data_set", [True, False])
def test_what_is_encoded_is_decoded(kind: type[Message], make: Any, data_set: bool) -> None:
    message = make(kind)
    decoded = decode(encode(message, data_set=data_set))
    assert decoded == Decoded(message, data_set, kind.command_field, getattr(message, "message_id", 0))


@pytest.mark.parametrize("kind", ALL_TYPES, ids=lambda kind: kind.type_name())
@pytest.mark.parametrize("data_set", [True, False])
def test_pynetdicom_reads_and_writes_the_same(kind: type[Message], data_set: bool) -> None:
    from pynetdicom import dimse_messages
    from pynetdicom.dsutils import decode as decode_data_set
    from pynetdicom.dsutils import encode as encode_data_set

    name = kind.type_name().replace("-", "_")
    known = dimse_messages._COMMAND_SET_KEYWORDS[kind.type_name()]  # some optional elements it does not take
    message = sample(kind, frozenset(known))
    raw = encode(message, data_set=data_set)

    theirs = getattr(dimse_messages, name)()
    theirs.command_set = decode_data_set(BytesIO(raw), True, True)
    assert theirs.command_set.CommandGroupLength == len(raw) - 12
    again = getattr(dimse_messages, name)()
    again.primitive_to_message(theirs.message_to_primitive())
    written = encode_data_set(again.command_set, True, True)
    assert written is not None
    decoded = decode(written)
    assert decoded.message == message
    if decoded.data_set == data_set:  # it knows which messages have none
        assert written == raw


def test_elements_are_in_order_and_even() -> None:
    raw = encode(CStoreRq(affected_sop_class_uid="1.2.3", affected_sop_instance_uid="1.2"), data_set=True)
    assert raw == wire.command_set(
        wire.ui(0x0002, "1.2.3"),
        wire.us(0x0100, 0x0001),
        wire.us(0x0110, 0),
        wire.us(0x0700, 0),
        wire.us(0x0800, 0x0001),
        wire.ui(0x1000, "1.2"),
    )


def test_a_long_comment_is_cut_to_what_its_vr_takes() -> None:
    raw = encode(CEchoRsp(1, 0x0110, error_comment="x" * 100), data_set=False)
    decoded = decode(raw).message
    assert isinstance(decoded, CEchoRsp)
    assert decoded.error_comment == "x" * 64


def test_text_that_is_no_latin_is_no_crash() -> None:
    decoded = decode(encode(CEchoRsp(1, 0, error_comment="voll \u20ac \u00fc"), data_set=False)).message
    assert isinstance(decoded, CEchoRsp)
    assert decoded.error_comment == "voll ? \u00fc"


@pytest.mark.parametrize("kind", REQUESTS, ids=lambda kind: kind.type_name())
def test_every_request_has_its_answer(kind: type[Request]) -> None:
    request = sample(kind)
    assert isinstance(request, Request)
    response = request.answer(0x0110, error_comment="why")
    assert type(response) is kind.response
    assert response.command_field == request.command_field | 0x8000
    assert (response.message_id_being_responded_to, response.status) == (request.message_id, 0x0110)
    assert getattr(response, "error_comment") == "why"  # noqa: B009  # not every Response declares it
    assert getattr(response, "affected_sop_class_uid") == SAMPLES["UI"]  # noqa: B009


def test_an_answer_names_what_the_request_was_about() -> None:
    action = NActionRq(requested_sop_class_uid="1.1", requested_sop_instance_uid="1.2", action_type_id=4)
    assert elements_of(action.answer(0)) == {
        "MessageIDBeingRespondedTo": 0,
        "Status": "0000",
        "AffectedSOPClassUID": "1.1",
        "AffectedSOPInstanceUID": "1.2",
        "ActionTypeID": 4,
    }
    event = NEventReportRq(affected_sop_class_uid="1.1", affected_sop_instance_uid="1.2", event_type_id=3)
    assert elements_of(event.answer(0))["EventTypeID"] == 3
    create = NCreateRq(affected_sop_class_uid="1.1")
    assert elements_of(create.answer(0, affected_sop_instance_uid="1.9"))["AffectedSOPInstanceUID"] == "1.9"


def test_records_of_a_message_are_plain() -> None:
    request = NGetRq(
        requested_sop_class_uid="1.1",
        requested_sop_instance_uid="1.2",
        attribute_identifier_list=(0x00100010,),
    )
    assert elements_of(request)["AttributeIdentifierList"] == ["00100010"]
    assert elements_of(CStoreRsp(1, 0xA700))["Status"] == "A700"


# -- what is unusual and right -----------------------------------------------------------------------

ECHO_RQ = (wire.ui(2, wire.VERIFICATION), wire.us(0x100, 0x30), wire.us(0x110, 7))
NO_DATA = wire.us(0x800, 0x0101)


@pytest.mark.parametrize("value", [0x0000, 0x0001, 0x0102, 0xFFFF])
def test_any_data_set_type_but_one_means_a_data_set(value: int) -> None:
    assert decode(wire.command_set(*ECHO_RQ, wire.us(0x800, value))).data_set


@pytest.mark.parametrize(
    "extra", [wire.element(0x0001, b"abcd"), wire.element(0x0003, b""), wire.element(0x5010, b"old element ")]
)
def test_elements_that_a_message_does_not_use_are_ignored(extra: bytes) -> None:
    elements = sorted((*ECHO_RQ, NO_DATA, extra), key=lambda raw: raw[3] << 8 | raw[2])
    assert decode(wire.command_set(*elements)).message == CEchoRq(message_id=7)


def test_what_is_behind_a_response_is_its_detail_and_behind_a_request_a_fault() -> None:
    detail = struct.pack("<HHI", 8, 0, 4) + struct.pack("<I", 0)
    decoded = decode(encode(CEchoRsp(1, 0xC000), data_set=False) + detail)
    assert (decoded.message, decoded.detail) == (CEchoRsp(1, 0xC000), detail)
    with pytest.raises(ProtocolError, match=r"\(0008,0000\) where it cannot be"):
        decode(encode(CEchoRq(1), data_set=False) + detail)


def test_a_missing_or_wrong_group_length_does_no_harm() -> None:
    elements = (*ECHO_RQ, NO_DATA)
    for raw in (b"".join(elements), wire.command_set(*elements, group_length=1)):
        assert decode(raw).message == CEchoRq(message_id=7)


def test_padding_is_cut_off_and_nothing_else() -> None:
    raw = wire.command_set(
        wire.ui(2, wire.VERIFICATION + " \0"),
        wire.us(0x100, 0x8030),
        wire.us(0x120, 7),
        NO_DATA,
        wire.us(0x900, 0x0110),
        wire.lo(0x902, b"\x1b[31m caf\xe9 \r\n "),
    )
    message = decode(raw).message
    assert isinstance(message, CEchoRsp)
    assert message.affected_sop_class_uid == wire.VERIFICATION
    assert message.error_comment == "\x1b[31m caf\xe9 \r\n"


def test_an_empty_optional_element_is_none() -> None:
    raw = wire.command_set(
        wire.us(0x100, 0x8010),
        wire.us(0x120, 7),
        NO_DATA,
        wire.us(0x900, 0xFF00),
        wire.element(0x901, b""),
        wire.element(0x1020, b""),
    )
    message = decode(raw).message
    assert isinstance(message, composite.CGetRsp)
    assert (message.remaining, message.offending_element) == (None, ())


def test_an_unknown_command_can_still_be_answered() -> None:
    raw = wire.command_set(wire.us(0x100, 0x0200), wire.us(0x110, 9), wire.us(0x800, 1))
    decoded = decode(raw)
    assert decoded == Decoded(None, True, 0x0200, 9)
    assert encode_refusal(decoded, 0x0211) == wire.command_set(
        wire.us(0x100, 0x8200), wire.us(0x120, 9), NO_DATA, wire.us(0x900, 0x0211)
    )


def test_a_cancel_has_no_message_id() -> None:
    decoded = decode(wire.command_set(wire.us(0x100, 0x0FFF), wire.us(0x120, 5), NO_DATA))
    assert decoded.message == CCancelRq(5)


# -- what is wrong -----------------------------------------------------------------------------------

STORE_RQ = {
    "class": wire.ui(2, wire.CT_IMAGE),
    "field": wire.us(0x100, 1),
    "id": wire.us(0x110, 7),
    "priority": wire.us(0x700, 0),
    "type": wire.us(0x800, 1),
    "instance": wire.ui(0x1000, "1.2.3"),
}


def store(**changes: bytes) -> bytes:
    return wire.command_set(*(STORE_RQ | changes).values())


WHOLE = store()

MALFORMED = {
    "nothing": b"",
    "junk": b"junk",
    "seven bytes": bytes(7),
    "only a group length": wire.command_set(),
    "the end in an element's header": WHOLE + b"\0\0\0",
    "the end in a value": WHOLE[:-1],
    "a length beyond the end": store(instance=wire.element(0x1000, b"1.2.3\0", length=8)),
    "a length of 4 GiB": store(instance=wire.element(0x1000, b"1.2.3\0", length=2**32 - 1)),
    "a length of 2 GiB": store(**{"class": wire.element(2, b"", length=2**31)}),
    "another group": store(id=wire.element(0x110, b"\7\0", group=8)),
    "group FFFE": store(id=wire.element(0xE000, b"", group=0xFFFE)),
    "an element twice": store(id=wire.us(0x110, 7) * 2),
    "descending elements": store(id=wire.us(0x110, 7) + wire.us(0x100, 1)),
    "a group length twice": wire.element(0, bytes(4)) + WHOLE,
    "big endian": struct.pack(">HHI", 0, 2, 26) + WHOLE,
    "explicit VR": b"\0\0\0\0UL\4\0\0\0\0\0" + b"\0\0\2\0UI\6\0001.2.3\0",
    "no Command Field": store(field=b""),
    "an empty Command Field": store(field=wire.element(0x100, b"")),
    "a Command Field of 4 bytes": store(field=wire.element(0x100, b"\1\0\0\0")),
    "a Command Field of 1 byte": store(field=wire.element(0x100, b"\1")),
    "no data set type": store(type=b""),
    "an empty data set type": store(type=wire.element(0x800, b"")),
    "a data set type of 4 bytes": store(type=wire.element(0x800, bytes(4))),
    "no message ID": store(id=b""),
    "an empty message ID": store(id=wire.element(0x110, b"")),
    "a message ID of 4 bytes": store(id=wire.element(0x110, bytes(4))),
    "no class": store(**{"class": b""}),
    "an empty class": store(**{"class": wire.ui(2, "")}),
    "a class of blanks": store(**{"class": wire.ui(2, " \0")}),
    "no instance": store(instance=b""),
    "an empty instance": store(instance=wire.ui(0x1000, "")),
    "a priority of 1 byte": store(priority=wire.element(0x700, b"\1")),
    "an unknown command without an ID": wire.command_set(wire.us(0x100, 0x0777), wire.us(0x800, 1)),
    "a response without a status": wire.command_set(wire.us(0x100, 0x8001), wire.us(0x120, 1), NO_DATA),
    "a response to nothing": wire.command_set(wire.us(0x100, 0x8001), NO_DATA, wire.us(0x900, 0)),
    "a status of 3 bytes": wire.command_set(
        wire.us(0x100, 0x8001), wire.us(0x120, 1), NO_DATA, wire.element(0x900, bytes(3))
    ),
    "an offending element of 6 bytes": wire.command_set(
        wire.us(0x100, 0x8001), wire.us(0x120, 1), NO_DATA, wire.us(0x900, 0), wire.element(0x901, bytes(6))
    ),
    "a cancel of nothing": wire.command_set(wire.us(0x100, 0x0FFF), NO_DATA),
    "a move to nowhere": encode(CMoveRq(affected_sop_class_uid="1.2", move_destination=""), data_set=True),
    "a get without an instance": wire.command_set(
        wire.ui(3, "1.2"), wire.us(0x100, 0x0110), wire.us(0x110, 1), NO_DATA
    ),
}


def test_there_are_many_ways_to_be_malformed() -> None:
    assert len(MALFORMED) >= 27


@pytest.mark.parametrize("raw", MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_command_set_is_a_protocol_error(raw: bytes) -> None:
    with pytest.raises(ProtocolError) as caught:
        decode(raw)
    assert caught.value.exit_code == 62
    assert caught.value.message.isprintable()


def test_a_truncated_command_set_is_a_protocol_error() -> None:
    for end in range(len(WHOLE)):
        with pytest.raises(ProtocolError):
            decode(WHOLE[:end])


@settings(max_examples=300)
@given(st.binary(max_size=200))
def test_junk_is_a_protocol_error(junk: bytes) -> None:
    with suppress(ProtocolError):
        decode(junk)


elements = st.tuples(
    st.sampled_from([*(element.number for element in ELEMENTS.values()), 0, 1, 0xFFFF]),
    st.binary(max_size=12),
)


@settings(max_examples=300)
@given(
    st.lists(elements, max_size=12), st.sampled_from([kind.command_field for kind in ALL_TYPES] + [0x0777])
)
def test_any_elements_are_a_message_or_a_protocol_error(
    found: list[tuple[int, bytes]], command_field: int
) -> None:
    values = dict(found) | {0x100: struct.pack("<H", command_field)}
    with suppress(ProtocolError):
        decoded = decode(b"".join(wire.element(number, values[number]) for number in sorted(values)))
        if decoded.message is not None:  # what was taken can be told and sent again
            elements_of(decoded.message)
            encode(decoded.message, data_set=decoded.data_set)


@settings(max_examples=300)
@given(st.sampled_from(ALL_TYPES), st.data())
def test_a_flipped_byte_is_a_protocol_error_or_nothing_worse(
    kind: type[Message], data: st.DataObject
) -> None:
    raw = bytearray(encode(sample(kind), data_set=True))
    raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    with suppress(ProtocolError):
        decode(bytes(raw))


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (encode(CStoreRsp(7, 0), data_set=False), True),
        (
            encode(CStoreRsp(7, 0, "1.2.3", "1.2.3.4", error_comment="kept"), data_set=False),
            True,
        ),
        (encode(CStoreRsp(8, 0), data_set=False), False),
        (encode(CStoreRsp(7, 0xB000), data_set=False), False),
        (encode(CStoreRsp(7, 0xA700), data_set=False), False),
        (encode(CStoreRsp(7, 0), data_set=True), False),
        (encode(CEchoRsp(7, 0), data_set=False), False),
        (b"", False),
    ],
)
def test_success_is_seen_at_a_glance(raw: bytes, expected: bool) -> None:
    assert looks_successful(raw, CStoreRsp, 7) is expected
