from __future__ import annotations

import pytest

from dimsetools.dataset.attributes import Attribute, Attributes
from dimsetools.errors import UsageError
from dimsetools.render.order import Order


def numbered(number: str | None, name: str = "") -> Attributes:
    return {
        0x00200011: Attribute("IS", () if number is None else (number,)),
        0x00100010: Attribute("PN", (name,)),
    }


def test_numbers_are_ordered_as_numbers_and_what_has_none_is_last() -> None:
    matches = [numbered("10"), numbered(None), numbered("9"), numbered("x")]
    order = [match[0x00200011].values for match in Order("SeriesNumber").sorted(matches)]
    assert order == [("x",), ("9",), ("10",), ()]
    order = [match[0x00200011].values for match in Order("-SeriesNumber").sorted(matches)]
    assert order == [("10",), ("9",), ("x",), ()]


def test_the_second_key_decides_where_the_first_does_not() -> None:
    matches = [numbered("1", "b"), numbered("2", "B"), numbered("2", "a"), numbered("1", "A")]
    order = Order("-SeriesNumber, PatientName").sorted(matches)
    names = [match[0x00100010].values[0] for match in order]
    assert names == ["a", "B", "A", "b"]


@pytest.mark.parametrize("text", ["Nam", "_path", "PatientName,,"])
def test_what_is_no_attribute_is_a_usage_error(text: str) -> None:
    with pytest.raises(UsageError):
        Order(text)
