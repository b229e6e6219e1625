"""One module per group of measurements, each with `measure(bench)`; a new command adds its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tests.bench.bench import Bench
from tests.bench.sections import find, index, ingest, memory, retrieve, scp, start, stock, store, tls

Section = Callable[[Bench], None]

SECTIONS: Mapping[str, Section] = {
    "start": start.measure,
    "store": store.measure,
    "tls": tls.measure,
    "scp": scp.measure,
    "find": find.measure,
    "retrieve": retrieve.measure,
    "ingest": ingest.measure,
    "index": index.measure,
    "memory": memory.measure,
    "stock": stock.measure,
}
