"""`dimse nevent`: reports to pynetdicom as the SCU of a class, and what peers make of the role."""

from __future__ import annotations

import struct
from typing import Any

import pytest

from dimsetools.dataset.normalized import CLASSES
from tests.commands.asking import Dimse
from tests.commands.desk import Desk
from tests.scripted import wire
from tests.scripted.conversation import Step, accept, release
from tests.services.normalizing import N_EVENT_RQ, N_EVENT_RSP, answering, response

COMMIT = CLASSES["commit"]


def role(scu: int, scp: int) -> bytes:
    """A role selection item in an A-ASSOCIATE-AC."""
    uid = COMMIT.uid.encode()
    return wire.item(0x54, struct.pack(">H", len(uid)) + uid + bytes((scu, scp)))


def taken() -> Step:
    """Step: take the report with success."""
    return answering(
        N_EVENT_RQ,
        lambda number: response(N_EVENT_RSP, number=number, sop_class=COMMIT.uid, instance=COMMIT.instance),
    )


def test_an_event_is_reported_as_the_scp_of_its_class(dimse: Dimse, desk: Desk) -> None:
    keys = ("TransactionUID=1.2", "FailedSOPSequence.FailureReason=274")
    done = dimse("nevent", desk.address, "commit", "commit", "failures", *keys, "--json")
    assert (done.code, done.stderr) == (0, "")
    told = done.records[0]
    assert (told["_event"], told["EventTypeID"], told["_type"]) == ("reported", 2, "failures")
    (asked,) = desk.asked
    assert (asked.service, asked.sop_class, asked.instance) == ("N-EVENT-REPORT", COMMIT.uid, COMMIT.instance)
    assert asked.number == 2
    assert asked.data is not None
    assert asked.data.TransactionUID == "1.2"
    assert asked.data.FailedSOPSequence[0].FailureReason == 274


def test_a_peer_that_refuses_the_role_is_66(dimse: Dimse) -> None:
    script = (accept(more=role(0, 0)), release())
    done = dimse.scripted(script, "nevent", "commit", "commit", "success", "TransactionUID=1.2")
    assert (done.code, done.stdout) == (66, "")
    assert "refuses us the SCP role of Storage Commitment Push Model SOP Class" in done.stderr


def test_a_peer_that_says_nothing_of_roles_gets_the_report(dimse: Dimse) -> None:
    script = (accept(), taken(), release())
    done = dimse.scripted(script, "nevent", "commit", "commit", "success", "TransactionUID=1.2", "--json")
    assert (done.code, done.records[0]["_event"]) == (0, "reported")
    assert "warning:" in done.stderr
    assert "has not agreed to our being the SCP" in done.stderr


@pytest.mark.parametrize(("given", "proposed"), [((), (0, 1)), (("--role", "commit=both"), (1, 1))])
def test_the_command_line_says_which_role_is_asked_for(
    dimse: Dimse, given: tuple[str, ...], proposed: tuple[int, int]
) -> None:
    seen: list[bytes] = []

    def look(talk: Any) -> None:
        kind, body = talk.read_pdu()
        assert kind == wire.ASSOCIATE_RQ
        seen.append(body)
        (context,) = wire.parse_contexts(body)
        result = wire.Result(context.id, 0, context.transfer_syntaxes[0])
        talk.send(wire.associate_ac([result], more=role(*proposed)))

    done = dimse.scripted((look, taken(), release()), "nevent", "commit", "commit", "success", *given, "-q")
    assert (done.code, done.stderr) == (0, "")
    assert role(*proposed) in seen[0]
