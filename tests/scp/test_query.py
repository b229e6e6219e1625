from __future__ import annotations

import struct
from collections.abc import Iterator
from time import monotonic

import pytest

from dimsetools.dataset.attributes import Attributes
from dimsetools.dataset.flat import from_flat
from dimsetools.errors import InputUnreadable
from dimsetools.scp.query import Negotiated
from tests.scp.asking import (
    FIND,
    PATIENT,
    PATIENT_CONTEXT,
    STUDY,
    WORKLIST_CONTEXT,
    answers,
    associated,
    comment,
    extended,
    identifier,
    request,
    status,
    values,
)
from tests.scp.querying import Source, find, querying, some
from tests.scripted import wire


def test_matches_are_answered_with_what_every_answer_has() -> None:
    source = some("DOE^JOHN", "DOE^JANE")
    with querying(source) as node, associated(node.port) as talk:
        find(talk, PatientName="DOE*")
        *matches, final = answers(talk)
        (record,) = node.log.wait("query")
    assert [values(match) for match in matches] == [
        {
            "QueryRetrieveLevel": "STUDY",
            "RetrieveAETitle": ["ARCHIVE"],
            "InstanceAvailability": "ONLINE",
            "PatientName": name,
        }
        for name in ("DOE^JOHN", "DOE^JANE")
    ]
    assert [status(one) for one in (*matches, final)] == [0xFF00, 0xFF00, 0]
    assert final.data == b""
    ((asked, negotiated),) = source.asked
    assert asked.level == "STUDY"
    assert not any(negotiated)
    assert (record["_matches"], record["_keys"], record["_status"]) == (2, ["PatientName"], "0000")


def test_values_are_logged_only_when_allowed() -> None:
    with querying(some(), log_values=True) as node, associated(node.port) as talk:
        find(talk, PatientName="DOE^\x1b[2J")
        answers(talk)
        assert node.log.wait("query")[0]["_keys"] == ["PatientName=DOE^\\x1b[2J"]


def test_keys_that_cannot_be_matched_are_admitted() -> None:
    with querying(Source(endless_one, supported=False)) as node, associated(node.port) as talk:
        find(talk)
        assert [status(one) for one in answers(talk)] == [0xFF01, 0]


def endless_one() -> Iterator[Attributes]:
    yield from_flat({"PatientID": "1"})


def test_a_worklist_is_answered_as_it_is() -> None:
    with querying(some("A^B")) as node, associated(node.port) as talk:
        data = wire.element(0x10, b"", group=0x10)
        talk.send(request(FIND, data, context=WORKLIST_CONTEXT))
        match, final = answers(talk)
    assert values(match, wire.IMPLICIT_LE) == {"PatientName": "A^B"}
    assert status(final) == 0


@pytest.mark.parametrize(
    ("asked_in", "names", "answered_in"),
    [
        ("ISO_IR 100", ["MÜLLER", "DOE"], [["ISO_IR 100"], None]),
        ("ISO_IR 100", ["ΔΙΟΝΥΣΙΟΣ"], [["ISO_IR 192"]]),
        ("", ["MÜLLER"], [["ISO_IR 192"]]),
        ("ISO_IR 126", ["ΔΙΟΝΥΣΙΟΣ"], [["ISO_IR 126"]]),
    ],
)
def test_text_goes_out_in_the_set_of_the_request_if_that_has_it(
    asked_in: str, names: list[str], answered_in: list[list[str] | None]
) -> None:
    with querying(some(*names)) as node, associated(node.port) as talk:
        find(talk, **({"SpecificCharacterSet": [asked_in]} if asked_in else {}), PatientName="")
        found = [values(match) for match in answers(talk)[:-1]]
    assert [match["PatientName"] for match in found] == names
    assert [match.get("SpecificCharacterSet") for match in found] == answered_in


def test_an_answer_that_cannot_be_written_does_not_keep_the_others_back() -> None:
    def found() -> Iterator[Attributes]:
        yield from_flat({"PatientName": "A"})
        yield from_flat({"StudyDescription": "x" * 70_000})
        yield from_flat({"PatientName": "B"})

    with querying(Source(found)) as node, associated(node.port) as talk:
        find(talk)
        assert [status(one) for one in answers(talk)] == [0xFF00, 0xFF00, 0]
        assert node.log.wait("query")[0]["_failed"] == 1


# -- refused ------------------------------------------------------------------------------------------


def nested(depth: int) -> bytes:
    data = b""
    for _ in range(depth):
        item = struct.pack("<HHI", 0xFFFE, 0xE000, len(data)) + data
        data = struct.pack("<HH2sHI", 0x0008, 0x1110, b"SQ", 0, len(item)) + item
    return data


@pytest.mark.parametrize(
    ("data", "code", "offending", "said"),
    [
        (identifier(StudyDate=""), 0xA900, 0x00080052, "no Query/Retrieve Level"),
        (identifier("SERIES"), 0xA900, 0x0020000D, "give StudyInstanceUID"),
        (identifier("PATIENT"), 0xA900, 0x00080052, "has no level PATIENT"),
        (nested(1000), 0xC000, None, ""),
        (b"\x08\0\x52\0CS\xff\0STUDY ", 0xC000, None, ""),
        (bytes(5 * 1024 * 1024), 0xA700, None, "bytes"),
    ],
)
def test_identifiers_that_cannot_be_answered(
    data: bytes, code: int, offending: int | None, said: str
) -> None:
    source = some("DOE")
    with querying(source) as node, associated(node.port) as talk:
        sent = request(FIND, data)
        started = monotonic()
        talk.send(sent)
        (final,) = answers(talk)
        assert monotonic() - started < 5.0
        assert status(final) == code
        assert said in comment(final)
        if offending is not None:
            assert struct.unpack("<HH", final.command[0x901]) == (offending >> 16, offending & 0xFFFF)
        assert source.asked == []
        assert node.log.wait("query")[0]["_status"] == f"{code:04X}"
        find(talk)
        assert len(answers(talk)) == 2


def test_a_class_that_the_context_is_not_for_is_refused() -> None:
    with querying(some("DOE")) as node, associated(node.port) as talk:
        sent = request(FIND, identifier("STUDY")).replace(STUDY.find.encode(), PATIENT.find.encode())
        talk.send(sent)
        assert status(answers(talk)[-1]) == 0x0122


def test_a_source_that_fails_is_a_failure_status_and_no_more() -> None:
    def broken() -> Iterator[Attributes]:
        yield from_flat({"PatientName": "A"})
        raise KeyError("lost")

    with querying(Source(broken)) as node, associated(node.port) as talk:
        find(talk)
        assert [status(one) for one in answers(talk)] == [0xFF00, 0x0110]
        assert node.log.wait("internal-error")
        find(talk)
        assert len(answers(talk)) == 2


def test_where_things_lie_is_told_to_the_log_only() -> None:
    def gone() -> Iterator[Attributes]:
        yield from ()
        raise InputUnreadable("cannot read '/srv/secret'")

    with querying(Source(gone)) as node, associated(node.port) as talk:
        find(talk)
        (final,) = answers(talk)
        (record,) = node.log.wait("query")
    assert (status(final), comment(final)) == (0xC000, "cannot be read")
    assert record["_reason"] == "cannot read '/srv/secret'"


def test_more_than_can_be_under_way_is_refused_for_now(monkeypatch: pytest.MonkeyPatch) -> None:
    with querying(some("A")) as node, associated(node.port) as talk:
        with monkeypatch.context() as patched:
            patched.setattr("dimsetools.scp.pump._MOST", 0)
            find(talk)
            assert status(answers(talk)[-1]) == 0xA700
        find(talk)
        assert status(answers(talk)[-1]) == 0


# -- negotiated ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "granted", "negotiated"),
    [
        (b"\1", b"\1", Negotiated(relational=True)),
        (b"\0\1", b"\0\1", Negotiated(datetime=True)),
        (b"\1\1\1\1\1", b"\1\1\1\0\0", Negotiated(relational=True, datetime=True, fuzzy=True)),
    ],
)
def test_what_is_asked_for_by_extended_negotiation(
    asked: bytes, granted: bytes, negotiated: Negotiated
) -> None:
    source = some()
    with querying(source) as node, associated(node.port, more=extended(STUDY.find, asked)) as talk:
        assert extended(STUDY.find, granted) in talk.received[0].body
        talk.send(request(FIND, identifier("STUDY" if not negotiated.relational else "SERIES")))
        assert status(answers(talk)[-1]) == 0
    assert source.asked[0][1] == negotiated


def test_patient_root_is_a_model_of_its_own() -> None:
    source = some("A")
    with querying(source) as node, associated(node.port) as talk:
        data = wire.element(0x52, b"PATIENT ", group=8)
        talk.send(request(FIND, data, context=PATIENT_CONTEXT))
        assert len(answers(talk)) == 2
    assert source.asked[0][0].level == "PATIENT"
