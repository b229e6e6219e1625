"""`dimse shell` at a terminal: what is typed, completed and remembered, and a peer that goes away."""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.commands.department import department
from tests.peers import dimse
from tests.scripted import conversation as step
from tests.scripted import wire
from tests.scripted.conversation import Conversation
from tests.scripted.peers import scripted_server
from tests.services.normalizing import COMMIT, event

LIMIT = 15.0
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x07")


class Terminal:
    """A shell with a person in front of it."""

    def __init__(self, process: subprocess.Popen[bytes], screen: int) -> None:
        self.process = process
        self.shown = ""
        self._screen = screen
        self._seen = 0

    def type(self, text: str) -> None:
        os.write(self._screen, text.encode())

    def until(self, words: str, *, again: str = "") -> str:
        """Read on until `words` are shown behind what was waited for before; return what is between.

        `again` is typed once more where nothing happens: Python loses a Ctrl-C while readline draws.
        """
        end = time.monotonic() + LIMIT
        while (at := self.shown.find(words, self._seen)) < 0:
            left = end - time.monotonic()
            assert left > 0, f"{words!r} was not shown: {self.shown[self._seen :]!r}"
            if select.select([self._screen], [], [], min(left, 1.0) if again else left)[0]:
                self.shown += self._read(words)
            elif again:
                self.type(again)
        between = self.shown[self._seen : at]
        self._seen = at + len(words)
        return between

    def _read(self, words: str) -> str:
        try:
            return _ESCAPES.sub("", os.read(self._screen, 65536).decode())
        except OSError:  # how Linux says that nobody has the terminal open any more
            raise AssertionError(f"it ended before {words!r}: {self.shown[self._seen :]!r}") from None

    def ended(self) -> int:
        """Wait for the end, and return the exit status."""
        try:
            while piece := os.read(self._screen, 65536):
                self.shown += _ESCAPES.sub("", piece.decode())
        except OSError:
            pass  # how Linux says that nobody has the terminal open any more
        return self.process.wait(LIMIT)


@contextmanager
def shell(
    tmp_path: Path, *args: object, kind: str = "xterm", stdout: int | None = None
) -> Iterator[Terminal]:
    screen, terminal = os.openpty()
    environment = dimse.environment({"XDG_STATE_HOME": str(tmp_path), "TERM": kind, "COLUMNS": "200"})
    process = subprocess.Popen(
        [*dimse.COMMAND, "shell", *map(str, args)],
        stdin=terminal, stdout=terminal if stdout is None else stdout, stderr=terminal, env=environment,
        start_new_session=True, preexec_fn=lambda: _control(terminal),
    )  # fmt: skip
    os.close(terminal)
    try:
        yield Terminal(process, screen)
    finally:
        process.kill()
        process.wait()
        os.close(screen)


def _control(terminal: int) -> None:
    """Have Ctrl-C on the terminal become a signal."""
    import fcntl
    import termios

    fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)


def test_lines_are_completed_carried_out_and_remembered(tmp_path: Path) -> None:
    with department() as ris, shell(tmp_path, ris.address, "--for", "mpps") as person:
        person.until("RIS> ")
        person.type("made = ncr\tmpps ne\tStudyI\t")
        person.until("new StudyI")
        person.type("D=7\r")
        person.until("created  mpps ")
        person.until("RIS> ")
        person.type("nget mpps {ma\tAffectedSOPI\t")
        person.until("{made.AffectedSOPInstanceUID}")
        person.type("\r")
        person.until("exit 66")
        person.until("RIS> ")
        person.type("\x04")
        assert person.ended() == 0
        assert [str(one.StudyID) for one in ris.steps.values()] == ["7"]
    history = tmp_path / "dimse" / "history"
    assert history.stat().st_mode & 0o777 == 0o600
    assert history.parent.stat().st_mode & 0o777 == 0o700
    assert history.read_text().splitlines()[0] == "made = ncreate mpps new StudyID=7"
    with department() as ris, shell(tmp_path, ris.address, "--for", "mpps") as person:
        person.until("RIS> ")
        person.type("\x1b[A\x1b[A\r")
        person.until("created  mpps ")
        person.type("quit\r")
        assert person.ended() == 0


def test_lines_of_a_script_can_be_pasted(tmp_path: Path) -> None:
    with department() as ris, shell(tmp_path, ris.address, "--for", "mpps") as person:
        person.until("RIS> ")
        person.type("# begin\rmade = ncreate mpps 1.2.9 \\\r  StudyID=7 \\\r  Modality=CT\rquit\r")
        assert person.ended() == 0
        assert [(one.StudyID, one.Modality) for one in ris.steps.values()] == [("7", "CT")]


def test_a_mistake_and_ctrl_c_end_nothing(tmp_path: Path) -> None:
    with department() as ris, shell(tmp_path, ris.address, "--for", "mpps") as person:
        person.until("RIS> ")
        person.type("ngte mpps\r")
        person.until("did you mean nget")
        person.until("RIS> ")
        person.type("ncreate mpps")
        person.until("ncreate mpps")
        for _ in range(2):
            person.type("\x03")
            person.until("RIS> ", again="\x03")
        person.type("help wait\r")
        person.until("usage: wait")
        person.until("RIS> ")
        person.type("exit\r")
        assert person.ended() == 0
        assert ris.steps == {}


def test_ctrl_c_ends_what_waits_for_the_peer_and_not_the_shell(tmp_path: Path) -> None:
    """Events can be waited for again; after a request without an answer, another association is opened."""
    first = (step.accept(), lambda talk: talk.read_message(), step.closed())
    again = (step.accept(), step.echo(), step.release(), step.closed())
    classes = ("--for", "commit", "--for", "query")
    with scripted_server(first, again) as server, shell(tmp_path, server.address, *classes, "-v") as person:
        person.until("> ")
        for _ in range(2):
            person.type("wait\r")
            person.until("waiting for 1 event, 60 s at most")
            person.type("\x03")
            person.until("exit 130")
            person.until("> ")
        person.type("naction commit commit commit TransactionUID=1.2\r")
        person.until("N-ACTION")
        person.type("\x03\x03")  # once more: no time is given to the peer
        person.until("exit 130")
        person.until("> ")
        person.type("echo\r")
        person.until("a new association with")
        person.until("ok  C-ECHO")
        person.until("> ")
        person.type("\x04")
        assert person.ended() == 0
        server.finish()
    assert (tmp_path / "dimse" / "history").read_text().splitlines()[-1] == "echo"


def test_sigterm_ends_a_shell_that_waits_for_the_peer(tmp_path: Path) -> None:
    with department() as ris, shell(tmp_path, ris.address, "--for", "mpps", "-v") as person:
        person.until("RIS> ")
        person.type("wait\r")
        person.until("waiting for 1 event, 60 s at most")
        person.process.send_signal(signal.SIGTERM)
        assert person.ended() == 143
    assert (tmp_path / "dimse" / "history").read_text().splitlines()[-1] == "wait"


def test_a_terminal_that_cannot_erase_will_do(tmp_path: Path) -> None:
    with department() as ris, shell(tmp_path, ris.address, "--for", "mpps", kind="dumb") as person:
        person.until("RIS> ")
        person.type("ncreate mpps new StudyID=7\r")
        person.until("created")
        person.until("RIS> ")
        person.type("\x04")
        assert person.ended() == 0
        assert len(ris.steps) == 1


def test_results_can_go_to_a_file(tmp_path: Path) -> None:
    results = tmp_path / "results"
    with (
        department() as ris,
        results.open("wb") as file,
        shell(tmp_path, ris.address, "--for", "mpps", stdout=file.fileno()) as person,
    ):
        person.until("RIS> ")
        person.type("ncreate mpps 1.2.9 StudyID=7\r")
        person.until("RIS> ")
        person.type("\x04")
        assert person.ended() == 0
        assert list(ris.steps) == ["1.2.9"]
    assert results.read_text().startswith("created  mpps 1.2.9")
    assert "RIS>" not in results.read_text()


def test_sigterm_ends_it(tmp_path: Path) -> None:
    with department() as ris, shell(tmp_path, ris.address, "--for", "mpps") as person:
        person.until("RIS> ")
        person.process.send_signal(signal.SIGTERM)
        assert person.ended() == 143


@pytest.mark.parametrize(
    ("end", "said"),
    [(wire.abort(), "aborted"), (wire.release_rq(), "ended the association")],
    ids=["abort", "release"],
)
def test_what_the_peer_says_is_shown_at_once_and_the_next_command_calls_again(
    tmp_path: Path, end: bytes, said: str
) -> None:
    def report(talk: Conversation) -> None:
        talk.send(event(1))
        talk.read_message()

    granted = [step.expect(wire.RELEASE_RP)] if end == wire.release_rq() else []
    first = (step.accept(), report, step.send(end), *granted, step.closed())
    again = (step.accept(), step.echo(), step.release(), step.closed())
    with (
        scripted_server(first, again) as server,
        shell(tmp_path, server.address, "--for", "commit", "--for", "query") as person,
    ):
        person.until("> ")
        person.until(f"commit success  {COMMIT}.1")
        person.until(said)
        person.until("> ")
        person.type("echo\r")
        person.until("a new association with")
        person.until("ok  C-ECHO")
        person.until("> ")
        person.type("quit\r")
        assert person.ended() == 0
        server.finish()
