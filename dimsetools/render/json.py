"""One JSON object a line, safe to look at in a terminal; data sets are flat records of keywords."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from dimsetools.dataset.flat import flat
from dimsetools.escape import UNSAFE
from dimsetools.render.columns import name_of, reach
from dimsetools.render.formats import Formatter, Layout, Record

if TYPE_CHECKING:
    import re
    from collections.abc import Callable

    from dimsetools.dataset.attributes import Attributes
    from dimsetools.render.line import Line


def _escaped(match: re.Match[str]) -> str:
    return f"\\u{ord(match.group()):04x}"


def encoder(ascii_only: bool = False) -> Callable[[object], str]:
    """Return a function that encodes a value as one line of JSON without its line feed.

    Text is UTF-8 readable unless `ascii_only`; what is not a JSON type is written as its `str`.
    """
    encode = json.JSONEncoder(ensure_ascii=ascii_only, check_circular=False, default=str).encode

    def encoded(value: object) -> str:
        line = encode(value)
        # JSON itself lets through most of what a terminal would act on.
        return line if line.isascii() and line.isprintable() else UNSAFE.sub(_escaped, line)

    return encoded


class Json(Formatter):
    """Each record as one object; picked fields are all there, null where the record has none."""

    def __init__(self, layout: Layout) -> None:
        super().__init__(layout)
        self.encode = encoder(layout.ascii)

    def record(self, record: Record, line: Line | None) -> str:
        """Return one object."""
        del line
        return self.encode(dict(self.picked(record))) + "\n"

    def result(self, attributes: Attributes, extra: Record) -> str:
        """Return a data set as one object."""
        if self.layout.fields is None:
            record = flat(attributes)
            if extra:
                record |= extra
            return self.encode(record) + "\n"
        picked: dict[str, object] = {}
        for name, path in self.paths:
            found = reach(attributes, path) if path else None
            picked[name] = extra.get(name) if found is None else flat({path[-1]: found})[name_of(path[-1])]
        return self.encode(picked) + "\n"

    def operation(self, record: Record, attributes: Attributes, line: Line | None) -> str:
        """Return one object of both."""
        del line
        if self.layout.fields is None:
            return self.encode({**record, **flat(attributes)}) + "\n"
        return self.result(attributes, record)

    def summary(self, record: Record, line: Line | None) -> str:
        """Return the totals as one object; a pick asks for results alone, so it leaves them out."""
        return "" if self.layout.fields is not None else self.record(record, line)

    def error(self, record: Record) -> str:
        """Return a failure as one object, whole even when fields are picked."""
        return self.encode(dict(record)) + "\n"
