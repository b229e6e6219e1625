"""The data dictionary is PS3.6, and costs a command nothing it need not."""

from __future__ import annotations

import subprocess
import sys

import pytest
from pydicom._dicom_dict import DicomDictionary

from dimsetools.dataset.dictionary import Entry, entry, keyword_of, keywords, sequence_tags, tag_of, vr_of


def test_every_element_is_as_pydicom_has_it() -> None:
    for tag, (vr, vm, name, retired, keyword) in DicomDictionary.items():
        found = entry(tag)
        assert found is not None
        assert found[2:] == (vm, name, keyword, bool(retired))
        assert found.vr in vr or vr == "NONE"
        if keyword:
            assert (tag_of(keyword), tag_of(keyword.lower()), keyword_of(tag)) == (tag, tag, keyword)


@pytest.mark.parametrize(
    ("tag", "vr"),
    [
        (0x00280106, "US"),  # US or SS
        (0x7FE00010, "OW"),  # OB or OW
        (0x60023000, "OW"),  # a repeating group
        (0x00090010, "LO"),  # a private creator
        (0x00091001, "UN"),
        (0x00100000, "UL"),
        (0x0010FFFF, "UN"),
    ],
)
def test_the_value_representation_without_context(tag: int, vr: str) -> None:
    assert vr_of(tag) == vr


def test_repeating_groups_have_names() -> None:
    assert entry(0x60020010) == Entry(0x60020010, "US", "1", "Overlay Rows", "OverlayRows", False)
    assert tag_of("OverlayRows") == 0x60000010
    assert entry(0x60030010) is None


def test_what_is_not_there() -> None:
    assert tag_of("NoSuchKeyword") is None
    assert keyword_of(0x00091001) == ""


def test_keywords_and_sequences() -> None:
    assert "PatientName" in keywords()
    assert "CommandField" not in keywords()
    assert 0x00081140 in sequence_tags()
    assert 0x00100010 not in sequence_tags()


def test_pydicom_is_not_imported() -> None:
    code = (
        "import sys; from dimsetools.dataset.flat import flat; flat({}); sys.exit('pydicom' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
