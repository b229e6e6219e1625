"""Rows for scripts: tab-separated (the default away from a terminal) and comma-separated values.

The columns are those that the user picked, else those that the command announced, else the names in the
first record or data set. Control characters are spelled out in both, so that a row is always one line.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dimsetools.render import values
from dimsetools.render.formats import Formatter, Record

if TYPE_CHECKING:
    from dimsetools.dataset.attributes import Attributes
    from dimsetools.render.columns import Path
    from dimsetools.render.line import Line


class Tsv(Formatter):
    """Values separated by one tab; a tab inside a value is written as two characters, backslash and t."""

    _begun = False
    _paths: list[tuple[str, Path]] | None = None

    def record(self, record: Record, line: Line | None) -> str:
        """Return one row, before the first one also the header."""
        del line
        columns = self.columns
        if columns is None:
            columns = self.columns = tuple(record)
        return self._headed(columns, self._row([values.text(record.get(name)) for name in columns]))

    def result(self, attributes: Attributes, extra: Record) -> str:
        """Return one row, before the first one also the header."""
        from dimsetools.render.columns import leaves, path, reach

        if self.columns is None:
            self.columns = (*leaves(attributes), *extra)
        if self._paths is None:
            self._paths = [(name, path(name)) for name in self.columns]
        cells = [
            values.text(extra.get(name))
            if not path or (found := reach(attributes, path)) is None
            else values.attribute(found)
            for name, path in self._paths
        ]
        return self._headed(self.columns, self._row(cells))

    def operation(self, record: Record, attributes: Attributes, line: Line | None) -> str:
        """Return one row: the record's values, then those of the data set."""
        del line
        if self.columns is None:
            from dimsetools.render.columns import leaves

            self.columns = tuple(dict.fromkeys((*record, *leaves(attributes))))
        return self.result(attributes, record)

    def _headed(self, columns: Sequence[str], row: str) -> str:
        if not self._begun:
            self._begun = True
            if self.layout.headers:
                return self._row(list(columns)) + row
        return row

    def _row(self, cells: list[str]) -> str:
        return "\t".join(cells) + "\n"


class Csv(Tsv):
    """Values as RFC 4180 quotes them; lines end in a line feed, as Unix tools expect."""

    def _row(self, cells: list[str]) -> str:
        return ",".join(map(_quoted, cells)) + "\n"


def _quoted(cell: str) -> str:
    if "," in cell or '"' in cell or cell != cell.strip():
        return '"' + cell.replace('"', '""') + '"'
    return cell
