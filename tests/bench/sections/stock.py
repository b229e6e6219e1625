"""Against a storescp as people run it: no TCP_NODELAY on either side, 40 to 90 ms a message for DCMTK."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from tests.bench.bench import Bench, Corpus, sample_of
from tests.bench.contestants import dcmsend, dimse_store, storescu
from tests.bench.figures import Sample, in_turns
from tests.bench.launching import nodelay, run, serve

OBJECTS = 100  # 9 s a run for a sender that waits


def measure(bench: Bench) -> None:
    """A few objects, because the waiting is what is measured."""
    senders = {"dimse store": dimse_store, "dcmsend": dcmsend, "storescu": storescu}
    objects = OBJECTS // 4 if bench.quick else OBJECTS
    for corpus in (bench.few(bench.small, objects), bench.few(bench.middle, objects)):
        table = bench.table("store into a stock storescp --ignore", corpus, "dcmsend")
        with serve(["storescp", "--ignore", "{port}"], nodelay(on=False)) as receiver:
            timed = {
                name: partial(_waiting, sender(receiver.port, corpus.folder), corpus)
                for name, sender in senders.items()
            }
            in_turns(table, timed, bench.runs)
        bench.report(table)
        bench.judge(table.target("dimse store", "dcmsend", 20.0))


def _waiting(argv: Sequence[str], corpus: Corpus) -> Sample:
    return sample_of(run(argv, nodelay(on=False)), corpus.objects)
