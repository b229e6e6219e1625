"""Names and UIDs: what people type becomes the right UID, and everything else an error with advice."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import config
from pydicom.uid import UID, AllTransferSyntaxes
from pynetdicom import AllStoragePresentationContexts

from dimsetools import uids
from dimsetools.errors import UsageError


@pytest.mark.parametrize(
    ("name", "uid"),
    [
        ("implicit-le", "1.2.840.10008.1.2"),
        ("ImplicitVRLittleEndian", "1.2.840.10008.1.2"),
        ("Implicit VR Little Endian", "1.2.840.10008.1.2"),
        ("explicit-le", "1.2.840.10008.1.2.1"),
        ("EXPLICIT_LE", "1.2.840.10008.1.2.1"),
        ("big-endian", "1.2.840.10008.1.2.2"),
        ("deflate", "1.2.840.10008.1.2.1.99"),
        ("jpeg", "1.2.840.10008.1.2.4.50"),
        ("jpeg-lossless-sv1", "1.2.840.10008.1.2.4.70"),
        ("JPEGLossless", "1.2.840.10008.1.2.4.57"),
        ("jpegls-lossless", "1.2.840.10008.1.2.4.80"),
        ("jpeg2000-lossless", "1.2.840.10008.1.2.4.90"),
        ("jpeg 2000", "1.2.840.10008.1.2.4.91"),
        ("htj2k", "1.2.840.10008.1.2.4.203"),
        ("jxl-lossless", "1.2.840.10008.1.2.4.110"),
        ("rle", "1.2.840.10008.1.2.5"),
        ("1.2.840.10008.1.2.5", "1.2.840.10008.1.2.5"),
        (" 1.2.826.0.1.3680043.9.9 ", "1.2.826.0.1.3680043.9.9"),
    ],
)
def test_transfer_syntax_by_name(name: str, uid: str) -> None:
    assert uids.transfer_syntax(name) == uid


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("jpeg2000-losless", "did you mean jpeg2000-lossless"),
        ("explict-le", "did you mean explicit-le"),
        ("qqq", "short names: implicit-le, explicit-le"),
        ("1.02.3", "short names"),
        ("", "short names"),
    ],
)
def test_unknown_transfer_syntax(name: str, advice: str) -> None:
    with pytest.raises(UsageError) as caught:
        uids.transfer_syntax(name)
    assert advice in caught.value.hint
    assert repr(name) in caught.value.message


def test_every_name_leads_to_one_syntax() -> None:
    for uid, syntax in uids.TRANSFER_SYNTAXES.items():
        for name in (syntax.uid, syntax.keyword, syntax.name, *syntax.aliases):
            assert uids.transfer_syntax(name) == uid


def test_the_table_agrees_with_pydicom() -> None:
    for syntax in AllTransferSyntaxes:
        if not syntax.is_transfer_syntax or syntax.is_private:
            continue
        ours = uids.TRANSFER_SYNTAXES[syntax]
        assert ours.keyword == syntax.keyword
        assert ours.explicit is not syntax.is_implicit_VR
        assert ours.little_endian is syntax.is_little_endian
        if "JPIP" not in ours.keyword and not ours.keyword.startswith("SMPTE"):
            assert ours.deflated is syntax.is_deflated
            assert ours.encapsulated is syntax.is_encapsulated


@pytest.mark.parametrize(
    ("name", "lossy"),
    [("jpeg", True), ("jpegls", True), ("j2k", True), ("mpeg4", True), ("htj2k", True), ("jxl", True),
     ("jpeg-lossless", False), ("jpegls-lossless", False), ("j2k-lossless", False), ("rle", False),
     ("htj2k-lossless", False), ("jxl-lossless", False), ("deflate", False)],
)  # fmt: skip
def test_what_may_have_lost_pixels(name: str, lossy: bool) -> None:
    assert uids.TRANSFER_SYNTAXES[uids.transfer_syntax(name)].lossy is lossy


@pytest.mark.parametrize(
    "text", ["1", "0", "1.2.840.10008.1.1", "2.25.0", "1." + "1" * 62, uids.IMPLEMENTATION_UID]
)
def test_valid_uids(text: str) -> None:
    assert uids.is_valid_uid(text)
    assert uids.is_dotted(text)


@pytest.mark.parametrize(
    "text",
    ["", ".", "..", "1.", ".1", "1..2", "1.2.a", "../x", "/abs", "1/2", "1.2\n", "1.2\0", " 1.2", "1.2 ",
     "-1.2", "1." + "1" * 63, "\u0661.\u0662", "1.2\\3", "CON"],
)  # fmt: skip
def test_what_is_neither_a_uid_nor_a_safe_name(text: str) -> None:
    assert not uids.is_valid_uid(text)
    assert not uids.is_dotted(text)


def test_leading_zeros_are_invalid_but_safe() -> None:
    assert not uids.is_valid_uid("1.2.03")
    assert uids.is_dotted("1.2.03")


@given(st.text(max_size=80))
def test_validity_agrees_with_pydicom(text: str) -> None:
    if uids.is_valid_uid(text):
        assert UID(text, validation_mode=config.IGNORE).is_valid


@given(st.text(alphabet="0123456789.", max_size=70))
def test_dotted_text_agrees_with_pydicom(text: str) -> None:
    assert uids.is_valid_uid(text) == (bool(text) and UID(text, validation_mode=config.IGNORE).is_valid)


def test_sop_class_by_name() -> None:
    assert uids.sop_class("CTImageStorage") == "1.2.840.10008.5.1.4.1.1.2"
    assert uids.sop_class("ct image storage") == "1.2.840.10008.5.1.4.1.1.2"
    assert uids.sop_class("Verification SOP Class") == uids.VERIFICATION
    assert uids.sop_class("1.2.3.4") == "1.2.3.4"
    with pytest.raises(UsageError) as caught:
        uids.sop_class("CTImageStorag")
    assert "CTImageStorage" in caught.value.hint


def test_name_of() -> None:
    assert uids.name_of(uids.EXPLICIT_LE) == "Explicit VR Little Endian"
    assert uids.name_of("1.2.840.10008.5.1.4.1.1.2") == "CT Image Storage"
    assert uids.name_of("1.2.3") == "1.2.3"


def test_storage_classes_are_all_of_them() -> None:
    classes = uids.storage_classes()
    assert {str(context.abstract_syntax) for context in AllStoragePresentationContexts} <= classes
    retired = "1.2.840.10008.5.1.4.1.1.6"
    hanging_protocol = "1.2.840.10008.5.1.4.38.1"
    assert {retired, hanging_protocol} <= classes
    assert uids.VERIFICATION not in classes
    assert uids.MEDIA_STORAGE_DIRECTORY not in classes
    assert not any("StorageCommitment" in uids.name_of(uid) for uid in classes)


def test_our_own_names_fit_the_protocol() -> None:
    assert uids.is_valid_uid(uids.IMPLEMENTATION_UID)
    assert 1 <= len(uids.IMPLEMENTATION_VERSION) <= 16
    assert uids.IMPLEMENTATION_VERSION.isascii()


def test_the_tables_load_without_the_heavy_libraries() -> None:
    code = (
        "import sys, dimsetools.uids as u, dimsetools.status, dimsetools.dataset.part10\n"
        "u.transfer_syntax('rle'), u.name_of('1.2.840.10008.1.1')\n"
        "print([name for name in ('pydicom', 'pynetdicom', 'numpy', 'rich', 'click') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("name", ["", " ", "-"])
def test_a_sop_class_has_a_name(name: str) -> None:
    with pytest.raises(UsageError):
        uids.sop_class(name)
