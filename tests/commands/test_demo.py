"""`dimse demo`, as a new user runs it."""

from __future__ import annotations

from pathlib import Path

import pytest

from dimsetools.commands.demo import _arrived
from dimsetools.dataset import part10
from dimsetools.services.examine import Item
from tests.corpus import CT_IMAGE, DEFLATED_LE
from tests.peers import dimse

OBJECTS = ["echo", "store", "commit", "find", "get", "move"]
STEPS = ["find", "mpps", "mpps", "nget", "ncreate"]
WORK = ["listen", "naction", "ups", "nset", "ups", "ups", "ups", "find", "nevent"]
FILMS = ["print", "shell"]


def test_the_demo_works_and_shows_what_a_user_would_type() -> None:
    done = dimse.run("demo")
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    shown = [line.split()[2] for line in lines if line.startswith("$ dimse ")]
    assert shown == [*OBJECTS, *STEPS, *WORK, *FILMS]
    assert sum(line.startswith("event    ups ") for line in lines) == 5
    assert [line.partition(" bit for bit")[1] for line in lines[-4:-1]] == [" bit for bit"] * 3
    assert lines[-1] == "everything works"


def arrived(folder: Path, sent: bytes, kept: bytes | None) -> bool:
    """What the demo says of an object, and of what a node has made of it."""
    header = part10.header(CT_IMAGE, "1.2.3", DEFLATED_LE)
    original = folder / "original"
    original.write_bytes(header + sent)
    if kept is not None:
        (folder / "1.2.3.dcm").write_bytes(header + kept)
    status = original.stat()
    with original.open("rb") as file:
        meta = part10.read_meta(file.fileno(), status.st_size)
    return _arrived(Item(str(original), meta, status.st_size, status.st_mtime_ns), str(folder))


@pytest.mark.parametrize(
    ("sent", "kept", "same"),
    [
        (b"all deflated", b"all deflated", True),
        (b"all deflate", b"all deflate\0", True),
        (b"all deflate", b"all deflate", False),
        (b"all deflate", b"all deflate ", False),
        (b"all deflate", b"all deflate\0\0\0", False),
        (b"all deflated", b"all deflated\0\0", False),
        (b"all deflated", b"all deflateD", False),
        (b"all deflated", None, False),
    ],
)
def test_a_nul_behind_an_odd_length_is_all_that_may_be_new(
    tmp_path: Path, sent: bytes, kept: bytes | None, same: bool
) -> None:
    assert arrived(tmp_path, sent, kept) is same


def test_what_is_kept_can_be_looked_at_and_nothing_of_it_is_the_users_own_configuration(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "demo"
    mine = {"DIMSE_NODE_DEMO": "DEMO@192.0.2.1:104", "DIMSE_AEC": "OTHER"}
    done = dimse.run("demo", "--keep", str(folder), env=mine)
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(list((folder / "films").glob("*.png"))) == 2
    again = dimse.run("demo", "--keep", str(folder))
    assert again.returncode == 2
    assert "there is a demo in" in again.stderr
