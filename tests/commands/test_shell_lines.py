from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dimsetools.commands.shell_lines import Statement, filled, references, resolved, statement, statements
from dimsetools.dataset.flat import from_flat
from dimsetools.errors import UsageError

FILM = from_flat(
    {
        "SpecificCharacterSet": ["a", "b"],
        "PatientName": None,
        "StudyInstanceUID": None,
        "ReferencedImageBoxSequence": [
            {"ReferencedSOPInstanceUID": "1.2"},
            {"ReferencedSOPInstanceUID": "1.3"},
        ],
    }
)
KEPT = {"film": (FILM,), "matches": (FILM, from_flat({"PatientID": "P"}))}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("nget printer printer printer", ("nget", "printer", "printer", "printer")),
        ("  echo\t# comment", ("echo",)),
        (r"x ImageDisplayFormat=STANDARD\2,3", ("x", r"ImageDisplayFormat=STANDARD\2,3")),
        ("x MediumType='BLUE FILM' \"it's\" a''b", ("x", "MediumType=BLUE FILM", "it's", "ab")),
        ("x PatientName=a#b '#'", ("x", "PatientName=a#b", "#")),
        ("x Name=", ("x", "Name=")),
    ],
)
def test_words(text: str, words: tuple[str, ...]) -> None:
    assert statement(text) == Statement(1, "", words)


@pytest.mark.parametrize("text", ["", "   ", "# all of it", "\t#"])
def test_lines_without_a_command(text: str) -> None:
    assert statement(text) is None


def test_a_reply_gets_a_name_and_a_key_is_none() -> None:
    assert statement("film = ncreate film-box") == Statement(1, "film", ("ncreate", "film-box"))
    assert statement("film  =  echo") == Statement(1, "film", ("echo",))
    assert statement("film=echo") == Statement(1, "film", ("echo",))
    assert statement("nset x=y") == Statement(1, "", ("nset", "x=y"))
    with pytest.raises(UsageError, match="nothing follows film"):
        statement("film = # nothing")


def test_lines_are_counted_and_continued() -> None:
    text = "# a\n\nncreate film-box \\\n  A=1 \\\n  B=2\nx A=1\\2\\\necho \\\n"
    assert list(statements(text.splitlines(keepends=True))) == [
        Statement(3, "", ("ncreate", "film-box", "A=1", "B=2")),
        Statement(6, "", ("x", "A=1\\2\\")),
        Statement(7, "", ("echo",)),
    ]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_lines_of_any_editor(end: str) -> None:
    text = end.join(["\ufeff# a", "x = find \\", " A=1", "echo"])
    assert list(statements(text.splitlines(keepends=True))) == [
        Statement(2, "x", ("find", "A=1")),
        Statement(4, "", ("echo",)),
    ]
    assert list(statements(["\ufeffecho"])) == [Statement(1, "", ("echo",))]


def test_an_open_quote_is_told() -> None:
    with pytest.raises(UsageError, match=r"^job:2: a quote is not closed"):
        list(statements(["echo", "x 'BLUE FILM"], "job"))
    with pytest.raises(UsageError, match="not closed"):
        statement("x 'BLUE FILM")


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("{film.ReferencedImageBoxSequence[1].ReferencedSOPInstanceUID}", "1.3"),
        ("{film.ReferencedImageBoxSequence.referencedsopinstanceuid}", "1.2"),
        ("UID={film.(0008,1155)}", None),
        ("{film.SpecificCharacterSet}", "a\\b"),
        ("<{film.PatientName}>", "<>"),
        ("{matches[1].PatientID}", "P"),
        ("{{x}}", "{x}"),
        ("{1}-{2}", "one-two"),
    ],
)
def test_references(word: str, value: str | None) -> None:
    if value is None:
        with pytest.raises(UsageError, match="no such attribute"):
            resolved([word], KEPT)
    else:
        assert resolved([word], KEPT, ["one", "two"]) == [value]


@pytest.mark.parametrize(
    ("word", "said", "hint"),
    [
        ("{flim.X}", "nothing is kept as flim", "did you mean film"),
        ("{other.X}", "nothing is kept as other", "kept: film, matches"),
        ("{film}", "which attribute", "ReferencedImageBoxSequence"),
        ("{film.PatientID}", "no such attribute", "PatientName"),
        ("{film.PatientIdd}", "no DICOM keyword", "did you mean PatientID"),
        ("{film.ReferencedImageBoxSequence}", "is no text", "[0].Attribute"),
        ("{film.ReferencedImageBoxSequence[2].ReferencedSOPInstanceUID}", "has 2 items", ""),
        ("{film.PatientName.PatientID}", "there is no sequence PatientName", ""),
        ("{matches[2].PatientID}", "matches has 2", ""),
        ("{film.PatientName=1}", "has a value", ""),
        ("{film.StudyInstanceUID}", "has no value", "did not say it"),
        ("{3}", "no argument 3: 2 given", ""),
        ("{}", "stands for nothing", "{{"),
        ("a{", "stands for nothing", "{{"),
        ("}", "stands for nothing", "{{"),
    ],
)
def test_what_there_is_is_named(word: str, said: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        resolved([word], KEPT, ["one", "two"])
    assert said in caught.value.message
    assert hint in caught.value.hint


def test_the_names_that_a_line_uses() -> None:
    with pytest.raises(UsageError, match="which attribute of film"):
        list(references(["{film}"]))
    assert list(references(["{film.PatientID}", "x{{y}}", "{1}{other[3].PatientID}"])) == [
        "film",
        "1",
        "other",
    ]


def test_what_is_not_known_yet_is_stood_in_for() -> None:
    words = ["nset", "{1}", "{a.PatientID}", "A={a.PatientID}", "B={1}", "C={{x}}"]
    assert filled(words, ["one"], "1.2") == ["nset", "one", "1.2", "A=", "B=one", "C={x}"]


@given(st.text())
def test_a_line_is_understood_or_refused(text: str) -> None:
    try:
        found = statement(text)
    except UsageError:
        return
    if found is not None:
        assert found.words


@given(st.lists(st.text(alphabet=st.characters(exclude_characters="'\n\r"), min_size=1), min_size=1))
def test_quoted_words_come_out_as_they_are(words: list[str]) -> None:
    found = statement("x " + " ".join(f"'{word}'" for word in words))
    assert found is not None
    assert found.words == ("x", *words)
