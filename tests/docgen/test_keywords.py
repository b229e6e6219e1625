"""What shells offer for a key."""

from __future__ import annotations

from dimsetools.dataset.dictionary import tag_of
from dimsetools.docgen.keywords import KEYWORDS


def test_the_usual_keys_are_offered_and_no_more_than_one_can_read() -> None:
    assert {"PatientName", "ModalitiesInStudy", "ScheduledProcedureStepStartDate"} <= set(KEYWORDS)
    assert {"NumberOfCopies", "PerformedProcedureStepStatus", "ReceivingAE", "PrinterStatus"} <= set(KEYWORDS)
    assert len(KEYWORDS) < 450
    assert all(tag_of(keyword) for keyword in KEYWORDS)
