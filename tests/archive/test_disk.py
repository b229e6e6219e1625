"""A disk that is full, broken or slow to keep what it was given: what is refused, and what stands."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from dimsetools.archive.objects import Durability, Fault, ObjectStore, Outcome
from tests.archive.storing import LARGE, dataset, files, put, refused


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EMFILE, errno.ENOMEM])
@pytest.mark.parametrize(
    ("call", "size"),
    [
        ("writev again", LARGE),
        *((call, size) for call in ("open", "writev", "fsync", "close", "rename") for size in (2000, LARGE)),
    ],
)
def test_out_of_resources_costs_one_object(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, size: int, code: int
) -> None:
    with ObjectStore(str(tmp_path)) as store:
        with monkeypatch.context() as patch:
            fail_once(patch, call, code)
            assert refused(store, dataset(size)) is Fault.RESOURCES
        assert files(tmp_path) == []
        assert put(store, dataset(size)).outcome is Outcome.STORED


@pytest.mark.parametrize("call", ["writev", "writev again", "fsync"])
def test_after_an_io_error_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    with ObjectStore(str(tmp_path)) as store:
        with monkeypatch.context() as patch:
            fail_once(patch, call, errno.EIO)
            assert refused(store, dataset(LARGE)) is Fault.MEDIA
        opened: list[object] = []
        monkeypatch.setattr(os, "open", lambda *args, **_: opened.append(args))
        assert refused(store, dataset(LARGE)) is Fault.MEDIA
        assert refused(store, dataset()) is Fault.MEDIA
        assert opened == []
        monkeypatch.undo()
    assert files(tmp_path) == []
    with ObjectStore(str(tmp_path)) as store:
        assert put(store, dataset()).outcome is Outcome.STORED


def test_a_folder_that_does_not_sync_is_an_io_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with ObjectStore(str(tmp_path)) as store:

        def broken(_: int) -> None:
            raise OSError(errno.EIO, "Input/output error")

        monkeypatch.setattr(store.tree._syncs._root, "_sync", broken)
        assert refused(store, dataset()) is Fault.MEDIA
        assert refused(store, dataset(number=200)) is Fault.MEDIA


def fail_once(patch: pytest.MonkeyPatch, what: str, code: int) -> None:
    """Have a call fail, or with "again" behind its name the one after it."""
    call, _, again = what.partition(" ")
    real = getattr(os, call)
    good = [real] if again else []

    def fail(*args: object, **kwargs: object) -> object:
        if good:
            return good.pop()(*args, **kwargs)
        patch.setattr(os, call, real)
        if call == "close":
            real(*args)
        raise OSError(code, os.strerror(code))

    patch.setattr(os, call, fail)


def test_too_little_free_space_is_refused_early(tmp_path: Path) -> None:
    with ObjectStore(str(tmp_path), min_free=1 << 60) as store:
        assert refused(store, dataset()) is Fault.RESOURCES
    assert files(tmp_path) == []


_LIMITED = """
import resource, sys
from dimsetools.archive.objects import ObjectStore, Refused
from tests.corpus import CT_IMAGE, EXPLICIT_LE, make_dataset

def put(store, uid, size):
    incoming = store.incoming(CT_IMAGE, uid, EXPLICIT_LE)
    data = memoryview(make_dataset(0, size=size, instance=uid))
    for start in range(0, len(data), 65536):
        incoming.write(data[start:start + 65536])
    try:
        return incoming.commit().outcome.value
    except Refused as refused:
        return refused.fault.value

if sys.argv[2] == "limit":
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, resource.RLIM_INFINITY))
with ObjectStore(sys.argv[1]) as store:
    print(put(store, "1.1", 3_900_000), put(store, "1.2", 400_000), put(store, "1.3", 2000))
"""


def limited(root: Path, how: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", _LIMITED, str(root), how],
        capture_output=True,
        text=True,
        check=True,
        timeout=40,
    )
    return done.stdout.strip()


def test_a_file_size_limit_lets_smaller_objects_through(tmp_path: Path) -> None:
    assert limited(tmp_path, "limit") == "out-of-resources stored stored"
    assert files(tmp_path) == ["1.2.dcm", "1.3.dcm"]


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("mount"), reason="mounting takes root and mount")
def test_a_full_disk_lets_smaller_objects_through(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "dimse-test", str(disk)], capture_output=True, text=True
    )
    if mounted.returncode:
        pytest.skip(f"mounting is not allowed here: {mounted.stderr.strip()}")
    try:
        assert limited(disk, "full") == "out-of-resources stored stored"
        assert files(disk) == ["1.2.dcm", "1.3.dcm"]
    finally:
        subprocess.run(["umount", str(disk)], check=True)


# -- order of durability ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("durability", "expected"),
    [
        (Durability.FULL, ["open", "writev", "fsync file", "close", "rename", "fsync folder"]),
        (Durability.FILE, ["open", "writev", "fsync file", "close", "rename"]),
        (Durability.NONE, ["open", "writev", "close", "rename"]),
    ],
)
def test_steps_come_in_the_order_that_survives_a_power_loss(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, durability: Durability, expected: list[str]
) -> None:
    steps: list[str] = []
    monkeypatch.delattr(os, "O_TMPFILE", raising=False)  # see test_unnamed
    with ObjectStore(str(tmp_path), durability=durability) as store:
        for call in ("open", "writev", "fsync", "close", "rename"):
            monkeypatch.setattr(os, call, recorded(steps, call, getattr(os, call)))
        monkeypatch.setattr(store.tree._syncs._root, "_sync", os.fsync)
        put(store, dataset())
        monkeypatch.undo()
    assert steps == expected


def recorded(steps: list[str], call: str, real: Callable[..., object]) -> Callable[..., object]:
    def step(*args: object, **kwargs: object) -> object:
        kind = ""
        if call == "fsync":
            assert isinstance(args[0], int)
            kind = " folder" if stat.S_ISDIR(os.fstat(args[0]).st_mode) else " file"
        steps.append(call + kind)
        return real(*args, **kwargs)

    return step
