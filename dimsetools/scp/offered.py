"""What a node offers beside echo and storage: roles that answer out of an archive, a worklist, a ledger."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from dimsetools.dataset.models import MODELS
from dimsetools.message.composite import CFindRq, CGetRq, CMoveRq
from dimsetools.scp.get import Get
from dimsetools.scp.kept import Archive
from dimsetools.scp.move import Move
from dimsetools.scp.query import ArchiveAnswers, Queried, Query, WorklistAnswers
from dimsetools.scp.ups_query import UpsAnswers

if TYPE_CHECKING:
    from dimsetools.archive.index import Index
    from dimsetools.archive.objects import ObjectStore
    from dimsetools.archive.worklist import Worklist
    from dimsetools.association.trace import Tracer
    from dimsetools.message.command import Request
    from dimsetools.scp.destinations import Destinations
    from dimsetools.scp.roles import Role
    from dimsetools.scp.workflow import Workflow

ARCHIVED = ("patient", "study", "patient-study")
"""The query/retrieve models of an archive (PS3.4 C.6, and the retired one of C.6.3)."""
WORKITEMS = ("ups-pull", "ups-watch", "ups-query")
"""The models in which unified procedure steps are found, negotiated as their other services are (CC.3.1)."""
_QUERIES = b"\1\1\1"  # relational, combined date-time, fuzzy (PS3.4 C.5.1.1.1)
_RETRIEVAL = b"\1"  # relational (C.5.2.1.1, C.5.3.1.1)
_WORKLIST = b"\0\0\1"  # fuzzy (K.5.1)


class Logged(NamedTuple):
    """What the log is to have: a record an object that is not sent, the values of keys."""

    objects: bool = False
    values: bool = False


NOTHING = Logged()


class Offered(NamedTuple):
    """Roles by request, and for the policy the classes with what is granted of extended negotiation."""

    roles: Mapping[type[Request], Role]
    services: Mapping[str, bytes]


def offered(
    archive: tuple[ObjectStore, Index] | None,
    worklist: Worklist | None,
    destinations: Destinations,
    *,
    workflow: Workflow | None = None,
    logged: Logged = NOTHING,
    tracer: Tracer | None = None,
) -> Offered:
    """Return what can be offered with an archive, a worklist and a workflow, or some or none of them."""
    queried: dict[str, Queried] = {}
    roles: dict[type[Request], Role] = {}
    services: dict[str, bytes] = {}
    if worklist is not None:
        model = MODELS["worklist"]
        queried[model.find] = Queried(
            model, WorklistAnswers(worklist, workflow.steps if workflow is not None else None)
        )
        services[model.find] = _WORKLIST
    if archive is not None:
        store, index = archive
        models = [MODELS[name] for name in ARCHIVED]
        composite = MODELS["composite"]._replace(levels=("IMAGE",))  # frames are not taken out of objects
        queried |= {model.find: Queried(model, ArchiveAnswers(index, model)) for model in models}
        kept = Archive(store, index)
        gets = {model.get: model for model in (*models, composite)}
        moves = {model.move: model for model in (*models, composite)}
        roles[CGetRq] = Get(kept, gets, log_objects=logged.objects)
        roles[CMoveRq] = Move(kept, moves, destinations, log_objects=logged.objects, tracer=tracer)
        services |= {model.find: _QUERIES for model in models}
        services |= dict.fromkeys((*gets, *moves), _RETRIEVAL)
    if workflow is not None:
        workitems = UpsAnswers(workflow.desk.ledger)
        queried |= {MODELS[name].find: Queried(MODELS[name], workitems) for name in WORKITEMS}
        roles |= workflow.roles
        services |= workflow.role.contexts
    if queried:
        roles[CFindRq] = Query(queried, log_values=logged.values)
    return Offered(roles, services)
