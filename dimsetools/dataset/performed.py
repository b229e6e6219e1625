"""What a modality says of a procedure step that it performs (PS3.4 F.7.2): the data sets of MPPS.

`begun` is the N-CREATE, made from a worklist item, from the header of an image, or from nothing; `ended` is
the N-SET that completes or discontinues it, with the series that came of it. What is known of the scheduled
step is copied where the table wants it, what is wanted and not known is there without a value.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from dimsetools.dataset.attributes import Attribute, Attributes, sorted_attributes, text, texts
from dimsetools.dataset.dictionary import tag_of, vr_of
from dimsetools.dataset.flat import from_flat
from dimsetools.dataset.key_paths import parse_key
from dimsetools.dataset.keys import keyed


def _tags(*keywords: str) -> tuple[int, ...]:
    found = tuple(tag for keyword in keywords if (tag := tag_of(keyword)) is not None)
    assert len(found) == len(keywords), keywords
    return found


_STEP_SEQUENCE, _REQUEST_SEQUENCE, _SCHEDULED = _tags(
    "ScheduledProcedureStepSequence", "RequestAttributesSequence", "ScheduledStepAttributesSequence"
)
_PATIENT = _tags("PatientName", "PatientID", "PatientBirthDate", "PatientSex", "ReferencedPatientSequence")
_PATIENT_OPTIONAL = _tags("IssuerOfPatientID", "IssuerOfPatientIDQualifiersSequence", "AdmissionID")
_OF_STEP = _tags(
    "StudyInstanceUID", "ReferencedStudySequence", "AccessionNumber", "RequestedProcedureID",
    "RequestedProcedureDescription", "ScheduledProcedureStepID", "ScheduledProcedureStepDescription",
    "ScheduledProtocolCodeSequence",
)  # fmt: skip
_OF_STEP_OPTIONAL = _tags(
    "IssuerOfAccessionNumberSequence", "RequestedProcedureCodeSequence",
    "PlacerOrderNumberImagingServiceRequest", "FillerOrderNumberImagingServiceRequest",
)  # fmt: skip
_STUDY, _CLASS, _INSTANCE, _SERIES, _ROWS = _tags(
    "StudyInstanceUID", "SOPClassUID", "SOPInstanceUID", "SeriesInstanceUID", "Rows"
)
_OF_SERIES = _tags("PerformingPhysicianName", "OperatorsName", "SeriesDescription")

HEADER = frozenset(
    (
        *_PATIENT, *_PATIENT_OPTIONAL, *_OF_STEP, *_OF_STEP_OPTIONAL, *_OF_SERIES, _REQUEST_SEQUENCE, _STUDY,
        _CLASS, _INSTANCE, _SERIES, _ROWS,
        *_tags(
            "SpecificCharacterSet", "Modality", "StationName", "StudyID", "StudyDescription", "ProtocolName",
            "ProcedureCodeSequence", "PerformedProtocolCodeSequence", "PerformedProcedureStepID",
            "PerformedProcedureStepDescription", "PerformedProcedureStepStartDate",
            "PerformedProcedureStepStartTime", "SeriesDate", "SeriesTime", "StudyDate", "StudyTime",
        ),
    )
)  # fmt: skip
"""Tags of what is read in the header of an image."""


# -- the beginning ----------------------------------------------------------------------------------


def begun(source: Attributes, station: str, now: datetime, study: str) -> Attributes:
    """Return the N-CREATE of a step that is performed by the AE `station` since `now`.

    `source` is a worklist item, the header of an image, or empty; `study` is the Study Instance UID where it
    has none. A step whose images are there began when they say that it did.
    """
    steps = _items(source, _STEP_SEQUENCE) or _items(source, _REQUEST_SEQUENCE) or [{}]
    first = {**source, **steps[0]}
    date, time = _start(source, now)
    named = from_flat(
        {
            "PerformedStationAETitle": station,
            "PerformedStationName": _known(first, "ScheduledStationName", "StationName"),
            "PerformedLocation": _known(first, "ScheduledProcedureStepLocation"),
            "PerformedProcedureStepStartDate": date,
            "PerformedProcedureStepStartTime": time,
            "PerformedProcedureStepID": _known(first, "PerformedProcedureStepID") or f"{now:P%y%m%d%H%M%S}",
            "PerformedProcedureStepEndDate": None,
            "PerformedProcedureStepEndTime": None,
            "PerformedProcedureStepStatus": "IN PROGRESS",
            "PerformedProcedureStepDescription": _known(
                first,
                "PerformedProcedureStepDescription",
                "ScheduledProcedureStepDescription",
                "RequestedProcedureDescription",
                "StudyDescription",
            ),
            "PerformedProcedureTypeDescription": None,
            "PerformedProcedureStepDiscontinuationReasonCodeSequence": [],
            "Modality": _known(first, "Modality"),
            "StudyID": _known(first, "StudyID", "RequestedProcedureID"),
            "PerformedSeriesSequence": [],
        }
    )
    coded = {
        tag: _first(first, *names)
        for tag, names in zip(
            _tags("ProcedureCodeSequence", "PerformedProtocolCodeSequence"),
            (
                ("ProcedureCodeSequence", "RequestedProcedureCodeSequence"),
                ("PerformedProtocolCodeSequence", "ScheduledProtocolCodeSequence"),
            ),
            strict=True,
        )
    }
    scheduled = tuple(_scheduled(source, step, study) for step in steps)
    kept = {tag: source[tag] for tag in _PATIENT_OPTIONAL if tag in source}
    patient = {tag: source.get(tag, Attribute(vr_of(tag))) for tag in _PATIENT}
    return sorted_attributes({**named, **coded, **patient, **kept, _SCHEDULED: Attribute("SQ", scheduled)})


def _scheduled(source: Attributes, step: Attributes, study: str) -> Attributes:
    """Return the item that says which scheduled step is performed."""
    known = {**source, **step}
    item = {tag: known.get(tag, Attribute(vr_of(tag))) for tag in _OF_STEP}
    if not text(item, _STUDY):
        item[_STUDY] = Attribute("UI", (study,))
    return item | {tag: known[tag] for tag in _OF_STEP_OPTIONAL if tag in known}


def _start(source: Attributes, now: datetime) -> tuple[str, str]:
    """Return date and time at which the step began."""
    for word in ("PerformedProcedureStepStart", "Series", "Study"):
        date, time = _known(source, f"{word}Date"), _known(source, f"{word}Time")
        if date and time:
            return date, time
    return f"{now:%Y%m%d}", f"{now:%H%M%S}"


def overlaid(made: Attributes, keys: Iterable[str], now: datetime) -> Attributes:
    """Return a data set with keys laid over it; those of the scheduled step belong into its item.

    UsageError for a key that is not understood.
    """
    of_step = {*_OF_STEP, *_OF_STEP_OPTIONAL}
    placed = [
        f"ScheduledStepAttributesSequence.{key}" if parse_key(key).steps[0].tag in of_step else key
        for key in keys
    ]
    return keyed(placed, base=made, today=now, ranged=False)


# -- the end ----------------------------------------------------------------------------------------


def ended(state: str, now: datetime, series: Sequence[Attributes], reason: Attributes | None) -> Attributes:
    """Return the N-SET that ends a step in `state`; `reason` is the code of why it was discontinued."""
    made = from_flat(
        {
            "PerformedProcedureStepStatus": state,
            "PerformedProcedureStepEndDate": f"{now:%Y%m%d}",
            "PerformedProcedureStepEndTime": f"{now:%H%M%S}",
        }
    )
    sequence, why = _tags(
        "PerformedSeriesSequence", "PerformedProcedureStepDiscontinuationReasonCodeSequence"
    )
    made[sequence] = Attribute("SQ", tuple(series))
    if reason is not None:
        made[why] = Attribute("SQ", (reason,))
    return sorted_attributes(made)


def empty_series(uid: str) -> Attributes:
    """Return the series of a step of which nothing came: a step that has ended has one (table F.7.2-1)."""
    return _series(uid, [], "")


def performed_series(headers: Iterable[Attributes], retrieve: str) -> list[Attributes]:
    """Return an item for each series of the objects with those headers, in the order in which they come.

    `retrieve` is the AE title from which they can be fetched, "" if none is known. What has rows is an image.
    """
    series: dict[str, list[Attributes]] = {}
    for header in headers:
        series.setdefault(text(header, _SERIES), []).append(header)
    return [_series(uid, objects, retrieve) for uid, objects in series.items()]


def _series(uid: str, objects: Sequence[Attributes], retrieve: str) -> Attributes:
    first = objects[0] if objects else {}
    named = from_flat(
        {
            "ProtocolName": _known(first, "ProtocolName", "SeriesDescription", "Modality") or "UNKNOWN",
            "SeriesInstanceUID": uid,
            "RetrieveAETitle": retrieve or None,
            "ReferencedImageSequence": [_reference(one) for one in objects if _ROWS in one],
            "ReferencedNonImageCompositeSOPInstanceSequence": [
                _reference(one) for one in objects if _ROWS not in one
            ],
        }
    )
    return sorted_attributes({**named, **{tag: first.get(tag, Attribute(vr_of(tag))) for tag in _OF_SERIES}})


def _reference(header: Attributes) -> dict[str, object]:
    return {
        "ReferencedSOPClassUID": text(header, _CLASS),
        "ReferencedSOPInstanceUID": text(header, _INSTANCE),
    }


# -- what is known ----------------------------------------------------------------------------------


def _items(source: Attributes, tag: int) -> list[Attributes]:
    found = source.get(tag)
    return list(found.values) if found is not None and found.vr == "SQ" else []


def _known(source: Attributes, *keywords: str) -> str | None:
    """Return the first of these attributes that has a value, as text."""
    return next((found for tag in _tags(*keywords) if (found := "\\".join(texts(source, tag)))), None)


def _first(source: Attributes, *keywords: str) -> Attribute:
    """Return the first of these sequences that has items."""
    found = (source[tag] for tag in _tags(*keywords) if tag in source and source[tag].values)
    return next(found, Attribute("SQ"))
