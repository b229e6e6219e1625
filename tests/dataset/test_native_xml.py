"""The Native DICOM Model is read, and nothing that XML can do beyond it."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dimsetools.dataset.attributes import Attribute, Attributes
from dimsetools.dataset.native_xml import xml_queries
from dimsetools.errors import InputError
from tests.dataset.query_samples import STEP

DOCUMENT = """<?xml version="1.0" encoding="UTF-8"?>
<NativeDicomModel xmlns="http://dicom.nema.org/PS3.19/models/NativeDICOM" xml:space="preserve">
  <DicomAttribute tag="00080020" vr="DA" keyword="StudyDate"/>
  <DicomAttribute tag="00080061" vr="CS">
    <Value number="2">MR</Value><Value number="1">CT</Value></DicomAttribute>
  <DicomAttribute tag="00100010" vr="PN">
    <PersonName number="1">
      <Alphabetic><FamilyName>Yamada</FamilyName><GivenName>Tarou</GivenName></Alphabetic>
      <Ideographic><FamilyName>山田</FamilyName><GivenName>太郎</GivenName></Ideographic>
    </PersonName>
  </DicomAttribute>
  <DicomAttribute tag="00104000" vr="LT"><Value number="1">a\\b &amp;
 c</Value></DicomAttribute>
  <DicomAttribute tag="00280009" vr="AT"><Value number="1">00181063</Value></DicomAttribute>
  <DicomAttribute tag="00280010" vr="US"><Value number="1"> 512 </Value></DicomAttribute>
  <DicomAttribute tag="00290010" vr="LO"><Value number="1">ACME</Value></DicomAttribute>
  <DicomAttribute tag="00290001" vr="UN" privateCreator="ACME"><InlineBinary>AAE
C</InlineBinary></DicomAttribute>
  <DicomAttribute tag="00291102" vr="LO" privateCreator="OTHER"><Value>x</Value></DicomAttribute>
  <DicomAttribute tag="00400100" vr="SQ">
    <Item number="1"><DicomAttribute tag="00080060" vr="CS"><Value>CT</Value></DicomAttribute></Item>
    <Item number="2"/>
  </DicomAttribute>
</NativeDicomModel>
"""
MEANT: Attributes = {
    0x00080020: Attribute("DA"),
    0x00080061: Attribute("CS", ("CT", "MR")),
    0x00100010: Attribute("PN", ("Yamada^Tarou=山田^太郎",)),
    0x00104000: Attribute("LT", ("a\\b &\n c",)),
    0x00280009: Attribute("AT", (0x00181063,)),
    0x00280010: Attribute("US", (512,)),
    0x00290010: Attribute("LO", ("ACME",)),
    0x00290011: Attribute("LO", ("OTHER",)),
    0x00291001: Attribute("UN", (b"\0\1\2",)),
    0x00291102: Attribute("LO", ("x",)),
    STEP: Attribute("SQ", ({0x00080060: Attribute("CS", ("CT",))}, {})),
}


def one(inside: str) -> bytes:
    return f"<NativeDicomModel>\n{inside}</NativeDicomModel>".encode()


def test_a_document_is_read() -> None:
    assert list(xml_queries(DOCUMENT.encode(), "q")) == [MEANT]
    in_utf_16 = DOCUMENT.replace("UTF-8", "UTF-16").encode("utf-16")
    assert list(xml_queries(in_utf_16, "q")) == [MEANT]


def test_the_vr_may_be_missing() -> None:
    (found,) = xml_queries(one('<DicomAttribute tag="00100020"><Value>A</Value></DicomAttribute>'), "q")
    assert found == {0x00100020: Attribute("LO", ("A",))}


DTD = b"""<!DOCTYPE a [<!ENTITY e "%s">]><NativeDicomModel/>"""
LAUGHS = b"<!DOCTYPE a [<!ENTITY a 'ha'>" + b"".join(
    b"<!ENTITY %c '%s'>" % (letter + 1, b"&%c;" % letter * 10) for letter in range(ord("a"), ord("y"))
) + b"]><NativeDicomModel>&y;</NativeDicomModel>"  # fmt: skip

WRONG = [
    (b"", 1, "no XML"),
    (b"<a>", 1, "no XML"),
    (b"<a/><b/>", 1, "no XML"),
    (b"\n<a>\n&x;</a>", 3, "no XML"),
    (b'<?xml version="1.0" encoding="nothing"?><a/>', 1, "unknown encoding"),
    (DTD, 1, "document type"),
    (LAUGHS, 1, "document type"),
    (b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>', 1, "document type"),
    (b"<data-set/>", 1, "no Native DICOM Model"),
    (one("<DicomAttribute/>"), 2, "without a tag"),
    (one('<DicomAttribute tag="x" vr="LO"/>'), 2, "without a tag"),
    (one('<DicomAttribute tag="-1" vr="LO"/>'), 2, "without a tag"),
    (one('<DicomAttribute tag="123456789" vr="LO"/>'), 2, "without a tag"),
    (one('<DicomAttribute tag="00100020" vr="XX"/>'), 2, "unknown VR 'XX'"),
    (one('<DicomAttribute tag="00280010" vr="US"><Value>x</Value></DicomAttribute>'), 2, "no integer"),
    (
        one('<DicomAttribute tag="7FE00010" vr="OW"><BulkData uri="x"/></DicomAttribute>'),
        2,
        "not in the file",
    ),
    (
        one('<DicomAttribute tag="7FE00010" vr="OW"><InlineBinary>A</InlineBinary></DicomAttribute>'),
        2,
        "7FE0",
    ),
    (one("<a>" * 200 + "</a>" * 200), 2, "nested too deep"),
    (one('<DicomAttribute tag="00400100" vr="SQ"><Item>' * 65), 2, "no XML"),
    (
        one('<DicomAttribute tag="00400100" vr="SQ"><Item>' * 65 + "</Item></DicomAttribute>" * 65),
        2,
        "deeper",
    ),
    (one("<a/>" * 200_000), 2, "too many elements"),
]


@pytest.mark.parametrize(("data", "line", "message"), WRONG, ids=lambda part: str(part)[:40])
def test_what_is_wrong_is_said_with_its_line(data: bytes, line: int, message: str) -> None:
    started = time.perf_counter()
    with pytest.raises(InputError) as caught:
        list(xml_queries(data, "q"))
    assert time.perf_counter() - started < 10
    assert caught.value.message.startswith(f"q, line {line}: ")
    assert message in caught.value.message


@given(st.lists(st.sampled_from(DOCUMENT.split("\n")) | st.text(max_size=8), max_size=12))
def test_lines_in_any_order_are_read_or_refused(lines: list[str]) -> None:
    document = "<NativeDicomModel>" + "\n".join(lines) + "</NativeDicomModel>"
    try:
        for query in xml_queries(document.encode(), "q"):
            assert list(query) == sorted(query)
    except InputError as error:
        assert error.message.startswith("q, line ")  # noqa: PT017  # either outcome is fine
