"""The six verbs make requests of their words, and refuse what cannot be one before anything is connected."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from dimsetools.association.values import Role
from dimsetools.commands.verbs import VERBS
from dimsetools.dataset.attributes import text
from dimsetools.dataset.keys import keyed
from dimsetools.dataset.normalized import CLASSES, PRINT_COLOR, UPS_PUSH, UPS_WATCH
from dimsetools.errors import DimseError, InputError, UsageError
from dimsetools.message.command import elements_of
from dimsetools.services.normalized import Wanted

MPPS = CLASSES["mpps"].uid


def wanted(line: str) -> Wanted:
    """The request of a verb with its words, as a shell parses them."""
    name, *words = line.split()
    verb = VERBS[name]
    context = click.Command(name, params=list(verb.params)).make_context(name, words)
    return verb.wanted(**context.params)


def elements(line: str) -> dict[str, object]:
    return {name: value for name, value in elements_of(wanted(line).request).items() if name != "MessageID"}


def test_there_is_a_verb_for_each_service() -> None:
    assert {verb.service for verb in VERBS.values()} == set(CLASSES["rt-ion"].services)


@pytest.mark.parametrize(
    ("line", "request_elements"),
    [
        (
            "nget printer printer PrinterStatus,PrinterName",
            {
                "RequestedSOPClassUID": CLASSES["printer"].uid,
                "RequestedSOPInstanceUID": CLASSES["printer"].instance,
                "AttributeIdentifierList": ["21100010", "21100030"],
            },
        ),
        (
            "nget mpps 1.2.3",
            {
                "RequestedSOPClassUID": CLASSES["mpps-retrieve"].uid,
                "RequestedSOPInstanceUID": "1.2.3",
            },
        ),
        (
            "naction ups 1.2.3 change-state ProcedureStepState=COMPLETED",
            {
                "RequestedSOPClassUID": UPS_PUSH,
                "RequestedSOPInstanceUID": "1.2.3",
                "ActionTypeID": 1,
            },
        ),
        ("ncreate mpps 1.2.3", {"AffectedSOPClassUID": MPPS, "AffectedSOPInstanceUID": "1.2.3"}),
        ("ncreate mpps - PatientID=1", {"AffectedSOPClassUID": MPPS}),
        ("ncreate mpps PatientID=1", {"AffectedSOPClassUID": MPPS}),
        ("ncreate mpps PatientID", {"AffectedSOPClassUID": MPPS}),
        ("ncreate mpps", {"AffectedSOPClassUID": MPPS}),
        (
            "ndelete film-box 1.2.3",
            {
                "RequestedSOPClassUID": CLASSES["film-box"].uid,
                "RequestedSOPInstanceUID": "1.2.3",
            },
        ),
        (
            "nevent commit commit failures TransactionUID=1.2",
            {
                "AffectedSOPClassUID": CLASSES["commit"].uid,
                "AffectedSOPInstanceUID": CLASSES["commit"].instance,
                "EventTypeID": 2,
            },
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_words_make_a_request(line: str, request_elements: dict[str, object]) -> None:
    assert elements(line) == request_elements


@pytest.mark.parametrize(
    "line", ["nget mpps new", "nset mpps New PatientID=1", "naction ups new 1", "ndelete film-box new"]
)
def test_what_acts_on_an_instance_takes_no_new_one(line: str) -> None:
    with pytest.raises(UsageError, match="about an instance that the peer has already"):
        wanted(line)
    assert wanted(f"{line} --no-check")


def test_only_a_new_instance_is_another_one_each_time() -> None:
    create = VERBS["ncreate"]
    assert create.makes_new({"words": ("New", "PatientID=1")})
    assert not create.makes_new({"words": ("PatientID=new",)})
    assert not create.makes_new({"words": ("1.2.3",)})
    assert not VERBS["nevent"].makes_new({"words": ("new",)})


def test_a_file_among_the_keys_is_told_how_to_be_one() -> None:
    with pytest.raises(UsageError, match=r"'final\.json' is no attribute") as refused:
        wanted("nset mpps 1.2.3 final.json PatientID=1")
    assert refused.value.hint == "write -f final.json if that is a file"


def test_an_instance_may_be_sent_unchecked() -> None:
    assert elements("nset mpps 1.02.3 PatientID=1 --no-check")["RequestedSOPInstanceUID"] == "1.02.3"


def test_a_new_instance_has_a_fresh_uid() -> None:
    first, second = (elements("ncreate mpps new")["AffectedSOPInstanceUID"] for _ in range(2))
    assert str(first).startswith("2.25.")
    assert first != second


@pytest.mark.parametrize("verb", ["nset mpps 1.2.3", "naction ups 1.2.3 cancel", "ncreate mpps -"])
def test_the_data_set_is_of_keys_and_a_file(tmp_path: Path, verb: str) -> None:
    path = tmp_path / "set.json"
    path.write_text('{"PatientName": "DOE", "PatientID": "1", "StudyID": "9"}')
    made = wanted(f"{verb} PatientName=ROE -k PatientID=2 -f {path}")
    assert made.attributes == keyed(["PatientName=ROE", "PatientID=2", "StudyID=9"])


def test_an_event_or_action_may_have_no_data_set() -> None:
    assert wanted("nevent mpps 1.2.3 completed").attributes is None
    assert wanted("naction film-session 1.2.3 print").attributes is None


def test_a_filtered_subscription_matches_ranges() -> None:
    key = "ScheduledProcedureStepStartDateTime=2026-01-01..2026-01-31"
    filtered = wanted(f"naction ups filtered subscribe ReceivingAE=ME DeletionLock=FALSE {key}").attributes
    assert filtered is not None
    assert text(filtered, 0x00404005) == "20260101000000-20260131235959.999999"
    with pytest.raises(UsageError, match="is no DT"):
        wanted(f"nset ups 1.2.3 {key}")


def test_contexts_are_those_of_the_standard_or_those_that_are_named() -> None:
    assert wanted("naction ups global subscribe").contexts == (UPS_WATCH,)
    assert wanted("ncreate film-session - --context print-color").contexts == (PRINT_COLOR,)
    both = wanted("nget ups 1.2.3 --context ups-pull --context 1.2.3.4")
    assert both.contexts == ("1.2.840.10008.5.1.4.34.6.3", "1.2.3.4")


@pytest.mark.parametrize(
    ("line", "message", "hint"),
    [
        ("nset printer printer PrinterName=x", "printer has no N-SET", "N-GET, N-EVENT-REPORT"),
        ("nget print-color 1.2.3", "print-color has no N-GET", "--context"),
        ("nget mpps -", "an N-GET is about an instance", "UID"),
        ("nget mpps printer", "no instance of mpps", "UID"),
        ("nset mpps 1.2.3", "an N-SET sets attributes", "KEY=VALUE"),
        ("naction film-box 1.2.3 prnt", "no action of film-box", "print"),
        ("nevent mpps 1.2.3 over", "no event of mpps", "completed"),
        ("ncreate mpps PatintID", "no instance of mpps", "UID"),
        ("ncreate mpps 1.2.3 PatintID=4", "PatintID", "PatientID"),
        ("nset mpps 1.2.3 StudyDate=tomorow", "StudyDate", ""),
    ],
)
def test_what_makes_no_request_is_refused(line: str, message: str, hint: str) -> None:
    with pytest.raises(UsageError) as refused:
        wanted(line)
    assert message in refused.value.message
    assert hint in refused.value.hint


def test_no_check_sends_it_anyway() -> None:
    assert (
        elements("nset printer printer --no-check")["RequestedSOPInstanceUID"] == CLASSES["printer"].instance
    )
    assert wanted("nset printer printer --no-check").attributes == {}
    with pytest.raises(UsageError):
        wanted("nget mpps - --no-check")


@pytest.mark.parametrize("line", ["nget nonsense 1.2", "nget mpps 1.2 --context nonsense", "nget mpps"])
def test_words_that_click_refuses(line: str) -> None:
    with pytest.raises((click.UsageError, DimseError)):
        wanted(line)


def test_a_file_that_is_not_there_is_an_input_error() -> None:
    with pytest.raises(InputError):
        wanted("nset mpps 1.2.3 -f /nonexistent/set.json")


def test_who_reports_events_asks_to_be_the_scp() -> None:
    event = wanted("nevent commit commit success")
    commit = CLASSES["commit"].uid
    assert VERBS["nevent"].roles(event) == (Role(commit, scu=False, scp=True),)
    given = (Role(commit, scu=True, scp=True),)
    assert VERBS["nevent"].roles(event, given) == given
    assert VERBS["nget"].roles(event, ()) == ()
