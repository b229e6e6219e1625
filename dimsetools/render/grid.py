"""A table that grows at the bottom: its widths are settled by what is known when the first row must be shown.

Widths come from the value representations and from the rows that are there by then. On a terminal the
table is made to fit, and what is too long for its cell ends in an ellipsis; elsewhere cells may stick out.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from dimsetools.dataset.attributes import NUMERIC
from dimsetools.dataset.dictionary import vr_of
from dimsetools.render import values
from dimsetools.render.columns import Path, path, reach
from dimsetools.render.fit import GAP, MORE, Need, fitted
from dimsetools.render.line import Span, rendered
from dimsetools.render.units import counted, size

if TYPE_CHECKING:
    from dimsetools.dataset.attributes import Attribute, Attributes
    from dimsetools.render.formats import Layout, Record

_FEW = 3
_SAMPLE = 24
"""Rows that are looked at before the widths of the columns are settled, if they come at once."""
_USUAL = {
    "AE": 12, "AS": 4, "CS": 6, "DA": 10, "DS": 6, "DT": 19, "IS": 4, "LO": 16, "PN": 20, "SH": 10,
    "TM": 8, "UI": 44,
}  # fmt: skip
"""Columns that a value of each VR usually takes; for all others 8."""
_MOST = {"UI": 64}
_MOST_OF_TEXT = 40
_WHOLE = NUMERIC | {"AS", "DA", "DT", "TM"}
"""Values that say nothing when they are cut."""
_SHORT_HEADINGS = {
    "AccessionNumber": "Accession",
    "ModalitiesInStudy": "Modalities",
    "PatientBirthDate": "BirthDate",
    "PatientSex": "Sex",
    "ReferringPhysicianName": "Referring",
    "NumberOfPatientRelatedStudies": "Studies",
    "NumberOfPatientRelatedSeries": "Series",
    "NumberOfPatientRelatedInstances": "Instances",
    "NumberOfStudyRelatedSeries": "Series",
    "NumberOfStudyRelatedInstances": "Instances",
    "NumberOfSeriesRelatedInstances": "Instances",
    "ScheduledProcedureStepStartDate": "StartDate",
    "ScheduledProcedureStepStartTime": "StartTime",
    "ScheduledProcedureStepDescription": "Step",
    "ScheduledStationAETitle": "Station",
    "ScheduledPerformingPhysicianName": "Performing",
    "RequestedProcedureDescription": "Procedure",
    "RequestedProcedureID": "ProcedureID",
    "RequestingPhysician": "Requesting",
}
"""Where the keyword is far longer than any value."""
_LEADING = (
    "ScheduledProcedureStepStartDate", "ScheduledProcedureStepStartTime", "Modality", "PatientName",
    "PatientID",
)  # fmt: skip
"""Columns of a worklist, which its readers look at first, whatever their tags."""
_DATE = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})")
_TIME = re.compile(r"([0-9]{2})([0-9]{2})([0-9]{2})(?:\.[0-9]+)?")


class Column(NamedTuple):
    """A column, and where its values lie in a data set; `path` is () for a name of our own."""

    name: str
    path: Path
    vr: str
    heading: str


class Grid:
    """The rows of a table; columns that the user picked keep their order, else UIDs stand last.

    Of a worklist the time and the patient of a step come first.
    """

    def __init__(self, names: Sequence[str], layout: Layout) -> None:
        columns = [_column(name) for name in names]
        if layout.fields is None:
            columns.sort(key=_rank if any(map(_of_a_step, columns)) else lambda column: column.vr == "UI")
        self._columns = columns
        self._layout = layout
        self._waiting: list[list[str]] = []
        self._widths: list[int] | None = None

    def row(self, attributes: Attributes, extra: Record) -> str:
        """Return what can be shown now that there is another row: nothing before the first _SAMPLE."""
        cells = [
            cell(reach(attributes, column.path)) if column.path else values.text(extra.get(column.name))
            for column in self._columns
        ]
        if self._widths is not None:
            return self._line(cells, self._widths)
        self._waiting.append(cells)
        return self.settled() if len(self._waiting) >= _SAMPLE else ""

    def settled(self) -> str:
        """Settle the widths if they are not; return the heading and the rows that waited for that."""
        if self._widths is not None or not self._waiting:
            return ""
        needs = [self._need(place) for place in range(len(self._columns))]
        room = self._layout.width
        widths = self._widths = fitted(needs, room) if room else [need.width for need in needs]
        rows = [self._line(cells, widths) for cells in self._waiting]
        self._waiting.clear()
        return "".join([self._heading(widths) if self._layout.headers else "", *rows])

    def _need(self, place: int) -> Need:
        column = self._columns[place]
        seen = max(columns_of(cells[place]) for cells in self._waiting)
        # Some rows tell what there will be; one or two do not.
        usual = _USUAL.get(column.vr, 8) if len(self._waiting) < _FEW else 0
        wide = max(min(max(seen, usual), _MOST.get(column.vr, _MOST_OF_TEXT)), min(len(column.heading), 16))
        return Need(
            width=wide if self._layout.width else max(wide, seen),
            cut=column.vr not in _WHOLE,
            uid=column.vr == "UI",
            empty=not seen,
        )

    def _heading(self, widths: list[int]) -> str:
        line = self._joined([column.heading for column in self._columns], widths)
        left_out = widths.count(0)
        if left_out:
            line += " " * GAP + MORE.format(left_out)
        return rendered([Span(line, "strong")], self._layout.color) + "\n"

    def _line(self, cells: list[str], widths: list[int]) -> str:
        return self._joined(cells, widths) + "\n"

    def _joined(self, cells: list[str], widths: list[int]) -> str:
        cut = self._layout.width > 0
        shown = [
            _padded(cut_to(cell, width, self._layout.ascii) if cut else cell, width, column.vr in NUMERIC)
            for cell, width, column in zip(cells, widths, self._columns, strict=True)
            if width
        ]
        return (" " * GAP).join(shown).rstrip()


def _column(name: str) -> Column:
    where = path(name)
    heading = name.rpartition(".")[2].lstrip("_")
    return Column(name, where, vr_of(where[-1]) if where else "", _SHORT_HEADINGS.get(heading, heading))


def _of_a_step(column: Column) -> bool:
    return column.name.endswith(_LEADING[0])


def _rank(column: Column) -> int:
    keyword = column.name.rpartition(".")[2]
    return _LEADING.index(keyword) if keyword in _LEADING else len(_LEADING) + (column.vr == "UI")


def cell(attribute: Attribute | None) -> str:
    """Return a value as people write it: dates and times with their signs, sequences by their length."""
    if attribute is None or not attribute.values:
        return ""
    vr, found = attribute
    if vr == "DA":
        return "\\".join(_DATE.sub(r"\1-\2-\3", values.text(value)) for value in found)
    if vr == "TM":
        return "\\".join(_TIME.sub(r"\1:\2:\3", values.text(value)) for value in found)
    if vr == "SQ":
        return counted(len(found), "item")
    if type(found[0]) is bytes:
        return size(len(found[0]))
    return values.attribute(attribute)


def columns_of(text: str) -> int:
    """Return how many columns of a terminal `text` takes: two for a wide character, none for a mark."""
    if text.isascii():
        return len(text)
    return sum(map(_columns, text))


def _columns(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def cut_to(text: str, width: int, ascii_only: bool = False) -> str:
    """Return `text` if it fits into `width` columns, else what does of it with an ellipsis."""
    if columns_of(text) <= width:
        return text
    end = "~" if ascii_only else "…"
    room = width - 1
    kept = []
    for character in text:
        room -= _columns(character)
        if room < 0:
            break
        kept.append(character)
    return "".join(kept) + end


def _padded(text: str, width: int, right: bool) -> str:
    blank = " " * (width - columns_of(text))
    return blank + text if right else text + blank
