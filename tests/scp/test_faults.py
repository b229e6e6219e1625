from __future__ import annotations

import pytest

from dimsetools.archive.objects import Fault, Refused
from dimsetools.scp.faults import comment, store_status
from dimsetools.status import describe, is_failure


@pytest.mark.parametrize("fault", list(Fault))
def test_every_fault_is_a_failure_that_the_standard_names(fault: Fault) -> None:
    status = store_status(Refused(fault, "why"))
    assert is_failure(status)
    assert describe(status, "C-STORE").name != "unknown"


def test_what_nobody_foresaw_is_a_processing_failure() -> None:
    assert store_status(KeyError("x")) == 0x0110


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("no space left", "no space left"),
        ("a\\b\x1b[31m\n\xe9", "a?b?[31m??"),
        ("x" * 100, "x" * 64),
        ("x" * 63 + " y", "x" * 63),
    ],
)
def test_comments_fit_their_value_representation(text: str, told: str) -> None:
    assert comment(text) == told
