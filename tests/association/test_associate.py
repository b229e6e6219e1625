"""The A-ASSOCIATE codec against pynetdicom's, both ways, and against everything that is wrong."""

from __future__ import annotations

import struct
import tracemalloc
from contextlib import suppress
from time import process_time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dimsetools.association import pdu
from dimsetools.association.associate import (
    decode_acceptance,
    decode_rejection,
    decode_request,
    encode_acceptance,
    encode_rejection,
    encode_request,
)
from dimsetools.association.values import (
    Acceptance,
    AsyncWindow,
    CommonExtended,
    ContextResult,
    Extended,
    Identity,
    Proposal,
    ProposedContext,
    Rejection,
    Role,
)
from dimsetools.errors import ProtocolError, UsageError
from tests.scripted import wire

# -- every user information item, through pynetdicom ------------------------------------------------

uids = st.lists(st.integers(0, 99999), min_size=2, max_size=8).map(
    lambda parts: "1.2." + ".".join(map(str, parts))
)
titles = st.text(
    st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters="\\"), min_size=1, max_size=16
)
some_bytes = st.binary(min_size=1, max_size=40)
windows = st.none() | st.builds(AsyncWindow, st.integers(0, 65535), st.integers(0, 65535))
versions = st.text(st.sampled_from("ABCDEFGHIJ_0123456789"), min_size=1, max_size=16)
roles = st.lists(st.builds(Role, uids, st.booleans(), st.booleans()), max_size=3, unique_by=lambda r: r[0])
extended = st.lists(st.builds(Extended, uids, some_bytes), max_size=3, unique_by=lambda e: e[0])
identities = st.builds(
    Identity, st.sampled_from([1, 3, 4, 5]), some_bytes, st.just(b""), st.booleans()
) | st.builds(Identity, st.just(2), some_bytes, some_bytes, st.booleans())
odd_ids = st.lists(st.integers(0, 127).map(lambda n: 2 * n + 1), min_size=1, max_size=5, unique=True)


@st.composite
def proposals(draw: st.DrawFn) -> Proposal:
    syntaxes = st.lists(uids, min_size=1, max_size=4, unique=True).map(tuple)
    return Proposal(
        called_aet=draw(titles),
        calling_aet=draw(titles),
        contexts=tuple(ProposedContext(number, draw(uids), draw(syntaxes)) for number in draw(odd_ids)),
        max_pdu=draw(st.integers(0, 2**32 - 1)),
        implementation_uid=draw(uids),
        implementation_version=draw(versions),
        roles=tuple(draw(roles)),
        extended=tuple(draw(extended)),
        common_extended=tuple(
            draw(
                st.lists(
                    st.builds(CommonExtended, uids, uids, st.lists(uids, max_size=3).map(tuple)),
                    max_size=2,
                    unique_by=lambda item: item[0],
                )
            )
        ),
        identity=draw(st.none() | identities),
        async_window=draw(windows),
    )


@st.composite
def acceptances(draw: st.DrawFn) -> Acceptance:
    return Acceptance(
        contexts=tuple(
            ContextResult(number, draw(st.integers(0, 4)), draw(uids)) for number in draw(odd_ids)
        ),
        max_pdu=draw(st.integers(0, 2**32 - 1)),
        implementation_uid=draw(uids),
        implementation_version=draw(versions),
        roles=tuple(draw(roles)),
        extended=tuple(draw(extended)),
        identity_response=draw(st.none() | some_bytes),
        async_window=draw(windows),
    )


def through_pynetdicom(raw: bytes) -> tuple[Any, bytes]:
    """What pynetdicom reads in `raw`, and how it writes that."""
    from pynetdicom.pdu import A_ASSOCIATE_AC, A_ASSOCIATE_RQ

    theirs = {pdu.ASSOCIATE_RQ: A_ASSOCIATE_RQ, pdu.ASSOCIATE_AC: A_ASSOCIATE_AC}[raw[0]]()
    theirs.decode(raw)
    return theirs, theirs.encode()


@settings(max_examples=60)
@given(proposals())
def test_requests_survive_pynetdicom_and_back(proposal: Proposal) -> None:
    raw = encode_request(proposal)
    theirs, again = through_pynetdicom(raw)
    assert again == raw
    assert decode_request(again[6:]) == proposal
    assert theirs.called_ae_title == proposal.called_aet
    assert theirs.calling_ae_title == proposal.calling_aet
    assert theirs.user_information.maximum_length == proposal.max_pdu
    for item, context in zip(theirs.presentation_context, proposal.contexts, strict=True):
        assert (item.presentation_context_id, item.abstract_syntax) == context[:2]
        assert tuple(item.transfer_syntax) == context.transfer_syntaxes


@settings(max_examples=60)
@given(acceptances(), proposals())
def test_acceptances_survive_pynetdicom_and_back(acceptance: Acceptance, proposal: Proposal) -> None:
    raw = encode_acceptance(acceptance, proposal)
    theirs, again = through_pynetdicom(raw)
    assert again == raw
    assert decode_acceptance(again[6:]) == acceptance
    assert theirs.reserved_aet == proposal.called_aet
    assert theirs.reserved_aec == proposal.calling_aet


def full_proposal() -> Proposal:
    """One of everything."""
    return Proposal(
        "STORE",
        "SENDER",
        (
            ProposedContext(1, wire.VERIFICATION, (wire.IMPLICIT_LE, wire.EXPLICIT_LE)),
            ProposedContext(255, wire.CT_IMAGE, (wire.EXPLICIT_LE,)),
        ),
        16384,
        "1.2.3",
        "VERSION_1",
        (Role(wire.CT_IMAGE, True, True),),
        (Extended(wire.CT_IMAGE, b"\1\0\1"),),
        (CommonExtended(wire.CT_IMAGE, "1.2.840.10008.4.2", ("1.2.3.4",)),),
        Identity(2, b"user", b"secret", True),
        AsyncWindow(5, 1),
    )


def test_pynetdicom_reads_every_user_information_item_as_meant() -> None:
    theirs, _ = through_pynetdicom(encode_request(full_proposal()))
    user = theirs.user_information
    assert user.async_ops_window.maximum_number_operations_invoked == 5
    assert user.role_selection[wire.CT_IMAGE].scp_role == 1
    [sop_class] = user.ext_neg
    assert sop_class.service_class_application_information == b"\1\0\1"
    [common] = user.common_ext_neg
    assert (common.sop_class_uid, common.service_class_uid) == (wire.CT_IMAGE, "1.2.840.10008.4.2")
    assert list(common.related_general_sop_class_identification) == ["1.2.3.4"]
    assert (user.user_identity.primary_field, user.user_identity.secondary_field) == (b"user", b"secret")
    assert user.user_identity.positive_response_requested == 1
    assert user.implementation_version_name == "VERSION_1"


@pytest.mark.parametrize("numbers", [(1, 1, 7), (2, 3, 2), (1, 2, 1)])
def test_rejections(numbers: tuple[int, int, int]) -> None:
    from pynetdicom.pdu import A_ASSOCIATE_RJ

    raw = encode_rejection(Rejection(*numbers))
    theirs = A_ASSOCIATE_RJ()
    theirs.decode(raw)
    assert (theirs.result, theirs.source, theirs.reason_diagnostic) == numbers
    assert raw == wire.associate_rj(*numbers)
    assert decode_rejection(raw[6:]) == Rejection(*numbers)


# -- what is allowed though nobody should send it ----------------------------------------------------


def user_items(*more: bytes) -> bytes:
    return wire.associate_rq(more=b"".join(more))[6:]


def test_unknown_items_are_ignored() -> None:
    body = wire.associate_rq(more=wire.item(0x5F, b"new") + wire.item(0x54, _role("1.2.3", 1, 1)))[6:]
    body += wire.item(0x77, b"more") + wire.item(0, b"")
    assert decode_request(body).roles == (Role("1.2.3", True, True),)


def _role(uid: str, scu: int, scp: int) -> bytes:
    return struct.pack(">H", len(uid)) + uid.encode() + bytes((scu, scp))


@pytest.mark.parametrize(
    ("raw", "title"),
    [
        (b"  STORE  ", "STORE"),
        (b"STORE\0\0", "STORE"),
        (b"", ""),
        (b"A B", "A B"),
        (b"\x1b[31mRED", "\x1b[31mRED"),  # escaped where it is shown, and kept as it came until then
        (b"TWO\nLINES", "TWO\nLINES"),
        (b"\xff\xfe\x80", "\xff\xfe\x80"),
    ],
)
def test_titles_lose_their_padding_and_nothing_else(raw: bytes, title: str) -> None:
    proposal = decode_request(wire.associate_rq(called=raw, calling=raw)[6:])
    assert (proposal.called_aet, proposal.calling_aet) == (title, title)


def test_long_and_foreign_titles_stay_in_their_field() -> None:
    raw = encode_request(full_proposal()._replace(called_aet="A" * 17, calling_aet="\u65e5\u672c"))
    assert raw[10:26] == b"A" * 16
    assert raw[26:42] == b"??".ljust(16)


def test_a_context_may_lack_everything_but_its_id() -> None:
    body = wire.associate_rq([])[6:] + wire.item(0x20, b"\7\0\0\0")
    assert decode_request(body).contexts == (ProposedContext(7, "", ()),)


def test_what_does_not_fit_is_the_users_mistake() -> None:
    token = full_proposal()._replace(identity=Identity(5, bytes(65536)))
    with pytest.raises(UsageError, match="65536 bytes"):
        encode_request(token)
    many = tuple(f"1.2.840.{number:060}" for number in range(1000))
    with pytest.raises(UsageError, match="cannot hold an item"):
        encode_request(full_proposal()._replace(contexts=(ProposedContext(1, "1.2", many),)))


# -- what is wrong -----------------------------------------------------------------------------------

WRONG_REQUESTS = {
    "nothing": b"",
    "a short fixed part": wire.associate_rq()[6:70],
    "an item header cut off": wire.associate_rq()[6:] + b"\x20\0\0",
    "an item beyond the end": wire.associate_rq()[6:] + wire.item(0x20, b"\3\0\0\0", length=200),
    "a context of three bytes": wire.associate_rq()[6:] + wire.item(0x20, b"\3\0\0"),
    "a syntax beyond its context": wire.associate_rq()[6:]
    + wire.item(0x20, b"\3\0\0\0" + wire.item(0x30, "1.2", length=4)),
    "an even context ID": wire.associate_rq([wire.Context(2)])[6:],
    "context ID 0": wire.associate_rq([wire.Context(0)])[6:],
    "a context ID twice": wire.associate_rq([wire.Context(1), wire.Context(1)])[6:],
    "129 contexts": wire.associate_rq([wire.Context(n % 256) for n in range(129)])[6:],
    "a maximum length of 3 bytes": user_items(wire.item(0x51, b"\0\0\1")),
    "an async window of 3 bytes": user_items(wire.item(0x53, b"\0\1\0")),
    "a role without its flags": user_items(wire.item(0x54, b"\0\0031.2")),
    "a role's UID beyond its item": user_items(wire.item(0x54, b"\0\x501.2\1\1")),
    "a role with a byte too many": user_items(wire.item(0x54, _role("1.2", 1, 1) + b"\0")),
    "an empty role": user_items(wire.item(0x54, b"")),
    "extended negotiation of 1 byte": user_items(wire.item(0x56, b"\0")),
    "common extended cut short": user_items(wire.item(0x57, b"\0\0031.2\0\0031.2")),
    "a related class beyond its list": user_items(wire.item(0x57, b"\0\0\0\0\0\3\0\x091")),
    "an identity of 1 byte": user_items(wire.item(0x58, b"\1")),
    "an identity without its primary field": user_items(wire.item(0x58, b"\1\0\0")),
    "an identity's field beyond its item": user_items(wire.item(0x58, b"\1\0\xff\xffab\0\0")),
    "an identity without a secondary length": user_items(wire.item(0x58, b"\1\0\0\1a")),
}


@pytest.mark.parametrize("body", WRONG_REQUESTS.values(), ids=WRONG_REQUESTS)
def test_wrong_requests_are_protocol_errors(body: bytes) -> None:
    with pytest.raises(ProtocolError, match=r"A-ASSOCIATE-RQ|user information|user identity"):
        decode_request(body)


def test_wrong_acceptances_are_protocol_errors() -> None:
    good = wire.associate_ac()[6:]
    for more in (
        wire.item(0x21, b"\3\0"),
        wire.item(0x21, b"\1\0\0\0"),
        wire.item(0x21, b"\4\0\0\0"),
        wire.item(0x50, wire.item(0x59, b"\0\x09token")),
        b"\x21",
    ):
        with pytest.raises(ProtocolError):
            decode_acceptance(good + more)


def test_truncation_anywhere_is_a_protocol_error_or_a_shorter_request() -> None:
    body = encode_request(full_proposal())[6:]
    whole = decode_request(body)
    for end in range(len(body)):
        try:
            assert decode_request(body[:end]) != whole
        except ProtocolError:
            continue
    acceptance = wire.associate_ac(more=wire.item(0x59, b"\0\5token"))[6:]
    for end in range(len(acceptance)):
        try:
            decode_acceptance(acceptance[:end])
        except ProtocolError:
            continue


@settings(max_examples=300)
@given(st.binary(max_size=300), st.integers(0, 400), st.booleans())
def test_junk_is_a_protocol_error_or_nothing_worse(junk: bytes, at: int, fixed_part: bool) -> None:
    body = bytearray(encode_request(full_proposal())[6:])
    body[at : at + len(junk)] = junk
    for decode in (decode_request, decode_acceptance):
        try:
            decode(bytes(body) if fixed_part else junk)
        except ProtocolError:
            continue


@settings(max_examples=300)
@given(st.data())
def test_a_flipped_byte_is_a_protocol_error_or_nothing_worse(data: st.DataObject) -> None:
    body = bytearray(encode_request(full_proposal())[6:])
    body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    with suppress(ProtocolError):
        decode_request(bytes(body))


CROWDS = {
    "16 000 empty sub-items": user_items(*[wire.item(0x5F, b"")] * 15_900),
    "16 000 empty roles": user_items(*[wire.item(0x54, b"\0\0\0\0")] * 8000),
    "32 000 empty items": wire.associate_rq()[6:] + wire.item(0x10, b"") * 32_000,
    "128 contexts of 250 empty syntaxes": wire.associate_rq([])[6:]
    + b"".join(wire.item(0x20, bytes((2 * n + 1, 0, 0, 0)) + wire.item(0x40, b"") * 250) for n in range(128)),
    "30 000 contexts": wire.associate_rq([])[6:] + wire.item(0x20, b"\1\0\0\0") * 16_000,
}


@pytest.mark.parametrize("body", CROWDS.values(), ids=CROWDS)
def test_crowds_of_items_are_cheap(body: bytes) -> None:
    assert len(body) <= pdu.ASSOCIATE_LIMIT + 1024
    tracemalloc.start()
    try:
        began = process_time()
        with suppress(ProtocolError):
            decode_request(body)
        seconds = process_time() - began
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert seconds < 1.0  # tens of milliseconds without the tracing
    assert peak < 16 << 20
