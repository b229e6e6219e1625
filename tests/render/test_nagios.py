from __future__ import annotations

import pytest

from dimsetools.errors import UsageError
from dimsetools.render import nagios
from dimsetools.render.nagios import Check, State


@pytest.mark.parametrize(
    ("text", "quiet", "alerting"),
    [
        ("10", [0, 5, 10], [-1, 10.1]),
        ("10:", [10, 1e9], [9.9]),
        ("~:10", [-1e9, 10], [10.1]),
        ("10:20", [10, 15, 20], [9.9, 20.1]),
        ("@10:20", [9.9, 20.1], [10, 15, 20]),
        ("0.5", [0.25], [0.75]),
    ],
)
def test_ranges_mean_what_the_plugin_guidelines_say(
    text: str, quiet: list[float], alerting: list[float]
) -> None:
    found = nagios.threshold(text)
    assert [value for value in quiet if found.alerts(value)] == []
    assert [value for value in alerting if not found.alerts(value)] == []


@pytest.mark.parametrize("text", ["", "x", "10:x", "1.2.3", "@", "~", "20:10", "10 ", "-1", "nan", ":"])
def test_what_is_no_range_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        nagios.threshold(text)


def test_critical_outranks_warning() -> None:
    warning, critical = nagios.threshold("10"), nagios.threshold("20")
    assert [nagios.judged(value, warning, critical) for value in (5, 15, 25)] == [0, 1, 2]
    assert nagios.judged(1e9, None, None) is State.OK


def test_perfdata_is_in_the_plugins_syntax() -> None:
    assert nagios.perfdata("time", 12.5, "ms") == "time=12.5ms;;;0"
    limits = nagios.threshold("10"), nagios.threshold("@1:2")
    assert nagios.perfdata("it's a=b|c\n", 1, "%", *limits) == "'it''s a_b_c\\n'=1%;10;@1:2;0"


def test_one_check_is_one_line() -> None:
    state, lines = nagios.report("DIMSE", [Check(State.OK, "fine | really\n", ["time=1ms;;;0"])])
    assert (state, lines) == (State.OK, ["DIMSE OK - fine / really\\n | time=1ms;;;0"])


def test_several_checks_are_as_bad_as_the_worst() -> None:
    checks = [
        Check(State.OK, "a", ["a=1ms;;;0"]),
        Check(State.UNKNOWN, "b"),
        Check(State.CRITICAL, "c"),
        Check(State.WARNING, "d"),
    ]
    assert nagios.report("DIMSE", checks, "1 of 4") == (
        State.CRITICAL,
        ["DIMSE CRITICAL - 1 of 4 | a=1ms;;;0", "OK a", "UNKNOWN b", "CRITICAL c", "WARNING d"],
    )


def test_no_check_is_unknown() -> None:
    assert nagios.report("DIMSE", [], "nothing")[0] is State.UNKNOWN
