"""A node that answers queries out of whatever a test makes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from dimsetools.dataset.attributes import Attributes
from dimsetools.dataset.flat import from_flat
from dimsetools.message.composite import CFindRq
from dimsetools.scp.identifiers import Asked
from dimsetools.scp.policy import AcceptPolicy
from dimsetools.scp.query import Negotiated, Queried, Query
from dimsetools.scp.server import Limits
from tests.scp.asking import FIND, PATIENT, STUDY, WORKLIST, identifier, request
from tests.scp.node import Node, running_node
from tests.scripted import wire
from tests.scripted.conversation import Conversation

SERVICES = {model.find: b"\1\1\1" for model in (STUDY, PATIENT, WORKLIST)}
POLICY = AcceptPolicy(storage=[wire.CT_IMAGE], services=SERVICES)

Find = Callable[[], Iterator[Attributes]]


class Source:
    """Answers every query with what `find` makes, and remembers what was asked."""

    def __init__(self, find: Find, *, supported: bool = True) -> None:
        self._find = find
        self._supported = supported
        self.asked: list[tuple[Asked, Negotiated]] = []

    def find(
        self, asked: Asked, negotiated: Negotiated, given_up: Callable[[], bool]
    ) -> Iterator[Attributes]:
        """Remember the query and answer it."""
        self.asked.append((asked, negotiated))
        return self._find()

    def supports(self, asked: Asked) -> bool:
        """As was said at the start."""
        return self._supported


@contextmanager
def querying(source: Source, *, log_values: bool = False, limits: Limits | None = None) -> Iterator[Node]:
    """A node that answers queries in three models from `source`."""
    models = {model.find: Queried(model, source) for model in (STUDY, PATIENT, WORKLIST)}
    role = Query(models, log_values=log_values)
    with running_node(policy=POLICY, roles={CFindRq: role}, limits=limits) as node:
        yield node


def some(*names: str) -> Source:
    """A source that finds these patients."""
    return Source(lambda: iter([from_flat({"PatientName": name}) for name in names]))


def endless() -> Iterator[Attributes]:
    """Matches without end."""
    while True:
        yield from_flat({"PatientName": "DOE"})


def find(talk: Conversation, **keys: object) -> None:
    """Ask for studies."""
    talk.send(request(FIND, identifier("STUDY", **keys)))
