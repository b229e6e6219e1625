from __future__ import annotations

import pytest

from dimsetools.render import units


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (999_949, "999.9 kB"),
        (999_960, "1.0 MB"),
        (1.5e9, "1.5 GB"),
        (4e15, "4000.0 TB"),
    ],
)
def test_size(count: float, expected: str) -> None:
    assert units.size(count) == expected


@pytest.mark.parametrize(
    ("number", "expected"), [(0, "0 objects"), (1, "1 object"), (2.0, "2 objects"), (1000, "1000 objects")]
)
def test_counted(number: float, expected: str) -> None:
    assert units.counted(number, "object") == expected


@pytest.mark.parametrize(
    ("seconds", "expected"), [(0.4, "0:00"), (7, "0:07"), (59.6, "1:00"), (754, "12:34"), (3723, "1:02:03")]
)
def test_clock(seconds: float, expected: str) -> None:
    assert units.clock(seconds) == expected


@pytest.mark.parametrize(("seconds", "expected"), [(0.00042, "0.42"), (0.0124, "12.4"), (1.2301, "1230")])
def test_milliseconds(seconds: float, expected: str) -> None:
    assert units.milliseconds(seconds) == expected
