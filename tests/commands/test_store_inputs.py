from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests import corpus
from tests.commands.storing import END, run, store
from tests.corpus import make_dataset, make_file, make_huge, preamble_and_meta
from tests.peers import dimse
from tests.peers.process import run as run_process
from tests.scripted import conversation as step
from tests.scripted import wire
from tests.scripted.conversation import Conversation
from tests.scripted.peers import scripted_server

if TYPE_CHECKING:
    from tests.conftest import Peers


def _wrong_syntax(path: Path) -> None:
    data = make_dataset(0, syntax=corpus.IMPLICIT_LE)
    path.write_bytes(preamble_and_meta(corpus.CT_IMAGE, f"{corpus.ROOT}.3.0", corpus.EXPLICIT_LE) + data)


def _no_uids(path: Path) -> None:
    path.write_bytes(
        preamble_and_meta("", "", corpus.EXPLICIT_LE) + corpus.element(0x10, 0x10, b"PN", b"Nobody")
    )


def _cut(path: Path) -> None:
    os.truncate(make_file(path, 0).path, 600)


def _tail(path: Path) -> None:
    path.write_bytes(make_file(path, 0).path.read_bytes() + bytes(100))


BAD: list[tuple[Callable[[Path], object], int, str]] = [
    (lambda path: path.write_bytes(b""), 23, "an empty file"),
    (lambda path: path.write_text("hello"), 23, "a text file"),
    (lambda path: path.write_bytes(bytes(128) + b"DICM"), 23, "nothing behind 'DICM'"),
    (_cut, 23, "truncated at offset"),
    (_tail, 23, "--trim"),
    (_wrong_syntax, 23, "encoded as Implicit VR Little Endian"),
    (_no_uids, 23, "no SOP class UID"),
    (os.mkfifo, 23, "a FIFO"),
    (lambda path: path.symlink_to("/dev/null"), 23, "a device"),
    (lambda path: path.symlink_to(path), 20, "symbolic links"),
    (lambda path: None, 20, "no such file"),
]  # fmt: skip


@pytest.mark.parametrize(("make", "code", "reason"), BAD)
def test_bad_inputs_are_told_and_the_others_sent(
    tmp_path: Path, make: Callable[[Path], object], code: int, reason: str
) -> None:
    bad, good = tmp_path / "bad", make_file(tmp_path / "good", 7)
    make(bad)
    alone = store("127.0.0.1:1", bad, "--format", "table")
    assert alone.returncode == code
    assert reason in alone.stdout
    assert alone.stdout.splitlines()[0].startswith(f"skipped  {bad}  ")
    done = run([step.accept(), step.store(), *END], bad, good.path)
    assert done.returncode == (22 if code == 23 else 20), done.stderr
    assert done.stdout.splitlines()[-1].startswith("sent 1 object ")
    assert done.stdout.splitlines()[-1].endswith("  1 skipped")


def test_a_bad_input_can_stop_everything(tmp_path: Path) -> None:
    bad, good = tmp_path / "bad", make_file(tmp_path / "good", 7)
    bad.write_text("text")
    done = store("127.0.0.1:1", bad, good.path, "--fail-fast", "--format", "table")
    assert done.returncode == 22
    assert f"error: {bad}: a text file, not DICOM" in done.stderr
    assert "error[input-invalid] exit 22" in done.stderr
    assert store("127.0.0.1:1", tmp_path / "none", good.path, "--fail-fast").returncode == 20


def test_a_rehearsal_knows_what_could_not_be_proposed(tmp_path: Path) -> None:
    made = [make_file(tmp_path / "a", 0), make_file(tmp_path / "b", 1, syntax=corpus.IMPLICIT_LE)]
    words = ("--ts", "implicit-le", "--never-transcode", "--dry-run", "--format", "table")
    done = store("127.0.0.1:1", *(entry.path for entry in made), *words)
    assert done.returncode == 66
    first, second, last = done.stdout.splitlines()
    assert first.startswith(f"failed   {made[0].path}  is in none of the transfer syntaxes")
    assert "Implicit VR Little Endian  1 object" in second
    assert last.startswith("would send 1 object ")


def test_no_input_at_all(tmp_path: Path) -> None:
    assert store("127.0.0.1:1").returncode == 2
    done = store("127.0.0.1:1", tmp_path)
    assert done.returncode == 21
    assert "error[input-none] exit 21" in done.stderr
    done = store("127.0.0.1:1", "--files-from", tmp_path / "none")
    assert done.returncode == 20


def test_the_same_uid_with_other_content_is_warned_of(tmp_path: Path) -> None:
    made = [make_file(tmp_path / "a", 1), make_file(tmp_path / "b", 1, size=4000)]
    done = run([step.accept(), step.store(), step.store(), *END], *(entry.path for entry in made))
    assert done.returncode == 0
    assert f"warning: {made[1].path}: has the SOP instance UID of {made[0].path}" in done.stderr


def test_a_guess_is_said(tmp_path: Path) -> None:
    (tmp_path / "bare").write_bytes(make_dataset(0, syntax=corpus.IMPLICIT_LE))
    done = run([step.accept(), step.store(), *END], tmp_path / "bare")
    assert done.returncode == 0
    assert "taken for Implicit VR Little Endian" in done.stderr


def test_a_file_that_shrinks_in_the_middle_costs_no_other(tmp_path: Path) -> None:
    huge = make_huge(tmp_path / "huge", 64_000_000, sparse=True)
    made = make_file(tmp_path / "z")

    def shrink(talk: Conversation) -> None:
        talk.expect(wire.P_DATA)
        talk.expect(wire.P_DATA)
        os.truncate(huge, 5_000_000)
        while talk.read_pdu().kind == wire.P_DATA:
            pass

    with scripted_server([step.accept(), shrink], [step.accept(), step.store(), *END]) as server:
        done = store(server.address, huge, made.path, "--format", "table")
        server.finish()
    assert done.returncode == 3
    assert done.stdout.splitlines()[0] == f"failed   {huge}  became shorter while it was sent"


_MEASURED = """
import resource, subprocess, sys
code = subprocess.call(sys.argv[1:])
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(code)
"""


def test_a_huge_object_takes_little_memory(peers: Peers, tmp_path: Path) -> None:
    huge = make_huge(tmp_path / "huge", 192 * 1024 * 1024, sparse=True)
    peer = peers.storescp("--ignore")
    argv = [sys.executable, "-c", _MEASURED, *dimse.COMMAND, "store", peer.address, str(huge)]
    done = run_process(argv, env=dimse.environment())
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.split()[-1]) < 80 * 1024  # KiB


def test_a_report_that_cannot_be_written_is_43(tmp_path: Path) -> None:
    made = make_file(tmp_path / "a")
    done = store("127.0.0.1:1", made.path, "--report", tmp_path / "no" / "report.csv")
    assert done.returncode == 43
    assert store("127.0.0.1:1", made.path, "--report", tmp_path / "report.txt").returncode == 2
