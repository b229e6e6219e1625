"""`dimse naction` against pynetdicom: actions by name, their information, their reply."""

from __future__ import annotations

import pytest

from dimsetools.dataset.normalized import CLASSES, PRINT_GRAYSCALE, UPS_GLOBAL, UPS_PUSH, UPS_WATCH
from tests.commands.asking import Dimse
from tests.commands.desk import Desk
from tests.scripted.conversation import accept, expect_message, stall
from tests.services.normalizing import N_ACTION_RQ


def test_an_action_goes_out_by_its_name_with_its_information(dimse: Dimse, desk: Desk) -> None:
    desk.answer = lambda _: (0xB301, None)
    keys = ("ReceivingAE=ME", "DeletionLock=TRUE")
    done = dimse("naction", desk.address, "ups", "global", "subscribe", *keys, "--json")
    (asked,) = desk.asked
    assert (asked.service, asked.context, asked.sop_class) == ("N-ACTION", UPS_WATCH, UPS_PUSH)
    assert (asked.instance, asked.number) == (UPS_GLOBAL, 3)
    assert asked.data is not None
    assert asked.data.ReceivingAE == "ME"
    acted = done.records[0]
    assert (done.code, acted["_event"], acted["_type"], acted["ActionTypeID"]) == (0, "acted", "subscribe", 3)
    assert (acted["_status"], acted["_meaning"]) == ("B301", "subscribed, but without a deletion lock")


def test_the_reply_of_a_print_is_shown(dimse: Dimse, desk: Desk) -> None:
    from pydicom.dataset import Dataset

    reply, job = Dataset(), Dataset()
    job.ReferencedSOPClassUID, job.ReferencedSOPInstanceUID = CLASSES["print-job"].uid, "1.2.99"
    reply.ReferencedPrintJobSequence = [job]
    desk.answer = lambda _: (0x0000, reply)
    done = dimse("naction", desk.address, "film-box", "1.2.3", "print", "--format", "table")
    assert (desk.asked[0].context, desk.asked[0].number) == (PRINT_GRAYSCALE, 1)
    assert done.stdout.splitlines()[0].startswith("acted  film-box 1.2.3 print  ")
    assert "ReferencedSOPInstanceUID  1.2.99" in done.stdout


def test_an_action_is_never_sent_twice(dimse: Dimse, desk: Desk) -> None:
    desk.hang_up = True
    done = dimse("naction", desk.address, "commit", "commit", "commit", "TransactionUID=1.2", "--repeat", 3)
    assert (done.code, [asked.number for asked in desk.asked]) == (61, [1])


@pytest.mark.parametrize("limit", [("--total-timeout", "200ms"), ("--dimse-timeout", "200ms")])
def test_nobody_knows_what_became_of_an_action_without_an_answer(
    dimse: Dimse, limit: tuple[str, str]
) -> None:
    script = (accept(), expect_message(N_ACTION_RQ), stall())
    done = dimse.scripted(
        script, "naction", "commit", "commit", "commit", "TransactionUID=1.2", *limit, "--json"
    )
    assert done.code in (62, 75)
    assert done.records[0]["_retryable"] is False
    assert "nobody knows whether it was done" in done.stderr


def test_a_status_means_what_it_means_for_the_class(dimse: Dimse, desk: Desk) -> None:
    desk.answer = lambda _: (0xC602, None)
    printed = dimse("naction", desk.address, "film-box", "1.2.3", "print", "--json")
    claimed = dimse("naction", desk.address, "ups", "1.2.3", "change-state", "TransactionUID=1.2", "--json")
    assert (printed.code, printed.records[0]["_meaning"]) == (1, "the print queue is full")
    assert (claimed.code, claimed.records[0]["_meaning"]) == (
        1,
        "status 0xC602 is not defined for N-ACTION of this SOP class",
    )
    assert [run.records[1]["_retryable"] for run in (printed, claimed)] == [True, False]
    assert "print-queue-full" in printed.stderr
    assert "print" not in claimed.stderr
