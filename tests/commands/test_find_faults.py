"""`dimse find` where something goes wrong: with the words, with the peer, with whoever reads."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
from pathlib import Path

import pytest

from tests.commands.finding import END, find, run
from tests.peers import dimse
from tests.peers.dimse import rows
from tests.peers.process import wait_until
from tests.scripted import conversation as step
from tests.scripted import wire
from tests.scripted.conversation import Step
from tests.scripted.peers import refusing_port, scripted_server
from tests.services.querying import (
    CANCELLED,
    DONE,
    answering,
    asked,
    find_rsp,
    forever,
    match,
    named,
    on_cancel,
    until_cancelled,
)

NOWHERE = "PACS@192.0.2.1:104"


def says(*messages: bytes) -> tuple[Step, ...]:
    return (asked, step.send(b"".join(messages)))


# -- words --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("PatientNam=x",), "did you mean PatientName"),
        (("StudyDate=2026-13",), "StudyDate"),
        (("-L", "series"), "StudyInstanceUID"),
        (("StudyInstanceUID=1.2*",), "StudyInstanceUID"),
        (("-M", "composite"), "can be retrieved, not searched"),
        (("-W", "-P"), "one information model"),
        (("--json=Nam",), "there is no attribute 'Nam' to show"),
        (("--sort", "Nam"), "there is no attribute"),
        (("--split-by", "day"), "no range of dates"),
        (("missing.json",), "missing.json"),
        (("--limit", "0"), "--limit"),
    ],
)
def test_what_cannot_be_asked_is_told_before_connecting(
    words: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    done = find(NOWHERE, *words, "--connect-timeout", "1", cwd=tmp_path)
    assert done.returncode in (2, 20), done.stderr
    assert said in done.stderr


def test_dry_run_shows_the_query_as_a_dump_and_connects_to_nobody() -> None:
    done = find(NOWHERE, "PatientID=1", "-r", "StudyDate", "--dry-run", "--fuzzy", "--aet", "ME")
    assert done.returncode == 0
    head, number, *lines = done.stdout.splitlines()
    assert head.startswith(f"# would call {NOWHERE} as ME, no TLS, for Study Root Query/Retrieve ")
    assert head.endswith("extended negotiation 000001")
    assert number == "# query 1"
    assert [line.split()[0] for line in lines] == [
        "(0008,0020)", "(0008,0052)", "(0010,0020)", "(0020,000d)"
    ]  # fmt: skip


def test_verbose_tells_what_is_asked() -> None:
    done = run(says(DONE), "PatientID=1", "-r", "StudyDate", "-v")
    assert "query Study Root at STUDY level: PatientID=1  returns StudyDate StudyInstanceUID" in done.stderr


# -- peers --------------------------------------------------------------------------------------------


def test_nobody_there_is_60() -> None:
    with refusing_port() as port:
        done = find(f"localhost:{port}", "--json")
    assert done.returncode == 60
    assert rows(done)[0]["_code"] == "connection-refused"


def test_no_context_is_66() -> None:
    with scripted_server((step.accept(wire.Result(1, 3)), step.release(), step.closed())) as server:
        assert find(server.address).returncode == 66


def test_a_failure_is_1_with_its_words() -> None:
    failure = find_rsp(0xA700, None, wire.lo(0x902, "too many\x1b[2J"))
    done = run(says(match("A"), failure), "--json")
    assert done.returncode == 1
    shown, error = rows(done)
    assert shown["PatientName"] == "A"
    assert (error["_status"], error["_comment"]) == ("A700", "too many\x1b[2J")
    assert "\x1b" not in done.stdout + done.stderr


def test_a_warning_is_0_and_68_if_strict() -> None:
    script = says(match("A"), find_rsp(0xB001))
    done = run(script)
    assert done.returncode == 0
    assert "there are more matches" in done.stderr
    assert run(script, "--strict").returncode == 68


def test_a_match_that_does_not_decode_is_an_error_record_and_the_others_go_on() -> None:
    broken = find_rsp(0xFF00, named("B")[:-1])
    done = run(says(match("A"), broken, match("C"), DONE), "--json")
    assert done.returncode == 3
    first, error, last = rows(done)
    assert (first["PatientName"], last["PatientName"]) == ("A", "C")
    assert (error["_event"], error["_code"]) == ("error", "undecodable-match")
    assert isinstance(error["_offset"], int)
    assert "match 2 does not decode: " in done.stderr


def test_a_match_nested_too_deep_is_refused_at_once() -> None:
    deep = b""
    for _ in range(1000):
        item = b"\xfe\xff\x00\xe0" + len(deep).to_bytes(4, "little") + deep
        deep = b"\x08\x00\x40\x11SQ\0\0" + len(item).to_bytes(4, "little") + item
    done = run(says(find_rsp(0xFF00, deep), match("B"), DONE), "--json")
    assert done.returncode == 3
    assert "nested deeper than 64" in done.stderr
    assert rows(done)[-1]["PatientName"] == "B"


@pytest.mark.parametrize("form", ["tsv", "json", "xml", "table"])
def test_results_are_in_utf_8_whatever_the_locale(form: str) -> None:
    with scripted_server((step.accept(), *says(match(b"M\xfcller"), DONE), *END)) as server:
        words = ("--assume-charset", "ISO_IR 100", "--format", form, "-r", "PatientName")
        done = find(server.address, *words, env={"PYTHONIOENCODING": "latin-1"})
    assert done.returncode == 0, done.stderr
    assert "Müller" in done.stdout


def test_the_character_set_of_a_node_is_that_of_its_answers_too() -> None:
    with scripted_server((step.accept(), *says(match(b"M\xfcller"), DONE), *END)) as server:
        done = find(server.address, "--json=PatientName", env={"DIMSE_CHARSET": "ISO_IR 100"})
    assert (done.returncode, rows(done)) == (0, [{"PatientName": "M\xfcller"}]), done.stderr


def test_private_and_unknown_tags_survive() -> None:
    private = b"\x09\x00\x10\x00LO\4\0ACME" + b"\x09\x00\x01\x10UN\0\0\2\0\0\0\1\2"
    done = run(says(find_rsp(0xFF00, private), DONE), "--json")
    assert rows(done) == [{"00090010": ["ACME"], "00091001": {"InlineBinary": "AQI="}}]


def test_a_closed_connection_is_62_and_what_came_stands() -> None:
    done = run(says(match("A"), match("B")), "--json", end=(step.close(),))
    assert done.returncode == 62
    assert [row.get("PatientName", row.get("_code")) for row in rows(done)] == ["A", "B", "connection-lost"]


def test_pending_for_ever_ends_by_the_total_timeout_with_75() -> None:
    done = run(
        (answering(match_of), until_cancelled(match("X"), find_rsp(CANCELLED))), "--total-timeout", "0.5"
    )
    assert done.returncode == 75
    assert "--total-timeout" in done.stderr


def match_of(number: int) -> bytes:
    return match("A", number=number)


def test_a_limit_ends_pending_for_ever() -> None:
    done = run((asked, until_cancelled(match("X"), find_rsp(CANCELLED))), "--limit", 2, "--json")
    assert done.returncode == 75
    assert len(rows(done)) == 2


def test_a_limit_that_leaves_nothing_is_a_success() -> None:
    done = run((asked, step.send(match("X") * 2), on_cancel(DONE)), "--limit", 2, "--json")
    assert done.returncode == 0
    assert "--limit" not in done.stderr


def test_a_limit_that_leaves_matches_is_75_also_if_the_peer_had_sent_them_all() -> None:
    done = run((asked, step.send(match("X") * 2), on_cancel(match("X") + DONE)), "--limit", 2, "--json")
    assert (done.returncode, len(rows(done))) == (75, 2)
    assert "--limit was reached" in done.stderr


# -- as it comes --------------------------------------------------------------------------------------


def test_each_match_is_out_before_the_next_is_sent(tmp_path: Path) -> None:
    log, go_on = tmp_path / "log", threading.Event()
    script = (step.accept(), asked, step.send(match("A")), step.wait_for(go_on), step.send(DONE), *END)
    with scripted_server(script) as server, dimse.start("find", server.address, "--json", log=log) as process:
        wait_until(lambda: "PatientName" in log.read_text(), process)
        go_on.set()
        assert process.wait(10) == 0


def test_a_table_on_a_terminal_does_not_wait_either() -> None:
    go_on = threading.Event()
    script = (step.accept(), asked, step.send(match("DOE^JANE")), step.wait_for(go_on), step.send(DONE), *END)
    reader, writer = os.openpty()
    try:
        with scripted_server(script) as server:
            argv = [*dimse.COMMAND, "find", server.address, "-r", "PatientName"]
            with subprocess.Popen(argv, stdout=writer, stderr=writer, env=dimse.environment()) as process:
                shown = b""
                while b"DOE^JANE" not in shown:
                    shown += os.read(reader, 4096)
                go_on.set()
                assert process.wait(10) == 0
            shown += os.read(reader, 4096)
    finally:
        os.close(reader)
        os.close(writer)
    assert b"\x1b[1mPatientName" in shown
    assert b"1 match\x1b[0m from " in shown


def test_ctrl_c_cancels_and_is_130(tmp_path: Path) -> None:
    log = tmp_path / "log"
    script = (step.accept(), asked, step.send(match("A")), on_cancel(find_rsp(CANCELLED)), *END)
    with scripted_server(script) as server, dimse.start("find", server.address, "--json", log=log) as process:
        wait_until(lambda: "PatientName" in log.read_text(), process)
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 130
        server.finish()
    assert "interrupted: there may be more" in log.read_text()


def test_head_ends_quietly() -> None:
    with scripted_server((step.accept(), asked, forever(match("A")))) as server:
        argv = [*dimse.COMMAND, "find", server.address, "--json"]
        with subprocess.Popen(
            argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=dimse.environment()
        ) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            assert json.loads(process.stdout.readline()) == {"PatientName": "A"}
            process.stdout.close()
            assert process.wait(10) == 0
            assert process.stderr.read() == b""


# -- how much it takes --------------------------------------------------------------------------------


def peak(matches: int) -> int:
    """Peak memory, KiB, of asking a peer that has so many matches."""
    code = (
        "import resource, sys; from dimsetools.cli import main; "
        "code = main(sys.argv[1:]); sys.stdout.flush(); "
        "heavy = {'pydicom', 'rich', 'sqlite3'} & set(sys.modules); assert not heavy, heavy; "
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr); sys.exit(code)"
    )
    many = [match(f"{number:08d}^NAME") for number in range(100)]
    with scripted_server((step.accept(), *says(*many * (matches // 100), DONE), *END)) as server:
        done = subprocess.run(
            [dimse.COMMAND[0], "-c", code, "find", server.address, "--json", "-q"],
            capture_output=True,
            check=True,
            timeout=30,
            env=dimse.environment(),
        )
    assert done.stdout.count(b"\n") == matches
    return int(done.stderr)


def test_memory_does_not_grow_with_the_matches_and_nothing_heavy_is_loaded() -> None:
    assert peak(20_000) < peak(200) + 4096
