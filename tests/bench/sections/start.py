"""What a command takes before it works: interpreter, imports, the first answer."""

from __future__ import annotations

from functools import partial

from tests.bench.bench import Bench, sample_of
from tests.bench.contestants import HOST, PYTHON, dimse, plain_receiver
from tests.bench.figures import Sample, Table, Target, in_turns
from tests.bench.launching import run, serve
from tests.scripted.peers import refusing_port

IMPORTS = "python -c 'import click, pynetdicom'"
MILLISECONDS = 1000


def measure(bench: Bench) -> None:
    """Short commands, more runs than elsewhere because they are cheap and jitter counts."""
    with serve(plain_receiver()) as server, refusing_port() as closed:
        peer, nobody = f"ANY-SCP@{HOST}:{server.port}", f"ANY-SCP@{HOST}:{closed}"
        commands: dict[str, tuple[list[str], int]] = {
            "python -c pass": ([PYTHON, "-c", "pass"], 0),
            "python -c 'import click'": ([PYTHON, "-c", "import click"], 0),
            IMPORTS: ([PYTHON, "-c", "import click, pynetdicom"], 0),
            "dimse --version": (dimse("--version"), 0),
            "dimse --help": (dimse("--help"), 0),
            "dimse echo": (dimse("echo", peer), 0),
            "dimse echo, refused": (dimse("echo", nobody), 60),
            "echoscu": (["echoscu", HOST, str(server.port)], 0),
            "echoscu, refused": (["echoscu", HOST, str(closed)], 1),
        }
        table = Table("start-up", 0, 0, IMPORTS)
        in_turns(
            table, {name: partial(_timed, *command) for name, command in commands.items()}, bench.runs * 3
        )
    bench.report(table)
    bench.judge(
        _within(table, "dimse --help", 0.060),
        _within(table, "dimse echo", table.whole(IMPORTS) + 0.040),
        _within(table, "dimse echo, refused", table.whole(IMPORTS)),
    )


def _timed(argv: list[str], expected: int) -> Sample:
    ran = run(argv, quiet=expected != 0)
    return sample_of(ran, 1, arrived=int(ran.code == expected))


def _within(table: Table, name: str, seconds: float) -> Target:
    text = f"{table.title}: {name}"
    value = float("inf") if table.failed(name) else table.whole(name) * MILLISECONDS
    return Target(text, value, round(seconds * MILLISECONDS), at_least=False, unit="ms")
