"""`dimse nevent`: report an event of an instance."""

from __future__ import annotations

from dimsetools.commands.asking import CONTEXT_NOTE, EXIT_NOTE, KEYS_NOTE, ask
from dimsetools.commands.verbs import VERBS
from dimsetools.options import REQUESTOR, NetworkCommand, PeerArgument, Session
from dimsetools.options.normalized import DATA_SETS

_VERB = VERBS["nevent"]


def _nevent(session: Session, peer: str, **params: object) -> int:
    return ask(session, _VERB, peer, params)


command = NetworkCommand(
    "nevent",
    callback=_nevent,
    help=(
        "Report an event of a SOP instance (N-EVENT-REPORT).\n\n"
        "EVENT is a name or a number; KEY=VALUE or a file give the event information. We are the "
        "SCP of the class, which role selection asks for."
    ),
    params=[PeerArgument(), *_VERB.params],
    groups=(DATA_SETS, *REQUESTOR),
    without=("priority", "stats"),
    examples=(
        ("dimse nevent modality commit commit success -f report.json", "report that instances are committed"),
        ("dimse nevent viewer mpps 1.2.3 completed", "tell that a procedure step is over"),
        ("dimse nevent viewer ups 1.2.3 state-report -f state.json", "tell of the state of a workitem"),
    ),
    notes=(
        (
            "Events: of commit: success, failures; of mpps: in-progress, completed, discontinued, "
            "updated, deleted; of print-job: pending, printing, done, failure; of printer: normal, "
            "warning, failure; of ups: state-report, cancel-requested, progress-report, scp-status-"
            "change, assigned; of rt-conventional and rt-ion: pending, done; of inventory-creation: "
            "terminated-with-instances, status, terminated-without-instances. All other events go by "
            "their number."
        ),
        (
            "The SCP role is asked for by role selection (scu=0, scp=1), unless --role says otherwise "
            "for the class. A node that refuses it gets nothing, and the exit status is 66; one that "
            "does not answer role selection gets the report all the same."
        ),
        KEYS_NOTE,
        CONTEXT_NOTE,
        EXIT_NOTE,
    ),
)
