from __future__ import annotations

import pytest

from dimsetools.render import values


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, ""),
        (True, "true"),
        (False, "false"),
        (12.1, "12.1"),
        (0, "0"),
        ("a\tb\n", "a\\tb\\n"),
        (["CT", "MR"], "CT\\MR"),
        ((), ""),
        ([None, 1], "\\1"),
        ("name-\udce9.dcm", "name-\\xe9.dcm"),
    ],
)
def test_a_value_reads_as_one_line(value: object, expected: str) -> None:
    assert values.text(value) == expected


def test_a_long_value_is_kept_whole() -> None:
    assert values.text("x" * 10_000) == "x" * 10_000
