from __future__ import annotations

import pytest

from dimsetools.dataset.codes import coded
from dimsetools.dataset.flat import flat
from dimsetools.errors import UsageError


def test_a_code_is_an_item_of_three_attributes() -> None:
    assert flat(coded("110501\\DCM\\Equipment failure")) == {
        "CodeValue": "110501",
        "CodingSchemeDesignator": "DCM",
        "CodeMeaning": "Equipment failure",
    }


@pytest.mark.parametrize("text", ["", "110501", "110501\\DCM", "\\DCM\\x", "1\\2\\3\\4", "1" * 17 + "\\L\\x"])
def test_anything_else_is_refused_with_the_form(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        coded(text)
    assert caught.value.hint
