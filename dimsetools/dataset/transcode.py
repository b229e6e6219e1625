"""Another transfer syntax for a peer that does not take the one of the file (PS3.5 section 10, annex A).

Pixel values never change unless the original was lossy already: compressing is lossless or it does not
happen, so an object keeps its SOP instance UID. pydicom does the work, on data sets that `elements.scan` has
walked; its codecs need numpy and plugins, which come with the extra `codecs`. An object is converted in
memory: count on four times the size of its decoded data set, about 1 KiB an element, and as much as the
codec likes while pixels are coded.
"""

from __future__ import annotations

import array
import warnings
import zlib
from collections.abc import Sequence
from functools import cache
from io import BytesIO
from typing import TYPE_CHECKING, cast

from dimsetools.dataset import codestreams
from dimsetools.dataset.elements import MAX_INFLATE, Source, inflate, scan
from dimsetools.dataset.layout import SHORT_VRS, read_at
from dimsetools.dataset.part10 import FileMeta
from dimsetools.dataset.walk import UNDEFINED
from dimsetools.errors import InputUnreadable, NoContext
from dimsetools.escape import visible
from dimsetools.uids import (
    DEFLATED_LE,
    EXPLICIT_BE,
    EXPLICIT_LE,
    IMPLICIT_LE,
    TRANSFER_SYNTAXES,
    transfer_syntax,
)

if TYPE_CHECKING:
    from pydicom.dataelem import DataElement, RawDataElement
    from pydicom.dataset import Dataset
    from pydicom.filebase import DicomBytesIO

_UNCOMPRESSED = (EXPLICIT_LE, IMPLICIT_LE, DEFLATED_LE, EXPLICIT_BE)
# What pydicom has encoders for and gives back every pixel, the best compression first.
_LOSSLESS_TARGETS = tuple(transfer_syntax(name) for name in ("jpegls-lossless", "jpeg2000-lossless", "rle"))
_DECODABLE = frozenset(
    transfer_syntax(name)
    for name in (
        "jpeg", "jpeg-extended", "jpeg-lossless", "jpeg-lossless-sv1", "jpegls-lossless", "jpegls",
        "jpeg2000-lossless", "jpeg2000", "htj2k-lossless", "htj2k-lossless-rpcl", "htj2k", "rle",
    )
)  # fmt: skip
_WORD_CODES = {"OW": "H", "OF": "I", "OL": "I", "OD": "Q", "OV": "Q"}


class ConversionError(NoContext):
    """The object cannot be had in a transfer syntax that the peer accepts."""

    name = "cannot-convert"


class CodecMissing(ConversionError):
    """The conversion needs a codec that is not installed."""

    name = "codec-missing"

    def __init__(self, message: str) -> None:
        super().__init__(message, hint="install the codecs: pip install 'dimsetools[codecs]'")


def choose(source_syntax: str, accepted: Sequence[str]) -> str | None:
    """Return the best of the `accepted` syntaxes to send an object of `source_syntax` in, or None.

    Its own comes first, then the uncompressed ones, then the lossless ones. No lossy target is ever chosen.
    """
    if source_syntax in accepted:
        return source_syntax
    if source_syntax not in _UNCOMPRESSED and source_syntax not in _DECODABLE:
        return None
    return next((target for target in (*_UNCOMPRESSED, *_LOSSLESS_TARGETS) if target in accepted), None)


def convert(source: Source, meta: FileMeta, target: str, *, max_inflate: int = MAX_INFLATE) -> bytes:
    """Return the data set that `meta` describes in `source`, encoded in the transfer syntax `target`.

    Raises Malformed for a data set that is not whole, CodecMissing if the extra is needed, and
    ConversionError for what cannot be done: lossy targets, codecs that do not exist, pixel data that does
    not decode, compressing what is no image.
    """
    syntax = meta.transfer_syntax
    if target == syntax:
        return _stored(source, meta)
    if choose(syntax, (target,)) is None:
        raise ConversionError(f"{_name(syntax)} cannot be converted to {_name(target)} without loss")
    data, syntax = _walked(source, meta, max_inflate)
    if syntax != EXPLICIT_LE or target not in (EXPLICIT_LE, DEFLATED_LE):
        data = _recoded(data, syntax, target)
    return _deflated(data) if target == DEFLATED_LE else data


def loaded(source: Source, meta: FileMeta, *, max_inflate: int = MAX_INFLATE) -> Dataset:
    """Return the data set that `meta` describes in `source` as pydicom's, little endian, values unchecked.

    Raises Malformed for a data set that is not whole: pydicom does not get to see it.
    """
    data, syntax = _walked(source, meta, max_inflate)
    if syntax == EXPLICIT_BE:
        syntax, data = EXPLICIT_LE, _recoded(data, syntax, EXPLICIT_LE)
    return _decoded(data, syntax)


def _walked(source: Source, meta: FileMeta, max_inflate: int) -> tuple[bytes, str]:
    """Return a data set that is whole, and its transfer syntax, which is not the deflated one."""
    data, syntax = _stored(source, meta), meta.transfer_syntax
    if syntax == DEFLATED_LE:
        syntax, data = EXPLICIT_LE, inflate(data, limit=max_inflate)
    scan(data, syntax, sequences=_known_sequences())
    return data, syntax


def _stored(source: Source, meta: FileMeta) -> bytes:
    if not isinstance(source, int):
        return bytes(source[meta.offset : meta.offset + meta.length])
    parts = []
    position, end = meta.offset, meta.offset + meta.length
    while position < end:  # Linux reads at most 2 GiB at a time
        parts.append(read_at(source, end - position, position))
        if not parts[-1]:
            raise InputUnreadable("became shorter while it was read")
        position += len(parts[-1])
    return b"".join(parts)


def _deflated(data: bytes) -> bytes:
    deflater = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    stream = deflater.compress(data) + deflater.flush()
    return stream + b"\0" * (len(stream) % 2)


def _recoded(data: bytes, syntax: str, target: str) -> bytes:
    """Return `data` of `syntax`, which is not deflated, in the layout of `target`."""
    try:
        dataset = _decoded(data, syntax)
        if TRANSFER_SYNTAXES[syntax].encapsulated:
            _decompress(dataset, syntax)
        elif syntax == EXPLICIT_BE:
            _swap(dataset)
        if TRANSFER_SYNTAXES[target].encapsulated:
            _compress(dataset, target)
        elif target == EXPLICIT_BE:
            # VRs that implicit VR leaves open are settled by the first encoding, and only then swapped.
            dataset = _decoded(_encoded(dataset, EXPLICIT_LE), EXPLICIT_LE)
            _swap(dataset)
        return _encoded(dataset, target)
    except ConversionError:
        raise
    except BaseException as error:  # codecs and decoders raise whatever they like
        raise ConversionError(f"cannot be converted to {_name(target)}: {failure(error)}") from error


def failure(error: BaseException) -> str:
    """Return what a codec or decoder failed with, for people; raise what is none of its failures again."""
    # A panic of code in Rust (pylibjpeg-rle) is no Exception, so that it ends the thread.
    if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
        raise error
    return visible(" ".join(str(error).split()) or type(error).__name__, 300)


def _decoded(data: bytes, syntax: str) -> Dataset:
    from pydicom.dataset import FileMetaDataset
    from pydicom.filereader import read_dataset
    from pydicom.uid import UID

    _quiet_pydicom()
    dataset = read_dataset(BytesIO(data), syntax == IMPLICIT_LE, syntax != EXPLICIT_BE, bytelength=len(data))
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = UID(syntax)
    return dataset


def _encoded(dataset: Dataset, syntax: str) -> bytes:
    from pydicom.filebase import DicomBytesIO

    buffer = DicomBytesIO()
    buffer.is_implicit_VR = syntax == IMPLICIT_LE
    buffer.is_little_endian = syntax != EXPLICIT_BE
    _write(buffer, dataset, "iso8859")
    return bytes(buffer.getvalue())


def _write(buffer: DicomBytesIO, dataset: Dataset, charset: str | list[str]) -> None:
    """Write the elements of `dataset`, as bytes where the byte order stays, so that no value changes.

    Sequences are written here, not by pydicom: its errors repeat themselves with every level of nesting,
    up to gigabytes.
    """
    from pydicom.dataelem import RawDataElement
    from pydicom.filewriter import write_data_element

    charset = dataset.get("SpecificCharacterSet", charset)
    for tag in sorted(dataset.keys()):
        if tag.element == 0:  # group lengths are retired, and wrong by now (PS3.5 7.2)
            continue
        stored = cast("DataElement | RawDataElement", dataset.get_item(tag))
        raw = stored if isinstance(stored, RawDataElement) else None
        if raw is not None and raw.is_little_endian != buffer.is_little_endian:
            raw = None
        if raw is None or raw.VR in (None, "SQ"):
            element = dataset[tag]
            if element.VR == "SQ":
                _write_sequence(buffer, element, charset)
                continue
            if raw is None:
                write_data_element(buffer, element, charset)
                continue
            raw = raw._replace(VR=element.VR)
        value = raw.value or b""
        if len(value) > 0xFFFF and (raw.VR or "").encode() in SHORT_VRS:
            raw = raw._replace(VR="UN")  # PS3.5 6.2.2 note 3
        write_data_element(buffer, raw._replace(value=value))


def _write_sequence(buffer: DicomBytesIO, element: DataElement, charset: str | list[str]) -> None:
    from pydicom.tag import ItemDelimiterTag, ItemTag, SequenceDelimiterTag

    buffer.write_tag(element.tag)
    if not buffer.is_implicit_VR:
        buffer.write(b"SQ\0\0")
    buffer.write_UL(UNDEFINED)
    for item in element.value:
        buffer.write_tag(ItemTag)
        buffer.write_UL(UNDEFINED)
        _write(buffer, item, charset)
        buffer.write_tag(ItemDelimiterTag)
        buffer.write_UL(0)
    buffer.write_tag(SequenceDelimiterTag)
    buffer.write_UL(0)


def _quiet_pydicom() -> None:
    """Keep pydicom from judging values and from warning: a conversion hands on what there is."""
    from pydicom import config

    config.settings.reading_validation_mode = config.IGNORE
    config.settings.writing_validation_mode = config.IGNORE
    warnings.filterwarnings("ignore", module="pydicom")


def _decompress(dataset: Dataset, syntax: str) -> None:
    if "PixelData" not in dataset:
        return
    from pydicom import config
    from pydicom.pixels.decoders.base import get_decoder
    from pydicom.pixels.utils import decompress, get_expected_length
    from pydicom.uid import UID

    if not (config.have_numpy and get_decoder(UID(syntax)).is_available):
        raise CodecMissing(f"decompressing {_name(syntax)} needs a codec that is not installed")
    codestreams.check(dataset)
    # Lossless data keep the colours they have; JPEG's subsampled ones exist in the coded form only.
    lossy = TRANSFER_SYNTAXES[syntax].lossy
    as_rgb = lossy or dataset.get("PhotometricInterpretation") == "YBR_FULL_422"
    decompress(dataset, as_rgb=as_rgb, generate_instance_uid=False)
    expected = get_expected_length(dataset)
    if len(dataset.PixelData) != expected + expected % 2:
        raise ConversionError("cannot be decompressed: its pixel data does not fit its rows and columns")
    if lossy:
        dataset.LossyImageCompression = "01"  # PS3.3 C.7.6.1.1.5: once lossy, for ever


def _compress(dataset: Dataset, target: str) -> None:
    if "PixelData" not in dataset:
        raise ConversionError(f"cannot be converted to {_name(target)}: it has no pixel data")
    from pydicom import config
    from pydicom.pixels.encoders.base import get_encoder
    from pydicom.pixels.utils import compress, pixel_array
    from pydicom.uid import UID

    if not (config.have_numpy and get_encoder(UID(target)).is_available):
        raise CodecMissing(f"compressing to {_name(target)} needs a codec that is not installed")
    pixels = None
    if dataset.get("PlanarConfiguration") == 1:
        pixels = pixel_array(dataset, raw=True)
        dataset.PlanarConfiguration = 0
    compress(dataset, target, pixels, generate_instance_uid=False)


def _swap(dataset: Dataset) -> None:
    """Reverse the bytes of the words that pydicom hands on as they are (PS3.5 7.3)."""
    for element in dataset.iterall():
        code = _WORD_CODES.get(element.VR)
        if code and isinstance(element.value, bytes):
            words = array.array(code, element.value)
            words.byteswap()
            element.value = words.tobytes()


@cache
def _known_sequences() -> frozenset[int]:
    """Return the tags that pydicom reads as sequences wherever the encoding does not name a VR."""
    from pydicom._dicom_dict import DicomDictionary

    return frozenset(tag for tag, entry in DicomDictionary.items() if entry[0] == "SQ")


def _name(syntax: str) -> str:
    known = TRANSFER_SYNTAXES.get(syntax)
    return known.name if known else visible(syntax, 80)
