"""Failure statuses as exceptions."""

from __future__ import annotations

import pytest

from dimsetools.services.failures import status_failure


@pytest.mark.parametrize("status", [0x0000, 0xB000, 0x0107])
def test_success_and_warnings_are_no_failures(status: int) -> None:
    assert status_failure(status, "C-STORE") is None


@pytest.mark.parametrize(("status", "again"), [(0xA700, True), (0xA900, False), (0x1234, False)])
def test_a_failure_carries_what_the_peer_said(status: int, again: bool) -> None:
    error = status_failure(status, "C-STORE", "why", (0x00100020,))
    assert error is not None
    assert (error.status, error.service, error.comment) == (status, "C-STORE", "why")
    assert (error.offending, error.retryable) == ((0x00100020,), again)
