from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from dimsetools.dataset.attributes import Attribute
from dimsetools.render.native import content, model
from tests.render.matches import STEP


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("a & <b>", "a &amp; &lt;b&gt;"),
        ("a\r\nb\tc", "a&#xd;&#xa;b&#x9;c"),
        ("\x9b\u202e", "&#x9b;&#x202e;"),
        ("\x1b[2J\x00", "\\x1b[2J\\x00"),
        ("\ufffe", "\ufffd"),
        ("é日", "é日"),
    ],
)
def test_content_reads_back_and_cannot_act_on_a_terminal(text: str, written: str) -> None:
    assert content(text) == written
    ET.fromstring(f"<a>{written}</a>")


def test_items_are_numbered_and_nested() -> None:
    root = ET.fromstring("\n".join(model(STEP)))
    step = root[1][0]
    assert (step.tag, step.get("number")) == ("Item", "1")
    assert step.findtext("DicomAttribute[@keyword='Modality']/Value") == "CT"


def test_an_attribute_without_a_value_is_an_empty_element() -> None:
    lines = list(model({0x00100010: Attribute("PN", ()), 0x00100020: Attribute("LO", ("",))}))
    assert lines[1].strip() == '<DicomAttribute tag="00100010" vr="PN" keyword="PatientName"/>'
    assert lines[3].strip() == '<Value number="1"></Value>'
