from __future__ import annotations

from pathlib import Path

import pytest

from dimsetools.config import load
from dimsetools.errors import ConfigError, UsageError
from dimsetools.scp.destinations import Destinations

CONFIG = """
[nodes.pacs]
address = "PACS@10.0.0.1:104"
transcode = false
local_aet = "US"
[nodes.viewer]
address = "VIEWER@10.0.0.2:11112"
[nodes.untitled]
host = "10.0.0.3"
port = 104
[nodes.locked]
address = "LOCKED@10.0.0.4:104"
tls = { ca = "/nonexistent/ca.pem" }
"""


def known(tmp_path: Path, *named: str) -> Destinations:
    file = tmp_path / "dimse.toml"
    file.write_text(CONFIG)
    return Destinations(load(environ={"DIMSE_CONFIG": str(file)}), named)


def test_nodes_of_the_configuration_are_destinations_by_title(tmp_path: Path) -> None:
    destinations = known(tmp_path)
    pacs, viewer = destinations.find("PACS", "ARCHIVE"), destinations.find("VIEWER", "ARCHIVE")
    assert pacs is not None
    assert (str(pacs.target), pacs.target.calling_aet, pacs.convert) == ("PACS@10.0.0.1:104", "US", False)
    assert viewer is not None
    assert (viewer.target.calling_aet, viewer.convert) == ("ARCHIVE", True)
    for unknown in ("pacs", "viewer", "ANY-SCP", "untitled", ""):
        assert destinations.find(unknown, "ARCHIVE") is None
        assert unknown not in destinations
    assert "PACS" in destinations


def test_nodes_of_the_command_line_come_first(tmp_path: Path) -> None:
    destinations = known(tmp_path, "PACS@127.0.0.1:1", "NEW@localhost:2", "viewer")
    found = [destinations.find(aet, "ARCHIVE") for aet in ("PACS", "NEW", "VIEWER")]
    assert [str(one.target) for one in found if one] == [
        "PACS@127.0.0.1:1",
        "NEW@localhost:2",
        "VIEWER@10.0.0.2:11112",
    ]


@pytest.mark.parametrize("text", ["untitled", "localhost:104", "nobody", "A@b"])
def test_a_destination_needs_a_title_and_an_address(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError):
        known(tmp_path, text)


def test_what_a_destination_lacks_is_found_when_it_is_asked_for(tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        known(tmp_path).find("LOCKED", "ARCHIVE")
