# bash completion for dimse; written by python -m dimsetools.docgen

_dimse_nodes() {
    {
        sed -n 's/^[[:space:]]*\[nodes\.\"\{0,1\}\([A-Za-z0-9_-]*\).*/\1/p' "$DIMSE_CONFIG" dimse.toml "${XDG_CONFIG_HOME:-$HOME/.config}/dimse/config.toml" /etc/dimse/config.toml
        env | sed -n 's/^DIMSE_NODE_\([A-Za-z0-9._-]*\)=.*/\1/p'
    } 2>/dev/null | sort -u
}

# Offers words, or with -f and -d files and folders, that begin with what stands at the cursor.
_dimse_offer() {
    [[ $1 == -[fd] ]] && compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen "$@" -- "$current")
}

_dimse_keywords='AccessionNumber AcquisitionDate AcquisitionDateTime AcquisitionNumber AcquisitionTime AdditionalPatientHistory AdmissionID AdmittingDiagnosesCodeSequence AdmittingDiagnosesDescription Allergies AlternateRepresentationSequence AnatomicRegionsInStudyCodeSequence AnnotationDisplayFormatID AnnotationPosition ApprovalSubjectSequence AssigningAgencyOrDepartmentCodeSequence AssigningFacilitySequence AssigningJurisdictionCodeSequence AvailableTransferSyntaxUID BasicColorImageSequence BasicGrayscaleImageSequence BitsAllocated BitsStored BodyPartExamined BorderDensity BranchOfService BreedRegistrationSequence CalculatedFrameList ClinicalTrialCoordinatingCenterName ClinicalTrialProtocolID ClinicalTrialProtocolName ClinicalTrialSeriesDescription ClinicalTrialSeriesID ClinicalTrialSiteID ClinicalTrialSiteName ClinicalTrialSponsorName ClinicalTrialSubjectID ClinicalTrialSubjectReadingID ClinicalTrialTimePointDescription ClinicalTrialTimePointID CodeMeaning CodeValue CodingSchemeDesignator CodingSchemeVersion Columns CommentsOnThePerformedProcedureStep CommentsOnTheScheduledProcedureStep CompletionFlag ConceptCodeSequence ConceptNameCodeSequence ConfigurationInformation ConsultingPhysicianIdentificationSequence ConsultingPhysicianName ContactDisplayName ContactURI ContainerIdentifier ContentCreatorName ContentDate ContentDescription ContentLabel ContentSequence ContentTemplateSequence ContentTime CountryOfResidence CurrentPatientLocation DICOMMediaRetrievalSequence DICOMRetrievalSequence DICOMStorageSequence Date DateOfLastCalibration DateTime DeidentificationMethod DeidentificationMethodCodeSequence DeletionLock DestinationAE DeviceSerialNumber DeviceUID DocumentTitle EffectiveDateTime EmptyImageDensity EthnicGroup EthnicGroupCodeSequence ExecutionStatus ExecutionStatusInfo ExpectedCompletionDateTime FailedSOPSequence FailureReason FillerOrderNumberImagingServiceRequest FilmDestination FilmOrientation FilmSessionLabel FilmSizeID FrameOfReferenceUID GantryID GroupOfPatientsIdentificationSequence HangingProtocolCreationDateTime HangingProtocolCreator HangingProtocolDescription HangingProtocolLevel HangingProtocolName HangingProtocolUserGroupName HighBit HomeCommunityID HumanPerformerCodeSequence HumanPerformerName HumanPerformerOrganization ICCProfile IdentifierTypeCode Illumination ImageBoxPosition ImageComments ImageDisplayFormat ImageLaterality ImageOrientationPatient ImagePositionPatient ImageType ImplantAssemblyTemplateIssuer ImplantAssemblyTemplateName ImplantAssemblyTemplateType ImplantAssemblyTemplateVersion ImplantName ImplantPartNumber ImplantSize ImplantTemplateGroupDescription ImplantTemplateGroupIssuer ImplantTemplateGroupName ImplantTemplateGroupVersion ImplantTemplateVersion ImplantType InputInformationSequence InputReadinessState InstanceAvailability InstanceCreationDate InstanceCreationTime InstanceCreatorUID InstanceNumber InstitutionAddress InstitutionCodeSequence InstitutionName InstitutionalDepartmentName InventoryCompletionStatus InventoryInstanceDescription InventoryLevel InventoryPurpose IssuerOfAccessionNumberSequence IssuerOfAdmissionIDSequence IssuerOfPatientID IssuerOfPatientIDQualifiersSequence IssuerOfServiceEpisodeIDSequence LUTData LUTDescriptor LUTExplanation LargestPixelValueInSeries LastMenstrualDate Laterality LocalNamespaceEntityID LongCodeValue LossyImageCompression MIMETypeOfEncapsulatedDocument MagnificationType Manufacturer ManufacturerModelName MaxDensity MeasuredAPDimension MeasuredLateralDimension MeasurementUnitsCodeSequence MedicalAlerts MediumType MemoryAllocation MilitaryRank MinDensity ModalitiesInStudy Modality NameOfPhysiciansReadingStudy NumberOfCopies NumberOfFrames NumberOfPatientRelatedInstances NumberOfPatientRelatedSeries NumberOfPatientRelatedStudies NumberOfPriorsReferenced NumberOfSeriesRelatedInstances NumberOfStudyRelatedInstances NumberOfStudyRelatedSeries NumericValue ObservationDateTime Occupation OperatorIdentificationSequence OperatorsName OrderFillerIdentifierSequence OrderPlacerIdentifierSequence OtherPatientIDsSequence OtherPatientNames OutputDestinationSequence OutputInformationSequence OwnerID PatientAddress PatientAge PatientAlternativeCalendar PatientBirthDate PatientBirthDateInAlternativeCalendar PatientBirthName PatientBirthTime PatientBodyMassIndex PatientBreedCodeSequence PatientBreedDescription PatientComments PatientID PatientIdentityRemoved PatientMotherBirthName PatientName PatientPosition PatientReligiousPreference PatientSex PatientSexNeutered PatientSize PatientSizeCodeSequence PatientSpeciesCodeSequence PatientSpeciesDescription PatientState PatientTelephoneNumbers PatientWeight PerformedLocation PerformedProcedureStepDescription PerformedProcedureStepDiscontinuationReasonCodeSequence PerformedProcedureStepEndDate PerformedProcedureStepEndDateTime PerformedProcedureStepEndTime PerformedProcedureStepID PerformedProcedureStepStartDate PerformedProcedureStepStartDateTime PerformedProcedureStepStartTime PerformedProcedureStepStatus PerformedProcedureTypeDescription PerformedProtocolCodeSequence PerformedSeriesSequence PerformedStationAETitle PerformedStationName PerformedStationNameCodeSequence PerformedWorkitemCodeSequence PerformingPhysicianIdentificationSequence PerformingPhysicianName PersonName PhotometricInterpretation PhysiciansOfRecord PhysiciansOfRecordIdentificationSequence PhysiciansReadingStudyIdentificationSequence PixelAspectRatio PixelData PixelRepresentation PixelSpacing PlacerOrderNumberImagingServiceRequest PlanarConfiguration Polarity PositionReferenceIndicator PotentialScheduledProtocolCodeSequence PregnancyStatus PresentationIntentType PresentationLUTSequence PresentationLUTShape PrintPriority PrinterName PrinterStatus PrinterStatusInfo ProcedureCodeSequence ProcedureStepDiscontinuationReasonCodeSequence ProcedureStepLabel ProcedureStepProgressInformationSequence ProcedureStepState ProductDescription ProductExpirationDateTime ProductLotIdentifier ProductName ProductPackageIdentifier ProductParameterSequence ProductTypeCodeSequence ProtocolName QualityControlSubject ReasonForCancellation ReasonForPerformedProcedureCodeSequence ReasonForVisit ReasonForVisitCodeSequence ReceivingAE ReferencedBasicAnnotationBoxSequence ReferencedFilmBoxSequence ReferencedFilmSessionSequence ReferencedImageBoxSequence ReferencedImageSequence ReferencedNonImageCompositeSOPInstanceSequence ReferencedPatientPhotoSequence ReferencedPatientSequence ReferencedPerformedProcedureStepSequence ReferencedPresentationLUTSequence ReferencedRequestSequence ReferencedSOPClassUID ReferencedSOPInstanceUID ReferencedSOPSequence ReferencedSeriesSequence ReferencedStudySequence ReferringPhysicianAddress ReferringPhysicianIdentificationSequence ReferringPhysicianName ReferringPhysicianTelephoneNumbers ReflectedAmbientLight RegionOfResidence RelatedGeneralSOPClassUID RelatedSeriesSequence ReplacedProcedureStepSequence RepositoryUniqueID RequestAttributesSequence RequestedDecimateCropBehavior RequestedImageSize RequestedProcedureCodeSequence RequestedProcedureDescription RequestedProcedureID RequestedProcedurePriority RequestedResolutionID RequestingPhysician RequestingService RequestingServiceCodeSequence RescaleIntercept RescaleSlope ResponsibleOrganization ResponsiblePerson ResponsiblePersonRole RetrieveAETitle RetrieveLocationUID RetrieveURI RetrieveURL Rows SOPClassUID SOPClassesInStudy SOPInstanceUID STOWRSStorageSequence SamplesPerPixel ScheduledHumanPerformersSequence ScheduledPerformingPhysicianName ScheduledProcedureStepDescription ScheduledProcedureStepExpirationDateTime ScheduledProcedureStepID ScheduledProcedureStepLocation ScheduledProcedureStepModificationDateTime ScheduledProcedureStepPriority ScheduledProcedureStepSequence ScheduledProcedureStepStartDate ScheduledProcedureStepStartDateTime ScheduledProcedureStepStartTime ScheduledProcedureStepStatus ScheduledProcessingParametersSequence ScheduledProtocolCodeSequence ScheduledStationAETitle ScheduledStationClassCodeSequence ScheduledStationGeographicLocationCodeSequence ScheduledStationName ScheduledStationNameCodeSequence ScheduledStepAttributesSequence ScheduledWorkitemCodeSequence SeriesDate SeriesDescription SeriesDescriptionCodeSequence SeriesInstanceUID SeriesNumber SeriesTime ServiceEpisodeDescription ServiceEpisodeID SimpleFrameList SliceLocation SliceThickness SmallestPixelValueInSeries SmokingStatus SmoothingType SoftwareVersions SourceImageSequence SourcePatientGroupIdentificationSequence SpatialResolution SpecimenDescriptionSequence StationName StorageMediaFileSetID StorageMediaFileSetUID StorageURL StrainDescription StudyDate StudyDescription StudyID StudyInstanceUID StudyTime StudyUpdateDateTime SubstanceAdministrationApproval SynchronizationFrameOfReferenceUID TextString TextValue Time TimeOfLastCalibration TimeRange TotalNumberOfStudyRecords TransactionUID TreatmentSessionUID Trim TypeOfInstances TypeOfPatientID UID URNCodeValue UnifiedProcedureStepPerformedProcedureSequence UniversalEntityID UniversalEntityIDType ValueType VerificationFlag ViewPosition WADORSRetrievalSequence WADORetrievalSequence WindowCenter WindowWidth WorklistLabel XDSRetrievalSequence XDSStorageSequence'

# Offers keywords, then =, and files of queries.
_dimse_offer_key() {
    compopt -o nospace -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen -S = -W "$_dimse_keywords" -- "$current"; compgen -f -- "$current")
}

# Offers keywords, also behind a comma.
_dimse_offer_attribute() {
    local before=${current%"${current##*,}"}
    mapfile -t COMPREPLY < <(compgen -P "$before" -W "$_dimse_keywords" -- "${current##*,}")
}

_dimse() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
    local command= options takes i position=0 first=2
    COMPREPLY=()
    if [[ $current == '=' ]]; then
        current=
    elif [[ $previous == '=' ]]; then
        previous=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    ((COMP_CWORD > 1)) && command=${COMP_WORDS[1]}
    if ((COMP_CWORD > 2)); then
        case $command in
            mpps | ups) command+=" ${COMP_WORDS[2]}"; first=3 ;;
        esac
    fi
    case $command in
        '') _dimse_offer -W 'echo store find get move nget nset naction ncreate ndelete nevent mpps ups print commit shell listen scp demo --help --version'; return ;;
        mpps) _dimse_offer -W 'start complete discontinue --help'; return ;;
        ups) _dimse_offer -W 'push claim progress complete cancel subscribe unsubscribe get --help'; return ;;
        echo)
            options='--all -j --jobs --nagios -w --warning -c --critical --prom -h --help --aet --aec --bind --profile --connect-timeout --acse-timeout --dimse-timeout --idle-timeout --total-timeout --max-pdu --async --ts --role --ext --tls --no-tls --tls-ca --tls-cert --tls-key --tls-key-password-file --tls-profile --tls-server-name --tls-insecure --user --password-file --identity-token-file --identity-type --identity-response --allow-cleartext-auth --repeat --interval --abort --dry-run --format --json --fields --no-headers -q --quiet -v --verbose -d --debug --log-json --trace --trace-phi --color'
            takes=' -j --jobs -w --warning -c --critical --prom --aet --aec --bind --profile --connect-timeout --acse-timeout --dimse-timeout --idle-timeout --total-timeout --max-pdu --async --ts --role --ext --tls-ca --tls-cert --tls-key --tls-key-password-file --tls-profile --tls-server-name --user --password-file --identity-token-file --identity-type --repeat --interval --format --fields --trace --color ' ;;
        store)
            options='--files-from -0 --null --include --exclude -j --jobs --retry --never-transcode --allow-truncated --trim --fail-fast --commit --chunk --report -h --help --wait --port --port-tls --allow --aet --aec --bind --profile --connect-timeout --acse-timeout --dimse-timeout --idle-timeout --total-timeout --max-pdu --async --priority --ts --role --ext --tls --no-tls --tls-ca --tls-cert --tls-key --tls-key-password-file --tls-profile --tls-server-name --tls-insecure --user --password-file --identity-token-file --identity-type --identity-response --allow-cleartext-auth --repeat --interval --abort --dry-run --strict --format --json --fields --no-headers -q --quiet -v --verbose -d --debug --log-json --stats --trace --trace-phi --color'
            takes=' --files-from --include --exclude -j --jobs --retry --chunk --report --wait --port --allow --aet --aec --bind --profile --connect-timeout --acse-timeout --dimse-timeout --idle-timeout --total-timeout --max-pdu --async --priority --ts --role --ext --tls-ca --tls-cert --tls-key --tls-key-password-file --tls-profile --tls-server-name --user --password-file --identity-token-file --identity-type --repeat --interval --format --fields --stats --trace --color ' ;;
        find)
            options='--limit --count --sort --split-by --extract --error-on-empty -h --help -k --key -r --return -f --file -L --level -M --model -P -S -O -W --no-check --assume-charset --relational --fuzzy --datetime --timezone --aet --aec --bind --profile --connect-timeout --acse-timeout --dimse-timeout --idle-timeout --total-timeout --max-pdu --async --priority --ts --role --ext --tls --no-tls --tls-ca --tls-cert --tls-key --tls-key-password-file --tls-profile --tls-server-name --tls-insecure --user --password-file --identity-token-file --identity-type --identity-response --allow-cleartext-auth --repeat --interval --abort --dry-run --strict --format --json --fields --no-headers -q --quiet -v --verbose -d --debug --log-json --trace --trace-phi --color'
            takes=' --limit --sort --split-by --extract -k --key -r --return -f --file -L --level -M --model --assume-charset --aet --aec --bind --profile --connect-timeout --acse-timeout --dimse-timeout --idle-timeout --total-timeout --max-pdu --async --priority --ts --role --ext --tls-ca --tls-cert --tls-key --tls-key-password-file --tls-profile --tls-server-name --user --password-file --identity-token-file --identity-type --repeat --interval --format --fields --trace --color ' ;;
        get)
            options='--classes -h --help -o --output --manifest -j --jobs --verify --error-on-empty -k --key -f --file -L --level -M --model -P -S -O --no-check --assume-charset --relational --fuzzy --datetime --layout --durability --on-duplicate --file-mode --min-free --ignore --aet --aec --bind --profile --connect-timeout --acse-timeout --dimse-timeout --idle-timeout --total-timeout --max-pdu --async --priority --ts --role --ext --tls --no-tls --tls-ca --tls-cert --tls-key --tls-key-password-file --tls-profile --tls-server-name --tls-insecure --user --password-file --identity-token-file --identity-type --identity-response --allow-cleartext-auth --repeat --interval --abort --dry-run --strict --format --json --fields --no-headers -q --quiet -v --verbose -d --debug --log-json --stats --trace --trace-phi --color'
            takes=' --classes -o --output --manifest -j --jobs -k --key -f --file -L --level -M --model --assume-charset --layout --durability --on-duplicate --file-mode --min-free --aet --aec --bind --profile --connect-timeout --acse-timeout --dimse-timeout --idle-timeout --total-timeout --max-pdu --async --priority --ts --role --ext --tls-ca --tls-cert --tls-key --tls-key-password-file --tls-profile --tls-server-name --user --password-file --identity-token-file --identity-type --repeat --interval --format --fields --stats --trace --color ' ;;
        move)
            options='--dest --receive --receive-tls --allow -h --help -o --output --manifest -j --jobs --verify --error-on-empty -k --key -f --file -L --level -M --model -P -S -O --no-check --assume-charset --relational --fuzzy --datetime --layout --durability --on-duplicate --file-mode --min-free --ignore --aet --aec --bind --profile --connect-timeout --acse-timeout --dimse-timeout --idle-timeout --total-timeout --max-pdu --async --priority --ts --role --ext --tls --no-tls --tls-ca --tls-cert --tls-key --tls-key-password-file --tls-profile --tls-server-name --tls-insecure --user --password-file --identity-token-file --identity-type --identity-response --allow-cleartext-auth --repeat --interval --abort --dry-run --strict --format --json --fields --no-headers -q --quiet -v --verbose -d --debug --log-json --stats --trace --trace-phi --color'
            takes=' --dest --receive --allow -o --output --manifest -j --jobs -k --key -f --file -L --level -M --model --assume-charset --layout --durability --on-duplicate --file-mode --min-free --aet --aec --bind --profile --connect-timeout --acse-timeout --dimse-timeout --idle-timeout --total-timeout --max-pdu --async --priority --ts --role --ext --tls-ca --tls-cert --tls-key --tls-key-password-file --tls-profile --tls-server-name --user --password-file --identity-token-file --identity-type --repeat --interval --format --fields --stats --trace --color ' ;;
        nget)
            options='--context --no-check -h --help --assume-charset --aet --aec --bind --profile --connect-timeout --acse-timeout --dimse-timeout --idle-timeout --total-timeout --max-pdu --async --ts --role --ext --tls --no-tls --tls-ca --tls-cert --tls-key --tls-key-password-file --tls-profile --tls-server-name --tls-insecure --user --password-file --identity-token-file --identity-type --identity-response --allow-cleartext-auth --repeat --interval --abort --dry-run --strict --format --json --fields --no-headers -q --quiet -v --verbose -d --debug --log-json --trace --trace-phi --color'
            takes=' --context --assume-charset --aet --aec --bind --profile --connect-timeout --acse-timeout --dimse-timeout --idle-timeout --total-timeout --max-pdu --async --ts --role --ext --tls-ca --tls-cert --tls-key --tls-key-password-file --tls-profile --tls-server-name --user --password-file --identity-token-file --identity-type --repeat --interval --format --fields --trace --color ' ;;
        nset)
            options='-k --key -f --file --context --no-check -h --help --assume-charset --aet --aec --bind --profile --connect-timeout --acse-timeout --dimse-timeout --idle-timeout --total-timeout --max-pdu --async --ts --role --ext --tls --no-tls --tls-ca --tls-cert --tls-key --tls-key-password-file --tls-profile --tls-server-name --tls-insecure --user --password-file --identity-token-file --identity-type --identity-response --allow-cleartext-auth --repeat --interval --abort --dry-run --strict --format --json --fields --no-headers -q --quiet -v --verbose -d --debug --log-json --trace --trace-phi --color'
            takes=' -k --key -f --file --context --assume-charset --aet --aec --bind --profile --connect-timeout --acse-timeout --dimse-timeout --idle-timeout --total-timeout --max-pdu --async --ts --role --ext --tls-ca --tls-cert --tls-key --tls-key-password-file --tls-profile --tls-server-name --user --password-file --identity-token-file --identity-type --repeat --interval --format --fields --trace --color ' ;;
        naction)
            options='-k --key -f --file --context --no-check -h --help --wait --port --port-tls --allow --assume-charset --aet --aec --bind --profile --connect-timeout --acse-timeout --dimse-timeout --idle-timeout --total-timeout --max-pdu --async --ts --role --ext --tls --no-tls --tls-ca --tls-cert --tls-key --tls-key-password-file --tls-profile --tls-server-name --tls-insecure --user --password-file --identity-token-file --identity-type --identity-response --allow-cleartext-auth --repeat --interval --abort --dry-run --strict --format --json --fields --no-headers -q --quiet -v --verbose -d --debug --log-json --trace --trace-phi --color'
            takes=' -k --key -f --file --context --wait --port --allow --assume-charset --aet --aec --bind --profile --connect-timeout --acse-timeout --dimse-timeout --idle-timeout --total-timeout --max-pdu --async --ts --role --ext --tls-ca --tls-cert --tls-key --tls-key-password-file --tls-profile --tls-server-name --user --password-file --identity-token-file --identity-type --repeat --interval --format --fields --trace --color ' ;;
        ncreate)
            options='-k --key -f --file --context --no-check -h --help --assume-charset --aet --aec --bind --profile --connect-timeout --acse-timeout --dimse-timeout --idle-timeout --total-timeout --max-pdu --async --ts --role --ext --tls --no-tls --tls-ca --tls-cert --tls-key --tls-key-password-file --tls-profile --tls-server-name --tls-insecure --user --password-file --identity-token-file --identity-type --identity-response --allow-cleartext-auth --repeat --interval --abort --dry-run --strict --format --json --fields --no-headers -q --quiet -v --verbose -d --debug --log-json --trace --trace-phi --color'
            takes=' -k --key -f --file --context --assume-charset --aet --aec --bind --profile --connect-timeout --acse-timeout --dimse-timeout --idle-timeout --total-timeout --max-pdu --async --ts --role --ext --tls-ca --tls-cert --tls-key --tls-key-password-file --tls-profile --tls-server-name --user --password-file --identity-token-file --identity-type --repeat --interval --format --fields --trace --color ' ;;
        ndelete)
            options='--context --no-check -h --help --assume-charset --aet --aec --bind --profile --connect-timeout --acse-timeout --dimse-timeout --idle-timeout --total-timeout --max-pdu --async --ts --role --ext --tls --no-tls --tls-ca --tls-cert --tls-key --tls-key-password-file --tls-profile --tls-server-name --tls-insecure --user --password-file --identity-token-file --identity-type --identity-response --allow-cleartext-auth --repeat --interval --abort --dry-run --strict --format --json --fields --no-headers -q --quiet -v --verbose -d --debug --log-json --trace --trace-phi --color'
            takes=' --context --assume-charset --aet --aec --bind --profile --connect-timeout --acse-timeout --dimse-timeout --idle-timeout --total-timeout --max-pdu --async --ts --role --ext --tls-ca --tls-cert --tls-key --tls-key-password-file --tls-profile --tls-server-name --user --password-file --identity-token-file --identity-type --repeat --interval --format --fields --trace --color ' ;;
        nevent)
            options='-k --key -f --file --context --no-check -h --help --assume-charset --aet --aec --bind --profile --connect-timeout --acse-timeout --dimse-timeout --idle-timeout --total-timeout --max-pdu --async --ts --role --ext --tls --no-tls --tls-ca --tls-cert --tls-key --tls-key-password-file --tls-profile --tls-server-name --tls-insecure --user --password-file --identity-token-file --identity-type --identity-response --allow-cleartext-auth --repeat --interval --abort --dry-run --strict --format --json --fields --no-headers -q --quiet -v --verbose -d --debug --log-json --trace --trace-phi --color'
            takes=' -k --key -f --file --context --assume-charset --aet --aec --bind --profile --connect-timeout --acse-timeout --dimse-timeout --idle-timeout --total-timeout --max-pdu --async --ts --role --ext --tls-ca --tls-cert --tls-key --tls-key-password-file --tls-profile --tls-server-name --user --password-file --identity-token-file --identity-type --repeat --interval --format --fields --trace --color ' ;;
        'mpps start')
            options='--worklist --where --uid -k --key --no-check -h --help --aet --aec --bind --profile --connect-timeout --acse-timeout --dimse-timeout --idle-timeout --total-timeout --max-pdu --async --ts --role --ext --tls --no-tls --tls-ca --tls-cert --tls-key --tls-key-password-file --tls-profile --tls-server-name --tls-insecure --user --password-file --identity-token-file --identity-type --identity-response --allow-cleartext-auth --abort --dry-run --strict --format --json --fields --no-headers -q --quiet -v --verbose -d --debug --log-json --trace --trace-phi --color'
            takes=' --worklist --where --uid -k --key --aet --aec --bind --profile --connect-timeout --acse-timeout --dimse-timeout --idle-timeout --total-timeout --max-pdu --async --ts --role --ext --tls-ca --tls-cert --tls-key --tls-key-password-file --tls-profile --tls-server-name --user --password-file --identity-token-file --identity-type --format --fields --trace --color ' ;;
        'mpps complete')
            options='--from --retrieve-aet --empty -k --key --no-check -h --help --aet --aec --bind --profile --connect-timeout --acse-timeout --dimse-timeout --idle-timeout --total-timeout --max-pdu --async --ts --role --ext --tls --no-tls --tls-ca --tls-cert --tls-key --tls-key-password-file --tls-profile --tls-server-name --tls-insecure --user --password-file --identity-token-file --identity-type --identity-response --allow-cleartext-auth --abort --dry-run --strict --format --json --fields --no-headers -q --quiet -v --verbose -d --debug --log-json --trace --trace-phi --color'
            takes=' --from --retrieve-aet -k --key --aet --aec --bind --profile --connect-timeout --acse-timeout --dimse-timeout --idle-timeout --total-timeout --max-pdu --async --ts --role --ext --tls-ca --tls-cert --tls-key --tls-key-password-file --tls-profile --tls-server-name --user --password-file --identity-token-file --identity-type --format --fields --trace --color ' ;;
        'mpps discontinue')
            options='--reason --from --retrieve-aet -k --key --no-check -h --help --aet --aec --bind --profile --connect-timeout --acse-timeout --dimse-timeout --idle-timeout --total-timeout --max-pdu --async --ts --role --ext --tls --no-tls --tls-ca --tls-cert --tls-key --tls-key-password-file --tls-profile --tls-server-name --tls-insecure --user --password-file --identity-token-file --identity-type --identity-response --allow-cleartext-auth --abort --dry-run --strict --format --json --fields --no-headers -q --quiet -v --verbose -d --debug --log-json --trace --trace-phi --color'
            takes=' --reason --from --retrieve-aet -k --key --aet --aec --bind --profile --connect-timeout --acse-timeout --dimse-timeout --idle-timeout --total-timeout --max-pdu --async --ts --role --ext --tls-ca --tls-cert --tls-key --tls-key-password-file --tls-profile --tls-server-name --user --password-file --identity-token-file --identity-type --format --fields --trace --color ' ;;
        'ups push')
            options='-f --file --input --retrieve-aet --uid -k --key --no-check -h --help --aet --aec --bind --profile --connect-timeout --acse-timeout --dimse-timeout --idle-timeout --total-timeout --max-pdu --async --ts --role --ext --tls --no-tls --tls-ca --tls-cert --tls-key --tls-key-password-file --tls-profile --tls-server-name --tls-insecure --user --password-file --identity-token-file --identity-type --identity-response --allow-cleartext-auth --abort --dry-run --strict --format --json --fields --no-headers -q --quiet -v --verbose -d --debug --log-json --trace --trace-phi --color'
            takes=' -f --file --input --retrieve-aet --uid -k --key --aet --aec --bind --profile --connect-timeout --acse-timeout --dimse-timeout --idle-timeout --total-timeout --max-pdu --async --ts --role --ext --tls-ca --tls-cert --tls-key --tls-key-password-file --tls-profile --tls-server-name --user --password-file --identity-token-file --identity-type --format --fields --trace --color ' ;;
        'ups claim')
            options='--transaction -h --help --aet --aec --bind --profile --connect-timeout --acse-timeout --dimse-timeout --idle-timeout --total-timeout --max-pdu --async --ts --role --ext --tls --no-tls --tls-ca --tls-cert --tls-key --tls-key-password-file --tls-profile --tls-server-name --tls-insecure --user --password-file --identity-token-file --identity-type --identity-response --allow-cleartext-auth --abort --dry-run --strict --format --json --fields --no-headers -q --quiet -v --verbose -d --debug --log-json --trace --trace-phi --color'
            takes=' --transaction --aet --aec --bind --profile --connect-timeout --acse-timeout --dimse-timeout --idle-timeout --total-timeout --max-pdu --async --ts --role --ext --tls-ca --tls-cert --tls-key --tls-key-password-file --tls-profile --tls-server-name --user --password-file --identity-token-file --identity-type --format --fields --trace --color ' ;;
        'ups progress')
            options='--transaction --percent --description -k --key -h --help --aet --aec --bind --profile --connect-timeout --acse-timeout --dimse-timeout --idle-timeout --total-timeout --max-pdu --async --ts --role --ext --tls --no-tls --tls-ca --tls-cert --tls-key --tls-key-password-file --tls-profile --tls-server-name --tls-insecure --user --password-file --identity-token-file --identity-type --identity-response --allow-cleartext-auth --abort --dry-run --strict --format --json --fields --no-headers -q --quiet -v --verbose -d --debug --log-json --trace --trace-phi --color'
            takes=' --transaction --percent --description -k --key --aet --aec --bind --profile --connect-timeout --acse-timeout --dimse-timeout --idle-timeout --total-timeout --max-pdu --async --ts --role --ext --tls-ca --tls-cert --tls-key --tls-key-password-file --tls-profile --tls-server-name --user --password-file --identity-token-file --identity-type --format --fields --trace --color ' ;;
        'ups complete')
            options='--transaction --retrieve-aet -k --key -h --help --aet --aec --bind --profile --connect-timeout --acse-timeout --dimse-timeout --idle-timeout --total-timeout --max-pdu --async --ts --role --ext --tls --no-tls --tls-ca --tls-cert --tls-key --tls-key-password-file --tls-profile --tls-server-name --tls-insecure --user --password-file --identity-token-file --identity-type --identity-response --allow-cleartext-auth --abort --dry-run --strict --format --json --fields --no-headers -q --quiet -v --verbose -d --debug --log-json --trace --trace-phi --color'
            takes=' --transaction --retrieve-aet -k --key --aet --aec --bind --profile --connect-timeout --acse-timeout --dimse-timeout --idle-timeout --total-timeout --max-pdu --async --ts --role --ext --tls-ca --tls-cert --tls-key --tls-key-password-file --tls-profile --tls-server-name --user --password-file --identity-token-file --identity-type --format --fields --trace --color ' ;;
        'ups cancel')
            options='--transaction --reason --code -k --key -h --help --aet --aec --bind --profile --connect-timeout --acse-timeout --dimse-timeout --idle-timeout --total-timeout --max-pdu --async --ts --role --ext --tls --no-tls --tls-ca --tls-cert --tls-key --tls-key-password-file --tls-profile --tls-server-name --tls-insecure --user --password-file --identity-token-file --identity-type --identity-response --allow-cleartext-auth --abort --dry-run --strict --format --json --fields --no-headers -q --quiet -v --verbose -d --debug --log-json --trace --trace-phi --color'
            takes=' --transaction --reason --code -k --key --aet --aec --bind --profile --connect-timeout --acse-timeout --dimse-timeout --idle-timeout --total-timeout --max-pdu --async --ts --role --ext --tls-ca --tls-cert --tls-key --tls-key-password-file --tls-profile --tls-server-name --user --password-file --identity-token-file --identity-type --format --fields --trace --color ' ;;
        'ups subscribe')
            options='--lock --receiver -k --key -h --help --aet --aec --bind --profile --connect-timeout --acse-timeout --dimse-timeout --idle-timeout --total-timeout --max-pdu --async --ts --role --ext --tls --no-tls --tls-ca --tls-cert --tls-key --tls-key-password-file --tls-profile --tls-server-name --tls-insecure --user --password-file --identity-token-file --identity-type --identity-response --allow-cleartext-auth --abort --dry-run --strict --format --json --fields --no-headers -q --quiet -v --verbose -d --debug --log-json --trace --trace-phi --color'
            takes=' --receiver -k --key --aet --aec --bind --profile --connect-timeout --acse-timeout --dimse-timeout --idle-timeout --total-timeout --max-pdu --async --ts --role --ext --tls-ca --tls-cert --tls-key --tls-key-password-file --tls-profile --tls-server-name --user --password-file --identity-token-file --identity-type --format --fields --trace --color ' ;;
        'ups unsubscribe')
            options='--suspend --receiver -h --help --aet --aec --bind --profile --connect-timeout --acse-timeout --dimse-timeout --idle-timeout --total-timeout --max-pdu --async --ts --role --ext --tls --no-tls --tls-ca --tls-cert --tls-key --tls-key-password-file --tls-profile --tls-server-name --tls-insecure --user --password-file --identity-token-file --identity-type --identity-response --allow-cleartext-auth --abort --dry-run --strict --format --json --fields --no-headers -q --quiet -v --verbose -d --debug --log-json --trace --trace-phi --color'
            takes=' --receiver --aet --aec --bind --profile --connect-timeout --acse-timeout --dimse-timeout --idle-timeout --total-timeout --max-pdu --async --ts --role --ext --tls-ca --tls-cert --tls-key --tls-key-password-file --tls-profile --tls-server-name --user --password-file --identity-token-file --identity-type --format --fields --trace --color ' ;;
        'ups get')
            options='-h --help --assume-charset --aet --aec --bind --profile --connect-timeout --acse-timeout --dimse-timeout --idle-timeout --total-timeout --max-pdu --async --ts --role --ext --tls --no-tls --tls-ca --tls-cert --tls-key --tls-key-password-file --tls-profile --tls-server-name --tls-insecure --user --password-file --identity-token-file --identity-type --identity-response --allow-cleartext-auth --abort --dry-run --strict --format --json --fields --no-headers -q --quiet -v --verbose -d --debug --log-json --trace --trace-phi --color'
            takes=' --assume-charset --aet --aec --bind --profile --connect-timeout --acse-timeout --dimse-timeout --idle-timeout --total-timeout --max-pdu --async --ts --role --ext --tls-ca --tls-cert --tls-key --tls-key-password-file --tls-profile --tls-server-name --user --password-file --identity-token-file --identity-type --format --fields --trace --color ' ;;
        print)
            options='--session --wait -h --help --film --size --orientation --copies --priority --medium --destination --label --annotate --annotation-format --magnification --smoothing --border --empty --min-density --max-density --trim --polarity --image-width --too-large --resolution --configuration --mode --bits --window --frames --max-pixels --overlays --aet --aec --bind --profile --connect-timeout --acse-timeout --dimse-timeout --idle-timeout --total-timeout --max-pdu --async --ts --role --ext --tls --no-tls --tls-ca --tls-cert --tls-key --tls-key-password-file --tls-profile --tls-server-name --tls-insecure --user --password-file --identity-token-file --identity-type --identity-response --allow-cleartext-auth --abort --dry-run --strict --format --json --fields --no-headers -q --quiet -v --verbose -d --debug --log-json --stats --trace --trace-phi --color'
            takes=' --wait --film --size --orientation --copies --priority --medium --destination --label --annotate --annotation-format --magnification --smoothing --border --empty --min-density --max-density --polarity --image-width --too-large --resolution --configuration --mode --bits --window --frames --max-pixels --aet --aec --bind --profile --connect-timeout --acse-timeout --dimse-timeout --idle-timeout --total-timeout --max-pdu --async --ts --role --ext --tls-ca --tls-cert --tls-key --tls-key-password-file --tls-profile --tls-server-name --user --password-file --identity-token-file --identity-type --format --fields --stats --trace --color ' ;;
        commit)
            options='--from --files-from -0 --null --include --exclude --chunk --report -h --help --wait --port --port-tls --allow --aet --aec --bind --profile --connect-timeout --acse-timeout --dimse-timeout --idle-timeout --total-timeout --max-pdu --async --role --ext --tls --no-tls --tls-ca --tls-cert --tls-key --tls-key-password-file --tls-profile --tls-server-name --tls-insecure --user --password-file --identity-token-file --identity-type --identity-response --allow-cleartext-auth --abort --dry-run --format --json --fields --no-headers -q --quiet -v --verbose -d --debug --log-json --stats --trace --trace-phi --color'
            takes=' --from --files-from --include --exclude --chunk --report --wait --port --allow --aet --aec --bind --profile --connect-timeout --acse-timeout --dimse-timeout --idle-timeout --total-timeout --max-pdu --async --role --ext --tls-ca --tls-cert --tls-key --tls-key-password-file --tls-profile --tls-server-name --user --password-file --identity-token-file --identity-type --format --fields --stats --trace --color ' ;;
        shell)
            options='--for --keep-going --example -h --help --assume-charset --aet --aec --bind --profile --connect-timeout --acse-timeout --dimse-timeout --idle-timeout --total-timeout --max-pdu --async --ts --role --ext --tls --no-tls --tls-ca --tls-cert --tls-key --tls-key-password-file --tls-profile --tls-server-name --tls-insecure --user --password-file --identity-token-file --identity-type --identity-response --allow-cleartext-auth --abort --dry-run --strict --format --json --fields --no-headers -q --quiet -v --verbose -d --debug --log-json --trace --trace-phi --color'
            takes=' --for --example --assume-charset --aet --aec --bind --profile --connect-timeout --acse-timeout --dimse-timeout --idle-timeout --total-timeout --max-pdu --async --ts --role --ext --tls-ca --tls-cert --tls-key --tls-key-password-file --tls-profile --tls-server-name --user --password-file --identity-token-file --identity-type --format --fields --trace --color ' ;;
        listen)
            options='--from --count -h --help --aet --any-called --port --bind --allow --allow-any --timeout --ready-file --profile --acse-timeout --dimse-timeout --idle-timeout --max-pdu --tls --tls-ca --tls-cert --tls-key --tls-key-password-file --tls-profile --tls-no-client-auth --format --json --fields --no-headers -q --quiet -v --verbose -d --debug --log-json --trace --trace-phi --color'
            takes=' --from --count --aet --port --bind --allow --timeout --ready-file --profile --acse-timeout --dimse-timeout --idle-timeout --max-pdu --tls-ca --tls-cert --tls-key --tls-key-password-file --tls-profile --format --fields --trace --color ' ;;
        scp)
            options='-h --help --aet --any-called --port --bind --allow --allow-any --any-class --require-user --allow-cleartext-auth --max-associations --layout --durability --on-duplicate --file-mode --min-free --ignore --on-object --on-study --study-timeout --no-index --worklist --dest --reindex --check --mpps-notify --films --ups-keep --exit-after --timeout --grace --ready-file --log-phi --profile --acse-timeout --dimse-timeout --idle-timeout --max-pdu --async --ts --tls --tls-ca --tls-cert --tls-key --tls-key-password-file --tls-profile --tls-no-client-auth --format --json --fields --no-headers -q --quiet -v --verbose -d --debug --log-json --stats --trace --trace-phi --color'
            takes=' --aet --port --bind --allow --require-user --max-associations --layout --durability --on-duplicate --file-mode --min-free --on-object --on-study --study-timeout --worklist --dest --mpps-notify --films --ups-keep --exit-after --timeout --grace --ready-file --profile --acse-timeout --dimse-timeout --idle-timeout --max-pdu --async --ts --tls-ca --tls-cert --tls-key --tls-key-password-file --tls-profile --format --fields --stats --trace --color ' ;;
        demo)
            options='--keep -h --help -d --debug --color'
            takes=' --keep --color ' ;;
        *) return ;;
    esac
    for ((i = first; i < COMP_CWORD; i++)); do
        if [[ $takes == *" ${COMP_WORDS[i]} "* ]]; then
            ((i++))
            [[ ${COMP_WORDS[i]} == '=' ]] && ((i++))
        elif [[ ${COMP_WORDS[i]} != -* ]]; then
            ((position++))
        fi
    done
    case $command/$previous in
        echo/--prom | \
        echo/--tls-ca | \
        echo/--tls-cert | \
        echo/--tls-key | \
        echo/--tls-key-password-file | \
        echo/--password-file | \
        echo/--identity-token-file | \
        echo/--trace | \
        store/--files-from | \
        store/--report | \
        store/--tls-ca | \
        store/--tls-cert | \
        store/--tls-key | \
        store/--tls-key-password-file | \
        store/--password-file | \
        store/--identity-token-file | \
        store/--trace | \
        find/-f | find/--file | \
        find/--tls-ca | \
        find/--tls-cert | \
        find/--tls-key | \
        find/--tls-key-password-file | \
        find/--password-file | \
        find/--identity-token-file | \
        find/--trace | \
        get/--manifest | \
        get/-f | get/--file | \
        get/--tls-ca | \
        get/--tls-cert | \
        get/--tls-key | \
        get/--tls-key-password-file | \
        get/--password-file | \
        get/--identity-token-file | \
        get/--trace | \
        move/--manifest | \
        move/-f | move/--file | \
        move/--tls-ca | \
        move/--tls-cert | \
        move/--tls-key | \
        move/--tls-key-password-file | \
        move/--password-file | \
        move/--identity-token-file | \
        move/--trace | \
        nget/--tls-ca | \
        nget/--tls-cert | \
        nget/--tls-key | \
        nget/--tls-key-password-file | \
        nget/--password-file | \
        nget/--identity-token-file | \
        nget/--trace | \
        nset/-f | nset/--file | \
        nset/--tls-ca | \
        nset/--tls-cert | \
        nset/--tls-key | \
        nset/--tls-key-password-file | \
        nset/--password-file | \
        nset/--identity-token-file | \
        nset/--trace | \
        naction/-f | naction/--file | \
        naction/--tls-ca | \
        naction/--tls-cert | \
        naction/--tls-key | \
        naction/--tls-key-password-file | \
        naction/--password-file | \
        naction/--identity-token-file | \
        naction/--trace | \
        ncreate/-f | ncreate/--file | \
        ncreate/--tls-ca | \
        ncreate/--tls-cert | \
        ncreate/--tls-key | \
        ncreate/--tls-key-password-file | \
        ncreate/--password-file | \
        ncreate/--identity-token-file | \
        ncreate/--trace | \
        ndelete/--tls-ca | \
        ndelete/--tls-cert | \
        ndelete/--tls-key | \
        ndelete/--tls-key-password-file | \
        ndelete/--password-file | \
        ndelete/--identity-token-file | \
        ndelete/--trace | \
        nevent/-f | nevent/--file | \
        nevent/--tls-ca | \
        nevent/--tls-cert | \
        nevent/--tls-key | \
        nevent/--tls-key-password-file | \
        nevent/--password-file | \
        nevent/--identity-token-file | \
        nevent/--trace | \
        'mpps start'/--tls-ca | \
        'mpps start'/--tls-cert | \
        'mpps start'/--tls-key | \
        'mpps start'/--tls-key-password-file | \
        'mpps start'/--password-file | \
        'mpps start'/--identity-token-file | \
        'mpps start'/--trace | \
        'mpps complete'/--from | \
        'mpps complete'/--tls-ca | \
        'mpps complete'/--tls-cert | \
        'mpps complete'/--tls-key | \
        'mpps complete'/--tls-key-password-file | \
        'mpps complete'/--password-file | \
        'mpps complete'/--identity-token-file | \
        'mpps complete'/--trace | \
        'mpps discontinue'/--from | \
        'mpps discontinue'/--tls-ca | \
        'mpps discontinue'/--tls-cert | \
        'mpps discontinue'/--tls-key | \
        'mpps discontinue'/--tls-key-password-file | \
        'mpps discontinue'/--password-file | \
        'mpps discontinue'/--identity-token-file | \
        'mpps discontinue'/--trace | \
        'ups push'/-f | 'ups push'/--file | \
        'ups push'/--input | \
        'ups push'/--tls-ca | \
        'ups push'/--tls-cert | \
        'ups push'/--tls-key | \
        'ups push'/--tls-key-password-file | \
        'ups push'/--password-file | \
        'ups push'/--identity-token-file | \
        'ups push'/--trace | \
        'ups claim'/--tls-ca | \
        'ups claim'/--tls-cert | \
        'ups claim'/--tls-key | \
        'ups claim'/--tls-key-password-file | \
        'ups claim'/--password-file | \
        'ups claim'/--identity-token-file | \
        'ups claim'/--trace | \
        'ups progress'/--tls-ca | \
        'ups progress'/--tls-cert | \
        'ups progress'/--tls-key | \
        'ups progress'/--tls-key-password-file | \
        'ups progress'/--password-file | \
        'ups progress'/--identity-token-file | \
        'ups progress'/--trace | \
        'ups complete'/--tls-ca | \
        'ups complete'/--tls-cert | \
        'ups complete'/--tls-key | \
        'ups complete'/--tls-key-password-file | \
        'ups complete'/--password-file | \
        'ups complete'/--identity-token-file | \
        'ups complete'/--trace | \
        'ups cancel'/--tls-ca | \
        'ups cancel'/--tls-cert | \
        'ups cancel'/--tls-key | \
        'ups cancel'/--tls-key-password-file | \
        'ups cancel'/--password-file | \
        'ups cancel'/--identity-token-file | \
        'ups cancel'/--trace | \
        'ups subscribe'/--tls-ca | \
        'ups subscribe'/--tls-cert | \
        'ups subscribe'/--tls-key | \
        'ups subscribe'/--tls-key-password-file | \
        'ups subscribe'/--password-file | \
        'ups subscribe'/--identity-token-file | \
        'ups subscribe'/--trace | \
        'ups unsubscribe'/--tls-ca | \
        'ups unsubscribe'/--tls-cert | \
        'ups unsubscribe'/--tls-key | \
        'ups unsubscribe'/--tls-key-password-file | \
        'ups unsubscribe'/--password-file | \
        'ups unsubscribe'/--identity-token-file | \
        'ups unsubscribe'/--trace | \
        'ups get'/--tls-ca | \
        'ups get'/--tls-cert | \
        'ups get'/--tls-key | \
        'ups get'/--tls-key-password-file | \
        'ups get'/--password-file | \
        'ups get'/--identity-token-file | \
        'ups get'/--trace | \
        print/--tls-ca | \
        print/--tls-cert | \
        print/--tls-key | \
        print/--tls-key-password-file | \
        print/--password-file | \
        print/--identity-token-file | \
        print/--trace | \
        commit/--from | \
        commit/--files-from | \
        commit/--report | \
        commit/--tls-ca | \
        commit/--tls-cert | \
        commit/--tls-key | \
        commit/--tls-key-password-file | \
        commit/--password-file | \
        commit/--identity-token-file | \
        commit/--trace | \
        shell/--tls-ca | \
        shell/--tls-cert | \
        shell/--tls-key | \
        shell/--tls-key-password-file | \
        shell/--password-file | \
        shell/--identity-token-file | \
        shell/--trace | \
        listen/--ready-file | \
        listen/--tls-ca | \
        listen/--tls-cert | \
        listen/--tls-key | \
        listen/--tls-key-password-file | \
        listen/--trace | \
        scp/--ready-file | \
        scp/--tls-ca | \
        scp/--tls-cert | \
        scp/--tls-key | \
        scp/--tls-key-password-file | \
        scp/--trace) _dimse_offer -f; return ;;
        echo/--tls-profile | \
        store/--tls-profile | \
        find/--tls-profile | \
        get/--tls-profile | \
        move/--tls-profile | \
        nget/--tls-profile | \
        nset/--tls-profile | \
        naction/--tls-profile | \
        ncreate/--tls-profile | \
        ndelete/--tls-profile | \
        nevent/--tls-profile | \
        'mpps start'/--tls-profile | \
        'mpps complete'/--tls-profile | \
        'mpps discontinue'/--tls-profile | \
        'ups push'/--tls-profile | \
        'ups claim'/--tls-profile | \
        'ups progress'/--tls-profile | \
        'ups complete'/--tls-profile | \
        'ups cancel'/--tls-profile | \
        'ups subscribe'/--tls-profile | \
        'ups unsubscribe'/--tls-profile | \
        'ups get'/--tls-profile | \
        print/--tls-profile | \
        commit/--tls-profile | \
        shell/--tls-profile | \
        listen/--tls-profile | \
        scp/--tls-profile) _dimse_offer -W 'bcp195 bcp195-extended rfc8996'; return ;;
        echo/--identity-type | \
        store/--identity-type | \
        find/--identity-type | \
        get/--identity-type | \
        move/--identity-type | \
        nget/--identity-type | \
        nset/--identity-type | \
        naction/--identity-type | \
        ncreate/--identity-type | \
        ndelete/--identity-type | \
        nevent/--identity-type | \
        'mpps start'/--identity-type | \
        'mpps complete'/--identity-type | \
        'mpps discontinue'/--identity-type | \
        'ups push'/--identity-type | \
        'ups claim'/--identity-type | \
        'ups progress'/--identity-type | \
        'ups complete'/--identity-type | \
        'ups cancel'/--identity-type | \
        'ups subscribe'/--identity-type | \
        'ups unsubscribe'/--identity-type | \
        'ups get'/--identity-type | \
        print/--identity-type | \
        commit/--identity-type | \
        shell/--identity-type) _dimse_offer -W 'user userpass kerberos saml jwt'; return ;;
        echo/--format | \
        store/--format | \
        find/--format | \
        get/--format | \
        move/--format | \
        nget/--format | \
        nset/--format | \
        naction/--format | \
        ncreate/--format | \
        ndelete/--format | \
        nevent/--format | \
        'mpps start'/--format | \
        'mpps complete'/--format | \
        'mpps discontinue'/--format | \
        'ups push'/--format | \
        'ups claim'/--format | \
        'ups progress'/--format | \
        'ups complete'/--format | \
        'ups cancel'/--format | \
        'ups subscribe'/--format | \
        'ups unsubscribe'/--format | \
        'ups get'/--format | \
        print/--format | \
        commit/--format | \
        shell/--format | \
        listen/--format | \
        scp/--format) _dimse_offer -W 'table tsv csv dump json dicom-json xml'; return ;;
        echo/--color | \
        store/--color | \
        find/--color | \
        get/--color | \
        move/--color | \
        nget/--color | \
        nset/--color | \
        naction/--color | \
        ncreate/--color | \
        ndelete/--color | \
        nevent/--color | \
        'mpps start'/--color | \
        'mpps complete'/--color | \
        'mpps discontinue'/--color | \
        'ups push'/--color | \
        'ups claim'/--color | \
        'ups progress'/--color | \
        'ups complete'/--color | \
        'ups cancel'/--color | \
        'ups subscribe'/--color | \
        'ups unsubscribe'/--color | \
        'ups get'/--color | \
        print/--color | \
        commit/--color | \
        shell/--color | \
        listen/--color | \
        scp/--color | \
        demo/--color) _dimse_offer -W 'auto always never'; return ;;
        store/--priority | \
        find/--priority | \
        get/--priority | \
        move/--priority) _dimse_offer -W 'medium high low'; return ;;
        find/--split-by) _dimse_offer -W 'day month'; return ;;
        find/--extract | \
        get/-o | get/--output | \
        move/-o | move/--output | \
        scp/--worklist | \
        scp/--films | \
        demo/--keep) _dimse_offer -d; return ;;
        find/-k | find/--key | \
        get/-k | get/--key | \
        move/-k | move/--key | \
        nset/-k | nset/--key | \
        naction/-k | naction/--key | \
        ncreate/-k | ncreate/--key | \
        nevent/-k | nevent/--key | \
        'mpps start'/--where | \
        'mpps start'/-k | 'mpps start'/--key | \
        'mpps complete'/-k | 'mpps complete'/--key | \
        'mpps discontinue'/-k | 'mpps discontinue'/--key | \
        'ups push'/-k | 'ups push'/--key | \
        'ups progress'/-k | 'ups progress'/--key | \
        'ups complete'/-k | 'ups complete'/--key | \
        'ups cancel'/-k | 'ups cancel'/--key | \
        'ups subscribe'/-k | 'ups subscribe'/--key) _dimse_offer_key; return ;;
        find/-r | find/--return) _dimse_offer_attribute; return ;;
        find/-L | find/--level | \
        get/-L | get/--level | \
        move/-L | move/--level) _dimse_offer -W 'patient study series image frame'; return ;;
        find/-M | find/--model | \
        get/-M | get/--model | \
        move/-M | move/--model) _dimse_offer -W 'study patient patient-study composite composite-no-bulk worklist ups-pull ups-watch ups-query relevant-patient relevant-patient-breast relevant-patient-cardiac product substance hanging-protocol color-palette implant implant-assembly implant-group defined-procedure protocol-approval inventory repository'; return ;;
        get/--durability | \
        move/--durability | \
        scp/--durability) _dimse_offer -W 'full file none'; return ;;
        get/--on-duplicate | \
        move/--on-duplicate | \
        scp/--on-duplicate) _dimse_offer -W 'keep replace reject both'; return ;;
        nget/--context | \
        nset/--context | \
        naction/--context | \
        ncreate/--context | \
        ndelete/--context | \
        nevent/--context) _dimse_offer -W 'mpps performed-procedure-step pps mpps-retrieve mpps-notification commit storage-commitment commitment stgcmt film-session film-box image-box grayscale-image-box gray-image-box color-image-box colour-image-box annotation-box annotation print-job printer printer-configuration printer-config printer-configuration-retrieval presentation-lut voi-lut-box print-grayscale print print-gray print-color print-colour ups workitem unified-procedure-step ups-push ups-watch ups-pull ups-event ups-query ian instance-availability availability media-creation media display-system display rt-conventional rt-treatment rt-conventional-machine-verification rt-ion rt-ion-machine-verification event-logging procedural-event-logging procedure-log substance-logging substance-administration substance-administration-logging inventory-creation inventory storage-management study-component detached-patient detached-visit detached-study detached-results detached-interpretation print-queue overlay-box'; return ;;
        print/--size) _dimse_offer -W '8INX10IN 8_5INX11IN 10INX12IN 10INX14IN 11INX14IN 11INX17IN 14INX14IN 14INX17IN 24CMX24CM 24CMX30CM A4 A3'; return ;;
        print/--orientation) _dimse_offer -W 'PORTRAIT LANDSCAPE'; return ;;
        print/--priority) _dimse_offer -W 'HIGH MED LOW'; return ;;
        print/--medium) _dimse_offer -W 'PAPER CLEAR FILM BLUE FILM MAMMO CLEAR FILM MAMMO BLUE FILM'; return ;;
        print/--destination) _dimse_offer -W 'MAGAZINE PROCESSOR BIN_1 BIN_2'; return ;;
        print/--magnification) _dimse_offer -W 'REPLICATE BILINEAR CUBIC NONE'; return ;;
        print/--border | \
        print/--empty) _dimse_offer -W 'BLACK WHITE'; return ;;
        print/--polarity) _dimse_offer -W 'NORMAL REVERSE'; return ;;
        print/--too-large) _dimse_offer -W 'DECIMATE CROP FAIL'; return ;;
        print/--resolution) _dimse_offer -W 'STANDARD HIGH'; return ;;
        print/--mode) _dimse_offer -W 'auto gray rgb'; return ;;
        print/--bits) _dimse_offer -W '8 12'; return ;;
        shell/--for) _dimse_offer -W 'print mpps ups query mpps-retrieve mpps-notification commit film-session film-box image-box color-image-box annotation-box print-job printer printer-configuration presentation-lut voi-lut-box print-grayscale print-color ups-push ups-watch ups-pull ups-event ups-query ian media-creation display-system rt-conventional rt-ion event-logging substance-logging inventory-creation study-component detached-patient detached-visit detached-study detached-results detached-interpretation print-queue overlay-box'; return ;;
        shell/--example) _dimse_offer -W 'print'; return ;;
        *) [[ $takes == *" $previous "* ]] && return ;;
    esac
    if [[ $current == -* ]]; then
        _dimse_offer -W "$options"
        return
    fi
    case $command/$position in
        echo/*) _dimse_offer -W "$(_dimse_nodes)" ;;
        store/0) _dimse_offer -W "$(_dimse_nodes)" ;;
        store/*) _dimse_offer -f ;;
        find/0) _dimse_offer -W "$(_dimse_nodes)" ;;
        find/*) _dimse_offer_key ;;
        get/0) _dimse_offer -W "$(_dimse_nodes)" ;;
        get/*) _dimse_offer_key ;;
        move/0) _dimse_offer -W "$(_dimse_nodes)" ;;
        move/*) _dimse_offer_key ;;
        nget/0) _dimse_offer -W "$(_dimse_nodes)" ;;
        nget/1) _dimse_offer -W 'mpps performed-procedure-step pps mpps-retrieve mpps-notification commit storage-commitment commitment stgcmt film-session film-box image-box grayscale-image-box gray-image-box color-image-box colour-image-box annotation-box annotation print-job printer printer-configuration printer-config printer-configuration-retrieval presentation-lut voi-lut-box ups workitem unified-procedure-step ups-push ups-watch ups-pull ups-event ian instance-availability availability media-creation media display-system display rt-conventional rt-treatment rt-conventional-machine-verification rt-ion rt-ion-machine-verification event-logging procedural-event-logging procedure-log substance-logging substance-administration substance-administration-logging inventory-creation inventory storage-management study-component detached-patient detached-visit detached-study detached-results detached-interpretation print-queue overlay-box' ;;
        nget/2) _dimse_offer -W 'new commit storage-commitment printer printer-configuration printer-config global filtered display-system display event-logging procedural-event-logging substance-logging substance-administration inventory-creation inventory' ;;
        nget/*) _dimse_offer_attribute ;;
        nset/0) _dimse_offer -W "$(_dimse_nodes)" ;;
        nset/1) _dimse_offer -W 'mpps performed-procedure-step pps mpps-retrieve mpps-notification commit storage-commitment commitment stgcmt film-session film-box image-box grayscale-image-box gray-image-box color-image-box colour-image-box annotation-box annotation print-job printer printer-configuration printer-config printer-configuration-retrieval presentation-lut voi-lut-box ups workitem unified-procedure-step ups-push ups-watch ups-pull ups-event ian instance-availability availability media-creation media display-system display rt-conventional rt-treatment rt-conventional-machine-verification rt-ion rt-ion-machine-verification event-logging procedural-event-logging procedure-log substance-logging substance-administration substance-administration-logging inventory-creation inventory storage-management study-component detached-patient detached-visit detached-study detached-results detached-interpretation print-queue overlay-box' ;;
        nset/2) _dimse_offer -W 'new commit storage-commitment printer printer-configuration printer-config global filtered display-system display event-logging procedural-event-logging substance-logging substance-administration inventory-creation inventory' ;;
        nset/*) _dimse_offer_key ;;
        naction/0) _dimse_offer -W "$(_dimse_nodes)" ;;
        naction/1) _dimse_offer -W 'mpps performed-procedure-step pps mpps-retrieve mpps-notification commit storage-commitment commitment stgcmt film-session film-box image-box grayscale-image-box gray-image-box color-image-box colour-image-box annotation-box annotation print-job printer printer-configuration printer-config printer-configuration-retrieval presentation-lut voi-lut-box ups workitem unified-procedure-step ups-push ups-watch ups-pull ups-event ian instance-availability availability media-creation media display-system display rt-conventional rt-treatment rt-conventional-machine-verification rt-ion rt-ion-machine-verification event-logging procedural-event-logging procedure-log substance-logging substance-administration substance-administration-logging inventory-creation inventory storage-management study-component detached-patient detached-visit detached-study detached-results detached-interpretation print-queue overlay-box' ;;
        naction/2) _dimse_offer -W 'new commit storage-commitment printer printer-configuration printer-config global filtered display-system display event-logging procedural-event-logging substance-logging substance-administration inventory-creation inventory' ;;
        naction/3) _dimse_offer -W 'commit request print change-state request-cancel cancel subscribe unsubscribe suspend-global-subscription suspend initiate request-beam-verification verify record request-status status pause resume' ;;
        naction/*) _dimse_offer_key ;;
        ncreate/0) _dimse_offer -W "$(_dimse_nodes)" ;;
        ncreate/1) _dimse_offer -W 'mpps performed-procedure-step pps mpps-retrieve mpps-notification commit storage-commitment commitment stgcmt film-session film-box image-box grayscale-image-box gray-image-box color-image-box colour-image-box annotation-box annotation print-job printer printer-configuration printer-config printer-configuration-retrieval presentation-lut voi-lut-box ups workitem unified-procedure-step ups-push ups-watch ups-pull ups-event ian instance-availability availability media-creation media display-system display rt-conventional rt-treatment rt-conventional-machine-verification rt-ion rt-ion-machine-verification event-logging procedural-event-logging procedure-log substance-logging substance-administration substance-administration-logging inventory-creation inventory storage-management study-component detached-patient detached-visit detached-study detached-results detached-interpretation print-queue overlay-box' ;;
        ncreate/*) _dimse_offer_key ;;
        ndelete/0) _dimse_offer -W "$(_dimse_nodes)" ;;
        ndelete/1) _dimse_offer -W 'mpps performed-procedure-step pps mpps-retrieve mpps-notification commit storage-commitment commitment stgcmt film-session film-box image-box grayscale-image-box gray-image-box color-image-box colour-image-box annotation-box annotation print-job printer printer-configuration printer-config printer-configuration-retrieval presentation-lut voi-lut-box ups workitem unified-procedure-step ups-push ups-watch ups-pull ups-event ian instance-availability availability media-creation media display-system display rt-conventional rt-treatment rt-conventional-machine-verification rt-ion rt-ion-machine-verification event-logging procedural-event-logging procedure-log substance-logging substance-administration substance-administration-logging inventory-creation inventory storage-management study-component detached-patient detached-visit detached-study detached-results detached-interpretation print-queue overlay-box' ;;
        ndelete/2) _dimse_offer -W 'new commit storage-commitment printer printer-configuration printer-config global filtered display-system display event-logging procedural-event-logging substance-logging substance-administration inventory-creation inventory' ;;
        nevent/0) _dimse_offer -W "$(_dimse_nodes)" ;;
        nevent/1) _dimse_offer -W 'mpps performed-procedure-step pps mpps-retrieve mpps-notification commit storage-commitment commitment stgcmt film-session film-box image-box grayscale-image-box gray-image-box color-image-box colour-image-box annotation-box annotation print-job printer printer-configuration printer-config printer-configuration-retrieval presentation-lut voi-lut-box ups workitem unified-procedure-step ups-push ups-watch ups-pull ups-event ian instance-availability availability media-creation media display-system display rt-conventional rt-treatment rt-conventional-machine-verification rt-ion rt-ion-machine-verification event-logging procedural-event-logging procedure-log substance-logging substance-administration substance-administration-logging inventory-creation inventory storage-management study-component detached-patient detached-visit detached-study detached-results detached-interpretation print-queue overlay-box' ;;
        nevent/2) _dimse_offer -W 'new commit storage-commitment printer printer-configuration printer-config global filtered display-system display event-logging procedural-event-logging substance-logging substance-administration inventory-creation inventory' ;;
        nevent/3) _dimse_offer -W 'in-progress completed discontinued updated deleted success committed failures failed pending printing done failure normal warning state-report state cancel-requested cancel progress-report progress scp-status-change assigned terminated-with-instances status terminated-without-instances' ;;
        nevent/*) _dimse_offer_key ;;
        'mpps start'/0) _dimse_offer -W "$(_dimse_nodes)" ;;
        'mpps start'/*) _dimse_offer_key ;;
        'mpps complete'/0) _dimse_offer -W "$(_dimse_nodes)" ;;
        'mpps complete'/*) _dimse_offer_key ;;
        'mpps discontinue'/0) _dimse_offer -W "$(_dimse_nodes)" ;;
        'mpps discontinue'/*) _dimse_offer_key ;;
        'ups push'/0) _dimse_offer -W "$(_dimse_nodes)" ;;
        'ups push'/*) _dimse_offer_key ;;
        'ups claim'/0) _dimse_offer -W "$(_dimse_nodes)" ;;
        'ups progress'/0) _dimse_offer -W "$(_dimse_nodes)" ;;
        'ups progress'/*) _dimse_offer_key ;;
        'ups complete'/0) _dimse_offer -W "$(_dimse_nodes)" ;;
        'ups complete'/*) _dimse_offer_key ;;
        'ups cancel'/0) _dimse_offer -W "$(_dimse_nodes)" ;;
        'ups cancel'/*) _dimse_offer_key ;;
        'ups subscribe'/0) _dimse_offer -W "$(_dimse_nodes)" ;;
        'ups subscribe'/1) _dimse_offer -W 'global filter' ;;
        'ups subscribe'/*) _dimse_offer_key ;;
        'ups unsubscribe'/0) _dimse_offer -W "$(_dimse_nodes)" ;;
        'ups unsubscribe'/1) _dimse_offer -W 'global filter' ;;
        'ups get'/0) _dimse_offer -W "$(_dimse_nodes)" ;;
        'ups get'/*) _dimse_offer_attribute ;;
        print/0) _dimse_offer -W "$(_dimse_nodes)" ;;
        print/*) _dimse_offer -f ;;
        commit/0) _dimse_offer -W "$(_dimse_nodes)" ;;
        commit/*) _dimse_offer -f ;;
        shell/0) _dimse_offer -W "$(_dimse_nodes)" ;;
        shell/*) _dimse_offer -f ;;
        listen/*) _dimse_offer -W 'mpps performed-procedure-step pps mpps-retrieve mpps-notification commit storage-commitment commitment stgcmt film-session film-box image-box grayscale-image-box gray-image-box color-image-box colour-image-box annotation-box annotation print-job printer printer-configuration printer-config printer-configuration-retrieval presentation-lut voi-lut-box ups workitem unified-procedure-step ups-push ups-watch ups-pull ups-event ian instance-availability availability media-creation media display-system display rt-conventional rt-treatment rt-conventional-machine-verification rt-ion rt-ion-machine-verification event-logging procedural-event-logging procedure-log substance-logging substance-administration substance-administration-logging inventory-creation inventory storage-management study-component detached-patient detached-visit detached-study detached-results detached-interpretation print-queue overlay-box' ;;
        scp/0) _dimse_offer -f ;;
    esac
}

complete -F _dimse dimse
