"""What a file has to print."""

from __future__ import annotations

from pathlib import Path

import pytest

from dimsetools.dataset.attributes import text
from dimsetools.dataset.part10 import open_regular, read_meta
from dimsetools.errors import InputError, InputUnreadable
from dimsetools.film.image_file import MOST_BYTES, MOST_FRAMES, MOST_PIXELS, ImageFile, look
from tests.film.images import FOLDER, written


def looked(path: Path, *more: int) -> ImageFile:
    fd, status = open_regular(path)
    with open(fd, "rb"):
        meta = read_meta(fd, status.st_size)
    return look(str(path), meta, more)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("CT_small.dcm", (128, 128, 1, False)),
        ("examples_palette.dcm", (350, 800, 1, True)),
        ("examples_ybr_color.dcm", (240, 320, 30, True)),
        ("rtdose_rle.dcm", (10, 10, 15, False)),
        ("image_dfl.dcm", (512, 512, 1, False)),
        ("MR_small_bigendian.dcm", (64, 64, 1, False)),
        ("MR_small_implicit.dcm", (64, 64, 1, False)),
    ],
)
def test_size_frames_and_colour(name: str, expected: tuple[int, int, int, bool]) -> None:
    file = looked(FOLDER / name)
    assert (file.rows, file.columns, file.frames, file.color) == expected


def test_attributes_that_are_asked_for_are_text() -> None:
    file = looked(FOLDER / "CT_small.dcm", 0x00100010, 0x00080060)
    assert text(file.attributes, 0x00100010) == "CompressedSamples^CT1"
    assert text(file.attributes, 0x00080060) == "CT"


@pytest.mark.parametrize("name", ["test-SR.dcm", "waveform_ecg.dcm", "rtstruct.dcm"])
def test_what_is_no_image_is_refused(name: str) -> None:
    with pytest.raises(InputError, match="has no image to print"):
        looked(FOLDER / name)


def test_a_frame_that_is_too_large_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=f"65535 x 65535 pixels, more than {MOST_PIXELS}"):
        looked(written(tmp_path / "large", Rows=65535, Columns=65535))


def test_more_than_memory_has_room_for_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "x")
    with path.open("rb+") as file:
        meta = read_meta(file.fileno(), path.stat().st_size)
        file.truncate(meta.offset + MOST_BYTES + 2)  # takes no room on the disk
    with pytest.raises(InputError, match=f"has a data set of {MOST_BYTES + 2} bytes, more than {MOST_BYTES}"):
        looked(path)


def test_more_frames_than_anybody_prints_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "many", NumberOfFrames=str(MOST_FRAMES))
    assert looked(path).frames == MOST_FRAMES
    written(path, NumberOfFrames="2147483647")
    with pytest.raises(InputError, match=f"says that it has 2147483647 frames, more than {MOST_FRAMES}"):
        looked(path)


def test_a_number_that_is_none_is_named(tmp_path: Path) -> None:
    path = written(tmp_path / "odd", NumberOfFrames="17")
    path.write_bytes(path.read_bytes().replace(b"17", b"x\x1b"))
    with pytest.raises(InputError, match=r"\(0028,0008\) of its image is no number: x\\x1b"):
        looked(path)


def test_a_file_that_is_gone_is_unreadable(tmp_path: Path) -> None:
    path = written(tmp_path / "gone")
    file = looked(path)
    path.unlink()
    with pytest.raises(InputUnreadable, match="cannot be opened"):
        look(file.path, file.meta)
