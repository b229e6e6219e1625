"""The outermost layer, in this process with a command of our own and in real ones."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import click
import pytest

from dimsetools import __version__, cli
from dimsetools.errors import ConnectionRefused, ExitCode, NoAnswer, TlsError
from dimsetools.options import NetworkCommand, PeerArgument, Session

HEAVY = ("pynetdicom", "pydicom", "numpy", "rich", "ssl", "sqlite3", "tomllib")

Act = Callable[[Session], int]


@pytest.fixture
def probe(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[Act], None]:
    """Puts a command `probe` into the table which does what the test says."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))

    def install(act: Act) -> None:
        module = ModuleType("dimsetools_probe")
        command = NetworkCommand(
            "probe", callback=lambda session, peer: act(session), help="Probe.", params=[PeerArgument()]
        )
        module.command = command  # type: ignore[attr-defined]  # what a command's module has
        monkeypatch.setitem(sys.modules, "dimsetools_probe", module)
        monkeypatch.setitem(cli.COMMANDS, "probe", ("dimsetools_probe", "Probe."))

    return install


def _raise(error: BaseException) -> Act:
    def act(session: Session) -> int:
        raise error

    return act


def test_the_exit_status_is_what_the_command_returns(probe: Callable[[Act], None]) -> None:
    probe(lambda session: ExitCode.PARTIAL)
    assert cli.main(["probe", "h:1"]) == 3


@pytest.mark.parametrize(
    ("error", "status", "name"),
    [
        (ConnectionRefused("nobody listens"), 60, "connection-refused"),
        (NoAnswer("silence"), 62, "no-answer"),
        (TlsError("no"), 70, "tls"),
        (KeyboardInterrupt(), 130, "interrupted"),
        (click.Abort(), 130, "interrupted"),
        (OSError(28, "No space left on device"), 40, "output"),
        (ZeroDivisionError("division"), 1, "bug"),
    ],
)
def test_an_exception_becomes_a_message_and_a_status(
    probe: Callable[[Act], None],
    capsys: pytest.CaptureFixture[str],
    error: BaseException,
    status: int,
    name: str,
) -> None:
    probe(_raise(error))
    assert cli.main(["probe", "h:1"]) == status
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines()[-1].strip() == f"error[{name}] exit {status}"
    assert "Traceback" not in err


def test_a_failure_names_the_peer(probe: Callable[[Act], None], capsys: pytest.CaptureFixture[str]) -> None:
    def act(session: Session) -> int:
        session.target("PACS@h:1")
        raise NoAnswer("silence")

    probe(act)
    cli.main(["probe", "h:1"])
    assert "PACS@h:1" in capsys.readouterr().err


def test_a_failure_is_a_record_where_json_was_asked_for(
    probe: Callable[[Act], None], capsys: pytest.CaptureFixture[str]
) -> None:
    probe(_raise(ConnectionRefused("nobody listens")))
    cli.main(["probe", "h:1", "--json"])
    record = json.loads(capsys.readouterr().out)
    assert (record["_event"], record["_code"], record["_exit"]) == ("error", "connection-refused", 60)
    assert record["_retryable"] is True


def test_a_bug_shows_its_place_with_debug_only(
    probe: Callable[[Act], None], capsys: pytest.CaptureFixture[str]
) -> None:
    probe(_raise(ZeroDivisionError("division")))
    cli.main(["probe", "h:1"])
    err = capsys.readouterr().err
    assert "ZeroDivisionError: division" in err
    assert "--debug" in err
    cli.main(["probe", "h:1", "--debug"])
    assert "Traceback (most recent call last)" in capsys.readouterr().err


def test_quiet_leaves_the_status_alone(
    probe: Callable[[Act], None], capsys: pytest.CaptureFixture[str]
) -> None:
    probe(_raise(NoAnswer("silence")))
    assert cli.main(["probe", "h:1", "-q"]) == 62
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        (["ecko"], "'ecko'", "did you mean echo?"),
        (["xyzzy"], "'xyzzy'", "commands: echo, "),
        (["--jason"], "'--jason'", "behind the command"),
        (["probe"], "PEER", "dimse probe --help"),
        (["probe", "h:1", "--max-pdux"], "'--max-pdu'", "dimse probe --help"),
        (["probe", "h:1", "--max-pdu", "x"], "'--max-pdu'", "dimse probe --help"),
        (["probe", "h:1", "--max-pdu"], "requires an argument", "dimse probe --help"),
        (["probe", "h:1", "more"], "more", "dimse probe --help"),
        (["probe", "h:1", "-pwd", "x"], "-pwd (--password)", "--password-file"),
    ],
)
def test_a_usage_error_has_our_form(
    probe: Callable[[Act], None],
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    message: str,
    hint: str,
) -> None:
    probe(lambda session: 0)
    assert cli.main(words) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert message in err
    assert hint in err
    assert "error[usage] exit 2" in err
    assert cli.main([*words, "--json"]) == 2
    record = json.loads(capsys.readouterr().out)
    assert (record["_code"], record["_exit"]) == ("usage", 2)


def test_without_a_command_the_help_goes_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "Commands:" in err


@pytest.mark.parametrize("word", ["-h", "--help"])
def test_help_lists_the_commands_and_the_exit_statuses(capsys: pytest.CaptureFixture[str], word: str) -> None:
    assert cli.main([word]) == 0
    out = capsys.readouterr().out
    for name in cli.COMMANDS:
        assert f"  {name} " in out
    assert "Exit status: 0 success" in out


def test_the_version_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out == f"dimse {__version__}\n"


# -- real processes -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [["--help"], ["-h"], ["--version"], [], ["--jason"], ["ecko"], ["echo", "--jason"], ["echo", "--help"]],
)
def test_what_ends_before_the_work_loads_nothing_heavy(words: list[str]) -> None:
    code = (
        "import sys\nfrom dimsetools.cli import main\n"
        f"main({words!r})\n"
        f"print('\\nLOADED', *[name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30
    )
    assert done.stdout.splitlines()[-1] == "LOADED"


def test_help_loads_no_command() -> None:
    code = (
        "import sys\nfrom dimsetools.cli import main\nmain(['--help'])\n"
        "print('\\nLOADED', *[name for name in sys.modules if name.startswith('dimsetools.')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30
    )
    assert set(done.stdout.splitlines()[-1].split()[1:]) == {"dimsetools.cli", "dimsetools.errors"}


def test_the_package_runs_as_a_module() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "dimsetools", "--version"],
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    assert done.stdout == f"dimse {__version__}\n"


def test_closed_streams_are_no_failure() -> None:
    script = f"exec '{sys.executable}' -m dimsetools --version >&- 2>&-"
    assert subprocess.run(["sh", "-c", script], check=False, timeout=30).returncode == 0


def test_a_reader_that_left_is_no_failure() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as closed:
        command = [sys.executable, "-m", "dimsetools", "--help"]
        done = subprocess.run(command, stdout=closed, stderr=subprocess.PIPE, check=False, timeout=30)
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_full_disk_is_an_output_error() -> None:
    with open("/dev/full", "w") as full:
        command = [sys.executable, "-m", "dimsetools", "--help"]
        done = subprocess.run(
            command, stdout=full, stderr=subprocess.PIPE, text=True, check=False, timeout=30
        )
    assert done.returncode == 40
    assert "error[output] exit 40" in done.stderr


@pytest.mark.parametrize(
    "words", [("echo", "127.0.0.1:1", "--json"), ("nget", "h:1", "mpps", "1.2", "--dry-run", "--json")]
)
def test_a_disk_too_full_for_the_record_of_a_failure_is_said_without_a_traceback(
    words: tuple[str, ...],
) -> None:
    with open("/dev/full", "w") as full:
        command = [sys.executable, "-m", "dimsetools", *words]
        done = subprocess.run(
            command, stdout=full, stderr=subprocess.PIPE, text=True, check=False, timeout=30
        )
    assert done.returncode == 40
    assert "Traceback" not in done.stderr
    assert done.stderr.endswith("error[output] exit 40\n")


def test_the_process_ends_with_the_status_and_all_that_was_written() -> None:
    code = (
        "import sys\nfrom dimsetools import cli\n"
        "def work():\n    sys.stdout.write('result')\n    sys.stderr.write('said')\n    return 3\n"
        "cli.main = work\ncli.process()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=30
    )
    assert (done.returncode, done.stdout, done.stderr) == (3, "result", "said")


def test_the_process_waits_for_a_thread_that_still_works() -> None:
    code = (
        "import threading\nfrom dimsetools import cli\n"
        "gate = threading.Event()\n"
        "def work():\n    gate.wait(10)\n    print('worked')\n"
        "def main():\n    threading.Thread(target=work).start()\n"
        "    threading.Thread(target=lambda: (threading.main_thread().join(), gate.set())).start()\n"
        "    return 0\n"
        "cli.main = main\ncli.process()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30
    )
    assert done.stdout == "worked\n"
