"""The table of an instance availability notification."""

from __future__ import annotations

import pytest

from dimsetools.dataset.availability_rules import AVAILABILITIES, CREATE
from dimsetools.dataset.dictionary import tag_of
from dimsetools.dataset.keys import keyed
from dimsetools.dataset.requirements import fault

INSTANCE = "ReferencedSeriesSequence.ReferencedSOPSequence"
WHOLE = {
    "ReferencedPerformedProcedureStepSequence": "", "StudyInstanceUID": "1.2",
    "ReferencedSeriesSequence.SeriesInstanceUID": "1.2.3", f"{INSTANCE}.ReferencedSOPClassUID": "1.2.840",
    f"{INSTANCE}.ReferencedSOPInstanceUID": "1.2.3.4", f"{INSTANCE}.InstanceAvailability": "ONLINE",
    f"{INSTANCE}.RetrieveAETitle": "PACS",
}  # fmt: skip


def broken(values: dict[str, str]) -> tuple[int, ...]:
    found = fault(keyed([f"{key}={value}" if value else key for key, value in values.items()]), CREATE)
    return () if found is None else found.tags


def test_a_whole_one() -> None:
    assert broken(WHOLE) == ()


@pytest.mark.parametrize(
    "missing", [key for key in WHOLE if key != "ReferencedPerformedProcedureStepSequence"]
)
def test_each_attribute_is_needed(missing: str) -> None:
    assert broken({key: value for key, value in WHOLE.items() if key != missing}) == (
        tag_of(missing.rpartition(".")[2]),
    )


@pytest.mark.parametrize("word", [*AVAILABILITIES, "THERE"])
def test_the_words_for_availability(word: str) -> None:
    assert (broken(WHOLE | {f"{INSTANCE}.InstanceAvailability": word}) == ()) is (word != "THERE")
