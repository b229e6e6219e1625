"""The output formats by name, and what each of them must be able to do with an operation's record.

A record is a flat mapping: DICOM keywords, and our own data under names that start with an underscore
(`_event`, `_path`, `_ms`). A result is a data set that a peer gave us. Each format lives in its own module,
loaded when it is asked for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from dimsetools.errors import UsageError

if TYPE_CHECKING:
    from dimsetools.dataset.attributes import Attributes
    from dimsetools.render.columns import Path
    from dimsetools.render.line import Line

FORMATS = ("table", "tsv", "csv", "dump", "json", "dicom-json", "xml")

Record = Mapping[str, object]


class Layout(NamedTuple):
    """What the user chose about the looks of a format.

    `fields` picks and orders keys, `headers` is the first row of tsv, csv and the table of results, `color`
    and `ascii` are what the stream can take. `width` is that of the terminal, 0 where there is none.
    """

    fields: tuple[str, ...] | None = None
    headers: bool = True
    color: bool = False
    ascii: bool = False
    width: int = 0


class Formatter:
    """Turns records into lines of text; an empty text means the format has no place for it.

    `word` is what a data set is called, where it is called anything.
    """

    word = "match"

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.columns: Sequence[str] | None = layout.fields

    def record(self, record: Record, line: Line | None) -> str:
        """Return one result; `line` is how a person would read it."""
        raise NotImplementedError

    def result(self, attributes: Attributes, extra: Record) -> str:
        """Return one data set; `extra` are our own names for it."""
        raise NotImplementedError

    def operation(self, record: Record, attributes: Attributes, line: Line | None) -> str:
        """Return one result with the data set that belongs to it; `line` is how a person reads the record."""
        raise NotImplementedError

    def flush(self) -> str:
        """Return what was held back of the results so far."""
        return ""

    def summary(self, record: Record, line: Line | None) -> str:
        """Return the totals at the end."""
        del record, line
        return ""

    def error(self, record: Record) -> str:
        """Return a failure as a record; most formats leave failures to stderr."""
        del record
        return ""

    def close(self, *, failed: bool = False) -> str:
        """Return what completes the document; after a failure nothing if it was not begun."""
        del failed
        return ""

    def picked(self, record: Record) -> Record:
        """Return the fields the user picked, in that order; those that the record lacks are None."""
        fields = self.layout.fields
        return record if fields is None else {name: record.get(name) for name in fields}

    def apart(self, record: Record, attributes: Attributes) -> tuple[Record, Attributes]:
        """Return what was picked of a record and what of its data set; what neither has is in the record."""
        if self.layout.fields is None:
            return record, attributes
        from dimsetools.render.columns import picked, reach

        inside = {name for name, path in self.paths if path and reach(attributes, path) is not None}
        left = {name: record.get(name) for name, _ in self.paths if name not in inside}
        return left, picked(attributes, [path for name, path in self.paths if name in inside])

    @cached_property
    def paths(self) -> tuple[tuple[str, Path], ...]:
        """The fields the user picked, with where they are in a data set."""
        from dimsetools.render.columns import path

        return tuple((name, path(name)) for name in self.layout.fields or ())


def formatter(name: str, layout: Layout) -> Formatter:
    """Return the formatter called `name`, one of FORMATS; raise UsageError for any other name."""
    if name == "table":
        from dimsetools.render.table import Table

        return Table(layout)
    if name in {"tsv", "csv"}:
        from dimsetools.render.delimited import Csv, Tsv

        return Tsv(layout) if name == "tsv" else Csv(layout)
    if name == "json":
        from dimsetools.render.json import Json

        return Json(layout)
    if name == "dicom-json":
        from dimsetools.render.dicom_json import DicomJson

        return DicomJson(layout)
    if name == "dump":
        from dimsetools.render.dump import Dump

        return Dump(layout)
    if name == "xml":
        from dimsetools.render.xml import Xml

        return Xml(layout)
    raise UsageError(f"there is no output format {name!r}", hint=f"one of {', '.join(FORMATS)}")
