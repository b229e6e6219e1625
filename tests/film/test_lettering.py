"""Letters for the texts of films."""

from __future__ import annotations

import pytest
from PIL import ImageFont

from dimsetools.film import lettering
from dimsetools.film.lettering import font, legible

PILLOWS = ImageFont.load_default(20)


@pytest.mark.parametrize(
    ("text", "legibly"),
    [
        ("Doe^Jane 1.5 (L)", "Doe^Jane 1.5 (L)"),
        ("Müller", "Muller"),
        ("Mu\u0308ller", "Muller"),
        ("½", "1\u20442"),
        ("Ωμ 日本", "?? ??"),
        ("a\x1b[31m\u202eb", "a?[31m?b"),
        ("", ""),
    ],
)
def test_letters_that_a_font_lacks_are_replaced(text: str, legibly: str) -> None:
    assert legible(text, PILLOWS) == legibly


def test_without_a_font_of_the_system_that_of_pillow_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    lettering._system_font.cache_clear()
    monkeypatch.setattr(lettering, "_SYSTEM", ("NoSuchFont.ttf",))
    try:
        assert font(20).getlength("Text") == PILLOWS.getlength("Text")
    finally:
        lettering._system_font.cache_clear()


def test_a_font_of_the_system_is_taken_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, float]] = []

    def truetype(name: str, height: float) -> object:
        asked.append((name, height))
        if name == "Missing.ttf":
            raise OSError("cannot open resource")
        return PILLOWS

    lettering._system_font.cache_clear()
    monkeypatch.setattr(lettering, "_SYSTEM", ("Missing.ttf", "There.ttf", "Another.ttf"))
    monkeypatch.setattr(ImageFont, "truetype", truetype)
    try:
        assert font(20) is PILLOWS
        assert font(30) is PILLOWS
    finally:
        lettering._system_font.cache_clear()
    assert asked == [("Missing.ttf", 12), ("There.ttf", 12), ("There.ttf", 20), ("There.ttf", 30)]
