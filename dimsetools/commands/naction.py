"""`dimse naction`: have something done with an instance."""

from __future__ import annotations

from dimsetools.commands.asking import CONTEXT_NOTE, EXIT_NOTE, KEYS_NOTE, ask
from dimsetools.commands.verbs import VERBS
from dimsetools.options import REQUESTOR, NetworkCommand, PeerArgument, Session
from dimsetools.options.normalized import DATA_SETS

_VERB = VERBS["naction"]


def _naction(session: Session, peer: str, **params: object) -> int:
    return ask(session, _VERB, peer, params)


command = NetworkCommand(
    "naction",
    callback=_naction,
    help=(
        "Have something done with a SOP instance (N-ACTION).\n\n"
        "ACTION is a name or a number; KEY=VALUE or a file give the action information. It is never "
        "sent twice."
    ),
    params=[PeerArgument(), *_VERB.params],
    groups=(DATA_SETS, *REQUESTOR),
    without=("priority", "stats"),
    examples=(
        (
            "dimse naction ris ups 1.2.3 request-cancel ReasonForCancellation=wrong",
            "ask for a workitem to be cancelled",
        ),
        (
            "dimse naction ris ups global subscribe ReceivingAE=DIMSE DeletionLock=FALSE",
            "subscribe to all workitems",
        ),
        ("dimse naction pacs commit commit commit -f transaction.dcm", "ask for storage commitment"),
    ),
    notes=(
        (
            "Actions: of commit: commit; of film-session and film-box: print; of ups: change-state, "
            "request-cancel, subscribe, unsubscribe, suspend-global-subscription; of media-creation: "
            "initiate, cancel; of rt-conventional and rt-ion: verify; of event-logging and substance-"
            "logging: record; of inventory-creation: initiate, request-status, cancel, pause, resume. "
            "All other actions go by their number."
        ),
        KEYS_NOTE,
        CONTEXT_NOTE,
        EXIT_NOTE,
    ),
)
