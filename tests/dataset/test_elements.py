"""Wrong syntaxes, picked values and deflated data sets."""

from __future__ import annotations

import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dimsetools import uids
from dimsetools.dataset.elements import Fault, Malformed, Structure, inflate, pick, scan, sniff
from dimsetools.errors import InputError
from tests.dataset.encoding import BIG_ENDIAN, EXPLICIT, IMPLICIT, UNDEFINED, Encoding
from tests.dataset.samples import (
    ALL_KINDS,
    ENCODINGS,
    JPEG,
    SYNTAXES,
    WHOLE,
    deflated,
    head,
    opened,
    tail,
    verdict,
)


@pytest.mark.parametrize(
    ("encoding", "said"),
    [
        (IMPLICIT, uids.EXPLICIT_LE),
        (IMPLICIT, uids.EXPLICIT_BE),
        (EXPLICIT, uids.IMPLICIT_LE),
        (EXPLICIT, uids.EXPLICIT_BE),
        (BIG_ENDIAN, uids.EXPLICIT_LE),
        (BIG_ENDIAN, uids.IMPLICIT_LE),
        (IMPLICIT, JPEG),
    ],
)
def test_the_wrong_syntax_is_found_and_the_right_one_named(encoding: Encoding, said: str) -> None:
    with pytest.raises(Malformed) as caught:
        scan(head(encoding) + tail(encoding), said)
    assert caught.value.fault is Fault.WRONG_SYNTAX
    assert caught.value.end == 0
    assert uids.name_of(SYNTAXES[encoding]) in caught.value.message


def test_noise_is_the_wrong_syntax_too() -> None:
    assert verdict(b"\x89PNG" + bytes(50), uids.EXPLICIT_LE) == (Fault.WRONG_SYNTAX, 0, 0)


@ENCODINGS
def test_an_unknown_or_private_syntax_has_the_layout_that_it_shows(encoding: Encoding) -> None:
    data = head(encoding) + tail(encoding)
    assert scan(data, "1.2.826.0.1.3680043.1") == Structure(len(data), 0, encoding=SYNTAXES[encoding])
    assert set(pick(data, "1.2.826.0.1.3680043.1", WANTED)) == set(WANTED[:3])


def test_an_unknown_layout_is_refused() -> None:
    assert verdict(b"\x89\x12\x84" * 20, "1.2.826.0.1.3680043.1") == (Fault.WRONG_SYNTAX, 0, 0)


def test_vrs_that_are_not_known_yet_have_the_long_form() -> None:
    data = head(EXPLICIT) + b"\x09\0\x01\x10ZZ\0\0\x04\0\0\0abcd" + tail(EXPLICIT)
    assert scan(data, uids.EXPLICIT_LE) == Structure(len(data), 0)


# -- pick -----------------------------------------------------------------------------------------------

WANTED = (0x00080016, 0x00080018, 0x00100020, 0x0020000D)


@ENCODINGS
@pytest.mark.parametrize("name", WHOLE)
def test_pick_finds_values_behind_anything(name: str, encoding: Encoding) -> None:
    data = head(encoding) + WHOLE[name][0](encoding) + tail(encoding)
    expected = {0x00080016: b"1.2.3.4\0", 0x00080018: b"1.2.3.4.5\0"}
    found = pick(data, SYNTAXES[encoding], WANTED)
    assert found.items() >= expected.items()
    with opened(data) as fd:
        assert pick(fd, SYNTAXES[encoding], WANTED) == found


def test_pick_reads_the_top_level_only() -> None:
    data = EXPLICIT.sequence(0x00081140, EXPLICIT.item(tail(EXPLICIT))) + EXPLICIT.element(
        0x00100020, "LO", b"OUTER "
    )
    assert pick(data, uids.EXPLICIT_LE, (0x00100020,)) == {0x00100020: b"OUTER "}


def test_pick_stops_behind_the_last_wanted_tag() -> None:
    data = head(EXPLICIT) + tail(EXPLICIT) + b"this is no element at all"
    assert pick(data, uids.EXPLICIT_LE, WANTED) == {
        0x00080016: b"1.2.3.4\0", 0x00080018: b"1.2.3.4.5\0", 0x00100020: b"ID"
    }  # fmt: skip


@ENCODINGS
def test_pick_takes_what_the_head_of_a_data_set_has(encoding: Encoding) -> None:
    data = ALL_KINDS[encoding]
    seen = 0
    for count in range(len(data) + 1):
        found = pick(data[:count], SYNTAXES[encoding], WANTED)
        assert all(value in (b"1.2.3.4\0", b"1.2.3.4.5\0", b"ID") for value in found.values())
        assert len(found) >= seen
        seen = len(found)
    assert seen == 2 + (pick(data, SYNTAXES[encoding], (0x00100020,)) != {})


def test_pick_leaves_out_what_is_long_or_undefined() -> None:
    data = EXPLICIT.element(0x00080016, "UT", b"x" * 100) + EXPLICIT.sequence(0x00081140, defined=False)
    assert pick(data, uids.EXPLICIT_LE, (0x00080016, 0x00081140), limit=99) == {}
    assert pick(data, uids.EXPLICIT_LE, (0x00080016,), limit=100) == {0x00080016: b"x" * 100}


def test_pick_reads_values_larger_than_a_window() -> None:
    data = head(EXPLICIT) + EXPLICIT.element(0x00091001, "UT", b"x" * 20_000)
    with opened(data) as fd:
        assert pick(fd, uids.EXPLICIT_LE, (0x00091001,)) == {0x00091001: b"x" * 20_000}


def test_pick_in_a_deflated_data_set() -> None:
    data = deflated(head(EXPLICIT) + tail(EXPLICIT))
    assert set(pick(data, uids.DEFLATED_LE, WANTED)) == set(WANTED[:3])
    assert set(pick(data[:-4], uids.DEFLATED_LE, WANTED)) <= set(WANTED[:3])
    assert pick(b"no deflated data", uids.DEFLATED_LE, WANTED) == {}


# -- sniff ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "syntax"),
    [
        (IMPLICIT.element(0x00080005, "CS", b"ISO_IR 100"), uids.IMPLICIT_LE),
        (EXPLICIT.element(0x00080005, "CS", b"ISO_IR 100"), uids.EXPLICIT_LE),
        (BIG_ENDIAN.element(0x00080005, "CS", b"ISO_IR 100"), uids.EXPLICIT_BE),
        (EXPLICIT.element(0x00080005, "CS"), uids.EXPLICIT_LE),
        (BIG_ENDIAN.element(0x00080005, "CS"), uids.EXPLICIT_BE),
        (EXPLICIT.element(0x20000010, "IS", b"1 "), uids.EXPLICIT_LE),
        (EXPLICIT.element(0x20000010, "IS"), None),
        (BIG_ENDIAN.element(0x20000010, "IS", b"1 "), uids.EXPLICIT_BE),
        (EXPLICIT.element(0x00081140, "SQ", b"", UNDEFINED), uids.EXPLICIT_LE),
        (IMPLICIT.element(0x00081140, "SQ", b"", UNDEFINED), uids.IMPLICIT_LE),
        (EXPLICIT.element(0x00081140, "SQ", b"12345678"), uids.EXPLICIT_LE),
        (BIG_ENDIAN.element(0x00081140, "SQ", b"12345678"), uids.EXPLICIT_BE),
        (b"\x89PNG\r\n\x1a\n....", None),
        (b"some text that is long enough", None),
        (b"\0" * 20, None),
        (b"\x08\0", None),
        (b"", None),
    ],
)
def test_sniff(data: bytes, syntax: str | None) -> None:
    assert sniff(data[:12], len(data)) == syntax


# -- deflated -------------------------------------------------------------------------------------------


@settings(max_examples=50)
@given(st.binary(max_size=100_000), st.integers(0, 5))
def test_inflate(data: bytes, offset: int) -> None:
    stream = deflated(data)
    assert inflate(b"....."[:offset] + stream, offset=offset) == data
    with opened(b"....."[:offset] + stream) as fd:
        assert inflate(fd, offset=offset) == data


def test_a_deflated_data_set_is_scanned_inflated() -> None:
    data = ALL_KINDS[EXPLICIT]
    assert scan(deflated(data), uids.DEFLATED_LE) == Structure(len(data), 3)
    with pytest.raises(Malformed) as caught:
        scan(deflated(head(EXPLICIT) + EXPLICIT.nested(65, defined=True)), uids.DEFLATED_LE)
    assert (caught.value.fault, caught.value.inflated) == (Fault.TOO_DEEP, True)
    assert "of the inflated data set" in caught.value.message


@pytest.mark.parametrize(
    ("stream", "fault"),
    [
        (deflated(head(EXPLICIT) * 50)[:-4], Fault.TRUNCATED),
        (b"", Fault.TRUNCATED),
        (deflated(head(EXPLICIT)) + b"garbage!", Fault.TRAILING),
        (deflated(head(EXPLICIT)) + bytes(50), Fault.TRAILING),
        (head(EXPLICIT), Fault.WRONG_SYNTAX),
        (zlib.compress(head(EXPLICIT)), Fault.WRONG_SYNTAX),
    ],
    ids=("cut", "empty", "garbage", "zeros", "not deflated", "zlib header"),
)
def test_broken_deflated_streams(stream: bytes, fault: Fault) -> None:
    with pytest.raises(Malformed) as caught:
        scan(stream, uids.DEFLATED_LE)
    assert caught.value.fault is fault


def test_trailing_bytes_of_a_stream_can_be_cut_off() -> None:
    stream = deflated(head(EXPLICIT))
    with pytest.raises(Malformed) as caught:
        scan(b"..." + stream + b"garbage!", uids.DEFLATED_LE, offset=3)
    assert not caught.value.inflated
    trimmed = (b"..." + stream)[: caught.value.end]
    assert scan(trimmed, uids.DEFLATED_LE, offset=3) == Structure(len(head(EXPLICIT)), 0)


def test_the_trailer_of_gzip_is_no_garbage() -> None:
    data = head(EXPLICIT)
    stream = (
        zlib.compress(data, wbits=-15)
        + zlib.crc32(data).to_bytes(4, "little")
        + len(data).to_bytes(4, "little")
    )
    assert scan(stream, uids.DEFLATED_LE) == Structure(len(data), 0)


def test_malformed_is_an_input_error() -> None:
    with pytest.raises(InputError):
        scan(b"\x08\0", uids.EXPLICIT_LE)
