"""Foreign text becomes visible text: nothing in it can drive a terminal or forge a line."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dimsetools.escape import visible


@pytest.mark.parametrize("text", ["", "PACS", "a b", "Müller^Jürgen", "山田^太郎", "a\\b", "[bold]x[/bold]"])
def test_plain_text_stays_as_it_is(text: str) -> None:
    assert visible(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\nb", "a\\nb"),
        ("a\r\nb", "a\\r\\nb"),
        ("a\tb", "a\\tb"),
        ("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),
        ("\x1b]8;;http://x\x07link", "\\x1b]8;;http://x\\x07link"),
        ("\x1b]52;c;aGk=\x07", "\\x1b]52;c;aGk=\\x07"),
        ("a\0b", "a\\x00b"),
        ("\x7f", "\\x7f"),
        ("\x9b31m", "\\x9b31m"),
        ("\x85", "\\x85"),
        ("abc\u202etxt.exe", "abc\\u202etxt.exe"),
        ("\u2066x\u2069", "\\u2066x\\u2069"),
        ("\u2028x\u2029", "\\u2028x\\u2029"),
        ("\u200bx\ufeff", "\\u200bx\\ufeff"),
        ("name\udcff", "name\\xff"),
        ("half\ud800", "half\\ud800"),
    ],
)
def test_controls_are_spelled_out(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_long_text_is_cut_and_says_how_long_it_was() -> None:
    assert visible("x" * 5000) == "x" * 4096 + "... (5000 characters)"
    assert visible("x" * 4096) == "x" * 4096
    assert visible("abcdef", 3) == "abc... (6 characters)"


@given(st.text(alphabet=st.characters(), max_size=200))
def test_nothing_unsafe_is_left(text: str) -> None:
    shown = visible(text)
    assert len(shown.splitlines()) <= 1
    for character in shown:
        assert unicodedata.category(character) not in ("Cc", "Cs", "Zl", "Zp")
        assert unicodedata.bidirectional(character) not in (
            "LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI",
        )  # fmt: skip
    shown.encode("utf-8")


@given(st.text(alphabet=st.characters(), max_size=200))
def test_showing_twice_changes_nothing(text: str) -> None:
    assert visible(visible(text)) == visible(text)
