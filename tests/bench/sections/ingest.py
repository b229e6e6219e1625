"""Objects into a node that can be asked for them afterwards: `dimse scp` against dcmqrscp and Orthanc.

With SyncStorageArea Orthanc forces the data of each file to the disk, but neither its name nor its index: the
same as `--durability file`. `full` forces all three; no peer does that.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from tests.bench.bench import Bench, Corpus, bare
from tests.bench.contestants import dcmsend
from tests.bench.figures import Sample, Table, in_turns
from tests.bench.launching import run
from tests.bench.nodes import Start, dcmqrscp, dimse_node, orthanc

OURS, FILE, FULL = (f"dimse scp --durability {how}" for how in ("none", "file", "full"))
DCMQRSCP = "dcmqrscp"
ORTHANC, SYNCED = "Orthanc, SyncStorageArea off", "Orthanc, SyncStorageArea on"

NODES: Mapping[str, Start] = {
    OURS: partial(dimse_node, durability="none"),
    FILE: partial(dimse_node, durability="file"),
    FULL: partial(dimse_node, durability="full"),
    ORTHANC: partial(orthanc, synchronous=False),
    SYNCED: partial(orthanc, synchronous=True),
}
FEW = 400  # objects for dcmqrscp, which takes the longer for one the more it has
RUNS = 3  # at most: a node's start and end take longer than its work


def measure(bench: Bench) -> None:
    """From dcmsend (whole process) and from the bare sender (data phase), into an index that is empty."""
    for corpus in (bench.reports, bench.images):
        table = in_table(bench, corpus, NODES, ORTHANC)
        for data in (False, True):
            bench.judge(
                table.target(OURS, ORTHANC, 2.0, data=data),
                table.target(FILE, SYNCED, 2.0, data=data),
            )
    for corpus in (bench.few(bench.reports, FEW), bench.few(bench.images, FEW)):
        table = in_table(bench, corpus, {OURS: NODES[OURS], DCMQRSCP: dcmqrscp}, DCMQRSCP)
        bench.judge(*(table.target(OURS, DCMQRSCP, 1.0, data=data) for data in (False, True)))


def in_table(bench: Bench, corpus: Corpus, nodes: Mapping[str, Start], baseline: str) -> Table:
    """Nodes in turns; shown."""
    table = bench.table("dcmsend and bare sender into nodes with an index", corpus, baseline)
    timed = {name: partial(ingest, bench, start, corpus) for name, start in nodes.items()}
    bench.report(in_turns(table, timed, min(bench.runs, RUNS)))
    return table


def ingest(bench: Bench, start: Start, corpus: Corpus) -> Sample:
    """One node, one dcmsend; then the same with the bare sender. The peak is the node's."""
    with bench.empty() as folder, start(folder) as node:
        ran = run(dcmsend(node.port, corpus.folder, "-aec", node.aet))
        kept = node.objects() if ran.code == 0 else 0
    with bench.empty() as folder, start(folder) as node:
        seconds, _ = bare(node.port, corpus, node.aet)
        kept = min(kept, node.objects())
        peak = node.peak()
    return Sample(ran.seconds, peak, seconds, corpus.objects - kept)
