"""What a DIMSE status word means and what a person can try next (PS3.7 annex C, PS3.4 for each service).

A pure table: nothing is imported but the standard library, and nothing here decides what to do with a
status beyond its category. Codes are written as the standard writes them, so `A7xx` is a range.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Category(StrEnum):
    """The five status classes of PS3.7 annex C."""

    SUCCESS = "success"
    WARNING = "warning"
    FAILURE = "failure"
    CANCEL = "cancel"
    PENDING = "pending"


class Status(NamedTuple):
    """A status word in words.

    `name` is a stable kebab-case word for scripts ("unknown" where the standard defines none),
    `meaning` one clause, `hint` what to try ("" if there is nothing to try), `source` the section.
    """

    code: int
    category: Category
    name: str
    meaning: str
    hint: str
    source: str


# Where the codes of a table are defined, and each code with its name and meaning.
_Table = tuple[str, dict[str, tuple[str, str]]]

_OUT_OF_RESOURCES = ("out-of-resources", "refused: the peer is out of resources")

_GENERAL: _Table = (
    "PS3.7 C",
    {
        "0000": ("success", "done"),
        "0001": ("optional-attributes-unsupported", "done, but some optional attributes are not supported"),
        "0105": ("no-such-attribute", "an attribute is not part of this SOP class"),
        "0106": ("invalid-attribute-value", "an attribute has a value that is not allowed"),
        "0107": ("attribute-list-error", "done, but attributes that the peer does not know were left out"),
        "0110": ("processing-failure", "the peer failed while processing the request"),
        "0111": ("duplicate-sop-instance", "an instance with this UID exists already"),
        "0112": ("no-such-sop-instance", "the instance does not exist at the peer"),
        "0113": ("no-such-event-type", "the SOP class has no such event type"),
        "0114": ("no-such-argument", "an argument is not defined for this operation"),
        "0115": ("invalid-argument-value", "an argument has a value that is not allowed"),
        "0116": ("attribute-value-out-of-range", "done, but a value out of range was replaced or left out"),
        "0117": ("invalid-object-instance", "the SOP instance UID breaks the rules for UIDs"),
        "0118": ("no-such-sop-class", "the peer does not know the SOP class"),
        "0119": ("class-instance-conflict", "the instance is not of the SOP class named"),
        "0120": ("missing-attribute", "a required attribute is missing"),
        "0121": ("missing-attribute-value", "a required attribute is empty"),
        "0122": ("sop-class-not-supported", "refused: the peer does not support the SOP class"),
        "0123": ("no-such-action", "the SOP class has no such action"),
        "0124": ("not-authorized", "refused: not authorised"),
        "0210": ("duplicate-invocation", "the message ID belongs to an operation that is not finished"),
        "0211": ("unrecognized-operation", "the peer does not know this operation"),
        "0212": ("mistyped-argument", "an argument does not have the agreed form"),
        "0213": ("resource-limitation", "the peer lacks resources for this request"),
    },
)
_CANCELLED: _Table = ("PS3.7 C.3", {"FE00": ("cancelled", "the operation was cancelled")})

_STORE: _Table = (
    "PS3.4 B.2.3",
    {
        "A7xx": _OUT_OF_RESOURCES,
        "A9xx": ("data-set-mismatch", "the data set does not match its SOP class"),
        "B000": ("coerced", "stored, but the peer changed some elements"),
        "B006": ("elements-discarded", "stored, but the peer dropped some elements"),
        "B007": ("data-set-mismatch-warning", "stored, but the data set does not match its SOP class"),
        "Cxxx": ("cannot-understand", "the peer cannot make sense of the data set"),
    },
)

_QUERY: _Table = (
    "PS3.4 C.4",
    {
        "A710": ("invalid-prior-record-key", "the prior record key is not valid"),
        "A7xx": _OUT_OF_RESOURCES,
        "A9xx": ("identifier-mismatch", "the identifier does not match the SOP class"),
        "Cxxx": ("unable-to-process", "the peer is unable to process the request"),
    },
)
_FIND: _Table = (
    "PS3.4 C.4.1.1.4",
    {
        "B001": ("response-limit", "the peer's limit was reached; there are more matches"),
        "FF00": ("pending", "a match; more may follow"),
        "FF01": ("pending-optional-keys-unsupported", "a match; the peer did not use some optional keys"),
    },
)
_RELEVANT_PATIENT: _Table = (
    "PS3.4 Q.4",
    {
        "C100": ("more-than-one-match", "more than one patient matches"),
        "C200": ("unsupported-template", "the peer does not support the template asked for"),
    },
)
_RETRIEVE: _Table = (
    "PS3.4 C.4.2.1.5, C.4.3.1.4",
    {
        "A701": ("out-of-resources-matches", "refused: out of resources to count the matches"),
        "A702": ("out-of-resources-suboperations", "refused: the sub-operations cannot be performed"),
        "B000": ("suboperations-failed", "ended, but some sub-operations failed or warned"),
        "FF00": ("pending", "sub-operations are going on"),
    },
)
_MOVE: _Table = (
    "PS3.4 C.4.2.1.5",
    {"A801": ("move-destination-unknown", "the peer does not know the move destination")},
)
_FRAMES: _Table = (
    "PS3.4 Y.4",
    {
        "AA00": ("frames-not-found", "none of the requested frames is in the instance"),
        "AA01": ("cannot-create-object", "the peer cannot make a new object of this SOP class"),
        "AA02": ("cannot-extract-frames", "the peer cannot extract frames"),
        "AA03": ("not-time-based", "frames were asked for by time, but the instance has no time base"),
        "AA04": ("invalid-request", "the frame request is not valid"),
    },
)

_PRINT: _Table = (
    "PS3.4 H.4",
    {
        "B600": ("memory-allocation-unsupported", "the printer does not allocate memory"),
        "B601": ("collation-unsupported", "printing a film session (collation) is not supported"),
        "B602": ("empty-session-page", "a page of the film session has no image"),
        "B603": ("empty-page", "the film box has no image"),
        "B604": ("image-demagnified", "the image was too large and was made smaller"),
        "B605": ("density-clamped", "the density is out of the printer's range; its limit was used"),
        "B609": ("image-cropped", "the image was too large and was cropped"),
        "B60A": ("image-decimated", "the image was too large and was decimated"),
        "C600": ("no-film-box", "the film session has no film box"),
        "C601": ("print-queue-full-session", "the print queue is full"),
        "C602": ("print-queue-full", "the print queue is full"),
        "C603": ("image-too-large", "the image is larger than its image box"),
        "C605": ("printer-memory", "the printer lacks memory for the image"),
        "C613": ("combined-image-too-large", "the combined image is larger than its image box"),
        "C616": ("film-box-not-printed", "an earlier film box has not been printed yet"),
    },
)
_UPS: _Table = (
    "PS3.4 CC.2",
    {
        "A7xx": _OUT_OF_RESOURCES,
        "B300": ("ups-modified", "the workitem was created with changes"),
        "B301": ("deletion-lock-refused", "subscribed, but without a deletion lock"),
        "B304": ("ups-already-cancelled", "the workitem was CANCELED before"),
        "B305": ("ups-coerced", "invalid values were changed to valid ones"),
        "B306": ("ups-already-completed", "the workitem was COMPLETED before"),
        "C300": ("ups-final", "the workitem may no longer be updated"),
        "C301": ("wrong-transaction-uid", "the transaction UID is not that of the workitem's lock"),
        "C302": ("ups-in-progress", "the workitem is IN PROGRESS already"),
        "C303": ("only-create-schedules", "a workitem becomes SCHEDULED by N-CREATE only"),
        "C304": ("final-state-unmet", "the workitem lacks what its final state requires"),
        "C307": ("no-such-ups", "the workitem does not exist at the peer"),
        "C308": ("unknown-receiving-aet", "the peer does not know the receiving AE"),
        "C309": ("not-scheduled", "the procedure step state given was not SCHEDULED"),
        "C310": ("not-in-progress", "the workitem is not IN PROGRESS yet"),
        "C311": ("already-completed", "the workitem is COMPLETED already"),
        "C312": ("performer-unreachable", "the performer cannot be reached"),
        "C313": ("performer-declines", "the performer chose not to cancel"),
        "C314": ("inappropriate-action", "the action does not fit the instance"),
        "C315": ("no-event-reports", "the peer does not send event reports"),
    },
)
_EVENT_LOGGING: _Table = (
    "PS3.4 P.3",
    {
        "B101": ("synchronization-mismatch", "the synchronisation frame of reference differs"),
        "B102": ("study-coerced", "logged under another study instance UID"),
        "B104": ("ids-inconsistent-logged", "logged, but the IDs together match no current study"),
        "C101": ("no-logging-for-study", "procedural logging is not available for the study"),
        "C102": ("event-template-mismatch", "the event information does not fit its template"),
        "C103": ("no-current-study", "the event belongs to no current study"),
        "C104": ("ids-inconsistent", "not logged: the IDs together match no current study"),
        "C10E": ("operator-not-authorized", "the operator may not add to the record"),
        "C110": ("patient-not-identified", "patient ID and admission ID identify no patient"),
        "C111": ("medication-update-failed", "the medication record was not updated"),
    },
)
_MEDIA_CREATION: _Table = (
    "PS3.4 S.3",
    {
        "A510": ("creation-already-started", "media creation was started already for this instance"),
        "C201": ("creation-completed", "media creation is already complete"),
        "C202": ("creation-in-progress", "media creation is going on and cannot be interrupted"),
        "C203": ("cancellation-denied", "the peer refused to cancel and gave no reason"),
    },
)
_RT_VERIFICATION: _Table = (
    "PS3.4 DD.3",
    {
        "C112": ("no-verification-instance", "the machine verification instance does not exist"),
        "C221": ("no-fraction-group", "the plan has no such fraction group"),
        "C222": ("no-beams", "the fraction group has no beams"),
        "C223": ("already-verifying", "another verification is going on"),
        "C224": ("no-such-beam", "the fraction group has no such beam"),
        "C225": ("device-unsupported", "the referenced device or accessory is not supported"),
        "C226": ("device-not-found", "the beam has no such device or accessory"),
        "C227": ("no-such-plan", "the referenced plan does not exist"),
    },
)
_STORAGE_MANAGEMENT: _Table = (
    "PS3.4 KK.2",
    {"B010": ("key-attributes-unsupported", "some key attributes are not supported for matching")},
)
FAILURE_REASON = "Failure Reason"
"""What (0008,1197) is called here, where other codes go by their service."""
_COMMITMENT: _Table = (
    "PS3.3 C.14.1.1",
    {
        "0110": ("processing-failure", "the peer failed to process it"),
        "0112": ("no-such-object-instance", "the peer does not have the instance"),
        "0119": ("class-instance-conflict", "the peer has the instance under another SOP class"),
        "0122": ("sop-class-not-supported", "the peer does not commit to instances of this SOP class"),
        "0131": ("duplicate-transaction-uid", "the transaction UID is in use already"),
        "0213": ("resource-limitation", "the peer lacks the resources to store it"),
    },
)

_REFUSED: _Table = ("PS3.4", {"A7xx": _OUT_OF_RESOURCES})
# What the SOP classes of the N-services define does not overlap: of an unknown class, all of it counts.
_NORMALIZED = (
    _PRINT, _UPS, _EVENT_LOGGING, _MEDIA_CREATION, _RT_VERIFICATION, _STORAGE_MANAGEMENT, _GENERAL
)  # fmt: skip
_ROOT = "1.2.840.10008."
_BY_CLASS: dict[str, tuple[_Table, ...]] = {
    "5.1.1.33": (_MEDIA_CREATION,), "5.1.1.40": (), "5.1.1.": (_PRINT,), "5.1.4.34.6.": (_UPS,),
    "5.1.4.34.": (_RT_VERIFICATION,), "5.1.4.33": (), "5.1.4.1.1.201.": (_STORAGE_MANAGEMENT,),
    "1.20.1": (_COMMITMENT,), "1.40": (_EVENT_LOGGING,), "1.42": (_EVENT_LOGGING,), "3.1.2.": (),
}  # fmt: skip
"""What the SOP classes of the N-services define, by how their UIDs go on: the first that fits."""

_BY_SERVICE: dict[str, tuple[_Table, ...]] = {
    "C-ECHO": (_GENERAL,),
    "C-STORE": (_STORE, _GENERAL),
    "C-FIND": (_FIND, _RELEVANT_PATIENT, _QUERY, _CANCELLED, _GENERAL),
    "C-GET": (_RETRIEVE, _FRAMES, _QUERY, _CANCELLED, _GENERAL),
    "C-MOVE": (_MOVE, _RETRIEVE, _FRAMES, _QUERY, _CANCELLED, _GENERAL),
    "N-GET": _NORMALIZED,
    "N-SET": _NORMALIZED,
    "N-ACTION": (*_NORMALIZED, _COMMITMENT),
    "N-CREATE": _NORMALIZED,
    "N-DELETE": _NORMALIZED,
    "N-EVENT-REPORT": _NORMALIZED,
    FAILURE_REASON: (_COMMITMENT,),
}
_ANY_SERVICE = (*_NORMALIZED, _CANCELLED, _FIND, _MOVE, _FRAMES, _STORE)

_SEE_LOG = "look into the peer's log"
_LATER = "try again later"
_ALLOW = "ask the administrator of the peer to allow it"
_HINTS = {
    "optional-attributes-unsupported": "ask for fewer attributes",
    "no-such-attribute": "leave it out",
    "invalid-attribute-value": "correct the value; the response may name the attribute",
    "attribute-list-error": "see the attribute identifier list of the response",
    "processing-failure": _SEE_LOG,
    "duplicate-sop-instance": "use a new SOP instance UID, or delete the existing instance",
    "no-such-sop-instance": "check the SOP instance UID",
    "no-such-event-type": "check the event type ID",
    "no-such-argument": "leave it out",
    "invalid-argument-value": "correct the value",
    "attribute-value-out-of-range": "see the attribute list of the response",
    "invalid-object-instance": "a UID is at most 64 digits and dots, without leading zeros",
    "no-such-sop-class": "check the SOP class UID",
    "class-instance-conflict": "check both UIDs",
    "no-such-object-instance": "send it (again)",
    "duplicate-transaction-uid": "use a new transaction UID",
    "missing-attribute": "add the attribute; the response may name it",
    "missing-attribute-value": "give it a value; the response may name it",
    "sop-class-not-supported": "use a SOP class that the peer's conformance statement lists",
    "no-such-action": "check the action type ID",
    "not-authorized": _ALLOW,
    "duplicate-invocation": "send one operation at a time (--async 1)",
    "unrecognized-operation": "use a service that the peer's conformance statement lists",
    "mistyped-argument": "check the request; " + _SEE_LOG,
    "resource-limitation": _LATER,
    "out-of-resources": "free storage or memory at the peer, then try again",
    "data-set-mismatch": "check that SOP class and instance UID of file and data set agree, "
    "and that no required attribute is missing",
    "data-set-mismatch-warning": "check the required attributes of the SOP class",
    "cannot-understand": "check the file with a validator; " + _SEE_LOG,
    "invalid-prior-record-key": "start over without the key",
    "identifier-mismatch": "check the level, the unique keys and the information model",
    "unable-to-process": _SEE_LOG,
    "response-limit": "narrow the query",
    "pending-optional-keys-unsupported": "filter the matches: there may be more than asked for",
    "more-than-one-match": "give more keys",
    "out-of-resources-matches": "retrieve less at a time, or try later",
    "out-of-resources-suboperations": "check that the destination is up and accepts the objects",
    "suboperations-failed": "retrieve the failed instances again",
    "move-destination-unknown": "add the destination (AE title, host, port) to the peer's configuration",
    "empty-page": "fill an image box",
    "no-film-box": "create a film box first",
    "print-queue-full-session": _LATER,
    "print-queue-full": _LATER,
    "printer-memory": _LATER,
    "film-box-not-printed": "print it first",
    "wrong-transaction-uid": "somebody has claimed it: only with that transaction UID can it be changed",
    "no-such-ups": "check the SOP instance UID",
    "unknown-receiving-aet": _ALLOW,
    "performer-unreachable": _LATER,
    "operator-not-authorized": _ALLOW,
    "medication-update-failed": _SEE_LOG,
    "already-verifying": _LATER,
    "unknown": _SEE_LOG,
}
_TRANSIENT = frozenset(name for name, hint in _HINTS.items() if hint == _LATER) | {
    "out-of-resources", "out-of-resources-matches", "out-of-resources-suboperations"
}  # fmt: skip


def category(code: int) -> Category:
    """Return the status class of `code`; what the standard does not define is a failure (PS3.7 C)."""
    if code == 0:
        return Category.SUCCESS
    if code in (0x0001, 0x0107, 0x0116) or 0xB000 <= code <= 0xBFFF:
        return Category.WARNING
    if code == 0xFE00:
        return Category.CANCEL
    if code in (0xFF00, 0xFF01):
        return Category.PENDING
    return Category.FAILURE


def describe(code: int, service: str = "", sop_class: str = "") -> Status:
    """Return what `code` means as an answer of `service` ("C-STORE", "N-GET", ...; "" if not known).

    Of the N-services it is what it means for `sop_class`, a UID, if that is known. A code that is not defined
    is named "unknown". Pending or cancelled as the answer of a service that knows neither is a failure, as is
    every unknown code outside Bxxx.
    """
    written = f"{code:04X}"
    kind = category(code)
    for source, table in _tables(service, sop_class):
        for key in (written, written[:2] + "xx", written[:1] + "xxx"):
            if key in table:
                name, meaning = table[key]
                return Status(code, kind, name, meaning, _HINTS.get(name, ""), source)
    if kind in (Category.PENDING, Category.CANCEL):
        kind = Category.FAILURE
    of_class = " of this SOP class" if service.startswith("N-") and sop_class else ""
    meaning = f"status 0x{written} is not defined" + (f" for {service}{of_class}" if service else "")
    return Status(code, kind, "unknown", meaning, _HINTS["unknown"], "PS3.7 C")


def _tables(service: str, sop_class: str) -> tuple[_Table, ...]:
    """Return where the codes of a service are defined, for a SOP class."""
    if service.startswith("N-") and sop_class.startswith(_ROOT):
        for suffix, tables in _BY_CLASS.items():
            if sop_class.startswith(suffix, len(_ROOT)):
                return (_GENERAL, *tables, _REFUSED)
    return _BY_SERVICE.get(service, _ANY_SERVICE)


def is_success(code: int) -> bool:
    """Tell whether `code` is 0x0000."""
    return code == 0


def is_warning(code: int) -> bool:
    """Tell whether the operation was done, with something to know about it."""
    return category(code) is Category.WARNING


def is_failure(code: int) -> bool:
    """Tell whether the operation was not done (unknown codes included)."""
    return category(code) is Category.FAILURE


def is_cancel(code: int) -> bool:
    """Tell whether the operation ended by C-CANCEL."""
    return code == 0xFE00


def is_pending(code: int) -> bool:
    """Tell whether more responses follow."""
    return code in (0xFF00, 0xFF01)


def transient(code: int, service: str = "", sop_class: str = "") -> bool:
    """Tell whether the same request may succeed later: the peer lacks a resource just now."""
    return describe(code, service, sop_class).name in _TRANSIENT
