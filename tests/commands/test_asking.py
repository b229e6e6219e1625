"""What the commands for N- services make of peers that answer oddly, break the protocol, or go away."""

from __future__ import annotations

import pytest

from dimsetools.commands import asking
from dimsetools.dataset.encode import encode
from dimsetools.dataset.keys import keyed
from dimsetools.dataset.normalized import CLASSES
from tests.commands.asking import Dimse
from tests.scripted import wire
from tests.scripted.conversation import (
    Conversation,
    Step,
    accept,
    close,
    closed,
    expect_message,
    release,
    send,
)
from tests.scripted.peers import scripted_server
from tests.services.normalizing import (
    N_CREATE_RQ,
    N_CREATE_RSP,
    N_GET_RQ,
    N_GET_RSP,
    N_SET_RSP,
    answering,
    event,
    response,
)

GET = ("nget", "mpps-retrieve", "1.2.3")
CREATE = ("ncreate", "mpps", "1.2.3", "PatientID=7")
DATA = encode(keyed(["PatientID=8"]), wire.IMPLICIT_LE)
END = (release(), closed())


def got(status: int = 0, *more: bytes, data: bytes | None = None, instance: str = "1.2.3") -> Step:
    """Step: answer an N-GET."""
    uid = CLASSES["mpps-retrieve"].uid
    return answering(
        N_GET_RQ,
        lambda number: response(
            N_GET_RSP, status, *more, data=data, number=number, sop_class=uid, instance=instance
        ),
    )


def created(instance: str) -> Step:
    """Step: answer an N-CREATE."""
    return answering(N_CREATE_RQ, lambda number: response(N_CREATE_RSP, number=number, instance=instance))


def implicit() -> Step:
    """Step: accept with implicit VR little endian alone."""
    return accept(wire.Result(transfer_syntax=wire.IMPLICIT_LE))


def test_an_answer_without_affected_uids_will_do(dimse: Dimse) -> None:
    step = answering(
        N_GET_RQ, lambda number: response(N_GET_RSP, number=number, sop_class="", instance="", data=DATA)
    )
    done = dimse.scripted((implicit(), step, *END), *GET, "--json")
    assert (done.code, done.stderr) == (0, "")
    assert (done.records[0]["AffectedSOPInstanceUID"], done.records[0]["PatientID"]) == ("1.2.3", "8")


def test_an_answer_about_another_instance_is_told(dimse: Dimse) -> None:
    done = dimse.scripted((implicit(), got(instance="1.2.9", data=DATA), *END), *GET, "--json")
    assert done.code == 0
    assert "the answer is about instance 1.2.9, not 1.2.3" in done.stderr
    assert done.records[0]["AffectedSOPInstanceUID"] == "1.2.9"


def test_a_uid_that_the_peer_assigns_against_ours_is_used_and_told(dimse: Dimse) -> None:
    done = dimse.scripted((accept(), created("1.2.99"), *END), *CREATE, "--json")
    assert (done.code, done.records[0]["SOPInstanceUID"]) == (0, "1.2.3")
    assert done.records[0]["AffectedSOPInstanceUID"] == "1.2.99"
    assert "1.2.99" in done.stderr


def test_an_instance_without_any_uid_is_told(dimse: Dimse) -> None:
    done = dimse.scripted((accept(), created(""), *END), "ncreate", "mpps", "PatientID=7", "--json")
    assert (done.code, done.records[0]["AffectedSOPInstanceUID"]) == (0, None)
    assert "the answer does not say which UID the new instance has" in done.stderr


@pytest.mark.parametrize(
    ("status", "code"), [(0xC999, 1), (0xB999, 0), (0x7777, 1), (0xFF00, 1), (0xFE00, 1)]
)
def test_an_unknown_status_is_sorted_by_its_class(dimse: Dimse, status: int, code: int) -> None:
    done = dimse.scripted((accept(), got(status), *END), *GET, "--json")
    assert (done.code, done.records[0]["_status"]) == (code, f"{status:04X}")


def test_a_data_set_that_does_not_decode_is_3(dimse: Dimse) -> None:
    done = dimse.scripted((implicit(), got(data=DATA[:-1]), *END), *GET, "--json")
    told, error, summary = done.records
    assert (done.code, told["_event"], told["_status"]) == (3, "got", "0000")
    assert (error["_code"], summary["_ok"]) == ("undecodable-reply", 1)
    assert "the data set of the reply does not decode" in done.stderr


def test_an_event_on_the_way_is_answered_and_shown(dimse: Dimse) -> None:
    script = (
        implicit(),
        expect_message(N_GET_RQ),
        send(event()),
        expect_message(0x8100),
        send(response(N_GET_RSP, data=DATA)),
        *END,
    )
    done = dimse.scripted(script, *GET, "--json")
    got, told, _ = done.records
    assert (told["_event"], told["_class"], told["_type"]) == ("event", "commit", "success")
    assert (done.code, got["_event"], got["PatientID"]) == (0, "got", "8")


@pytest.mark.parametrize(
    ("steps", "code", "message"),
    [
        ((expect_message(N_GET_RQ), send(wire.abort())), 61, "aborted"),
        ((expect_message(N_GET_RQ), close()), 62, "closed the connection"),
        (
            (expect_message(N_GET_RQ), send(response(N_SET_RSP)), closed()),
            62,
            "answered a N-GET-RQ with a N-SET-RSP",
        ),
        ((expect_message(N_GET_RQ), send(response(N_GET_RSP, number=9)), closed()), 62, "was not asked"),
        ((expect_message(N_GET_RQ), send(wire.release_rq()), closed()), 62, "released the association"),
    ],
    ids=["abort", "close", "other response", "other message", "release"],
)
def test_what_ends_the_association_has_its_status(
    dimse: Dimse, steps: tuple[Step, ...], code: int, message: str
) -> None:
    done = dimse.scripted((accept(), *steps), *GET)
    assert (done.code, done.stdout) == (code, "")
    assert message in done.stderr


def test_silence_is_62(dimse: Dimse) -> None:
    done = dimse.scripted((accept(), expect_message(N_GET_RQ), closed()), *GET, "--dimse-timeout", "0.2")
    assert (done.code, done.stdout) == (62, "")


@pytest.mark.parametrize(("words", "once"), [(CREATE, True), (GET, False)])
def test_what_may_have_been_done_is_not_to_be_sent_again(
    dimse: Dimse, words: tuple[str, ...], once: bool
) -> None:
    step = expect_message(N_CREATE_RQ if once else N_GET_RQ)
    done = dimse.scripted((accept(), step, close()), *words, "--json")
    assert (done.code, done.records[0]["_retryable"]) == (62, not once)
    assert ("nobody knows whether it was done" in done.stderr) is once


def test_a_peer_that_releases_between_two_requests_is_called_again(dimse: Dimse) -> None:
    def leave(talk: Conversation) -> None:
        talk.send(wire.release_rq())
        talk.expect(wire.RELEASE_RP)
        talk.wait_closed()

    first, second = (implicit(), got(data=DATA), leave), (implicit(), got(data=DATA), *END)
    with scripted_server(first, second) as server:
        command, *words = GET
        done = dimse(command, server.address, *words, "--repeat", 2, "--interval", "0.3", "--json")
        server.finish()
    assert (done.code, [told["_event"] for told in done.records]) == (0, ["got", "got", "summary"])


def test_the_paragraphs_of_the_manual_are_whole() -> None:
    for note in (asking.KEYS_NOTE, asking.CONTEXT_NOTE, asking.EXIT_NOTE):
        assert note.endswith(".")
        assert "  " not in note
