"""What both sides agreed on, without a connection."""

from __future__ import annotations

import pytest

from dimsetools.association.agreement import OWN_FRAGMENT, Agreement
from dimsetools.association.negotiation import agreed_contexts
from dimsetools.association.values import Acceptance, ContextResult, Proposal, ProposedContext
from dimsetools.uids import EXPLICIT_LE, IMPLICIT_LE

CT, MR = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.4"


def agreed(*, requestor: bool = True, ours: int = 4096, theirs: int = 16384) -> Agreement:
    """Return an agreement on CT in two syntaxes; the acceptor announces `theirs`, the requestor `ours`."""
    proposal = Proposal(
        "PACS",
        "CT1",
        (
            ProposedContext(1, CT, (EXPLICIT_LE,)),
            ProposedContext(3, CT, (IMPLICIT_LE,)),
            ProposedContext(5, MR, (IMPLICIT_LE,)),
        ),
        ours,
        implementation_version="REQUESTOR",
    )
    results = (
        ContextResult(1, 0, EXPLICIT_LE),
        ContextResult(3, 0, IMPLICIT_LE),
        ContextResult(5, 3, IMPLICIT_LE),
    )
    acceptance = Acceptance(results, theirs, implementation_version="ACCEPTOR")
    agreement = Agreement(("192.0.2.1", 104), requestor=requestor)
    contexts = agreed_contexts(proposal, acceptance, requestor=requestor)
    agreement.establish(proposal, acceptance, contexts)
    return agreement


def test_the_peer_is_the_other_side() -> None:
    called, calling = agreed().peer, agreed(requestor=False).peer
    assert (called.aet, called.implementation_version, called.max_pdu) == ("PACS", "ACCEPTOR", 16384)
    assert (calling.aet, calling.implementation_version, calling.max_pdu) == ("CT1", "REQUESTOR", 4096)
    assert (called.host, called.port) == ("192.0.2.1", 104)


@pytest.mark.parametrize(
    ("theirs", "fragment"), [(16384, 16378), (131072, 131066), (4097, 4090), (1, 2), (0, OWN_FRAGMENT)]
)
def test_fragments_are_even_and_fit_the_peer(theirs: int, fragment: int) -> None:
    assert agreed(theirs=theirs).max_fragment == fragment


def test_a_context_is_found_by_class_and_syntax() -> None:
    agreement = agreed()
    first, second = agreement.context_for(CT), agreement.context_for(CT, IMPLICIT_LE)
    assert first is not None
    assert second is not None
    assert (first.id, second.id) == (1, 3)
    assert agreement.context_for(MR) is None
    assert agreement.results[5].result == 3
