"""Each model has its SOP classes, levels and return keys, by whatever name people call it."""

from __future__ import annotations

import pytest
from pydicom._uid_dict import UID_dictionary

from dimsetools.dataset import models
from dimsetools.dataset.attributes import Attribute, Attributes
from dimsetools.dataset.dictionary import keyword_of, tag_of
from dimsetools.dataset.models import LEVEL, MODELS, default_returns, level_of_keys, model, with_defaults
from dimsetools.errors import UsageError


def key(keyword: str, *values: str, vr: str = "UI") -> Attributes:
    tag = tag_of(keyword)
    assert tag is not None
    return {tag: Attribute(vr, values)}


@pytest.mark.parametrize("row", MODELS.values(), ids=lambda row: row.name)
def test_the_sop_classes_are_those_of_the_standard(row: models.Model) -> None:
    words = row.title.replace("/", " ").replace("-", " ").split()
    assert any((row.find, row.move, row.get))
    for service, uid in (("find", row.find), ("move", row.move), ("get", row.get)):
        if uid:
            name, kind, _, _, keyword = UID_dictionary[uid]
            assert kind == "SOP Class"
            assert all(word.lower() in name.lower() for word in words), name
            assert keyword.lower().endswith(service) or not (row.move or row.get) or "Query" in name


def test_study_root_is_the_default() -> None:
    assert next(iter(MODELS)) == "study"


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("Study", "study"), ("patient_root", "patient"), ("Patient Study Only", "patient-study"),
        ("unified", "ups-pull"), ("mwl", "worklist"), ("colour-palette", "color-palette"),
        ("1.2.840.10008.5.1.4.31", "worklist"), ("1.2.840.10008.5.1.4.1.2.1.2", "patient"),
        ("inventory", "inventory"), ("protocol-approval", "protocol-approval"),
    ],
)  # fmt: skip
def test_a_model_has_several_names(name: str, wanted: str) -> None:
    assert model(name) is MODELS[wanted]


@pytest.mark.parametrize("name", ["", "x", "1.2.3", "wroklist"])
def test_another_name_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="no information model") as caught:
        model(name)
    assert "worklist" in caught.value.hint


def test_every_model_that_searches_has_return_keys() -> None:
    for row in MODELS.values():
        for level in (row.levels or ("",)) if row.find else ():
            tags = default_returns(row, level)
            assert list(tags) == sorted(set(tags))
            assert len(tags) >= 4


def test_return_keys_hold_the_unique_keys_down_to_the_level() -> None:
    for row in MODELS.values():
        for number, level in enumerate(row.levels):
            if row.find:
                wanted = {models.unique_key(above) for above in row.levels[: number + 1]}
                assert wanted <= set(default_returns(row, level))


def test_a_study_of_the_study_root_tells_whose_it_is() -> None:
    names = {keyword_of(tag) for tag in default_returns(model("study"), "STUDY")}
    assert {"PatientName", "PatientID", "StudyDate", "ModalitiesInStudy", "StudyDescription"} <= names
    assert "PatientName" not in {keyword_of(tag) for tag in default_returns(model("patient"), "STUDY")}


def test_defaults_never_replace_a_key() -> None:
    found = with_defaults(model("study"), "STUDY", key("PatientName", "DOE*", vr="PN"))
    assert found[0x00100010].values == ("DOE*",)
    assert found[0x0020000D] == Attribute("UI", ())
    assert list(found) == sorted(found)


def test_a_worklist_query_asks_inside_the_scheduled_step() -> None:
    bare = with_defaults(model("worklist"), "", {})
    (item,) = bare[0x00400100].values
    assert item[0x00400002] == Attribute("DA", ())
    given = {0x00400100: Attribute("SQ", (key("Modality", "CT", vr="CS"),))}
    (item,) = with_defaults(model("worklist"), "", given)[0x00400100].values
    assert item[0x00080060].values == ("CT",)
    assert 0x00400001 in item
    assert given[0x00400100].values == (key("Modality", "CT", vr="CS"),)


@pytest.mark.parametrize(
    ("name", "keys", "wanted"),
    [
        ("study", {}, "STUDY"),
        ("patient", {}, "PATIENT"),
        ("worklist", {}, ""),
        ("composite", key("SOPInstanceUID", "1.2"), "IMAGE"),
        ("composite", key("SOPInstanceUID", "1.2") | key("SimpleFrameList", "1", vr="UL"), "FRAME"),
        ("study", key("SeriesInstanceUID", "1.2"), "SERIES"),
        ("study", key("SeriesInstanceUID"), "STUDY"),
        ("study", key("SeriesInstanceUID", "1.2") | key("SOPInstanceUID", "1.3"), "IMAGE"),
        ("patient", key("PatientID", "A", vr="LO"), "PATIENT"),
        ("patient", key("StudyInstanceUID", "1.2"), "STUDY"),
        ("patient-study", key("SOPInstanceUID", "1.2"), "PATIENT"),
        ("study", {LEVEL: Attribute("CS", ("IMAGE",))}, "IMAGE"),
        ("study", {LEVEL: Attribute("CS", ("PATIENT",))}, "STUDY"),
    ],
)
def test_the_level_follows_from_the_keys(name: str, keys: Attributes, wanted: str) -> None:
    assert level_of_keys(keys, model(name)) == wanted
