"""DICOM files for tests and benches: made here by `struct`, fast and always the same, or shipped by pydicom.

The files do not come from our own writer, so they can judge our reader.
"""

from __future__ import annotations

import os
import random
import struct
import zlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = "1.2.826.0.1.3680043.10.43.7"  # made-up objects only, never leaves a test
CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"
MR_IMAGE = "1.2.840.10008.5.1.4.1.1.4"
SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
IMPLICIT_LE = "1.2.840.10008.1.2"
EXPLICIT_LE = "1.2.840.10008.1.2.1"
DEFLATED_LE = "1.2.840.10008.1.2.1.99"
EXPLICIT_BE = "1.2.840.10008.1.2.2"
JPEG_BASELINE = "1.2.840.10008.1.2.4.50"
JPEG_2000_LOSSLESS = "1.2.840.10008.1.2.4.90"

_LONG = frozenset((b"OB", b"OW", b"SQ", b"UN", b"UT"))
_NATIVE = frozenset((IMPLICIT_LE, EXPLICIT_LE, DEFLATED_LE, EXPLICIT_BE))
UNDEFINED = 0xFFFFFFFF


class Made(NamedTuple):
    """A file that was made: what it is, and where its data set starts."""

    path: Path
    sop_class: str
    sop_instance: str
    transfer_syntax: str
    dataset: bytes  # as it lies in the file and must arrive


def element(
    group: int, number: int, vr: bytes, value: bytes, syntax: str = EXPLICIT_LE, length: int | None = None
) -> bytes:
    """One data element, padded to even length; `length` overrides the true one (PS3.5 section 7.1)."""
    if len(value) % 2:
        value += b"\0" if vr in (b"UI", b"OB", b"UN") else b" "
    size = len(value) if length is None else length
    order = ">" if syntax == EXPLICIT_BE else "<"
    if syntax == IMPLICIT_LE:
        return struct.pack("<HHI", group, number, size) + value
    if vr in _LONG:
        return struct.pack(f"{order}HH2sHI", group, number, vr, 0, size) + value
    return struct.pack(f"{order}HH2sH", group, number, vr, size) + value


def preamble_and_meta(sop_class: str, sop_instance: str, transfer_syntax: str) -> bytes:
    """What stands before the data set of a Part 10 file (PS3.10 section 7.1)."""
    meta = b"".join(
        (
            element(2, 0x0001, b"OB", b"\0\1"),
            element(2, 0x0002, b"UI", sop_class.encode()),
            element(2, 0x0003, b"UI", sop_instance.encode()),
            element(2, 0x0010, b"UI", transfer_syntax.encode()),
            element(2, 0x0012, b"UI", f"{ROOT}.0".encode()),
        )
    )
    return bytes(128) + b"DICM" + element(2, 0, b"UL", struct.pack("<I", len(meta))) + meta


def attributes(number: int, sop_class: str, sop_instance: str, syntax: str, rows: int, columns: int) -> bytes:
    """All elements of a small grey image before its pixel data; 50 objects a series, 4 series a study."""
    short = ">H" if syntax == EXPLICIT_BE else "<H"

    def us(element_number: int, value: int) -> bytes:
        return element(0x28, element_number, b"US", struct.pack(short, value), syntax)

    def text(group: int, element_number: int, vr: bytes, value: str) -> bytes:
        return element(group, element_number, vr, value.encode(), syntax)

    series = number // 50
    study = series // 4
    return b"".join(
        (
            text(8, 0x05, b"CS", "ISO_IR 192"),
            text(8, 0x08, b"CS", "ORIGINAL\\PRIMARY"),
            text(8, 0x16, b"UI", sop_class),
            text(8, 0x18, b"UI", sop_instance),
            text(8, 0x20, b"DA", "20260102"),
            text(8, 0x30, b"TM", "030405"),
            text(8, 0x60, b"CS", "CT" if sop_class == CT_IMAGE else "OT"),
            text(8, 0x90, b"PN", ""),
            text(8, 0x103E, b"LO", f"Series {series}"),
            text(0x10, 0x10, b"PN", f"Bench^Patient {study}"),
            text(0x10, 0x20, b"LO", f"PAT{study:06d}"),
            text(0x10, 0x30, b"DA", "19700101"),
            text(0x10, 0x40, b"CS", "O"),
            text(0x20, 0x0D, b"UI", f"{ROOT}.1.{study}"),
            text(0x20, 0x0E, b"UI", f"{ROOT}.2.{series}"),
            text(0x20, 0x10, b"SH", f"{study}"),
            text(0x20, 0x11, b"IS", f"{series}"),
            text(0x20, 0x13, b"IS", f"{number % 50 + 1}"),
            us(0x02, 1),
            text(0x28, 0x04, b"CS", "MONOCHROME2"),
            us(0x10, rows),
            us(0x11, columns),
            us(0x100, 8),
            us(0x101, 8),
            us(0x102, 7),
            us(0x103, 0),
        )
    )


def encapsulated(payload: bytes, syntax: str) -> bytes:
    """Pixel data as one fragment behind an empty offset table (PS3.5 A.4); the payload is no real image."""
    payload += b"\0" * (len(payload) % 2)
    items = (
        struct.pack("<HHI", 0xFFFE, 0xE000, 0) + struct.pack("<HHI", 0xFFFE, 0xE000, len(payload)) + payload
    )
    end = struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)
    return element(0x7FE0, 0x10, b"OB", items, syntax, length=UNDEFINED) + end


@cache
def noise(size: int, seed: int = 7) -> bytes:
    """The same `size` incompressible bytes every time."""
    return random.Random(seed).randbytes(size)


def make_dataset(
    number: int, *, size: int = 2048, sop_class: str = CT_IMAGE, syntax: str = EXPLICIT_LE, instance: str = ""
) -> bytes:
    """A data set of about `size` bytes, pixel data included, encoded as the syntax demands."""
    sop_instance = instance or f"{ROOT}.3.{number}"
    inner = EXPLICIT_LE if syntax == DEFLATED_LE else syntax
    columns = 64
    overhead = len(attributes(number, sop_class, sop_instance, inner, 1, columns)) + 12
    rows = max(1, (size - overhead) // columns)
    pixels = noise(min(rows, 65535) * columns)
    head = attributes(number, sop_class, sop_instance, inner, min(rows, 65535), columns)
    if syntax not in _NATIVE:
        return head + encapsulated(pixels, EXPLICIT_LE)
    whole = head + element(0x7FE0, 0x10, b"OB" if syntax != IMPLICIT_LE else b"OW", pixels, inner)
    if syntax != DEFLATED_LE:
        return whole
    deflate = zlib.compressobj(wbits=-15)
    return deflate.compress(whole) + deflate.flush()


def make_file(
    path: Path,
    number: int = 0,
    *,
    size: int = 2048,
    sop_class: str = CT_IMAGE,
    syntax: str = EXPLICIT_LE,
    instance: str = "",
) -> Made:
    """Write one Part 10 file whose data set has about `size` bytes (4 MiB at most: rows are 16 bits)."""
    sop_instance = instance or f"{ROOT}.3.{number}"
    dataset = make_dataset(number, size=size, sop_class=sop_class, syntax=syntax, instance=sop_instance)
    with path.open("wb") as file:
        file.write(preamble_and_meta(sop_class, sop_instance, syntax))
        file.write(dataset)
    return Made(path, sop_class, sop_instance, syntax, dataset)


def make_folder(folder: Path, count: int, *, size: int = 2048, syntax: str = EXPLICIT_LE) -> list[Made]:
    """`count` objects named 000000.dcm and on."""
    folder.mkdir(parents=True, exist_ok=True)
    return [make_file(folder / f"{i:06d}.dcm", i, size=size, syntax=syntax) for i in range(count)]


def make_huge(path: Path, pixel_bytes: int, *, sparse: bool = False, number: int = 900_000) -> Path:
    """One file with pixel data of any even length below 2^32 - 1; `sparse` leaves it a hole of zeros."""
    sop_instance = f"{ROOT}.3.{number}"
    header = struct.pack("<HH2sHI", 0x7FE0, 0x10, b"OB", 0, pixel_bytes)
    with path.open("wb") as file:
        file.write(preamble_and_meta(CT_IMAGE, sop_instance, EXPLICIT_LE))
        file.write(attributes(number, CT_IMAGE, sop_instance, EXPLICIT_LE, 65535, 64) + header)
        if sparse:
            file.truncate(file.tell() + pixel_bytes)
        else:
            block = noise(1 << 20)
            for _ in range(pixel_bytes // len(block)):
                file.write(block)
            file.write(block[: pixel_bytes % len(block)])
    return path


def shipped_files() -> Iterator[Path]:
    """Every file under pydicom's own test data, good and bad, sorted."""
    import pydicom

    folder = Path(os.path.dirname(pydicom.__file__)) / "data" / "test_files"
    yield from sorted(folder.glob("*.dcm"))


class Shipped(NamedTuple):
    """One of pydicom's files that is a whole Part 10 storage object."""

    path: Path
    sop_class: str
    sop_instance: str
    transfer_syntax: str
    offset: int  # of the data set

    @property
    def dataset(self) -> bytes:
        """The data set as it lies in the file and must arrive."""
        return self.path.read_bytes()[self.offset :]


@cache
def shipped_objects() -> tuple[Shipped, ...]:
    """pydicom's files that can be stored as they are, as pydicom's reader of group 2 sees them.

    Left out: no preamble or meta information, no transfer syntax or UIDs there, DICOMDIRs, and the files
    that are cut short on purpose.
    """
    from pydicom.filereader import read_file_meta_info, read_preamble

    found = []
    for path in shipped_files():
        if "truncated" in path.name:
            continue
        with path.open("rb") as file:
            if read_preamble(file, force=True) is None:
                continue
        meta = read_file_meta_info(path)
        names = [
            str(meta.get(keyword, ""))
            for keyword in ("MediaStorageSOPClassUID", "MediaStorageSOPInstanceUID", "TransferSyntaxUID")
        ]
        if not all(names) or "FileMetaInformationGroupLength" not in meta:
            continue
        # Group length counts from behind its own 12 bytes, which follow preamble and DICM.
        offset = 128 + 4 + 12 + int(meta.FileMetaInformationGroupLength)
        found.append(Shipped(path, names[0], names[1], names[2], offset))
    return tuple(found)
