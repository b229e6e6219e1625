"""A node with everything that it remembers: services of the N- kind, their ledger, courier and worklist."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from dimsetools.archive.ledger import Ledger
from dimsetools.archive.objects import Durability
from dimsetools.archive.worklist import Worklist
from dimsetools.config import load
from dimsetools.scp.destinations import Destinations
from dimsetools.scp.kept import Archive as Kept
from dimsetools.scp.offered import offered
from dimsetools.scp.policy import AcceptPolicy
from dimsetools.scp.workflow import Workflow
from tests.archive.indexing import Archive
from tests.scp.node import Log, Node, running_node

NODE_AET = "ARCHIVE"


class Working(NamedTuple):
    """The node, what it remembers, the log of its courier, and its services."""

    node: Node
    ledger: Ledger
    log: Log
    workflow: Workflow


def complain(name: str, reason: str) -> None:
    raise AssertionError(f"{name}: {reason}")


@contextmanager
def working(
    folder: Path,
    *,
    dest: Sequence[str] = (),
    notify: tuple[str, ...] = (),
    worklist: Path | None = None,
) -> Iterator[Working]:
    """A node over `folder` that may call `dest`, until the block ends."""
    log = Log()
    destinations = Destinations(load(environ={}), dest)
    with Archive(folder) as archive, Ledger(str(folder), durability=Durability.NONE) as ledger:
        kept = Kept(archive.store, archive.index)
        workflow = Workflow(ledger, destinations, log, kept, own_aet=NODE_AET, notify=notify)
        items = Worklist(str(worklist), complain) if worklist is not None else None
        offer = offered((archive.store, archive.index), items, destinations, workflow=workflow)
        policy = AcceptPolicy(storage=(), services=offer.services)
        with running_node(
            policy=policy,
            roles=offer.roles,
            wrap=lambda manner: manner._replace(posts=workflow.posts, left=workflow.role.left),
        ) as node:
            workflow.start()
            try:
                yield Working(node, ledger, log, workflow)
            finally:
                workflow.close()
