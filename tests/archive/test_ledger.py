"""A ledger keeps what was put into it, for many threads, and the reports that wait."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from dimsetools.archive.ledger import Due, Entry, Ledger, LedgerFailed
from dimsetools.archive.objects import Durability
from dimsetools.dataset.attributes import Attribute, Attributes
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


def test_old_entries_are_removed_by_when_they_were_created(monkeypatch: pytest.MonkeyPatch) -> None:
    with Ledger(None) as ledger:
        for now, uid in ((100.0, "1"), (200.0, "2"), (300.0, "1")):
            monkeypatch.setattr(time, "time", lambda now=now: now)
            with ledger.change() as pages:
                pages.put(Entry("ian", uid, "", {}))
                pages.put(Entry("mpps", uid, "", {}))
        with ledger.change() as pages:
            pages.remove_old("ian", 200.0)
        assert [entry.uid for entry in ledger.entries("ian")] == ["2"]
        assert [entry.uid for entry in ledger.entries("mpps")] == ["1", "2"]


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
