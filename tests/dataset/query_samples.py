"""A query with everything in it, and what DCMTK's converters make of it."""

from __future__ import annotations

import struct
import subprocess
from pathlib import Path

from dimsetools.dataset.attributes import Attribute, Attributes
from dimsetools.dataset.encode import encode
from dimsetools.dataset.part10 import header
from dimsetools.uids import EXPLICIT_LE
from tests.peers.process import required

CT = "1.2.840.10008.5.1.4.1.1.2"
STEP = 0x00400100

WHOLE: Attributes = {
    0x00080005: Attribute("CS", ("ISO_IR 100",)),
    0x00080008: Attribute("CS", ("A" * 16,) * 16),
    0x00080016: Attribute("UI", (CT,)),
    0x00080020: Attribute("DA", ("20260101-20260131",)),
    0x00080060: Attribute("CS"),
    0x00080062: Attribute("UI", ("1.2.3", CT)),
    0x00080120: Attribute("UR", ("http://x\\y",)),
    0x00081030: Attribute("LO", ("a # 12, 1 ] b",)),
    0x00081110: Attribute("SQ"),
    0x00090010: Attribute("LO", ("ACME",)),
    0x00091001: Attribute("UN", (b"abc\0",)),
    0x00100010: Attribute("PN", ("Müller^Jörg",)),
    0x00100020: Attribute("LO", ("A*?",)),
    0x00101000: Attribute("LO", ("a", "", "b")),
    0x00101001: Attribute("PN", ("a", "b^^^Dr")),
    0x00104000: Attribute("LT", ("line 1\r\nline 2]\n# x" + "y" * 200,)),
    0x00186020: Attribute("SL", (-5,)),
    0x00189087: Attribute("FD", (1 / 3,)),
    0x00200013: Attribute("IS", ("5",)),
    0x00280008: Attribute("IS"),
    0x00280009: Attribute("AT", (0x00181063, 0x0020000D)),
    0x00280010: Attribute("US", (512,)),
    STEP: Attribute(
        "SQ",
        (
            {
                0x00080060: Attribute("CS", ("CT",)),
                0x00400001: Attribute("AE"),
                0x00400008: Attribute("SQ", ({0x00080100: Attribute("SH", ("CODE",))}, {})),
            },
        ),
    ),
    0x00720065: Attribute("OB", (bytes(range(100)),)),
    0x00720076: Attribute("FL", struct.unpack("<2f", struct.pack("<2f", 0.1, 1e10))),
    0x00720078: Attribute("UL", (0xFFFFFFFF,)),
    0x0072007A: Attribute("US", (1, 2)),
    0x00720082: Attribute("SV", (-1, 5)),
    0x00720083: Attribute("UV", (1 << 63,)),
}

WORDS: Attributes = {
    0x00281201: Attribute("OW", (bytes(range(256)) * 2,)),
    0x00720067: Attribute("OF", (struct.pack("<2f", 1.5, 1 / 3),)),
    0x00720073: Attribute("OD", (struct.pack("<2d", 1.5, 1 / 3),)),
    0x00720075: Attribute("OL", (struct.pack("<2I", 1, 0xFFFFFFFF),)),
    0x00720081: Attribute("OV", (struct.pack("<2Q", 1, 1 << 63),)),
}
"""The VRs of binary words, which DCMTK writes in an order of its own in XML."""


def dicom(attributes: Attributes, syntax: str = EXPLICIT_LE) -> bytes:
    """Return a DICOM file that holds a query."""
    return header("1.2.840.10008.5.1.4.31", "1.2.3", syntax) + encode(attributes, syntax)


def converted(program: str, folder: Path, data: bytes, *options: str) -> bytes:
    """Return what a program of DCMTK writes to stdout for a DICOM file."""
    path = folder / "query.dcm"
    path.write_bytes(data)
    return subprocess.run([required(program), "-q", *options, path], capture_output=True, check=True).stdout


def dump2dcm(folder: Path, dump: bytes) -> bytes:
    """Return the DICOM file that dump2dcm makes of a dump."""
    source, target = folder / "query.dump", folder / "made.dcm"
    source.write_bytes(dump)
    command = [required("dump2dcm"), "-q", "+l", "100000", str(source), str(target)]
    subprocess.run(command, capture_output=True, check=True)
    return target.read_bytes()
