"""What all services of the N- kind share, as pynetdicom and scripted peers see it."""

from __future__ import annotations

import struct
import threading
from typing import Any, ClassVar

import pytest

from dimsetools.dataset.attributes import Attribute, Attributes, text
from dimsetools.render.line import rendered
from dimsetools.render.requests import request
from dimsetools.scp.normalized import Asked, Done, Refusal, Service
from tests.scp.normalizing import asking, dataset, serving
from tests.scripted import wire
from tests.scripted.conversation import Message
from tests.scripted.peers import scripted_client

ALBUM, COVER, OTHER = "1.2.840.10008.3.1.2.3.3", "1.2.840.10008.3.1.2.3.4", "1.2.840.10008.5.1.4.33"
TITLE, LABEL = 0x00081030, 0x0008103E


class Albums(Service):
    """Keeps what it is told to, in memory."""

    sop_classes = (ALBUM,)
    contexts: ClassVar = {ALBUM: b"", COVER: b""}
    most = 4096

    def __init__(self) -> None:
        self.kept: dict[str, Attributes] = {}
        self.gone: list[int] = []

    def create(self, asked: Asked) -> Done:
        """Refuse what is there already."""
        uid = asked.sop_instance or "1.2.3.4"
        if uid in self.kept:
            raise Refusal(0x0111, "there already")
        if not text(asked.attributes, TITLE):
            raise Refusal(0x0120, "no title", (TITLE,), 7)
        self.kept[uid] = asked.attributes
        return Done(asked.attributes, uid)

    def get(self, asked: Asked) -> Done:
        """Return all of it."""
        return Done(self.kept[asked.uid])

    def action(self, asked: Asked) -> Done:
        """Make a mistake."""
        raise ZeroDivisionError

    def left(self, number: int) -> None:
        """Remember who has left."""
        self.gone.append(number)


class Others(Service):
    """Has nothing."""

    sop_classes = (OTHER,)
    contexts: ClassVar = {OTHER: b""}


def test_an_instance_is_created_and_read() -> None:
    with serving(Albums()) as node, asking(node, [ALBUM, COVER]) as peer:
        status, answer = peer.send_n_create(dataset(StudyDescription="Songs"), ALBUM, "1.2.3")
        assert status.Status == 0
        assert answer.StudyDescription == "Songs"
        status, answer = peer.send_n_get([], ALBUM, "1.2.3")
        assert (status.Status, answer.StudyDescription) == (0, "Songs")
        status, answer = peer.send_n_get([TITLE], ALBUM, "1.2.3", meta_uid=COVER)
        assert (status.Status, answer.StudyDescription) == (0, "Songs")


def test_the_uid_that_the_node_gave_is_answered() -> None:
    with serving(Albums()) as node, asking(node, [ALBUM]) as peer:
        assert peer.send_n_create(dataset(StudyDescription="Songs"), ALBUM, None)[0].Status == 0
        assert peer.send_n_get([], ALBUM, "1.2.3.4")[0].Status == 0
    assert created("", DATA).command[0x1000].rstrip(b"\0") == b"1.2.3.4"


def test_a_refusal_has_a_comment_a_list_and_an_id() -> None:
    with serving(Albums()) as node, asking(node, [ALBUM]) as peer:
        status, answer = peer.send_n_create(dataset(PatientID="1"), ALBUM, "1.2.3")
        assert answer is None
        assert (status.Status, status.ErrorComment, status.ErrorID) == (0x0120, "no title", 7)
        (record,) = node.log.wait("normalized")
        assert (record["_service"], record["_status"], record["_reason"]) == ("N-CREATE", "0120", "no title")
    assert created("1.2.3", None).command[0x1005] == struct.pack("<HH", 0x0008, 0x1030)


def test_what_an_instance_lacks_is_listed() -> None:
    with serving(Albums()) as node, asking(node, [ALBUM]) as peer:
        peer.send_n_create(dataset(StudyDescription="Songs"), ALBUM, "1.2.3")
        status, answer = peer.send_n_get([TITLE, LABEL], ALBUM, "1.2.3")
        assert (status.Status, status.AttributeIdentifierList) == (0x0107, LABEL)
        assert answer.StudyDescription == "Songs"


def test_text_is_answered_in_a_character_set_that_has_it() -> None:
    albums = Albums()
    albums.kept["1.2.3"] = {TITLE: Attribute("LO", ("Größe",))}
    with serving(albums) as node, asking(node, [ALBUM]) as peer:
        _, answer = peer.send_n_get([], ALBUM, "1.2.3")
        assert (answer.SpecificCharacterSet, answer.StudyDescription) == ("ISO_IR 192", "Größe")
        albums.kept["1.2.3"][0x00080005] = Attribute("CS", ("ISO_IR 100",))
        status, answer = peer.send_n_get([TITLE], ALBUM, "1.2.3")
        assert (status.Status, answer.SpecificCharacterSet) == (0, "ISO_IR 100")
        assert answer.StudyDescription == "Größe"


def test_each_service_ends_what_ends_with_an_association() -> None:
    albums = Albums()
    with serving(albums) as node:
        with asking(node, [ALBUM]):
            pass
        node.log.wait("association-closed")
    assert albums.gone == [1]


def test_a_mistake_of_a_service_is_a_failure_and_the_association_lives() -> None:
    with serving(Albums()) as node, asking(node, [ALBUM]) as peer:
        status, _ = peer.send_n_action(None, 1, ALBUM, "1.2.3")
        assert status.Status == 0x0110
        status, _ = peer.send_n_create(dataset(StudyDescription="Songs"), ALBUM, "1.2.3")
        assert status.Status == 0


@pytest.mark.parametrize(
    ("send", "expected"),
    [
        (lambda peer: peer.send_n_delete(ALBUM, "1.2.3"), 0x0211),
        (lambda peer: peer.send_n_set(dataset(PatientID="1"), ALBUM, "1.2.3")[0], 0x0211),
        (lambda peer: peer.send_n_event_report(None, 1, ALBUM, "1.2.3")[0], 0x0211),
        (lambda peer: peer.send_n_event_report(None, 77, ALBUM, "1.2.3")[0], 0x0113),
        (lambda peer: peer.send_n_get([], "1.2.3.4.5", "1.2.3", meta_uid=ALBUM)[0], 0x0118),
        (lambda peer: peer.send_n_get([], OTHER, "1.2.3", meta_uid=ALBUM)[0], 0x0122),
        (lambda peer: peer.send_n_get([], OTHER, "1.2.3")[0], 0x0211),
    ],
    ids=["delete", "set", "event", "unknown event", "unknown class", "other context", "get"],
)
def test_what_is_not_offered_is_refused(send: Any, expected: int) -> None:
    with serving(Albums(), Others()) as node, asking(node, [ALBUM, OTHER]) as peer:
        assert send(peer).Status == expected
        (record,) = node.log.wait("normalized")
        assert f"refused {expected:04X}" in rendered(
            request(record), color=False
        )  # whoever runs the node is told, too


def n_create(uid: str, data: bytes | None) -> bytes:
    command = wire.command_set(
        wire.ui(2, ALBUM),
        wire.us(0x100, 0x0140),
        wire.us(0x110, 1),
        wire.us(0x800, wire.NO_DATA_SET if data is None else 1),
        *([wire.ui(0x1000, uid)] if uid else []),
    )
    return wire.message(command, data)


def created(uid: str, data: bytes | None) -> Message:
    """The answer to an N-CREATE that is spelled out."""
    context = wire.Context(1, ALBUM, (wire.EXPLICIT_LE,))
    with serving(Albums()) as node, scripted_client(node.port) as talk:
        talk.send(wire.associate_rq([context]))
        talk.expect(wire.ASSOCIATE_AC)
        talk.send(n_create(uid, data))
        answer = talk.read_message()
        talk.send(wire.echo_rq())  # of a context that was not agreed on: the association ends
        return answer


DATA = struct.pack("<HH2sH", 0x0008, 0x1030, b"LO", 4) + b"Song"


@pytest.mark.parametrize(
    ("uid", "data", "status", "comment"),
    [
        ("1.2.3", DATA, 0, b""),
        ("1.2.x", DATA, 0x0117, b"the SOP instance UID is no UID"),
        ("../../x", DATA, 0x0117, b"the SOP instance UID is no UID"),
        ("1" * 66, DATA, 0x0117, b"the SOP instance UID is no UID"),
        ("1.2.3", DATA[:-1], 0x0110, b"the data set does not decode"),
        ("1.2.3", DATA + bytes(5000), 0x0213, b"the data set has more than 4096 bytes"),
        ("1.2.3", None, 0x0120, b"no title"),
    ],
)
def test_what_cannot_be_taken_is_answered(uid: str, data: bytes | None, status: int, comment: bytes) -> None:
    answer = created(uid, data)
    assert answer.number(0x900) == status
    assert answer.command.get(0x902, b"").startswith(comment)


def test_what_was_done_is_followed_up_also_where_nobody_hears_of_it() -> None:
    """Reports that were posted go out now, not when the next request comes."""
    begun, gone, followed = threading.Event(), threading.Event(), threading.Event()

    class Slow(Albums):
        def create(self, asked: Asked) -> Done:
            begun.set()
            assert gone.wait(20)
            return super().create(asked)._replace(then=followed.set)

    with serving(Slow()) as node, scripted_client(node.port) as talk:
        talk.send(wire.associate_rq([wire.Context(1, ALBUM, (wire.EXPLICIT_LE,))]))
        talk.expect(wire.ASSOCIATE_AC)
        talk.send(n_create("1.2.3", DATA))
        assert begun.wait(20)
        talk.reset()
        gone.set()
        assert followed.wait(20)
        assert node.log.wait("normalized")[0]["_status"] == "0000"
