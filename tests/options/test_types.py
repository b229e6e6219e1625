from __future__ import annotations

import click
import pytest

from dimsetools.options.types import COUNT, DURATION, MAX_PDU, TITLE, WINDOW, Checked, seconds


@pytest.mark.parametrize(
    ("text", "expected"),
    [("10", 10), ("2.5", 2.5), (".5", 0.5), ("500ms", 0.5), ("30s", 30), ("5m", 300), ("1h", 3600), ("0", 0)],
)
def test_times_are_read_with_and_without_unit(text: str, expected: float) -> None:
    assert seconds(text) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("kind", "text", "reason"),
    [
        (DURATION, "-1", "is no time"),
        (DURATION, "1d", "is no time"),
        (DURATION, "nan", "is no time"),
        (DURATION, "", "is no time"),
        (COUNT, "0", "must be 1 or more"),
        (COUNT, "1.5", "is no whole number"),
        (COUNT, "\u0661", "is no whole number"),
        (MAX_PDU, "5", "must be 0"),
        (MAX_PDU, "4294967296", "must be 0"),
        (WINDOW, "65536", "1 to 65535"),
        (TITLE, " ", "is empty"),
        (TITLE, "SEVENTEEN-LETTERS", "at most 16"),
    ],
)
def test_a_wrong_value_is_refused_with_the_reason(kind: Checked, text: str, reason: str) -> None:
    with pytest.raises(click.BadParameter, match=reason):
        kind.convert(text, None, None)


def test_a_default_of_the_right_type_passes() -> None:
    assert DURATION.convert(1.5, None, None) == 1.5
