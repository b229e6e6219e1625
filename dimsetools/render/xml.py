"""XML: one document `<results>`, in it a `<NativeDicomModel>` for each data set.

A record of an operation is an empty element:

`{"_event": "stored", "_path": "a.dcm"}` is written as `<record event="stored" path="a.dcm"/>`: attributes
without the underscore, in the record's order, none for values that are absent. Totals are a `<summary>`,
failures an `<error>`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dimsetools.render import values
from dimsetools.render.formats import Formatter, Record

if TYPE_CHECKING:
    from dimsetools.dataset.attributes import Attributes
    from dimsetools.render.line import Line

_MARKUP = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"})
# All other characters that XML 1.0 forbids are spelled out before.
_NONCHARACTER = re.compile("[\ufffe\uffff]")


def quoted(value: object) -> str:
    """Return `value` as a quoted attribute value."""
    return '"' + _NONCHARACTER.sub("\ufffd", values.text(value).translate(_MARKUP)) + '"'


class Xml(Formatter):
    """Records as elements of one document."""

    _begun = False

    def record(self, record: Record, line: Line | None) -> str:
        """Return a `<record>`."""
        del line
        return self._opened() + self._element("record", self.picked(record))

    def result(self, attributes: Attributes, extra: Record) -> str:
        """Return a data set; what we have to say of it is a `<record>` before it."""
        from dimsetools.render.columns import in_utf8, picked
        from dimsetools.render.native import model

        if self.layout.fields is not None:
            attributes = picked(attributes, [path for _, path in self.paths])
            extra = {name: extra.get(name) for name, path in self.paths if not path}
        before = self._element("record", extra) if extra else ""
        return self._opened() + before + "\n".join((*model(in_utf8(attributes), "  "), ""))

    def operation(self, record: Record, attributes: Attributes, line: Line | None) -> str:
        """Return a `<record>`, and the data set if there is one."""
        from dimsetools.render.columns import in_utf8
        from dimsetools.render.native import model

        del line
        record, attributes = self.apart(record, attributes)
        lines = (*model(in_utf8(attributes), "  "), "") if attributes else ()
        return self._opened() + self._element("record", record) + "\n".join(lines)

    def summary(self, record: Record, line: Line | None) -> str:
        """Return a `<summary>`, unless fields are picked."""
        del line
        if self.layout.fields is not None:
            return ""
        return self._opened() + self._element("summary", _unnamed(record))

    def error(self, record: Record) -> str:
        """Return an `<error>`."""
        return self._opened() + self._element("error", _unnamed(record))

    def close(self, *, failed: bool = False) -> str:
        """Return the end of the document, of an empty one all of it."""
        if failed and not self._begun:
            return ""  # whoever reports the failure begins the document
        return self._opened() + "</results>\n"

    def _opened(self) -> str:
        if self._begun:
            return ""
        self._begun = True
        return '<?xml version="1.0" encoding="UTF-8"?>\n<results>\n'

    def _element(self, name: str, record: Record) -> str:
        pairs = [f" {key.lstrip('_')}={quoted(value)}" for key, value in record.items() if value is not None]
        return f"  <{name}{''.join(pairs)}/>\n"


def _unnamed(record: Record) -> Record:
    """Leave out the event, which the element's name tells already."""
    return {key: value for key, value in record.items() if key != "_event"}
