"""Conversions keep every pixel and every identifier, or say why they cannot be made."""

from __future__ import annotations

import subprocess
import sys
import tracemalloc
from contextlib import suppress
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pydicom
import pydicom.data
import pydicom.pixels.decoders.base
import pydicom.pixels.encoders.base
import pytest
from pydicom.dataset import Dataset
from pydicom.pixels.utils import pixel_array
from pydicom.tag import BaseTag

from dimsetools import uids
from dimsetools.dataset.elements import Fault, Malformed, scan
from dimsetools.dataset.part10 import FileMeta, header, open_regular, read_meta
from dimsetools.dataset.transcode import CodecMissing, ConversionError, choose, convert
from dimsetools.errors import ExitCode
from tests.dataset.encoding import BIG_ENDIAN, EXPLICIT, IMPLICIT, Encoding
from tests.dataset.samples import SYNTAXES, head, opened, tail

if TYPE_CHECKING:
    from numpy.typing import NDArray

FOLDER = Path(pydicom.data.__file__).parent / "test_files"
JPEG, J2K, JLS, RLE, HTJ2K, MPEG = map(
    uids.transfer_syntax, ("jpeg", "j2k-lossless", "jls-lossless", "rle", "htj2k", "mpeg4")
)
PLAIN = (uids.EXPLICIT_LE, uids.IMPLICIT_LE, uids.DEFLATED_LE, uids.EXPLICIT_BE)


@pytest.mark.parametrize(
    ("source", "accepted", "target"),
    [
        (uids.EXPLICIT_LE, (uids.IMPLICIT_LE, uids.EXPLICIT_LE), uids.EXPLICIT_LE),
        (uids.EXPLICIT_LE, (uids.IMPLICIT_LE,), uids.IMPLICIT_LE),
        (uids.EXPLICIT_LE, (uids.EXPLICIT_BE, uids.DEFLATED_LE), uids.DEFLATED_LE),
        (uids.EXPLICIT_LE, (RLE, J2K, JLS), JLS),
        (uids.EXPLICIT_LE, (JPEG, HTJ2K, MPEG), None),
        (JPEG, (JPEG, uids.EXPLICIT_LE), JPEG),
        (JPEG, (uids.IMPLICIT_LE, uids.EXPLICIT_LE), uids.EXPLICIT_LE),
        (RLE, (J2K,), J2K),
        (MPEG, (uids.EXPLICIT_LE,), None),
        (MPEG, (MPEG,), MPEG),
        ("1.2.826.0.1.3680043.9.1", (uids.EXPLICIT_LE,), None),
        (uids.EXPLICIT_LE, (), None),
    ],
)
def test_the_best_accepted_target(source: str, accepted: tuple[str, ...], target: str | None) -> None:
    assert choose(source, accepted) == target


def load(name: str) -> tuple[bytes, FileMeta]:
    fd, status = open_regular(FOLDER / name)
    with open(fd, "rb") as file:
        return file.read(), read_meta(fd, status.st_size)


def parsed(meta: FileMeta, syntax: str, data: bytes) -> Dataset:
    return pydicom.dcmread(BytesIO(header(meta.sop_class_uid, meta.sop_instance_uid, syntax) + data))


def converted(name: str, target: str) -> Dataset:
    data, meta = load(name)
    result = convert(data, meta, target)
    if target != uids.DEFLATED_LE:
        assert scan(result, target).end == len(result)
        assert len(result) % 2 == 0
    with opened(data) as fd:
        assert convert(fd, meta, target) == result
    return parsed(meta, target, result)


@cache
def original(name: str) -> Dataset:
    return pydicom.dcmread(FOLDER / name, force=True)


def pixels(dataset: Dataset, *, raw: bool = True) -> NDArray[np.generic]:
    return np.asarray(pixel_array(dataset, raw=raw))


def differences(one: Dataset, other: Dataset) -> list[str]:
    """Return the elements whose values are not the same, but for those that say how pixels are laid out.

    Private elements have no VR in implicit VR, so only their bytes can be compared, and are elsewhere.
    """
    skipped = {0x00280004, 0x00280006, 0x7FE00010, 0x00282110}
    either = set(one.keys()) | set(other.keys())
    tags = [tag for tag in either if int(tag) not in skipped and not tag.is_private]
    return [
        str(tag) for tag in tags if tag not in one or tag not in other or value(one, tag) != value(other, tag)
    ]


def value(dataset: Dataset, tag: BaseTag) -> object:
    """Return a value that can be compared whatever the byte order."""
    element = dataset[tag]
    if element.VR != "OW" or not element.value:
        return element.value
    big = dataset.file_meta.TransferSyntaxUID == uids.EXPLICIT_BE
    return np.frombuffer(element.value, ">u2" if big else "<u2").tolist()


IMAGES = (
    "CT_small.dcm", "MR_small.dcm", "MR_small_implicit.dcm", "MR_small_bigendian.dcm", "MR_small_RLE.dcm",
    "MR_small_jp2klossless.dcm", "MR_small_jpeg_ls_lossless.dcm", "SC_rgb_rle_16bit_2frame.dcm",
    "SC_rgb_jpeg_gdcm.dcm", "image_dfl.dcm", "examples_palette.dcm", "examples_rgb_color.dcm",
)  # fmt: skip


@pytest.mark.parametrize("target", [*PLAIN, JLS, J2K, RLE], ids=uids.name_of)
@pytest.mark.parametrize("name", IMAGES)
def test_no_pixel_and_no_identifier_changes(name: str, target: str) -> None:
    before, after = original(name), converted(name, target)
    assert np.array_equal(pixels(before), pixels(after))
    assert after.SOPInstanceUID == before.SOPInstanceUID
    assert after.PhotometricInterpretation == before.PhotometricInterpretation.replace("YBR_RCT", "RGB")
    assert differences(before, after) == []
    assert "LossyImageCompression" not in after or "LossyImageCompression" in before
    element = after["PixelData"]
    if target == before.file_meta.TransferSyntaxUID:
        assert element == before["PixelData"]
    elif uids.TRANSFER_SYNTAXES[target].encapsulated:
        assert (element.VR, element.is_undefined_length) == ("OB", True)
    elif before.BitsAllocated > 8 or target == uids.IMPLICIT_LE:
        assert element.VR == "OW"


@pytest.mark.parametrize("target", [uids.EXPLICIT_LE, RLE], ids=uids.name_of)
@pytest.mark.parametrize(
    "name",
    ["SC_rgb_dcmtk_+eb+cy+n1.dcm", "SC_rgb_dcmtk_+eb+cr.dcm", "examples_ybr_color.dcm",
     "JPEGLSNearLossless_16.dcm", "JPEG2000.dcm", "SC_rgb_gdcm_KY.dcm"],
)  # fmt: skip
def test_lossy_originals_are_decoded_and_stay_marked_as_lossy(name: str, target: str) -> None:
    before, after = original(name), converted(name, target)
    assert np.array_equal(pixels(before, raw=False), pixels(after))
    assert after.SOPInstanceUID == before.SOPInstanceUID
    assert after.LossyImageCompression == "01"
    if before.SamplesPerPixel == 3:
        assert after.PhotometricInterpretation == "RGB"


@pytest.mark.parametrize("target", PLAIN, ids=uids.name_of)
@pytest.mark.parametrize(
    "name",
    ["reportsi.dcm", "test-SR.dcm", "rtstruct.dcm", "priv_SQ.dcm", "UN_sequence.dcm", "waveform_ecg.dcm"],
)
def test_what_is_no_image_is_converted_too(name: str, target: str) -> None:
    before, after = original(name), converted(name, target)
    if target == uids.EXPLICIT_BE and name == "waveform_ecg.dcm":
        waveforms = zip(before.WaveformSequence, after.WaveformSequence, strict=True)
        for one, other in waveforms:
            assert np.array_equal(
                np.frombuffer(one.WaveformData, "<i2"), np.frombuffer(other.WaveformData, ">i2")
            )
    else:
        assert differences(before, after) == []


@pytest.mark.parametrize(
    "name", ["MR_small_implicit.dcm", "CT_small.dcm", "reportsi.dcm", "waveform_ecg.dcm"]
)
def test_there_and_back_again(name: str) -> None:
    """Byte order is changed in every word, or the way back would not lead home."""
    data, meta = load(name)
    for target in (uids.EXPLICIT_BE, uids.DEFLATED_LE):
        there = convert(data, meta, target)
        way_back = meta._replace(transfer_syntax=target, offset=0, length=len(there))
        back = parsed(meta, uids.EXPLICIT_LE, convert(there, way_back, uids.EXPLICIT_LE))
        plain = parsed(meta, uids.EXPLICIT_LE, convert(data, meta, uids.EXPLICIT_LE))
        assert back == plain


def test_big_endian_files_are_those_of_another_program() -> None:
    ours = converted("MR_small.dcm", uids.EXPLICIT_BE)
    assert ours.PixelData == original("MR_small_expb.dcm").PixelData


def test_deflated_and_explicit_are_the_same_bytes() -> None:
    data, meta = load("reportsi.dcm")
    stream = convert(data, meta, uids.DEFLATED_LE)
    back = convert(stream, meta._replace(transfer_syntax=uids.DEFLATED_LE, offset=0, length=len(stream)),
                   uids.EXPLICIT_LE)  # fmt: skip
    assert back == data[meta.offset :]


def test_its_own_syntax_is_what_the_file_has() -> None:
    for name in ("image_dfl.dcm", "JPEG2000.dcm", "CT_small.dcm"):
        data, meta = load(name)
        assert convert(data, meta, meta.transfer_syntax) == data[meta.offset :]


def test_planar_colours_are_put_together_for_the_codecs() -> None:
    dataset = original("examples_rgb_color.dcm").copy()
    expected = pixels(dataset)
    dataset.PixelData = np.ascontiguousarray(expected.transpose(2, 0, 1)).tobytes()
    dataset.PlanarConfiguration = 1
    buffer = BytesIO()
    dataset.save_as(buffer)
    with opened(buffer.getvalue()) as fd:
        meta = read_meta(fd, len(buffer.getvalue()))
        for target in (JLS, RLE):
            coded = parsed(meta, target, convert(fd, meta, target))
            assert coded.PlanarConfiguration == 0
            assert np.array_equal(pixels(coded), expected)


# -- what cannot be done --------------------------------------------------------------------------------


def plain_meta(data: bytes, syntax: str = uids.EXPLICIT_LE) -> FileMeta:
    return FileMeta("1.2.3.4", "1.2.3.4.5", syntax, 0, len(data), guessed=False)


@pytest.mark.parametrize("target", [JPEG, HTJ2K, MPEG, uids.transfer_syntax("j2k"), "1.2.3"])
def test_nothing_becomes_lossy(target: str) -> None:
    data, meta = load("CT_small.dcm")
    with pytest.raises(ConversionError, match="without loss") as caught:
        convert(data, meta, target)
    assert caught.value.exit_code == ExitCode.NO_CONTEXT


def test_what_is_no_image_is_not_compressed() -> None:
    data, meta = load("reportsi.dcm")
    with pytest.raises(ConversionError, match="no pixel data"):
        convert(data, meta, RLE)


@pytest.mark.parametrize(
    ("name", "target"),
    [("JPEG-lossy.dcm", uids.EXPLICIT_LE), ("liver_1frame.dcm", JLS), ("SC_rgb_rle_32bit.dcm", J2K)],
)
def test_what_the_codecs_refuse_is_reported_with_their_reason(name: str, target: str) -> None:
    data, meta = load(name)
    with pytest.raises(ConversionError, match="cannot be converted to") as caught:
        convert(data, meta, target)
    assert len(caught.value.message) < 500
    assert caught.value.message.isprintable()


def test_pixel_data_that_does_not_fit_is_refused() -> None:
    dataset = original("MR_small_RLE.dcm").copy()
    buffer = BytesIO()
    dataset.Rows = dataset.Rows * 2
    dataset.save_as(buffer)
    with opened(buffer.getvalue()) as fd:
        meta = read_meta(fd, len(buffer.getvalue()))
        with pytest.raises(ConversionError):
            convert(fd, meta, uids.EXPLICIT_LE)


def test_broken_and_hostile_data_sets_never_reach_a_decoder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pydicom.filereader.read_dataset", None)
    for data, syntax, target, fault in (
        (head(EXPLICIT)[:-1], uids.EXPLICIT_LE, uids.IMPLICIT_LE, Fault.TRUNCATED),
        (head(EXPLICIT) + bytes(9), uids.EXPLICIT_LE, uids.IMPLICIT_LE, Fault.TRAILING),
        (EXPLICIT.nested(1000, defined=True), uids.EXPLICIT_LE, uids.IMPLICIT_LE, Fault.TOO_DEEP),
        (IMPLICIT.nested(1000, defined=True), uids.IMPLICIT_LE, uids.EXPLICIT_LE, Fault.TOO_DEEP),
        (
            # without item tags: nothing to see for a guess, but a dictionary calls it a sequence
            IMPLICIT.nested(1000, defined=True).replace(b"\xfe\xff\x00\xe0", b"\xfe\xff\x01\xe0"),
            uids.IMPLICIT_LE, uids.EXPLICIT_LE, Fault.BAD_STRUCTURE,
        ),
        (head(EXPLICIT), uids.DEFLATED_LE, uids.EXPLICIT_LE, Fault.WRONG_SYNTAX),
    ):  # fmt: skip
        with pytest.raises(Malformed) as caught:
            convert(data, plain_meta(data, syntax), target)
        assert caught.value.fault is fault


def test_a_bomb_is_not_inflated() -> None:
    data = head(EXPLICIT) + EXPLICIT.element(0x00091001, "OB", bytes(1 << 20))
    stream = convert(data, plain_meta(data), uids.DEFLATED_LE)
    with pytest.raises(Malformed) as caught:
        convert(stream, plain_meta(stream, uids.DEFLATED_LE), uids.EXPLICIT_LE, max_inflate=1 << 16)
    assert caught.value.fault is Fault.TOO_LARGE


BAD_VALUES = {
    "date": (0x00080020, "DA", b"no date!"),
    "number": (0x00201208, "IS", b"1.x "),
    "UID": (0x00080018, "UI", b"not.a.uid."),
    "text in no character set": (0x00100010, "PN", b"\xff\xfe\x81 "),
    "three bytes": (0x00280010, "US", b"abc"),
}


@pytest.mark.parametrize("name", BAD_VALUES)
def test_values_that_break_their_vr_are_handed_on(name: str) -> None:
    tag, vr, value = BAD_VALUES[name]
    data = EXPLICIT.element(tag, vr, value)
    nested = EXPLICIT.sequence(0x00081140, EXPLICIT.item(data), defined=False) + tail(EXPLICIT)
    assert IMPLICIT.element(tag, vr, value) in convert(nested, plain_meta(nested), uids.IMPLICIT_LE)


def test_pydicom_does_not_speak_on_our_streams() -> None:
    """Excess padding of pixel data makes it warn, once by the warnings module and once by its logger."""
    code = f"""
from dimsetools import uids
from dimsetools.dataset.part10 import open_regular, read_meta
from dimsetools.dataset.transcode import convert
fd, status = open_regular({str(FOLDER)!r} + "/MR_small_padded.dcm")
print(len(convert(fd, read_meta(fd, status.st_size), uids.transfer_syntax("rle"))) > 1000)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("True\n", "")


def test_a_value_too_long_for_its_vr_becomes_un() -> None:
    data = IMPLICIT.element(0x00080018, "UI", b"1.2.3 ") + IMPLICIT.element(0x00100020, "LO", b"x" * 70_000)
    result = convert(data, plain_meta(data, uids.IMPLICIT_LE), uids.EXPLICIT_LE)
    assert result.endswith(EXPLICIT.element(0x00100020, "UN", b"x" * 70_000))


@pytest.mark.parametrize("target", [uids.EXPLICIT_LE, uids.IMPLICIT_LE, uids.EXPLICIT_BE], ids=uids.name_of)
@pytest.mark.parametrize("encoding", [IMPLICIT, EXPLICIT, BIG_ENDIAN], ids=("implicit", "explicit", "big"))
def test_an_error_deep_inside_stays_small(encoding: Encoding, target: str) -> None:
    """pydicom's own writer repeats an error at each level: 14 of them were a gigabyte of message."""
    data = encoding.element(0x00280010, "US", b"abc")
    for _ in range(60):
        data = encoding.sequence(0x00081140, encoding.item(data))
    tracemalloc.start()
    with suppress(ConversionError):
        convert(data, plain_meta(data, SYNTAXES[encoding]), target)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 << 20


@pytest.mark.parametrize(("name", "target"), [("MR_small_RLE.dcm", uids.EXPLICIT_LE), ("CT_small.dcm", JLS)])
def test_a_missing_codec_names_the_extra(name: str, target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pydicom.pixels.decoders.base.Decoder, "is_available", property(lambda self: False))
    monkeypatch.setattr(pydicom.pixels.encoders.base.Encoder, "is_available", property(lambda self: False))
    data, meta = load(name)
    with pytest.raises(CodecMissing, match="not installed") as caught:
        convert(data, meta, target)
    assert "dimsetools[codecs]" in caught.value.hint
    assert caught.value.exit_code == ExitCode.NO_CONTEXT


def test_without_numpy_the_uncompressed_syntaxes_still_work() -> None:
    code = f"""
import sys
sys.modules["numpy"] = None
from dimsetools import uids
from dimsetools.dataset.part10 import open_regular, read_meta
from dimsetools.dataset.transcode import CodecMissing, convert
for name in ("CT_small.dcm", "MR_small_RLE.dcm"):
    fd, status = open_regular({str(FOLDER)!r} + "/" + name)
    meta = read_meta(fd, status.st_size)
    for target in (uids.IMPLICIT_LE, uids.EXPLICIT_BE, uids.DEFLATED_LE):
        try:
            print(len(convert(fd, meta, target)) > 1000)
        except CodecMissing as error:
            print(error.name)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True"] * 3 + ["codec-missing"] * 3
    assert done.stderr == ""


def test_choosing_loads_no_library() -> None:
    code = (
        "import sys, dimsetools.dataset.transcode as t, dimsetools.uids as u\n"
        "t.choose(u.EXPLICIT_LE, [u.IMPLICIT_LE])\n"
        "print([name for name in ('pydicom', 'numpy') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
