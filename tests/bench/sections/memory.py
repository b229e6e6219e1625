"""Peak memory with an object far larger than memory should be asked for, in either direction."""

from __future__ import annotations

from tests.bench.bench import GB, Bench, Corpus, bare, meter
from tests.bench.contestants import dimse_scp, dimse_store, plain_receiver
from tests.bench.figures import Sample, Target
from tests.bench.launching import serve
from tests.corpus import make_huge

LIMIT = 80.0  # MiB
LARGEST = (1 << 32) - 2  # bytes: the longest explicit length of pixel data (PS3.5 section 7.1.1)


def measure(bench: Bench) -> None:
    """One object of 4 GiB (a tenth with --quick) out and in; its file is a hole, so the disk is not asked."""
    size = LARGEST // 10 // 2 * 2 if bench.quick else LARGEST
    folder = bench.folder / "huge"
    folder.mkdir()
    total = make_huge(folder / "huge.dcm", size, sparse=True).stat().st_size
    corpus = Corpus(f"1 x {total / GB:.1f} GiB", folder, 1, total)
    table = bench.table("memory", corpus, "dimse store")
    with meter(plain_receiver()) as receiver:
        table.add("dimse store", receiver.time(dimse_store(receiver.port, folder), corpus))
    table.add("dimse scp", _receiving(bench, corpus))
    bench.report(table)
    bench.judge(
        *(
            Target(f"{table.title}: peak of {name}", table.peak(name), LIMIT, at_least=False, unit="MiB")
            for name in table.samples
        )
    )


def _receiving(bench: Bench, corpus: Corpus) -> Sample:
    with bench.empty() as kept:
        with serve(dimse_scp(kept, "--durability", "none")) as server:
            seconds, arrived = bare(server.port, corpus)
        peak = server.result.peak if server.result else 0
    return Sample(seconds, peak, seconds, corpus.objects - arrived)
