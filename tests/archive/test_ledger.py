"""A ledger keeps what was put into it, whole, through crashes, for one process and many threads."""

from __future__ import annotations

import gc
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from dimsetools.archive import reindex
from dimsetools.archive.index import Index
from dimsetools.archive.ledger import LOCK, NAME, Due, Entry, Ledger, LedgerFailed, LedgerUnusable
from dimsetools.archive.objects import Durability
from dimsetools.dataset.attributes import Attribute, Attributes
from dimsetools.errors import ExitCode, OutputError, OutputFolderError
from tests.archive.test_index import open_files
from tests.archive.test_matching import data

STEP = data(
    PatientName="Doe^John",
    PerformedStationAETitle="CT1",
    PerformedSeriesSequence=[data(SeriesInstanceUID="1.2", SeriesDescription="")],
)


def open_ledger(folder: Path) -> Ledger:
    return Ledger(str(folder), durability=Durability.NONE)


def put(ledger: Ledger, *entries: Entry) -> None:
    with ledger.change() as pages:
        for entry in entries:
            pages.put(entry)


def post(ledger: Ledger, aet: str, instance: str, *, due: float = 0.0, sop_class: str = "1.2.3") -> None:
    with ledger.change() as pages:
        pages.post(aet, sop_class, instance, 1, STEP, due=due)


# -- entries ------------------------------------------------------------------------------------------


def test_what_was_put_is_there_after_a_restart(tmp_path: Path) -> None:
    more = {"lock": "1.2.3", "titles": ["A", "B"], "deadline": 1.5, "none": None}
    before = time.time()
    with open_ledger(tmp_path) as ledger:
        put(ledger, Entry("mpps", "1.1", "IN PROGRESS", STEP, more))
    with open_ledger(tmp_path) as ledger:
        entry = ledger.get("mpps", "1.1")
        assert entry is not None
        assert entry[:5] == ("mpps", "1.1", "IN PROGRESS", STEP, more)
        assert before <= entry.created == entry.changed <= time.time()
        assert ledger.get("mpps", "1.2") is None
        assert ledger.get("ups", "1.1") is None


def test_an_entry_that_is_put_again_is_changed_in_its_place() -> None:
    with Ledger(None) as ledger:
        put(ledger, Entry("ups", "2", "SCHEDULED", STEP), Entry("ups", "1", "SCHEDULED", {}))
        old = ledger.get("ups", "2")
        assert old is not None
        put(ledger, old._replace(state="COMPLETED", attributes={}, more={"by": "X"}))
        changed, other = ledger.entries("ups")
        assert (changed.uid, changed.state, changed.attributes, changed.more) == (
            "2", "COMPLETED", {}, {"by": "X"},
        )  # fmt: skip
        assert changed.created == old.created < changed.changed
        assert other.state == "SCHEDULED"


def test_entries_come_by_kind_and_state_the_oldest_first() -> None:
    with Ledger(None) as ledger:
        put(ledger, *(Entry("mpps", uid, state, {}) for uid, state in (("9", "a"), ("3", "b"), ("5", "a"))))
        put(ledger, Entry("ian", "9", "a", {}))
        assert [entry.uid for entry in ledger.entries("mpps")] == ["9", "3", "5"]
        assert [entry.uid for entry in ledger.entries("mpps", state="a")] == ["9", "5"]
        assert [*ledger.entries("mpps", state="c")] == []
        with ledger.change() as pages:
            assert [entry.uid for entry in pages.entries("mpps", "a")] == ["9", "5"]
            pages.remove("mpps", "9")
            pages.remove("mpps", "77")
            assert [entry.uid for entry in pages.entries("mpps")] == ["3", "5"]
        assert [entry.uid for entry in ledger.entries("mpps")] == ["3", "5"]
        assert [entry.uid for entry in ledger.entries("ian")] == ["9"]


@pytest.mark.parametrize(
    ("charset", "name"),
    [((), "Doe"), (("ISO_IR 100",), "Müller"), ((), "Müller"), (("ISO_IR 100",), "Ελένη"), (("BAD",), "Doe")],
)
def test_text_of_any_character_set_is_kept(charset: tuple[str, ...], name: str) -> None:
    attributes: Attributes = {0x00080005: Attribute("CS", charset)} if charset else {}
    attributes[0x00100010] = Attribute("PN", (name,))
    attributes[0x00400340] = Attribute("SQ", ({0x0008103E: Attribute("LO", (name,))},))
    with Ledger(None) as ledger:
        put(ledger, Entry("mpps", "1", "", attributes))
        entry = ledger.get("mpps", "1")
        assert entry is not None
        assert {tag: value for tag, value in entry.attributes.items() if tag != 0x00080005} == {
            tag: value for tag, value in attributes.items() if tag != 0x00080005
        }


def test_what_no_ledger_can_hold_is_refused_and_nothing_of_the_change_is_made() -> None:
    too_long = {0x00100020: Attribute("LO", ("x" * 70_000,))}
    with Ledger(None) as ledger:
        with pytest.raises(LedgerFailed, match="cannot be kept") as caught:
            put(ledger, Entry("mpps", "1", "", {}), Entry("mpps", "2", "", too_long))
        assert not caught.value.media
        assert [*ledger.entries("mpps")] == []
        put(ledger, Entry("mpps", "1", "", {}))


# -- changes ------------------------------------------------------------------------------------------


def test_an_exception_takes_a_change_back() -> None:
    with Ledger(None) as ledger:
        put(ledger, Entry("ups", "1", "SCHEDULED", {}))

        def change_and_think_again() -> None:
            with ledger.change() as pages:
                pages.put(Entry("ups", "1", "IN PROGRESS", {}))
                pages.put(Entry("ups", "2", "SCHEDULED", {}))
                pages.post("A", "1", "1", 1, None)
                raise ValueError("second thoughts")

        with pytest.raises(ValueError, match="second thoughts"):
            change_and_think_again()
        assert [(entry.uid, entry.state) for entry in ledger.entries("ups")] == [("1", "SCHEDULED")]
        assert ledger.due() == []


def test_of_two_who_claim_at_once_one_wins() -> None:
    claims = 8
    start = threading.Barrier(claims)
    winners: list[int] = []

    def claim(number: int) -> None:
        start.wait(20)
        with ledger.change() as pages:
            entry = pages.get("ups", "1")
            assert entry is not None
            if not entry.more:
                pages.put(entry._replace(more={"by": number}))
                winners.append(number)

    with Ledger(None) as ledger:
        put(ledger, Entry("ups", "1", "SCHEDULED", {}))
        threads = [threading.Thread(target=claim, args=(number,)) for number in range(claims)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        entry = ledger.get("ups", "1")
        assert entry is not None
        assert [entry.more["by"]] == winners


def test_who_reads_has_a_snapshot_and_waits_for_nobody() -> None:
    with Ledger(None) as ledger:
        put(ledger, *(Entry("ups", str(number), "a", {}) for number in range(3)))
        reading = ledger.entries("ups")
        assert next(reading).state == "a"
        with ledger.change() as pages:
            for entry in pages.entries("ups"):
                pages.put(entry._replace(state="b"))
            seen = ledger.get("ups", "1")
            assert seen is not None
            assert seen.state == "a"
        assert [entry.state for entry in reading] == ["a", "a"]
        assert {entry.state for entry in ledger.entries("ups")} == {"b"}


def test_a_change_within_a_change_is_a_mistake_and_no_deadlock() -> None:
    with Ledger(None) as ledger:
        with pytest.raises(AssertionError, match="within"), ledger.change(), ledger.change():
            pass
        put(ledger, Entry("ups", "1", "", {}))


# -- reports ------------------------------------------------------------------------------------------


def test_a_report_waits_until_it_is_delivered(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger, ledger.change() as pages:
        pages.post("RIS", "1.2.3", "1.1", 2, STEP, due=12.5)
        pages.post("PACS", "1.2.4", "1.2", 1, None)
    with open_ledger(tmp_path) as ledger:
        first, second = ledger.due()
        assert first[1:8] == ("RIS", "1.2.3", "1.1", 2, STEP, 0, 12.5)
        assert second[1:8] == ("PACS", "1.2.4", "1.2", 1, None, 0, 0.0)
        assert first.posted == pytest.approx(time.time(), abs=60)
        ledger.postpone(first.number, 99.5, 3)
        ledger.delivered(second.number)
        assert ledger.due() == [first._replace(attempts=3, due=99.5)]
        ledger.delivered(first.number)
        assert ledger.due() == ledger.first_due() == []


def test_the_first_report_of_each_recipient_and_class_goes_before_the_others() -> None:
    with Ledger(None) as ledger:
        for aet, instance, sop_class in (
            ("A", "1", "1.2"), ("B", "2", "1.2"), ("A", "3", "1.2"), ("A", "4", "1.3"), ("B", "5", "1.2"),
        ):  # fmt: skip
            post(ledger, aet, instance, sop_class=sop_class)
        assert [due.sop_instance for due in ledger.first_due()] == ["1", "2", "4"]
        ledger.delivered(ledger.first_due()[0].number)
        assert [due.sop_instance for due in ledger.first_due()] == ["2", "3", "4"]


def test_the_number_of_a_report_is_never_given_again(tmp_path: Path) -> None:
    numbers = []
    for _ in range(2):
        with open_ledger(tmp_path) as ledger:
            post(ledger, "A", "1")
            (due,) = ledger.due()
            assert isinstance(due, Due)
            numbers.append(due.number)
            ledger.delivered(due.number)
    assert numbers == [1, 2]


# -- the file -----------------------------------------------------------------------------------------


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
