"""`dimse get` and `dimse move` against the other users, from dcmqrscp and from `dimse scp`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from tests.bench.bench import Bench, Corpus, sample_of
from tests.bench.contestants import (
    GETTERS,
    Asked,
    dcmsend,
    dimse_move,
    dimse_move_here,
    movescu,
    movescu_here,
    storescp,
)
from tests.bench.figures import Sample, in_turns
from tests.bench.launching import run, serve
from tests.bench.nodes import Destinations, Start, dcmqrscp, dimse_node
from tests.corpus import ROOT
from tests.peers.process import free_port

STUDIES = [f"{ROOT}.1.{number}" for number in range(2)]  # all of the corpus
GET, GETSCU, PRESERVING, PYNETDICOM = "dimse get", "getscu", "getscu +B", "pynetdicom getscu"
MOVE, MOVESCU = "dimse move --dest", "movescu -aem"
RECEIVE, PORT, PORT_PRESERVING = "dimse move --receive", "movescu +P", "movescu +P +B"
AWAY, HERE = "AWAY", "HERE"  # AE titles that the nodes know


def measure(bench: Bench) -> None:
    """The same objects out of either node, in each way."""
    corpus = bench.images
    with serve(storescp("--ignore")) as receiver:
        known = {AWAY: receiver.port, HERE: free_port()}
        for start in (
            partial(dcmqrscp, destinations=known),
            partial(dimse_node, durability="none", destinations=known),
        ):
            from_node(bench, corpus, start, known)


def from_node(bench: Bench, corpus: Corpus, start: Start, known: Destinations) -> None:
    """Fill the node, then measure."""
    with bench.empty() as folder, start(folder) as filled:
        if run(dcmsend(filled.port, corpus.folder, "-aec", filled.aet)).code:
            raise RuntimeError(f"{filled.name} did not take the corpus")
        node = Asked(filled.aet, filled.port, STUDIES)
        getting(bench, corpus, node, filled.name)
        moving(bench, corpus, node, filled.name)
        receiving(bench, corpus, node, filled.name, known[HERE])


def getting(bench: Bench, corpus: Corpus, node: Asked, name: str) -> None:
    """C-GET into a folder."""
    table = bench.table(f"get from {name}", corpus, GETSCU)
    timed = {getter: partial(kept, bench, corpus, partial(argv, node)) for getter, argv in GETTERS.items()}
    bench.report(in_turns(table, timed, bench.runs))
    bench.judge(*(table.target(GET, other, 1.0) for other in (GETSCU, PRESERVING, PYNETDICOM)))


def moving(bench: Bench, corpus: Corpus, node: Asked, name: str) -> None:
    """C-MOVE to a storescp that drops what it reads: the node's work, and what is said about it."""
    table = bench.table(f"move from {name} to storescp --ignore", corpus, MOVESCU)
    movers: Mapping[str, Sequence[str]] = {MOVE: dimse_move(node, AWAY), MOVESCU: movescu(node, AWAY)}
    timed = {mover: partial(moved, corpus, argv) for mover, argv in movers.items()}
    bench.report(in_turns(table, timed, bench.runs))
    bench.judge(table.target(MOVE, MOVESCU, 1.0))


def moved(corpus: Corpus, argv: Sequence[str]) -> Sample:
    """One C-MOVE to somebody else; the mover's word is all there is."""
    return sample_of(run(argv), corpus.objects)


def receiving(bench: Bench, corpus: Corpus, node: Asked, name: str, port: int) -> None:
    """C-MOVE to the one who asks."""
    table = bench.table(f"move from {name} to oneself", corpus, PORT)
    timed = {
        RECEIVE: partial(kept, bench, corpus, lambda folder: dimse_move_here(node, folder, HERE, port)),
        PORT: partial(kept, bench, corpus, lambda folder: movescu_here(node, folder, HERE, port)),
        PORT_PRESERVING: partial(
            kept, bench, corpus, lambda folder: movescu_here(node, folder, HERE, port, "+B")
        ),
    }
    bench.report(in_turns(table, timed, bench.runs))
    bench.judge(*(table.target(RECEIVE, other, 1.0) for other in (PORT, PORT_PRESERVING)))


def kept(bench: Bench, corpus: Corpus, argv: Callable[[Path], Sequence[str]]) -> Sample:
    """One retrieval into an empty folder; what is not in it afterwards is missing."""
    with bench.empty() as folder:
        ran = run(argv(folder))
        arrived = sum(1 for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))
    return sample_of(ran, corpus.objects, arrived=min(arrived, corpus.objects) if ran.code == 0 else 0)
