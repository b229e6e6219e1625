"""What the index keeps of an object: the attributes of each level of the Query/Retrieve models.

Those of PS3.4 tables C.6-1 to C.6-4, and the ones that people ask for beside them. An attribute belongs to
one level; it is kept once for each patient, study, series and instance.
"""

from __future__ import annotations

from typing import NamedTuple

from dimsetools.dataset.attributes import STRINGS
from dimsetools.dataset.dictionary import entry, tag_of

PATIENT, STUDY, SERIES, IMAGE = "PATIENT", "STUDY", "SERIES", "IMAGE"
LEVELS = (PATIENT, STUDY, SERIES, IMAGE)

_KEYWORDS = {
    PATIENT: """
        PatientID IssuerOfPatientID PatientName PatientBirthDate PatientBirthTime PatientSex OtherPatientIDs
        OtherPatientNames EthnicGroup PatientComments PatientSpeciesDescription PatientBreedDescription
        ResponsiblePerson PatientIdentityRemoved
    """,
    STUDY: """
        StudyInstanceUID StudyDate StudyTime AccessionNumber StudyID StudyDescription ReferringPhysicianName
        NameOfPhysiciansReadingStudy PhysiciansOfRecord ConsultingPhysicianName AdmittingDiagnosesDescription
        PatientAge PatientSize PatientWeight Occupation AdditionalPatientHistory AdmissionID ReasonForStudy
        RequestingPhysician RequestingService RequestedProcedureDescription OtherStudyNumbers
        ProcedureCodeSequence
    """,
    SERIES: """
        SeriesInstanceUID Modality SeriesNumber SeriesDate SeriesTime SeriesDescription BodyPartExamined
        ProtocolName Laterality PatientPosition PerformingPhysicianName OperatorsName InstitutionName
        InstitutionAddress InstitutionalDepartmentName StationName Manufacturer ManufacturerModelName
        DeviceSerialNumber SoftwareVersions FrameOfReferenceUID PerformedProcedureStepID
        PerformedProcedureStepStartDate PerformedProcedureStepStartTime PerformedProcedureStepDescription
        PresentationIntentType RequestAttributesSequence
    """,
    IMAGE: """
        SOPInstanceUID SOPClassUID InstanceNumber InstanceCreationDate InstanceCreationTime ContentDate
        ContentTime AcquisitionDate AcquisitionTime AcquisitionDateTime AcquisitionNumber ImageType
        ImageComments NumberOfFrames Rows Columns BitsAllocated PhotometricInterpretation SliceThickness
        SliceLocation ViewPosition ContentLabel ContentDescription DocumentTitle
        MIMETypeOfEncapsulatedDocument CompletionFlag VerificationFlag PresentationCreationDate
        PresentationCreationTime ConceptNameCodeSequence
    """,
}


class Column(NamedTuple):
    """One attribute as it is kept.

    Text has its values joined by backslashes, as on the wire; a US is a number, a sequence is JSON.
    `single`: it has one value (PS3.6).
    """

    tag: int
    keyword: str
    vr: str
    single: bool

    @property
    def is_text(self) -> bool:
        """Whether it is kept as text that people read."""
        return self.vr in STRINGS


def _column(keyword: str) -> Column:
    tag = tag_of(keyword)
    found = None if tag is None else entry(tag)
    assert found is not None, keyword
    return Column(found.tag, found.keyword, found.vr, found.vm == "1")


COLUMNS = {level: tuple(map(_column, keywords.split())) for level, keywords in _KEYWORDS.items()}
"""The attributes of each level; the first one is its unique key."""

UNIQUE = {level: columns[0].tag for level, columns in COLUMNS.items()}
"""The unique key of each level (PS3.4 C.6.1.1)."""

# What is not kept but counted or concluded (PS3.4 C.3.4 and PS3.3 C.22.1.1).
MODALITIES_IN_STUDY, SOP_CLASSES_IN_STUDY = 0x00080061, 0x00080062
INSTANCE_AVAILABILITY, AVAILABLE_SYNTAX = 0x00080056, 0x00083002
PATIENT_STUDIES, PATIENT_SERIES, PATIENT_INSTANCES = 0x00201200, 0x00201202, 0x00201204
STUDY_SERIES, STUDY_INSTANCES, SERIES_INSTANCES = 0x00201206, 0x00201208, 0x00201209
COMPUTED = {
    PATIENT: (PATIENT_STUDIES, PATIENT_SERIES, PATIENT_INSTANCES),
    STUDY: (MODALITIES_IN_STUDY, SOP_CLASSES_IN_STUDY, STUDY_SERIES, STUDY_INSTANCES),
    SERIES: (SERIES_INSTANCES,),
    IMAGE: (AVAILABLE_SYNTAX,),
}

Value = str | int | None
Row = tuple[Value, ...]
"""Values in the order of a level's columns, None where an attribute is empty."""
