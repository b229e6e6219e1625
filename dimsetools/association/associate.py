"""A-ASSOCIATE-RQ, -AC and -RJ with every user information item: bytes to plain values and back.

PS3.8 section 9.3.2 to 9.3.4 and annex D, PS3.7 annex D.3.3. Decoders are strict about structure (a
length that leaves its parent is a ProtocolError) and lenient about content that the standard tells to
ignore: unknown items and reserved bytes. Callers cap the size before (`pdu.ASSOCIATE_LIMIT`).

Written here rather than taken from pynetdicom because importing that package costs more than all the
rest of a short command; its codec is the oracle of our tests instead.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Required, TypedDict

from dimsetools.association import pdu
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

_ITEM = struct.Struct(">BxH")
_SHORT = struct.Struct(">H")
_LONG = struct.Struct(">I")
_FIXED = struct.Struct(">H2x16s16s32x")

# Item types: PS3.8 tables 9-12 to 9-18 and annex D, PS3.7 annex D.3.3.
_APPLICATION_CONTEXT = 0x10
_CONTEXT_RQ = 0x20
_CONTEXT_AC = 0x21
_ABSTRACT_SYNTAX = 0x30
_TRANSFER_SYNTAX = 0x40
_USER_INFORMATION = 0x50
_MAX_LENGTH = 0x51
_IMPLEMENTATION_UID = 0x52
_ASYNC_WINDOW = 0x53
_ROLE = 0x54
_IMPLEMENTATION_VERSION = 0x55
_EXTENDED = 0x56
_COMMON_EXTENDED = 0x57
_IDENTITY_RQ = 0x58
_IDENTITY_AC = 0x59

MAX_CONTEXTS = 128


# -- encoding ---------------------------------------------------------------------------------------


def encode_request(proposal: Proposal) -> bytes:
    """Return the A-ASSOCIATE-RQ for `proposal`."""
    contexts = b"".join(
        _item(
            _CONTEXT_RQ,
            bytes((context.id, 0, 0, 0)),
            _item(_ABSTRACT_SYNTAX, _uid(context.abstract_syntax)),
            *(_item(_TRANSFER_SYNTAX, _uid(syntax)) for syntax in context.transfer_syntaxes),
        )
        for context in proposal.contexts
    )
    user = [*_shared_items(proposal)]
    user += (
        _item(
            _COMMON_EXTENDED,
            _counted(_uid(item.abstract_syntax)),
            _counted(_uid(item.service_class)),
            _counted(b"".join(_counted(_uid(related)) for related in item.related)),
        )
        for item in proposal.common_extended
    )
    if proposal.identity is not None:
        identity = proposal.identity
        user.append(
            _item(
                _IDENTITY_RQ,
                bytes((identity.kind, identity.response_requested)),
                _counted(identity.primary),
                _counted(identity.secondary),
            )
        )
    return _associate(pdu.ASSOCIATE_RQ, proposal, contexts, user)


def encode_acceptance(acceptance: Acceptance, proposal: Proposal) -> bytes:
    """Return the A-ASSOCIATE-AC that answers `proposal`, whose titles it repeats (table 9-17)."""
    contexts = b"".join(
        _item(
            _CONTEXT_AC,
            bytes((context.id, 0, context.result, 0)),
            _item(_TRANSFER_SYNTAX, _uid(context.transfer_syntax)),
        )
        for context in acceptance.contexts
    )
    user = [*_shared_items(acceptance)]
    if acceptance.identity_response is not None:
        user.append(_item(_IDENTITY_AC, _counted(acceptance.identity_response)))
    return _associate(pdu.ASSOCIATE_AC, proposal, contexts, user)


def encode_rejection(rejection: Rejection) -> bytes:
    """Return the A-ASSOCIATE-RJ (table 9-21)."""
    return pdu.HEADER.pack(pdu.ASSOCIATE_RJ, 4) + bytes(
        (0, rejection.result, rejection.source, rejection.reason)
    )


def _associate(pdu_type: int, proposal: Proposal, contexts: bytes, user: list[bytes]) -> bytes:
    body = b"".join(
        (
            _FIXED.pack(proposal.protocol_version, _title(proposal.called_aet), _title(proposal.calling_aet)),
            _item(_APPLICATION_CONTEXT, _uid(proposal.application_context)),
            contexts,
            _item(_USER_INFORMATION, *user),
        )
    )
    return pdu.HEADER.pack(pdu_type, len(body)) + body


def _shared_items(values: Proposal | Acceptance) -> Iterator[bytes]:
    """Yield the user information that both directions have, in ascending order of item type."""
    yield _item(_MAX_LENGTH, _LONG.pack(values.max_pdu))
    yield _item(_IMPLEMENTATION_UID, _uid(values.implementation_uid))
    if values.async_window is not None:
        yield _item(_ASYNC_WINDOW, struct.pack(">HH", *values.async_window))
    for role in values.roles:
        yield _item(_ROLE, _counted(_uid(role.abstract_syntax)), bytes((role.scu, role.scp)))
    if values.implementation_version:
        yield _item(_IMPLEMENTATION_VERSION, values.implementation_version.encode("ascii", "replace"))
    for extended in values.extended:
        yield _item(_EXTENDED, _counted(_uid(extended.abstract_syntax)), extended.information)


def _item(item_type: int, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return _ITEM.pack(item_type, _length(body)) + body


def _counted(value: bytes) -> bytes:
    return _SHORT.pack(_length(value)) + value


def _length(value: bytes) -> int:
    """Return the length of an item, for which there are two bytes."""
    if len(value) > 0xFFFF:
        raise UsageError(
            f"an association request cannot hold an item of {len(value)} bytes",
            hint="use a shorter identity token, or fewer transfer syntaxes a context",
        )
    return len(value)


def _uid(value: str) -> bytes:
    return value.encode("ascii", "replace")


def _title(value: str) -> bytes:
    return value.encode("latin-1", "replace")[:16].ljust(16)


# -- decoding ---------------------------------------------------------------------------------------


def decode_request(body: bytes) -> Proposal:
    """Return the values of an A-ASSOCIATE-RQ, given what follows its six byte header."""
    version, called, calling, application, contexts, user = _parts(body, _CONTEXT_RQ, "A-ASSOCIATE-RQ")
    proposed = tuple(_proposed_context(item) for item in contexts)
    _check_ids([context.id for context in proposed], "A-ASSOCIATE-RQ")
    shared = _shared_values(user)
    return Proposal(
        called_aet=called,
        calling_aet=calling,
        contexts=proposed,
        common_extended=tuple(_common_extended(item) for kind, item in user if kind == _COMMON_EXTENDED),
        identity=next((_identity(item) for kind, item in user if kind == _IDENTITY_RQ), None),
        application_context=application,
        protocol_version=version,
        **shared,
    )


def decode_acceptance(body: bytes) -> Acceptance:
    """Return the values of an A-ASSOCIATE-AC, given what follows its six byte header."""
    _, _, _, _, contexts, user = _parts(body, _CONTEXT_AC, "A-ASSOCIATE-AC")
    results = tuple(_context_result(item) for item in contexts)
    _check_ids([result.id for result in results], "A-ASSOCIATE-AC")
    response = next((_counted_at(item, 0)[0] for kind, item in user if kind == _IDENTITY_AC), None)
    return Acceptance(contexts=results, identity_response=response, **_shared_values(user))


def decode_rejection(body: bytes) -> Rejection:
    """Return result, source and reason of an A-ASSOCIATE-RJ."""
    return Rejection(body[1], body[2], body[3])


def _parts(
    body: bytes, context_type: int, what: str
) -> tuple[int, str, str, str, list[bytes], list[tuple[int, bytes]]]:
    """Split into protocol version, titles, application context, context items and user information."""
    if len(body) < _FIXED.size:
        raise ProtocolError(f"the {what} is cut short at {len(body)} bytes")
    version, called, calling = _FIXED.unpack_from(body)
    application, contexts = "", []
    user: list[tuple[int, bytes]] = []
    for kind, item in _items(body, _FIXED.size, what):
        if kind == _APPLICATION_CONTEXT:
            application = _text(item)
        elif kind == context_type:
            contexts.append(item)
        elif kind == _USER_INFORMATION:
            user += _items(item, 0, what)
    if len(contexts) > MAX_CONTEXTS:
        raise ProtocolError(f"the {what} has {len(contexts)} presentation contexts, 128 are possible")
    return version, _title_text(called), _title_text(calling), application, contexts, user


def _items(body: bytes, offset: int, what: str) -> Iterator[tuple[int, bytes]]:
    """Yield (type, value) of each item; a length beyond the parent ends it all."""
    end = len(body)
    while offset < end:
        if offset + 4 > end:
            raise ProtocolError(f"the {what} ends inside an item header")
        kind, length = _ITEM.unpack_from(body, offset)
        offset += 4
        if offset + length > end:
            raise ProtocolError(f"an item {kind:02X}H of the {what} is longer than what holds it")
        yield kind, body[offset : offset + length]
        offset += length


def _proposed_context(item: bytes) -> ProposedContext:
    if len(item) < 4:
        raise ProtocolError("a presentation context of the A-ASSOCIATE-RQ is cut short")
    abstract, transfer = "", []
    for kind, value in _items(item, 4, "A-ASSOCIATE-RQ"):
        if kind == _ABSTRACT_SYNTAX:
            abstract = _text(value)
        elif kind == _TRANSFER_SYNTAX:
            transfer.append(_text(value))
    return ProposedContext(item[0], abstract, tuple(transfer))


def _context_result(item: bytes) -> ContextResult:
    if len(item) < 4:
        raise ProtocolError("a presentation context of the A-ASSOCIATE-AC is cut short")
    syntaxes = [value for kind, value in _items(item, 4, "A-ASSOCIATE-AC") if kind == _TRANSFER_SYNTAX]
    return ContextResult(item[0], item[2], _text(syntaxes[0]) if syntaxes else "")


def _check_ids(ids: list[int], what: str) -> None:
    """Presentation context IDs are odd and unique (PS3.8 section 9.3.2.2)."""
    if len(set(ids)) != len(ids):
        raise ProtocolError(f"the {what} uses a presentation context ID twice")
    for number in ids:
        if not number % 2:
            raise ProtocolError(f"the {what} has the even presentation context ID {number}")


class _Shared(TypedDict, total=False):
    """The user information that both directions have."""

    max_pdu: Required[int]
    implementation_uid: str
    implementation_version: str
    async_window: AsyncWindow
    roles: tuple[Role, ...]
    extended: tuple[Extended, ...]


def _shared_values(user: list[tuple[int, bytes]]) -> _Shared:
    """Decode the items that both directions have; unknown ones are ignored."""
    values: _Shared = {"max_pdu": 0}
    roles, extended = [], []
    for kind, item in user:
        if kind == _MAX_LENGTH:
            values["max_pdu"] = _LONG.unpack(_exactly(item, 4))[0]
        elif kind == _IMPLEMENTATION_UID:
            values["implementation_uid"] = _text(item)
        elif kind == _IMPLEMENTATION_VERSION:
            values["implementation_version"] = _text(item)
        elif kind == _ASYNC_WINDOW:
            values["async_window"] = AsyncWindow(*struct.unpack(">HH", _exactly(item, 4)))
        elif kind == _ROLE:
            uid, offset = _counted_at(item, 0)
            scu, scp = _exactly(item[offset:], 2)
            roles.append(Role(_text(uid), bool(scu), bool(scp)))
        elif kind == _EXTENDED:
            uid, offset = _counted_at(item, 0)
            extended.append(Extended(_text(uid), item[offset:]))
    values["roles"], values["extended"] = tuple(roles), tuple(extended)
    return values


def _common_extended(item: bytes) -> CommonExtended:
    abstract, offset = _counted_at(item, 0)
    service, offset = _counted_at(item, offset)
    block, _ = _counted_at(item, offset)
    related, offset = [], 0
    while offset < len(block):
        uid, offset = _counted_at(block, offset)
        related.append(_text(uid))
    return CommonExtended(_text(abstract), _text(service), tuple(related))


def _identity(item: bytes) -> Identity:
    if len(item) < 2:
        raise ProtocolError("the user identity item is cut short")
    primary, offset = _counted_at(item, 2)
    secondary, _ = _counted_at(item, offset)
    return Identity(item[0], primary, secondary, bool(item[1]))


def _counted_at(value: bytes, offset: int) -> tuple[bytes, int]:
    """Return the length-prefixed bytes at `offset` and the offset behind them."""
    start = offset + 2
    if start > len(value):
        raise ProtocolError("a user information item is cut short")
    end = start + _SHORT.unpack_from(value, offset)[0]
    if end > len(value):
        raise ProtocolError("a length inside a user information item leaves the item")
    return value[start:end], end


def _exactly(value: bytes, length: int) -> bytes:
    if len(value) != length:
        raise ProtocolError(f"a user information item has {len(value)} bytes where {length} belong")
    return value


def _text(value: bytes) -> str:
    """UIDs and version names: ASCII by the standard, with the padding that some peers send cut off."""
    return value.decode("latin-1").strip("\0 ")


def _title_text(value: bytes) -> str:
    """AE titles: leading and trailing spaces are not significant (PS3.8 table 9-11)."""
    return value.decode("latin-1").strip("\0 ")
