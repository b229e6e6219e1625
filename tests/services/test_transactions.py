from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dimsetools.dataset.commitments import Failure, Reference, Report
from dimsetools.errors import NoAnswer, StatusFailure
from dimsetools.services.transactions import Fate, Transaction, Verdict, chunks, not_committed

CT = "1.2.840.10008.5.1.4.1.1.2"
ONE, TWO, THREE = (Reference(CT, f"1.2.{number}") for number in (1, 2, 3))
LATE = NoAnswer("nothing came")


def asked(*references: Reference) -> Transaction:
    return Transaction("2.25.1", references or (ONE, TWO), began=10.0)


def fates(transaction: Transaction) -> list[Fate]:
    return [verdict.fate for verdict in transaction.verdicts(LATE)]


def reported(*committed: Reference, failed: tuple[Failure, ...] = ()) -> Report:
    return Report("2.25.1", committed, failed, "ARCHIVE")


def test_everything_is_committed() -> None:
    transaction = asked()
    assert transaction.take(reported(TWO, ONE), 12.5) == []
    assert transaction.complete
    (first, _) = transaction.verdicts(LATE)
    assert first == Verdict(ONE, "2.25.1", Fate.COMMITTED, None, "ARCHIVE", 2.5)


def test_how_it_stands() -> None:
    transaction = asked()
    assert transaction.standing == (0, 0)
    transaction.take(reported(ONE), 11.0)
    assert transaction.standing == (1, 0)
    transaction.take(reported(failed=(Failure(TWO, 0x0112),)), 12.0)
    assert transaction.standing == (1, 1)


def test_a_failure_has_its_reason_in_words() -> None:
    transaction = asked()
    assert transaction.take(reported(ONE, failed=(Failure(TWO, 0x0112),)), 11.0) == []
    (_, second) = transaction.verdicts(LATE)
    assert second.fate is Fate.FAILED
    assert isinstance(second.error, StatusFailure)
    assert second.error.status == 0x0112
    assert second.error.message == "the peer does not have the instance"


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (0x0213, "lacks the resources"),
        (0x0119, "another SOP class"),
        (0x0122, "does not commit"),
        (None, "gave no reason"),
        (0, "0x0000"),
        (0xA700, "0xA700"),
    ],
)
def test_every_reason_is_a_failure(reason: int | None, words: str) -> None:
    assert words in not_committed(reason).message


def test_what_a_report_does_not_mention_is_told() -> None:
    transaction = asked()
    transaction.take(reported(ONE), 11.0)
    assert not transaction.complete
    assert fates(transaction) == [Fate.COMMITTED, Fate.UNMENTIONED]


def test_what_was_never_reported_is_late() -> None:
    assert [verdict.error for verdict in asked().verdicts(LATE)] == [LATE, LATE]


def test_reports_in_parts_add_up() -> None:
    transaction = asked()
    assert transaction.take(reported(ONE), 11.0) == []
    assert transaction.take(reported(TWO), 12.0) == ["storage commitment was reported 2 times"]
    assert transaction.complete
    assert fates(transaction) == [Fate.COMMITTED] * 2


def test_what_was_not_asked_is_not_counted() -> None:
    transaction = asked(ONE)
    odd = transaction.take(reported(ONE, THREE, Reference("", "")), 11.0)
    assert [text.partition(",")[0] for text in odd] == [
        "the report mentions 1.2.3",
        "the report mentions an instance without a UID",
    ]
    assert fates(transaction) == [Fate.COMMITTED]


def test_an_instance_twice_in_a_report_is_odd() -> None:
    assert asked(ONE).take(reported(ONE, ONE), 11.0) == ["the report mentions 1.2.1 twice"]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_committed_and_failed_is_failed_whichever_comes_first(order: tuple[int, int]) -> None:
    reports = reported(ONE), reported(failed=(Failure(ONE, 0x0110),))
    transaction = asked(ONE)
    odd = [text for number in order for text in transaction.take(reports[number], 11.0)]
    assert "1.2.1 was reported as committed and as failed; it counts as failed" in odd
    assert fates(transaction) == [Fate.FAILED]


def test_committed_and_failed_in_one_report_is_failed() -> None:
    transaction = asked(ONE)
    odd = transaction.take(reported(ONE, failed=(Failure(ONE, 0x0110),)), 11.0)
    assert len(odd) == 2
    assert fates(transaction) == [Fate.FAILED]


def test_another_class_is_odd_and_counts() -> None:
    transaction = asked(ONE)
    (odd,) = transaction.take(reported(Reference("1.2.840.10008.5.1.4.1.1.4", "1.2.1")), 11.0)
    assert "another SOP class" in odd
    (verdict,) = transaction.verdicts(LATE)
    assert (verdict.fate, verdict.reference) == (Fate.COMMITTED, ONE)


def test_a_refused_request_is_refused_for_each() -> None:
    transaction = asked()
    error = StatusFailure("no", status=0x0131, service="N-ACTION")
    transaction.refuse(error)
    assert transaction.complete
    assert [(verdict.fate, verdict.error) for verdict in transaction.verdicts(LATE)] == [
        (Fate.REFUSED, error)
    ] * 2


def test_a_request_without_an_answer_is_not_accepted() -> None:
    transaction = asked()
    transaction.refuse(LATE)
    assert fates(transaction) == [Fate.UNACCEPTED] * 2
    assert transaction.take(reported(ONE), 11.0) == []  # it has arrived after all
    assert fates(transaction) == [Fate.COMMITTED, Fate.UNACCEPTED]


@pytest.mark.parametrize("before", [True, False])
def test_a_report_stands_though_the_request_was_refused(before: bool) -> None:
    transaction = asked()
    if before:
        transaction.take(reported(ONE), 11.0)
    transaction.refuse(StatusFailure("no", status=0x0110))
    if not before:
        assert transaction.take(reported(ONE), 11.0) == []
    assert fates(transaction) == [Fate.COMMITTED, Fate.REFUSED]


@given(st.lists(st.integers(1, 30)), st.integers(1, 7))
def test_each_instance_is_in_one_transaction(numbers: list[int], size: int) -> None:
    given_ones = [Reference(CT, f"1.2.{number}") for number in numbers]
    made = list(chunks(given_ones, size))
    assert [one for chunk in made for one in chunk] == list(dict.fromkeys(given_ones))
    assert all(0 < len(chunk) <= size for chunk in made)


MENTIONS = st.lists(
    st.tuples(st.integers(0, 4), st.booleans()).map(lambda pair: (Reference(CT, f"1.2.{pair[0]}"), pair[1]))
)


@given(st.lists(MENTIONS, max_size=4))
def test_only_what_is_said_to_be_committed_and_never_failed_counts(
    reports: list[list[tuple[Reference, bool]]],
) -> None:
    transaction = asked(ONE, TWO, THREE)
    said: dict[Reference, set[bool]] = {}
    for mentions in reports:
        for reference, kept in mentions:
            said.setdefault(reference, set()).add(kept)
        transaction.take(
            Report(
                "2.25.1",
                tuple(reference for reference, kept in mentions if kept),
                tuple(Failure(reference, 0x0112) for reference, kept in mentions if not kept),
            ),
            11.0,
        )
    for verdict in transaction.verdicts(LATE):
        assert (verdict.error is None) == (said.get(verdict.reference) == {True})
    assert transaction.complete == (said.keys() >= {ONE, TWO, THREE})
