"""DCMTK's dump lines.

An operation has no dump line; its record goes out as a comment, which dump2dcm and people skip alike.
"""

from __future__ import annotations

from dimsetools.render import values
from dimsetools.render.formats import Formatter, Record
from dimsetools.render.line import Line, rendered


class Dump(Formatter):
    """Records as comments: the line for people, or `name=value` pairs where fields are picked."""

    def record(self, record: Record, line: Line | None) -> str:
        """Return one comment."""
        if line is not None and self.layout.fields is None:
            return f"# {rendered(line, color=False)}\n"
        pairs = self.picked(record).items()
        return "# " + " ".join(f"{name}={values.text(value)}" for name, value in pairs) + "\n"

    def summary(self, record: Record, line: Line | None) -> str:
        """Return the totals as a comment."""
        return "" if line is None or self.layout.fields is not None else self.record(record, line)
