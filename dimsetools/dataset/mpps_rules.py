"""The attributes of a modality performed procedure step (PS3.4 table F.7.2-1), column by column."""

from __future__ import annotations

from dimsetools.dataset.requirements import Rule, rule

IN_PROGRESS, COMPLETED, DISCONTINUED = "IN PROGRESS", "COMPLETED", "DISCONTINUED"
"""Performed Procedure Step Status (0040,0252)."""

_REFERENCE = (rule("ReferencedSOPClassUID", "1"), rule("ReferencedSOPInstanceUID", "1"))
_CODE = (rule("CodeValue", "1C"), rule("CodingSchemeDesignator", "1C"), rule("CodeMeaning", "1"))

_SCHEDULED_STEP = (
    rule("StudyInstanceUID", "1"),
    rule("ReferencedStudySequence", "2", *_REFERENCE),
    rule("AccessionNumber", "2"),
    rule("PlacerOrderNumberImagingServiceRequest", "3"),
    rule("FillerOrderNumberImagingServiceRequest", "3"),
    rule("RequestedProcedureID", "2"),
    rule("RequestedProcedureDescription", "2"),
    rule("ScheduledProcedureStepID", "2"),
    rule("ScheduledProcedureStepDescription", "2"),
    rule("ScheduledProtocolCodeSequence", "2", *_CODE),
)
_SERIES = (
    rule("PerformingPhysicianName", "2"),
    rule("ProtocolName", "1"),
    rule("OperatorsName", "2"),
    rule("SeriesInstanceUID", "1"),
    rule("SeriesDescription", "2"),
    rule("RetrieveAETitle", "2"),
    rule("ReferencedImageSequence", "2", *_REFERENCE),
    rule("ReferencedNonImageCompositeSOPInstanceSequence", "2", *_REFERENCE),
)

_FIXED = (
    rule("ScheduledStepAttributesSequence", "1", *_SCHEDULED_STEP),
    rule("PatientName", "2"),
    rule("PatientID", "2"),
    rule("PatientBirthDate", "2"),
    rule("PatientSex", "2", values=("M", "F", "O")),
    rule("ReferencedPatientSequence", "2", *_REFERENCE),
    rule("PerformedProcedureStepID", "1"),
    rule("PerformedStationAETitle", "1"),
    rule("PerformedStationName", "2"),
    rule("PerformedLocation", "2"),
    rule("PerformedProcedureStepStartDate", "1"),
    rule("PerformedProcedureStepStartTime", "1"),
    rule("Modality", "1"),
    rule("StudyID", "2"),
)
"""What is said at the beginning, and stays."""

_CHANGING = (
    rule("PerformedProcedureStepDescription", "2"),
    rule("PerformedProcedureTypeDescription", "2"),
    rule("ProcedureCodeSequence", "2", *_CODE),
    rule("PerformedProcedureStepEndDate", "2"),
    rule("PerformedProcedureStepEndTime", "2"),
    rule("PerformedProtocolCodeSequence", "2", *_CODE),
    rule("PerformedSeriesSequence", "2", *_SERIES),
)
_OPTIONAL = (
    rule("CommentsOnThePerformedProcedureStep", "3"),
    rule("PerformedProcedureStepDiscontinuationReasonCodeSequence", "3", *_CODE),
)


def _status(usage: str, *values: str) -> Rule:
    return rule("PerformedProcedureStepStatus", usage, values=values)


CREATE = (*_FIXED, _status("1", IN_PROGRESS), *_CHANGING, *_OPTIONAL)
"""N-CREATE: what must be there, even if it is not known yet."""

SET = (
    *(one._replace(usage="-", items=(), values=frozenset()) for one in _FIXED),
    rule("SOPClassUID", "-"),
    rule("SOPInstanceUID", "-"),
    _status("1C", IN_PROGRESS, COMPLETED, DISCONTINUED),  # a step without a state could never end
    *(one._replace(usage="3") for one in _CHANGING),
    *_OPTIONAL,
)
"""N-SET: what may change while the step is in progress."""

FINAL = (
    rule("PerformedProcedureStepEndDate", "1"),
    rule("PerformedProcedureStepEndTime", "1"),
    rule("PerformedSeriesSequence", "1", *_SERIES),
)
"""What must be known of a step that is completed or discontinued."""
