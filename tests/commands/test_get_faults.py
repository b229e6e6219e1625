"""`dimse get` where something goes wrong: the peer, the disk, the time, or whoever runs it."""

from __future__ import annotations

import shlex
import signal
import subprocess
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from tests.commands.fetching import events, stored
from tests.corpus import make_dataset
from tests.peers import dimse
from tests.scripted import conversation as step
from tests.scripted import wire
from tests.scripted.conversation import Conversation, Step
from tests.scripted.peers import refusing_port, scripted_server
from tests.services.querying import answering, find_rsp
from tests.services.retrieving import (
    END,
    PENDING,
    STUDY_GET,
    accepting,
    asked,
    context_of,
    failed_list,
    instance,
    rsp,
    send_object,
)

WANTED = ("StudyInstanceUID=1.1", "--classes", "CTImageStorage", "--ts", "explicit-le")


def get(address: str, *args: object, **more: Any) -> subprocess.CompletedProcess[str]:
    return dimse.run("get", address, *WANTED, *args, **more)


def run(*steps: Step, args: tuple[object, ...] = ()) -> subprocess.CompletedProcess[str]:
    with scripted_server([accepting(), asked(), *steps]) as server:
        done = get(server.address, *args)
        server.finish()
    return done


def large(number: int) -> Step:
    """Step: send an object of a few hundred kB and take its answer."""

    def run(talk: Conversation) -> None:
        data = make_dataset(number, size=300_000, instance=instance(number))
        request = wire.store_rq(1, sop_instance=instance(number))
        talk.send(wire.message(request, data, context=context_of(talk, wire.CT_IMAGE)))
        assert talk.read_message().number(0x100) == wire.C_STORE_RSP

    return run


def test_a_full_disk_costs_the_large_object_and_the_exit_status_says_so(tmp_path: Path) -> None:
    final = step.send(rsp(0xB000, (None, 1, 1, 0), failed_list(instance(1))))
    with scripted_server([accepting(), asked(), large(1), send_object(2), final, *END]) as server:
        words = [*dimse.COMMAND, "get", server.address, *WANTED, "-o", str(tmp_path / "out"), "--json"]
        line = f"ulimit -f 100; exec {shlex.join(words)}"
        done = subprocess.run(
            ["sh", "-c", line],
            capture_output=True,
            text=True,
            check=False,
            env=dimse.environment(),
            timeout=40,
        )
        server.finish()
        answers = [message.number(0x900) for message in server.first.messages[1:]]
    assert answers == [0xA700, 0]
    assert done.returncode == 40, done.stderr
    assert list(stored(tmp_path / "out")) == [instance(2)]
    assert [row["_status"] for row in events(done, "refused")] == ["A700"]
    assert [row["_message"] for row in events(done, "failed") if row["SOPInstanceUID"]] == [
        "it came, and was not kept"
    ]
    assert "make room on the disk" in done.stderr
    assert [path.suffix for path in (tmp_path / "out").iterdir()] == [".dcm"]


def test_what_was_complete_stays_and_the_same_command_fetches_the_rest(tmp_path: Path) -> None:
    def half(talk: Conversation) -> None:
        data = make_dataset(2, size=300_000, instance=instance(2))
        whole = wire.message(wire.store_rq(1, sop_instance=instance(2)), data, context=3)
        talk.send(whole[: len(whole) // 2])

    scripts = (
        [accepting(), asked(), send_object(1), half, step.close()],
        [accepting(), asked(), send_object(1), send_object(2), step.send(rsp(0, (None, 2, 0, 0))), *END],
    )
    out = tmp_path / "out"
    with scripted_server(*scripts) as server:
        done = get(server.address, "-o", out, "--json")
        assert done.returncode == 62, done.stderr
        assert [path.name for path in out.iterdir()] == [f"{instance(1)}.dcm"]
        done = get(server.address, "-o", out, "--on-duplicate", "keep", "--json")
        server.finish()
    assert done.returncode == 0, done.stderr
    assert sorted(stored(out)) == [instance(1), instance(2)]
    assert {row["_outcome"] for row in events(done, "stored")} == {"same", "stored"}


def test_an_interrupt_cancels_and_keeps_what_has_come(tmp_path: Path) -> None:
    ready = Event()

    def cancelled(talk: Conversation) -> None:
        ready.set()
        assert talk.read_message().number(0x100) == wire.C_CANCEL_RQ
        talk.send(rsp(0xFE00, (5, 1, 0, 0)))

    with scripted_server([accepting(), asked(), send_object(1), cancelled, *END]) as server:
        log, out = tmp_path / "log", tmp_path / "out"
        with dimse.start("get", server.address, *WANTED, "-o", out, log=log) as process:
            assert ready.wait(20)
            process.send_signal(signal.SIGINT)
            assert process.wait(10) == 130
        server.finish()
    assert list(stored(out)) == [instance(1)]
    assert "got 1 object" in log.read_text()


def test_pending_for_ever_ends_with_the_time(tmp_path: Path) -> None:
    def pending(talk: Conversation) -> None:
        talk.send(rsp(PENDING, (5, 1, 0, 0)))
        assert talk.read_message().number(0x100) == wire.C_CANCEL_RQ
        talk.send(rsp(0xFE00, (5, 1, 0, 0)))

    done = run(pending, *END, args=("-o", tmp_path / "out", "--total-timeout", "0.5"))
    assert done.returncode == 75
    assert "limit-reached" in done.stderr


def test_failed_instances_are_listed(tmp_path: Path) -> None:
    final = rsp(0xB000, (None, 1, 2, 0), failed_list("1.7", "1.8"))
    done = run(send_object(1), step.send(final), *END, args=("-o", tmp_path / "out", "--json"))
    assert done.returncode == 3
    failed = [row["SOPInstanceUID"] for row in events(done, "failed")]
    assert failed == [None, "1.7", "1.8"]
    assert "2 of 3 sub-operations failed" in done.stderr


@pytest.mark.parametrize(
    ("final", "options", "code"),
    [
        (rsp(0xB000, (None, 0, 2, 0)), (), 69),
        (rsp(0xB000, (None, 2, 0, 1)), (), 0),
        (rsp(0xB000, (None, 2, 0, 1)), ("--strict",), 68),
        (rsp(0xA701), (), 1),
        (rsp(0x1234), (), 1),
        (rsp(0, number=9), (), 62),
    ],
    ids=["all failed", "warnings", "strict", "refused", "unknown status", "wrong message ID"],
)
def test_the_exit_status_follows_the_final_response(
    tmp_path: Path, final: bytes, options: tuple[str, ...], code: int
) -> None:
    end = (step.closed(),) if code == 62 else END
    done = run(step.send(final), *end, args=("-o", tmp_path / "out", *options))
    assert done.returncode == code, done.stderr


def test_missing_instances_are_found_by_asking(tmp_path: Path) -> None:
    def found(*elements: bytes) -> Step:
        def run(talk: Conversation) -> None:
            request = talk.read_message()
            assert request.number(0x100) == 0x20
            number, context = request.message_id, request.context
            for element in elements:
                talk.send(find_rsp(PENDING, element, number=number, context=context))
            talk.send(find_rsp(0, number=number, context=context))

        return run

    def ui(tag: bytes, uid: str) -> bytes:
        value = uid.encode() + b"\0" * (len(uid) % 2)
        return tag + b"UI" + len(value).to_bytes(2, "little") + value

    instances = [ui(b"\x08\0\x18\0", uid) for uid in (instance(1), "1.2.777")]
    scripts = (
        [accepting(), asked(), send_object(1), step.send(rsp(0, (None, 1, 0, 0))), *END],
        [accepting(), found(ui(b"\x20\0\x0e\0", "1.1.1")), found(*instances), *END],
    )
    with scripted_server(*scripts) as server:
        done = get(server.address, "-o", tmp_path / "out", "--verify", "--json")
        server.finish()
    assert done.returncode == 3, done.stderr
    assert [row["SOPInstanceUID"] for row in events(done, "missing")] == ["1.2.777"]


def test_a_node_that_is_said_to_take_moves_only_is_a_warning(tmp_path: Path) -> None:
    with refusing_port() as port:
        node = {"DIMSE_NODE_PACS": f"PACS@127.0.0.1:{port}", "DIMSE_RETRIEVE": "move"}
        done = get("pacs", "-o", tmp_path / "out", env=node)
    assert "dimse move pacs --receive" in done.stderr


def test_what_was_asked_for_and_not_granted_is_a_warning() -> None:
    search = (accepting(), answering(lambda _: find_rsp(0)), *END)
    wanted = ("--user", "me", "--identity-response", "--fuzzy", "--ignore", "-v")
    with scripted_server(search) as server:
        done = dimse.run("get", server.address, "PatientName=DOE", *wanted)
        server.finish()
    assert "did not confirm the user identity" in done.stderr
    assert "did not grant fuzzy" in done.stderr
    assert "query Study Root at STUDY level: PatientName=DOE  returns StudyInstanceUID" in done.stderr
    retrieve = [accepting(), asked(), step.send(rsp(0)), *END]
    with scripted_server(retrieve) as server:
        done = get(server.address, "--relational", "--fuzzy", "--ignore")
        server.finish()
    assert "did not grant relational\n" in done.stderr


def test_a_retrieve_is_repeated() -> None:
    again = (asked(), send_object(2, message_id=2), step.send(rsp(0, number=2)))
    with scripted_server([accepting(), asked(), send_object(1), step.send(rsp(0)), *again, *END]) as server:
        done = get(server.address, "--repeat", 2, "--interval", "10ms", "--ignore", "--json")
        server.finish()
    assert (done.returncode, len(events(done, "retrieved"))) == (0, 2), done.stderr


def test_keys_that_are_not_ascii_are_sent_with_their_character_set() -> None:
    with scripted_server([accepting(), asked(), step.send(rsp(0)), *END]) as server:
        words = ("-P", "PatientID=\xdc1", "--classes", "CTImageStorage", "--ignore")
        done = dimse.run("get", server.address, *words, env={"DIMSE_CHARSET": "ISO_IR 100"})
        server.finish()
    assert done.returncode == 0, done.stderr
    assert b"\xdc1" in server.first.messages[0].data
    assert b"ISO_IR 100" in server.first.messages[0].data


def test_a_peer_without_c_get_is_told_from_one_that_is_not_there(tmp_path: Path) -> None:
    with scripted_server([accepting(refused=(STUDY_GET,)), step.closed()]) as server:
        done = get(server.address, "-o", tmp_path / "out")
    assert (done.returncode, "dimse move --receive" in done.stderr) == (66, True)
    with refusing_port() as port:
        assert get(f"127.0.0.1:{port}", "-o", tmp_path / "out").returncode == 60


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ((), "nothing to retrieve"),
        (("StudyInstanceUID=1.*", "-o", "in"), "wildcards"),
        (("-L", "series", "SeriesInstanceUID=1.2"), "needs StudyInstanceUID"),
        (("StudyDate",), "whole archive"),
        (("-W", "PatientID=1"), "-W"),
        (("-M", "worklist", "PatientID=1"), "no such retrieval"),
        (("PatientID=1", "--ignore", "-o", "in"), "--ignore"),
        (("PatientID=1", "--classes", "CTImageStorag"), "did you mean"),
        (("PatientID=1", "--layout", "{PatientID}"), "does not name the instance"),
    ],
)
def test_what_cannot_be_is_said_before_anything_is_sent(
    tmp_path: Path, words: tuple[str, ...], reason: str
) -> None:
    done = dimse.run("get", "PACS@127.0.0.1:9", *words, cwd=tmp_path)
    assert (done.returncode, reason in done.stderr) == (2, True), done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = get("PACS@127.0.0.1:9", "-o", tmp_path / "file" / "in")
    assert done.returncode == 45


def test_a_rehearsal_connects_to_nobody(tmp_path: Path) -> None:
    done = dimse.run("get", "PACS@127.0.0.1:9", "StudyDate=20260101", "--dry-run", cwd=tmp_path)
    assert done.returncode == 0
    assert "would fetch from PACS@127.0.0.1:9: what a search for this finds" in done.stderr
    assert "20260101" in done.stdout
    assert done.stdout.startswith("# keys 1\n")
    done = dimse.run("get", "PACS@127.0.0.1:9", "StudyInstanceUID=1.2", "--dry-run", "--json", cwd=tmp_path)
    assert '"StudyInstanceUID":"1.2"' in done.stdout.replace(" ", "")
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_no_folder_to_keep_objects_in(tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    taken.write_text("")
    done = dimse.run("get", "PACS@127.0.0.1:1", "StudyInstanceUID=1.2", "-o", taken)
    assert done.returncode == 45
    assert "taken" in done.stderr


def test_a_match_of_the_search_that_does_not_decode_is_no_success() -> None:
    broken = find_rsp(0xFF00, b"\x10\0\x10\0PN\xff\x00DOE")
    script = (step.accept(), answering(lambda _: broken + find_rsp(0)), step.release(), step.closed())
    with scripted_server(script) as server:
        done = dimse.run("get", server.address, "PatientName=DOE*", "--ignore")
    assert done.returncode in (22, 23)
    assert "does not decode" in done.stderr
