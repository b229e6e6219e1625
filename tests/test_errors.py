from __future__ import annotations

import pytest

from dimsetools.errors import ExitCode, worst


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        ([], 0),
        ([0], 0),
        ([0, 0], 0),
        ([60], 60),
        ([60, 60], 60),
        ([0, 60], 3),
        ([1, 0, 61], 3),
        ([60, 70], 70),
        ([0, 75], 75),
        ([0, 1, 130], 130),
        ([143, 0], 143),
    ],
)
def test_the_status_of_several_operations(codes: list[int], expected: int) -> None:
    assert worst(ExitCode(code) for code in codes) is ExitCode(expected)
