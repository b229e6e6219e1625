"""What a modality says of a procedure step, as pynetdicom data sets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dimsetools.dataset.attributes import Attributes
from dimsetools.dataset.decode import decode
from dimsetools.uids import EXPLICIT_LE
from tests.scp.normalizing import dataset

if TYPE_CHECKING:
    from pydicom import Dataset

STEP, RETRIEVE, NOTIFICATION = (f"1.2.840.10008.3.1.2.3.{number}" for number in (3, 4, 5))
UID = "1.2.3.4"
STUDY = "1.2.840.1"
SERIES = {
    "PerformingPhysicianName": "Who^Doctor", "ProtocolName": "Head", "OperatorsName": "",
    "SeriesInstanceUID": "1.2.840.1.1", "SeriesDescription": "", "RetrieveAETitle": "",
    "ReferencedImageSequence": [
        {"ReferencedSOPClassUID": "1.2.840.10008.5.1.4.1.1.2", "ReferencedSOPInstanceUID": "1.2.840.1.1.1"}
    ],
    "ReferencedNonImageCompositeSOPInstanceSequence": [],
}  # fmt: skip


def scheduled(**more: Any) -> dict[str, Any]:
    """An item of the Scheduled Step Attributes Sequence."""
    usual: dict[str, Any] = {
        "StudyInstanceUID": STUDY, "ReferencedStudySequence": [], "AccessionNumber": "A1",
        "RequestedProcedureID": "R1", "RequestedProcedureDescription": "", "ScheduledProcedureStepID": "S1",
        "ScheduledProcedureStepDescription": "", "ScheduledProtocolCodeSequence": [],
    }  # fmt: skip
    return usual | more


def begun(*without: str, **more: Any) -> Dataset:
    """The data set of an N-CREATE."""
    usual: dict[str, Any] = {
        "ScheduledStepAttributesSequence": [scheduled()], "PatientName": "Doe^Jane", "PatientID": "P1",
        "PatientBirthDate": "", "PatientSex": "F", "ReferencedPatientSequence": [],
        "PerformedProcedureStepID": "PPS1", "PerformedStationAETitle": "CT1", "PerformedStationName": "",
        "PerformedLocation": "", "PerformedProcedureStepStartDate": "20260101",
        "PerformedProcedureStepStartTime": "1200", "Modality": "CT", "StudyID": "",
        "PerformedProcedureStepStatus": "IN PROGRESS", "PerformedProcedureStepDescription": "",
        "PerformedProcedureTypeDescription": "", "ProcedureCodeSequence": [],
        "PerformedProcedureStepEndDate": "", "PerformedProcedureStepEndTime": "",
        "PerformedProtocolCodeSequence": [], "PerformedSeriesSequence": [],
    }  # fmt: skip
    return dataset(**{name: value for name, value in (usual | more).items() if name not in without})


def ended(status: str = "COMPLETED", *without: str, **more: Any) -> Dataset:
    """The data set of the N-SET that ends a step."""
    usual: dict[str, Any] = {
        "PerformedProcedureStepStatus": status, "PerformedProcedureStepEndDate": "20260101",
        "PerformedProcedureStepEndTime": "1230", "PerformedSeriesSequence": [SERIES],
    }  # fmt: skip
    return dataset(**{name: value for name, value in (usual | more).items() if name not in without})


def attributes(data: Dataset) -> Attributes:
    """A pydicom data set as ours."""
    from pynetdicom.dsutils import encode

    encoded = encode(data, is_implicit_vr=False, is_little_endian=True)
    assert encoded is not None
    return decode(encoded, EXPLICIT_LE)
