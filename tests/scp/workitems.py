"""Unified procedure steps for tests: a data set that may be created, and what ends one."""

from __future__ import annotations

from typing import Any

from dimsetools.dataset.attributes import Attributes
from dimsetools.dataset.dictionary import keyword_of, vr_of
from dimsetools.dataset.flat import from_flat
from dimsetools.dataset.ups_rules import CREATE

CODE = {"CodeValue": "110005", "CodingSchemeDesignator": "DCM", "CodeMeaning": "Interpretation"}
STATION = {"CodeValue": "WS1", "CodingSchemeDesignator": "99LOCAL", "CodeMeaning": "Workstation 1"}
SCHEDULED: dict[str, Any] = {
    **{keyword_of(row.tag): [] if vr_of(row.tag) == "SQ" else "" for row in CREATE if row.usage == "2"},
    "ProcedureStepState": "SCHEDULED",
    "ScheduledProcedureStepPriority": "MEDIUM",
    "ProcedureStepLabel": "Read it",
    "WorklistLabel": "Reading",
    "ScheduledProcedureStepStartDateTime": "20260301080000",
    "InputReadinessState": "READY",
    "PatientName": "Doe^Jane",
    "PatientID": "42",
    "ScheduledWorkitemCodeSequence": [CODE],
}
"""What an N-CREATE has to have, by keyword."""
PERFORMED: dict[str, Any] = {
    "PerformedStationNameCodeSequence": [STATION],
    "PerformedProcedureStepStartDateTime": "20260301081500",
    "PerformedWorkitemCodeSequence": [CODE],
    "PerformedProcedureStepEndDateTime": "20260301084500",
    "OutputInformationSequence": [],
}
"""What has to be in the performed procedure sequence before a workitem is COMPLETED."""


def scheduled(**more: Any) -> Attributes:
    """A workitem as it is created; None leaves an attribute out."""
    return from_flat({name: value for name, value in (SCHEDULED | more).items() if value is not None})
