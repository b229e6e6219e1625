from __future__ import annotations

from pathlib import Path

import pytest

from dimsetools.commands.shell_completion import offers
from dimsetools.commands.shell_words import WORDS_OF_SHELL, word
from dimsetools.dataset.flat import from_flat
from dimsetools.errors import UsageError

FILM = from_flat(
    {"FilmSizeID": "A4", "ReferencedImageBoxSequence": [{"ReferencedSOPInstanceUID": "1.2"}]},
)
KEPT = {"film": (FILM,), "found": ()}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("ncr", ["ncreate "]),
        ("film = ncr", ["ncreate "]),
        ("ncreate film-", ["film-session ", "film-box "]),
        ("ncreate film-box n", ["new "]),
        ("naction commit storage-", ["storage-commitment "]),
        ("naction film-box 1.2 pri", ["print "]),
        ("naction film-box 1.2 sub", []),
        ("naction ups --no-check glo", ["global "]),
        ("nevent -k PatientID=1 ups 1.2 canc", ["cancel-requested ", "cancel "]),
        ("nget mpps pri", []),
        ("nget printer printer PrinterNam", ["PrinterName "]),
        ("nget nothing n", []),
        ("film=ncreate film-", ["film-session ", "film-box "]),
        ("ncreate film-box new FilmSizeI", ["FilmSizeID="]),
        ("ncreate film-box FilmSizeI", ["FilmSizeID="]),
        ("find -M wor", ["worklist "]),
        ("find -L ser", ["series "]),
        ("image 1.2 --bits 1", ["12 "]),
        ("image 1.2 ct.dcm x", []),
        ("ncreate film-box new ReferencedFilmSessionSequence.ReferencedSOPI", None),
        ("ncreate film-box new FilmSizeID=A", []),
        ("find --assu", ["--assume-charset "]),
        ("help sto", ["store "]),
        ("show f", ["film ", "found "]),
        ("nothing x", []),
        ("echo x", []),
        ("nset image-box {", ["{film.", "{found."]),
        ("nset image-box {film.Film", ["{film.FilmSizeID}"]),
        ("nset image-box X={film.ref", ["X={film.ReferencedImageBoxSequence[0]."]),
        (
            "nset image-box {film.ReferencedImageBoxSequence[0].",
            ["{film.ReferencedImageBoxSequence[0].ReferencedSOPInstanceUID}"],
        ),
        ("nset image-box {other.", []),
    ],
)
def test_what_is_offered(line: str, expected: list[str] | None) -> None:
    *before, text = line.split()
    found = offers(before, text, KEPT)
    if expected is None:
        assert f"{text}nstanceUID=" in found
    else:
        assert found == expected


def test_an_empty_word_is_offered_everything() -> None:
    assert offers([], "", {}) == [f"{name} " for name in WORDS_OF_SHELL]


def test_files_are_offered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "image.dcm").write_text("")
    monkeypatch.chdir(tmp_path)
    assert offers(["store"], "i", {}) == ["image.dcm ", "in/"]
    (tmp_path / "an image.dcm").write_text("")
    assert offers(["store"], "an", {}) == ["'an image.dcm' "]
    assert offers(["store"], '"an', {}) == ['"an image.dcm" ']


def test_words_are_found_under_their_names_and_say_how_they_are_written() -> None:
    assert word("exit").name == "quit"
    assert word("wait").usage == "wait [OPTIONS] [SECONDS]"
    with pytest.raises(UsageError) as caught:
        word("wait").parse(["soon"])
    assert caught.value.hint == f"usage: {word('wait').usage}"
    with pytest.raises(UsageError) as caught:
        word("something")
    assert "ncreate" in caught.value.hint
