from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from dimsetools.render.store import COLUMNS
from tests import corpus
from tests.commands.storing import END, store
from tests.corpus import MR_IMAGE, Made, make_file, make_folder, shipped_objects
from tests.peers import dimse
from tests.peers.dimse import rows
from tests.peers.process import run as run_process
from tests.scripted import conversation as step
from tests.scripted import wire
from tests.scripted.peers import scripted_server

if TYPE_CHECKING:
    from tests.conftest import Peers
    from tests.peers.certificates import Certificates
    from tests.peers.process import Peer


def paths(done: subprocess.CompletedProcess[str], event: str = "stored") -> list[str]:
    return [Path(str(row["_path"])).name for row in rows(done) if row["_event"] == event]


def assert_kept(peer: Peer, data_sets: Iterable[bytes]) -> None:
    """Each data set is the end of one of the files that the peer keeps, byte for byte."""
    kept = [path.read_bytes() for path in peer.stored()]
    for data_set in data_sets:
        assert any(content.endswith(data_set) for content in kept)


def even(data_set: bytes) -> bytes:
    """A data set as it must arrive: deflated ones of odd length get a NUL (PS3.5 A.5)."""
    return data_set + b"\0" * (len(data_set) % 2)


def native(folder: Path) -> list[Made]:
    """Objects in all syntaxes that every peer takes; and big ones, which take many PDUs."""
    folder.mkdir()
    syntaxes = (corpus.EXPLICIT_LE, corpus.IMPLICIT_LE, corpus.EXPLICIT_BE)
    small = [make_file(folder / f"s{n}", n, syntax=syntax) for n, syntax in enumerate(syntaxes)]
    return [*small, make_file(folder / "big", 9, size=3_000_000, sop_class=MR_IMAGE)]


# -- real peers -------------------------------------------------------------------------------------


def test_storescp_gets_every_shipped_object_as_it_is(peers: Peers, tmp_path: Path) -> None:
    peer = peers.storescp("+B", "+xa", "-pm")
    # A receiver that names files by instance UID keeps one of those that share one.
    by_uid = {entry.sop_instance: entry for entry in shipped_objects()}
    listed = tmp_path / "list"
    listed.write_text("".join(f"{entry.path}\n" for entry in by_uid.values()))
    done = store(peer.address, "--files-from", listed, "--json", "--never-transcode")
    sent = [str(row["_path"]) for row in rows(done) if row["_event"] == "stored"]
    assert len(sent) > 0.8 * len(by_uid)
    assert not [row for row in rows(done) if row["_event"] == "failed"]
    assert_kept(peer, (even(entry.dataset) for entry in by_uid.values() if str(entry.path) in sent))


@pytest.mark.parametrize(("name", "options"), [("dcmqrscp", ["+B"]), ("dimse_scp", [])])
def test_archives_keep_what_was_sent(peers: Peers, tmp_path: Path, name: str, options: list[str]) -> None:
    peer = getattr(peers, name)(*options)
    made = native(tmp_path / "in")
    done = store(peer.address, tmp_path / "in", "--json")
    assert done.returncode == 0, done.stderr
    assert paths(done) == ["big", "s0", "s1", "s2"]
    assert rows(done)[-1]["_sent"] == 4
    assert_kept(peer, (entry.dataset for entry in made))


def test_dimse_scp_gets_every_shipped_object_as_it_is(peers: Peers) -> None:
    by_uid = {entry.sop_instance: entry for entry in shipped_objects()}
    peer = peers.dimse_scp()
    done = store(peer.address, *(entry.path for entry in by_uid.values()), "--json", "--jobs", 2)
    sent = [str(row["_path"]) for row in rows(done) if row["_event"] == "stored"]
    assert len(sent) > 0.8 * len(by_uid)
    assert_kept(peer, (even(entry.dataset) for entry in by_uid.values() if str(entry.path) in sent))


def test_orthanc_holds_what_was_sent(peers: Peers, tmp_path: Path) -> None:
    node = peers.orthanc()
    made = native(tmp_path / "in")
    done = store(node.peer.address, tmp_path / "in", "--json")
    assert done.returncode == 0, done.stderr
    held = node.instances()
    assert set(held) == {entry.sop_instance for entry in made}
    for entry in made:
        assert node.file(f"/instances/{held[entry.sop_instance]}/file").endswith(entry.dataset)


def test_pynetdicom_gets_the_very_bytes(peers: Peers, tmp_path: Path) -> None:
    from pynetdicom import evt
    from pynetdicom.dimse_primitives import C_STORE

    seen: dict[str, bytes] = {}

    def keep(event: evt.Event) -> int:
        assert isinstance(event.request, C_STORE)
        assert event.request.DataSet is not None
        seen[str(event.request.AffectedSOPInstanceUID)] = event.request.DataSet.getvalue()
        return 0

    peer = peers.pynetdicom([(evt.EVT_C_STORE, keep)])
    made = [*native(tmp_path / "in"), make_file(tmp_path / "in" / "j", 50, syntax=corpus.JPEG_BASELINE)]
    done = store(peer.address, tmp_path / "in", "--priority", "high", "--async", 4)
    assert done.returncode == 0, done.stderr
    assert seen == {entry.sop_instance: entry.dataset for entry in made}


def test_tls_on_both_sides(peers: Peers, certificates: Certificates, tmp_path: Path) -> None:
    peer = peers.storescp("+B", tls=True)
    made = native(tmp_path / "in")
    done = store(
        f"localhost:{peer.port}", tmp_path / "in", "--json", "--tls-ca", certificates.ca,
        "--tls-cert", certificates.client.cert, "--tls-key", certificates.client.key,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert_kept(peer, (entry.dataset for entry in made))


def test_a_peer_that_takes_implicit_only_gets_everything_so(peers: Peers, tmp_path: Path) -> None:
    peer = peers.storescp("+B", "+xi")
    native(tmp_path / "in")
    done = store(peer.address, tmp_path / "in", "--json")
    assert done.returncode == 0, done.stderr
    assert {row["TransferSyntaxUID"] for row in rows(done)[:-1]} == {corpus.IMPLICIT_LE}
    assert_kept(peer, (corpus.make_dataset(n, syntax=corpus.IMPLICIT_LE) for n in range(3)))


def test_compressed_images_are_decompressed_for_a_peer_without_codecs(peers: Peers) -> None:
    peer = peers.storescp("+B")
    images = [entry.path for entry in shipped_objects() if entry.path.name == "MR_small_RLE.dcm"]
    plain = next(entry for entry in shipped_objects() if entry.path.name == "MR_small.dcm")
    done = store(peer.address, *images, "--json", "-v")
    assert done.returncode == 0, done.stderr
    assert rows(done)[0]["TransferSyntaxUID"] == corpus.EXPLICIT_LE
    pixels = plain.dataset[-8192:]
    assert any(pixels[:4096] in path.read_bytes() for path in peer.stored())


# -- inputs -----------------------------------------------------------------------------------------


def test_lists_from_stdin(peers: Peers, tmp_path: Path) -> None:
    made = make_folder(tmp_path / "in", 3)
    peer = peers.dimse_scp()
    names = b"\0".join(os.fsencode(entry.path) for entry in made[:2])
    done = store(peer.address, "--files-from", "-", "-0", made[2].path, "--json", stdin=names)
    assert done.returncode == 0, done.stderr
    assert paths(done) == ["000002.dcm", "000000.dcm", "000001.dcm"]


def test_include_and_exclude(peers: Peers, tmp_path: Path) -> None:
    make_folder(tmp_path / "in" / "a", 2)
    make_folder(tmp_path / "in" / "b", 3)
    peer = peers.storescp("--ignore")
    done = store(peer.address, tmp_path / "in", "--include", "*2.dcm", "--exclude", "a", "--json")
    assert paths(done) == ["000002.dcm"]


def test_names_that_are_no_utf_8(peers: Peers, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    made = make_file(tmp_path / "in" / "a")
    raw = os.fsencode(tmp_path / "in") + b"/caf\xe9\x1b[31m.dcm"
    os.rename(made.path, raw)
    peer = peers.storescp("--ignore")
    for form in ("table", "tsv", "json"):
        done = store(peer.address, tmp_path / "in", "--format", form, "-v")
        assert done.returncode == 0, done.stderr
        assert "\x1b" not in done.stdout
        assert "caf" in done.stdout


@pytest.mark.parametrize(
    "words",
    [
        ("-aec", "{aet}", "{host}", "{port}", "+sd", "+r", "{folder}"),  # storescu
        ("-aet", "ME", "-aec", "{aet}", "-xs", "{host}", "{port}", "{folder}/000000.dcm"),
        ("-pdu", "16384", "-xe", "-R", "{host}", "{port}", "+sd", "{folder}"),
        ("-xi", "{host}", "{port}", "{folder}/000000.dcm"),
        ("-aec", "{aet}", "{host}", "{port}", "+r", "+sd", "+sp", "*0.dcm", "{folder}"),  # dcmsend
        ("{host}", "{port}", "+dls", "--no-halt", "{folder}"),
        ("{host}", "{port}", "{folder}/000000.dcm", "-cx"),  # pynetdicom
    ],
)
def test_lines_for_dcmtk_work(peers: Peers, tmp_path: Path, words: tuple[str, ...]) -> None:
    folder = tmp_path / "in"
    make_folder(folder, 2)
    peer = peers.storescp("+B")
    values = {"aet": peer.aet, "host": peer.host, "port": peer.port, "folder": folder}
    done = store(*(word.format(**values) for word in words), "--json")
    assert done.returncode == 0, done.stderr
    assert len(peer.stored()) == len(paths(done)) > 0


# -- output -----------------------------------------------------------------------------------------


def test_records_and_summary(peers: Peers, tmp_path: Path) -> None:
    made = make_file(tmp_path / "a")
    peer = peers.storescp("--ignore")
    done = store(peer.address, made.path, "--json")
    record, summary = rows(done)
    assert tuple(record) == COLUMNS
    assert record | {"_ms": 0} == dict.fromkeys(COLUMNS) | {
        "_event": "stored",
        "_path": str(made.path),
        "SOPClassUID": made.sop_class,
        "SOPInstanceUID": made.sop_instance,
        "TransferSyntaxUID": made.transfer_syntax,
        "_status": "0000",
        "_ms": 0,
        "_bytes": len(made.dataset),
        "_tries": 1,
    }
    assert summary["_event"] == "summary"
    assert (summary["_objects"], summary["_sent"], summary["_exit"]) == (1, 1, 0)
    assert summary["_bytes"] == len(made.dataset)
    assert float(str(summary["_seconds"])) > 0


def test_tables_are_brief_unless_asked(peers: Peers, tmp_path: Path) -> None:
    make_folder(tmp_path / "in", 3)
    (tmp_path / "in" / "note.txt").write_text("nothing to see")
    peer = peers.storescp("--ignore")
    done = store(peer.address, tmp_path / "in", "--format", "table")
    first, last = done.stdout.splitlines()
    assert first == f"skipped  {tmp_path}/in/note.txt  a text file, not DICOM"
    assert last.startswith(f"sent 3 objects (6.0 kB) to {peer.address} in ")
    assert last.endswith("  1 skipped")
    assert done.returncode == 22
    more = store(peer.address, tmp_path / "in", "--format", "table", "-v")
    kinds = [line.split()[0] for line in more.stdout.splitlines()]
    assert kinds == ["skipped", "sent", "sent", "sent", "sent"]
    assert "max PDU 131072" in more.stderr


def test_tsv_is_the_default_away_from_a_terminal(peers: Peers, tmp_path: Path) -> None:
    make_folder(tmp_path / "in", 2)
    done = store(peers.storescp("--ignore").address, tmp_path / "in")
    header, *lines = done.stdout.splitlines()
    assert tuple(header.split("\t")) == COLUMNS
    assert [line.split("\t")[5] for line in lines] == ["0000", "0000"]
    assert done.stderr.startswith("sent 2 objects")


def test_dry_run_connects_to_nobody(tmp_path: Path) -> None:
    make_folder(tmp_path / "in", 3)
    make_file(tmp_path / "in" / "mr", 7, sop_class=MR_IMAGE, syntax=corpus.IMPLICIT_LE)
    done = store("NOBODY@192.0.2.1:104", tmp_path / "in", "--dry-run", "--format", "table")
    assert done.returncode == 0, done.stderr
    first, second, last = done.stdout.splitlines()
    assert " ".join(first.split()) == "1/1 CT Image Storage, Explicit VR Little Endian 3 objects, 6.0 kB"
    assert second.split(maxsplit=1)[1].startswith("MR Image Storage, Implicit VR Little Endian  1 object, ")
    assert last.startswith("would send 4 objects (")
    assert "NOBODY@192.0.2.1:104 as DIMSE, over 1 association" in last
    records = rows(store("NOBODY@192.0.2.1:104", tmp_path / "in", "--dry-run", "--json"))
    assert [record["_objects"] for record in records] == [3, 1, 4]


@pytest.mark.parametrize("suffix", [".ndjson", ".csv", ".xml"])
def test_reports_have_a_row_a_file(tmp_path: Path, suffix: str) -> None:
    made = make_folder(tmp_path / "in", 3)
    (tmp_path / "in" / "x.txt").write_text("text")
    report = tmp_path / f"report{suffix}"
    script = [step.accept(), step.store(), step.store(0xA900), step.store(0xB000), *END]
    with scripted_server(script) as server:
        done = store(server.address, tmp_path / "in", "--report", report)
    assert done.returncode == 3
    if suffix == ".xml":
        cases = list(ET.parse(report).getroot().iter("testcase"))
        names = [tmp_path / "in" / "x.txt", *(entry.path for entry in made)]
        assert [case.get("name") for case in cases] == [str(name) for name in names]
        tags = [[child.tag for child in case] for case in cases]
        assert tags == [["skipped"], [], ["failure"], ["system-out"]]
        return
    text = report.read_text()
    entries = (
        list(csv.DictReader(text.splitlines()))
        if suffix == ".csv"
        else [json.loads(line) for line in text.splitlines()]
    )
    assert [(e["_event"], e["_status"] or "") for e in entries] == [
        ("skipped", ""),
        ("stored", "0000"),
        ("failed", "A900"),
        ("stored", "B000"),
    ]


def test_repetitions(tmp_path: Path) -> None:
    made = make_file(tmp_path / "a")
    with scripted_server([step.accept(), step.store(), *END]) as server:
        done = store(server.address, made.path, "--repeat", 3, "--interval", 0, "--json")
        assert len(server.conversations) == 3
    assert rows(done)[-1]["_sent"] == 3


def test_ctrl_c_ends_the_wait_for_the_next_repetition(tmp_path: Path) -> None:
    made, log = make_file(tmp_path / "a"), tmp_path / "log"
    with scripted_server([step.accept(), step.store(), *END]) as server:
        args = ("store", server.address, made.path, "--repeat", 3, "--interval", 3600, "--format", "table")
        with dimse.start(*args, log=log) as process:
            server.finish()
            process.send_signal(signal.SIGINT)
            assert process.wait(10) == 130
    assert log.read_text().startswith("sent 1 object (")


@pytest.mark.parametrize("jobs", ["1", "3"])
def test_a_closed_pipe_ends_quietly(peers: Peers, tmp_path: Path, jobs: str) -> None:
    make_folder(tmp_path / "in", 50)
    peer = peers.storescp("--ignore", "--fork")
    line = 'exec 3>&1; { "$@"; echo "exit $?" >&3; } | head -n 1 >/dev/null'
    done = run_process(
        ["sh", "-c", line, "sh", *dimse.COMMAND, "store", peer.address, str(tmp_path / "in"), "-j", jobs],
        env=dimse.environment(),
    )
    assert done.stdout == "exit 0\n"
    assert done.stderr == ""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_lets_the_object_under_way_finish(tmp_path: Path, number: int, code: int) -> None:
    make_folder(tmp_path / "in", 3)
    asked, answer = threading.Event(), threading.Event()

    def note(_talk: object) -> None:
        asked.set()

    def respond(talk: step.Conversation) -> None:
        talk.send(wire.message(wire.store_rsp(talk.last.message_id)))

    script = [
        step.accept(), step.expect_message(wire.C_STORE_RQ), note, step.wait_for(answer), respond, *END,
    ]  # fmt: skip
    log = tmp_path / "log"
    with (
        scripted_server(script) as server,
        dimse.start("store", server.address, tmp_path / "in", "--json", log=log) as process,
    ):
        assert asked.wait(step.LIMIT)
        process.send_signal(number)
        answer.set()
        assert process.wait(5) == code
        server.finish()
    summary = json.loads(log.read_text().splitlines()[-1])
    assert (summary["_sent"], summary["_unsent"], summary["_exit"]) == (1, 2, code)


def test_a_signal_ends_all_jobs(tmp_path: Path) -> None:
    make_folder(tmp_path / "in", 30)
    asked = threading.Barrier(3, timeout=step.LIMIT)

    def meet(_talk: object) -> None:
        asked.wait()

    log = tmp_path / "log"
    script = [step.accept(), step.expect_message(wire.C_STORE_RQ), meet, step.closed()]
    with (
        scripted_server(script) as server,
        dimse.start("store", server.address, tmp_path / "in", "--json", "-j", 2, log=log) as process,
    ):
        asked.wait()
        process.send_signal(signal.SIGINT)  # nobody answers: the grace ends the associations
        assert process.wait(5) == 130
        server.finish()
    summary = json.loads(log.read_text().splitlines()[-1])
    assert (summary["_sent"], summary["_failed"], summary["_unsent"]) == (0, 2, 28)
