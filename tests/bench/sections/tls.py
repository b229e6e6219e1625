"""`dimse store` and storescu over TLS 1.3, both sides verified (dcmsend 3.6.7 has no TLS)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from tests.bench.bench import Bench, meter
from tests.bench.contestants import dcmtk_tls, dimse_store, dimse_tls, measured_storescp, storescu
from tests.bench.figures import in_turns
from tests.bench.sections.store import association_start
from tests.peers.certificates import make_certificates

OURS, THEIRS = "dimse store --tls", "storescu +tls"


def measure(bench: Bench) -> None:
    """Each corpus into `storescp --ignore +tls`."""
    folder = bench.folder / "certificates"
    folder.mkdir()
    certificates = make_certificates(folder)

    def ours(port: int, files: Path) -> Sequence[str]:
        return [*dimse_store(port, files), *dimse_tls(certificates)]

    def theirs(port: int, files: Path) -> Sequence[str]:
        return [*storescu(port, files), *dcmtk_tls(certificates, server=False)]

    with meter(measured_storescp(*dcmtk_tls(certificates, server=True))) as receiver:
        start = association_start(bench, receiver, theirs)
        for corpus in bench.corpora:
            table = bench.table("store over TLS into storescp --ignore", corpus, THEIRS)
            timed = {
                name: partial(receiver.time, sender(receiver.port, corpus.folder), corpus, start)
                for name, sender in {OURS: ours, THEIRS: theirs}.items()
            }
            bench.report(in_turns(table, timed, bench.runs))
            bench.judge(table.target(OURS, THEIRS, 0.8), table.target(OURS, THEIRS, 0.8, data=True))
