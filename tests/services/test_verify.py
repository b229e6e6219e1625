from __future__ import annotations

from collections.abc import Iterator

from dimsetools.dataset.attributes import Attributes
from dimsetools.errors import NoAnswer
from dimsetools.services.retrieve import Wanted
from dimsetools.services.verify import Verified, verify, verify_count
from tests.services.retrieving import Archive, keys


def record(study: int, series: int, instance: int) -> dict[str, object]:
    uids = (f"1.{study}", f"1.{study}.{series}", f"1.{study}.{series}.{instance}")
    names = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")
    return {"PatientID": "P", **dict(zip(names, uids, strict=True))}


def archive() -> Archive:
    return Archive(*(record(a, b, c) for a in (1, 2) for b in (1, 2) for c in (1, 2, 3)))


STUDY = Wanted("STUDY", keys(QueryRetrieveLevel="STUDY", StudyInstanceUID="1.1"))


def test_a_study_is_compared_series_by_series() -> None:
    peer = archive()
    landed = {"1.1.1.1", "1.1.1.2", "1.1.1.3", "1.1.2.2", "7"}
    assert verify(STUDY, peer, landed) == Verified(STUDY, 6, ("1.1.2.1", "1.1.2.3"), 2)
    assert [level for level, _ in peer.asked] == ["SERIES", "IMAGE", "IMAGE"]
    assert peer.asked[1][1] == keys(StudyInstanceUID="1.1", SeriesInstanceUID="1.1.1", SOPInstanceUID=None)


def test_a_patient_is_compared_study_by_study() -> None:
    patient = Wanted("PATIENT", keys(PatientID="P", QueryRetrieveLevel="PATIENT"))
    found = verify(patient, archive(), set())
    assert (found.expected, found.missing_count) == (12, 12)


def test_a_list_of_instances_is_compared_by_itself() -> None:
    image = Wanted("IMAGE", {**keys(**record(1, 1, 1)), **keys(SOPInstanceUID="1.1.1.1\\1.1.1.2")})
    wanted = image._replace(identifier=image.identifier | keys(SOPInstanceUID=["1.1.1.1", "1.1.1.2"]))
    assert verify(wanted, archive(), {"1.1.1.1"}).missing == ("1.1.1.2",)


def test_of_objects_that_went_elsewhere_only_the_number_is_known() -> None:
    assert verify_count(STUDY, archive(), 4) == Verified(STUDY, 6, (), 2)
    assert verify_count(STUDY, archive(), 6).missing_count == 0


def test_a_peer_that_cannot_be_asked_is_an_error_and_not_a_result() -> None:
    def silent(level: str, wanted: Attributes) -> Iterator[Attributes]:
        raise NoAnswer("nothing")

    assert isinstance(verify(STUDY, silent, set()).error, NoAnswer)
    assert isinstance(verify_count(STUDY, silent, 0).error, NoAnswer)
