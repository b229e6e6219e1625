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

# Offers keywords, then =, and files of queries.
_dimse_offer_key() {
    compopt -o nospace -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen -S = -W 'AccessionNumber AcquisitionDate AcquisitionDateTime AcquisitionNumber AcquisitionTime AdditionalPatientHistory AdmissionID AdmittingDiagnosesCodeSequence AdmittingDiagnosesDescription Allergies AlternateRepresentationSequence AnatomicRegionsInStudyCodeSequence ApprovalSubjectSequence AvailableTransferSyntaxUID BitsAllocated BitsStored BodyPartExamined BranchOfService BreedRegistrationSequence CalculatedFrameList ClinicalTrialCoordinatingCenterName ClinicalTrialProtocolID ClinicalTrialProtocolName ClinicalTrialSeriesDescription ClinicalTrialSeriesID ClinicalTrialSiteID ClinicalTrialSiteName ClinicalTrialSponsorName ClinicalTrialSubjectID ClinicalTrialSubjectReadingID ClinicalTrialTimePointDescription ClinicalTrialTimePointID Columns CommentsOnThePerformedProcedureStep CompletionFlag ConceptNameCodeSequence ConsultingPhysicianIdentificationSequence ConsultingPhysicianName ContainerIdentifier ContentCreatorName ContentDate ContentDescription ContentLabel ContentSequence ContentTemplateSequence ContentTime CountryOfResidence CurrentPatientLocation DateOfLastCalibration DeidentificationMethod DeidentificationMethodCodeSequence DeviceSerialNumber DeviceUID DocumentTitle EffectiveDateTime EthnicGroup EthnicGroupCodeSequence ExpectedCompletionDateTime FrameOfReferenceUID GantryID GroupOfPatientsIdentificationSequence HangingProtocolCreationDateTime HangingProtocolCreator HangingProtocolDescription HangingProtocolLevel HangingProtocolName HangingProtocolUserGroupName HighBit ImageComments ImageLaterality ImageOrientationPatient ImagePositionPatient ImageType ImplantAssemblyTemplateIssuer ImplantAssemblyTemplateName ImplantAssemblyTemplateType ImplantAssemblyTemplateVersion ImplantName ImplantPartNumber ImplantSize ImplantTemplateGroupDescription ImplantTemplateGroupIssuer ImplantTemplateGroupName ImplantTemplateGroupVersion ImplantTemplateVersion ImplantType InputReadinessState InstanceCreationDate InstanceCreationTime InstanceCreatorUID InstanceNumber InstitutionAddress InstitutionCodeSequence InstitutionName InstitutionalDepartmentName InventoryCompletionStatus InventoryInstanceDescription InventoryLevel InventoryPurpose IssuerOfAccessionNumberSequence IssuerOfAdmissionIDSequence IssuerOfPatientID IssuerOfPatientIDQualifiersSequence IssuerOfServiceEpisodeIDSequence LargestPixelValueInSeries LastMenstrualDate Laterality LossyImageCompression MIMETypeOfEncapsulatedDocument Manufacturer ManufacturerModelName MeasuredAPDimension MeasuredLateralDimension MedicalAlerts MilitaryRank ModalitiesInStudy Modality NameOfPhysiciansReadingStudy NumberOfFrames NumberOfPatientRelatedInstances NumberOfPatientRelatedSeries NumberOfPatientRelatedStudies NumberOfPriorsReferenced NumberOfSeriesRelatedInstances NumberOfStudyRelatedInstances NumberOfStudyRelatedSeries ObservationDateTime Occupation OperatorIdentificationSequence OperatorsName OtherPatientIDsSequence OtherPatientNames PatientAddress PatientAge PatientAlternativeCalendar PatientBirthDate PatientBirthDateInAlternativeCalendar PatientBirthName PatientBirthTime PatientBodyMassIndex PatientBreedCodeSequence PatientBreedDescription PatientComments PatientID PatientIdentityRemoved PatientMotherBirthName PatientName PatientPosition PatientReligiousPreference PatientSex PatientSexNeutered PatientSize PatientSizeCodeSequence PatientSpeciesCodeSequence PatientSpeciesDescription PatientState PatientTelephoneNumbers PatientWeight PerformedLocation PerformedProcedureStepDescription PerformedProcedureStepEndDate PerformedProcedureStepEndTime PerformedProcedureStepID PerformedProcedureStepStartDate PerformedProcedureStepStartTime PerformedProtocolCodeSequence PerformedStationAETitle PerformedStationName PerformingPhysicianIdentificationSequence PerformingPhysicianName PhotometricInterpretation PhysiciansOfRecord PhysiciansOfRecordIdentificationSequence PhysiciansReadingStudyIdentificationSequence PixelRepresentation PixelSpacing PositionReferenceIndicator PotentialScheduledProtocolCodeSequence PregnancyStatus PresentationIntentType ProcedureCodeSequence ProcedureStepLabel ProcedureStepState ProductDescription ProductExpirationDateTime ProductLotIdentifier ProductName ProductPackageIdentifier ProductParameterSequence ProductTypeCodeSequence ProtocolName QualityControlSubject ReasonForPerformedProcedureCodeSequence ReasonForVisit ReasonForVisitCodeSequence ReferencedImageSequence ReferencedPatientPhotoSequence ReferencedPatientSequence ReferencedPerformedProcedureStepSequence ReferencedStudySequence ReferringPhysicianAddress ReferringPhysicianIdentificationSequence ReferringPhysicianName ReferringPhysicianTelephoneNumbers RegionOfResidence RelatedGeneralSOPClassUID RelatedSeriesSequence RequestAttributesSequence RequestedProcedureDescription RequestedProcedureID RequestedProcedurePriority RequestingPhysician RequestingService RequestingServiceCodeSequence RescaleIntercept RescaleSlope ResponsibleOrganization ResponsiblePerson ResponsiblePersonRole Rows SOPClassUID SOPClassesInStudy SOPInstanceUID SamplesPerPixel ScheduledPerformingPhysicianName ScheduledProcedureStepDescription ScheduledProcedureStepID ScheduledProcedureStepLocation ScheduledProcedureStepModificationDateTime ScheduledProcedureStepPriority ScheduledProcedureStepSequence ScheduledProcedureStepStartDate ScheduledProcedureStepStartDateTime ScheduledProcedureStepStartTime ScheduledProcedureStepStatus ScheduledProtocolCodeSequence ScheduledStationAETitle ScheduledStationName ScheduledStationNameCodeSequence ScheduledWorkitemCodeSequence SeriesDate SeriesDescription SeriesDescriptionCodeSequence SeriesInstanceUID SeriesNumber SeriesTime ServiceEpisodeDescription ServiceEpisodeID SimpleFrameList SliceLocation SliceThickness SmallestPixelValueInSeries SmokingStatus SoftwareVersions SourceImageSequence SourcePatientGroupIdentificationSequence SpatialResolution SpecimenDescriptionSequence StationName StrainDescription StudyDate StudyDescription StudyID StudyInstanceUID StudyTime StudyUpdateDateTime SubstanceAdministrationApproval SynchronizationFrameOfReferenceUID TimeOfLastCalibration TimeRange TotalNumberOfStudyRecords TreatmentSessionUID TypeOfPatientID ValueType VerificationFlag ViewPosition WindowCenter WindowWidth WorklistLabel' -- "$current"; compgen -f -- "$current")
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
    case $command in
        '') _dimse_offer -W 'echo store find get move scp demo --help --version'; return ;;
        echo)
            options='--all -j --jobs --nagios -w --warning -c --critical --prom -h --help --aet --aec --bind --profile --connect-timeout --acse-timeout --dimse-timeout --idle-timeout --total-timeout --max-pdu --async --ts --role --ext --tls --no-tls --tls-ca --tls-cert --tls-key --tls-key-password-file --tls-profile --tls-server-name --tls-insecure --user --password-file --identity-token-file --identity-type --identity-response --allow-cleartext-auth --repeat --interval --abort --dry-run --format --json --fields --no-headers -q --quiet -v --verbose -d --debug --log-json --trace --trace-phi --color'
            takes=' -j --jobs -w --warning -c --critical --prom --aet --aec --bind --profile --connect-timeout --acse-timeout --dimse-timeout --idle-timeout --total-timeout --max-pdu --async --ts --role --ext --tls-ca --tls-cert --tls-key --tls-key-password-file --tls-profile --tls-server-name --user --password-file --identity-token-file --identity-type --repeat --interval --format --fields --trace --color ' ;;
        store)
            options='--files-from -0 --null --include --exclude -j --jobs --retry --never-transcode --allow-truncated --trim --fail-fast --report -h --help --aet --aec --bind --profile --connect-timeout --acse-timeout --dimse-timeout --idle-timeout --total-timeout --max-pdu --async --priority --ts --role --ext --tls --no-tls --tls-ca --tls-cert --tls-key --tls-key-password-file --tls-profile --tls-server-name --tls-insecure --user --password-file --identity-token-file --identity-type --identity-response --allow-cleartext-auth --repeat --interval --abort --dry-run --strict --format --json --fields --no-headers -q --quiet -v --verbose -d --debug --log-json --stats --trace --trace-phi --color'
            takes=' --files-from --include --exclude -j --jobs --retry --report --aet --aec --bind --profile --connect-timeout --acse-timeout --dimse-timeout --idle-timeout --total-timeout --max-pdu --async --priority --ts --role --ext --tls-ca --tls-cert --tls-key --tls-key-password-file --tls-profile --tls-server-name --user --password-file --identity-token-file --identity-type --repeat --interval --format --fields --stats --trace --color ' ;;
        find)
            options='--limit --count --sort --split-by --extract --error-on-empty -h --help -k --key -r --return -f --file -L --level -M --model -P -S -O -W --no-check --assume-charset --relational --fuzzy --datetime --timezone --aet --aec --bind --profile --connect-timeout --acse-timeout --dimse-timeout --idle-timeout --total-timeout --max-pdu --async --priority --ts --role --ext --tls --no-tls --tls-ca --tls-cert --tls-key --tls-key-password-file --tls-profile --tls-server-name --tls-insecure --user --password-file --identity-token-file --identity-type --identity-response --allow-cleartext-auth --repeat --interval --abort --dry-run --strict --format --json --fields --no-headers -q --quiet -v --verbose -d --debug --log-json --trace --trace-phi --color'
            takes=' --limit --sort --split-by --extract -k --key -r --return -f --file -L --level -M --model --assume-charset --aet --aec --bind --profile --connect-timeout --acse-timeout --dimse-timeout --idle-timeout --total-timeout --max-pdu --async --priority --ts --role --ext --tls-ca --tls-cert --tls-key --tls-key-password-file --tls-profile --tls-server-name --user --password-file --identity-token-file --identity-type --repeat --interval --format --fields --trace --color ' ;;
        get)
            options='--classes -h --help -o --output --manifest -j --jobs --verify --error-on-empty -k --key -f --file -L --level -M --model -P -S -O --no-check --assume-charset --relational --fuzzy --datetime --layout --durability --on-duplicate --file-mode --min-free --ignore --aet --aec --bind --profile --connect-timeout --acse-timeout --dimse-timeout --idle-timeout --total-timeout --max-pdu --async --priority --ts --role --ext --tls --no-tls --tls-ca --tls-cert --tls-key --tls-key-password-file --tls-profile --tls-server-name --tls-insecure --user --password-file --identity-token-file --identity-type --identity-response --allow-cleartext-auth --repeat --interval --abort --dry-run --strict --format --json --fields --no-headers -q --quiet -v --verbose -d --debug --log-json --stats --trace --trace-phi --color'
            takes=' --classes -o --output --manifest -j --jobs -k --key -f --file -L --level -M --model --assume-charset --layout --durability --on-duplicate --file-mode --min-free --aet --aec --bind --profile --connect-timeout --acse-timeout --dimse-timeout --idle-timeout --total-timeout --max-pdu --async --priority --ts --role --ext --tls-ca --tls-cert --tls-key --tls-key-password-file --tls-profile --tls-server-name --user --password-file --identity-token-file --identity-type --repeat --interval --format --fields --stats --trace --color ' ;;
        move)
            options='--dest --receive --receive-tls --allow -h --help -o --output --manifest -j --jobs --verify --error-on-empty -k --key -f --file -L --level -M --model -P -S -O --no-check --assume-charset --relational --fuzzy --datetime --layout --durability --on-duplicate --file-mode --min-free --ignore --aet --aec --bind --profile --connect-timeout --acse-timeout --dimse-timeout --idle-timeout --total-timeout --max-pdu --async --priority --ts --role --ext --tls --no-tls --tls-ca --tls-cert --tls-key --tls-key-password-file --tls-profile --tls-server-name --tls-insecure --user --password-file --identity-token-file --identity-type --identity-response --allow-cleartext-auth --repeat --interval --abort --dry-run --strict --format --json --fields --no-headers -q --quiet -v --verbose -d --debug --log-json --stats --trace --trace-phi --color'
            takes=' --dest --receive --allow -o --output --manifest -j --jobs -k --key -f --file -L --level -M --model --assume-charset --layout --durability --on-duplicate --file-mode --min-free --aet --aec --bind --profile --connect-timeout --acse-timeout --dimse-timeout --idle-timeout --total-timeout --max-pdu --async --priority --ts --role --ext --tls-ca --tls-cert --tls-key --tls-key-password-file --tls-profile --tls-server-name --user --password-file --identity-token-file --identity-type --repeat --interval --format --fields --stats --trace --color ' ;;
        scp)
            options='-h --help --aet --any-called --port --bind --allow --allow-any --any-class --require-user --allow-cleartext-auth --max-associations --layout --durability --on-duplicate --file-mode --min-free --ignore --on-object --on-study --study-timeout --no-index --worklist --dest --reindex --check --exit-after --timeout --grace --ready-file --log-phi --profile --acse-timeout --dimse-timeout --idle-timeout --max-pdu --async --ts --tls --tls-ca --tls-cert --tls-key --tls-key-password-file --tls-profile --tls-no-client-auth --format --json --fields --no-headers -q --quiet -v --verbose -d --debug --log-json --stats --trace --trace-phi --color'
            takes=' --aet --port --bind --allow --require-user --max-associations --layout --durability --on-duplicate --file-mode --min-free --on-object --on-study --study-timeout --worklist --dest --exit-after --timeout --grace --ready-file --profile --acse-timeout --dimse-timeout --idle-timeout --max-pdu --async --ts --tls-ca --tls-cert --tls-key --tls-key-password-file --tls-profile --format --fields --stats --trace --color ' ;;
        demo)
            options='-h --help -d --debug --color'
            takes=' --color ' ;;
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
        scp/--tls-profile) _dimse_offer -W 'bcp195 bcp195-extended rfc8996'; return ;;
        echo/--identity-type | \
        store/--identity-type | \
        find/--identity-type | \
        get/--identity-type | \
        move/--identity-type) _dimse_offer -W 'user userpass kerberos saml jwt'; return ;;
        echo/--format | \
        store/--format | \
        find/--format | \
        get/--format | \
        move/--format | \
        scp/--format) _dimse_offer -W 'table tsv csv dump json dicom-json xml'; return ;;
        echo/--color | \
        store/--color | \
        find/--color | \
        get/--color | \
        move/--color | \
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
        scp/--worklist) _dimse_offer -d; return ;;
        find/-k | find/--key | \
        find/-r | find/--return | \
        get/-k | get/--key | \
        move/-k | move/--key) _dimse_offer_key; return ;;
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
        scp/0) _dimse_offer -f ;;
    esac
}

complete -F _dimse dimse
