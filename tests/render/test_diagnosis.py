from __future__ import annotations

import pytest

from dimsetools.errors import (
    Aborted,
    ConnectionRefused,
    DimseError,
    Interrupted,
    NoAnswer,
    Rejected,
    StatusFailure,
)
from dimsetools.render import diagnosis
from dimsetools.render.line import rendered
from dimsetools.status import FAILURE_REASON


def told(error: DimseError, node: str = "") -> list[str]:
    return [rendered(line, color=False) for line in diagnosis.lines(error, node)]


def test_a_failure_says_what_to_whom_what_to_try_and_ends_with_its_name() -> None:
    error = ConnectionRefused("localhost port 1 refused the connection", hint="check the port")
    assert told(error, "PACS1") == [
        "error: PACS1: localhost port 1 refused the connection",
        "  hint: check the port",
        "  error[connection-refused] exit 60",
    ]


def test_a_node_that_the_message_names_is_not_named_twice() -> None:
    assert told(NoAnswer("PACS1 said nothing"), "PACS1")[0] == "error: PACS1 said nothing"


def test_what_may_succeed_later_says_so_when_nothing_better_is_known() -> None:
    assert "  hint: the same command again later" in told(NoAnswer("PACS1 said nothing"))


def test_a_node_whose_name_is_part_of_a_word_is_named() -> None:
    assert told(NoAnswer("h:104 said nothing"), "not")[0] == "error: not: h:104 said nothing"


def test_whoever_ended_it_is_told_nothing_to_try() -> None:
    assert told(Interrupted("interrupted")) == ["error: interrupted", "  error[interrupted] exit 130"]


def test_a_rejection_tells_whose_it_is_in_the_words_of_the_standard() -> None:
    error = Rejected("no", result=1, source=1, reason=7, name="rejected-called-aet")
    assert told(error) == [
        "error: no",
        "  A-ASSOCIATE-RJ (PS3.8 table 9-21): result 1, source 1 (DICOM UL service-user), reason 7",
        "  error[rejected-called-aet] exit 61",
    ]


@pytest.mark.parametrize("result", range(4))
@pytest.mark.parametrize("source", range(5))
@pytest.mark.parametrize("reason", [*range(11), 255])
def test_every_rejection_has_words(result: int, source: int, reason: int) -> None:
    words = diagnosis.standard_words(Rejected("no", result=result, source=source, reason=reason))
    assert f"result {result}, source {source} (" in words
    assert words.endswith(f"reason {reason}")
    assert ("(reserved)" in words) is (source not in (1, 2, 3))


def test_the_reason_of_an_abort_by_the_user_means_nothing() -> None:
    by_user = diagnosis.standard_words(Aborted("no", source=0, reason=6))
    by_provider = diagnosis.standard_words(Aborted("no", source=2, reason=6))
    assert by_user == "A-ABORT (PS3.8 table 9-26): source 0 (DICOM UL service-user)"
    assert by_provider.endswith("source 2 (DICOM UL service-provider), reason 6")


def test_a_failure_status_shows_what_the_peer_added_made_visible() -> None:
    error = StatusFailure(
        "PACS1 refused the object",
        status=0xA900,
        service="C-STORE",
        comment="no\x1b[31m such\nclass",
        offending=(0x00080016, 0x00100020),
    )
    lines = told(error)
    assert lines[1] == "  C-STORE status A900 data-set-mismatch (PS3.4 B.2.3)"
    assert lines[2] == "  the peer's comment: no\\x1b[31m such\\nclass"
    assert lines[3] == "  offending element: SOPClassUID (0008,0016), PatientID (0010,0020)"


def test_a_record_has_the_same_facts() -> None:
    error = StatusFailure("no", status=0xA700, service="C-STORE", comment="disk", offending=(0x7FE00010,))
    record = diagnosis.record(error, "PACS1")
    assert record["_event"] == "error"
    assert record["_node"] == "PACS1"
    assert record["_code"] == "failure-status"
    assert record["_status"] == "A700"
    assert record["_retryable"] is True
    assert record["_comment"] == "disk"
    assert record["_offending"] == ["(7FE0,0010)"]
    assert record["_exit"] == 1


def test_a_failure_reason_is_not_called_a_status() -> None:
    error = StatusFailure("not there", status=0x0112, service=FAILURE_REASON)
    assert diagnosis.standard_words(error) == "Failure Reason 0112 no-such-object-instance (PS3.3 C.14.1.1)"


def test_a_permanent_status_is_not_retryable() -> None:
    assert diagnosis.record(StatusFailure("no", status=0x0122, service="C-ECHO"))["_retryable"] is False
