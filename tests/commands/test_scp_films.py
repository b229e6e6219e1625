"""`dimse scp --films`: the node as a printer, as a user has it."""

from __future__ import annotations

import importlib.util
import json
import signal
from pathlib import Path

import pytest

from dimsetools import cli
from dimsetools.archive.ledger import Ledger
from dimsetools.dataset.normalized import PRINT_GRAYSCALE
from dimsetools.scp.printing.press import KIND
from tests.conftest import Peers
from tests.peers import dimse, pynet
from tests.peers.process import Peer, stop
from tests.scp.printing.jobs import (
    FILM,
    GRAY,
    USUAL,
    VALUES,
    Scu,
    boxes,
    gray_item,
    image,
    image_files,
    middles,
    printed,
    usual_layout,
)


def one_film(node: Peer, value: int = 120) -> None:
    """Print a film with one image."""
    ae = pynet.application_entity("CAMERA")
    for name in USUAL:
        ae.add_requested_context(name)
    association = pynet.steady(ae.associate(node.host, node.port))
    assert association.is_established
    try:
        peer = Scu(association, PRINT_GRAYSCALE)
        film, answer = peer.film(peer.session())
        assert peer.set(GRAY, boxes(answer)[0], image(gray_item(value)))[0] == 0
        assert peer.act(FILM, film)[0] == 0
    finally:
        association.release()
        ae.shutdown()


def test_films_lie_in_their_folder_and_are_told_of(peers: Peers, tmp_path: Path) -> None:
    films = tmp_path / "films"
    films.mkdir()
    node = peers.dimse_scp("--films", films)
    one_film(node)
    assert stop(node.process) == 0
    (path,) = printed(films)
    assert middles(path, usual_layout("STANDARD\\1,1")) == [120]
    assert f"CAMERA  printed {path.name} {path.with_suffix('.pdf').name}  1 of 1 image boxes" in node.output


def test_our_own_client_prints_on_our_own_printer(peers: Peers, tmp_path: Path) -> None:
    films = tmp_path / "films"
    films.mkdir()
    node = peers.dimse_scp("--films", films)
    options = (
        "--film",
        "2x2",
        "--size",
        "8INX10IN",
        "--border",
        "WHITE",
        "--window",
        "128,256",
        "--wait",
        "20",
    )
    done = dimse.run("print", node.address, *image_files(tmp_path), *options, "--json")
    assert done.returncode == 0, done.stderr
    (path,) = printed(films)
    assert middles(path, usual_layout("STANDARD\\2,2")) == pytest.approx(VALUES, abs=1)
    states = [record["_state"] for record in dimse.rows(done) if record["_event"] == "job"]
    assert states == ["PENDING", "PRINTING", "DONE"]


def test_the_log_has_records_for_programs(peers: Peers, tmp_path: Path) -> None:
    films = tmp_path / "films"
    films.mkdir()
    node = peers.dimse_scp("--films", films, "--log-json")
    one_film(node)
    assert stop(node.process) == 0
    records = [json.loads(line) for line in node.output.splitlines() if line.startswith("{")]
    (record,) = [record for record in records if record["_event"] == "film-printed"]
    assert record["_files"] == [path.name for path in (*printed(films), *printed(films, "pdf"))]


def test_what_was_acknowledged_outlives_a_kill(peers: Peers, tmp_path: Path) -> None:
    films = tmp_path / "films"
    films.mkdir()
    node = peers.dimse_scp("--films", films, "--durability", "full")
    for value in (60, 180):
        one_film(node, value)
    node.process.send_signal(signal.SIGKILL)
    node.process.wait()
    where = usual_layout("STANDARD\\1,1")
    assert [middles(path, where) for path in printed(films)] == [[60], [180]]
    with Ledger(str(node.folder)) as ledger:
        kept = [entry.more["films"][0]["files"][0] for entry in ledger.entries(KIND)]
    assert kept == [path.name for path in printed(films)]


def test_without_films_the_node_is_no_printer(peers: Peers) -> None:
    node = peers.dimse_scp()
    ae = pynet.application_entity("CAMERA")
    ae.add_requested_context(PRINT_GRAYSCALE)
    association = ae.associate(node.host, node.port)
    assert not association.is_established
    ae.shutdown()


@pytest.mark.parametrize("option", ["--no-index", "--ignore"])
def test_films_need_what_remembers_them(tmp_path: Path, option: str) -> None:
    done = dimse.run("scp", tmp_path, "--port", 0, "--films", tmp_path, option)
    assert done.returncode == 2
    assert f"--films needs an index, and {option} leaves it out" in done.stderr


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    done = dimse.run("scp", tmp_path, "--port", 0, "--films", tmp_path / "missing")
    assert done.returncode == 40, done.stderr
    assert "missing" in done.stderr


@pytest.mark.parametrize("missing", ["numpy", "PIL"])
def test_without_the_libraries_a_printer_is_refused_and_told_how(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], missing: str
) -> None:
    found = importlib.util.find_spec

    def find_spec(name: str, package: str | None = None) -> object:
        return None if name == missing else found(name, package)

    monkeypatch.setattr(importlib.util, "find_spec", find_spec)
    assert cli.main(["scp", str(tmp_path), "--port", "0", "--films", str(tmp_path)]) != 0
    assert "dimsetools[print]" in capsys.readouterr().err
