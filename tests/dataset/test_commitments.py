from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.uid import UID

from dimsetools.dataset import commitments
from dimsetools.dataset.attributes import Attribute, Attributes
from dimsetools.dataset.commitments import Failure, Reference, Report
from dimsetools.dataset.decode import decode
from dimsetools.dataset.encode import encode
from dimsetools.uids import EXPLICIT_LE, IMPLICIT_LE

UIDS = st.from_regex(r"\A[12](\.[1-9][0-9]{0,5}){1,4}\Z")
REFERENCES = st.builds(Reference, UIDS, UIDS)
REASONS = st.none() | st.integers(0, 0xFFFF)
REPORTS = st.builds(
    Report,
    UIDS,
    st.lists(REFERENCES, max_size=4).map(tuple),
    st.lists(st.builds(Failure, REFERENCES, REASONS), max_size=4).map(tuple),
    st.sampled_from(["", "ARCHIVE"]),
)


def test_the_names_of_the_service_are_the_standards() -> None:
    assert UID(commitments.PUSH_MODEL).name == "Storage Commitment Push Model SOP Class"
    assert UID(commitments.INSTANCE).name == "Storage Commitment Push Model SOP Instance"


@given(UIDS, st.lists(REFERENCES, max_size=5), st.sampled_from([EXPLICIT_LE, IMPLICIT_LE]))
def test_a_request_names_what_it_is_about(transaction: str, asked: list[Reference], syntax: str) -> None:
    sent = encode(commitments.request(transaction, asked), syntax)
    got = decode(sent, syntax)
    assert commitments.references(got) == tuple(asked)
    assert commitments.read_report(got).transaction == transaction


@given(REPORTS, st.sampled_from([EXPLICIT_LE, IMPLICIT_LE]))
def test_a_report_says_what_it_was_made_of(told: Report, syntax: str) -> None:
    attributes = commitments.report(told)
    assert list(attributes) == sorted(attributes)
    assert commitments.read_report(decode(encode(attributes, syntax), syntax)) == told
    assert told.event == (2 if told.failed else 1)


@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {commitments.REFERENCED: Attribute("SQ")},
        {commitments.REFERENCED: Attribute("UN", (b"1.2",)), commitments.FAILED: Attribute("LO", ("x",))},
    ],
)
def test_a_report_may_leave_everything_out(attributes: Attributes) -> None:
    assert commitments.read_report(attributes) == Report("", ())


def test_items_may_be_empty_and_reasons_no_numbers() -> None:
    told = commitments.read_report(
        {
            commitments.FAILED: Attribute(
                "SQ", ({}, {0x00081155: Attribute("UI", ("1.2",)), 0x00081197: Attribute("LO", ("0112",))})
            ),
            commitments.REFERENCED: Attribute("SQ", ({},)),
        }
    )
    assert told.failed == (Failure(Reference("", ""), None), Failure(Reference("", "1.2"), None))
    assert told.committed == (Reference("", ""),)
