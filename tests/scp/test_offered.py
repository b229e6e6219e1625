"""A node over a real archive and a real worklist: what is stored is found and sent."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from dimsetools.archive.worklist import Worklist
from dimsetools.config import load
from dimsetools.dataset.attributes import Attributes
from dimsetools.dataset.encode import encode
from dimsetools.dataset.flat import from_flat
from dimsetools.dataset.models import MODELS, Model
from dimsetools.message.composite import CFindRq, CGetRq, CMoveRq, CStoreRq
from dimsetools.scp.destinations import Destinations
from dimsetools.scp.hooks import Hooks
from dimsetools.scp.offered import Offered, offered
from dimsetools.scp.policy import AcceptPolicy
from dimsetools.scp.storage import Storage
from tests.archive.indexing import Archive
from tests.scp.asking import (
    CLASSES,
    FIND,
    FIND_CONTEXT,
    GET,
    GET_CONTEXT,
    STUDY,
    WORKLIST,
    WORKLIST_CONTEXT,
    answers,
    associated,
    comment,
    extended,
    identifier,
    keyed,
    request,
    role,
    status,
    values,
)
from tests.scp.node import Node, running_node
from tests.scp.test_get import receive
from tests.scripted import wire
from tests.scripted.conversation import Conversation
from tests.scripted.peers import scripted_client

COMPOSITE = MODELS["composite"]
PATIENT = MODELS["patient"]


class Archived(NamedTuple):
    """A node and what it answers out of."""

    node: Node
    archive: Archive


def complain(name: str, reason: str) -> None:
    raise AssertionError(f"{name}: {reason}")


def none() -> Destinations:
    return Destinations(load(environ={}))


@contextmanager
def serving(offer: Offered, archive: Archive | None = None) -> Iterator[Node]:
    policy = AcceptPolicy(storage=[wire.CT_IMAGE], services=offer.services, sends=CGetRq in offer.roles)
    roles = dict(offer.roles)
    if archive is not None:
        roles[CStoreRq] = Storage(archive.store, Hooks(lambda record: None))
    with running_node(policy=policy, roles=roles) as node:
        yield node


@pytest.fixture
def archived(tmp_path: Path) -> Iterator[Archived]:
    with Archive(tmp_path) as archive:
        offer = offered((archive.store, archive.index), None, none())
        with serving(offer, archive) as node:
            yield Archived(node, archive)


def found(node: Node, level: str, more: bytes = b"", /, **keys: object) -> list[dict[str, object]]:
    """The matches of a query in study root."""
    with associated(node.port, more=more) as talk:
        talk.send(request(FIND, identifier(level, **keys)))
        *matches, final = answers(talk)
        assert status(final) == 0, comment(final)
    return [values(match) for match in matches]


def test_an_object_is_found_as_soon_as_it_is_acknowledged(archived: Archived) -> None:
    attributes = keyed(
        SOPClassUID=wire.CT_IMAGE, SOPInstanceUID="1.2.3", StudyInstanceUID="1.1", SeriesInstanceUID="1.1.1",
        PatientID="P", PatientName="DOE^JOHN", Modality="CT",
    )  # fmt: skip
    with associated(archived.node.port) as talk:
        data = encode(attributes, wire.EXPLICIT_LE)
        talk.send(wire.message(wire.store_rq(sop_instance="1.2.3"), data, context=7))
        assert status(talk.read_message()) == 0
        talk.send(
            request(FIND, identifier("STUDY", PatientName="doe*", ModalitiesInStudy=None), message_id=2)
        )
        match, final = answers(talk)
        talk.send(
            request(GET, identifier("STUDY", StudyInstanceUID="1.1"), context=GET_CONTEXT, message_id=3)
        )
        (stored,), told = receive(talk)
    assert status(final) == 0
    assert values(match)["ModalitiesInStudy"] == ["CT"]
    assert (stored.data, status(told[-1])) == (data, 0)


NAMES = {
    "ISO_IR 100": "Buc^Jérôme",
    "ISO_IR 126": "Διονυσιος",
    "ISO_IR 144": "Люкceмбypг",  # noqa: RUF001  # as PS3.5 has it
    "ISO_IR 127": "قباني^لنزار",
    "ISO_IR 138": "שרון^דבורה",
    "\\ISO 2022 IR 87": "Yamada^Tarou=山田^太郎=やまだ^たろう",
    "\\ISO 2022 IR 149": "Hong^Gildong=洪^吉洞=홍^길동",
    "GB18030": "Wang^XiaoDong=王^小东",
}


@pytest.mark.parametrize("charset", NAMES)
@pytest.mark.parametrize("asked_in", ["same", "ISO_IR 192", "none"])
def test_names_of_the_world(archived: Archived, charset: str, asked_in: str) -> None:
    name = NAMES[charset]
    archived.archive.put("1.2.3", PatientName=name, SpecificCharacterSet=tuple(charset.split("\\")))
    archived.archive.put("1.2.4", PatientName="OTHER", StudyInstanceUID="1.2", PatientID="Q")
    own = charset.split("\\") if asked_in == "same" else [asked_in]
    keys: dict[str, object] = {} if asked_in == "none" else {"SpecificCharacterSet": own}
    keys["PatientName"] = "" if asked_in == "none" else name
    matches = [one for one in found(archived.node, "STUDY", b"", **keys) if one["PatientName"] != "OTHER"]
    assert [one["PatientName"] for one in matches] == [name]
    assert matches[0]["SpecificCharacterSet"] == (own if asked_in != "none" else ["ISO_IR 192"])


def test_what_was_negotiated_decides_how_to_match(archived: Archived) -> None:
    named: dict[str, Any] = {"SpecificCharacterSet": "ISO_IR 100", "PatientName": "Müller^Anna"}
    other: dict[str, Any] = {"PatientID": "Q", "StudyInstanceUID": "1.2", "SeriesInstanceUID": "1.2.1"}
    archived.archive.put("1.2.3", StudyDate="20260102", StudyTime="0900", **named)
    archived.archive.put("1.2.4", StudyDate="20260103", StudyTime="0700", **other)
    node = archived.node
    fuzzy = {"PatientName": "anna muller"}
    assert found(node, "STUDY", b"", **fuzzy) == []
    assert len(found(node, "STUDY", extended(STUDY.find, b"\0\0\1"), **fuzzy)) == 1
    span = {"StudyDate": "20260102-20260103", "StudyTime": "0800-0830", "StudyInstanceUID": None}
    assert found(node, "STUDY", b"", **span) == []
    combined = found(node, "STUDY", extended(STUDY.find, b"\0\1"), **span)
    assert sorted(str(one["StudyInstanceUID"]) for one in combined) == ["1.1", "1.2"]
    images = found(node, "IMAGE", extended(STUDY.find, b"\1"), StudyInstanceUID="1.2", SOPInstanceUID=None)
    assert [one["SOPInstanceUID"] for one in images] == ["1.2.4"]


def test_keys_that_the_index_lacks_are_admitted(archived: Archived) -> None:
    archived.archive.put("1.2.3")
    with associated(archived.node.port) as talk:
        talk.send(
            request(FIND, identifier("STUDY", AcquisitionDeviceProcessingCode="X", StudyInstanceUID=None))
        )
        assert [status(one) for one in answers(talk)] == [0xFF01, 0]


def test_an_index_that_fails_is_a_failure_status(archived: Archived) -> None:
    archived.archive.put("1.2.3")
    archived.archive.index._readers._idle.clear()
    archived.archive.index._readers._path += ".gone/nowhere"
    with associated(archived.node.port) as talk:
        talk.send(request(FIND, identifier("STUDY", StudyInstanceUID=None)))
        (final,) = answers(talk)
        assert status(final) == 0xC000
        talk.send(request(GET, identifier("STUDY", StudyInstanceUID="1.1"), context=GET_CONTEXT))
        assert status(answers(talk)[-1]) == 0xC000
        assert archived.node.log.wait("query")[0]["_reason"]


@contextmanager
def retrieving(node: Node, sop_class: str) -> Iterator[Conversation]:
    """An association for C-GET in another model than study root."""
    contexts = (
        wire.Context(1, sop_class, (wire.EXPLICIT_LE,)),
        wire.Context(7, wire.CT_IMAGE, (wire.EXPLICIT_LE,)),
    )
    with scripted_client(node.port) as talk:
        talk.send(wire.associate_rq(contexts, more=role()))
        talk.expect(wire.ASSOCIATE_AC)
        yield talk


@pytest.mark.parametrize(
    ("model", "level", "keys", "expected"),
    [
        (COMPOSITE, "IMAGE", {"SOPInstanceUID": ["1.2.3", "1.2.5"]}, ["1.2.3", "1.2.5"]),
        (PATIENT, "PATIENT", {"PatientID": "P"}, ["1.2.3", "1.2.4"]),
        (PATIENT, "STUDY", {"PatientID": "P", "StudyInstanceUID": ["1.1", "1.3"]}, ["1.2.3", "1.2.4"]),
        (PATIENT, "STUDY", {"PatientID": "Q", "StudyInstanceUID": "1.1"}, []),
    ],
)
def test_other_models_retrieve(
    archived: Archived,
    monkeypatch: pytest.MonkeyPatch,
    model: Model,
    level: str,
    keys: dict[str, object],
    expected: list[str],
) -> None:
    put = archived.archive.put
    put("1.2.3")
    put("1.2.4", SeriesInstanceUID="1.1.2")
    put("1.2.5", StudyInstanceUID="1.3", SeriesInstanceUID="1.3.1", PatientID="Q")
    sop_class = model.get
    monkeypatch.setitem(CLASSES, (GET, FIND_CONTEXT), sop_class)
    with retrieving(archived.node, sop_class) as talk:
        talk.send(request(GET, identifier(level, **keys)))
        stored, told = receive(talk)
    assert status(told[-1]) == 0
    assert sorted(one.command[0x1000].rstrip(b"\0").decode() for one in stored) == expected


def test_frames_are_not_taken_out_of_objects(archived: Archived, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CLASSES, (GET, FIND_CONTEXT), COMPOSITE.get)
    with retrieving(archived.node, COMPOSITE.get) as talk:
        talk.send(request(GET, identifier("FRAME", SOPInstanceUID="1.2.3")))
        assert status(answers(talk)[-1]) == 0xA900


# -- worklist -----------------------------------------------------------------------------------------


def item(name: str, day: str) -> Attributes:
    step = {"Modality": "CT", "ScheduledProcedureStepStartDate": day}
    return from_flat({"PatientName": name, "ScheduledProcedureStepSequence": [step]})


def test_a_worklist_is_answered_and_nothing_else(tmp_path: Path) -> None:
    records = [
        {
            "PatientName": name,
            "ScheduledProcedureStepSequence": [{"Modality": "CT", "ScheduledProcedureStepStartDate": day}],
        }
        for name, day in (("A", "20260101"), ("B", "20260102"))
    ]
    (tmp_path / "items.json").write_text("".join(json.dumps(record) + "\n" for record in records))
    offer = offered(None, Worklist(str(tmp_path), complain), none())
    assert set(offer.roles) == {CFindRq}
    assert set(offer.services) == {WORKLIST.find}
    keys = encode(item("", "20260102-"), wire.IMPLICIT_LE)
    with serving(offer) as node, associated(node.port) as talk:
        talk.send(request(FIND, keys, context=WORKLIST_CONTEXT))
        *matches, final = answers(talk)
        (record,) = node.log.wait("query")
    assert status(final) == 0
    assert [values(one, wire.IMPLICIT_LE)["PatientName"] for one in matches] == ["B"]
    assert (record["_model"], record["QueryRetrieveLevel"]) == ("worklist", "")


def test_date_and_time_of_a_step_are_one_range(tmp_path: Path) -> None:
    def step(day: str, time: str) -> dict[str, str]:
        return {"ScheduledProcedureStepStartDate": day, "ScheduledProcedureStepStartTime": time}

    moments = {"A": ("20260705", "0900"), "B": ("20260706", "0900"), "C": ("20260707", "1900")}
    records = [
        {"PatientName": name, "ScheduledProcedureStepSequence": [step(*moment)]}
        for name, moment in moments.items()
    ]
    (tmp_path / "items.json").write_text("".join(json.dumps(record) + "\n" for record in records))
    asked = {"PatientName": None, "ScheduledProcedureStepSequence": [step("20260705-20260707", "1000-1800")]}
    offer = offered(None, Worklist(str(tmp_path), complain), none())
    with serving(offer) as node, associated(node.port) as talk:
        keys = encode(from_flat(asked), wire.IMPLICIT_LE)
        talk.send(request(FIND, keys, context=WORKLIST_CONTEXT))
        *matches, _ = answers(talk)
    assert [values(one, wire.IMPLICIT_LE)["PatientName"] for one in matches] == ["B"]


def test_a_worklist_folder_that_vanishes_is_a_failure_status(tmp_path: Path) -> None:
    folder = tmp_path / "items"
    folder.mkdir()
    offer = offered(None, Worklist(str(folder), complain), none())
    folder.rmdir()
    keys = encode(item("", "20260102-"), wire.IMPLICIT_LE)
    with serving(offer) as node, associated(node.port) as talk:
        talk.send(request(FIND, keys, context=WORKLIST_CONTEXT))
        (final,) = answers(talk)
    assert status(final) == 0xC000


def test_nothing_is_offered_without_an_archive() -> None:
    assert offered(None, None, none()) == Offered({}, {})


def test_what_an_archive_offers(archived: Archived) -> None:
    offer = offered((archived.archive.store, archived.archive.index), None, none())
    assert set(offer.roles) == {CFindRq, CGetRq, CMoveRq}
    assert len(offer.services) == 3 * 3 + 2
