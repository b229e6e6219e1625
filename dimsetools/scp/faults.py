"""What a requestor is told when a request cannot be carried out: faults as DIMSE statuses (PS3.7 annex C)."""

from __future__ import annotations

from dimsetools.archive.objects import Fault, Refused

SUCCESS = 0x0000
OPTIONAL_UNSUPPORTED = 0x0001
"""A warning: some of the optional attributes that an N-GET names are not there (PS3.4 F.8.2.1.4)."""
NO_SUCH_ATTRIBUTE = 0x0105
INVALID_ATTRIBUTE_VALUE = 0x0106
ATTRIBUTE_LIST_ERROR = 0x0107
PROCESSING_FAILURE = 0x0110
DUPLICATE_SOP_INSTANCE = 0x0111
NO_SUCH_SOP_INSTANCE = 0x0112
NO_SUCH_EVENT_TYPE = 0x0113
INVALID_ARGUMENT_VALUE = 0x0115
INVALID_OBJECT_INSTANCE = 0x0117
NO_SUCH_SOP_CLASS = 0x0118
CLASS_INSTANCE_CONFLICT = 0x0119
MISSING_ATTRIBUTE = 0x0120
SOP_CLASS_NOT_SUPPORTED = 0x0122
NO_SUCH_ACTION = 0x0123
UNRECOGNIZED_OPERATION = 0x0211
RESOURCE_LIMITATION = 0x0213
OUT_OF_RESOURCES = 0xA700
DATA_SET_DOES_NOT_MATCH = 0xA900
CANNOT_UNDERSTAND = UNABLE_TO_PROCESS = 0xC000
"""Of objects and identifiers (PS3.4 table B.2-1), and of whole queries (C.4.1.1.4)."""
CANNOT_PERFORM = 0xA702
"""Sub-operations, none of them (PS3.4 C.4.2.1.5)."""
DESTINATION_UNKNOWN = 0xA801
SUBOPERATIONS_FAILED = 0xB000
CANCELLED = 0xFE00
PENDING = 0xFF00
PENDING_WITHOUT = 0xFF01
"""Pending, and some optional keys are not supported (PS3.4 C.4.1.1.4)."""

COMMENT_LIMIT = 64
"""Characters of an Error Comment (0000,0902), value representation LO."""

_OF_STORING = {
    Fault.RESOURCES: OUT_OF_RESOURCES,
    Fault.MEDIA: OUT_OF_RESOURCES,
    Fault.BLOCKED: PROCESSING_FAILURE,
    Fault.UNDECODABLE: CANNOT_UNDERSTAND,
    Fault.MISMATCH: DATA_SET_DOES_NOT_MATCH,
    Fault.DUPLICATE: DUPLICATE_SOP_INSTANCE,
}


def store_status(error: Exception) -> int:
    """Return the status of a C-STORE response (PS3.4 table B.2-1) for what went wrong."""
    return _OF_STORING[error.fault] if isinstance(error, Refused) else PROCESSING_FAILURE


def comment(text: str) -> str:
    """Return `text` as an Error Comment: short, printable ASCII, no backslash to make it two values."""
    plain = "".join(character if " " <= character <= "~" and character != "\\" else "?" for character in text)
    return plain[:COMMENT_LIMIT].rstrip()
