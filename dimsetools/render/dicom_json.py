"""The DICOM JSON model of PS3.18 annex F, one object a line.

In a record of an operation the DICOM keywords become attributes of the model, keyed by tag with their VR;
our own names (with an underscore) stay beside them as plain members.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dimsetools.dataset.attributes import Attribute
from dimsetools.dataset.dicom_json import to_model
from dimsetools.dataset.dictionary import tag_of, vr_of
from dimsetools.render.columns import in_utf8, picked
from dimsetools.render.json import Json

if TYPE_CHECKING:
    from dimsetools.dataset.attributes import Attributes
    from dimsetools.render.formats import Record
    from dimsetools.render.line import Line


class DicomJson(Json):
    """Records whose DICOM keywords are attributes of the DICOM JSON model."""

    def record(self, record: Record, line: Line | None) -> str:
        """Return one object."""
        del line
        return self._object(self.picked(record))

    def result(self, attributes: Attributes, extra: Record) -> str:
        """Return a data set as one object; what was picked inside of sequences is in them."""
        if self.layout.fields is not None:
            attributes = picked(attributes, [path for _, path in self.paths])
            extra = {name: extra.get(name) for name, path in self.paths if not path}
        return self.encode({**to_model(in_utf8(attributes)), **extra}) + "\n"

    def operation(self, record: Record, attributes: Attributes, line: Line | None) -> str:
        """Return one object of both."""
        del line
        record, attributes = self.apart(record, attributes)
        members = dict(_member(name, value) for name, value in record.items())
        return self.encode({**members, **to_model(in_utf8(attributes))}) + "\n"

    def error(self, record: Record) -> str:
        """Return a failure as one object."""
        return self._object(record)

    def _object(self, record: Record) -> str:
        return self.encode(dict(_member(name, value) for name, value in record.items())) + "\n"


def _member(name: str, value: object) -> tuple[str, object]:
    tag = None if name.startswith("_") else tag_of(name)
    if tag is None:
        return name, value
    values = () if value is None else tuple(value) if isinstance(value, (list, tuple)) else (value,)
    if vr_of(tag) == "AT":  # in a record a tag has its eight digits
        values = tuple(int(digits, 16) for digits in values)
    ((key, member),) = to_model({tag: Attribute(vr_of(tag), values)}).items()
    return key, member
