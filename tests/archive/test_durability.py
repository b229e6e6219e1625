from __future__ import annotations

import errno
import threading

import pytest

from dimsetools.archive.durability import FolderSyncs, GroupSync


class SlowSync:
    """An fsync that waits to be let through, and counts."""

    def __init__(self) -> None:
        self.calls = 0
        self.entered = threading.Semaphore(0)
        self.let = threading.Semaphore(0)

    def __call__(self, descriptor: int) -> None:
        self.calls += 1
        self.entered.release()
        assert self.let.acquire(timeout=20)


class Watched(threading.Condition):
    """A condition that tells, still holding the lock, that somebody is about to wait."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting = threading.Semaphore(0)

    def wait(self, timeout: float | None = None) -> bool:
        self.waiting.release()
        return super().wait(timeout)


def test_followers_share_one_sync() -> None:
    slow, turn = SlowSync(), Watched()
    group = GroupSync(slow)
    group._turn = turn
    threads = [threading.Thread(target=group, args=(0,)) for _ in range(9)]
    threads[0].start()
    assert slow.entered.acquire(timeout=20)
    for thread in threads[1:]:
        thread.start()
        assert turn.waiting.acquire(timeout=20)
    slow.let.release(2)
    for thread in threads:
        thread.join(20)
    assert slow.calls == 2


def test_a_sync_that_runs_already_is_not_enough() -> None:
    slow = SlowSync()
    group = GroupSync(slow)
    first = threading.Thread(target=group, args=(0,))
    first.start()
    assert slow.entered.acquire(timeout=20)
    second = threading.Thread(target=group, args=(0,))
    second.start()
    slow.let.release()
    assert slow.entered.acquire(timeout=20)
    assert second.is_alive()
    slow.let.release()
    first.join(20)
    second.join(20)
    assert slow.calls == 2


def test_one_caller_alone_syncs_each_time() -> None:
    called: list[int] = []
    group = GroupSync(called.append)
    for _ in range(3):
        group(7)
    assert called == [7, 7, 7]


def test_a_failed_sync_fails_everyone_and_is_never_tried_again() -> None:
    calls = []

    def broken(descriptor: int) -> None:
        calls.append(descriptor)
        raise OSError(errno.EIO, "Input/output error")

    group = GroupSync(broken)
    for _ in range(3):
        with pytest.raises(OSError, match="Input/output"):
            group(0)
    assert len(calls) == 1


def test_folders_sync_apart_and_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    monkeypatch.setattr(GroupSync.__init__, "__defaults__", (synced.append,))
    syncs = FolderSyncs()
    syncs.sync((), 1)
    syncs.sync(("a",), 2)
    syncs.sync(("a", "b"), 3)
    assert synced == [1, 2, 3]
    assert syncs._active == {}


def test_what_is_known_durable_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dimsetools.archive.durability._REMEMBERED", 2)
    syncs = FolderSyncs()
    for name in "abc":
        syncs.remember((name,))
    assert [syncs.is_durable((name,)) for name in "abc"] == [False, True, True]
    syncs.forget(("c",))
    assert not syncs.is_durable(("c",))
