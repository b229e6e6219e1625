"""The DICOM JSON model of PS3.18 annex F, one object a line.

In a record of an operation the DICOM keywords become attributes of the model, keyed by tag with their VR;
our own names (with an underscore) stay beside them as plain members.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dimsetools.render.json import Json

if TYPE_CHECKING:
    from dimsetools.render.formats import Record
    from dimsetools.render.line import Line


class DicomJson(Json):
    """Records whose DICOM keywords are attributes of the DICOM JSON model."""

    def record(self, record: Record, line: Line | None) -> str:
        """Return one object."""
        del line
        return self._object(self.picked(record))

    def error(self, record: Record) -> str:
        """Return a failure as one object."""
        return self._object(record)

    def _object(self, record: Record) -> str:
        return self.encode(dict(_member(name, value) for name, value in record.items())) + "\n"


def _member(name: str, value: object) -> tuple[str, object]:
    if name.startswith("_"):
        return name, value
    # 100 ms, and only records with keywords need it.
    from pydicom.datadict import dictionary_VR, tag_for_keyword

    tag = tag_for_keyword(name)
    if tag is None:
        return name, value
    attribute: dict[str, object] = {"vr": dictionary_VR(tag)}
    if value is not None:
        attribute["Value"] = list(value) if isinstance(value, (list, tuple)) else [value]
    return f"{tag:08X}", attribute
