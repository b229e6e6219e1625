"""Character sets: the names of PS3.5 annexes H to K and their kin, as pydicom's files have them, and back."""

from __future__ import annotations

from pathlib import Path

import pydicom.data
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.charset import convert_encodings
from pydicom.filereader import dcmread
from pydicom.valuerep import PersonName

from dimsetools.dataset.attributes import text
from dimsetools.dataset.charset import charset_for, decode_text, encode_text, is_known
from dimsetools.dataset.decode import decode
from dimsetools.errors import InputError

FILES = sorted((Path(pydicom.data.__file__).parent / "charset_files").glob("*.dcm"))

NAMES = {
    ("", "ISO 2022 IR 87"): "Yamada^Tarou=山田^太郎=やまだ^たろう",  # H.3.1
    ("ISO 2022 IR 13", "ISO 2022 IR 87"): "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう",  # H.3.2
    ("", "ISO 2022 IR 149"): "Hong^Gildong=洪^吉洞=홍^길동",  # I.2
    ("ISO_IR 192",): "Wang^XiaoDong=王^小东=",  # J.3
    ("GB18030",): "Wang^XiaoDong=王^小东=",  # J.4
    ("", "ISO 2022 IR 58"): "Zhang^XiaoDong=张^小东=",  # K.2
    ("ISO_IR 100",): "Äneas^Rüdiger",
    ("ISO_IR 126",): "Διονυσιος",
    ("ISO_IR 144",): "Петров^Иван",
    ("ISO_IR 127",): "قباني^لنزار",
    ("ISO_IR 138",): "שרון^דבורה",
    ("ISO_IR 166",): "นามสกุล^ชื่อ",
    ("ISO_IR 148",): "Çavuşoğlu",
    ("", "ISO 2022 IR 144", "ISO 2022 IR 126"): "Иван^Διον",
}


@pytest.mark.parametrize("charsets", NAMES)
def test_a_name_goes_out_and_comes_back(charsets: tuple[str, ...]) -> None:
    raw = encode_text(NAMES[charsets], charsets, "PN")
    assert decode_text(raw, charsets, "PN") == NAMES[charsets]


def _start(raw: bytes) -> int:
    """Where the data set begins in a file with a File Meta Information Group Length."""
    return 144 + int.from_bytes(raw[140:144], "little")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_names_read_as_pydicom_reads_them(path: Path) -> None:
    expected = dcmread(path)
    raw = path.read_bytes()
    found = decode(raw[_start(raw) :], expected.file_meta.TransferSyntaxUID, stop_at=0x7FE00000)
    for tag in (0x00100010, 0x00081030, 0x00324000):
        if tag in expected:
            # pydicom leaves out component groups that are empty at the end.
            assert text(found, tag).rstrip("=") == str(expected[tag].value)


# pydicom 3.0 leaves the escape sequences of GB 2312 in the text.
@pytest.mark.parametrize("charsets", [charsets for charsets in NAMES if "ISO 2022 IR 58" not in charsets])
def test_pydicom_reads_what_we_write(charsets: tuple[str, ...]) -> None:
    encodings = convert_encodings(list(charsets))
    raw = encode_text(NAMES[charsets], charsets, "PN")
    name = PersonName(raw, encodings)
    assert str(name.decode()) == NAMES[charsets].rstrip("=")


def test_gb_2312_is_written_as_the_standard_has_it() -> None:
    raw = encode_text("Zhang^XiaoDong=张^小东=", ("", "ISO 2022 IR 58"), "PN")
    assert raw == b"Zhang^XiaoDong=\x1b$)A\xd5\xc5^\x1b$)A\xd0\xa1\xb6\xab="  # K.2


@pytest.mark.parametrize(
    ("extension", "codec", "name"),
    [
        ("ISO 2022 IR 58", "gb2312", "Wang^XiaoDong=王^小东="),
        ("ISO 2022 IR 58", "gb2312", "小"),  # would be a Cyrillic letter in UTF-8
        ("ISO 2022 IR 149", "euc_kr", "Hong^Gildong=洪^吉洞=홍^길동"),
    ],
)
def test_text_without_its_escape_sequences_is_read(extension: str, codec: str, name: str) -> None:
    assert decode_text(name.encode(codec), ("", extension), "PN") == name


def test_an_escape_sequence_ends_at_a_delimiter() -> None:
    raw = b"\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7\\A"
    assert decode_text(raw, ("", "ISO 2022 IR 149"), "PN") == "洪^吉洞\\A"


@pytest.mark.parametrize("term", ["ISO_IR 100", "ISO-IR 100", "iso_ir_100", "ISO IR 100", "ISO 2022 IR 100"])
def test_misspelt_terms_are_understood(term: str) -> None:
    assert decode_text(b"\xc4", (term,), "LO") == "Ä"


def test_what_is_declared_wrongly_or_not_at_all_is_shown_all_the_same() -> None:
    assert decode_text("Ä".encode(), (), "LO") == "Ä"
    assert decode_text(b"\xc4", (), "LO") == "Ä"
    assert decode_text(b"a\xffb", ("ISO_IR 192",), "LO") == "a\ufffdb"
    assert decode_text(b"\x1b[31mred", ("ISO_IR 100",), "LO") == "\x1b[31mred"
    assert decode_text(b"\x1b%Gx", ("", "ISO 2022 IR 87"), "LO") == "\x1b%Gx"
    assert decode_text(b"\xc4", ("NO SUCH",), "LO") == "Ä"


@given(
    raw=st.binary(max_size=40), charsets=st.sampled_from(list(NAMES)), vr=st.sampled_from(["PN", "LO", "UT"])
)
def test_no_bytes_are_too_strange(raw: bytes, charsets: tuple[str, ...], vr: str) -> None:
    assert isinstance(decode_text(raw, charsets, vr), str)


def test_the_character_set_to_send_in() -> None:
    assert charset_for(["Doe"], ("ISO_IR 100",)) == ()
    assert charset_for(["Doe", "Müller"], ("ISO_IR 100",)) == ("ISO_IR 100",)
    assert charset_for(["山田"], ("ISO_IR 100",)) == ("ISO_IR 192",)
    assert charset_for(["山田"], ("", "ISO 2022 IR 87")) == ("", "ISO 2022 IR 87")
    assert charset_for(["Müller"]) == ("ISO_IR 192",)


def test_a_character_that_is_not_there_is_an_error() -> None:
    with pytest.raises(InputError, match="ISO_IR 100 lacks"):
        encode_text("山田", ("ISO_IR 100",), "PN")
    with pytest.raises(InputError, match="ISO_IR 13 lacks"):
        encode_text("山田", ("ISO_IR 13",), "PN")


def test_terms_are_known_or_not() -> None:
    assert is_known("ISO_IR 192")
    assert not is_known("KOI8-R")
