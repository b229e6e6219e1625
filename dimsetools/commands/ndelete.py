"""`dimse ndelete`: delete an instance."""

from __future__ import annotations

from dimsetools.commands.asking import CONTEXT_NOTE, EXIT_NOTE, ask
from dimsetools.commands.verbs import VERBS
from dimsetools.options import REQUESTOR, NetworkCommand, PeerArgument, Session
from dimsetools.options.normalized import DATA_SETS

_VERB = VERBS["ndelete"]


def _ndelete(session: Session, peer: str, **params: object) -> int:
    return ask(session, _VERB, peer, params)


command = NetworkCommand(
    "ndelete",
    callback=_ndelete,
    help=("Delete a SOP instance (N-DELETE).\n\nPrints how the node answers."),
    params=[PeerArgument(), *_VERB.params],
    groups=(DATA_SETS, *REQUESTOR),
    without=("priority", "stats"),
    examples=(
        ("dimse ndelete linac rt-conventional 1.2.3", "end a verification of a treatment machine"),
        ("dimse ndelete linac rt-ion 1.2.3 --json", "and tell a script"),
    ),
    notes=(
        CONTEXT_NOTE,
        EXIT_NOTE,
    ),
)
