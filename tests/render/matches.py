"""Matches, made up."""

from __future__ import annotations

from dimsetools.dataset.attributes import Attribute, Attributes

HOSTILE = 'a,b\t"c"<&>\x1b[31m\r\n\x07\x9b\u202e\u2028\ufffeé日'

STUDY: Attributes = {
    0x00080005: Attribute("CS", ("ISO_IR 100",)),
    0x00080020: Attribute("DA", ("20260102",)),
    0x00080030: Attribute("TM", ("030405.25",)),
    0x00080050: Attribute("SH", ()),
    0x00080052: Attribute("CS", ("STUDY",)),
    0x00080061: Attribute("CS", ("CT", "SR")),
    0x00091010: Attribute("UN", (b"\1\2",)),
    0x00090010: Attribute("LO", ("ACME",)),
    0x00100010: Attribute("PN", ("Müller^Jürgen=山田^太郎",)),
    0x00100020: Attribute("LO", ("P1",)),
    0x0020000D: Attribute("UI", ("1.2.3",)),
    0x00201208: Attribute("IS", ("412",)),
}
STUDY = dict(sorted(STUDY.items()))

STEP: Attributes = {
    0x00100010: Attribute("PN", ("Doe^Jane",)),
    0x00400100: Attribute(
        "SQ",
        (
            {
                0x00080060: Attribute("CS", ("CT",)),
                0x00400002: Attribute("DA", ("20260301",)),
                0x00400008: Attribute("SQ", ({0x00080100: Attribute("SH", ("X1",))},)),
            },
        ),
    ),
}


def patient(name: str, number: str = "1") -> Attributes:
    return {0x00100010: Attribute("PN", (name,)), 0x00100020: Attribute("LO", (number,))}
