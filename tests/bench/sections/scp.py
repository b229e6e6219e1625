"""`dimse scp` against the other receivers, from the same senders, each into an empty folder on one disk.

None of them has an index; nodes that do are the section `ingest`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from tests.bench.bench import Bench, Corpus, bare
from tests.bench.contestants import dcmsend, dimse_scp, pynetdicom_storescp, storescp
from tests.bench.figures import Sample, Table, Target, in_turns
from tests.bench.launching import run_together, serve

OURS, FULL = "dimse scp --durability none", "dimse scp --durability full"
STORESCP, PRESERVING = "storescp", "storescp +B"
SENDERS_AT_ONCE = 4

RECEIVERS: dict[str, Callable[[Path], Sequence[str]]] = {
    OURS: lambda folder: dimse_scp(folder, "--no-index", "--durability", "none"),
    FULL: lambda folder: dimse_scp(folder, "--no-index", "--durability", "full"),
    STORESCP: lambda folder: storescp("-od", str(folder)),
    PRESERVING: lambda folder: storescp("+B", "-od", str(folder)),
}
PYNETDICOM = "pynetdicom storescp"
FEW = 200  # objects for it: 5 to 10 ms each


def measure(bench: Bench) -> None:
    """From dcmsend (whole process) and from the bare sender (data phase); then several senders at once."""
    for corpus in bench.corpora:
        table = bench.table("dcmsend and bare sender into receivers", corpus, STORESCP)
        timed = {name: partial(receive, bench, start, corpus) for name, start in RECEIVERS.items()}
        bench.report(in_turns(table, timed, bench.runs))
        for data in (False, True):
            bench.judge(
                table.target(OURS, PRESERVING, 1.0, data=data), table.target(OURS, STORESCP, 1.5, data=data)
            )
        if corpus is bench.middle:
            bench.judge(_rate(table, "one association"))
    several(bench)
    against_pynetdicom(bench)


def _rate(table: Table, words: str) -> Target:
    seconds = table.data(FULL) or table.whole(FULL)
    text = f"{table.title}: {FULL}, {words}"
    return Target(text, table.objects / seconds, 300.0, unit="objects/s")


def receive(bench: Bench, start: Callable[[Path], Sequence[str]], corpus: Corpus) -> Sample:
    """One receiver, one dcmsend; then the same with the bare sender. The peak is the receiver's."""
    with bench.empty() as folder:
        with serve(start(folder)) as server:
            [ran] = run_together([dcmsend(server.port, corpus.folder)])
        kept = _count(folder)
    with bench.empty() as folder:
        with serve(start(folder)) as server:
            seconds, _ = bare(server.port, corpus)
        kept = min(kept, _count(folder))
    peak = server.result.peak if server.result else 0
    return Sample(ran.seconds, peak, seconds, corpus.objects - kept)


def against_pynetdicom(bench: Bench) -> None:
    """A table of its own with few objects."""
    receivers = {OURS: RECEIVERS[OURS], PYNETDICOM: pynetdicom_storescp}
    for corpus in (bench.few(bench.small, FEW), bench.few(bench.middle, FEW)):
        table = bench.table("dcmsend and bare sender into receivers", corpus, PYNETDICOM)
        timed = {name: partial(receive, bench, start, corpus) for name, start in receivers.items()}
        bench.report(in_turns(table, timed, bench.runs))


def several(bench: Bench) -> None:
    """Four dcmsend at once, each with a quarter of the corpus; the whole is the slowest of them."""
    corpus = bench.middle
    parts = quarters(bench, corpus)
    table = bench.table(f"{SENDERS_AT_ONCE} x dcmsend at once into receivers", corpus, STORESCP)

    def together(start: Callable[[Path], Sequence[str]]) -> Sample:
        with bench.empty() as folder:
            with serve(start(folder)) as server:
                runs = run_together([dcmsend(server.port, part) for part in parts])
            kept = _count(folder)
        peak = server.result.peak if server.result else 0
        return Sample(max(ran.seconds for ran in runs), peak, None, corpus.objects - kept)

    receivers = {
        OURS: RECEIVERS[OURS],
        FULL: RECEIVERS[FULL],
        STORESCP: lambda folder: storescp("--fork", "-od", str(folder)),
    }
    timed = {name: partial(together, start) for name, start in receivers.items()}
    bench.report(in_turns(table, timed, bench.runs))
    bench.judge(_rate(table, f"{SENDERS_AT_ONCE} associations"))


def quarters(bench: Bench, corpus: Corpus) -> list[Path]:
    """Folders that share the corpus out by hard links."""
    folders = [bench.folder / f"part-{number}" for number in range(SENDERS_AT_ONCE)]
    for folder in folders:
        folder.mkdir()
    for number, path in enumerate(sorted(corpus.folder.iterdir())):
        (folders[number % SENDERS_AT_ONCE] / path.name).hardlink_to(path)
    return folders


def _count(folder: Path) -> int:
    return sum(1 for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))
