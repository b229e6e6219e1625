"""The commands of `dimse shell` that nobody types: what is refused before anything is sent, and stdin."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

import pytest

from tests.commands.asking import Dimse
from tests.commands.department import department
from tests.peers import dimse as process
from tests.scripted import conversation as step
from tests.scripted import wire
from tests.scripted.peers import scripted_server


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Dimse:
    return Dimse(capsys, monkeypatch)


@pytest.fixture
def job(tmp_path: Path) -> Path:
    return tmp_path / "job.dimse"


@pytest.mark.parametrize(
    ("text", "said", "hint"),
    [
        ("echo\nncraete mpps\n", ":2: 'ncraete' is no command", "did you mean ncreate"),
        (
            "a = ncreate mpps\nnget mpps {b.AffectedSOPInstanceUID}\n",
            ":2: nothing is kept as b",
            "by then: a",
        ),
        ("a = ncreate mpps\nnget mpps {a.AffectedSOPInstanceUd}", ":2: {a.Affe", "did you mean Affected"),
        ("echo\n\necho 'x\n", ":3: a quote is not closed", ""),
        ("store {2}\n", ":1: there is no argument 2: 1 given", ""),
        ("x = \n", ":1: nothing follows x", ""),
        (
            "echo\nnget prnter printer\n",
            ":2: nget: Invalid value for 'CLASS': 'prnter'",
            "did you mean printer",
        ),
        ("echo\nnget printer\n", ":2: nget: Missing argument 'INSTANCE'", "usage: nget"),
        ("echo\nnget printer 1.2 --bogus\n", ":2: nget: No such option", ""),
        ("naction film-box 1.2 prnt\n", ":1: 'prnt' is no action", "did you mean print"),
        ("nset mpps 1.2 StudyIDD=1\n", ":1: 'StudyIDD' is no DICOM keyword", "did you mean StudyID"),
        ("nset film-session 1.2 NumberOfCopies=x\n", ":1: NumberOfCopies='x' is no IS", ""),
        ("nset film-session 1.2 -f /nonexistent\n", ":1: /nonexistent: cannot be opened", ""),
        ("find -M wroklist\n", ":1: find: Invalid value for '-M'", "did you mean worklist"),
        ("find NoSuch=1\n", ":1: 'NoSuch' is no DICOM keyword", ""),
        ("find -L image StudyInstanceUID=1.2\n", ":1: a query at IMAGE level needs Series", "or --no-check"),
        ("echo hello\n", ":1: echo: Got unexpected extra argument", ""),
        ("x = echo\n", ":1: echo brings nothing", ""),
        ("show other\n", ":1: nothing is kept as other", "by then: nothing"),
        ("store /nonexistent\n", ":1: /nonexistent: there is no such file", ""),
        ("image 1.2 /nonexistent\n", ":1: /nonexistent: there is no such file", ""),
        ("wait soon\n", ":1: wait: Invalid value", ""),
        ("a = nget printer printer\nnaction film-box {a.Status} prnt\n", ":2: 'prnt' is no action", ""),
        ("a = nget printer printer\nnset mpps {a.Status} StudyIDD={a.Status}\n", ":2: 'StudyIDD' is no", ""),
        ("a = nget printer printer\nimage {a.Status}\n", ":2: image: Missing argument 'FILE'", ""),
        ("a = nget printer printer\nnget printer {a}\n", ":2: {a}: which attribute", ""),
        ("echo\n", " has no use for 'argument'", "write {1}"),
    ],
)
def test_a_file_is_looked_at_before_anything_is_sent(
    run: Dimse, job: Path, text: str, said: str, hint: str
) -> None:
    job.write_text(text)
    done = run("shell", "127.0.0.1:1", job, *(["argument"] if "argument" in said else []))
    assert done.code in (2, 20)
    assert f"error: {job}{said}" in done.stderr
    assert hint in done.stderr


def test_a_file_that_is_none(run: Dimse, job: Path) -> None:
    assert run("shell", "127.0.0.1:1", job).code == 20
    job.write_bytes(b"\xff\xfe")
    assert run("shell", "127.0.0.1:1", job).code == 20
    assert run("shell").code == 2


def test_a_library_that_is_missing_is_no_matter_of_the_node(
    run: Dimse, job: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import importlib.util

    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    job.write_text(f"image 1.2 {__file__}\n")
    done = run("shell", "127.0.0.1:1", job)
    assert done.code == 1
    assert f"error: {job}:1: rendering images needs numpy" in done.stderr


def test_what_replies_may_say_is_no_fault_of_a_line(run: Dimse, job: Path) -> None:
    job.write_text(
        "a = nget printer printer\n"
        "ncreate mpps {a.AffectedSOPInstanceUID} PerformedProcedureStepStartDate={a.Status} StudyID=1\n"
        "nget {a.AffectedSOPClassUID} {a.AffectedSOPInstanceUID} StudyID\n"
        "image {a.Status} {1} --position {a.Status} --bits {a.Status}\n"
        "find -L {a.Status} StudyInstanceUID={a.Status}\n"
        "ncreate film-session - FilmSessionLabel={a.Status} --no-check\n"
        "store {a.Status}\n"
        "nset printer 1.2 -f -\n"
        "show a\n"
    )
    done = run("shell", "127.0.0.1:1", job, __file__, "--dry-run")
    assert done.code == 0, done.stderr
    assert "9 commands" in done.stderr


def test_a_line_that_cannot_be_carried_out_is_not_sent(run: Dimse, job: Path) -> None:
    job.write_text("made = ncreate mpps 1.2.9 StudyID=2\nnget mpps {made.Modality}\n")
    with department() as ris:
        done = run("shell", ris.address, "--for", "mpps", job)
    assert done.code == 2
    assert f"{job}:2: " in done.stderr
    assert "made has no such attribute" in done.stderr


def shell(*args: object, stdin: str) -> subprocess.CompletedProcess[str]:
    return process.run("shell", *args, stdin=stdin)


def test_commands_come_through_a_pipe(job: Path) -> None:
    with department() as ris:
        done = shell(ris.address, "--for", "mpps", stdin="ncreate mpps 1.2.9 StudyID=2\nshow x\nquit\n")
        assert done.returncode == 2
        assert "error: stdin:2: nothing is kept as x" in done.stderr
        done = shell(
            ris.address, "-", "--for", "mpps", stdin="a = nget mpps-retrieve 1.2.9\nshow a\nquit\necho\n"
        )
    assert done.returncode == 66
    assert list(ris.steps) == ["1.2.9"]


def test_stdin_is_not_both_commands_and_a_data_set() -> None:
    with department() as ris:
        done = shell(ris.address, "--for", "mpps", stdin='ncreate mpps new -f -\n{"StudyID": 1}\n')
    assert done.returncode == 2
    assert "stdin:1: stdin holds the commands already" in done.stderr
    assert ris.steps == {}


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_a_shell_that_waits_for_its_next_line(number: int, code: int) -> None:
    script = (step.accept(), step.echo(), step.release(), step.closed())
    with (
        scripted_server(script) as server,
        subprocess.Popen(
            [*process.COMMAND, "shell", server.address, "--for", wire.VERIFICATION],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, env=process.environment(),
        ) as running,
    ):  # fmt: skip
        assert running.stdin is not None
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdin.write("echo\n")
        running.stdin.flush()
        assert running.stdout.readline().startswith("ok")
        running.send_signal(number)
        assert running.wait(10) == code
        assert f"exit {code}" in running.stderr.read()
        server.finish()
