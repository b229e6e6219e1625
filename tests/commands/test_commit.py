"""`dimse commit` and `dimse store --commit` against nodes that commit, nodes that do not, and odd ones."""

from __future__ import annotations

import csv
import json
import signal
import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from dimsetools.dataset.commitments import Failure, Reference
from tests.commands.fetching import events
from tests.conftest import Peers
from tests.corpus import CT_IMAGE, Made, make_folder
from tests.peers import dimse
from tests.peers.process import free_port
from tests.scripted import conversation as step
from tests.scripted import wire
from tests.scripted.conversation import Step
from tests.scripted.peers import scripted_server
from tests.services.committing import action_step, answer_step, report_message, report_step, request_step

END = (step.release(), step.closed())


def commit(*args: object, **more: Any) -> subprocess.CompletedProcess[str]:
    return dimse.run("commit", *args, **more)


def store(*args: object, **more: Any) -> subprocess.CompletedProcess[str]:
    return dimse.run("store", *args, "--commit", **more)


def scripted(script: Sequence[Step], *args: object) -> subprocess.CompletedProcess[str]:
    """Ask a scripted peer, with results as a person sees them."""
    with scripted_server((step.accept(), *script)) as server:
        return commit(server.address, *args, "--format", "table")


def uids(made: Sequence[Made]) -> list[str]:
    return [one.sop_instance for one in made]


# -- real nodes -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["orthanc", "dimse"])
def test_what_was_sent_is_committed_to(peers: Peers, tmp_path: Path, name: str) -> None:
    made = make_folder(tmp_path / "in", 3)
    more: tuple[object, ...] = ()
    if name == "orthanc":
        port = free_port()
        orthanc = peers.orthanc({"StorageCommitmentReportsSize": 10})
        orthanc.knows("us", "ME", port)
        address, more = orthanc.address, ("--port", port, "--aet", "ME")
    else:
        address = peers.dimse_scp().address
    report = tmp_path / "sent.ndjson"
    done = store(address, tmp_path / "in", *more, "--json", "--report", report)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert [row["SOPInstanceUID"] for row in events(done, "committed")] == uids(made)
    (summary,) = events(done, "summary")
    assert (summary["_sent"], summary["_asked"], summary["_committed"], summary["_exit"]) == (3, 3, 3, 0)
    rows = [json.loads(line) for line in report.read_text().splitlines()]
    assert [row["_event"] for row in rows] == ["stored"] * 3 + ["committed"] * 3
    assert {row["_path"] for row in rows[3:]} == {str(one.path) for one in made}

    again = commit(address, "--from", report, *more, "--json")
    assert again.returncode == 0, again.stderr
    assert [row["_commitment"] for row in events(again, "committed")] == ["committed"] * 3
    files = make_folder(tmp_path / "more", 5)
    part = commit(address, tmp_path / "more", *more, "--json")
    assert part.returncode == 3
    assert [row["SOPInstanceUID"] for row in events(part, "not-committed")] == uids(files[3:])
    assert {row["_status"] for row in events(part, "not-committed")} == {"0112"}
    (error,) = events(part, "error")
    assert error["_code"] == "not-committed"
    assert "Failure Reason 0112" in str(error["_detail"])


def test_only_what_was_acknowledged_is_asked_for(peers: Peers, tmp_path: Path) -> None:
    made = make_folder(tmp_path / "in", 2)
    (tmp_path / "in" / "x.txt").write_text("no object")
    node = peers.dimse_scp()
    report = tmp_path / "sent.csv"
    done = store(node.address, tmp_path / "in", "--report", report, "--format", "table", "-v")
    assert done.returncode == 22, done.stderr
    assert "sent 2 objects" in done.stdout
    assert "2 objects committed by" in done.stdout.splitlines()[-1]
    with report.open(newline="") as file:
        rows = list(csv.DictReader(file))
    told = [(row["_event"], row["_commitment"]) for row in rows]
    assert told == [("skipped", ""), *[("stored", "")] * 2, *[("committed", "committed")] * 2]
    assert [row["SOPInstanceUID"] for row in rows[3:]] == uids(made)


def test_a_node_that_stores_and_never_commits(peers: Peers, tmp_path: Path) -> None:
    make_folder(tmp_path / "in", 1)
    done = store(peers.storescp().address, tmp_path / "in", "--format", "table")
    assert done.returncode == 66
    assert "sent 1 object" in done.stdout
    assert "0 of 1 object committed" in done.stdout
    assert "accepts no presentation context for Storage Commitment" in done.stderr
    assert "error[no-presentation-context] exit 66" in done.stderr


def test_a_report_on_stdin(peers: Peers, tmp_path: Path) -> None:
    make_folder(tmp_path / "in", 2)
    node = peers.dimse_scp()
    sent = dimse.run("store", node.address, tmp_path / "in", "--json")
    done = commit(node.address, "--from", "-", "--json", stdin=sent.stdout)
    assert done.returncode == 0, done.stderr
    assert len(events(done, "committed")) == 2


def test_nothing_was_acknowledged(tmp_path: Path) -> None:
    make_folder(tmp_path / "in", 1)
    with scripted_server((step.accept(), step.store(0xA700), *END)) as server:
        done = store(server.address, tmp_path / "in", "--format", "table")
    assert done.returncode == 1
    assert "committed" not in done.stdout


# -- odd peers --------------------------------------------------------------------------------------------


@pytest.fixture
def two(tmp_path: Path) -> tuple[Path, list[Reference]]:
    made = make_folder(tmp_path / "in", 2)
    return tmp_path / "in", [Reference(CT_IMAGE, one.sop_instance) for one in made]


Two = tuple[Path, list[Reference]]


def test_each_reason_is_said_in_words(two: Two) -> None:
    folder, wanted = two
    failed = [Failure(wanted[0], 0x0213), Failure(wanted[1], 0x0119)]
    done = scripted((action_step(), report_step(committed=[], failed=failed), *END), folder)
    assert done.returncode == 1
    first, second, total = done.stdout.splitlines()
    assert "0213 resource-limitation: the peer lacks the resources" in first
    assert "0119 class-instance-conflict: the peer has the instance under another" in second
    assert total.startswith("0 of 2 objects committed by")
    assert "Failure Reason 0213 resource-limitation (PS3.3 C.14.1.1)" in done.stderr


def test_a_peer_that_never_reports(two: Two) -> None:
    done = scripted((action_step(), *END), two[0], "--wait", "100ms", "--aet", "MODALITY")
    assert done.returncode == 62
    assert "did not report on storage commitment within 0.1 s" in done.stderr
    assert "add --port PORT, and see that it knows MODALITY" in done.stderr
    assert "2 unanswered" in done.stdout


def test_a_peer_that_reports_on_a_part(two: Two) -> None:
    folder, wanted = two
    done = scripted((action_step(), report_step(committed=wanted[:1]), *END), folder, "--wait", "100ms")
    assert done.returncode == 3
    assert "does not mention the instance" in done.stderr


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ((request_step, report_step(), answer_step()), ""),
        (
            (
                action_step(),
                step.send(lambda talk: report_message(talk) * 2),
                *[lambda talk: talk.read_message()] * 2,
            ),
            "storage commitment was reported 2 times",
        ),
        (
            (action_step(), report_step("2.25.99", expect=0x0115), report_step()),
            "reported on a transaction that is not ours: 2.25.99",
        ),
    ],
    ids=["before the answer", "twice", "unknown transaction"],
)
def test_a_peer_that_reports_oddly(two: Two, script: Sequence[Step], words: str) -> None:
    done = scripted((*script, *END), two[0])
    assert done.returncode == 0, done.stderr
    assert words in done.stderr
    assert bool(done.stderr) == bool(words)
    assert "2 objects committed" in done.stdout


def test_a_request_that_is_refused_is_explained(two: Two) -> None:
    done = scripted((action_step(0x0131), *END), two[0])
    assert done.returncode == 1
    assert "N-ACTION status 0131 duplicate-transaction-uid" in done.stderr


def test_a_peer_that_ends_the_association(two: Two) -> None:
    done = scripted((action_step(), step.send(wire.abort())), two[0])
    assert done.returncode == 62
    assert "ended the association before it had reported" in done.stderr


def test_more_than_a_chunk(two: Two) -> None:
    script = (action_step(), action_step(), *END)
    done = scripted(script, two[0], "--chunk", "1", "--wait", "50ms", "-v")
    assert done.stderr.count("asked for 1 object in transaction") == 2


def interrupted(tmp_path: Path, script: Sequence[Step], *words: object) -> tuple[int, str]:
    """The exit status and the words of a command that gets a signal when the script is at `waiting`."""
    reached = threading.Event()
    log = tmp_path / "log"
    steps = (step.accept(), *script, lambda _: reached.set(), step.stall())
    with (
        scripted_server(steps) as server,
        dimse.start(words[0], server.address, *words[1:], "--format", "table", log=log) as process,
    ):
        assert reached.wait(20), log.read_text()
        process.send_signal(signal.SIGINT)
        return process.wait(20), log.read_text()


def test_a_signal_ends_the_wait_for_the_report(two: Two, tmp_path: Path) -> None:
    code, said = interrupted(tmp_path, (action_step(),), "commit", two[0])
    assert code == 130
    assert said.splitlines()[-1].endswith("  2 unanswered")
    assert "0 of 2 objects committed" in said


def test_after_a_signal_nothing_is_asked_for(two: Two, tmp_path: Path) -> None:
    script = (step.store(), step.expect_message(wire.C_STORE_RQ))
    code, said = interrupted(tmp_path, script, "store", two[0], "--commit")
    assert code == 130
    assert "commitment to 1 object that the node has acknowledged was not asked for" in said


# -- words ------------------------------------------------------------------------------------------------


def test_a_rehearsal_asks_nobody(two: Two) -> None:
    done = commit("PACS@127.0.0.1:1", two[0], "--dry-run", "--chunk", "1", "--format", "table")
    assert done.returncode == 0
    assert done.stdout == ("would ask PACS@127.0.0.1:1 as DIMSE to commit to 2 objects, in 2 transactions\n")


def test_a_rehearsal_of_storage_says_what_would_be_asked_for(two: Two) -> None:
    done = store("PACS@127.0.0.1:1", two[0], "--dry-run", "--chunk", "1", "--format", "table")
    assert done.returncode == 0
    assert "would ask PACS@127.0.0.1:1 as DIMSE to commit to 2 objects, in 2 transactions" in done.stdout


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ((), 2, "nothing is named to ask for"),
        (("x.dcm", "--from", "y.ndjson"), 2, "not both"),
        (("--from", "missing.ndjson"), 20, "cannot read the report missing.ndjson"),
        (("--from", "/dev/null"), 21, "names no object that was stored"),
        (("missing",), 20, "missing: there is no such file"),
        (("in", "--port", "99999"), 2, "99999"),
        (("in", "--allow", "A@nowhere"), 2, "no IP address"),
        (("in", "--chunk", "40001"), 2, "40001"),
    ],
)
def test_words_that_make_no_sense(tmp_path: Path, words: Sequence[str], code: int, said: str) -> None:
    done = commit("PACS@127.0.0.1:1", *words, cwd=tmp_path)
    assert said in done.stderr
    assert done.returncode == code


def test_options_for_commitment_alone(two: Two) -> None:
    done = dimse.run("store", "PACS@127.0.0.1:1", two[0], "--wait", "5")
    assert done.returncode == 2
    assert "add --commit" in done.stderr


def test_a_port_that_is_taken_is_told_before_anything_is_sent(two: Two) -> None:
    with scripted_server((step.accept(),)) as other:
        done = store("PACS@127.0.0.1:1", two[0], "--port", other.port)
    assert "cannot listen" in done.stderr
    assert "PACS" not in done.stdout
