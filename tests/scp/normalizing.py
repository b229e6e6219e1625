"""A node with services of the N- kind, and pynetdicom asking it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from dimsetools.scp.normalized import REQUESTS, Normalized, Service
from dimsetools.scp.policy import AcceptPolicy
from dimsetools.scp.posts import Posts
from dimsetools.scp.served import Manner
from tests.peers import pynet
from tests.scp.node import Node, running_node

if TYPE_CHECKING:
    from pydicom import Dataset

    from tests.peers.process import Peer

CALLING = "ASKER"


@contextmanager
def serving(
    *services: Service,
    posts: Posts | None = None,
    wrap: Callable[[Manner], Manner] = lambda manner: manner,
    policy: Mapping[str, Any] | None = None,
) -> Iterator[Node]:
    """A node that offers these services alone."""
    role = Normalized(services)
    accepted = AcceptPolicy(storage=(), services=role.contexts, **(policy or {}))

    def wrapped(manner: Manner) -> Manner:
        return wrap(manner._replace(posts=posts, left=role.left))

    with running_node(policy=accepted, roles=dict.fromkeys(REQUESTS, role), wrap=wrapped) as node:
        yield node


@contextmanager
def asking(
    node: Node | Peer,
    contexts: Iterable[str],
    *,
    aet: str = CALLING,
    on_event: Callable[[Any], Any] | None = None,
    ext_neg: Sequence[Any] = (),
) -> Iterator[Any]:
    """A pynetdicom association; `on_event` takes its events and returns the status to answer."""
    from pynetdicom import evt

    ae = pynet.application_entity(aet)
    for name in contexts:
        ae.add_requested_context(name)
    handlers: list[Any] = [(evt.EVT_N_EVENT_REPORT, on_event)] if on_event is not None else []
    association = ae.associate("127.0.0.1", node.port, evt_handlers=handlers, ext_neg=list(ext_neg) or None)
    assert association.is_established
    try:
        yield pynet.steady(association)
    finally:
        if association.is_established:
            association.release()
        ae.shutdown()


def dataset(**values: Any) -> Dataset:
    """A pydicom data set; a list of dictionaries is a sequence."""
    from pydicom import Dataset

    made = Dataset()
    for keyword, value in values.items():
        items = isinstance(value, list) and all(isinstance(item, dict) for item in value)
        setattr(made, keyword, [dataset(**item) for item in value] if items else value)
    return made
