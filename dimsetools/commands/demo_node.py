"""The node of `dimse demo`: every role, in a thread of this process."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dimsetools.message.command import Request
    from dimsetools.scp.roles import Role

AET = "DEMO"
HOST = "127.0.0.1"


class Folders(NamedTuple):
    """Where the node keeps objects, what it takes its worklist from, and where it puts films."""

    kept: str
    worklist: str
    films: str


def can_print() -> bool:
    """Tell whether what films are drawn with is installed."""
    return all(find_spec(name) is not None for name in ("numpy", "PIL"))


@contextmanager
def running(folders: Folders, destination: str) -> Iterator[int]:
    """Run a node that may send to `destination`, written AET@host:port. Yields its port."""
    from dimsetools.archive.index import Index
    from dimsetools.archive.ledger import Ledger
    from dimsetools.archive.objects import Durability, ObjectStore
    from dimsetools.archive.worklist import Worklist
    from dimsetools.association.values import Timeouts
    from dimsetools.config import load
    from dimsetools.message.composite import CEchoRq, CStoreRq
    from dimsetools.scp.destinations import Destinations
    from dimsetools.scp.hooks import Hooks
    from dimsetools.scp.kept import Archive
    from dimsetools.scp.offered import offered
    from dimsetools.scp.policy import AcceptPolicy
    from dimsetools.scp.served import Manner
    from dimsetools.scp.server import Server
    from dimsetools.scp.storage import Storage
    from dimsetools.scp.verification import Verification
    from dimsetools.scp.workflow import Workflow
    from dimsetools.uids import storage_classes

    def log(*_record: object) -> None:
        """Keep quiet: the commands tell what happens."""

    for folder in folders:
        os.makedirs(folder, exist_ok=True)
    hooks = Hooks(log)
    with (
        Index(folders.kept, durability=Durability.FULL) as index,
        ObjectStore(folders.kept, index=index) as store,
        Ledger(folders.kept) as ledger,
    ):
        destinations = Destinations(load(environ={}), [destination])
        films = folders.films if can_print() else None
        archive = Archive(store, index)
        workflow = Workflow(ledger, destinations, log, archive, own_aet=AET, films=films)
        worklist = Worklist(folders.worklist, log)
        more = offered((store, index), worklist, destinations, workflow=workflow)
        usual: Mapping[type[Request], Role] = {CEchoRq: Verification(), CStoreRq: Storage(store, hooks)}
        roles = {**usual, **more.roles}
        policy = AcceptPolicy(storage_classes(), called_aet=AET, services=more.services, sends=True)
        manner = Manner(policy, roles, Timeouts(), log, posts=workflow.posts, left=workflow.role.left)
        server = Server(HOST, 0, manner, hooks)
        port = server.start()[0][1]
        thread = threading.Thread(target=server.serve, name="node")
        thread.start()
        workflow.start()
        try:
            yield port
        finally:
            server.drain()
            thread.join()
            workflow.close()
