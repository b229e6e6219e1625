from __future__ import annotations

import pytest

from dimsetools.config import load
from dimsetools.config.variables import read_variables
from dimsetools.errors import ConfigError


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("DIMSE_NODE_PACS", "host", "DIMSE_NODE_PACS=host has no port"),
        ("DIMSE_NODE_1", "host:104", "'1' cannot name a node"),
        ("DIMSE_MAX_PDU", "big", "DIMSE_MAX_PDU=big must be a whole number"),
        ("DIMSE_ACSE_TIMEOUT", "-1", "DIMSE_ACSE_TIMEOUT=-1 must be 0"),
        ("DIMSE_TRANSCODE", "maybe", "must be true or false"),
        ("DIMSE_LOCAL_AET", "A\\B", "backslash"),
    ],
)
def test_a_wrong_variable_is_named(name: str, text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_variables({name: text})
    assert message in caught.value.message


def test_a_misspelt_variable_is_named() -> None:
    with pytest.raises(ConfigError, match="DIMSE_CONECT_TIMEOUT") as caught:
        read_variables({"DIMSE_CONECT_TIMEOUT": "3"})
    assert caught.value.hint == "did you mean DIMSE_CONNECT_TIMEOUT?"


def test_variables_of_others_are_left_alone() -> None:
    kubernetes = {
        "DIMSE_SERVICE_HOST": "10.0.0.1",
        "DIMSE_PORT": "tcp://10.0.0.1:104",
        "DIMSE_PORT_104_TCP": "x",
    }
    layer = read_variables(kubernetes)
    assert (layer.nodes, layer.defaults) == ({}, {})


def test_words_of_every_type_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in {
        "DIMSE_MAX_PDU": "16384",
        "DIMSE_DIMSE_TIMEOUT": "2.5",
        "DIMSE_TLS_ENABLED": "yes",
        "DIMSE_TLS_VERIFY": "false",
        "DIMSE_QUIRKS": "a, b",
        "DIMSE_LOCAL_AET": "ME",
    }.items():
        monkeypatch.setenv(name, text)
    node = load().node("host:104")
    target = node.target()
    assert (target.max_pdu, target.timeouts.dimse, target.calling_aet) == (16384, 2.5, "ME")
    assert node.settings["quirks"].value == ("a", "b")
    assert target.tls is not None
    assert not target.tls.verify
