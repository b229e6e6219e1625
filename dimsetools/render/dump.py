"""DCMTK's dump lines, which dump2dcm makes a data set of again.

An operation has no dump line; its record goes out as a comment, which dump2dcm and people skip alike. A
comment with its number stands before each result.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import TYPE_CHECKING

from dimsetools.dataset.attributes import BINARY, STRINGS
from dimsetools.dataset.dictionary import is_creator, keyword_of
from dimsetools.render import values
from dimsetools.render.columns import in_utf8, picked
from dimsetools.render.formats import Formatter, Record
from dimsetools.render.line import Line, rendered

if TYPE_CHECKING:
    from dimsetools.dataset.attributes import Attribute, Attributes

_SIZES = {"AT": 4, "US": 2, "SS": 2, "UL": 4, "SL": 4, "FL": 4, "UV": 8, "SV": 8, "FD": 8}
_WORDS = {"OW": "H", "OL": "I", "OV": "Q", "OF": "f", "OD": "d"}
_EMPTY = "(no value available)"


class Dump(Formatter):
    """Records as comments: the line for people, or `name=value` pairs where fields are picked."""

    _number = 0

    def record(self, record: Record, line: Line | None) -> str:
        """Return one comment."""
        if line is not None and self.layout.fields is None:
            return f"# {rendered(line, color=False)}\n"
        return f"# {_pairs(self.picked(record))}\n"

    def result(self, attributes: Attributes, extra: Record) -> str:
        """Return the lines of a data set behind a comment with its number."""
        self._number += 1
        if self.layout.fields is not None:
            attributes = picked(attributes, [path for _, path in self.paths])
            extra = {name: extra.get(name) for name, path in self.paths if not path}
        head = f"# {self.word} {self._number} {_pairs(extra)}".rstrip()
        apart = "\n" if self._number > 1 else ""
        return apart + "\n".join((head, *lines(in_utf8(attributes)), ""))

    def operation(self, record: Record, attributes: Attributes, line: Line | None) -> str:
        """Return the record as a comment, and the lines of the data set."""
        record, attributes = self.apart(record, attributes)
        if line is not None and self.layout.fields is None:
            head = rendered(line, color=False)
        else:
            head = _pairs(record)
        return f"# {head}".rstrip() + "\n" + "".join(f"{one}\n" for one in lines(in_utf8(attributes)))

    def summary(self, record: Record, line: Line | None) -> str:
        """Return the totals as a comment."""
        return "" if line is None or self.layout.fields is not None else self.record(record, line)


def _pairs(record: Record) -> str:
    return " ".join(f"{name}={values.text(value)}" for name, value in record.items())


def lines(attributes: Attributes, depth: int = 0) -> Iterator[str]:
    """Return the dump lines of a data set; lengths, in bytes, are those of UTF-8."""
    indent = "  " * depth
    for tag, attribute in attributes.items():
        vr, items = attribute
        name = keyword_of(tag) or ("PrivateCreator" if is_creator(tag) else "Unknown Tag & Data")
        number = f"{indent}({tag >> 16:04x},{tag & 0xFFFF:04x})"
        if vr != "SQ":
            length, text = _value(attribute)
            many = 1 if vr in BINARY and items else len(items)
            yield f"{number} {vr} {text:<40} # {length:3}, {many} {name}"
            continue
        about = f"(Sequence with undefined length #={len(items)})"
        yield f"{number} SQ {about:<40} # u/l, 1 {name}"
        for item in items:
            about = f"(Item with undefined length #={len(item)})"
            yield f"{indent}  (fffe,e000) na {about:<40} # u/l, 1 Item"
            yield from lines(item, depth + 2)
            yield f"{indent}  (fffe,e00d) na {'(ItemDelimitationItem)':<40} #   0, 0 ItemDelimitationItem"
        end = "(SequenceDelimitationItem)"
        yield f"{indent}(fffe,e0dd) na {end:<40} #   0, 0 SequenceDelimitationItem"


def _value(attribute: Attribute) -> tuple[int, str]:
    """Return the length of a value in bytes, and how the value is written."""
    vr, items = attribute
    if not items:
        return 0, _EMPTY
    if vr in STRINGS:
        whole = "\\".join(map(str, items))
        length = len(whole.encode(errors="replace"))
        return length + length % 2, f"[{values.text(whole)}]"
    if vr in BINARY:
        raw: bytes = items[0]
        return len(raw), _bytes(vr, raw)
    if vr == "AT":
        return 4 * len(items), "\\".join(f"({tag >> 16:04x},{tag & 0xFFFF:04x})" for tag in items)
    return _SIZES.get(vr, 0) * len(items), "\\".join(values.text(item) for item in items)


def _bytes(vr: str, raw: bytes) -> str:
    code = _WORDS.get(vr)
    if code is None or len(raw) % struct.calcsize(code):
        return raw.hex("\\")
    numbers = struct.unpack(f"<{len(raw) // struct.calcsize(code)}{code}", raw)
    return "\\".join(f"{number:04x}" if vr == "OW" else str(number) for number in numbers)
