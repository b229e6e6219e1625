"""Lines for people: the default on a terminal."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from dimsetools.render import values
from dimsetools.render.formats import Formatter, Record
from dimsetools.render.line import Line, rendered

if TYPE_CHECKING:
    from dimsetools.dataset.attributes import Attributes
    from dimsetools.render.grid import Grid


class Table(Formatter):
    """The line of an operation, or its values where there is none or where fields are picked."""

    def record(self, record: Record, line: Line | None) -> str:
        """Return one line."""
        if line is not None and self.layout.fields is None:
            return rendered(line, self.layout.color) + "\n"
        return "  ".join(values.text(value) for value in self.picked(record).values()).rstrip() + "\n"

    def result(self, attributes: Attributes, extra: Record) -> str:
        """Return one row of the table; the first rows wait until there are enough, or until `flush`."""
        if self.columns is None:
            from dimsetools.render.columns import leaves

            self.columns = (*leaves(attributes), *extra)
        return self._grid.row(attributes, extra)

    def operation(self, record: Record, attributes: Attributes, line: Line | None) -> str:
        """Return the line of the operation, and a line for each attribute."""
        from dimsetools.render.columns import reach
        from dimsetools.render.grid import cell
        from dimsetools.render.listing import listing

        if self.layout.fields is None:
            shown = listing(attributes, width=self.layout.width, ascii_only=self.layout.ascii)
            return self.record(record, line) + "".join(f"{one}\n" for one in shown)
        found = [(name, reach(attributes, path) if path else None) for name, path in self.paths]
        texts = [values.text(record.get(name)) if one is None else cell(one) for name, one in found]
        return "  ".join(texts).rstrip() + "\n"

    def flush(self) -> str:
        """Settle the widths and return the rows that waited."""
        return self._grid.settled() if self.columns is not None else ""

    @cached_property
    def _grid(self) -> Grid:
        from dimsetools.render.grid import Grid

        assert self.columns is not None
        return Grid(self.columns, self.layout)

    def summary(self, record: Record, line: Line | None) -> str:
        """Return the totals as a line."""
        if line is None or self.layout.fields is not None:
            return ""
        return self.record(record, line)
