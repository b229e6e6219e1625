from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from dimsetools.render.echo import COLUMNS
from tests.peers import dimse
from tests.peers.dimse import rows
from tests.peers.process import wait_until
from tests.scripted import conversation as step
from tests.scripted import wire
from tests.scripted.peers import refusing_port, scripted_server, unanswered_port

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Peers
    from tests.peers.certificates import Certificates

GOOD = (step.accept(), step.echo(), step.release(), step.closed())
REFUSE = (step.expect(wire.ASSOCIATE_RQ), step.send(wire.associate_rj(1, 1, 7)), step.closed())


def echo(
    *args: object, env: dict[str, str] | None = None, cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    return dimse.run("echo", *args, env=env, cwd=cwd)


# -- one node -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["storescp", "dcmqrscp", "orthanc", "pynetdicom", "dimse_scp"])
def test_real_peers_answer(peers: Peers, name: str) -> None:
    server = getattr(peers, name)()
    done = echo(server.address, "--format", "table")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    (line,) = done.stdout.splitlines()
    assert line.startswith(f"{server.address}  ok  tcp ")
    for word in ("  association ", "  echo ", " ms   ", "max PDU"):
        assert word in line


def test_times_and_software_are_told_over_tls_too(peers: Peers, certificates: Certificates) -> None:
    server = peers.storescp(tls=True)
    done = echo(
        f"localhost:{server.port}", "--json", "--tls", "--tls-ca", certificates.ca,
        "--tls-cert", certificates.client.cert, "--tls-key", certificates.client.key,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    echoed, summary = rows(done)
    assert tuple(echoed) == COLUMNS
    assert echoed["_event"] == "echoed"
    assert echoed["_implementation"] == "OFFIS_DCMTK_367"
    assert float(str(echoed["_tls_ms"])) > 0
    assert summary["_event"] == "summary"
    assert (summary["_sent"], summary["_answered"]) == (1, 1)


def test_tsv_is_the_default_away_from_a_terminal() -> None:
    with scripted_server(GOOD) as server:
        done = echo(server.address)
    header, row = done.stdout.splitlines()
    assert tuple(header.split("\t")) == COLUMNS
    assert row.split("\t")[:5] == ["echoed", server.address, server.address, "1", "ok"]
    assert done.stderr == ""


def test_a_refused_connection_is_exit_60_and_explained() -> None:
    with refusing_port() as port:
        done = echo(f"localhost:{port}", "--format", "table")
    assert done.returncode == 60
    assert done.stdout == f"localhost:{port}  connection-refused\n"
    assert done.stderr.startswith(f"error: ANY-SCP@localhost:{port} refused the connection\n")
    assert done.stderr.endswith("  error[connection-refused] exit 60\n")


def test_a_dropped_connection_request_is_exit_60() -> None:
    with unanswered_port() as port:
        done = echo(f"127.0.0.1:{port}", "--connect-timeout", "0.3")
    assert done.returncode == 60
    assert "error[connect-timeout] exit 60" in done.stderr


def test_a_rejection_is_exit_61_in_the_words_of_the_standard() -> None:
    with scripted_server(REFUSE) as server:
        done = echo(server.address, "--json")
    assert done.returncode == 61
    error, _ = rows(done)
    assert error["_event"] == "error"
    assert error["_code"] == "rejected-called-aet"
    assert error["_exit"] == 61
    assert error["_retryable"] is False
    assert "rejected the association permanently: called AE title not recognized" in str(error["_message"])
    assert str(error["_detail"]).endswith("source 1 (DICOM UL service-user), reason 7")
    assert f"error: {error['_message']}\n  {error['_detail']}\n" in done.stderr


def test_a_failure_status_is_exit_1_and_shows_the_comment_made_visible() -> None:
    answer = step.echo(0x0122, wire.lo(0x902, "no\x1b[2J way"))
    with scripted_server((step.accept(), answer, step.release(), step.closed())) as server:
        done = echo(server.address)
    assert done.returncode == 1
    assert "C-ECHO status 0122 " in done.stderr
    assert "the peer's comment: no\\x1b[2J way" in done.stderr
    assert "\x1b" not in done.stdout + done.stderr


def test_no_context_is_exit_66() -> None:
    with scripted_server((step.accept(wire.Result(1, 3)), step.release(), step.closed())) as server:
        assert echo(server.address).returncode == 66


def test_silence_is_exit_62() -> None:
    with scripted_server((step.accept(), step.expect_message(wire.C_ECHO_RQ), step.stall())) as server:
        assert echo(server.address, "--dimse-timeout", "0.3").returncode == 62


def test_plain_to_a_tls_port_and_tls_to_a_plain_port_are_named(
    peers: Peers, certificates: Certificates
) -> None:
    secure, plain = peers.storescp(tls=True), peers.storescp()
    done = echo(f"localhost:{secure.port}", "--acse-timeout", "2")
    assert done.returncode == 62
    assert "it may expect TLS (--tls)" in done.stderr
    done = echo(f"localhost:{plain.port}", "--tls", "--tls-ca", certificates.ca, "--acse-timeout", "2")
    assert done.returncode == 70
    assert "it may not speak TLS on this port" in done.stderr


def test_a_peer_that_does_not_answer_the_release_is_a_warning_only() -> None:
    with scripted_server((step.accept(), step.echo(), step.expect(wire.RELEASE_RQ), step.close())) as server:
        done = echo(server.address)
    assert done.returncode == 0
    assert done.stderr == f"warning: {server.address} did not answer the request for release\n"


def test_abort_ends_with_an_abort() -> None:
    with scripted_server((step.accept(), step.echo(), step.expect(wire.ABORT), step.closed())) as server:
        assert echo(server.address, "--abort").returncode == 0
        server.finish()


def test_dry_run_shows_the_proposal_and_connects_to_nobody() -> None:
    done = echo("PACS@192.0.2.1:104", "--dry-run", "--json", "--aet", "ME", "--ts", "implicit-le")
    assert done.returncode == 0
    (row,) = rows(done)
    assert row["_event"] == "would-echo"
    assert row["_address"] == "PACS@192.0.2.1:104"
    assert row["_calling_aet"] == "ME"
    assert row["_transfer_syntaxes"] == ["1.2.840.10008.1.2"]


def test_quiet_leaves_stderr_empty_and_the_status_speaks() -> None:
    with refusing_port() as port:
        done = echo(f"localhost:{port}", "-q")
    assert done.returncode == 60
    assert done.stderr == ""


def test_titles_reach_the_peer() -> None:
    with scripted_server(GOOD) as server:
        assert echo(f"PACS7@127.0.0.1:{server.port}", "--aet", "WARD3").returncode == 0
        request = server.first.received[0].body
    assert request[4:36] == b"PACS7".ljust(16) + b"WARD3".ljust(16)


# -- again and again ----------------------------------------------------------------------------------


def test_repeat_sums_up_as_ping_does() -> None:
    with scripted_server(GOOD) as server:
        done = echo(server.address, "--repeat", 3, "--interval", "10ms", "--format", "table")
    assert done.returncode == 0
    *lines, total = done.stdout.splitlines()
    assert [line.split()[1] for line in lines] == ["#1", "#2", "#3"]
    assert total.startswith(f"{server.address}  3 sent, 3 answered, 0% loss  min/avg/p95/max ")


def test_some_losses_are_exit_3_and_a_failure_is_explained_once() -> None:
    with scripted_server(GOOD, REFUSE, REFUSE, GOOD) as server:
        done = echo(server.address, "--repeat", 4, "--interval", 0, "--json")
    assert done.returncode == 3
    *attempts, summary = rows(done)
    assert [row["_event"] for row in attempts] == ["echoed", "error", "error", "echoed"]
    assert (summary["_sent"], summary["_answered"], summary["_loss"]) == (4, 2, 0.5)
    assert done.stderr.count("error[") == 1


def test_ctrl_c_ends_the_series_and_prints_the_totals(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with scripted_server(GOOD) as server:
        args = ("echo", server.address, "--repeat", 1000, "--interval", 3600, "--format", "table")
        with dimse.start(*args, log=log) as process:
            server.finish()
            process.send_signal(signal.SIGINT)
            assert process.wait(10) == 130
    first, total = log.read_text().splitlines()
    assert "#1" in first
    assert "1 sent, 1 answered, 0% loss" in total


def test_sigterm_is_143(tmp_path: Path) -> None:
    with scripted_server(GOOD) as server:
        args = ("echo", server.address, "--repeat", 1000, "--interval", 3600)
        with dimse.start(*args, log=tmp_path / "log") as process:
            server.finish()
            process.send_signal(signal.SIGTERM)
            assert process.wait(10) == 143


def test_ctrl_c_ends_the_wait_for_a_connection(tmp_path: Path) -> None:
    with unanswered_port() as port, dimse.start("echo", f"127.0.0.1:{port}", log=tmp_path / "log") as process:
        wait_until(lambda: calling(port), process)
        process.send_signal(signal.SIGINT)
        assert process.wait(5) == 130


def calling(port: int) -> bool:
    """Whether the kernel has a connection request to the port under way that is not the test's own."""
    with open("/proc/net/tcp", encoding="ascii") as table:
        waiting = [line.split()[1] for line in table if line.split()[2:4] == [f"0100007F:{port:04X}", "02"]]
    return len(waiting) > 1


# -- several nodes ------------------------------------------------------------------------------------


def test_several_nodes_have_a_line_each_and_a_total() -> None:
    with scripted_server(GOOD) as server, refusing_port() as port:
        done = echo(server.address, f"localhost:{port}", "--format", "table")
    assert done.returncode == 3
    *lines, total = done.stdout.splitlines()
    assert sorted(line.split()[1] for line in lines) == ["connection-refused", "ok"]
    assert total == "2 nodes: 1 ok, 1 failed"


def test_nodes_that_fail_alike_keep_their_status() -> None:
    with refusing_port() as one, refusing_port() as two:
        assert echo(f"localhost:{one}", f"localhost:{two}").returncode == 60


def test_nodes_are_asked_at_the_same_time() -> None:
    """Two nodes that each wait for the other one's echo both answer."""
    meeting = threading.Barrier(2, timeout=10)
    script = (step.accept(), lambda _: meeting.wait(), step.echo(), step.release(), step.closed())
    with scripted_server(script) as one, scripted_server(script) as two:
        assert echo(one.address, two.address).returncode == 0


def test_all_asks_every_configured_node(tmp_path: Path) -> None:
    with scripted_server(GOOD) as one, scripted_server(GOOD) as two:
        (tmp_path / "dimse.toml").write_text(f'[nodes.one]\naddress = "{one.address}"\n')
        env = {"DIMSE_NODE_TWO": two.address}
        done = echo("--all", "--json", env=env, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert {str(row["_node"]).lower() for row in rows(done)[:-1]} == {"one", "two"}
    assert rows(done)[-1] == {"_event": "summary", "_nodes": 2, "_ok": 2, "_partial": 0, "_failed": 0}


@pytest.mark.parametrize("args", [[], ["--all"], ["--all", "localhost:1"], ["-w", "10", "localhost:1"]])
def test_what_makes_no_sense_is_exit_2(args: list[str], tmp_path: Path) -> None:
    done = echo(*args, cwd=tmp_path)
    assert done.returncode == 2
    assert "error[usage] exit 2" in done.stderr


# -- formats ------------------------------------------------------------------------------------------


def test_xml_is_one_document_with_failures_in_it() -> None:
    with scripted_server(GOOD) as server, refusing_port() as port:
        done = echo(server.address, f"localhost:{port}", "--format", "xml")
    root = ET.fromstring(done.stdout)
    assert sorted(child.tag for child in root) == ["error", "record", "summary"]


def test_picked_fields_and_nothing_else() -> None:
    with scripted_server(GOOD) as server:
        done = echo(server.address, "--json=_node,_result")
    assert rows(done) == [{"_node": server.address, "_result": "ok"}]


def test_head_ends_quietly() -> None:
    """A reader that goes away is no failure."""
    with scripted_server(GOOD) as server:
        reader, writer = os.pipe()
        os.close(reader)
        try:
            argv = [*dimse.COMMAND, "echo", server.address]
            done = subprocess.run(
                argv, stdout=writer, stderr=subprocess.PIPE, env=dimse.environment(), check=False, timeout=30
            )
        finally:
            os.close(writer)
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_terminal_gets_a_coloured_line() -> None:
    reader, writer = os.openpty()
    try:
        with scripted_server(GOOD) as server:
            argv = [*dimse.COMMAND, "echo", server.address]
            done = subprocess.run(
                argv, stdout=writer, stderr=subprocess.PIPE, env=dimse.environment(), check=False, timeout=30
            )
        shown = os.read(reader, 4096).decode()
    finally:
        os.close(reader)
        os.close(writer)
    assert (done.returncode, done.stderr) == (0, b"")
    assert shown.startswith(f"{server.address}  \x1b[32mok\x1b[0m  ")
    assert shown.endswith("max PDU 16384\r\n")


# -- monitors -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limits", "state", "code"),
    [
        ((), "OK", 0),
        (("-w", "0:60000"), "OK", 0),
        (("-w", "60000:"), "WARNING", 1),
        (("-w", "60000:", "-c", "@0:60000"), "CRITICAL", 2),
    ],
)
def test_nagios_judges_the_time(limits: tuple[str, ...], state: str, code: int) -> None:
    with scripted_server(GOOD) as server:
        done = echo(server.address, "--nagios", *limits)
    assert done.returncode == code
    assert done.stdout.startswith(f"DIMSE {state} - {server.address} answered in ")
    assert " ms | time=" in done.stdout
    assert len(done.stdout.splitlines()) == 1
    assert done.stderr == ""


def test_nagios_is_critical_when_nobody_answers() -> None:
    with refusing_port() as port:
        done = echo(f"localhost:{port}", "--nagios")
    assert done.returncode == 2
    assert done.stdout.startswith("DIMSE CRITICAL - ")
    assert done.stderr == ""


@pytest.mark.parametrize(
    "args", [["nowhere"], ["localhost:1", "-w", "x"], ["localhost:1", "--no-such"], [], ["--all"]]
)
def test_nagios_is_unknown_when_nothing_could_be_checked(args: list[str], tmp_path: Path) -> None:
    done = echo(*args, "--nagios", cwd=tmp_path)
    assert done.returncode == 3
    assert done.stdout.startswith("DIMSE UNKNOWN - ")
    assert done.stderr == ""


def test_prom_writes_metrics_for_good_and_bad_nodes(tmp_path: Path) -> None:
    path = tmp_path / "dimse.prom"
    path.write_text("old\n")
    with scripted_server(GOOD) as server, refusing_port() as port:
        done = echo(server.address, f"localhost:{port}", "--prom", path)
    assert done.returncode == 3
    text = path.read_text()
    assert "old" not in text
    assert f'dimse_echo_success{{node="{server.address}",address="{server.address}"}} 1.0\n' in text
    assert f'dimse_echo_exit_code{{node="localhost:{port}",' in text
    assert os.listdir(tmp_path) == ["dimse.prom"]


def test_prom_that_cannot_be_written_is_exit_40(tmp_path: Path) -> None:
    with scripted_server(GOOD) as server:
        done = echo(server.address, "--prom", tmp_path / "none" / "dimse.prom")
    assert done.returncode == 40
    assert "error[output] exit 40" in done.stderr


def test_an_echo_loads_nothing_heavy() -> None:
    code = """
import sys
from dimsetools.cli import main
assert main(["echo", sys.argv[1]]) == 0
heavy = {"rich", "pydicom", "pynetdicom", "ssl", "json", "sqlite3", "concurrent.futures"} & set(sys.modules)
assert not heavy, heavy
"""
    with scripted_server(GOOD) as server:
        argv = [sys.executable, "-c", code, server.address]
        done = subprocess.run(argv, capture_output=True, env=dimse.environment(), check=False, timeout=30)
    assert done.returncode == 0, done.stderr.decode()
