"""`dimse listen` as a process, told of events by others."""

from __future__ import annotations

import json
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from dimsetools.dataset import commitments
from dimsetools.dataset.attributes import Attribute
from dimsetools.dataset.encode import encode
from tests.peers import dimse
from tests.peers.certificates import Certificates
from tests.peers.process import wait_until
from tests.scp.test_listener import DATA, associate, event_rq, release, tell
from tests.scripted import wire
from tests.scripted.peers import scripted_client


class Listening(NamedTuple):
    """A `dimse listen`: where, and how it ends."""

    port: int
    process: Any
    log: Path

    def end(self) -> int:
        """Its exit status."""
        return int(self.process.wait(20))

    def rows(self) -> list[dict[str, Any]]:
        """Its records, of `--json`."""
        lines = self.log.read_text().splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]


@contextmanager
def listening(folder: Path, *args: object) -> Iterator[Listening]:
    ready, log = folder / "ready", folder / "listen.log"
    ready.unlink(missing_ok=True)  # of one before
    words = ("listen", *args, "--port", 0, "--ready-file", ready)
    with dimse.start(*words, log=log) as process:
        wait_until(ready.exists, process)
        yield Listening(dimse.listening_port(ready), process, log)


def report(
    port: int, *, called: bytes = b"ME", command: bytes | None = None, data: bytes | None = DATA
) -> int:
    """Report an event; the status that it is answered with."""
    with scripted_client(port) as talk:
        associate(talk, called=called)
        status = tell(talk, command or event_rq(), data)
        release(talk)
    return status


def test_each_event_is_a_record_until_there_are_enough(tmp_path: Path) -> None:
    with listening(tmp_path, "commit", "--count", 2, "--timeout", 20, "--json") as listen:
        assert report(listen.port) == 0
        assert report(listen.port, command=event_rq(number=9)) == 0x0113
        assert report(listen.port, command=event_rq(number=2)) == 0
        assert listen.end() == 0
    first, refused, second, summary = listen.rows()
    assert (first["_event"], first["_class"], first["_type"]) == ("event", "commit", "success")
    assert (first["TransactionUID"], first["_calling"]) == ("2.25.1", "SCRIPT")
    assert first["ReferencedSOPSequence"][0]["ReferencedSOPInstanceUID"] == "1.2.3"
    assert (refused["_event"], refused["_status"]) == ("refused-event", "0113")
    assert (second["EventTypeID"], second["_status"]) == (2, "0000")
    assert (summary["_events"], summary["_refused"]) == (2, 1)


def test_events_that_are_missing(tmp_path: Path) -> None:
    with listening(tmp_path, "--count", 1, "--timeout", "50ms") as listen:
        assert listen.end() == 75
    assert "0 of 1 events came in 0.05 s" in listen.log.read_text()


def test_the_time_alone_is_an_end_in_order(tmp_path: Path) -> None:
    with listening(tmp_path, "--timeout", "50ms") as listen:
        assert listen.end() == 0


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_it(tmp_path: Path, number: int, code: int) -> None:
    with listening(tmp_path, "--count", 9, "--json") as listen:
        report(listen.port)
        listen.process.send_signal(number)
        assert listen.end() == code
    assert [row["_event"] for row in listen.rows()] == ["event", "summary"]


def test_a_person_reads_what_happened_to_what(tmp_path: Path) -> None:
    with listening(tmp_path, "--count", 1, "--format", "table") as listen:
        report(listen.port)
        assert listen.end() == 0
    said = listen.log.read_text()
    assert "event    commit success  transaction 2.25.1  from SCRIPT  1 committed\n" in said
    assert "ReferencedSOPInstanceUID  1.2.3" in said
    assert "1 event in" in said


def test_what_a_peer_sends_drives_no_terminal(tmp_path: Path) -> None:
    bad = {commitments.TRANSACTION: Attribute("UI", ("2.25\x1b[31m",))}
    with listening(tmp_path, "--count", 1, "--format", "table") as listen:
        report(listen.port, data=encode(bad, wire.EXPLICIT_LE))
        listen.end()
    assert "\x1b" not in listen.log.read_text()


def test_only_one_node_and_one_title_may_report(tmp_path: Path) -> None:
    words = ("--from", "PACS@192.0.2.7:104", "--bind", "127.0.0.1", "--timeout", 20)
    with listening(tmp_path, *words) as listen, scripted_client(listen.port) as talk:
        assert not associate(talk)
    with listening(tmp_path, "--aet", "ME", "--timeout", 20) as listen:
        with scripted_client(listen.port) as talk:
            assert not associate(talk, called=b"YOU")
        assert report(listen.port) == 0


def test_it_is_for_this_machine_until_others_are_let_in(tmp_path: Path) -> None:
    done = dimse.run("listen", "--bind", "0.0.0.0", "--port", 0)
    assert done.returncode == 2
    assert "add --allow" in done.stderr
    done = dimse.run("listen", "--from", "PACS@127.0.0.1:1", "--allow-any")
    assert done.returncode == 2


def test_it_takes_tls(tmp_path: Path, certificates: Certificates) -> None:
    server = certificates.server
    words = ("--tls-cert", server.cert, "--tls-key", server.key, "--tls-ca", certificates.ca)
    with listening(tmp_path, "--count", 1, *words, "--timeout", 20) as listen:
        with socket.create_connection(("127.0.0.1", listen.port)) as plain:
            plain.sendall(wire.associate_rq())
            assert plain.recv(100)[:1] != b"\x02"
        mine = certificates.client
        told = dimse.run(
            *(
                "nevent",
                f"ME@localhost:{listen.port}",
                "commit",
                "commit",
                "success",
                "TransactionUID=2.25.3",
            ),
            *("--tls", "--tls-ca", certificates.ca),
            *("--tls-cert", mine.cert, "--tls-key", mine.key),
        )
        assert told.returncode == 0, told.stderr
        assert listen.end() == 0


def test_a_class_that_is_none(tmp_path: Path) -> None:
    done = dimse.run("listen", "comit", "--port", 0)
    assert done.returncode == 2
    assert "did you mean commit" in done.stderr
