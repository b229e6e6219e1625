from __future__ import annotations

import subprocess
from pathlib import Path

from dimsetools.config.files import read_file
from dimsetools.config.variables import VARIABLES
from dimsetools.config.words import WORDS
from dimsetools.docgen.configuration import EXAMPLE, configuration_page
from dimsetools.docgen.exits import EXITS
from dimsetools.docgen.manual import command_page, main_page
from dimsetools.docgen.tree import Command
from dimsetools.errors import ExitCode
from tests.peers.process import required


def _shown(page: str) -> str:
    """Return what a reader sees; groff has nothing to complain of."""
    command = [required("groff"), "-ww", "-man", "-Tutf8", "-P-cbou", "-rLL=200n"]
    done = subprocess.run(command, input=page, capture_output=True, text=True, check=True, timeout=30)
    assert done.stderr == ""
    return done.stdout


def test_a_commands_page_has_all_sections_in_order(commands: tuple[Command, ...]) -> None:
    text = _shown(command_page(commands[0]))
    titles = [
        line for line in text.splitlines() if line and line == line.upper() and not line.startswith(" ")
    ]
    assert [title for title in titles if "(" not in title] == [
        "NAME", "SYNOPSIS", "DESCRIPTION", "ARGUMENTS", "OPTIONS", "EXIT STATUS", "EXAMPLES", "FILES",
        "ENVIRONMENT", "SEE ALSO",
    ]  # fmt: skip


def test_a_commands_page_says_what_its_help_says(commands: tuple[Command, ...]) -> None:
    text = _shown(command_page(commands[0]))
    assert "dimse-send - Send files" in text
    assert "dimse send [OPTION...] PEER [PATHS...]" in text
    assert "Send it's [files]: 100\\% of them." in text
    assert "A note for the page." in text
    assert "Sends a file:" in text
    assert ".first -- line\n" in text
    assert "-r, --report FILE" in text
    assert "A report, in `X'." in text
    assert "--level low|high" in text
    assert "-h, --help" in text
    assert "--max-pdu BYTES" in text
    assert "dimse send pacs 'a b'" in text


def test_a_page_has_a_section_for_each_verb_and_what_they_share_once(commands: tuple[Command, ...]) -> None:
    text = _shown(command_page(commands[4]))
    titles = [line for line in text.splitlines() if line.isupper() and line[0] != " " and "(" not in line]
    assert titles == [
        "NAME", "SYNOPSIS", "DESCRIPTION", "DIMSE STEP SEND", "DIMSE STEP STOP", "OPTIONS OF ALL VERBS",
        "EXIT STATUS", "EXAMPLES", "FILES", "ENVIRONMENT", "SEE ALSO",
    ]  # fmt: skip
    assert "       dimse step send [OPTION...] PEER KIND\n       dimse step stop [OPTION...] PEER\n" in text
    assert "A note for both verbs." in text
    assert text.count("--foot bare|shod") == 1
    assert text.count("--max-pdu BYTES") == 1
    assert "dimse step send pacs left" in text
    assert "dimse step send|stop" in _shown(main_page(commands))


def test_what_may_be_left_out_stands_in_brackets(commands: tuple[Command, ...]) -> None:
    assert "dimse listen [OPTION...] [FOLDER]" in _shown(command_page(commands[1]))
    assert "dimse ask [OPTION...] [PEER...]" in _shown(command_page(commands[2]))
    assert "dimse plain [OPTION...] [WHO] [WHAT...]" in _shown(command_page(commands[3]))


def test_every_exit_status_is_explained_and_stands_in_the_help_in_brief(
    commands: tuple[Command, ...],
) -> None:
    assert [int(code) for code, _, _ in EXITS] == [int(code) for code in ExitCode]
    text = _shown(command_page(commands[3]))
    for code in ExitCode:
        assert f"\n       {int(code)} " in text


def test_the_main_page_names_commands_peers_and_foreign_options(commands: tuple[Command, ...]) -> None:
    text = _shown(main_page(commands))
    for expected in (
        "dimse send",
        "dimse-listen(1)",
        "AET@HOST:PORT",
        "DIMSE_NODE_NAME",
        "-aet, --aetitle",
        "[::1]:104",
    ):
        assert expected in text
    assert "--tls --tls-key KEY --tls-cert CERTIFICATE" in text
    assert "critical: -q; error, warn: nothing; info: -v" in text


def test_the_configurations_page_has_every_word_and_variable() -> None:
    text = _shown(configuration_page())
    for word in WORDS:
        assert f"       {word.rpartition('.')[2]} (" in text
    for variable in VARIABLES:
        assert f" {variable}\n" in text or f" {variable} " in text


def test_the_configurations_example_is_read_as_it_says(tmp_path: Path) -> None:
    path = tmp_path / "dimse.toml"
    path.write_text(EXAMPLE)
    read = read_file(str(path))
    assert set(read.layer.nodes) == {"pacs", "ct_1"}
    assert set(read.profiles) == {"test"}
