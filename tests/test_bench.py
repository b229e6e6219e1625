"""The measuring instruments of the bench: a wrong one would make every figure of README wrong."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.bench.bench import Bench
from tests.bench.contestants import (
    GETTERS,
    Asked,
    dcmsend,
    findscu,
    measured_storescp,
    plain_receiver,
    pynetdicom_findscu,
    responder,
)
from tests.bench.disk import spread
from tests.bench.figures import MIB, Sample, Table, Target, in_turns, shown, verdicts
from tests.bench.launching import run, run_printing, serve
from tests.bench.nodes import Start, dcmqrscp
from tests.bench.responder import BATCH, MARKER, identifier
from tests.bench.sections.ingest import NODES, ORTHANC, OURS
from tests.conftest import Peers
from tests.corpus import EXPLICIT_LE, IMPLICIT_LE, ROOT, make_folder
from tests.peers.process import required

SENDER = [sys.executable, "-m", "tests.bench.sender"]


def test_the_bare_sender_delivers_every_byte(peers: Peers, tmp_path: Path) -> None:
    made = [
        *make_folder(tmp_path / "in", 3),
        *make_folder(tmp_path / "in", 1, size=3_000_000),  # takes the place of the first
    ][1:]
    peer = peers.storescp("+B")
    done = subprocess.run([*SENDER, str(peer.port), str(tmp_path / "in")], capture_output=True, check=True)
    assert json.loads(done.stdout)["objects"] == 3
    kept = [path.read_bytes() for path in peer.stored()]
    assert all(any(file.endswith(entry.dataset) for file in kept) for entry in made)


def test_the_receiver_counts_what_dcmtk_and_the_bare_sender_send(tmp_path: Path) -> None:
    made = make_folder(tmp_path / "in", 20, size=200_000)
    lines = []
    with serve(plain_receiver(), speaks=True) as server:
        for argv in (
            [required("dcmsend"), "127.0.0.1", str(server.port), "+sd", str(tmp_path / "in")],
            [required("storescu"), "127.0.0.1", str(server.port), "+sd", str(tmp_path / "in")],
            [*SENDER, str(server.port), str(tmp_path / "in")],
        ):
            assert run(argv).code == 0
            lines.append(server.hear(10.0))
    assert [line["objects"] for line in lines] == [20, 20, 20]
    assert lines[2]["bytes"] == sum(len(entry.dataset) for entry in made)
    assert all(0 < line["seconds"] < 10 for line in lines)


def test_the_doorman_times_an_association_with_storescp(tmp_path: Path) -> None:
    make_folder(tmp_path / "in", 2)
    with serve(measured_storescp(), speaks=True) as server:
        assert (
            run([required("dcmsend"), "127.0.0.1", str(server.port), "+sd", str(tmp_path / "in")]).code == 0
        )
        assert 0 < server.hear(10.0)["seconds"] < 10
        assert server.hear(0.1) == {}


def test_the_responder_answers_findscu_and_pynetdicom_with_every_match() -> None:
    required("findscu")
    matches = BATCH + 1
    with serve(responder(matches), speaks=True) as server:
        for querier in (findscu, pynetdicom_findscu):
            printed = run_printing(querier(server.port), MARKER, watched=False)
            heard = server.hear(10.0)
            assert (printed.ran.code, printed.marks) == (0, matches)
            assert heard["objects"] == matches
            assert heard["first"] <= heard["last"] <= heard["first"] + heard["seconds"]


def test_matches_are_all_of_one_length_in_either_syntax() -> None:
    lengths = {len(identifier(number, EXPLICIT_LE)) for number in (0, 77, 199_999)}
    assert len(lengths) == 1
    assert {len(identifier(number, IMPLICIT_LE)) for number in (0, 77)} == lengths


def test_the_first_mark_is_timed_in_what_a_program_prints() -> None:
    program = "import time; print('some MA', end='', flush=True); print('RK\\nMARK', flush=True); input()"
    began = time.monotonic()
    printed = run_printing([sys.executable, "-c", program], b"MARK", watched=True)
    assert printed.marks == 2
    assert began < printed.first < time.monotonic()
    assert printed.ran.code == 1  # there was no input


@pytest.mark.parametrize(
    "start", [NODES[OURS], dcmqrscp, NODES[ORTHANC]], ids=("dimse", "dcmqrscp", "orthanc")
)
def test_a_node_counts_what_it_keeps(start: Start, tmp_path: Path) -> None:
    for program in ("dcmsend", "dcmqrscp", "Orthanc"):
        required(program)
    make_folder(tmp_path / "in", 3)
    (tmp_path / "kept").mkdir()
    with start(tmp_path / "kept") as node:
        assert node.objects() == 0
        assert run(dcmsend(node.port, tmp_path / "in", "-aec", node.aet)).code == 0
        assert node.objects() == 3
        assert node.peak() > MIB


def test_retrievers_of_each_kind_get_the_same_objects(tmp_path: Path) -> None:
    required("getscu")
    make_folder(tmp_path / "in", 3)
    (tmp_path / "kept").mkdir()
    with NODES[OURS](tmp_path / "kept") as node:
        run(dcmsend(node.port, tmp_path / "in"))
        everything = Asked(node.aet, node.port, "STUDY", {"StudyInstanceUID": f"{ROOT}.1.0"})
        for number, getter in enumerate(GETTERS.values()):
            folder = tmp_path / str(number)
            folder.mkdir()
            assert run(getter(everything, folder)).code == 0
            assert sum(path.is_file() for path in folder.iterdir()) == 3


def test_folders_that_lie_apart_are_folders_like_others(tmp_path: Path) -> None:
    spread(tmp_path)
    spread(tmp_path)
    (tmp_path / "inner").mkdir()
    assert list(tmp_path.iterdir()) == [tmp_path / "inner"]


def test_files_are_emptied_when_they_were_counted(tmp_path: Path) -> None:
    bench = Bench(tmp_path, quick=True, out=io.StringIO())
    with bench.empty() as folder:
        (folder / "a").mkdir()
        (folder / "a" / "b.dcm").write_bytes(b"1234")
    assert (folder / "a" / "b.dcm").stat().st_size == 0


def test_the_launcher_reports_time_memory_and_exit_status() -> None:
    ran = run([sys.executable, "-c", "x = bytearray(60 << 20); raise SystemExit(3)"], quiet=True)
    assert ran.code == 3
    assert 60 < ran.peak / MIB < 120
    assert 0 < ran.seconds < 10


def test_a_server_under_the_launcher_ends_with_its_block() -> None:
    with serve([required("storescp"), "--ignore", "{port}"]) as server:
        pass
    assert server.result is not None
    assert server.result.code == -15
    assert server.process.returncode == 0


def test_contestants_take_turns_and_medians_are_compared() -> None:
    order: list[str] = []
    times = {"a": iter((1.0, 9.0, 2.0)), "b": iter((4.0, 4.0, 5.0))}

    def measure(name: str) -> Sample:
        order.append(name)
        return Sample(next(times[name]), MIB, 1.0 if name == "a" else 3.0)

    table = Table("title", 10, 1000, "b")
    in_turns(table, {"a": lambda: measure("a"), "b": lambda: measure("b")}, 3)
    assert "".join(order) == "ababab"
    assert table.speed("a", "b") == 2.0
    assert table.speed("a", "b", data=True) == 3.0
    assert "2.00" in shown(table)


def test_who_loses_objects_reaches_nothing() -> None:
    table = Table("title", 10, 1000, "b")
    table.add("a", Sample(1.0, MIB, 1.0, missing=1))
    table.add("b", Sample(9.0, MIB, 9.0))
    assert not table.target("a", "b", 1.0).reached
    assert "lost up to 1 of 10 in 1 of 1 runs" in shown(table)


def test_a_run_that_lost_objects_does_not_count() -> None:
    table = Table("title", 10, 1000, "b")
    for sample in (Sample(0.1, MIB, missing=9), Sample(3.0, MIB)):
        table.add("a", sample)
    table.add("b", Sample(9.0, MIB))
    assert table.speed("a", "b") == 3.0


def test_verdicts_say_which_side_of_the_limit() -> None:
    text = verdicts([Target("fast", 2.0, 1.5), Target("start", 70.0, 60.0, at_least=False, unit="ms")])
    assert "reached" in text.splitlines()[1]
    assert "MISSED" in text.splitlines()[2]
