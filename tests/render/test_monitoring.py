from __future__ import annotations

from dimsetools.errors import ConnectionRefused
from dimsetools.render import monitoring, nagios
from dimsetools.render.nagios import State
from tests.render.echoes import answer, tally

REFUSED = ConnectionRefused("pacs port 104 refused the connection")


def test_one_good_node_is_ok() -> None:
    assert monitoring.plugin([tally("pacs", answer(10))], None, None) == (
        State.OK,
        ["DIMSE OK - pacs answered in 10.0 ms | time=10ms;;;0"],
    )


def test_a_slow_node_is_judged_by_the_limits() -> None:
    limits = nagios.threshold("5"), nagios.threshold("100")
    state, lines = monitoring.plugin([tally("pacs", answer(10))], *limits)
    assert state is State.WARNING
    assert lines[0].endswith("| time=10ms;5;100;0")


def test_a_node_that_does_not_answer_is_critical() -> None:
    state, lines = monitoring.plugin([tally("pacs", REFUSED)], None, None)
    assert state is State.CRITICAL
    assert lines == ["DIMSE CRITICAL - pacs: pacs port 104 refused the connection [connection-refused]"]


def test_losses_are_a_warning_at_least() -> None:
    state, lines = monitoring.plugin([tally("pacs", answer(10), REFUSED, answer(20), answer(30))], None, None)
    assert state is State.WARNING
    assert lines == [
        "DIMSE WARNING - pacs answered in 20.0 ms (average), 25% loss | time=20ms;;;0 loss=25%;;;0"
    ]


def test_several_nodes_have_a_line_each() -> None:
    state, lines = monitoring.plugin([tally("a", answer(10)), tally("b", REFUSED)], None, None)
    assert state is State.CRITICAL
    assert lines[0] == "DIMSE CRITICAL - 1 of 2 nodes are fine | a=10ms;;;0"
    assert lines[1] == "OK a answered in 10.0 ms"
    assert lines[2].startswith("CRITICAL b: ")


def test_a_node_that_was_not_asked_is_unknown() -> None:
    assert monitoring.plugin([tally("pacs")], None, None)[0] is State.UNKNOWN


def test_metrics_tell_of_good_and_bad_nodes() -> None:
    text = monitoring.metrics([tally("a", REFUSED, answer(10, tls=True)), tally("b", REFUSED), tally("c")])
    samples = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    where = 'address="PACS@pacs.example:104"'
    assert samples[f'dimse_echo_success{{node="a",{where}}}'] == "1.0"
    assert samples[f'dimse_echo_success{{node="b",{where}}}'] == "0.0"
    assert samples[f'dimse_echo_exit_code{{node="b",{where}}}'] == "60.0"
    assert samples[f'dimse_echo_seconds{{node="a",{where}}}'] == "0.01"
    assert samples[f'dimse_echo_phase_seconds{{node="a",{where},phase="tls"}}'] == "0.0025"
    assert samples[f'dimse_echo_loss_ratio{{node="a",{where}}}'] == "0.5"
    assert float(samples["dimse_echo_timestamp_seconds"]) > 1.7e9
    assert 'node="c"' not in text
