from __future__ import annotations

import pytest

from dimsetools import uids
from dimsetools.dataset.elements import Fault, Malformed, glimpse, pick, scan
from tests.dataset.encoding import EXPLICIT, Encoding
from tests.dataset.samples import ALL_KINDS, BROKEN, ENCODINGS, SYNTAXES, WHOLE, deflated, head, opened

# Below, among and beyond the elements of the samples, and one twice.
WANTED = (0x00080001, 0x00080016, 0x00080018, 0x00100010, 0x00100010, 0x00280010, 0x7FE00010, 0x7FE10010)


@ENCODINGS
@pytest.mark.parametrize("name", WHOLE)
def test_values_are_those_of_pick_and_the_structure_is_the_same(name: str, encoding: Encoding) -> None:
    data, syntax = WHOLE[name][0](encoding), SYNTAXES[encoding]
    values = pick(data, syntax, WANTED)
    assert scan(data, syntax, wanted=frozenset(WANTED)) == scan(data, syntax)._replace(values=values)
    with opened(b"xxx" + data) as fd:
        assert scan(fd, syntax, offset=3, wanted=frozenset(WANTED)).values == values


@ENCODINGS
@pytest.mark.parametrize("name", BROKEN)
def test_what_is_wanted_changes_no_fault(name: str, encoding: Encoding) -> None:
    data = BROKEN[name][0](encoding)
    for tags in (WANTED, WANTED[:1], WANTED[-1:]):
        assert _outcome(data, SYNTAXES[encoding], tags) == _outcome(data, SYNTAXES[encoding], ())


@ENCODINGS
def test_wherever_a_data_set_is_cut_the_fault_is_the_same(encoding: Encoding) -> None:
    data, syntax = ALL_KINDS[encoding], SYNTAXES[encoding]
    for end in range(len(data)):
        assert _outcome(data[:end], syntax, WANTED) == _outcome(data[:end], syntax, ())


def test_values_of_a_deflated_data_set() -> None:
    data = head(EXPLICIT)
    values = scan(deflated(data), uids.DEFLATED_LE, wanted=frozenset(WANTED)).values
    assert values == pick(data, uids.EXPLICIT_LE, WANTED)
    assert values


@ENCODINGS
@pytest.mark.parametrize("defined", [True, False])
def test_a_whole_element_comes_with_its_header(encoding: Encoding, defined: bool) -> None:
    sequence = encoding.sequence(0x00081140, encoding.item(head(encoding)), defined=defined)
    data = head(encoding) + sequence + encoding.element(0x00100020, "LO", b"ID")
    tags = frozenset((0x00081140, 0x00100020))
    expected = {0x00081140: sequence, 0x00100020: b"ID"}
    for source in (data, bytearray(data)):
        found = scan(source, SYNTAXES[encoding], wanted=tags, whole=(0x00081140,))
        assert (found.values, found.encoding) == (expected, SYNTAXES[encoding])
    assert glimpse(data[:-1], SYNTAXES[encoding], tags, (0x00081140,)).values == {0x00081140: sequence}


def test_of_elements_with_one_tag_the_first_counts() -> None:
    data = EXPLICIT.element(0x00100020, "LO", b"A ") + EXPLICIT.element(0x00100020, "LO", b"B ")
    assert scan(data, uids.EXPLICIT_LE, wanted=frozenset((0x00100020,))).values == {0x00100020: b"A "}


def _outcome(
    data: bytes, syntax: str, tags: tuple[int, ...]
) -> tuple[int, int] | tuple[Fault, int, int, str]:
    try:
        return scan(data, syntax, wanted=frozenset(tags))[:2]
    except Malformed as bad:
        return bad.fault, bad.offset, bad.end, bad.message
