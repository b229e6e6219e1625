from __future__ import annotations

import json
import subprocess
import sys
import threading
from io import BytesIO, StringIO, TextIOWrapper

import pytest

from dimsetools.errors import ConnectionRefused
from dimsetools.render import Output, good
from dimsetools.render.screen import Screen
from tests.render.stream import Terminal


def both(**options: object) -> tuple[Output, StringIO, StringIO]:
    stdout, stderr = StringIO(), StringIO()
    return Output(stdout=stdout, stderr=stderr, **options), stdout, stderr  # type: ignore[arg-type]


def test_a_terminal_gets_lines_and_a_pipe_gets_tsv() -> None:
    assert Output(stdout=Terminal(), stderr=StringIO()).format == "table"
    assert Output(stdout=StringIO(), stderr=Terminal()).format == "tsv"


def test_each_record_is_there_before_the_next() -> None:
    raw = BytesIO()
    output = Output("json", stdout=TextIOWrapper(raw, encoding="utf-8"), stderr=StringIO())
    output.record({"_ms": 1})
    assert raw.getvalue() == b'{"_ms": 1}\n'


@pytest.mark.parametrize(("form", "begin"), [("tsv", "_n\n1\n2\n"), ("xml", "<?xml")])
def test_a_document_is_begun_first_whichever_thread_comes(
    form: str, begin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    output, stdout, _ = both(format=form)
    second = threading.Thread(target=output.record, args=({"_n": 2},))
    write = Screen.out

    def late(screen: Screen, text: str) -> None:
        if threading.current_thread() is not second:
            second.start()
            second.join(0.1)  # what lets it pass now would put its row before ours
        write(screen, text)

    monkeypatch.setattr(Screen, "out", late)
    output.record({"_n": 1})
    second.join()
    assert stdout.getvalue().startswith(begin)


def test_a_latin_terminal_gets_what_it_can_show() -> None:
    raw = BytesIO()
    stream = TextIOWrapper(raw, encoding="latin-1")
    Output("tsv", headers=False, stdout=stream, stderr=StringIO()).record({"_path": "é日"})
    assert raw.getvalue() == b"\xe9\\u65e5\n"


def test_totals_go_to_stderr_where_stdout_has_only_rows() -> None:
    output, stdout, stderr = both(format="tsv")
    output.summary({"_event": "summary"}, "2 sent")
    assert (stdout.getvalue(), stderr.getvalue()) == ("", "2 sent\n")
    output, stdout, stderr = both(format="table")
    output.summary({"_event": "summary"}, "2 sent")
    assert (stdout.getvalue(), stderr.getvalue()) == ("2 sent\n", "")


@pytest.mark.parametrize(("verbosity", "seen"), [(0, "0"), (1, "01"), (2, "012"), (3, "0123")])
def test_verbosity_lets_notes_pass(verbosity: int, seen: str) -> None:
    output, _, stderr = both(verbosity=verbosity)
    for level in range(4):
        output.note(str(level), level)
    assert stderr.getvalue().replace("\n", "") == seen


def test_quiet_keeps_stderr_empty_and_stdout_as_it_is() -> None:
    output, stdout, stderr = both(format="json", quiet=True)
    output.note("hm")
    output.warning("odd")
    output.failure(ConnectionRefused("nobody there"))
    progress = output.progress(1, 1)
    progress.advance(1)
    progress.close()
    output.summary({"_event": "summary"}, "done")
    assert stderr.getvalue() == ""
    assert [json.loads(line)["_event"] for line in stdout.getvalue().splitlines()] == ["error", "summary"]


def test_a_warning_says_that_it_is_one() -> None:
    output, _, stderr = both()
    output.warning(["no release from ", good("PACS1\n")])
    assert stderr.getvalue() == "warning: no release from PACS1\\n\n"


def test_log_json_makes_each_line_of_stderr_an_object() -> None:
    output, _, stderr = both(format="tsv", log_json=True, verbosity=3)
    output.note("a\nb\x9b")
    output.note("deep", 3)
    output.warning(["odd ", good("thing")])
    output.failure(ConnectionRefused("nobody there", hint="check the port"), "PACS1")
    lines = [json.loads(line) for line in stderr.getvalue().splitlines()]
    assert [(line["_event"], line["_level"]) for line in lines] == [
        ("log", "info"),
        ("log", "debug"),
        ("log", "warning"),
        ("error", "error"),
    ]
    assert lines[0]["_message"] == "a\\nb\\x9b"
    assert lines[2]["_message"] == "odd thing"
    assert lines[3]["_code"] == "connection-refused"
    assert lines[0]["_time"].endswith("Z")
    assert stderr.getvalue().isascii()


def test_a_failure_is_explained_in_one_write() -> None:
    writes: list[str] = []

    class Recorder(StringIO):
        def write(self, text: str) -> int:
            writes.append(text)
            return len(text)

    output = Output("tsv", stdout=StringIO(), stderr=Recorder())
    output.failure(ConnectionRefused("nobody there", hint="wait"))
    assert writes == ["error: nobody there\n  hint: wait\n  error[connection-refused] exit 60\n"]


def test_progress_away_from_a_terminal_is_a_line_when_it_is_due() -> None:
    output, _, stderr = both(stats=1e-9)
    with output.progress(2, 2000) as progress:
        progress.advance(1000)
    assert "0/2, 1.0 kB of 2.0 kB, " in stderr.getvalue()
    output, _, stderr = both(stats=0.0)
    with output.progress(2, 2000) as progress:
        progress.advance(1000)
    assert stderr.getvalue() == ""


def test_progress_is_an_object_in_a_json_log() -> None:
    output, _, stderr = both(stats=1e-9, log_json=True)
    output.progress(2, 2000).advance(1000)
    line = json.loads(stderr.getvalue())
    assert line["_event"] == "progress"
    assert line["_total_bytes"] == 2000


def test_a_terminal_that_cannot_erase_gets_lines_not_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dimsetools.render.output._FIRST_PAINT", 0.0)
    monkeypatch.setenv("TERM", "dumb")
    shared = Terminal()
    with Output(stdout=shared, stderr=shared, stats=1e-9).progress(2, 2000) as progress:
        progress.advance(1000)
    assert shared.getvalue().startswith("0/2, 1.0 kB of 2.0 kB, ")
    assert "\r" not in shared.getvalue()
    assert "\x1b" not in shared.getvalue()


def test_a_bar_leaves_nothing_behind_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr("dimsetools.render.output._FIRST_PAINT", 0.0)
    shared = Terminal()
    output = Output(stdout=shared, stderr=shared)
    with output.progress(2, 2000) as progress:
        progress.advance(1000)
        assert "0/2" in shared.getvalue()
    assert shared.getvalue().endswith("\r\x1b[2K")


def test_closing_twice_is_not_needed_when_stdout_is_gone() -> None:
    output, stdout, _ = both(format="xml")
    with pytest.raises(BrokenPipeError), output:
        raise BrokenPipeError
    assert stdout.getvalue() == ""


def test_an_operation_to_a_pipe_loads_neither_rich_nor_the_other_formats() -> None:
    code = """
import sys
from dimsetools.render import Output
with Output() as output, output.progress(1, 1) as progress:
    output.record({"_event": "stored"}, "x")
    progress.finish_object()
    output.note("done")
heavy = {"rich", "json", "pydicom", "pynetdicom", "shutil", "logging"} & set(sys.modules)
assert not heavy, heavy
"""
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, timeout=30)
