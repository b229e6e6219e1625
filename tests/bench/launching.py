"""Running contestants and servers under the launcher."""

from __future__ import annotations

import json
import select
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, NamedTuple

from tests.peers.process import START_LIMIT, PeerError, environment, free_port, listening, wait_until

LAUNCHER = Path(__file__).with_name("launcher.py")
LIMIT = 900  # seconds for one run of one contestant
KIB = 1024


class Run(NamedTuple):
    """What one process took."""

    seconds: float
    peak: int  # bytes
    code: int


def _launcher(report: Path, argv: Sequence[str]) -> list[str]:
    return [sys.executable, "-I", "-S", str(LAUNCHER), str(report), str(LIMIT), *argv]


def _read(report: Path) -> Run:
    seconds, peak, code = report.read_text().split()
    return Run(float(seconds), int(peak) * KIB, int(code))


def nodelay(on: bool) -> dict[str, str]:
    """Environment of a peer with or without DCMTK's TCP_NODELAY."""
    variables = environment()
    if not on:
        del variables["TCP_NODELAY"]
    return variables


def run_together(
    argvs: Sequence[Sequence[str]], env: Mapping[str, str] | None = None, *, quiet: bool = False
) -> list[Run]:
    """Run programs at the same time, each to its end; one is the usual number."""
    with TemporaryDirectory() as scratch:
        reports = [Path(scratch, str(number)) for number in range(len(argvs))]
        with open(Path(scratch, "output"), "wb") as output:
            launched = [
                subprocess.Popen(
                    _launcher(report, argv),
                    env=environment() if env is None else env,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                )
                for report, argv in zip(reports, argvs, strict=True)
            ]
            for process in launched:
                process.wait()
        runs = [_read(report) for report in reports]
        if not quiet and any(run.code != 0 for run in runs):
            said = Path(scratch, "output").read_text(errors="replace").strip().splitlines()
            print("\n".join(("", " ".join(argvs[0]), *said[-3:])), file=sys.stderr)
        return runs


def run(argv: Sequence[str], env: Mapping[str, str] | None = None, *, quiet: bool = False) -> Run:
    """Run one program to its end; `quiet` when a failure is what is wanted."""
    return run_together([argv], env, quiet=quiet)[0]


class Printed(NamedTuple):
    """What a program took, and what was seen of its output."""

    ran: Run
    marks: int  # times that the mark was in it
    first: float  # `time.monotonic` when the mark was there for the first time; 0 when never


def run_printing(argv: Sequence[str], mark: bytes, *, watched: bool) -> Printed:
    """Run one program and count `mark` in its output, both streams of it.

    Not `watched`, the output goes to a file, which costs a program that writes line by line least. Watched
    it goes through a pipe, and the moment of the first mark is told.
    """
    with TemporaryDirectory() as scratch:
        report, log = Path(scratch, "report"), Path(scratch, "output")
        with log.open("wb") as output:
            process = subprocess.Popen(
                _launcher(report, argv),
                bufsize=0,
                env=environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE if watched else output,
                stderr=subprocess.STDOUT,
            )
        if process.stdout is None:
            process.wait()
            return Printed(_read(report), _count(log.open("rb"), mark)[0], 0.0)
        count, first = _count(process.stdout, mark)
        process.wait()
        return Printed(_read(report), count, first)


def _count(stream: IO[bytes], mark: bytes) -> tuple[int, float]:
    """How often the mark is in the stream, and when it was read first."""
    count, first, rest = 0, 0.0, b""
    with stream:
        while block := stream.read(1 << 18):
            block = rest + block
            count += block.count(mark)
            if count and not first:
                first = time.monotonic()
            rest = block[-(len(mark) - 1) :]
    return count, first


class Server:
    """A server under the launcher; `result` is there once the block of `serve` has ended."""

    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        self.process = process
        self.port = port
        self.result: Run | None = None

    def hear(self, seconds: float) -> dict[str, float]:
        """The next JSON line of a server that speaks; empty when none comes in time."""
        heard: dict[str, float] = json.loads(self.line(seconds) or b"{}")
        return heard

    def line(self, seconds: float) -> bytes:
        """The next line as it is; empty when none comes in time."""
        assert self.process.stdout is not None
        readable, _, _ = select.select([self.process.stdout], [], [], seconds)
        return self.process.stdout.readline() if readable else b""


@contextmanager
def serve(
    argv: Sequence[str], env: Mapping[str, str] | None = None, *, speaks: bool = False
) -> Iterator[Server]:
    """Start a server, `{port}` in its arguments being a free port; ended with SIGTERM after the block.

    One that `speaks` prints a line when it listens and one for each association, for `hear`.
    """
    with TemporaryDirectory() as scratch:
        report, log = Path(scratch, "report"), Path(scratch, "log")
        port = free_port()
        filled = [argument.replace("{port}", str(port)) for argument in argv]
        with log.open("wb") as output:
            process = subprocess.Popen(
                _launcher(report, filled),
                bufsize=0,  # what `hear` has not read yet must wake its select
                env=environment() if env is None else env,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE if speaks else output,
                stderr=output,
            )
        server = Server(process, port)
        try:
            try:
                if not speaks:
                    wait_until(lambda: listening(port), process)
                elif not server.line(START_LIMIT):
                    raise PeerError("said nothing")
            except PeerError as failure:
                raise PeerError(
                    f"{' '.join(filled)}: {failure}:\n{log.read_text(errors='replace')}"
                ) from None
            yield server
        finally:
            # Never kill the launcher: the server would be left behind. Its own limit is the last resort.
            process.terminate()
            process.wait()
            if process.stdout is not None:
                process.stdout.close()
            if report.exists():
                server.result = _read(report)
