from __future__ import annotations

import pytest

from dimsetools.dataset.attributes import Attribute, Attributes
from dimsetools.render.formats import Layout
from dimsetools.render.grid import Grid, columns_of, cut_to
from tests.render.matches import HOSTILE, STEP, STUDY, patient

NAMES = ("StudyInstanceUID", "PatientName", "PatientID")


def table(*rows: Attributes, names: tuple[str, ...] = NAMES, **layout: object) -> list[str]:
    grid = Grid(names, Layout(**layout))  # type: ignore[arg-type]
    return ("".join(grid.row(row, {}) for row in rows) + grid.settled()).splitlines()


def test_uids_stand_last_unless_the_user_has_picked_the_order() -> None:
    assert table(STUDY)[0].split() == ["PatientName", "PatientID", "StudyInstanceUID"]
    assert table(STUDY, fields=NAMES)[0].split() == list(NAMES)


def test_values_are_written_as_people_do() -> None:
    names = ("StudyDate", "StudyTime", "ModalitiesInStudy", "NumberOfStudyRelatedInstances", "00091010")
    heading, row = table(STUDY, names=names)
    assert heading.split() == ["StudyDate", "StudyTime", "Modalities", "Instances", "00091010"]
    assert row.split() == ["2026-01-02", "03:04:05", "CT\\SR", "412", "2", "B"]


def test_sequences_are_summarised_and_what_is_in_them_has_its_own_column() -> None:
    names = ("ScheduledProcedureStepSequence", "ScheduledProcedureStepSequence.Modality")
    heading, row = table(STEP, names=names)
    assert heading.split()[1] == "Modality"
    assert row.split() == ["1", "item", "CT"]


def test_a_later_row_that_is_too_long_is_cut_on_a_terminal_only() -> None:
    rows = [patient("Short^Name")] * 24 + [patient("A^Very^Long^Name^That^Nobody^Has")]
    assert table(*rows, names=("PatientName", "PatientID"), width=40)[-1] == "A^Very^Lon…  1"
    assert table(*rows, names=("PatientName", "PatientID"))[-1].startswith("A^Very^Long^Name^That^Nobody^Has")


def test_nothing_waits_for_the_last_row() -> None:
    grid = Grid(("PatientName",), Layout())
    shown = [grid.row(patient(str(number)), {}) for number in range(30)]
    assert shown[:23] == [""] * 23
    assert shown[23].count("\n") == 25
    assert all(text.count("\n") == 1 for text in shown[24:])


def test_columns_without_room_are_counted() -> None:
    heading, row = table(STUDY, names=(*NAMES, "StudyDate", "StudyTime"), width=30)
    assert heading.endswith(" +3")
    assert max(map(columns_of, (heading, row))) <= 30


def test_wide_characters_take_two_columns_and_marks_none() -> None:
    assert columns_of("山田") == 4
    assert columns_of("e\u0301") == 1
    assert cut_to("山田太郎", 5) == "山田…"
    assert cut_to("abcdef", 4) == "abc…"
    assert cut_to("abcdef", 4, ascii_only=True) == "abc~"
    _, first, second = table(patient("山田", "X"), patient("Doe", "Y"), names=("PatientName", "PatientID"))
    assert columns_of(first.partition("X")[0]) == columns_of(second.partition("Y")[0])


@pytest.mark.parametrize("color", [False, True])
def test_the_heading_is_strong_and_nothing_hostile_gets_through(color: bool) -> None:
    heading, row = table(patient(HOSTILE), names=("PatientName",), color=color)
    assert heading.startswith("\x1b[1m") is color
    assert row.replace("\ufffe", "").isprintable()
    assert "\\x1b[31m" in row


def test_headings_can_be_left_out() -> None:
    assert len(table(STUDY, headers=False)) == 1


def test_names_of_our_own_are_columns_too() -> None:
    grid = Grid(("PatientID", "_path"), Layout())
    grid.row({0x00100020: Attribute("LO", ("P1",))}, {"_path": "a/b"})
    assert grid.settled().split() == ["PatientID", "path", "P1", "a/b"]


def test_a_worklist_begins_with_the_time_of_the_step_and_the_patient() -> None:
    step = "ScheduledProcedureStepSequence."
    names = ("AccessionNumber", "PatientName", f"{step}Modality", f"{step}ScheduledProcedureStepStartDate")
    assert table(STEP, names=names)[0].split() == ["StartDate", "Modality", "PatientName", "Accession"]
    assert table(STUDY, names=("Modality", "PatientName", "StudyDate"))[0].split()[0] == "Modality"


def test_empty_columns_go_first_where_there_is_no_room_be_there_one_row_or_many() -> None:
    names = ("AccessionNumber", "StudyDate", "PatientName", "PatientID")
    for rows in ((STUDY,), (STUDY,) * 5):
        assert "Accession" not in table(*rows, names=names, width=38)[0]
