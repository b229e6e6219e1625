"""`dimse ncreate`: make an instance."""

from __future__ import annotations

from dimsetools.commands.asking import CONTEXT_NOTE, EXIT_NOTE, KEYS_NOTE, ask
from dimsetools.commands.verbs import VERBS
from dimsetools.options import REQUESTOR, NetworkCommand, PeerArgument, Session
from dimsetools.options.normalized import DATA_SETS

_VERB = VERBS["ncreate"]


def _ncreate(session: Session, peer: str, **params: object) -> int:
    return ask(session, _VERB, peer, params)


command = NetworkCommand(
    "ncreate",
    callback=_ncreate,
    help=(
        "Make a SOP instance (N-CREATE).\n\n"
        "Without INSTANCE the node names it; the UID is shown in each case. It is never sent twice."
    ),
    params=[PeerArgument(), *_VERB.params],
    groups=(DATA_SETS, *REQUESTOR),
    without=("priority", "stats"),
    examples=(
        ("dimse ncreate ris mpps new -f started.json", "begin a procedure step with a new UID"),
        (
            "dimse ncreate printer film-session NumberOfCopies=1 MediumType='BLUE FILM'",
            "the printer names the film session",
        ),
        (
            "dimse ncreate ris ian 1.2.3 -f available.dump --json=AffectedSOPInstanceUID,_status",
            "tell that instances are available",
        ),
    ),
    notes=(
        KEYS_NOTE,
        (
            "A node may name an instance otherwise than it was asked to; that is told, and the new "
            "UID is AffectedSOPInstanceUID. With --repeat and new, each instance has a UID of its "
            "own."
        ),
        CONTEXT_NOTE,
        EXIT_NOTE,
    ),
)
