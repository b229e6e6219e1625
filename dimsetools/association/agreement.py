"""What the two sides of an association have agreed on, as the side that we are sees it."""

from __future__ import annotations

from dimsetools.association import pdu
from dimsetools.association.negotiation import agreed_window
from dimsetools.association.values import (
    Acceptance,
    AcceptedContext,
    ContextResult,
    Extended,
    Peer,
    Proposal,
)

OWN_FRAGMENT = 1024 * 1024 - pdu.PDV_OVERHEAD - pdu.HEADER.size
"""Longest fragment for a peer that sets no limit."""


class Agreement:
    """`contexts` holds the accepted presentation contexts by ID, `results` the acceptor's answer to each.

    `extended` is what the peer said of its SOP classes, `max_fragment` the most bytes of a message that it
    takes in one piece, `async_window` how many operations may be outstanding. `proposal` and `peer` are
    there from `establish` on.
    """

    peer: Peer
    proposal: Proposal

    def __init__(self, address: tuple[str, int], *, requestor: bool) -> None:
        """Begin without any agreement with the peer at `address` (host, port)."""
        self.requestor = requestor
        self.contexts: dict[int, AcceptedContext] = {}
        self.results: dict[int, ContextResult] = {}
        self.extended: tuple[Extended, ...] = ()
        self.identity_response: bytes | None = None
        self.async_window = 1
        self.max_fragment = OWN_FRAGMENT
        self._address = address

    def establish(
        self, proposal: Proposal, acceptance: Acceptance, contexts: dict[int, AcceptedContext]
    ) -> None:
        """Take over what was negotiated; `contexts` are those agreed, with our roles."""
        other: Proposal | Acceptance = acceptance if self.requestor else proposal
        self.proposal = proposal
        self.contexts = contexts
        self.results = {result.id: result for result in acceptance.contexts}
        self.extended = other.extended
        self.identity_response = acceptance.identity_response
        self.async_window = agreed_window(proposal, acceptance)
        identity = proposal.identity
        asked = self.requestor and identity is not None and identity.response_requested
        self.peer = Peer(
            aet=proposal.called_aet if self.requestor else proposal.calling_aet,
            host=self._address[0],
            port=self._address[1],
            implementation_uid=other.implementation_uid,
            implementation_version=other.implementation_version,
            max_pdu=other.max_pdu,
            confirmed=acceptance.identity_response is not None if asked else None,
        )
        if other.max_pdu:
            # An even number of bytes a fragment (PS3.8 annex E.1), and at least some progress.
            self.max_fragment = min(max((other.max_pdu - pdu.PDV_OVERHEAD) & ~1, 2), OWN_FRAGMENT)

    def context_for(self, abstract_syntax: str, transfer_syntax: str | None = None) -> AcceptedContext | None:
        """Return the first agreed context for an abstract syntax (and transfer syntax)."""
        for context in self.contexts.values():
            if context.abstract_syntax != abstract_syntax:
                continue
            if transfer_syntax in (None, context.transfer_syntax):
                return context
        return None
