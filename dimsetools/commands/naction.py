"""`dimse naction`: have something done with an instance."""

from __future__ import annotations

from dimsetools.commands.asking import CONTEXT_NOTE, EXIT_NOTE, KEYS_NOTE, ask
from dimsetools.commands.verbs import VERBS
from dimsetools.options import REQUESTOR, NetworkCommand, PeerArgument, Session
from dimsetools.options.normalized import DATA_SETS
from dimsetools.options.waiting import EVENTS, Waiting

_VERB = VERBS["naction"]


def _naction(session: Session, peer: str, **params: object) -> int:
    if session.values(Waiting) == Waiting():
        return ask(session, _VERB, peer, params)
    from dimsetools.commands.awaiting import ask_and_wait

    return ask_and_wait(session, _VERB, peer, params)


command = NetworkCommand(
    "naction",
    callback=_naction,
    help=(
        "Have something done with a SOP instance (N-ACTION).\n\n"
        "ACTION is a name or a number; KEY=VALUE or a file give the action information. It is never "
        "sent twice."
    ),
    params=[PeerArgument(), *_VERB.params],
    groups=(EVENTS, DATA_SETS, *REQUESTOR),
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
        (
            "dimse naction pacs commit commit commit -f transaction.dcm --wait 60s --port 11113",
            "ask for storage commitment, and wait for the report",
        ),
    ),
    notes=(
        (
            "Actions: of commit: commit; of film-session and film-box: print; of ups: change-state, "
            "request-cancel, subscribe, unsubscribe, suspend-global-subscription; of media-creation: "
            "initiate, cancel; of rt-conventional and rt-ion: verify; of event-logging and substance-"
            "logging: record; of inventory-creation: initiate, request-status, cancel, pause, resume. "
            "All other actions go by their number."
        ),
        (
            "With --wait (or --port, for 60 seconds) it takes events on the same association, and with "
            "--port on associations that the node opens to us, where it must know our title with this "
            "machine's address and that port. Each event is answered and shown. The first about the "
            "transaction or instance that was asked about, or about the print job of the reply, ends the "
            "command; if none comes in time, its exit status is 62."
        ),
        KEYS_NOTE,
        CONTEXT_NOTE,
        EXIT_NOTE,
    ),
)
