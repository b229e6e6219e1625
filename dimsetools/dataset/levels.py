"""The levels of the query/retrieve hierarchy, and which attributes belong to which (PS3.4 C.6.1, C.6.2, Y.3).

The tables follow PS3.4 tables C.6-1 to C.6-5 and, for the attributes that those leave open, the modules of
PS3.3 that describe patient, study, series and equipment.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from dimsetools.dataset.dictionary import keyword_of, tag_of
from dimsetools.errors import UsageError, did_you_mean

LEVEL = 0x00080052
"""Query/Retrieve Level."""
LEVELS = ("PATIENT", "STUDY", "SERIES", "IMAGE", "FRAME")
FRAME_KEYS = (0x00081161, 0x00081162, 0x00081163)
"""Simple Frame List, Calculated Frame List and Time Range: one of them picks frames (PS3.4 Y.3.2.1)."""

_SOP_INSTANCE = 0x00080018
_UNIQUE = {
    "PATIENT": 0x00100020, "STUDY": 0x0020000D, "SERIES": 0x0020000E, "IMAGE": _SOP_INSTANCE,
    "FRAME": _SOP_INSTANCE, "": _SOP_INSTANCE,
}  # fmt: skip
_ALIASES = {"INSTANCE": "IMAGE", "OBJECT": "IMAGE"}

_PATIENT = """
    PatientName PatientID TypeOfPatientID IssuerOfPatientID IssuerOfPatientIDQualifiersSequence
    PatientBirthDate PatientBirthTime PatientBirthDateInAlternativeCalendar PatientAlternativeCalendar
    PatientSex ReferencedPatientSequence ReferencedPatientPhotoSequence QualityControlSubject OtherPatientIDs
    OtherPatientIDsSequence OtherPatientNames PatientBirthName PatientMotherBirthName EthnicGroup
    EthnicGroupCodeSequence PatientComments PatientSpeciesDescription PatientSpeciesCodeSequence
    PatientBreedDescription PatientBreedCodeSequence BreedRegistrationSequence StrainDescription
    ResponsiblePerson ResponsiblePersonRole ResponsibleOrganization PatientIdentityRemoved
    DeidentificationMethod DeidentificationMethodCodeSequence SourcePatientGroupIdentificationSequence
    GroupOfPatientsIdentificationSequence PatientAddress PatientTelephoneNumbers PatientReligiousPreference
    CountryOfResidence RegionOfResidence MilitaryRank BranchOfService ClinicalTrialSponsorName
    ClinicalTrialProtocolID ClinicalTrialProtocolName ClinicalTrialSiteID ClinicalTrialSiteName
    ClinicalTrialSubjectID ClinicalTrialSubjectReadingID NumberOfPatientRelatedStudies
    NumberOfPatientRelatedSeries NumberOfPatientRelatedInstances
"""
_STUDY = """
    StudyDate StudyTime AccessionNumber IssuerOfAccessionNumberSequence StudyID StudyInstanceUID
    ModalitiesInStudy SOPClassesInStudy AnatomicRegionsInStudyCodeSequence ReferringPhysicianName
    ReferringPhysicianIdentificationSequence ReferringPhysicianAddress ReferringPhysicianTelephoneNumbers
    ConsultingPhysicianName ConsultingPhysicianIdentificationSequence StudyDescription ProcedureCodeSequence
    PhysiciansOfRecord PhysiciansOfRecordIdentificationSequence NameOfPhysiciansReadingStudy
    PhysiciansReadingStudyIdentificationSequence RequestingService RequestingServiceCodeSequence
    ReferencedStudySequence AdmittingDiagnosesDescription AdmittingDiagnosesCodeSequence PatientAge
    PatientSize PatientSizeCodeSequence PatientWeight PatientBodyMassIndex MeasuredAPDimension
    MeasuredLateralDimension MedicalAlerts Allergies SmokingStatus PregnancyStatus LastMenstrualDate
    PatientState Occupation AdditionalPatientHistory AdmissionID IssuerOfAdmissionIDSequence ServiceEpisodeID
    ServiceEpisodeDescription IssuerOfServiceEpisodeIDSequence PatientSexNeutered ReasonForVisit
    ReasonForVisitCodeSequence ReasonForPerformedProcedureCodeSequence ClinicalTrialTimePointID
    ClinicalTrialTimePointDescription StudyUpdateDateTime StudyStatusID StudyPriorityID StudyVerifiedDate
    StudyVerifiedTime StudyReadDate StudyReadTime StudyCompletionDate StudyCompletionTime StudyComments
    InterpretationAuthor OtherStudyNumbers NumberOfStudyRelatedSeries NumberOfStudyRelatedInstances
"""
_SERIES = """
    Modality SeriesNumber SeriesInstanceUID SeriesDate SeriesTime SeriesDescription
    SeriesDescriptionCodeSequence Laterality PerformingPhysicianName
    PerformingPhysicianIdentificationSequence OperatorsName OperatorIdentificationSequence
    ReferencedPerformedProcedureStepSequence RelatedSeriesSequence BodyPartExamined PatientPosition
    SmallestPixelValueInSeries LargestPixelValueInSeries RequestAttributesSequence PerformedProcedureStepID
    PerformedProcedureStepStartDate PerformedProcedureStepStartTime PerformedProcedureStepEndDate
    PerformedProcedureStepEndTime PerformedProcedureStepDescription PerformedProtocolCodeSequence
    CommentsOnThePerformedProcedureStep PerformedStationAETitle PerformedStationName PerformedLocation
    TreatmentSessionUID ProtocolName PresentationIntentType Manufacturer InstitutionName InstitutionAddress
    InstitutionalDepartmentName InstitutionCodeSequence StationName ManufacturerModelName DeviceSerialNumber
    SoftwareVersions GantryID DeviceUID SpatialResolution DateOfLastCalibration TimeOfLastCalibration
    FrameOfReferenceUID PositionReferenceIndicator SynchronizationFrameOfReferenceUID
    ClinicalTrialCoordinatingCenterName ClinicalTrialSeriesID ClinicalTrialSeriesDescription
    NumberOfSeriesRelatedInstances
"""
_IMAGE = """
    SOPInstanceUID SOPClassUID InstanceNumber AvailableTransferSyntaxUID RelatedGeneralSOPClassUID
    AlternateRepresentationSequence ConceptNameCodeSequence ContentTemplateSequence ContainerIdentifier
    SpecimenDescriptionSequence ContentDate ContentTime ContentLabel ContentDescription ContentCreatorName
    CompletionFlag VerificationFlag AcquisitionDate AcquisitionTime AcquisitionDateTime AcquisitionNumber
    ImageType ImageComments ImageLaterality ViewPosition ImagePositionPatient ImageOrientationPatient
    SliceLocation SliceThickness InstanceCreationDate InstanceCreationTime InstanceCreatorUID Rows Columns
    BitsAllocated BitsStored HighBit PixelRepresentation NumberOfFrames PhotometricInterpretation
    SamplesPerPixel PixelSpacing LossyImageCompression WindowCenter WindowWidth RescaleSlope RescaleIntercept
    DocumentTitle MIMETypeOfEncapsulatedDocument ReferencedImageSequence SourceImageSequence SimpleFrameList
    CalculatedFrameList TimeRange
"""


def named_level(text: str) -> str:
    """Return the level that people call `text` (patient, study, series, image or instance, frame)."""
    word = text.strip().upper()
    word = _ALIASES.get(word, word)
    if word not in LEVELS:
        hint = did_you_mean(text.strip().lower(), (level.lower() for level in (*LEVELS, *_ALIASES)))
        raise UsageError(f"{text!r} is no level", hint=hint or "levels: " + ", ".join(map(str.lower, LEVELS)))
    return word


def unique_key(level: str) -> int:
    """Return the tag of the unique key of `level`; "" is that of the models without levels."""
    return _UNIQUE[level]


def key_origin(tag: int) -> str:
    """Return the level that an attribute belongs to, "" if that is not known or it belongs to any."""
    return _origins().get(tag, "")


def tags_of(keywords: str) -> tuple[int, ...]:
    """Return the tags of keywords, separated by blanks."""
    tags = tuple(tag_of(keyword) for keyword in keywords.split())
    assert None not in tags, keywords
    return tuple(tag for tag in tags if tag is not None)


def name_of_key(tag: int) -> str:
    """Return how a key is called in a message: its keyword, else its tag."""
    return keyword_of(tag) or f"({tag >> 16:04X},{tag & 0xFFFF:04X})"


@cache
def _origins() -> Mapping[int, str]:
    tables = {"PATIENT": _PATIENT, "STUDY": _STUDY, "SERIES": _SERIES, "IMAGE": _IMAGE}
    return {tag: level for level, keywords in tables.items() for tag in tags_of(keywords)}
