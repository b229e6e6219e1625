"""`dimse find` against the other queriers, all asking a responder who has its answers ready."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import NamedTuple

from tests.bench.bench import HEARING, Bench
from tests.bench.contestants import QUERIERS, dimse_find, responder
from tests.bench.figures import Sample, Table, Target, in_turns
from tests.bench.launching import Server, run_printing, serve
from tests.bench.responder import MARKER

OURS, THEIRS, PYNETDICOM = "dimse find --json", "findscu -v", "pynetdicom findscu"
MATCHES = 20_000
SLOW_RUNS = 3  # for one that takes ten seconds and more
MORE = 8.0  # MiB that a hundred times the matches may add to the peak


def measure(bench: Bench) -> None:
    """Whole process and data phase, then when the first match is out, then the memory."""
    matches = MATCHES // 10 if bench.quick else MATCHES
    with asking(matches) as server:
        for other, limit, runs in ((THEIRS, 1.0, bench.runs), (PYNETDICOM, 5.0, min(bench.runs, SLOW_RUNS))):
            table = Table(f"find, {matches} matches", matches, 0, other)
            timed = {name: partial(ask, server, QUERIERS[name](server.port)) for name in (OURS, other)}
            bench.report(in_turns(table, timed, runs))
            bench.judge(table.target(OURS, other, limit))
        first_match(bench, server)
    memory(bench, [matches // 10, matches, matches * 10])


class Responder(NamedTuple):
    """A running responder and how many matches it has."""

    server: Server
    matches: int

    @property
    def port(self) -> int:
        """Where it listens."""
        return self.server.port


@contextmanager
def asking(matches: int) -> Iterator[Responder]:
    """A responder with so many matches."""
    with serve(responder(matches), speaks=True) as server:
        yield Responder(server, matches)


def ask(peer: Responder, argv: Sequence[str]) -> Sample:
    """One querier to its end, its output in a file; the matches that it did not print are missing."""
    printed = run_printing(argv, MARKER, watched=False)
    heard = peer.server.hear(HEARING)
    missing = peer.matches - printed.marks
    return Sample(printed.ran.seconds, printed.ran.peak, heard.get("seconds", 0.0), missing)


def first_match(bench: Bench, peer: Responder) -> None:
    """How long before the responder let go of the last match the first was out of our process."""
    ahead = []
    for _ in range(bench.runs):
        printed = run_printing(dimse_find(peer.port), MARKER, watched=True)
        heard = peer.server.hear(HEARING)
        out = printed.marks == peer.matches and heard
        ahead.append(1000 * (heard["last"] - printed.first) if out else float("-inf"))
    text = f"find, {peer.matches} matches: the first is out before the last is sent, in the worst run"
    bench.judge(Target(text, min(ahead), 0.0, unit="ms"))


def memory(bench: Bench, sizes: list[int]) -> None:
    """Peak of our querier with ten and a hundred times the matches."""
    table = Table("find, memory", 0, 0, f"{sizes[0]} matches")
    for matches in sizes:
        with asking(matches) as server:
            table.add(f"{matches} matches", ask(server, dimse_find(server.port)))
    bench.report(table)
    peaks = [table.peak(name) for name in table.samples]
    lost = any(table.failed(name) for name in table.samples)
    text = f"find: what {sizes[-1]} matches add to the peak of {sizes[0]}"
    value = float("inf") if lost else peaks[-1] - peaks[0]
    bench.judge(Target(text, value, MORE, at_least=False, unit="MiB"))
