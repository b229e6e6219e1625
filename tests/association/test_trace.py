"""Traces show every PDU decoded, and never a secret."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dimsetools.association import negotiation
from dimsetools.association.opening import open_association
from dimsetools.association.trace import Record, Tracer, describe
from dimsetools.association.values import (
    Acceptance,
    CommonExtended,
    Identity,
    Rejection,
    Role,
    Target,
)
from dimsetools.errors import Aborted, Rejected
from tests.association.ends import AMPLE, CT, ECHO, accepting, call
from tests.association.test_associate import full_proposal
from tests.scripted import wire
from tests.scripted.conversation import accept, closed, expect, release, send
from tests.scripted.peers import HOST, scripted_client, scripted_server

SECRETS = {
    1: Identity(1, b"shown-user"),
    2: Identity(2, b"shown-user", b"s3cret-passcode", True),
    3: Identity(3, b"s3cret-ticket"),
    4: Identity(4, b"s3cret-assertion"),
    5: Identity(5, b"s3cret-token"),
}


def brief(records: list[Record]) -> list[tuple[object, ...]]:
    """Event, direction and name of each."""
    return [(r["_event"], r.get("direction"), r.get("pdu") or r.get("message")) for r in records]


@pytest.mark.parametrize("kind", SECRETS)
def test_no_record_holds_a_secret(kind: int) -> None:
    sent: list[Record] = []
    received: list[Record] = []

    def serve(association: Any) -> None:
        assert association.receive(5) is None
        association.release()

    def choose(proposal: Any) -> Acceptance:
        answer = negotiation.decide(proposal, negotiation.Policy(lambda _: (), 16384))
        assert isinstance(answer, Acceptance)
        return answer._replace(identity_response=b"s3cret-answer")

    with accepting(serve, choose=choose, tracer=Tracer(received.append, phi=True)) as acceptor:
        target = Target(HOST, acceptor.port, identity=SECRETS[kind], timeouts=AMPLE)
        open_association(target, (ECHO,), tracer=Tracer(sent.append, phi=True)).release()
        acceptor.result()
    for records in (sent, received):
        text = json.dumps(records) + repr(records)  # every record can be written as JSON
        assert "s3cret" not in text
        assert b"s3cret".hex() not in text
        assert ("shown-user" in text) == (kind in (1, 2))
        assert len(records) >= 4


def test_secrets_are_not_in_reprs_either() -> None:
    assert "s3cret" not in repr(SECRETS)
    assert "s3cret" not in repr(full_proposal()._replace(identity=SECRETS[2]))


def test_every_pdu_is_told_in_order() -> None:
    records: list[Record] = []
    script = [accept(more=wire.item(0x55, "PEER")), send(wire.p_data(wire.pdv(b"secret name"))), release()]
    with scripted_server(script) as peer:
        association = call(peer.port, tracer=Tracer(records.append))
        association.receive(5)
        association.release()
        name = f"{HOST}:{peer.port}"
    assert brief(records) == [
        ("pdu", "sent", "A-ASSOCIATE-RQ"),
        ("pdu", "received", "A-ASSOCIATE-AC"),
        ("negotiation", None, "A-ASSOCIATE-AC"),
        ("fragment", "received", "P-DATA-TF"),
        ("pdu", "sent", "A-RELEASE-RQ"),
        ("pdu", "received", "A-RELEASE-RP"),
    ]
    assert {record["peer"] for record in records} == {name}
    assert records[0]["contexts"] == [context._asdict() for context in (ECHO, CT)]
    assert records[2]["implementation_version"] == "PEER"
    assert (records[3]["context"], records[3]["of"], records[3]["last"], records[3]["length"]) == (
        1,
        "data",
        True,
        11,
    )
    assert "secret" not in repr(records)


def test_a_rejection_and_an_abort_are_told_with_their_numbers() -> None:
    records: list[Record] = []
    refused = [expect(wire.ASSOCIATE_RQ), send(wire.associate_rj(1, 1, 7)), closed()]
    aborted = [expect(wire.ASSOCIATE_RQ), send(wire.abort(2, 4)), closed()]
    with scripted_server(refused, aborted) as peer:
        with pytest.raises(Rejected):
            call(peer.port, tracer=Tracer(records.append))
        with pytest.raises(Aborted):
            call(peer.port, tracer=Tracer(records.append))
    assert [records[2][key] for key in ("pdu", "result", "source", "reason")] == ["A-ASSOCIATE-RJ", 1, 1, 7]
    assert [records[-1][key] for key in ("pdu", "source", "reason")] == ["A-ABORT", 2, 4]


def test_an_abort_of_ours_is_told_too() -> None:
    records: list[Record] = []

    def serve(association: Any) -> None:
        association.receive(5)

    with accepting(serve, tracer=Tracer(records.append)) as acceptor, scripted_client(acceptor.port) as talk:
        talk.send(b"GET / HTTP/1.0\r\n\r\n")
        talk.expect(wire.ABORT)
        acceptor.error()
    assert [records[-1][key] for key in ("direction", "pdu", "source", "reason")] == ["sent", "A-ABORT", 2, 1]


def test_data_sets_are_shown_only_on_request_and_never_whole() -> None:
    shown: list[Record] = []
    hidden: list[Record] = []
    Tracer(shown.append, phi=True).data_set("sent", "x", bytes(1_000_000))
    Tracer(hidden.append).data_set("sent", "x", b"Doe^Jane")
    assert hidden == []
    assert shown[0]["length"] == 1_000_000
    assert len(str(shown[0]["bytes"])) == 8192


def test_all_values_are_plain() -> None:
    record = describe(full_proposal())
    assert json.loads(json.dumps(record))["async_window"] == {"invoked": 5, "performed": 1}
    assert record["roles"] == [Role(wire.CT_IMAGE, True, True)._asdict()]
    assert record["extended"] == [{"abstract_syntax": wire.CT_IMAGE, "information": "010001"}]
    assert record["common_extended"] == [
        CommonExtended(wire.CT_IMAGE, "1.2.840.10008.4.2", ("1.2.3.4",))._asdict() | {"related": ["1.2.3.4"]}
    ]
    assert describe(Rejection(1, 2, 1)) == {"result": 1, "source": 2, "reason": 1}
