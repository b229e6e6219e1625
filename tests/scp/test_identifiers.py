from __future__ import annotations

import struct
import tracemalloc
from time import perf_counter

import pytest

from dimsetools.dataset.attributes import Attribute, Attributes
from dimsetools.dataset.dictionary import tag_of, vr_of
from dimsetools.dataset.encode import encode
from dimsetools.dataset.models import MODELS
from dimsetools.scp.identifiers import Unfit, asked_of_query, asked_of_retrieval, decoded
from dimsetools.uids import EXPLICIT_LE, IMPLICIT_LE

LEVEL = 0x00080052


def attributes(**keys: str) -> Attributes:
    found = {}
    for keyword, value in keys.items():
        tag = tag_of(keyword)
        assert tag is not None
        found[tag] = Attribute(vr_of(tag), tuple(value.split("\\")) if value else ())
    return dict(sorted(found.items()))


@pytest.mark.parametrize(
    ("model", "keys", "offending"),
    [
        ("study", {"StudyDate": "2026"}, "QueryRetrieveLevel"),
        ("study", {"QueryRetrieveLevel": ""}, "QueryRetrieveLevel"),
        ("study", {"QueryRetrieveLevel": "PATIENT"}, "QueryRetrieveLevel"),
        ("study", {"QueryRetrieveLevel": "study"}, "QueryRetrieveLevel"),
        ("study", {"QueryRetrieveLevel": "SERIES"}, "StudyInstanceUID"),
        ("study", {"QueryRetrieveLevel": "SERIES", "StudyInstanceUID": ""}, "StudyInstanceUID"),
        ("study", {"QueryRetrieveLevel": "SERIES", "StudyInstanceUID": "1.2\\1.3"}, "StudyInstanceUID"),
        ("study", {"QueryRetrieveLevel": "IMAGE", "StudyInstanceUID": "1.2"}, "SeriesInstanceUID"),
        ("patient", {"QueryRetrieveLevel": "STUDY"}, "PatientID"),
        ("patient", {"QueryRetrieveLevel": "STUDY", "PatientID": "A*"}, "PatientID"),
        ("patient-study", {"QueryRetrieveLevel": "SERIES", "PatientID": "A"}, "QueryRetrieveLevel"),
    ],
)
def test_queries_that_do_not_fit_their_model(model: str, keys: dict[str, str], offending: str) -> None:
    with pytest.raises(Unfit) as raised:
        asked_of_query(MODELS[model], attributes(**keys), relational=False)
    assert (raised.value.status, raised.value.offending) == (0xA900, (tag_of(offending),))
    assert 0 < len(raised.value.comment) <= 64


def test_relational_queries_need_nothing_above_their_level() -> None:
    keys = attributes(QueryRetrieveLevel="IMAGE", StudyInstanceUID="1.2", PatientID="")
    assert asked_of_query(MODELS["patient"], keys, relational=True).level == "IMAGE"


def test_what_says_something_about_the_query_is_no_key() -> None:
    keys = attributes(SpecificCharacterSet="ISO_IR 100", QueryRetrieveLevel="STUDY", PatientName="A*")
    lengths = {0x00080000: Attribute("UL", (26,)), 0x00100000: Attribute("UL", (12,))}
    asked = asked_of_query(MODELS["study"], keys | lengths, relational=False)
    assert asked == ("STUDY", attributes(PatientName="A*"), ("ISO_IR 100",))


@pytest.mark.parametrize("model", ["study", "worklist"])
def test_a_key_has_so_many_values_at_most(model: str) -> None:
    """Each is tried on everything there is; UIDs are looked up, so that there may be more of them."""
    level = attributes(QueryRetrieveLevel="STUDY")
    names, uids = "\\".join(map(str, range(1001))), "\\".join(f"1.{number}" for number in range(5000))
    step = Attribute("SQ", (attributes(ScheduledStationName=names),))
    for many in (attributes(PatientName=names), {0x00400100: step}):
        with pytest.raises(Unfit, match="more than 1000 values") as raised:
            asked_of_query(MODELS[model], level | many, relational=False)
        assert raised.value.status == 0xA700
    asked_of_query(MODELS[model], level | attributes(StudyInstanceUID=uids), relational=False)


def test_a_worklist_query_has_no_level() -> None:
    asked = asked_of_query(MODELS["worklist"], attributes(PatientName="A*"), relational=False)
    assert asked == ("", attributes(PatientName="A*"), ())


@pytest.mark.parametrize(
    ("model", "keys", "offending"),
    [
        ("study", {"QueryRetrieveLevel": "STUDY"}, "StudyInstanceUID"),
        ("study", {"QueryRetrieveLevel": "STUDY", "StudyInstanceUID": "*"}, "StudyInstanceUID"),
        ("study", {"QueryRetrieveLevel": "STUDY", "StudyInstanceUID": "1.2\\\\1.3"}, "StudyInstanceUID"),
        ("study", {"QueryRetrieveLevel": "STUDY", "PatientID": "A"}, "StudyInstanceUID"),
        ("study", {"QueryRetrieveLevel": "SERIES", "SeriesInstanceUID": "1.2"}, "StudyInstanceUID"),
        ("patient", {"QueryRetrieveLevel": "PATIENT", "PatientID": "A\\B"}, "PatientID"),
        ("patient", {"QueryRetrieveLevel": "PATIENT", "PatientID": "A?"}, "PatientID"),
    ],
)
def test_retrievals_that_name_nothing(model: str, keys: dict[str, str], offending: str) -> None:
    with pytest.raises(Unfit) as raised:
        asked_of_retrieval(MODELS[model], attributes(**keys), relational=False)
    assert (raised.value.status, raised.value.offending) == (0xA900, (tag_of(offending),))


def test_only_unique_keys_say_what_to_retrieve() -> None:
    keys = attributes(
        QueryRetrieveLevel="SERIES",
        PatientName="A*",
        Modality="CT",
        StudyInstanceUID="1.2",
        SeriesInstanceUID="1.3\\1.4",
    )
    asked = asked_of_retrieval(MODELS["study"], keys, relational=False)
    assert asked.keys == attributes(StudyInstanceUID="1.2", SeriesInstanceUID="1.3\\1.4")
    relational = attributes(QueryRetrieveLevel="SERIES", SeriesInstanceUID="1.3")
    assert asked_of_retrieval(MODELS["study"], relational, relational=True).level == "SERIES"


def nested(depth: int) -> bytes:
    """A data set of sequences inside one another, implicit VR."""
    data = b""
    for _ in range(depth):
        item = struct.pack("<HHI", 0xFFFE, 0xE000, len(data)) + data
        data = struct.pack("<HHI", 0x0008, 0x1110, len(item)) + item
    return data


@pytest.mark.parametrize("data", [b"\x08\0\x52\0CS\xff\0STUDY ", nested(1000), b"\xff" * 40])
def test_what_does_not_decode_is_refused(data: bytes) -> None:
    with pytest.raises(Unfit) as raised:
        decoded(data, IMPLICIT_LE if data[4:6] != b"CS" else EXPLICIT_LE)
    assert raised.value.status == 0xC000


@pytest.mark.parametrize("syntax", [IMPLICIT_LE, EXPLICIT_LE])
@pytest.mark.parametrize("depth", [1000, 100_000])
def test_deep_identifiers_cost_nothing(depth: int, syntax: str) -> None:
    header = struct.pack("<HH2sHI", 0x0040, 0x0100, b"SQ", 0, 0xFFFFFFFF)
    if syntax == IMPLICIT_LE:
        header = struct.pack("<HHI", 0x0040, 0x0100, 0xFFFFFFFF)
    data = (header + struct.pack("<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF)) * depth
    data += struct.pack("<HHIHHI", 0xFFFE, 0xE00D, 0, 0xFFFE, 0xE0DD, 0) * depth

    def refused() -> None:
        with pytest.raises(Unfit, match="too deep"):
            decoded(data, syntax)

    started = perf_counter()
    refused()
    assert perf_counter() - started < 0.1
    tracemalloc.start()
    refused()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1 << 20


def test_what_was_too_long_to_be_kept_is_refused() -> None:
    with pytest.raises(Unfit) as raised:
        decoded(None, EXPLICIT_LE)
    assert raised.value.status == 0xA700


def test_sound_identifiers_are_decoded() -> None:
    keys = attributes(QueryRetrieveLevel="STUDY")
    assert decoded(encode(keys, EXPLICIT_LE), EXPLICIT_LE) == keys
