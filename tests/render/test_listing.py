"""A data set for people: names and values in columns, items behind dashes, cut to the terminal."""

from __future__ import annotations

from dimsetools.dataset.attributes import Attribute
from dimsetools.dataset.keys import keyed
from dimsetools.render.listing import listing

STEPS = "ScheduledStepAttributesSequence"


def test_each_attribute_has_a_line() -> None:
    assert list(listing(keyed(["PatientName=DOE^JANE", "PatientID", "StudyDate=20260102"]))) == [
        "  StudyDate    2026-01-02",
        "  PatientName  DOE^JANE",
        "  PatientID",
    ]
    assert list(listing({})) == []


def test_items_are_indented_behind_a_dash() -> None:
    keys = [f"{STEPS}.StudyInstanceUID=1.2", f"{STEPS}.StudyID=4", f"{STEPS}[1].StudyID=5", f"{STEPS}[2]"]
    assert list(listing(keyed(keys))) == [
        f"  {STEPS}  3 items",
        "    - StudyInstanceUID  1.2",
        "      StudyID           4",
        "    - StudyID  5",
        "    -",
    ]


def test_sequences_lie_in_sequences() -> None:
    (first, second, third) = listing(keyed([f"{STEPS}.ScheduledProtocolCodeSequence.CodeValue=7"]))
    assert first == f"  {STEPS}  1 item"
    assert second == "    - ScheduledProtocolCodeSequence  1 item"
    assert third == "        - CodeValue  7"


def test_what_is_long_is_cut_to_the_terminal() -> None:
    attributes = keyed([f"PatientName={'x' * 60}"])
    assert list(listing(attributes, width=24)) == ["  PatientName  xxxxxxxx…"]
    assert list(listing(attributes, width=24, ascii_only=True)) == ["  PatientName  xxxxxxxx~"]


def test_nothing_that_a_terminal_would_act_on_gets_through() -> None:
    (line,) = listing({0x00100010: Attribute("PN", ("a\x1b[31m\nb",))})
    assert line == "  PatientName  a\\x1b[31m\\nb"


def test_private_attributes_go_by_their_tag_and_bytes_by_their_size() -> None:
    attributes = {0x00291001: Attribute("LO", ("x",)), 0x7FE00010: Attribute("OW", (bytes(2000),))}
    assert list(listing(attributes)) == ["  00291001   x", "  PixelData  2.0 kB"]
