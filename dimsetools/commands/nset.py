"""`dimse nset`: change attributes of an instance."""

from __future__ import annotations

from dimsetools.commands.asking import CONTEXT_NOTE, EXIT_NOTE, KEYS_NOTE, ask
from dimsetools.commands.verbs import VERBS
from dimsetools.options import REQUESTOR, NetworkCommand, PeerArgument, Session
from dimsetools.options.normalized import DATA_SETS

_VERB = VERBS["nset"]


def _nset(session: Session, peer: str, **params: object) -> int:
    return ask(session, _VERB, peer, params)


command = NetworkCommand(
    "nset",
    callback=_nset,
    help=(
        "Change attributes of a SOP instance (N-SET).\n\n"
        "The attributes are given as KEY=VALUE or in a file; prints what the node answers."
    ),
    params=[PeerArgument(), *_VERB.params],
    groups=(DATA_SETS, *REQUESTOR),
    without=("priority", "stats"),
    examples=(
        (
            "dimse nset ris mpps 1.2.3 PerformedProcedureStepDescription='Thorax, repeated'",
            "change what is said of a procedure step",
        ),
        (
            "dimse nset ris mpps 1.2.3 -f final.json PerformedProcedureStepStatus=COMPLETED",
            "with the attributes of a file",
        ),
        (
            "dimse nset ris ups 1.2.3 TransactionUID=1.2.4 ScheduledProcedureStepPriority=HIGH",
            "change a workitem that we perform",
        ),
    ),
    notes=(
        KEYS_NOTE,
        CONTEXT_NOTE,
        EXIT_NOTE,
    ),
)
