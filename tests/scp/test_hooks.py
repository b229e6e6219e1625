from __future__ import annotations

import os
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dimsetools.errors import UsageError
from dimsetools.scp.hooks import AT_ONCE, HookCommand, Hooks, Record

VALUES = {"SOPInstanceUID": "1.2.3", "StudyInstanceUID": "1.2", "CallingAET": "SCU"}


class Log:
    """Records, and a way to wait for one."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self._arrived = threading.Semaphore(0)

    def __call__(self, record: Record) -> None:
        self.records.append(record)
        self._arrived.release()

    def wait(self) -> Record:
        assert self._arrived.acquire(timeout=20)
        return self.records[-1]


@contextmanager
def pipe_for_hooks(tmp_path: Path) -> Iterator[tuple[str, socket.socket]]:
    """A command that reports its arguments over a socket, and the socket to read them from."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(20)
    script = tmp_path / "hook.py"
    script.write_text(
        "import json, os, socket, sys\n"
        f"with socket.create_connection(('127.0.0.1', {listener.getsockname()[1]})) as link:\n"
        "    descriptors = sorted(int(fd) for fd in os.listdir('/proc/self/fd'))\n"
        "    report = [sys.argv[1:], descriptors, os.getsid(0) == os.getpid()]\n"
        "    link.sendall(json.dumps(report).encode())\n"
    )
    try:
        yield f"{sys.executable} -S {script}", listener
    finally:
        listener.close()


def report(listener: socket.socket) -> list[object]:
    import json

    link, _ = listener.accept()
    with link, link.makefile("rb") as stream:
        answer: list[object] = json.loads(stream.read())
        return answer


@pytest.mark.parametrize(
    "text", ["", "  ", "'unbalanced", "true {Patient}", "true {count}", "no-such-program-here x"]
)
def test_a_command_that_cannot_work_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        HookCommand.for_object(text)


def test_each_value_stays_one_word() -> None:
    command = HookCommand.for_object("echo 'a b' --file={path} {SOPInstanceUID} {CallingAET}")
    argv = command.argv({"path": "/in/x y.dcm", "SOPInstanceUID": "1.2"})
    assert argv == ["echo", "a b", "--file=/in/x y.dcm", "1.2", "_"]


def test_values_are_not_expanded_again() -> None:
    assert HookCommand.for_object("echo {path}").argv({"path": "/in/{CallingAET}"}) == [
        "echo",
        "/in/{CallingAET}",
    ]


def test_an_object_runs_its_command_with_nothing_inherited(tmp_path: Path) -> None:
    held, log = os.open(tmp_path, os.O_RDONLY), Log()
    os.set_inheritable(held, True)
    with pipe_for_hooks(tmp_path) as (command, listener):
        hooks = Hooks(
            log, on_object=HookCommand.for_object(f"{command} {{path}} {{SOPInstanceUID}} {{CallingAET}}")
        )
        hooks.stored("/in/1.2.3.dcm", {**VALUES, "CallingAET": "$(reboot)"})
        words, descriptors, own_session = report(listener)
        hooks.close(20)
    os.close(held)
    assert isinstance(words, list)
    assert words[:2] == ["/in/1.2.3.dcm", "1.2.3"]
    assert words[2].startswith("__reboot_~")
    assert descriptors == [0, 1, 2, 3, 4]  # the streams, its socket and its look at the folder
    assert own_session
    assert log.records == []


def test_a_study_is_complete_when_it_has_been_quiet(tmp_path: Path) -> None:
    with pipe_for_hooks(tmp_path) as (command, listener):
        on_study = HookCommand.for_study(f"{command} {{StudyInstanceUID}} {{count}} {{folder}}")
        hooks = Hooks(Log(), on_study=on_study, study_timeout=0.05)
        hooks.stored("/in/a.dcm", VALUES)
        assert report(listener)[0] == ["1.2", "1", "/in"]
        hooks.close(20)


def test_studies_on_their_way_are_complete_at_the_end(tmp_path: Path) -> None:
    with pipe_for_hooks(tmp_path) as (command, listener):
        on_study = HookCommand.for_study(f"{command} {{StudyInstanceUID}} {{count}}")
        hooks = Hooks(Log(), on_study=on_study, study_timeout=3600)
        for study in ("1.5", "1.6", "1.5"):
            hooks.stored("/in/a.dcm", {**VALUES, "StudyInstanceUID": study})
        hooks.close(20)
        told = [report(listener)[0] for _ in range(2)]
        assert sorted(map(str, told)) == ["['1.5', '2']", "['1.6', '1']"]


@pytest.mark.parametrize(
    ("command", "reason"), [("false", "exit 1"), ("sh -c 'kill -9 $$'", "ended by signal 9")]
)
def test_a_failure_is_logged(command: str, reason: str) -> None:
    log = Log()
    hooks = Hooks(log, on_object=HookCommand.for_object(command))
    hooks.stored("/in/1.dcm", VALUES)
    record = log.wait()
    hooks.close(20)
    assert (record["_event"], record["_reason"]) == ("hook-failed", reason)


def test_a_program_that_went_away_is_logged(tmp_path: Path) -> None:
    program, log = tmp_path / "hook", Log()
    program.write_text("#!/bin/sh\n")
    program.chmod(0o700)
    hooks = Hooks(log, on_object=HookCommand.for_object(str(program)))
    program.unlink()
    hooks.stored("/in/1.dcm", VALUES)
    assert "No such file" in str(log.wait()["_reason"])
    hooks.close(20)


def test_commands_that_hang_neither_block_nor_outlive_the_node() -> None:
    log = Log()
    hooks = Hooks(log, on_object=HookCommand.for_object("sleep 1000"))
    for _ in range(3 * AT_ONCE):
        hooks.stored("/in/1.dcm", VALUES)
    hooks.close(0.0)
    reasons = {record["_reason"] for record in log.records}
    assert len(log.records) == 3 * AT_ONCE
    assert reasons <= {"ended by signal 9", "not run: the node is shutting down"}


def test_without_commands_there_are_no_threads() -> None:
    before = threading.active_count()
    hooks = Hooks(Log())
    hooks.stored("/in/1.dcm", VALUES)
    assert threading.active_count() == before
    hooks.close(0.0)
