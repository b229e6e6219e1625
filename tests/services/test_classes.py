from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dimsetools.dataset.models import MODELS
from dimsetools.services.classes import (
    SYNTAXES,
    Known,
    ask,
    every,
    frequent,
    of_modalities,
    of_model,
    share_out,
)
from dimsetools.uids import (
    EXPLICIT_LE,
    IMPLICIT_LE,
    TRANSFER_SYNTAXES,
    known_storage_classes,
    sop_class,
    storage_classes,
)
from tests.services.retrieving import Archive, keys

CT, MR, SC = (sop_class(f"{name}ImageStorage") for name in ("CT", "MR", "SecondaryCapture"))


def test_known_classes_are_all_that_pynetdicom_and_pydicom_know() -> None:
    assert set(known_storage_classes()) == storage_classes()
    assert set(every()) == storage_classes()


def test_the_fallback_fits_into_one_association_with_the_model_beside_it() -> None:
    assert len(share_out(frequent())) == 1
    assert frequent()[0] == CT
    assert set(frequent()) <= storage_classes()


def test_a_modality_brings_its_own_classes_first_and_captures() -> None:
    classes = of_modalities(["MR"])
    assert classes[0] == MR
    assert SC in classes
    assert CT not in classes


def test_a_modality_that_nobody_knows_says_nothing() -> None:
    assert of_modalities(["CT", "XYZ"]) == ()
    assert of_modalities([]) == ()


def test_the_proposed_syntaxes_are_real_ones_and_the_plain_ones_first() -> None:
    assert SYNTAXES[:2] == (EXPLICIT_LE, IMPLICIT_LE)
    assert set(SYNTAXES) <= set(TRANSFER_SYNTAXES)
    assert len(set(SYNTAXES)) == len(SYNTAXES)


# -- asking -----------------------------------------------------------------------------------------

STUDY = keys(StudyInstanceUID="1.1", QueryRetrieveLevel="STUDY")
RECORD = {"PatientID": "P", "StudyInstanceUID": "1.1", "SeriesInstanceUID": "1.1.1", "Modality": "CT"}


def test_the_study_itself_says_what_it_has() -> None:
    archive = Archive({**RECORD, "SOPClassesInStudy": [CT, SC]})
    assert ask(STUDY, "STUDY", archive) == Known((CT, SC), certain=True)
    ((level, asked),) = archive.asked
    assert level == "STUDY"
    assert asked == keys(StudyInstanceUID="1.1", SOPClassesInStudy=None)


def test_else_the_modalities_of_its_series_are_a_hint() -> None:
    known = ask(STUDY, "STUDY", Archive(RECORD))
    assert not known.certain
    assert known.classes == of_modalities(["CT"])


def test_a_series_is_asked_for_its_own_modality_alone() -> None:
    archive = Archive(RECORD, {**RECORD, "SeriesInstanceUID": "1.1.2", "Modality": "MR"})
    known = ask(keys(StudyInstanceUID="1.1", SeriesInstanceUID="1.1.2"), "SERIES", archive)
    assert known.classes == of_modalities(["MR"])
    assert [level for level, _ in archive.asked] == ["SERIES"]


def test_images_say_their_class() -> None:
    archive = Archive({**RECORD, "SOPInstanceUID": "9", "SOPClassUID": MR})
    wanted = keys(StudyInstanceUID="1.1", SeriesInstanceUID="1.1.1", SOPInstanceUID="9")
    assert ask(wanted, "IMAGE", archive) == Known((MR,), certain=True)


def test_a_patient_has_the_classes_of_all_studies() -> None:
    archive = Archive(
        {**RECORD, "SOPClassesInStudy": [CT]},
        {**RECORD, "StudyInstanceUID": "1.2", "SOPClassesInStudy": [MR, CT]},
    )
    assert set(ask(keys(PatientID="P"), "PATIENT", archive).classes) == {CT, MR}


def test_a_peer_that_says_nothing_leaves_it_open() -> None:
    assert ask(STUDY, "STUDY", Archive()) == Known((), certain=False)
    assert ask(keys(PatientID="P"), "PATIENT", Archive()) == Known((), certain=False)


# -- sharing out ------------------------------------------------------------------------------------


def test_few_classes_get_a_context_for_each_syntax() -> None:
    (group,) = share_out([CT, SC])
    assert len(group) == 2 * len(SYNTAXES)
    assert all(len(syntaxes) == 1 for _, syntaxes in group)
    assert group[:3] == ((CT, (EXPLICIT_LE,)), (SC, (EXPLICIT_LE,)), (CT, (IMPLICIT_LE,)))


def test_more_classes_get_one_for_the_frequent_syntaxes_and_one_for_the_rest() -> None:
    (group,) = share_out(frequent()[:20])
    of_ct = [syntaxes for uid, syntaxes in group if uid == CT]
    assert of_ct == [(syntax,) for syntax in SYNTAXES[:5]] + [SYNTAXES[5:]]


def test_chosen_syntaxes_are_proposed_alone_and_in_their_order() -> None:
    (group,) = share_out([CT], (IMPLICIT_LE, EXPLICIT_LE))
    assert group == ((CT, (IMPLICIT_LE,)), (CT, (EXPLICIT_LE,)))


@given(
    count=st.integers(1, 400),
    syntaxes=st.lists(st.sampled_from(SYNTAXES), unique=True),
    taken=st.integers(0, 2),
)
def test_every_class_can_come_in_every_syntax_within_128_contexts(
    count: int, syntaxes: list[str], taken: int
) -> None:
    classes = [f"1.2.{number}" for number in range(count)]
    groups = share_out(classes, syntaxes, taken=taken)
    assert all(len(group) + taken <= 128 for group in groups)
    offered: dict[str, list[str]] = {}
    for group in groups:
        for uid, choice in group:
            offered.setdefault(uid, []).extend(choice)
    assert offered == {uid: list(syntaxes or SYNTAXES) for uid in classes}


@pytest.mark.parametrize("count", [128, 205])
def test_more_than_an_association_takes_are_split(count: int) -> None:
    assert len(share_out([f"1.2.{number}" for number in range(count)])) == 2


def test_models_of_one_kind_of_object_say_which() -> None:
    assert of_model("hanging-protocol") == (sop_class("HangingProtocolStorage"),)
    assert of_model("study") == ()
    assert {uid for name in MODELS for uid in of_model(name)} <= storage_classes()
