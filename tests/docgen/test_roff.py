from __future__ import annotations

import subprocess

import pytest

from dimsetools.docgen.roff import Page, bold, escaped
from tests.peers.process import required

HARD = [
    ".TH at the start",
    "'ft B also",
    r"a\nb \fBno\fR \(aq \e",
    "--aet -v 'single' \"double\" `back` ^hat ~tilde",
    "{brace} $dollar %percent @at #hash",
    "",
]


@pytest.mark.parametrize("text", HARD)
def test_groff_prints_any_text_as_it_stands(text: str) -> None:
    page = Page("x", 1, "source", "manual")
    page.section("Name")
    page.line("x \\- y")
    page.verbatim([f"<{text}>", text])
    command = [required("groff"), "-ww", "-man", "-Tutf8", "-P-cbou"]
    done = subprocess.run(command, input=page.text(), capture_output=True, text=True, check=True, timeout=30)
    assert done.stderr == ""
    shown = [line.strip() for line in done.stdout.splitlines()]
    assert f"<{text}>" in shown
    assert text in shown


def test_fonts_surround_escaped_text() -> None:
    assert bold("--x") == "\\fB\\-\\-x\\fR"
    assert bold("") == ""
    assert escaped(".x") == "\\&.x"


def test_a_page_has_no_date() -> None:
    assert '.TH X 1 "" "dimse 1" "M"' in Page("x", 1, "dimse 1", "M").text()
