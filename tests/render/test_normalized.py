"""How requests of the N- services and their answers read, for people and for programs."""

from __future__ import annotations

import json
from io import StringIO

import pytest

from dimsetools.association.values import Peer, Role, Target
from dimsetools.dataset.attributes import Attributes
from dimsetools.dataset.elements import Malformed
from dimsetools.dataset.keys import keyed
from dimsetools.dataset.layout import Fault
from dimsetools.dataset.normalized import CLASSES
from dimsetools.errors import DimseError, ExitCode
from dimsetools.render import FORMATS, Output
from dimsetools.render.line import Line, rendered
from dimsetools.render.normalized import DONE, Telling, line, opened_line, proposal, record, request_line
from dimsetools.services import requests
from dimsetools.services.failures import status_failure
from dimsetools.services.normalized import Reply, Wanted
from dimsetools.uids import EXPLICIT_LE, IMPLICIT_LE

MPPS = CLASSES["mpps"]
CREATED = requests.create(MPPS, "1.2.3", keyed(["PatientID=7", "StudyID=4"]))
TARGET = Target("ris", 104, "RIS")


def reply(
    wanted: Wanted = CREATED,
    status: int = 0,
    *,
    instance: str = "1.2.3",
    comment: str = "",
    error_id: int | None = None,
    identifiers: tuple[int, ...] = (),
    attributes: Attributes | None = None,
    remarks: tuple[str, ...] = (),
    error: DimseError | None = None,
) -> Reply:
    request = wanted.request
    number = getattr(request, "action_type_id", getattr(request, "event_type_id", None))
    failure = error or status_failure(status, request.service, comment, identifiers)
    return Reply(
        request, status, comment, error_id, (), identifiers, MPPS.uid, instance, number, attributes, 0.0125,
        remarks, failure,
    )  # fmt: skip


def plain(shown: Line) -> str:
    return rendered(shown, color=False)


class Told:
    """A run that tells of replies, and all that can be seen of it."""

    def __init__(self, *replies: Reply, form: str = "json", verbosity: int = 0) -> None:
        self.stdout, self.stderr = StringIO(), StringIO()
        output = Output(form, stdout=self.stdout, stderr=self.stderr, verbosity=verbosity)
        self.telling = Telling(output, "RIS")
        with output:
            for one in replies:
                self.telling.reply(one)
            self.telling.end()

    @property
    def records(self) -> list[dict[str, object]]:
        return [json.loads(text) for text in self.stdout.getvalue().splitlines()]

    def code(self, *, strict: bool = False) -> ExitCode:
        return self.telling.code(strict=strict)


# -- what is asked ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "text"),
    [
        (CREATED, "N-CREATE mpps 1.2.3  2 attributes"),
        (requests.create(MPPS, None), "N-CREATE mpps (the peer names it)"),
        (requests.get(MPPS, "1.2.3"), "N-GET mpps-retrieve 1.2.3"),
        (
            requests.get(MPPS, "1.2.3", (0x00100020, 0x00091001)),
            "N-GET mpps-retrieve 1.2.3  PatientID, 00091001",
        ),
        (requests.action(CLASSES["ups"], "1.2.3", 1), "N-ACTION ups 1.2.3 change-state"),
        (requests.action(CLASSES["ups"], "1.2.3", 99), "N-ACTION ups 1.2.3 99"),
        (requests.event(MPPS, "1.2.3", 2), "N-EVENT-REPORT mpps-notification 1.2.3 completed"),
    ],
)
def test_a_request_reads_as_what_is_asked_of_which_instance(wanted: Wanted, text: str) -> None:
    assert plain(request_line(wanted)) == text


def test_an_association_tells_what_was_agreed() -> None:
    peer = Peer("RIS", "ris", 104, "1.2.3", "SOFT", 0)
    text = plain(opened_line(peer, (MPPS.uid, "1.2.3.4")))
    wanted = "Modality Performed Procedure Step SOP Class, 1.2.3.4"
    assert text == f"associated with SOFT, max PDU unlimited, {wanted}"


def test_a_rehearsal_shows_what_would_be_proposed_and_sent() -> None:
    roles = (Role(CLASSES["mpps-notification"].uid, scu=False, scp=True),)
    event = requests.event(MPPS, "1.2.3", 2)
    told, text = proposal(event, TARGET, (EXPLICIT_LE, IMPLICIT_LE), roles)
    assert told["_event"] == "would-report"
    assert told["_abstract_syntaxes"] == [CLASSES["mpps-notification"].uid]
    assert told["_transfer_syntaxes"] == [EXPLICIT_LE, IMPLICIT_LE]
    assert told["_roles"] == [f"{CLASSES['mpps-notification'].uid}=scp"]
    assert (told["AffectedSOPInstanceUID"], told["EventTypeID"]) == ("1.2.3", 2)
    assert "MessageID" not in told
    assert plain(text) == (
        "would call RIS@ris:104 as DIMSE, no TLS, "
        "for Modality Performed Procedure Step Notification SOP Class as SCP "
        "in Explicit VR Little Endian or Implicit VR Little Endian, "
        "and send N-EVENT-REPORT mpps-notification 1.2.3 completed"
    )
    _, text = proposal(requests.get(MPPS, "1.2.3", (0x00100020,)), TARGET, (EXPLICIT_LE,), ())
    assert plain(text).endswith("and send N-GET mpps-retrieve 1.2.3 for PatientID")


# -- what was answered --------------------------------------------------------------------------------


def test_a_reply_is_a_record_with_all_that_the_peer_said() -> None:
    failed = reply(
        requests.action(CLASSES["ups"], "1.2.3", 1),
        0xC301,
        comment="no",
        error_id=7,
        identifiers=(0x00081195,),
    )
    assert record(failed) == {
        "_event": "failed", "_service": "N-ACTION", "_class": "ups",
        "SOPClassUID": CLASSES["ups"].uid, "SOPInstanceUID": "1.2.3", "ActionTypeID": 1,
        "_type": "change-state", "AffectedSOPClassUID": MPPS.uid, "AffectedSOPInstanceUID": "1.2.3",
        "_status": "C301", "_meaning": "the transaction UID is not that of the workitem's lock",
        "ErrorID": 7, "ErrorComment": "no", "OffendingElement": None,
        "AttributeIdentifierList": ["00081195"], "_ms": 12.5,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("wanted", "event"),
    [
        (requests.get(MPPS, "1.2"), "got"), (requests.set_(MPPS, "1.2", {}), "set"), (CREATED, "created"),
        (requests.action(MPPS, "1.2", 1), "acted"), (requests.delete(MPPS, "1.2"), "deleted"),
        (requests.event(MPPS, "1.2", 1), "reported"),
    ],
)  # fmt: skip
def test_each_service_has_its_event(wanted: Wanted, event: str) -> None:
    assert record(reply(wanted))["_event"] == event == DONE[wanted.request.service]
    assert plain(line(reply(wanted))).startswith(f"{event}  mpps")
    assert record(reply(wanted, 0x0110))["_event"] == "failed"


def test_the_uid_that_the_peer_assigned_is_shown() -> None:
    assigned = reply(requests.create(MPPS, None), instance="1.2.99")
    assert plain(line(assigned)) == "created  mpps 1.2.99  12.5 ms"
    assert (record(assigned)["SOPInstanceUID"], record(assigned)["AffectedSOPInstanceUID"]) == (
        None,
        "1.2.99",
    )
    refused = reply(requests.create(MPPS, None), 0x0106, instance="1.2.99")
    assert plain(line(refused)).startswith("failed  mpps  0106 ")
    unnamed = reply(requests.create(MPPS, None), instance="")
    assert record(unnamed)["AffectedSOPInstanceUID"] is None


def test_a_warning_reads_with_its_meaning_and_attributes() -> None:
    warned = reply(status=0x0107, comment="old", identifiers=(0x00100020, 0x00291001))
    wanted = (
        "created  mpps 1.2.3  0107 done, but attributes that the peer does not know were left out (old): "
    )
    assert plain(line(warned)).startswith(wanted + "PatientID, 00291001")


def test_an_error_id_is_shown() -> None:
    failed = reply(status=0x0110, error_id=0xA710)
    assert ", error ID A710  12.5 ms" in plain(line(failed))


@pytest.mark.parametrize(
    ("failed", "hint"),
    [
        (
            reply(requests.set_(MPPS, "1.2", {}), 0x0110, error_id=0xA710),
            "the performed procedure step is over",
        ),
        (reply(requests.set_(MPPS, "1.2", {}), 0x0110), "the performed procedure step may be over"),
        (reply(requests.set_(CLASSES["ups"], "1.2", {}), 0x0110), "look into the peer's log"),
        (reply(requests.delete(CLASSES["film-box"], "1.2"), 0x0112), "live as long as their association"),
        (reply(requests.create(CLASSES["film-box"], None), 0x0117), "live as long as their association"),
        (reply(requests.set_(MPPS, "1.2", {}), 0x0112), "check the SOP instance UID"),
    ],
)
def test_a_failure_has_the_hint_of_its_class(failed: Reply, hint: str) -> None:
    assert hint in Told(failed).stderr.getvalue()


# -- a whole run --------------------------------------------------------------------------------------


def test_the_data_set_of_a_reply_is_in_its_record() -> None:
    told = Told(reply(attributes=keyed(["PatientID=8", "StudyID"])))
    first, summary = told.records
    assert (first["_event"], first["PatientID"], first["StudyID"]) == ("created", "8", None)
    assert summary == {
        "_event": "summary", "_node": "RIS", "_requests": 1, "_ok": 1, "_warnings": 0, "_failed": 0,
        "_seconds": 0.0125,
    }  # fmt: skip
    assert (told.code(), told.stderr.getvalue()) == (ExitCode.OK, "")


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_has_the_data_set_of_a_reply(form: str) -> None:
    told = Told(
        reply(attributes=keyed(["PatientName=DOE"]), identifiers=(0x00100020,), status=0x0107), form=form
    )
    assert "DOE" in told.stdout.getvalue()
    assert "0107" in told.stdout.getvalue()


def test_a_failure_names_the_attributes_and_is_an_error_record() -> None:
    told = Told(reply(status=0x0120, comment="no patient", identifiers=(0x00100020,)))
    failed, error, summary = told.records
    assert (failed["_event"], failed["AttributeIdentifierList"]) == ("failed", ["00100020"])
    assert (error["_event"], error["_status"], error["_exit"]) == ("error", "0120", 1)
    assert summary["_failed"] == 1
    assert told.code() is ExitCode.FAILURE
    lines = told.stderr.getvalue().splitlines()
    assert lines[0] == "error: RIS: a required attribute is missing"
    assert "  missing attribute: PatientID (0010,0020)" in lines
    assert "  the peer's comment: no patient" in lines


def test_an_unknown_status_is_a_failure() -> None:
    told = Told(reply(status=0xC999), form="table")
    assert "failed  mpps 1.2.3  C999 status 0xC999 is not defined for N-CREATE" in told.stdout.getvalue()
    assert told.code() is ExitCode.FAILURE


def test_a_reply_that_does_not_decode_is_partial() -> None:
    told = Told(reply(error=Malformed(Fault.TRUNCATED, 12, 0, "it ends too early")))
    got, error, _ = told.records
    assert (got["_event"], got["_status"]) == ("created", "0000")
    assert (error["_code"], error["_offset"]) == ("undecodable-reply", 12)
    assert told.code() is ExitCode.PARTIAL


def test_warnings_count_only_if_that_is_wanted() -> None:
    told = Told(reply(status=0xB300))
    assert told.code() is ExitCode.OK
    assert told.code(strict=True) is ExitCode.WARNINGS
    assert told.records[-1]["_warnings"] == 1
    assert Told(reply(status=0xB300), reply(status=0x0110)).code(strict=True) is ExitCode.PARTIAL


def test_what_is_odd_is_told_once() -> None:
    odd = reply(remarks=("the answer is about instance 1.2.9, not 1.2.3",))
    told = Told(odd, odd)
    assert told.stderr.getvalue().count("warning: RIS: the answer is about instance 1.2.9, not 1.2.3\n") == 1


def test_several_requests_are_summed_up() -> None:
    told = Told(reply(), reply(status=0xB300), reply(status=0x0110), form="table")
    (summary,) = [text for text in told.stdout.getvalue().splitlines() if text.startswith("3 requests")]
    assert summary == (
        "3 requests to RIS: 1 ok, 1 with warnings, 1 failed  min/avg/p95/max 12.5/12.5/12.5/12.5 ms"
    )
    assert "requests" not in Told(reply(), form="table").stdout.getvalue()
