"""What is said of a unified procedure step (PS3.4 CC.2): the data sets of its N-CREATE, N-SETs and N-ACTIONs.

What a data set must have and nobody has said is filled in: with a value where the standard wants one, else
without.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from dimsetools.dataset.attributes import Attribute, Attributes, sorted_attributes, text
from dimsetools.dataset.codes import coded
from dimsetools.dataset.dictionary import tag_of
from dimsetools.dataset.flat import from_flat

ANY_WORK = "110001\\DCM\\Image Processing"
"""The work that is meant where nobody has said which (PS3.16 CID 9231)."""
SCHEDULED, IN_PROGRESS, COMPLETED, CANCELED = "SCHEDULED", "IN PROGRESS", "COMPLETED", "CANCELED"
_EMPTY = (
    "TransactionUID", "CommentsOnTheScheduledProcedureStep", "ExpectedCompletionDateTime", "PatientName",
    "PatientID", "IssuerOfPatientID", "PatientBirthDate", "PatientSex", "AdmissionID",
    "AdmittingDiagnosesDescription", "MedicalAlerts", "PregnancyStatus", "SpecialNeeds",
)  # fmt: skip
_EMPTY_SEQUENCES = (
    "IssuerOfPatientIDQualifiersSequence", "OtherPatientIDsSequence", "ScheduledStationNameCodeSequence",
    "ScheduledStationClassCodeSequence",
    "ScheduledStationGeographicLocationCodeSequence", "ScheduledProcessingParametersSequence",
    "ScheduledWorkitemCodeSequence", "InputInformationSequence", "IssuerOfAdmissionIDSequence",
    "AdmittingDiagnosesCodeSequence", "ReferencedRequestSequence", "ProcedureStepProgressInformationSequence",
    "UnifiedProcedureStepPerformedProcedureSequence",
)  # fmt: skip
_NOT_CREATED = ("SOPClassUID", "SOPInstanceUID", "ScheduledProcedureStepModificationDateTime")
"""What a step that was read or found has, and the SCP alone gives a new one."""


def _tag(keyword: str) -> int:
    found = tag_of(keyword)
    assert found is not None, keyword
    return found


_WORKITEM = _tag("ScheduledWorkitemCodeSequence")
_PERFORMED = _tag("UnifiedProcedureStepPerformedProcedureSequence")
_OUTPUT = _tag("OutputInformationSequence")
PROGRESS = _tag("ProcedureStepProgressInformationSequence")
_PATIENT = tuple(
    map(
        _tag,
        (
            "PatientName",
            "PatientID",
            "IssuerOfPatientID",
            "PatientBirthDate",
            "PatientSex",
            "StudyInstanceUID",
        ),
    )
)
_CLASS, _INSTANCE, _SERIES, _STUDY = map(
    _tag, ("SOPClassUID", "SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID")
)

HEADER = frozenset((*_PATIENT, _CLASS, _INSTANCE, _SERIES, _STUDY, _tag("SpecificCharacterSet")))
"""Tags of what is read in the header of an object."""


def pushed(base: Attributes, now: datetime) -> Attributes:
    """Return the N-CREATE of a step of which `base` says something (PS3.4 CC.2.5)."""
    workitem = base.get(_WORKITEM)
    meaning = (
        text(workitem.values[0], _tag("CodeMeaning")) if workitem is not None and workitem.values else ""
    )
    made: dict[str, object] = dict.fromkeys(_EMPTY) | {name: [] for name in _EMPTY_SEQUENCES}
    made |= {
        "ProcedureStepState": SCHEDULED,
        "ScheduledProcedureStepPriority": "MEDIUM",
        "ProcedureStepLabel": meaning or "Work item",
        "WorklistLabel": "General",
        "ScheduledProcedureStepStartDateTime": moment(now),
        "InputReadinessState": "READY",
    }
    filled = from_flat(made) | {tag: value for tag, value in base.items() if value.values}
    for keyword in _NOT_CREATED:
        filled.pop(_tag(keyword), None)
    return sorted_attributes(filled)


def of_objects(headers: Sequence[Attributes], retrieve: str) -> Attributes:
    """Return what the objects that a step works on say of it: whose they are, where they can be fetched."""
    if not headers:
        return {}
    known = {tag: headers[0][tag] for tag in _PATIENT if tag in headers[0]}
    return {**known, _tag("InputInformationSequence"): Attribute("SQ", references(headers, retrieve))}


def references(headers: Iterable[Attributes], retrieve: str) -> tuple[Attributes, ...]:
    """Return an item of instances and where they can be fetched for each series (PS3.3 table 10-3c)."""
    series: dict[tuple[str, str], list[object]] = {}
    for header in headers:
        reference = {
            "ReferencedSOPClassUID": text(header, _CLASS),
            "ReferencedSOPInstanceUID": text(header, _INSTANCE),
        }
        series.setdefault((text(header, _STUDY), text(header, _SERIES)), []).append(reference)
    return tuple(
        from_flat(
            {
                "TypeOfInstances": "DICOM",
                "StudyInstanceUID": study,
                "SeriesInstanceUID": uid,
                "ReferencedSOPSequence": instances,
                **({"DICOMRetrievalSequence": [{"RetrieveAETitle": retrieve}]} if retrieve else {}),
            }
        )
        for (study, uid), instances in series.items()
    )


def state(to: str, transaction: str) -> Attributes:
    """Return the information of the action Change State (PS3.4 CC.2.1)."""
    return from_flat({"ProcedureStepState": to, "TransactionUID": transaction})


def progress_of(known: Attributes) -> Attributes:
    """Return the item of a step that tells how far it is, empty if it has none."""
    found = known.get(PROGRESS)
    return found.values[0] if found is not None and found.values else {}


def progress(transaction: str, known: Attributes, percent: int | None, description: str | None) -> Attributes:
    """Return the N-SET that tells how far a step is (PS3.4 CC.2.6).

    `known` is the step as the peer has it: a sequence that is set is set as a whole, so that what was told
    before is told again.
    """
    item: dict[str, object] = {}
    if percent is not None:
        item["ProcedureStepProgress"] = str(percent)
    if description is not None:
        item["ProcedureStepProgressDescription"] = description
    return _set(transaction, PROGRESS, progress_of(known) | from_flat(item))


def _set(transaction: str, sequence: int, item: Attributes) -> Attributes:
    """Return the N-SET of a sequence that has one item."""
    return {
        **from_flat({"TransactionUID": transaction}),
        sequence: Attribute("SQ", (sorted_attributes(item),)),
    }


def cancelled(
    transaction: str, known: Attributes, reason: str | None, code: Attributes, now: datetime
) -> Attributes:
    """Return the N-SET that tells why its performer gives up a step; of `known`, how far it came stays."""
    told = from_flat({"ProcedureStepCancellationDateTime": moment(now)}) | request_to_cancel(reason, code)
    return _set(transaction, PROGRESS, progress_of(known) | told)


def request_to_cancel(reason: str | None, code: Attributes | None) -> Attributes:
    """Return the information of the action Request Cancel (PS3.4 CC.2.2)."""
    made = from_flat({"ReasonForCancellation": reason}) if reason is not None else {}
    if code is not None:
        made[_tag("ProcedureStepDiscontinuationReasonCodeSequence")] = Attribute("SQ", (code,))
    return sorted_attributes(made)


def subscription(receiver: str, *, lock: bool | None = None) -> Attributes:
    """Return the information of the actions Subscribe, and without `lock` Unsubscribe (PS3.4 CC.2.3)."""
    made: dict[str, object] = {"ReceivingAE": receiver}
    if lock is not None:
        made["DeletionLock"] = "TRUE" if lock else "FALSE"
    return from_flat(made)


def begun(transaction: str, now: datetime) -> Attributes:
    """Return the N-SET that tells since when a step is performed."""
    item = {"PerformedProcedureStepStartDateTime": moment(now), "OutputInformationSequence": []}
    return _set(transaction, _PERFORMED, from_flat(item))


def performed(
    transaction: str, known: Attributes, station: str, output: tuple[Attributes, ...], now: datetime
) -> Attributes:
    """Return the N-SET without which a step cannot be completed: what was done, by whom, and what came of it.

    `known` is the step as the peer has it. What it says of the performed procedure stays; what was done is
    what was scheduled, and began when it ended, unless it says otherwise.
    """
    item = from_flat(
        {
            "PerformedStationNameCodeSequence": [
                {"CodeValue": station, "CodingSchemeDesignator": "L", "CodeMeaning": station}
            ],
            "PerformedStationClassCodeSequence": [],
            "PerformedStationGeographicLocationCodeSequence": [],
            "PerformedProcedureStepStartDateTime": moment(now),
        }
    )
    workitem = known.get(_WORKITEM)
    item[_tag("PerformedWorkitemCodeSequence")] = (
        workitem if workitem is not None and workitem.values else Attribute("SQ", (coded(ANY_WORK),))
    )
    said = known.get(_PERFORMED)
    if said is not None and said.values:
        item |= {tag: value for tag, value in said.values[0].items() if value.values}
    item |= from_flat({"PerformedProcedureStepEndDateTime": moment(now)})
    if output or _OUTPUT not in item:
        item[_OUTPUT] = Attribute("SQ", output)
    return _set(transaction, _PERFORMED, item)


def moment(at: datetime) -> str:
    """Return a moment as a DT value."""
    return f"{at:%Y%m%d%H%M%S}"
