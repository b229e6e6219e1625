"""Queries in dump text, as dcmdump writes and dump2dcm reads it: a line an element, delimiters around items.

Indentation does not matter, the VR may be missing, comments begin with `#`. Values are bytes in the character
set that the dump itself names, else UTF-8. Files that a value refers to are not read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from dimsetools.dataset.attributes import Attribute, Attributes
from dimsetools.dataset.dictionary import vr_of
from dimsetools.dataset.dump_values import dump_values
from dimsetools.dataset.layout import LONG_VRS, SHORT_VRS
from dimsetools.dataset.levels import name_of_key
from dimsetools.dataset.walk import MAX_DEPTH
from dimsetools.errors import InputError

_VRS = {vr.decode() for vr in SHORT_VRS | LONG_VRS} | {"SQ", "UN"}
_ELEMENT = re.compile(
    rb"\s*\(([0-9A-Fa-f]{4}),([0-9A-Fa-f]{4})\)[ \t]*(?:([A-Za-z?]{2})(?![^\s\[=(]))?[ \t]*(.*)", re.DOTALL
)
_NEW_SET = re.compile(rb"#\s*(?:Dicom-Data-Set|match\b)", re.IGNORECASE)
_BEGIN = re.compile(rb"\s*\([0-9A-Fa-f]{4},[0-9A-Fa-f]{4}\)")
# What dcmdump writes behind a value: length, multiplicity and name; of a long value only the head.
_ABOUT = rb"[ \t]+#[ \t]*(u/l|[0-9]{1,9}),[ \t]*[0-9]+(?:-[0-9n]+)?[ \t]+[^\]\s][^\]]*"
_DESCRIBED = re.compile(rb"(.*)\]" + _ABOUT, re.DOTALL)
_CUT = re.compile(rb".*\.\.\." + _ABOUT, re.DOTALL)
_COMMENTED = re.compile(rb"(.*?)\]\s+#.*", re.DOTALL)
_CLOSED = re.compile(rb"(.*)\]\s*", re.DOTALL)
_MOST_LINES = 10_000
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_FIRST = 0x00080000
"""What is below belongs to a command or to the header of a file."""
_CHARACTER_SET = 0x00080005


class _Open:
    """A sequence that has no end yet, or fragments, which are passed over; `item` is the one that is open."""

    def __init__(self, tag: int, line: int, fragments: bool) -> None:
        self.tag = tag
        self.line = line
        self.fragments = fragments
        self.items: list[_Raw] = []
        self.item: _Raw | None = None


class _Value:
    """A value as it is written, at a line: text, or the items of a sequence."""

    def __init__(self, vr: str, text: bytes, line: int, items: list[_Raw] | None = None) -> None:
        self.vr = vr
        self.text = text
        self.line = line
        self.items = items


_Raw = dict[int, _Value]


def dump_queries(data: bytes, name: str) -> Iterator[Attributes]:
    """Return the queries in the dump `data`; InputError names the line in the file `name`.

    A comment `# Dicom-Data-Set`, or `# match` as we write it, begins another one.
    """
    reader = _Reader(data, name)
    for raw in reader.data_sets():
        yield reader.finished(raw, ())


class _Reader:
    def __init__(self, data: bytes, name: str) -> None:
        self._lines = data.split(b"\n")
        self._name = name
        self._at = 0
        self._root: _Raw = {}
        self._stack: list[_Open] = []

    def data_sets(self) -> Iterator[_Raw]:
        """Return the data sets, their values still as they are written."""
        while self._at < len(self._lines):
            line = self._lines[self._at]
            self._at += 1
            stripped = line.strip()
            if stripped.startswith(b"#"):
                if _NEW_SET.match(stripped) and any(tag >= _FIRST for tag in self._root):
                    yield self._whole()
                continue
            if not stripped:
                continue
            match = _ELEMENT.fullmatch(line)
            if match is None:
                raise self._bad("a tag was expected, as in (0010,0010) PN [DOE*]")
            self._element(int(match[1] + match[2], 16), (match[3] or b"").decode("latin_1"), match[4])
        if self._root or self._stack:
            yield self._whole()

    def _whole(self) -> _Raw:
        if self._stack:
            opened = self._stack[-1]
            raise self._bad(f"{name_of_key(opened.tag)} has no end", opened.line, "end it with (fffe,e0dd)")
        root, self._root = self._root, {}
        return root

    def _bad(self, what: str, line: int = 0, hint: str = "") -> InputError:
        return InputError(f"{self._name}, line {line or self._at}: {what}", hint=hint)

    # -- structure ----------------------------------------------------------------------------------

    def _element(self, tag: int, vr: str, text: bytes) -> None:
        if tag in (_ITEM, _ITEM_END, _SEQUENCE_END):
            self._delimiter(tag)
            return
        if tag >> 16 == 0xFFFE:
            raise self._bad(f"{name_of_key(tag)} is no data element")
        opened = self._stack[-1] if self._stack else None
        if opened is not None and opened.item is None and not opened.fragments:
            if opened.items:
                raise self._bad("an item or the end of the sequence was expected", hint="write (fffe,e000)")
            self._close()  # an empty sequence needs no end
        target = self._target()
        vr = vr if vr in _VRS else vr_of(tag)
        line = self._at
        fragments = text.startswith((b"(PixelSequence", b"(Pixel Sequence"))
        if vr == "SQ" or fragments or text.startswith(b"(Sequence"):
            sequence = _Open(tag, line, fragments)
            self._stack.append(sequence)
            if len(self._stack) > MAX_DEPTH:
                raise self._bad(f"sequences nested deeper than {MAX_DEPTH}")
            target[tag] = _Value(vr if fragments else "SQ", b"", line, None if fragments else sequence.items)
            return
        target[tag] = _Value(vr, self._text(text), line)

    def _target(self) -> _Raw:
        """Return the data set or item that the next element belongs to."""
        if not self._stack:
            return self._root
        item = self._stack[-1].item
        return {} if item is None else item

    def _close(self) -> None:
        self._stack.pop()

    def _delimiter(self, tag: int) -> None:
        if tag == _ITEM:
            if not self._stack:
                raise self._bad("an item outside of a sequence")
            opened = self._stack[-1]
            if not opened.fragments:
                opened.item = {}
                opened.items.append(opened.item)
        elif tag == _ITEM_END:
            if not self._stack or self._stack[-1].item is None:
                raise self._bad("the end of an item, and none is open")
            self._stack[-1].item = None
        else:
            if not self._stack:
                raise self._bad("the end of a sequence, and none is open")
            self._close()

    # -- values -------------------------------------------------------------------------------------

    def _text(self, text: bytes) -> bytes:
        """Return a value as it is written, without the comment behind it; b"" if there is none."""
        if text.startswith(b"["):
            return self._bracketed(text)
        if text.startswith((b"(no value", b"(not loaded", b"(none")):
            if text.startswith(b"(not loaded"):
                raise self._bad("the value is not in the dump", hint="write it with dcmdump +M")
            return b""
        text = text.partition(b"#")[0].strip()
        if text.endswith(b"..."):
            raise self._cut()
        return text

    def _bracketed(self, text: bytes) -> bytes:
        """Return what stands in brackets, on this line or on more of them."""
        lines = [text[1:], *self._until_element()]
        found = _described(lines, exactly=True) or _described(lines, exactly=False) or _undescribed(lines)
        if found is None:
            if any(_CUT.fullmatch(line) for line in lines):
                raise self._cut()
            raise self._bad("a value without its ']'")
        value, last = found
        self._at += last
        return value

    def _until_element(self) -> list[bytes]:
        """Return the lines from here that begin no element."""
        found: list[bytes] = []
        for line in self._lines[self._at : self._at + _MOST_LINES]:
            if _BEGIN.match(line):
                break
            found.append(line)
        return found

    def _cut(self) -> InputError:
        return self._bad("the value is not complete", hint="write it with dcmdump +L")

    # -- the values themselves ----------------------------------------------------------------------

    def finished(self, raw: _Raw, charsets: tuple[str, ...]) -> Attributes:
        """Return a data set with its values read."""
        said = raw.get(_CHARACTER_SET)
        if said is not None and said.text:
            charsets = tuple(part.strip() for part in said.text.decode("latin_1").split("\\"))
        found: Attributes = {}
        for tag, value in sorted(raw.items()):
            if tag < _FIRST:
                continue
            if value.items is not None:
                items = tuple(self.finished(item, charsets) for item in value.items)
                found[tag] = Attribute("SQ", items)
                continue
            try:
                found[tag] = Attribute(value.vr, dump_values(value.text, value.vr, charsets))
            except ValueError as error:
                raise self._bad(f"{name_of_key(tag)}: {error}", value.line) from None
        return found


def _described(lines: list[bytes], *, exactly: bool) -> tuple[bytes, int] | None:
    """Return the value that ends in front of what dcmdump says of it, and its last line; None if none does.

    `exactly`: the length that is said must be that of the value, which may hold anything.
    """
    for number, line in enumerate(lines):
        match = _DESCRIBED.fullmatch(line)
        if match is None:
            continue
        value = b"\n".join((*lines[:number], match[1]))
        if not exactly or (match[2].isdigit() and int(match[2]) == len(value) + len(value) % 2):
            return value, number
    return None


def _undescribed(lines: list[bytes]) -> tuple[bytes, int] | None:
    """Return the value that ends with a bracket, behind which a comment may stand."""
    for number, line in enumerate(lines):
        match = _COMMENTED.fullmatch(line) or _CLOSED.fullmatch(line)
        if match is not None:
            return b"\n".join((*lines[:number], match[1])), number
    return None
