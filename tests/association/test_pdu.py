"""PDUs as PS3.8 section 9.3 prints them, and words for what is none."""

from __future__ import annotations

import pytest

from dimsetools.association import pdu
from dimsetools.association.pdu import aborted_error, foreign_protocol, p_data_header, whole_data_header
from tests.scripted import wire


def test_fixed_units_are_the_standards() -> None:
    assert wire.release_rq() == pdu.RELEASE_RQ_PDU
    assert wire.release_rp() == pdu.RELEASE_RP_PDU
    assert pdu.abort_pdu(2, 6) == wire.abort(2, 6)


@pytest.mark.parametrize("size", [0, 1, 2, 16370, 1 << 20])
@pytest.mark.parametrize("command", [True, False])
@pytest.mark.parametrize("last", [True, False])
def test_a_fragment_is_a_pdu_of_its_own(size: int, command: bool, last: bool) -> None:
    control = (pdu.COMMAND if command else 0) | (pdu.LAST if last else 0)
    expected = wire.p_data(wire.pdv(bytes(size), context=255, command=command, last=last))
    assert p_data_header(255, size, control) + bytes(size) == expected


@pytest.mark.parametrize(
    ("kind", "announced", "taken", "refused"),
    [
        (pdu.P_DATA_TF, 16384, [0, 16384], [16385, 2**32 - 1]),
        (pdu.P_DATA_TF, 0, [0, 2**32 - 1], []),
        (pdu.ASSOCIATE_RQ, 16384, [0, 128 * 1024], [128 * 1024 + 1, 2**32 - 1]),
        (pdu.ASSOCIATE_AC, 0, [0, 128 * 1024], [128 * 1024 + 1]),
        (pdu.ASSOCIATE_RJ, 0, [4], [0, 3, 5, 2**31 - 1]),
        (pdu.RELEASE_RQ, 0, [4], [0, 3, 5]),
        (pdu.RELEASE_RP, 0, [4], [0, 3, 5]),
        (pdu.ABORT, 0, [4], [0, 3, 5]),
        (0, 16384, [], [0, 4]),
        (8, 0, [], [0, 4]),
        (255, 0, [], [0, 4]),
    ],
)
def test_every_type_has_its_length(kind: int, announced: int, taken: list[int], refused: list[int]) -> None:
    assert all(pdu.is_acceptable(kind, length, announced) for length in taken)
    assert not any(pdu.is_acceptable(kind, length, announced) for length in refused)


@pytest.mark.parametrize(
    ("source", "reason", "words"),
    [
        (0, 0, ""),
        (0, 5, ""),  # a user's abort has no reason, whatever the byte says
        (2, 0, ": reason not specified"),
        (2, 1, ": unrecognized PDU"),
        (2, 2, ": unexpected PDU"),
        (2, 3, ": reason 3"),
        (2, 4, ": unrecognized PDU parameter"),
        (2, 5, ": unexpected PDU parameter"),
        (2, 6, ": invalid PDU parameter value"),
        (1, 9, ""),
    ],
)
def test_an_abort_is_told_in_words(source: int, reason: int, words: str) -> None:
    error = aborted_error("10.0.0.5:104", source, reason)
    assert error.message == f"10.0.0.5:104 aborted the association{words}"
    assert (error.source, error.reason, error.exit_code, error.retryable) == (source, reason, 61, True)


@pytest.mark.parametrize(
    ("head", "words"),
    [
        (b"GET / ", "speaks HTTP, not DICOM"),
        (b"HTTP/1", "speaks HTTP, not DICOM"),
        (b"\x16\x03\x01\x02\x00\x01", "speaks TLS where plain DICOM is expected"),
        (b"\x15\x03\x03\x00\x02\x02", "answered with a TLS alert"),
        (b"SSH-2.", "sent something that is no DICOM PDU (type 53H)"),
        (b"\x00\x00\x00\x00\x00\x00", "sent something that is no DICOM PDU (type 00H)"),
    ],
)
def test_other_protocols_are_named(head: bytes, words: str) -> None:
    assert foreign_protocol(head) == words


DATA = p_data_header(3, 10, 2) + b"0123456789"


def test_a_unit_that_has_come_whole_is_known_by_its_headers() -> None:
    assert whole_data_header(memoryview(DATA), 16) == (16, 12, 3, 2)
    assert whole_data_header(memoryview(DATA + b"more"), 0) == (16, 12, 3, 2)
    for end in range(len(DATA)):
        assert whole_data_header(memoryview(DATA[:end]), 0) is None


@pytest.mark.parametrize(
    "data",
    [
        bytes([5]) + DATA[1:],  # another type
        DATA[:6] + (1).to_bytes(4) + DATA[10:],  # a value too short for its header
        DATA[:6] + (13).to_bytes(4) + DATA[10:],  # a value longer than its unit
    ],
)
def test_a_unit_that_is_not_in_order_is_left_to_the_long_way(data: bytes) -> None:
    assert whole_data_header(memoryview(data), 0) is None


def test_a_unit_longer_than_was_announced_is_not_in_order() -> None:
    assert whole_data_header(memoryview(DATA), 15) is None
