"""What becomes of a worklist when its steps are performed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dimsetools.archive.ledger import Entry
from dimsetools.dataset.attributes import Attributes, text
from dimsetools.dataset.encode import encode
from dimsetools.dataset.flat import from_flat
from dimsetools.dataset.keys import keyed
from dimsetools.scp.steps import Steps
from dimsetools.uids import IMPLICIT_LE
from tests.scp.asking import (
    FIND,
    WORKLIST_CONTEXT,
    answers,
    associated,
    request,
    status,
    values,
)
from tests.scp.normalizing import asking
from tests.scp.stepping import STEP, STUDY, UID, begun, ended
from tests.scp.working import Working, working

STATUS, STEPS = 0x00400020, 0x00400100


def item(*ids: str, study: str = STUDY, accession: str = "A1") -> Attributes:
    keys = [f"StudyInstanceUID={study}", f"AccessionNumber={accession}"]
    keys += [
        f"ScheduledProcedureStepSequence[{number}].ScheduledProcedureStepID={name}"
        for number, name in enumerate(ids or ("S1",))
    ]
    return keyed(keys)


def performed(
    state: str, *, uid: str = "1", study: str = STUDY, accession: str = "A1", step: str = "S1"
) -> Entry:
    scheduled = "ScheduledStepAttributesSequence"
    keys = [f"{scheduled}.StudyInstanceUID={study}", f"{scheduled}.AccessionNumber={accession}"]
    return Entry("mpps", uid, state, keyed([*keys, f"{scheduled}.ScheduledProcedureStepID={step}"]))


def left(found: Attributes | None) -> list[str]:
    """The states of the steps that are left, "" where none is said."""
    return [] if found is None else [text(step, STATUS) for step in found[STEPS].values]


@pytest.mark.parametrize(
    ("entries", "states"),
    [
        ([], [""]),
        ([performed("IN PROGRESS")], ["STARTED"]),
        ([performed("COMPLETED")], []),
        ([performed("DISCONTINUED")], [""]),
        ([performed("DISCONTINUED"), performed("IN PROGRESS", uid="2")], ["STARTED"]),
        ([performed("DISCONTINUED"), performed("COMPLETED", uid="2")], []),
        ([performed("COMPLETED"), performed("DISCONTINUED", uid="2")], []),
        # which step it is
        ([performed("COMPLETED", step="S2")], [""]),
        ([performed("COMPLETED", study="1.9", accession="")], [""]),
        ([performed("COMPLETED", study="1.9")], []),
        ([performed("COMPLETED", accession="")], []),
        ([performed("COMPLETED", study="1.9", step="")], [""]),
    ],
)
def test_what_is_left_of_an_item(entries: list[Entry], states: list[str]) -> None:
    assert left(Steps(entries).current(item())) == states


def test_of_several_steps_the_completed_ones_leave() -> None:
    steps = Steps([performed("COMPLETED", step="S1"), performed("IN PROGRESS", uid="2", step="S3")])
    assert left(steps.current(item("S1", "S2", "S3"))) == ["", "STARTED"]
    steps.note(performed("COMPLETED", uid="2", step="S3"))
    steps.note(performed("COMPLETED", uid="3", step="S2"))
    assert left(steps.current(item("S1", "S2", "S3"))) == []


def test_what_has_ended_stays_so_whatever_is_noted_later() -> None:
    steps = Steps([performed("COMPLETED")])
    steps.note(performed("IN PROGRESS"))
    assert steps.current(item()) is None


def test_a_step_that_nobody_scheduled_changes_nothing() -> None:
    steps = Steps(
        [Entry("mpps", "1", "COMPLETED", {}), performed("COMPLETED", study="", accession="", step="")]
    )
    untouched = item(study="", accession="")
    assert steps.current(untouched) is untouched


# -- in the node ----------------------------------------------------------------------------------------


@pytest.fixture
def items(tmp_path: Path) -> Path:
    folder = tmp_path / "items"
    folder.mkdir()
    for number in (1, 2):
        record = {
            "PatientName": f"Doe^{number}", "StudyInstanceUID": STUDY if number == 1 else "1.9",
            "AccessionNumber": f"A{number}",
            "ScheduledProcedureStepSequence": [
                {"ScheduledProcedureStepID": "S1", "ScheduledProcedureStepStatus": "SCHEDULED"}
            ],
        }  # fmt: skip
        (folder / f"{number}.json").write_text(json.dumps(record))
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    kept = tmp_path / "kept"
    kept.mkdir()
    return kept


def found(at: Working, state: str | None = None) -> Iterator[tuple[Any, Any]]:
    """Accession number and status of the items that match."""
    step = {"ScheduledProcedureStepID": None, "ScheduledProcedureStepStatus": state}
    keys = encode(from_flat({"AccessionNumber": None, "ScheduledProcedureStepSequence": [step]}), IMPLICIT_LE)
    with associated(at.node.port) as talk:
        talk.send(request(FIND, keys, context=WORKLIST_CONTEXT))
        *matches, final = answers(talk)
    assert status(final) == 0
    for match in matches:
        shown: dict[str, Any] = values(match, IMPLICIT_LE)
        (one,) = shown["ScheduledProcedureStepSequence"]
        yield shown["AccessionNumber"], one["ScheduledProcedureStepStatus"]


@pytest.mark.parametrize(("end", "after"), [("COMPLETED", []), ("DISCONTINUED", [("A1", "SCHEDULED")])])
def test_the_worklist_follows_what_the_modality_says(
    items: Path, folder: Path, end: str, after: list[tuple[str, str]]
) -> None:
    other = ("A2", "SCHEDULED")
    with working(folder, worklist=items) as at, asking(at.node, [STEP]) as modality:
        assert [*found(at)] == [("A1", "SCHEDULED"), other]
        assert modality.send_n_create(begun(), STEP, UID)[0].Status == 0
        assert [*found(at)] == [("A1", "STARTED"), other]
        assert [*found(at, "STARTED")] == [("A1", "STARTED")]
        assert [*found(at, "SCHEDULED")] == [other]
    with working(folder, worklist=items) as at, asking(at.node, [STEP]) as modality:
        assert [*found(at)] == [("A1", "STARTED"), other]
        assert modality.send_n_set(ended(end), STEP, UID)[0].Status == 0
        assert [*found(at)] == [*after, other]
    with working(folder, worklist=items) as at:
        assert [*found(at)] == [*after, other]
