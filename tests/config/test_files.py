from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from dimsetools.config import load
from dimsetools.errors import ConfigError

Write = Callable[[str], None]

NODE = '[nodes.pacs]\naddress = "PACS@host:104"\n'


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("[node.pacs]\n", "unknown table or key node", "did you mean nodes?"),
        ("[settings]\n", "unknown table or key settings", "[nodes.NAME]"),
        ("[profiles.x.nods]\n", "unknown table or key profiles.x.nods", "did you mean nodes?"),
        ("[profiles.x.profiles]\n", "unknown table or key profiles.x.profiles", ""),
        (
            NODE + "conect_timeout = 1\n",
            r"\[nodes.pacs\] conect_timeout: unknown key",
            "did you mean connect_timeout",
        ),
        (NODE + "tls = { cafile = 'x' }\n", r"\[nodes.pacs\] tls.cafile: unknown key", "tls.ca"),
        (NODE + "[defaults]\nfoo = 1\n", r"\[defaults\] foo: unknown key", "known: "),
        (NODE + "max_pdu = '16384'\n", r"max_pdu must be a whole number", ""),
        (NODE + "max_pdu = true\n", r"max_pdu must be a whole number", ""),
        (NODE + "max_pdu = 5\n", r"max_pdu must be 0 \(no limit\) or", ""),
        (NODE + "acse_timeout = -1\n", r"acse_timeout must be 0", ""),
        (NODE + "acse_timeout = nan\n", r"acse_timeout must be 0", ""),
        (NODE + "acse_timeout = '1'\n", r"acse_timeout must be a number", ""),
        (NODE + "transcode = 1\n", r"transcode must be true or false", ""),
        (NODE + "retrieve = 'pull'\n", r"retrieve must be one of get, move", ""),
        (NODE + "quirks = [1]\n", r"quirks must be a list of strings", ""),
        (NODE + "tls = 'yes'\n", r"tls.enabled must be true or false", ""),
        (NODE + "charset = 'latin1'\n", r"charset is no Specific Character Set", ""),
        (NODE + "tls = { profile = 'none' }\n", r"tls.profile must be one of bcp195", ""),
        (NODE + "identity = 'me'\n", r"\[nodes.pacs\] identity: unknown key", ""),
        (
            NODE + "identity = { password = 'x' }\n",
            "identity.password: a secret does not belong",
            "password_file",
        ),
        (NODE + "tls = { key_password = 'x' }\n", "tls.key_password: a secret", "key_password_file"),
        (NODE + "identity = { password_file = 'x', password_env = 'Y' }\n", "password_env: contradicts", ""),
        (NODE + "host = 'other'\n", "host: contradicts .*address", ""),
        (NODE + "aet = 'OTHER'\n", "aet: contradicts .*address", ""),
        ("[nodes.a]\naddress = 'host'\n", r"\[nodes.a\] address has no port", ""),
        ("[nodes.a]\naet = 'TITLE-OF-17-CHARS'\n", "aet has 17 characters", ""),
        ("[nodes.a]\nport = 0\n", "port is no port number", ""),
        ("[nodes.104]\n", "'104' cannot name a node", "would be a port"),
        ("[nodes.'a b']\n", "'a b' cannot name a node", ""),
        ("[nodes.a-b]\n[nodes.A_B]\n", "are the same name", ""),
        ("[nodes]\npacs = 'PACS@host:104'\n", "nodes.pacs must be a table", ""),
        ("nodes = 1\n", "nodes must be a table", ""),
        ("[defaults]\nhost = 'h'\n", r"\[defaults\] host: belongs to a node", ""),
        ("[nodes.a\n", "is not TOML", ""),
    ],
)
def test_each_wrong_word_is_named_with_its_file_and_place(
    local: Write, text: str, message: str, hint: str
) -> None:
    local(text)
    with pytest.raises(ConfigError, match=message) as caught:
        load()
    assert "dimse.toml" in caught.value.message
    assert hint in caught.value.hint


def test_every_word_can_be_set(local: Write, bare: Path) -> None:
    local(
        NODE
        + """
local_aet = "ME"
connect_timeout = 1
acse_timeout = 2.5
dimse_timeout = 0
idle_timeout = 4
max_pdu = 0
max_associations = 3
async_ops = 5
transcode = false
retrieve = "move"
charset = "ISO_IR 192"
quirks = ["one", "two"]
tls = { ca = "ca.pem", profile = "rfc8996", server_name = "pacs", verify = false }
identity = { user = "me", response = true }
"""
    )
    (bare / "work" / "ca.pem").write_text("")
    node = load().node("pacs")
    target = node.target()
    assert tuple(target.timeouts) == (1, 2.5, None, 4, None)
    assert (target.max_pdu, target.async_window, target.calling_aet) == (0, 5, "ME")
    assert (node.max_associations, node.transcode, node.text("retrieve")) == (3, False, "move")
    assert (node.charset, node.settings["quirks"].value) == (("ISO_IR 192",), ("one", "two"))
    assert target.tls is not None
    assert (target.tls.ca_file, target.tls.profile) == (str(bare / "work" / "ca.pem"), "rfc8996")
    assert (target.tls.server_name, target.tls.verify) == ("pacs", False)
    assert target.identity is not None
    assert (target.identity.kind, target.identity.primary, target.identity.response_requested) == (
        1,
        b"me",
        True,
    )


def test_paths_are_relative_to_their_file(user: Write, bare: Path) -> None:
    user(NODE + 'tls = { ca = "ca.pem" }\n')
    (bare / "home" / "dimse" / "ca.pem").write_text("")
    tls = load().node("pacs").target().tls
    assert tls is not None
    assert tls.ca_file == str(bare / "home" / "dimse" / "ca.pem")


def test_a_named_file_must_be_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIMSE_CONFIG", "missing.toml")
    with pytest.raises(ConfigError, match=r"DIMSE_CONFIG: there is no file missing\.toml"):
        load()


def test_a_folder_in_the_place_of_a_file_is_named(bare: Path) -> None:
    (bare / "work" / "dimse.toml").mkdir()
    with pytest.raises(ConfigError, match=r"cannot read the configuration dimse\.toml"):
        load()


def test_bytes_that_are_not_text_are_not_toml(bare: Path) -> None:
    (bare / "work" / "dimse.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="is not TOML"):
        load()


@pytest.mark.parametrize(("words", "on"), [("tls = true", True), ("tls = false", False), ("tls = {}", True)])
def test_tls_has_a_short_form(local: Write, words: str, on: bool) -> None:
    local(NODE + words + "\n")
    assert (load().node("pacs").target().tls is not None) is on
