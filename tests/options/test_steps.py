from __future__ import annotations

import click
import pytest

from dimsetools.options.steps import CODE, PERCENT, UID_TYPE


@pytest.mark.parametrize(("text", "value"), [("0", 0), ("40", 40), ("100%", 100)])
def test_a_percentage(text: str, value: int) -> None:
    assert PERCENT.convert(text, None, None) == value


@pytest.mark.parametrize(
    ("kind", "text"),
    [(PERCENT, "101"), (PERCENT, "-1"), (PERCENT, "half"), (UID_TYPE, "1..2"), (CODE, "110501")],
)
def test_what_is_none_is_refused(kind: click.ParamType[object], text: str) -> None:
    with pytest.raises(click.BadParameter):
        kind.convert(text, None, None)
