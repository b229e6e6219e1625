"""Files that have no name before their own, unless for `full`; and the same where the system lacks them."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dimsetools.archive.objects import Durability, Fault, ObjectStore, OnDuplicate, Outcome
from tests.archive.storing import LARGE, UID, dataset, files, put, refused
from tests.corpus import CT_IMAGE, EXPLICIT_LE

SIZES = pytest.mark.parametrize("size", [2000, LARGE])


@pytest.fixture
def has_unnamed(tmp_path: Path) -> bool:
    """Whether the file system of the tests can."""
    try:
        os.close(os.open(tmp_path, os.O_RDWR | os.O_TMPFILE))
    except (OSError, AttributeError):
        return False
    return True


@pytest.fixture(params=["as it can", "no such files", "no names for them"])
def root(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A folder of a system with unnamed files, of one without, and of one that cannot link them."""
    if request.param == "no such files":
        monkeypatch.delattr(os, "O_TMPFILE", raising=False)
    elif request.param == "no names for them":
        monkeypatch.setattr(os, "link", _not_supported)
    yield str(tmp_path)
    monkeypatch.undo()


def _not_supported(*_: object, **__: object) -> None:
    raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))


@SIZES
def test_the_name_comes_after_the_last_byte(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_unnamed: bool, size: int
) -> None:
    lengths: list[int] = []

    def link(source: str, *args: object, **kwargs: object) -> None:
        lengths.append(os.stat(source).st_size)
        real(source, *args, **kwargs)  # type: ignore[arg-type]

    real = os.link
    with ObjectStore(str(tmp_path), durability=Durability.NONE) as store:
        monkeypatch.setattr(os, "link", link)
        stored = put(store, dataset(size))
    assert lengths == ([(tmp_path / stored.path).stat().st_size] if has_unnamed else [])


@SIZES
def test_nothing_is_to_be_seen_of_an_object_under_way(tmp_path: Path, has_unnamed: bool, size: int) -> None:
    with ObjectStore(str(tmp_path), durability=Durability.NONE) as store:
        incoming = store.incoming(CT_IMAGE, UID, EXPLICIT_LE)
        incoming.write(memoryview(dataset(size)[:-10]))
        if has_unnamed:
            assert files(tmp_path) == []
        incoming.discard()
    assert files(tmp_path) == []


@SIZES
@pytest.mark.parametrize("policy", list(OnDuplicate))
def test_duplicates_are_treated_alike(root: str, policy: OnDuplicate, size: int) -> None:
    first, second = dataset(size), dataset(size, number=200)
    with ObjectStore(root, durability=Durability.NONE, on_duplicate=policy) as store:
        assert put(store, first).outcome is Outcome.STORED
        assert put(store, first).outcome is Outcome.SAME
        if policy is OnDuplicate.REJECT:
            assert refused(store, second) is Fault.DUPLICATE
        else:
            put(store, second)
    kept = {name: Path(root, name).read_bytes() for name in files(Path(root))}
    assert kept[f"{UID}.dcm"].endswith(second if policy is OnDuplicate.REPLACE else first)
    if policy is OnDuplicate.BOTH:
        assert kept.pop(f"{UID}~2.dcm").endswith(second)
    assert list(kept) == [f"{UID}.dcm"]


@pytest.mark.parametrize("call", ["open", "writev", "close", "dup", "link"])
def test_trouble_leaves_neither_file_nor_descriptor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_unnamed: bool, call: str
) -> None:
    if not has_unnamed and call in ("dup", "link"):
        return
    with ObjectStore(str(tmp_path), durability=Durability.NONE) as store:
        before = os.listdir("/proc/self/fd")
        with monkeypatch.context() as patch:
            real = getattr(os, call)

            def fail(*args: object, **_: object) -> None:
                if call == "close":
                    real(*args)
                patch.setattr(os, call, real)
                raise OSError(errno.EDQUOT, os.strerror(errno.EDQUOT))

            patch.setattr(os, call, fail)
            assert refused(store, dataset()) is Fault.RESOURCES
        assert os.listdir("/proc/self/fd") == before
        assert files(tmp_path) == []
        assert put(store, dataset()).outcome is Outcome.STORED


def test_a_file_made_in_advance_is_the_next_object_and_is_not_left_open(
    root: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = os.listdir("/proc/self/fd")
    with ObjectStore(root, durability=Durability.NONE) as store:
        store.prepare()
        store.prepare()
        assert files(Path(root)) == []
        put(store, dataset())
        store.prepare()
        with monkeypatch.context() as patch:
            patch.setattr(os, "open", _not_supported)
            store.prepare()  # is no more than an attempt
    assert os.listdir("/proc/self/fd") == before
    assert files(Path(root)) == [f"{UID}.dcm"]
    assert Path(root, f"{UID}.dcm").read_bytes().endswith(dataset())


@SIZES
def test_the_data_are_on_the_disk_before_the_name_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_unnamed: bool, size: int
) -> None:
    steps: list[str] = []

    def noted(call: str) -> Callable[..., None]:
        real = getattr(os, call)

        def step(*args: object, **kwargs: object) -> None:
            steps.append(call)
            real(*args, **kwargs)

        return step

    with ObjectStore(str(tmp_path), durability=Durability.FILE) as store:
        for call in ("fsync", "link", "rename"):
            monkeypatch.setattr(os, call, noted(call))
        put(store, dataset(size))
    assert steps == ["fsync", "link" if has_unnamed else "rename"]


def test_nothing_is_made_in_advance_that_has_a_name(tmp_path: Path) -> None:
    with ObjectStore(str(tmp_path), durability=Durability.FULL) as store:
        store.prepare()
        assert files(tmp_path) == []
