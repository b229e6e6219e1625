"""The file of a ledger: whose it is, when it is not used, what a disk that fails and a crash leave."""

from __future__ import annotations

import gc
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from dimsetools.archive import reindex
from dimsetools.archive.index import Index
from dimsetools.archive.ledger import LOCK, NAME, Entry, Ledger, LedgerFailed, LedgerUnusable
from dimsetools.dataset.attributes import Attribute
from dimsetools.errors import ExitCode, OutputError, OutputFolderError
from tests.archive.test_index import open_files
from tests.archive.test_ledger import STEP, open_ledger, put


def test_it_is_a_hidden_file_that_is_ours_alone_and_outlives_a_rebuild_of_the_index(tmp_path: Path) -> None:
    with Index(str(tmp_path)), open_ledger(tmp_path) as ledger:
        put(ledger, Entry("mpps", "1", "", STEP))
    assert (tmp_path / NAME).stat().st_mode & 0o777 == 0o600
    (tmp_path / ".dimse-index.sqlite3").unlink()
    assert reindex.rebuild(str(tmp_path)).passed_over == 0
    with open_ledger(tmp_path) as ledger, Index(str(tmp_path)):
        assert ledger.get("mpps", "1") is not None
    assert [*reindex.check(str(tmp_path))] == []


def test_it_belongs_to_one_process(tmp_path: Path) -> None:
    with open_ledger(tmp_path):
        code = (
            "import sys\nfrom dimsetools.archive.ledger import Ledger, LedgerUnusable\n"
            "try:\n    Ledger(sys.argv[1])\nexcept LedgerUnusable as error:\n    print(error.message)"
        )
        done = subprocess.run(
            [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True
        )
    assert "in use by another process" in done.stdout
    open_ledger(tmp_path).close()


def test_nothing_is_left_open(tmp_path: Path) -> None:
    for _ in range(2):
        with open_ledger(tmp_path) as ledger:
            put(ledger, Entry("mpps", "1", "", {}))
            reading = ledger.entries("mpps")
            next(reading)
            reading.close()
            with pytest.raises(LedgerUnusable):
                open_ledger(tmp_path)
    other_version(tmp_path)
    with pytest.raises(LedgerUnusable):
        open_ledger(tmp_path)
    gc.collect()
    assert [name for name in open_files() if name.startswith(str(tmp_path))] == []


def truncate(folder: Path) -> None:
    os.truncate(folder / NAME, 8192)


def overwrite(folder: Path) -> None:
    (folder / NAME).write_bytes(b"no database at all" * 1000)


def destroy_pages(folder: Path) -> None:
    with (folder / NAME).open("r+b") as file:
        file.seek(2 * 4096)
        file.write(b"\x55" * 4 * 4096)


def other_version(folder: Path) -> None:
    with closing(sqlite3.connect(folder / NAME)) as connection:
        connection.execute("PRAGMA user_version = 99")


def link(folder: Path) -> None:
    (folder / NAME).rename(folder / ".elsewhere")
    (folder / NAME).symlink_to(".elsewhere")


def link_the_lock(folder: Path) -> None:
    (folder / LOCK).unlink()
    (folder / LOCK).symlink_to(".elsewhere")


@pytest.mark.parametrize(
    ("spoil", "what"),
    [
        (truncate, r"damaged|cannot be used"),
        (overwrite, "cannot be used"),
        (destroy_pages, r"damaged|cannot be used"),
        (other_version, "another version"),
        (link, "no regular file"),
    ],
)
def test_a_ledger_that_is_damaged_says_what_to_do(
    tmp_path: Path, spoil: Callable[[Path], None], what: str
) -> None:
    with open_ledger(tmp_path) as ledger:
        put(ledger, *(Entry("mpps", str(number), "", STEP) for number in range(200)))
    spoil(tmp_path)
    for _ in range(2):
        with pytest.raises(LedgerUnusable, match=what) as caught:
            open_ledger(tmp_path)
        assert caught.value.exit_code is ExitCode.OUTPUT
        assert f"{NAME}*" in caught.value.hint


def test_a_folder_that_can_have_no_ledger(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="No such file"):
        open_ledger(tmp_path / "none")
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputFolderError):
        open_ledger(tmp_path / "file")
    open_ledger(tmp_path).close()
    link_the_lock(tmp_path)
    with pytest.raises(LedgerUnusable, match="cannot keep a ledger"):
        open_ledger(tmp_path)


def test_one_that_got_no_tables_before_a_crash_gets_them(tmp_path: Path) -> None:
    (tmp_path / NAME).touch()
    with open_ledger(tmp_path) as ledger:
        put(ledger, Entry("mpps", "1", "", {}))


def test_without_a_folder_nothing_is_left() -> None:
    ledger = Ledger(None)
    assert ledger._passing is not None
    folder = Path(ledger._passing.name)
    put(ledger, Entry("mpps", "1", "", {}))
    assert folder.is_dir()
    ledger.close()
    assert not folder.exists()


# -- a disk that fails --------------------------------------------------------------------------------


class _Failing:
    """A connection that fails to commit as it is told."""

    def __init__(self, connection: sqlite3.Connection, name: str) -> None:
        self._connection = connection
        self._name = name

    def execute(self, text: str, values: tuple[object, ...] = ()) -> sqlite3.Cursor:
        if text == "COMMIT" and self._name:
            error = sqlite3.OperationalError("no luck")
            error.sqlite_errorname = self._name
            raise error
        return self._connection.execute(text, values)

    def recover(self) -> None:
        self._name = ""


@pytest.mark.parametrize(("name", "media"), [("SQLITE_FULL", False), ("SQLITE_IOERR_FSYNC", True)])
def test_a_change_that_does_not_reach_the_disk_is_not_made(name: str, media: bool) -> None:
    with Ledger(None) as ledger:
        put(ledger, Entry("mpps", "1", "old", {}))
        connection = ledger._connection
        failing = _Failing(connection, name)
        ledger._connection = failing  # type: ignore[assignment]
        with pytest.raises(LedgerFailed, match="no luck") as caught:
            put(ledger, Entry("mpps", "1", "new", {}))
        assert caught.value.media is media
        failing.recover()
        if media:
            with pytest.raises(LedgerFailed, match="until a restart"):
                put(ledger, Entry("mpps", "1", "new", {}))
        entry = ledger.get("mpps", "1")
        assert entry is not None
        assert entry.state == "old"
        if not media:
            put(ledger, Entry("mpps", "1", "new", {}))
        ledger._connection = connection


def test_a_ledger_that_is_full_keeps_what_it_has_and_goes_on_when_there_is_room() -> None:
    with Ledger(None) as ledger:
        put(ledger, Entry("mpps", "1", "old", {}))
        (pages,) = ledger._connection.execute("PRAGMA page_count").fetchone()
        ledger._connection.execute(f"PRAGMA max_page_count = {pages}")
        large = {0x00400280: Attribute("ST", ("x" * 50_000,))}
        for _ in range(2):
            with pytest.raises(LedgerFailed, match="full") as caught:
                put(ledger, Entry("mpps", "1", "new", large))
            assert not caught.value.media
        ledger._connection.execute("PRAGMA max_page_count = 100000")
        put(ledger, Entry("mpps", "2", "new", large))
        assert [entry.state for entry in ledger.entries("mpps")] == ["old", "new"]


def test_rows_that_cannot_be_read_are_a_failure_of_the_ledger(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        put(ledger, Entry("mpps", "1", "", {}))
        with closing(sqlite3.connect(tmp_path / NAME)) as other:
            other.execute("DROP TABLE entries")
        with pytest.raises(LedgerFailed):
            ledger.get("mpps", "1")
        with pytest.raises(LedgerFailed):
            put(ledger, Entry("mpps", "1", "", {}))


# -- a crash ------------------------------------------------------------------------------------------

_WRITING = """
import sys
from itertools import count
from dimsetools.archive.ledger import Entry, Ledger

ledger = Ledger(sys.argv[1])
for number in count(1):
    with ledger.change() as pages:
        pages.put(Entry("mpps", str(number), "IN PROGRESS", {}))
        pages.post("RIS", "1.2", str(number), 1, None)
    print(number, flush=True)
"""


def test_whatever_a_change_returned_for_survives_a_kill(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", _WRITING, str(tmp_path)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if int(line) == 40:
                process.send_signal(signal.SIGKILL)
                break
        told = max([40, *map(int, process.stdout.read().split(b"\n")[:-1])])
    with open_ledger(tmp_path) as ledger:
        kept = [int(entry.uid) for entry in ledger.entries("mpps")]
        assert kept == [*range(1, len(kept) + 1)]
        assert len(kept) in (told, told + 1)
        assert [int(due.sop_instance) for due in ledger.due()] == kept
