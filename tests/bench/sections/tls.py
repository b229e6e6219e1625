"""`dimse store` and storescu over TLS 1.3, both sides verified (dcmsend 3.6.7 has no TLS)."""

from __future__ import annotations

from tests.bench.bench import Bench, Corpus, into_real
from tests.bench.contestants import dcmtk_tls, dimse_store, dimse_tls, storescp, storescu
from tests.bench.figures import Table, in_turns
from tests.bench.launching import serve
from tests.peers.certificates import make_certificates

OURS, THEIRS = "dimse store --tls", "storescu +tls"


def measure(bench: Bench) -> None:
    """Each corpus into `storescp --ignore +tls`."""
    folder = bench.folder / "certificates"
    folder.mkdir()
    certificates = make_certificates(folder)
    with serve(storescp("--ignore", *dcmtk_tls(certificates, server=True))) as receiver:

        def argv(name: str, corpus: Corpus) -> list[str]:
            if name == OURS:
                return [*dimse_store(receiver.port, corpus.folder), *dimse_tls(certificates)]
            return [*storescu(receiver.port, corpus.folder), *dcmtk_tls(certificates, server=False)]

        names = (OURS, THEIRS)
        alone = Table("start", 1, 0, THEIRS)
        in_turns(
            alone, {n: into_real(argv(n, bench.single), bench.single, 0.0) for n in names}, bench.runs * 3
        )
        for corpus in bench.corpora:
            table = bench.table("store over TLS into storescp --ignore", corpus, THEIRS)
            timed = {n: into_real(argv(n, corpus), corpus, alone.whole(n)) for n in names}
            bench.report(in_turns(table, timed, bench.runs))
            bench.judge(table.target(OURS, THEIRS, 0.8), table.target(OURS, THEIRS, 0.8, data=True))
