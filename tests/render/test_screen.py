from __future__ import annotations

import errno
from io import StringIO

import pytest

from dimsetools.errors import OutputError
from dimsetools.render.screen import Screen
from tests.render.stream import Terminal


class Broken(StringIO):
    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number

    def write(self, text: str) -> int:
        raise OSError(self.number, "it broke")


def test_lines_push_the_bar_down_and_it_comes_back() -> None:
    shared = Terminal()
    screen = Screen(shared, shared)
    screen.paint("[==  ]")
    screen.out("result\n")
    screen.err("note\n")
    screen.paint("")
    screen.out("last\n")
    assert shared.getvalue() == (
        "\r\x1b[2K[==  ]"
        "\r\x1b[2Kresult\n[==  ]"
        "\r\x1b[2Knote\n[==  ]"
        "\r\x1b[2K"
        "last\n"
    )  # fmt: skip


def test_results_in_a_file_do_not_touch_the_bar() -> None:
    stdout, stderr = StringIO(), Terminal()
    screen = Screen(stdout, stderr)
    screen.paint("[==  ]")
    screen.out("result\n")
    assert stdout.getvalue() == "result\n"
    assert stderr.getvalue() == "\r\x1b[2K[==  ]"


def test_taking_away_a_bar_that_is_not_there_writes_nothing() -> None:
    stderr = StringIO()
    Screen(StringIO(), stderr).paint("")
    assert stderr.getvalue() == ""


def test_a_full_disk_is_an_output_error() -> None:
    with pytest.raises(OutputError, match="it broke") as caught:
        Screen(Broken(errno.ENOSPC), StringIO()).out("result\n")
    assert caught.value.exit_code == 40


def test_a_closed_pipe_is_left_to_the_program() -> None:
    with pytest.raises(BrokenPipeError):
        Screen(Broken(errno.EPIPE), StringIO()).out("result\n")


def test_a_broken_stderr_does_not_end_the_work() -> None:
    Screen(StringIO(), Broken(errno.EIO)).err("note\n")
