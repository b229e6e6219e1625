"""From a connection to an open association, on both sides, with everything that was negotiated."""

from __future__ import annotations

import socket
from collections.abc import Sequence

import pytest

from dimsetools.association import negotiation, opening
from dimsetools.association.association import Association
from dimsetools.association.negotiation import Policy
from dimsetools.association.opening import (
    accept_association,
    no_context,
    open_association,
    require_context,
)
from dimsetools.association.values import (
    Acceptance,
    AcceptedContext,
    AsyncWindow,
    Extended,
    Identity,
    Proposal,
    Rejection,
    Role,
    Target,
)
from dimsetools.errors import (
    Aborted,
    ConnectionLost,
    LimitReached,
    NoAnswer,
    NoContext,
    ProtocolError,
    Rejected,
)
from tests.association.ends import AMPLE, ANYTHING, BRIEF, CT, ECHO, accepting, call
from tests.scripted import wire
from tests.scripted.conversation import accept, closed, expect, release, send, stall
from tests.scripted.peers import HOST, scripted_client, scripted_server

# -- calling -----------------------------------------------------------------------------------------


def test_what_was_agreed_is_told() -> None:
    results = (wire.Result(1, 0, wire.EXPLICIT_LE), wire.Result(3, 3, wire.EXPLICIT_LE))
    more = wire.item(0x55, "PEER_1") + wire.item(0x59, b"\0\3yes") + wire.item(0x53, b"\0\2\0\1")
    script = [accept(*results, max_pdu=32768, more=more), release()]
    with scripted_server(script) as peer:
        target = Target(
            HOST,
            peer.port,
            called_aet="PACS",
            calling_aet="ME",
            identity=Identity(2, b"user", b"word", True),
            timeouts=AMPLE,
            async_window=5,
        )
        association = open_association(target, (ECHO, CT), extended=(Extended(wire.CT_IMAGE, b"\1"),))
        assert association.contexts == {1: AcceptedContext(1, wire.VERIFICATION, wire.EXPLICIT_LE)}
        assert {number: result.result for number, result in association.results.items()} == {1: 0, 3: 3}
        assert association.context_for(wire.VERIFICATION) == association.contexts[1]
        assert association.context_for(wire.VERIFICATION, wire.IMPLICIT_LE) is None
        assert association.context_for(wire.CT_IMAGE) is None
        assert association.peer == ("PACS", HOST, peer.port, wire.IMPLEMENTATION, "PEER_1", 32768, True)
        assert (association.async_window, association.identity_response) == (2, b"yes")
        assert association.timings.tls is None
        assert association.timings.tcp > 0
        assert association.timings.association > 0
        association.release()
        peer.finish()
    request = peer.first.received[0].body
    assert (request[4:20], request[20:36]) == (b"PACS".ljust(16), b"ME".ljust(16))
    assert wire.item(0x53, b"\0\5\0\1") in request
    assert wire.item(0x58, b"\2\1\0\4user\0\4word") in request


def test_a_window_of_one_is_not_negotiated() -> None:
    with scripted_server([accept(), release()]) as peer:
        call(peer.port).release()
    assert b"\x53\0\0\4" not in peer.first.received[0].body


@pytest.mark.parametrize(
    "answer",
    [
        wire.associate_ac([wire.Result(5)]),
        wire.associate_ac([wire.Result(1, 0, "1.2.840.10008.1.2.4.50")]),
        wire.associate_ac([wire.Result(1), wire.Result(1)]),
        wire.associate_ac(more=wire.item(0x51, b"\0")),
        wire.pdu(wire.ASSOCIATE_AC, b"short"),
    ],
)
def test_an_impossible_acceptance_is_aborted(answer: bytes) -> None:
    script = [expect(wire.ASSOCIATE_RQ), send(answer), expect(wire.ABORT), closed()]
    with scripted_server(script) as peer:
        with pytest.raises(ProtocolError) as caught:
            call(peer.port)
        peer.finish()
    assert caught.value.exit_code == 62


@pytest.mark.parametrize(
    ("results", "words"),
    [
        ([1], "rejected by the user"),
        ([2], "rejected without a reason"),
        ([3], "abstract syntax not supported"),
        ([4], "transfer syntaxes not supported"),
        ([77], "rejected"),
        ([3, 4], "abstract syntax not supported, transfer syntaxes not supported"),
        ([], "no answer"),
    ],
)
def test_a_missing_context_is_told_with_its_reason(results: Sequence[int], words: str) -> None:
    answers = [wire.Result(2 * number + 1, result) for number, result in enumerate(results)]
    script = [accept(*answers or [wire.Result(3, 3)]), release()]
    contexts = (ECHO, CT._replace(abstract_syntax=wire.VERIFICATION)) if answers else (ECHO, CT)
    with scripted_server(script) as peer:
        with pytest.raises(NoContext) as caught:
            require_context(call(peer.port, contexts=contexts), wire.VERIFICATION, "Verification")
        peer.finish()
    error = caught.value
    assert (
        error.message
        == f"ANY-SCP@{HOST}:{peer.port} accepts no presentation context for Verification: {words}"
    )
    assert (error.exit_code, error.retryable) == (66, False)


def test_a_context_that_nobody_asked_for_is_no_fault_of_the_peer() -> None:
    with scripted_server([accept(), release()]) as peer:
        with pytest.raises(NoContext, match="Verification was not proposed to ") as caught:
            require_context(call(peer.port, contexts=(CT,)), wire.VERIFICATION, "Verification")
        peer.finish()
    assert (caught.value.unproposed, caught.value.hint) == (wire.VERIFICATION, "")


def test_one_missing_context_does_not_end_the_others() -> None:
    script = [accept(wire.Result(1), wire.Result(3, 3)), release()]
    with scripted_server(script) as peer, call(peer.port) as association:
        assert require_context(association, wire.VERIFICATION, "Verification").id == 1
        assert "abstract syntax not supported" in no_context(association, wire.CT_IMAGE, "CT").message


# -- being called ------------------------------------------------------------------------------------


def until_release(association: Association) -> Association:
    assert association.receive(5) is None
    association.release()
    return association


def test_a_caller_gets_what_was_decided() -> None:
    policy = Policy(
        syntaxes={wire.CT_IMAGE: (wire.EXPLICIT_LE,)}.get,
        max_pdu=32768,
        roles=lambda role: role,
        async_window=3,
    )
    asked = [wire.Context(1), wire.Context(3, wire.CT_IMAGE, (wire.IMPLICIT_LE, wire.EXPLICIT_LE))]
    role = b"\0\x19" + wire.CT_IMAGE.encode() + b"\1\1"
    more = wire.item(0x53, b"\0\x09\0\1") + wire.item(0x54, role) + wire.item(0x55, "CALLER")
    with accepting(until_release, policy=policy) as acceptor, scripted_client(acceptor.port) as talk:
        talk.send(wire.associate_rq(asked, called=b"NODE", calling=b"SENDER", max_pdu=20000, more=more))
        answer = talk.expect(wire.ASSOCIATE_AC).body
        talk.send(wire.release_rq())
        talk.expect(wire.RELEASE_RP)
        assert talk.wait_closed() == "closed"
        talk.close()
        association = acceptor.result()
    assert answer[4:36] == b"NODE".ljust(16) + b"SENDER".ljust(16)
    assert wire.item(0x21, b"\1\0\3\0" + wire.item(0x40, wire.IMPLICIT_LE)) in answer
    assert wire.item(0x21, b"\3\0\0\0" + wire.item(0x40, wire.EXPLICIT_LE)) in answer
    assert wire.item(0x51, b"\0\0\x80\0") in answer
    assert wire.item(0x53, b"\0\3\0\1") in answer
    assert wire.item(0x54, role) in answer
    assert association.contexts == {3: AcceptedContext(3, wire.CT_IMAGE, wire.EXPLICIT_LE, True, True)}
    assert association.peer.aet == "SENDER"
    assert (association.peer.implementation_version, association.peer.max_pdu) == ("CALLER", 20000)
    assert association.proposal.async_window == AsyncWindow(9, 1)
    assert association.async_window == 3


def test_a_role_that_was_not_granted_is_not_taken() -> None:
    role = b"\0\x19" + wire.CT_IMAGE.encode() + b"\1\1"
    with accepting(until_release) as acceptor, scripted_client(acceptor.port) as talk:
        asked = [wire.Context(1, wire.CT_IMAGE, (wire.EXPLICIT_LE,))]
        talk.send(wire.associate_rq(asked, more=wire.item(0x54, role)) + wire.release_rq())
        talk.expect(wire.ASSOCIATE_AC)
        talk.close()
        assert acceptor.result().contexts[1][3:] == (False, True)
    assert Role(wire.CT_IMAGE, True, True) in acceptor.result().proposal.roles


@pytest.mark.parametrize(
    "rejection",
    [
        negotiation.REJECTED_CALLED_AET,
        negotiation.REJECTED_CALLING_AET,
        negotiation.REJECTED_APPLICATION_CONTEXT,
        negotiation.REJECTED_NO_REASON,
        negotiation.REJECTED_PROTOCOL_VERSION,
        negotiation.REJECTED_LOCAL_LIMIT,
        negotiation.REJECTED_CONGESTION,
    ],
)
def test_a_rejected_caller_is_told_before_the_connection_ends(rejection: Rejection) -> None:
    with accepting(until_release, choose=lambda _: rejection) as acceptor:
        with pytest.raises(Rejected) as caught:
            call(acceptor.port)
        error = caught.value
        assert Rejection(error.result, error.source, error.reason) == rejection
        assert isinstance(acceptor.error(), Rejected)


def test_a_mistake_of_ours_aborts_what_the_caller_waits_for() -> None:
    def choose(_: Proposal) -> Acceptance:
        raise ZeroDivisionError

    with accepting(until_release, choose=choose) as acceptor:
        with pytest.raises(Aborted):
            call(acceptor.port)
        assert isinstance(acceptor.error(), ZeroDivisionError)


def test_a_silent_caller_is_left_without_a_word() -> None:
    with accepting(until_release, timeouts=BRIEF) as acceptor, scripted_client(acceptor.port) as talk:
        assert talk.sock.recv(100) == b""
        talk.close()
        assert isinstance(acceptor.error(), NoAnswer)


@pytest.mark.parametrize("first", [b"", wire.associate_rq()[:50]])
def test_a_caller_that_hangs_up(first: bytes) -> None:
    with accepting(until_release) as acceptor:
        with scripted_client(acceptor.port) as talk:
            talk.send(first)
        assert isinstance(acceptor.error(), ConnectionLost)


def test_a_caller_that_aborts_at_once() -> None:
    with accepting(until_release) as acceptor, scripted_client(acceptor.port) as talk:
        talk.send(wire.abort())
        assert talk.wait_closed() == "closed"
        talk.close()
        error = acceptor.error()
    assert isinstance(error, Aborted)
    assert error.message == "the caller aborted the association"  # whoever logs it knows from where


def test_a_connection_that_is_gone_before_we_look() -> None:
    with socket.socket() as sock, pytest.raises(ConnectionLost, match="closed at once"):
        accept_association(sock, decide=lambda _: Rejection(1, 1, 1), timeouts=BRIEF, max_pdu=0)


def test_a_node_that_is_gone_before_we_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "connect", lambda *_args, **_options: socket.socket())
    with pytest.raises(ConnectionLost, match="closed the connection at once"):
        call(104)


def test_both_sides_are_ours() -> None:
    with accepting(until_release, policy=ANYTHING) as acceptor:
        association = call(acceptor.port)
        assert sorted(association.contexts) == [1, 3]
        association.release()
        assert association.released_in_order
        assert acceptor.result().released_in_order


def test_a_total_limit_in_the_middle_of_opening() -> None:
    with scripted_server([stall()]) as peer, pytest.raises(LimitReached):
        call(peer.port, timeouts=AMPLE._replace(total=0.2))
