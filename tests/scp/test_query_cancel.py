"""What ends a query before it has found everything: C-CANCEL, the peer, the node."""

from __future__ import annotations

import ssl
import struct
import threading
from collections.abc import Iterator
from time import monotonic

from dimsetools.association.tls import server_context
from dimsetools.association.values import ServerTls
from dimsetools.dataset.attributes import Attributes
from dimsetools.dataset.flat import from_flat
from dimsetools.message.composite import CFindRq
from dimsetools.scp.query import Queried, Query
from dimsetools.scp.server import Limits
from tests.peers.certificates import Certificates
from tests.scp.asking import FIND, STUDY, answers, associated, cancel, identifier, request, status
from tests.scp.node import LIMIT, running_node
from tests.scp.querying import POLICY, Source, endless, find, querying, some
from tests.scripted import wire
from tests.scripted.peers import scripted_client


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
        (record,) = node.log.wait("query")
        assert (record["_status"], int(str(record["_matches"])) > 0) == ("", True)
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
