"""What every section works with: the corpora, the number of runs, and how to time one sender or receiver."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import IO, NamedTuple

from tests.bench.contestants import bare_sender
from tests.bench.disk import spread
from tests.bench.figures import Sample, Table, Target, shown
from tests.bench.launching import Run, Server, run, serve
from tests.corpus import make_file, make_folder, make_huge

HEARING = 10.0  # seconds after a sender's end that its receiver has to tell of it
KB, MB, GB = 1 << 10, 1 << 20, 1 << 30


class Corpus(NamedTuple):
    """Objects of one size in a folder of their own."""

    name: str
    folder: Path
    objects: int
    size: int  # bytes of all files


class Bench:
    """One call of the bench: `report` and `judge` are how sections hand over what they measured."""

    def __init__(self, folder: Path, *, quick: bool, out: IO[str], runs: int | None = None) -> None:
        self.folder = folder
        spread(folder)
        self.quick = quick
        self.runs = runs or (3 if quick else 5)
        self.tables: list[Table] = []
        self.targets: list[Target] = []
        self._out = out
        self._numbers = count()

    # -- corpora ------------------------------------------------------------------------------------

    def _corpus(self, name: str, objects: int, size: int) -> Corpus:
        folder = self.folder / f"corpus-{next(self._numbers)}"
        if size > MB:
            folder.mkdir()
            for number in range(objects):
                make_huge(folder / f"{number}.dcm", size, number=900_000 + number)
        else:
            make_folder(folder, objects, size=size)
        total = sum(len(path.read_bytes()) for path in folder.iterdir())  # now it is in the page cache
        return Corpus(name, folder, objects, total)

    @cached_property
    def small(self) -> Corpus:
        """Many of 2 KB, as structured reports and the like."""
        objects = 1000 if self.quick else 10_000
        return self._corpus(f"{objects} x 2 KB", objects, 2 * KB)

    @cached_property
    def middle(self) -> Corpus:
        """CT images of 0.5 MB."""
        objects = 200 if self.quick else 2000
        return self._corpus(f"{objects} x 0.5 MB", objects, MB // 2)

    @cached_property
    def images(self) -> Corpus:
        """What a node is given and asked for: two studies of CT images."""
        return self._corpus("400 x 0.5 MB", 400, MB // 2)

    @cached_property
    def reports(self) -> Corpus:
        """Small objects of all sizes from 2 to 20 KB, as structured reports are."""
        folder = self.folder / f"corpus-{next(self._numbers)}"
        folder.mkdir()
        objects = 200 if self.quick else 2000
        for number in range(objects):
            make_file(folder / f"{number:06d}.dcm", number, size=2 * KB + number % 10 * 2 * KB)
        total = sum(len(path.read_bytes()) for path in folder.iterdir())
        return Corpus(f"{objects} x 2 to 20 KB", folder, objects, total)

    @cached_property
    def large(self) -> Corpus:
        """One multi-frame object."""
        size = GB // 10 if self.quick else GB
        return self._corpus("1 x 0.1 GB" if self.quick else "1 x 1 GB", 1, size // MB * MB)

    @cached_property
    def single(self) -> Corpus:
        """One of 2 KB: what is left of a command's time without the work."""
        return self._corpus("1 x 2 KB", 1, 2 * KB)

    def few(self, corpus: Corpus, objects: int) -> Corpus:
        """The first objects of a corpus, for peers that are slow."""
        folder = self.folder / f"corpus-{next(self._numbers)}"
        folder.mkdir()
        chosen = sorted(corpus.folder.iterdir())[:objects]
        for path in chosen:
            (folder / path.name).hardlink_to(path)
        kind = corpus.name.split(" x ")[1]
        return Corpus(f"{objects} x {kind}", folder, objects, sum(path.stat().st_size for path in chosen))

    @property
    def corpora(self) -> tuple[Corpus, ...]:
        """The three that every transfer is measured with."""
        return (self.small, self.middle, self.large)

    @contextmanager
    def empty(self) -> Iterator[Path]:
        """An empty folder for a receiver; its files are emptied afterwards, removed at the end."""
        folder = self.folder / f"kept-{next(self._numbers)}"
        folder.mkdir()
        try:
            yield folder
        finally:
            for path in folder.rglob("*"):
                if path.is_file():
                    os.truncate(path, 0)

    # -- results ------------------------------------------------------------------------------------

    def say(self, text: str) -> None:
        """Print at once."""
        print(text, file=self._out, flush=True)

    def report(self, table: Table) -> None:
        """Show and keep a table."""
        self.tables.append(table)
        self.say(shown(table))

    def judge(self, *targets: Target) -> None:
        """Keep targets; they are shown at the end."""
        self.targets += targets

    # -- measuring ----------------------------------------------------------------------------------

    def table(self, title: str, corpus: Corpus, baseline: str) -> Table:
        """An empty table for a corpus."""
        return Table(f"{title}, {corpus.name}", corpus.objects, corpus.size, baseline)


def sample_of(ran: Run, objects: int, data: float | None = None, arrived: int | None = None) -> Sample:
    """A run as a sample: a bad exit status counts as everything lost, unless what arrived is known."""
    if arrived is None:
        arrived = objects if ran.code == 0 else 0
    return Sample(ran.seconds, ran.peak, data, objects - arrived)


class Meter:
    """A running receiver that tells how long each association was; `start` is what one without work takes."""

    def __init__(self, server: Server) -> None:
        self.port = server.port
        self._server = server

    def time(self, argv: Sequence[str], corpus: Corpus, start: float = 0.0) -> Sample:
        """Run one sender into it. One that opens no association, or loses objects, has lost them all."""
        ran = run(argv)
        heard = self._server.hear(HEARING)
        arrived = int(heard.get("objects", corpus.objects if heard and ran.code == 0 else 0))
        return sample_of(ran, corpus.objects, max(heard.get("seconds", 0.0) - start, 1e-4), arrived)


@contextmanager
def meter(argv: Sequence[str]) -> Iterator[Meter]:
    """A receiver that speaks, running."""
    with serve(argv, speaks=True) as server:
        yield Meter(server)


def bare(port: int, corpus: Corpus, called: str = "ANY-SCP") -> tuple[float, int]:
    """Seconds of the data phase and objects of the bare sender into any receiver on the port."""
    done = subprocess.run(
        bare_sender(port, corpus.folder, called), capture_output=True, text=True, check=False
    )
    if done.returncode:
        return float("nan"), 0
    line = json.loads(done.stdout)
    return float(line["seconds"]), int(line["objects"])
