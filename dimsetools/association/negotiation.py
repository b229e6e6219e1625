"""What to propose and what to accept: pure functions over plain values (PS3.8 section 9.3, PS3.7 annex D)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from dimsetools.association.values import (
    Acceptance,
    AcceptedContext,
    AsyncWindow,
    ContextResult,
    Extended,
    Proposal,
    ProposedContext,
    Rejection,
    Role,
)
from dimsetools.errors import ProtocolError, Rejected
from dimsetools.uids import APPLICATION_CONTEXT, IMPLEMENTATION_UID, IMPLEMENTATION_VERSION

CONTEXTS_PER_ASSOCIATION = 128
"""Presentation context IDs are the odd numbers 1 to 255 (PS3.8 section 9.3.2.2)."""

ACCEPTED = 0
NO_REASON = 2
ABSTRACT_SYNTAX_NOT_SUPPORTED = 3
TRANSFER_SYNTAXES_NOT_SUPPORTED = 4
CONTEXT_RESULTS = {
    ACCEPTED: "accepted",
    1: "rejected by the user",
    NO_REASON: "rejected without a reason",
    ABSTRACT_SYNTAX_NOT_SUPPORTED: "abstract syntax not supported",
    TRANSFER_SYNTAXES_NOT_SUPPORTED: "transfer syntaxes not supported",
}
"""Table 9-18."""

REJECTED_CALLED_AET = Rejection(1, 1, 7)
REJECTED_CALLING_AET = Rejection(1, 1, 3)
REJECTED_APPLICATION_CONTEXT = Rejection(1, 1, 2)
REJECTED_NO_REASON = Rejection(1, 1, 1)
REJECTED_PROTOCOL_VERSION = Rejection(1, 2, 2)
REJECTED_LOCAL_LIMIT = Rejection(2, 3, 2)
REJECTED_CONGESTION = Rejection(2, 3, 1)

_RESULTS = {1: "permanently", 2: "for now"}
# Table 9-21: (source, reason) -> stable name, the standard's words, what to try.
_REASONS = {
    (1, 1): ("no-reason", "no reason given", "its log may say more; it may want another user (--user)"),
    (1, 2): ("application-context", "application context name not supported", "is it a DICOM node?"),
    (1, 3): ("calling-aet", "calling AE title not recognized", "the peer must know our title (--aet)"),
    (1, 7): ("called-aet", "called AE title not recognized", "check the title that is called (--aec)"),
    (2, 1): ("no-reason", "no reason given", "ask the peer's administrator; its log may say more"),
    (2, 2): ("protocol-version", "protocol version not supported", "is it a DICOM node?"),
    (3, 1): ("congestion", "temporary congestion", "try again later, or use --retry"),
    (3, 2): ("local-limit", "local limit exceeded", "the peer takes no more associations now: try later"),
}  # fmt: skip


# -- the requestor's side ---------------------------------------------------------------------------


def plan(pairs: Iterable[tuple[str, tuple[str, ...]]]) -> list[tuple[ProposedContext, ...]]:
    """Return numbered contexts for (abstract syntax, transfer syntaxes) pairs, one tuple an association.

    An association takes 128. Equal pairs share one context; order is kept.
    """
    unique = list(dict.fromkeys(pairs))
    return [
        tuple(
            ProposedContext(2 * index + 1, abstract, transfer)
            for index, (abstract, transfer) in enumerate(unique[start : start + CONTEXTS_PER_ASSOCIATION])
        )
        for start in range(0, len(unique), CONTEXTS_PER_ASSOCIATION)
    ]


def agreed_contexts(
    proposal: Proposal, acceptance: Acceptance, *, requestor: bool = True
) -> dict[int, AcceptedContext]:
    """Return the contexts the acceptor took, by ID, with our roles: the requestor's or the acceptor's.

    Without a role selection item in the answer the requestor is SCU (PS3.7 D.3.3.4). ProtocolError if
    the acceptor answers what was not asked, or picks a transfer syntax that was not proposed.
    """
    proposed = {context.id: context for context in proposal.contexts}
    asked = {role.abstract_syntax: role for role in proposal.roles}
    granted = {role.abstract_syntax: role for role in acceptance.roles}
    agreed = {}
    for result in acceptance.contexts:
        context = proposed.get(result.id)
        if context is None:
            raise ProtocolError(f"the peer answers presentation context {result.id}, which was not proposed")
        if result.result != ACCEPTED:
            continue
        if result.transfer_syntax not in context.transfer_syntaxes:
            raise ProtocolError(
                f"the peer chose transfer syntax {result.transfer_syntax!r} in context {result.id}, "
                "which was not proposed for it"
            )
        scu, scp = True, False
        if context.abstract_syntax in asked and context.abstract_syntax in granted:
            ours, theirs = asked[context.abstract_syntax], granted[context.abstract_syntax]
            scu, scp = ours.scu and theirs.scu, ours.scp and theirs.scp
        if not requestor:
            scu, scp = scp, scu
        agreed[result.id] = AcceptedContext(
            result.id, context.abstract_syntax, result.transfer_syntax, as_scu=scu, as_scp=scp
        )
    return agreed


def agreed_window(proposal: Proposal, acceptance: Acceptance) -> int:
    """Return how many operations the requestor may have outstanding, 0 for any number (PS3.7 D.3.3.3).

    Without an answer it is one; an acceptor that grants more than was asked does not oblige to use it.
    """
    if proposal.async_window is None or acceptance.async_window is None:
        return 1
    asked, granted = proposal.async_window.invoked, acceptance.async_window.invoked
    return min(asked, granted) if asked and granted else asked or granted


def rejected_error(rejection: Rejection, who: str) -> Rejected:
    """Return the exception for an A-ASSOCIATE-RJ by `who`: for how long and why (table 9-21)."""
    name, words, hint = _reason(rejection)
    how = _RESULTS.get(rejection.result, f"with result {rejection.result}")
    message = f"{who} rejected the association {how}: {words}"
    result, source, reason, _ = rejection
    return Rejected(message, result=result, source=source, reason=reason, name=name, hint=hint)


def _reason(rejection: Rejection) -> tuple[str, str, str]:
    """Return the stable name, the words and what to try."""
    name, words, hint = _REASONS.get(
        (rejection.source, rejection.reason),
        ("unknown-reason", f"reserved reason {rejection.reason}", "the peer's log may say more"),
    )
    return f"rejected-{name}", words, hint


# -- the acceptor's side ----------------------------------------------------------------------------


def refused_error(rejection: Rejection) -> Rejected:
    """Return the exception for an association that we rejected."""
    name, words, _ = _reason(rejection)
    result, source, reason, because = rejection
    message = f"we rejected {_RESULTS[result]}: {because or words}"
    return Rejected(message, result=result, source=source, reason=reason, name=name)


class Policy(NamedTuple):
    """What an acceptor takes. `syntaxes(abstract_syntax)` lists the transfer syntaxes taken, best first.

    None from `syntaxes` is "abstract syntax not supported"; an empty `syntaxes` list takes any syntax.
    `roles(role)` says which of the proposed roles are granted; by default the requestor stays SCU.
    """

    syntaxes: Callable[[str], Sequence[str] | None]
    max_pdu: int
    called_aet: str | None = None
    roles: Callable[[Role], Role] | None = None
    extended: Callable[[Extended], Extended | None] | None = None
    async_window: int = 1


def decide(proposal: Proposal, policy: Policy) -> Acceptance | Rejection:
    """Return the answer to `proposal`; who may call at all is the business of others."""
    if proposal.application_context != APPLICATION_CONTEXT:
        return REJECTED_APPLICATION_CONTEXT
    if not proposal.protocol_version & 1:
        return REJECTED_PROTOCOL_VERSION
    if policy.called_aet is not None and proposal.called_aet != policy.called_aet:
        return REJECTED_CALLED_AET
    extended = (policy.extended(item) for item in proposal.extended) if policy.extended else ()
    return Acceptance(
        contexts=tuple(_answer(context, policy) for context in proposal.contexts),
        max_pdu=policy.max_pdu,
        implementation_uid=IMPLEMENTATION_UID,
        implementation_version=IMPLEMENTATION_VERSION,
        roles=tuple(_granted(role, policy) for role in proposal.roles),
        extended=tuple(item for item in extended if item is not None),
        async_window=_window(proposal.async_window, policy.async_window),
    )


def _answer(context: ProposedContext, policy: Policy) -> ContextResult:
    """Accept the syntax we like best; a refused context repeats its first syntax (PS3.8 9.3.3.2)."""
    first = context.transfer_syntaxes[0] if context.transfer_syntaxes else ""
    taken = policy.syntaxes(context.abstract_syntax)
    if taken is None:
        return ContextResult(context.id, ABSTRACT_SYNTAX_NOT_SUPPORTED, first)
    candidates = taken or context.transfer_syntaxes
    chosen = next((syntax for syntax in candidates if syntax in context.transfer_syntaxes), None)
    if chosen is None:
        return ContextResult(context.id, TRANSFER_SYNTAXES_NOT_SUPPORTED, first)
    return ContextResult(context.id, ACCEPTED, chosen)


def _granted(role: Role, policy: Policy) -> Role:
    if policy.roles is None:
        return Role(role.abstract_syntax, scu=role.scu, scp=False)
    return policy.roles(role)


def _window(proposed: AsyncWindow | None, most: int) -> AsyncWindow | None:
    """Grant up to `most` operations to the requestor; an acceptor of ours invokes one at a time."""
    if proposed is None:
        return None
    if most == 0:
        return AsyncWindow(proposed.invoked, 1)
    return AsyncWindow(min(proposed.invoked, most) if proposed.invoked else most, 1)
