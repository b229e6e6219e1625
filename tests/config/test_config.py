from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from dimsetools.config import Config, Setting, load
from dimsetools.errors import ConfigError, ExitCode, UsageError

Write = Callable[[str], None]

PACS = '[nodes.pacs]\naddress = "PACS@host:104"\n'


def test_a_peer_without_any_configuration_has_the_built_in_values() -> None:
    node = load().node("host:104")
    target = node.target()
    assert (target.host, target.port) == ("host", 104)
    assert (target.called_aet, target.calling_aet) == ("ANY-SCP", "DIMSE")
    assert tuple(target.timeouts) == (10.0, 30.0, 60.0, 60.0, None)
    assert (target.max_pdu, target.async_window, target.tls, target.identity) == (131072, 1, None, None)


def test_a_node_is_called_by_its_name_whatever_the_case(local: Write) -> None:
    local(PACS)
    assert load().node("PACS").target().called_aet == "PACS"


def test_the_command_line_comes_before_all(local: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    local(PACS + "acse_timeout = 1\n[defaults]\nacse_timeout = 2\n")
    assert load().node("pacs").target().timeouts.acse == 1
    assert load().node("host:1").target().timeouts.acse == 2
    monkeypatch.setenv("DIMSE_ACSE_TIMEOUT", "3")
    assert load().node("pacs").target().timeouts.acse == 3
    typed = {"acse_timeout": Setting(4.0, "--acse-timeout")}
    assert load().node("pacs", typed).target().timeouts.acse == 4


def test_of_several_files_the_first_that_sets_a_word_wins(
    local: Write, user: Write, system: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    system('[nodes.pacs]\naddress = "SYS@sys:1"\nlocal_aet = "SYS"\nmax_pdu = 5000\nacse_timeout = 9\n')
    user('[nodes.pacs]\nlocal_aet = "USER"\nmax_pdu = 6000\n')
    local("[nodes.pacs]\nmax_pdu = 7000\n")
    target = load().node("pacs").target()
    assert (target.called_aet, target.calling_aet, target.max_pdu, target.timeouts.acse) == (
        "SYS",
        "USER",
        7000,
        9,
    )
    (tmp_path / "other.toml").write_text("[nodes.pacs]\nmax_pdu = 8000\n")
    monkeypatch.setenv("DIMSE_CONFIG", str(tmp_path / "other.toml"))
    assert load().node("pacs").target().max_pdu == 8000


def test_a_node_comes_before_the_defaults_of_any_file(local: Write, system: Write) -> None:
    local("[defaults]\nmax_pdu = 4000\n")
    system(PACS + "max_pdu = 5000\n")
    assert load().node("pacs").target().max_pdu == 5000


def test_a_profile_lies_on_top(local: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    local(
        PACS
        + 'max_pdu = 5000\n[profiles.test.nodes.pacs]\naddress = "TEST@localhost:4242"\n'
        + '[profiles.test.defaults]\nlocal_aet = "TESTER"\n'
    )
    assert str(load().node("pacs").target()) == "PACS@host:104"
    target = load("test").node("pacs").target()
    assert (str(target), target.calling_aet, target.max_pdu) == ("TEST@localhost:4242", "TESTER", 5000)
    monkeypatch.setenv("DIMSE_PROFILE", "test")
    assert load().node("pacs").target().calling_aet == "TESTER"


def test_an_unknown_profile_is_named_with_what_is_close(local: Write) -> None:
    local('[profiles.test.defaults]\nlocal_aet = "T"\n')
    with pytest.raises(ConfigError, match="'tset'") as caught:
        load("tset")
    assert caught.value.hint == "did you mean test?"


def test_a_variable_defines_a_node(local: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIMSE_NODE_MAIN_PACS", "PACS@host:104")
    assert str(load().node("main-pacs").target()) == "PACS@host:104"
    local('[nodes.main-pacs]\naddress = "OLD@old:1"\nmax_pdu = 5000\n')
    target = load().node("MAIN_PACS").target()
    assert (str(target), target.max_pdu) == ("PACS@host:104", 5000)
    assert load().names == ["MAIN_PACS"]


def test_names_are_sorted(local: Write) -> None:
    local('[nodes.b]\naddress = "h:1"\n[nodes.C]\naddress = "h:2"\n[nodes.a]\naddress = "h:3"\n')
    assert load().names == ["a", "b", "C"]


@pytest.mark.parametrize(
    ("peer", "message", "hint"),
    [
        ("pasc", "no node is named 'pasc'", "did you mean pacs?"),
        ("zzzzzz", "no node is named", "configured: pacs"),
        ("host:99999", "1 to 65535", "AET@host:port"),
    ],
)
def test_a_wrong_peer_gets_a_hint(local: Write, peer: str, message: str, hint: str) -> None:
    local(PACS)
    with pytest.raises(UsageError, match=message) as caught:
        load().node(peer)
    assert hint in caught.value.hint
    assert caught.value.exit_code is ExitCode.USAGE


def test_a_node_without_a_place_is_an_error(local: Write) -> None:
    local('[nodes.pacs]\naet = "PACS"\nhost = "h"\n')
    with pytest.raises(ConfigError, match=r"node pacs has no port .*dimse\.toml"):
        load().node("pacs")


def test_what_holds_without_a_peer(local: Write) -> None:
    local("[defaults]\nmax_pdu = 4000\n")
    assert load().everywhere()["max_pdu"].value == 4000


def test_config_without_layers_knows_no_node() -> None:
    assert isinstance(load(), Config)
    assert load().names == []
