"""Rows for scripts: tab-separated (the default away from a terminal) and comma-separated values.

The columns are those that the user picked, else those that the command announced, else the keys of the
first record. Control characters are spelled out in both, so that a row is always one line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dimsetools.render import values
from dimsetools.render.formats import Formatter, Record

if TYPE_CHECKING:
    from dimsetools.render.line import Line


class Tsv(Formatter):
    """Values separated by one tab; a tab inside a value is written as two characters, backslash and t."""

    _begun = False

    def record(self, record: Record, line: Line | None) -> str:
        """Return one row, before the first one also the header."""
        del line
        columns = self.columns
        if columns is None:
            columns = self.columns = tuple(record)
        row = self._row([values.text(record.get(name)) for name in columns])
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
