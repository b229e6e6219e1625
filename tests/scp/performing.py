"""A node that keeps unified procedure steps, and pynetdicom as those who create, perform and watch them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import Queue
from typing import TYPE_CHECKING, Any, NamedTuple

from dimsetools.archive.ledger import Ledger
from dimsetools.config import load
from dimsetools.dataset.attributes import Attributes
from dimsetools.dataset.decode import decode
from dimsetools.dataset.models import MODELS
from dimsetools.dataset.normalized import UPS_EVENT, UPS_PULL, UPS_PUSH, UPS_QUERY, UPS_WATCH
from dimsetools.message.composite import CFindRq
from dimsetools.scp.courier import Courier
from dimsetools.scp.destinations import Destinations
from dimsetools.scp.normalized import REQUESTS, Normalized
from dimsetools.scp.policy import AcceptPolicy
from dimsetools.scp.posts import Posts
from dimsetools.scp.query import Queried, Query
from dimsetools.scp.ups import KEEP, Ups
from dimsetools.scp.ups_query import UpsAnswers
from dimsetools.uids import EXPLICIT_LE
from tests.peers import pynet
from tests.scp.node import LIMIT, Node, running_node
from tests.scp.normalizing import asking, dataset
from tests.scp.workitems import SCHEDULED

if TYPE_CHECKING:
    from pydicom import Dataset

    from tests.peers.process import Peer

UID, LOCK, OTHER_LOCK = "1.2.826.1", "1.2.826.2", "1.2.826.3"
CHANGE, CANCEL, SUBSCRIBE, UNSUBSCRIBE, SUSPEND = range(1, 6)
_CONTEXTS = {CHANGE: UPS_PULL, CANCEL: UPS_PUSH}


@contextmanager
def keeping(
    ledger: Ledger, *dest: str, keep: float = KEEP, clock: Callable[[], float] = time.time
) -> Iterator[Node]:
    """A node over a ledger that may call `dest`."""
    posts = Posts((UPS_EVENT,))
    destinations = Destinations(load(environ={}), dest)
    courier = Courier(ledger, posts, destinations, lambda record: node.log(record), own_aet="NODE")
    ups = Ups(
        ledger, lambda aet: aet in destinations or posts.present(aet), courier.wake, keep=keep, clock=clock
    )
    role = Normalized([ups])
    models = [MODELS[name] for name in ("ups-pull", "ups-watch", "ups-query")]
    found = Query({model.find: Queried(model, UpsAnswers(ledger)) for model in models})
    policy = AcceptPolicy(storage=(), services=role.contexts)
    roles = dict.fromkeys(REQUESTS, role) | {CFindRq: found}
    with running_node(
        policy=policy, roles=roles, wrap=lambda manner: manner._replace(posts=posts, left=role.left)
    ) as node:
        courier.start()
        ups.start()
        try:
            yield node
        finally:
            courier.close()


class Event(NamedTuple):
    """One report that was heard."""

    number: int
    uid: str
    data: Attributes


class Heard:
    """The reports that a pynetdicom peer has heard, in their order."""

    def __init__(self) -> None:
        self._queue: Queue[Event] = Queue()

    def __call__(self, event: Any) -> tuple[int, None]:
        data = event.request.EventInformation
        attributes = decode(data.getvalue(), event.context.transfer_syntax) if data else {}
        self._queue.put(Event(event.event_type, str(event.request.AffectedSOPInstanceUID), attributes))
        return 0, None

    def next(self) -> Event:
        """The next report."""
        return self._queue.get(timeout=LIMIT)

    @property
    def nothing(self) -> bool:
        """Whether all have been taken."""
        return self._queue.empty()


class Desk:
    """What a pynetdicom AE does with workitems on one association; each call returns the status."""

    def __init__(self, association: Any) -> None:
        self.association = association
        self.comment = ""

    def _status(self, answer: tuple[Any, Any] | Any) -> int:
        status = answer[0]
        self.comment = str(status.get("ErrorComment", ""))
        return int(status.Status)

    def create(self, uid: str | None = UID, *, context: str = UPS_PUSH, **more: Any) -> int:
        """N-CREATE of what has to be there, with changes; None leaves an attribute out."""
        data = dataset(**{name: value for name, value in (SCHEDULED | more).items() if value is not None})
        return self._status(self.association.send_n_create(data, UPS_PUSH, uid, meta_uid=context))

    def set(self, uid: str = UID, *, context: str = UPS_PULL, **values: Any) -> int:
        """N-SET."""
        return self._status(self.association.send_n_set(dataset(**values), UPS_PUSH, uid, meta_uid=context))

    def act(self, number: int, uid: str = UID, *, context: str = "", **values: Any) -> int:
        """N-ACTION."""
        context = context or _CONTEXTS.get(number, UPS_WATCH)
        data = dataset(**values) if values else None  # an empty one would be announced, and not sent
        return self._status(self.association.send_n_action(data, number, UPS_PUSH, uid, meta_uid=context))

    def change(self, state: str, lock: str = LOCK, uid: str = UID) -> int:
        """N-ACTION to change the state."""
        return self.act(CHANGE, uid, ProcedureStepState=state, TransactionUID=lock)

    def subscribe(self, aet: str, uid: str = UID, *, lock: bool = False, **keys: Any) -> int:
        """N-ACTION to subscribe."""
        return self.act(SUBSCRIBE, uid, ReceivingAE=aet, DeletionLock="TRUE" if lock else "FALSE", **keys)

    def get(self, *tags: int, uid: str = UID) -> tuple[int, Dataset]:
        """N-GET."""
        answer = self.association.send_n_get(list(tags), UPS_PUSH, uid, meta_uid=UPS_WATCH)
        return self._status(answer), answer[1]

    def state(self, uid: str = UID) -> str:
        """The state of a workitem."""
        _, data = self.get(0x00741000, uid=uid)
        return str(data.ProcedureStepState)

    def find(self, model: str = UPS_PULL, **keys: Any) -> list[Dataset]:
        """C-FIND."""
        found = list(self.association.send_c_find(dataset(**keys), model))
        assert found[-1][0].Status == 0
        return [identifier for _, identifier in found[:-1]]


@contextmanager
def desk(node: Node | Peer, aet: str = "PERFORMER", heard: Heard | None = None) -> Iterator[Desk]:
    """An association of an AE; with `heard` it takes reports on it."""
    contexts = [UPS_PUSH, UPS_PULL, UPS_WATCH, UPS_QUERY] + ([UPS_EVENT] if heard is not None else [])
    with asking(node, contexts, aet=aet, on_event=heard) as association:
        yield Desk(association)


@contextmanager
def watcher(aet: str, heard: Heard) -> Iterator[str]:
    """An AE that takes reports on associations that the node opens; yields its address."""
    from pynetdicom import evt
    from pynetdicom.presentation import build_context

    context = build_context(UPS_EVENT, [EXPLICIT_LE])
    context.scu_role, context.scp_role = False, True  # whoever calls is the SCP
    with pynet.acceptor([(evt.EVT_N_EVENT_REPORT, heard)], aet=aet, contexts=[context]) as peer:
        yield peer.address
