"""A query file is what its content says, whatever wrote it."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dimsetools.dataset.attributes import Attribute, Attributes, sorted_attributes
from dimsetools.dataset.dicom_json import to_model
from dimsetools.dataset.encode import encode
from dimsetools.dataset.files import MAX_FILE, file_queries, queries, stream_queries
from dimsetools.dataset.flat import flat
from dimsetools.errors import InputError, InputUnreadable
from dimsetools.uids import DEFLATED_LE, EXPLICIT_BE, EXPLICIT_LE, IMPLICIT_LE
from tests.dataset.query_samples import STEP, WHOLE, WORDS, converted, dicom
from tests.dataset.samples import deflated

SYNTAXES = (IMPLICIT_LE, EXPLICIT_LE, EXPLICIT_BE)
DUMP = b"(0010,0020) LO [A]\n"
XML = (
    b'<NativeDicomModel><DicomAttribute tag="00100020" vr="LO"><Value>A</Value></DicomAttribute>'
    b"</NativeDicomModel>"
)
PATIENT = {0x00100020: Attribute("LO", ("A",))}


def only(data: bytes) -> Attributes:
    (found,) = queries(data, "q")
    return found


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_dicom_comes_with_and_without_a_header(syntax: str) -> None:
    bare = encode(WHOLE, syntax)
    file = dicom(WHOLE, syntax)
    assert only(file) == WHOLE
    assert only(file[128:]) == WHOLE
    assert only(file[132:]) == WHOLE
    assert only(bare) == WHOLE


def test_a_deflated_file_is_inflated() -> None:
    plain = dicom({}, DEFLATED_LE)
    assert only(plain + deflated(encode(PATIENT, EXPLICIT_LE))) == PATIENT


def test_what_is_no_query_is_left_out() -> None:
    extra: Attributes = {
        0x00080000: Attribute("UL", (12,)), **PATIENT, 0xFFFCFFFC: Attribute("OB", (b"\0\0",)),
    }  # fmt: skip
    assert only(dicom(extra)) == PATIENT
    assert only(b"(0000,0110) US 1\n(0002,0010) UI =LittleEndianExplicit\n" + DUMP) == PATIENT
    assert only(json.dumps(to_model(extra)).encode()) == PATIENT


@pytest.mark.parametrize(
    "data",
    [
        DUMP, b"\n\n  # a comment\n" + DUMP, b"\xef\xbb\xbf" + DUMP, XML, b"\xef\xbb\xbf" + XML,
        XML.decode().encode("utf-16"), b'{"PatientID":"A"}', b'\xef\xbb\xbf [ {"PatientID":"A"} ] ',
        b'{"00100020":{"vr":"LO","Value":["A"]}}', encode(PATIENT, IMPLICIT_LE),
    ],
    ids=lambda data: repr(data[:12]),
)  # fmt: skip
def test_the_content_tells_what_it_is(data: bytes) -> None:
    assert only(data) == PATIENT


def test_what_dcmtk_writes_is_read_as_the_file_itself(tmp_path: Path) -> None:
    file = dicom(WHOLE | WORDS)
    assert only(converted("dcmdump", tmp_path, file, "+L")) == WHOLE | WORDS
    in_json = only(converted("dcm2json", tmp_path, file))
    assert in_json[0x00080005].values == ("ISO_IR 192",)  # dcm2json converts
    in_json[0x00080005] = WHOLE[0x00080005]
    assert encode(in_json, EXPLICIT_LE) == encode(sorted_attributes(WHOLE | WORDS), EXPLICIT_LE)
    # In XML it writes words with their high bytes first.
    in_xml = only(converted("dcm2xml", tmp_path, dicom(WHOLE), "--native-format", "--encode-base64"))
    assert in_xml == WHOLE


@pytest.mark.parametrize("form", ["dump", "json", "xml"])
@pytest.mark.parametrize("syntax", SYNTAXES)
def test_each_encoding_comes_through_dcmtk(tmp_path: Path, form: str, syntax: str) -> None:
    want = {tag: value for tag, value in WHOLE.items() if tag < 0x00720000 and tag != 0x00091001}
    program = {"dump": "dcmdump", "json": "dcm2json", "xml": "dcm2xml"}[form]
    options = {"dump": ("+L",), "json": (), "xml": ("--native-format",)}[form]
    found = only(converted(program, tmp_path, dicom(want, syntax), *options))
    assert found | {0x00080005: want[0x00080005]} == want


def test_many_queries_come_out_of_one_file() -> None:
    rows = b'{"PatientID":"A"}\n\n{"PatientID":"B"}\r\n'
    assert [query[0x00100020].values for query in queries(rows, "q")] == [("A",), ("B",)]
    assert len(list(queries(b"# Dicom-Data-Set\n" + DUMP + b"# Dicom-Data-Set\n" + DUMP, "q"))) == 2
    assert len(list(queries(b"<r>" + XML + XML + b"</r>", "q"))) == 2


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "q: an empty file"), (b"\xef\xbb\xbf \n", "q: an empty file"), (b"hello world", "neither"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 20, "neither DICOM nor"), (bytes(128) + b"DICM", "no data set"),
        (dicom(WHOLE)[:140], "it ends inside its header"), (dicom(WHOLE)[:-3], "behind byte"),
        (encode(WHOLE, EXPLICIT_LE)[:-1], "q: truncated at offset "), (b'{"PatientID":}', "line 1: no JSON"),
        (b'{"PatientID":"\xff"}', "q: no UTF-8 at offset 14"), (b"(0010,0020) LO [A", "line 1: "),
        (b"<a></b>", "line 1: no XML"), (b"\0\0\0\0", "neither DICOM nor"),
        (dicom({})[:-2].replace(b"1.2.840.10008.1.2.1\0", b"explicit............"), "is no UID"),
    ],
    ids=lambda part: repr(part[:20]),
)  # fmt: skip
def test_what_is_wrong_is_said_with_the_place(data: bytes, message: str) -> None:
    with pytest.raises(InputError) as caught:
        list(queries(data, "q"))
    assert message in caught.value.message
    assert caught.value.message.startswith("q")


def test_a_large_file_is_refused_before_it_is_looked_at() -> None:
    with pytest.raises(InputError, match="too many for a request"):
        list(queries(bytes(MAX_FILE + 1), "q"))


def test_a_file_is_opened_by_its_name(tmp_path: Path) -> None:
    path, large = tmp_path / "q.json", tmp_path / "large"
    path.write_text('{"StudyDate": "-1d"}')
    found = list(file_queries(str(path), today=date(2026, 1, 1)))
    assert found == [{0x00080020: Attribute("DA", ("20251231-20260101",))}]
    with large.open("wb") as file:
        file.truncate(MAX_FILE + 1)
    with pytest.raises(InputError, match=r"large: more than"):
        list(file_queries(str(large)))
    with pytest.raises(InputUnreadable, match=r"none: cannot be opened"):
        list(file_queries(str(tmp_path / "none")))
    with pytest.raises(InputError, match="a folder"):
        list(file_queries(str(tmp_path)))


class Trickle(io.BytesIO):
    """A stream that tells how many lines were taken from it."""

    taken = 0

    def readline(self, size: int | None = -1, /) -> bytes:
        self.taken += 1
        return super().readline(size)


def test_queries_are_taken_from_a_stream_one_by_one() -> None:
    stream = Trickle(b"\n" + b'{"PatientID":"A"}\n' * 1000)
    found = stream_queries(stream, "-")
    assert next(found) == PATIENT
    assert stream.taken == 2
    assert sum(1 for _ in found) == 999


def test_a_bad_line_of_a_stream_is_named() -> None:
    found = stream_queries(io.BytesIO(b'{"PatientID":"A"}\n\n{"PatientNam":"A"}\n'), "-")
    assert next(found) == PATIENT
    with pytest.raises(InputError, match=r"-, line 3: 'PatientNam' is no DICOM keyword") as caught:
        next(found)
    assert "PatientName" in caught.value.hint


@pytest.mark.parametrize(
    "data",
    [
        DUMP, XML, dicom(PATIENT), b'{\n "PatientID":\n "A"}', b'[{"PatientID":"A"}]',
        b'{"00100020":{"vr":"LO",\n"Value":["A"]}}\n', b'{"PatientID":"A"}', encode(PATIENT, EXPLICIT_LE),
    ],
)  # fmt: skip
def test_other_forms_come_over_a_stream_too(data: bytes) -> None:
    assert list(stream_queries(io.BytesIO(data), "-")) == [PATIENT]


@pytest.mark.parametrize("data", [b"", b"\n \n", b"nothing", b'{"a"'])
def test_a_stream_without_a_query_is_an_error(data: bytes) -> None:
    with pytest.raises(InputError, match=r"^-"):
        list(stream_queries(io.BytesIO(data), "-"))


def test_an_endless_line_is_not_read_to_its_end() -> None:
    class Endless(io.BytesIO):
        given = 0

        def readline(self, size: int | None = -1, /) -> bytes:
            return self.read(size)

        def read(self, size: int | None = -1, /) -> bytes:
            assert size is not None
            assert 0 <= size <= MAX_FILE + 1
            self.given += size
            return b"{" * size

    source = Endless()
    with pytest.raises(InputError, match="too many for a request"):
        list(stream_queries(source, "-"))
    assert source.given < 2 * MAX_FILE


def spoiled() -> Iterator[bytes]:
    yield dicom(WHOLE)
    yield encode(WHOLE, IMPLICIT_LE)
    yield json.dumps(to_model(WHOLE)).encode()
    yield json.dumps(flat(WHOLE)).encode()
    yield (
        DUMP
        + b"(0040,0100) SQ\n(fffe,e000)\n(0008,0060) CS [C\nT]\n(fffe,e00d)\n(fffe,e0dd)\n(0028,0010) 5\n"
    )
    yield XML + b"<!-- -->"


@settings(max_examples=300)
@given(st.sampled_from(list(spoiled())), st.data())
def test_spoiled_files_are_read_or_refused(data: bytes, draw: st.DataObject) -> None:
    at = draw.draw(st.integers(0, len(data) - 1))
    cut = draw.draw(st.integers(0, 40))
    junk = draw.draw(st.binary(max_size=6) | st.sampled_from([b'"', b"{", b"[", b"null", b"]", b"<", b"0"]))
    spoilt = data[:at] + junk + data[at + cut :]
    for found in (queries(spoilt, "q"), stream_queries(io.BytesIO(spoilt), "q")):
        try:
            for query in found:
                assert list(query) == sorted(query)
        except InputError as error:
            assert error.message.startswith("q")  # noqa: PT017  # either outcome is fine


@given(st.binary(max_size=200))
def test_junk_is_read_or_refused(data: bytes) -> None:
    try:
        list(queries(data, "q"))
    except InputError as error:
        assert error.message.startswith("q")  # noqa: PT017


def test_the_sample_holds_a_sequence() -> None:
    assert only(dicom(WHOLE))[STEP] == WHOLE[STEP]
