"""What is committed is what the program says today."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from dimsetools.docgen import documents
from dimsetools.docgen.__main__ import write
from dimsetools.docgen.tree import flat, tree
from tests.peers.process import required

ROOT = Path(__file__).parents[2]
COMMITTED = sorted(
    str(path.relative_to(ROOT)) for folder in ("man", "completions") for path in (ROOT / folder).iterdir()
)


def test_no_file_is_missing_or_left_over() -> None:
    assert sorted(documents()) == COMMITTED


@pytest.mark.parametrize("path", COMMITTED)
def test_each_file_is_up_to_date(path: str) -> None:
    assert (ROOT / path).read_text() == documents()[path], "run: python -m dimsetools.docgen"


def test_shells_can_offer_something_for_every_argument() -> None:
    """A word without a type is one that nobody completes; an instance's UID can only be pasted."""
    words = [(one.name, word) for one in flat(tree()) for word in one.arguments]
    assert [(name, word.metavar) for name, word in words if not word.fill and word.metavar != "UID"] == []


@pytest.mark.parametrize("path", [path for path in COMMITTED if path.startswith("man/")])
def test_groff_has_nothing_to_complain_of(path: str) -> None:
    command = [required("groff"), "-ww", "-man", "-Tutf8", str(ROOT / path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("shell", "path"),
    [("bash", "completions/dimse.bash"), ("zsh", "completions/_dimse"), ("fish", "completions/dimse.fish")],
)
def test_the_shells_take_their_scripts(shell: str, path: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    done = subprocess.run(
        [shell, "-n", str(ROOT / path)], capture_output=True, text=True, check=False, timeout=30
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_writing_makes_the_folders(tmp_path: Path) -> None:
    write(str(tmp_path))
    written = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert written == set(documents())
