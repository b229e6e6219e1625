from __future__ import annotations

import pytest

from dimsetools.association.values import (
    Acceptance,
    Extended,
    Identity,
    Proposal,
    ProposedContext,
    Rejection,
    Role,
)
from dimsetools.errors import UsageError
from dimsetools.scp.policy import AcceptPolicy, Allowed
from dimsetools.uids import EXPLICIT_LE, IMPLICIT_LE, VERIFICATION

CT = "1.2.840.10008.5.1.4.1.1.2"
PRIVATE = "1.2.3.4"
JPEG = "1.2.840.10008.1.2.4.50"
UNKNOWN_SYNTAX = "1.2.3.99"
CALLING_NOT_RECOGNIZED = Rejection(1, 1, 3, "nobody with this title and address may call")
CALLED_NOT_RECOGNIZED = Rejection(1, 1, 7)
NO_REASON = Rejection(1, 1, 1)


def proposal(
    *contexts: tuple[str, tuple[str, ...]],
    calling: str = "SCU",
    called: str = "SCP",
    identity: Identity | None = None,
) -> Proposal:
    proposed = tuple(ProposedContext(2 * index + 1, *pair) for index, pair in enumerate(contexts))
    return Proposal(called, calling, proposed, 16384, identity=identity)


def answers(policy: AcceptPolicy, *contexts: tuple[str, tuple[str, ...]]) -> list[tuple[int, str]]:
    answer = policy.decide(proposal(*contexts), "127.0.0.1")
    assert isinstance(answer, Acceptance)
    return [(result.result, result.transfer_syntax) for result in answer.contexts]


@pytest.mark.parametrize(
    ("allow", "aet", "host", "admitted"),
    [
        ("CT1", "CT1", "10.1.2.3", True),
        ("CT1", "CT2", "10.1.2.3", False),
        ("CT1", "ct1", "10.1.2.3", False),
        ("CT1@10.0.0.0/8", "CT1", "10.1.2.3", True),
        ("CT1@10.0.0.0/8", "CT1", "11.1.2.3", False),
        ("CT1@10.1.2.3", "CT1", "10.1.2.3", True),
        ("CT1@10.1.2.3/8", "CT1", "10.9.9.9", True),
        ("*@10.0.0.0/8", "ANYONE", "10.1.2.3", True),
        ("*@10.0.0.0/8", "ANYONE", "::1", False),
        ("A@B@10.0.0.1", "A@B", "10.0.0.1", True),
        ("CT1@fe80::/10", "CT1", "fe80::1%eth0", True),
    ],
)
def test_callers_are_let_in_by_title_and_network(allow: str, aet: str, host: str, admitted: bool) -> None:
    policy = AcceptPolicy(storage=[CT], allowed=(Allowed.parse("OTHER"), Allowed.parse(allow)))
    answer = policy.decide(proposal((CT, (EXPLICIT_LE,)), calling=aet), host)
    assert isinstance(answer, Acceptance) is admitted
    if not admitted:
        assert answer == CALLING_NOT_RECOGNIZED


@pytest.mark.parametrize(
    "text", ["", "@10.0.0.1", "  @10.0.0.1", "A" * 17, "CT1@", "CT1@host", "CT1@10.0.0.0/33"]
)
def test_a_rule_that_means_nothing_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        Allowed.parse(text)


def test_the_called_title_is_checked_when_one_is_given() -> None:
    assert AcceptPolicy(storage=[], called_aet="US").decide(proposal(), "::1") == CALLED_NOT_RECOGNIZED
    assert isinstance(AcceptPolicy(storage=[], called_aet="SCP").decide(proposal(), "::1"), Acceptance)
    assert isinstance(AcceptPolicy(storage=[]).decide(proposal(called="WHATEVER"), "::1"), Acceptance)


def test_verification_and_storage_are_taken_and_nothing_else() -> None:
    asked = [(uid, (IMPLICIT_LE,)) for uid in (VERIFICATION, CT, PRIVATE)]
    assert [result for result, _ in answers(AcceptPolicy(storage=[CT]), *asked)] == [0, 0, 3]
    assert [result for result, _ in answers(AcceptPolicy(storage=[CT], any_class=True), *asked)] == [0, 0, 0]


def test_the_requestor_chooses_the_syntax_unless_some_are_preferred() -> None:
    asked = (CT, (JPEG, UNKNOWN_SYNTAX, IMPLICIT_LE, EXPLICIT_LE))
    assert answers(AcceptPolicy(storage=[CT]), asked) == [(0, JPEG)]
    assert answers(AcceptPolicy(storage=[CT]), (CT, (UNKNOWN_SYNTAX,))) == [(0, UNKNOWN_SYNTAX)]
    assert answers(AcceptPolicy(storage=[CT], preferred=(EXPLICIT_LE,)), asked) == [(0, EXPLICIT_LE)]
    assert answers(AcceptPolicy(storage=[CT], preferred=(EXPLICIT_LE,)), (CT, (JPEG,))) == [(0, JPEG)]


@pytest.mark.parametrize(
    ("identity", "because"),
    [
        (None, "no user identity"),
        (Identity(1, b"alice"), "user identity of type 1, not user and passcode"),
        (Identity(2, b"alice", b"wrong"), "unknown user or wrong passcode"),
        (Identity(2, b"alice", b""), "unknown user or wrong passcode"),
        (Identity(2, b"mallory", b"secret"), "unknown user or wrong passcode"),
        (Identity(2, b"mallory", b""), "unknown user or wrong passcode"),
        (Identity(3, b"ticket"), "user identity of type 3, not user and passcode"),
        (Identity(9, b"alice", b"secret"), "user identity of type 9, not user and passcode"),
    ],
)
def test_a_user_has_to_show_the_passcode(identity: Identity | None, because: str) -> None:
    policy = AcceptPolicy(storage=[], users={b"alice": b"secret"})
    assert policy.decide(proposal(identity=identity), "127.0.0.1") == NO_REASON._replace(because=because)
    known = proposal(identity=Identity(2, b"alice", b"secret"))
    assert isinstance(policy.decide(known, "127.0.0.1"), Acceptance)


def test_an_answer_to_an_identity_is_given_when_asked_for() -> None:
    policy = AcceptPolicy(storage=[], users={b"alice": b"secret"})
    asking = Identity(2, b"alice", b"secret", response_requested=True)
    answer = policy.decide(proposal(identity=asking), "127.0.0.1")
    assert isinstance(answer, Acceptance)
    assert answer.identity_response == b""


def test_passcodes_do_not_show() -> None:
    assert "secret" not in repr(AcceptPolicy(storage=[], users={b"alice": b"secret"}))


# -- query and retrieval ------------------------------------------------------------------------------

FIND, GET = "1.2.840.10008.5.1.4.1.2.2.1", "1.2.840.10008.5.1.4.1.2.2.3"
ARCHIVE = AcceptPolicy(storage=[CT], services={FIND: b"\1\1\1", GET: b"\1"}, sends=True)


def accepted(policy: AcceptPolicy, asked: Proposal) -> Acceptance:
    answer = policy.decide(asked, "127.0.0.1")
    assert isinstance(answer, Acceptance)
    return answer


def test_classes_of_queries_are_taken_in_what_identifiers_are_read_in() -> None:
    assert answers(ARCHIVE, (FIND, (IMPLICIT_LE, JPEG, EXPLICIT_LE))) == [(0, EXPLICIT_LE)]
    assert answers(ARCHIVE, (FIND, (IMPLICIT_LE,)), (FIND, (JPEG,))) == [(0, IMPLICIT_LE), (4, JPEG)]
    preferring = AcceptPolicy(storage=[], services={FIND: b""}, preferred=(JPEG, IMPLICIT_LE))
    assert answers(preferring, (FIND, (JPEG, EXPLICIT_LE, IMPLICIT_LE))) == [(0, IMPLICIT_LE)]
    assert answers(AcceptPolicy(storage=[CT]), (FIND, (IMPLICIT_LE,))) == [(3, IMPLICIT_LE)]


def test_objects_are_sent_to_those_who_ask_to_be_scp_of_storage() -> None:
    asked = proposal((CT, (EXPLICIT_LE,)))._replace(
        roles=(Role(CT, scu=True, scp=True), Role(GET, scu=True, scp=True), Role(PRIVATE, scu=True, scp=True))
    )
    granted = {role.abstract_syntax: role.scp for role in accepted(ARCHIVE, asked).roles}
    assert granted == {CT: True, GET: False, PRIVATE: False}
    assert not any(role.scp for role in accepted(AcceptPolicy(storage=[CT]), asked).roles)
    anything = AcceptPolicy(storage=[], any_class=True, services={GET: b"\1"}, sends=True)
    granted = {role.abstract_syntax: role.scp for role in accepted(anything, asked).roles}
    assert granted == {CT: True, GET: False, PRIVATE: True}


@pytest.mark.parametrize(
    ("information", "granted"),
    [(b"", b""), (b"\1", b"\1"), (b"\1\0\1", b"\1\0\1"), (b"\1\1\1\1\1\1", b"\1\1\1\0\0\0")],
)
def test_of_extended_negotiation_what_there_is_is_granted(information: bytes, granted: bytes) -> None:
    asked = proposal((FIND, (EXPLICIT_LE,)))._replace(
        extended=(Extended(FIND, information), Extended(CT, b"\1"))
    )
    assert accepted(ARCHIVE, asked).extended == (Extended(FIND, granted),)
    assert ARCHIVE.extended_of(FIND, asked) == granted
    assert ARCHIVE.extended_of(GET, asked) == b""
