"""`dimse ncreate` against pynetdicom: whoever gives the UID, it is shown."""

from __future__ import annotations

from typing import Any

import pytest

from dimsetools.dataset.normalized import CLASSES
from tests.commands.asking import Dimse
from tests.commands.desk import Asked, Desk


@pytest.fixture
def ris(desk: Desk) -> Desk:
    """A desk that names instances which have no name, and answers with the attributes."""

    def create(asked: Asked) -> tuple[int, Any]:
        assert asked.data is not None
        if asked.instance is None:
            asked.data.AffectedSOPInstanceUID = "1.2.99"
        return 0x0000, asked.data

    desk.answer = create
    return desk


def test_an_instance_is_created_with_its_uid(dimse: Dimse, ris: Desk) -> None:
    done = dimse("ncreate", ris.address, "mpps", "1.2.3", "PatientID=7", "-k", "PatientName=Doe", "--json")
    (asked,) = ris.asked
    assert (asked.service, asked.sop_class, asked.instance) == ("N-CREATE", CLASSES["mpps"].uid, "1.2.3")
    assert asked.data is not None
    assert asked.data.PatientID == "7"
    told = done.records[0]
    assert (done.code, told["_event"], told["AffectedSOPInstanceUID"]) == (0, "created", "1.2.3")
    assert told["PatientName"] == "Doe"


@pytest.mark.parametrize("words", [("-",), ()])
def test_the_uid_that_the_peer_gives_is_shown(dimse: Dimse, ris: Desk, words: tuple[str, ...]) -> None:
    done = dimse("ncreate", ris.address, "mpps", *words, "PatientID=7", "--format", "table")
    assert (done.code, ris.asked[0].instance) == (0, None)
    assert done.stdout.startswith("created  mpps 1.2.99  ")


def test_each_new_instance_has_a_uid_of_its_own(dimse: Dimse, ris: Desk) -> None:
    done = dimse("ncreate", ris.address, "mpps", "new", "PatientID=7", "--repeat", 3, "--json")
    created = [asked.instance for asked in ris.asked]
    assert (done.code, len(set(created))) == (0, 3)
    assert [told["AffectedSOPInstanceUID"] for told in done.records[:3]] == created
    assert all(str(uid).startswith("2.25.") for uid in created)


def test_text_without_characters_in_its_set_is_refused_before_anything_is_connected(dimse: Dimse) -> None:
    words = ("ncreate", "h:1", "mpps", "SpecificCharacterSet=ISO_IR 100", "PatientName=山田")
    done = dimse(*words)
    assert (done.code, done.stdout) == (22, "")
    assert "SpecificCharacterSet='ISO_IR 192' has all" in done.stderr
    done = dimse("ncreate", "h:1", "mpps", "PatientName=山田", "--dry-run", "--format", "table")
    assert done.stdout.splitlines()[1:] == [
        "  SpecificCharacterSet  ISO_IR 192",
        "  PatientName           山田",
    ]


def test_a_rehearsal_shows_the_data_set(dimse: Dimse) -> None:
    done = dimse("ncreate", "h:1", "mpps", "1.2", "PatientID=7", "--dry-run", "--format", "table")
    first, second = done.stdout.splitlines()
    assert first.endswith("and send N-CREATE mpps 1.2")
    assert second == "  PatientID  7"
