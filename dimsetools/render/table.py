"""Lines for people: the default on a terminal."""

from __future__ import annotations

from dimsetools.render import values
from dimsetools.render.formats import Formatter, Record
from dimsetools.render.line import Line, rendered


class Table(Formatter):
    """The line of an operation, or its values where there is none or where fields are picked."""

    def record(self, record: Record, line: Line | None) -> str:
        """Return one line."""
        if line is not None and self.layout.fields is None:
            return rendered(line, self.layout.color) + "\n"
        return "  ".join(values.text(value) for value in self.picked(record).values()).rstrip() + "\n"

    def summary(self, record: Record, line: Line | None) -> str:
        """Return the totals as a line."""
        if line is None or self.layout.fields is not None:
            return ""
        return self.record(record, line)
