"""The table of a modality performed procedure step, column against column."""

from __future__ import annotations

import pytest

from dimsetools.dataset.attributes import Attributes
from dimsetools.dataset.dictionary import tag_of
from dimsetools.dataset.keys import keyed
from dimsetools.dataset.mpps_rules import COMPLETED, CREATE, DISCONTINUED, FINAL, IN_PROGRESS, SET
from dimsetools.dataset.requirements import Rule, fault
from tests.scp.stepping import attributes, begun, ended


def usage(rules: tuple[Rule, ...]) -> dict[int, str]:
    return {one.tag: one.usage for one in rules}


def test_the_columns_name_the_same_attributes() -> None:
    identity = {tag_of("SOPClassUID"), tag_of("SOPInstanceUID")}
    assert usage(SET).keys() - identity == usage(CREATE).keys()
    assert usage(FINAL).keys() < usage(CREATE).keys()
    assert len(CREATE) == len(usage(CREATE))


def test_what_is_said_at_the_beginning_stays() -> None:
    fixed = {tag for tag, word in usage(SET).items() if word == "-"}
    for keyword in ("PatientID", "ScheduledStepAttributesSequence", "Modality", "PerformedStationAETitle"):
        assert tag_of(keyword) in fixed
    for keyword in (
        "PerformedProcedureStepStatus",
        "PerformedSeriesSequence",
        "PerformedProtocolCodeSequence",
    ):
        assert tag_of(keyword) not in fixed


def test_what_a_modality_says_is_in_order() -> None:
    first, last = attributes(begun()), attributes(ended())
    assert fault(first, CREATE) is None
    assert fault(last, SET) is None
    assert fault(first | last, FINAL) is None


@pytest.mark.parametrize("keyword", ["PerformedProcedureStepEndDate", "PerformedSeriesSequence"])
def test_a_step_that_has_only_begun_cannot_be_final(keyword: str) -> None:
    found = fault(attributes(begun()), FINAL)
    assert found is not None
    assert tag_of(keyword) in found.tags


@pytest.mark.parametrize("state", [IN_PROGRESS, COMPLETED, DISCONTINUED, "SCHEDULED"])
def test_the_states_of_a_step(state: str) -> None:
    changes: Attributes = keyed([f"PerformedProcedureStepStatus={state}"])
    assert (fault(changes, SET) is None) is (state != "SCHEDULED")
    begins = attributes(begun(PerformedProcedureStepStatus=state))
    assert (fault(begins, CREATE) is None) is (state == IN_PROGRESS)


def test_a_code_needs_its_meaning() -> None:
    codes = "PerformedProtocolCodeSequence"
    changes = keyed([f"{codes}.CodeValue=1", f"{codes}.CodingSchemeDesignator=99X"])
    found = fault(changes, SET)
    assert found is not None
    assert found.tags == (tag_of("CodeMeaning"),)
