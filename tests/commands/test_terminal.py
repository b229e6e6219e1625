"""What others name, answer and send, at a real terminal: no byte of it moves the cursor or forges a line."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.commands.node import CONTEXTS
from tests.conftest import Peers
from tests.corpus import make_file
from tests.peers import dimse
from tests.scripted import conversation as step
from tests.scripted import wire
from tests.scripted.peers import scripted_client, scripted_server
from tests.services import querying, retrieving

HOSTILE = b"\x1b[2J\nX\x07\x9b1m"
VISIBLE = "\\x1b[2J\\nX\\x07\\x9b1m"
NAMED_BADLY = wire.item(0x55, HOSTILE)
COMMENT = wire.lo(0x902, "\x1b]8;;x\x07no\r\nway")
OUR_OWN = re.compile(r"\x1b\[[\d;]*m")
"""The escape sequences that we write: colours, and the end of them."""


def at_terminal(*args: object, env: dict[str, str] | None = None) -> tuple[int, str]:
    """Run `dimse` with both streams on a terminal; its exit status, and what appeared there."""
    screen, terminal = os.openpty()
    pieces = []
    try:
        with subprocess.Popen(
            [*dimse.COMMAND, *map(str, args)], stdout=terminal, stderr=terminal, env=dimse.environment(env)
        ) as process:
            os.close(terminal)
            try:
                while piece := os.read(screen, 65536):
                    pieces.append(piece)
            except OSError:
                pass  # how Linux says that nobody has the terminal open any more
    finally:
        os.close(screen)
    return process.returncode, b"".join(pieces).decode()


def assert_tame(shown: str) -> None:
    """Nothing but text, ends of lines and colours."""
    assert not re.search(r"[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f]", OUR_OWN.sub("", shown)), ascii(shown)


def test_what_an_echo_tells() -> None:
    answer = step.echo(0x0110, COMMENT)
    good = (step.accept(more=NAMED_BADLY), step.echo(), step.release(), step.closed())
    bad = (step.accept(more=NAMED_BADLY), answer, step.release(), step.closed())
    with scripted_server(good, bad) as server:
        for code, words in ((0, VISIBLE), (1, "\\x1b]8;;x\\x07no\\r\\nway")):
            status, shown = at_terminal("echo", server.address, "-d")
            assert status == code
            assert words in shown
            assert_tame(shown)


def test_what_a_store_tells(tmp_path: Path) -> None:
    folder = tmp_path / "\x1b[31mred\nfolder"
    folder.mkdir()
    make_file(folder / "\x07\u202egpj.dcm", 1)
    (folder / os.fsdecode(b"\x9b\xff")).write_text("no DICOM")
    script = (step.accept(more=NAMED_BADLY), step.store(0xA700, COMMENT), step.release(), step.closed())
    with scripted_server(script) as server:
        status, shown = at_terminal("store", server.address, folder, "-v")
    assert status == 1
    for words in (VISIBLE, "\\x1b[31mred\\nfolder/\\x07\\u202egpj.dcm", "/\\x9b\\xff", "no\\r\\nway"):
        assert words in shown
    assert_tame(shown)
    assert "\u202e" not in shown


@pytest.mark.parametrize("form", ["table", "tsv", "csv", "dump", "json", "dicom-json", "xml"])
def test_what_a_find_tells(form: str) -> None:
    told = querying.match(HOSTILE) + querying.find_rsp(0xA900, None, COMMENT)
    script = (step.accept(more=NAMED_BADLY), querying.asked, step.send(told), step.release(), step.closed())
    with scripted_server(script) as server:
        status, shown = at_terminal("find", server.address, "-v", "--format", form, "-r", "PatientName")
    assert status == 1
    assert "\\x1b]8;;x\\x07no\\r\\nway" in shown
    assert VISIBLE in shown
    tabs = "\t" if form == "tsv" else ""
    assert_tame(shown.replace(tabs, "") if tabs else shown)


def test_what_a_node_logs(peers: Peers) -> None:
    node = peers.dimse_scp("-v", "--color", "always")
    with scripted_client(node.port) as talk:
        talk.send(wire.associate_rq(CONTEXTS, calling=b"\x1b[2J\nFORGED", more=NAMED_BADLY))
        talk.expect(wire.ASSOCIATE_AC)
        talk.send(wire.message(wire.store_rq(1, sop_instance="1.\x1b[1m\n2"), b"\x1b" * 20, context=3))
        talk.read_message()
        talk.send(wire.release_rq())
        talk.expect(wire.RELEASE_RP)
    node.process.terminate()
    assert node.process.wait(20) == 0
    for words in ("#1 \\x1b[2J\\nFORGED", VISIBLE, "1.\\x1b[1m\\n2"):
        assert words in node.output
    assert_tame(node.output)


@pytest.mark.parametrize(
    ("words", "env", "colours"),
    [
        ([], {}, True),
        ([], {"NO_COLOR": "1"}, False),
        (["--color", "always"], {"NO_COLOR": "1", "TERM": "dumb"}, True),
        (["--color", "never"], {"FORCE_COLOR": "1"}, False),
        ([], {"TERM": "dumb"}, False),
        ([], {"CLICOLOR": "0"}, False),
        ([], {"CLICOLOR": "0", "CLICOLOR_FORCE": "1"}, True),
    ],
)
def test_one_policy_for_colours(words: list[str], env: dict[str, str], colours: bool) -> None:
    script = (step.accept(), step.echo(), step.release(), step.closed())
    with scripted_server(script) as server:
        good = at_terminal("echo", server.address, *words, env=env)
    bad = at_terminal("echo", "nowhere", *words, env=env)
    assert [status for status, _ in (good, bad)] == [0, 2]
    assert ["\x1b[" in shown for _, shown in (good, bad)] == [colours, colours]


def test_what_a_retrieve_tells(tmp_path: Path) -> None:
    failed = retrieving.failed_list(HOSTILE.decode("latin-1"), "1.2.7")
    final = retrieving.rsp(0xB000, (None, 1, 2, 0), failed, COMMENT)
    script = [retrieving.accepting(), retrieving.asked(), step.send(final), step.release(), step.closed()]
    wanted = ("StudyInstanceUID=1.1", "--classes", "CTImageStorage", "--ts", "explicit-le")
    with scripted_server(script) as server:
        status, shown = at_terminal("get", server.address, *wanted, "-o", tmp_path / "out", "-d")
        server.finish()
    assert status == 3
    assert "1.2.7  the peer could not send it" in shown
    assert "\\x1b]8;;x\\x07no\\r\\nway" in shown
    assert_tame(shown)
