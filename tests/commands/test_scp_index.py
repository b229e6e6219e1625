"""The index of `dimse scp`: what happens to it, and what is done about it."""

from __future__ import annotations

import json
import signal
import threading
from pathlib import Path

import pytest

from tests.commands.node import associate, received, store
from tests.conftest import Peers
from tests.corpus import ROOT, make_dataset, make_folder
from tests.peers import dcmtk, dimse
from tests.peers.process import LOOPBACK, Peer, stop
from tests.scp.asking import FIND, answers, associated, identifier, request, status, values
from tests.scripted import wire
from tests.scripted.conversation import ScriptError
from tests.scripted.peers import scripted_client

INDEX = ".dimse-index*"


def started_once(folder: Path) -> None:
    done = dimse.run("scp", folder, "--port", 0, "--timeout", "10ms")
    assert done.returncode == 0, done.stderr


def filled(peers: Peers, folder: Path, count: int = 3) -> Peer:
    """A node that has ended in order, with objects in its folder."""
    make_folder(folder / "objects", count)
    node = peers.dimse_scp()
    assert dimse.run("store", node.address, folder / "objects").returncode == 0
    assert stop(node.process) == 0
    return node


def images(port: int) -> list[str]:
    """SOP instance UIDs of the series that all test objects are in, as the node finds them."""
    asked = {"StudyInstanceUID": f"{ROOT}.1.0", "SeriesInstanceUID": f"{ROOT}.2.0", "SOPInstanceUID": None}
    with associated(port) as talk:
        talk.send(request(FIND, identifier("IMAGE", **asked)))
        *matches, final = answers(talk)
    assert status(final) == 0
    return sorted(str(values(match)["SOPInstanceUID"]) for match in matches)


# -- options ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--reindex", "--check"], "give one of them"),
        (["--reindex", "--no-index"], "--no-index leaves it out"),
        (["--check", "--ignore"], "--ignore leaves it out"),
        (["--dest", "A@localhost:1", "--no-index"], "--dest needs an index"),
        (["--dest", "localhost:104"], "no AE title"),
        (["--dest", "nobody"], "nobody"),
        (["--worklist", "/nonexistent"], "/nonexistent"),
    ],
)
def test_what_cannot_work_is_said_before_listening(tmp_path: Path, options: list[str], said: str) -> None:
    done = dimse.run("scp", tmp_path, "--port", 0, "--timeout", "1", *options)
    assert done.returncode in (2, 20), done.stderr
    assert said in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize("option", ["--no-index", "--ignore"])
def test_a_plain_receiver_offers_no_queries(peers: Peers, option: str) -> None:
    node = peers.dimse_scp(option)
    refused = dcmtk.client("findscu", "-S", "-k", "0008,0052=STUDY", LOOPBACK, node.port)
    assert "No Acceptable Presentation Contexts" in refused.stderr
    assert list(node.folder.glob(INDEX)) == []


def test_a_worklist_without_an_index(peers: Peers, tmp_path: Path) -> None:
    (tmp_path / "items").mkdir()
    node = peers.dimse_scp("--no-index", "--worklist", tmp_path / "items")
    done = dcmtk.client("findscu", "-W", "-k", "0010,0010", LOOPBACK, node.port)
    assert "Received Final Find Response (Success)" in done.stderr


# -- lost and found -----------------------------------------------------------------------------------


def test_what_was_stored_is_found_after_a_restart(peers: Peers, tmp_path: Path) -> None:
    node = filled(peers, tmp_path)
    with dimse.dimse_scp(node.folder.parent) as again:
        assert len(images(again.port)) == 3


def test_a_lost_index_is_rebuilt_on_demand_only(peers: Peers, tmp_path: Path) -> None:
    node = filled(peers, tmp_path)
    for path in node.folder.glob(INDEX):
        path.unlink()
    refused = dimse.run("scp", node.folder, "--port", 0, "--timeout", "1")
    assert refused.returncode == 40
    assert "--reindex" in refused.stderr
    rebuilt = dimse.run("scp", node.folder, "--reindex", "--json")
    assert rebuilt.returncode == 0, rebuilt.stderr
    assert json.loads(rebuilt.stdout)["_objects"] == 3
    with dimse.dimse_scp(node.folder.parent) as again:
        assert len(images(again.port)) == 3


def test_a_damaged_index_is_no_reason_to_guess(peers: Peers, tmp_path: Path) -> None:
    node = filled(peers, tmp_path)
    (index,) = (path for path in node.folder.glob(INDEX) if path.suffix == ".sqlite3")
    index.write_bytes(b"no database" * 1000)
    refused = dimse.run("scp", node.folder, "--port", 0, "--timeout", "1")
    assert refused.returncode == 40
    assert "--reindex" in refused.stderr
    assert dimse.run("scp", node.folder, "--reindex").returncode == 0
    started_once(node.folder)


def test_one_node_at_a_time_has_an_index(peers: Peers) -> None:
    node = peers.dimse_scp()
    refused = dimse.run("scp", node.folder, "--port", 0, "--timeout", "1")
    assert refused.returncode == 40
    assert "in use" in refused.stderr
    started = dimse.run("scp", node.folder, "--port", 0, "--timeout", "10ms", "--no-index")
    assert started.returncode == 0


def test_differences_between_index_and_files_are_listed(peers: Peers, tmp_path: Path) -> None:
    node = filled(peers, tmp_path)
    same = dimse.run("scp", node.folder, "--check", "--json")
    assert (same.returncode, json.loads(same.stdout)["_differences"]) == (0, 0)
    gone, moved, _ = sorted(node.folder.glob("*.dcm"))
    gone.unlink()
    data = moved.read_bytes().replace(moved.stem.encode(), moved.stem[:-1].encode() + b"9")
    (node.folder / "new.dcm").write_bytes(data)
    found = dimse.run("scp", node.folder, "--check", "--json")
    assert found.returncode == 3
    *differences, summary = map(json.loads, found.stdout.splitlines())
    assert {(one["_event"], one["_path"]) for one in differences} == {
        ("row-without-file", gone.name),
        ("file-without-row", "new.dcm"),
    }
    assert summary["_differences"] == 2


# -- crash and contention -----------------------------------------------------------------------------


def test_what_was_acknowledged_is_found_after_a_kill(peers: Peers) -> None:
    node = peers.dimse_scp("--durability", "full")
    acknowledged: set[str] = set()
    enough = threading.Event()

    def send(sender: int) -> None:
        try:
            with scripted_client(node.port) as talk:
                associate(talk)
                for number in range(10_000):
                    uid = f"1.2.{sender}.{number}"
                    if store(talk, uid, make_dataset(0, instance=uid), number + 1) != 0:
                        return
                    acknowledged.add(uid)
                    if len(acknowledged) >= 60:
                        enough.set()
        except (ScriptError, OSError):
            return  # it was killed

    threads = [threading.Thread(target=send, args=(sender,)) for sender in range(4)]
    for thread in threads:
        thread.start()
    assert enough.wait(30)
    node.process.send_signal(signal.SIGKILL)
    node.process.wait(20)
    for thread in threads:
        thread.join(20)
    with dimse.dimse_scp(node.folder.parent) as again:
        assert acknowledged <= set(images(again.port))
    assert dimse.run("scp", node.folder, "--check").returncode == 0


def test_two_writers_of_one_instance_leave_one_row_and_one_whole_file(peers: Peers) -> None:
    node = peers.dimse_scp()
    contents = [make_dataset(0, size=size, instance="1.2.3") for size in (40_000, 60_000)]
    statuses: list[int] = []

    def send(data: bytes) -> None:
        with scripted_client(node.port) as talk:
            associate(talk)
            statuses.extend(store(talk, "1.2.3", data, number + 1) for number in range(40))

    threads = [threading.Thread(target=send, args=(data,)) for data in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert statuses == [0] * 80
    assert images(node.port) == ["1.2.3"]
    (kept,) = node.folder.glob("*.dcm")
    assert received(kept) in contents
    with associated(node.port) as talk:
        talk.send(wire.release_rq())
        talk.expect(wire.RELEASE_RP)


# -- the log ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("option", "told"), [((), False), (("--log-phi",), True)])
def test_what_was_asked_is_logged_without_patients(peers: Peers, option: tuple[str, ...], told: bool) -> None:
    node = peers.dimse_scp("--log-json", "-v", *option)
    with associated(node.port) as talk:
        talk.send(request(FIND, identifier("STUDY", PatientName="SECRET*", StudyDate="20260101-")))
        assert status(answers(talk)[-1]) == 0
        talk.send(request(FIND, identifier("SERIES", PatientName="SECRET")))
        assert status(answers(talk)[-1]) == 0xA900
    assert stop(node.process) == 0
    records = [json.loads(line) for line in node.output.splitlines() if line.startswith("{")]
    fine, refused = [record for record in records if record["_event"] == "query"]
    assert ("SECRET" in node.output) is told
    assert (fine["QueryRetrieveLevel"], fine["_matches"], fine["_status"]) == ("STUDY", 0, "0000")
    assert {record["_level"] for record in records} == {"info"}
    assert fine["_keys"] == (
        ["StudyDate=20260101-", "PatientName=SECRET*"] if told else ["StudyDate", "PatientName"]
    )
    assert refused["_status"] == "A900"
    assert fine["_ms"] < 1000


def test_only_what_went_wrong_is_shown_without_v(peers: Peers) -> None:
    node = peers.dimse_scp()
    with associated(node.port) as talk:
        talk.send(request(FIND, identifier("STUDY")))
        answers(talk)
        talk.send(request(FIND, identifier("SERIES")))
        answers(talk)
    assert stop(node.process) == 0
    shown = [line for line in node.output.splitlines() if "query" in line]
    assert len(shown) == 1
    assert "A900: relational queries not negotiated: give StudyInstanceUID" in shown[0]
