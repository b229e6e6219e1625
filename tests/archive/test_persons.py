from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dimsetools.archive import persons


@pytest.mark.parametrize(
    ("name", "groups"),
    [
        ("DOE^John^^^", ("doe^john", "", "")),
        ("Yamada^Tarou=山田^太郎=やまだ^たろう", ("yamada^tarou", "山田^太郎", "やまだ^たろう")),
        ("ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎", ("ヤマダ^タロウ", "山田^太郎", "")),
        ("STRASSE", ("strasse", "", "")),
        ("Straße", ("strasse", "", "")),
        ("a=b=c=d", ("a", "b", "c")),
        ("", ("", "", "")),
    ],
)
def test_groups_are_compared_without_case_and_width(name: str, groups: tuple[str, ...]) -> None:
    assert persons.groups(name) == groups


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("O'Neil^Mary-Ann", ["oneil", "mary", "ann"]),
        ("Müller^Jörg^^Dr.", ["muller", "jorg", "dr"]),
        ("Ångström^Bjørn", ["angstrom", "bjorn"]),
        ("Łukasz Œuvre", ["lukasz", "oeuvre"]),
        ("Hong^Gildong=洪^吉洞=홍^길동", ["hong", "gildong", "洪", "吉洞", "홍", "길동"]),
        ("^^=", []),
    ],
)
def test_words_have_no_accents(name: str, words: list[str]) -> None:
    assert persons.words(name) == words


@given(st.text(max_size=30))
def test_a_normal_form_is_its_own(text: str) -> None:
    once = persons.normalised(text)
    assert persons.normalised(once) == once
    assert len(persons.groups(text)) == persons.GROUPS


@given(st.text(max_size=30))
def test_case_does_not_count(text: str) -> None:
    assert persons.normalised(text.casefold()) == persons.normalised(text)
