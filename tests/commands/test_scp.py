from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import socket
import subprocess
import threading
from contextlib import ExitStack
from pathlib import Path
from time import monotonic

import pytest

from tests.commands.node import associate, echoed, received, store
from tests.conftest import Peers
from tests.corpus import make_dataset, make_folder, make_huge
from tests.peers import dcmtk, dimse
from tests.peers.process import LOOPBACK, Peer, listening
from tests.peers.process import stop as stop_process
from tests.scripted import wire
from tests.scripted.conversation import ScriptError
from tests.scripted.peers import scripted_client


def ended(peer: Peer, sign: int = signal.SIGTERM) -> int:
    return stop_process(peer.process, sign)


# -- wrong from the start -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--bind", "0.0.0.0"], "everybody would be let in"),
        (["--bind", "::"], "everybody would be let in"),
        (["--bind", "nowhere.invalid"], "everybody would be let in"),
        (["--allow", "CT1", "--allow-any"], "give one of them"),
        (["--allow", "CT1@somewhere"], "no IP address"),
        (["--port", "65536"], "65536"),
        (["--aet", "A" * 17], "A" * 17),
        (["--layout", "../{SOPInstanceUID}"], "upward"),
        (["--layout", "{PatientID}.dcm"], "does not name the instance"),
        (["--file-mode", "777x"], "octal"),
        (["--min-free", "lots"], "bytes"),
        (["--on-object", "no-such-program {path}"], "not executable"),
        (["--on-object", "true", "--ignore"], "--ignore"),
        (["--tls"], "--tls-cert"),
        (["--tls-no-client-auth"], "--tls-cert"),
        (["--require-user", "alice"], "--tls-cert"),
        (["--require-user", "alice", "--allow-cleartext-auth"], "NAME:FILE"),
        (["--ts", "nonsense"], "nonsense"),
        (["--durability", "some"], "some"),
        (["--exit-after", "0"], "1 or more"),
    ],
)
def test_what_cannot_work_is_said_before_listening(tmp_path: Path, options: list[str], said: str) -> None:
    done = dimse.run("scp", tmp_path, "--port", 0, "--timeout", "1", *options)
    assert done.returncode == 2, done.stderr
    assert said in done.stderr
    assert done.stdout == ""


def test_a_missing_folder_is_exit_40(tmp_path: Path) -> None:
    done = dimse.run("scp", tmp_path / "none", "--port", 0)
    assert done.returncode == 40
    assert "No such file or directory" in done.stderr


def test_a_file_as_folder_is_exit_45(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert dimse.run("scp", tmp_path / "file", "--port", 0).returncode == 45


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.create_server((LOOPBACK, 0)) as taken:
        port = taken.getsockname()[1]
        done = dimse.run("scp", tmp_path, "--port", port)
    assert done.returncode == 1
    assert f"port {port}: Address already in use" in done.stderr


# -- telling ------------------------------------------------------------------------------------------


def test_the_port_is_printed_and_written(peers: Peers) -> None:
    node = peers.dimse_scp("--json", "--ignore", allow_any=False)
    assert echoed(node.port) == 0
    assert ended(node) == 0
    listening, summary = [json.loads(line) for line in node.output.splitlines() if line.startswith("{")]
    assert listening == {"_event": "listening", "_host": LOOPBACK, "_port": node.port}
    assert (summary["_event"], summary["_associations"], summary["_objects"]) == ("summary", 1, 0)


def test_a_line_an_association_and_with_v_an_object(peers: Peers) -> None:
    data = make_dataset(0, instance="1.2.3")
    for options, lines in (((), 1), (("-v",), 3), (("-q",), 0)):
        node = peers.dimse_scp(*options)
        with scripted_client(node.port) as talk:
            associate(talk, calling=b"CT1")
            store(talk, "1.2.3", data)
            talk.send(wire.release_rq())
            talk.expect(wire.RELEASE_RP)
        ended(node)
        shown = [line for line in node.output.splitlines() if "#1 CT1" in line]
        assert len(shown) == lines, node.output
        assert not shown or f"released  1 object, {len(data) / 1000:.1f} kB" in shown[-1]


def test_log_lines_as_json(peers: Peers) -> None:
    node = peers.dimse_scp("--log-json", "-v")
    with scripted_client(node.port) as talk:
        associate(talk)
        store(talk, "1.2.3", make_dataset(0, instance="1.2.3"))
        store(talk, "1.2.3", make_dataset(0, instance="1.2.4"))
    ended(node)
    records = [json.loads(line) for line in node.output.splitlines() if line.startswith("{")]
    events = [record["_event"] for record in records]
    assert events[:4] == ["association-opened", "stored", "refused", "association-closed"]
    assert records[1]["_path"] == "1.2.3.dcm"
    assert (records[2]["_status"], records[3]["_failed"]) == ("A900", 1)


def test_records_of_objects_for_programs(peers: Peers) -> None:
    node = peers.dimse_scp("--json")
    with scripted_client(node.port) as talk:
        associate(talk)
        store(talk, "1.2.3", make_dataset(0, instance="1.2.3"))
        store(talk, "1.2.3", b"junk")
    ended(node)
    records = [json.loads(line) for line in node.output.splitlines() if line.startswith("{")]
    assert [record["_event"] for record in records] == ["listening", "stored", "refused", "summary"]
    assert records[1]["SOPInstanceUID"] == "1.2.3"


def test_escape_sequences_in_titles_are_shown_not_sent(peers: Peers) -> None:
    node = peers.dimse_scp("-v")
    with scripted_client(node.port) as talk:
        associate(talk, calling=b"\x1b[2J\nFORGED", called=b"\x07\x9b31m")
        store(talk, "../\x1b]8;;x", make_dataset(0, instance="1.2.3"))
    ended(node)
    assert "\x1b" not in node.output
    assert "\nFORGED" not in node.output
    assert "\\x1b[2J\\nFORGED" in node.output


def test_patients_stay_out_of_the_log(peers: Peers) -> None:
    for option, logged in (((), False), (("--log-phi",), True)):
        node = peers.dimse_scp("-v", "--layout", "{PatientID}/", *option)
        with scripted_client(node.port) as talk:
            associate(talk)
            store(talk, "1.2.3", make_dataset(0, instance="1.2.3"))
        ended(node)
        assert ("PAT000000" in node.output) is logged
        assert [str(path.relative_to(node.folder)) for path in node.stored()] == ["PAT000000/1.2.3.dcm"]


def test_everything_that_passes_can_be_traced(peers: Peers, tmp_path: Path) -> None:
    trace = tmp_path / "trace.ndjson"
    node = peers.dimse_scp("--trace", trace, "--ignore")
    assert echoed(node.port) == 0
    ended(node)
    messages = [record for line in trace.read_text().splitlines() if (record := json.loads(line))]
    assert [one["message"] for one in messages if one["_event"] == "message"] == ["C-ECHO-RQ", "C-ECHO-RSP"]


# -- many and nasty -----------------------------------------------------------------------------------


def memory(peer: Peer) -> int:
    """Resident memory at its highest, KiB."""
    status = Path(f"/proc/{peer.process.pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0])


def test_300_silent_connections_do_not_delay_an_echo(peers: Peers) -> None:
    node = peers.dimse_scp("--ignore")
    with ExitStack() as stack:
        for number in range(300):
            talk = stack.enter_context(scripted_client(node.port))
            if number % 2:
                associate(talk)
        started = monotonic()
        assert echoed(node.port) == 0
        assert monotonic() - started < 1.0


def test_attacks_do_not_take_memory(peers: Peers) -> None:
    node = peers.dimse_scp("--ignore", "-q")
    assert echoed(node.port) == 0
    before = memory(node)
    for kind in range(9):
        for length in (0, 1, 131073, 2**31 - 1, 2**32 - 1):
            with scripted_client(node.port) as talk:
                try:
                    talk.send(wire.pdu(kind, bytes(64), length=length))
                    talk.wait_closed()
                except OSError:
                    continue
    assert memory(node) - before < 8 * 1024


def test_a_huge_object_streams_through(peers: Peers, tmp_path: Path) -> None:
    huge = make_huge(tmp_path / "huge.dcm", 192 * 1024 * 1024, sparse=True)
    node = peers.dimse_scp()
    assert dcmtk.client("dcmsend", "-nh", LOOPBACK, node.port, huge).returncode == 0
    (kept,) = node.stored()
    assert kept.stat().st_size > 192 * 1024 * 1024
    assert memory(node) < 80 * 1024


def what_does_not_fit_costs_itself_only(node: Peer) -> None:
    """Too large an object is A700H and leaves nothing; the next smaller one is kept, on one association."""
    large, small = (make_dataset(0, size=size, instance=f"1.2.{size}") for size in (5_000_000, 300_000))
    with scripted_client(node.port) as talk:
        associate(talk)
        assert store(talk, "1.2.5000000", large, 1) == 0xA700
        assert node.stored() == []
        assert store(talk, "1.2.300000", small, 2) == 0
    assert [received(path) for path in node.stored()] == [small]


def test_a_full_disk_costs_what_does_not_fit_only(tmp_path: Path) -> None:
    (tmp_path / "stored").mkdir()
    argv = ["mount", "-t", "tmpfs", "-o", "size=4m", "dimse-test", str(tmp_path / "stored")]
    mounted = (
        subprocess.run(argv, capture_output=True, text=True, check=False) if shutil.which("mount") else None
    )
    if mounted is None or mounted.returncode:
        pytest.skip(f"mounting takes root and mount: {mounted.stderr.strip() if mounted else 'no mount'}")
    try:
        with dimse.dimse_scp(tmp_path, "--durability", "full") as node:
            what_does_not_fit_costs_itself_only(node)
    finally:
        subprocess.run(["umount", str(tmp_path / "stored")], check=True)


def test_a_limit_of_file_sizes_costs_what_does_not_fit_only(peers: Peers) -> None:
    node = peers.dimse_scp()
    resource.prlimit(node.process.pid, resource.RLIMIT_FSIZE, (4_000_000, 4_000_000))
    what_does_not_fit_costs_itself_only(node)


def test_what_was_acknowledged_survives_a_kill(peers: Peers) -> None:
    node = peers.dimse_scp("--durability", "full")
    acknowledged: dict[str, bytes] = {}
    enough = threading.Event()

    def send(sender: int) -> None:
        try:
            with scripted_client(node.port) as talk:
                associate(talk)
                for number in range(10_000):
                    uid = f"1.2.{sender}.{number}"
                    data = make_dataset(number, size=2000 + number % 5 * 50_000, instance=uid)
                    if store(talk, uid, data, number + 1) != 0:
                        return
                    acknowledged[uid] = data
                    if len(acknowledged) >= 60:
                        enough.set()
        except (ScriptError, OSError):
            return  # it was killed

    with scripted_client(node.port) as unfinished:
        associate(unfinished)
        message = wire.message(wire.store_rq(), make_dataset(0, size=500_000, instance="1.2.3"), context=3)
        unfinished.send(message[:-1000])
        threads = [threading.Thread(target=send, args=(sender,)) for sender in range(4)]
        for thread in threads:
            thread.start()
        assert enough.wait(30)
        node.process.kill()
        node.process.wait(20)
        for thread in threads:
            thread.join(20)
    (node.folder / "dimse-00112233445566ff-9.part").write_bytes(b"left over")

    whole = {path.stem: received(path) for path in node.stored() if path.suffix == ".dcm"}
    assert {uid: whole.get(uid) for uid in acknowledged} == acknowledged
    again = dimse.run("scp", node.folder, "--port", 0, "--timeout", "0.01")
    assert again.returncode == 0, again.stderr
    assert [path.name for path in node.stored() if path.suffix != ".dcm"] == []
    assert {path.stem for path in node.stored()} >= set(acknowledged)


# -- the end ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("sign", "status"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_signals_end_it_in_order(peers: Peers, sign: int, status: int) -> None:
    node = peers.dimse_scp("--ignore")
    with scripted_client(node.port) as talk:
        associate(talk)
        node.process.send_signal(sign)
        talk.expect(wire.ABORT)
        assert node.process.wait(20) == status
    assert "1 association, 0 objects" in node.output


def test_a_second_signal_ends_the_grace(peers: Peers) -> None:
    node = peers.dimse_scp("--grace", "300")
    with scripted_client(node.port) as talk:
        associate(talk)
        talk.send(wire.message(wire.store_rq(), make_dataset(0, size=500_000), context=3)[:-1000])
        node.process.send_signal(signal.SIGTERM)
        while listening(node.port):  # until the first signal has been heard
            pass
        node.process.send_signal(signal.SIGTERM)
        talk.expect(wire.ABORT)
        assert node.process.wait(20) == 0
    assert node.stored() == []


def test_enough_objects_end_it(peers: Peers, tmp_path: Path) -> None:
    make_folder(tmp_path / "small", 3)
    node = peers.dimse_scp("--exit-after", 3)
    done = dcmtk.client("dcmsend", "-nh", "+sd", LOOPBACK, node.port, tmp_path / "small")
    assert done.returncode == 0
    assert node.process.wait(20) == 0


def test_too_few_objects_in_time_are_exit_75(tmp_path: Path) -> None:
    done = dimse.run("scp", tmp_path, "--port", 0, "--exit-after", 1, "--timeout", "10ms")
    assert done.returncode == 75
    assert "0 of 1 objects" in done.stderr
    assert dimse.run("scp", tmp_path, "--port", 0, "--timeout", "10ms").returncode == 0


# -- hooks --------------------------------------------------------------------------------------------


@pytest.fixture
def fifo(tmp_path: Path) -> Path:
    """A pipe with a name: whoever reads it waits for the hook that writes."""
    path = tmp_path / "told"
    os.mkfifo(path)
    return path


def test_commands_run_for_objects_and_studies(peers: Peers, tmp_path: Path, fifo: Path) -> None:
    script = tmp_path / "tell"
    script.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > {fifo}\n')
    script.chmod(0o700)
    for option, command, told in (
        ("--on-object", "{path} {CallingAET}", "{folder}/1.2.3.dcm\n__reboot_~"),
        ("--on-study", "{StudyInstanceUID} {count}", "1.2.826.0.1.3680043.10.43.7.1.0\n1\n"),
    ):
        node = peers.dimse_scp(option, f"{script} {command}", "--study-timeout", "10ms")
        with scripted_client(node.port) as talk:
            associate(talk, calling=b"$(reboot)")
            assert store(talk, "1.2.3", make_dataset(0, instance="1.2.3")) == 0
        assert fifo.read_text().startswith(told.format(folder=node.folder))
        assert ended(node) == 0
