from __future__ import annotations

import pytest
from click.testing import CliRunner

from dimsetools import cli
from dimsetools.options import NetworkCommand, PeerArgument, Session, Verbs

SEEN: list[tuple[str, str]] = []


def _group() -> Verbs:
    SEEN.clear()

    def start(_session: Session, peer: str) -> int:
        SEEN.append(("start", peer))
        return 3

    return Verbs(
        "probe",
        help="Probe in steps.",
        verbs=[
            NetworkCommand(
                "start",
                callback=start,
                help="Begin to\nprobe.\n\nAnd more.",
                params=[PeerArgument()],
                without=("priority",),
                examples=[("dimse probe start pacs", "begin")],
            ),
            NetworkCommand("end", callback=lambda session, **_: 0, help="End.", params=[PeerArgument()]),
        ],
    )


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> None:
    """The program with the group `probe`."""
    found = type("module", (), {"command": _group()})
    monkeypatch.setitem(cli.COMMANDS, "probe", ("probing", "Probe."))
    monkeypatch.setattr(cli, "import_module", lambda _name: found)


def test_help_lists_the_verbs_in_order_and_what_they_do() -> None:
    text = CliRunner().invoke(_group(), ["--help"], prog_name="dimse probe").output
    assert "Usage: dimse probe [OPTIONS] VERB [ARGS]...\n" in text
    assert "\nVerbs:\n  start  Begin to probe.\n  end    End.\n" in text
    assert text.endswith("Options: dimse probe VERB --help. More: man dimse-probe\n")


def test_help_of_a_verb_shows_its_options_and_the_page_of_the_command(
    table: None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["probe", "start", "--help"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("Usage: dimse probe start [OPTIONS] PEER\n")
    assert "\n  --aet" in text
    assert "More: man dimse-probe, man" in text


@pytest.mark.parametrize(
    "words",
    [["h:104"], ["h", "104"], ["--aet", "ME", "h", "104"], ["-aet", "ME", "h", "104"]],
    ids=" ".join,
)
def test_a_verb_is_parsed_as_if_it_stood_alone(table: None, words: list[str]) -> None:
    assert cli.main(["probe", "start", *words]) == 3
    assert SEEN == [("start", "h:104")]


def test_without_a_verb_there_is_help(table: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["probe"]) == 2
    assert "Verbs:" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["strat", "h:1"], "did you mean start?"),
        (["claim", "h:1"], "verbs: start, end"),
        (["--aet", "ME", "start", "h:1"], "options stand behind the verb: dimse probe VERB [OPTIONS]"),
        (["start"], "dimse probe start --help"),
        (["start", "-od", "x", "h:1"], "dimse probe start --help"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_mistake_says_where_to_look(
    table: None, capsys: pytest.CaptureFixture[str], words: list[str], hint: str
) -> None:
    assert cli.main(["probe", *words]) == 2
    assert capsys.readouterr().err.casefold().count(hint.casefold()) == 1
