"""Plain values out of data sets: what pydicom reads in them, and nothing from a broken or hostile one."""

from __future__ import annotations

import time
import tracemalloc
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.filereader import dcmread
from pydicom.multival import MultiValue
from pydicom.sequence import Sequence
from pydicom.valuerep import PersonName

from dimsetools import uids
from dimsetools.dataset.attributes import Attribute, Attributes, text
from dimsetools.dataset.decode import MAX_ELEMENTS, decode
from dimsetools.dataset.elements import Malformed
from dimsetools.dataset.encode import encode
from dimsetools.dataset.layout import Fault
from tests.dataset.encoding import BIG_ENDIAN, EXPLICIT, IMPLICIT, UNDEFINED, Encoding
from tests.dataset.samples import SYNTAXES, deflated
from tests.dataset.test_pydicom_agrees import data_sets, encoded

ENCODINGS = pytest.mark.parametrize("encoding", [IMPLICIT, EXPLICIT, BIG_ENDIAN], ids=SYNTAXES.get)


def plain(dataset: Dataset) -> dict[int, tuple[Any, ...]]:
    """The values that pydicom finds, as we have them."""
    return {int(element.tag): _values(element.value) for element in dataset}


def _values(value: Any) -> tuple[Any, ...]:
    if value is None or value in ("", b""):
        return ()
    if isinstance(value, (list, MultiValue, Sequence)):
        return tuple(value)
    if isinstance(value, PersonName):
        return (str(value),)
    return (value,)


def ours(attributes: Attributes) -> dict[int, tuple[Any, ...]]:
    return {
        tag: tuple(map(ours, values)) if vr == "SQ" else values for tag, (vr, values) in attributes.items()
    }


def _sequences(values: dict[int, tuple[Any, ...]]) -> dict[int, tuple[Any, ...]]:
    """pydicom's sequences are lists of data sets."""
    return {
        tag: tuple(_sequences(plain(item)) if isinstance(item, Dataset) else item for item in items)
        for tag, items in values.items()
    }


@given(dataset=data_sets(), syntax=st.sampled_from([uids.EXPLICIT_LE, uids.EXPLICIT_BE]))
def test_what_pydicom_wrote_has_the_values_that_it_had(dataset: Dataset, syntax: str) -> None:
    raw = encoded(dataset, syntax)
    expected = _sequences(plain(dataset))

    def stripped(values: dict[int, tuple[Any, ...]]) -> dict[int, tuple[Any, ...]]:
        # pydicom keeps blanks that pad a value when it has not read it.
        result = {}
        for tag, items in values.items():
            kept = [
                stripped(i) if isinstance(i, dict) else i.strip(" ") if isinstance(i, str) else i
                for i in items
            ]
            result[tag] = tuple(kept) if kept != [""] else ()
        return result

    assert ours(decode(raw, syntax)) == stripped(expected)


@ENCODINGS
def test_values_of_every_kind_are_read(encoding: Encoding) -> None:
    order = "little" if encoding.order == "<" else "big"
    data = (
        encoding.element(0x00080060, "CS", b"CT\\ MR ")
        + encoding.element(0x00081140, "SQ", encoding.item(encoding.element(0x00081150, "UI", b"1.2\0")))
        + encoding.element(0x00100010, "PN", b"Doe^Jane ")
        + encoding.element(0x00104000, "LT", b"a\\b ")
        + encoding.element(0x00280009, "AT", (0x0018).to_bytes(2, order) + (0x1063).to_bytes(2, order))  # type: ignore[arg-type]
        + encoding.element(0x00280010, "US", (512).to_bytes(2, order))  # type: ignore[arg-type]
        + encoding.element(0x00280030, "DS", b"")
    )
    assert decode(data, SYNTAXES[encoding]) == {
        0x00080060: Attribute("CS", ("CT", "MR")),
        0x00081140: Attribute("SQ", ({0x00081150: Attribute("UI", ("1.2",))},)),
        0x00100010: Attribute("PN", ("Doe^Jane",)),
        0x00104000: Attribute("LT", ("a\\b",)),
        0x00280009: Attribute("AT", (0x00181063,)),
        0x00280010: Attribute("US", (512,)),
        0x00280030: Attribute("DS"),
    }


@ENCODINGS
@pytest.mark.parametrize("defined", [True, False])
def test_sequences_of_either_length_are_read(encoding: Encoding, defined: bool) -> None:
    inner = encoding.sequence(0x00081199, encoding.item(defined=defined), defined=defined)
    data = encoding.sequence(
        0x00081140, encoding.item(inner, defined=defined), encoding.item(), defined=defined
    )
    data += encoding.element(0x00100020, "LO", b"ID")
    found = decode(data, SYNTAXES[encoding])
    assert found[0x00081140] == Attribute("SQ", ({0x00081199: Attribute("SQ", ({},))}, {}))
    assert text(found, 0x00100020) == "ID"


def test_a_known_element_sent_as_unknown_is_read_by_the_dictionary() -> None:
    data = EXPLICIT.element(0x00100010, "UN", b"Doe^Jane")
    data += EXPLICIT.element(0x00280010, "UN", (512).to_bytes(2, "little"))
    data += EXPLICIT.element(0x00400275, "UN", IMPLICIT.item(IMPLICIT.element(0x00400007, "LO", b"step")))
    found = decode(data, uids.EXPLICIT_LE)
    assert (found[0x00100010].values, found[0x00280010].values) == (("Doe^Jane",), (512,))
    assert found[0x00400275].values == ({0x00400007: Attribute("LO", ("step",))},)


def test_private_elements_survive() -> None:
    data = IMPLICIT.element(0x00090010, "LO", b"ACME") + IMPLICIT.element(0x00091001, "UN", b"\x01\x02")
    assert decode(data, uids.IMPLICIT_LE) == {
        0x00090010: Attribute("LO", ("ACME",)),
        0x00091001: Attribute("UN", (b"\x01\x02",)),
    }
    data = EXPLICIT.element(0x00091001, "SL", (-5).to_bytes(4, "little", signed=True))
    assert decode(data, uids.EXPLICIT_LE) == {0x00091001: Attribute("SL", (-5,))}


def test_a_deflated_data_set_is_inflated() -> None:
    data = deflated(EXPLICIT.element(0x00100020, "LO", b"ID"))
    assert text(decode(data, uids.DEFLATED_LE), 0x00100020) == "ID"


def test_long_values_and_fragments_come_out_empty() -> None:
    data = EXPLICIT.element(0x00100020, "LO", b"0123456789")
    fragments = EXPLICIT.item(b"") + EXPLICIT.item(b"JPEG") + EXPLICIT.mark(0xE0DD)
    data += EXPLICIT.element(0x7FE00010, "OB", fragments, UNDEFINED)
    found = decode(data, "1.2.840.10008.1.2.4.50", limit_value=9)
    assert found == {0x00100020: Attribute("LO"), 0x7FE00010: Attribute("OB")}
    assert 0x7FE00010 not in decode(data, "1.2.840.10008.1.2.4.50", stop_at=0x7FE00010)


def test_what_was_read_before_changes_nothing() -> None:
    """Kinds of text that were seen are read faster, and must mean the same: bounds hold for them, too."""
    data = EXPLICIT.element(0x00100020, "LO", b"0123456789") + EXPLICIT.element(0x00100040, "CS", b" \0")
    for _ in range(2):
        assert decode(data, uids.EXPLICIT_LE) == {
            0x00100020: Attribute("LO", ("0123456789",)),
            0x00100040: Attribute("CS"),
        }
        assert decode(data, uids.EXPLICIT_LE, limit_value=9)[0x00100020] == Attribute("LO")
        assert list(decode(data, uids.EXPLICIT_LE, stop_at=0x00100040)) == [0x00100020]
        with pytest.raises(Malformed) as caught:
            decode(data[:-1], uids.EXPLICIT_LE)
        assert (caught.value.fault, caught.value.offset) == (Fault.TRUNCATED, 18)


def test_the_same_bytes_are_another_tag_in_the_other_byte_order() -> None:
    for encoding, syntax, tag in (
        (BIG_ENDIAN, uids.EXPLICIT_BE, 0x00080050),
        (EXPLICIT, uids.EXPLICIT_LE, 0x08005000),
    ):
        data = encoding.element(tag, "SH", b"A1")
        assert list(decode(data, syntax)) == [tag]


@ENCODINGS
def test_more_text_than_anybody_needs_is_refused(encoding: Encoding) -> None:
    data = encoding.element(0x00100020, "LO", b"") * (MAX_ELEMENTS + 1)
    assert list(decode(data[:-8], SYNTAXES[encoding])) == [0x00100020]
    with pytest.raises(Malformed) as caught:
        decode(data, SYNTAXES[encoding])
    assert caught.value.fault is Fault.TOO_LARGE


def test_a_missing_character_set_can_be_assumed() -> None:
    data = IMPLICIT.element(0x00100010, "PN", "Петров".encode("iso8859_5"))
    assert text(decode(data, uids.IMPLICIT_LE, assume_charset=("ISO_IR 144",)), 0x00100010) == "Петров"


def test_items_inherit_the_character_set_or_have_their_own() -> None:
    own = IMPLICIT.element(0x00080005, "CS", b"ISO_IR 192") + IMPLICIT.element(0x00100010, "PN", "Å".encode())
    data = IMPLICIT.element(0x00080005, "CS", b"ISO_IR 100")
    data += IMPLICIT.sequence(
        0x00081140, IMPLICIT.item(IMPLICIT.element(0x00100010, "PN", b"\xc5 ")), IMPLICIT.item(own)
    )
    items = decode(data, uids.IMPLICIT_LE)[0x00081140].values
    assert [text(item, 0x00100010) for item in items] == ["Å", "Å"]


# -- broken and hostile -----------------------------------------------------------------------------

BROKEN = {
    "half a header": (EXPLICIT.element(0x00100020, "LO", b"ID")[:6], Fault.TRUNCATED, 0),
    "value too long": (EXPLICIT.element(0x00100020, "LO", b"ID", 9), Fault.TRUNCATED, 0),
    "no VR": (
        EXPLICIT.element(0x00080060, "CS", b"CT") + b"\x10\0\x20\0" + bytes(8),
        Fault.BAD_STRUCTURE,
        10,
    ),
    "implicit as explicit": (IMPLICIT.element(0x00080060, "CS", b"CT"), Fault.WRONG_SYNTAX, 0),
    "item too long": (EXPLICIT.sequence(0x00081140, EXPLICIT.mark(0xE000, 99)), Fault.BAD_LENGTH, 12),
    "no item": (EXPLICIT.sequence(0x00081140, EXPLICIT.mark(0xE00D)), Fault.BAD_STRUCTURE, 12),
    "no delimiter": (EXPLICIT.element(0x00081140, "SQ", b"", UNDEFINED), Fault.TRUNCATED, 12),
    "odd numbers": (EXPLICIT.element(0x00280010, "US", b"abc"), Fault.BAD_LENGTH, 8),
    "stray delimiter": (EXPLICIT.mark(0xE00D), Fault.BAD_STRUCTURE, 0),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_data_set_says_where(name: str) -> None:
    data, fault, offset = BROKEN[name]
    with pytest.raises(Malformed) as caught:
        decode(data, uids.EXPLICIT_LE)
    assert (caught.value.fault, caught.value.offset) == (fault, offset)


@ENCODINGS
@pytest.mark.parametrize("defined", [True, False])
@pytest.mark.parametrize("depth", [65, 1000, 100_000])
def test_deep_nesting_costs_nothing(encoding: Encoding, depth: int, defined: bool) -> None:
    data = encoding.nested(depth, defined=defined)
    started = time.perf_counter()
    tracemalloc.start()
    with pytest.raises(Malformed) as caught:
        decode(data, SYNTAXES[encoding])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert caught.value.fault is Fault.TOO_DEEP
    assert time.perf_counter() - started < 1
    assert peak < len(data) + (1 << 20)


def test_64_levels_are_read() -> None:
    found = decode(EXPLICIT.nested(64, defined=False), uids.EXPLICIT_LE)
    for _ in range(64):
        (found,) = found[0x00081140].values
    assert found == {}


def test_more_elements_than_anybody_needs_are_refused() -> None:
    data = EXPLICIT.sequence(0x00081140, EXPLICIT.item() * (MAX_ELEMENTS + 1))
    with pytest.raises(Malformed) as caught:
        decode(data, uids.EXPLICIT_LE)
    assert caught.value.fault is Fault.TOO_LARGE


@given(data=st.binary(max_size=200), syntax=st.sampled_from([*SYNTAXES.values(), uids.DEFLATED_LE]))
def test_junk_is_a_data_set_or_malformed(data: bytes, syntax: str) -> None:
    try:
        found = decode(data, syntax)
    except Malformed:
        return
    assert isinstance(found, dict)


@given(dataset=data_sets(), cut=st.integers(1, 200))
def test_a_cut_data_set_is_never_taken_for_more_than_it_was(dataset: Dataset, cut: int) -> None:
    raw = encoded(dataset, uids.EXPLICIT_LE)
    whole = decode(raw, uids.EXPLICIT_LE)
    try:
        found = decode(raw[:-cut], uids.EXPLICIT_LE)
    except Malformed:
        return
    assert found == {tag: whole[tag] for tag in found}


def test_pydicom_reads_what_was_encoded_again() -> None:
    data = EXPLICIT.element(0x00080005, "CS", b"ISO_IR 192") + EXPLICIT.element(
        0x00100010, "PN", "Ångström".encode()
    )
    again = encode(decode(data, uids.EXPLICIT_LE), uids.EXPLICIT_LE)
    assert dcmread(BytesIO(again), force=True).PatientName == "Ångström"
