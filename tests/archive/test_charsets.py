"""Names of the world: stored in their own character sets, found by text, answered as text.

Those with a letter are the examples of that annex of PS3.5, byte by byte.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dimsetools.archive import reindex
from dimsetools.dataset.attributes import Attributes
from dimsetools.dataset.decode import decode
from dimsetools.dataset.encode import encode
from tests.archive.indexing import Archive
from tests.archive.test_matching import data
from tests.corpus import CT_IMAGE, EXPLICIT_LE, IMPLICIT_LE, element

NAMES = {
    "H.3.1 Japanese": (
        b"\\ISO 2022 IR 87",
        b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B=\x1b$B$d$^$@\x1b(B^\x1b$B$?$m$&\x1b(B",
        "Yamada^Tarou=山田^太郎=やまだ^たろう",
        ["yamada*", "山田^太郎", "やまだ*", "=山田*", "Yamada^Tarou=山田^太郎=やまだ^たろう"],
    ),
    "H.3.2 Japanese": (
        b"ISO 2022 IR 13\\ISO 2022 IR 87",
        b"\xd4\xcf\xc0\xde^\xc0\xdb\xb3=\x1b$B;3ED\x1b(J^\x1b$BB@O:\x1b(J=\x1b$B$d$^$@\x1b(J^\x1b$B$?$m$&\x1b(J",
        "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう",
        ["ﾔﾏﾀﾞ*", "ヤマダ*", "山田*", "*太郎"],
    ),
    "I.2 Korean": (
        b"\\ISO 2022 IR 149",
        b"Hong^Gildong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7=\x1b$)C\xc8\xab^\x1b$)C\xb1\xe6\xb5\xbf",
        "Hong^Gildong=洪^吉洞=홍^길동",
        ["HONG^GILDONG", "洪^吉洞", "홍*", "?^길동"],
    ),
    "J.1 Chinese": (
        b"ISO_IR 192",
        b"Wang^XiaoDong=\xe7\x8e\x8b^\xe5\xb0\x8f\xe6\x9d\xb1=",
        "Wang^XiaoDong=王^小東=",
        ["王^小東", "wang*", "王*"],
    ),
    "J.3 Chinese": (
        b"GB18030",
        b"Wang^XiaoDong=\xcd\xf5^\xd0\xa1\xb6\xab=",
        "Wang^XiaoDong=王^小东=",
        ["王^小东", "王^小?"],
    ),
    "K Chinese": (
        b"\\ISO 2022 IR 58",
        b"Zhang^XiaoDong=\x1b$)A\xd5\xc5^\x1b$)A\xd0\xa1\xb6\xab=",
        "Zhang^XiaoDong=张^小东=",
        ["张^小东", "zhang^*", "张*"],
    ),
    "Chinese with a backslash among its bytes": (
        b"GBK",
        b"Cheng^Xiao=\xd5\\^\xd0\xa1=",
        "Cheng^Xiao=誠^小=",
        ["誠^小", "誠*", "cheng^*"],
    ),
    "Greek": (b"ISO_IR 126", b"\xc4\xe9\xef\xed\xf5\xf3\xe9\xef\xf2", "Διονυσιος", ["Διονυσιος", "ΔΙΟΝ*"]),
    "Cyrillic": (
        b"ISO_IR 144",
        b"\xbb\xee\xda\xe1\xd5\xdc\xd1\xe3\xe0\xd3",
        "Люксембург",
        ["люксембург", "ЛЮКС*", "*СЕМБУРГ"],
    ),
    "Arabic": (
        b"ISO_IR 127",
        b"\xe2\xc8\xc7\xe6\xea^\xe4\xe6\xd2\xc7\xd1",
        "قباني^لنزار",
        ["قباني^لنزار", "قباني*"],
    ),
    "Hebrew": (
        b"ISO_IR 138",
        b"\xf9\xf8\xe5\xef^\xe3\xe1\xe5\xf8\xe4",
        "שרון^דבורה",
        ["שרון^דבורה", "*דבורה"],
    ),
    "German": (b"ISO_IR 100", b"\xc4neas^R\xfcdiger", "Äneas^Rüdiger", ["äneas^*", "ÄNEAS^RÜDIGER"]),
    "Polish": (b"ISO_IR 101", b"Wa\xb3\xeasa^Lech", "Wałęsa^Lech", ["wałęsa*", "WAŁĘSA^LECH"]),
    "Thai": (b"ISO_IR 166", b"\xca\xc1\xaa\xd2\xc2", "สมชาย", ["สมชาย", "สม*"]),
    "undeclared UTF-8": (b"", "Müller^Jörg".encode(), "Müller^Jörg", ["MÜLLER*"]),
    "undeclared Latin-1": (b"", "Müller^Jörg".encode("latin-1"), "Müller^Jörg", ["MÜLLER*"]),
}  # fmt: skip


def encoded(charset: bytes, name: bytes, number: int, syntax: str) -> bytes:
    """The data set of an object, as the sender of the name would write it."""
    return b"".join(
        (
            element(8, 5, b"CS", charset, syntax) if charset else b"",
            element(8, 0x16, b"UI", CT_IMAGE.encode(), syntax),
            element(8, 0x18, b"UI", b"9.%d" % number, syntax),
            element(8, 0x60, b"CS", b"CT", syntax),
            element(8, 0x103E, b"LO", name.partition(b"=")[0], syntax),
            element(0x10, 0x10, b"PN", name, syntax),
            element(0x10, 0x20, b"LO", b"P%d" % number, syntax),
            element(0x20, 0xD, b"UI", b"9.1.%d" % number, syntax),
            element(0x20, 0xE, b"UI", b"9.2.%d" % number, syntax),
        )
    )


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    with Archive(tmp_path_factory.mktemp("names")) as opened:
        for number, (charset, name, _, _) in enumerate(NAMES.values()):
            syntax = IMPLICIT_LE if number % 2 else EXPLICIT_LE
            opened.put_bytes(f"9.{number}", encoded(charset, name, number, syntax), syntax=syntax)
        yield opened


def find(archive: Archive, keys: Attributes, *, fuzzy: bool = False) -> list[str]:
    found = archive.index.find("study", "STUDY", keys, fuzzy=fuzzy)
    return [str(answer[0x00100010].values[0]) for answer in found]


@pytest.mark.parametrize("name", NAMES)
def test_an_answer_is_text(archive: Archive, name: str) -> None:
    number = list(NAMES).index(name)
    assert find(archive, data(PatientName="", PatientID=f"P{number}")) == [NAMES[name][2]]


@pytest.mark.parametrize("name", NAMES)
def test_a_query_in_any_character_set_finds_the_name(archive: Archive, name: str) -> None:
    charset, _, expected, keys = NAMES[name]
    for key in keys:
        asked = data(PatientName=key)
        assert expected in find(archive, asked), key
        assert expected in find(archive, asked, fuzzy=True), key
        sent = encode(data(SpecificCharacterSet="ISO_IR 192", PatientName=key), IMPLICIT_LE)
        assert expected in find(archive, decode(sent, IMPLICIT_LE)), key
    sets = tuple(charset.decode().split("\\")) if charset else ("ISO_IR 192",)
    sent = encode(data(SpecificCharacterSet=sets, PatientName=expected), EXPLICIT_LE)
    assert expected in find(archive, decode(sent, EXPLICIT_LE))


def test_an_answer_can_be_sent(archive: Archive) -> None:
    answers = list(archive.index.find("study", "STUDY", data(PatientName="", StudyInstanceUID="")))
    assert len(answers) == len(NAMES)
    for answer in answers:
        sent = encode(data(SpecificCharacterSet="ISO_IR 192") | answer, IMPLICIT_LE)
        assert decode(sent, IMPLICIT_LE)[0x00100010] == answer[0x00100010]


def test_a_rebuild_reads_the_same_names(archive: Archive, tmp_path: Path) -> None:
    for path in archive.folder.glob("*.dcm"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    reindex.rebuild(str(tmp_path))
    asked = data(PatientName="", PatientID="")
    with Archive(tmp_path) as again:
        assert sorted(find(again, asked)) == sorted(find(archive, asked))


def test_other_text_is_decoded_too(archive: Archive) -> None:
    found = archive.find("SERIES", SeriesDescription="*üdiger")
    assert found == [{"SeriesDescription": "Äneas^Rüdiger"}]
