"""`dimse get` and `dimse move` against the other users, from dcmqrscp and from `dimse scp`.

No node tells when it began, so the data phase is the whole process less the same with a single object just
before: what a program takes to start, to negotiate and to end.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from tests.bench.bench import Bench, Corpus, sample_of
from tests.bench.contestants import (
    GETTERS,
    Asked,
    Getter,
    dcmsend,
    dimse_move,
    dimse_move_here,
    movescu,
    movescu_here,
    storescp,
)
from tests.bench.figures import Sample, in_turns
from tests.bench.launching import run, serve
from tests.bench.nodes import Start, dcmqrscp, dimse_node
from tests.corpus import ROOT
from tests.peers.process import free_port

ALL = {"StudyInstanceUID": f"{ROOT}.1.0\\{ROOT}.1.1"}
ONE = {"StudyInstanceUID": f"{ROOT}.1.0", "SeriesInstanceUID": f"{ROOT}.2.0", "SOPInstanceUID": f"{ROOT}.3.0"}
AWAY, HERE = "AWAY", "HERE"  # AE titles that the nodes know

GETSCU = "getscu"
MOVE, MOVESCU = "dimse move --dest", "movescu -aem"
RECEIVE, PORT, PORT_PRESERVING = "dimse move --receive", "movescu +P", "movescu +P +B"


class Filled(NamedTuple):
    """A node with the corpus in it; all that there is, and one object of it."""

    name: str
    corpus: Corpus
    all: Asked
    one: Asked


Once = Callable[[Asked, int], Sample]
"""One retrieval of what is asked, so many objects."""


def measure(bench: Bench) -> None:
    """The same objects out of either node, in each way."""
    with serve(storescp("--ignore")) as receiver:
        known = {AWAY: receiver.port, HERE: free_port()}
        for start in (
            partial(dcmqrscp, destinations=known),
            partial(dimse_node, durability="none", destinations=known),
        ):
            from_node(bench, start, known[HERE])


def from_node(bench: Bench, start: Start, port: int) -> None:
    """Fill a node; then C-GET, C-MOVE to somebody else, and C-MOVE to the one who asks."""
    corpus = bench.images
    with bench.empty() as folder, start(folder) as kept:
        if run(dcmsend(kept.port, corpus.folder, "-aec", kept.aet)).code:
            raise RuntimeError(f"{kept.name} did not take the corpus")
        everything = Asked(kept.aet, kept.port, "STUDY", ALL)
        node = Filled(kept.name, corpus, everything, Asked(kept.aet, kept.port, "IMAGE", ONE))
        compete(
            bench,
            f"get from {node.name}",
            node,
            {name: partial(into_folder, bench, argv) for name, argv in GETTERS.items()},
            GETSCU,
        )
        compete(
            bench,
            f"move from {node.name} to storescp --ignore",
            node,
            {MOVE: partial(elsewhere, dimse_move), MOVESCU: partial(elsewhere, movescu)},
            MOVESCU,
        )
        here: dict[str, Getter] = {
            RECEIVE: lambda asked, folder: dimse_move_here(asked, folder, HERE, port),
            PORT: lambda asked, folder: movescu_here(asked, folder, HERE, port),
            PORT_PRESERVING: lambda asked, folder: movescu_here(asked, folder, HERE, port, "+B"),
        }
        compete(
            bench,
            f"move from {node.name} to oneself",
            node,
            {name: partial(into_folder, bench, argv) for name, argv in here.items()},
            PORT,
        )


def compete(bench: Bench, title: str, node: Filled, users: Mapping[str, Once], baseline: str) -> None:
    """All users in turns; the first one is ours and has to be as fast as each of the others."""
    table = bench.table(title, node.corpus, baseline)
    bench.report(
        in_turns(table, {name: partial(less_start, once, node) for name, once in users.items()}, bench.runs)
    )
    ours, *others = users
    for data in (False, True):
        bench.judge(*(table.target(ours, other, 1.0, data=data) for other in others))


def less_start(once: Once, node: Filled) -> Sample:
    """One run with one object, then one with all of them."""
    start = once(node.one, 1).whole
    sample = once(node.all, node.corpus.objects)
    return sample._replace(data=max(sample.whole - start, 1e-4))


def into_folder(bench: Bench, argv: Getter, asked: Asked, objects: int) -> Sample:
    """One retrieval into an empty folder; what is not in it afterwards is missing."""
    with bench.empty() as folder:
        ran = run(argv(asked, folder))
        arrived = sum(1 for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))
    return sample_of(ran, objects, arrived=min(arrived, objects) if ran.code == 0 else 0)


def elsewhere(argv: Callable[[Asked, str], Sequence[str]], asked: Asked, objects: int) -> Sample:
    """One C-MOVE to somebody else; the mover's word is all there is."""
    return sample_of(run(argv(asked, AWAY)), objects)
