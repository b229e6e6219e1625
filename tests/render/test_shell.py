from __future__ import annotations

from dimsetools.render.line import rendered
from dimsetools.render.shell import echo_line, match_line, stored_line


def test_lines() -> None:
    assert rendered(match_line(2), color=False) == "match  2"
    assert rendered(echo_line(0.0012), color=False) == "ok  C-ECHO  1.20 ms"
    assert rendered(stored_line("a.dcm", 0, 0.01, ""), color=False) == "sent  a.dcm  10.0 ms"
    warned = rendered(stored_line("a.dcm", 0xB000, 0.01, "coerced"), color=False)
    assert warned.startswith("warning  a.dcm  B000 ")
    assert '"coerced"' in warned
