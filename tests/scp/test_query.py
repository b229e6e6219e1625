from __future__ import annotations

import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

import pytest

from dimsetools.association.tls import server_context
from dimsetools.association.values import ServerTls
from dimsetools.dataset.attributes import Attributes
from dimsetools.dataset.flat import from_flat
from dimsetools.message.composite import CFindRq
from dimsetools.scp.identifiers import Asked
from dimsetools.scp.policy import AcceptPolicy
from dimsetools.scp.query import Negotiated, Queried, Query
from dimsetools.scp.server import Limits
from tests.peers.certificates import Certificates
from tests.scp.asking import (
    FIND,
    PATIENT,
    PATIENT_CONTEXT,
    STUDY,
    WORKLIST,
    WORKLIST_CONTEXT,
    answers,
    associated,
    cancel,
    comment,
    extended,
    identifier,
    request,
    status,
    values,
)
from tests.scp.node import LIMIT, Node, running_node
from tests.scripted import wire
from tests.scripted.conversation import Conversation
from tests.scripted.peers import scripted_client

SERVICES = {model.find: b"\1\1\1" for model in (STUDY, PATIENT, WORKLIST)}
POLICY = AcceptPolicy(storage=[wire.CT_IMAGE], services=SERVICES)

Find = Callable[[], Iterator[Attributes]]


class Source:
    """Answers every query with what `find` makes, and remembers what was asked."""

    def __init__(self, find: Find, *, supported: bool = True) -> None:
        self._find = find
        self._supported = supported
        self.asked: list[tuple[Asked, Negotiated]] = []

    def find(self, asked: Asked, negotiated: Negotiated) -> Iterator[Attributes]:
        self.asked.append((asked, negotiated))
        return self._find()

    def supports(self, asked: Asked) -> bool:
        return self._supported


@contextmanager
def querying(source: Source, *, log_values: bool = False, limits: Limits | None = None) -> Iterator[Node]:
    models = {model.find: Queried(model, source) for model in (STUDY, PATIENT, WORKLIST)}
    role = Query(models, log_values=log_values)
    with running_node(policy=POLICY, roles={CFindRq: role}, limits=limits) as node:
        yield node


def some(*names: str) -> Source:
    return Source(lambda: iter([from_flat({"PatientName": name}) for name in names]))


def endless() -> Iterator[Attributes]:
    while True:
        yield from_flat({"PatientName": "DOE"})


def find(talk: Conversation, **keys: object) -> None:
    talk.send(request(FIND, identifier("STUDY", **keys)))


def test_matches_are_answered_with_what_every_answer_has() -> None:
    source = some("DOE^JOHN", "DOE^JANE")
    with querying(source) as node, associated(node.port) as talk:
        find(talk, PatientName="DOE*")
        *matches, final = answers(talk)
        (record,) = node.log.wait("query")
    assert [values(match) for match in matches] == [
        {
            "QueryRetrieveLevel": "STUDY",
            "RetrieveAETitle": ["ARCHIVE"],
            "InstanceAvailability": "ONLINE",
            "PatientName": name,
        }
        for name in ("DOE^JOHN", "DOE^JANE")
    ]
    assert [status(one) for one in (*matches, final)] == [0xFF00, 0xFF00, 0]
    assert final.data == b""
    ((asked, negotiated),) = source.asked
    assert asked.level == "STUDY"
    assert not any(negotiated)
    assert (record["_matches"], record["_keys"], record["_status"]) == (2, ["PatientName"], "0000")


def test_values_are_logged_only_when_allowed() -> None:
    with querying(some(), log_values=True) as node, associated(node.port) as talk:
        find(talk, PatientName="DOE^\x1b[2J")
        answers(talk)
        assert node.log.wait("query")[0]["_keys"] == ["PatientName=DOE^\\x1b[2J"]


def test_keys_that_cannot_be_matched_are_admitted() -> None:
    with querying(Source(endless_one, supported=False)) as node, associated(node.port) as talk:
        find(talk)
        assert [status(one) for one in answers(talk)] == [0xFF01, 0]


def endless_one() -> Iterator[Attributes]:
    yield from_flat({"PatientID": "1"})


def test_a_worklist_is_answered_as_it_is() -> None:
    with querying(some("A^B")) as node, associated(node.port) as talk:
        data = wire.element(0x10, b"", group=0x10)
        talk.send(request(FIND, data, context=WORKLIST_CONTEXT))
        match, final = answers(talk)
    assert values(match, wire.IMPLICIT_LE) == {"PatientName": "A^B"}
    assert status(final) == 0


@pytest.mark.parametrize(
    ("asked_in", "names", "answered_in"),
    [
        ("ISO_IR 100", ["MÜLLER", "DOE"], [["ISO_IR 100"], None]),
        ("ISO_IR 100", ["ΔΙΟΝΥΣΙΟΣ"], [["ISO_IR 192"]]),
        ("", ["MÜLLER"], [["ISO_IR 192"]]),
        ("ISO_IR 126", ["ΔΙΟΝΥΣΙΟΣ"], [["ISO_IR 126"]]),
    ],
)
def test_text_goes_out_in_the_set_of_the_request_if_that_has_it(
    asked_in: str, names: list[str], answered_in: list[list[str] | None]
) -> None:
    with querying(some(*names)) as node, associated(node.port) as talk:
        find(talk, **({"SpecificCharacterSet": [asked_in]} if asked_in else {}), PatientName="")
        found = [values(match) for match in answers(talk)[:-1]]
    assert [match["PatientName"] for match in found] == names
    assert [match.get("SpecificCharacterSet") for match in found] == answered_in


def test_an_answer_that_cannot_be_written_does_not_keep_the_others_back() -> None:
    def found() -> Iterator[Attributes]:
        yield from_flat({"PatientName": "A"})
        yield from_flat({"StudyDescription": "x" * 70_000})
        yield from_flat({"PatientName": "B"})

    with querying(Source(found)) as node, associated(node.port) as talk:
        find(talk)
        assert [status(one) for one in answers(talk)] == [0xFF00, 0xFF00, 0]
        assert node.log.wait("query")[0]["_failed"] == 1


# -- refused ------------------------------------------------------------------------------------------


def nested(depth: int) -> bytes:
    data = b""
    for _ in range(depth):
        item = struct.pack("<HHI", 0xFFFE, 0xE000, len(data)) + data
        data = struct.pack("<HH2sHI", 0x0008, 0x1110, b"SQ", 0, len(item)) + item
    return data


@pytest.mark.parametrize(
    ("data", "code", "offending", "said"),
    [
        (identifier(StudyDate=""), 0xA900, 0x00080052, "no Query/Retrieve Level"),
        (identifier("SERIES"), 0xA900, 0x0020000D, "give StudyInstanceUID"),
        (identifier("PATIENT"), 0xA900, 0x00080052, "has no level PATIENT"),
        (nested(1000), 0xC000, None, ""),
        (b"\x08\0\x52\0CS\xff\0STUDY ", 0xC000, None, ""),
        (bytes(5 * 1024 * 1024), 0xA700, None, "bytes"),
    ],
)
def test_identifiers_that_cannot_be_answered(
    data: bytes, code: int, offending: int | None, said: str
) -> None:
    source = some("DOE")
    with querying(source) as node, associated(node.port) as talk:
        started = monotonic()
        talk.send(request(FIND, data))
        (final,) = answers(talk)
        assert monotonic() - started < 1.0
        assert status(final) == code
        assert said in comment(final)
        if offending is not None:
            assert struct.unpack("<HH", final.command[0x901]) == (offending >> 16, offending & 0xFFFF)
        assert source.asked == []
        assert node.log.wait("query")[0]["_status"] == f"{code:04X}"
        find(talk)
        assert len(answers(talk)) == 2


def test_a_class_that_the_context_is_not_for_is_refused() -> None:
    with querying(some("DOE")) as node, associated(node.port) as talk:
        sent = request(FIND, identifier("STUDY")).replace(STUDY.find.encode(), PATIENT.find.encode())
        talk.send(sent)
        assert status(answers(talk)[-1]) == 0x0122


def test_a_source_that_fails_is_a_failure_status_and_no_more() -> None:
    def broken() -> Iterator[Attributes]:
        yield from_flat({"PatientName": "A"})
        raise KeyError("lost")

    with querying(Source(broken)) as node, associated(node.port) as talk:
        find(talk)
        assert [status(one) for one in answers(talk)] == [0xFF00, 0x0110]
        assert node.log.wait("internal-error")
        find(talk)
        assert len(answers(talk)) == 2


def test_more_than_can_be_under_way_is_refused_for_now(monkeypatch: pytest.MonkeyPatch) -> None:
    with querying(some("A")) as node, associated(node.port) as talk:
        with monkeypatch.context() as patched:
            patched.setattr("dimsetools.scp.pump._MOST", 0)
            find(talk)
            assert status(answers(talk)[-1]) == 0xA700
        find(talk)
        assert status(answers(talk)[-1]) == 0


# -- negotiated ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "granted", "negotiated"),
    [
        (b"\1", b"\1", Negotiated(relational=True)),
        (b"\0\1", b"\0\1", Negotiated(datetime=True)),
        (b"\1\1\1\1\1", b"\1\1\1\0\0", Negotiated(relational=True, datetime=True, fuzzy=True)),
    ],
)
def test_what_is_asked_for_by_extended_negotiation(
    asked: bytes, granted: bytes, negotiated: Negotiated
) -> None:
    source = some()
    with querying(source) as node, associated(node.port, more=extended(STUDY.find, asked)) as talk:
        assert extended(STUDY.find, granted) in talk.received[0].body
        talk.send(request(FIND, identifier("STUDY" if not negotiated.relational else "SERIES")))
        assert status(answers(talk)[-1]) == 0
    assert source.asked[0][1] == negotiated


# -- cancelled ----------------------------------------------------------------------------------------


def test_a_cancel_ends_a_query_that_has_no_end() -> None:
    with querying(Source(endless)) as node, associated(node.port) as talk:
        find(talk)
        talk.read_message()
        talk.send(cancel())
        sent = monotonic()
        final = answers(talk)[-1]
        assert status(final) == 0xFE00
        assert monotonic() - sent < 1.0
        assert node.log.wait("query")[0]["_status"] == "FE00"
        talk.send(wire.release_rq())
        talk.expect(wire.RELEASE_RP)


def test_a_cancel_is_heard_while_nothing_is_found() -> None:
    hang = threading.Event()

    def hanging() -> Iterator[Attributes]:
        hang.wait(LIMIT)
        yield from endless()

    with querying(Source(hanging)) as node, associated(node.port) as talk:
        find(talk)
        talk.send(cancel())
        sent = monotonic()
        assert status(talk.read_message()) == 0xFE00
        assert monotonic() - sent < 1.0
        hang.set()


def test_a_cancel_is_heard_over_tls(certificates: Certificates) -> None:
    pair = certificates.server
    context = server_context(ServerTls(str(pair.cert), str(pair.key), require_client_cert=False))
    trusting = ssl.create_default_context(cafile=str(certificates.ca))
    role = Query({STUDY.find: Queried(STUDY, Source(endless))})
    with (
        running_node(
            policy=POLICY, roles={CFindRq: role}, wrap=lambda manner: manner._replace(tls_context=context)
        ) as node,
        scripted_client(node.port, tls=trusting) as talk,
    ):
        talk.send(wire.associate_rq((wire.Context(1, STUDY.find, (wire.EXPLICIT_LE,)),)))
        talk.expect(wire.ASSOCIATE_AC)
        find(talk)
        talk.read_message()
        talk.send(cancel())
        sent = monotonic()
        assert status(answers(talk)[-1]) == 0xFE00
        assert monotonic() - sent < 1.0


def test_a_cancel_of_something_else_changes_nothing() -> None:
    go_on = threading.Event()

    def waiting() -> Iterator[Attributes]:
        assert go_on.wait(LIMIT)
        yield from_flat({"PatientName": "A"})

    with querying(Source(waiting)) as node, associated(node.port) as talk:
        find(talk)
        talk.send(cancel(message_id=7))
        go_on.set()
        assert [status(one) for one in answers(talk)] == [0xFF00, 0]


def test_a_request_that_comes_early_is_carried_out_in_its_turn() -> None:
    window = wire.item(0x53, struct.pack(">HH", 8, 1))
    with querying(some("A")) as node, associated(node.port, more=window) as talk:
        talk.send(
            request(FIND, identifier("STUDY"), message_id=1)
            + request(FIND, identifier("STUDY"), message_id=2)
            + request(FIND, identifier("STUDY"), message_id=3)
        )
        found = [*answers(talk), *answers(talk), *answers(talk)]
    assert [one.number(0x120) for one in found] == [1, 1, 2, 2, 3, 3]


# -- the end ------------------------------------------------------------------------------------------


def test_a_peer_that_asks_for_release_in_the_middle_gets_it() -> None:
    with querying(Source(endless)) as node, associated(node.port) as talk:
        find(talk)
        talk.read_message()
        talk.send(wire.release_rq())
        while talk.read_pdu().kind != wire.RELEASE_RP:
            pass
        assert node.log.wait("association-closed")[0]["_result"] == "released"


def test_a_peer_that_goes_away_ends_its_query() -> None:
    ended = threading.Event()

    def watched() -> Iterator[Attributes]:
        try:
            yield from endless()
        finally:
            ended.set()

    with querying(Source(watched)) as node, associated(node.port) as talk:
        find(talk)
        talk.read_message()
        talk.reset()
        assert ended.wait(LIMIT)
        assert node.log.wait("association-closed")[0]["_result"] == "connection-lost"


def test_the_end_of_the_node_ends_a_query() -> None:
    with querying(Source(endless), limits=Limits(grace=0.05)) as node, associated(node.port) as talk:
        find(talk)
        talk.read_message()
        node.server.drain()
        while talk.read_pdu().kind != wire.ABORT:
            pass
        node.join()


def test_a_query_under_way_finishes_in_the_grace() -> None:
    begun, go_on = threading.Event(), threading.Event()

    def waiting() -> Iterator[Attributes]:
        begun.set()
        assert go_on.wait(LIMIT)
        yield from_flat({"PatientName": "A"})

    with querying(Source(waiting)) as node, associated(node.port) as talk:
        find(talk)
        assert begun.wait(LIMIT)
        node.server.drain()
        go_on.set()
        assert [status(one) for one in answers(talk)] == [0xFF00, 0]
        talk.expect(wire.ABORT)
        node.join()


def test_patient_root_is_a_model_of_its_own() -> None:
    source = some("A")
    with querying(source) as node, associated(node.port) as talk:
        data = wire.element(0x52, b"PATIENT ", group=8)
        talk.send(request(FIND, data, context=PATIENT_CONTEXT))
        assert len(answers(talk)) == 2
    assert source.asked[0][0].level == "PATIENT"
