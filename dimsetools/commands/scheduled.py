"""One item out of a worklist: what a procedure step that begins was scheduled as."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dimsetools.errors import UsageError

if TYPE_CHECKING:
    from dimsetools.dataset.attributes import Attributes
    from dimsetools.options import Session
    from dimsetools.render import Output

_SHOWN = 10
"""Items of a worklist that are shown to choose from."""


def scheduled_item(session: Session, output: Output, peer: str, where: Sequence[str]) -> Attributes:
    """Return the one item of a worklist that matches."""
    from dimsetools.dataset.keys import keyed
    from dimsetools.dataset.models import MODELS, check_find, with_defaults
    from dimsetools.services.find import Finder, Finished, Manner, Match

    model = MODELS["worklist"]
    query = with_defaults(model, "", keyed(where))
    check_find(model, "", query, relational=False)
    negotiation, charset = session.negotiation, session.node(peer).charset
    manner = Manner(model.find, negotiation.transfer_syntaxes, limit=_SHOWN, assume_charset=charset)
    finder = Finder(session.target(peer), manner, stop=session.stop, tracer=session.tracer(output.note))
    found = []
    for event in finder.find([query]):
        if isinstance(event, Match) and event.attributes is not None:
            found.append(event.attributes)
        elif isinstance(event, Match) and event.error is not None:
            output.warning(f"an item of the worklist is passed over: {event.error.message}")
        elif isinstance(event, Finished) and event.error is not None:
            raise event.error
    if len(found) == 1:
        return found[0]
    if not found:
        raise UsageError(f"nothing in the worklist of {peer} matches", hint="ask for less with --where")
    for item in found:
        output.note(f"  {_item_line(item)}")
    raise UsageError(
        f"several items in the worklist of {peer} match",
        hint="choose one with --where, as ScheduledProcedureStepSequence.ScheduledProcedureStepID=...",
    )


def _item_line(item: Attributes) -> str:
    """Return what tells one item of a worklist from another."""
    from dimsetools.dataset.flat import flat
    from dimsetools.escape import visible

    record = flat(item)
    steps = record.get("ScheduledProcedureStepSequence")
    step = steps[0] if isinstance(steps, list) and steps else {}
    known = [
        *(record.get(name) for name in ("AccessionNumber", "PatientID", "PatientName")),
        *(
            step.get(name)
            for name in ("ScheduledProcedureStepID", "Modality", "ScheduledProcedureStepStartDate")
        ),
    ]
    return visible("  ".join(str(value) for value in known if value), 200)
