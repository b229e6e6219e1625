"""Data sets from plain values: they come back as they were, and pydicom reads them."""

from __future__ import annotations

import struct
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.filereader import read_dataset

from dimsetools import uids
from dimsetools.dataset.attributes import UNSPLIT, Attribute, Attributes, sorted_attributes, texts
from dimsetools.dataset.decode import decode
from dimsetools.dataset.encode import check_encodable, encode, with_charset, with_its_charset
from dimsetools.errors import InputError

SYNTAXES = [uids.IMPLICIT_LE, uids.EXPLICIT_LE, uids.EXPLICIT_BE]

words = st.text("ABCabcäöüÅß 0", max_size=12).map(str.strip)


def _single(float32: float) -> float:
    return float(struct.unpack("<f", struct.pack("<f", float32))[0])


VALUES = {
    0x00080060: ("CS", st.sampled_from(["CT", "MR"])),
    0x00080018: ("UI", st.sampled_from(["1.2", "1.2.3"])),
    0x00100010: ("PN", words.filter(bool)),
    0x00104000: ("LT", words.filter(bool)),
    0x00200013: ("IS", st.integers(-9999, 9999).map(str)),
    0x00280009: ("AT", st.integers(0, 0xFFFFFFFF)),
    0x00280010: ("US", st.integers(0, 65535)),
    0x00280106: ("US", st.integers(0, 65535)),
    0x00189073: ("FD", st.floats(allow_nan=False)),
    0x00089459: ("FL", st.floats(width=32, allow_nan=False).map(_single)),
    0x0040A124: ("UI", st.just("1.2")),
}


@st.composite
def attributes(draw: st.DrawFn, depth: int = 2) -> Attributes:
    found: Attributes = {}
    for tag in draw(st.lists(st.sampled_from(list(VALUES)), unique=True, max_size=6)):
        vr, values = VALUES[tag]
        most = 1 if vr in UNSPLIT else 3
        found[tag] = Attribute(vr, tuple(draw(st.lists(values, max_size=most))))
    if depth:
        items = draw(st.lists(attributes(depth=depth - 1), max_size=2))
        found[0x00081140] = Attribute("SQ", tuple(items))
    return sorted_attributes(found)


@given(data_set=attributes(), syntax=st.sampled_from(SYNTAXES))
def test_what_was_encoded_decodes_to_the_same(data_set: Attributes, syntax: str) -> None:
    data_set = with_charset(data_set)
    assert decode(encode(data_set, syntax), syntax) == data_set


@given(data_set=attributes())
def test_pydicom_reads_every_element(data_set: Attributes) -> None:
    raw = encode(with_charset(data_set), uids.EXPLICIT_LE)
    assert len(raw) % 2 == 0
    read = read_dataset(BytesIO(raw), is_implicit_VR=False, is_little_endian=True)
    assert {int(element.tag) for element in read} == set(with_charset(data_set))


def test_the_character_set_is_as_small_as_it_can_be() -> None:
    ascii_only = {0x00100010: Attribute("PN", ("Doe",))}
    greek = {0x00100010: Attribute("PN", ("Διονυσιος",))}
    assert with_charset(ascii_only | {0x00080005: Attribute("CS", ("ISO_IR 100",))}) == ascii_only
    assert texts(with_charset(greek), 0x00080005) == ("ISO_IR 192",)
    assert texts(with_charset(greek, ("ISO_IR 126",)), 0x00080005) == ("ISO_IR 126",)
    assert texts(with_charset(greek, ("ISO_IR 100",)), 0x00080005) == ("ISO_IR 192",)
    named = greek | {0x00080005: Attribute("CS", ("ISO_IR 126",))}
    assert texts(with_charset(named, ("ISO_IR 100",)), 0x00080005) == ("ISO_IR 126",)
    assert texts(with_charset(named, ("ISO_IR 192",)), 0x00080005) == ("ISO_IR 192",)
    assert with_charset(ascii_only, ("ISO_IR 100",)) == ascii_only


def test_text_in_items_counts_for_the_character_set() -> None:
    item = {0x00100010: Attribute("PN", ("Ä",))}
    assert texts(with_charset({0x00081140: Attribute("SQ", (item,))}), 0x00080005) == ("ISO_IR 192",)


@pytest.mark.parametrize(
    ("attribute", "says"),
    [
        (Attribute("US", (70000,)), "70000"),
        (Attribute("US", ("x",)), "x"),
        (Attribute("LO", ("é",)), "characters"),
        (Attribute("LO", ("x" * 65536,)), "more than its VR LO can"),
    ],
)
def test_what_cannot_be_held_is_an_error_with_its_tag(attribute: Attribute, says: str) -> None:
    with pytest.raises(InputError, match=says):
        encode({0x00280010: attribute}, uids.EXPLICIT_LE)


def test_a_character_set_that_is_named_stays() -> None:
    greek = {0x00080005: Attribute("CS", ("ISO_IR 100",)), 0x00100010: Attribute("PN", ("Διονυσιος",))}
    assert with_its_charset(greek) == greek
    with pytest.raises(InputError, match="ISO_IR 100 lacks"):
        check_encodable({0x00080005: greek[0x00080005], 0x00081140: Attribute("SQ", (greek,))})
    named = with_its_charset(
        {0x00100010: Attribute("PN", ("Διονυσιος",)), 0x7FE00010: Attribute("OW", (b"\0\0",))}
    )
    assert texts(named, 0x00080005) == ("ISO_IR 192",)
    check_encodable(named)
