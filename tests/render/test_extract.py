from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from dimsetools.errors import OutputError, OutputFolderError
from dimsetools.render.extract import Extraction
from tests.render.matches import STUDY

STUDY_FIND = "1.2.840.10008.5.1.4.1.2.2.1"


def test_a_match_is_a_dicom_file_that_others_read(tmp_path: Path) -> None:
    from pydicom import dcmread

    extraction = Extraction(str(tmp_path / "a" / "b"), STUDY_FIND)
    paths = [extraction.write(STUDY), extraction.write(STUDY)]
    assert [os.path.basename(path) for path in paths] == ["rsp0001.dcm", "rsp0002.dcm"]
    read = dcmread(paths[0])
    assert str(read.PatientName) == "Müller^Jürgen=山田^太郎"
    assert read.file_meta.MediaStorageSOPClassUID == STUDY_FIND
    assert read.file_meta.MediaStorageSOPInstanceUID != dcmread(paths[1]).file_meta.MediaStorageSOPInstanceUID
    assert stat.S_IMODE(os.stat(paths[0]).st_mode) == 0o600
    assert sorted(os.listdir(tmp_path / "a" / "b")) == ["rsp0001.dcm", "rsp0002.dcm"]


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("")
    with pytest.raises(OutputFolderError):
        Extraction(str(tmp_path / "a"), STUDY_FIND)


def test_a_file_that_cannot_be_written_is_an_error_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "rsp0001.dcm").mkdir()
    with pytest.raises(OutputError, match=r"rsp0001\.dcm"):
        Extraction(str(tmp_path), STUDY_FIND).write(STUDY)
    assert os.listdir(tmp_path) == ["rsp0001.dcm"]
