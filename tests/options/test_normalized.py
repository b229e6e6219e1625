"""What the words of an N- service stand for: classes, attribute lists, a data set out of a file and keys."""

from __future__ import annotations

import io
import json
from datetime import date
from pathlib import Path

import pytest

from dimsetools.dataset.attributes import Attributes, text, texts
from dimsetools.dataset.keys import keyed
from dimsetools.dataset.normalized import CLASSES
from dimsetools.errors import InputError, UsageError
from dimsetools.options.normalized import ACTION, CLASS, CONTEXT, EVENT, INSTANCE, attribute_tags, data_set
from dimsetools.options.types import Named
from dimsetools.render import Output

BASE = keyed(["PatientName=DOE^JANE", "PatientID=7", "SOPInstanceUID=1.2.3"])


def written(form: str) -> str:
    """A data set in one of the forms that a file can have."""
    stdout = io.StringIO()
    with Output(form, stdout=stdout, stderr=io.StringIO()) as output:
        output.result(BASE)
    return stdout.getvalue()


def test_a_shell_is_told_the_words() -> None:
    offered = {}
    for param in (CLASS, INSTANCE, ACTION, EVENT, CONTEXT):
        assert isinstance(param.type, Named)
        offered[param.name] = set(param.type.choices)
    assert {"mpps", "commit", "printer", "ups"} <= offered["sop_class"]
    assert {"display", "rt-treatment", "storage-commitment"} <= offered["sop_class"]  # other names, too
    assert "print-grayscale" not in offered["sop_class"]  # it has no service of its own
    assert "print-grayscale" in offered["contexts"]
    assert {"new", "printer", "commit", "global"} <= offered["instance"]
    assert {"print", "change-state", "subscribe"} <= offered["action"]
    assert {"success", "completed", "state-report"} <= offered["event"]


def test_a_class_is_what_it_is_called() -> None:
    assert CLASS.type.convert("MPPS", None, None) is CLASSES["mpps"]
    assert CONTEXT.type.convert("ups-pull", None, None).abstract_syntax == "1.2.840.10008.5.1.4.34.6.3"
    assert CONTEXT.type.convert("film-box", None, None).abstract_syntax == "1.2.840.10008.5.1.1.2"


@pytest.mark.parametrize(
    ("words", "tags"),
    [
        ((), ()),
        (("PatientName",), (0x00100010,)),
        (("patientid,PatientName", "0010,0010", "(0010,0040)"), (0x00100020, 0x00100010, 0x00100040)),
        (("ScheduledStepAttributesSequence", "00291001"), (0x00400270, 0x00291001)),
    ],
)
def test_attributes_are_named_by_keyword_or_tag(words: tuple[str, ...], tags: tuple[int, ...]) -> None:
    assert attribute_tags(words) == tags


@pytest.mark.parametrize(
    "word",
    [
        "PatintName", "PatientName=DOE", "PatientName@file", "ScheduledStepAttributesSequence.Modality",
        "ScheduledStepAttributesSequence[0]", '(0029,"ACME",10)',
    ],
)  # fmt: skip
def test_what_is_no_whole_attribute_is_refused(word: str) -> None:
    with pytest.raises(UsageError):
        attribute_tags([word])


def names(attributes: Attributes | None) -> tuple[str, str, tuple[str, ...]]:
    assert attributes is not None
    return text(attributes, 0x00100010), text(attributes, 0x00100020), texts(attributes, 0x00080018)


def test_keys_alone_are_the_data_set() -> None:
    assert names(data_set(None, ["PatientName=DOE", "PatientID"])) == ("DOE", "", ())
    assert data_set(None, []) is None


@pytest.mark.parametrize("form", ["json", "dicom-json", "dump", "xml"])
def test_keys_lie_over_the_file(tmp_path: Path, form: str) -> None:
    path = tmp_path / "set"
    path.write_text(written(form), encoding="utf-8")
    assert names(data_set(str(path), ["PatientID=8"])) == ("DOE^JANE", "8", ())


def test_a_dicom_file_gives_its_data_set(tmp_path: Path) -> None:
    from tests.corpus import make_file

    made = make_file(tmp_path / "a.dcm", 0)
    found = data_set(str(made.path), ["PatientID=8"])
    assert found is not None
    assert text(found, 0x00100020) == "8"
    assert 0x00080016 not in found
    assert 0x00080018 not in found
    assert text(data_set(str(made.path), [], check=False) or {}, 0x00080018) == made.sop_instance


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "an empty file"), ("nonsense", "neither DICOM nor JSON"),
        ('{"PatientID": "1"}\n{"PatientID": "2"}\n', "more than one data set"), ("[]", "no data set"),
    ],
)  # fmt: skip
def test_a_file_has_one_data_set(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "set"
    path.write_text(content)
    with pytest.raises(InputError, match=message):
        data_set(str(path), ["PatientID=8"])


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("StudyDate=tomorow", "StudyDate='tomorow' is no DA"),
        ("ScheduledStepAttributesSequence.StudyInstanceUID=1.x", "StudyInstanceUID='1.x' is no UI"),
    ],
)
def test_values_have_the_form_of_their_vr(key: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        data_set(None, [key])
    assert data_set(None, [key], check=False)


TODAY = date(2026, 3, 31)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("StudyDate=today", "20260331"), ("StudyDate=-7d", "20260324"), ("StudyDate=2026-01-31", "20260131"),
        ("StudyTime=08:00", "0800"), ("ScheduledProcedureStepStartDateTime=20260131", "20260131"),
        ("ScheduledProcedureStepStartDateTime=2026", "2026"),
        ("ScheduledProcedureStepStartDateTime=2026-01-31", "20260131"),
        ("ScheduledProcedureStepStartDateTime=today", "20260331"),
        ("ScheduledProcedureStepStartDateTime=2026-01-31T08:30", "202601310830"),
    ],
)  # fmt: skip
def test_dates_are_one_day_or_moment_and_no_range(tmp_path: Path, key: str, value: str) -> None:
    keyword, _, written = key.partition("=")
    path = tmp_path / "set.json"
    path.write_text(json.dumps({keyword: written}))
    for found in (data_set(None, [key], today=TODAY), data_set(str(path), [], today=TODAY)):
        assert found is not None
        assert [attribute.values for attribute in found.values()] == [(value,)]


@pytest.mark.parametrize("value", ["2026-01", "20260101-20260131", "2026-01-01..2026-01-31", "tomorow"])
def test_a_range_is_no_value_but_can_be_matched(value: str) -> None:
    with pytest.raises(UsageError, match="is no DA") as refused:
        data_set(None, [f"StudyDate={value}"])
    assert refused.value.hint == "write 20260131, 2026-01-31, -7d or today; --no-check sends it as it is"
    found = data_set(None, [f"StudyDate={value}"], matching=True)
    assert found is not None
    assert text(found, 0x00080020) in ("20260101-20260131", "tomorow")


def test_a_file_that_is_not_there_is_said_to_be(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nowhere"):
        data_set(str(tmp_path / "nowhere"), [])
