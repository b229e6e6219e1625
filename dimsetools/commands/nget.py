"""`dimse nget`: read the attributes of an instance."""

from __future__ import annotations

from dimsetools.commands.asking import CONTEXT_NOTE, EXIT_NOTE, ask
from dimsetools.commands.verbs import VERBS
from dimsetools.options import REQUESTOR, NetworkCommand, PeerArgument, Session
from dimsetools.options.normalized import DATA_SETS

_VERB = VERBS["nget"]


def _nget(session: Session, peer: str, **params: object) -> int:
    return ask(session, _VERB, peer, params)


command = NetworkCommand(
    "nget",
    callback=_nget,
    help=(
        "Read attributes of a SOP instance (N-GET).\n\n"
        "Prints what the node answers, with its status: a line for each attribute at a terminal."
    ),
    params=[PeerArgument(), *_VERB.params],
    groups=(DATA_SETS, *REQUESTOR),
    without=("priority", "stats"),
    examples=(
        ("dimse nget printer@10.0.0.9:104 printer printer", "what the printer says of itself"),
        ("dimse nget ris mpps 1.2.3 PerformedProcedureStepStatus", "how far a procedure step is"),
        (
            "dimse nget ris ups 1.2.3 ProcedureStepState,InputReadinessState --json",
            "two attributes of a workitem, for scripts",
        ),
    ),
    notes=(
        (
            "CLASS is mpps, commit (storage commitment), film-session, film-box, image-box, color-"
            "image-box, annotation-box, print-job, printer, printer-configuration, presentation-lut, "
            "voi-lut-box, ups, ian (instance availability), media-creation, display-system, rt-"
            "conventional, rt-ion, event-logging, substance-logging, inventory-creation, a keyword as "
            "BasicFilmSession, or any UID."
        ),
        CONTEXT_NOTE,
        EXIT_NOTE,
    ),
)
