"""The information models that C-FIND, C-MOVE and C-GET work on (PS3.4 C.6, K, Q, U to Z, BB, CC, HH to JJ).

What each is called, its SOP classes, its levels, and what to ask for where a person names no return keys.
The checks of requests against a model are `query_checks`; they are offered here, too.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

from dimsetools.dataset.attributes import Attribute, Attributes, sorted_attributes, text
from dimsetools.dataset.dictionary import vr_of
from dimsetools.dataset.levels import (
    FRAME_KEYS,
    LEVEL,
    LEVELS,
    key_origin,
    named_level,
    tags_of,
    unique_key,
)
from dimsetools.dataset.query_checks import check_find, check_retrieve, has_only_unique_keys, unique_keys
from dimsetools.errors import UsageError, did_you_mean

__all__ = [
    "LEVEL", "LEVELS", "MODELS", "Model", "check_find", "check_retrieve", "default_returns",
    "has_only_unique_keys", "key_origin", "level_of_keys", "model", "named_level", "unique_key",
    "unique_keys", "with_defaults",
]  # fmt: skip


class Model(NamedTuple):
    """An information model: `find`, `move` and `get` are SOP class UIDs, "" where it lacks the service.

    `levels` from top to bottom, () where it has none. `needs` are keys that a query must give one value.
    """

    name: str
    title: str
    find: str = ""
    move: str = ""
    get: str = ""
    levels: tuple[str, ...] = ()
    needs: tuple[int, ...] = ()


_CLASSES = "1.2.840.10008.5.1.4."
_PATIENT_ID = (0x00100020,)


def _trio(name: str, title: str, branch: str, first: int, levels: tuple[str, ...] = ()) -> Model:
    """Return a model whose three SOP classes are numbered one behind the other."""
    find, move, get = (f"{_CLASSES}{branch}.{first + number}" for number in range(3))
    return Model(name, title, find, move, get, levels)


def _query(name: str, title: str, suffix: str, needs: tuple[int, ...] = ()) -> Model:
    return Model(name, title, _CLASSES + suffix, needs=needs)


_DEEP = ("PATIENT", "STUDY", "SERIES", "IMAGE")

MODELS: Mapping[str, Model] = {
    row.name: row
    for row in (
        _trio("study", "Study Root", "1.2.2", 1, _DEEP[1:]),
        _trio("patient", "Patient Root", "1.2.1", 1, _DEEP),
        _trio("patient-study", "Patient/Study Only", "1.2.3", 1, _DEEP[:2]),
        Model(
            "composite", "Composite Instance Root", move=_CLASSES + "1.2.4.2", get=_CLASSES + "1.2.4.3",
            levels=("IMAGE", "FRAME"),
        ),
        Model(
            "composite-no-bulk", "Composite Instance Without Bulk Data", get=_CLASSES + "1.2.5.3",
            levels=("IMAGE",),
        ),
        _query("worklist", "Modality Worklist", "31"),
        _query("ups-pull", "Unified Procedure Step - Pull", "34.6.3"),
        _query("ups-watch", "Unified Procedure Step - Watch", "34.6.2"),
        _query("ups-query", "Unified Procedure Step - Query", "34.6.5"),
        _query("relevant-patient", "General Relevant Patient Information", "37.1", _PATIENT_ID),
        _query("relevant-patient-breast", "Breast Imaging Relevant Patient Information", "37.2", _PATIENT_ID),
        _query("relevant-patient-cardiac", "Cardiac Relevant Patient Information", "37.3", _PATIENT_ID),
        _query("product", "Product Characteristics", "41"),
        _query("substance", "Substance Approval", "42"),
        _trio("hanging-protocol", "Hanging Protocol", "38", 2),
        _trio("color-palette", "Color Palette", "39", 2),
        _trio("implant", "Generic Implant Template", "43", 2),
        _trio("implant-assembly", "Implant Assembly Template", "44", 2),
        _trio("implant-group", "Implant Template Group", "45", 2),
        _trio("defined-procedure", "Defined Procedure Protocol", "20", 1),
        _trio("protocol-approval", "Protocol Approval", "1.1.200", 4),
        _trio("inventory", "Inventory", "1.1.201", 2),
        Model("repository", "Repository Query", _CLASSES + "1.1.201.6", levels=_DEEP[1:]),
    )
}  # fmt: skip
"""Every model by its name; the first is the default."""

_ALIASES = {
    "study-root": "study", "patient-root": "patient", "patient-study-only": "patient-study",
    "psonly": "patient-study", "mwl": "worklist", "modality-worklist": "worklist", "ups": "ups-pull",
    "unified": "ups-pull", "unified-procedure-step": "ups-pull", "colour-palette": "color-palette",
    "hanging": "hanging-protocol", "palette": "color-palette", "implant-template": "implant",
    "generic-implant": "implant", "protocol": "defined-procedure", "approval": "protocol-approval",
    "composite-instance": "composite", "relevant": "relevant-patient",
    "relevant-patient-general": "relevant-patient", "repository-query": "repository",
}  # fmt: skip


def model(name: str) -> Model:
    """Return the model that people call `name`, or one of whose SOP classes has that UID.

    Case, blanks and underscores do not matter. Raises UsageError for anything else.
    """
    word = name.strip().lower().replace("_", "-").replace(" ", "-")
    found = MODELS.get(_ALIASES.get(word, word))
    if found is not None:
        return found
    for row in MODELS.values():
        if word and word in (row.find, row.move, row.get):
            return row
    hint = did_you_mean(word, (*MODELS, *_ALIASES)) or "models: " + ", ".join(MODELS)
    raise UsageError(f"{name!r} is no information model", hint=hint)


def level_of_keys(attributes: Attributes, model: Model) -> str:
    """Return the level to work at where nobody said it: "" in a model without levels.

    That is what the keys say in (0008,0052), else the lowest level whose unique key has a value, else
    STUDY, or the top of a model that has no studies or starts above them.
    """
    if not model.levels:
        return ""
    said = text(attributes, LEVEL).upper()
    if said in model.levels:
        return said
    if "FRAME" in model.levels and any(_given(attributes, tag) for tag in FRAME_KEYS):
        return "FRAME"
    for level in reversed(model.levels):
        if level != "FRAME" and _given(attributes, unique_key(level)):
            return level
    return model.levels[0]


def _given(attributes: Attributes, tag: int) -> bool:
    return tag in attributes and attributes[tag].values not in ((), ("",))


# -- what to ask for --------------------------------------------------------------------------------

_STUDY_RETURNS = """
    StudyDate StudyTime AccessionNumber ModalitiesInStudy ReferringPhysicianName StudyDescription StudyID
    StudyInstanceUID NumberOfStudyRelatedSeries NumberOfStudyRelatedInstances
"""
_PERSON = " PatientName PatientID PatientBirthDate PatientSex "
_AT_LEVEL = {
    "PATIENT": _PERSON + """
        NumberOfPatientRelatedStudies NumberOfPatientRelatedSeries NumberOfPatientRelatedInstances
    """,
    "STUDY": _STUDY_RETURNS,
    "SERIES": """
        Modality SeriesNumber SeriesDescription SeriesDate SeriesTime BodyPartExamined SeriesInstanceUID
        NumberOfSeriesRelatedInstances
    """,
    "IMAGE": "InstanceNumber SOPClassUID SOPInstanceUID",
}  # fmt: skip
_OBJECT = " SOPClassUID SOPInstanceUID "
_UPS = _OBJECT + _PERSON + """
    StudyInstanceUID AdmissionID ScheduledStationNameCodeSequence ScheduledProcedureStepStartDateTime
    ScheduledProcedureStepModificationDateTime ExpectedCompletionDateTime ScheduledWorkitemCodeSequence
    InputReadinessState ProcedureStepState ScheduledProcedureStepPriority WorklistLabel ProcedureStepLabel
"""  # fmt: skip
_IN_MODEL = {
    "worklist": _PERSON + """
        AccessionNumber ReferringPhysicianName StudyInstanceUID RequestingPhysician
        RequestedProcedureDescription RequestedProcedureID RequestedProcedurePriority AdmissionID
        CurrentPatientLocation ScheduledProcedureStepSequence
    """,
    "ups-pull": _UPS,
    "ups-watch": _UPS,
    "ups-query": _UPS,
    "relevant-patient": _PERSON + """
        ObservationDateTime ValueType ConceptNameCodeSequence ContentTemplateSequence ContentSequence
    """,
    "product": """
        Manufacturer ProductPackageIdentifier ProductName ProductDescription ProductLotIdentifier
        ProductExpirationDateTime ProductTypeCodeSequence ProductParameterSequence
    """,
    "substance": _PERSON + "ProductPackageIdentifier SubstanceAdministrationApproval",
    "hanging-protocol": _OBJECT + """
        HangingProtocolName HangingProtocolDescription HangingProtocolLevel HangingProtocolCreator
        HangingProtocolCreationDateTime HangingProtocolUserGroupName NumberOfPriorsReferenced
    """,
    "color-palette": _OBJECT + "ContentLabel ContentDescription ContentCreatorName",
    "implant": _OBJECT + """
        Manufacturer ImplantName ImplantPartNumber ImplantSize ImplantTemplateVersion ImplantType
        EffectiveDateTime
    """,
    "implant-assembly": _OBJECT + """
        ImplantAssemblyTemplateName ImplantAssemblyTemplateIssuer ImplantAssemblyTemplateVersion
        ImplantAssemblyTemplateType EffectiveDateTime
    """,
    "implant-group": _OBJECT + """
        ImplantTemplateGroupName ImplantTemplateGroupDescription ImplantTemplateGroupIssuer
        ImplantTemplateGroupVersion EffectiveDateTime
    """,
    "defined-procedure": _OBJECT + """
        Modality Manufacturer ManufacturerModelName ProtocolName ContentLabel ContentDescription
        ContentCreatorName PotentialScheduledProtocolCodeSequence
    """,
    "protocol-approval": _OBJECT + "InstanceCreationDate InstanceCreationTime ApprovalSubjectSequence",
    "inventory": _OBJECT + """
        ContentDate ContentTime InventoryPurpose InventoryInstanceDescription InventoryLevel
        InventoryCompletionStatus TotalNumberOfStudyRecords
    """,
}  # fmt: skip
_SCHEDULED_STEP = 0x00400100
_IN_STEP = """
    Modality ScheduledStationAETitle ScheduledProcedureStepStartDate ScheduledProcedureStepStartTime
    ScheduledPerformingPhysicianName ScheduledProcedureStepDescription ScheduledProtocolCodeSequence
    ScheduledProcedureStepID ScheduledStationName ScheduledProcedureStepLocation ScheduledProcedureStepStatus
"""


@cache
def default_returns(model: Model, level: str) -> tuple[int, ...]:
    """Return the tags to ask for in ascending order: what tells one match from another, and whose it is.

    Those inside the sequence of a worklist query are added by `with_defaults`.
    """
    if not model.levels:
        name = "relevant-patient" if model.name.startswith("relevant-patient") else model.name
        return tuple(sorted(tags_of(_IN_MODEL[name])))
    found = set(tags_of(_AT_LEVEL.get(level, _AT_LEVEL["IMAGE"])))
    if level in model.levels:
        found.update(unique_key(above) for above in model.levels[: model.levels.index(level)])
    if level == "STUDY" and "PATIENT" not in model.levels:
        found.update(tags_of(_PERSON))
    return tuple(sorted(found))


def with_defaults(model: Model, level: str, attributes: Attributes) -> Attributes:
    """Return the keys with the default return keys added, empty, where they are not there already."""
    found = {tag: Attribute(vr_of(tag)) for tag in default_returns(model, level)} | attributes
    if model.name == "worklist":
        step = found[_SCHEDULED_STEP]
        items = step.values if step.vr == "SQ" else ()
        item = items[0] if items else {}
        inside = {tag: Attribute(vr_of(tag)) for tag in tags_of(_IN_STEP)}
        found[_SCHEDULED_STEP] = Attribute("SQ", (inside | item, *items[1:]))
    return sorted_attributes(found)
