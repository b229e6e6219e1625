"""Texts with values of images."""

from __future__ import annotations

import pytest

from dimsetools.dataset.keys import keyed
from dimsetools.errors import UsageError
from dimsetools.film.wording import Wording

ONE, OTHER = keyed(["PatientName=Doe^Jane", "PatientID=1"]), keyed(["PatientName=Roe^R", "PatientID=1"])


@pytest.mark.parametrize(
    ("written", "images", "expected"),
    [
        ("plain", [ONE], "plain"),
        ("{PatientName}, film {film}", [ONE, ONE], "Doe^Jane, film 3"),
        ("{patientname} {PatientID}", [ONE, OTHER], "Doe^Jane / Roe^R 1"),
        ("{StudyDate} x", [ONE], "x"),
        ("a\\b", [ONE], "a, b"),
        ("", [], ""),
    ],
)
def test_a_text_has_the_values_of_the_images(written: str, images: list[object], expected: str) -> None:
    assert Wording(written).of(3, images) == expected  # type: ignore[arg-type]


def test_it_says_which_attributes_it_needs() -> None:
    assert Wording("{PatientName} {film} {StudyDate}").tags == {0x00100010, 0x00080020}


@pytest.mark.parametrize(("written", "hint"), [("{PatientNam}", "PatientName"), ("{}", "in braces")])
def test_what_is_no_attribute_is_refused(written: str, hint: str) -> None:
    with pytest.raises(UsageError, match="names no attribute") as caught:
        Wording(written)
    assert hint in caught.value.hint
