"""The N- services' messages (PS3.7 section 10.3). Fields that default to None are optional on the wire."""

from __future__ import annotations

from typing import ClassVar

from dimsetools.message.command import Message, Request, Response, command_set


@command_set()
class _NormalizedRsp(Response):
    """What the responses of all N- services share."""

    affected_sop_class_uid: str | None = None
    affected_sop_instance_uid: str | None = None
    offending_element: tuple[int, ...] = ()
    error_comment: str | None = None
    error_id: int | None = None
    attribute_identifier_list: tuple[int, ...] = ()


@command_set(kw_only=True)
class _RequestedInstance(Request):
    """A request about an instance that exists."""

    requested_sop_class_uid: str
    requested_sop_instance_uid: str


@command_set()
class NEventReportRsp(_NormalizedRsp):
    """N-EVENT-REPORT-RSP (table 10.3-2)."""

    command_field: ClassVar[int] = 0x8100
    service: ClassVar[str] = "N-EVENT-REPORT"

    event_type_id: int | None = None


@command_set(kw_only=True)
class NEventReportRq(Request):
    """N-EVENT-REPORT-RQ (table 10.3-1)."""

    command_field: ClassVar[int] = 0x0100
    service: ClassVar[str] = "N-EVENT-REPORT"
    response: ClassVar[type[Response]] = NEventReportRsp

    affected_sop_class_uid: str
    affected_sop_instance_uid: str
    event_type_id: int


@command_set()
class NGetRsp(_NormalizedRsp):
    """N-GET-RSP (table 10.3-4)."""

    command_field: ClassVar[int] = 0x8110
    service: ClassVar[str] = "N-GET"


@command_set(kw_only=True)
class NGetRq(_RequestedInstance):
    """N-GET-RQ (table 10.3-3)."""

    command_field: ClassVar[int] = 0x0110
    service: ClassVar[str] = "N-GET"
    response: ClassVar[type[Response]] = NGetRsp
    data_set_required: ClassVar[bool | None] = False

    attribute_identifier_list: tuple[int, ...] = ()


@command_set()
class NSetRsp(_NormalizedRsp):
    """N-SET-RSP (table 10.3-6)."""

    command_field: ClassVar[int] = 0x8120
    service: ClassVar[str] = "N-SET"


@command_set(kw_only=True)
class NSetRq(_RequestedInstance):
    """N-SET-RQ (table 10.3-5)."""

    command_field: ClassVar[int] = 0x0120
    service: ClassVar[str] = "N-SET"
    response: ClassVar[type[Response]] = NSetRsp
    data_set_required: ClassVar[bool | None] = True


@command_set()
class NActionRsp(_NormalizedRsp):
    """N-ACTION-RSP (table 10.3-8)."""

    command_field: ClassVar[int] = 0x8130
    service: ClassVar[str] = "N-ACTION"

    action_type_id: int | None = None


@command_set(kw_only=True)
class NActionRq(_RequestedInstance):
    """N-ACTION-RQ (table 10.3-7)."""

    command_field: ClassVar[int] = 0x0130
    service: ClassVar[str] = "N-ACTION"
    response: ClassVar[type[Response]] = NActionRsp

    action_type_id: int


@command_set()
class NCreateRsp(_NormalizedRsp):
    """N-CREATE-RSP (table 10.3-10)."""

    command_field: ClassVar[int] = 0x8140
    service: ClassVar[str] = "N-CREATE"


@command_set(kw_only=True)
class NCreateRq(Request):
    """N-CREATE-RQ (table 10.3-9); without an instance UID the peer assigns one."""

    command_field: ClassVar[int] = 0x0140
    service: ClassVar[str] = "N-CREATE"
    response: ClassVar[type[Response]] = NCreateRsp

    affected_sop_class_uid: str
    affected_sop_instance_uid: str | None = None


@command_set()
class NDeleteRsp(_NormalizedRsp):
    """N-DELETE-RSP (table 10.3-12)."""

    command_field: ClassVar[int] = 0x8150
    service: ClassVar[str] = "N-DELETE"
    data_set_allowed: ClassVar[bool] = False


@command_set(kw_only=True)
class NDeleteRq(_RequestedInstance):
    """N-DELETE-RQ (table 10.3-11)."""

    command_field: ClassVar[int] = 0x0150
    service: ClassVar[str] = "N-DELETE"
    response: ClassVar[type[Response]] = NDeleteRsp
    data_set_required: ClassVar[bool | None] = False


TYPES: dict[int, type[Message]] = {
    message.command_field: message
    for message in (
        NEventReportRq, NEventReportRsp, NGetRq, NGetRsp, NSetRq, NSetRsp, NActionRq, NActionRsp,
        NCreateRq, NCreateRsp, NDeleteRq, NDeleteRsp,
    )
}  # fmt: skip
