from __future__ import annotations

import sqlite3
import threading
from collections.abc import Sequence

import pytest

from dimsetools.archive.commits import Change, Commits
from dimsetools.archive.objects import IndexFailed
from dimsetools.archive.rows import Rows


def nothing(_: Rows) -> None:
    """A change."""


def bad(_: Rows) -> None:
    """A change that fails."""


class Database:
    """Takes batches, waits to be let through if it is slow, and fails as it is told."""

    def __init__(self, *, slow: bool = False) -> None:
        self.batches: list[Sequence[Change]] = []
        self.entered = threading.Semaphore(0)
        self.let = threading.Semaphore(0)
        self.error: Exception | None = None
        self.slow = slow

    def apply(self, batch: Sequence[Change]) -> None:
        self.batches.append(batch)
        if self.slow:
            self.entered.release()
            assert self.let.acquire(timeout=20)
        if self.error is not None and (bad in batch or nothing in batch[1:]):
            raise self.error


class Watched(threading.Condition):
    """A condition that tells, still holding the lock, that somebody is about to wait."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting = threading.Semaphore(0)

    def wait(self, timeout: float | None = None) -> bool:
        self.waiting.release()
        return super().wait(timeout)


def together(database: Database, commits: Commits, changes: Sequence[Change]) -> list[IndexFailed]:
    """Make the first change, and while that is committed all others."""
    failed: list[IndexFailed] = []
    turn = commits._turn = Watched()

    def make(change: Change) -> None:
        try:
            commits.make(change)
        except IndexFailed as error:
            failed.append(error)

    threads = [threading.Thread(target=make, args=(change,)) for change in changes]
    threads[0].start()
    assert database.entered.acquire(timeout=20)
    for thread in threads[1:]:
        thread.start()
        assert turn.waiting.acquire(timeout=20)
    database.let.release(20)
    for thread in threads:
        thread.join(20)
    return failed


def test_who_waits_shares_the_next_transaction() -> None:
    database = Database(slow=True)
    assert together(database, Commits(database.apply), [nothing] * 9) == []
    assert [len(batch) for batch in database.batches] == [1, 8]


def test_one_alone_commits_at_once() -> None:
    database = Database()
    commits = Commits(database.apply)
    for _ in range(3):
        commits.make(nothing)
    assert [len(batch) for batch in database.batches] == [1, 1, 1]


def test_one_change_that_fails_costs_no_other() -> None:
    database = Database(slow=True)
    database.error = ValueError("what is this")
    (failed,) = together(database, Commits(database.apply), [nothing, nothing, bad, nothing])
    assert not failed.media
    assert "what is this" in failed.message
    assert [len(batch) for batch in database.batches] == [1, 3, 1, 1, 1]


def error_of(name: str) -> sqlite3.Error:
    error = sqlite3.OperationalError(name)
    error.sqlite_errorname = name
    return error


@pytest.mark.parametrize("name", ["SQLITE_FULL", "SQLITE_BUSY"])
def test_without_space_all_of_a_batch_fail_and_the_next_is_tried(name: str) -> None:
    database = Database(slow=True)
    database.error = error_of(name)
    commits = Commits(database.apply)
    failed = together(database, commits, [nothing, nothing, bad])
    assert [error.media for error in failed] == [False, False]
    assert [len(batch) for batch in database.batches] == [1, 2]
    database.error = None
    commits.make(bad)
    assert not commits.broken


@pytest.mark.parametrize("name", ["SQLITE_IOERR_FSYNC", "SQLITE_CORRUPT_INDEX", "SQLITE_READONLY"])
def test_after_an_error_of_the_medium_nothing_is_written(name: str) -> None:
    database = Database()
    database.error = error_of(name)
    commits = Commits(database.apply)
    with pytest.raises(IndexFailed) as caught:
        commits.make(bad)
    assert caught.value.media
    database.error = None
    with pytest.raises(IndexFailed, match="until a restart") as caught:
        commits.make(nothing)
    assert caught.value.media
    assert len(database.batches) == 1
    assert commits.broken
