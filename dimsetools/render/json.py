"""One JSON object a line, safe to look at in a terminal."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from dimsetools.render.formats import Formatter, Layout, Record

if TYPE_CHECKING:
    from collections.abc import Callable

    from dimsetools.render.line import Line

# What JSON itself lets through although a terminal would act on it: DEL, C1, bidirectional and invisible
# controls, line separators, lone surrogates.
_UNSAFE = re.compile(
    "[\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]"
)


def _escaped(match: re.Match[str]) -> str:
    return f"\\u{ord(match.group()):04x}"


def encoder(ascii_only: bool = False) -> Callable[[object], str]:
    """Return a function that encodes a value as one line of JSON without its line feed.

    Text is UTF-8 readable unless `ascii_only`; what is not a JSON type is written as its `str`.
    """
    encode = json.JSONEncoder(ensure_ascii=ascii_only, check_circular=False, default=str).encode

    def encoded(value: object) -> str:
        line = encode(value)
        return line if line.isascii() and line.isprintable() else _UNSAFE.sub(_escaped, line)

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

    def summary(self, record: Record, line: Line | None) -> str:
        """Return the totals as one object; a pick asks for results alone, so it leaves them out."""
        return "" if self.layout.fields is not None else self.record(record, line)

    def error(self, record: Record) -> str:
        """Return a failure as one object, whole even when fields are picked."""
        return self.encode(dict(record)) + "\n"
