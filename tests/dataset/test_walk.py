"""The bounded walk: what is a whole data set, what is not, and where it breaks."""

from __future__ import annotations

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dimsetools import uids
from dimsetools.dataset import layout
from dimsetools.dataset.elements import Fault, Malformed, Structure, scan
from dimsetools.errors import InputUnreadable
from tests.dataset.encoding import EXPLICIT, IMPLICIT, Encoding
from tests.dataset.samples import (
    ALL_KINDS,
    BROKEN,
    ENCODINGS,
    ONLY_WHERE_VRS_ARE,
    SYNTAXES,
    WHOLE,
    head,
    opened,
    tail,
    verdict,
)


@ENCODINGS
@pytest.mark.parametrize("name", WHOLE)
def test_whole_data_sets(name: str, encoding: Encoding) -> None:
    build, depth = WHOLE[name]
    data = build(encoding)
    assert scan(data, SYNTAXES[encoding]) == Structure(len(data), depth, encoding=SYNTAXES[encoding])
    shifted = Structure(len(data) + 3, depth, encoding=SYNTAXES[encoding])
    assert (
        scan(memoryview(b"xxx" + data + b"junk"), SYNTAXES[encoding], offset=3, length=len(data)) == shifted
    )
    with opened(b"xxx" + data) as fd:
        assert scan(fd, SYNTAXES[encoding], offset=3) == shifted


@ENCODINGS
@pytest.mark.parametrize("name", BROKEN)
def test_broken_data_sets(name: str, encoding: Encoding) -> None:
    build, fault, before = BROKEN[name]
    data, end = build(encoding), len(before(encoding))
    if not encoding.explicit and name in ONLY_WHERE_VRS_ARE:
        assert isinstance(verdict(data, SYNTAXES[encoding]), Structure)
        return
    with pytest.raises(Malformed) as caught:
        scan(b"....." + data, SYNTAXES[encoding], offset=5)
    bad = caught.value
    assert (bad.fault, bad.end) == (fault, end + 5)
    assert end + 5 <= bad.offset <= len(data) + 5
    assert f"{fault.value} at offset {bad.offset}" in bad.message
    if fault is Fault.TRAILING:
        assert bad.offset == bad.end
        assert scan(data[:end], SYNTAXES[encoding])
    with opened(b"....." + data) as fd:
        assert verdict(fd, SYNTAXES[encoding], 5) == (bad.fault, bad.offset, bad.end)


@pytest.mark.parametrize("name", sorted(ONLY_WHERE_VRS_ARE))
def test_a_known_sequence_must_parse_even_without_a_vr(name: str) -> None:
    build, fault, before = BROKEN[name]
    data = build(IMPLICIT)
    with pytest.raises(Malformed) as caught:
        scan(data, uids.IMPLICIT_LE, sequences=frozenset((0x00081140, 0x00081150)))
    assert (caught.value.fault, caught.value.end) == (fault, len(before(IMPLICIT)))


def test_a_known_sequence_hides_nothing_behind_a_false_item_tag() -> None:
    """A decoder with a dictionary descends into it whatever its first bytes are."""
    disguised = IMPLICIT.nested(100, defined=True).replace(b"\xfe\xff\x00\xe0", b"\xfe\xff\x01\xe0")
    assert isinstance(verdict(disguised, uids.IMPLICIT_LE), Structure)
    with pytest.raises(Malformed):
        scan(disguised, uids.IMPLICIT_LE, sequences=frozenset((0x00081140,)))


@settings(max_examples=300)
@given(st.data(), st.sampled_from(list(SYNTAXES)))
def test_damaged_data_sets_raise_nothing_but_malformed(data: st.DataObject, encoding: Encoding) -> None:
    damaged = bytearray(ALL_KINDS[encoding])
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(
            st.sampled_from([0, 1, 8, 0xFE, 0xFF])
        )
    found = verdict(bytes(damaged), SYNTAXES[encoding])
    with opened(bytes(damaged)) as fd:
        assert verdict(fd, SYNTAXES[encoding]) == found


@ENCODINGS
def test_every_cut_is_truncated_or_whole(encoding: Encoding) -> None:
    data, syntax = ALL_KINDS[encoding], SYNTAXES[encoding]
    whole = set()
    for count in range(len(data) + 1):
        found = verdict(data[:count], syntax)
        if isinstance(found, Structure):
            whole.add(count)
        else:
            assert isinstance(found, tuple)
            fault, offset, end = found
            assert fault in (Fault.TRUNCATED, Fault.TRAILING), f"cut at {count}: {fault}"
            assert end <= offset <= count
            assert end in whole
    assert len(data) in whole


@ENCODINGS
@pytest.mark.parametrize("window", [12, 13, 17, 64])
def test_small_windows_see_the_same(encoding: Encoding, window: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "_WINDOW", window)
    for name, (build, _) in WHOLE.items():
        with opened(build(encoding)) as fd:
            assert verdict(fd, SYNTAXES[encoding]) == verdict(build(encoding), SYNTAXES[encoding]), name
    for name, (build, _, _) in BROKEN.items():
        with opened(build(encoding)) as fd:
            assert verdict(fd, SYNTAXES[encoding]) == verdict(build(encoding), SYNTAXES[encoding]), name


# -- files that change or cannot be read ----------------------------------------------------------------


def test_a_file_that_shrinks_is_unreadable() -> None:
    data = head(EXPLICIT) + EXPLICIT.element(0x00091001, "OB", bytes(20_000)) + tail(EXPLICIT)
    with opened(data[:5000]) as fd, pytest.raises(InputUnreadable, match="shorter"):
        scan(fd, uids.EXPLICIT_LE, length=len(data))


def test_a_closed_descriptor_is_unreadable() -> None:
    read, write = os.pipe()
    os.close(write)
    try:
        with pytest.raises(InputUnreadable, match="cannot be read"):
            scan(read, uids.EXPLICIT_LE, length=100)
    finally:
        os.close(read)
