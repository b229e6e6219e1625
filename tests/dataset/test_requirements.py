"""Attribute tables: what is missing, empty, wrong or too much, and which of several faults is told."""

from __future__ import annotations

import pytest

from dimsetools.dataset.attributes import Attribute, Attributes
from dimsetools.dataset.keys import keyed
from dimsetools.dataset.requirements import Fault, fault, is_well_formed, rule

RULES = (
    rule("PatientName", "2"),
    rule("Modality", "1", values=("CT", "MR")),
    rule("StudyID", "3"),
    rule("PerformedStationName", "-"),
    rule("PerformedProcedureStepDescription", "1C"),
    rule("ReferencedStudySequence", "2C", rule("ReferencedSOPInstanceUID", "1")),
)
GOOD = ("PatientName=Doe", "Modality=CT")


def found(*keys: str, only: bool = False) -> Fault | None:
    return fault(keyed(keys), RULES, only=only)


@pytest.mark.parametrize(
    "more",
    [
        (),
        ("StudyID=",),
        ("StudyDate=20260101",),
        ("ReferencedStudySequence",),
        ("ReferencedStudySequence.ReferencedSOPInstanceUID=1.2.3",),
    ],
)
def test_what_keeps_the_rules_has_no_fault(more: tuple[str, ...]) -> None:
    assert found(*GOOD, *more) is None


def test_an_attribute_of_type_2_may_be_empty() -> None:
    assert found("PatientName=", "Modality=MR") is None


@pytest.mark.parametrize(
    ("keys", "status", "tags", "comment"),
    [
        (("Modality=CT",), 0x0120, (0x00100010,), "PatientName missing"),
        ((), 0x0120, (0x00100010, 0x00080060), "PatientName, Modality missing"),
        (("PatientName=", "Modality="), 0x0121, (0x00080060,), "Modality without a value"),
        (
            (*GOOD, "PerformedProcedureStepDescription="),
            0x0121,
            (0x00400254,),
            "PerformedProcedureStepDescription without a value",
        ),
        (("PatientName=", "Modality=US"), 0x0106, (0x00080060,), "Modality has an invalid value"),
        (
            (*GOOD, "PerformedStationName=A"),
            0x0105,
            (0x00400242,),
            "PerformedStationName may not be sent",
        ),
        (
            (*GOOD, "ReferencedStudySequence.ReferencedSOPClassUID=1.2"),
            0x0120,
            (0x00081155,),
            "ReferencedSOPInstanceUID missing",
        ),
    ],
)
def test_a_fault_names_status_and_tags(
    keys: tuple[str, ...], status: int, tags: tuple[int, ...], comment: str
) -> None:
    assert found(*keys) == Fault(status, tags, comment)


def test_what_is_missing_is_told_before_what_is_wrong() -> None:
    told = found("Modality=US", "PerformedStationName=A")
    assert told is not None
    assert told.status == 0x0120


def test_only_what_is_named_may_be_sent_if_that_is_wanted() -> None:
    assert found(*GOOD, "PatientID=1") is None
    told = found(*GOOD, "PatientID=1", only=True)
    assert told is not None
    assert (told.status, told.tags) == (0x0105, (0x00100020,))


def test_the_character_set_is_never_too_much() -> None:
    attributes: Attributes = {0x00080005: Attribute("CS", ("ISO_IR 192",))} | keyed(GOOD)
    assert fault(attributes, RULES, only=True) is None


@pytest.mark.parametrize(
    ("vr", "value", "good"),
    [
        ("UI", "1.2.840.10008.1.1", True),
        ("UI", "1.2.x", False),
        ("UI", "1" * 65, False),
        ("DA", "20260228", True),
        ("DA", "20261328", False),
        ("DA", "2026-02-28", False),
        ("TM", "2359", True),
        ("TM", "235959.123456", True),
        ("TM", "2460", False),
        ("DT", "2026", True),
        ("DT", "20260228120000.5+0100", True),
        ("DT", "20261301", False),
        ("CS", "IN PROGRESS", True),
        ("CS", "in progress", False),
        ("IS", "-12", True),
        ("IS", "1.5", False),
        ("DS", "1.5e3", True),
        ("DS", "x", False),
        ("AS", "034Y", True),
        ("AS", "34", False),
        ("LO", "anything", True),
        ("US", 7, True),
    ],
)
def test_values_have_the_form_of_their_vr(vr: str, value: object, good: bool) -> None:
    assert is_well_formed(Attribute(vr, (value,))) is good


def test_a_value_of_wrong_form_is_told_of_attributes_without_a_rule_too() -> None:
    told = fault({**keyed(GOOD), 0x00080020: Attribute("DA", ("tomorrow",))}, RULES)
    assert told == Fault(0x0106, (0x00080020,), "StudyDate has an invalid value")


def test_a_comment_that_would_be_cut_counts_the_attributes() -> None:
    rules = [rule(keyword, "1") for keyword in ("PatientName", "PatientID", "Modality")]
    assert fault({}, rules) == Fault(
        0x0120, (0x00100010, 0x00100020, 0x00080060), "PatientName and 2 more missing"
    )
