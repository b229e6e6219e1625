"""What table CC.2.5-3 of PS3.4 demands of unified procedure steps: at their creation, in changes, at the end.

Of its columns, "Final State" has become two sets of rules, for COMPLETED and for CANCELED. Everything that
the modules of the IOD have beside what stands here is optional, and neither checked nor refused.
"""

from __future__ import annotations

from dimsetools.dataset.attributes import Attributes
from dimsetools.dataset.dictionary import keyword_of
from dimsetools.dataset.requirements import INVALID_VALUE, Fault, Rule, fault, rule

SOP_CLASS_UID, SOP_INSTANCE_UID = 0x00080016, 0x00080018
TRANSACTION_UID = 0x00081195
START, MODIFIED = 0x00404005, 0x00404010
STATION_NAMES, HUMAN_PERFORMERS = 0x00404025, 0x00404034
HUMAN_PERFORMER_CODES, HUMAN_PERFORMER_ORGANIZATION = 0x00404009, 0x00404036
READINESS = 0x00404041
CANCELED_AT = 0x00404052
STATE, PROGRESS, PERFORMED = 0x00741000, 0x00741002, 0x00741216
COMMUNICATIONS, CONTACT_URI, CONTACT_NAME = 0x00741008, 0x0074100A, 0x0074100C
REASON_CODES, REASON = 0x0074100E, 0x00741238
WORKLIST_LABEL = 0x00741202
DELETION_LOCK, RECEIVING_AE, REQUESTING_AE = 0x00741230, 0x00741234, 0x00741236

_PRIORITIES = ("HIGH", "MEDIUM", "LOW")
_READINESS = ("INCOMPLETE", "UNAVAILABLE", "READY")


def _code(keyword: str, usage: str) -> Rule:
    """Return the row of a sequence of codes (table CC.2.5-2a)."""
    conditional = (
        "CodeValue",
        "CodingSchemeDesignator",
        "CodingSchemeVersion",
        "LongCodeValue",
        "URNCodeValue",
    )
    return rule(keyword, usage, *(rule(one, "1C") for one in conditional), rule("CodeMeaning", "1"))


def _content(keyword: str, usage: str) -> Rule:
    """Return the row of a sequence of content items (table CC.2.5-2b)."""
    types = ("DATETIME", "DATE", "TIME", "PNAME", "UIDREF", "TEXT", "CODE", "NUMERIC")
    values = ("DateTime", "Date", "Time", "PersonName", "UID", "TextValue", "NumericValue")
    return rule(
        keyword,
        usage,
        rule("ValueType", "1", values=types),
        _code("ConceptNameCodeSequence", "1"),
        *(rule(one, "1C") for one in values),
        _code("ConceptCodeSequence", "1C"),
        _code("MeasurementUnitsCodeSequence", "1C"),
    )


def _references(keyword: str, usage: str) -> Rule:
    """Return the row of a sequence of instances and where they can be had (table CC.2.5-2c)."""
    return rule(
        keyword,
        usage,
        rule("TypeOfInstances", "1", values=("DICOM", "CDA")),
        rule("StudyInstanceUID", "1C"),
        rule("SeriesInstanceUID", "1C"),
        rule(
            "ReferencedSOPSequence",
            "1",
            rule("ReferencedSOPClassUID", "1"),
            rule("ReferencedSOPInstanceUID", "1"),
        ),
        rule("DICOMRetrievalSequence", "1C", rule("RetrieveAETitle", "1")),
        rule(
            "DICOMMediaRetrievalSequence",
            "1C",
            rule("StorageMediaFileSetID", "2"),
            rule("StorageMediaFileSetUID", "1"),
        ),
        rule("WADORetrievalSequence", "1C", rule("RetrieveURI", "1")),
        rule("XDSRetrievalSequence", "1C", rule("RepositoryUniqueID", "1"), rule("HomeCommunityID", "3")),
        rule("WADORSRetrievalSequence", "1C", rule("RetrieveURL", "1")),
    )


def _authority(keyword: str, usage: str) -> Rule:
    """Return the row of a sequence that names who gives out an identifier (table CC.2.5-2d)."""
    inside = ("LocalNamespaceEntityID", "UniversalEntityID", "UniversalEntityIDType")
    return rule(keyword, usage, *(rule(one, "1C") for one in inside))


def _issuer(usage: str) -> tuple[Rule, Rule]:
    """Return the rows of a patient ID's issuer (table CC.2.5-2e)."""
    return rule("IssuerOfPatientID", usage), rule(
        "IssuerOfPatientIDQualifiersSequence",
        usage,
        rule("UniversalEntityID", "2"),
        rule("UniversalEntityIDType", "1C"),
        rule("IdentifierTypeCode", "2"),
        _authority("AssigningFacilitySequence", "2"),
        _code("AssigningJurisdictionCodeSequence", "2"),
        _code("AssigningAgencyOrDepartmentCodeSequence", "2"),
    )


_PERFORMERS_INSIDE = (
    _code("HumanPerformerCodeSequence", "1"),
    rule("HumanPerformerName", "1"),
    rule("HumanPerformerOrganization", "1"),
)
_OUTPUT_DESTINATION = rule(
    "OutputDestinationSequence",
    "3",
    rule("DICOMStorageSequence", "1C", rule("DestinationAE", "1")),
    rule("STOWRSStorageSequence", "1C", rule("StorageURL", "1")),
    rule("XDSStorageSequence", "1C", rule("RepositoryUniqueID", "1"), rule("HomeCommunityID", "3")),
)
_REQUEST = (
    rule("StudyInstanceUID", "1"),
    rule("AccessionNumber", "2"),
    _authority("IssuerOfAccessionNumberSequence", "2"),
    _authority("OrderPlacerIdentifierSequence", "2"),
    _authority("OrderFillerIdentifierSequence", "2"),
    rule("RequestedProcedureID", "2"),
    rule("RequestedProcedureDescription", "2"),
    _code("RequestedProcedureCodeSequence", "2"),
)

CREATE: tuple[Rule, ...] = (
    rule("TransactionUID", "2", values=("",)),  # there is no lock yet
    rule("ScheduledProcedureStepPriority", "1", values=_PRIORITIES),
    rule("ProcedureStepLabel", "1"),
    rule("WorklistLabel", "2"),
    _content("ScheduledProcessingParametersSequence", "2"),
    _code("ScheduledStationNameCodeSequence", "2"),
    _code("ScheduledStationClassCodeSequence", "2"),
    _code("ScheduledStationGeographicLocationCodeSequence", "2"),
    rule("ScheduledHumanPerformersSequence", "2C", *_PERFORMERS_INSIDE),
    rule("ScheduledProcedureStepStartDateTime", "1"),
    rule("ExpectedCompletionDateTime", "3"),
    rule("ScheduledProcedureStepExpirationDateTime", "3"),
    _code("ScheduledWorkitemCodeSequence", "2"),
    rule("CommentsOnTheScheduledProcedureStep", "2"),
    rule("InputReadinessState", "1", values=_READINESS),
    _references("InputInformationSequence", "2"),
    rule("StudyInstanceUID", "2C"),
    _OUTPUT_DESTINATION,
    rule("PatientName", "2"),
    rule("PatientID", "2C"),
    *_issuer("2"),
    rule("OtherPatientIDsSequence", "2", rule("PatientID", "1"), *_issuer("2")),
    rule("PatientBirthDate", "2"),
    rule("PatientSex", "2"),
    rule("AdmissionID", "2"),
    _authority("IssuerOfAdmissionIDSequence", "2"),
    rule("AdmittingDiagnosesDescription", "2"),
    _code("AdmittingDiagnosesCodeSequence", "2"),
    rule("ReferencedRequestSequence", "2", *_REQUEST),
    rule(
        "ReplacedProcedureStepSequence",
        "1C",
        rule("ReferencedSOPClassUID", "1"),
        rule("ReferencedSOPInstanceUID", "1"),
    ),
    rule("ProcedureStepState", "1"),  # which one is looked at before: that has a status of its own
    rule("ProcedureStepProgressInformationSequence", "2"),
    rule("UnifiedProcedureStepPerformedProcedureSequence", "2"),
)
"""The column of N-CREATE. Everything of usage "2" has to be there, be it empty."""

_SET_NEVER = (
    "SOPClassUID", "SOPInstanceUID", "PatientName", "PatientID", "IssuerOfPatientID",
    "IssuerOfPatientIDQualifiersSequence", "PatientBirthDate", "PatientSex", "AdmissionID",
    "IssuerOfAdmissionIDSequence", "AdmittingDiagnosesDescription", "AdmittingDiagnosesCodeSequence",
    "ReferencedRequestSequence", "ReplacedProcedureStepSequence", "ProcedureStepState",
)  # fmt: skip

SET: tuple[Rule, ...] = (
    *(rule(keyword, "-") for keyword in _SET_NEVER),
    rule("TransactionUID", "3"),
    rule("ScheduledProcedureStepPriority", "1C", values=_PRIORITIES),
    rule("ProcedureStepLabel", "1C"),
    rule("WorklistLabel", "1C"),
    _content("ScheduledProcessingParametersSequence", "3"),
    _code("ScheduledStationNameCodeSequence", "3"),
    _code("ScheduledStationClassCodeSequence", "3"),
    _code("ScheduledStationGeographicLocationCodeSequence", "3"),
    rule("ScheduledHumanPerformersSequence", "3", *_PERFORMERS_INSIDE),
    rule("ScheduledProcedureStepStartDateTime", "1C"),
    rule("ExpectedCompletionDateTime", "3"),
    rule("ScheduledProcedureStepExpirationDateTime", "3"),
    _code("ScheduledWorkitemCodeSequence", "3"),
    rule("CommentsOnTheScheduledProcedureStep", "3"),
    rule("InputReadinessState", "1C", values=_READINESS),
    _references("InputInformationSequence", "3"),
    rule("StudyInstanceUID", "3"),
    _OUTPUT_DESTINATION,
    rule(
        "ProcedureStepProgressInformationSequence",
        "3",
        rule("ProcedureStepProgress", "3"),
        rule("ProcedureStepProgressDescription", "3"),
        _content("ProcedureStepProgressParametersSequence", "3"),
        rule("ProcedureStepCommunicationsURISequence", "3", rule("ContactURI", "1")),
        rule("ProcedureStepCancellationDateTime", "3"),
        rule("ReasonForCancellation", "3"),
        _code("ProcedureStepDiscontinuationReasonCodeSequence", "3"),
    ),
    rule(
        "UnifiedProcedureStepPerformedProcedureSequence",
        "3",
        rule("ActualHumanPerformersSequence", "3", _code("HumanPerformerCodeSequence", "3")),
        _code("PerformedStationNameCodeSequence", "3"),
        _code("PerformedStationClassCodeSequence", "3"),
        _code("PerformedStationGeographicLocationCodeSequence", "3"),
        rule("PerformedProcedureStepStartDateTime", "3"),
        rule("PerformedProcedureStepDescription", "3"),
        rule("CommentsOnThePerformedProcedureStep", "3"),
        _code("PerformedWorkitemCodeSequence", "3"),
        _content("PerformedProcessingParametersSequence", "3"),
        rule("PerformedProcedureStepEndDateTime", "3"),
        _references("OutputInformationSequence", "2"),
    ),
)
"""The column of N-SET. What belongs to the patient, the visit and the request stays as it was created."""

# The final state codes (table CC.2.5-1): R of both states, P of COMPLETED, X of CANCELED. Whether a condition
# of those with RC is met, that what is known be told, only their performer can say.
_FINAL = (
    rule("SOPClassUID", "1"),
    rule("SOPInstanceUID", "1"),
    rule("ScheduledProcedureStepPriority", "1"),
    rule("ScheduledProcedureStepModificationDateTime", "1"),
    rule("ScheduledProcedureStepStartDateTime", "1"),
    rule("InputReadinessState", "1"),
    rule("ProcedureStepState", "1"),
)
COMPLETE: tuple[Rule, ...] = (
    *_FINAL,
    rule(
        "UnifiedProcedureStepPerformedProcedureSequence",
        "1",
        rule("PerformedStationNameCodeSequence", "1"),
        rule("PerformedProcedureStepStartDateTime", "1"),
        rule("PerformedWorkitemCodeSequence", "1"),
        rule("PerformedProcedureStepEndDateTime", "1"),
        rule("OutputInformationSequence", "2"),  # without items where there is no output
    ),
)
"""What a workitem must have before it is COMPLETED."""
CANCEL: tuple[Rule, ...] = (
    *_FINAL,
    rule(
        "ProcedureStepProgressInformationSequence",
        "1",
        rule("ProcedureStepCancellationDateTime", "1"),
        rule("ProcedureStepDiscontinuationReasonCodeSequence", "1"),
    ),
)
"""What a workitem must have before it is CANCELED."""

SUBSCRIBE: tuple[Rule, ...] = (rule("ReceivingAE", "1"), rule("DeletionLock", "1", values=("TRUE", "FALSE")))
"""Action information of a subscription (table CC.2.3-1); the keys of a filtered one are beside it."""
UNSUBSCRIBE: tuple[Rule, ...] = (rule("ReceivingAE", "1"),)
"""Action information of the end of one."""
REQUEST_CANCEL: tuple[Rule, ...] = (
    rule("ReasonForCancellation", "3"),
    _code("ProcedureStepDiscontinuationReasonCodeSequence", "3"),
    rule("ContactURI", "3"),
    rule("ContactDisplayName", "3"),
)
"""Action information of a request for cancellation (table CC.2.2-1)."""


def fault_of_creation(attributes: Attributes) -> Fault | None:
    """Return how the data set of an N-CREATE breaks the table, None if it does not.

    Nothing can have been performed yet, so that the sequences for it have no items.
    """
    found = fault(attributes, CREATE)
    if found is not None:
        return found
    early = tuple(tag for tag in (PROGRESS, PERFORMED) if attributes[tag].values)
    if not early:
        return None
    return Fault(INVALID_VALUE, early, ", ".join(map(keyword_of, early)) + " must be empty at first")


def fault_of_change(attributes: Attributes) -> Fault | None:
    """Return how the data set of an N-SET breaks the table, None if it does not."""
    return fault(attributes, SET)
