from __future__ import annotations

import pytest

from dimsetools.association.values import ClientTls
from dimsetools.errors import ConnectionRefused, DimseError, LimitReached, NoAnswer
from dimsetools.render import echo
from dimsetools.render.line import Line, rendered
from dimsetools.services.echo import Attempt, Echoed, Request, contexts
from tests.render.echoes import answer, tally

REFUSED = ConnectionRefused("pacs port 104 refused the connection")


def shown(line: Line) -> str:
    return rendered(line, color=False)


def test_a_line_has_node_result_times_and_software() -> None:
    one = Attempt(1, answer(tls=True), None)
    assert shown(echo.line(tally("pacs"), one, 6, numbered=False)) == (
        "pacs    ok  tcp  2.50  tls  2.50  association  2.50  echo  2.50 ms   OFFIS_DCMTK_367, max PDU 16384"
    )


def test_a_plain_connection_has_no_time_for_tls() -> None:
    assert "tls" not in shown(echo.line(tally("pacs"), Attempt(1, answer(), None), 4, numbered=False))


def test_a_failed_line_has_the_stable_name() -> None:
    assert shown(echo.line(tally("pacs"), Attempt(7, None, REFUSED), 4, numbered=True)) == (
        "pacs  #7    connection-refused"
    )


def test_a_peers_software_cannot_drive_the_terminal() -> None:
    one = Attempt(1, answer(software="\x1b[2J\n"), None)
    assert "\\x1b[2J\\n" in shown(echo.line(tally("pacs"), one, 4, numbered=False))


@pytest.mark.parametrize("outcome", [answer(), REFUSED])
def test_a_record_always_has_all_columns(outcome: Echoed | DimseError) -> None:
    made = tally("pacs", outcome)
    assert made.last is not None
    record = echo.record(made, made.last)
    assert tuple(record) == echo.COLUMNS
    assert record["_address"] == "PACS@pacs.example:104"
    told = (record["_event"], record["_result"], record["_ms"])
    assert told in {("echoed", "ok", 10.0), ("failed", "connection-refused", None)}


def test_totals_of_a_node_read_as_those_of_ping() -> None:
    made = tally("pacs", answer(10), answer(20), REFUSED, answer(30))
    assert shown(echo.node_line(made, 4)) == (
        "pacs  4 sent, 3 answered, 25% loss  min/avg/p95/max 10.0/20.0/30.0/30.0 ms"
    )
    assert echo.node_record(made) == {
        "_event": "summary",
        "_node": "pacs",
        "_sent": 4,
        "_answered": 3,
        "_loss": 0.25,
        "_min_ms": 10.0,
        "_avg_ms": 20.0,
        "_p95_ms": 30.0,
        "_max_ms": 30.0,
    }


def test_totals_without_an_answer_have_no_times() -> None:
    assert shown(echo.node_line(tally("pacs", REFUSED), 4)) == "pacs  1 sent, 0 answered, 100% loss"


def test_totals_of_several_nodes_count_outcomes() -> None:
    made = [tally("a", answer()), tally("b", answer(), REFUSED), tally("c", REFUSED), tally("d")]
    assert shown(echo.all_line(made)) == "4 nodes: 1 ok, 1 with losses, 2 failed"
    assert echo.all_record(made) == {"_event": "summary", "_nodes": 4, "_ok": 1, "_partial": 1, "_failed": 2}


def test_only_a_failure_of_another_kind_is_news() -> None:
    made = tally("pacs")
    outcomes = [REFUSED, REFUSED, NoAnswer("silent"), None, REFUSED]
    news = [
        made.add(Attempt(number, answer() if error is None else None, error))
        for number, error in enumerate(outcomes, start=1)
    ]
    assert news == [True, False, True, False, True]


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        ([[answer()]], 0),
        ([[REFUSED]], 60),
        ([[REFUSED, answer()]], 3),
        ([[answer()], [REFUSED]], 3),
        ([[REFUSED], [NoAnswer("silent")]], 62),
        ([[answer(), LimitReached("over")]], 75),
    ],
)
def test_the_exit_status_is_that_of_all_attempts(
    outcomes: list[list[Echoed | DimseError]], expected: int
) -> None:
    assert echo.exit_status([tally("pacs", *each) for each in outcomes]) == expected


def test_a_rehearsal_shows_what_would_be_proposed() -> None:
    made = tally("pacs")
    made.target = made.target._replace(tls=ClientTls())
    request = Request(contexts(), abort=True)
    assert shown(echo.proposal_line(made, request, 4)) == (
        "pacs  would call PACS@pacs.example:104 as DIMSE, TLS bcp195, max PDU 131072, for Verification in "
        "Explicit VR Little Endian or Implicit VR Little Endian, then abort"
    )
    record = echo.proposal_record(made, request)
    assert record["_transfer_syntaxes"] == ["1.2.840.10008.1.2.1", "1.2.840.10008.1.2"]
    assert record["_tls"] == "bcp195"
