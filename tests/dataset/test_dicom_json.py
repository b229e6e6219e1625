"""The DICOM JSON Model: what pydicom makes and reads, we read and make."""

from __future__ import annotations

import json
from io import BytesIO

import pytest
from hypothesis import given
from pydicom.dataset import Dataset
from pydicom.filereader import dcmread

from dimsetools import uids
from dimsetools.dataset.attributes import Attribute, Attributes
from dimsetools.dataset.dicom_json import from_model, to_model
from dimsetools.dataset.encode import encode, with_charset
from dimsetools.errors import UsageError
from tests.dataset.test_encode import attributes
from tests.dataset.test_flat import DATA_SET


@given(data_set=attributes())
def test_a_model_becomes_the_data_set_again(data_set: Attributes) -> None:
    assert from_model(json.loads(json.dumps(to_model(data_set)))) == data_set


def test_pydicom_makes_the_same_model() -> None:
    name = Attribute("PN", ("Yamada^Tarou=山田^太郎",))
    data_set = with_charset(DATA_SET | {0x00100010: name})
    del data_set[
        0x00081140
    ]  # to pydicom an empty sequence has an empty list, to PS3.18 F.2.5 no value at all
    theirs = dcmread(BytesIO(encode(data_set, uids.EXPLICIT_LE)), force=True).to_json_dict()
    assert json.loads(json.dumps(to_model(data_set))) == json.loads(json.dumps(theirs))


def test_pydicom_reads_our_model() -> None:
    read = Dataset.from_json(json.dumps(to_model(DATA_SET)))
    assert (read.PatientName, read.ImagePositionPatient) == ("Doe^Jane", [1, -2.5, 1000])


def test_an_empty_value_among_others_is_null() -> None:
    model = to_model({0x00080008: Attribute("CS", ("ORIGINAL", "", "AXIAL"))})
    assert model == {"00080008": {"vr": "CS", "Value": ["ORIGINAL", None, "AXIAL"]}}
    assert from_model(model)[0x00080008].values == ("ORIGINAL", "", "AXIAL")


@pytest.mark.parametrize(
    "model",
    [
        {"PatientID": {"vr": "LO"}},
        {"00100020": "X"},
        {"00100020": {"Value": ["X"]}},
        {"00280010": {"vr": "US", "Value": [None]}},
        {"7FE00010": {"vr": "OW", "BulkDataURI": "http://x"}},
        {"00091001": {"vr": "UN", "InlineBinary": "?"}},
    ],
)
def test_what_is_not_understood_is_an_error(model: dict[str, object]) -> None:
    with pytest.raises(UsageError, match="DICOM JSON model"):
        from_model(model)
