from __future__ import annotations

from dimsetools.render.line import Line, bad, dim, good, rendered


def test_styles_are_colours_only_where_there_are_colours() -> None:
    line: Line = ["PACS  ", good("ok"), dim("  12 ms")]
    assert rendered(line, color=False) == "PACS  ok  12 ms"
    assert rendered(line, color=True) == "PACS  \x1b[32mok\x1b[0m\x1b[2m  12 ms\x1b[0m"


def test_foreign_text_cannot_bring_its_own_escape_sequences() -> None:
    hostile = "\x1b]52;c;AAAA\x07\r\nforged\x9b31m\u202egpj"
    for line in (hostile, [hostile], [bad(hostile)]):
        shown = rendered(line, color=False)
        assert shown == "\\x1b]52;c;AAAA\\x07\\r\\nforged\\x9b31m\\u202egpj"


def test_blanks_at_the_end_go() -> None:
    assert rendered("PACS   ", color=False) == "PACS"
    assert rendered(["PACS  ", good("")], color=True) == "PACS"
