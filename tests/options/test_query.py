from __future__ import annotations

import io
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import date
from pathlib import Path

import click
import pytest

from dimsetools.association.stop import Stop
from dimsetools.dataset.attributes import Attribute, Attributes, text
from dimsetools.dataset.dictionary import keyword_of
from dimsetools.errors import InputError, UsageError
from dimsetools.options import REQUESTOR
from dimsetools.options.query import QUERY, WORDS, Asked, Query
from dimsetools.options.types import Named
from tests.options.conftest import Run

TODAY = date(2026, 3, 1)
LEVEL = 0x00080052


def one(*words: str, **options: object) -> Asked:
    """The one query of these words and options."""
    (asked,) = Query(**options).asked(words, today=TODAY)  # type: ignore[arg-type]
    return asked


def named(attributes: Attributes) -> dict[str, tuple[object, ...]]:
    return {keyword_of(tag): attribute.values for tag, attribute in attributes.items()}


# -- words and keys -----------------------------------------------------------------------------------


def test_words_are_keys_and_k_is_the_same() -> None:
    asked = one("PatientName=DOE*", keys=("StudyDate=-7d",), returns=("Modality",))
    assert named(asked.attributes) == {
        "StudyDate": ("20260222-20260301",),
        "QueryRetrieveLevel": ("STUDY",),
        "Modality": (),
        "PatientName": ("DOE*",),
    }


@pytest.mark.parametrize(
    ("written", "names"),
    [
        ("PatientName,StudyDate", {"PatientName", "StudyDate"}),
        ("0010,0010", {"PatientName"}),
        ("0010,0010,0008,0020", {"PatientName", "StudyDate"}),
        ("00100010,StudyDate", {"PatientName", "StudyDate"}),
        ("(0010,0010)", {"PatientName"}),
        ("ScheduledProcedureStepSequence.Modality", {"ScheduledProcedureStepSequence"}),
    ],
)
def test_return_keys_may_share_an_option(written: str, names: set[str]) -> None:
    assert set(named(one(returns=(written,)).attributes)) - {"QueryRetrieveLevel"} == names


def test_a_wrong_key_is_told_before_anything_is_read(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        one("PatientNam=x")
    assert "PatientName" in caught.value.hint


def test_a_file_is_told_from_a_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "query").write_text('{"PatientID": "1"}')
    (tmp_path / "Modality").write_text('{"PatientID": "2"}')
    assert text(one("query").attributes, 0x00100020) == "1"
    assert text(one("./Modality").attributes, 0x00100020) == "2"
    assert named(one("Modality").attributes)["Modality"] == ()
    with pytest.raises(InputError, match=r"missing\.json"):
        one("missing.json")


def test_keys_lie_over_each_query_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "many.ndjson"
    file.write_text('{"PatientID": "1", "StudyDate": "20250101"}\n{"PatientID": "2"}\n')
    asked = Query(files=(str(file),)).asked(["StudyDate=today"], today=TODAY)
    assert isinstance(asked, Sequence)
    assert [named(each.attributes)["PatientID"] for each in asked] == [("1",), ("2",)]
    assert {named(each.attributes)["StudyDate"] for each in asked} == {("20260301",)}


# -- standard input -------------------------------------------------------------------------------------


@pytest.fixture
def stdin(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.FileIO]:
    """The writing end of what is standard input."""
    reader, writer = os.pipe()
    with open(reader) as stream:
        monkeypatch.setattr("sys.stdin", stream)
        yield io.FileIO(writer, "w")


def test_stdin_is_taken_line_by_line(stdin: io.FileIO) -> None:
    with closing(Stop()) as stop, stdin:
        asked = Query().asked(["-"], stop=stop)
        assert not isinstance(asked, Sequence)
        for number in ("1", "2"):  # the second is not even written when the first is asked
            stdin.write(json.dumps({"PatientID": number}).encode() + b"\n")
            assert text(next(asked).attributes, 0x00100020) == number
        stdin.close()
        assert list(asked) == []


def test_a_signal_ends_the_wait_for_stdin(stdin: io.FileIO) -> None:
    with closing(Stop()) as stop, stdin:
        asked = Query().asked(["-"], stop=stop)
        stdin.write(b'{"PatientID": "1"}\n')
        next(iter(asked))
        stop.request()
        assert list(asked) == []


# -- levels, models and return keys ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "options", "level"),
    [
        ((), {}, "STUDY"),
        (("StudyInstanceUID=1.2", "SeriesInstanceUID=1.3"), {}, "SERIES"),
        ((), {"level": "IMAGE"}, "IMAGE"),
        (("QueryRetrieveLevel=SERIES",), {}, "SERIES"),
        ((), {"patient_root": True}, "PATIENT"),
        ((), {"model_name": "worklist"}, ""),
    ],
)
def test_the_level_is_the_one_given_or_that_of_the_keys(
    words: tuple[str, ...], options: dict[str, object], level: str
) -> None:
    asked = one(*words, **options)
    assert asked.level == level
    assert text(asked.attributes, LEVEL) == level


def test_flags_name_the_model_and_two_models_contradict() -> None:
    assert Query().model.name == "study"
    assert Query(worklist=True).model.name == "worklist"
    assert Query(patient_study=True, model_name="psonly").model.name == "patient-study"
    with pytest.raises(UsageError, match="patient and worklist"):
        _ = Query(worklist=True, patient_root=True).model


def test_without_return_keys_the_usual_ones_are_added() -> None:
    query = Query()
    complete = named(query.complete(one("PatientName=DOE*")))
    assert complete["PatientName"] == ("DOE*",)
    assert complete["StudyInstanceUID"] == complete["NumberOfStudyRelatedSeries"] == ()


def test_with_return_keys_only_the_unique_key_is_added() -> None:
    query = Query()
    assert set(named(query.complete(one("PatientName=DOE*", "StudyDate")))) == {
        "StudyDate", "QueryRetrieveLevel", "PatientName", "StudyInstanceUID"
    }  # fmt: skip
    assert set(named(query.complete(one("PatientName=DOE*"), bare=True))) == {
        "QueryRetrieveLevel", "PatientName", "StudyInstanceUID"
    }  # fmt: skip
    query = Query(returns=("StudyDate",))  # which has a value as well
    (asked,) = query.asked(["StudyDate=2025"])
    assert set(named(query.complete(asked))) == {"StudyDate", "QueryRetrieveLevel", "StudyInstanceUID"}


def test_a_worklist_query_asks_for_the_step_too() -> None:
    query = Query(worklist=True)
    asked = one("ScheduledProcedureStepSequence.Modality=CT", worklist=True)
    (step,) = query.complete(asked)[0x00400100].values
    assert named(step)["Modality"] == ("CT",)
    assert named(step)["ScheduledProcedureStepStartDate"] == ()


def test_what_the_standard_forbids_is_refused_unless_it_is_not_checked() -> None:
    asked = one(level="SERIES")
    with pytest.raises(UsageError, match="StudyInstanceUID"):
        Query(level="SERIES").complete(asked)
    assert Query(level="SERIES", check=False).complete(asked)
    assert Query(level="SERIES", relational=True).complete(asked)


def test_a_time_zone_is_ours_unless_one_is_given() -> None:
    zone = text(one(timezone=True).attributes, 0x00080201)
    assert len(zone) == 5
    assert zone[0] in "+-"
    given = one("TimezoneOffsetFromUTC=+0930", timezone=True).attributes
    assert given[0x00080201] == Attribute("SH", ("+0930",))
    assert Query(timezone=True, fuzzy=True).abilities._asdict() == {
        "relational": False, "datetime": False, "fuzzy": True, "timezone": True, "multiframe": False
    }  # fmt: skip


# -- as options ---------------------------------------------------------------------------------------


def asked_by(run: Run, *words: str) -> Query:
    seen = run("pacs", *words, name="find", params=(WORDS_PEER, WORDS), groups=(QUERY, *REQUESTOR))
    return seen.session.values(Query)


WORDS_PEER = click.Argument(["peer"])


def test_the_words_of_dcmtk_mean_the_same(run: Run) -> None:
    query = asked_by(run, "-S", "-k", "0008,0052=SERIES", "-k", "StudyInstanceUID=1.2", "-aet", "ME")
    assert query.model.name == "study"
    assert query.keys == ("0008,0052=SERIES", "StudyInstanceUID=1.2")
    assert asked_by(run, "--worklist").model.name == "worklist"
    assert asked_by(run, "--psonly").model.name == "patient-study"


def test_levels_models_and_character_sets_are_checked_as_they_are_typed(run: Run) -> None:
    query = asked_by(run, "-L", "instance", "-M", "Patient Root", "--assume-charset", "ISO_IR 100")
    assert (query.level, query.model_name, query.assume_charset) == ("IMAGE", "patient", ("ISO_IR 100",))
    for words in (("-L", "studdy"), ("-M", "worklst"), ("--assume-charset", "latin7")):
        with pytest.raises(click.UsageError):
            asked_by(run, *words)


def test_shells_can_offer_levels_and_models() -> None:
    kinds = {option.name: option.type for option in QUERY.options}
    assert isinstance(kinds["level"], Named)
    assert isinstance(kinds["model_name"], Named)
    assert kinds["level"].choices == ("patient", "study", "series", "image", "frame")
    assert "worklist" in kinds["model_name"].choices
