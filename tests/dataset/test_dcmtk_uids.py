"""DCMTK's names of UIDs lead back to the UIDs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dimsetools.dataset.attributes import Attribute, Attributes
from dimsetools.dataset.dcmtk_uids import named_uid
from dimsetools.uids import load_table
from tests.dataset.query_samples import converted, dicom


def test_every_name_that_dcmdump_writes_is_right_or_refused(tmp_path: Path) -> None:
    table = load_table("_uid_dict").UID_dictionary
    items: list[Attributes] = [{0x00081150: Attribute("UI", (uid,))} for uid in table]
    dump = converted("dcmdump", tmp_path, dicom({0x00081110: Attribute("SQ", tuple(items))})).decode()
    written = re.findall(r"\(0008,1150\) UI (\S+)", dump)
    assert len(written) == len(table)
    unknown = []
    for uid, name in zip(table, written, strict=True):
        if name.startswith("="):
            try:
                assert named_uid(name[1:]) == uid
            except ValueError:
                unknown.append(table[uid][1])
    # What is left are names of directory entries and of a few processes that nobody asks for.
    assert unknown.count("SOP Class") < 10
    assert len(unknown) < 80


@pytest.mark.parametrize(
    ("name", "uid"),
    [
        ("LittleEndianExplicit", "1.2.840.10008.1.2.1"),
        ("FINDModalityWorklistInformationModel", "1.2.840.10008.5.1.4.31"),
        ("FINDStudyRootQueryRetrieveInformationModel", "1.2.840.10008.5.1.4.1.2.2.1"),
        ("RETIRED_UltrasoundImageStorage", "1.2.840.10008.5.1.4.1.1.6"),
        ("UltrasoundImageStorage", "1.2.840.10008.5.1.4.1.1.6.1"),
        ("VerificationSOPClass", "1.2.840.10008.1.1"),
    ],
)
def test_a_name_is_a_uid(name: str, uid: str) -> None:
    assert named_uid(name) == uid


@pytest.mark.parametrize("name", ["", "file.raw", "1.2.3", "RETIRED_", "RETIRED_CTImageStorage"])
def test_another_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="no known name"):
        named_uid(name)
