"""The C- services' messages (PS3.7 section 9.3). Fields that default to None are optional on the wire."""

from __future__ import annotations

from typing import ClassVar

from dimsetools.message.command import Message, Request, Response, command_set

MEDIUM, HIGH, LOW = 0x0000, 0x0001, 0x0002
"""Priority (PS3.7 table 9.3-1)."""


@command_set()
class CEchoRsp(Response):
    """C-ECHO-RSP (table 9.3-13)."""

    command_field: ClassVar[int] = 0x8030
    service: ClassVar[str] = "C-ECHO"
    data_set_allowed: ClassVar[bool] = False

    affected_sop_class_uid: str | None = None
    error_comment: str | None = None


@command_set()
class CEchoRq(Request):
    """C-ECHO-RQ (table 9.3-12)."""

    command_field: ClassVar[int] = 0x0030
    service: ClassVar[str] = "C-ECHO"
    response: ClassVar[type[Response]] = CEchoRsp
    data_set_required: ClassVar[bool | None] = False

    affected_sop_class_uid: str = "1.2.840.10008.1.1"


@command_set()
class CStoreRsp(Response):
    """C-STORE-RSP (table 9.3-2)."""

    command_field: ClassVar[int] = 0x8001
    service: ClassVar[str] = "C-STORE"
    data_set_allowed: ClassVar[bool] = False

    affected_sop_class_uid: str | None = None
    affected_sop_instance_uid: str | None = None
    offending_element: tuple[int, ...] = ()
    error_comment: str | None = None


@command_set(kw_only=True)
class CStoreRq(Request):
    """C-STORE-RQ (table 9.3-1)."""

    command_field: ClassVar[int] = 0x0001
    service: ClassVar[str] = "C-STORE"
    response: ClassVar[type[Response]] = CStoreRsp
    data_set_required: ClassVar[bool | None] = True

    affected_sop_class_uid: str
    affected_sop_instance_uid: str
    priority: int = MEDIUM
    move_originator_aet: str | None = None
    move_originator_message_id: int | None = None


@command_set()
class CFindRsp(Response):
    """C-FIND-RSP (table 9.3-4)."""

    command_field: ClassVar[int] = 0x8020
    service: ClassVar[str] = "C-FIND"

    affected_sop_class_uid: str | None = None
    offending_element: tuple[int, ...] = ()
    error_comment: str | None = None


@command_set(kw_only=True)
class CFindRq(Request):
    """C-FIND-RQ (table 9.3-3)."""

    command_field: ClassVar[int] = 0x0020
    service: ClassVar[str] = "C-FIND"
    response: ClassVar[type[Response]] = CFindRsp
    data_set_required: ClassVar[bool | None] = True

    affected_sop_class_uid: str
    priority: int = MEDIUM


@command_set()
class CGetRsp(Response):
    """C-GET-RSP (table 9.3-7); counts are of sub-operations."""

    command_field: ClassVar[int] = 0x8010
    service: ClassVar[str] = "C-GET"

    affected_sop_class_uid: str | None = None
    offending_element: tuple[int, ...] = ()
    error_comment: str | None = None
    remaining: int | None = None
    completed: int | None = None
    failed: int | None = None
    warning: int | None = None


@command_set(kw_only=True)
class CGetRq(Request):
    """C-GET-RQ (table 9.3-6)."""

    command_field: ClassVar[int] = 0x0010
    service: ClassVar[str] = "C-GET"
    response: ClassVar[type[Response]] = CGetRsp
    data_set_required: ClassVar[bool | None] = True

    affected_sop_class_uid: str
    priority: int = MEDIUM


@command_set()
class CMoveRsp(CGetRsp):
    """C-MOVE-RSP (table 9.3-10): the fields of C-GET-RSP."""

    command_field: ClassVar[int] = 0x8021
    service: ClassVar[str] = "C-MOVE"


@command_set(kw_only=True)
class CMoveRq(Request):
    """C-MOVE-RQ (table 9.3-9)."""

    command_field: ClassVar[int] = 0x0021
    service: ClassVar[str] = "C-MOVE"
    response: ClassVar[type[Response]] = CMoveRsp
    data_set_required: ClassVar[bool | None] = True

    affected_sop_class_uid: str
    move_destination: str
    priority: int = MEDIUM


@command_set()
class CCancelRq(Message):
    """C-CANCEL-RQ (tables 9.3-5, 9.3-8, 9.3-11): no message ID of its own, never answered."""

    command_field: ClassVar[int] = 0x0FFF
    service: ClassVar[str] = "C-CANCEL"

    message_id_being_responded_to: int


TYPES: dict[int, type[Message]] = {
    message.command_field: message
    for message in (
        CEchoRq, CEchoRsp, CStoreRq, CStoreRsp, CFindRq, CFindRsp, CGetRq, CGetRsp, CMoveRq, CMoveRsp,
        CCancelRq,
    )
}  # fmt: skip
