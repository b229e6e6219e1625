"""`dimse store` against the other senders: into the plain receiver, and into DCMTK's."""

from __future__ import annotations

import statistics
from functools import partial

from tests.bench.bench import MB, Bench, Corpus, Meter, meter
from tests.bench.contestants import (
    SENDERS,
    Sender,
    dimse_store,
    measured_storescp,
    plain_receiver,
    pynetdicom_storescu,
    storescu,
)
from tests.bench.figures import Table, in_turns

OURS, THEIRS, BARE = "dimse store", "dcmsend", "bare socket loop"
FEW = 200


def measure(bench: Bench) -> None:
    """Whole process and data phase of each sender on each corpus, into the same receiver."""
    for corpus, floor in zip(bench.corpora, (1.6, 1.3, 1.0), strict=True):
        plain = into_plain_receiver(bench, corpus)
        real = into_storescp(bench, corpus)
        for table in (plain, real):
            bench.report(table)
            bench.judge(table.target(OURS, THEIRS, floor, data=True), table.target(OURS, THEIRS, 1.0))
        if corpus is bench.large:
            bench.judge(plain.target(OURS, BARE, 0.9, data=True))
    against_pynetdicom(bench)


def into_plain_receiver(bench: Bench, corpus: Corpus) -> Table:
    """The receiver that only reads and acknowledges costs all senders the same."""
    table = bench.table("store into a plain receiver", corpus, THEIRS)
    with meter(plain_receiver()) as receiver:
        timed = {
            name: partial(receiver.time, sender(receiver.port, corpus.folder), corpus)
            for name, sender in SENDERS.items()
        }
        return in_turns(table, timed, bench.runs)


def into_storescp(bench: Bench, corpus: Corpus) -> Table:
    """What people have: storescp, told to drop what it reads."""
    table = bench.table("store into storescp --ignore", corpus, THEIRS)
    with meter(measured_storescp()) as receiver:
        start = association_start(bench, receiver, storescu)
        timed = {
            name: partial(receiver.time, sender(receiver.port, corpus.folder), corpus, start)
            for name, sender in SENDERS.items()
        }
        return in_turns(table, timed, bench.runs)


def association_start(bench: Bench, receiver: Meter, sender: Sender) -> float:
    """Seconds from accepting a connection to its end with one small object: what every association costs."""
    argv = sender(receiver.port, bench.single.folder)
    samples = [receiver.time(argv, bench.single) for _ in range(bench.runs * 3)]
    return statistics.median(sample.data or 0.0 for sample in samples)


def against_pynetdicom(bench: Bench) -> None:
    """A table of its own with few objects: its sender waits some 40 ms for each (Nagle and delayed ACK)."""
    theirs = "pynetdicom storescu"
    senders = {OURS: dimse_store, theirs: pynetdicom_storescu}
    for corpus in (bench.few(bench.small, FEW), bench.few(bench.middle, FEW)):
        table = bench.table("store into a plain receiver", corpus, theirs)
        with meter(plain_receiver()) as receiver:
            timed = {
                name: partial(receiver.time, sender(receiver.port, corpus.folder), corpus)
                for name, sender in senders.items()
            }
            in_turns(table, timed, bench.runs)
        bench.report(table)
        if corpus.size < FEW * MB // 2:
            bench.judge(table.target(OURS, theirs, 10.0), table.target(OURS, theirs, 10.0, data=True))
