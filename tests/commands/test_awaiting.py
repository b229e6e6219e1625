"""`dimse naction --wait`: events on the same association or another one, or none."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Sequence

import pytest

from tests.commands.asking import Dimse
from tests.conftest import Peers
from tests.peers import dimse as command
from tests.peers.certificates import Certificates
from tests.peers.process import free_port
from tests.scp.test_listener import DATA, associate, event_rq, tell
from tests.scripted import conversation as step
from tests.scripted import wire
from tests.scripted.conversation import Conversation, Step
from tests.scripted.peers import scripted_client, scripted_server
from tests.services.committing import (
    action_step,
    answer_step,
    report_step,
    request_step,
)

ASK = (
    *("commit", "commit", "commit", "TransactionUID=2.25.1"),
    *("ReferencedSOPSequence.ReferencedSOPClassUID=1.2.840.10008.5.1.4.1.1.2",),
    *("ReferencedSOPSequence.ReferencedSOPInstanceUID=1.2.3",),
)
END = (step.release(), step.closed())


def asked(dimse: Dimse, script: Sequence[Step], *words: object) -> tuple[int, list[str], str]:
    """The exit status, the events of the records, and stderr."""
    done = dimse.scripted((step.accept(), *script), "naction", *ASK, "--json", *words)
    return done.code, [record["_event"] for record in done.records], done.stderr


def test_the_event_ends_the_command(dimse: Dimse) -> None:
    code, events, said = asked(dimse, (action_step(), report_step(), *END), "--wait", 8)
    assert (code, events, said) == (0, ["acted", "event", "summary"], "")


def test_an_event_before_the_answer_counts(dimse: Dimse) -> None:
    code, events, _ = asked(dimse, (request_step, report_step(), answer_step(), *END), "--wait", 8)
    assert (code, events) == (0, ["acted", "event", "summary"])


def test_events_about_something_else_are_shown_and_not_counted(dimse: Dimse) -> None:
    script = (action_step(), report_step("2.25.9"), report_step(number=9, expect=0x0113), report_step(), *END)
    code, events, _ = asked(dimse, script, "--wait", 8)
    assert (code, events) == (0, ["acted", "event", "refused-event", "event", "summary"])


def test_without_wait_events_are_answered_and_shown(dimse: Dimse) -> None:
    script = (request_step, report_step(), report_step(number=9, expect=0x0113), answer_step(), *END)
    code, events, _ = asked(dimse, script)
    assert (code, events) == (0, ["acted", "event", "refused-event", "summary"])


def test_events_are_shown_though_no_answer_comes(dimse: Dimse) -> None:
    code, events, _ = asked(dimse, (request_step, report_step(), step.close()))
    assert (code, events) == (62, ["event", "error"])


def test_none_comes(dimse: Dimse) -> None:
    code, events, said = asked(dimse, (action_step(), *END), "--wait", "50ms", "--aet", "MODALITY")
    assert (code, events) == (62, ["acted", "error", "summary"])
    assert "reported no event about transaction 2.25.1 within 0.05 s" in said
    assert "add --port PORT, and see that it knows MODALITY" in said


def test_the_total_time_ends_the_wait(dimse: Dimse) -> None:
    script = (action_step(), step.expect(wire.ABORT))
    code, events, said = asked(dimse, script, "--wait", 8, "--total-timeout", "0.3")
    assert (code, events) == (75, ["acted", "error"])
    assert "the total time-out is over" in said


def test_the_association_ends_first(dimse: Dimse) -> None:
    code, events, said = asked(dimse, (action_step(), step.send(wire.release_rq())), "--wait", 8)
    assert (code, events) == (62, ["acted", "error", "summary"])
    assert "ended the association before it had reported an event about transaction 2.25.1" in said


def test_a_request_that_is_refused_is_not_waited_for(dimse: Dimse) -> None:
    code, events, _ = asked(dimse, (action_step(0x0131), *END), "--wait", 8)
    assert (code, events) == (1, ["failed", "error", "summary"])


def test_the_event_comes_on_another_association(dimse: Dimse) -> None:
    port = free_port()
    statuses: list[int] = []

    def report(_: Conversation) -> None:
        def call() -> None:
            with scripted_client(port) as other:
                associate(other, called=b"ME")
                statuses.append(tell(other, event_rq(), DATA))
                other.send(wire.release_rq())
                other.expect(wire.RELEASE_RP)

        thread = threading.Thread(target=call)
        thread.start()
        thread.join()

    script = (action_step(), step.send(wire.release_rq()), report)
    code, events, said = asked(dimse, script, "--port", port, "--aet", "ME")
    assert (code, events, said) == (0, ["acted", "event", "summary"], "")
    assert statuses == [0]


def test_a_rehearsal_does_not_wait(dimse: Dimse) -> None:
    done = dimse("naction", "PACS@127.0.0.1:1", *ASK, "--wait", 60, "--dry-run")
    assert done.code == 0


def test_our_own_node_reports_what_it_commits_to(dimse: Dimse, peers: Peers) -> None:
    node = peers.dimse_scp()
    done = dimse("naction", node.address, *ASK, "--wait", 8, "--json")
    event = done.records[1]
    assert (done.code, event["_event"], event["_type"]) == (0, "event", "failures")
    assert event["FailedSOPSequence"][0]["FailureReason"] == 0x0112


def test_the_event_comes_by_tls(dimse: Dimse, certificates: Certificates) -> None:
    port, mine, theirs = free_port(), certificates.server, certificates.client
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(theirs.cert, theirs.key)
    said: list[str] = []

    def report(_: Conversation) -> None:
        words = ("commit", "commit", "success", "TransactionUID=2.25.1")
        tls = ("--tls-ca", certificates.ca, "--tls-cert", theirs.cert, "--tls-key", theirs.key)
        done = command.run("nevent", f"ME@localhost:{port}", *words, *tls)
        said.append(done.stderr)

    script = (step.accept(), action_step(), report, *END)
    with scripted_server(script, tls=context) as server:
        done = dimse(
            *("naction", server.address, *ASK, "--aet", "ME", "--port", port, "--port-tls", "--json"),
            *("--tls-ca", certificates.ca, "--tls-cert", mine.cert, "--tls-key", mine.key, "--tls-insecure"),
        )
    assert said == [""]
    assert (done.code, done.records[1]["_event"]) == (0, "event")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--port", "0", "--port-tls"), "--port-tls needs a certificate"),
        (("--wait", "1", "--port-tls"), "add --port PORT"),
        (("--wait", "1", "--allow", "X"), "add --port PORT"),
    ],
)
def test_words_that_make_no_sense(dimse: Dimse, words: tuple[str, ...], said: str) -> None:
    done = dimse("naction", "PACS@127.0.0.1:1", *ASK, *words)
    assert done.code == 2
    assert said in done.stderr
