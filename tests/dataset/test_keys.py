"""Keys of the command line become a data set, or are refused with the reason."""

from __future__ import annotations

import os
from datetime import date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dimsetools.dataset import private
from dimsetools.dataset.attributes import Attribute, Attributes
from dimsetools.dataset.decode import decode
from dimsetools.dataset.dictionary import entry, keywords, tag_of
from dimsetools.dataset.encode import encode, with_charset
from dimsetools.dataset.key_paths import Key, Step, parse_key, parse_tag
from dimsetools.dataset.key_values import parse_values
from dimsetools.dataset.keys import MAX_FILE, keyed
from dimsetools.errors import UsageError
from dimsetools.uids import EXPLICIT_LE

TODAY = date(2026, 3, 31)
STEP = 0x00400100


def test_each_form_of_an_attribute_names_the_same() -> None:
    forms = ("PatientID", "patientid", "(0010,0020)", "0010,0020", "00100020", "( 0010 , 0020 )")
    assert {parse_tag(form) for form in forms} == {0x00100020}
    for form in forms:
        assert keyed([f"{form}=A=B"]) == {0x00100020: Attribute("LO", ("A=B",))}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("PatientID", Key((Step(0x00100020),))),
        ("PatientID=", Key((Step(0x00100020),), value="")),
        ("PatientID@a=b.txt", Key((Step(0x00100020),), file="a=b.txt")),
        ("PatientID=@x", Key((Step(0x00100020),), value="@x")),
        ("00400100[2].Modality=CT", Key((Step(STEP, item=2), Step(0x00080060)), value="CT")),
        ('(0029,"A.C=M[E]",1F).Modality', Key((Step(0x0029001F, "A.C=M[E]"), Step(0x00080060)))),
    ],
)
def test_a_key_is_taken_apart(text: str, wanted: Key) -> None:
    assert parse_key(text) == wanted


VALUES = [
    ("PatientName=DOE^J*", "PN", ("DOE^J*",)),
    ("PatientName", "PN", ()),
    ("PatientName=", "PN", ()),
    ("ModalitiesInStudy=CT\\MR", "CS", ("CT", "MR")),
    ("PatientComments=a\\b", "LT", ("a\\b",)),
    ("StudyDate=-7d", "DA", ("20260324-20260331",)),
    ("StudyTime=08:00..12:00", "TM", ("0800-1200",)),
    ("ScheduledProcedureStepStartDateTime=2026-02", "DT", ("20260201000000-20260228235959.999999",)),
    ("StudyDate=junk", "DA", ("junk",)),
    ("Rows=512\\0x10", "US", (512, 16)),
    ("ReferencePixelX0=-5", "SL", (-5,)),
    ("DiffusionBValue=.5\\-1e3", "FD", (0.5, -1000.0)),
    ("RecommendedDisplayFrameRateInFloat=0.1", "FL", (0.10000000149011612,)),
    ("FrameIncrementPointer=FrameTime\\(0018,1065)", "AT", (0x00181063, 0x00181065)),
    ("PixelData=01 ff:0A", "OW", (b"\x01\xff\x0a",)),
    ("SOPClassUID=CTImageStorage", "UI", ("1.2.840.10008.5.1.4.1.1.2",)),
    ("SOPClassUID=1.2\\1.3", "UI", ("1.2", "1.3")),
    ("SOPClassUID=CT*", "UI", ("CT*",)),
]


@pytest.mark.parametrize(("key", "vr", "values"), VALUES)
def test_a_value_is_one_of_its_vr(key: str, vr: str, values: tuple[object, ...]) -> None:
    assert list(keyed([key], today=TODAY).values()) == [Attribute(vr, values)]


REFUSED = [
    ("PatientNam=A", "no DICOM keyword", "did you mean PatientName"),
    ("studydescripton", "no DICOM keyword", "did you mean StudyDescription"),
    ("", "no attribute", "(gggg,eeee)"),
    ("=A", "no attribute", "(gggg,eeee)"),
    ("(0010,20)=A", "no attribute", "(gggg,eeee)"),
    ("PatientID!", "cannot follow", "Attribute=value"),
    ("PatientID[x]", "cannot follow", "Attribute=value"),
    ("PatientID.Modality=CT", "is no sequence", ""),
    ("PatientID[0]=A", "is a sequence", "Attribute=value"),
    ("ScheduledProcedureStepSequence=CT", "is a sequence", "ScheduledProcedureStepSequence.Attribute=value"),
    ("ScheduledProcedureStepSequence[1000]", "no item 1000", "[0]"),
    ("Rows=x", "no integer", ""),
    ("Rows=65536", "not within 0 to 65535", ""),
    ("Rows=-1", "not within", ""),
    ("DiffusionBValue=1_0", "no number", ""),
    ("FrameIncrementPointer=Nothing", "no DICOM keyword", ""),
    ("PixelData=0", "hexadecimal", "PixelData@FILE"),
    ("PixelData=xyz", "hexadecimal", "PixelData=01ff"),
    ("Modality=é", "plain ASCII", ""),
    ("PatientName=\udc80", "no UTF-8", ""),
    ("StudyTime=-20h", "another day", "08:00..12:00"),
    ("StudyDate=-99999y", "outside the calendar", "-7d"),
    ("MessageID=1", "belongs to a command", "leave it out"),
    ("TransferSyntaxUID=1.2", "belongs to a command or file", "leave it out"),
    ("(0010,0000)=4", "belongs to a command or file", "leave it out"),
    ("(fffe,e000)", "belongs to a command or file", "leave it out"),
    ('(0010,"ACME",01)=A', "cannot be private", "odd"),
    ("StudyID@/no/such/file", "cannot be opened", ""),
    ("StudyID@/", "a folder", ""),
    ("StudyID@\0", "no file can have this name", ""),
    ("StudyID=" + "x" * 70_000, "70000 bytes", ""),
    (".".join(["ReferencedStudySequence"] * 70), "deeper than", ""),
]


@pytest.mark.parametrize(("key", "message", "hint"), REFUSED, ids=lambda text: text[:40])
def test_a_wrong_key_is_refused(key: str, message: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        keyed([key], today=datetime(2026, 3, 31, 10))  # noqa: DTZ001  # any morning
    assert message in caught.value.message
    assert hint in caught.value.hint
    assert len(caught.value.message) < 300


def test_sequences_grow_as_they_are_named() -> None:
    item = {0x00080060: Attribute("CS", ("CT",)), 0x00400001: Attribute("AE", ())}
    name = "ScheduledProcedureStepSequence"
    assert keyed([f"{name}.ScheduledStationAETitle", f"{name}[0].Modality=CT"]) == {
        STEP: Attribute("SQ", (item,))
    }
    assert keyed([name]) == keyed([f"{name}="]) == {STEP: Attribute("SQ", ())}
    assert keyed([f"{name}[0]"]) == {STEP: Attribute("SQ", ({},))}
    assert keyed([f"{name}[1].Modality"])[STEP].values == ({}, {0x00080060: Attribute("CS", ())})
    assert keyed([f"{name}.Modality=CT", name]) == {STEP: Attribute("SQ", ())}
    deep = keyed([f"{name}.ScheduledProtocolCodeSequence.CodeValue=X"])
    assert deep[STEP].values[0][0x00400008].values[0] == {0x00080100: Attribute("SH", ("X",))}


def test_keys_override_the_base_and_leave_it_alone() -> None:
    inside = {0x00080060: Attribute("CS", ("MR",))}
    base: Attributes = {
        0x00080020: Attribute("DA", ("20250101",)), 0x00100010: Attribute("PN", ("A",)),
        STEP: Attribute("SQ", (inside,)),
    }  # fmt: skip
    found = keyed(["StudyDate", "ScheduledProcedureStepSequence.Modality=CT", "StudyID=1"], base=base)
    assert found[0x00080020].values == ()
    assert found[0x00100010].values == ("A",)
    assert found[STEP].values == ({0x00080060: Attribute("CS", ("CT",))},)
    assert list(found) == sorted(found)
    assert inside == {0x00080060: Attribute("CS", ("MR",))}
    assert base[0x00080020].values == ("20250101",)


def test_of_two_keys_the_later_counts() -> None:
    assert keyed(["PatientID=A", "patientid=B"])[0x00100020].values == ("B",)


def test_return_keys_never_replace_a_value() -> None:
    name = "ScheduledProcedureStepSequence"
    found = keyed(
        ["PatientID=A", f"{name}.Modality=CT"],
        returns=[
            "PatientID",
            "PatientName",
            f"{name}",
            f"{name}.Modality",
            f"{name}.ScheduledStationAETitle",
        ],
    )
    assert found[0x00100020].values == ("A",)
    assert found[0x00100010] == Attribute("PN", ())
    assert found[STEP].values == ({0x00080060: Attribute("CS", ("CT",)), 0x00400001: Attribute("AE", ())},)
    with pytest.raises(UsageError, match="return key has no value"):
        keyed([], returns=["PatientID=A"])


def test_private_keys_reserve_a_block() -> None:
    found = keyed(['(0029,"ACME 1",10)=01ff', '(0029,"OTHER",10)', '(0029,"ACME 1",11)'])
    assert found == {
        0x00290010: Attribute("LO", ("ACME 1",)),
        0x00290011: Attribute("LO", ("OTHER",)),
        0x00291010: Attribute("UN", (b"\x01\xff",)),
        0x00291011: Attribute("UN", ()),
        0x00291110: Attribute("UN", ()),
    }


def test_private_keys_use_the_block_that_is_there() -> None:
    base: Attributes = {0x00290013: Attribute("LO", ("ACME",)), 0x00291001: Attribute("UN", ())}
    found = keyed(['(0029,"ACME",02)', '(0029,"NEW",02)'], base=base)
    assert {0x00291302, 0x00290011, 0x00291102} <= set(found)
    inside = keyed(['ScheduledProcedureStepSequence.(0029,"ACME",02)'], base=base)[STEP].values[0]
    assert inside == {0x00290010: Attribute("LO", ("ACME",)), 0x00291002: Attribute("UN", ())}


def test_published_private_elements_have_their_vr() -> None:
    found = keyed(['(0019,"GEMS_ACQU_01",02)=5'])
    assert found[0x00191002] == Attribute("SL", (5,))
    assert keyed(["(0019,0010)=GEMS_ACQU_01", "(0019,1002)=7"])[0x00191002] == Attribute("SL", (7,))


def test_a_private_sequence_is_one_by_its_path() -> None:
    found = keyed(['(0029,"ACME",10).PatientID=A'])
    assert found[0x00291010] == Attribute("SQ", ({0x00100020: Attribute("LO", ("A",))},))


def test_a_group_without_a_free_block_is_said() -> None:
    full: Attributes = {0x00290000 | block: Attribute("LO", ("X",)) for block in range(0x10, 0x100)}
    with pytest.raises(UsageError, match="no free block"):
        private.private_tag(full, 0x0029, "ACME", 1)


def test_a_value_is_read_from_a_file(tmp_path: Path) -> None:
    text, raw, none = tmp_path / "t", tmp_path / "r", tmp_path / "none"
    text.write_text("Müller^J\n")
    raw.write_bytes(b"\0\1\2")
    none.write_bytes(b"")
    found = keyed([f"PatientName@{text}", f"PixelData@{raw}", f"StudyID@{none}"])
    assert found == {
        0x00100010: Attribute("PN", ("Müller^J",)),
        0x00200010: Attribute("SH", ()),
        0x7FE00010: Attribute("OW", (b"\0\1\2",)),
    }


def test_a_file_that_is_no_value_is_refused(tmp_path: Path) -> None:
    latin, large, pipe = tmp_path / "latin", tmp_path / "large", tmp_path / "pipe"
    latin.write_bytes(b"M\xfcller")
    os.mkfifo(pipe)
    with large.open("wb") as file:
        file.truncate(MAX_FILE + 1)
    for path, message in ((latin, "no UTF-8"), (large, "more than"), (pipe, "a FIFO")):
        with pytest.raises(UsageError, match=message):
            keyed([f"PatientName@{path}"])


def test_a_file_may_be_as_large_as_is_wanted(tmp_path: Path) -> None:
    large = tmp_path / "large"
    with large.open("wb") as file:
        file.truncate(MAX_FILE + 2)
    found = keyed([f"BasicGrayscaleImageSequence.PixelData@{large}"], most=MAX_FILE + 2)
    (item,) = found[0x20200110].values
    assert len(item[0x7FE00010].values[0]) == MAX_FILE + 2
    with pytest.raises(UsageError, match="more than 3 bytes") as refused:
        keyed([f"PixelData@{large}"], most=3)
    assert refused.value.hint == ""


@pytest.mark.parametrize("vr", ["SQ", "??"])
def test_a_vr_without_values_takes_none(vr: str) -> None:
    with pytest.raises(ValueError, match="takes no value"):
        parse_values("x", vr)


@given(st.lists(st.text() | st.text('PatientID()[]0123456789abcdef.,="@\\', max_size=30), max_size=3))
def test_junk_is_refused_and_nothing_else(texts: list[str]) -> None:
    try:
        found = keyed(texts, today=TODAY)
    except UsageError:
        return
    assert found or not texts


TEXT = st.text(st.characters(codec="utf-8", categories=["L", "N"]), min_size=1, max_size=16)


TAGS = [tag_of(word) or 0 for word in keywords()]
LOCALIZED = [row.keyword for row in map(entry, TAGS) if row and row.vr in ("LO", "PN", "UC")]


@given(st.dictionaries(st.sampled_from(LOCALIZED), st.lists(TEXT, min_size=1, max_size=3), max_size=5))
def test_text_arrives_at_the_peer_as_it_was_typed(wanted: dict[str, list[str]]) -> None:
    found = keyed([f"{word}={chr(92).join(values)}" for word, values in wanted.items()])
    sent = decode(encode(with_charset(found), EXPLICIT_LE), EXPLICIT_LE)
    for word, values in wanted.items():
        tag = tag_of(word)
        assert tag is not None
        assert list(sent[tag].values) == values
