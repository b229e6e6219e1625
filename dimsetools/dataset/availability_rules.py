"""The attributes of an instance availability notification (PS3.4 table R.3.2-1)."""

from __future__ import annotations

from dimsetools.dataset.requirements import rule

AVAILABILITIES = ("ONLINE", "NEARLINE", "OFFLINE", "UNAVAILABLE")
"""Instance Availability (0008,0056), the best first (PS3.3 C.4.23.1.1)."""

_REFERENCE = (rule("ReferencedSOPClassUID", "1"), rule("ReferencedSOPInstanceUID", "1"))

CREATE = (
    rule("ReferencedPerformedProcedureStepSequence", "2", *_REFERENCE),
    rule("StudyInstanceUID", "1"),
    rule(
        "ReferencedSeriesSequence",
        "1",
        rule("SeriesInstanceUID", "1"),
        rule(
            "ReferencedSOPSequence",
            "1",
            *_REFERENCE,
            rule("InstanceAvailability", "1", values=AVAILABILITIES),
            rule("RetrieveAETitle", "1"),
            rule("RetrieveLocationUID", "3"),
            rule("RetrieveURI", "3"),
            rule("StorageMediaFileSetID", "3"),
            rule("StorageMediaFileSetUID", "3"),
        ),
    ),
)
"""N-CREATE."""
