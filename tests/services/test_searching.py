from __future__ import annotations

from typing import Any

import pytest

from dimsetools.dataset.attributes import Attributes
from dimsetools.dataset.models import MODELS
from dimsetools.errors import InputError, UsageError
from dimsetools.services.retrieve import Wanted
from dimsetools.services.searching import found, plan
from tests.services.retrieving import Archive, keys

STUDY, PATIENT = MODELS["study"], MODELS["patient"]


def never(error: InputError) -> None:
    raise error


def record(study: int, series: int, modality: str, date: str = "20260101") -> dict[str, object]:
    return {
        "PatientID": "P",
        "StudyInstanceUID": f"1.{study}",
        "StudyDate": date,
        "SeriesInstanceUID": f"1.{study}.{series}",
        "Modality": modality,
        "SOPInstanceUID": f"1.{study}.{series}.1",
    }


def archive() -> Archive:
    return Archive(record(1, 1, "CT"), record(1, 2, "SR"), record(2, 1, "SR"), record(3, 1, "SR", "20250101"))


def wanted(level: str, peer: Archive | None = None, **named: Any) -> list[Wanted]:
    planned = plan(STUDY, level, keys(**named))
    return list(found(STUDY, planned, peer or archive(), never))


def uids(found: list[Wanted], name: str) -> list[Any]:
    (tag,) = keys(**{name: None})
    return [one.identifier[tag].values for one in found]


def test_unique_keys_are_retrieved_without_a_search() -> None:
    peer = archive()
    given = {"QueryRetrieveLevel": "STUDY", "StudyInstanceUID": ["1.1", "1.7"]}
    assert wanted("STUDY", peer, **given, PatientName=None) == [Wanted("STUDY", keys(**given))]
    assert peer.asked == []


def test_other_keys_are_searched_with_and_each_match_is_wanted() -> None:
    peer = archive()
    found = wanted("STUDY", peer, StudyDate="20260101")
    assert uids(found, "StudyInstanceUID") == [("1.1",), ("1.2",)]
    ((level, asked),) = peer.asked
    assert (level, asked) == (
        "STUDY",
        keys(QueryRetrieveLevel="STUDY", StudyDate="20260101", StudyInstanceUID=None),
    )


def test_keys_of_several_levels_are_searched_with_one_level_after_the_other() -> None:
    peer = archive()
    found = wanted("SERIES", peer, StudyDate="20260101", Modality="SR")
    assert uids(found, "SeriesInstanceUID") == [("1.1.2",), ("1.2.1",)]
    assert [level for level, _ in peer.asked] == ["STUDY", "SERIES", "SERIES"]
    assert peer.asked[1][1] == keys(
        QueryRetrieveLevel="SERIES", Modality="SR", StudyInstanceUID="1.1", SeriesInstanceUID=None
    )


def test_a_study_that_is_named_is_not_searched_for() -> None:
    peer = archive()
    found = wanted("IMAGE", peer, StudyInstanceUID="1.1", Modality="CT", InstanceNumber=None)
    assert uids(found, "SOPInstanceUID") == [("1.1.1.1",)]
    assert [level for level, _ in peer.asked] == ["SERIES", "IMAGE"]


def test_keys_of_the_patient_belong_to_the_studies_of_study_root() -> None:
    found = wanted("SERIES", PatientID="P", Modality="CT")
    assert uids(found, "SeriesInstanceUID") == [("1.1.1",)]


def test_patient_root_begins_with_the_patient() -> None:
    peer = archive()
    planned = plan(PATIENT, "STUDY", keys(PatientID="P", StudyDate="20250101"))
    (found_one,) = found(PATIENT, planned, peer, never)
    assert found_one.identifier == keys(QueryRetrieveLevel="STUDY", PatientID="P", StudyInstanceUID="1.3")


def test_relational_keys_go_out_together() -> None:
    peer = archive()
    planned = plan(STUDY, "SERIES", keys(StudyDate="20260101", Modality="SR"), relational=True)
    assert len(list(found(STUDY, planned, peer, never))) == 2
    assert [level for level, _ in peer.asked] == ["SERIES"]


def test_relational_retrieval_needs_no_keys_above() -> None:
    asked = keys(SeriesInstanceUID="1.1.1")
    assert plan(STUDY, "SERIES", asked, relational=True).steps == ()
    assert plan(STUDY, "SERIES", asked, check=False).steps == ()
    with pytest.raises(UsageError, match="needs StudyInstanceUID"):
        plan(STUDY, "SERIES", asked)


@pytest.mark.parametrize(
    ("level", "named", "reason"),
    [
        ("SERIES", {"Modality": "SR"}, "needs StudyInstanceUID"),
        ("STUDY", {"StudyDate": "tomorrow-ish"}, "StudyDate"),
        ("SERIES", {"StudyDate": "20260101", "SeriesNumber": "1-3"}, "SeriesNumber"),
        ("STUDY", {"StudyDate": None}, "the whole archive"),
    ],
)
def test_what_cannot_be_searched_is_said_before_anything_is_sent(
    level: str, named: dict[str, object], reason: str
) -> None:
    with pytest.raises(UsageError, match=reason):
        plan(STUDY, level, keys(**named))


def test_a_model_that_cannot_be_searched_takes_unique_keys_alone() -> None:
    composite = MODELS["composite"]
    assert plan(composite, "IMAGE", keys(SOPInstanceUID="1.2")).steps == ()
    with pytest.raises(UsageError):
        plan(composite, "IMAGE", keys(PatientID="P"))


def test_a_match_without_its_unique_key_is_told_and_the_others_go_on() -> None:
    def search(_level: str, _keys: Attributes) -> list[Attributes]:
        return [keys(PatientID="P"), keys(StudyInstanceUID="1.9")]

    bad: list[InputError] = []
    planned = plan(STUDY, "STUDY", keys(StudyDate="20260101"))
    assert uids(list(found(STUDY, planned, search, bad.append)), "StudyInstanceUID") == [("1.9",)]
    assert "StudyInstanceUID" in bad[0].message


def test_models_without_levels_are_searched_in_one_step() -> None:
    model = MODELS["hanging-protocol"]
    planned = plan(model, "", keys(HangingProtocolName="CHEST*"))
    seen: list[tuple[str, Attributes]] = []

    def search(level: str, asked: Attributes) -> list[Attributes]:
        seen.append((level, asked))
        return [keys(SOPInstanceUID="1.2", HangingProtocolName="CHEST1")]

    (one,) = found(model, planned, search, never)
    assert one == Wanted("", keys(SOPInstanceUID="1.2"))
    assert seen == [("", keys(HangingProtocolName="CHEST*", SOPInstanceUID=None))]
