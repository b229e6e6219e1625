"""The walk over raw data elements, one header after the other, with a stack instead of recursion.

The machine behind `elements`. It reads headers only: a value is stepped over, unless it is a sequence. It
raises `Bad` where a data set breaks the rules of PS3.5 section 7.
"""

from __future__ import annotations

import struct
from collections.abc import Collection

from dimsetools.dataset.layout import Bad, Codec, Fault, Header, Source, Window
from dimsetools.errors import InputUnreadable

MAX_DEPTH = 64
UNDEFINED = 0xFFFFFFFF
_ITEM = 0xFFFEE000
_ITEM_END = 0xFFFEE00D
_SEQUENCE_END = 0xFFFEE0DD
_PIXEL_DATA = (0x7FE00008, 0x7FE00009, 0x7FE00010)
_NO_TAG = 1 << 32
_SEARCHED = 65536

_ELEMENTS, _ITEMS, _FRAGMENTS = range(3)

# What is open: its kind, where it ends at the latest, whether that end is its own length (or else a
# delimiter is to come), how it is encoded, and whether only its first bytes made it a sequence.
_Frame = tuple[int, int, bool, Codec, bool]

Span = tuple[int, int, int]
"""Where an element starts, where its value does (-1: it is of undefined length), and where both end."""


class Walk:
    """One walk over `source` from offset `start` to `end`.

    `sequences` holds the tags whose values must be sequences where the encoding does not say so
    (implicit VR, UN); other values there are taken for sequences if they look and parse as such.
    `top` is where the current top-level element starts: everything before it is whole.
    """

    def __init__(
        self, source: Source, codec: Codec, start: int, end: int, sequences: frozenset[int] = frozenset()
    ) -> None:
        self.window = Window(source)
        self.top = self.pos = self._start = start
        self.depth = 0
        self._end = end
        self._codec = codec
        self._sequences = sequences
        self._stop = _NO_TAG  # elements from this tag on are not skipped
        self._wanted: Collection[int] = ()
        self.spans: dict[int, Span] = {}
        self._before = -1  # where the top-level element before the one at `top` starts
        self._stack: list[_Frame] = [(_ELEMENTS, end, True, codec, False)]

    def run(self) -> None:
        """Walk all that is left; raise Bad at the first fault that is not inside a mere guess."""
        self._close_down_to(0)
        self.top = self._end

    def seek(self, tag: int) -> Header | None:
        """Go on to the first top-level element whose tag is not below `tag`; None if none is left.

        The first part of a `run`, with the same faults: what is skipped needs no second look.
        """
        codec, end = self._codec, self._end
        while self.pos < end:
            self._stop = tag
            header = self._next_header(end, codec)
            self._stop = _NO_TAG
            if header is None or header.tag >= tag:
                return header
            start = self.pos
            self._enter(header, end, codec)
            self._close_down_to(1)
            if header.tag in self._wanted:
                body = -1 if header.length == UNDEFINED else header.body
                self.spans.setdefault(header.tag, (start, body, self.pos))
        return None

    def survey(self, wanted: Collection[int], last: int) -> None:
        """Go on behind `last`, the last tag of `wanted`; note in `spans` where these top-level elements lie.

        One walk for any number of tags. After a fault `spans` has what was found before, and maybe an
        element that goes beyond the end.
        """
        self._wanted = wanted
        try:
            self.seek(last + 1)
        finally:
            self._wanted = ()

    def _close_down_to(self, height: int) -> None:
        stack = self._stack
        while len(stack) > height:
            kind, limit, defined, codec, _ = stack[-1]
            try:
                if self.pos >= limit:
                    if not defined:
                        raise self._missing_delimiter()
                    stack.pop()
                elif kind == _ELEMENTS:
                    self._elements(limit, defined, codec)
                else:
                    self._item(kind, limit, defined, codec)
            except Bad as bad:
                self._recover(bad)

    def _recover(self, bad: Bad) -> None:
        """Take the innermost guessed sequence for plain bytes after all; raise `bad` if there is none."""
        stack = self._stack
        if bad.fault is not Fault.TOO_DEEP:
            for index in range(len(stack) - 1, -1, -1):
                if stack[index][4]:
                    self.pos = stack[index][1]
                    del stack[index:]
                    return
        raise bad

    def _note_top(self, before: int, last: int) -> None:
        """Note that the top-level element at `last` follows the one at `before` (-1: the one noted last)."""
        if before >= 0:
            self._before = before
        elif last > self.top:
            self._before = self.top
        self.top = last

    # -- elements ---------------------------------------------------------------------------------------

    def _elements(self, limit: int, defined: bool, codec: Codec) -> None:
        """Step over plain elements; then open, or close, what the next one needs."""
        header = self._next_header(limit, codec)
        if header is None:
            return
        if header.tag != _ITEM_END:
            self._enter(header, limit, codec)
        elif header.length or len(self._stack) == 1 or (defined and header.body != limit):
            raise self._invalid("an item delimiter where an element should be")
        else:
            self.pos = header.body
            self._stack.pop()

    def _next_header(self, limit: int, codec: Codec) -> Header | None:
        """Step over plain elements; return the header at which that ends, None at `limit`."""
        before, last, self.pos = (self._skip_explicit if codec.explicit else self._skip_implicit)(
            limit, codec
        )
        outermost = len(self._stack) == 1
        if outermost and last >= 0:
            self._note_top(before, last)
        if self.pos > limit:
            raise self._overrun(last)
        if self.pos == limit:
            return None
        if outermost:
            self._note_top(-1, self.pos)
        return self._header(self.pos, limit, codec)

    def _skip_explicit(self, limit: int, codec: Codec) -> tuple[int, int, int]:
        """Step over elements whose values are surely plain; return the last two and the next offset."""
        window, unpack, unpack_length = self.window, codec.header, codec.length
        short, plain, stop = codec.short, codec.plain, self._stop
        wanted, spans = self._wanted if len(self._stack) == 1 else (), self.spans
        surely = min(stop >> 16, 0xFFFE)  # groups below it need not be looked at any closer
        buffer, shift, pos = window.bytes, window.start, self.pos
        before = last = -1
        while pos < limit:
            try:
                while pos < limit:
                    group, element, vr, length = unpack(buffer, pos - shift)
                    if not 0 < group < surely and (not 0 < group < 0xFFFE or (group << 16 | element) >= stop):
                        return before, last, pos
                    if vr in short:
                        before, last = last, pos
                        pos += 8 + length
                        if wanted and (tag := group << 16 | element) in wanted and tag not in spans:
                            spans[tag] = (last, last + 8, pos)
                    elif vr in plain:
                        (length,) = unpack_length(buffer, pos - shift + 8)
                        if length == UNDEFINED:
                            return before, last, pos
                        before, last = last, pos
                        pos += 12 + length
                        if wanted and (tag := group << 16 | element) in wanted and tag not in spans:
                            spans[tag] = (last, last + 12, pos)
                    else:
                        return before, last, pos
            except struct.error:  # the header is not in the window as a whole
                if not window.load(pos):
                    break
                buffer, shift = window.bytes, window.start
        return before, last, pos

    def _skip_implicit(self, limit: int, codec: Codec) -> tuple[int, int, int]:
        """Do the same in implicit VR: plain is what does not begin like a sequence."""
        window, unpack, sequences, item_tag = self.window, codec.item, self._sequences, codec.item_tag
        stop = self._stop
        wanted, spans = self._wanted if len(self._stack) == 1 else (), self.spans
        buffer, shift, pos = window.bytes, window.start, self.pos
        before = last = -1
        while pos < limit:
            try:
                while pos < limit:
                    group, element, length = unpack(buffer, pos - shift)
                    if not 0 < group < 0xFFFE or (group << 16 | element) >= stop or length == UNDEFINED:
                        return before, last, pos
                    if length >= 8:
                        value = pos - shift + 8
                        if value + 4 > len(buffer):
                            break
                        if buffer[value : value + 4] == item_tag or (
                            sequences and (group << 16 | element) in sequences
                        ):
                            return before, last, pos
                    before, last = last, pos
                    pos += 8 + length
                    if wanted and (tag := group << 16 | element) in wanted and tag not in spans:
                        spans[tag] = (last, last + 8, pos)
                else:
                    break
            except struct.error:
                pass
            if not window.load(pos):
                break
            buffer, shift = window.bytes, window.start
        return before, last, pos

    def _header(self, pos: int, limit: int, codec: Codec) -> Header:
        raw = self.window.at(pos, 12)
        if limit - pos < 8:
            raise self._rest_too_short(raw[: limit - pos])
        if len(raw) < 8:
            raise InputUnreadable("became shorter while it was read")
        group, element, vr, length = codec.header(raw)
        tag, body = group << 16 | element, pos + 8
        if group in (0, 0xFFFF) or (group == 0xFFFE and tag != _ITEM_END):
            raise self._invalid(f"({group:04X},{element:04X}) is no data element")
        if not codec.explicit or group == 0xFFFE:
            return Header(tag, 0, body, codec.length(raw, 4)[0])
        if vr in codec.short:
            return Header(tag, vr, body, length)
        # A VR that is not known yet has the long form (PS3.5 7.1.2), so does everything else in capitals.
        if not (raw[4:6].isalpha() and raw[4:6].isupper()):
            raise self._invalid("there is no VR")
        if limit - pos < 12:
            raise self._rest_too_short(raw[: limit - pos])
        return Header(tag, vr, body + 4, codec.length(raw, 8)[0])

    def _enter(self, header: Header, limit: int, codec: Codec) -> None:
        """Move to the value of the element at `pos` if it is a sequence, or else behind it."""
        tag, vr, body, length = header
        hidden = not codec.explicit or vr == codec.un
        inner = codec.inner if vr == codec.un else codec
        if length == UNDEFINED:
            is_sequence = (hidden or vr == codec.sq) and tag not in _PIXEL_DATA
            self._open(_ITEMS if is_sequence else _FRAGMENTS, limit, False, inner, False)
            self.pos = body
            return
        if body + length > limit:
            raise self._overrun(self.pos)
        known = tag in self._sequences or not hidden
        if (not hidden and vr == codec.sq and length) or (
            hidden
            and length >= 8
            and tag not in _PIXEL_DATA
            and (known or self.window.at(body, 4) == inner.item_tag)
        ):
            self._open(_ITEMS, body + length, True, inner, not known)
            self.pos = body
        else:
            self.pos = body + length

    def _open(self, kind: int, limit: int, defined: bool, codec: Codec, guessed: bool) -> None:
        self._stack.append((kind, limit, defined, codec, guessed))
        if kind == _ITEMS:
            self.depth = max(self.depth, len(self._stack) // 2)
            if self.depth > MAX_DEPTH:
                raise Bad(Fault.TOO_DEEP, self.pos, f"sequences nested deeper than {MAX_DEPTH}")

    def _item(self, kind: int, limit: int, defined: bool, codec: Codec) -> None:
        """Open or step over the item at `pos`, or close its sequence."""
        pos = self.pos
        if limit - pos < 8:
            raise self._missing_delimiter() if not defined else self._invalid("bytes behind the last item")
        raw = self.window.at(pos, 8)
        if len(raw) < 8:
            raise InputUnreadable("became shorter while it was read")
        group, element, length = codec.item(raw)
        tag, body = group << 16 | element, pos + 8
        if tag == _SEQUENCE_END and length == 0 and (not defined or body == limit):
            self._stack.pop()
        elif tag != _ITEM or (kind == _FRAGMENTS and length == UNDEFINED):
            raise self._invalid(f"({group:04X},{element:04X}) where an item should be")
        elif length == UNDEFINED:
            self._open(_ELEMENTS, limit, False, codec, False)
        elif body + length > limit:
            raise self._overrun(pos)
        elif kind == _FRAGMENTS:
            body += length
        else:
            self._open(_ELEMENTS, body + length, True, codec, False)
        self.pos = body

    # -- verdicts ---------------------------------------------------------------------------------------

    def _inside_defined(self) -> bool:
        return any(frame[2] for frame in self._stack[1:])

    def _missing_delimiter(self) -> Bad:
        fault = Fault.BAD_LENGTH if self._inside_defined() else Fault.TRUNCATED
        return Bad(fault, self.pos, "the delimiter of a sequence or item is missing")

    def _overrun(self, at: int) -> Bad:
        """Judge the element at `at`, whose value goes beyond what is around it."""
        if self._inside_defined():
            return Bad(Fault.BAD_LENGTH, at, "a value is longer than the item or sequence around it")
        if len(self._stack) == 1 and self._tag_at(at) <= self._tag_at(self._before):
            return self._behind(at)
        return Bad(Fault.TRUNCATED, at, "a value is longer than what is left")

    def _tag_at(self, offset: int) -> int:
        raw = self.window.at(offset, 8) if offset >= 0 else b""
        if len(raw) < 8:
            return -1
        group, element, _ = self._codec.item(raw)
        return int(group << 16 | element)

    def _rest_too_short(self, rest: bytes) -> Bad:
        """Judge the rest of a data set or item that is too short for a header."""
        if self._inside_defined():
            return Bad(Fault.BAD_LENGTH, self.pos, "an element does not fit into its item")
        if len(self._stack) == 1 and not any(rest):
            return self._behind(self.pos)
        return Bad(Fault.TRUNCATED, self.pos, "it ends inside an element header")

    def _invalid(self, what: str) -> Bad:
        """Judge bytes that are no element or item at all."""
        if len(self._stack) > 1:
            return Bad(Fault.BAD_STRUCTURE, self.pos, what)
        if self.pos == self._start:
            return Bad(Fault.WRONG_SYNTAX, self.pos, what)
        return self._behind(self.pos)

    def _behind(self, at: int) -> Bad:
        """Judge what follows the top-level elements and is none: garbage, or a data set that is damaged.

        Garbage may be cut off. So it must not hold the pixel data of a data set that has none yet.
        """
        count = self._end - at
        if self._tag_at(self._before) < 0x7FE00010:
            rest = self.window.at(at, min(count, _SEARCHED))
            if self._codec.pixel_data_tag in rest:
                return Bad(Fault.BAD_STRUCTURE, at, "no element here, but pixel data further on")
        return Bad(Fault.TRAILING, at, f"{count} bytes behind the last element")
