"""What is proposed, what is accepted, and what a peer may not answer."""

from __future__ import annotations

from typing import Any

import pytest

from dimsetools.association import negotiation
from dimsetools.association.negotiation import (
    Policy,
    agreed_contexts,
    agreed_window,
    decide,
    plan,
    refused_error,
    rejected_error,
)
from dimsetools.association.values import (
    Acceptance,
    AsyncWindow,
    ContextResult,
    Extended,
    Proposal,
    ProposedContext,
    Rejection,
    Role,
)
from dimsetools.errors import ProtocolError
from dimsetools.uids import IMPLEMENTATION_UID
from tests.scripted import wire

CT, ECHO = wire.CT_IMAGE, wire.VERIFICATION
LE, EX = wire.IMPLICIT_LE, wire.EXPLICIT_LE


def proposal(*contexts: ProposedContext, **more: Any) -> Proposal:
    return Proposal("SCP", "SCU", contexts or (ProposedContext(1, CT, (LE, EX)),), 16384)._replace(**more)


def acceptance(*results: ContextResult, **more: Any) -> Acceptance:
    return Acceptance(results or (ContextResult(1, 0, EX),), 16384)._replace(**more)


# -- planning ----------------------------------------------------------------------------------------


def test_contexts_are_numbered_with_odd_ids_in_order() -> None:
    [contexts] = plan([(CT, (EX,)), (ECHO, (LE, EX)), (CT, (LE,))])
    assert contexts == (
        ProposedContext(1, CT, (EX,)),
        ProposedContext(3, ECHO, (LE, EX)),
        ProposedContext(5, CT, (LE,)),
    )


@pytest.mark.parametrize(
    ("pairs", "sizes"), [(0, []), (1, [1]), (128, [128]), (129, [128, 1]), (300, [128, 128, 44])]
)
def test_an_association_takes_128_contexts(pairs: int, sizes: list[int]) -> None:
    planned = plan((f"1.2.{number}", (LE,)) for number in range(pairs))
    assert [len(contexts) for contexts in planned] == sizes
    for contexts in planned:
        assert [context.id for context in contexts] == list(range(1, 2 * len(contexts), 2))
    assert [context.abstract_syntax for contexts in planned for context in contexts] == [
        f"1.2.{number}" for number in range(pairs)
    ]


def test_equal_pairs_share_a_context() -> None:
    assert [len(contexts) for contexts in plan([(CT, (EX,)), (ECHO, (LE,)), (CT, (EX,))])] == [2]


# -- what the peer answers ---------------------------------------------------------------------------


def test_without_role_selection_the_requestor_is_scu() -> None:
    for requestor, roles in ((True, (True, False)), (False, (False, True))):
        agreed = agreed_contexts(proposal(), acceptance(), requestor=requestor)
        assert agreed[1].transfer_syntax == EX
        assert (agreed[1].as_scu, agreed[1].as_scp) == roles


@pytest.mark.parametrize("asked", [(s, p) for s in (True, False) for p in (True, False)])
@pytest.mark.parametrize("granted", [(s, p) for s in (True, False) for p in (True, False)])
def test_a_role_needs_both_sides(asked: tuple[bool, bool], granted: tuple[bool, bool]) -> None:
    both = proposal(roles=(Role(CT, *asked),)), acceptance(roles=(Role(CT, *granted),))
    scu, scp = asked[0] and granted[0], asked[1] and granted[1]
    ours = agreed_contexts(*both)[1]
    assert (ours.as_scu, ours.as_scp) == (scu, scp)
    theirs = agreed_contexts(*both, requestor=False)[1]
    assert (theirs.as_scu, theirs.as_scp) == (scp, scu)


def test_a_role_that_was_not_asked_for_changes_nothing() -> None:
    agreed = agreed_contexts(proposal(), acceptance(roles=(Role(CT, False, True),)))
    assert (agreed[1].as_scu, agreed[1].as_scp) == (True, False)


@pytest.mark.parametrize("result", [1, 2, 3, 4, 99])
def test_a_rejected_context_is_not_agreed_whatever_its_syntax(result: int) -> None:
    assert agreed_contexts(proposal(), acceptance(ContextResult(1, result, "9.9.9"))) == {}


def test_an_answer_to_what_was_not_asked_is_a_violation() -> None:
    with pytest.raises(ProtocolError, match="presentation context 3, which was not proposed"):
        agreed_contexts(proposal(), acceptance(ContextResult(3, 0, EX)))


@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2.4.50", "", "\x1b[2J"])
def test_a_syntax_that_was_not_proposed_is_a_violation(syntax: str) -> None:
    with pytest.raises(ProtocolError, match="not proposed for it") as caught:
        agreed_contexts(proposal(), acceptance(ContextResult(1, 0, syntax)))
    assert "\x1b" not in caught.value.message


@pytest.mark.parametrize(
    ("asked", "granted", "window"),
    [
        (None, None, 1),
        (None, 5, 1),
        (5, None, 1),
        (5, 3, 3),
        (3, 5, 3),
        (0, 4, 4),
        (4, 0, 4),
        (0, 0, 0),
        (1, 0, 1),
    ],
)
def test_the_window_is_the_smaller_wish(asked: int | None, granted: int | None, window: int) -> None:
    asking = proposal(async_window=None if asked is None else AsyncWindow(asked, 1))
    granting = acceptance(async_window=None if granted is None else AsyncWindow(granted, 1))
    assert agreed_window(asking, granting) == window


# -- what we answer ----------------------------------------------------------------------------------


def policy(**more: object) -> Policy:
    taken = {CT: (EX, LE), ECHO: (LE,), "1.2.3": ()}
    return Policy(**({"syntaxes": taken.get, "max_pdu": 65536} | more))  # type: ignore[arg-type]


def accepted(answer: Acceptance | Rejection) -> Acceptance:
    assert isinstance(answer, Acceptance)
    return answer


def test_the_best_syntax_wins_not_the_first() -> None:
    answer = accepted(decide(proposal(), policy()))
    assert answer.contexts == (ContextResult(1, 0, EX),)
    assert (answer.max_pdu, answer.implementation_uid) == (65536, IMPLEMENTATION_UID)


def test_refused_contexts_say_why_and_the_others_stand() -> None:
    asked = (
        ProposedContext(1, "9.9", (LE,)),
        ProposedContext(3, ECHO, ("1.2.840.10008.1.2.4.50", EX)),
        ProposedContext(5, CT, (LE,)),
        ProposedContext(7, "1.2.3", ("7.7", "8.8")),
        ProposedContext(9, CT, ()),
        ProposedContext(11, "1.2.3", ()),
    )
    assert accepted(decide(proposal(*asked), policy())).contexts == (
        ContextResult(1, 3, LE),
        ContextResult(3, 4, "1.2.840.10008.1.2.4.50"),
        ContextResult(5, 0, LE),
        ContextResult(7, 0, "7.7"),  # an empty list of the policy takes what comes first
        ContextResult(9, 4, ""),
        ContextResult(11, 4, ""),
    )


def test_what_we_accept_we_may_use() -> None:
    asked = proposal(ProposedContext(1, CT, (LE,)), ProposedContext(3, "9.9", (LE,)))
    agreed = agreed_contexts(asked, accepted(decide(asked, policy())), requestor=False)
    assert list(agreed) == [1]


@pytest.mark.parametrize(
    ("change", "rejection"),
    [
        ({"application_context": "1.2.3"}, negotiation.REJECTED_APPLICATION_CONTEXT),
        ({"application_context": ""}, negotiation.REJECTED_APPLICATION_CONTEXT),
        ({"protocol_version": 2}, negotiation.REJECTED_PROTOCOL_VERSION),
        ({"called_aet": "OTHER"}, negotiation.REJECTED_CALLED_AET),
    ],
)
def test_rejections(change: dict[str, object], rejection: Rejection) -> None:
    assert decide(proposal(**change), policy(called_aet="SCP")) == rejection


def test_later_protocol_versions_and_any_title_are_taken() -> None:
    assert accepted(decide(proposal(protocol_version=3, called_aet="OTHER"), policy()))


def test_by_default_the_requestor_gets_the_scu_role_only() -> None:
    answer = accepted(decide(proposal(roles=(Role(CT, True, True), Role(ECHO, False, True))), policy()))
    assert answer.roles == (Role(CT, True, False), Role(ECHO, False, False))


def test_roles_and_extended_negotiation_are_the_policys() -> None:
    asked = proposal(roles=(Role(CT, True, True),), extended=(Extended(CT, b"\1"), Extended(ECHO, b"\2")))
    rule = policy(roles=lambda role: role, extended=lambda item: item if item[0] == CT else None)
    answer = accepted(decide(asked, rule))
    assert answer.roles == (Role(CT, True, True),)
    assert answer.extended == (Extended(CT, b"\1"),)


@pytest.mark.parametrize(
    ("asked", "most", "granted"),
    [(None, 8, None), (3, 8, 3), (9, 8, 8), (0, 8, 8), (9, 0, 9), (0, 0, 0), (5, 1, 1)],
)
def test_the_window_granted(asked: int | None, most: int, granted: int | None) -> None:
    wish = None if asked is None else AsyncWindow(asked, 7)
    answer = accepted(decide(proposal(async_window=wish), policy(async_window=most)))
    assert answer.async_window == (None if granted is None else AsyncWindow(granted, 1))


# -- rejections in words -----------------------------------------------------------------------------

WORDS = {  # PS3.8 table 9-21
    (1, 1): ("rejected-no-reason", "no reason given"),
    (1, 2): ("rejected-application-context", "application context name not supported"),
    (1, 3): ("rejected-calling-aet", "calling AE title not recognized"),
    (1, 7): ("rejected-called-aet", "called AE title not recognized"),
    (2, 1): ("rejected-no-reason", "no reason given"),
    (2, 2): ("rejected-protocol-version", "protocol version not supported"),
    (3, 1): ("rejected-congestion", "temporary congestion"),
    (3, 2): ("rejected-local-limit", "local limit exceeded"),
    (1, 4): ("rejected-unknown-reason", "reserved reason 4"),
    (9, 9): ("rejected-unknown-reason", "reserved reason 9"),
}


@pytest.mark.parametrize("result", [1, 2, 7])
@pytest.mark.parametrize(("source", "reason"), WORDS)
def test_a_rejection_is_told_in_words(result: int, source: int, reason: int) -> None:
    name, words = WORDS[source, reason]
    error = rejected_error(Rejection(result, source, reason), "PACS@host:104")
    how = {1: "permanently", 2: "for now", 7: "with result 7"}[result]
    assert error.message == f"PACS@host:104 rejected the association {how}: {words}"
    assert (error.name, error.exit_code, error.retryable) == (name, 61, result == 2)
    assert (error.result, error.source, error.reason) == (result, source, reason)
    assert error.hint


def test_our_own_rejection_blames_nobody_else() -> None:
    error = refused_error(negotiation.REJECTED_LOCAL_LIMIT)
    assert error.message == "we rejected for now: local limit exceeded"
    assert (error.name, error.retryable) == ("rejected-local-limit", True)
