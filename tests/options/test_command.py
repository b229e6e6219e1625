from __future__ import annotations

from inspect import signature
from typing import Any

import click
import pytest
from click.testing import CliRunner

from dimsetools.options import ACCEPTOR, REQUESTOR, NetworkCommand, PeerArgument, Session
from dimsetools.options.command import groups_without
from dimsetools.options.group import Group
from dimsetools.options.output import FORMATS
from tests.options.conftest import Run

PROMISED = [
    "--aet",
    "--aec",
    "--bind",
    "--connect-timeout",
    "--acse-timeout",
    "--dimse-timeout",
    "--idle-timeout",
    "--total-timeout",
    "--max-pdu",
    "--async",
    "--priority",
    "--ts",
    "--role",
    "--ext",
    "--tls",
    "--tls-ca",
    "--tls-cert",
    "--tls-key",
    "--tls-key-password-file",
    "--tls-profile",
    "--tls-server-name",
    "--tls-insecure",
    "--user",
    "--password-file",
    "--identity-token-file",
    "--identity-type",
    "--identity-response",
    "--allow-cleartext-auth",
    "--format",
    "--json",
    "-q",
    "-v",
    "-d",
    "--log-json",
    "--trace",
    "--trace-phi",
    "--color",
    "--stats",
    "--repeat",
    "--interval",
    "--abort",
    "--dry-run",
    "--strict",
    "--profile",
    "--help",
    "-h",
]


def _command(**declared: Any) -> NetworkCommand:
    params = [PeerArgument(), click.Option(["--own"], help="Only here.")]
    return NetworkCommand(
        "probe", callback=lambda session, **_: 0, help="Probe it.", params=params, **declared
    )


def test_help_shows_every_promised_option_under_its_heading() -> None:
    text = CliRunner().invoke(_command(examples=[("dimse probe PACS", "probes it")]), ["-h"]).output
    for word in PROMISED:
        assert f" {word} " in text.replace(",", " "), word
    titles = [line for line in text.splitlines() if line.endswith(":") and not line.startswith(" ")]
    assert titles[:3] == ["Arguments:", "Options:", "Addressing:"]
    assert [title.split()[0].rstrip(":") for title in titles[3:]] == [
        "Time-outs", "Negotiation", "TLS", "User", "Operation", "Output", "Examples",
    ]  # fmt: skip
    assert text.index("--own") < text.index("--aet")
    assert "  dimse probe PACS\n" in text


def test_an_option_without_use_is_not_there() -> None:
    command = _command(without=("priority", "repeat", "interval"))
    text = CliRunner().invoke(command, ["--help"]).output
    assert "--priority" not in text
    assert "--repeat" not in text
    result = CliRunner().invoke(command, ["h:1", "--priority", "high"])
    assert result.exit_code == 2


def test_a_name_that_no_group_has_is_a_mistake_of_the_command() -> None:
    with pytest.raises(AssertionError, match="repaet"):
        groups_without(REQUESTOR, "repaet")


@pytest.mark.parametrize("group", [*REQUESTOR, *ACCEPTOR], ids=lambda group: group.title)
def test_each_option_has_a_field_with_a_default(group: Group) -> None:
    assert {option.name for option in group.options} <= signature(group.values).parameters.keys()
    group.values()


@pytest.mark.parametrize("group", [*REQUESTOR, *ACCEPTOR], ids=lambda group: group.title)
def test_an_option_that_is_not_given_has_its_fields_default(group: Group) -> None:
    seen: list[Session] = []

    def callback(session: Session) -> int:
        seen.append(session)
        return 0

    command = NetworkCommand("x", callback=callback, help="X.", groups=(group,))
    assert CliRunner().invoke(command, []).exit_code == 0
    assert seen[0].values(group.values) == group.values()


def test_every_option_says_what_it_is_for() -> None:
    for group in (*REQUESTOR, *ACCEPTOR):
        for option in group.options:
            assert option.help, option.name
            assert option.help.endswith("."), option.name


def test_the_callback_gets_the_session_and_its_own_parameters_only(run: Run) -> None:
    assert set(run("h:1").params) == {"peer", "paths", "key", "include", "report", "never_transcode"}


def test_the_formats_are_those_that_can_be_printed() -> None:
    from dimsetools.render import FORMATS as PRINTED

    assert set(FORMATS) == set(PRINTED)


def test_names_that_stand_twice_are_the_same() -> None:
    from dimsetools.config.words import IDENTITY_TYPES, TLS_PROFILES
    from dimsetools.options import identity, tls

    assert tls._PROFILES == TLS_PROFILES
    assert tuple(IDENTITY_TYPES) == identity._TYPES


def test_values_of_negotiation_are_resolved(run: Run) -> None:
    words = [
        "h:1",
        "--ts",
        "explicit-le,implicit-le",
        "--ts",
        "explicit-le",
        "--priority",
        "high",
        "--async",
        "8",
    ]
    roles = ["--role", "CTImageStorage=both", "--ext", "1.2.840.10008.5.1.4.1.1.2=0102"]
    negotiation = run(*words, *roles).session.negotiation
    assert negotiation.transfer_syntaxes == ("1.2.840.10008.1.2.1", "1.2.840.10008.1.2")
    assert (negotiation.priority, negotiation.async_ops) == (1, 8)
    assert negotiation.roles == (("1.2.840.10008.5.1.4.1.1.2", True, True),)
    assert negotiation.extended == (("1.2.840.10008.5.1.4.1.1.2", b"\x01\x02"),)


@pytest.mark.parametrize(
    ("option", "text", "reason"),
    [
        ("--role", "CTImageStorage", "must be CLASS=scu"),
        ("--role", "CTImageStorage=x", "must end in =scu"),
        ("--role", "CTImageStorag=scu", "names no SOP class"),
        ("--ext", "CTImageStorage=xyz", "hexadecimal"),
        ("--format", "yaml", "'yaml'"),
        ("--fields", "A,,B", "commas between"),
        ("--stats", "never", "is no time"),
    ],
)
def test_a_wrong_value_names_its_option(run: Run, option: str, text: str, reason: str) -> None:
    with pytest.raises(click.BadParameter, match=reason) as caught:
        run("h:1", option, text)
    assert option in caught.value.format_message()
