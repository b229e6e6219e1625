"""Small questions that everybody asks of a data set."""

from __future__ import annotations

from dimsetools.dataset.attributes import Attribute, sorted_attributes, text, texts

DATA_SET = {
    0x00100020: Attribute("LO", ("P",)),
    0x00080061: Attribute("CS", ("CT", "MR")),
    0x00280010: Attribute("US"),
}


def test_values_as_text() -> None:
    assert (text(DATA_SET, 0x00080061), texts(DATA_SET, 0x00080061)) == ("CT", ("CT", "MR"))
    assert (text(DATA_SET, 0x00280010), texts(DATA_SET, 0x00280010)) == ("", ())
    assert (text(DATA_SET, 0x00100010), texts(DATA_SET, 0x00100010)) == ("", ())


def test_order_is_that_of_tags_in_items_too() -> None:
    found = sorted_attributes({0x00400275: Attribute("SQ", (DATA_SET,)), **DATA_SET})
    assert list(found) == [0x00080061, 0x00100020, 0x00280010, 0x00400275]
    assert list(found[0x00400275].values[0]) == [0x00080061, 0x00100020, 0x00280010]
